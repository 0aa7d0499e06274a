//! Who was removed on the way to a state of the group, and who holds it.

use std::collections::{BTreeMap, BTreeSet};

use tangelo_call::GroupLook;
use tangelo_wire::ClientId;

/// States are known by their tags.
#[derive(Debug, Default)]
pub struct Removed {
    before: BTreeMap<Vec<u8>, BTreeSet<ClientId>>,
    /// Who holds a state, or ever did.
    holders: BTreeMap<Vec<u8>, BTreeSet<ClientId>>,
}

impl Removed {
    /// An honest member went on from one state to the next.
    pub fn went_on(&mut self, old: &GroupLook, new: &GroupLook) {
        let stays = |member: &ClientId| new.members.iter().any(|(other, _)| other == member);
        let gone = old.members.iter().map(|(member, _)| *member).filter(|member| !stays(member));
        let mut removed = self.before.get(&old.tag.0).cloned().unwrap_or_default();
        removed.extend(gone);
        // Who never knew of its first time in the group can be let in once more.
        removed.retain(|client| !stays(client));
        self.before.entry(new.tag.0.clone()).or_default().extend(removed);
    }

    /// A client holds a state, an insider's too. Returns who holds it and was removed before it.
    pub fn holds(&mut self, client: ClientId, group: &GroupLook) -> Option<ClientId> {
        let holders = self.holders.entry(group.tag.0.clone()).or_default();
        holders.insert(client);
        self.before.get(&group.tag.0)?.intersection(holders).next().copied()
    }
}

#[cfg(test)]
mod tests {
    use tangelo_wire::{Bytes, GroupId, Seq};

    use super::*;

    const ONE: ClientId = ClientId([1; 16]);
    const TWO: ClientId = ClientId([2; 16]);

    fn state(epoch: u64, members: &[ClientId]) -> GroupLook {
        GroupLook {
            id: GroupId([7; 32]),
            epoch,
            began: Seq(epoch),
            tag: Bytes(epoch.to_le_bytes().to_vec()),
            members: members.iter().copied().zip(0..).collect(),
            entered: true,
        }
    }

    #[test]
    fn who_was_removed_may_hold_no_later_state() {
        let (with, without, later) = (state(1, &[ONE, TWO]), state(2, &[ONE]), state(3, &[ONE]));
        let mut removed = Removed::default();
        assert_eq!(removed.holds(TWO, &with), None);
        removed.went_on(&with, &without);
        removed.went_on(&without, &later);
        for group in [&without, &later] {
            assert_eq!(removed.holds(ONE, group), None);
            assert_eq!(removed.holds(TWO, group), Some(TWO));
        }
    }

    #[test]
    fn it_shows_whoever_is_seen_first() {
        let (with, without) = (state(1, &[ONE, TWO]), state(2, &[ONE]));
        let mut removed = Removed::default();
        assert_eq!(removed.holds(TWO, &without), None);
        removed.went_on(&with, &without);
        assert_eq!(removed.holds(ONE, &without), Some(TWO));
    }

    #[test]
    fn who_is_let_in_once_more_may_hold_what_follows() {
        let (with, without, again) = (state(1, &[ONE, TWO]), state(2, &[ONE]), state(3, &[ONE, TWO]));
        let mut removed = Removed::default();
        removed.went_on(&with, &without);
        removed.went_on(&without, &again);
        assert_eq!(removed.holds(TWO, &again), None);
    }
}
