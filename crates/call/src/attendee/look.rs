//! What a simulator sees of a client.

use tangelo_e2ee::group::Group;
use tangelo_wire::{Bytes, ClientId, GroupId, LogId, Post, Seq};

use super::{Attendee, Deed, gate::Gate, post::InFlight};

/// A client that is present, from inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Who.
    pub client: ClientId,
    /// The log that it follows.
    pub log_id: LogId,
    /// The last entry that it has processed.
    pub processed: Seq,
    /// Whom it sees present.
    pub present: Vec<ClientId>,
    /// Who of them it takes to have founded or entered the current group.
    pub entered: Vec<ClientId>,
    /// The last `Founded` or `Committed` that it knows of.
    pub parent: Seq,
    /// The room's group, as far as it knows.
    pub group_id: Option<GroupId>,
    /// The state of the group that it holds.
    pub group: Option<GroupLook>,
    /// Its post whose place in the log it does not know yet.
    pub pending: Option<PendingLook>,
}

/// A post whose place in the log is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLook {
    /// The client's number for it.
    pub post: u32,
    /// The entry that it is to follow.
    pub parent: Seq,
    /// Whom the commit adds.
    pub adds: Vec<ClientId>,
    /// Whom it removes.
    pub removes: Vec<ClientId>,
    /// Whether it has a path.
    pub path: bool,
    /// Whether it founds a group.
    pub founds: bool,
}

/// The state of a group that a client holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLook {
    /// Which group.
    pub id: GroupId,
    /// Its epoch.
    pub epoch: u64,
    /// The entry that began the epoch.
    pub began: Seq,
    /// The confirmation tag, as it stands in the commit that began the epoch: no two states share it.
    pub tag: Bytes,
    /// The members and their leaves.
    pub members: Vec<(ClientId, u32)>,
    /// Whether the log says that this client founded or entered the group.
    pub entered: bool,
}

impl Attendee {
    pub(crate) fn look(&self) -> Look {
        let group = self.group.as_ref().map(|group| GroupLook {
            id: group.id(),
            epoch: group.epoch(),
            began: group.began(),
            tag: group.confirmation_tag(),
            members: group.members().iter().map(|member| (member.client, member.leaf)).collect(),
            entered: self.has_entered(),
        });
        let present = self.presence.present();
        Look {
            client: self.client(),
            log_id: self.room.log_id(),
            processed: self.processed,
            entered: present.iter().copied().filter(|client| self.presence.has_entered(*client)).collect(),
            present,
            parent: self.parent,
            group_id: self.group_id,
            group,
            pending: self.in_flight.as_ref().map(|post| self.look_at(post)),
        }
    }

    fn look_at(&self, InFlight { post, body, renews_path }: &InFlight) -> PendingLook {
        let (founds, adds) = match body {
            Post::Commit { adds, .. } => (false, adds.clone()),
            _ => (true, Vec::new()),
        };
        let removes = self.group.as_ref().map(Group::pending_removes).unwrap_or_default();
        let parent = body.parent().unwrap_or_default();
        PendingLook { post: *post, parent, adds, removes, path: *renews_path, founds }
    }

    /// Bars these deeds, and no others.
    pub(crate) fn bar(&mut self, deeds: &[Deed]) {
        self.gate = Gate::bar(deeds);
    }
}
