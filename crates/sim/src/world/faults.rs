//! What can happen to people while time runs freely.

use tangelo_call::{Command, Words};

use super::{World, people::Lag};
use crate::step::{Deed, Step};

impl World {
    /// Does a step. Returns whether it was possible.
    pub fn apply(&mut self, step: &Step) -> bool {
        match step {
            Step::Run(ms) => {
                self.run(*ms);
                true
            }
            Step::Restart => {
                self.restart();
                true
            }
            Step::Revive => self.revive(),
            Step::Skew(0, ms) => {
                self.server_ahead += ms;
                true
            }
            Step::Model(action, n) => self.nature.strict && self.act(*action, *n),
            Step::Misdeed(attack, n, others) => self.nature.strict && self.misdeed(*attack, *n, others),
            Step::Skew(n, _) | Step::Deed(_, n) | Step::Attack(_, n, _) | Step::Lag(n, ..)
                if *n == 0 || *n > self.persons.len() =>
            {
                false
            }
            Step::Skew(n, ms) => {
                self.persons[n - 1].ahead += ms;
                true
            }
            Step::Lag(n, up, down, more) => {
                self.persons[n - 1].lag = Lag { up: *up, down: *down, more: *more };
                true
            }
            Step::Deed(deed, n) => self.deed(*deed, n - 1),
            Step::Attack(attack, n, others) => self.attack(*attack, n - 1, others),
        }
    }

    fn deed(&mut self, deed: Deed, person: usize) -> bool {
        let runs = self.persons[person].session.is_some();
        match deed {
            Deed::Join => !self.persons[person].away && self.open(person),
            Deed::Kill | Deed::KillAway => self.kill(person, deed == Deed::KillAway),
            Deed::Leave => self.leave(person),
            Deed::Freeze => runs && self.freeze(person),
            Deed::Stay => {
                self.persons[person].stays_frozen =
                    runs && (self.persons[person].frozen || self.freeze(person));
                self.persons[person].stays_frozen
            }
            Deed::Wake => !self.persons[person].stays_frozen && self.wake(person),
            Deed::Cut => self.cut(person),
            Deed::Expel => self.expel(person),
            Deed::Chat => runs && self.chat(person),
            Deed::Lazy => {
                let evil = self.persons[person].evil;
                self.persons[person].lazy |= evil;
                self.bar(person, self.nature.strict);
                evil
            }
            Deed::Spoil => {
                let evil = self.persons[person].evil;
                self.persons[person].spoils |= evil;
                evil
            }
            Deed::Flood => self.flood(person),
            Deed::Ghost if self.persons[person].evil => self.pose(person),
            Deed::Ghost => self.nature.hostile_server && self.ghost(person),
            trick => {
                let hostile = self.nature.hostile_server;
                if hostile {
                    self.persons[person].tamper.trick(trick);
                }
                hostile
            }
        }
    }

    pub(crate) fn kill(&mut self, person: usize, away: bool) -> bool {
        let Some(session) = self.persons[person].session.take() else { return false };
        self.note_crashed(person, away);
        self.half_close(person);
        let one = &mut self.persons[person];
        (one.look, one.view, one.frozen, one.stays_frozen, one.has_to_hear) =
            (None, None, false, false, false);
        one.away = away;
        one.phase = None;
        one.ghosts.push(session);
        true
    }

    pub(crate) fn note_crashed(&mut self, person: usize, away: bool) {
        let Some(look) = self.persons[person].look.as_ref() else { return };
        if let Some(number) = self.number(look.client) {
            self.clients[number - 1].gone = true;
            self.trace.crashed(number, away);
        }
    }

    fn leave(&mut self, person: usize) -> bool {
        let now = self.clock(person);
        if self.persons[person].frozen || self.persons[person].session.is_none() {
            return false;
        }
        self.note_crashed(person, true);
        if let Some(session) = &mut self.persons[person].session {
            session.command(now, Command::Leave {});
        }
        self.pump(person);
        let one = &mut self.persons[person];
        (one.look, one.view, one.away, one.phase) = (None, None, true, None);
        let session = one.session.take();
        one.ghosts.extend(session);
        self.half_close(person);
        true
    }

    pub(crate) fn freeze(&mut self, person: usize) -> bool {
        // Who stands still while it resumes has resumed for the server and not for itself: the model knows no such thing.
        let one = &self.persons[person];
        let resuming =
            one.look.is_some() && one.session.as_ref().is_some_and(|session| !session.is_connected());
        if one.frozen || resuming && one.pipe.is_some() {
            return false;
        }
        self.persons[person].frozen = true;
        if let Some(number) = self.present_client(person) {
            self.trace.frozen(number);
        }
        true
    }

    pub(crate) fn wake(&mut self, person: usize) -> bool {
        if !self.persons[person].frozen {
            return false;
        }
        self.persons[person].frozen = false;
        if let Some(number) = self.present_client(person) {
            self.trace.woken(number);
        }
        if self.persons[person].has_to_hear {
            self.tell_broken(person);
        }
        true
    }

    pub(crate) fn cut(&mut self, person: usize) -> bool {
        let Some(connection) = self.persons[person].pipe else { return false };
        self.break_pipe(connection, false);
        self.route(None);
        true
    }

    fn expel(&mut self, person: usize) -> bool {
        let ours = |client: &&super::Client| client.person == Some(person) && client.present;
        let Some(id) = self.clients.iter().rfind(ours).map(|client| client.id) else { return false };
        let now = self.server_now();
        let expelled = self.delivery.expel(now, id);
        self.route(None);
        expelled
    }

    pub(crate) fn chat(&mut self, person: usize) -> bool {
        let now = self.clock(person);
        if self.persons[person].frozen {
            return false;
        }
        let Some(session) = &mut self.persons[person].session else { return false };
        session.command(now, Command::Chat { text: Words("hello".to_owned()) });
        self.observe(person, None);
        self.pump(person);
        true
    }

    /// The number of the client that a person's program is present as.
    pub(crate) fn present_client(&self, person: usize) -> Option<usize> {
        self.number(self.persons[person].look.as_ref()?.client)
    }
}
