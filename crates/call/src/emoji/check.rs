//! The state machine of a comparison.

use std::collections::{BTreeMap, VecDeque};

use tangelo_wire::{ClientId, Millis};

use super::{
    Circle, CircleMember,
    list::{EMOJI, places},
    message::{Digest, EmojiMessage, Nonce, RunId},
    view::{Emoji, EmojiBreach, EmojiFailure, EmojiPerson, EmojiProgress, EmojiStep, EmojiView},
};

/// A run takes at most this long, in milliseconds.
pub const RUN_MS: u64 = 10_000;
/// An honest member commits at most once in this time, in milliseconds.
pub const PACE_MS: u64 = 5_000;

/// Why a run cannot be started. The texts are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// There is no group.
    #[error("you are not in the call yet: wait until you are, then compare emoji")]
    NoGroup,
    /// The group has one member.
    #[error("there is nobody to compare emoji with yet")]
    Alone,
    /// One is under way.
    #[error("a comparison of emoji is under way")]
    Busy,
}

/// One client's part in comparing emoji. Messages go in as the log brings them, the own ones included.
#[derive(Debug)]
pub struct EmojiCheck {
    own: ClientId,
    circle: Option<Circle>,
    state: State,
    committed_at: Option<Millis>,
    outbox: VecDeque<EmojiMessage>,
}

#[derive(Debug)]
enum State {
    Idle,
    /// The own `Start` is under way.
    Asking {
        run: RunId,
        since: Millis,
    },
    Running(Run),
    Done {
        run: RunId,
        starter: EmojiPerson,
        emoji: Vec<Emoji>,
    },
    Failed(EmojiFailure),
}

#[derive(Debug)]
struct Run {
    id: RunId,
    epoch: u64,
    starter: EmojiPerson,
    began: Millis,
    nonce: Nonce,
    /// When the own commit goes out, until it has.
    commit_at: Option<Millis>,
    shares: BTreeMap<ClientId, Share>,
}

#[derive(Debug, Default)]
struct Share {
    commit: Option<Digest>,
    reveal: Option<Nonce>,
}

impl EmojiCheck {
    /// For a client that has arrived. It takes part once it has a group.
    #[must_use]
    pub fn new(own: ClientId) -> Self {
        Self { own, circle: None, state: State::Idle, committed_at: None, outbox: VecDeque::new() }
    }

    /// The group has a new epoch, is a new one, or is gone. A rekey disturbs nothing; a change of people ends a run,
    /// and takes back emoji that stood for others.
    pub fn group_changed(&mut self, circle: Option<Circle>) {
        let old = std::mem::replace(&mut self.circle, circle);
        let failure = match (old, &self.circle) {
            (None, _) => return,
            (Some(old), Some(new)) if old.group == new.group => {
                if old.hash() == new.hash() {
                    return;
                }
                EmojiFailure::PeopleChanged {
                    joined: self.missing_from(&old, new),
                    left: self.missing_from(new, &old),
                }
            }
            _ => EmojiFailure::Reconnected {},
        };
        if !matches!(self.state, State::Idle | State::Failed(_)) {
            self.state = State::Failed(failure);
        }
    }

