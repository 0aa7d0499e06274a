//! Steps of the model, one at a time: nothing else happens in terms of the model.
//!
//! No message moves by itself, no timer fires by itself, and each client is barred from doing anything of its own accord
//! but the one deed that a step asks for. To make it do that, its own clock alone runs, until it does.

use std::rc::Rc;

use tangelo_call::{Deed, Session};
use tangelo_wire::{
    ClientMessage, Entry, ErrorCode, LogEntry, Millis, Post, Seq, ServerMessage, WireError,
    limits::{FOUND_ANEW_MS, RESUME_WINDOW_MS},
};

use crate::{
    step::{Action, Step},
    world::{World, counts},
};

/// A client does what it is to do within this time, in milliseconds: the longest is the time between two rekeys.
const PATIENCE_MS: u64 = 130_000;
/// So far the server's clock runs before it takes a commit, in milliseconds: its pacing is not the model's business.
const PACE_MS: u64 = 2_000;

/// A client's index, and its person's.
pub(crate) type Who = (usize, usize);

impl World {
    /// Does an action of the model. Returns whether it was possible.
    pub fn act(&mut self, action: Action, number: usize) -> bool {
        if action == Action::Arrive {
            return number > 0 && number <= self.persons.len() && self.arrive(number - 1);
        }
        let Some(who) = self.who(number) else { return false };
        let person = who.1;
        let lives = self.lives(who);
        let goes = lives && !self.persons[person].frozen;
        let up = self.is_up(who);
        match action {
            Action::Arrive => false,
            Action::Crash | Action::CrashAway => lives && self.crash(who, action == Action::CrashAway),
            Action::Freeze => goes && self.freeze(person),
            Action::Wake => lives && self.wake(person),
            Action::Disconnect => lives && self.cut(person),
            Action::Resume => goes && self.resume(who),
            Action::Depart => self.depart(who),
            Action::Read => up && self.read(who),
            Action::Found => up && self.make(person, Deed::Found),
            Action::Commit => up && self.make(person, Deed::Commit),
            Action::Rekey => up && self.make(person, Deed::Rekey),
            Action::Take => self.answer(who, true),
            Action::Refuse => self.answer(who, false),
            Action::Enter => self.enter(who),
            Action::Drop => goes && self.give_up(who),
        }
    }

    /// The client of this number, if it is a person's.
    pub(crate) fn who(&self, number: usize) -> Option<Who> {
        let client = number.checked_sub(1)?;
        Some((client, self.clients.get(client)?.person?))
    }

    fn lives(&self, (client, person): Who) -> bool {
        self.persons[person].look.as_ref().is_some_and(|look| look.client == self.clients[client].id)
    }

    /// Whether a client can do something, with a connection.
    pub(crate) fn is_up(&self, who: Who) -> bool {
        let person = &self.persons[who.1];
        self.lives(who) && !person.frozen && person.pipe.is_some() && self.is_connected(who.1)
    }

    fn is_connected(&self, person: usize) -> bool {
        self.persons[person].session.as_ref().is_some_and(Session::is_connected)
    }

    fn arrive(&mut self, person: usize) -> bool {
        if self.persons[person].away || self.persons[person].look.is_some() {
            return false;
        }
        self.open(person);
        if !self.until_connection_wanted(person) {
            return false;
        }
        self.connect(person);
        self.pump(person);
        // Hello and its answer, then `Arrive` and the snapshot.
        for _ in 0..2 {
            let Some(connection) = self.persons[person].pipe else { return false };
            self.move_up(connection);
            self.move_down(connection);
        }
        self.persons[person].look.is_some()
    }

    /// Its clock runs until it asks for a connection.
    fn until_connection_wanted(&mut self, person: usize) -> bool {
        for _ in 0..100 {
            if self.persons[person].wants_connection {
                return true;
            }
            let timer = self.persons[person].session.as_ref().and_then(Session::poll_timeout);
            let Some(at) = timer else { return false };
            self.advance(person, at);
            self.fire(person);
        }
        false
    }

    /// A person's clock goes on to a time.
    fn advance(&mut self, person: usize, to: Millis) {
        let passed = to.since(self.clock(person));
        self.persons[person].ahead += passed;
    }

    fn crash(&mut self, (_, person): Who, away: bool) -> bool {
        self.kill(person, away)
    }

    fn resume(&mut self, (client, person): Who) -> bool {
        if self.persons[person].pipe.is_some() || !self.clients[client].present {
            return false;
        }
        if !self.until_connection_wanted(person) {
            return false;
        }
        self.connect(person);
        self.pump(person);
        let Some(connection) = self.persons[person].pipe else { return false };
        self.move_up(connection);
        // Only the answer: what was missed is read later.
        matches!(self.move_down(connection).as_deref(), Some(ServerMessage::Resumed { .. }))
            && self.is_connected(person)
    }

    fn depart(&mut self, (client, _): Who) -> bool {
        let now = self.server_now();
        let id = self.clients[client].id;
        let departed = self.delivery.expel(now, id);
        self.route(None);
        departed
    }

