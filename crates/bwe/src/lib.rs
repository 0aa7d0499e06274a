//! What the way to one receiver carries: a bandwidth estimate at the sender, from transport-wide feedback
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01), in the manner of Google congestion control
//! (draft-ietf-rmcat-gcc-02).
//!
//! Three signals make the estimate. A queue that grows lowers it, time without one raises it ([`aimd`], [`trendline`]);
//! much loss bounds it ([`loss`]); silence of the receiver halves it. What is sent is mostly less than what could be,
//! in steps of simulcast layers, so that media alone does not show whether the next step fits: probes do ([`probe`]).
//!
//! Sans-IO. After every call that takes `now`, ask [`Estimator::poll_probe`], then wait until
//! [`Estimator::poll_timeout`].

// Bad input must never panic: what may be missing is asked for with `get`. The workspace's lints deny the rest.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

use std::time::{Duration, Instant};

mod aimd;
mod arrival;
mod history;
mod loss;
mod probe;
mod rate;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod trendline;

use aimd::{Aimd, Signals};
use arrival::Arrivals;
use history::History;
use loss::Loss;
use probe::{Found, Prober};
pub use probe::{PROBE_PACKETS, Probe};
use rate::{AcknowledgedRate, Rates};
use trendline::{Trendline, Usage};

/// Feedback comes each 50 to 100 ms. Without it for this long, and a round trip, the way is taken for gone.
const SILENCE_US: i64 = 500_000;
/// Sums of times must not overflow, however far a caller's clock is.
const TIME_MAX_US: i64 = i64::MAX / 4;
/// Round trip that is assumed until one was measured.
const RTT_S: f64 = 0.2;
/// Part of the acknowledged rate's window that a fall looks at.
const RECENT_US: i64 = 250_000;
/// No probe while the queue is longer than this: it would measure the queue.
const PROBE_QUEUE_MS: f64 = 100.0;
/// A probe this much faster than the estimate may lower it: jitter makes no such probe look slower than the estimate.
const UNPROVEN: f64 = 1.5;

/// Bounds of an estimate, in bit/s.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Before anything is known.
    pub start_bps: u64,
    /// Never less.
    pub min_bps: u64,
    /// Never more.
    pub max_bps: u64,
}

/// The estimator for one receiver.
#[derive(Debug)]
pub struct Estimator {
    epoch: Instant,
    min_bps: f64,
    max_bps: f64,
    demand_bps: f64,
    history: History,
    arrivals: Arrivals,
    trendline: Trendline,
    rate: AcknowledgedRate,
    aimd: Aimd,
    loss: Loss,
    prober: Prober,
    rtt_us: Option<i64>,
    /// Since when feedback is due.
    waiting_since_us: Option<i64>,
    /// In a blackout: the estimate before it, and when it falls again.
    blackout: Option<(f64, i64)>,
}

