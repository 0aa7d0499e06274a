//! Clients: who is which, and what is noted of them.

use tangelo_call::Session;
use tangelo_delivery::ConnectionId;
use tangelo_wire::{Admission, ClientId, Entry, LogEntry, LogId, ServerMessage};

use super::{HOST, World, counts};
use crate::{Property, trace::Held};

/// One arrival in the log.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Whose, from 0; `None` for one that was made up.
    pub person: Option<usize>,
    /// The log in which it arrived.
    pub log_id: LogId,
    /// Whether the log has it present.
    pub present: bool,
    /// Whether it arrived with papers that are in order.
    pub admitted: bool,
    /// Whether its program took the snapshot.
    pub attached: bool,
    /// Whether its program has dropped it.
    pub gone: bool,
    /// Its connection; the last one if it has none now.
    pub pipe: Option<ConnectionId>,
    /// Whether that is up.
    pub up: bool,
}

impl World {
    /// The numbers of clients.
    #[must_use]
    pub fn numbers(&self, clients: &[ClientId]) -> Vec<usize> {
        clients.iter().filter_map(|client| self.number(*client)).collect()
    }

    fn client_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.clients.iter_mut().find(|client| client.id == id)
    }

    /// The server appended an entry.
    pub(super) fn appended(&mut self, log_id: LogId, entry: &LogEntry) {
        let place = self.place(entry.seq);
        self.facts.append(entry);
        match &entry.entry {
            Entry::Arrived { client, admission, .. } => {
                let connection = self.handling;
                let person = connection.and_then(|connection| self.pipes.get(&connection));
                let (person, open) = person.map_or((None, false), |pipe| (Some(pipe.person), pipe.open));
                // No program stands behind a client that was made up, by the server or by an insider: its key package is one that
                // no member may take.
                let admitted = person.is_some()
                    && Admission::check(admission.as_ref(), HOST, &self.room(), *client).is_ok();
                self.clients.push(Client {
                    id: *client,
                    person,
                    log_id,
                    present: true,
                    admitted,
                    attached: false,
                    gone: !open,
                    pipe: connection,
                    up: true,
                });
                self.checker.arrived(
                    *client,
                    person.is_some_and(|person| self.persons[person].evil),
                    admitted,
                );
                let number = self.clients.len();
                if let Some(person) = person {
                    self.trace.arrived(person + 1, number);
                    if !open {
                        self.trace.dropped(number);
                    }
                }
            }
            Entry::Departed { client, .. } => {
                if let Some(client) = self.client_mut(*client) {
                    client.present = false;
                }
                if let Some(number) = self.number(*client) {
                    self.trace.departed(number);
                }
            }
            Entry::Founded { client, group_id, parent } => {
                if let Some(number) = self.number(*client) {
                    let parent = self.place(*parent);
                    self.trace.founded(*group_id, number, parent);
                    self.trace.taken(number, place);
                }
            }
            Entry::Committed { client, commit, .. } => {
                self.checker.committed(log_id, entry.seq, *client, commit);
                if let Some(number) = self.number(*client) {
                    self.trace.taken(number, place);
                }
            }
            Entry::Entered { client, .. } => {
                if let Some(number) = self.number(*client) {
                    self.trace.entered(number, place);
                }
            }
            Entry::HostSaid { .. } | Entry::Message { .. } => {}
        }
    }

    /// Looks at a person's client after something happened to it; `message` is what it was given, if that was it.
    pub(crate) fn observe(&mut self, person: usize, message: Option<&ServerMessage>) {
        let entry = match message {
            Some(ServerMessage::Entry(entry)) => Some(entry),
            _ => None,
        };
        let one = &mut self.persons[person];
        let before = one.look.take();
        let after = one.session.as_ref().and_then(Session::look);
        one.look.clone_from(&after);
        if let Some(after) = &after
            && before.as_ref().is_none_or(|before| before.client != after.client)
        {
            let pipe = one.pipe;
            if let Some(client) = self.client_mut(after.client) {
                (client.attached, client.pipe) = (true, pipe);
            }
        }
        let old = before.as_ref().map(|before| before.client);
        let stays = old.is_some() && old == after.as_ref().map(|after| after.client);
        if let Some(old) = old {
            let number = self.number(old);
            if !stays && let Some(client) = self.client_mut(old) {
                (client.gone, client.up) = (true, false);
            }
            let read = entry.filter(|entry| counts(&entry.entry));
            let held = after.as_ref().filter(|_| stays).and_then(|after| after.group.as_ref());
            let members = held.map(|group| {
                let members: Vec<ClientId> = group.members.iter().map(|(client, _)| *client).collect();
                (group.id, group.epoch, self.numbers(&members))
            });
            if let (Some(number), Some(read)) = (number, read) {
                let held = match (stays, members) {
                    (false, _) => Held::Dropped,
                    (true, None) => Held::Nothing,
                    (true, Some((id, epoch, members))) => Held::State(id, epoch, members),
                };
                let place = self.place(read.seq);
                self.trace.read(number, place, &held);
            } else if let (Some(number), false) = (number, stays) {
                self.trace.dropped(number);
            }
        }
        let one = &mut self.persons[person];
        if one.evil {
            // Of an insider nothing is asked but that it holds nothing that others hold once they have removed it.
            if let Some((client, group)) =
                after.as_ref().and_then(|look| Some((look.client, look.group.as_ref()?)))
            {
                self.checker.removed_know_nothing(client, group);
            }
            return;
        }
        if let Some(view) = &mut one.view {
            self.checker.observe(person, view, before.as_ref(), after.as_ref(), entry);
        }
        let Some(look) = after.filter(|look| Some(look.log_id) == self.log_id && !self.nature.hostile_server)
        else {
            return;
        };
        if let Some(what) = self.facts.mistaken(&look) {
            let text = format!("p{} is mistaken about {what} at entry {}", person + 1, look.processed);
            self.violate(Property::SnapshotSuffices, text);
        }
    }

    /// The server refused a post of the connection that it is handling.
    pub(super) fn note_refused(&mut self) {
        if let Some(number) = self.handled_client() {
            self.trace.refused(number);
        }
    }

    /// The server resumed the client of the connection that it is handling.
    pub(super) fn note_resumed(&mut self) {
        let connection = self.handling;
        let person = connection.and_then(|connection| self.pipes.get(&connection)).map(|pipe| pipe.person);
        let look = person.and_then(|person| self.persons[person].look.as_ref());
        let Some(id) = look.map(|look| look.client) else { return };
        if let Some(client) = self.client_mut(id) {
            (client.pipe, client.up) = (connection, true);
        }
        if let Some(number) = self.number(id) {
            self.trace.resumed(number);
        }
    }

    /// A connection broke.
    pub(super) fn note_broken(&mut self, connection: ConnectionId) {
        let broken = |client: &Client| client.pipe == Some(connection) && client.up && !client.gone;
        let Some(index) = self.clients.iter().position(broken) else { return };
        let client = &mut self.clients[index];
        client.up = false;
        if client.attached {
            self.trace.disconnected(index + 1);
        } else {
            // Its program never got the snapshot, and arrives anew.
            client.gone = true;
            self.trace.dropped(index + 1);
        }
    }

    fn handled_client(&self) -> Option<usize> {
        let of = |client: &Client| client.pipe.is_some() && client.pipe == self.handling;
        self.clients.iter().rposition(of).map(|index| index + 1)
    }
}
