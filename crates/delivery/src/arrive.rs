//! How a connection gets a client: `Hello` and `Arrive`, or `Resume`.

use tangelo_wire::{
    Admission, Bytes, DepartReason, Entry, ErrorCode, HostId, Millis, Mistake, PROTOCOL, Pass, ResumeToken,
    RoomName, Seq, ServerMessage, WireError, limits as bounds, made,
};

use crate::{
    ConnectionId, Delivery, Doors, Shown,
    connection::State,
    ids::token_hash,
    log::{self, Log},
    room::{Link, Present, Room, send},
    timers::Timer,
};

/// What a client brings.
pub(crate) struct Arrival {
    pub(crate) key_package: Bytes,
    pub(crate) admission: Option<Admission>,
    pub(crate) pass: Option<Pass>,
    pub(crate) shown: Shown,
}

impl Delivery {
    /// A connection whose client is present may say `Hello` again: the old client departs and a new one arrives.
    pub(crate) fn hello(&mut self, now: Millis, id: ConnectionId, protocol: u32, room: RoomName, host: &str) {
        let Some(connection) = self.connections.get(&id) else { return };
        if matches!(connection.state, State::Assigned { .. }) {
            return self.tell_error(
                id,
                ErrorCode::OutOfTurn,
                "a client id is assigned already: arrive with it",
            );
        }
        if protocol != PROTOCOL {
            return self.refuse_protocol(now, id, protocol);
        }
        if host.len() > bounds::HOST_MAX_BYTES || *host != connection.host {
            let text = format!(
                "this server was reached as {}, not under the name in the browser's address bar; if a proxy stands \
                 before it, the proxy must pass the Host header unchanged",
                connection.host
            );
            self.tell_error(id, ErrorCode::WrongHost, text);
            return self.close(now, id);
        }
        let state = connection.state.clone();
        let leaves = match &state {
            State::Arrived { room, .. } => Some(room),
            _ => None,
        };
        if let Some(error) = self.closed_to(&room, leaves).or_else(|| self.full(now, &room, leaves)) {
            return self.tell(id, ServerMessage::Error(error));
        }
        let mut left = None;
        if let State::Arrived { client, room } = state {
            self.depart(now, &room, client, DepartReason::Replaced);
            left = Some(room);
        }
        let client = self.ids.client();
        let present = self.rooms.get(&room).map_or(0, |room| room.present.len());
        let present = u32::try_from(present).unwrap_or(u32::MAX);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.enter(now, State::Assigned { client, room, left });
            let pass_asked = self.doors != Doors::Link;
            self.tell(id, ServerMessage::Assigned { client, present, pass_asked });
        }
    }

    pub(crate) fn arrive(&mut self, now: Millis, id: ConnectionId, arrival: Arrival) {
        let Arrival { key_package, admission, pass, shown } = arrival;
        let Some(connection) = self.connections.get(&id) else { return };
        let State::Assigned { client, room: name, left } = connection.state.clone() else {
            return self.tell_error(id, ErrorCode::OutOfTurn, "say hello first");
        };
        if key_package.is_empty() {
            return self.tell_error(id, ErrorCode::Invalid, "a client arrives with a key package");
        }
        if key_package.len() > bounds::KEY_PACKAGE_MAX_BYTES {
            let text = format!("a key package has at most {} bytes", bounds::KEY_PACKAGE_MAX_BYTES);
            return self.tell_error(id, ErrorCode::TooLarge, text);
        }
        if let Err(error) = Admission::check(admission.as_ref(), &connection.host, &name, client)
            && !made(Mistake::NoAdmission)
        {
            return self.tell_error(id, ErrorCode::NotAdmitted, error.to_string());
        }
        let host = connection.host.clone();
        let stay = match self.ask_at_the_door(now, &host, &name, client, pass.as_ref(), shown) {
            Ok(stay) => stay,
            Err(error) => return self.tell(id, ServerMessage::Error(error)),
        };
        // Who had a place when it said hello is no newcomer, although that place is given up by now.
        let closed = self.closed_to(&name, left.as_ref());
        if let Some(error) = closed.or_else(|| self.full(now, &name, None)) {
            return self.tell(id, ServerMessage::Error(error));
        }
        let token = self.ids.token();
        let (ids, limits) = (&mut self.ids, &self.limits);
        let room = self
            .rooms
            .entry(name.clone())
            .or_insert_with(|| Room::new(now, name.clone(), Log::new(ids.log()), limits));
        room.arrivals.take(now);
        // The same for every admission that this room's name lets through.
        let host_id = admission.as_ref().and_then(|admission| admission.host_id.as_slice().try_into().ok());
        room.host_id = host_id.map(HostId);

        let entry = Entry::Arrived { client, key_package: key_package.clone(), admission: admission.clone() };
        let seq = room.append(now, entry, &self.limits, &mut self.outputs);
        let link = Link::Up { connection: id, since: now };
        let mut present = Present::new(now, link, token_hash(&token), seq, key_package, &self.limits);
        present.admission = admission;
        present.stay = stay;
        room.present.insert(client, present);
        room.unsaved.clients.insert(client);
        self.clients = self.clients.saturating_add(1);
        let snapshot = ServerMessage::Snapshot {
            log_id: room.log.id,
            seq,
            hash: room.log.hash,
            parent: room.parent,
            group_id: room.group.map(|(group_id, _)| group_id),
            present: room.presence(),
            said: room.said.clone(),
            published: room.published(),
            token,
        };
        let lost = room.lost();
        self.tell(id, snapshot);
        lost.into_iter().for_each(|message| self.tell(id, message));
        self.timers.set(now + bounds::RESUME_WINDOW_MS, Timer::Client(name.clone(), client));
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.enter(now, State::Arrived { client, room: name });
        }
        self.tell_if_stopping(now, id);
    }

    pub(crate) fn resume(
        &mut self,
        now: Millis,
        id: ConnectionId,
        protocol: u32,
        name: &RoomName,
        token: &ResumeToken,
        processed: Seq,
    ) {
        let Some(connection) = self.connections.get(&id) else { return };
        if !matches!(connection.state, State::Fresh | State::Departed) {
            return self.tell_error(id, ErrorCode::OutOfTurn, "only a new connection resumes");
        }
        if protocol != PROTOCOL {
            return self.refuse_protocol(now, id, protocol);
        }
        let holder = self.rooms.get(name).and_then(|room| room.holder(&token_hash(token)));
        let (Some(client), Some(room)) = (holder, self.rooms.get_mut(name)) else {
            let over = self.over(now, token);
            return self.tell(id, ServerMessage::Error(over));
        };
        // Of entries yet to come a client knows that was told what was not kept, or one that lies.
        let Some(missed) = room.log.after(processed) else {
            // Too far behind for what is kept, or ahead of it: it could not follow the log any more.
            self.depart(now, name, client, DepartReason::Lagging);
            let over = self.over(now, token);
            return self.tell(id, ServerMessage::Error(over));
        };
        let missed: Vec<ServerMessage> =
            missed.map(|entry| ServerMessage::Entry(log::view(entry, client))).collect();
        let (seq, published) = (room.log.head(), room.published());
        let Some(present) = room.present.get_mut(&client) else { return };
        let was_lost = std::mem::take(&mut present.told_lost);
        let resumed = ServerMessage::Resumed { seq, published, media_lost: present.media_lost };
        let old = present.connection();
        present.link = Link::Up { connection: id, since: now };
        present.processed = present.processed.max(processed);
        let (wanted, paused) = (present.wanted.clone(), present.paused.clone());
        let lost = room.lost();
        if was_lost {
            let to = room.connections(Some(client));
            send(&mut self.outputs, to, || ServerMessage::Connection { client, lost: false });
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.enter(now, State::Arrived { client, room: name.clone() });
        }
        if let Some(old) = old {
            // The client has noticed before us that its old connection is dead.
            self.close(now, old);
        }
        self.tell(id, resumed);
        for entry in missed {
            self.tell(id, entry);
        }
        lost.into_iter().for_each(|message| self.tell(id, message));
        // What was said meanwhile is lost, and it is said only when it changes.
        for (source, layers) in wanted {
            self.tell(id, ServerMessage::Wanted { source, layers });
        }
        if let Some(pictures) = paused {
            self.tell(id, ServerMessage::Paused { pictures });
        }
        self.tell_if_stopping(now, id);
    }

    fn refuse_protocol(&mut self, now: Millis, id: ConnectionId, protocol: u32) {
        let text =
            format!("this server speaks version {PROTOCOL} of the protocol, not {protocol}: reload the page");
        self.tell_error(id, ErrorCode::Protocol, text);
        self.close(now, id);
    }

    /// Why a room has no place now; `leaves` is the room that a client leaves for it.
    fn full(&mut self, now: Millis, name: &RoomName, leaves: Option<&RoomName>) -> Option<WireError> {
        if self.rooms.get_mut(name).is_some_and(|room| !room.arrivals.has(now)) {
            let text = "too many people arrive in this room at once: try again in a moment";
            return Some(WireError::new(ErrorCode::TooMany, text));
        }
        let room = self.rooms.get(name);
        let freed = usize::from(leaves == Some(name));
        if room.is_some_and(|room| room.present.len() >= self.limits.room_clients_max.saturating_add(freed)) {
            let text = format!("the room is full: it takes {} people", self.limits.room_clients_max);
            return Some(WireError::new(ErrorCode::RoomFull, text));
        }
        // Its last client leaves no room behind.
        let forgotten =
            leaves.and_then(|leaves| self.rooms.get(leaves)).is_some_and(|room| room.present.len() == 1);
        let rooms = self.rooms.len().saturating_sub(usize::from(forgotten));
        let clients = self.clients.saturating_sub(usize::from(leaves.is_some()));
        (room.is_none() && rooms >= self.limits.rooms_max || clients >= self.limits.clients_max)
            .then(|| WireError::new(ErrorCode::ServerFull, "the server is full: try again later"))
    }
}
