//! What is known of the network towards one receiver, and when to look for room for more.

use std::time::{Duration, Instant};

use crate::budget::{Plan, RAISE_PERCENT};

/// What a network is taken to carry until that is estimated, in bit/s.
pub(crate) const START_BPS: u64 = 1_000_000;

/// While a receiver gets less than its screen has room for, its network is probed this often.
const PROBE_EVERY: Duration = Duration::from_secs(3);
/// The next probe comes sooner if the last one found so many hundredths of the estimate before it.
const PROBE_SOON: Duration = Duration::from_millis(750);
const FOUND_PERCENT: u64 = 130;

/// The network towards a receiver.
#[derive(Debug, Default)]
pub(crate) struct Network {
    /// In bit/s; `None` where it cannot be estimated.
    estimate_bps: Option<u64>,
    /// What was chosen for it last, sound included, in bit/s.
    planned_bps: u64,
    /// When it was probed last, and the estimate before that.
    probed: Option<(Instant, Option<u64>)>,
}

impl Network {
    /// Another estimate. Returns whether less than what was chosen for it has room.
    pub(crate) fn estimated(&mut self, bps: Option<u64>) -> bool {
        self.estimate_bps = bps;
        bps.is_some_and(|bps| bps < self.planned_bps)
    }

    /// What it carries besides sound that takes `sound_bps`; `None` where that is not known.
    pub(crate) fn budget_bps(&self, sound_bps: u64) -> Option<u64> {
        Some(self.estimate_bps?.saturating_sub(sound_bps))
    }

    /// Notes what was chosen. Returns what str0m is to be told is desired, in bit/s.
    ///
    /// str0m takes what a probe finds for the estimate, and probes at up to twice what is desired: where all that is wanted has
    /// room, its probes would lower the estimate to that, and are of no use. And it probes when what is desired
    /// grows, hardly ever besides: so nothing is desired for a moment before each probe.
    pub(crate) fn plan(&mut self, now: Instant, plan: &Plan, sound_bps: u64) -> u64 {
        self.planned_bps = plan.planned_bps.saturating_add(sound_bps);
        if plan.next_bps.is_none() {
            return 0;
        }
        if self.may_probe(now) {
            self.probed = Some((now, self.estimate_bps));
            return 0;
        }
        (plan.desired_bps.saturating_mul(RAISE_PERCENT) / 100).saturating_add(sound_bps)
    }

    fn may_probe(&self, now: Instant) -> bool {
        let Some((at, before)) = self.probed else { return true };
        let needs = before.map(|before| before.saturating_mul(FOUND_PERCENT) / 100);
        let found = needs.is_some_and(|needs| self.estimate_bps.is_some_and(|bps| bps >= needs));
        now.saturating_duration_since(at) >= if found { PROBE_SOON } else { PROBE_EVERY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(next_bps: Option<u64>) -> Plan {
        Plan { planned_bps: 500_000, desired_bps: 1_000_000, next_bps, ..Plan::default() }
    }

    #[test]
    fn it_is_probed_while_something_is_left_out_and_sooner_after_a_success() {
        let start = crate::test_now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut network = Network::default();
        assert!(!network.estimated(Some(600_000)));
        let more = plan(Some(900_000));
        assert_eq!(network.plan(start, &more, 50_000), 0, "the probe comes with the growth after it");
        assert_eq!(network.plan(after(500), &more, 50_000), 1_200_000);
        assert_eq!(network.plan(after(2_900), &more, 50_000), 1_200_000);
        assert_eq!(network.plan(after(3_000), &more, 50_000), 0);
        assert!(!network.estimated(Some(800_000)));
        assert_eq!(network.plan(after(3_500), &more, 50_000), 1_200_000);
        assert_eq!(network.plan(after(4_000), &more, 50_000), 0, "it found more");
        assert_eq!(network.plan(after(9_000), &plan(None), 50_000), 0);
    }

    #[test]
    fn an_estimate_below_what_was_chosen_is_noticed() {
        let mut network = Network::default();
        network.plan(crate::test_now(), &plan(None), 50_000);
        assert!(network.estimated(Some(549_999)) && !network.estimated(Some(550_000)));
        assert!(!network.estimated(None));
        assert_eq!(network.budget_bps(50_000), None);
    }
}
