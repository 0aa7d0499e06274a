//! Time as the sans-IO crates see it.

use std::ops::Add;

use serde::Serialize;

/// Milliseconds since a moment that the caller chooses once and keeps (program start, page load). Never a date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Millis(pub u64);

impl Millis {
    /// Milliseconds from `earlier` to `self`; 0 if `earlier` is later, as when a clock stepped back.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Millis {
    type Output = Self;

    fn add(self, delta_ms: u64) -> Self {
        Self(self.0.saturating_add(delta_ms))
    }
}
