//! A bottleneck link, receivers that send feedback, and senders that behave like this SFU, in virtual time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Config, Estimator, PROBE_PACKETS};

mod flow;

pub(super) use flow::{Flow, Wish};

const STEP_US: i64 = 1_000;
/// The pacer is this much faster than the estimate.
const PACE: f64 = 2.5;

/// Numbers that look random (SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: i64) -> i64 {
        (self.next() % end.max(1) as u64) as i64
    }

    fn chance(&mut self, share: f64) -> bool {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 <= share && share > 0.0
    }
}

/// The way from the SFU, and back.
#[derive(Clone)]
pub(super) struct Link {
    /// From each moment in seconds on, this rate in bit/s; 0 drops all, feedback too.
    pub(super) rates: Vec<(i64, f64)>,
    pub(super) queue_max_ms: i64,
    /// Nothing goes through for so long every two seconds, and then all that has waited.
    pub(super) pause_ms: i64,
    /// One way.
    pub(super) delay_ms: i64,
    pub(super) jitter_ms: i64,
    /// Whether jitter lets packets overtake each other.
    pub(super) reorders: bool,
    pub(super) loss: f64,
    pub(super) feedback_loss: f64,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            rates: vec![(0, 4e6)],
            queue_max_ms: 500,
            pause_ms: 0,
            delay_ms: 25,
            jitter_ms: 0,
            reorders: false,
            loss: 0.0,
            feedback_loss: 0.02,
        }
    }
}

pub(super) struct Simulation {
    base: Instant,
    now_us: i64,
    link: Link,
    free_us: i64,
    random: Random,
    pub(super) flows: Vec<Flow>,
}

impl Simulation {
    pub(super) fn new(seed: u64, link: Link, wishes: &[&[Wish]]) -> Self {
        let base = crate::test_now();
        let config = Config { start_bps: 300_000, min_bps: 50_000, max_bps: 20_000_000 };
        let flows = wishes.iter().map(|wishes| Flow::new(Estimator::new(base, config), wishes.to_vec()));
        Self { base, now_us: 0, link, free_us: 0, random: Random(seed), flows: flows.collect() }
    }

    pub(super) fn run(mut self, seconds: i64) -> Vec<Flow> {
        let mut flows = std::mem::take(&mut self.flows);
        while self.now_us < seconds * 1_000_000 {
            self.now_us += STEP_US;
            for (index, flow) in flows.iter_mut().enumerate() {
                self.step(flow, index as i64);
            }
        }
        flows
    }

    fn now(&self) -> Instant {
        self.base + Duration::from_micros(self.now_us as u64)
    }

    fn step(&mut self, flow: &mut Flow, index: i64) {
        let now = self.now();
        while flow.feedback.front().is_some_and(|(at, _)| *at <= self.now_us) {
            let (_, packets) = flow.feedback.pop_front().unwrap();
            flow.estimator.feedback(now, packets);
        }
        if flow.estimator.poll_timeout().is_some_and(|at| at <= now) {
            flow.estimator.handle_timeout(now);
        }
        if self.now_us % 100_000 == index * 7_000 {
            flow.choose(self.now_us, now);
        }
        if let Some(probe) = flow.estimator.poll_probe(now) {
            flow.probes += 1;
            flow.probe = Some((probe, 0));
        }
        if flow.probe.is_none() {
            let due = flow.estimator.poll_timeout();
            assert!(due.is_none_or(|at| at > now), "it would be called without end");
        }
        flow.frames(self.now_us, &mut self.random);
        self.pace(flow);
        self.answer(flow);
        if self.now_us % 100_000 == 0 {
            flow.sample(self.now_us);
        }
    }

    fn pace(&mut self, flow: &mut Flow) {
        let rate = match flow.probe {
            Some((probe, _)) => probe.rate_bps as f64,
            None => flow.estimator.estimate_bps() as f64 * PACE,
        };
        flow.budget = (flow.budget + rate * STEP_US as f64 / 8e6).min(rate * 0.005 / 8.0 + 1200.0);
        while flow.budget > 0.0 {
            let media = flow.pacer.pop_front();
            let padding = flow.probe.map(|(probe, _)| (probe.bytes / PROBE_PACKETS).min(1200));
            let Some(bytes) = media.or(padding) else { break };
            if media.is_none() {
                flow.padding_bytes += bytes as u64;
            }
            flow.budget -= bytes as f64;
            let cluster = flow.probe.map(|(probe, _)| probe.cluster);
            if let Some((probe, sent)) = &mut flow.probe {
                *sent += bytes;
                if *sent >= probe.bytes {
                    flow.probe = None;
                }
            }
            self.send(flow, bytes, cluster);
        }
        if flow.pacer.is_empty() && flow.probe.is_none() {
            flow.budget = flow.budget.min(0.0);
        }
    }

    fn send(&mut self, flow: &mut Flow, bytes: usize, cluster: Option<u32>) {
        flow.seq += 1;
        flow.bytes += bytes as u64;
        flow.estimator.sent(self.now(), flow.seq, bytes, cluster);
        let rate = self.rate_bps();
        let pause_began_us = self.now_us / 2_000_000 * 2_000_000;
        self.free_us = self.free_us.max(pause_began_us + self.link.pause_ms * 1000);
        let queue_us = (self.free_us - self.now_us).max(0);
        if rate == 0.0 || queue_us > self.link.queue_max_ms * 1000 || self.random.chance(self.link.loss) {
            return;
        }
        self.free_us = self.now_us + queue_us + (bytes as f64 * 8e6 / rate) as i64;
        flow.queueing.push((self.now_us as f64 / 1e6, queue_us as f64 / 1e3));
        let jitter_us = self.random.below(self.link.jitter_ms * 1000);
        let mut arrival_us = self.free_us + self.link.delay_ms * 1000 + jitter_us;
        if !self.link.reorders {
            arrival_us = arrival_us.max(flow.last_arrival_us);
        }
        flow.last_arrival_us = arrival_us;
        flow.arrived.insert(flow.seq, arrival_us);
        flow.received.push_back((arrival_us, bytes));
    }

    /// The receiver's side: each 50 to 100 ms it tells of what has arrived, on a clock of its own.
    fn answer(&mut self, flow: &mut Flow) {
        if self.now_us < flow.feedback_due_us {
            return;
        }
        flow.feedback_due_us = self.now_us + 50_000 + self.random.below(50_000);
        let mut here = BTreeMap::new();
        flow.arrived.retain(|seq, at| {
            let keep = *at > self.now_us;
            if !keep {
                here.insert(*seq, *at);
            }
            keep
        });
        let (Some((&first, _)), Some((&last, _))) = (here.first_key_value(), here.last_key_value()) else {
            return;
        };
        let packets = (first.min(flow.told + 1)..=last)
            .filter(|seq| *seq > flow.told || here.contains_key(seq))
            .map(|seq| (seq, here.get(&seq).map(|at| at / 250 * 250 - 77_000_000_000)))
            .collect();
        flow.told = flow.told.max(last);
        if self.rate_bps() > 0.0 && !self.random.chance(self.link.feedback_loss) {
            flow.feedback.push_back((self.now_us + self.link.delay_ms * 1000, packets));
        }
    }

    fn rate_bps(&self) -> f64 {
        at(&self.link.rates, self.now_us, |step| step.0).1
    }
}

/// The last step that has begun.
fn at<T: Clone>(steps: &[T], now_us: i64, from_s: impl Fn(&T) -> i64) -> T {
    steps.iter().rev().find(|step| from_s(step) * 1_000_000 <= now_us).unwrap().clone()
}
