//! The bound that loss sets (draft-ietf-rmcat-gcc-02, section 6): more than 10 % lowers it, less than 2 % raises it.

/// Lost share above which the bound falls, and below which the way counts as free of loss.
pub(super) const HIGH: f64 = 0.10;
const LOW: f64 = 0.02;
/// Between the two the draft holds. A fall by chance would then be for ever, so up to here the bound rises slowly.
const MIDDLE: f64 = 0.05;
/// Rise of the bound per second, below `LOW` and below `MIDDLE`.
const RISE: f64 = 1.08;
const RISE_SLOWLY: f64 = 1.02;
/// A span of feedback is judged when it is this long and has this many packets, or fewer after longer. Of 100 packets at
/// 5 % loss, one span in 90 has more than 10 %.
const SPAN_US: i64 = 1_000_000;
const PACKETS: u32 = 100;
const SPAN_LONG_US: i64 = 3_000_000;
const PACKETS_FEW: u32 = 15;

/// Counts what is lost and bounds the estimate.
#[derive(Debug)]
pub(super) struct Loss {
    received: u32,
    lost: u32,
    span_began_us: i64,
    /// Packets from before this moment do not count: they fell into a blackout.
    since_us: i64,
    share: f64,
    bound_bps: f64,
}

impl Loss {
    pub(super) fn new(now_us: i64) -> Self {
        Self {
            received: 0,
            lost: 0,
            span_began_us: now_us,
            since_us: i64::MIN,
            share: 0.0,
            bound_bps: f64::INFINITY,
        }
    }

    /// Lost share of the packets in the last whole span.
    pub(super) fn share(&self) -> f64 {
        self.share
    }

    /// In bit/s; infinite until there was loss.
    pub(super) fn bound_bps(&self) -> f64 {
        self.bound_bps
    }

    pub(super) fn received(&mut self, sent_us: i64, missed_before: bool) {
        if sent_us < self.since_us {
            return;
        }
        self.received = self.received.saturating_add(1);
        if missed_before {
            self.lost = self.lost.saturating_sub(1);
        }
    }

    pub(super) fn lost(&mut self, sent_us: i64) {
        if sent_us >= self.since_us {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Starts anew: what was sent before now says nothing about the way as it is.
    pub(super) fn restart(&mut self, now_us: i64) {
        *self = Self { since_us: now_us, ..Self::new(now_us) };
    }

    /// A probe went through at this rate.
    pub(super) fn proven(&mut self, bps: f64) {
        if self.share < HIGH {
            self.bound_bps = self.bound_bps.max(bps);
        }
    }

    /// Judges the span if it is over. `true` if the bound fell.
    pub(super) fn update(&mut self, now_us: i64, estimate_bps: f64) -> bool {
        let packets = self.received.saturating_add(self.lost);
        let span_us = now_us - self.span_began_us;
        let enough =
            span_us >= SPAN_US && packets >= PACKETS || span_us >= SPAN_LONG_US && packets >= PACKETS_FEW;
        if !enough {
            return false;
        }
        self.share = f64::from(self.lost) / f64::from(packets);
        self.received = 0;
        self.lost = 0;
        self.span_began_us = now_us;
        // After silence the span is long, and tells of its end only.
        let seconds = span_us.min(SPAN_LONG_US) as f64 / 1e6;
        if self.share > HIGH {
            self.bound_bps = self.bound_bps.min(estimate_bps) * (1.0 - 0.5 * self.share);
            return true;
        }
        if self.share < LOW {
            self.bound_bps *= RISE.powf(seconds);
        } else if self.share < MIDDLE {
            self.bound_bps *= RISE_SLOWLY.powf(seconds);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Loss;

    fn bound_after(lost_of_hundred: u32, seconds: i64) -> f64 {
        let mut loss = Loss::new(0);
        for second in 1..=seconds {
            for n in 0..100 {
                if n < lost_of_hundred { loss.lost(second) } else { loss.received(second, false) }
            }
            loss.update(second * 1_000_000, 1e6);
        }
        loss.bound_bps()
    }

    #[test]
    fn only_more_than_a_tenth_lowers_the_bound() {
        assert!(bound_after(2, 10).is_infinite());
        assert!(bound_after(10, 10).is_infinite());
        assert!((bound_after(20, 1) - 0.9e6).abs() < 1.0);
        assert!(bound_after(20, 10) < 0.4e6);
    }

    #[test]
    fn what_comes_after_all_and_what_fell_into_a_blackout_is_not_lost() {
        let mut loss = Loss::new(0);
        (0..100).for_each(|_| loss.lost(5));
        (0..100).for_each(|_| loss.received(5, true));
        loss.update(1_000_000, 1e6);
        assert_eq!(loss.share(), 0.0);
        loss.restart(2_000_000);
        (0..100).for_each(|_| loss.lost(1_999_999));
        (0..100).for_each(|_| loss.received(2_000_000, false));
        loss.update(4_000_000, 1e6);
        assert_eq!(loss.share(), 0.0);
    }
}
