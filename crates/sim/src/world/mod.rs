//! The world: real sessions, the real DeliveryService, connections between them that can be slow or break, and clocks
//! that are numbers.
//!
//! Nothing here decides what happens next: [`World::apply`] is told.

mod clients;
mod faults;
mod network;
mod people;
mod time;

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use tangelo_call::link::Link;
use tangelo_delivery::{ConnectionId, Delivery, Kept, Limits};
use tangelo_wire::{ClientId, Entry, LogEntry, LogId, Millis, Presence, RoomName, Seq};

pub use clients::Client;
pub use network::{Down, Pipe, Up};
pub use people::{Lag, Person};

use crate::{Property, Violation, checker::Checker, facts::Facts, rng::mix, trace::Trace};

/// The server's name.
pub const HOST: &str = "call.example";

/// What is different from the honest world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nature {
    /// This person is an insider.
    pub insider: Option<usize>,
    /// The server is malicious.
    pub hostile_server: bool,
    /// Nothing moves but by actions of the model.
    pub strict: bool,
    /// Nobody says anything, or finds anything out by what others say: not at rest either.
    pub unjudged: bool,
}

/// What the sessions said, as hashes, to compare two runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// How long each message was.
    pub lengths: u64,
    /// All bytes.
    pub bytes: u64,
}

impl Said {
    fn note(&mut self, text: &str) {
        let hash = |before: u64, what: &[u8]| {
            let mut hasher = DefaultHasher::new();
            before.hash(&mut hasher);
            what.hash(&mut hasher);
            hasher.finish()
        };
        self.lengths = hash(self.lengths, &text.len().to_le_bytes());
        self.bytes = hash(self.bytes, text.as_bytes());
    }
}

/// See the module.
pub struct World {
    /// The time of the world; each clock is this and something.
    pub now: Millis,
    /// How far the server's clock is ahead, in milliseconds.
    pub server_ahead: u64,
    /// The server.
    pub delivery: Delivery,
    /// Persons, the first of them `p1`.
    pub persons: Vec<Person>,
    /// Connections.
    pub pipes: BTreeMap<ConnectionId, Pipe>,
    /// Clients in the order in which they arrived, the first of them `c1`.
    pub clients: Vec<Client>,
    /// The log of the room as it is now.
    pub log: Vec<LogEntry>,
    /// Its id.
    pub log_id: Option<LogId>,
    /// What it says, place by place.
    pub facts: Facts,
    /// What must hold.
    pub checker: Checker,
    /// What happened, in the words of the model.
    pub trace: Trace,
    /// What is different from the honest world.
    pub nature: Nature,
    /// The room's link.
    pub link: Link,
    seed: u64,
    restarts: u64,
    messages: u64,
    said: Said,
    /// The connection whose message the server is handling.
    handling: Option<ConnectionId>,
}

impl World {
    /// A world of `persons` people who have not opened the call yet.
    ///
    /// # Errors
    /// If there are no random numbers.
    pub fn new(seed: u64, persons: usize, nature: Nature) -> Result<Self, String> {
        let link = Link::new_room().map_err(|error| error.to_string())?;
        Ok(Self {
            now: Millis(0),
            server_ahead: 0,
            delivery: server(seed, 0),
            persons: (1..=persons).map(|n| Person::new(n, nature.insider == Some(n))).collect(),
            pipes: BTreeMap::new(),
            clients: Vec::new(),
            log: Vec::new(),
            log_id: None,
            facts: Facts::default(),
            checker: Checker::new(nature),
            trace: Trace::default(),
            nature,
            link,
            seed,
            restarts: 0,
            messages: 0,
            said: Said::default(),
            handling: None,
        })
    }

