//! A room: who is present, its log, and the little that the server knows of its group.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tangelo_wire::{
    Admission, Bytes, ClientId, DepartReason, Entry, GroupId, HostId, HostOrders, HostStatement, LogEntry,
    Millis, Mistake, Picture, Presence, Published, RoomName, Seq, ServerMessage, Source, limits, made,
};

use crate::{
    ConnectionId, Limits, Output,
    bucket::Bucket,
    doors::Stay,
    keep::Unsaved,
    log::{self, Log},
    stats::Entries,
};

pub(crate) struct Room {
    pub(crate) name: RoomName,
    pub(crate) log: Log,
    pub(crate) present: BTreeMap<ClientId, Present>,
    /// The current group and when it was founded.
    pub(crate) group: Option<(GroupId, Millis)>,
    /// The last `Founded` or `Committed`.
    pub(crate) parent: Seq,
    /// A commit may add whom its author could still see: it is for the members to judge.
    pub(crate) departed_since_parent: BTreeSet<ClientId>,
    pub(crate) committed_at: Option<Millis>,
    /// From the first admission; none in a named room.
    pub(crate) host_id: Option<HostId>,
    pub(crate) said: Option<HostStatement>,
    /// What it says.
    pub(crate) orders: HostOrders,
    pub(crate) unsaved: Unsaved,
    /// What this program has put in its log.
    pub(crate) appended: Entries,
    pub(crate) arrivals: Bucket,
    pub(crate) application_messages: Bucket,
}

/// A client that is present.
pub(crate) struct Present {
    pub(crate) link: Link,
    pub(crate) token_hash: [u8; 32],
    pub(crate) arrived: Seq,
    pub(crate) arrived_at: Millis,
    pub(crate) key_package: Bytes,
    pub(crate) admission: Option<Admission>,
    /// How it may come back as another without a token, if at all.
    pub(crate) stay: Option<Stay>,
    /// The last entry that its cryptography has processed.
    pub(crate) processed: Seq,
    /// Whether it founded or entered the current group.
    pub(crate) entered: bool,
    /// The commits of the current group that named it, newest last.
    pub(crate) named: VecDeque<Seq>,
    pub(crate) published: Vec<Source>,
    /// Which layers of its pictures somebody is to get, as it was told.
    pub(crate) wanted: BTreeMap<Source, Vec<u8>>,
    /// Which pictures it does not get for want of room, once that was told.
    pub(crate) paused: Option<Vec<Picture>>,
    pub(crate) commits: Bucket,
    pub(crate) application_messages: Bucket,
    pub(crate) checks: Bucket,
    pub(crate) offers: Bucket,
    pub(crate) watches: Bucket,
    pub(crate) turn_servers: Bucket,
    /// Whether the program that had its media session is gone.
    pub(crate) media_lost: bool,
    /// Whether the others were told that its connection is lost.
    pub(crate) told_lost: bool,
}

/// Whether a client has a connection, and since when.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    Up {
        connection: ConnectionId,
        since: Millis,
    },
    Down {
        since: Millis,
        /// Until then it counts for founding.
        counts_until: Millis,
    },
}

impl Present {
    /// A client that was not heard yet.
    pub(crate) fn new(
        now: Millis,
        link: Link,
        token_hash: [u8; 32],
        arrived: Seq,
        key_package: Bytes,
        limits: &Limits,
    ) -> Self {
        Self {
            link,
            token_hash,
            arrived,
            arrived_at: now,
            key_package,
            admission: None,
            stay: None,
            processed: arrived,
            entered: false,
            named: VecDeque::new(),
            published: Vec::new(),
            wanted: BTreeMap::new(),
            paused: None,
            commits: Bucket::new(now, limits.commits),
            application_messages: Bucket::new(now, limits.application_messages),
            checks: Bucket::new(now, limits.checks),
            offers: Bucket::new(now, limits.offers),
            watches: Bucket::new(now, limits.watches),
            turn_servers: Bucket::new(now, limits.turn_servers),
            media_lost: false,
            told_lost: false,
        }
    }

    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self.link {
            Link::Up { connection, .. } => Some(connection),
            Link::Down { .. } => None,
        }
    }

    /// Whether it counts for founding: a client without a connection soon does not.
    fn counts(&self, now: Millis) -> bool {
        match self.link {
            Link::Up { .. } => true,
            Link::Down { counts_until, .. } => now < counts_until,
        }
    }

    /// Whether it has waited for long without being in any `adds` of the current group.
    fn waits(&self, now: Millis, founded_at: Millis) -> bool {
        let since = self.arrived_at.max(founded_at);
        !self.entered && self.named.is_empty() && now.since(since) >= limits::FOUND_ANEW_MS
    }
}

