//! The DeliveryService: one totally ordered handshake log per room, sans-IO.
//!
//! It orders what clients post, says who is present, and relays. It holds no key and does not parse MLS: design
//! rules that look arbitrary here each stop an attack or a deadlock, see `docs/protocol.md`.
//!
//! Time, connections and messages go in; after every call take [`Output`]s until there is none, then wait until
//! [`Delivery::poll_timeout`]. Outputs to one connection must be carried out in their order. A server that is to survive its
//! own restart makes what [`Delivery::take_changes`] returns durable before it carries out outputs.

// Bad input must never panic: what may be missing is asked for with `get`. The workspace's lints deny the rest.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

mod arrive;
mod bucket;
mod connection;
mod depart;
mod doors;
#[cfg(feature = "insider")]
mod hostile;
mod hosting;
mod ids;
mod keep;
mod limits;
mod log;
mod posts;
mod room;
mod signals;
mod stats;
mod stopping;
mod timers;

use std::collections::{BTreeMap, VecDeque};

use tangelo_wire::{
    ClientId, ClientMessage, ErrorCode, LogId, MediaLine, Millis, Picture, Published, RoomName,
    ServerMessage, Source, View, WireError, limits as bounds,
};

pub use bucket::Rate;
pub use connection::ConnectionId;
pub use doors::{Doors, Grant, Shown};
pub use keep::{Change, Kept, KeptClient, KeptRoom, RestoreError};
pub use limits::Limits;
pub use stats::{Entries, Stats};

use arrive::Arrival;
use connection::{Connection, State};
use doors::Returning;
use hosting::Away;
use ids::Ids;
use room::{Link, Room, send};
use stopping::Closed;
use timers::{Timer, Timers};

/// What the server is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message to each of these connections.
    Send {
        /// To whom; never empty.
        to: Vec<ConnectionId>,
        /// What.
        message: ServerMessage,
    },
    /// Close this connection after what was sent to it. [`Delivery`] has forgotten it.
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// Hand an offer to the SFU, and its result to [`Delivery::answer`].
    Offer {
        /// The room.
        room: RoomName,
        /// Whose offer.
        client: ClientId,
        /// The client's number for it.
        offer: u32,
        /// SDP.
        sdp: String,
        /// The use of its `m=` sections.
        lines: Vec<MediaLine>,
    },
    /// Tell the SFU what a client shows and whom it hears, see `ClientMessage::Watch`.
    Watch {
        /// The room.
        room: RoomName,
        /// Who.
        client: ClientId,
        /// Which pictures.
        views: Option<Vec<View>>,
        /// Whose microphones.
        hear: Option<Vec<ClientId>>,
    },
    /// Tell a client that is present the TURN servers, with credentials of its own.
    TurnServers {
        /// Where it asked.
        to: ConnectionId,
    },
    /// A client is no longer present, or a host's lock keeps it outside: end its media session in this step.
    MediaEnds {
        /// The room.
        room: RoomName,
        /// Who.
        client: ClientId,
    },
}

/// All rooms of a server.
pub struct Delivery {
    limits: Limits,
    ids: Ids,
    connections: BTreeMap<ConnectionId, Connection>,
    rooms: BTreeMap<RoomName, Room>,
    timers: Timers,
    outputs: VecDeque<Output>,
    next_connection: u64,
    clients: usize,
    away: Away,
    /// Whether it tells what has to outlive the program.
    keeps: bool,
    /// Logs of forgotten rooms of which that was not told yet.
    forgotten: Vec<LogId>,
    /// With what rooms that are gone had in their logs.
    stats: Stats,
    /// To whom it is closed.
    closed: Closed,
    doors: Doors,
    returning: Returning,
}

