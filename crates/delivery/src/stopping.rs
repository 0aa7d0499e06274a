//! Newcomers are refused: the server is about to stop, or has no room.

use tangelo_wire::{ErrorCode, Millis, RoomName, ServerMessage, WireError};

use crate::{ConnectionId, Delivery, connection::State, room::send};

/// To whom the server is closed. One does not end the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closed {
    /// Why it is closed to everybody who is not inside yet, if it is.
    newcomers: Option<String>,
    /// When the server stops; until then it is closed to who would begin a room.
    stops_at: Option<Millis>,
}

impl Delivery {
    /// The server stops within so many seconds: tells everyone who has arrived, and everyone who still will, how much of it is left.
    /// Whoever would be the first in a room is refused from now on.
    pub fn stop_soon(&mut self, now: Millis, seconds: u32) {
        self.closed.stops_at = Some(now + u64::from(seconds) * 1_000);
        let arrived = |(id, connection): (&ConnectionId, &crate::connection::Connection)| {
            matches!(connection.state, State::Arrived { .. }).then_some(*id)
        };
        let to = self.connections.iter().filter_map(arrived).collect();
        send(&mut self.outputs, to, || ServerMessage::Stopping { seconds });
    }

    /// Takes no newcomers from now on, and says why; `None`: takes them again. Those inside do not notice, those who were dropped can come
    /// back, and who arrives anew on its own connection, or changes the room, takes no place of another.
    pub fn refuse_newcomers(&mut self, why: Option<&str>) {
        self.closed.newcomers = why.map(str::to_owned);
    }

    pub(crate) fn tell_if_stopping(&mut self, now: Millis, id: ConnectionId) {
        if let Some(stops_at) = self.closed.stops_at {
            // Late is not never: it is about to happen.
            let seconds = stops_at.since(now).div_ceil(1_000).max(1);
            self.tell(id, ServerMessage::Stopping { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) });
        }
    }

    /// Why nobody can come into a room now; `leaves` is the room whose place a client gives up for it.
    pub(crate) fn closed_to(&self, name: &RoomName, leaves: Option<&RoomName>) -> Option<WireError> {
        // A room that its last member leaves to arrive in it anew goes on.
        let goes_on = self.rooms.contains_key(name) || leaves == Some(name);
        if self.closed.stops_at.is_some() && !goes_on {
            let text = "the server is about to stop and takes no new calls: try again in a few minutes";
            return Some(WireError::new(ErrorCode::Stopping, text));
        }
        let why = self.closed.newcomers.as_ref().filter(|_| leaves.is_none())?;
        Some(WireError::new(ErrorCode::ServerFull, why.clone()))
    }
}
