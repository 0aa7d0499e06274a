//! Rules 5 to 17: what MLS cannot know about a commit.

use std::collections::BTreeSet;

use openmls::prelude::{
    BasicCredential, OpenMlsProvider as _, Proposal, StagedCommit, tls_codec::Serialize as _,
};
use openmls::schedule::{ExternalPsk, Psk};
use tangelo_wire::{ClientId, Mistake, made};

use super::{CommitEntry, Group, LEAVES_MAX};
use crate::{RoomContext, Rule, credential, hpke_key, leaf::psk_name, presence::Presence};

impl Group {
    /// Judges a commit by group state and log alone. The window of the log is the one from the entry that began the
    /// present epoch to `entry`.
    pub(super) fn judge(
        &self,
        context: &RoomContext,
        presence: &Presence,
        entry: CommitEntry<'_>,
        staged: &StagedCommit,
    ) -> Result<(), Rule> {
        let ours = |proposal: &Proposal| {
            matches!(proposal, Proposal::Add(_) | Proposal::Remove(_) | Proposal::PreSharedKey(_))
        };
        if !staged.queued_proposals().all(|queued| ours(queued.proposal())) {
            return Err(Rule::CommitProposals);
        }
        // Else it could stay for ever by committing first, with a server that keeps it present.
        if presence.is_removed(entry.author) {
            return Err(Rule::HostRemoved);
        }
        let adds = self.judge_adds(presence, entry, staged)?;
        let removes = self.judge_removes(presence, entry, staged)?;
        judge_psk(context, staged, adds > 0)?;
        self.judge_path(entry, staged)?;
        self.judge_tree_keys(staged)?;
        if self.members.len() + adds > LEAVES_MAX + removes {
            return Err(Rule::LeafLimit);
        }
        Ok(())
    }

    fn judge_adds(
        &self,
        presence: &Presence,
        entry: CommitEntry<'_>,
        staged: &StagedCommit,
    ) -> Result<usize, Rule> {
        let mut added: BTreeSet<ClientId> = BTreeSet::new();
        for proposal in staged.add_proposals() {
            let key_package = proposal.add_proposal().key_package();
            let credential = BasicCredential::try_from(key_package.leaf_node().credential().clone())
                .map_err(|_| Rule::AddArrived)?;
            let client = credential::client_of(credential.identity()).ok_or(Rule::AddArrived)?;
            let attendance = presence.get(client).ok_or(Rule::AddArrived)?;
            if attendance.arrived >= entry.seq {
                return Err(Rule::AddArrived);
            }
            if attendance.departed.is_some_and(|departed| departed < self.began) {
                return Err(Rule::AddPresent);
            }
            if attendance.departed.is_some() && made(Mistake::PresenceAtEntry) {
                return Err(Rule::AddPresent);
            }
            if attendance.arrived > self.began && made(Mistake::PresenceAtParent) {
                return Err(Rule::AddArrived);
            }
            let candidate = attendance.candidate.as_ref().map_err(|_| Rule::AddAdmissible)?;
            let proposed = key_package.tls_serialize_detached().map_err(|_| Rule::AddArrived)?;
            if candidate.bytes != proposed {
                return Err(Rule::AddArrived);
            }
            if self.member(client).is_some() || !added.insert(client) {
                return Err(Rule::AddOnce);
            }
            presence.may_be_added(client)?;
        }
        let claimed: BTreeSet<ClientId> = entry.adds.iter().copied().collect();
        if claimed != added || entry.adds.len() != added.len() {
            return Err(Rule::CommitAdds);
        }
        Ok(added.len())
    }

    fn judge_removes(
        &self,
        presence: &Presence,
        entry: CommitEntry<'_>,
        staged: &StagedCommit,
    ) -> Result<usize, Rule> {
        let mut count = 0;
        for proposal in staged.remove_proposals() {
            let leaf = proposal.remove_proposal().removed().u32();
            let member = self.members.iter().find(|member| member.leaf == leaf).ok_or(Rule::CommitMls)?;
            // Whom the log does not know any more departed before the window.
            let departed = presence
                .get(member.client)
                .is_none_or(|attendance| attendance.departed.is_some_and(|departed| departed < entry.seq));
            if !departed && !presence.is_removed(member.client) {
                return Err(Rule::RemoveDeparted);
            }
            count += 1;
        }
        Ok(count)
    }

