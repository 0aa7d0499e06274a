//! What a simulator has a server do that an honest one does not do of its own accord.

use tangelo_wire::{ClientId, DepartReason, Entry, LogEntry, LogId, Millis, RoomName, Seq};

use crate::Delivery;

impl Delivery {
    /// Takes a client out at once, as if it had been silent for too long. Returns whether it was present.
    pub fn expel(&mut self, now: Millis, client: ClientId) -> bool {
        let Some(room) = self.room_of(client) else { return false };
        self.depart(now, &room, client, DepartReason::Silent);
        true
    }

    /// Appends an entry of the server's own making to the log of the room that a client is in.
    pub fn inject(&mut self, now: Millis, client: ClientId, entry: Entry) -> Option<Seq> {
        let name = self.room_of(client)?;
        let room = self.rooms.get_mut(&name)?;
        Some(room.append(now, entry, &self.limits, &mut self.outputs))
    }

    /// The id of a room's log and its entries after this place, as far as they are kept; `None` without the room.
    #[must_use]
    pub fn log_after(&self, name: &RoomName, seq: Seq) -> Option<(LogId, Vec<LogEntry>)> {
        let log = &self.rooms.get(name)?.log;
        Some((log.id, log.after(seq).into_iter().flatten().cloned().collect()))
    }

    /// Whether a client is present.
    #[must_use]
    pub fn is_present(&self, client: ClientId) -> bool {
        self.room_of(client).is_some()
    }

    fn room_of(&self, client: ClientId) -> Option<RoomName> {
        let room = self.rooms.iter().find(|(_, room)| room.present.contains_key(&client));
        room.map(|(name, _)| name.clone())
    }
}
