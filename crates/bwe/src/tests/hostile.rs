//! Receivers that lie.

use std::time::{Duration, Instant};

use crate::{Config, Estimator, simulation::Random};

const CONFIG: Config = Config { start_bps: 300_000, min_bps: 50_000, max_bps: 8_000_000 };

/// Any number, often an extreme one, else one near another.
fn any(random: &mut Random, near: i64) -> i64 {
    match random.below(12) {
        0 => i64::MIN,
        1 => i64::MAX,
        2 => 0,
        3 => random.next() as i64,
        4 => near.wrapping_sub(random.below(100_000_000)),
        5 => near.wrapping_add(random.below(100_000_000)),
        _ => near.wrapping_add(random.below(40_000)),
    }
}

fn check(estimator: &Estimator, now: Instant) {
    let estimate = estimator.estimate_bps();
    assert!((CONFIG.min_bps..=CONFIG.max_bps).contains(&estimate), "{estimate}");
    assert!((0.0..=1.0).contains(&estimator.loss()));
    assert!(estimator.rtt().is_none_or(|rtt| rtt < Duration::from_secs(3600)));
    let _ = estimator.poll_timeout().map(|at| at.saturating_duration_since(now));
}

#[test]
fn whatever_feedback_says_the_bounds_hold() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let mut now = crate::test_now();
        let base = now;
        let mut estimator = Estimator::new(now, CONFIG);
        let (mut seq, mut cluster) = (random.below(3) as u64 * (u64::MAX / 4), None);
        for _ in 0..1_500 {
            now += Duration::from_micros(random.below(30_000) as u64);
            match random.below(10) {
                0 => now += Duration::from_millis(random.below(1_500) as u64),
                1 => estimator.set_demand(now, random.next() >> random.below(64)),
                2 => seq = seq.saturating_add(random.next() >> (32 + random.below(32))),
                3..=6 => {
                    for _ in 0..random.below(20) {
                        seq += 1;
                        let bytes =
                            if random.below(50) == 0 { usize::MAX } else { random.below(1_500) as usize };
                        estimator.sent(now, seq, bytes, cluster.filter(|_| seq.is_multiple_of(2)));
                    }
                }
                _ => {
                    let arrival = (now - base).as_micros() as i64;
                    let from = any(&mut random, seq.saturating_sub(60) as i64) as u64;
                    let packets: Vec<_> = (0..random.below(80) as u64)
                        .map(|n| {
                            let seq =
                                if random.below(20) == 0 { random.next() } else { from.wrapping_add(n) };
                            (seq, (random.below(4) > 0).then(|| any(&mut random, arrival)))
                        })
                        .collect();
                    estimator.feedback(now, packets);
                }
            }
            estimator.handle_timeout(now);
            cluster = estimator.poll_probe(now).map(|probe| probe.cluster).or(cluster);
            check(&estimator, now);
        }
    }
}

#[test]
fn times_far_apart_or_backwards_do_no_harm() {
    let base = crate::test_now() + Duration::from_secs(1_000);
    let mut estimator = Estimator::new(base, CONFIG);
    estimator.set_demand(base, u64::MAX);
    let moments = [
        base,
        base - Duration::from_secs(900),
        base + Duration::from_secs(1 << 40),
        base + Duration::from_secs(1),
    ];
    for (seq, now) in (0..).zip(moments.into_iter().cycle().take(50)) {
        estimator.sent(now, seq, 1_200, None);
        estimator.feedback(now, [(seq, Some(i64::MAX)), (seq, Some(i64::MIN)), (seq.wrapping_sub(1), None)]);
        estimator.handle_timeout(now);
        estimator.poll_probe(now);
        check(&estimator, now);
    }
}

#[test]
fn no_lie_about_arrivals_makes_more_of_the_way_than_was_sent() {
    // 1 Mbit/s goes out and no probe. The liar claims all of it, at any time that looks plausible.
    for seed in 0..8 {
        let mut random = Random(seed);
        let base = crate::test_now();
        let mut estimator = Estimator::new(base, CONFIG);
        estimator.set_demand(base, 8_000_000);
        let (mut told, speed) = (0, [0, 1, 3, 10][seed as usize % 4]);
        for seq in 1..6_000 {
            let now = base + Duration::from_millis(seq * 10);
            estimator.sent(now, seq, 1_250, None);
            estimator.poll_probe(now);
            if seq.is_multiple_of(7) {
                let arrival = |seq: u64| seq as i64 * 10_000 * speed / 10 + random.below(20_000);
                let packets: Vec<_> = (told + 1..=seq).map(arrival).collect();
                estimator.feedback(now, (told + 1..).zip(packets.into_iter().map(Some)));
                told = seq;
            }
            estimator.handle_timeout(now);
            assert!(estimator.estimate_bps() <= 1_300_000, "{}", estimator.estimate_bps());
        }
    }
}