impl Room {
    pub(crate) fn new(now: Millis, name: RoomName, log: Log, limits: &Limits) -> Self {
        Self {
            name,
            log,
            present: BTreeMap::new(),
            group: None,
            parent: Seq(0),
            departed_since_parent: BTreeSet::new(),
            committed_at: None,
            host_id: None,
            said: None,
            orders: HostOrders::default(),
            unsaved: Unsaved::default(),
            appended: Entries::default(),
            arrivals: Bucket::new(now, limits.room_arrivals),
            application_messages: Bucket::new(now, limits.room_messages),
        }
    }

    /// Appends an entry and sends it to everyone who is connected.
    pub(crate) fn append(
        &mut self,
        now: Millis,
        entry: Entry,
        limits: &Limits,
        outputs: &mut VecDeque<Output>,
    ) -> Seq {
        let named: &[ClientId] = if let Entry::Committed { adds, .. } = &entry { adds } else { &[] };
        let mut welcomed = Vec::new();
        let mut others = Vec::new();
        for (client, present) in &self.present {
            if let Some(connection) = present.connection() {
                if named.contains(client) { welcomed.push(connection) } else { others.push(connection) }
            }
        }
        let entry = LogEntry { seq: self.log.head().next(), entry };
        send(outputs, others, || ServerMessage::Entry(log::without_welcome(&entry)));
        send(outputs, welcomed, || ServerMessage::Entry(entry.clone()));
        self.appended.note(&entry.entry);
        let seq = self.log.append(now, entry.entry);
        // Everyone present keeps up or departs, so this alone bounds the log in honest rooms.
        let processed = self.present.values().map(|present| present.processed).min().unwrap_or(seq);
        self.log.trim(processed, limits.log_entries_max, limits.log_bytes_max);
        seq
    }

    /// Takes a client out; `None` if it is not present.
    pub(crate) fn depart(
        &mut self,
        now: Millis,
        client: ClientId,
        reason: DepartReason,
        limits: &Limits,
        outputs: &mut VecDeque<Output>,
    ) -> Option<Present> {
        let present = self.present.remove(&client)?;
        self.unsaved.clients.insert(client);
        outputs.push_back(Output::MediaEnds { room: self.name.clone(), client });
        if self.departed_since_parent.len() < DEPARTED_MAX {
            self.departed_since_parent.insert(client);
        }
        self.append(now, Entry::Departed { client, reason }, limits, outputs);
        Some(present)
    }

    /// Whether the host does not want this client in the call, as far as its id tells. Such a one founds nothing: the
    /// others would find themselves in its group.
    pub(crate) fn keeps_outside(&self, client: ClientId) -> bool {
        self.orders.removed.contains(&client) || !self.orders.lets_in(client)
    }

    /// Whether a client may have media: one that the host keeps outside and that nobody has named in a commit could not open what it
    /// got, but it would learn who sends, and how much.
    pub(crate) fn gets_media(&self, client: ClientId) -> bool {
        let is_named = |present: &Present| present.entered || !present.named.is_empty();
        !self.keeps_outside(client) || self.present.get(&client).is_some_and(is_named)
    }

