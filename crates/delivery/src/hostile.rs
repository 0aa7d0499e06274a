//! What a simulator has a server do that an honest one does not do of its own accord.

use tangelo_wire::{
    Bytes, ClientId, DepartReason, Entry, LogEntry, LogId, Millis, ResumeToken, RoomName, Seq,
    limits as bounds,
};

use crate::{
    Delivery,
    ids::token_hash,
    room::{Link, Present},
    timers::Timer,
};

impl Delivery {
    /// Takes a client out at once, as if it had been silent for too long. Returns whether it was present.
    pub fn expel(&mut self, now: Millis, client: ClientId) -> bool {
        let Some(room) = self.room_of(client) else { return false };
        self.depart(now, &room, client, DepartReason::Silent);
        true
    }

    /// Lets a client of the server's own making arrive, without admission, in the room that `other` is in. It departs
    /// when a client without a connection does.
    pub fn let_ghost_in(
        &mut self,
        now: Millis,
        other: ClientId,
        ghost: ClientId,
        key_package: &Bytes,
    ) -> Option<Seq> {
        let name = self.room_of(other)?;
        let room = self.rooms.get_mut(&name)?;
        let entry = Entry::Arrived { client: ghost, key_package: key_package.clone(), admission: None };
        let seq = room.append(now, entry, &self.limits, &mut self.outputs);
        let link = Link::Down { since: now, counts_until: now + self.limits.absent_ms };
        let present = Present::new(now, link, ghost_hash(ghost), seq, key_package.clone(), &self.limits);
        room.present.insert(ghost, present);
        room.unsaved.clients.insert(ghost);
        self.clients = self.clients.saturating_add(1);
        self.timers.set(now + bounds::RESUME_WINDOW_MS, Timer::Client(name, ghost));
        Some(seq)
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

/// Of a token that nobody has.
fn ghost_hash(ghost: ClientId) -> [u8; 32] {
    let mut token = [0; 32];
    token.iter_mut().zip(ghost.0).for_each(|(byte, of)| *byte = of);
    token_hash(&ResumeToken(token))
}
