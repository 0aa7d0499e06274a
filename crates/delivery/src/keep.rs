//! What has to outlive the program, so that calls go on after a restart: see [`Change`].

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use serde::{Deserialize, Serialize};
use tangelo_wire::{
    Admission, Bytes, ClientId, GroupId, HostId, HostOrders, HostStatement, LogEntry, LogHash, LogId, Millis,
    RoomName, Seq, limits as bounds,
};

use crate::{
    Delivery, Limits,
    doors::{RETURN_MS, Stay},
    log::Log,
    room::{Link, Present, Room},
    timers::Timer,
};

/// How long after a restart the others are told who is not back yet, in milliseconds: all were lost at once, through no fault of theirs,
/// and come back one after the other.
const LOST_TOLD_MS: u64 = 5_000;

/// A room without its entries and clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRoom {
    /// Its name.
    pub name: RoomName,
    /// The log's id, which is new whenever a room begins.
    pub log: LogId,
    /// The last entry's place.
    pub head: Seq,
    /// The last place whose entry is not needed any more.
    pub trimmed: Seq,
    /// The running hash up to it.
    pub hash: LogHash,
    /// The current group.
    pub group: Option<GroupId>,
    /// The last `Founded` or `Committed`.
    pub parent: Seq,
    /// Who departed since then.
    pub departed: BTreeSet<ClientId>,
    /// The host, in a room that has one.
    pub host_id: Option<HostId>,
    /// What the host said last.
    pub said: Option<HostStatement>,
}

/// A client that is present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptClient {
    /// The client.
    pub client: ClientId,
    /// A hash of its resume token: from it nobody can make the token.
    pub token_hash: Bytes,
    /// The entry of its arrival.
    pub arrived: Seq,
    /// Its key package.
    pub key_package: Bytes,
    /// Its proof of the link's secret.
    pub admission: Option<Admission>,
    /// Whether it founded or entered the current group.
    pub entered: bool,
    /// The commits of the current group that named it, newest last.
    pub named: Vec<Seq>,
    /// If it may come back as another without a token: the first client of those that came back in each other's place up to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<ClientId>,
    /// Whether the time is set after which it may not.
    #[serde(default)]
    pub limited: bool,
}

/// A change of what has to outlive the program. Rooms are known by their logs' ids, which are never used twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A room is new, or has become another.
    Room(Box<KeptRoom>),
    /// The room is forgotten, with its entries and clients.
    RoomGone(LogId),
    /// A client is new, or has become another.
    Client(LogId, Box<KeptClient>),
    /// The client has departed.
    ClientGone(LogId, ClientId),
    /// An entry was appended.
    Entry(LogId, Box<LogEntry>),
    /// No entry up to this place is needed any more.
    Trimmed(LogId, Seq),
}

/// All that has to outlive the program: the sum of all [`Change`]s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The rooms.
    pub rooms: BTreeMap<LogId, KeptRoom>,
    /// Who is present in them.
    pub clients: BTreeMap<(LogId, ClientId), KeptClient>,
    /// Their entries, as far as somebody may still ask for them.
    pub entries: BTreeMap<(LogId, Seq), LogEntry>,
}

impl Kept {
    /// Adds a change.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Room(room) => {
                self.rooms.insert(room.log, *room);
            }
            Change::RoomGone(gone) => {
                self.rooms.remove(&gone);
                self.clients.retain(|(log, _), _| *log != gone);
                self.entries.retain(|(log, _), _| *log != gone);
            }
            Change::Client(log, client) => {
                self.clients.insert((log, client.client), *client);
            }
            Change::ClientGone(log, client) => {
                self.clients.remove(&(log, client));
            }
            Change::Entry(log, entry) => {
                self.entries.insert((log, entry.seq), *entry);
            }
            Change::Trimmed(of, through) => {
                self.entries.retain(|(log, seq), _| *log != of || *seq > through);
            }
        }
    }
}

/// What was kept contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RestoreError(String);

/// What of a room has changed since [`Delivery::take_changes`] was called last.
#[derive(Default)]
pub(crate) struct Unsaved {
    pub(crate) clients: BTreeSet<ClientId>,
    /// Entries up to here are kept already.
    through: Seq,
    /// Entries up to here were said to be trimmed.
    trimmed: Seq,
    /// Whether anything was ever told of this room.
    told: bool,
}

impl Delivery {
    /// From now on [`Self::take_changes`] says what has to outlive the program.
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Goes on where another one was when it had told these changes. All clients count as disconnected since `now`, and
    /// have the whole resume window to come back. `seed` must be a fresh one, as for [`Self::new`].
    ///
    /// # Errors
    /// If the changes were not all of one server, from its beginning on.
    pub fn restore(limits: Limits, seed: [u8; 32], now: Millis, kept: &Kept) -> Result<Self, RestoreError> {
        let mut delivery = Self::new(limits, seed).keeping();
        for (log, one) in &kept.rooms {
            let mut room = room(now, one, kept, &delivery.limits)?;
            for ((_, client), one) in range(&kept.clients, *log, ClientId([0; 16])) {
                room.present.insert(*client, present(now, one, &delivery.limits)?);
                let due = now + bounds::RESUME_WINDOW_MS;
                delivery.timers.set(due, Timer::Client(room.name.clone(), *client));
                delivery.timers.set(now + LOST_TOLD_MS, Timer::Lost(room.name.clone(), *client));
            }
            if room.present.is_empty() {
                return Err(RestoreError("a room has nobody in it".to_owned()));
            }
            room.unsaved = saved(&room);
            delivery.clients = delivery.clients.saturating_add(room.present.len());
            let name = room.name.clone();
            if delivery.rooms.insert(name, room).is_some() {
                return Err(RestoreError("a room is there twice".to_owned()));
            }
        }
        Ok(delivery)
    }

