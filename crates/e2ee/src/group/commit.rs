//! Making commits, and taking those that the log accepted.

use std::collections::BTreeSet;

use openmls::prelude::{
    ContentType, LeafNodeIndex, MlsMessageIn, OpenMlsProvider as _, PreSharedKeyProposal,
    ProcessMessageError, ProcessedMessageContent, Proposal, ProtocolMessage, PublicMessageIn, Sender,
    StageCommitError, StagedCommit, tls_codec::Deserialize as _, tls_codec::Serialize as _,
};
use tangelo_wire::{Bytes, ClientId, Mistake, Seq, limits::KEY_PACKAGE_MAX_BYTES, made};

use super::Group;
use crate::{Error, RoomContext, Rule, leaf::psk_id, presence::Presence};

/// What a commit takes that neither adds nor removes, in bytes: framing, its author's leaf, the keys of a path, tags.
const COMMIT_BYTES: usize = 4_096;
/// What it takes more for each leaf of the tree: a ciphertext of the path, or a Remove.
const LEAF_BYTES: usize = 128;
/// What it takes more for each client that it adds.
const ADD_BYTES: usize = KEY_PACKAGE_MAX_BYTES + 16;

/// A Commit together with its Welcome: one entry of the log, never two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Whom the commit adds.
    pub adds: Vec<ClientId>,
    /// The Commit, an MLSMessage with a PublicMessage.
    pub commit: Bytes,
    /// The Welcome, an MLSMessage; there if somebody is added.
    pub welcome: Option<Bytes>,
}

/// A `Committed` entry.
#[derive(Clone, Copy, Debug)]
pub struct CommitEntry<'a> {
    /// Its place in the log.
    pub seq: Seq,
    /// Its author.
    pub author: ClientId,
    /// Whom it claims to add.
    pub adds: &'a [ClientId],
    /// The Commit.
    pub commit: &'a Bytes,
}

/// What an entry of the log did to the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It was valid and is merged: a new epoch began.
    Merged {
        /// Who was added.
        added: Vec<ClientId>,
        /// Who was removed.
        removed: Vec<ClientId>,
    },
    /// It was invalid for everyone alike; nothing changed.
    Skipped {
        /// The rule that it broke.
        rule: Rule,
        /// What it was made on.
        made_on: MadeOn,
    },
    /// It was valid in public, but its ciphertext for this member is bad: the others have moved on, this member must
    /// arrive anew.
    Diverged,
    /// It removes this member.
    Evicted,
}

/// What a skipped entry was made on. It tells a member that is named in the entry's `adds` once more whether its own
/// Welcome may have been a false one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeOn {
    /// On this very state: MLS itself found nothing wrong.
    ThisState,
    /// On another state of this group, as far as one can see.
    AnotherState,
    /// On nothing: it is no commit of this group.
    Nothing,
}

