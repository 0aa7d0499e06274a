//! What attackers do as steps of the model: each is one post that the server appends at once.

use tangelo_call::Deed;
use tangelo_wire::{ClientId, ClientMessage, Entry, LogEntry, Mistake, Post, Seq, ServerMessage, made};

use crate::{
    step::Attack,
    strict::Who,
    world::{World, counts},
};

impl World {
    /// Does an attacker's action of the model. Returns whether it was possible.
    pub(crate) fn misdeed(&mut self, attack: Attack, number: usize, others: &[usize]) -> bool {
        let Some(who) = self.who(number) else { return false };
        if attack == Attack::Early {
            return others
                .first()
                .and_then(|other| self.who(*other))
                .is_some_and(|other| self.early(who, other));
        }
        let named: Option<Vec<ClientId>> =
            others.iter().map(|other| Some(self.clients.get(other.checked_sub(1)?)?.id)).collect();
        let Some(named) = named else { return false };
        let person = who.1;
        if !self.persons[person].evil || !self.is_up(who) {
            return false;
        }
        // The model's insider knows the log to its end, and what its own client has read is no one's business.
        while self.is_up(who) && self.read(who) {}
        if !self.is_up(who) {
            return false;
        }
        let posted = match attack {
            Attack::Junk => {
                let post = self.junk(named);
                self.post_worthless(person, post)
            }
            Attack::Aside => {
                let post = self.persons[person].session.as_ref().and_then(|one| one.commit_aside(&named));
                post.is_some_and(|post| self.post_worthless(person, post))
            }
            Attack::Poison => {
                if let Some(session) = &mut self.persons[person].session {
                    session.poison_paths(&named);
                }
                self.make_good(who, None)
            }
            Attack::Hollow => {
                self.persons[person].spoils = true;
                self.make_good(who, Some(&named))
            }
            Attack::Early => false,
        };
        posted && self.answer(who, true)
    }

    /// A commit that counts, but for what is wrong with it for some. It is to add these clients, if that is said.
    fn make_good(&mut self, who: Who, adds: Option<&[ClientId]>) -> bool {
        if !self.make(who.1, Deed::Rekey) {
            return false;
        }
        let Some(Post::Commit { adds: added, commit, .. }) = self.posted(who) else { return false };
        self.checker.known.good(&commit);
        adds.is_none_or(|adds| adds.iter().all(|client| added.contains(client)) && adds.len() == added.len())
    }

    /// The post that lies in a client's connection.
    fn posted(&self, (client, _): Who) -> Option<Post> {
        let pipe = self.pipes.get(&self.clients[client].pipe?)?;
        pipe.up.iter().find_map(|up| match &up.message {
            ClientMessage::Post { body, .. } if Self::is_compared(&up.message) => Some(body.clone()),
            _ => None,
        })
    }

    /// The server shows the other the post of a client before it is accepted, in the place that it would have.
    fn early(&mut self, who: Who, other: Who) -> bool {
        let Some(Post::Commit { parent, adds, commit, welcome }) = self.posted(who) else { return false };
        let named = adds.contains(&self.clients[other.0].id);
        if !made(Mistake::WelcomeBeforeAccepted) || !named || !self.is_up(other) {
            return false;
        }
        let Some(connection) = self.persons[other.1].pipe else { return false };
        while let Some(down) = self.pipes.get(&connection).and_then(|pipe| pipe.down.front()) {
            if matches!(&*down.message, ServerMessage::Entry(entry) if counts(&entry.entry)) {
                return false;
            }
            self.move_down(connection);
        }
        let client = self.clients[who.0].id;
        let seq = self.log.last().map_or(Seq(0), |entry| entry.seq).next();
        let entry = LogEntry { seq, entry: Entry::Committed { parent, client, adds, commit, welcome } };
        self.give_untouched(other.1, &ServerMessage::Entry(entry));
        true
    }
}
