//! Entering a group by a Welcome.

use openmls::prelude::{
    JoinBuilder, MlsMessageBodyIn, MlsMessageIn, ProcessedWelcome, tls_codec::Deserialize as _,
    tls_codec::Serialize as _,
};
use tangelo_wire::{Bytes, ClientId, GroupId, Seq};

use super::{Group, commit::parse_commit, join_config, judge::is_link_psk};
use crate::{
    RoomContext, Rule, hpke_key,
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
        group.confirm(entry.author);
        Ok(group)
    }
}
