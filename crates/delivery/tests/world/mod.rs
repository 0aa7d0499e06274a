//! A DeliveryService with clients that note what they are sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use std::collections::{BTreeMap, VecDeque};

use tangelo_delivery::{ConnectionId, Delivery, Kept, Limits, Output, RestoreError};
use tangelo_wire::{
    Bytes, ClientId, ClientMessage, Entry, ErrorCode, GroupId, LogEntry, LogId, Millis, PROTOCOL, Post,
    ResumeToken, RoomName, Seq, ServerMessage, View, WireError,
};

pub const HOST: &str = "call.example";

pub fn room() -> RoomName {
    "standup".parse().unwrap()
}

/// What the SFU is told of a client: what it shows, whom it hears.
pub type Watched = (ClientId, Option<Vec<View>>, Option<Vec<ClientId>>);

pub struct World {
    pub delivery: Delivery,
    pub now: Millis,
    pub inbox: BTreeMap<ConnectionId, VecDeque<ServerMessage>>,
    pub closed: Vec<ConnectionId>,
    pub departed: Vec<ClientId>,
    pub offers: Vec<u32>,
    pub watched: Vec<Watched>,
    pub turn_servers: Vec<ConnectionId>,
    pub alive: Vec<(ConnectionId, Seq)>,
    /// Who was told whose connection is lost, or back.
    pub connections: Vec<(ConnectionId, ClientId, bool)>,
    /// What the server said must outlive it.
    pub kept: Kept,
    restarts: u8,
}

/// What an arrived client knows.
#[derive(Clone, Debug)]
pub struct Client {
    pub connection: ConnectionId,
    pub id: ClientId,
    pub log_id: LogId,
    pub token: ResumeToken,
    /// Sequence number of its snapshot.
    pub seq: Seq,
}

