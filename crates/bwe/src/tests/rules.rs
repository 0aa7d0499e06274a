//! Rules of the interface.

use std::time::{Duration, Instant};

use crate::{Config, Estimator, PROBE_PACKETS, Probe};

const CONFIG: Config = Config { start_bps: 300_000, min_bps: 50_000, max_bps: 8_000_000 };

/// Sends 100 kbit/s, and probes as asked for; all of it arrives, but for the share that is lost.
struct Call {
    base: Instant,
    now_ms: u64,
    estimator: Estimator,
    seq: u64,
    unreported: Vec<(u64, u64)>,
    /// Of ten packets.
    lost: u64,
    probes: Vec<(u64, Probe)>,
}

impl Call {
    fn new(demand_bps: u64) -> Self {
        let base = crate::test_now();
        let mut estimator = Estimator::new(base, CONFIG);
        estimator.set_demand(base, demand_bps);
        Self { base, now_ms: 0, estimator, seq: 0, unreported: Vec::new(), lost: 0, probes: Vec::new() }
    }

    fn now(&self) -> Instant {
        self.base + Duration::from_millis(self.now_ms)
    }

    fn send(&mut self, bytes: usize, cluster: Option<u32>) {
        self.seq += 1;
        self.estimator.sent(self.now(), self.seq, bytes, cluster);
        self.unreported.push((self.seq, self.now_ms));
    }

    fn run(&mut self, seconds: u64, feedback: bool) {
        for _ in 0..seconds * 100 {
            self.now_ms += 10;
            self.send(125, None);
            self.estimator.handle_timeout(self.now());
            if let Some(probe) = self.estimator.poll_probe(self.now()) {
                self.probes.push((self.now_ms, probe));
                for _ in 0..PROBE_PACKETS {
                    self.send(probe.bytes / PROBE_PACKETS + 1, Some(probe.cluster));
                    self.now_ms += 5;
                }
            }
            if (self.now_ms / 10).is_multiple_of(7) && feedback {
                let lost = self.lost;
                let arrival = |seq, sent_ms| (seq % 10 >= lost).then_some(sent_ms as i64 * 1000);
                let packets = self.unreported.drain(..).map(|(seq, sent_ms)| (seq, arrival(seq, sent_ms)));
                let now = self.base + Duration::from_millis(self.now_ms + 30);
                self.estimator.feedback(now, packets.collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn no_probe_goes_beyond_the_demand() {
    let mut call = Call::new(200_000);
    call.run(20, true);
    assert!(call.probes.is_empty(), "the first estimate is enough");
    let now = call.now();
    call.estimator.set_demand(now, 1_000_000);
    call.run(20, true);
    assert!(call.probes.iter().all(|(_, probe)| probe.rate_bps <= 1_150_000), "{:?}", call.probes);
    assert!(call.estimator.estimate_bps() >= 1_000_000);
    assert!(call.probes.len() <= 5, "and none once it is met: {:?}", call.probes);
}

#[test]
fn probes_grow_at_the_start_and_are_rare_when_they_find_nothing() {
    let mut call = Call::new(8_000_000);
    call.run(1, true);
    let rates: Vec<_> = call.probes.iter().map(|(_, probe)| probe.rate_bps).collect();
    assert!(rates.starts_with(&[900_000, 1_800_000]), "{rates:?}");

    // A caller that sends none: each runs out of time.
    let base = crate::test_now();
    let mut estimator = Estimator::new(base, CONFIG);
    estimator.set_demand(base, 8_000_000);
    let mut probes = 0;
    for ms in 0..60_000 {
        let now = base + Duration::from_millis(ms);
        estimator.handle_timeout(now);
        probes += u32::from(estimator.poll_probe(now).is_some());
    }
    assert!((5..=12).contains(&probes), "{probes}");
}

#[test]
fn while_much_is_lost_nothing_is_probed() {
    let mut call = Call::new(200_000);
    call.lost = 3;
    call.run(10, true);
    assert!((call.estimator.loss() - 0.3).abs() < 0.01);
    let now = call.now();
    call.estimator.set_demand(now, 8_000_000);
    call.run(10, true);
    assert!(call.probes.is_empty());
}

#[test]
fn silence_halves_the_estimate_down_to_the_least_and_it_comes_back() {
    let mut call = Call::new(2_000_000);
    call.run(5, true);
    let before = call.estimator.estimate_bps();
    assert!(before >= 2_000_000);
    call.run(1, false);
    assert!(call.estimator.estimate_bps() <= before / 2);
    let probes = call.probes.len();
    call.run(4, false);
    assert_eq!(call.estimator.estimate_bps(), CONFIG.min_bps);
    assert_eq!(call.probes.len(), probes, "nobody would tell what came of it");
    call.unreported.clear();
    call.run(2, true);
    assert!(call.estimator.estimate_bps() >= before / 2, "{}", call.estimator.estimate_bps());
    assert_eq!(call.estimator.loss(), 0.0);
}

#[test]
fn who_sends_nothing_waits_for_nothing() {
    let base = crate::test_now();
    let mut estimator = Estimator::new(base, CONFIG);
    assert_eq!(estimator.poll_timeout(), None);
    assert_eq!(estimator.rtt(), None);
    estimator.sent(base, 1, 100, None);
    estimator.feedback(base + Duration::from_millis(80), [(1, Some(5))]);
    assert_eq!(estimator.rtt(), Some(Duration::from_millis(80)));
    assert_eq!(estimator.poll_timeout(), None);
    estimator.handle_timeout(base + Duration::from_secs(60));
    assert_eq!(estimator.estimate_bps(), CONFIG.start_bps);
}

#[test]
fn a_packet_that_nobody_ever_tells_of_does_not_stop_probes_for_ever() {
    let base = crate::test_now();
    let mut estimator = Estimator::new(base, CONFIG);
    estimator.set_demand(base, 8_000_000);
    estimator.sent(base, 1, 100, None);
    let mut now = base;
    let mut last = None;
    for _ in 0..100 {
        let Some(due) = estimator.poll_timeout().filter(|due| *due < base + Duration::from_secs(30)) else {
            break;
        };
        now = now.max(due);
        estimator.handle_timeout(now);
        last = estimator.poll_probe(now).map(|_| now).or(last);
    }
    assert!(last.is_some_and(|last| last > base + Duration::from_secs(20)), "{last:?}");
}
