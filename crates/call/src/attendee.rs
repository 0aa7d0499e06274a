//! A client that is present in the room: it follows the log, and founds, enters, commits.

use std::collections::BTreeMap;

use tangelo_e2ee::{
    Applicant, Error, RoomContext, Rule,
    candidate::Candidate,
    committer::Turns,
    group::{CommitEntry, CommitOutcome, Group, WelcomeEntry},
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
    /// The commit that added this client, until its `Entered` stands in the log.
    entering: Option<Seq>,
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
        let mut presence = Presence::default();
        for client in &present {
            let candidate =
                Candidate::check(context, client.client, &client.key_package, client.admission.as_ref());
            presence.arrive(client.client, candidate, client.arrived);
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

    /// What to send again after a resume: each post whose fate is not known.
    pub(crate) fn resend(&self) -> Vec<(u32, Post)> {
        let enter = self.entering.map(|commit| (0, Post::Enter { commit }));
        let in_flight = self.in_flight.as_ref().map(|post| (post.post, post.body.clone()));
        enter.into_iter().chain(in_flight).collect()
    }

    /// The server refused a post.
    pub(crate) fn refuse(&mut self, now: Millis, post: u32, code: ErrorCode) -> Result<(), Lost> {
        if code == ErrorCode::Departed {
            return Err(Lost::ArriveAnew("the server says that this client has departed"));
        }
        if self.in_flight.as_ref().is_some_and(|in_flight| in_flight.post == post) {
            // It will never stand in the log, so another may be made.
            self.in_flight = None;
            let pause_ms = if code == ErrorCode::GroupAlive { 1_000 } else { RETRY_MS };
            self.not_before = now + pause_ms;
        }
        Ok(())
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
                self.presence.arrive(client, candidate, seq);
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
            CommitOutcome::Skipped { verified: false, .. } if names_own => {
                // It was not made on this client's state: its own Welcome was a false one.
                Err(Lost::ArriveAnew("the group that the Welcome led to is not the room's"))
            }
            CommitOutcome::Skipped { rule, .. } => {
                // Whatever was pending was made for this place in the log and can never be accepted.
                group.discard_commit()?;
                self.refused.push((entry.seq, entry.author, rule));
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
                self.group = Some(group);
                self.entering = Some(seq);
                self.work_since = None;
                Ok(())
            }
            Err(rule) => {
                self.refused.push((seq, author, rule));
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
        self.note_work(now);
        if self.in_flight.is_some() || self.due().is_none_or(|due| due > now) {
            return Ok(None);
        }
        let (own, parent) = (self.client(), self.parent);
        let body = match &mut self.group {
            None => Post::Found { parent, group_id: GroupId::derive(self.log_id, parent, own) },
            Some(group) => {
                let work = group.work(&self.presence);
                let bundle = group.commit(context, &self.presence, &work.adds, &work.removes, false)?;
                Post::Commit { parent, adds: bundle.adds, commit: bundle.commit, welcome: bundle.welcome }
            }
        };
        let post = self.next_post;
        self.next_post = self.next_post.wrapping_add(1).max(1);
        self.in_flight = Some(InFlight { post, body: body.clone() });
        Ok(Some((post, body)))
    }

    /// The `Enter` to post, right after a Welcome was processed.
    pub(crate) fn enter_post(&self) -> Option<Post> {
        self.entering.map(|commit| Post::Enter { commit })
    }

    /// When [`Attendee::next_post`] may have something.
    pub(crate) fn poll_timeout(&self) -> Option<Millis> {
        if self.in_flight.is_some() { None } else { self.due() }
    }

    fn note_work(&mut self, now: Millis) {
        let work = self.group.as_ref().is_some_and(|group| !group.work(&self.presence).is_empty());
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
