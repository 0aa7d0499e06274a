//! A connection, and how far its client is.

use tangelo_wire::{ClientId, Millis, RoomName};

use crate::{Limits, bucket::Bucket};

/// A WebSocket, numbered by [`crate::Delivery::connect`]. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

pub(crate) struct Connection {
    /// The server's host as this connection sees it.
    pub(crate) host: String,
    pub(crate) state: State,
    pub(crate) state_since: Millis,
    pub(crate) heard_at: Millis,
    pub(crate) messages: Bucket,
    /// By how many more messages were above the rate than below it.
    pub(crate) excess: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Before `Hello`, or after a `Leave`.
    Fresh,
    /// The server departed its client; it may say `Hello` again.
    Departed,
    /// After `Hello`; `left` is the room whose place it gave up with it.
    Assigned { client: ClientId, room: RoomName, left: Option<RoomName> },
    /// After `Arrive` or `Resume`.
    Arrived { client: ClientId, room: RoomName },
}

impl Connection {
    pub(crate) fn new(now: Millis, host: &str, limits: &Limits) -> Self {
        Self {
            host: host.to_owned(),
            state: State::Fresh,
            state_since: now,
            heard_at: now,
            messages: Bucket::new(now, limits.messages),
            excess: 0,
        }
    }

    pub(crate) fn enter(&mut self, now: Millis, state: State) {
        self.state = state;
        self.state_since = now;
    }

    /// When it is closed unless something happens before.
    pub(crate) fn deadline(&self, limits: &Limits) -> Millis {
        match self.state {
            State::Arrived { .. } => self.heard_at + limits.silent_ms,
            State::Fresh | State::Departed | State::Assigned { .. } => self.state_since + limits.handshake_ms,
        }
    }
}
