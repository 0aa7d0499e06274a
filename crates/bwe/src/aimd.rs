//! The estimate that delay makes: it rises while the queue does not grow and falls when it does
//! (draft-ietf-rmcat-gcc-02, section 5.5).

use super::{rate::Rates, trendline::Usage};

/// Rise per second while the capacity is unknown.
const RISE: f64 = 1.08;
/// Near the known capacity: one packet of this size per response time, and no less than this share per second.
const PACKET_BITS: f64 = 9_600.0;
const RISE_SLOWLY: f64 = 0.02;
/// The response time is the round trip and what the filter needs.
const FILTER_S: f64 = 0.1;
/// Fall at overuse.
const FALL: f64 = 0.85;
/// A long queue is drained faster: this much more per second of queue above `QUEUE_MS`, down to `FALL_MOST`.
const DRAIN: f64 = 1.0;
const FALL_MOST: f64 = 0.6;
const QUEUE_MS: f64 = 60.0;
/// The way takes less than what was sent if the packets arrive this much slower.
const SATURATED: f64 = 0.9;
/// The estimate rises by itself up to this much over what was proven. The draft has 1.5; but an SFU sends in steps of
/// simulcast layers, often well below the estimate, and how much more there is a probe tells without harm to media.
const HEADROOM: f64 = 1.15;
const HEADROOM_BPS: f64 = 10_000.0;
/// The capacity is another one if the proven rate exceeds the known one by this, or overuse shows up this far below.
const CAPACITY_ABOVE: f64 = 1.15;
const CAPACITY_BELOW: f64 = 0.8;
/// Weight of a new capacity against the known one.
const CAPACITY_WEIGHT: f64 = 0.3;

/// What the estimate follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signals {
    pub(super) usage: Usage,
    /// Over the half second before.
    pub(super) rates: Option<Rates>,
    /// Over a shorter time, for a way that has just become narrow.
    pub(super) recent: Option<Rates>,
    pub(super) queue_ms: f64,
    pub(super) rtt_s: f64,
}

/// The controller, in bit/s.
#[derive(Debug)]
pub(super) struct Aimd {
    estimate_bps: f64,
    capacity_bps: Option<f64>,
    updated_us: i64,
    fell_us: Option<i64>,
}

impl Aimd {
    pub(super) fn new(now_us: i64, estimate_bps: f64) -> Self {
        Self { estimate_bps, capacity_bps: None, updated_us: now_us, fell_us: None }
    }

    pub(super) fn estimate_bps(&self) -> f64 {
        self.estimate_bps
    }

    /// Sets the estimate, as found by other means.
    pub(super) fn set(&mut self, bps: f64) {
        self.estimate_bps = bps;
    }

    /// Forgets the capacity: the estimate may rise fast.
    pub(super) fn forget_capacity(&mut self) {
        self.capacity_bps = None;
    }

    /// `true` if the estimate fell.
    pub(super) fn update(&mut self, now_us: i64, signals: &Signals) -> bool {
        let seconds = ((now_us - self.updated_us) as f64 / 1e6).clamp(0.0, 1.0);
        self.updated_us = now_us;
        match signals.usage {
            Usage::Over => self.fall(now_us, signals),
            Usage::Normal => {
                self.rise(seconds, signals);
                false
            }
            // The queue drains: what there is shows when it is empty.
            Usage::Under => false,
        }
    }

    fn rise(&mut self, seconds: f64, signals: &Signals) {
        let Some(rates) = signals.rates else { return };
        let proven_bps = rates.proven_bps();
        if self.capacity_bps.is_some_and(|capacity| proven_bps > capacity * CAPACITY_ABOVE) {
            self.capacity_bps = None;
        }
        let risen = if self.capacity_bps.is_some() {
            let step = PACKET_BITS / (signals.rtt_s + FILTER_S);
            self.estimate_bps + step.max(self.estimate_bps * RISE_SLOWLY) * seconds
        } else {
            self.estimate_bps * RISE.powf(seconds)
        };
        self.estimate_bps = risen.min(self.estimate_bps.max(proven_bps * HEADROOM + HEADROOM_BPS));
    }

    fn fall(&mut self, now_us: i64, signals: &Signals) -> bool {
        // What a fall does is seen a round trip and a feedback later.
        let pause_us = ((signals.rtt_s + FILTER_S) * 1e6) as i64;
        if self.fell_us.is_some_and(|fell| now_us - fell < pause_us) {
            return false;
        }
        let Some(rates) = signals.recent.or(signals.rates) else { return false };
        self.fell_us = Some(now_us);
        let share = (FALL - DRAIN * (signals.queue_ms - QUEUE_MS).max(0.0) / 1000.0).max(FALL_MOST);
        let saturated = rates.acknowledged_bps < rates.sent_bps * SATURATED;
        // If all arrives about as fast as it was sent, the way carries that, and how much more is not known: little
        // may have been sent. The estimate falls by a step then, not to what the application happened to send.
        let from_bps =
            if saturated { rates.acknowledged_bps.min(self.estimate_bps) } else { self.estimate_bps };
        self.estimate_bps = share * from_bps;
        let capacity = match self.capacity_bps {
            Some(known)
                if (known * CAPACITY_BELOW..known * CAPACITY_ABOVE).contains(&rates.acknowledged_bps) =>
            {
                known + CAPACITY_WEIGHT * (rates.acknowledged_bps - known)
            }
            _ => rates.acknowledged_bps,
        };
        self.capacity_bps = Some(capacity);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Aimd, Rates, Signals, Usage};

    fn signals(usage: Usage, sent_bps: f64, acknowledged_bps: f64) -> Signals {
        let rates = Some(Rates { sent_bps, acknowledged_bps });
        Signals { usage, rates, recent: rates, queue_ms: 0.0, rtt_s: 0.1 }
    }

    #[test]
    fn it_rises_no_further_than_some_more_than_what_was_proven() {
        let mut aimd = Aimd::new(0, 1e6);
        for second in 1..100 {
            aimd.update(second * 1_000_000, &signals(Usage::Normal, 1e6, 1e6));
        }
        assert!((1.15e6..1.17e6).contains(&aimd.estimate_bps()), "{aimd:?}");
    }

    #[test]
    fn a_narrow_way_lowers_it_below_what_arrives_and_a_hiccup_by_one_step() {
        let mut aimd = Aimd::new(0, 3e6);
        assert!(aimd.update(1_000_000, &signals(Usage::Over, 0.1e6, 0.1e6)));
        assert!((aimd.estimate_bps() - 2.55e6).abs() < 1.0);
        assert!(!aimd.update(1_100_000, &signals(Usage::Over, 2e6, 1e6)), "it waits for the effect");
        assert!(aimd.update(1_300_000, &signals(Usage::Over, 2e6, 1e6)));
        assert!((aimd.estimate_bps() - 0.85e6).abs() < 1.0);
    }

    #[test]
    fn little_traffic_does_not_lower_it() {
        let mut aimd = Aimd::new(0, 3e6);
        for second in 1..100 {
            aimd.update(second * 1_000_000, &signals(Usage::Normal, 1e3, 1e3));
        }
        assert_eq!(aimd.estimate_bps(), 3e6);
    }
}