    /// What has changed since the last call. Make it durable as one, all of it or nothing, **before** carrying out any
    /// [`crate::Output`] that was not polled before: what they tell others must not be forgotten.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let mut changes: Vec<Change> =
            mem::take(&mut self.forgotten).into_iter().map(Change::RoomGone).collect();
        if self.keeps {
            self.rooms.values_mut().for_each(|room| changes_of(room, &mut changes));
        }
        changes
    }

    /// Everything that has to outlive the program, for a store that begins anew. [`Self::take_changes`] goes on from here.
    pub fn take_everything(&mut self) -> Vec<Change> {
        self.forgotten.clear();
        for room in self.rooms.values_mut() {
            room.unsaved = Unsaved { clients: room.present.keys().copied().collect(), ..Unsaved::default() };
        }
        self.take_changes()
    }
}

fn changes_of(room: &mut Room, changes: &mut Vec<Change>) {
    let log = room.log.id;
    let clients = mem::take(&mut room.unsaved.clients);
    if room.unsaved.told && room.unsaved.through == room.log.head() && clients.is_empty() {
        return;
    }
    changes.push(Change::Room(Box::new(KeptRoom {
        name: room.name.clone(),
        log,
        head: room.log.head(),
        trimmed: room.log.trimmed(),
        hash: room.log.hash,
        group: room.group.map(|(group, _)| group),
        parent: room.parent,
        departed: room.departed_since_parent.clone(),
        host_id: room.host_id,
        said: room.said.clone(),
    })));
    for client in clients {
        changes.push(match room.present.get(&client) {
            Some(present) => Change::Client(log, Box::new(kept_client(client, present))),
            None => Change::ClientGone(log, client),
        });
    }
    let trimmed = room.log.trimmed();
    if trimmed > room.unsaved.trimmed {
        changes.push(Change::Trimmed(log, trimmed));
    }
    // What was appended and trimmed since the last call was never kept.
    let new = room.log.after(room.unsaved.through.max(trimmed)).into_iter().flatten();
    changes.extend(new.map(|entry| Change::Entry(log, Box::new(entry.clone()))));
    room.unsaved = saved(room);
}

/// Of a room of which everything is kept.
fn saved(room: &Room) -> Unsaved {
    let (through, trimmed) = (room.log.head(), room.log.trimmed());
    Unsaved { clients: BTreeSet::new(), through, trimmed, told: true }
}

fn kept_client(client: ClientId, present: &Present) -> KeptClient {
    KeptClient {
        client,
        token_hash: Bytes(present.token_hash.to_vec()),
        arrived: present.arrived,
        key_package: present.key_package.clone(),
        admission: present.admission.clone(),
        entered: present.entered,
        named: present.named.iter().copied().collect(),
        first: present.stay.map(|stay| stay.first),
        limited: present.stay.is_some_and(|stay| stay.until.is_some()),
    }
}

fn room(now: Millis, one: &KeptRoom, kept: &Kept, limits: &Limits) -> Result<Room, RestoreError> {
    let entries: Vec<&LogEntry> = range(&kept.entries, one.log, Seq(0)).map(|(_, entry)| entry).collect();
    let log = Log::restore(now, one.log, one.hash, (one.trimmed, one.head), entries)
        .ok_or_else(|| RestoreError("the entries of a room are not all there, in order".to_owned()))?;
    let mut room = Room::new(now, one.name.clone(), log, limits);
    room.group = one.group.map(|group| (group, now));
    room.parent = one.parent;
    room.departed_since_parent.clone_from(&one.departed);
    room.host_id = one.host_id;
    room.orders = one.said.as_ref().and_then(HostOrders::read).unwrap_or_default();
    room.said.clone_from(&one.said);
    Ok(room)
}

fn present(now: Millis, one: &KeptClient, limits: &Limits) -> Result<Present, RestoreError> {
    let Ok(token_hash) = one.token_hash.as_slice().try_into() else {
        return Err(RestoreError(format!("client {} has no resume token", one.client)));
    };
    // They are all away for the same reason, which is not theirs: until they had time to come back, nobody founds a
    // group without them.
    let link = Link::Down { since: now, counts_until: now + bounds::RESUME_WINDOW_MS };
    let mut present = Present::new(now, link, token_hash, one.arrived, one.key_package.clone(), limits);
    present.admission.clone_from(&one.admission);
    present.entered = one.entered;
    present.named = one.named.iter().copied().collect();
    // Times of the old program mean nothing here.
    let until = one.limited.then_some(now + RETURN_MS);
    present.stay = one.first.map(|first| Stay { first, until });
    present.media_lost = true;
    Ok(present)
}

/// What belongs to a log.
fn range<K: Copy + Ord, V>(
    of: &BTreeMap<(LogId, K), V>,
    log: LogId,
    least: K,
) -> impl Iterator<Item = (&(LogId, K), &V)> {
    of.range((log, least)..).take_while(move |((other, _), _)| *other == log)
}
