//! Token buckets.

use tangelo_wire::Millis;

/// How often something may happen.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// In the long run.
    pub per_second: u32,
    /// At once, after a rest.
    pub burst: u32,
}

/// Counts down what a [`Rate`] leaves. Kept in thousandths, so that a millisecond refills `per_second` of them.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    thousandths: u64,
    refilled_at: Millis,
}

impl Bucket {
    pub(crate) fn new(now: Millis, rate: Rate) -> Self {
        Self { rate, thousandths: u64::from(rate.burst) * 1_000, refilled_at: now }
    }

    /// Whether there is one left.
    pub(crate) fn has(&mut self, now: Millis) -> bool {
        let gained = now.since(self.refilled_at).saturating_mul(u64::from(self.rate.per_second));
        self.thousandths = self.thousandths.saturating_add(gained).min(u64::from(self.rate.burst) * 1_000);
        self.refilled_at = self.refilled_at.max(now);
        self.thousandths >= 1_000
    }

    /// Takes one if there is one left.
    pub(crate) fn take(&mut self, now: Millis) -> bool {
        let has = self.has(now);
        if has {
            self.thousandths = self.thousandths.saturating_sub(1_000);
        }
        has
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let mut bucket = Bucket::new(Millis(0), Rate { per_second: 2, burst: 3 });
        let taken = |bucket: &mut Bucket, at| (0..10).filter(|_| bucket.take(Millis(at))).count();
        assert_eq!(taken(&mut bucket, 0), 3);
        assert_eq!(taken(&mut bucket, 499), 0);
        assert_eq!(taken(&mut bucket, 500), 1);
        assert_eq!(taken(&mut bucket, 100_000), 3);
        assert_eq!(taken(&mut bucket, 99_000), 0, "a clock that steps back gives nothing");
    }
}
