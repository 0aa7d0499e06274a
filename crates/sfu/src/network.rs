//! What is known of the network towards one receiver, and when to look for room for more.

use std::time::{Duration, Instant};

use crate::budget::{Plan, RAISE_PERCENT};

/// What a network is taken to carry until that is estimated, in bit/s.
pub(crate) const START_BPS: u64 = 1_000_000;

/// The estimate while there are no pictures to be sent. str0m pads whatever is sent up to 50 kbit/s or the estimate, so that it has
/// something to estimate by: in an audio call that is more than the sound, for nothing.
pub(crate) const RESTING_BPS: u64 = 1_000;

/// While a receiver gets less than its screen has room for, its network is probed this often.
const PROBE_EVERY: Duration = Duration::from_secs(3);
/// The next probe comes sooner if the last one found so many hundredths of the estimate before it.
const PROBE_SOON: Duration = Duration::from_millis(750);
const FOUND_PERCENT: u64 = 130;

/// An estimate that nothing has confirmed and that has not changed for so long, while more was wanted, is none any more.
const BELIEVED: Duration = Duration::from_secs(3);

/// The network towards a receiver.
#[derive(Debug, Default)]
pub(crate) struct Network {
    /// In bit/s; `None` where it cannot be estimated.
    estimate_bps: Option<u64>,
    /// What was chosen for it last, sound included, in bit/s.
    planned_bps: u64,
    /// When it was probed last, and the estimate before that.
    probed: Option<(Instant, Option<u64>)>,
    /// Whether there were pictures to be sent and are none any more, so that the estimate does not matter.
    rests: bool,
    /// Since when the estimate is the same while something is left out, in bit/s.
    unchanged: Option<(Instant, u64)>,
    /// Whether it began and nothing was desired of it yet.
    fresh: bool,
}

impl Network {
    /// Another estimate. Returns whether less than what was chosen for it has room.
    pub(crate) fn estimated(&mut self, bps: Option<u64>) -> bool {
        self.estimate_bps = bps;
        !self.rests && bps.is_some_and(|bps| bps < self.planned_bps)
    }

    /// Whether the estimate grew while it does not matter: str0m's is to go back to [`RESTING_BPS`].
    pub(crate) fn stirs(&self) -> bool {
        self.rests && self.estimate_bps.is_some_and(|bps| bps > RESTING_BPS)
    }

    /// There are pictures to be sent, or none any more. Returns where str0m's estimate is to begin anew, in bit/s, if that is news.
    pub(crate) fn has_pictures(&mut self, has_them: bool) -> Option<u64> {
        if self.rests != has_them {
            return None;
        }
        (self.rests, self.planned_bps) = (!has_them, 0);
        let begins = if has_them { START_BPS } else { RESTING_BPS };
        self.begin(begins);
        Some(begins)
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
            if !std::mem::take(&mut self.fresh) {
                return 0;
            }
        }
        (plan.desired_bps.saturating_mul(RAISE_PERCENT) / 100).saturating_add(sound_bps)
    }

    /// Whether str0m's estimate is to begin anew at [`START_BPS`]; to be asked before [`Self::plan`].
    ///
    /// str0m probes only once what it was fed back shows neither loss nor a growing delay. Where nothing is sent, nothing is fed
    /// back: what is too low then is so for good.
    pub(crate) fn begins_anew(&mut self, now: Instant, plan: &Plan) -> bool {
        let Some(estimate) = self.estimate_bps.filter(|_| plan.next_bps.is_some()) else {
            self.unchanged = None;
            return false;
        };
        let (since, before) = *self.unchanged.get_or_insert((now, estimate));
        if before != estimate {
            self.unchanged = Some((now, estimate));
            return false;
        }
        if self.planned_bps > 0 || now.saturating_duration_since(since) < BELIEVED {
            return false;
        }
        self.begin(START_BPS);
        true
    }

    /// Nothing is known but what is assumed. An estimator that begins probes as soon as something is desired.
    fn begin(&mut self, bps: u64) {
        (self.unchanged, self.probed, self.fresh) = (None, None, true);
        self.estimate_bps = self.estimate_bps.map(|_| bps);
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
    fn an_estimate_that_nothing_confirms_is_given_up() {
        let start = crate::test_now();
        let mut network = Network::default();
        let mut at = |seconds, bps: Option<u64>, plan: &Plan| {
            network.estimated(bps);
            let now = start + Duration::from_secs(seconds);
            let begins = network.begins_anew(now, plan);
            (begins, network.plan(now, plan, 0))
        };
        let (nothing, more) = (Plan { planned_bps: 0, ..plan(Some(900_000)) }, plan(Some(900_000)));
        let all = 1_150_000;
        assert_eq!(at(0, Some(40), &nothing), (false, 0));
        assert_eq!(at(2, Some(40), &nothing), (false, all));
        assert_eq!(at(3, Some(50), &nothing), (false, 0));
        assert_eq!(at(5, Some(50), &nothing), (false, all));
        assert_eq!(at(6, Some(50), &nothing), (true, all), "it is probed at once");
        assert!(!at(7, Some(700), &more).0 && !at(16, Some(700), &more).0, "something is sent");
        assert!(!at(17, Some(50), &nothing).0 && !at(19, Some(50), &plan(None)).0);
        assert!(!at(20, Some(50), &nothing).0, "nothing was left out meanwhile");
        assert!(!at(50, None, &nothing).0 && !at(60, None, &nothing).0);
    }

    #[test]
    fn an_estimate_below_what_was_chosen_is_noticed() {
        let mut network = Network::default();
        assert!(network.has_pictures(true).is_none() && !network.stirs());
        assert_eq!(network.has_pictures(false), Some(RESTING_BPS));
        assert!(!network.estimated(Some(5_000)) && network.stirs(), "without pictures it does not matter");
        assert_eq!(network.has_pictures(true), Some(START_BPS));
        assert_eq!((network.has_pictures(true), network.budget_bps(0)), (None, Some(START_BPS)));
        network.plan(crate::test_now(), &plan(None), 50_000);
        assert!(network.estimated(Some(549_999)) && !network.estimated(Some(550_000)));
        assert!(!network.estimated(None));
        assert_eq!(network.budget_bps(50_000), None);
    }
}
