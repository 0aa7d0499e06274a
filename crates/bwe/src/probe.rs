//! Probes: for a moment more is sent than media needs, to see whether it gets through.

/// A probe to begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its name, for [`super::Estimator::sent`].
    pub cluster: u32,
    /// How fast to send all that is sent to this receiver, in bit/s: media first, padding or repeated packets between.
    pub rate_bps: u64,
    /// How much to send at this rate, in bytes on the wire, in at least [`super::PROBE_PACKETS`] packets.
    pub bytes: usize,
}

/// Fewest packets to send in a probe.
pub const PROBE_PACKETS: usize = 8;
/// Fewest packets that must arrive for a result.
const PACKETS_MIN: u32 = 5;
/// How long a probe takes. The queue that it makes is no longer than this times how much too fast it was, less one.
const DURATION_S: f64 = 0.04;
/// First probes, as multiples of the first estimate, and all later ones, of the present.
const FIRST: [f64; 2] = [3.0, 6.0];
const LATER: f64 = 2.0;
/// A probe goes this much beyond what is wanted: the result is some less than the rate.
const BEYOND: f64 = 1.15;
/// Packets that arrive this much slower than they were sent have filled the way; then a little less is carried.
const SATURATED: f64 = 0.9;
const SATURATED_SHARE: f64 = 0.95;
/// A probe that finds this share of its rate, and this much more than the estimate, succeeded: the next may follow.
const SUCCESS: f64 = 0.7;
const GAIN: f64 = 1.1;
/// Time between probes of which the last failed, after a fall, and after a success: until its effect is seen.
const PAUSE_US: i64 = 5_000_000;
const PAUSE_FALL_US: i64 = 3_000_000;
const PAUSE_SUCCESS_US: i64 = 200_000;
const PAUSE_HURRY_US: i64 = 1_000_000;
/// A probe without a result after this and two round trips has failed.
const EXPIRY_US: i64 = 1_000_000;

/// What a probe found, in bit/s.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) bps: f64,
    /// The way was filled: there is no more. Else there is at least this.
    pub(super) filled: bool,
    /// What it was sent at.
    pub(super) rate_bps: f64,
}

#[derive(Debug)]
struct Running {
    probe: Probe,
    expires_us: i64,
    bytes_sent: usize,
    last_seq: u64,
    bytes_received: u64,
    /// Times over bytes before and after them.
    sent: Line,
    arrived: Line,
}

/// When to probe, and what came of it.
#[derive(Debug)]
pub(super) struct Prober {
    cluster: u32,
    running: Option<Running>,
    next_us: i64,
    /// When the last one ended.
    ended_us: i64,
    first: std::slice::Iter<'static, f64>,
    start_bps: f64,
    /// What there was before a fall or a blackout: most of it may be there again.
    goal_bps: Option<f64>,
}

impl Prober {
    pub(super) fn new(now_us: i64, start_bps: f64) -> Self {
        Self {
            cluster: 0,
            running: None,
            next_us: now_us,
            ended_us: now_us - PAUSE_HURRY_US,
            first: FIRST.iter(),
            start_bps,
            goal_bps: None,
        }
    }

    /// Whether packets that are sent now are part of a probe, and of which: from its first packet on until it has
    /// all its bytes, media counts too.
    pub(super) fn cluster_of(&mut self, seq: u64, bytes: usize, marked: Option<u32>) -> Option<u32> {
        let running = self.running.as_mut()?;
        let begins = marked == Some(running.probe.cluster);
        if !begins && running.bytes_sent == 0 || running.bytes_sent >= running.probe.bytes {
            return None;
        }
        running.bytes_sent = running.bytes_sent.saturating_add(bytes);
        running.last_seq = seq;
        Some(running.probe.cluster)
    }

