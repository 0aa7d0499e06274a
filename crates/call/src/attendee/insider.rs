//! What an insider does. For tests.

use tangelo_e2ee::{
    RoomContext,
    group::{Bundle, Group},
};
use tangelo_wire::{ClientId, Post};

use super::Attendee;

impl Attendee {
    pub(crate) fn group_mut(&mut self) -> Option<&mut Group> {
        self.group.as_mut()
    }

    /// See [`crate::Session::commit_aside`].
    pub(crate) fn commit_aside(&self, context: &RoomContext, adds: &[ClientId]) -> Option<Post> {
        let group = self.group.as_ref()?;
        let bundle = group.commit_aside(context, &self.applicant, &self.presence, adds).ok()?;
        let Bundle { adds, commit, welcome } = bundle;
        Some(Post::Commit { parent: self.parent, adds, commit, welcome })
    }
}
