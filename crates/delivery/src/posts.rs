//! Which posts become entries.

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
};

use tangelo_wire::{
    Bytes, ClientId, Entry, ErrorCode, GroupId, HostOrders, HostStatement, LogEntry, Millis, Mistake, Post,
    Seq, ServerMessage, WireError, limits as bounds, made,
};

use crate::{
    ConnectionId, Delivery, Limits, Output,
    depart::departed,
    room::{Present, Room, send},
};

/// Why a post does not become an entry.
enum Refusal {
    /// Compare-and-swap failed.
    Stale,
    Error(WireError),
}

fn refuse<T>(code: ErrorCode, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Error(WireError::new(code, text)))
}

impl Delivery {
    pub(crate) fn post(&mut self, now: Millis, id: ConnectionId, post: u32, body: Post) {
        if let Some(error) = self.departed_error(id) {
            return self.tell(id, ServerMessage::Refused { post, error });
        }
        let Some((author, name)) = self.arrived(id).map(|(client, room)| (client, room.name.clone())) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(&name) else { return };
        let mut desk = Desk { now, author, limits: &self.limits, outputs: &mut self.outputs };
        let last = room.parent;
        let is_host = matches!(body, Post::HostSay { .. });
        match desk.take(room, body) {
            Ok(()) if is_host => self.carry_out_orders(now, &name),
            Ok(()) => {}
            Err(Refusal::Stale) => self.tell(id, ServerMessage::Stale { post, last }),
            Err(Refusal::Error(error)) => self.tell(id, ServerMessage::Refused { post, error }),
        }
    }
}

/// Where one post is judged.
struct Desk<'a> {
    now: Millis,
    author: ClientId,
    limits: &'a Limits,
    outputs: &'a mut VecDeque<Output>,
}

