//! Who arrived: a key package that others may be asked to add.

use openmls::prelude::{
    BasicCredential, KeyPackage, LeafNode, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider as _,
    ProtocolVersion, tls_codec::Deserialize as _, tls_codec::Serialize as _,
};
use tangelo_wire::{Admission, Bytes, ClientId, Mistake, limits, made};

use crate::{
    Profile, RoomContext, Rule, credential, hpke_key,
    leaf::{SUITE, capabilities, lifetime},
    provider::Provider,
};

/// A key package that keeps every rule that does not depend on the group. There is no other way to make one.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub(crate) key_package: KeyPackage,
    /// The key package as it stands in an Add proposal.
    pub(crate) bytes: Vec<u8>,
    /// Its encryption, signature and init key: no two leaves may share one (RFC 9420 sections 7.3 and 12.2).
    pub(crate) keys: [Vec<u8>; 3],
    /// Who it speaks for.
    pub profile: Profile,
    /// What stands for its identity in the host's statements; none in a named room.
    pub tag: Option<Bytes>,
}

impl Candidate {
    /// Checks what a client arrived with. A pure function of the log and the link: the same for every member.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check(
        context: &RoomContext,
        client: ClientId,
        key_package: &Bytes,
        admission: Option<&Admission>,
    ) -> Result<Self, Rule> {
        if key_package.len() > limits::KEY_PACKAGE_MAX_BYTES {
            return Err(Rule::KeyPackageMls);
        }
        let message =
            MlsMessageIn::tls_deserialize_exact(key_package.as_slice()).map_err(|_| Rule::KeyPackageMls)?;
        let MlsMessageBodyIn::KeyPackage(unverified) = message.extract() else {
            return Err(Rule::KeyPackageMls);
        };
        let key_package = unverified
            .validate(Provider::default().crypto(), ProtocolVersion::Mls10)
            .map_err(|_| Rule::KeyPackageMls)?;
        if key_package.ciphersuite() != SUITE {
            return Err(Rule::KeyPackageSuite);
        }
        if *key_package.life_time() != lifetime() {
            return Err(Rule::KeyPackageLifetime);
        }
        if key_package.extensions().iter().next().is_some() {
            return Err(Rule::KeyPackageTemplate);
        }
        let (named, profile) = check_leaf(context, key_package.leaf_node())?;
        if named != client {
            return Err(Rule::CredentialClient);
        }
        // The server has checked the same admission; members trust only the signature in the credential.
        let leaf_key = key_package.leaf_node().signature_key().as_slice();
        let admitted = Admission::check(admission, &context.host, context.link.room(), client).is_ok()
            && admission.is_none_or(|admission| admission.leaf_key.as_slice() == leaf_key);
        if !admitted && !made(Mistake::NoAdmission) {
            return Err(Rule::CredentialAdmission);
        }
        let init_key = key_package.hpke_init_key().as_slice().to_vec();
        if !hpke_key::is_usable(&init_key) {
            return Err(Rule::HpkeKey);
        }
        let encryption_key = hpke_key::of(key_package.leaf_node().encryption_key());
        let keys = [encryption_key, leaf_key.to_vec(), init_key];
        let bytes = key_package.tls_serialize_detached().map_err(|_| Rule::KeyPackageMls)?;
        let tag = context.link.keys().map(|keys| keys.identity_tag(profile.identity));
        Ok(Self { key_package, bytes, keys, profile, tag })
    }

    /// The leaf's signature key.
    pub(crate) fn leaf_key(&self) -> Option<[u8; 32]> {
        let [_, leaf_key, _] = &self.keys;
        leaf_key.as_slice().try_into().ok()
    }

    /// Whether the two have a key in common.
    pub(crate) fn shares_key(&self, other: &Self) -> bool {
        self.keys.iter().any(|key| other.keys.contains(key))
    }
}

/// Checks what every leaf must keep, in a key package, a ratchet tree or a path.
pub(crate) fn check_leaf(context: &RoomContext, leaf: &LeafNode) -> Result<(ClientId, Profile), Rule> {
    if *leaf.capabilities() != capabilities() || leaf.extensions().iter().next().is_some() {
        return Err(Rule::KeyPackageTemplate);
    }
    if !hpke_key::is_usable(&hpke_key::of(leaf.encryption_key())) {
        return Err(Rule::HpkeKey);
    }
    let credential =
        BasicCredential::try_from(leaf.credential().clone()).map_err(|_| Rule::CredentialLayout)?;
    credential::read(context, leaf.signature_key().as_slice(), credential.identity())
}
