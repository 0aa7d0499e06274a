//! What the inspector sees of a present client.

use tangelo_e2ee::{committer::TAKEOVER_MS, group::Group};
use tangelo_wire::{ClientId, Millis, Post};

use super::{Attendee, post::InFlight};
use crate::inspect::{
    Broken, CommitInspection, GroupInspection, MemberInspection, NewcomerInspection, Outcome, RoomInspection,
    WorkInspection,
};

impl Attendee {
    /// What became of the entry that was applied last.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    pub(crate) fn inspect_room(&self) -> RoomInspection {
        let is_member = |client| self.group.as_ref().is_some_and(|group| group.member(client).is_some());
        let newcomers = self.presence.present().into_iter().filter(|client| !is_member(*client));
        let newcomers = newcomers.filter_map(|client| {
            let attendance = self.presence.get(client)?;
            let broken = attendance.candidate.as_ref().err().map(|rule| Broken::by_someone(*rule));
            Some(NewcomerInspection { client, arrived: attendance.arrived, broken })
        });
        RoomInspection {
            client: self.client(),
            log_id: self.room.log_id(),
            processed: self.processed,
            parent: self.parent,
            newcomers: newcomers.collect(),
        }
    }

    pub(crate) fn inspect_group(&self, now: Millis) -> Option<GroupInspection> {
        let group = self.group.as_ref()?;
        let turns = self.turns.order(&group.entered(&self.presence));
        let members = group.members().iter().map(|member| {
            let rank = turns.iter().position(|client| *client == member.client);
            let rank = rank.and_then(|rank| u32::try_from(rank).ok());
            MemberInspection {
                client: member.client,
                name: member.profile.name.to_string(),
                identity: member.profile.identity.to_string(),
                leaf: member.leaf,
                own: member.client == self.client(),
                present: self.presence.is_present(member.client),
                entered: self.presence.has_entered(member.client),
                confirmed: member.confirmed,
                silent: self.is_silent(now, member.client),
                elsewhere: self.is_elsewhere(member.client),
                rank,
                waits_ms: rank.map(|rank| TAKEOVER_MS * u64::from(rank.min(3))),
                passed_over: self.turns.passed_over().contains(&member.client),
            }
        });
        Some(GroupInspection {
            id: group.id(),
            epoch: group.epoch(),
            began: group.began(),
            members: members.collect(),
            tree: group.tree_shape().into(),
            work: self.inspect_work(group),
        })
    }

    fn inspect_work(&self, group: &Group) -> WorkInspection {
        let work = group.work(&self.presence);
        let unaddable = |client: &ClientId| self.unaddable.contains(client);
        let in_flight = self.in_flight.as_ref().map(|InFlight { body, renews_path, .. }| {
            let adds = if let Post::Commit { adds, .. } = body { adds.len() } else { 0 };
            CommitInspection {
                parent: body.parent().unwrap_or_default(),
                adds: u32::try_from(adds).unwrap_or(u32::MAX),
                path: *renews_path,
            }
        });
        WorkInspection {
            unaddable: work.adds.iter().filter(|client| unaddable(client)).copied().collect(),
            adds: work.adds.into_iter().filter(|client| !unaddable(client)).collect(),
            removes: work.removes,
            since: self.work_since.map(|(since, _)| since),
            own_turn: self.work_since.and_then(|work| self.turn(group, work)),
            rekey_due: self.rekey.due(),
            in_flight,
        }
    }
}