impl Estimator {
    /// An estimator that knows nothing yet.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let max_bps = config.max_bps as f64;
        let min_bps = (config.min_bps as f64).min(max_bps);
        let start_bps = (config.start_bps as f64).max(min_bps).min(max_bps);
        Self {
            epoch: now,
            min_bps,
            max_bps,
            demand_bps: 0.0,
            history: History::default(),
            arrivals: Arrivals::default(),
            trendline: Trendline::new(),
            rate: AcknowledgedRate::default(),
            aimd: Aimd::new(0, start_bps),
            loss: Loss::new(0),
            prober: Prober::new(0, start_bps),
            rtt_us: None,
            waiting_since_us: None,
            blackout: None,
        }
    }

    /// What the way carries, in bit/s on the wire.
    #[must_use]
    pub fn estimate_bps(&self) -> u64 {
        self.bps() as u64
    }

    /// Lost share of the packets in the last second or so, from 0 to 1.
    #[must_use]
    pub fn loss(&self) -> f32 {
        self.loss.share() as f32
    }

    /// From sending a packet to feedback on it, with the time for which the receiver gathers feedback.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        Some(Duration::from_micros(u64::try_from(self.rtt_us?).ok()?))
    }

    /// What the receiver would take if the way were free, in bit/s on the wire: the estimate is not probed beyond.
    pub fn set_demand(&mut self, now: Instant, bps: u64) {
        let bps = bps as f64;
        if bps > self.bps() && bps > self.demand_bps {
            self.prober.hurry(self.us(now));
        }
        self.demand_bps = bps;
    }

    /// A packet goes out: its transport-wide sequence number, extended, its bytes on the wire, and the cluster of the
    /// probe that it is sent for.
    pub fn sent(&mut self, now: Instant, seq: u64, bytes: usize, probe: Option<u32>) {
        let now_us = self.us(now);
        let cluster = self.prober.cluster_of(seq, bytes, probe);
        if self.history.push(seq, now_us, bytes, cluster) && self.waiting_since_us.is_none() {
            self.waiting_since_us = Some(now_us);
        }
    }

    /// Feedback, in order of the extended sequence numbers: when each packet arrived, in microseconds of the
    /// receiver's clock, or `None` if it did not. What is unknown or was said before is passed over.
    pub fn feedback(&mut self, now: Instant, packets: impl IntoIterator<Item = (u64, Option<i64>)>) {
        let now_us = self.us(now);
        let reported_before = self.history.newest_reported();
        let (mut first_seq, mut newest_sent_us) = (None, None);
        for (seq, arrival_us) in packets {
            let news = match arrival_us {
                Some(arrival_us) => self.acknowledged(now_us, seq, arrival_us).inspect(|sent_us| {
                    newest_sent_us = newest_sent_us.max(Some(*sent_us));
                }),
                None => self.history.miss(seq).map(|sent| {
                    self.loss.lost(sent.at_us);
                    sent.at_us
                }),
            };
            if news.is_some() && first_seq.is_none() {
                first_seq = Some(seq);
            }
        }
        let Some(first_seq) = first_seq else { return };
        self.waiting_since_us = self.history.awaits_feedback().then_some(now_us);
        if let Some(sent_us) = newest_sent_us {
            self.rtt_us = Some((now_us - sent_us).max(0));
        }
        self.arrivals.end(now_us);
        self.rate.end(reported_before.is_none_or(|seq| first_seq <= seq.saturating_add(1)));
        self.update(now_us);
    }

    fn acknowledged(&mut self, now_us: i64, seq: u64, arrival_us: i64) -> Option<i64> {
        let sent = self.history.acknowledge(seq)?;
        if let Some((before_bps, _)) = self.blackout.take() {
            // What is still to come from the time of the blackout tells of the blackout; and the way may be another.
            self.loss.restart(now_us);
            self.arrivals = Arrivals::default();
            self.aimd.forget_capacity();
            self.prober.back(now_us, before_bps);
        }
        self.loss.received(sent.at_us, sent.missed);
        let (arrival_us, new_clock) = self.arrivals.arrival_us(sent.at_us, arrival_us);
        if new_clock {
            self.trendline.restart();
            self.rate.restart();
        }
        self.rate.packet(sent.bytes, sent.at_us, arrival_us);
        match sent.cluster {
            // A probe makes a queue of its own, which says nothing about media.
            Some(cluster) => {
                self.prober.packet(cluster, sent.bytes, sent.at_us, arrival_us);
                self.trendline.restart();
            }
            None => self.trendline.packet(sent.at_us, arrival_us),
        }
        Some(sent.at_us)
    }

    fn update(&mut self, now_us: i64) {
        let before_bps = self.bps();
        let stands = self.arrivals.stands(now_us, self.rtt_us.unwrap_or(0));
        let usage = if stands { Usage::Over } else { self.trendline.usage() };
        let (rates, recent) = (self.rate.rates(rate::WINDOW_US), self.rate.rates(RECENT_US));
        let (queue_ms, rtt_s) = (self.arrivals.queue_ms(), self.rtt_s());
        let signals = Signals { usage, rates, recent, queue_ms, rtt_s };
        let fell = self.aimd.update(now_us, &signals);
        if fell && !stands {
            self.arrivals.wait();
        }
        let lossy = self.loss.update(now_us, before_bps);
        if fell || lossy {
            self.prober.fell(now_us, before_bps);
        }
        let found = self.prober.result(now_us, self.history.newest_reported(), before_bps);
        if let Some(found) = found.filter(|_| !fell && !lossy) {
            self.found(found, rates);
        }
        self.aimd.set(self.bps());
    }

    /// A probe shows what there is at least; media may have shown more. One that was much faster than the estimate and
    /// found less than that shows that the estimate was never proven, as at the start or after silence.
    fn found(&mut self, found: Found, rates: Option<Rates>) {
        self.loss.proven(found.bps);
        let estimate_bps = self.aimd.estimate_bps();
        if found.bps > estimate_bps {
            self.aimd.set(found.bps);
        } else if found.filled && found.rate_bps > estimate_bps * UNPROVEN {
            let proven_bps = rates.map_or(0.0, Rates::proven_bps);
            self.aimd.set(found.bps.max(proven_bps).min(estimate_bps));
        }
    }

    /// A probe to begin now, if one is due. Only one runs at a time, and [`Self::sent`] is told its packets.
    pub fn poll_probe(&mut self, now: Instant) -> Option<Probe> {
        let now_us = self.us(now);
        if !self.may_probe() {
            return None;
        }
        self.prober.begin(now_us, self.rtt_s(), self.bps(), self.demand_bps.min(self.max_bps))
    }

    /// When to call [`Self::handle_timeout`], and then [`Self::poll_probe`], if nothing happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let probe_us = (self.prober.is_running() || self.may_probe()).then(|| self.prober.timeout_us());
        let due_us = [self.fall_us(), probe_us].into_iter().flatten().min()?;
        self.epoch.checked_add(Duration::from_micros(u64::try_from(due_us).unwrap_or(0)))
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now_us = self.us(now);
        if let Some(found) = self.prober.result(now_us, None, self.bps()) {
            self.found(found, self.rate.rates(rate::WINDOW_US));
        }
        if self.fall_us().is_none_or(|at| at > now_us) {
            return;
        }
        if self.history.last_sent_us().is_none_or(|at| now_us - at > history::AGE_MAX_US) {
            // Nobody will ever tell what became of these packets, and nothing was sent since.
            self.waiting_since_us = None;
            return;
        }
        let bps = self.bps();
        let before_bps = self.blackout.map_or(bps, |(before_bps, _)| before_bps);
        self.aimd.set((bps / 2.0).max(self.min_bps));
        let pause_us = (self.rtt_s() * 1e6) as i64;
        self.blackout = Some((before_bps, now_us + pause_us.max(100_000)));
    }

    /// When the estimate falls if no feedback comes before, or, at its least, when that is given up.
    fn fall_us(&self) -> Option<i64> {
        let silent_us = self.waiting_since_us? + SILENCE_US + (self.rtt_s() * 1e6) as i64;
        match self.blackout {
            None => Some(silent_us),
            Some((_, next_us)) if self.bps() > self.min_bps => Some(silent_us.max(next_us)),
            Some(_) => Some(silent_us.max(self.history.last_sent_us()? + history::AGE_MAX_US + 1)),
        }
    }

    fn may_probe(&self) -> bool {
        let silent = self.blackout.is_some() && self.waiting_since_us.is_some();
        self.bps() < self.demand_bps.min(self.max_bps)
            && !silent
            && self.trendline.usage() != Usage::Over
            && self.loss.share() <= loss::HIGH
            && self.arrivals.queue_ms() < PROBE_QUEUE_MS
            && !self.prober.is_running()
    }

    fn bps(&self) -> f64 {
        self.aimd.estimate_bps().min(self.loss.bound_bps()).min(self.max_bps).max(self.min_bps)
    }

    /// At least a millisecond, and at most a second: a receiver that answers late must not stop the estimator.
    fn rtt_s(&self) -> f64 {
        self.rtt_us.map_or(RTT_S, |rtt| rtt as f64 / 1e6).clamp(0.001, 1.0)
    }

    fn us(&self, now: Instant) -> i64 {
        let since = now.saturating_duration_since(self.epoch).as_micros();
        i64::try_from(since).map_or(TIME_MAX_US, |us| us.min(TIME_MAX_US))
    }
}

/// Any moment, for tests that only compare moments.
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests need a first moment to count from")]
fn test_now() -> Instant {
    Instant::now()
}
