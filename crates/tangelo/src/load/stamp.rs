//! Frames that tell, once they are decrypted, who sent them, when, and which they are.
//!
//! To everybody on the way they are what encoders make: pictures begin with the 10 clear bytes of VP8 (RFC 6386
//! section 9.1), sound with Opus' first byte (RFC 6716 section 3.1).

/// What a frame tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The number of the client that sends it.
    pub(super) sender: u32,
    /// Frames of this source so far.
    pub(super) number: u64,
    /// When it was sent, in nanoseconds of this process.
    pub(super) sent_ns: u64,
}

const MARK: [u8; 4] = [0xb5, 0x7a, 0x9e, 0x10];
const BYTES: usize = 4 + 4 + 8 + 8;
/// What of VP8 stands before the stamp.
const VP8_BYTES: usize = 10;
/// Padding may move the stamp of a sound by so much: Opus' two first bytes and the length of the padding.
const SEARCHED_BYTES: usize = 16;
/// What the rest of a frame is filled with.
const FILLER: u8 = 0xa5;
/// VP8: a shown key frame, the start code, 640 x 480; and a shown frame that is none.
const KEY_FRAME: [u8; VP8_BYTES] = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
const OTHER_FRAME: [u8; VP8_BYTES] = [0x11, 0, 0, FILLER, FILLER, FILLER, FILLER, FILLER, FILLER, FILLER];
/// Opus: 20 ms of CELT, full band, mono, one frame.
const OPUS: u8 = 0xf8;

/// Least length of a sound.
pub(super) const AUDIO_BYTES_MIN: usize = 1 + BYTES;

impl Stamp {
    /// A picture of `length` bytes, or as many as it needs.
    pub(super) fn picture(&self, is_key_frame: bool, length: usize) -> Vec<u8> {
        self.frame(if is_key_frame { &KEY_FRAME } else { &OTHER_FRAME }, length)
    }

    /// A packet of sound of `length` bytes, or as many as it needs.
    pub(super) fn sound(&self, length: usize) -> Vec<u8> {
        self.frame(&[OPUS], length)
    }

    fn frame(&self, start: &[u8], length: usize) -> Vec<u8> {
        let mut frame = Vec::with_capacity(length.max(start.len() + BYTES));
        frame.extend_from_slice(start);
        frame.extend_from_slice(&MARK);
        frame.extend_from_slice(&self.sender.to_be_bytes());
        frame.extend_from_slice(&self.number.to_be_bytes());
        frame.extend_from_slice(&self.sent_ns.to_be_bytes());
        frame.resize(frame.len().max(length), FILLER);
        frame
    }

    /// What a frame tells; `None` if it is not from here.
    pub(super) fn read(frame: &[u8]) -> Option<Self> {
        let start = frame.get(..frame.len().min(SEARCHED_BYTES))?;
        let at = start.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
        let (sender, rest) = frame.get(at..)?.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (sent_ns, _) = rest.split_first_chunk()?;
        Some(Self {
            sender: u32::from_be_bytes(*sender),
            number: u64::from_be_bytes(*number),
            sent_ns: u64::from_be_bytes(*sent_ns),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { sender: 7, number: 1 << 40, sent_ns: 123_456_789 };

    #[test]
    fn frames_have_their_length_and_tell_what_was_written() {
        for length in [0, 40, 80, 5_000] {
            for frame in [STAMP.picture(true, length), STAMP.picture(false, length), STAMP.sound(length)] {
                assert!(frame.len() == length || length == 0);
                assert_eq!(Stamp::read(&frame), Some(STAMP));
            }
        }
        assert_eq!(STAMP.sound(0).len(), AUDIO_BYTES_MIN);
    }

    #[test]
    fn pictures_look_like_vp8() {
        let key = STAMP.picture(true, 100);
        assert_eq!((key[0] & 1, &key[3..6]), (0, &[0x9d, 0x01, 0x2a][..]));
        assert_eq!(STAMP.picture(false, 100)[0] & 1, 1);
    }

    #[test]
    fn what_is_not_from_here_tells_nothing() {
        for frame in [&[][..], &[OPUS], &[0; 100], &STAMP.sound(80)[..20]] {
            assert_eq!(Stamp::read(frame), None);
        }
    }
}
