//! The MLS group (RFC 9420) as one member holds it. The only module that works on OpenMLS groups.
//!
//! A commit is merged only when it comes back as the accepted entry of the log; see [`Group::process`] for the three
//! outcomes of an entry.

mod check;
mod commit;
#[cfg(feature = "insider")]
mod insider;
mod join;
mod judge;
mod message;
#[cfg(test)]
mod theft_test;
mod tree;

use std::collections::BTreeSet;

use openmls::prelude::{
    LeafNodeIndex, MlsGroup, MlsGroupJoinConfig, OpenMlsProvider as _, PURE_PLAINTEXT_WIRE_FORMAT_POLICY,
    PastEpochDeletionPolicy,
};
use tangelo_wire::{ClientId, GroupId, Mistake, Seq, made};

pub use check::ForkTag;
pub use commit::{Bundle, CommitEntry, CommitOutcome, MadeOn};
pub use join::WelcomeEntry;
pub use message::{MessageEntry, MessageOutcome};
pub use tree::{TreeNode, TreeShape};

use crate::{
    Error, Profile, RoomContext, Rule, SafetyNumber,
    candidate::{Candidate, check_leaf},
    hpke_key,
    leaf::{Applicant, LeafKey, SUITE, capabilities, credential_with_key, lifetime},
    presence::Presence,
    provider::Provider,
    secret::BaseKey,
};

/// Leaf indices fit into 10 bits of the SFrame key id.
const LEAVES_MAX: usize = 1024;

/// Past epochs whose application messages can still be read: one may be under way while a commit lands.
pub const PAST_EPOCHS: u64 = 3;

/// A member of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The client.
    pub client: ClientId,
    /// Its leaf index.
    pub leaf: u32,
    /// Who it speaks for.
    pub profile: Profile,
    /// Whether its leaf has signed something in this group: a replayed key package never has.
    pub confirmed: bool,
    signature_key: Vec<u8>,
}

impl Member {
    /// The signature key of its leaf.
    #[must_use]
    pub fn leaf_key(&self) -> &[u8] {
        &self.signature_key
    }
}

/// What the group has to do to equal the room: add who is present, remove who is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Present and admissible, not members; in order of arrival.
    pub adds: Vec<ClientId>,
    /// Members that are not present; by leaf index.
    pub removes: Vec<ClientId>,
}

impl Work {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.adds.is_empty() && self.removes.is_empty()
    }
}

/// One member's view of the group.
pub struct Group {
    id: GroupId,
    own: ClientId,
    key: LeafKey,
    provider: Provider,
    mls: MlsGroup,
    /// By leaf index.
    members: Vec<Member>,
    /// The entry that began the current epoch: rules look at the log from there on.
    began: Seq,
    /// The entry that made this client a member.
    joined: Seq,
    /// Whether this member came in by a Welcome; a founder cannot have been misled by one.
    welcomed: bool,
    /// The leaf whose path the last commit renewed, if it had one and this member saw it.
    renewed_by: Option<u32>,
}

impl Group {
    /// Founds a group with the one member `applicant`, because the log accepted its `Founded` entry at `seq`.
    ///
    /// # Errors
    /// [`Error::Mls`], [`Error::Own`].
    pub fn found(context: &RoomContext, applicant: &Applicant, id: GroupId, seq: Seq) -> Result<Self, Error> {
        let provider = applicant.provider.copy();
        let mls = MlsGroup::builder()
            .with_group_id(openmls::group::GroupId::from_slice(&id.0))
            .ciphersuite(SUITE)
            .lifetime(lifetime())
            .with_capabilities(capabilities())
            .with_wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .set_past_epoch_deletion_policy(PastEpochDeletionPolicy::MaxEpochs(PAST_EPOCHS as usize))
            .number_of_resumption_psks(0)
            .padding_size(message::PADDING_BYTES)
            .use_ratchet_tree_extension(true)
            .build(&provider, &applicant.key, credential_with_key(&applicant.credential, &applicant.key))
            .map_err(|_| Error::Mls("founding a group"))?;
        let mut group = Self {
            id,
            own: applicant.client,
            key: applicant.key.clone(),
            provider,
            mls,
            members: Vec::new(),
            began: seq,
            joined: seq,
            welcomed: false,
            renewed_by: None,
        };
        group.members = group.read_members(context).map_err(Error::Own)?;
        group.confirm(applicant.client);
        Ok(group)
    }

    /// The group's id.
    #[must_use]
    pub fn id(&self) -> GroupId {
        self.id
    }

