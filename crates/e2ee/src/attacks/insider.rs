//! Eve: a member with a real leaf, on raw OpenMLS.

use openmls::prelude::{
    Extension, Extensions, GroupContext, JoinBuilder, KeyPackage, LeafNodeIndex, LeafNodeParameters,
    MlsGroup, MlsMessageBodyIn, MlsMessageIn, NewSignerBundle, OpenMlsProvider as _, PreSharedKeyProposal,
    ProcessedMessageContent, ProcessedWelcome, Proposal,
    tls_codec::{Deserialize as _, Serialize as _},
};
use openmls::schedule::PreSharedKeyId;
use tangelo_wire::{Bytes, ClientId};

use super::crypto::LyingProvider;
use crate::{
    Applicant, LeafKey, RoomContext,
    group::{Bundle, join_config},
    leaf::{credential_with_key, psk_id},
    provider::Provider,
};

pub(super) struct Insider {
    pub(super) id: ClientId,
    pub(super) key: LeafKey,
    pub(super) provider: LyingProvider,
    pub(super) mls: MlsGroup,
    pub(super) epoch: EpochSecrets,
}

/// Secrets of an epoch that OpenMLS does not show (RFC 9420 section 8).
pub(super) struct EpochSecrets {
    /// Authenticates PublicMessages.
    pub(super) membership: Vec<u8>,
    /// Leads to the next epoch.
    pub(super) init: Vec<u8>,
}

impl EpochSecrets {
    /// Those that were derived last.
    pub(super) fn last(provider: &LyingProvider) -> Self {
        let derived = |label| provider.crypto.derived(label);
        Self { membership: derived("membership"), init: derived("init") }
    }
}

/// What she arrived with, before anything of it was spent.
pub(super) struct Arrival {
    id: ClientId,
    pub(super) key: LeafKey,
    credential: Vec<u8>,
    provider: LyingProvider,
}

impl Arrival {
    pub(super) fn of(applicant: &Applicant) -> Self {
        Self {
            id: applicant.client,
            key: applicant.key.clone(),
            credential: applicant.credential.clone(),
            provider: LyingProvider::of(&applicant.provider),
        }
    }
}

/// What stands in a commit.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) adds: Vec<KeyPackage>,
    /// By leaf index.
    pub(super) removes: Vec<u32>,
    pub(super) psks: Vec<PreSharedKeyId>,
    pub(super) others: Vec<Proposal>,
    pub(super) context_extensions: Option<Extensions<GroupContext>>,
    /// Takes what was proposed before by reference.
    pub(super) by_reference: bool,
    pub(super) path: bool,
    pub(super) leaf: LeafNodeParameters,
    pub(super) new_key: Option<LeafKey>,
    /// What the entry says.
    pub(super) named: Vec<ClientId>,
}

impl Plan {
    /// An add as it should be.
    pub(super) fn add(context: &RoomContext, client: ClientId, key_package: KeyPackage) -> Self {
        let psks = if context.link.keys().is_some() { vec![link_psk(context)] } else { Vec::new() };
        Self { adds: vec![key_package], psks, named: vec![client], ..Self::default() }
    }

    pub(super) fn path() -> Self {
        Self { path: true, ..Self::default() }
    }
}

pub(super) fn link_psk(context: &RoomContext) -> PreSharedKeyId {
    psk_id(context, &Provider::default()).unwrap()
}

impl Insider {
    /// Takes a seat in the group by its Welcome.
    pub(super) fn join(arrival: &Arrival, welcome: &Bytes) -> Self {
        let message = MlsMessageIn::tls_deserialize_exact(welcome.as_slice()).unwrap();
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { panic!("no Welcome") };
        let provider = LyingProvider::of(&arrival.provider);
        let processed = ProcessedWelcome::new_from_welcome(&provider, &join_config(), welcome).unwrap();
        let staged = JoinBuilder::new(&provider, processed).skip_lifetime_validation().build().unwrap();
        let mls = staged.into_group(&provider).unwrap();
        let epoch = EpochSecrets::last(&provider);
        Self { id: arrival.id, key: arrival.key.clone(), provider, mls, epoch }
    }

    /// Takes the seat of a member that is alone in its group, with another leaf if `leaf` says so.
    pub(super) fn found(arrival: &Arrival, group_id: &[u8], leaf: impl FnOnce(&mut Founding)) -> Self {
        let mut founding = Founding::default();
        leaf(&mut founding);
        let provider = LyingProvider::of(&arrival.provider);
        let mls = MlsGroup::builder()
            .with_group_id(openmls::group::GroupId::from_slice(group_id))
            .ciphersuite(crate::leaf::SUITE)
            .lifetime(crate::leaf::lifetime())
            .with_capabilities(crate::leaf::capabilities())
            .with_group_context_extensions(founding.context_extensions)
            .with_wire_format_policy(openmls::prelude::PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true);
        let credential = founding.credential.unwrap_or_else(|| arrival.credential.clone());
        let mls = mls.build(&provider, &arrival.key, credential_with_key(&credential, &arrival.key)).unwrap();
        let epoch = EpochSecrets::last(&provider);
        Self { id: arrival.id, key: arrival.key.clone(), provider, mls, epoch }
    }