    /// The next entry that the model has, and all that comes before it.
    pub(crate) fn read(&mut self, (client, person): Who) -> bool {
        let Some(connection) = self.persons[person].pipe else { return false };
        let id = self.clients[client].id;
        loop {
            let Some(pipe) = self.pipes.get(&connection) else { return false };
            let Some(next) = pipe.down.front().map(|down| Rc::clone(&down.message)) else { return false };
            match &*next {
                ServerMessage::Entry(LogEntry { entry, .. }) if counts(entry) => {
                    self.move_down(connection);
                    return true;
                }
                // A client that departed is sent no more entries but this word, in place of its own departure.
                ServerMessage::Error(WireError { code: ErrorCode::Departed, .. }) => {
                    let departure = self
                        .log
                        .iter()
                        .find(|entry| matches!(entry.entry, Entry::Departed { client, .. } if client == id));
                    let seq = departure.map(|entry| entry.seq);
                    let read = self.persons[person].look.as_ref().map(|look| look.processed);
                    let (Some(seq), Some(read)) = (seq, read) else { return false };
                    let between = self.log.iter().filter(|entry| entry.seq > read && entry.seq < seq);
                    if between.filter(|entry| counts(&entry.entry)).count() > 0 {
                        return false;
                    }
                    self.move_down(connection);
                    return true;
                }
                _ => {
                    self.move_down(connection);
                }
            }
        }
    }

    /// A client makes a post of a kind; its clock runs until it does.
    pub(crate) fn make(&mut self, person: usize, deed: Deed) -> bool {
        let pending =
            |world: &Self| world.persons[person].look.as_ref().is_some_and(|look| look.pending.is_some());
        if pending(self) {
            return false;
        }
        let posts = self.posts(person);
        self.let_only(person, deed);
        let end = self.clock(person) + PATIENCE_MS;
        while self.posts(person) == posts {
            let timer = self.persons[person].session.as_ref().and_then(Session::poll_timeout);
            let Some(at) = timer.filter(|at| *at <= end) else { break };
            self.advance(person, at);
            self.fire(person);
            // It hears from the server all the while.
            self.give_untouched(person, &ServerMessage::Alive { seq: Seq(0) });
        }
        self.bar(person, true);
        self.posts(person) > posts
    }

    /// How many posts that are compared lie in its connection.
    fn posts(&self, person: usize) -> usize {
        let pipe = self.persons[person].pipe.and_then(|connection| self.pipes.get(&connection));
        pipe.map_or(0, |pipe| pipe.up.iter().filter(|up| Self::is_compared(&up.message)).count())
    }

    fn let_only(&mut self, person: usize, deed: Deed) {
        let all = [Deed::Speak, Deed::Found, Deed::Commit, Deed::Rekey, Deed::Judge];
        let barred: Vec<Deed> = all.into_iter().filter(|one| *one != deed).collect();
        if let Some(session) = &mut self.persons[person].session {
            session.bar(&barred);
        }
        self.fire(person);
    }

    /// The server takes a client's post, or refuses it.
    pub(crate) fn answer(&mut self, (client, person): Who, takes: bool) -> bool {
        let Some(connection) = self.clients[client].pipe else { return false };
        let head = |world: &Self| world.log.last().map(|entry| entry.seq);
        loop {
            let Some(pipe) = self.pipes.get(&connection) else { return false };
            let Some(up) = pipe.up.front() else { return false };
            // What a client said when it went comes after the posts that it made.
            if matches!(up.message, ClientMessage::Leave {}) {
                return false;
            }
            if Self::is_compared(&up.message) {
                let founds = matches!(up.message, ClientMessage::Post { body: Post::Found { .. }, .. });
                if takes {
                    self.server_ahead += if founds { FOUND_ANEW_MS + PACE_MS } else { PACE_MS };
                }
                break;
            }
            self.move_up(connection);
        }
        let before = head(self);
        self.move_up(connection);
        let taken = head(self) != before;
        if !taken {
            self.hear_refusal(person);
        }
        taken == takes
    }

    /// The model's client hears at once of a refusal that is none for being late.
    fn hear_refusal(&mut self, person: usize) {
        let Some(connection) = self.persons[person].pipe else { return };
        let Some(pipe) = self.pipes.get_mut(&connection) else { return };
        let refusal = |message: &ServerMessage| matches!(message, ServerMessage::Refused { .. });
        let Some(at) = pipe.down.iter().position(|down| refusal(&down.message)) else { return };
        let Some(down) = pipe.down.remove(at) else { return };
        if !self.persons[person].frozen {
            self.give_untouched(person, &down.message);
        }
    }

    /// `Enter` lies in the connection since the client joined, and whatever became of the client.
    fn enter(&mut self, (client, _): Who) -> bool {
        let Some(connection) = self.clients[client].pipe else { return false };
        let id = self.clients[client].id;
        let entered = |world: &Self| {
            world.log.iter().any(|entry| matches!(entry.entry, Entry::Entered { client, .. } if client == id))
        };
        let before = self.log.len();
        loop {
            let Some(pipe) = self.pipes.get(&connection) else { return false };
            let Some(up) = pipe.up.front() else { return false };
            let enters = matches!(up.message, ClientMessage::Post { body: Post::Enter { .. }, .. });
            if Self::is_compared(&up.message) {
                return false;
            }
            self.move_up(connection);
            if enters {
                return entered(self) && self.log.len() > before;
            }
        }
    }

    /// A client gives its place up: it hears that it has departed, or was without a connection for too long.
    fn give_up(&mut self, (client, person): Who) -> bool {
        if self.persons[person].pipe.is_some() {
            let error = WireError::new(ErrorCode::Departed, "the server took this client out of the room");
            self.give_untouched(person, &ServerMessage::Error(error));
        } else {
            let at = self.clock(person) + RESUME_WINDOW_MS;
            self.advance(person, at);
            self.fire(person);
        }
        self.clients[client].gone
    }
}

/// Whether a step is one of the model's.
#[must_use]
pub fn is_strict(step: &Step) -> bool {
    matches!(step, Step::Model(..) | Step::Misdeed(..))
}
