//! Reads a fuzzer's bytes as choices. Every sequence of bytes is one: what is missing reads as zeros.

/// The bytes that are left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Begins.
    #[must_use]
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// Whether nothing is left.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *byte
    }

    /// The next two bytes.
    pub(crate) fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// A number below `bound`, which is not 0; one byte where that is enough.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let number = if bound <= 256 { u16::from(self.byte()) } else { self.short() };
        usize::from(number) % bound.max(1)
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A time that is mostly short, in milliseconds.
    pub(crate) fn pause_ms(&mut self) -> u64 {
        let step = self.pick(&[1, 20, 100, 1_000, 10_000]);
        step * u64::from(self.byte() % 16)
    }

    /// A part with its length before it: short ones in one byte.
    pub(crate) fn part(&mut self) -> &'a [u8] {
        let length = match self.byte() {
            255 => usize::from(self.short()),
            short => usize::from(short),
        };
        let (part, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        part
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// A good message with the edits that the next bytes say; none, maybe.
    pub(crate) fn edited(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..self.byte() % 5 {
            self.edit(&mut bytes);
        }
        bytes
    }

    fn edit(&mut self, bytes: &mut Vec<u8>) {
        let kind = self.byte() % 8;
        let at = self.below((bytes.len() + 1).max(257));
        let at = at.min(bytes.len());
        match kind {
            0 => bytes.truncate(at),
            1 => {
                let with = self.byte();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= with;
                }
            }
            2 => {
                let with = self.byte();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = with;
                }
            }
            3 => {
                let more = self.part();
                bytes.splice(at..at, more.iter().copied());
            }
            4 => {
                let to = (at + usize::from(self.byte())).min(bytes.len());
                bytes.drain(at..to);
            }
            5 => {
                let to = (at + usize::from(self.byte())).min(bytes.len());
                let part = bytes[at..to].to_vec();
                bytes.splice(at..at, part);
            }
            6 => {
                // In the place of what stood there.
                let other = self.part();
                let to = (at + other.len()).min(bytes.len());
                bytes.splice(at..to, other.iter().copied());
            }
            // A length that promises more than there is (RFC 9420 section 2.1.2).
            _ => {
                let to = (at + 4).min(bytes.len());
                bytes.splice(at..to, [0xbf, 0xff, 0xff, 0xff]);
            }
        }
    }
}