    /// The receiver has a packet of this probe.
    pub(super) fn packet(&mut self, cluster: u32, bytes: u32, sent_us: i64, arrival_us: i64) {
        let Some(running) = self.running.as_mut().filter(|running| running.probe.cluster == cluster) else {
            return;
        };
        running.sent.add(running.bytes_received, sent_us);
        running.bytes_received += u64::from(bytes);
        running.arrived.add(running.bytes_received, arrival_us);
    }

    /// What the probe found once feedback has come to its end, or time is up.
    pub(super) fn result(
        &mut self,
        now_us: i64,
        newest_reported: Option<u64>,
        estimate_bps: f64,
    ) -> Option<Found> {
        let running = self.running.as_ref()?;
        let sent = running.bytes_sent >= running.probe.bytes;
        let reported = sent && newest_reported.is_some_and(|seq| seq >= running.last_seq);
        if !reported && now_us < running.expires_us {
            return None;
        }
        let found = running.found();
        let rate_bps = running.probe.rate_bps as f64;
        let success = found.is_some_and(|found| found.bps >= (rate_bps * SUCCESS).max(estimate_bps * GAIN));
        self.running = None;
        self.ended_us = now_us;
        self.next_us = now_us + if success { PAUSE_SUCCESS_US } else { PAUSE_US };
        if !success {
            self.goal_bps = None;
            self.first = [].iter();
        }
        found
    }

    /// The estimate fell from this, in bit/s: once the queue is drained, most of it may be there again.
    pub(super) fn fell(&mut self, now_us: i64, from_bps: f64) {
        self.next_us = self.next_us.max(now_us + PAUSE_FALL_US);
        self.goal_bps = Some(self.goal_bps.map_or(from_bps, |goal| goal.max(from_bps)));
        self.first = [].iter();
    }

    /// The way is back, and what was there before may be too: probe soon.
    pub(super) fn back(&mut self, now_us: i64, before_bps: f64) {
        self.running = None;
        self.next_us = now_us;
        self.goal_bps = Some(before_bps);
        self.first = [].iter();
    }

    /// The demand rose above the estimate: waiting for longer than a second since the last probe is of no use.
    pub(super) fn hurry(&mut self, now_us: i64) {
        self.next_us = self.next_us.min(now_us.max(self.ended_us + PAUSE_HURRY_US));
    }

    /// When the next probe may begin, or the running one is given up.
    pub(super) fn timeout_us(&self) -> i64 {
        self.running.as_ref().map_or(self.next_us, |running| running.expires_us)
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The next probe, if it is time. The caller has checked that more than the estimate is wanted.
    pub(super) fn begin(
        &mut self,
        now_us: i64,
        rtt_s: f64,
        estimate_bps: f64,
        wanted_bps: f64,
    ) -> Option<Probe> {
        if self.running.is_some() || now_us < self.next_us {
            return None;
        }
        let mut rate_bps = estimate_bps * LATER;
        if let Some(factor) = self.first.next() {
            rate_bps = rate_bps.max(self.start_bps * factor);
        } else if let Some(goal) = self.goal_bps.take() {
            // Half of what was there before a blackout may be far above the estimate of now; after a mere fall it
            // is below twice the estimate.
            rate_bps = rate_bps.max(goal * 0.5);
        }
        rate_bps = rate_bps.min(wanted_bps * BEYOND);
        self.cluster = self.cluster.wrapping_add(1);
        let probe = Probe {
            cluster: self.cluster,
            rate_bps: rate_bps as u64,
            bytes: ((rate_bps * DURATION_S / 8.0) as usize).max(PROBE_PACKETS * 100),
        };
        let expires_us = now_us + EXPIRY_US + (2e6 * rtt_s) as i64;
        self.running = Some(Running::new(probe, expires_us));
        Some(probe)
    }
}

impl Running {
    fn new(probe: Probe, expires_us: i64) -> Self {
        let (sent, arrived) = (Line::default(), Line::default());
        Self { probe, expires_us, bytes_sent: 0, last_seq: 0, bytes_received: 0, sent, arrived }
    }

