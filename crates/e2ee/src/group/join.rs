//! Entering a group by a Welcome.

use std::collections::BTreeSet;

use openmls::prelude::{
    BasicCredential, ContentType, JoinBuilder, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, OpenMlsCrypto,
    OpenMlsProvider as _, ProcessedWelcome, ProposalIn, ProposalOrRefIn, ProtocolVersion, Sender,
    tls_codec::{Deserialize as _, Serialize as _, VLBytes},
};
use tangelo_wire::{Bytes, ClientId, GroupId, Seq};

use super::{Group, commit::parse_commit, join_config, judge::is_link_psk};
use crate::{
    RoomContext, Rule, credential, hpke_key,
    leaf::{Applicant, SUITE},
};

/// A `Committed` entry that names the own client in its `adds`.
#[derive(Clone, Copy, Debug)]
pub struct WelcomeEntry<'a> {
    /// Its place in the log.
    pub seq: Seq,
    /// Its author.
    pub author: ClientId,
    /// The room's current group.
    pub group_id: GroupId,
    /// The clients that it claims to add.
    pub adds: &'a [ClientId],
    /// The Commit.
    pub commit: &'a Bytes,
    /// The Welcome.
    pub welcome: &'a Bytes,
}

impl Group {
    /// Joins the group that a Welcome leads to, if it is the one that the commit beside it leads to. The applicant
    /// stays as it was, whatever comes of it: OpenMLS works on a copy of its storage.
    ///
    /// # Errors
    /// The rule that the Welcome breaks.
    pub fn join(context: &RoomContext, applicant: &Applicant, entry: WelcomeEntry<'_>) -> Result<Self, Rule> {
        let message =
            MlsMessageIn::tls_deserialize_exact(entry.welcome.as_slice()).map_err(|_| Rule::WelcomeMls)?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { return Err(Rule::WelcomeMls) };

        let provider = applicant.provider.copy();
        let processed = ProcessedWelcome::new_from_welcome(&provider, &join_config(), welcome)
            .map_err(|_| Rule::WelcomeMls)?;
        let psks = processed.psks();
        let wanted = usize::from(context.link.keys().is_some());
        let ours = psks
            .iter()
            .all(|psk| psk.tls_serialize_detached().is_ok_and(|written| is_link_psk(context, &written)));
        if psks.len() != wanted || !ours {
            return Err(Rule::WelcomePsk);
        }

        // Lifetimes are compared with the constant one below; no clock is asked.
        let staged = JoinBuilder::new(&provider, processed)
            .skip_lifetime_validation()
            .build()
            .map_err(|_| Rule::WelcomeMls)?;
        if staged.group_context().group_id().as_slice() != entry.group_id.0 {
            return Err(Rule::WelcomeGroup);
        }
        let group_context = staged.group_context();
        if group_context.ciphersuite() != SUITE || group_context.extensions().iter().next().is_some() {
            return Err(Rule::WelcomeContext);
        }
        let signer = staged.welcome_sender_index().u32();
        let mls = staged.into_group(&provider).map_err(|_| Rule::WelcomeMls)?;
        let commit = parse_commit(entry.commit)?;
        if commit.confirmation_tag() != Some(mls.confirmation_tag()) {
            return Err(Rule::WelcomeTag);
        }

        let mut group = Self {
            id: entry.group_id,
            own: applicant.client,
            key: applicant.key.clone(),
            provider,
            mls,
            members: Vec::new(),
            began: entry.seq,
            joined: entry.seq,
            welcomed: true,
            renewed_by: None,
        };
        group.members = group.read_members(context).map_err(|_| Rule::WelcomeLeaves)?;
        let tree = group.mls.export_ratchet_tree();
        if !tree.parents().all(|parent| hpke_key::is_usable(&hpke_key::of(parent))) {
            return Err(Rule::HpkeKey);
        }
        if group.member(entry.author).is_none_or(|author| author.leaf != signer) {
            return Err(Rule::WelcomeSigner);
        }
        if group.member(group.own).is_none_or(|own| own.leaf != group.own_leaf()) {
            return Err(Rule::WelcomeLeaves);
        }
        // Otherwise the members skip the commit (rule 6), and whoever it adds without a name waits for ever.
        let added = added_clients(entry.commit, group.provider.crypto())?;
        let named: BTreeSet<ClientId> = entry.adds.iter().copied().collect();
        if named != added || entry.adds.len() != added.len() {
            return Err(Rule::WelcomeAdds);
        }
        group.confirm(entry.author);
        Ok(group)
    }
}

/// The clients that a commit adds. OpenMLS shows a commit's proposals to members alone, so they are read here: what stands
/// before them in an MLSMessage with a PublicMessage (RFC 9420 sections 6 and 12.4), then the proposals.
fn added_clients(commit: &Bytes, crypto: &impl OpenMlsCrypto) -> Result<BTreeSet<ClientId>, Rule> {
    let proposals = proposals_of(commit.as_slice()).map_err(|_| Rule::WelcomeAdds)?;
    let mut added = BTreeSet::new();
    for proposal in proposals {
        let ProposalOrRefIn::Proposal(proposal) = proposal else { return Err(Rule::WelcomeAdds) };
        let ProposalIn::Add(add) = *proposal else { continue };
        let bytes = add.tls_serialize_detached().map_err(|_| Rule::WelcomeAdds)?;
        let key_package = KeyPackageIn::tls_deserialize_exact(bytes)
            .map_err(|_| Rule::WelcomeAdds)?
            .validate(crypto, ProtocolVersion::Mls10)
            .map_err(|_| Rule::WelcomeAdds)?;
        let client = BasicCredential::try_from(key_package.leaf_node().credential().clone())
            .ok()
            .and_then(|credential| credential::client_of(credential.identity()));
        if !client.is_some_and(|client| added.insert(client)) {
            return Err(Rule::WelcomeAdds);
        }
    }
    Ok(added)
}

fn proposals_of(mut message: &[u8]) -> Result<Vec<ProposalOrRefIn>, openmls::prelude::tls_codec::Error> {
    let rest = &mut message;
    let (_version, _wire_format) = (u16::tls_deserialize(rest)?, u16::tls_deserialize(rest)?);
    let (_group_id, _epoch) = (VLBytes::tls_deserialize(rest)?, u64::tls_deserialize(rest)?);
    let (_sender, _authenticated_data) = (Sender::tls_deserialize(rest)?, VLBytes::tls_deserialize(rest)?);
    if ContentType::tls_deserialize(rest)? != ContentType::Commit {
        return Err(openmls::prelude::tls_codec::Error::InvalidInput);
    }
    Vec::tls_deserialize(rest)
}
