//! A client that is present in the room: it follows the log, founds, enters, commits, and speaks.

mod carried_lock;
mod follow;
mod gate;
mod hosting;
#[cfg(feature = "insider")]
mod insider;
mod inspect;
#[cfg(feature = "insider")]
mod look;
mod post;
mod rekey;
mod sound;
mod talk;
mod watch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tangelo_e2ee::{
    Applicant, Error, RoomContext, Rule, candidate::Candidate, committer::Turns, group::Group,
    presence::Presence, random_bytes,
};
use tangelo_wire::{
    Bytes, ClientId, ErrorCode, GroupId, Millis, Post, Published, ResumeToken, Seq, ServerMessage, Source,
    limits,
};

pub(crate) use carried_lock::{Remains, Warning};
#[cfg(feature = "insider")]
pub use gate::Deed;
#[cfg(not(feature = "insider"))]
use gate::Deed;
pub(crate) use gate::Gate;
pub(crate) use hosting::{Change, Unheeded};
#[cfg(feature = "insider")]
pub use look::{GroupLook, Look, PendingLook};
pub(crate) use talk::{Heard, Shown};

use crate::{
    content::{Content, MemberState},
    emoji::{EmojiCheck, EmojiView, StartError},
    fork_alarm::ForkAlarm,
    hearing::Hearing,
    inspect::{Broken, Outcome},
    jitter::Jitter,
    room_state::RoomState,
};
use hosting::Hosting;
use post::InFlight;
use rekey::Rekey;
use talk::Talk;

/// After a refusal for haste, wait this long before posting again, in milliseconds.
const RETRY_MS: u64 = 300;
/// A room has no more clients than a group has leaves; beyond that the server only fills this client's memory.
const CLIENTS_MAX: usize = 1_024;
/// A client has no more sources than there are kinds.
const SOURCES_MAX: usize = 4;
/// The number of every `Enter` post; others count from 1.
const ENTER_POST: u32 = 0;
/// Most skipped entries that are remembered for the inspector.
const REFUSED_MAX: usize = 100;

/// Why a client cannot stay what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Drop everything and arrive as a new client; the reason is for the log.
    ArriveAnew(&'static str),
    /// The same, because most of the others are in another state: a person should know.
    Forked,
    /// The same, because a commit of the person with this name locks this client out, and only it or a part of the
    /// call: a person should know.
    Poisoned(String),
    /// A host removed the person.
    Removed,
    /// A host ended the call; `own` if it was this one.
    Ended { own: bool },
    /// The own encryption failed.
    Failed(Error),
}

impl Lost {
    /// For the inspector: no name, no secret.
    pub(crate) fn why(&self) -> &'static str {
        match self {
            Self::ArriveAnew(why) => why,
            Self::Forked => "most others in the call are in another state than this client",
            Self::Poisoned(_) => "a commit could not be decrypted by this client",
            Self::Removed => "this client was removed from the call",
            Self::Ended { .. } => "a host has ended the call",
            Self::Failed(_) => "the own encryption failed",
        }
    }
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What outlives a client of a session.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) state: MemberState,
    /// What was to be said and was not, for certain.
    pub(crate) unsaid: Vec<Content>,
    pub(crate) gate: Gate,
    /// What the next client has to know of what hosts said.
    pub(crate) remains: Remains,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Attendee {
    pub(crate) token: ResumeToken,
    pub(crate) processed: Seq,
    applicant: Applicant,
    room: RoomState,
    /// The last `Founded` or `Committed` entry read, skipped ones included.
    parent: Seq,
    group_id: Option<GroupId>,
    group: Option<Group>,
    presence: Presence,
    published: BTreeMap<ClientId, Vec<Source>>,
    /// Present clients whose connections are lost, as the server says.
    lost: BTreeSet<ClientId>,
    turns: Turns,
    rekey: Rekey,
    talk: Talk,
    alarm: ForkAlarm,
    emoji: EmojiCheck,
    hearing: Hearing,
    hosting: Hosting,
    jitter: Jitter,
    in_flight: Option<InFlight>,
    /// The commit that added this client, until its `Entered` stands in the log; with when to post `Enter` (again).
    entering: Option<(Seq, Option<Millis>)>,
    /// By when somebody in the group must have said something that only the room's group can say.
    proof_by: Option<Millis>,
    /// When past epochs ended whose message keys are still there.
    past_epochs: VecDeque<Millis>,
    /// When the next fork check goes with a heartbeat.
    check_at: Option<Millis>,
    /// Present clients that no commit can be built with. Rules see to it that there are none; should one slip
    /// through, nobody else must suffer.
    unaddable: BTreeSet<ClientId>,
    /// How many clients one commit adds at most; less once a bundle was too large for the server.
    adds_max: usize,
    next_post: u32,
    /// Since when the client is present and in no group.
    waiting_since: Millis,
    /// How long after the moment that it may found, in milliseconds: two seldom do it at once.
    found_jitter_ms: u64,
    /// Since when nobody present has entered a group.
    dead_since: Option<Millis>,
    /// Since when there is work that nobody has done, and the jitter of this client's turn, in milliseconds.
    work_since: Option<(Millis, u64)>,
    /// No commit is posted before this time.
    not_before: Millis,
    refused: Vec<(Seq, ClientId, Rule)>,
    /// What became of the entry that was applied last, for the inspector.
    outcome: Outcome,
    gate: Gate,
}

