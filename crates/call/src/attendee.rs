//! A client that is present in the room: it follows the log, and founds, enters, commits.

use std::collections::{BTreeMap, BTreeSet};

use tangelo_e2ee::{
    Applicant, Error, RoomContext, Rule,
    candidate::Candidate,
    committer::Turns,
    group::{Bundle, CommitEntry, CommitOutcome, Group, MadeOn, WelcomeEntry, Work},
    media::{Change, Media},
    presence::Presence,
};
use tangelo_wire::{
    Bytes, ClientId, DepartReason, Entry, ErrorCode, GroupId, LogEntry, LogId, Millis, Post, Published,
    ResumeToken, Seq, ServerMessage, Source, limits,
};

/// After a refusal for haste, wait this long before posting again, in milliseconds.
const RETRY_MS: u64 = 300;
/// Who waits founds within this time, in milliseconds: jitter, so that two seldom do it at once.
const FOUND_JITTER_MS: u64 = 300;

/// A room has no more clients than a group has leaves; beyond that the server only fills this client's memory.
const CLIENTS_MAX: usize = 1_024;

/// The number of every `Enter` post; others count from 1.
const ENTER_POST: u32 = 0;
/// Most skipped entries that are remembered for the inspector.
const REFUSED_MAX: usize = 100;

