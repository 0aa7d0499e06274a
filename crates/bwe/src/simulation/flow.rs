//! A flow to one receiver: cameras in simulcast layers, a pacer, and what came of it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

use super::{Estimator, Random, at};
use crate::Probe;

/// Rates of a camera's layers, in bit/s.
const LAYERS: [u64; 4] = [0, 150_000, 500_000, 1_500_000];
const AUDIO_BPS: u64 = 40_000;
/// From a moment in seconds on, so many cameras are wanted, in this layer at most.
pub(crate) type Wish = (i64, usize, usize);

/// Each packet's arrival, if it arrived.
type Feedback = Vec<(u64, Option<i64>)>;

/// What the receiver of one flow wants, and what came of it.
pub(crate) struct Flow {
    pub(crate) estimator: Estimator,
    wishes: Vec<Wish>,
    cameras: Vec<Camera>,
    /// Sizes of packets.
    pub(super) pacer: VecDeque<usize>,
    pub(super) budget: f64,
    pub(super) probe: Option<(Probe, usize)>,
    pub(super) seq: u64,
    /// Arrivals that feedback has not told of, and the highest that it has.
    pub(super) arrived: BTreeMap<u64, i64>,
    pub(super) told: u64,
    pub(super) feedback_due_us: i64,
    pub(super) feedback: VecDeque<(i64, Feedback)>,
    pub(super) last_arrival_us: i64,
    /// Each 100 ms: time in s, estimate, and bit/s that arrived in the second before.
    pub(crate) samples: Vec<(f64, f64, f64)>,
    /// Time in s and queueing delay in ms of each packet.
    pub(crate) queueing: Vec<(f64, f64)>,
    pub(super) received: VecDeque<(i64, usize)>,
    pub(crate) padding_bytes: u64,
    pub(crate) bytes: u64,
    pub(crate) probes: u32,
}

#[derive(Clone, Copy, Default)]
struct Camera {
    layer: usize,
    key_frame: bool,
    next_frame_us: i64,
}

impl Flow {
    pub(super) fn new(estimator: Estimator, wishes: Vec<Wish>) -> Self {
        Self {
            estimator,
            wishes,
            cameras: Vec::new(),
            pacer: VecDeque::new(),
            budget: 0.0,
            probe: None,
            seq: 70_000,
            arrived: BTreeMap::new(),
            told: 70_000,
            feedback_due_us: 0,
            feedback: VecDeque::new(),
            last_arrival_us: 0,
            samples: Vec::new(),
            queueing: Vec::new(),
            received: VecDeque::new(),
            padding_bytes: 0,
            bytes: 0,
            probes: 0,
        }
    }

    /// Chooses layers: each camera the lowest, then each the next, as the estimate allows; up only with some reserve.
    pub(super) fn choose(&mut self, now_us: i64, now: Instant) {
        let (_, count, most) = at(&self.wishes, now_us, |wish| wish.0);
        self.estimator.set_demand(now, AUDIO_BPS + count as u64 * LAYERS[most]);
        self.cameras.resize_with(count, || Camera { next_frame_us: now_us, ..Camera::default() });
        let mut left = self.estimator.estimate_bps().saturating_sub(AUDIO_BPS) as f64;
        let mut layers = vec![0; count];
        for layer in 1..=most {
            for (chosen, camera) in layers.iter_mut().zip(&self.cameras) {
                let step = (LAYERS[layer] - LAYERS[layer - 1]) as f64;
                let reserve = if camera.layer < layer { LAYERS[layer] as f64 * 0.1 } else { 0.0 };
                if *chosen + 1 == layer && left >= step + reserve {
                    *chosen = layer;
                    left -= step;
                }
            }
        }
        for (camera, layer) in self.cameras.iter_mut().zip(layers) {
            camera.key_frame |= layer != camera.layer;
            camera.layer = layer;
        }
    }

    /// Frames of all cameras, 30 a second, key frames four times as large; audio each 20 ms.
    pub(super) fn frames(&mut self, now_us: i64, random: &mut Random) {
        if now_us % 20_000 == 0 {
            self.pacer.push_back(AUDIO_BPS as usize / 8 / 50);
        }
        for (index, camera) in self.cameras.iter_mut().enumerate() {
            if camera.layer == 0 || now_us < camera.next_frame_us + index as i64 * 7_000 {
                continue;
            }
            camera.next_frame_us = (camera.next_frame_us + 33_333).max(now_us - 100_000);
            let mean = LAYERS[camera.layer] as i64 / 8 / 30;
            let mut bytes = mean * (75 + random.below(50)) / 100;
            if std::mem::take(&mut camera.key_frame) {
                bytes *= 4;
            }
            while bytes > 0 {
                self.pacer.push_back(bytes.clamp(60, 1200) as usize);
                bytes -= 1200;
            }
        }
    }

    pub(super) fn sample(&mut self, now_us: i64) {
        while self.received.front().is_some_and(|(at, _)| *at <= now_us - 1_000_000) {
            self.received.pop_front();
        }
        let bytes: usize = self.received.iter().filter(|(at, _)| *at <= now_us).map(|(_, bytes)| bytes).sum();
        let estimate = self.estimator.estimate_bps() as f64;
        self.samples.push((now_us as f64 / 1e6, estimate, bytes as f64 * 8.0));
    }

    /// Mean estimate and mean arrived bit/s between two moments, in seconds.
    pub(crate) fn mean(&self, from: f64, to: f64) -> (f64, f64) {
        let chosen: Vec<_> = self.samples.iter().filter(|sample| (from..to).contains(&sample.0)).collect();
        let count = chosen.len() as f64;
        let (estimates, rates) = chosen.iter().fold((0.0, 0.0), |sum, s| (sum.0 + s.1, sum.1 + s.2));
        (estimates / count, rates / count)
    }

    /// When the estimate first was at least this, from a moment on, in seconds after it.
    pub(crate) fn reached(&self, from: f64, bps: f64) -> f64 {
        let first = self.samples.iter().find(|sample| sample.0 >= from && sample.1 >= bps);
        first.map_or(f64::INFINITY, |sample| sample.0 - from)
    }

    /// Queueing delay in ms that this share of the packets did not exceed.
    pub(crate) fn queueing_ms(&self, from: f64, to: f64, share: f64) -> f64 {
        let mut delays: Vec<_> =
            self.queueing.iter().filter(|delay| (from..to).contains(&delay.0)).map(|delay| delay.1).collect();
        delays.sort_by(f64::total_cmp);
        delays.get((delays.len() as f64 * share) as usize).copied().unwrap_or(0.0)
    }
}
