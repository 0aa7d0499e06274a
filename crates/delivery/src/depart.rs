//! How clients and connections end.

use tangelo_wire::{
    ClientId, DepartReason, ErrorCode, Millis, Mistake, RoomName, ServerMessage, WireError, limits as bounds,
    made,
};

use crate::{
    ConnectionId, Delivery, Output,
    connection::State,
    hosting::removed,
    room::{Link, send},
    timers::Timer,
};

impl Delivery {
    pub(crate) fn leave(&mut self, now: Millis, id: ConnectionId) {
        let Some((client, room)) = self.arrived(id) else { return };
        let room = room.name.clone();
        self.depart(now, &room, client, DepartReason::Left);
    }

    pub(crate) fn look_at_connection(&mut self, now: Millis, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if made(Mistake::SilentStay) {
            return;
        }
        let deadline = connection.deadline(&self.limits);
        if deadline <= now {
            self.close(now, id);
        } else {
            // A connection that arrives in between must be heard from after that time at the latest.
            self.timers.set(deadline.min(now + self.limits.silent_ms), Timer::Connection(id));
        }
    }

    pub(crate) fn look_at_client(&mut self, now: Millis, name: RoomName, client: ClientId) {
        let Some(room) = self.rooms.get(&name) else { return };
        let Some(present) = room.present.get(&client) else { return };
        if made(Mistake::SilentStay) {
            return;
        }
        match room.deadline(present) {
            Some(deadline) if deadline <= now => {
                let reason = match present.link {
                    Link::Up { .. } => DepartReason::Lagging,
                    Link::Down { .. } => DepartReason::Silent,
                };
                self.depart(now, &name, client, reason);
            }
            Some(deadline) => self.timers.set(deadline, Timer::Client(name, client)),
            // Whatever happens from now on gives a deadline that is no earlier.
            None => self.timers.set(now + bounds::RESUME_WINDOW_MS, Timer::Client(name, client)),
        }
    }

    /// Tells the others that a client's connection is lost, unless it is back by now.
    pub(crate) fn tell_lost(&mut self, now: Millis, name: &RoomName, client: ClientId) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(present) = room.present.get_mut(&client) else { return };
        let is_due = matches!(present.link, Link::Down { since, .. } if since + bounds::LOST_TOLD_MS <= now);
        if is_due && !present.told_lost {
            present.told_lost = true;
            let to = room.connections(Some(client));
            send(&mut self.outputs, to, || ServerMessage::Connection { client, lost: true });
        }
    }

    /// Ends a client's presence. An empty room is forgotten: its next log has another id.
    pub(crate) fn depart(&mut self, now: Millis, name: &RoomName, client: ClientId, reason: DepartReason) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(gone) = room.depart(now, client, reason, &self.limits, &mut self.outputs) else { return };
        self.clients = self.clients.saturating_sub(1);
        *self.stats.departed.entry(reason).or_default() += 1;
        if room.present.is_empty() {
            self.stats.entries.add(room.appended);
            if self.keeps {
                self.forgotten.push(room.log.id);
            }
            self.rooms.remove(name);
        }
        self.may_return(now, name, client, &gone, reason);
        let Some(id) = gone.connection() else { return };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match reason {
            DepartReason::Left | DepartReason::Replaced => connection.enter(now, State::Fresh),
            DepartReason::Kicked | DepartReason::Silent | DepartReason::Lagging => {
                if !made(Mistake::DepartedMayCommit) {
                    connection.enter(now, State::Departed);
                }
                let error = if reason == DepartReason::Kicked { removed() } else { departed() };
                self.tell(id, ServerMessage::Error(error));
            }
        }
    }

    pub(crate) fn close(&mut self, now: Millis, id: ConnectionId) {
        self.disconnected(now, id);
        self.outputs.push_back(Output::Close { connection: id });
    }
}

pub(crate) fn departed() -> WireError {
    WireError::new(ErrorCode::Departed, "the server took this client out of the room: arrive anew")
}