/// Why a client cannot stay what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Drop everything and arrive as a new client; the reason is for the log.
    ArriveAnew(&'static str),
    /// A host or the server removed the person.
    Removed,
    /// The own encryption failed.
    Failed(Error),
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A post whose place in the log is not known yet. It is kept until the log shows which entry came after its parent,
/// and sent again, byte for byte, after a resume: the acknowledgement may have been lost, not the post.
#[derive(Debug)]
struct InFlight {
    post: u32,
    body: Post,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Attendee {
    pub(crate) token: ResumeToken,
    pub(crate) processed: Seq,
    applicant: Applicant,
    log_id: LogId,
    /// The last `Founded` or `Committed` entry read, skipped ones included.
    parent: Seq,
    group_id: Option<GroupId>,
    group: Option<Group>,
    presence: Presence,
    published: BTreeMap<ClientId, Vec<Source>>,
    turns: Turns,
    in_flight: Option<InFlight>,
    /// The commit that added this client, until its `Entered` stands in the log; with when to post `Enter` (again).
    entering: Option<(Seq, Option<Millis>)>,
    /// Present clients that no commit can be built with. Rules see to it that there are none; should one slip
    /// through, nobody else must suffer.
    unaddable: BTreeSet<ClientId>,
    /// How many clients one commit adds at most; less once a bundle was too large for the server.
    adds_max: usize,
    next_post: u32,
    /// Since when the client is present and in no group.
    waiting_since: Millis,
    /// Since when nobody present has entered a group.
    dead_since: Option<Millis>,
    /// Since when there is work that nobody has done.
    work_since: Option<Millis>,
    /// Nothing is posted before this time.
    not_before: Millis,
    refused: Vec<(Seq, ClientId, Rule)>,
}

impl Attendee {
    /// Begins from a snapshot.
    pub(crate) fn new(
        now: Millis,
        context: &RoomContext,
        applicant: Applicant,
        snapshot: ServerMessage,
    ) -> Result<Self, Lost> {
        let ServerMessage::Snapshot { log_id, seq, parent, group_id, present, published, token, .. } =
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
        let own = applicant.client();
        let own_key_package = present.iter().find(|p| p.client == own).map(|p| &p.key_package);
        if own_key_package != Some(applicant.key_package()) {
            return Err(Lost::ArriveAnew("the snapshot does not show the own arrival"));
        }
        Ok(Self {
            token,
            processed: seq,
            applicant,
            log_id,
            parent,
            group_id,
            group: None,
            presence,
            published: published.into_iter().map(|p| (p.client, p.sources)).collect(),
            turns: Turns::default(),
            in_flight: None,
            entering: None,
            unaddable: BTreeSet::new(),
            adds_max: limits::ROOM_CLIENTS_MAX,
            next_post: 1,
            waiting_since: now,
            dead_since: None,
            work_since: None,
            not_before: now,
            refused: Vec::new(),
        })
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
        if published.sources.is_empty() {
            self.published.remove(&published.client);
        } else {
            self.published.insert(published.client, published.sources);
        }
    }

    /// After a resume: the posts to send again whose fate is not known.
    pub(crate) fn resume(&mut self, now: Millis) -> Option<(u32, Post)> {
        if let Some((_, due)) = &mut self.entering {
            *due = Some(now);
        }
        self.in_flight.as_ref().map(|post| (post.post, post.body.clone()))
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

    /// Takes the next entry of the log.
    pub(crate) fn apply(
        &mut self,
        now: Millis,
        context: &RoomContext,
        media: &mut Media,
        entry: LogEntry,
    ) -> Result<(), Lost> {
        if entry.seq != self.processed.next() {
            return Err(Lost::ArriveAnew("an entry of the log is missing"));
        }
        self.processed = entry.seq;
        let seq = entry.seq;
        match entry.entry {
            Entry::Arrived { client, key_package, admission } => {
                let candidate = Candidate::check(context, client, &key_package, admission.as_ref());
                if !self.presence.arrive(client, candidate, seq) {
                    return Err(Lost::ArriveAnew("the log lets a client arrive twice"));
                }
            }
            Entry::Departed { client, reason } => self.departed(seq, client, reason)?,
            Entry::Founded { parent, group_id, client } => {
                self.founded(now, context, media, seq, parent, group_id, client)?;
            }
            Entry::Committed { client, adds, commit, welcome, .. } => {
                let entry = CommitEntry { seq, author: client, adds: &adds, commit: &commit };
                self.committed(now, context, media, entry, welcome.as_ref())?;
            }
            Entry::Entered { client, .. } => {
                self.presence.enter(client);
                if client == self.client() {
                    self.entering = None;
                }
            }
            // What hosts and members say is read by later versions; the entries keep their place in the log.
            Entry::HostSaid { .. } | Entry::Message { .. } => {}
        }
        let window = self.group.as_ref().map_or(seq.next(), Group::began);
        self.presence.forget_before(window);
        Ok(())
    }

    fn departed(&mut self, seq: Seq, client: ClientId, reason: DepartReason) -> Result<(), Lost> {
        if client == self.client() {
            return Err(match reason {
                DepartReason::Kicked => Lost::Removed,
                _ => Lost::ArriveAnew("the log says that this client has departed"),
            });
        }
        self.presence.depart(client, seq);
        self.published.remove(&client);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "an entry's fields, each of its own type")]
    fn founded(
        &mut self,
        now: Millis,
        context: &RoomContext,
        media: &mut Media,
        seq: Seq,
        parent: Seq,
        group_id: GroupId,
        client: ClientId,
    ) -> Result<(), Lost> {
        self.parent = seq;
        self.in_flight = None;
        if group_id != GroupId::derive(self.log_id, parent, client) {
            return Err(Lost::ArriveAnew("the server accepted a group with a wrong id"));
        }
        if self.group.is_some() {
            return Err(Lost::ArriveAnew("another group was founded"));
        }
        self.group_id = Some(group_id);
        self.presence.found(client);
        self.turns = Turns::default();
        if client == self.client() {
            let group = Group::found(context, &self.applicant, group_id, seq)?;
            media.install(now, &group, Change { adds: false, removes: false })?;
            self.applicant.spend();
            self.group = Some(group);
        }
        Ok(())
    }

    fn committed(
        &mut self,
        now: Millis,
        context: &RoomContext,
        media: &mut Media,
        entry: CommitEntry<'_>,
        welcome: Option<&Bytes>,
    ) -> Result<(), Lost> {
        self.parent = entry.seq;
        let own = self.client();
        self.in_flight = None;
        let names_own = entry.adds.contains(&own);
        let Some(group) = &mut self.group else {
            if names_own {
                self.join(now, context, media, entry, welcome)?;
            }
            return Ok(());
        };
        let entered = group.entered(&self.presence);
        let outcome = group.process(context, &self.presence, entry)?;
        match outcome {
            CommitOutcome::Merged { added, removed } => {
                let change = Change { adds: !added.is_empty(), removes: !removed.is_empty() };
                media.install(now, group, change)?;
                self.turns.committed(&entered, entry.author);
                self.work_since = None;
                Ok(())
            }
            CommitOutcome::Skipped { made_on: MadeOn::AnotherState, .. }
                if names_own && group.is_welcomed() =>
            {
                // Its author holds another state of this group: this client's own Welcome was a false one.
                Err(Lost::ArriveAnew("the group that the Welcome led to is not the room's"))
            }
            CommitOutcome::Skipped { rule, .. } => {
                // Whatever was pending was made for this place in the log and can never be accepted.
                group.discard_commit()?;
                self.note_refused(entry.seq, entry.author, rule);
                Ok(())
            }
            CommitOutcome::Diverged => {
                Err(Lost::ArriveAnew("a commit could not be decrypted by this client"))
            }
            CommitOutcome::Evicted => Err(Lost::ArriveAnew("the group has removed this client")),
        }
    }

    fn join(
        &mut self,
        now: Millis,
        context: &RoomContext,
        media: &mut Media,
        entry: CommitEntry<'_>,
        welcome: Option<&Bytes>,
    ) -> Result<(), Lost> {
        let (Some(group_id), Some(welcome)) = (self.group_id, welcome) else {
            return Err(Lost::ArriveAnew("a commit names this client but has no Welcome for it"));
        };
        let CommitEntry { seq, author, commit, .. } = entry;
        let entry = WelcomeEntry { seq, author, group_id, commit, welcome };
        match Group::join(context, &self.applicant, entry) {
            Ok(group) => {
                media.install(now, &group, Change { adds: true, removes: false })?;
                self.applicant.spend();
                self.group = Some(group);
                self.entering = Some((seq, Some(now)));
                self.work_since = None;
                Ok(())
            }
            Err(rule) => {
                self.note_refused(seq, author, rule);
                Err(Lost::ArriveAnew("the Welcome could not be used"))
            }
        }
    }

    /// What this client should post now, if it is its turn. Call after entries and timeouts.
    pub(crate) fn next_post(
        &mut self,
        now: Millis,
        context: &RoomContext,
    ) -> Result<Option<(u32, Post)>, Lost> {
        if let Some((commit, due)) = &mut self.entering
            && due.is_some_and(|due| due <= now)
        {
            *due = None;
            return Ok(Some((ENTER_POST, Post::Enter { commit: *commit })));
        }
        self.note_work(now);
        if self.in_flight.is_some() || self.due().is_none_or(|due| due > now) {
            return Ok(None);
        }
        let (own, parent) = (self.client(), self.parent);
        let body = if self.group.is_none() {
            Post::Found { parent, group_id: GroupId::derive(self.log_id, parent, own) }
        } else {
            let Some(bundle) = self.build(context)? else { return Ok(None) };
            Post::Commit { parent, adds: bundle.adds, commit: bundle.commit, welcome: bundle.welcome }
        };
        let post = self.next_post;
        self.next_post = self.next_post.wrapping_add(1).max(1);
        self.in_flight = Some(InFlight { post, body: body.clone() });
        Ok(Some((post, body)))
    }

    /// Makes a commit that does the work there is. If one cannot be made, finds out whose key package is at fault and
    /// goes on without.
    fn build(&mut self, context: &RoomContext) -> Result<Option<Bundle>, Lost> {
        let work = self.work();
        let Some(group) = &mut self.group else { return Ok(None) };
        let presence = &self.presence;
        if let Ok(bundle) = group.commit(context, presence, &work.adds, &work.removes, false) {
            return Ok(Some(bundle));
        }
        for client in &work.adds {
            if group.commit(context, presence, &[*client], &[], false).is_err() {
                self.unaddable.insert(*client);
            }
        }
        let work = self.work();
        let Some(group) = &mut self.group else { return Ok(None) };
        if work.is_empty() {
            group.discard_commit()?;
            return Ok(None);
        }
        match group.commit(context, &self.presence, &work.adds, &work.removes, false) {
            Ok(bundle) => Ok(Some(bundle)),
            Err(_) => Err(Lost::ArriveAnew("this client cannot commit any more")),
        }
    }

    /// What this client could commit now.
    fn work(&self) -> Work {
        let mut work = self.group.as_ref().map(|group| group.work(&self.presence)).unwrap_or_default();
        work.adds.retain(|client| !self.unaddable.contains(client));
        work.adds.truncate(self.adds_max);
        work
    }

    fn note_refused(&mut self, seq: Seq, author: ClientId, rule: Rule) {
        if self.refused.len() < REFUSED_MAX {
            self.refused.push((seq, author, rule));
        }
    }

    /// When [`Attendee::next_post`] may have something.
    pub(crate) fn poll_timeout(&self) -> Option<Millis> {
        let enter = self.entering.and_then(|(_, due)| due);
        let post = if self.in_flight.is_some() { None } else { self.due() };
        enter.into_iter().chain(post).min()
    }

    fn note_work(&mut self, now: Millis) {
        let work = !self.work().is_empty();
        self.work_since = if work { Some(self.work_since.unwrap_or(now)) } else { None };
        let alive = self.presence.present().iter().any(|client| self.presence.has_entered(*client));
        self.dead_since = if alive { None } else { Some(self.dead_since.unwrap_or(now)) };
    }

    /// When it is this client's turn to post, if there is something to post.
    fn due(&self) -> Option<Millis> {
        let due = match &self.group {
            None => self.found_due(),
            Some(group) => {
                let since = self.work_since?;
                let delay_ms =
                    self.turns.delay_ms(&group.entered(&self.presence), self.client(), self.jitter())?;
                since + delay_ms
            }
        };
        Some(due.max(self.not_before))
    }

    fn found_due(&self) -> Millis {
        let jitter_ms = if self.presence.present().len() > 1 { self.jitter() % FOUND_JITTER_MS } else { 0 };
        let due = self.dead_since.unwrap_or(self.waiting_since + limits::FOUND_ANEW_MS);
        due + jitter_ms
    }

    /// A number that differs between clients: their ids are random.
    fn jitter(&self) -> u64 {
        self.client().0.iter().take(4).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}