    /// The first thing that was found wrong.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.checker.violation.as_ref()
    }

    /// Notes that something is wrong.
    pub fn violate(&mut self, property: Property, text: impl Into<String>) {
        self.checker.violate(property, text.into());
    }

    /// The server's clock.
    #[must_use]
    pub fn server_now(&self) -> Millis {
        self.now + self.server_ahead
    }

    /// The room's name.
    #[must_use]
    pub fn room(&self) -> RoomName {
        self.link.room().clone()
    }

    /// The number of a client, from 1.
    #[must_use]
    pub fn number(&self, client: ClientId) -> Option<usize> {
        self.clients.iter().position(|one| one.id == client).map(|index| index + 1)
    }

    /// How many entries before and with this place of the present log count in the model.
    #[must_use]
    pub fn place(&self, seq: Seq) -> u64 {
        let counts = |entry: &&LogEntry| entry.seq <= seq && counts(&entry.entry);
        self.log.iter().filter(counts).count() as u64
    }

    /// The server starts anew and has forgotten everything.
    pub(crate) fn restart(&mut self) {
        self.restarts += 1;
        let connections: Vec<ConnectionId> = self.pipes.keys().copied().collect();
        for connection in connections {
            self.break_pipe(connection, false);
        }
        self.delivery = server(self.seed, self.restarts);
        self.sync();
    }

    /// The server is cut off, and another one goes on with what it had kept.
    pub(crate) fn revive(&mut self) -> bool {
        if self.nature.strict {
            return false;
        }
        self.restarts += 1;
        let connections: Vec<ConnectionId> = self.pipes.keys().copied().collect();
        for connection in connections {
            self.break_pipe(connection, false);
        }
        let mut kept = Kept::default();
        self.delivery.take_everything().into_iter().for_each(|change| kept.apply(change));
        let (seed, now) = (server_seed(self.seed, self.restarts), self.server_now());
        match Delivery::restore(Limits::default(), seed, now, &kept) {
            Ok(delivery) => self.delivery = delivery,
            Err(error) => self.violate(Property::NoPanic, error.to_string()),
        }
        self.sync();
        true
    }

    /// Takes over what the server has appended since the last call.
    pub(crate) fn sync(&mut self) {
        let name = self.room();
        let head = Seq(self.log.last().map_or(0, |entry| entry.seq.0));
        let Some((log_id, _)) = self.delivery.log_after(&name, head) else {
            // Nobody is left: the room is forgotten.
            if self.log_id.take().is_some() {
                self.forget_log();
                self.clients.iter_mut().for_each(|client| client.present = false);
                self.trace.cut();
            }
            return;
        };
        if self.log_id.is_some_and(|old| old != log_id) {
            self.clients.iter_mut().for_each(|client| client.present = false);
            self.trace.cut();
        }
        if self.log_id != Some(log_id) {
            self.forget_log();
            self.log_id = Some(log_id);
        }
        let head = Seq(self.log.last().map_or(0, |entry| entry.seq.0));
        let new = self.delivery.log_after(&name, head).map(|(_, new)| new).unwrap_or_default();
        for entry in new {
            self.log.push(entry.clone());
            self.appended(log_id, &entry);
        }
    }

    fn forget_log(&mut self) {
        self.log.clear();
        self.facts = Facts::default();
    }

    /// The first arrival in a room is kept for nobody: the snapshot tells of it.
    pub(crate) fn note_first(&mut self, log_id: LogId, seq: Seq, present: &[Presence]) {
        let known = self.log.last().map_or(Seq(0), |entry| entry.seq);
        let Some(Presence { client, key_package, admission, .. }) = present.last().filter(|_| seq > known)
        else {
            return;
        };
        let (key_package, admission) = (key_package.clone(), admission.clone());
        let entry = LogEntry { seq, entry: Entry::Arrived { client: *client, key_package, admission } };
        self.log.push(entry.clone());
        self.appended(log_id, &entry);
    }

    /// What the sessions have said so far.
    #[must_use]
    pub fn said(&self) -> Said {
        self.said
    }

    /// A number that depends on the seed and on how many were asked for.
    fn scatter(&mut self) -> u64 {
        self.messages += 1;
        mix(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.messages)
    }
}

/// Whether the model has such entries.
#[must_use]
pub fn counts(entry: &Entry) -> bool {
    !matches!(entry, Entry::Message { .. } | Entry::HostSaid { .. })
}

fn server(seed: u64, restarts: u64) -> Delivery {
    Delivery::new(Limits::default(), server_seed(seed, restarts)).keeping()
}

fn server_seed(seed: u64, restarts: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, salt) in bytes.chunks_mut(8).zip(0..) {
        chunk.copy_from_slice(&mix(seed ^ mix(restarts << 8 | salt)).to_le_bytes());
    }
    bytes
}
