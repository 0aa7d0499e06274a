//! A session whose member is an insider: it keeps to no rule; and what a simulator sees of it. For tests.

use tangelo_wire::{Bytes, ClientId, Post};

use super::{Connection, Session, State};
use crate::{
    Deed, Look,
    attendee::{Attendee, Gate},
};

impl Session {
    /// Makes this member an insider: its paths hold nonsense for these clients, and for everyone below an inner node of
    /// the tree as it is now.
    pub fn poison_paths(&mut self, victims: &[ClientId]) {
        let State::Present(attendee) = &mut self.state else { return };
        if let Some(group) = attendee.group_mut() {
            group.poison_paths(victims);
        }
    }

    /// Makes this member an insider: a message to the group that says whatever it likes.
    pub fn seal_anything(&mut self, plain: &[u8]) -> Option<Bytes> {
        let State::Present(attendee) = &mut self.state else { return None };
        attendee.group_mut()?.seal_message(plain).ok()
    }

    /// Makes this member an insider: a post, to be made at once, whose Welcome leads these present clients into a group
    /// of the insider's own. It has the id and the members of the room's; the room's members skip the commit.
    pub fn commit_aside(&self, adds: &[ClientId]) -> Option<Post> {
        let State::Present(attendee) = &self.state else { return None };
        attendee.commit_aside(&self.context, adds)
    }

    /// For simulators: what the present client is and holds.
    #[must_use]
    pub fn look(&self) -> Option<Look> {
        self.attendee().map(Attendee::look)
    }

    /// For simulators: clients of this session do none of these from now on, and everything else. What is let again is
    /// done with the next call.
    pub fn bar(&mut self, deeds: &[Deed]) {
        self.carried.gate = Gate::bar(deeds);
        if let State::Present(attendee) = &mut self.state {
            attendee.bar(deeds);
        }
    }

    /// For simulators: whether the connection is up and nothing is to be resumed.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connection == (Connection::Open { resuming: false })
    }
}
