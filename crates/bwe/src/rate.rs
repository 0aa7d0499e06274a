//! How fast packets were sent, and how fast the same packets arrived.

use std::collections::VecDeque;

/// Arrivals of the last half second make the rate, as draft-ietf-rmcat-gcc-02, section 5.5, asks.
pub(super) const WINDOW_US: i64 = 500_000;
/// Less than this is no rate.
const SPAN_MIN_US: i64 = 100_000;
/// Most spans kept; a receiver that sends feedback all the time must not cost memory.
const SPANS_MAX: usize = 64;

/// Rates of the same packets at both ends, in bit/s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    /// Of those that arrived, as they were sent.
    pub(super) sent_bps: f64,
    /// As they arrived.
    pub(super) acknowledged_bps: f64,
}

impl Rates {
    /// What the way carried for sure. A queue that drains, or a receiver that lies, brings packets faster than they
    /// were sent.
    pub(super) fn proven_bps(self) -> f64 {
        self.sent_bps.min(self.acknowledged_bps)
    }
}

#[derive(Clone, Copy, Debug)]
struct Span {
    bytes: u64,
    sent_us: i64,
    arrival_us: i64,
}

/// The acknowledged-bitrate estimator. One span goes from the newest packet of one feedback to that of the next.
#[derive(Debug, Default)]
pub(super) struct AcknowledgedRate {
    spans: VecDeque<Span>,
    /// Send and arrival time at which the present span began.
    began: Option<(i64, i64)>,
    newest: Option<(i64, i64)>,
    bytes: u64,
}

impl AcknowledgedRate {
    pub(super) fn packet(&mut self, bytes: u32, sent_us: i64, arrival_us: i64) {
        self.bytes = self.bytes.saturating_add(u64::from(bytes));
        let (sent, arrival) = self.newest.unwrap_or((sent_us, arrival_us));
        self.newest = Some((sent.max(sent_us), arrival.max(arrival_us)));
    }

    /// The feedback is at its end. `complete` if it goes on where the last one ended: else feedback was lost, and
    /// nobody knows how much arrived in between.
    pub(super) fn end(&mut self, complete: bool) {
        let Some(newest) = self.newest else { return };
        if let (Some(began), true) = (self.began, complete) {
            let span = Span {
                bytes: self.bytes,
                sent_us: (newest.0 - began.0).max(0),
                arrival_us: (newest.1 - began.1).max(0),
            };
            self.spans.push_back(span);
            let mut sent_us: i64 = self.spans.iter().map(|span| span.sent_us).sum();
            while let Some(oldest) = self.spans.front()
                && (sent_us - oldest.sent_us >= WINDOW_US || self.spans.len() > SPANS_MAX)
            {
                sent_us -= oldest.sent_us;
                self.spans.pop_front();
            }
        }
        self.began = Some(newest);
        self.bytes = 0;
    }

    /// The rates over the last `window_us`.
    pub(super) fn rates(&self, window_us: i64) -> Option<Rates> {
        let mut sum = Span { bytes: 0, sent_us: 0, arrival_us: 0 };
        for span in self.spans.iter().rev() {
            if sum.sent_us >= window_us {
                break;
            }
            sum.bytes += span.bytes;
            sum.sent_us += span.sent_us;
            sum.arrival_us += span.arrival_us;
        }
        if sum.sent_us < SPAN_MIN_US {
            return None;
        }
        let bits = sum.bytes as f64 * 8e6;
        // All at once is as good as infinitely fast; `proven_bps` does not believe it.
        Some(Rates {
            sent_bps: bits / sum.sent_us as f64,
            acknowledged_bps: bits / sum.arrival_us.max(1_000) as f64,
        })
    }

    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::{AcknowledgedRate, WINDOW_US};

    #[test]
    fn lost_feedback_does_not_lower_the_rate() {
        let mut rate = AcknowledgedRate::default();
        // 1250 bytes each 10 ms are 1 Mbit/s; the way takes half.
        for feedback in 0..20 {
            for n in 0..10 {
                let sent = (feedback * 10 + n) * 10_000;
                if feedback % 4 != 3 {
                    rate.packet(1250, sent, sent * 2);
                }
            }
            if feedback % 4 != 3 {
                rate.end(feedback == 0 || feedback % 4 != 0);
            }
        }
        let rates = rate.rates(WINDOW_US).unwrap();
        assert!((0.99e6..1.01e6).contains(&rates.sent_bps), "{rates:?}");
        assert!((0.49e6..0.51e6).contains(&rates.acknowledged_bps), "{rates:?}");
    }

    #[test]
    fn arrivals_at_once_prove_no_more_than_was_sent() {
        let mut rate = AcknowledgedRate::default();
        for n in 0..100 {
            rate.packet(1250, n * 10_000, 0);
            rate.end(true);
        }
        assert!(rate.rates(WINDOW_US).unwrap().proven_bps() < 1.1e6);
    }
}