    fn judge_path(&self, entry: CommitEntry<'_>, staged: &StagedCommit) -> Result<(), Rule> {
        let Some(leaf) = staged.update_path_leaf_node() else { return Ok(()) };
        let author = self.member(entry.author).ok_or(Rule::CommitAuthor)?;
        let before = self
            .mls
            .public_group()
            .leaf(openmls::prelude::LeafNodeIndex::new(author.leaf))
            .ok_or(Rule::CommitAuthor)?;
        let same = leaf.credential() == before.credential()
            && leaf.signature_key() == before.signature_key()
            && leaf.capabilities() == before.capabilities()
            && leaf.extensions() == before.extensions();
        if !same {
            return Err(Rule::PathLeaf);
        }
        if hpke_key::is_usable(&hpke_key::of(leaf.encryption_key())) { Ok(()) } else { Err(Rule::HpkeKey) }
    }

    /// Keys in the tree that the commit leads to. OpenMLS compares new keys with those of leaves alone; a leaf or a
    /// path with the key of another node would pass, and then nobody could ever join that tree.
    fn judge_tree_keys(&self, staged: &StagedCommit) -> Result<(), Rule> {
        let old_tree = self.mls.export_ratchet_tree();
        let old: BTreeSet<Vec<u8>> = old_tree.parents().map(hpke_key::of).collect();
        if staged.update_path_leaf_node().is_none() {
            let added = staged.add_proposals().any(|proposal| {
                let leaf = proposal.add_proposal().key_package().leaf_node();
                old.contains(&hpke_key::of(leaf.encryption_key()))
            });
            return if added { Err(Rule::TreeKeys) } else { Ok(()) };
        }
        // Who only sees the public part of a commit (because the own ciphertext is bad, or because it is removed)
        // cannot see the new tree, and arrives anew in any case.
        let new_tree =
            staged.export_ratchet_tree(self.provider.crypto(), old_tree).map_err(|_| Rule::CommitMls)?;
        let Some(tree) = new_tree else { return Ok(()) };
        let parents: Vec<_> = tree.parents().map(hpke_key::of).collect();
        if !parents.iter().all(|key| old.contains(key) || hpke_key::is_usable(key)) {
            return Err(Rule::HpkeKey);
        }
        let mut keys: BTreeSet<_> = tree.leaves().map(|leaf| hpke_key::of(leaf.encryption_key())).collect();
        if parents.into_iter().all(|key| keys.insert(key)) { Ok(()) } else { Err(Rule::TreeKeys) }
    }
}

/// Exactly one external PSK with the room's id where somebody is added to a secret room; none otherwise.
fn judge_psk(context: &RoomContext, staged: &StagedCommit, adds: bool) -> Result<(), Rule> {
    let psks: Vec<_> = staged.psk_proposals().collect();
    let wanted = usize::from(adds && context.link.keys().is_some());
    if psks.len() != wanted {
        return Err(Rule::CommitPsk);
    }
    for psk in psks {
        let written = psk.psk_proposal().tls_serialize_detached().map_err(|_| Rule::CommitPsk)?;
        if !is_link_psk(context, &written) {
            return Err(Rule::CommitPsk);
        }
    }
    Ok(())
}

/// Whether a PreSharedKeyID (RFC 9420 section 8.4) is the link's: type and id as given, then a nonce of 32 bytes.
pub(super) fn is_link_psk(context: &RoomContext, written: &[u8]) -> bool {
    let Ok(expected) = Psk::External(ExternalPsk::new(psk_name(context))).tls_serialize_detached() else {
        return false;
    };
    written.strip_prefix(expected.as_slice()).is_some_and(|nonce| nonce.len() == 33)
}
