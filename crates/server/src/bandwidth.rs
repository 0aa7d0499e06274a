//! How much media goes out, against a bound.

use std::time::{Duration, Instant};

/// How often it is looked at.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

/// Newcomers are taken again once so many hundredths of the bound are in use: what one that leaves frees is not enough for one that comes.
const AGAIN_PERCENT: u64 = 90;

/// Looks at how much goes out.
pub(crate) struct Bandwidth {
    most_bps: u64,
    last: (Instant, u64),
    full: bool,
}

impl Bandwidth {
    pub(crate) fn new(most_bps: u64, now: Instant) -> Self {
        Self { most_bps, last: (now, 0), full: false }
    }

    /// Whether there is no room for newcomers. `bytes` have gone out since the start.
    pub(crate) fn is_full(&mut self, now: Instant, bytes: u64) -> bool {
        let (at, before) = self.last;
        let elapsed_ms = u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX);
        // Two looks right after each other say nothing.
        if elapsed_ms < 500 {
            return self.full;
        }
        self.last = (now, bytes);
        let bps = bytes.saturating_sub(before).saturating_mul(8_000) / elapsed_ms;
        let most = if self.full { self.most_bps.saturating_mul(AGAIN_PERCENT) / 100 } else { self.most_bps };
        self.full = bps >= most;
        self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_from_the_bound_on_and_until_there_is_room_again() {
        let start = Instant::now();
        let mut bandwidth = Bandwidth::new(8_000_000, start);
        let mut bytes = 0;
        let mut full = |seconds, mbit_s: u64| {
            bytes += mbit_s * 1_000_000 / 8 * 2;
            bandwidth.is_full(start + Duration::from_secs(seconds), bytes)
        };
        assert!(!full(2, 7) && full(4, 8) && full(6, 9));
        assert!(full(6, 0), "no time has passed");
        assert!(!full(8, 0));
        assert!(full(10, 8));
        assert!(!full(12, 7), "below 90 %");
    }
}
