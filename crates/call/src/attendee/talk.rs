//! What this member says inside the group and what it heard: queues, and the memory of what each member shows.

use std::collections::{BTreeMap, VecDeque};

use tangelo_e2ee::HostProof;
use tangelo_wire::{Bytes, ClientId, Millis, Seq, Transcript};

use crate::content::{ACTIVITY_MAX, Content, MemberState, SaidState};

/// Most contents that wait to be sent; more are refused to the page.
const OUTBOX_MAX: usize = 100;
/// Most posted messages that have not come back.
const POSTED_MAX: usize = 16;
/// Most messages remembered, to know a repetition by: those of the resume window, in the largest room.
const SEEN_MAX: usize = 1_024;
/// At most so many messages in so many milliseconds: a little less than servers allow, so that none is refused and
/// all keep their order.
const PACE: (usize, u64) = (20, 2_500);

/// A message whose place in the log is not known yet.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) post: u32,
    /// The epoch that it was sealed in.
    pub(super) epoch: u64,
    pub(super) sealed_at: Millis,
    pub(super) bytes: Bytes,
    pub(super) saying: Saying,
}

/// Something to say, with its place among all that this client says; the state has none.
#[derive(Debug)]
pub(super) struct Saying {
    place: Option<u64>,
    pub(super) content: Content,
}

/// What a member shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) state: MemberState,
    /// The message that raised its hand: who raised first, speaks first.
    pub(crate) hand_raised_at: Option<Seq>,
    /// Whether it has shown that it is a host.
    pub(crate) host: bool,
}

/// Something that was said to everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) client: ClientId,
    pub(crate) seq: Seq,
    pub(crate) content: Content,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Talk {
    own: MemberState,
    /// Shows the others that this client is a host, if it is.
    host: Option<HostProof>,
    /// When the own state is to be told, changed or not.
    state_at: Option<Millis>,
    /// When the next notice of how loudly the person spoke is due, where such are sent.
    notice_at: Option<Millis>,
    /// The loudest since the last notice.
    loudest: u8,
    outbox: BTreeMap<u64, Content>,
    /// How much was ever put into the outbox.
    places: u64,
    /// When the last messages were taken out.
    taken: VecDeque<Millis>,
    posted: VecDeque<Posted>,
    seen: VecDeque<[u8; 32]>,
    not_before: Millis,
    shown: BTreeMap<ClientId, Shown>,
    heard: Vec<Heard>,
}

impl Talk {
    /// Begins with what an earlier client of this session had not said yet.
    pub(super) fn new(own: MemberState, host: Option<HostProof>, unsaid: Vec<Content>) -> Self {
        let mut talk = Self { own, host, ..Self::default() };
        for content in unsaid {
            talk.say(content);
        }
        talk
    }

    /// Queues something to say. Returns whether there was room.
    pub(super) fn say(&mut self, content: Content) -> bool {
        let room = self.outbox.len() < OUTBOX_MAX;
        if room {
            self.outbox.insert(self.places, content);
            self.places += 1;
        }
        room
    }

    /// The own state changed.
    pub(super) fn set_state(&mut self, now: Millis, state: MemberState) {
        if self.own != state {
            self.own = state;
            self.tell_state_by(now);
        }
    }

    /// The own state is to be told at this time, if not before.
    pub(super) fn tell_state_by(&mut self, at: Millis) {
        self.state_at = Some(self.state_at.map_or(at, |before| before.min(at)));
    }

    pub(super) fn own(&self) -> MemberState {
        self.own
    }

    /// The person spoke so loudly. A muted person is not heard.
    pub(super) fn spoke(&mut self, level: u8) {
        if self.own.microphone && self.sends_notices() {
            self.loudest = self.loudest.max(level.min(ACTIVITY_MAX));
        }
    }

    pub(super) fn sends_notices(&self) -> bool {
        self.notice_at.is_some()
    }

    /// Notices are sent from now on, the first at this time.
    pub(super) fn send_notices(&mut self, at: Millis) {
        self.notice_at = Some(at);
    }

    pub(super) fn stop_notices(&mut self) {
        (self.notice_at, self.loudest) = (None, 0);
    }

