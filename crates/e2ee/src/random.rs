//! Random numbers: the system's, drawn anew each time. No generator has a state that could be stolen.

use rand_core::{TryCryptoRng, TryRng};

/// The system has no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(crate) struct NoRandomness;

/// Where all random numbers of this crate and of OpenMLS come from.
#[derive(Debug)]
pub(crate) struct Random;

impl TryRng for Random {
    type Error = NoRandomness;

    fn try_next_u32(&mut self) -> Result<u32, NoRandomness> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandomness> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        #[cfg(feature = "seeded")]
        if seeded::fill(bytes) {
            return Ok(());
        }
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}

impl TryCryptoRng for Random {}

#[cfg(feature = "seeded")]
pub use seeded::Seeded;

#[cfg(feature = "seeded")]
mod seeded {
    use std::{cell::Cell, marker::PhantomData};

    use sha2::{Digest as _, Sha256};

    thread_local! {
        /// The seed, and how often numbers were drawn. Of one thread alone: tests run beside each other.
        static SEED: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
    }

    /// As long as it lives, the random numbers of the thread that made it follow from a seed: all keys are known to
    /// whoever knows the seed, and the same calls give the same bytes again.
    #[derive(Debug)]
    #[must_use = "the system's numbers are back once it is dropped"]
    pub struct Seeded {
        before: Option<(u64, u64)>,
        /// Not `Send`: it must be dropped where it was made.
        thread: PhantomData<*const ()>,
    }

    impl Seeded {
        /// Begins with a seed.
        pub fn new(seed: u64) -> Self {
            Self { before: SEED.replace(Some((seed, 0))), thread: PhantomData }
        }
    }

    impl Drop for Seeded {
        fn drop(&mut self) {
            SEED.set(self.before);
        }
    }

    /// Fills the bytes and says true, if there is a seed.
    pub(super) fn fill(bytes: &mut [u8]) -> bool {
        let Some((seed, mut drawn)) = SEED.get() else { return false };
        for part in bytes.chunks_mut(32) {
            let block =
                Sha256::new().chain_update(seed.to_le_bytes()).chain_update(drawn.to_le_bytes()).finalize();
            part.iter_mut().zip(block).for_each(|(byte, number)| *byte = number);
            drawn = drawn.wrapping_add(1);
        }
        SEED.set(Some((seed, drawn)));
        true
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::random_bytes;

        #[test]
        fn a_seed_gives_the_same_numbers_on_its_thread_until_it_is_dropped() {
            let draw = || -> [u8; 40] { random_bytes().unwrap() };
            let (first, second) = {
                let _seeded = Seeded::new(7);
                (draw(), draw())
            };
            assert_ne!(first, second);
            assert_ne!(draw(), draw());
            let outer = Seeded::new(7);
            assert_eq!(draw(), first);
            assert_ne!(std::thread::spawn(draw).join().unwrap(), second);
            {
                let _inner = Seeded::new(8);
                assert_ne!(draw(), second);
            }
            assert_eq!(draw(), second);
            drop(outer);
            assert_ne!(draw(), first);
        }
    }
}