    /// Makes a commit, and forgets about it.
    pub(super) fn commit(&mut self, plan: Plan) -> Bundle {
        self.try_commit(plan).expect("OpenMLS builds this commit")
    }

    pub(super) fn try_commit(&mut self, plan: Plan) -> Result<Bundle, String> {
        self.mls.clear_pending_commit(self.provider.storage()).unwrap();
        self.provider.crypto.forget_path();
        let psks = plan.psks.into_iter();
        let psks = psks.map(|id| Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(id))));
        let credential = self.mls.own_leaf_node().unwrap().credential().serialized_content().to_vec();
        let mut builder = self
            .mls
            .commit_builder()
            .consume_proposal_store(plan.by_reference)
            .force_self_update(plan.path)
            .propose_adds(plan.adds)
            .propose_removals(plan.removes.into_iter().map(LeafNodeIndex::new))
            .add_proposals(psks)
            .add_proposals(plan.others)
            .leaf_node_parameters(plan.leaf);
        if let Some(extensions) = plan.context_extensions {
            builder = builder.propose_group_context_extensions(extensions).map_err(|e| e.to_string())?;
        }
        let provider = &self.provider;
        let builder = builder
            .load_psks(provider.storage())
            .map_err(|e| e.to_string())?
            .use_ratchet_tree_extension(true);
        let (rand, crypto) = (provider.rand(), &provider.crypto);
        let built = match &plan.new_key {
            None => builder.build(rand, crypto, &self.key, |_| true),
            Some(new_key) => {
                let credential_with_key = credential_with_key(&credential, new_key);
                let bundle = NewSignerBundle { signer: new_key, credential_with_key };
                builder.build_with_new_signer(rand, crypto, &self.key, bundle, |_| true)
            }
        };
        let bundle = built.map_err(|e| e.to_string())?.stage_commit(provider).map_err(|e| e.to_string())?;
        let (commit, welcome, _) = bundle.into_messages();
        let commit = Bytes(commit.tls_serialize_detached().unwrap());
        let welcome = welcome.map(|welcome| Bytes(welcome.tls_serialize_detached().unwrap()));
        Ok(Bundle { adds: plan.named, commit, welcome })
    }

    /// Proposes, apart from any commit, to remove a member.
    pub(super) fn propose_removal(&mut self, leaf: u32) -> Bytes {
        self.mls.clear_pending_commit(self.provider.storage()).unwrap();
        let leaf = LeafNodeIndex::new(leaf);
        let (message, _) = self.mls.propose_remove_member(&self.provider, &self.key, leaf).unwrap();
        Bytes(message.tls_serialize_detached().unwrap())
    }

    /// Goes where the last commit leads, whatever the others do: into a group of her own.
    pub(super) fn go_on_alone(&mut self) {
        self.epoch = EpochSecrets::last(&self.provider);
        self.mls.merge_pending_commit(&self.provider).unwrap();
    }

    /// Follows a commit of somebody else.
    pub(super) fn follow(&mut self, commit: &Bytes) {
        self.provider.crypto.honest();
        let message = MlsMessageIn::tls_deserialize_exact(commit.as_slice()).unwrap();
        let message = message.try_into_protocol_message().unwrap();
        let processed = self.mls.process_message(&self.provider, message).unwrap();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            panic!("no commit of somebody else");
        };
        self.epoch = EpochSecrets::last(&self.provider);
        self.mls.merge_staged_commit(&self.provider, *staged).unwrap();
    }
}

/// What a founder may have changed.
#[derive(Default)]
pub(super) struct Founding {
    pub(super) credential: Option<Vec<u8>>,
    pub(super) context_extensions: Extensions<GroupContext>,
}

/// An extension of the group's context that every member of MLS knows (RFC 9420 section 12.1.8.1): whom it names may
/// propose from outside.
pub(super) fn external_senders(key: &LeafKey) -> Extensions<GroupContext> {
    use openmls::prelude::{BasicCredential, ExternalSender};
    let sender = ExternalSender::new(key.public().to_vec().into(), BasicCredential::new(vec![1]).into());
    Extensions::single(Extension::ExternalSenders(vec![sender])).unwrap()
}
