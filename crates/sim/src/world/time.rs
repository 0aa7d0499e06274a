//! Time that passes freely: messages get where they go, timers fire, in the order of time.

use tangelo_call::Session;
use tangelo_delivery::ConnectionId;
use tangelo_wire::Millis;

use super::World;
use crate::Property;

/// More happenings than these in one stretch of time are a loop that does not end.
const HAPPENINGS_MAX: usize = 200_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Server,
    Up(ConnectionId),
    Down(ConnectionId),
    Timer(usize),
}

impl World {
    /// Lets time pass. Stops at the first violation.
    pub fn run(&mut self, duration_ms: u64) {
        let end = self.now + duration_ms;
        for _ in 0..HAPPENINGS_MAX {
            if self.violation().is_some() {
                return;
            }
            let Some((at, next)) = self.next().filter(|(at, _)| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            match next {
                Next::Server => {
                    let now = self.server_now();
                    self.delivery.handle_timeout(now);
                    self.route(None);
                }
                Next::Up(connection) => {
                    self.move_up(connection);
                }
                Next::Down(connection) => {
                    self.move_down(connection);
                }
                Next::Timer(person) => self.fire(person),
            }
        }
        self.violate(Property::Rests, "something happens again and again, and time does not pass");
    }

    fn next(&self) -> Option<(Millis, Next)> {
        let pipes = self.pipes.iter().flat_map(|(connection, pipe)| {
            let reads = pipe.open && !self.persons[pipe.person].frozen;
            let up = pipe.up.front().map(|up| (up.at, Next::Up(*connection)));
            let down = pipe.down.front().filter(|_| reads).map(|down| (down.at, Next::Down(*connection)));
            up.into_iter().chain(down)
        });
        let timers = self.persons.iter().enumerate().filter(|(_, person)| !person.frozen);
        let timers = timers.filter_map(|(index, person)| {
            let at = person.session.as_ref().and_then(Session::poll_timeout)?;
            Some((Millis(at.0.saturating_sub(person.ahead)), Next::Timer(index)))
        });
        let server = self.delivery.poll_timeout();
        let server = server.map(|at| (Millis(at.0.saturating_sub(self.server_ahead)), Next::Server));
        let later = |(at, next): (Millis, Next)| (at.max(self.now), next);
        pipes.chain(timers).chain(server).map(later).min()
    }
}
