//! What the server does because a host says so. What it cannot be trusted with, the members see to themselves.

use std::collections::VecDeque;

use tangelo_wire::{
    ClientId, DepartReason, ErrorCode, Millis, ResumeToken, RoomName, ServerMessage, WireError,
    limits as bounds,
};

use crate::{
    ConnectionId, Delivery, Output,
    connection::State,
    ids::token_hash,
    room::{Link, Room},
};

/// Most clients remembered that were away when their call was ended. Others arrive anew, in a call of their own.
const AWAY_MAX: usize = 4_096;

/// Clients that were away when a host ended their call, by the hashes of their resume tokens: whoever comes back is told.
#[derive(Default)]
pub(crate) struct Away(VecDeque<(Millis, [u8; 32])>);

impl Away {
    fn remember(&mut self, now: Millis, room: &Room) {
        self.forget(now);
        let away = room.present.values().filter(|present| matches!(present.link, Link::Down { .. }));
        for present in away.take(AWAY_MAX.saturating_sub(self.0.len())) {
            self.0.push_back((now, present.token_hash));
        }
    }

    fn forget(&mut self, now: Millis) {
        while self.0.front().is_some_and(|(ended, _)| now.since(*ended) > bounds::RESUME_WINDOW_MS) {
            self.0.pop_front();
        }
    }

    fn knows(&mut self, now: Millis, token: &ResumeToken) -> bool {
        self.forget(now);
        let hash = token_hash(token);
        self.0.iter().any(|(_, other)| *other == hash)
    }
}

impl Delivery {
    /// Carries out what the host said last in a room: whom it removed departs, whom its lock keeps outside has no media, and a call
    /// that it ended is over.
    pub(crate) fn carry_out_orders(&mut self, now: Millis, name: &RoomName) {
        let Some(room) = self.rooms.get(name) else { return };
        if room.orders.ended {
            return self.disband(now, name);
        }
        let removed = room.orders.removed.clone();
        let out: Vec<_> =
            removed.iter().filter(|client| room.present.contains_key(client)).copied().collect();
        self.end_returns_of(name, &removed);
        for client in out {
            self.depart(now, name, client, DepartReason::Kicked);
        }
        self.end_media_outside(name);
    }

    /// A client that is in no group and kept outside may have begun its media before the lock.
    fn end_media_outside(&mut self, name: &RoomName) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let mut told: Vec<ClientId> = Vec::new();
        for client in room.present.keys().copied().collect::<Vec<_>>() {
            if !room.gets_media(client)
                && let Some(present) = room.present.get_mut(&client)
            {
                present.wanted.clear();
                present.paused = None;
                told.push(client);
            }
        }
        for client in told {
            self.outputs.push_back(Output::MediaEnds { room: name.clone(), client });
            self.published(name, client, Vec::new());
        }
    }

    /// Why a client that is gone cannot resume.
    pub(crate) fn over(&mut self, now: Millis, token: &ResumeToken) -> WireError {
        if self.away.knows(now, token) {
            return ended();
        }
        WireError::new(ErrorCode::Departed, "the session to resume is over: arrive anew")
    }

    /// Everyone leaves at once, and the room is forgotten: its log ends with what the host said. Whoever opens the link
    /// later begins another call.
    fn disband(&mut self, now: Millis, name: &RoomName) {
        let Some(room) = self.rooms.remove(name) else { return };
        self.end_returns(name);
        if self.keeps {
            self.forgotten.push(room.log.id);
        }
        self.clients = self.clients.saturating_sub(room.present.len());
        let departed = self.stats.departed.entry(DepartReason::Kicked).or_default();
        *departed = departed.saturating_add(u64::try_from(room.present.len()).unwrap_or(u64::MAX));
        self.stats.entries.add(room.appended);
        self.away.remember(now, &room);
        let mut connections: Vec<ConnectionId> = Vec::new();
        for (client, present) in &room.present {
            self.outputs.push_back(Output::MediaEnds { room: name.clone(), client: *client });
            connections.extend(present.connection());
        }
        for id in connections {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.enter(now, State::Departed);
            }
            self.tell(id, ServerMessage::Error(ended()));
        }
    }
}

pub(crate) fn removed() -> WireError {
    WireError::new(ErrorCode::Removed, "the host removed this client from the room")
}

fn ended() -> WireError {
    WireError::new(ErrorCode::Ended, "the host has ended the call")
}
