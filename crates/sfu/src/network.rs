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

/// One that has not changed for so long though something was sent and more was wanted: str0m does not probe, as with a little loss, and
/// would not for good. An estimator that begins does.
const HELD: Duration = Duration::from_secs(6);

/// Who has had no picture for so long gets one in spite of the estimate, if that is not too far from it: what a probe finds where
/// nothing else is sent may be far too low. The pause before the next try is twice as long each time.
const TRY_AFTER: Duration = Duration::from_secs(6);
const TRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// What is still there after so long was no mistake.
const TRIED: Duration = Duration::from_secs(12);
/// Of the estimate, in hundredths.
const TRIED_PERCENT: u64 = 300;

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
    tries: Tries,
}

/// Sending a picture though the estimate has no room for any.
#[derive(Debug)]
struct Tries {
    /// Since when nothing is sent of what there is.
    starved: Option<Instant>,
    /// The last one, and what it takes in bit/s.
    tried: Option<(Instant, u64)>,
    /// How long to wait for the next.
    wait: Duration,
}

impl Default for Tries {
    fn default() -> Self {
        Self { starved: None, tried: None, wait: TRY_AFTER }
    }
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

    /// Where str0m's estimate is to begin anew, in bit/s, if it is to; to be asked before [`Self::plan`].
    ///
    /// str0m probes only once what it was fed back shows neither loss nor a growing delay. Where nothing is sent, nothing is fed
    /// back: what is too low then is so for good.
    pub(crate) fn begins_anew(&mut self, now: Instant, plan: &Plan, sound_bps: u64) -> Option<u64> {
        let left_out = self.estimate_bps.zip(plan.next_bps);
        self.tries.judge(now, left_out.map(|(estimate, _)| estimate));
        let Some((estimate, next)) = left_out else {
            (self.unchanged, self.tries.starved) = (None, None);
            return None;
        };
        let (since, before) = *self.unchanged.get_or_insert((now, estimate));
        let since = if before == estimate { since } else { now };
        self.unchanged = Some((since, estimate));
        let needs = (next.saturating_mul(RAISE_PERCENT) / 100).saturating_add(sound_bps);
        let may_try = needs <= estimate.saturating_mul(TRIED_PERCENT) / 100;
        let passed = now.saturating_duration_since(since);
        let bps = if self.tries.is_due(now, plan.planned_bps == 0) && may_try {
            self.tries.note(now, needs);
            needs
        } else if self.planned_bps == 0 && passed >= BELIEVED {
            START_BPS
        } else if plan.planned_bps > 0 && passed >= HELD {
            estimate
        } else {
            return None;
        };
        self.begin(bps);
        Some(bps)
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

impl Tries {
    /// Whether it is time for one.
    fn is_due(&mut self, now: Instant, starves: bool) -> bool {
        self.starved = if starves { self.starved.or(Some(now)) } else { None };
        self.starved.is_some_and(|since| now.saturating_duration_since(since) >= self.wait)
    }

    fn note(&mut self, now: Instant, bps: u64) {
        (self.starved, self.tried) = (None, Some((now, bps)));
        self.wait = self.wait.saturating_mul(2).min(TRY_AFTER_MAX);
    }

    /// Looks what has become of the last one. `estimate` is none if nothing is left out.
    fn judge(&mut self, now: Instant, estimate: Option<u64>) {
        let Some((_, bps)) = self.tried.filter(|(at, _)| now.saturating_duration_since(*at) >= TRIED) else {
            return;
        };
        self.tried = None;
        if estimate.is_none_or(|estimate| estimate >= bps) {
            self.wait = TRY_AFTER;
        }
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
            let begins = network.begins_anew(now, plan, 0).is_some();
            (begins, network.plan(now, plan, 0))
        };
        let (nothing, more) = (Plan { planned_bps: 0, ..plan(Some(900_000)) }, plan(Some(900_000)));
        let all = 1_150_000;
        assert_eq!(at(0, Some(40), &nothing), (false, 0));
        assert_eq!(at(2, Some(40), &nothing), (false, all));
        assert_eq!(at(3, Some(50), &nothing), (false, 0));
        assert_eq!(at(5, Some(50), &nothing), (false, all));
        assert_eq!(at(6, Some(50), &nothing), (true, all), "it is probed at once");
        assert!(!at(7, Some(700), &more).0 && !at(12, Some(700), &more).0, "something is sent");
        assert!(!at(17, Some(50), &nothing).0 && !at(19, Some(50), &plan(None)).0);
        assert!(!at(20, Some(50), &nothing).0, "nothing was left out meanwhile");
        assert!(!at(50, None, &nothing).0 && !at(60, None, &nothing).0);
    }

    #[test]
    fn who_gets_no_picture_for_long_is_sent_one_in_spite_of_the_estimate_and_again_ever_later() {
        let start = crate::test_now();
        let starved = Plan { planned_bps: 0, ..plan(Some(1_000_000)) };
        let tries = |network: &mut Network, seconds: std::ops::Range<u64>, sent_for: u64| {
            let mut tried: Vec<u64> = Vec::new();
            for second in seconds {
                // Probes find something else each time, and too little.
                network.estimated(Some(500_000 + second % 3));
                let sent = tried.last().is_some_and(|at| second - at <= sent_for);
                let plan = if sent { plan(None) } else { starved.clone() };
                if let Some(bps) = network.begins_anew(start + Duration::from_secs(second), &plan, 30_000) {
                    assert_eq!(bps, 1_180_000);
                    tried.push(second);
                }
            }
            tried
        };
        let mut network = Network::default();
        assert_eq!(tries(&mut network, 0..200, 2), [6, 21, 48, 99, 162], "each time it fails after 2 s");
        assert_eq!(
            tries(&mut Network::default(), 0..60, 13),
            [6, 26, 46],
            "what was sent for long was right"
        );
        network.estimated(Some(300_000));
        assert_eq!(
            network.begins_anew(start + Duration::from_secs(900), &starved, 0),
            None,
            "too far from it"
        );
    }

    #[test]
    fn an_estimate_that_stays_where_it_is_is_looked_into() {
        let start = crate::test_now();
        let more = plan(Some(1_500_000));
        let mut network = Network::default();
        let mut at = |seconds, bps| {
            network.estimated(Some(bps));
            let now = start + Duration::from_secs(seconds);
            let begins = network.begins_anew(now, &more, 0);
            (begins, network.plan(now, &more, 0))
        };
        assert_eq!((at(0, 1_000_000), at(1, 1_000_000).0, at(5, 1_000_000).0), ((None, 0), None, None));
        assert_eq!(at(6, 1_000_000), (Some(1_000_000), 1_150_000), "it is probed at once");
        assert_eq!((at(11, 1_100_000).0, at(16, 1_100_000).0), (None, None));
        assert_eq!(at(17, 1_100_000).0, Some(1_100_000));
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
