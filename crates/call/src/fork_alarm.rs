//! Fork alarm: members compare what they see, so that a server that shows them different rooms is noticed.
//!
//! Three things are compared: the room's log and state, inside MLS messages; fork tags, signed and in the open, which
//! members of two forks can read; and whether messages can be read at all. A difference that lasts for
//! [`JUDGE_MS`] is an alarm: who is not with the majority arrives anew, the others are told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tangelo_e2ee::group::ForkTag;
use tangelo_wire::{ClientId, ForkCheck, LogId, Millis, Mistake, Seq, made};

use crate::room_state::Digest;

/// How often a member compares in a small call, in milliseconds.
const PERIOD_MS: u64 = 10_000;
/// The same for each member of a large one.
const PERIOD_MEMBER_MS: u64 = 500;
/// How long a difference must last, in milliseconds: the log may be on its way, and others be heard.
pub(crate) const JUDGE_MS: u64 = 3_000;
/// At most one comparison out of turn in this time, in milliseconds.
const URGENT_MS: u64 = 5_000;
/// Most places of the log that are remembered.
const STATES_MAX: usize = 1_024;
/// Most epochs that are remembered.
const EPOCHS_MAX: usize = 64;

/// How often a member of a group of this size compares, in milliseconds.
pub(crate) fn period_ms(members: usize) -> u64 {
    PERIOD_MS.max(PERIOD_MEMBER_MS.saturating_mul(members as u64))
}

/// After how long without a word a member counts as silent, in milliseconds.
fn silence_ms(members: usize) -> u64 {
    period_ms(members).saturating_mul(5) / 4
}

/// A place in a log and what its reader saw up to there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) log_id: LogId,
    pub(crate) seq: Seq,
    pub(crate) digest: Digest,
}

/// One thing that was compared with a member: when, and whether it agreed.
type Compared = Option<(Millis, bool)>;

#[derive(Debug, Default)]
struct Opinion {
    log: Compared,
    group: Compared,
    /// A check of an epoch that is not known here yet.
    ahead: Option<ForkCheck>,
    /// When it was last heard inside the group.
    heard: Option<Millis>,
}

impl Opinion {
    fn compared(&self) -> impl Iterator<Item = (Millis, bool)> {
        [self.log, self.group].into_iter().flatten()
    }

    fn differs_since(&self) -> Option<Millis> {
        self.compared().filter(|(_, agrees)| !agrees).map(|(at, _)| at).min()
    }

    fn agrees(&self) -> bool {
        self.differs_since().is_none() && self.compared().any(|(_, agrees)| agrees)
    }
}

#[derive(Clone, Copy, Debug)]
struct Epoch {
    number: u64,
    began: Seq,
    tag: ForkTag,
}

/// What an alarm comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The others are not in the state that this member is in: it must arrive anew.
    Alone,
    /// These members are not in the state that this member and most others are in.
    Others(Vec<ClientId>),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct ForkAlarm {
    own: ClientId,
    log_id: LogId,
    states: VecDeque<(Seq, Digest)>,
    epochs: VecDeque<Epoch>,
    opinions: BTreeMap<ClientId, Opinion>,
    /// Whom an alarm was about, for as long as they differ.
    shown: BTreeSet<ClientId>,
    urgent_at: Option<Millis>,
    /// Whether others should hear this member's view soon.
    urgent: bool,
}

impl ForkAlarm {
    pub(crate) fn new(own: ClientId, log_id: LogId, seq: Seq, digest: Digest) -> Self {
        Self {
            own,
            log_id,
            states: VecDeque::from([(seq, digest)]),
            epochs: VecDeque::new(),
            opinions: BTreeMap::new(),
            shown: BTreeSet::new(),
            urgent_at: None,
            urgent: false,
        }
    }

    /// What this member sees, for its messages.
    pub(crate) fn view(&self) -> Option<View> {
        let (seq, digest) = *self.states.back()?;
        Some(View { log_id: self.log_id, seq, digest })
    }

    /// An entry was taken.
    pub(crate) fn advanced(&mut self, seq: Seq, digest: Digest) {
        self.states.push_back((seq, digest));
        if self.states.len() > STATES_MAX {
            self.states.pop_front();
        }
    }

    /// An epoch began. Checks that came before it are judged now.
    pub(crate) fn epoch_began(&mut self, now: Millis, number: u64, began: Seq, tag: ForkTag) {
        self.epochs.push_back(Epoch { number, began, tag });
        if self.epochs.len() > EPOCHS_MAX {
            self.epochs.pop_front();
        }
        let early: Vec<_> = self
            .opinions
            .iter_mut()
            .filter_map(|(client, opinion)| {
                let check = opinion.ahead.take_if(|check| check.epoch <= number)?;
                // Being ahead was no fault of either.
                opinion.group = None;
                Some((*client, check))
            })
            .collect();
        for (client, check) in early {
            self.settle(client);
            self.checked(now, client, &check);
        }
    }

    /// Forgets who is not a present member any more.
    pub(crate) fn retain(&mut self, present_member: impl Fn(ClientId) -> bool) {
        self.opinions.retain(|client, _| present_member(*client));
        self.shown.retain(|client| present_member(*client));
    }

    /// A member entered or said something that only a member in this state can say.
    pub(crate) fn heard(&mut self, now: Millis, client: ClientId) {
        self.opinions.entry(client).or_default().heard = Some(now);
    }