impl Delivery {
    /// A server without rooms. `seed` makes its identifiers and resume tokens: take it from the system's random
    /// source, and never twice.
    #[must_use]
    pub fn new(limits: Limits, seed: [u8; 32]) -> Self {
        Self {
            limits,
            ids: Ids::new(seed),
            connections: BTreeMap::new(),
            rooms: BTreeMap::new(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            next_connection: 0,
            clients: 0,
            away: Away::default(),
            keeps: false,
            forgotten: Vec::new(),
            stats: Stats::default(),
            closed: Closed::default(),
            doors: Doors::default(),
            returning: Returning::default(),
        }
    }

    /// A connection was made. `host` is the server's own host (and port) as the connection's request names it.
    pub fn connect(&mut self, now: Millis, host: &str) -> ConnectionId {
        self.next_connection = self.next_connection.saturating_add(1);
        let id = ConnectionId(self.next_connection);
        self.connections.insert(id, Connection::new(now, host, &self.limits));
        self.timers.set(now + self.limits.silent_ms, Timer::Connection(id));
        id
    }

    /// A message came, with no token in it that the server has looked at.
    pub fn handle(&mut self, now: Millis, connection: ConnectionId, message: ClientMessage) {
        self.handle_shown(now, connection, message, Ok(None));
    }

    /// A message came. `shown` is what the server has found of the token in it, which is looked at nowhere else.
    pub fn handle_shown(
        &mut self,
        now: Millis,
        connection: ConnectionId,
        message: ClientMessage,
        shown: Shown,
    ) {
        if !self.heard(now, connection, Some(&message)) {
            return;
        }
        match message {
            ClientMessage::Hello { protocol, room, host } => {
                self.hello(now, connection, protocol, room, &host);
            }
            ClientMessage::Arrive { key_package, admission, pass } => {
                self.arrive(now, connection, Arrival { key_package, admission, pass, shown });
            }
            ClientMessage::Resume { protocol, room, token, processed } => {
                self.resume(now, connection, protocol, &room, &token, processed);
            }
            ClientMessage::Post { post, body } => self.post(now, connection, post, body),
            ClientMessage::Heartbeat { processed, check } => {
                self.heartbeat(now, connection, processed, check);
            }
            ClientMessage::Offer { offer, sdp, lines } => self.offer(now, connection, offer, sdp, lines),
            ClientMessage::Watch { views, hear } => self.watch(now, connection, views, hear),
            ClientMessage::TurnServers {} => self.turn_servers(now, connection),
            ClientMessage::Leave {} => self.leave(now, connection),
        }
    }

    /// Something came that is no message: reports `error` to the connection, which goes on.
    pub fn handle_bad(&mut self, now: Millis, connection: ConnectionId, error: WireError) {
        if self.heard(now, connection, None) {
            self.tell(connection, ServerMessage::Error(error));
        }
    }

    /// A connection ended. Its client may resume for [`tangelo_wire::limits::RESUME_WINDOW_MS`].
    pub fn disconnected(&mut self, now: Millis, connection: ConnectionId) {
        let Some(Connection { state: State::Arrived { client, room }, .. }) =
            self.connections.remove(&connection)
        else {
            return;
        };
        if let Some(present) = self.rooms.get_mut(&room).and_then(|room| room.present.get_mut(&client))
            && present.connection() == Some(connection)
        {
            let counts_until = now + self.limits.absent_ms;
            present.link = Link::Down { since: now, counts_until };
            self.timers.set(now + bounds::LOST_TOLD_MS, Timer::Lost(room, client));
        }
    }

    /// The SFU's result for an offer. Dropped if the client is gone; a client that resumes offers again.
    pub fn answer(
        &mut self,
        room: &RoomName,
        client: ClientId,
        offer: u32,
        result: Result<String, WireError>,
    ) {
        let present = self.rooms.get(room).and_then(|room| room.present.get(&client));
        if let Some(connection) = present.and_then(room::Present::connection) {
            self.tell(
                connection,
                match result {
                    Ok(sdp) => ServerMessage::Answer { offer, sdp },
                    Err(error) => ServerMessage::OfferRefused { offer, error },
                },
            );
        }
    }

    /// Which layers of a picture of `client` somebody is to get; told to the client.
    pub fn wanted(&mut self, room: &RoomName, client: ClientId, source: Source, layers: Vec<u8>) {
        let Some(present) = self.rooms.get_mut(room).and_then(|room| room.present.get_mut(&client)) else {
            return;
        };
        present.wanted.insert(source, layers.clone());
        if let Some(connection) = present.connection() {
            self.tell(connection, ServerMessage::Wanted { source, layers });
        }
    }

    /// Which of the pictures that `client` shows it does not get, for want of room; told to the client.
    pub fn paused(&mut self, room: &RoomName, client: ClientId, pictures: Vec<Picture>) {
        let Some(present) = self.rooms.get_mut(room).and_then(|room| room.present.get_mut(&client)) else {
            return;
        };
        present.paused = Some(pictures.clone());
        if let Some(connection) = present.connection() {
            self.tell(connection, ServerMessage::Paused { pictures });
        }
    }

    /// What a client sends now; told to everyone in the room if it changed.
    pub fn published(&mut self, room: &RoomName, client: ClientId, mut sources: Vec<Source>) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        let Some(present) = room.present.get_mut(&client) else { return };
        sources.sort_unstable();
        sources.dedup();
        present.wanted.retain(|source, _| sources.contains(source));
        if present.published != sources {
            present.published.clone_from(&sources);
            let to = room.connections(None);
            send(&mut self.outputs, to, || ServerMessage::Published(Published { client, sources }));
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Millis) {
        while let Some(timer) = self.timers.pop(now) {
            match timer {
                Timer::Connection(id) => self.look_at_connection(now, id),
                Timer::Client(room, client) => self.look_at_client(now, room, client),
                Timer::Lost(room, client) => self.tell_lost(now, &room, client),
            }
        }
    }

    /// When to call [`Self::handle_timeout`] next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Millis> {
        self.timers.next()
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// How many rooms have somebody present, and how many clients are present in all.
    #[must_use]
    pub fn population(&self) -> (usize, usize) {
        (self.rooms.len(), self.clients)
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            rooms: self.rooms.len(),
            clients: self.clients,
            connections: self.connections.len(),
            ..self.stats.clone()
        };
        self.rooms.values().for_each(|room| stats.entries.add(room.appended));
        stats
    }

