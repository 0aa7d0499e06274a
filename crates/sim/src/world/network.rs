//! Connections.

use std::{collections::VecDeque, rc::Rc};

use tangelo_delivery::{ConnectionId, Output};
use tangelo_wire::{ClientId, ClientMessage, Entry, ErrorCode, Millis, Post, ServerMessage, WireError};

use super::{HOST, World};
use crate::Property;

/// A message to the server.
pub struct Up {
    /// When it gets there.
    pub at: Millis,
    /// It.
    pub message: ClientMessage,
}

/// A message from the server.
pub struct Down {
    /// When it gets there.
    pub at: Millis,
    /// It.
    pub message: Rc<ServerMessage>,
}

/// A connection: two queues.
pub struct Pipe {
    /// Whose, from 0.
    pub person: usize,
    /// Whether the program still has it; if not, what it had sent still arrives.
    pub open: bool,
    /// To the server.
    pub up: VecDeque<Up>,
    /// From the server.
    pub down: VecDeque<Down>,
}

impl World {
    /// A person's program connects.
    pub(crate) fn connect(&mut self, person: usize) {
        let server_now = self.server_now();
        let connection = self.delivery.connect(server_now, HOST);
        let pipe = Pipe { person, open: true, up: VecDeque::new(), down: VecDeque::new() };
        self.pipes.insert(connection, pipe);
        let now = self.clock(person);
        let one = &mut self.persons[person];
        (one.pipe, one.wants_connection) = (Some(connection), false);
        if let Some(session) = &mut one.session {
            session.connected(now);
        }
    }

    /// A person's program closes its connection. What it sent before a goodbye still arrives; otherwise all is lost.
    pub(crate) fn close(&mut self, person: usize) {
        let Some(connection) = self.persons[person].pipe else { return };
        let Some(pipe) = self.pipes.get(&connection) else { return };
        if pipe.up.iter().any(|up| matches!(up.message, ClientMessage::Leave {})) {
            self.half_close(person);
        } else {
            self.persons[person].pipe = None;
            self.break_pipe(connection, false);
        }
    }

    /// A person's program is gone from its connection; what it had sent still arrives.
    pub(crate) fn half_close(&mut self, person: usize) {
        let Some(connection) = self.persons[person].pipe.take() else { return };
        if let Some(pipe) = self.pipes.get_mut(&connection) {
            pipe.open = false;
            pipe.down.clear();
        }
        self.hang_up(connection);
    }

    /// The server hears of the end of a connection once it has everything that was sent.
    pub(crate) fn hang_up(&mut self, connection: ConnectionId) {
        if self
            .pipes
            .get(&connection)
            .is_some_and(|pipe| !pipe.open && pipe.up.is_empty() && !self.nature.strict)
        {
            self.pipes.remove(&connection);
            let now = self.server_now();
            self.delivery.disconnected(now, connection);
        }
    }

    /// A connection breaks, with everything on it. The server does not hear of an end that it made itself (`by_server`), and the
    /// program only once it does not stand still.
    pub(crate) fn break_pipe(&mut self, connection: ConnectionId, by_server: bool) {
        let Some(pipe) = self.pipes.remove(&connection) else { return };
        if !by_server {
            let now = self.server_now();
            self.delivery.disconnected(now, connection);
        }
        self.note_broken(connection);
        let person = pipe.person;
        if self.persons[person].pipe != Some(connection) {
            return;
        }
        self.persons[person].pipe = None;
        if self.persons[person].frozen {
            self.persons[person].has_to_hear = true;
        } else {
            self.tell_broken(person);
        }
    }

    /// A program hears that its connection is gone.
    pub(crate) fn tell_broken(&mut self, person: usize) {
        let now = self.clock(person);
        let one = &mut self.persons[person];
        one.has_to_hear = false;
        if let Some(session) = &mut one.session {
            session.disconnected(now);
        }
        self.observe(person, None);
        self.pump(person);
    }

