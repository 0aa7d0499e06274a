//! The SFrame key id: context, leaf index and epoch in one number (RFC 9605 section 5.2).

use tangelo_wire::Source;

const EPOCH_BITS: u32 = 6;
const LEAF_BITS: u32 = 10;

/// What a key is for: a source and its simulcast layer. The table is constant, so nobody can pass one for another.
/// Sound has the smallest numbers and so the shortest headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Context(u64);

impl Context {
    /// The context of `layer` of a source: 0 for sound, 0 to 2 for pictures; `None` for others.
    #[must_use]
    pub fn new(source: Source, layer: u8) -> Option<Self> {
        let (first, layers) = match source {
            Source::Microphone => (0, 1),
            Source::ScreenAudio => (1, 1),
            Source::Camera => (2, 3),
            Source::Screen => (5, 3),
        };
        (layer < layers).then(|| Self(first + u64::from(layer)))
    }

    /// The source that a context belongs to.
    #[must_use]
    pub fn source(self) -> Option<Source> {
        match self.0 {
            0 => Some(Source::Microphone),
            1 => Some(Source::ScreenAudio),
            2..=4 => Some(Source::Camera),
            5..=7 => Some(Source::Screen),
            _ => None,
        }
    }
}

/// A key id: `context << 16 | leaf << 6 | epoch mod 64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

impl KeyId {
    /// Packs. A leaf has 10 bits (rule 16); higher bits would be lost.
    #[must_use]
    pub fn new(context: Context, leaf: u32, epoch: u64) -> Self {
        let leaf = u64::from(leaf) & ((1 << LEAF_BITS) - 1);
        let epoch = epoch & ((1 << EPOCH_BITS) - 1);
        Self(context.0 << (LEAF_BITS + EPOCH_BITS) | leaf << EPOCH_BITS | epoch)
    }

    /// The context.
    #[must_use]
    pub fn context(self) -> Context {
        Context(self.0 >> (LEAF_BITS + EPOCH_BITS))
    }

    /// The leaf index.
    #[must_use]
    pub fn leaf(self) -> u32 {
        u32::try_from(self.0 >> EPOCH_BITS & ((1 << LEAF_BITS) - 1)).unwrap_or(u32::MAX)
    }

    /// Whether the id may belong to `epoch`.
    #[must_use]
    pub fn is_of_epoch(self, epoch: u64) -> bool {
        self.ahead_of(epoch) == 0
    }

    /// Whether the id belongs to an epoch after `epoch`: one to 31 ahead. What looks further ahead is older.
    #[must_use]
    pub fn is_after(self, epoch: u64) -> bool {
        (1..1 << (EPOCH_BITS - 1)).contains(&self.ahead_of(epoch))
    }

    fn ahead_of(self, epoch: u64) -> u64 {
        self.0.wrapping_sub(epoch) & ((1 << EPOCH_BITS) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_microphone_of_a_small_group_has_a_key_id_of_one_byte() {
        let microphone = Context::new(Source::Microphone, 0).unwrap();
        assert!(KeyId::new(microphone, 3, 63).0 < 256);
        assert!(KeyId::new(microphone, 1023, 63).0 < 65_536);
    }

    #[test]
    fn packing_keeps_all_parts_apart() {
        for (source, layers) in
            [(Source::Microphone, 1), (Source::ScreenAudio, 1), (Source::Camera, 3), (Source::Screen, 3)]
        {
            for layer in 0..layers {
                let context = Context::new(source, layer).unwrap();
                for (leaf, epoch) in [(0, 0), (1, 63), (1023, 64), (512, 1_000_000)] {
                    let id = KeyId::new(context, leaf, epoch);
                    assert_eq!((id.context(), id.leaf()), (context, leaf));
                    assert_eq!(context.source(), Some(source));
                    assert!(id.is_of_epoch(epoch) && !id.is_of_epoch(epoch + 1));
                }
            }
            assert_eq!(Context::new(source, layers), None);
        }
    }

    #[test]
    fn an_epoch_is_future_only_up_to_31_ahead() {
        let context = Context::new(Source::Camera, 0).unwrap();
        let id = |epoch| KeyId::new(context, 5, epoch);
        assert!(!id(100).is_after(100));
        assert!(id(101).is_after(100) && id(131).is_after(100));
        assert!(!id(132).is_after(100) && !id(163).is_after(100), "a frame of long ago is not held");
    }
}