    /// A member's message was read: it shares the keys, and may say what it saw of the log. `place` is the message's own.
    pub(crate) fn told(&mut self, now: Millis, client: ClientId, place: Seq, view: Option<View>) {
        let agrees = view.and_then(|view| self.agrees(place, view));
        let opinion = self.opinions.entry(client).or_default();
        opinion.heard = Some(now);
        opinion.group = Some((now, true));
        opinion.ahead = None;
        // A place before the own snapshot says nothing.
        if let Some(agrees) = agrees {
            opinion.log = Some(renew(opinion.log, now, agrees));
        }
        self.settle(client);
        self.note_urgent(now, agrees == Some(false));
    }

    /// Whether somebody saw what this member saw; `None` if that is not known here any more.
    fn agrees(&self, place: Seq, view: View) -> Option<bool> {
        if made(Mistake::AlarmByEpochOnly) || made(Mistake::LogNotCompared) {
            return Some(true);
        }
        if view.log_id != self.log_id || view.seq >= place {
            return Some(false);
        }
        let known = self.states.iter().rev().find(|(seq, _)| *seq == view.seq);
        known.map(|(_, digest)| *digest == view.digest)
    }

    /// A member's signed check. A check with a wrong signature counts as [`ForkAlarm::unreadable`]. Returns whether it
    /// agrees with the current epoch.
    pub(crate) fn checked(&mut self, now: Millis, client: ClientId, check: &ForkCheck) -> bool {
        let newest = self.epochs.back().map_or(0, |epoch| epoch.number);
        let opinion = self.opinions.entry(client).or_default();
        if check.epoch > newest {
            opinion.group = Some(renew(opinion.group, now, false));
            opinion.ahead = Some(check.clone());
            return false;
        }
        let Some(epoch) = self.epochs.iter().find(|epoch| epoch.number == check.epoch) else { return false };
        let sees_the_same = epoch.began == check.seq && epoch.tag.is_in(check);
        let agrees = sees_the_same || made(Mistake::AlarmByEpochOnly);
        opinion.group = Some(renew(opinion.group, now, agrees));
        opinion.ahead = None;
        self.settle(client);
        self.note_urgent(now, !agrees);
        agrees && check.epoch == newest
    }

    /// Something of a member could not be read in this state of the group.
    pub(crate) fn unreadable(&mut self, now: Millis, client: ClientId) {
        if made(Mistake::AlarmByEpochOnly) {
            return;
        }
        let opinion = self.opinions.entry(client).or_default();
        opinion.group = Some(renew(opinion.group, now, false));
        self.note_urgent(now, true);
    }

    /// Whether others should hear at once what this member sees. Asked once, then it is done.
    pub(crate) fn take_urgent(&mut self) -> bool {
        std::mem::take(&mut self.urgent)
    }

    /// Whether a member has not been heard for long. `members` is how many there are.
    pub(crate) fn is_silent(&self, now: Millis, client: ClientId, members: usize) -> bool {
        let heard = self.opinions.get(&client).and_then(|opinion| opinion.heard);
        client != self.own && heard.is_some_and(|heard| now.since(heard) > silence_ms(members))
    }

    /// Whether a member was found to be in another state than this one.
    pub(crate) fn is_elsewhere(&self, client: ClientId) -> bool {
        self.shown.contains(&client)
            && self.opinions.get(&client).is_some_and(|opinion| opinion.differs_since().is_some())
    }

    /// When [`ForkAlarm::judge`] may have something to say, if nothing is compared before that.
    pub(crate) fn poll_timeout(&self) -> Option<Millis> {
        let open = self.opinions.iter().filter(|(client, _)| !self.shown.contains(client));
        open.filter_map(|(_, opinion)| opinion.differs_since()).min().map(|since| since + JUDGE_MS)
    }

    /// Judges what has differed for long enough. To be called after every comparison, too: that this member is alone
    /// may come out while everyone who differs has been named already.
    pub(crate) fn judge(&mut self, now: Millis) -> Option<Alarm> {
        let differences =
            self.opinions.iter().filter_map(|(client, opinion)| Some((*client, opinion.differs_since()?)));
        let (differ, since): (Vec<ClientId>, Vec<Millis>) = differences.unzip();
        if since.into_iter().min()? + JUDGE_MS > now {
            return None;
        }
        let agree = self.opinions.values().filter(|opinion| opinion.agrees()).count();
        // This member itself agrees. In a tie both sides go, and meet again in one group.
        if differ.len() > agree {
            return Some(Alarm::Alone);
        }
        let fresh: Vec<_> = differ.into_iter().filter(|client| self.shown.insert(*client)).collect();
        (!fresh.is_empty()).then_some(Alarm::Others(fresh))
    }

    /// Who agrees again may be named again.
    fn settle(&mut self, client: ClientId) {
        if self.opinions.get(&client).is_none_or(|opinion| opinion.differs_since().is_none()) {
            self.shown.remove(&client);
        }
    }

    /// Differences count from now on.
    pub(crate) fn judge_later(&mut self, now: Millis) {
        for opinion in self.opinions.values_mut() {
            for (since, agrees) in [&mut opinion.log, &mut opinion.group].into_iter().flatten() {
                if !*agrees {
                    *since = now;
                }
            }
        }
    }

    fn note_urgent(&mut self, now: Millis, differs: bool) {
        if differs && self.urgent_at.is_none_or(|at| now.since(at) >= URGENT_MS) {
            self.urgent_at = Some(now);
            self.urgent = true;
        }
    }
}

/// A difference counts from when it was first seen.
fn renew(before: Compared, now: Millis, agrees: bool) -> (Millis, bool) {
    match before {
        Some((since, false)) if !agrees => (since, false),
        _ => (now, agrees),
    }
}