    /// The epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.mls.epoch().as_u64()
    }

    /// The entry that began the epoch.
    #[must_use]
    pub fn began(&self) -> Seq {
        self.began
    }

    /// Whether this member came in by a Welcome, and did not found the group.
    #[must_use]
    pub fn is_welcomed(&self) -> bool {
        self.welcomed
    }

    /// The members, by leaf index.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member that a client is, if it is one.
    #[must_use]
    pub fn member(&self, client: ClientId) -> Option<&Member> {
        self.members.iter().find(|member| member.client == client)
    }

    /// The own leaf index.
    #[must_use]
    pub fn own_leaf(&self) -> u32 {
        self.mls.own_leaf_index().u32()
    }

    /// The members that are present and have entered, by leaf index: those that have a turn to commit.
    #[must_use]
    pub fn entered(&self, presence: &Presence) -> Vec<ClientId> {
        self.members
            .iter()
            .map(|member| member.client)
            .filter(|client| presence.has_entered(*client))
            .collect()
    }

    /// What is left to do. Of two key packages that share a key, the first to arrive is added; keys that stand in the
    /// tree are taken.
    #[must_use]
    pub fn work(&self, presence: &Presence) -> Work {
        let is_gone = |client: &ClientId| {
            if made(Mistake::RemovalByEvent) {
                return presence.departed_after(*client, self.joined);
            }
            !presence.is_present(*client)
        };
        // Nobody commits the own removal.
        let is_out =
            |client: &ClientId| is_gone(client) || (*client != self.own && presence.is_removed(*client));
        let removes: Vec<_> = self.members.iter().map(|m| m.client).filter(is_out).collect();
        let mut chosen: Vec<(ClientId, &Candidate)> = Vec::new();
        let mut in_tree: Option<BTreeSet<Vec<u8>>> = None;
        for client in presence.present() {
            let Some(Ok(candidate)) = presence.get(client).map(|attendance| &attendance.candidate) else {
                continue;
            };
            let full = self.members.len() + chosen.len() >= LEAVES_MAX;
            if full || self.member(client).is_some() || presence.may_be_added(client).is_err() {
                continue;
            }
            let in_tree = in_tree.get_or_insert_with(|| self.keys_in_tree());
            let taken = chosen.iter().any(|(_, other)| candidate.shares_key(other))
                || candidate.keys.iter().any(|key| in_tree.contains(key));
            if !taken {
                chosen.push((client, candidate));
            }
        }
        Work { adds: chosen.into_iter().map(|(client, _)| client).collect(), removes }
    }

    /// The safety number of the members.
    #[must_use]
    pub fn safety_number(&self, context: &RoomContext) -> SafetyNumber {
        let identities = self.members.iter().map(|member| member.profile.identity);
        SafetyNumber::new(&context.host, context.link.room(), identities)
    }

    /// The base key of the epoch (RFC 9605 section 5.2).
    pub(crate) fn base_key(&self) -> Result<BaseKey, Error> {
        let secret = self
            .mls
            .export_secret(self.provider.crypto(), "SFrame 1.0 Base Key", &[], 16)
            .map_err(|_| Error::Mls("exporting the base key"))?;
        let secret = zeroize::Zeroizing::new(secret);
        let bytes: [u8; 16] =
            secret.as_slice().try_into().map_err(|_| Error::Mls("exporting the base key"))?;
        Ok(BaseKey::new(bytes))
    }

    /// Notes that a member's leaf has signed something in this group.
    fn confirm(&mut self, client: ClientId) {
        if let Some(member) = self.members.iter_mut().find(|member| member.client == client) {
            member.confirmed = true;
        }
    }

    /// Reads and checks every leaf; members that were there before keep what is known of them.
    fn read_members(&self, context: &RoomContext) -> Result<Vec<Member>, Rule> {
        let mut members: Vec<Member> = Vec::new();
        for listed in self.mls.members() {
            let leaf = listed.index.u32();
            let known = self
                .members
                .iter()
                .find(|member| member.leaf == leaf && member.signature_key == listed.signature_key);
            let member = match known {
                Some(member) => member.clone(),
                None => self.read_member(context, listed.index)?,
            };
            if members.iter().any(|other| other.client == member.client) {
                return Err(Rule::AddOnce);
            }
            members.push(member);
        }
        members.sort_by_key(|member| member.leaf);
        Ok(members)
    }

    fn read_member(&self, context: &RoomContext, index: LeafNodeIndex) -> Result<Member, Rule> {
        use openmls::treesync::LeafNodeSource;
        if usize::try_from(index.u32()).is_ok_and(|leaf| leaf >= LEAVES_MAX) {
            return Err(Rule::LeafLimit);
        }
        let leaf = self.mls.public_group().leaf(index).ok_or(Rule::WelcomeLeaves)?;
        if let LeafNodeSource::KeyPackage(given) = leaf.leaf_node_source()
            && *given != lifetime()
        {
            return Err(Rule::KeyPackageLifetime);
        }
        let (client, profile) = check_leaf(context, leaf)?;
        // Only a commit re-signs a leaf: its source tells that the member has acted in this group.
        let confirmed = matches!(leaf.leaf_node_source(), LeafNodeSource::Commit(_));
        let signature_key = leaf.signature_key().as_slice().to_vec();
        Ok(Member { client, leaf: index.u32(), profile, confirmed, signature_key })
    }

    /// Gives this member a PSK that is none of the link's.
    #[cfg(test)]
    pub(crate) fn store_psk(&self, id: &openmls::schedule::PreSharedKeyId, psk: &[u8]) {
        id.store(&self.provider, psk).expect("storage in memory");
    }

    /// Every public key of the tree: who joins refuses a tree that has one of them twice.
    fn keys_in_tree(&self) -> BTreeSet<Vec<u8>> {
        let of_leaves = self.mls.members().flat_map(|member| [member.encryption_key, member.signature_key]);
        let tree = self.mls.export_ratchet_tree();
        of_leaves.chain(tree.parents().map(hpke_key::of)).collect()
    }
}

/// What OpenMLS holds does not print, whatever its own types show.
impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let members: Vec<ClientId> = self.members.iter().map(|member| member.client).collect();
        f.debug_struct("Group")
            .field("id", &self.id)
            .field("epoch", &self.epoch())
            .field("own", &self.own)
            .field("members", &members)
            .field("began", &self.began)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Group {
    pub(crate) fn provider(&self) -> &Provider {
        &self.provider
    }
}

pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .set_past_epoch_deletion_policy(PastEpochDeletionPolicy::MaxEpochs(PAST_EPOCHS as usize))
        .number_of_resumption_psks(0)
        .padding_size(message::PADDING_BYTES)
        .use_ratchet_tree_extension(true)
        .build()
}