impl Group {
    /// Makes a commit that adds, removes, and with `rekey` (or whenever it removes) renews the own path. It takes
    /// effect only when the log has accepted it. A commit made before is thrown away.
    ///
    /// # Errors
    /// [`Error::Mls`]; [`Error::Random`].
    pub fn commit(
        &mut self,
        context: &RoomContext,
        presence: &Presence,
        adds: &[ClientId],
        removes: &[ClientId],
        rekey: bool,
    ) -> Result<Bundle, Error> {
        self.discard_commit()?;
        let candidates = adds.iter().filter_map(|client| presence.get(*client)?.candidate.as_ref().ok());
        let key_packages: Vec<_> = candidates.map(|candidate| candidate.key_package.clone()).collect();
        let leaves: Vec<_> = removes
            .iter()
            .filter_map(|client| self.member(*client))
            .map(|member| LeafNodeIndex::new(member.leaf))
            .collect();
        let psk = match context.link.keys() {
            Some(_) if !key_packages.is_empty() => {
                let id = psk_id(context, &self.provider)?;
                Some(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(id))))
            }
            _ => None,
        };
        let failed = |step| move |_| Error::Mls(step);
        let bundle = self
            .mls
            .commit_builder()
            .consume_proposal_store(false)
            .force_self_update(rekey)
            .propose_adds(key_packages)
            .propose_removals(leaves)
            .add_proposals(psk)
            .load_psks(self.provider.storage())
            .map_err(|_| Error::Mls("loading the PSK"))?
            .use_ratchet_tree_extension(true)
            .build(self.provider.rand(), self.provider.crypto(), &self.key, |_| true)
            .map_err(|_| Error::Mls("building a commit"))?
            .stage_commit(&self.provider)
            .map_err(|_| Error::Mls("staging a commit"))?;
        let (commit, welcome, _) = bundle.into_messages();
        let commit = commit.tls_serialize_detached().map_err(failed("writing a commit"))?;
        let welcome = welcome.map(|welcome| welcome.tls_serialize_detached()).transpose();
        let welcome = welcome.map_err(failed("writing a Welcome"))?.map(Bytes);
        Ok(Bundle { adds: adds.to_vec(), commit: Bytes(commit), welcome })
    }

    /// Throws an own commit away that has not been accepted and never will be: the log shows another entry in its
    /// place. (Too early is fatal: an own path cannot be decrypted.)
    ///
    /// # Errors
    /// [`Error::Mls`].
    pub fn discard_commit(&mut self) -> Result<(), Error> {
        self.mls.clear_pending_commit(self.provider.storage()).map_err(|_| Error::Mls("discarding a commit"))
    }

    /// Merges the commit that was just made, without a word from the log: [`Mistake::MergedAtOnce`]. Returns who was
    /// removed.
    ///
    /// # Errors
    /// [`Error`] if this member itself fails.
    pub fn merge_at_once(&mut self, context: &RoomContext) -> Result<Vec<ClientId>, Error> {
        let removed = self.mls.pending_commit().map(|staged| self.change(staged)).unwrap_or_default();
        self.mls.merge_pending_commit(&self.provider).map_err(|_| Error::Mls("merging the own commit"))?;
        self.members = self.read_members(context).map_err(Error::Own)?;
        self.confirm(self.own);
        Ok(removed)
    }

    /// Whether this commit led to the present state.
    fn was_led_here_by(&self, commit: &Bytes) -> bool {
        let commit = parse_commit(commit);
        commit.is_ok_and(|commit| commit.confirmation_tag() == Some(self.mls.confirmation_tag()))
    }

    /// Takes a `Committed` entry: merges it, or says why not.
    ///
    /// # Errors
    /// [`Error`] if this member itself fails; the group must not be used any more.
    pub fn process(
        &mut self,
        context: &RoomContext,
        presence: &Presence,
        entry: CommitEntry<'_>,
    ) -> Result<CommitOutcome, Error> {
        let skipped = |rule, made_on| Ok(CommitOutcome::Skipped { rule, made_on });
        if made(Mistake::MergedAtOnce) && self.was_led_here_by(entry.commit) {
            self.began = entry.seq;
            return Ok(CommitOutcome::Merged { added: entry.adds.to_vec(), removed: Vec::new() });
        }
        let message = match self.frame(presence, entry) {
            Ok(message) => message,
            Err((rule, made_on)) => return skipped(rule, made_on),
        };
        let content = match self.mls.process_message(&self.provider, message) {
            Ok(processed) => processed.into_content(),
            Err(error) if may_be_private(&error) => return self.judge_in_public(context, presence, entry),
            Err(_) => return skipped(Rule::CommitMls, MadeOn::AnotherState),
        };
        match content {
            ProcessedMessageContent::OwnPendingCommit => {
                let Some(staged) = self.mls.pending_commit() else {
                    return Err(Error::Mls("finding the own commit"));
                };
                if let Err(rule) = self.judge(context, presence, entry, staged) {
                    self.discard_commit()?;
                    return skipped(rule, MadeOn::ThisState);
                }
                let change = self.change(staged);
                let renews_path = staged.update_path_leaf_node().is_some();
                self.mls
                    .merge_pending_commit(&self.provider)
                    .map_err(|_| Error::Mls("merging the own commit"))?;
                self.begin(context, entry, change, renews_path)
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                if let Err(rule) = self.judge(context, presence, entry, &staged) {
                    return skipped(rule, MadeOn::ThisState);
                }
                if staged.self_removed() {
                    return Ok(CommitOutcome::Evicted);
                }
                let change = self.change(&staged);
                let renews_path = staged.update_path_leaf_node().is_some();
                self.mls
                    .merge_staged_commit(&self.provider, *staged)
                    .map_err(|_| Error::Mls("merging a commit"))?;
                self.begin(context, entry, change, renews_path)
            }
            _ => skipped(Rule::CommitFraming, MadeOn::Nothing),
        }
    }

    /// Rules 1 to 3 and 18, and the commit in the form that OpenMLS takes.
    fn frame(&self, presence: &Presence, entry: CommitEntry<'_>) -> Result<ProtocolMessage, (Rule, MadeOn)> {
        if entry.commit.len() > self.commit_bytes_max(presence, entry.adds) {
            return Err((Rule::CommitLength, MadeOn::Nothing));
        }
        let message = parse_commit(entry.commit).map_err(|rule| (rule, MadeOn::Nothing))?;
        let of_group = message.group_id().as_slice() == self.id.0;
        let Sender::Member(leaf) = message.sender() else {
            return Err((Rule::CommitFraming, MadeOn::Nothing));
        };
        if !of_group || message.content_type() != ContentType::Commit {
            return Err((Rule::CommitFraming, MadeOn::Nothing));
        }
        if message.epoch() != self.mls.epoch() {
            return Err((Rule::CommitFraming, MadeOn::AnotherState));
        }
        if self.member(entry.author).is_none_or(|member| member.leaf != leaf.u32()) {
            return Err((Rule::CommitAuthor, MadeOn::AnotherState));
        }
        if !presence.is_present(entry.author) && !made(Mistake::DepartedMayCommit) {
            return Err((Rule::CommitAuthorPresent, MadeOn::AnotherState));
        }
        Ok(message.into())
    }

    /// The longest commit that adds these clients. Before it can tell what is in a commit, OpenMLS verifies the
    /// signatures of all key packages in it: an insider must not make it verify thousands.
    fn commit_bytes_max(&self, presence: &Presence, adds: &[ClientId]) -> usize {
        let added: BTreeSet<_> = adds.iter().filter(|client| presence.get(**client).is_some()).collect();
        // A path has at most one ciphertext for each leaf, and a Remove names one.
        let leaves = self.members.len().saturating_add(added.len());
        COMMIT_BYTES
            .saturating_add(leaves.saturating_mul(LEAF_BYTES))
            .saturating_add(added.len().saturating_mul(ADD_BYTES))
    }

    /// The own ciphertext in a path does not decrypt. What everyone can see decides whether the others merged.
    fn judge_in_public(
        &self,
        context: &RoomContext,
        presence: &Presence,
        entry: CommitEntry<'_>,
    ) -> Result<CommitOutcome, Error> {
        let skipped = |rule| Ok(CommitOutcome::Skipped { rule, made_on: MadeOn::AnotherState });
        let Ok(message) = parse_commit(entry.commit) else { return skipped(Rule::CommitFraming) };
        let crypto = self.provider.crypto();
        let Ok(processed) = self.mls.public_group().process_message(crypto, message) else {
            return skipped(Rule::CommitMls);
        };
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return skipped(Rule::CommitFraming);
        };
        match self.judge(context, presence, entry, &staged) {
            Ok(()) if made(Mistake::UndecryptableSkipped) => skipped(Rule::CommitMls),
            Ok(()) => Ok(CommitOutcome::Diverged),
            Err(rule) => skipped(rule),
        }
    }

    pub(super) fn change(&self, staged: &StagedCommit) -> Vec<ClientId> {
        staged
            .remove_proposals()
            .filter_map(|proposal| {
                let leaf = proposal.remove_proposal().removed().u32();
                self.members.iter().find(|member| member.leaf == leaf).map(|member| member.client)
            })
            .collect()
    }

    /// A new epoch began with `entry`.
    fn begin(
        &mut self,
        context: &RoomContext,
        entry: CommitEntry<'_>,
        removed: Vec<ClientId>,
        renews_path: bool,
    ) -> Result<CommitOutcome, Error> {
        self.members = self.read_members(context).map_err(Error::Own)?;
        self.began = entry.seq;
        let author = self.member(entry.author).filter(|_| renews_path);
        self.renewed_by = author.map(|author| author.leaf);
        self.confirm(entry.author);
        Ok(CommitOutcome::Merged { added: entry.adds.to_vec(), removed })
    }
}

