//! The receiver's clock, and the queue that its arrival times show.

/// Send and arrival times drift apart by clock drift only; beyond this the receiver has another clock, or lies.
const APART_MAX_US: i64 = 60_000_000;
/// How long the least delay counts as that of the empty way: twice this at most.
const BASE_US: i64 = 10_000_000;

/// A queue longer than this, in ms, should become shorter: to `DRAINED` of its length in this time and a round trip.
const STANDING_MS: f64 = 150.0;
const STANDING_US: i64 = 1_000_000;
const DRAINED: f64 = 0.75;

/// Brings arrival times to a clock on which sums and differences cannot overflow, and keeps the least delay.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Receiver's clock less ours, such that the first packet has no delay.
    offset_us: Option<i128>,
    /// Least delay in the present span of time and in the one before.
    base_us: Option<(i64, i64)>,
    span_began_us: i64,
    /// Least delay in the present feedback: its other packets waited for each other, or were held up by jitter.
    least_us: Option<i64>,
    queue_us: i64,
    standing: Option<Standing>,
}

/// A long queue, as it was some time ago.
#[derive(Clone, Copy, Debug)]
struct Standing {
    since_us: i64,
    queue_ms: f64,
    /// Less is sent since.
    reacted: bool,
}

impl Arrivals {
    /// The arrival time less the offset, and whether the clock is a new one.
    pub(super) fn arrival_us(&mut self, sent_us: i64, arrival_us: i64) -> (i64, bool) {
        let apart = i128::from(arrival_us) - i128::from(sent_us);
        let delay = self.offset_us.and_then(|offset| i64::try_from(apart - offset).ok());
        let (delay, new) = match delay {
            Some(delay) if (-APART_MAX_US..=APART_MAX_US).contains(&delay) => (delay, false),
            _ => {
                *self = Self { offset_us: Some(apart), span_began_us: sent_us, ..Self::default() };
                (0, true)
            }
        };
        self.least_us = Some(self.least_us.map_or(delay, |least| least.min(delay)));
        (sent_us.saturating_add(delay), new)
    }

    /// The feedback is at its end.
    pub(super) fn end(&mut self, now_us: i64) {
        let Some(least) = self.least_us.take() else { return };
        let (present, before) = self.base_us.unwrap_or((least, least));
        self.base_us = if now_us - self.span_began_us > BASE_US {
            self.span_began_us = now_us;
            Some((least, present))
        } else {
            Some((present.min(least), before))
        };
        self.queue_us = least - present.min(before).min(least);
    }

    /// How much longer the last packets were on their way than the fastest in the last 10 to 20 seconds.
    pub(super) fn queue_ms(&self) -> f64 {
        self.queue_us as f64 / 1000.0
    }

    /// Less is sent from now on, for another reason: time for its effect.
    pub(super) fn wait(&mut self) {
        self.standing = None;
    }

    /// Whether less must be sent because a long queue stands, which the trend does not see. If that does not make it
    /// shorter, it is not ours: the way became longer, or others fill it. Then this delay is the new base.
    pub(super) fn stands(&mut self, now_us: i64, rtt_us: i64) -> bool {
        let queue_ms = self.queue_ms();
        let standing = self.standing.filter(|_| queue_ms > STANDING_MS);
        let Some(before) = standing else {
            self.standing =
                (queue_ms > STANDING_MS).then_some(Standing { since_us: now_us, queue_ms, reacted: false });
            return false;
        };
        if now_us - before.since_us < STANDING_US + rtt_us {
            return false;
        }
        let drains = queue_ms < before.queue_ms * DRAINED;
        if before.reacted && !drains {
            (self.base_us, self.standing, self.queue_us) = (None, None, 0);
            return false;
        }
        self.standing = Some(Standing { since_us: now_us, queue_ms, reacted: !drains });
        !drains
    }
}

#[cfg(test)]
mod tests {
    use super::Arrivals;

    #[test]
    fn the_queue_is_what_exceeds_the_least_delay() {
        let mut arrivals = Arrivals::default();
        for (sent, arrival) in [(0, -7_000_000), (1_000, -6_999_500), (2_000, -6_900_000)] {
            assert!(arrivals.arrival_us(sent, arrival).1 == (sent == 0));
            arrivals.end(sent);
        }
        assert_eq!(arrivals.queue_ms(), 98.5);
    }

    #[test]
    fn a_queue_that_stands_is_told_once_and_is_then_the_way() {
        let mut arrivals = Arrivals::default();
        let mut told = 0;
        for n in 0..100 {
            let sent = n * 100_000;
            arrivals.arrival_us(sent, sent + if n < 5 { 0 } else { 200_000 });
            arrivals.end(sent);
            told += u32::from(arrivals.stands(sent, 100_000));
        }
        assert_eq!(told, 1);
        assert_eq!(arrivals.queue_ms(), 0.0);
    }

    #[test]
    fn a_clock_that_jumps_is_a_new_clock() {
        let mut arrivals = Arrivals::default();
        for arrival in [0, i64::MAX, i64::MIN, 0, 61_000_000] {
            assert_eq!(arrivals.arrival_us(5, arrival), (5, true));
        }
        assert_eq!(arrivals.arrival_us(5, 60_000_000), (5 - 1_000_000, false));
    }
}
