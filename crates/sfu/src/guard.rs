//! A fence around str0m: what one client sends must never end the calls of the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`, or returns `None` if it panicked. str0m parses what hostile clients send and keeps many assertions; the
/// caller drops the one session that broke, so nobody sees its torn state.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_stays_inside() {
        assert_eq!(guarded(|| 1), Some(1));
        assert_eq!(guarded(|| -> u8 { panic!("inside, as this test means it to") }), None);
    }
}