    /// The next message of a connection reaches the server. Returns it.
    pub(crate) fn move_up(&mut self, connection: ConnectionId) -> Option<ClientMessage> {
        let pipe = self.pipes.get_mut(&connection)?;
        let person = pipe.person;
        let up = pipe.up.pop_front()?;
        let now = self.server_now();
        let message = self.persons[person].tamper.meant(up.message);
        self.handling = Some(connection);
        self.delivery.handle(now, connection, message.clone());
        self.route(Some(&message));
        self.handling = None;
        self.hang_up(connection);
        Some(message)
    }

    /// The next message of a connection reaches its program. Returns it.
    pub(crate) fn move_down(&mut self, connection: ConnectionId) -> Option<Rc<ServerMessage>> {
        let pipe = self.pipes.get_mut(&connection)?;
        let person = pipe.person;
        let message = pipe.down.pop_front()?.message;
        self.give(person, (*message).clone());
        Some(message)
    }

    /// Takes what the server has to send, and what it has appended. `handled` is the message that it answers.
    pub(crate) fn route(&mut self, handled: Option<&ClientMessage>) {
        self.sync();
        while let Some(output) = self.delivery.poll_output() {
            match output {
                Output::Send { to, message } => self.post_down(&to, message, handled),
                Output::Close { connection } => self.break_pipe(connection, true),
                Output::Offer { .. }
                | Output::Watch { .. }
                | Output::TurnServers { .. }
                | Output::MediaEnds { .. } => {}
            }
        }
    }

    fn post_down(&mut self, to: &[ConnectionId], message: ServerMessage, handled: Option<&ClientMessage>) {
        match &message {
            ServerMessage::Stale { post: refused, .. } | ServerMessage::Refused { post: refused, .. } => {
                if let Some(ClientMessage::Post { post, body: Post::Found { .. } | Post::Commit { .. } }) =
                    handled
                    && refused == post
                {
                    self.note_refused();
                    self.a_dead_room_is_founded(&message);
                }
            }
            ServerMessage::Resumed { .. } => self.note_resumed(),
            ServerMessage::Snapshot { log_id, seq, present, .. } => self.note_first(*log_id, *seq, present),
            _ => {}
        }
        let message = Rc::new(message);
        for connection in to {
            let Some(person) = self.pipes.get(connection).filter(|pipe| pipe.open).map(|pipe| pipe.person)
            else {
                continue;
            };
            let lag = self.persons[person].lag;
            let at = self.now + lag.down + self.scatter() % (lag.more + 1);
            if let Some(pipe) = self.pipes.get_mut(connection) {
                let at = pipe.down.back().map_or(at, |last| last.at.max(at));
                pipe.down.push_back(Down { at, message: Rc::clone(&message) });
            }
        }
    }

    /// Nobody is refused to found a group because of one that nobody present is in.
    fn a_dead_room_is_founded(&mut self, refusal: &ServerMessage) {
        let ServerMessage::Refused { error: WireError { code: ErrorCode::GroupAlive, .. }, .. } = refusal
        else {
            return;
        };
        let founded = self.log.iter().rposition(|entry| matches!(entry.entry, Entry::Founded { .. }));
        let group = self.log.iter().skip(founded.unwrap_or(0));
        let mut inside = group.filter_map(|entry| match &entry.entry {
            Entry::Founded { client, .. } | Entry::Entered { client, .. } => Some(*client),
            _ => None,
        });
        let present = |id: ClientId| self.clients.iter().any(|client| client.id == id && client.present);
        if !inside.any(present) {
            let text = "the server takes a group for alive that nobody present is in";
            self.violate(Property::DeadRoomIsFounded, text);
        }
    }

    /// What kind of entry a post becomes, if the model has it.
    #[must_use]
    pub fn is_compared(message: &ClientMessage) -> bool {
        matches!(message, ClientMessage::Post { body: Post::Found { .. } | Post::Commit { .. }, .. })
    }

    /// Whether an entry stands where compare-and-swap looks.
    #[must_use]
    pub fn is_parent(entry: &Entry) -> bool {
        matches!(entry, Entry::Founded { .. } | Entry::Committed { .. })
    }
}