    /// When [`Talk::next`] has something.
    pub(super) fn due(&self) -> Option<Millis> {
        if self.posted.len() >= POSTED_MAX {
            return None;
        }
        let outbox = (!self.outbox.is_empty()).then_some(Millis(0));
        let at = [self.state_at, self.notice_at, outbox].into_iter().flatten().min()?;
        let (most, within_ms) = PACE;
        let first = self.taken.front().filter(|_| self.taken.len() >= most);
        let pace = first.map_or(Millis(0), |first| *first + within_ms);
        Some(at.max(self.not_before).max(pace))
    }

    /// What to say next. `again_ms` is when the state is to be told again, if it is told now, `notices_ms` how often notices
    /// are sent.
    pub(super) fn next(&mut self, now: Millis, again_ms: u64, notices_ms: u64) -> Option<Saying> {
        if self.due().is_none_or(|due| due > now) {
            return None;
        }
        self.taken.push_back(now);
        if self.taken.len() > PACE.0 {
            self.taken.pop_front();
        }
        if self.state_at.is_some_and(|at| at <= now) {
            self.state_at = Some(now + again_ms);
            return Some(Saying { place: None, content: self.state() });
        }
        if let Some(due) = self.notice_at.filter(|at| *at <= now) {
            let next = due + notices_ms;
            self.notice_at = Some(if next > now { next } else { now + notices_ms });
            let level = std::mem::take(&mut self.loudest);
            return Some(Saying { place: None, content: Content::Activity { level } });
        }
        let (place, content) = self.outbox.pop_first()?;
        Some(Saying { place: Some(place), content })
    }

    fn state(&self) -> Content {
        Content::State(SaidState::new(self.own, self.host.clone()))
    }

    pub(super) fn posted(&mut self, posted: Posted) {
        self.posted.push_back(posted);
    }

    /// What to post again after a resume, byte for byte: a repetition is known as one.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = (u32, Bytes)> {
        self.posted.iter().map(|posted| (posted.post, posted.bytes.clone()))
    }

    /// The server refused a post. It will never stand in the log, so its content is said anew, not before `at`.
    pub(super) fn refused(&mut self, post: u32, at: Option<Millis>) -> bool {
        let Some(index) = self.posted.iter().position(|posted| posted.post == post) else { return false };
        let posted = self.posted.remove(index);
        if let (Some(at), Some(posted)) = (at, posted) {
            self.not_before = at;
            self.again(at, posted.saying);
        }
        true
    }

    /// The own message came back in the log.
    pub(super) fn settle(&mut self, bytes: &Bytes) -> Option<Posted> {
        let index = self.posted.iter().position(|posted| posted.bytes == *bytes)?;
        self.posted.remove(index)
    }

    /// Says something once more, in its old place.
    pub(super) fn again(&mut self, now: Millis, Saying { place, content }: Saying) {
        match (place, content) {
            (Some(place), content) => {
                self.outbox.insert(place, content);
            }
            // The next one tells it.
            (None, Content::Activity { level }) => self.spoke(level),
            (None, _) => self.tell_state_by(now),
        }
    }

    /// Everything that was not said for certain, for the next client of this session.
    pub(super) fn into_unsaid(self) -> Vec<Content> {
        let posted = self.posted.into_iter().map(|posted| posted.saying.content);
        let chat = |content: &Content| matches!(content, Content::Chat { .. });
        posted.chain(self.outbox.into_values()).filter(chat).collect()
    }

    /// Whether exactly this message stood in the log before.
    pub(super) fn is_repeated(&mut self, bytes: &Bytes) -> bool {
        let hash = Transcript::new("Tangelo 1.0 Message").field(bytes.as_slice()).sha256();
        let repeated = self.seen.contains(&hash);
        if !repeated {
            self.seen.push_back(hash);
            if self.seen.len() > SEEN_MAX {
                self.seen.pop_front();
            }
        }
        repeated
    }

    /// A member said something, the own client included; `host` if it has shown that it is a host.
    pub(super) fn hear(&mut self, client: ClientId, seq: Seq, content: Content, host: bool) {
        let Content::State(said) = content else {
            return self.heard.push(Heard { client, seq, content });
        };
        let state = said.shown();
        let before = self.shown.get(&client).and_then(|shown| shown.hand_raised_at);
        let hand_raised_at = state.hand_raised.then(|| before.unwrap_or(seq));
        self.shown.insert(client, Shown { state, hand_raised_at, host });
    }

    pub(super) fn shown(&self, client: ClientId) -> Option<Shown> {
        self.shown.get(&client).copied()
    }

    pub(super) fn forget(&mut self, client: ClientId) {
        self.shown.remove(&client);
    }

    pub(super) fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }
}
