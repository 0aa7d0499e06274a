//! The estimator over simulated links. Bounds are generous: they hold for seeds 1 to 60, not just for these.

use super::simulation::{Flow, Link, Simulation, Wish};

mod hostile;
mod rules;

/// Three cameras in the highest layer: 4.5 Mbit/s and audio.
const ALL: &[Wish] = &[(0, 3, 3)];

fn run(name: &str, seed: u64, link: Link, wishes: &[&[Wish]], seconds: i64) -> Vec<Flow> {
    let flows = Simulation::new(seed, link, wishes).run(seconds);
    for flow in &flows {
        let padding = flow.padding_bytes as f64 / flow.bytes as f64 * 100.0;
        println!("{name} seed {seed}: {} probes, padding {padding:.1} %", flow.probes);
        for from in (0..seconds).step_by(5) {
            let (from, to) = (from as f64, from as f64 + 5.0);
            let (estimate, rate) = flow.mean(from, to);
            println!(
                "  {from:3} s: estimate {:5.0} kbit/s, arrived {:5.0}, queue p50 {:4.0} ms, p95 {:4.0}",
                estimate / 1e3,
                rate / 1e3,
                flow.queueing_ms(from, to, 0.5),
                flow.queueing_ms(from, to, 0.95),
            );
        }
    }
    flows
}

const SEEDS: [u64; 2] = [1, 2];

#[test]
fn it_follows_a_link_that_becomes_narrow_and_wide_again() {
    for seed in SEEDS {
        let link = Link { rates: vec![(0, 4e6), (30, 1e6), (60, 4e6)], ..Link::default() };
        let flow = &run("steps", seed, link, &[ALL], 90)[0];
        println!("up {} up {}", flow.reached(0.0, 3.2e6), flow.reached(60.0, 3.2e6));
        assert!(flow.reached(0.0, 3.2e6) <= 10.0);
        assert!(flow.mean(10.0, 30.0).0 >= 3.2e6);
        assert!(flow.queueing_ms(10.0, 30.0, 0.95) < 150.0);
        // The queue that the fall made is gone after two seconds, and some for the feedback.
        assert!(flow.queueing_ms(32.5, 40.0, 0.95) < 150.0, "{}", flow.queueing_ms(32.5, 40.0, 0.95));
        assert!(flow.mean(35.0, 60.0).0 >= 0.8e6);
        assert!(flow.mean(35.0, 60.0).0 <= 1.2e6);
        assert!(flow.reached(60.0, 3.2e6) <= 10.0);
        assert!(flow.mean(70.0, 90.0).0 >= 3.2e6);
        assert!(flow.queueing_ms(70.0, 90.0, 0.95) < 150.0);
        assert!(flow.padding_bytes * 20 < flow.bytes, "padding is a small part");
    }
}

#[test]
fn it_recovers_from_a_blackout() {
    for seed in SEEDS {
        let link = Link { rates: vec![(0, 4e6), (20, 0.0), (25, 4e6)], ..Link::default() };
        let flow = &run("blackout", seed, link, &[ALL], 45)[0];
        println!("back {}", flow.reached(25.1, 3.2e6));
        assert!(flow.mean(23.0, 25.0).0 < 0.5e6, "it falls");
        assert!(flow.reached(25.1, 3.2e6) <= 10.0);
        assert!(flow.mean(35.0, 45.0).0 >= 3.2e6);
    }
}

#[test]
fn a_little_random_loss_does_not_matter_and_much_does() {
    for seed in SEEDS {
        let with = |loss| run("loss", seed, Link { loss, ..Link::default() }, &[ALL], 60);
        assert!(with(0.02)[0].mean(15.0, 60.0).0 >= 0.7 * 4e6);
        assert!(with(0.05)[0].mean(15.0, 60.0).0 >= 0.4 * 4e6);
        let flow = &with(0.2)[0];
        assert!(flow.mean(30.0, 60.0).0 <= 0.5 * 4e6);
        assert!(flow.estimator.loss() > 0.05);
    }
}

#[test]
fn jitter_and_reordering_are_no_congestion() {
    for seed in SEEDS {
        let link = Link { jitter_ms: 30, reorders: true, ..Link::default() };
        assert!(run("reordering", seed, link.clone(), &[ALL], 60)[0].mean(10.0, 60.0).0 >= 0.6 * 4e6);
        let link = Link { reorders: false, ..link };
        assert!(run("jitter", seed, link, &[ALL], 60)[0].mean(10.0, 60.0).0 >= 0.6 * 4e6);
    }
}

#[test]
fn pauses_of_a_wireless_link_are_no_congestion() {
    for seed in SEEDS {
        let flow = &run("pauses", seed, Link { pause_ms: 100, ..Link::default() }, &[ALL], 60)[0];
        assert!(flow.mean(10.0, 60.0).0 >= 0.6 * 4e6);
    }
}

#[test]
fn a_slow_link_is_used_without_a_long_queue() {
    for seed in SEEDS {
        let link = Link { rates: vec![(0, 150e3)], queue_max_ms: 2000, ..Link::default() };
        let flow = &run("slow", seed, link, &[ALL], 60)[0];
        assert!((90e3..=180e3).contains(&flow.mean(15.0, 60.0).0));
        assert!(flow.queueing_ms(10.0, 60.0, 0.95) < 500.0);
    }
}

#[test]
fn after_a_quiet_minute_a_demand_is_met_soon() {
    for seed in SEEDS {
        // Audio and no camera, or audio and a small one; then two in the highest layer.
        for cameras in [0, 1] {
            let flow = &run("quiet", seed, Link::default(), &[&[(0, cameras, 1), (60, 2, 3)]], 80)[0];
            println!("met {}", flow.reached(60.0, 3.04e6));
            assert!(flow.reached(60.0, 0.95 * 3.04e6) <= 10.0);
            assert!(flow.mean(70.0, 80.0).1 >= 0.9 * 3.04e6);
        }
    }
}

#[test]
fn two_receivers_behind_one_link_share_it() {
    for seed in SEEDS {
        let flows = run("shared", seed, Link::default(), &[ALL, &[(0, 0, 0), (15, 3, 3)]], 90);
        for flow in &flows {
            assert!(flow.mean(45.0, 90.0).1 >= 0.2 * 4e6);
            assert!(flow.queueing_ms(45.0, 90.0, 0.95) < 300.0);
        }
    }
}