/// Reads an MLSMessage that holds a PublicMessage.
pub(super) fn parse_commit(commit: &Bytes) -> Result<PublicMessageIn, Rule> {
    let message = MlsMessageIn::tls_deserialize_exact(commit.as_slice()).map_err(|_| Rule::CommitFraming)?;
    match message.try_into_protocol_message() {
        Ok(ProtocolMessage::PublicMessage(message)) => Ok(*message),
        _ => Err(Rule::CommitFraming),
    }
}

/// Whether a commit may have failed in the part that only this member can see (RFC 9420 section 7.5): each receiver
/// decrypts another ciphertext of the path, and what is in it can be bad in many ways. So every error is taken for
/// private, and judged again in public, but those that come out the same for all: what is wrong before the path is
/// looked at, the proposals, the PSK, and the confirmation tag (who decrypts the same path sees the same mismatch).
fn may_be_private<E>(error: &ProcessMessageError<E>) -> bool {
    match error {
        ProcessMessageError::InvalidCommit(error) => !matches!(
            error,
            StageCommitError::ConfirmationTagMismatch
                | StageCommitError::ConfirmationTagMissing
                | StageCommitError::PskError(_)
                | StageCommitError::DuplicatePskId(_)
                | StageCommitError::ProposalValidationError(_)
        ),
        ProcessMessageError::LibraryError(_) => true,
        _ => false,
    }
}
