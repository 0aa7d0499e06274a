//! What of a frame stays in clear, by codec.

use sframe::header::SframeHeader;
use tangelo_wire::MediaKind;

use super::KeyId;

/// A codec whose frames can be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Sound. All of it is sealed, after it was padded to a constant size.
    Opus,
    /// Pictures. The frame header stays in clear (RFC 6386 section 9.1), because packetizers, receivers and the SFU
    /// tell key frames by it: 10 bytes on key frames, 3 on others. A key frame without VP8's start code is none.
    Vp8,
    /// Pictures. All of it is sealed: what packetizers, receivers and the SFU need stands in the payload descriptor
    /// of each RTP packet (RFC 9628 section 4.2), outside the frame.
    Vp9,
}

/// RFC 6386 section 9.1.
const VP8_START_CODE: [u8; 3] = [0x9d, 0x01, 0x2a];

impl Codec {
    /// The codec of a name as in SDP, upper or lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "opus" => Some(Self::Opus),
            "vp8" => Some(Self::Vp8),
            "vp9" => Some(Self::Vp9),
            _ => None,
        }
    }

    /// Sound or pictures.
    #[must_use]
    pub fn kind(self) -> MediaKind {
        match self {
            Self::Opus => MediaKind::Audio,
            Self::Vp8 | Self::Vp9 => MediaKind::Video,
        }
    }

    /// How many bytes at the start of this frame stay in clear; `None` if it is no frame of the codec.
    #[must_use]
    pub fn clear_bytes(self, frame: &[u8]) -> Option<usize> {
        match self {
            Self::Opus | Self::Vp9 => Some(0),
            Self::Vp8 => {
                // Bit 0 of the first byte is 0 on key frames.
                let is_key_frame = frame.first()? & 1 == 0;
                if is_key_frame && frame.get(3..6)? != VP8_START_CODE {
                    return None;
                }
                let clear = if is_key_frame { 10 } else { 3 };
                (frame.len() >= clear).then_some(clear)
            }
        }
    }

    /// A number for the authenticated data; never given to another codec.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Opus => 1,
            Self::Vp8 => 2,
            Self::Vp9 => 3,
        }
    }

    /// The key id of a sealed frame; `None` if it is none.
    #[must_use]
    pub fn key_id(self, sealed: &[u8]) -> Option<KeyId> {
        let rest = sealed.get(self.clear_bytes(sealed)?..)?;
        SframeHeader::deserialize(rest).ok().map(|header| KeyId(header.key_id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp8_key_frames_keep_ten_bytes_and_others_three() {
        let key_frame = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 0x55];
        let delta_frame = [0x31, 0x02, 0x00, 0x55];
        assert_eq!(Codec::Vp8.clear_bytes(&key_frame), Some(10));
        assert_eq!(Codec::Vp8.clear_bytes(&delta_frame), Some(3));
        assert_eq!(Codec::Vp8.clear_bytes(&key_frame[..9]), None);
        assert_eq!(Codec::Vp8.clear_bytes(&[]), None);
        assert_eq!(Codec::Vp8.clear_bytes(&[0x10; 20]), None, "another codec's frame keeps no ten bytes");
    }

    #[test]
    fn opus_and_vp9_keep_nothing() {
        for codec in [Codec::Opus, Codec::Vp9] {
            for frame in [&[][..], &[0x82, 0x49, 0x83, 0x42], &[0xff; 20]] {
                assert_eq!(codec.clear_bytes(frame), Some(0));
            }
        }
    }

    #[test]
    fn names_are_those_of_sdp() {
        for (name, codec) in [("opus", Codec::Opus), ("VP8", Codec::Vp8), ("vp9", Codec::Vp9)] {
            assert_eq!(Codec::from_name(name), Some(codec));
        }
        for name in ["", "h264", "av1", "red", "vp", "vp80"] {
            assert_eq!(Codec::from_name(name), None);
        }
    }
}
