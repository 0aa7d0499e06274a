//! Newcomers are refused: the server is about to stop, or has no room.

use tangelo_wire::{ErrorCode, RoomName, ServerMessage, WireError};

use crate::{ConnectionId, Delivery, connection::State, room::send};

/// To whom the server is closed.
#[derive(Clone, Debug)]
pub(crate) enum Closed {
    /// To everybody who is not inside yet. Says why.
    Newcomers(String),
    /// To who would begin a room. Says within how many seconds the server stops.
    NewRooms(u32),
}

impl Delivery {
    /// The server stops within so many seconds: tells everyone who has arrived, and everyone who still will. Whoever would be the first in
    /// a room is refused from now on.
    pub fn stop_soon(&mut self, seconds: u32) {
        self.closed = Some(Closed::NewRooms(seconds));
        let arrived = |(id, connection): (&ConnectionId, &crate::connection::Connection)| {
            matches!(connection.state, State::Arrived { .. }).then_some(*id)
        };
        let to = self.connections.iter().filter_map(arrived).collect();
        send(&mut self.outputs, to, || ServerMessage::Stopping { seconds });
    }

    /// Takes no newcomers from now on, and says why; `None`: takes them again. Those inside do not notice, those who were dropped can come
    /// back, and who changes the room takes no place of another. A server that is about to stop stays so.
    pub fn refuse_newcomers(&mut self, why: Option<&str>) {
        if !matches!(self.closed, Some(Closed::NewRooms(_))) {
            self.closed = why.map(|why| Closed::Newcomers(why.to_owned()));
        }
    }

    pub(crate) fn tell_if_stopping(&mut self, id: ConnectionId) {
        if let Some(Closed::NewRooms(seconds)) = self.closed {
            self.tell(id, ServerMessage::Stopping { seconds });
        }
    }

    /// Why nobody can come into a room now; `leaves` is the room that a client leaves for it.
    pub(crate) fn closed_to(&self, name: &RoomName, leaves: Option<&RoomName>) -> Option<WireError> {
        match self.closed.as_ref()? {
            Closed::Newcomers(why) => {
                leaves.is_none().then(|| WireError::new(ErrorCode::ServerFull, why.clone()))
            }
            Closed::NewRooms(_) => (!self.rooms.contains_key(name)).then(|| {
                let text = "the server is about to stop and takes no new calls: try again in a few minutes";
                WireError::new(ErrorCode::Stopping, text)
            }),
        }
    }
}
