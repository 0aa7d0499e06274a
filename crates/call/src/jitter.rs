//! Spreads what many clients do: numbers that differ between clients and from one to the next. Nothing secret.

/// SplitMix64, seeded with what differs between clients: the client id, which the server draws at random, or the identity's key.
#[derive(Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(seed: &[u8]) -> Self {
        Self(seed.iter().fold(0, |seed, byte| (seed ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    /// A number from 0 up to, not including, `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ number >> 31).checked_rem(end).unwrap_or(0)
    }

    /// A time of which up to half is taken off.
    pub(crate) fn shortened(&mut self, ms: u64) -> u64 {
        ms - self.below(ms / 2 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_below_their_end_and_differ() {
        let (mut one, mut other) = (Jitter::new(&[1; 16]), Jitter::new(&[2; 16]));
        let draw = |jitter: &mut Jitter| (0..100).map(|_| jitter.below(1_000)).collect::<Vec<_>>();
        let (ones, others) = (draw(&mut one), draw(&mut other));
        assert!(ones.iter().chain(&others).all(|number| *number < 1_000));
        assert_ne!(ones, others);
        let low = ones.iter().filter(|number| **number < 500).count();
        assert!((20..80).contains(&low), "{low} of 100 in the lower half");
        assert_eq!(one.below(0), 0);
    }
}