impl Attendee {
    /// Begins from a snapshot.
    pub(crate) fn new(
        now: Millis,
        context: &RoomContext,
        applicant: Applicant,
        snapshot: ServerMessage,
        carried: Carried,
    ) -> Result<Self, Lost> {
        let ServerMessage::Snapshot { log_id, seq, hash, parent, group_id, present, said, published, token } =
            snapshot
        else {
            return Err(Lost::ArriveAnew("the server sent something else than a snapshot"));
        };
        if present.len() > CLIENTS_MAX {
            return Err(Lost::ArriveAnew("the snapshot shows more clients than a group can have"));
        }
        let mut presence = Presence::default();
        for client in &present {
            let candidate =
                Candidate::check(context, client.client, &client.key_package, client.admission.as_ref());
            if !presence.arrive(client.client, candidate, client.arrived) {
                return Err(Lost::ArriveAnew("the snapshot shows a client twice"));
            }
            if client.entered {
                presence.enter(client.client);
            }
        }
        if said.as_ref().is_some_and(|said| !presence.said_last(context, log_id, said)) {
            return Err(Lost::ArriveAnew("the snapshot shows a statement that the host did not make"));
        }
        let own = applicant.client();
        let own_key_package = present.iter().find(|p| p.client == own).map(|p| &p.key_package);
        if own_key_package != Some(applicant.key_package()) {
            return Err(Lost::ArriveAnew("the snapshot does not show the own arrival"));
        }
        // The server shows it who has been shown out, or what is over.
        if presence.is_removed(own) {
            return Err(Lost::Removed);
        }
        if presence.orders().is_some_and(|orders| orders.ended) {
            return Err(Lost::Ended { own: false });
        }
        let room = RoomState::new(log_id, seq, hash, parent, group_id, said, &present);
        let mut jitter = Jitter::new(&own.0);
        let host = context.link.prove_host(log_id, own, &applicant.leaf_key());
        let mut attendee = Self {
            token,
            processed: seq,
            applicant,
            alarm: ForkAlarm::new(own, log_id, seq, room.digest()),
            emoji: EmojiCheck::new(own),
            hearing: Hearing::default(),
            hosting: Hosting::new(carried.remains),
            room,
            parent,
            group_id,
            group: None,
            presence,
            published: BTreeMap::new(),
            lost: BTreeSet::new(),
            turns: Turns::default(),
            rekey: Rekey::default(),
            talk: Talk::new(carried.state, host, carried.unsaid),
            found_jitter_ms: jitter.below(post::FOUND_JITTER_MS),
            jitter,
            in_flight: None,
            entering: None,
            proof_by: None,
            past_epochs: VecDeque::new(),
            check_at: None,
            unaddable: BTreeSet::new(),
            adds_max: limits::ROOM_CLIENTS_MAX,
            next_post: 1,
            waiting_since: now,
            dead_since: None,
            work_since: None,
            not_before: now,
            refused: Vec::new(),
            outcome: Outcome::Taken {},
            gate: carried.gate,
        };
        published.into_iter().for_each(|published| attendee.set_published(published));
        attendee.begin_carrying(now, context.link.is_host());
        Ok(attendee)
    }

    pub(crate) fn client(&self) -> ClientId {
        self.applicant.client()
    }

    /// The group, once this client is in it.
    pub(crate) fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    pub(crate) fn presence(&self) -> &Presence {
        &self.presence
    }

    pub(crate) fn published(&self) -> &BTreeMap<ClientId, Vec<Source>> {
        &self.published
    }

    /// Entries that were skipped: place, author, and the rule that they broke.
    pub(crate) fn refused(&self) -> &[(Seq, ClientId, Rule)] {
        &self.refused
    }

    pub(crate) fn set_published(&mut self, published: Published) {
        let Published { client, mut sources } = published;
        sources.truncate(SOURCES_MAX);
        if sources.is_empty() {
            self.published.remove(&client);
        } else if self.published.len() < CLIENTS_MAX || self.published.contains_key(&client) {
            self.published.insert(client, sources);
        }
    }

    /// The server says that a client's connection is lost, or back.
    pub(crate) fn set_lost(&mut self, client: ClientId, lost: bool) {
        if lost && client != self.client() && self.presence.is_present(client) {
            self.lost.insert(client);
        } else {
            self.lost.remove(&client);
        }
    }