    /// Starts a run. `run` is fresh random bytes.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(&mut self, now: Millis, run: [u8; 16]) -> Result<(), StartError> {
        let circle = self.circle.as_ref().ok_or(StartError::NoGroup)?;
        if circle.members.len() < 2 {
            return Err(StartError::Alone);
        }
        if matches!(self.state, State::Asking { .. } | State::Running(_)) {
            return Err(StartError::Busy);
        }
        let run = RunId(run);
        self.outbox.push_back(EmojiMessage::Start { run, epoch: circle.epoch, members: circle.hash() });
        self.state = State::Asking { run, since: now };
        Ok(())
    }

    /// Gives up the run that is under way, for everyone.
    pub fn cancel(&mut self) {
        if let Some(run) = self.state.under_way() {
            self.outbox.push_back(EmojiMessage::Cancel { run });
            self.state = State::Idle;
        }
    }

    /// Takes a message at its place in the log. `from` is its author as MLS says; the own messages are to be given
    /// too, when the log shows them. `fresh` is 32 fresh random bytes: the own nonce, should a run begin.
    pub fn handle(&mut self, now: Millis, from: ClientId, message: &EmojiMessage, fresh: [u8; 32]) {
        let fresh = Nonce(fresh);
        let Some(author) = self.circle.as_ref().and_then(|circle| circle.member(from)) else { return };
        let author = self.person(author);
        match message {
            EmojiMessage::Start { run, epoch, members } => {
                self.started(now, author, *run, *epoch, *members, fresh);
            }
            EmojiMessage::Commit { run, hash } => self.committed(from, author, *run, *hash),
            EmojiMessage::Reveal { run, nonce } => self.revealed(from, author, *run, nonce),
            EmojiMessage::Cancel { run } => self.cancelled(author, *run),
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Millis) {
        match &mut self.state {
            State::Asking { run, since } if now >= *since + RUN_MS => {
                self.outbox.push_back(EmojiMessage::Cancel { run: *run });
                self.state = State::Failed(EmojiFailure::NotSent {});
            }
            State::Running(run) if now >= run.began + RUN_MS => {
                self.outbox.push_back(EmojiMessage::Cancel { run: run.id });
                let failure = self.silent();
                self.state = State::Failed(failure);
            }
            State::Running(run) if run.commit_at.is_some_and(|at| now >= at) => self.commit(now),
            _ => {}
        }
    }

    /// When [`Self::handle_timeout`] wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Millis> {
        match &self.state {
            State::Asking { since, .. } => Some(*since + RUN_MS),
            State::Running(run) => Some(run.commit_at.unwrap_or(run.began + RUN_MS)),
            _ => None,
        }
    }

    /// The next message to send to the group; call until there is none. Each is to be sent once, in this order.
    pub fn poll_message(&mut self) -> Option<EmojiMessage> {
        self.outbox.pop_front()
    }

    /// What to show.
    #[must_use]
    pub fn view(&self) -> EmojiView {
        match &self.state {
            State::Idle => EmojiView::Idle {},
            State::Asking { .. } => EmojiView::Asking {},
            State::Running(run) => {
                EmojiView::Running { starter: run.starter.clone(), people: self.progress(run) }
            }
            State::Done { starter, emoji, .. } => {
                EmojiView::Done { starter: starter.clone(), emoji: emoji.clone() }
            }
            State::Failed(reason) => EmojiView::Failed { reason: reason.clone() },
        }
    }

    /// The first `Start` in the log wins; one that comes while a run is under way is nobody's business.
    fn started(
        &mut self,
        now: Millis,
        starter: EmojiPerson,
        id: RunId,
        epoch: u64,
        members: Digest,
        nonce: Nonce,
    ) {
        let Some(circle) = &self.circle else { return };
        let same = circle.hash() == members && epoch <= circle.epoch && circle.members.len() > 1;
        if !same || matches!(self.state, State::Running(_)) {
            return;
        }
        let commit_at = self.committed_at.map_or(now, |last| (last + PACE_MS).max(now));
        let shares = circle.members.iter().map(|member| (member.client, Share::default())).collect();
        let commit_at = Some(commit_at);
        self.state = State::Running(Run { id, epoch, starter, began: now, nonce, commit_at, shares });
        self.handle_timeout(now);
    }

    fn commit(&mut self, now: Millis) {
        let (State::Running(run), Some(circle)) = (&mut self.state, &self.circle) else { return };
        run.commit_at = None;
        self.committed_at = Some(now);
        let hash = circle.commitment(run.id, self.own, &run.nonce);
        self.outbox.push_back(EmojiMessage::Commit { run: run.id, hash });
    }

    fn committed(&mut self, from: ClientId, author: EmojiPerson, id: RunId, hash: Digest) {
        let Some(run) = self.state.run_mut(id) else { return };
        let Some(share) = run.shares.get_mut(&from) else { return };
        match share.commit {
            None => share.commit = Some(hash),
            Some(first) if first == hash => return,
            Some(_) => return self.broken(author, EmojiBreach::SecondCommit),
        }
        if run.all_committed() {
            let nonce = run.nonce.clone();
            self.outbox.push_back(EmojiMessage::Reveal { run: id, nonce });
        }
    }

    fn revealed(&mut self, from: ClientId, author: EmojiPerson, id: RunId, nonce: &Nonce) {
        let Some(circle) = &self.circle else { return };
        let expected = circle.commitment(id, from, nonce);
        let Some(run) = self.state.run_mut(id) else { return };
        let early = !run.all_committed();
        let Some(share) = run.shares.get_mut(&from) else { return };
        if early {
            return self.broken(author, EmojiBreach::EarlyReveal);
        }
        if share.commit != Some(expected) {
            return self.broken(author, EmojiBreach::OtherReveal);
        }
        share.reveal = Some(nonce.clone());
        if run.shares.values().all(|share| share.reveal.is_some()) {
            self.finish();
        }
    }

    fn finish(&mut self) {
        let (State::Running(run), Some(circle)) = (&self.state, &self.circle) else { return };
        let nonces: Vec<_> =
            run.shares.iter().filter_map(|(client, share)| Some((*client, share.reveal.as_ref()?))).collect();
        let hash = circle.outcome(run.id, run.epoch, nonces.into_iter());
        let emoji = places(&hash)
            .filter_map(|place| {
                let (symbol, word) = EMOJI.get(place)?;
                let place = u8::try_from(place).ok()?;
                Some(Emoji { place, symbol: (*symbol).to_owned(), word: (*word).to_owned() })
            })
            .collect();
        self.state = State::Done { run: run.id, starter: run.starter.clone(), emoji };
    }

    /// Who gives up did not see the emoji: then nobody shall think that everyone did.
    fn cancelled(&mut self, by: EmojiPerson, id: RunId) {
        if matches!(&self.state, State::Running(Run { id: run, .. }) | State::Done { run, .. } if *run == id)
        {
            self.state = State::Failed(EmojiFailure::Cancelled { by });
        }
    }

    fn broken(&mut self, by: EmojiPerson, how: EmojiBreach) {
        self.state = State::Failed(EmojiFailure::Broken { by, how });
    }

    /// Who kept the run from its end.
    fn silent(&self) -> EmojiFailure {
        let State::Running(run) = &self.state else { return EmojiFailure::Reconnected {} };
        let wanted = if run.all_committed() { EmojiStep::Revealed } else { EmojiStep::Committed };
        let late = self.progress(run).into_iter().filter(|progress| progress.step != wanted);
        EmojiFailure::Missing { people: late.map(|progress| progress.person).collect() }
    }

    fn progress(&self, run: &Run) -> Vec<EmojiProgress> {
        let Some(circle) = &self.circle else { return Vec::new() };
        let mut people: Vec<_> = circle
            .members
            .iter()
            .map(|member| {
                let step = run.shares.get(&member.client).map_or(EmojiStep::Silent, Share::step);
                EmojiProgress { person: self.person(member), step }
            })
            .collect();
        people.sort_by_key(|progress| !progress.person.own);
        people
    }

    /// Who of `those` is not in `circle`.
    fn missing_from(&self, circle: &Circle, those: &Circle) -> Vec<EmojiPerson> {
        let missing = those.members.iter().filter(|member| circle.member(member.client).is_none());
        missing.map(|member| self.person(member)).collect()
    }

    fn person(&self, member: &CircleMember) -> EmojiPerson {
        EmojiPerson {
            client: member.client.to_string(),
            name: member.name.clone(),
            own: member.client == self.own,
        }
    }
}

impl State {
    fn run_mut(&mut self, id: RunId) -> Option<&mut Run> {
        match self {
            Self::Running(run) if run.id == id => Some(run),
            _ => None,
        }
    }

    fn under_way(&self) -> Option<RunId> {
        match self {
            Self::Asking { run, .. } | Self::Running(Run { id: run, .. }) => Some(*run),
            _ => None,
        }
    }
}

impl Run {
    fn all_committed(&self) -> bool {
        self.shares.values().all(|share| share.commit.is_some())
    }
}

impl Share {
    fn step(&self) -> EmojiStep {
        match self {
            Self { reveal: Some(_), .. } => EmojiStep::Revealed,
            Self { commit: Some(_), .. } => EmojiStep::Committed,
            _ => EmojiStep::Silent,
        }
    }
}
