//! The own leaf before it is in a group: signature key, credential, key package.

use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, CredentialWithKey, Extensions, KeyPackage, Lifetime,
    MlsMessageOut, OpenMlsProvider as _, tls_codec::Serialize as _,
};
use openmls_traits::{
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use tangelo_wire::{Admission, Bytes, ClientId, Mistake, made};

use crate::{Error, IdentityProof, Profile, RoomContext, credential, provider::Provider};

/// The one cipher suite (RFC 9420 section 17.1, value 1).
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// The one lifetime: OpenMLS asks the clock of each member, so anything else could be valid for one member and
/// invalid for another.
pub(crate) fn lifetime() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

/// The one set of capabilities.
pub(crate) fn capabilities() -> Capabilities {
    use openmls::prelude::{CredentialType, ProtocolVersion};
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[SUITE]),
        Some(&[]),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    )
}

/// The signature key of one leaf, made anew for each arrival.
#[derive(Clone)]
pub struct LeafKey(SigningKey);

impl std::fmt::Debug for LeafKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LeafKey(..)")
    }
}

impl LeafKey {
    /// A new key.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn new() -> Result<Self, Error> {
        let seed = zeroize::Zeroizing::new(Provider::default().random()?);
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

#[cfg(test)]
impl LeafKey {
    pub(crate) fn secret(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl Signer for LeafKey {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// A client on its way into a group: everything it arrives with, and what its Welcome needs.
#[derive(Debug)]
pub struct Applicant {
    pub(crate) client: ClientId,
    pub(crate) key: LeafKey,
    pub(crate) credential: Vec<u8>,
    /// Holds the key package's private keys. Copied for each Welcome that is tried.
    pub(crate) provider: Provider,
    key_package: Bytes,
    admission: Option<Admission>,
}

impl Applicant {
    /// Makes credential and key package for the client id that the server assigned. `identity_signature` is the
    /// identity's over [`IdentityProof`].
    ///
    /// # Errors
    /// [`Error::Identity`] if that signature is wrong, else [`Error::Random`] or [`Error::Mls`].
    pub fn new(
        context: &RoomContext,
        client: ClientId,
        key: LeafKey,
        profile: &Profile,
        identity_signature: &[u8; 64],
    ) -> Result<Self, Error> {
        let leaf_key = key.public();
        let proof =
            IdentityProof { host: &context.host, room: context.link.room(), client, leaf_key: &leaf_key };
        if !proof.verify(profile.identity, identity_signature) {
            return Err(Error::Identity);
        }
        let provider = Provider::default();
        let (credential, admission) =
            credential::write(context, &provider, client, &leaf_key, profile, identity_signature)?;
        let bundle = KeyPackage::builder()
            .key_package_lifetime(lifetime())
            .key_package_extensions(Extensions::empty())
            .leaf_node_capabilities(capabilities())
            .leaf_node_extensions(Extensions::empty())
            .build(SUITE, &provider, &key, credential_with_key(&credential, &key))
            .map_err(|_| Error::Mls("making the key package"))?;
        let key_package = MlsMessageOut::from(bundle.into_key_package())
            .tls_serialize_detached()
            .map_err(|_| Error::Mls("writing the key package"))?;
        if let Some(keys) = context.link.keys() {
            psk_id(context, &provider)?
                .store(&provider, keys.psk.expose())
                .map_err(|_| Error::Mls("storing the PSK"))?;
        }
        Ok(Self { client, key, credential, provider, key_package: Bytes(key_package), admission })
    }

    /// Wipes the private keys of the key package, because this client is in a group now. Who stole them later could
    /// open the recorded Welcome, and with it everything that was said in the epoch that it led to. The public parts
    /// stay.
    pub fn spend(&mut self) {
        if !made(Mistake::LatestWelcomeFollowed) {
            self.provider.wipe();
        }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// The signature key of its leaf.
    #[must_use]
    pub fn leaf_key(&self) -> [u8; 32] {
        self.key.public()
    }

    /// The key package, an MLSMessage (RFC 9420 section 6).
    #[must_use]
    pub fn key_package(&self) -> &Bytes {
        &self.key_package
    }

    /// The admission to show to the server; none in a named room.
    #[must_use]
    pub fn admission(&self) -> Option<&Admission> {
        self.admission.as_ref()
    }
}

pub(crate) fn credential_with_key(credential: &[u8], key: &LeafKey) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(credential.to_vec()).into(),
        signature_key: key.public().to_vec().into(),
    }
}

/// The link's PSK with a fresh nonce (RFC 9420 section 8.4). Its id is a constant of the room.
pub(crate) fn psk_id(
    context: &RoomContext,
    provider: &Provider,
) -> Result<openmls::schedule::PreSharedKeyId, Error> {
    use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};
    let psk = Psk::External(ExternalPsk::new(psk_name(context)));
    PreSharedKeyId::new(SUITE, provider.rand(), psk).map_err(|_| Error::Random)
}

/// The PSK's id: the room it belongs to.
pub(crate) fn psk_name(context: &RoomContext) -> Vec<u8> {
    format!("Tangelo 1.0 PSK {}", context.link.room()).into_bytes()
}