    fn found(&self) -> Option<Found> {
        if self.sent.count < PACKETS_MIN || self.bytes_received * 2 < self.probe.bytes as u64 {
            return None;
        }
        let rate_bps = self.probe.rate_bps as f64;
        // What was sent at once, or arrived so, was as fast as the probe and no faster.
        let sent_bps = self.sent.rate_bps().unwrap_or(rate_bps);
        let arrived_bps = self.arrived.rate_bps().unwrap_or(rate_bps);
        let filled = arrived_bps < sent_bps * SATURATED;
        let bps = if filled { arrived_bps * SATURATED_SHARE } else { sent_bps.min(arrived_bps) };
        Some(Found { bps: bps.min(rate_bps), filled, rate_bps })
    }
}

/// Least squares through times over bytes: all packets count, so that jitter of the first and the last matters little.
#[derive(Debug, Default)]
struct Line {
    count: u32,
    first_us: i64,
    sum_x: f64,
    sum_y: f64,
    sum_xx: f64,
    sum_xy: f64,
}

impl Line {
    fn add(&mut self, bytes: u64, at_us: i64) {
        if self.count == 0 {
            self.first_us = at_us;
        }
        let (x, y) = (bytes as f64, (at_us - self.first_us) as f64);
        self.count += 1;
        self.sum_x += x;
        self.sum_y += y;
        self.sum_xx += x * x;
        self.sum_xy += x * y;
    }

    /// In bit/s, if time passed.
    fn rate_bps(&self) -> Option<f64> {
        let count = f64::from(self.count);
        let above = count * self.sum_xx - self.sum_x * self.sum_x;
        let below = count * self.sum_xy - self.sum_x * self.sum_y;
        (above > 0.0 && below > 0.0).then(|| above / below * 8e6)
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, PROBE_PACKETS, Prober};

    /// Sends a probe at 1 Mbit/s, of which packets arrive as `arrival_us` says.
    fn found(arrival_us: impl Fn(i64) -> Option<i64>) -> Option<Found> {
        let mut prober = Prober::new(0, 333_334.0);
        let probe = prober.begin(0, 0.1, 300_000.0, 9e6).unwrap();
        assert!(prober.begin(9_000_000, 0.1, 300_000.0, 9e6).is_none(), "one at a time");
        assert_eq!(prober.cluster_of(6, 625, None), None, "media before it is no part of it");
        let packets = PROBE_PACKETS as i64;
        for n in 0..packets {
            let marked = (n != 3).then_some(probe.cluster);
            assert_eq!(prober.cluster_of(7 + n as u64, 625, marked), Some(probe.cluster));
            if let Some(arrival_us) = arrival_us(n) {
                prober.packet(probe.cluster, 625, n * 5_000, arrival_us);
            }
        }
        assert_eq!(prober.cluster_of(15, 625, Some(probe.cluster)), None, "it has all its bytes");
        assert!(prober.result(50_000, Some(13), 300_000.0).is_none(), "feedback is not at its end");
        prober.result(50_000, Some(14), 300_000.0)
    }

    #[test]
    fn it_finds_its_rate_or_some_less_than_what_the_way_carries() {
        let through = found(|n| Some(n * 5_000)).unwrap();
        assert!((through.bps - 1e6).abs() < 1e3 && !through.filled, "{through:?}");
        let filled = found(|n| Some(n * 10_000)).unwrap();
        assert!((filled.bps - 0.475e6).abs() < 1e3 && filled.filled, "{filled:?}");
        let at_once = found(|_| Some(0)).unwrap();
        assert!(at_once.bps <= 1.001e6);
        let backwards = found(|n| Some(-n * 5_000)).unwrap();
        assert!(backwards.bps <= 1.001e6);
        assert!(found(|n| (n < 4).then_some(n)).is_none(), "too little arrived");
    }
}