impl World {
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        Self {
            delivery: Delivery::new(limits, [7; 32]),
            now: Millis(1_000_000),
            inbox: BTreeMap::new(),
            closed: Vec::new(),
            departed: Vec::new(),
            offers: Vec::new(),
            watched: Vec::new(),
            turn_servers: Vec::new(),
            alive: Vec::new(),
            connections: Vec::new(),
            kept: Kept::default(),
            restarts: 0,
        }
    }

    /// With a server that can be restarted.
    pub fn keeping() -> Self {
        let mut world = Self::new();
        world.delivery = world.delivery.keeping();
        world
    }

    /// The server is cut off, and another one goes on where it was.
    pub fn restart(&mut self) {
        self.restarts += 1;
        self.delivery = self.try_restore(&self.kept).unwrap();
    }

    pub fn try_restore(&self, kept: &Kept) -> Result<Delivery, RestoreError> {
        let mut delivery = Delivery::restore(Limits::default(), [100 + self.restarts; 32], self.now, kept)?;
        // Connections of the old one are gone; their numbers must not be taken for new ones here.
        for _ in 0..100 * self.restarts {
            delivery.connect(self.now, HOST);
        }
        Ok(delivery)
    }

    pub fn connect(&mut self) -> ConnectionId {
        self.delivery.connect(self.now, HOST)
    }

    pub fn say(&mut self, connection: ConnectionId, message: ClientMessage) {
        self.delivery.handle(self.now, connection, message);
        self.carry_out();
    }

    pub fn carry_out(&mut self) {
        self.delivery.take_changes().into_iter().for_each(|change| self.kept.apply(change));
        while let Some(output) = self.delivery.poll_output() {
            match output {
                // Answers to heartbeats; kept apart, as they say nothing else.
                Output::Send { to, message: ServerMessage::Alive { seq } } => {
                    self.alive.extend(to.into_iter().map(|connection| (connection, seq)));
                }
                Output::Send { to, message: ServerMessage::Connection { client, lost } } => {
                    self.connections.extend(to.into_iter().map(|connection| (connection, client, lost)));
                }
                Output::Send { to, message } => {
                    assert!(!to.is_empty());
                    for connection in to {
                        assert!(!self.closed.contains(&connection), "sent after close");
                        self.inbox.entry(connection).or_default().push_back(message.clone());
                    }
                }
                Output::Close { connection } => self.closed.push(connection),
                Output::MediaEnds { client, .. } => self.departed.push(client),
                Output::Offer { offer, .. } => self.offers.push(offer),
                Output::Watch { client, views, hear, .. } => self.watched.push((client, views, hear)),
                Output::TurnServers { to } => self.turn_servers.push(to),
            }
        }
    }

    /// Takes everything that a connection was sent.
    pub fn take(&mut self, connection: ConnectionId) -> Vec<ServerMessage> {
        self.inbox.remove(&connection).unwrap_or_default().into()
    }

    /// Takes the entries alone; anything else fails the test.
    pub fn entries(&mut self, connection: ConnectionId) -> Vec<LogEntry> {
        let entry = |message| match message {
            ServerMessage::Entry(entry) => entry,
            other => panic!("expected entries only, got {other:?}"),
        };
        self.take(connection).into_iter().map(entry).collect()
    }

    /// Takes the one message that a connection was sent.
    pub fn only(&mut self, connection: ConnectionId) -> ServerMessage {
        let mut all = self.take(connection);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Takes the one message, which is an error.
    pub fn error(&mut self, connection: ConnectionId) -> ErrorCode {
        match self.only(connection) {
            ServerMessage::Error(WireError { code, text })
            | ServerMessage::Refused { error: WireError { code, text }, .. }
            | ServerMessage::OfferRefused { error: WireError { code, text }, .. } => {
                assert!(!text.is_empty());
                code
            }
            other => panic!("expected an error, got {other:?}"),
        }
    }

    pub fn hello(&mut self, connection: ConnectionId) -> ClientId {
        self.say(connection, ClientMessage::Hello { protocol: PROTOCOL, room: room(), host: HOST.into() });
        match self.only(connection) {
            ServerMessage::Assigned { client, .. } => client,
            other => panic!("expected an id, got {other:?}"),
        }
    }

    /// A client arrives on a new connection.
    pub fn arrive(&mut self) -> Client {
        let connection = self.connect();
        self.arrive_on(connection)
    }

    pub fn arrive_on(&mut self, connection: ConnectionId) -> Client {
        let id = self.hello(connection);
        self.say(connection, arrival(1));
        match self.only(connection) {
            ServerMessage::Snapshot { log_id, seq, token, .. } => {
                Client { connection, id, log_id, token, seq }
            }
            other => panic!("expected a snapshot, got {other:?}"),
        }
    }

    pub fn post(&mut self, client: &Client, body: Post) {
        self.say(client.connection, ClientMessage::Post { post: 1, body });
    }

    pub fn found(&mut self, client: &Client, parent: u64) {
        self.post(client, found(client, parent));
    }

    pub fn commit(&mut self, client: &Client, parent: u64, adds: &[&Client]) {
        self.post(client, commit(parent, adds));
    }

    pub fn enter(&mut self, client: &Client, commit: u64) {
        self.post(client, Post::Enter { commit: Seq(commit) });
    }

    pub fn beat(&mut self, client: &Client, processed: u64) {
        let processed = Seq(processed);
        self.say(client.connection, ClientMessage::Heartbeat { processed, check: None });
    }

    pub fn resume(&mut self, client: &Client, processed: u64) -> Client {
        let connection = self.connect();
        let message = ClientMessage::Resume {
            protocol: PROTOCOL,
            room: room(),
            token: client.token,
            processed: Seq(processed),
        };
        self.say(connection, message);
        Client { connection, ..client.clone() }
    }

    pub fn drop_connection(&mut self, client: &Client) {
        self.delivery.disconnected(self.now, client.connection);
        self.carry_out();
    }

    /// Lets time pass; `alive` send heartbeats that say they have processed everything.
    pub fn pass(&mut self, ms: u64, alive: &[&Client]) {
        let end = self.now + ms;
        let mut beat_at = self.now;
        while self.now < end {
            beat_at = beat_at + 1_000;
            let step_end = beat_at.min(end);
            while let Some(at) = self.delivery.poll_timeout().filter(|at| *at <= step_end) {
                self.now = self.now.max(at);
                self.delivery.handle_timeout(self.now);
                self.carry_out();
            }
            self.now = step_end;
            for client in alive {
                // The head is not known here: the highest number that is taken is found by what was sent.
                self.keep_up(client);
            }
        }
    }

    /// Sends a heartbeat with the last entry that the client was sent and that is still in its inbox.
    fn keep_up(&mut self, client: &Client) {
        let sent = self.inbox.get(&client.connection).into_iter().flatten();
        let last = sent.filter_map(|message| match message {
            ServerMessage::Entry(entry) => Some(entry.seq.0),
            ServerMessage::Resumed { seq, .. } => Some(seq.0),
            _ => None,
        });
        let last = last.max().unwrap_or(client.seq.0);
        self.beat(client, last);
    }

    /// A founder with a group and, one entry per step, a member that it added: entries 1 to 5.
    pub fn pair(&mut self) -> (Client, Client) {
        let first = self.arrive();
        self.found(&first, 0);
        let second = self.arrive();
        self.commit(&first, 2, &[&second]);
        self.enter(&second, 4);
        let seen = self.entries(first.connection);
        assert_eq!(seen.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert!(matches!(seen[3].entry, Entry::Entered { .. }));
        assert_eq!(self.entries(second.connection).len(), 2);
        self.beat(&first, 5);
        self.beat(&second, 5);
        (first, second)
    }
}

pub fn arrival(byte: u8) -> ClientMessage {
    ClientMessage::Arrive { key_package: Bytes(vec![byte; 300]), admission: None, pass: None }
}

pub fn found(client: &Client, parent: u64) -> Post {
    let parent = Seq(parent);
    Post::Found { parent, group_id: GroupId::derive(client.log_id, parent, client.id) }
}

pub fn commit(parent: u64, adds: &[&Client]) -> Post {
    Post::Commit {
        parent: Seq(parent),
        adds: adds.iter().map(|client| client.id).collect(),
        commit: Bytes(vec![1; 10]),
        welcome: (!adds.is_empty()).then(|| Bytes(vec![2; 20])),
    }
}

pub fn message(length: usize) -> Post {
    Post::Message { bytes: Bytes(vec![3; length]) }
}
