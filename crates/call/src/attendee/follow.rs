//! The log, entry by entry.

use tangelo_e2ee::{
    HostProof, RoomContext, Rule,
    candidate::Candidate,
    committer::{TAKEOVER_MS, Turns},
    group::{
        CommitEntry, CommitOutcome, Group, MadeOn, Member, MessageEntry, MessageOutcome, PAST_EPOCHS,
        WelcomeEntry,
    },
    media::{Change, Media},
    random_bytes,
};
use tangelo_wire::{Bytes, ClientId, Entry, GroupId, LogEntry, Millis, Mistake, Seq, made};

use super::{Attendee, Committed, Lost, post::InFlight};
use crate::{
    content::{Content, Envelope},
    emoji::Circle,
    inspect::{Broken, ContentKind, Outcome},
};

/// An own message that comes back later than this after it was sealed, and in another epoch, may have found the others
/// without its keys, in milliseconds: they keep them for [`super::watch::FORGET_MS`], and the log takes its time.
const LATE_MS: u64 = super::watch::FORGET_MS / 2;

impl Attendee {
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
        self.outcome = Outcome::Taken {};
        self.room.apply(&entry);
        let seq = entry.seq;
        match entry.entry {
            Entry::Arrived { client, key_package, admission } => {
                let candidate = Candidate::check(context, client, &key_package, admission.as_ref());
                if let Err(rule) = &candidate {
                    self.outcome = Outcome::Refused { broken: Broken::by_someone(*rule) };
                }
                if !self.presence.arrive(client, candidate, seq) {
                    return Err(Lost::ArriveAnew("the log lets a client arrive twice, or too many"));
                }
            }
            Entry::Departed { client, .. } => self.departed(seq, client)?,
            Entry::Founded { parent, group_id, client } => {
                self.founded(now, context, media, seq, (parent, group_id, client))?;
            }
            Entry::Committed { client, adds, commit, welcome, .. } => {
                let entry = CommitEntry { seq, author: client, adds: &adds, commit: &commit };
                self.committed(now, context, media, Committed { entry, welcome: welcome.as_ref() })?;
            }
            Entry::Entered { client, .. } => {
                self.presence.enter(client);
                self.entered(now, client);
            }
            Entry::HostSaid { said, client } => {
                if self.presence.say(context, self.room.log_id(), &said) {
                    self.host_spoke(now, &said)?;
                } else {
                    self.note_refused(seq, client, Rule::HostStatement);
                }
            }
            Entry::Message { client, bytes } => self.message(now, context, seq, client, &bytes)?,
        }
        self.alarm.advanced(seq, self.room.digest());
        let window = self.group.as_ref().map_or(seq.next(), Group::began);
        self.presence.forget_before(window);
        Ok(())
    }

    fn departed(&mut self, seq: Seq, client: ClientId) -> Result<(), Lost> {
        if client == self.client() {
            if made(Mistake::DepartureEnds) {
                return Err(Lost::Removed);
            }
            return Err(Lost::ArriveAnew("the log says that this client has departed"));
        }
        self.presence.depart(client, seq);
        self.published.remove(&client);
        self.lost.remove(&client);
        self.talk.forget(client);
        self.hearing.forget(client);
        self.alarm.retain(|other| other != client);
        self.come_back(self.hosting.strangers.contains(&client))
    }

    fn founded(
        &mut self,
        now: Millis,
        context: &RoomContext,
        media: &mut Media,
        seq: Seq,
        (parent, group_id, client): (Seq, GroupId, ClientId),
    ) -> Result<(), Lost> {
        self.parent = seq;
        self.in_flight = None;
        if group_id != GroupId::derive(self.room.log_id(), parent, client) {
            return Err(Lost::ArriveAnew("the server accepted a group with a wrong id"));
        }
        if self.group.is_some() {
            if made(Mistake::ForeignFoundedIgnored) && !self.has_entered() {
                return Ok(());
            }
            return Err(Lost::ArriveAnew("another group was founded"));
        }
        self.group_id = Some(group_id);
        self.presence.found(client);
        self.turns = Turns::default();
        if client == self.client() {
            let group = Group::found(context, &self.applicant, group_id, seq)?;
            self.begin_epoch(now, context, media, &group, Change { adds: false, removes: false })?;
            self.applicant.spend();
            self.outcome = Outcome::Epoch { epoch: group.epoch(), added: 0, removed: 0, path: false };
            self.group = Some(group);
            self.note_insiders();
            self.entered(now, client);
        }
        Ok(())
    }

    fn committed(
        &mut self,
        now: Millis,
        context: &RoomContext,
        media: &mut Media,
        Committed { entry, welcome }: Committed<'_>,
    ) -> Result<(), Lost> {
        self.parent = entry.seq;
        let own = self.client();
        let posted = self.in_flight.take();
        let names_own = entry.adds.contains(&own);
        let Some(mut group) = self.group.take() else {
            self.outcome = Outcome::NotForUs {};
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
                self.begin_epoch(now, context, media, &group, change)?;
                self.outcome = Outcome::Epoch {
                    epoch: group.epoch(),
                    added: count(&added),
                    removed: count(&removed),
                    path: group.renewed_by().is_some(),
                };
                self.group = Some(group);
                self.note_insiders();
                self.look_for_strangers();
                self.epoch_ended(now);
                self.merged(now, entry.author, &entered, posted);
                Ok(())
            }
            CommitOutcome::Skipped { .. } if names_own && made(Mistake::LatestWelcomeFollowed) => {
                media.clear();
                self.join(now, context, media, entry, welcome)
            }
            CommitOutcome::Skipped { made_on, .. } if names_own && doubts_its_welcome(&group, made_on) => {
                // Its author holds another state of this group: this client's own Welcome was a false one.
                Err(Lost::ArriveAnew("the group that the Welcome led to is not the room's"))
            }
            CommitOutcome::Skipped { rule, made_on } => {
                // Whatever was pending was made for this place in the log and can never be accepted.
                group.discard_commit()?;
                self.group = Some(group);
                match made_on {
                    MadeOn::ThisState => self.note_refused_of(entry.seq, entry.author, rule),
                    _ => self.note_refused(entry.seq, entry.author, rule),
                }
                Ok(())
            }
            // The log has a commit of this client that it was told was refused, or that it threw away because another
            // stood in its place: the server lies about one of the two.
            CommitOutcome::Diverged if entry.author == own => Err(Lost::Forked),
            CommitOutcome::Diverged => {
                let author = group.member(entry.author).map(|member| member.profile.name.to_string());
                Err(Lost::Poisoned(author.unwrap_or_default()))
            }
            CommitOutcome::Evicted => Err(Lost::ArriveAnew("the group has removed this client")),
        }
    }

    /// A commit took effect: whose turn is next, and when the own path is due again.
    fn merged(&mut self, now: Millis, author: ClientId, entered: &[ClientId], posted: Option<InFlight>) {
        // Only who left work lying was passed over: a rekey is everybody's own business.
        let overdue = self.work_since.take().is_some_and(|(since, _)| now.since(since) >= TAKEOVER_MS);
        if overdue {
            self.turns.committed(entered, author);
        } else {
            self.turns.forgive(author);
        }
        if author != self.client() {
            self.alarm.heard(now, author);
            self.proof_by = None;
        } else if posted.is_some_and(|posted| posted.renews_path) {
            self.rekey.done(now, self.size(), &mut self.jitter);
        }
        self.rekey.resized(now, self.size());
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
        let CommitEntry { seq, author, adds, commit } = entry;
        // The room's group adds nobody whom the host keeps outside: this leads to another one, whatever the server says.
        if let Err(rule) = self.presence.may_be_added(self.client()) {
            self.note_refused(seq, author, rule);
            return Ok(());
        }
        // Those inside are admitted as well: a group of others is not the one that the host locked.
        if let Err(rule) = self.presence.may_be_added(author) {
            self.note_refused(seq, author, rule);
            return Err(Lost::ArriveAnew("the Welcome is of somebody whom the host keeps outside"));
        }
        if self.stays_away(seq, author) {
            return Ok(());
        }
        let entry = WelcomeEntry { seq, author, group_id, adds, commit, welcome };
        match Group::join(context, &self.applicant, entry) {
            Ok(group) => {
                self.begin_epoch(now, context, media, &group, Change { adds: true, removes: false })?;
                self.applicant.spend();
                self.outcome =
                    Outcome::Epoch { epoch: group.epoch(), added: count(adds), removed: 0, path: false };
                self.group = Some(group);
                self.note_insiders();
                self.look_for_strangers();
                self.entering = Some((seq, Some(now)));
                self.work_since = None;
                Ok(())
            }
            Err(rule) => {
                self.note_refused(seq, author, rule);
                if made(Mistake::BadWelcomeIgnored) {
                    return Ok(());
                }
                Err(Lost::ArriveAnew("the Welcome could not be used"))
            }
        }
    }

    fn begin_epoch(
        &mut self,
        now: Millis,
        context: &RoomContext,
        media: &mut Media,
        group: &Group,
        change: Change,
    ) -> Result<(), Lost> {
        media.install(now, group, change)?;
        self.alarm.epoch_began(now, group.epoch(), group.began(), group.fork_tag()?);
        self.alarm.retain(|client| group.member(client).is_some());
        self.emoji.group_changed(Some(Circle::of(context, group)));
        Ok(())
    }

    fn message(
        &mut self,
        now: Millis,
        context: &RoomContext,
        seq: Seq,
        client: ClientId,
        bytes: &Bytes,
    ) -> Result<(), Lost> {
        let Some(group) = &mut self.group else {
            self.outcome = Outcome::NotForUs {};
            return Ok(());
        };
        if self.talk.is_repeated(bytes) {
            self.note_refused(seq, client, Rule::MessageMls);
            return Ok(());
        }
        match group.open_message(&self.presence, MessageEntry { author: client, bytes }) {
            MessageOutcome::Read(plain) => {
                self.proof_by = None;
                let Some(Envelope { seen, content }) = Envelope::read(&plain) else {
                    self.alarm.heard(now, client);
                    self.note_refused_of(seq, client, Rule::MessageContent);
                    return Ok(());
                };
                self.alarm.told(now, client, seq, seen.map(Into::into));
                self.hear(now, context, seq, client, content)?;
            }
            MessageOutcome::Own => {
                let epoch = group.epoch();
                let Some(posted) = self.talk.settle(bytes) else {
                    self.note_refused(seq, client, Rule::MessageMls);
                    return Ok(());
                };
                let epochs = epoch.saturating_sub(posted.epoch);
                // The others have forgotten its keys: nobody could read it, or not everybody. Those who did know it again.
                let late = epochs > 0 && now.since(posted.sealed_at) > LATE_MS;
                if epochs > PAST_EPOCHS || (late && posted.saying.content.is_lasting()) {
                    self.talk.again(now, posted.saying);
                } else {
                    self.hear(now, context, seq, client, posted.saying.content)?;
                }
            }
            MessageOutcome::Skipped(rule) => self.note_refused(seq, client, rule),
            MessageOutcome::Unreadable => {
                self.note_refused(seq, client, Rule::MessageMls);
                self.alarm.unreadable(now, client);
            }
        }
        Ok(())
    }

    fn hear(
        &mut self,
        now: Millis,
        context: &RoomContext,
        seq: Seq,
        client: ClientId,
        content: Content,
    ) -> Result<(), Lost> {
        self.outcome = Outcome::Read { content: ContentKind::from(&content) };
        let proof = match &content {
            Content::State(said) => said.host.as_ref(),
            Content::Mute { host, .. } => Some(host),
            _ => None,
        };
        // Shown once, it is shown for as long as the client is there.
        let was = self.talk.shown(client).is_some_and(|shown| shown.host);
        let leaf_key = self.group.as_ref().and_then(|group| group.member(client)).map(Member::leaf_key);
        let is_shown = |(proof, leaf_key): (&HostProof, &[u8])| {
            proof.verify(context, self.room.log_id(), client, leaf_key)
        };
        let host = was || proof.zip(leaf_key).is_some_and(is_shown);
        match content {
            Content::Mute { .. } if !host => self.note_refused_of(seq, client, Rule::MessageContent),
            Content::Emoji { message } => self.emoji.handle(now, client, &message, random_bytes()?),
            Content::Activity { level } => self.hearing.told(now, client, level),
            content => self.talk.hear(client, seq, content, host),
        }
        Ok(())
    }
}

fn count(clients: &[ClientId]) -> u32 {
    u32::try_from(clients.len()).unwrap_or(u32::MAX)
}

/// Whether a member that a skipped commit names once more takes its own Welcome for a false one.
fn doubts_its_welcome(group: &Group, made_on: MadeOn) -> bool {
    if made(Mistake::NamedAgainArrivesAnew) {
        return true;
    }
    made_on == MadeOn::AnotherState && group.is_welcomed() && !made(Mistake::NamedAgainIgnored)
}
