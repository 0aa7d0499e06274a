//! How often a media session may begin.

use std::time::{Duration, Instant};

use crate::SfuConfig;

/// Counts what [`SfuConfig::sessions_per_second`] leaves, as the moment until which all that may begin has begun.
#[derive(Debug, Default)]
pub(crate) struct Beginnings {
    used_until: Option<Instant>,
}

impl Beginnings {
    /// Whether another may begin now.
    pub(crate) fn take(&mut self, now: Instant, config: &SfuConfig) -> bool {
        let each = Duration::from_secs(1) / config.sessions_per_second.max(1);
        let from = self.used_until.map_or(now, |until| until.max(now));
        if from.saturating_duration_since(now) > each * config.sessions_burst.saturating_sub(1) {
            return false;
        }
        self.used_until = Some(from + each);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_begin_in_a_burst_and_then_at_a_pace() {
        let config = SfuConfig { sessions_per_second: 10, sessions_burst: 3, ..SfuConfig::new(Vec::new()) };
        let start = crate::test_now();
        let mut beginnings = Beginnings::default();
        let mut begun = |ms| {
            let now = start + Duration::from_millis(ms);
            (0..10).filter(|_| beginnings.take(now, &config)).count()
        };
        assert_eq!(begun(0), 3);
        assert_eq!(begun(99), 0);
        assert_eq!(begun(100), 1);
        assert_eq!(begun(350), 2);
        assert_eq!(begun(60_000), 3);
    }
}