    /// Whether the server says that a present client's connection is lost.
    pub(crate) fn is_lost(&self, client: ClientId) -> bool {
        self.lost.contains(&client)
    }

    /// Queues something to say to everyone in the group. Returns whether there was room.
    pub(crate) fn say(&mut self, content: Content) -> bool {
        self.talk.say(content)
    }

    /// What this client shows of itself changed.
    pub(crate) fn set_state(&mut self, now: Millis, state: MemberState) {
        self.talk.set_state(now, state);
    }

    /// Begins to compare emoji with everyone in the group.
    pub(crate) fn start_emoji(&mut self, now: Millis) -> Result<Result<(), StartError>, Lost> {
        Ok(self.emoji.start(now, random_bytes()?))
    }

    /// Gives the comparison of emoji up, for everyone.
    pub(crate) fn cancel_emoji(&mut self) {
        self.emoji.cancel();
    }

    /// Where the comparison of emoji stands.
    pub(crate) fn emoji(&self) -> EmojiView {
        self.emoji.view()
    }

    /// What a member shows of itself, if it has said so.
    pub(crate) fn shown(&self, client: ClientId) -> Option<Shown> {
        self.talk.shown(client)
    }

    /// What was said since the last call.
    pub(crate) fn take_heard(&mut self) -> Vec<Heard> {
        self.talk.take_heard()
    }

    /// What the next client of this session has to say for this one.
    pub(crate) fn into_unsaid(self) -> Vec<Content> {
        self.talk.into_unsaid()
    }

    /// After a resume: the posts to send again whose fate is not known.
    pub(crate) fn resume(&mut self, now: Millis) -> Vec<(u32, Post)> {
        if let Some((_, due)) = &mut self.entering {
            *due = Some(now);
        }
        self.watch_again(now);
        // What has changed meanwhile follows.
        self.lost.clear();
        let commit = self.in_flight.as_ref().map(|post| (post.post, post.body.clone()));
        let messages = self.talk.unsettled().map(|(post, bytes)| (post, Post::Message { bytes }));
        commit.into_iter().chain(self.hosting.unsettled()).chain(messages).collect()
    }

    /// The server refused a post.
    pub(crate) fn refuse(&mut self, now: Millis, post: u32, code: ErrorCode) -> Result<(), Lost> {
        if code == ErrorCode::Departed {
            return Err(Lost::ArriveAnew("the server says that this client has departed"));
        }
        if post == ENTER_POST
            && let Some((_, due)) = &mut self.entering
        {
            if code == ErrorCode::Invalid {
                return Err(Lost::ArriveAnew("the server does not let this client enter"));
            }
            *due = Some(now + RETRY_MS);
        }
        if self.refuse_statement(now, post, code) {
            return Ok(());
        }
        let haste = matches!(code, ErrorCode::TooMany | ErrorCode::NotEntered);
        if self.talk.refused(post, haste.then_some(now + RETRY_MS)) {
            return Ok(());
        }
        if self.in_flight.as_ref().is_some_and(|in_flight| in_flight.post == post) {
            // It will never stand in the log, so another may be made.
            self.in_flight = None;
            let pause_ms = if code == ErrorCode::GroupAlive { 1_000 } else { RETRY_MS };
            self.not_before = now + pause_ms;
        }
        Ok(())
    }

    /// The server could not read a message of this client, most likely a post above its bounds: the next one adds
    /// fewer.
    pub(crate) fn refuse_unread(&mut self, now: Millis) {
        if self.in_flight.take().is_some() {
            self.adds_max = (self.adds_max / 2).max(1);
            self.not_before = now + RETRY_MS;
        }
    }

    /// How many members the group has.
    fn size(&self) -> usize {
        self.group.as_ref().map_or(1, |group| group.members().len())
    }

    /// Whether this client founded or entered the group, and the log says so.
    fn has_entered(&self) -> bool {
        self.group.is_some() && self.presence.has_entered(self.client())
    }

    fn note_refused(&mut self, seq: Seq, author: ClientId, rule: Rule) {
        self.outcome = Outcome::Refused { broken: Broken::by_someone(rule) };
        if self.refused.len() < REFUSED_MAX {
            self.refused.push((seq, author, rule));
        }
    }

    /// The same where the author's signature was verified before.
    fn note_refused_of(&mut self, seq: Seq, author: ClientId, rule: Rule) {
        self.note_refused(seq, author, rule);
        self.outcome = Outcome::Refused { broken: Broken::by_author(rule) };
    }

    fn count_post(&mut self) -> u32 {
        let post = self.next_post;
        self.next_post = self.next_post.wrapping_add(1).max(1);
        post
    }
}

/// A `Committed` entry with the Welcome that is only sent to those whom it adds.
struct Committed<'a> {
    entry: tangelo_e2ee::group::CommitEntry<'a>,
    welcome: Option<&'a Bytes>,
}
