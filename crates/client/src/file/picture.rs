//! What the first bytes of a picture tell: whether it stands alone, and how large it is.

/// A codec that pictures are recorded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Vp8,
    Vp9,
}

impl Codec {
    /// By its name in SDP.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "vp8" => Some(Self::Vp8),
            "vp9" => Some(Self::Vp9),
            _ => None,
        }
    }

    /// Its name in an IVF header.
    pub(super) fn fourcc(self) -> [u8; 4] {
        match self {
            Self::Vp8 => *b"VP80",
            Self::Vp9 => *b"VP90",
        }
    }
}

/// Width and height of a key frame; `None` if the frame is none, or cannot be understood.
pub(super) fn key_frame_size(codec: Codec, frame: &[u8]) -> Option<(u16, u16)> {
    match codec {
        Codec::Vp8 => vp8(frame),
        Codec::Vp9 => vp9(frame),
    }
}

/// RFC 6386 section 9.1.
fn vp8(frame: &[u8]) -> Option<(u16, u16)> {
    let [first, _, _, 0x9d, 0x01, 0x2a, width_low, width_high, height_low, height_high, ..] = *frame else {
        return None;
    };
    // The upper two bits say how a player may scale it.
    let size = |low, high| u16::from_le_bytes([low, high]) & 0x3fff;
    (first & 1 == 0).then(|| (size(width_low, width_high), size(height_low, height_high)))
}

/// The VP9 bitstream specification, section 6.2: frame marker 2, profile 0, a key frame that is not shown again; then
/// sync code, colour configuration (4 bits for profile 0 unless it is RGB), and 16 bits each less one.
fn vp9(frame: &[u8]) -> Option<(u16, u16)> {
    let [first, 0x49, 0x83, 0x42, rest @ ..] = frame else { return None };
    if first & 0b1111_1100 != 0b1000_0000 {
        return None;
    }
    let bits = rest.first_chunk::<5>()?.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let size = |shift: u32| u16::try_from((bits >> shift) & 0xffff).ok()?.checked_add(1);
    Some((size(20)?, size(4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_of_real_encoders_tell_their_size() {
        let vp8 = [0xf0, 0x6d, 0, 0x9d, 1, 0x2a, 0x80, 2, 0xe0, 1, 0x39];
        assert_eq!(key_frame_size(Codec::Vp8, &vp8), Some((640, 480)));
        let vp9 = [0x82, 0x49, 0x83, 0x42, 0, 0x27, 0xf0, 0x1d, 0xf4, 0x46];
        assert_eq!(key_frame_size(Codec::Vp9, &vp9), Some((640, 480)));
    }

    #[test]
    fn what_is_no_key_frame_has_no_size() {
        for codec in [Codec::Vp8, Codec::Vp9] {
            for frame in [&[][..], &[0x82], &[0xb1, 0x24, 0, 0xe4, 0xe0, 0xaf, 0xbc, 0xfb, 0x47, 0x47]] {
                assert_eq!(key_frame_size(codec, frame), None);
            }
        }
        let between = [0x86, 0, 0x40, 0x92, 0x38, 0x88, 0x59, 0x23, 0x67, 0x70];
        assert_eq!(key_frame_size(Codec::Vp9, &between), None);
    }
}