impl Desk<'_> {
    fn take(&mut self, room: &mut Room, post: Post) -> Result<(), Refusal> {
        match post {
            Post::Found { parent, group_id } => self.found(room, parent, group_id),
            Post::Commit { parent, adds, commit, welcome } => {
                self.commit(room, parent, adds, commit, welcome)
            }
            Post::Enter { commit } => self.enter(room, commit),
            Post::HostSay { said } => self.host_say(room, said),
            Post::Message { bytes } => self.message(room, bytes),
        }
    }

    fn append(&mut self, room: &mut Room, entry: Entry) -> Seq {
        room.append(self.now, entry, self.limits, self.outputs)
    }

    fn author<'r>(&self, room: &'r mut Room) -> Result<&'r mut Present, Refusal> {
        let gone = || Refusal::Error(departed());
        room.present.get_mut(&self.author).ok_or_else(gone)
    }

    /// The author, if it founded or entered the current group.
    fn member<'r>(&self, room: &'r mut Room) -> Result<&'r mut Present, Refusal> {
        let author = self.author(room)?;
        if author.entered {
            Ok(author)
        } else {
            refuse(ErrorCode::NotEntered, "only who founded or entered the current group can post this")
        }
    }

    fn may_commit(&self, room: &mut Room) -> Result<(), Refusal> {
        if made(Mistake::DepartedMayCommit) && !room.present.contains_key(&self.author) {
            return Ok(());
        }
        self.member(room).map(|_| ())
    }

    fn found(&mut self, room: &mut Room, parent: Seq, group_id: GroupId) -> Result<(), Refusal> {
        if is_stale(room, parent) {
            return Err(Refusal::Stale);
        }
        // So no group is met twice, and what members have stored cannot stand in its way.
        if group_id != GroupId::derive(room.log.id, parent, self.author) {
            return refuse(ErrorCode::Invalid, "the group id is not that of this log, parent and client");
        }
        self.author(room)?;
        if room.keeps_outside(self.author) {
            return refuse(ErrorCode::GroupAlive, "a host keeps this client outside: wait to be let in");
        }
        if !room.may_found(self.now, self.author) {
            return refuse(ErrorCode::GroupAlive, "the room has a group: wait to be added");
        }
        let seq = self.append(room, Entry::Founded { parent, group_id, client: self.author });
        room.founded(self.now, seq, group_id, self.author);
        Ok(())
    }

    fn commit(
        &mut self,
        room: &mut Room,
        parent: Seq,
        adds: Vec<ClientId>,
        commit: Bytes,
        welcome: Option<Bytes>,
    ) -> Result<(), Refusal> {
        // First of all, or one client without the group's keys could make every honest commit stale.
        self.may_commit(room)?;
        if is_stale(room, parent) {
            if made(Mistake::WelcomeBeforeAccepted) {
                self.hand_out(room, Entry::Committed { parent, client: self.author, adds, commit, welcome });
            }
            return Err(Refusal::Stale);
        }
        if commit.is_empty() || welcome.as_ref().is_some_and(Bytes::is_empty) {
            return refuse(ErrorCode::Invalid, "a commit or a welcome is never empty");
        }
        if welcome.is_some() == adds.is_empty() {
            return refuse(ErrorCode::Invalid, "a welcome goes with a commit that adds, and with no other");
        }
        let named: BTreeSet<ClientId> = adds.iter().copied().collect();
        if named.len() != adds.len() || named.contains(&self.author) {
            return refuse(ErrorCode::Invalid, "a commit adds others, and each of them once");
        }
        let known = |client| room.present.contains_key(client) || room.departed_since_parent.contains(client);
        if !named.iter().all(known) {
            return refuse(ErrorCode::Invalid, "a commit adds only who is present");
        }
        // The members would not take it either: this keeps it out of the log.
        if named.iter().any(|client| room.keeps_outside(*client)) {
            return refuse(ErrorCode::KeptOutside, "this commit adds a client that a host keeps outside");
        }
        let spacing_over = room.committed_at.is_none_or(|at| self.now.since(at) >= bounds::COMMIT_SPACING_MS);
        let author = room.present.get_mut(&self.author);
        if !spacing_over || author.is_some_and(|author| !author.commits.take(self.now)) {
            return refuse(ErrorCode::TooMany, "too many commits: try again in a moment");
        }
        let entry = Entry::Committed { parent, client: self.author, adds: adds.clone(), commit, welcome };
        let seq = self.append(room, entry);
        room.committed(self.now, seq, &adds);
        Ok(())
    }

    /// Sends whom a commit names what will not stand in the log.
    fn hand_out(&mut self, room: &Room, entry: Entry) {
        let Entry::Committed { adds, .. } = &entry else { return };
        let to = adds.iter().filter_map(|client| room.present.get(client)?.connection()).collect();
        let entry = LogEntry { seq: room.log.head().next(), entry };
        send(self.outputs, to, || ServerMessage::Entry(entry));
    }

    fn enter(&mut self, room: &mut Room, commit: Seq) -> Result<(), Refusal> {
        let author = self.author(room)?;
        // Named is forgotten at each `Founded`, so an old group is not entered any more.
        if !author.named.contains(&commit) {
            return refuse(
                ErrorCode::Invalid,
                "no commit of the current group at this place adds this client",
            );
        }
        if mem::replace(&mut author.entered, true) {
            // Sent again after a reconnect: the log says so already.
            return Ok(());
        }
        room.unsaved.clients.insert(self.author);
        self.append(room, Entry::Entered { client: self.author, commit });
        Ok(())
    }

    fn host_say(&mut self, room: &mut Room, said: HostStatement) -> Result<(), Refusal> {
        if said.statement.is_empty() || said.statement.len() > bounds::HOST_STATEMENT_MAX_BYTES {
            let most = bounds::HOST_STATEMENT_MAX_BYTES;
            return refuse(ErrorCode::TooLarge, format!("a host's statement has 1 to {most} bytes"));
        }
        let Some(host_id) = room.host_id else {
            return refuse(ErrorCode::Invalid, "a room with a name of one's choice has no host");
        };
        if !said.verify(room.log.id, host_id) {
            return refuse(ErrorCode::Invalid, "this is not signed by the room's host for this call");
        }
        let last = room.said.as_ref().map(|last| last.number);
        if !said.is_next(last) {
            return refuse(
                ErrorCode::Invalid,
                "the number of a host's statement must rise, and not by too much",
            );
        }
        let Some(orders) = HostOrders::read(&said) else {
            return refuse(ErrorCode::Invalid, "this statement of the host cannot be understood");
        };
        if !orders.follows(last) {
            return refuse(ErrorCode::Invalid, "this statement is not built on the host's last one");
        }
        if !self.author(room)?.application_messages.take(self.now) {
            return refuse(ErrorCode::TooMany, "too many messages: slow down");
        }
        room.said = Some(said.clone());
        room.orders = orders;
        self.append(room, Entry::HostSaid { client: self.author, said });
        Ok(())
    }

    fn message(&mut self, room: &mut Room, bytes: Bytes) -> Result<(), Refusal> {
        self.member(room)?;
        if bytes.is_empty() || bytes.len() > bounds::APPLICATION_MESSAGE_MAX_BYTES {
            let most = bounds::APPLICATION_MESSAGE_MAX_BYTES;
            return refuse(ErrorCode::TooLarge, format!("a message has 1 to {most} bytes"));
        }
        // The author's own pace first: who is too fast takes nothing from the others.
        if !self.author(room)?.application_messages.take(self.now) {
            return refuse(ErrorCode::TooMany, "too many messages: slow down");
        }
        if !room.application_messages.take(self.now) {
            return refuse(ErrorCode::TooMany, "too many messages in this room: try again in a moment");
        }
        self.append(room, Entry::Message { client: self.author, bytes });
        Ok(())
    }
}

/// Whether a post was made for another place in the log than the next one.
fn is_stale(room: &Room, parent: Seq) -> bool {
    parent != room.parent && !made(Mistake::NoCompareAndSwap)
}