    /// How many clients are present in a room; 0 for one that there is not.
    #[must_use]
    pub fn present_in(&self, room: &RoomName) -> usize {
        self.rooms.get(room).map_or(0, |room| room.present.len())
    }

    /// Notes that a connection lives. Returns whether to go on: not above its rate of messages.
    fn heard(&mut self, now: Millis, id: ConnectionId, message: Option<&ClientMessage>) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        connection.heard_at = now;
        if connection.messages.take(now) {
            connection.excess = connection.excess.saturating_sub(1);
            return true;
        }
        connection.excess = connection.excess.saturating_add(1);
        let flood = connection.excess > self.limits.excess_max;
        let error = WireError::new(ErrorCode::TooMany, "too many messages: slow down");
        self.tell(
            id,
            match message {
                Some(ClientMessage::Post { post, .. }) => ServerMessage::Refused { post: *post, error },
                Some(ClientMessage::Offer { offer, .. }) => {
                    ServerMessage::OfferRefused { offer: *offer, error }
                }
                _ => ServerMessage::Error(error),
            },
        );
        if flood {
            self.close(now, id);
        }
        false
    }

    fn tell(&mut self, id: ConnectionId, message: ServerMessage) {
        self.stats.note(&message);
        self.outputs.push_back(Output::Send { to: vec![id], message });
    }

    fn tell_error(&mut self, id: ConnectionId, code: ErrorCode, text: impl Into<String>) {
        self.tell(id, ServerMessage::Error(WireError::new(code, text)));
    }
}
