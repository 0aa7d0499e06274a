//! After the last step of the model: time passes as it does elsewhere.

use tangelo_wire::ClientMessage;

use crate::world::World;

impl World {
    /// From now on time passes freely.
    pub fn let_go(&mut self) {
        if std::mem::take(&mut self.nature.strict) {
            (0..self.persons.len()).for_each(|person| self.catch_up(person));
        }
        for person in 0..self.persons.len() {
            self.bar(person, false);
            if self.persons[person].wants_connection {
                self.connect(person);
                self.pump(person);
            }
        }
        let closing: Vec<_> = self.pipes.iter().filter(|(_, pipe)| !pipe.open).map(|(id, _)| *id).collect();
        closing.into_iter().for_each(|connection| self.hang_up(connection));
    }

    /// The clocks are apart by now: before they judge, what was sent arrives, and the server hears how far a client is.
    fn catch_up(&mut self, person: usize) {
        let Some(connection) = self.persons[person].pipe.filter(|_| !self.persons[person].frozen) else {
            return;
        };
        while self.move_down(connection).is_some() {}
        if let Some(processed) = self.persons[person].look.as_ref().map(|look| look.processed) {
            self.send(person, ClientMessage::Heartbeat { processed, check: None });
        }
        while self.move_up(connection).is_some() {}
    }
}