    /// Whether this client may found a group now.
    pub(crate) fn may_found(&self, now: Millis, author: ClientId) -> bool {
        let Some((_, founded_at)) = self.group else { return true };
        let counted = || self.present.iter().filter(|(_, present)| present.counts(now));
        let waits = |client: &ClientId, present: &Present| {
            present.waits(now, founded_at) && !self.keeps_outside(*client)
        };
        let entered = counted().filter(|(_, present)| present.entered).count();
        let waiting = counted().filter(|(client, present)| waits(client, present)).count();
        let author_waits = self.present.get(&author).is_some_and(|present| waits(&author, present));
        entered == 0 || (author_waits && waiting >= entered && !made(Mistake::SoleInsiderStays))
    }

    /// A group begins: nobody but its founder is in it.
    pub(crate) fn founded(&mut self, now: Millis, seq: Seq, group_id: GroupId, founder: ClientId) {
        self.group = Some((group_id, now));
        self.parent = seq;
        self.departed_since_parent.clear();
        for (client, present) in &mut self.present {
            let stays = present.entered && made(Mistake::EnteredOutlivesGroup);
            present.entered = *client == founder || stays;
            present.named.clear();
            self.unsaved.clients.insert(*client);
        }
    }

    /// A commit was accepted.
    pub(crate) fn committed(&mut self, now: Millis, seq: Seq, adds: &[ClientId]) {
        self.committed_at = Some(now);
        self.parent = seq;
        self.departed_since_parent.clear();
        for client in adds {
            if let Some(present) = self.present.get_mut(client) {
                if present.named.len() >= NAMED_MAX {
                    present.named.pop_front();
                }
                present.named.push_back(seq);
                self.unsaved.clients.insert(*client);
            }
        }
    }

    /// When this client departs unless something happens before; `None` if nothing is wrong with it.
    pub(crate) fn deadline(&self, client: &Present) -> Option<Millis> {
        let since = match client.link {
            Link::Down { since, .. } => since,
            Link::Up { since, .. } => self.log.first_after(client.processed)?.max(since),
        };
        Some(since + limits::RESUME_WINDOW_MS)
    }

    /// Who has this resume token.
    pub(crate) fn holder(&self, token_hash: &[u8; 32]) -> Option<ClientId> {
        self.present.iter().find(|(_, present)| present.token_hash == *token_hash).map(|(client, _)| *client)
    }

    /// The present clients, in the order of arrival.
    pub(crate) fn presence(&self) -> Vec<Presence> {
        let mut all: Vec<Presence> = self
            .present
            .iter()
            .map(|(client, present)| Presence {
                client: *client,
                arrived: present.arrived,
                key_package: present.key_package.clone(),
                admission: present.admission.clone(),
                entered: present.entered && !made(Mistake::SnapshotWithoutEntered),
            })
            .collect();
        all.sort_by_key(|presence| presence.arrived);
        all
    }

    /// What the present clients send.
    pub(crate) fn published(&self) -> Vec<Published> {
        let sends = self.present.iter().filter(|(_, present)| !present.published.is_empty());
        sends
            .map(|(client, present)| Published { client: *client, sources: present.published.clone() })
            .collect()
    }

    /// For who begins to listen: whose connections are lost, as everyone else was told.
    pub(crate) fn lost(&self) -> Vec<ServerMessage> {
        let lost = self.present.iter().filter(|(_, present)| present.told_lost);
        lost.map(|(client, _)| ServerMessage::Connection { client: *client, lost: true }).collect()
    }

    /// Everyone who is connected, but for `except`.
    pub(crate) fn connections(&self, except: Option<ClientId>) -> Vec<ConnectionId> {
        let others = self.present.iter().filter(|(client, _)| Some(**client) != except);
        others.filter_map(|(_, present)| present.connection()).collect()
    }
}

/// Most remembered departures since the last commit. More only means that a commit that adds one is refused.
const DEPARTED_MAX: usize = 1_024;

/// Most commits remembered that named one client.
const NAMED_MAX: usize = 16;

/// Queues a message for several connections, made only if there is one.
pub(crate) fn send(
    outputs: &mut VecDeque<Output>,
    to: Vec<ConnectionId>,
    message: impl FnOnce() -> ServerMessage,
) {
    if !to.is_empty() {
        outputs.push_back(Output::Send { to, message: message() });
    }
}
