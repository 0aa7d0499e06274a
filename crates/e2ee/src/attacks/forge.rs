//! Forged papers: key packages and credentials in which anything can be wrong, signed as they should be.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::{
    Capabilities, Ciphersuite, Extensions, HpkeKeyPair, KeyPackage, LeafNode, Lifetime, MlsMessageOut,
    tls_codec::Serialize as _,
};
use tangelo_wire::{Admission, Bytes, ClientId, Transcript};

use super::{
    common,
    crypto::{KeyOf, LyingProvider},
};
use crate::{
    IdentityProof, LeafKey, RoomContext,
    leaf::{SUITE, capabilities, credential_with_key, lifetime},
};

/// What stands in a credential, field by field (docs/protocol.md).
pub(super) struct Papers {
    pub(super) kind: u8,
    pub(super) client: ClientId,
    pub(super) access_signature: [u8; 64],
    pub(super) seal_key: [u8; 32],
    pub(super) identity: [u8; 32],
    pub(super) identity_signature: [u8; 64],
    pub(super) name_length: u8,
    pub(super) name: Vec<u8>,
    pub(super) padding: u8,
}

impl Papers {
    /// Those of `person`, in order.
    pub(super) fn new(context: &RoomContext, client: ClientId, leaf_key: &[u8; 32], person: u8) -> Self {
        let identity = common::identity(person);
        let proof = IdentityProof { host: &context.host, room: context.link.room(), client, leaf_key };
        let name = format!("Person {person}").into_bytes();
        let keys = context.link.keys();
        let admission = keys.map(|keys| keys.admit(&context.host, client, leaf_key));
        Self {
            kind: u8::from(keys.is_some()),
            client,
            access_signature: admission.map_or([0; 64], |a| a.signature.as_slice().try_into().unwrap()),
            seal_key: keys.map_or([0; 32], |keys| *keys.profile.expose()),
            identity: identity.verifying_key().to_bytes(),
            identity_signature: identity.sign(proof.transcript().as_bytes()).to_bytes(),
            name_length: u8::try_from(name.len()).unwrap(),
            name,
            padding: 0,
        }
    }

    pub(super) fn named(&mut self, name: &[u8]) {
        self.name = name.to_vec();
        self.name_length = u8::try_from(name.len()).unwrap();
    }

    /// Another identity, with its right signature.
    pub(super) fn speak_for(&mut self, context: &RoomContext, leaf_key: &[u8; 32], identity: &SigningKey) {
        let room = context.link.room();
        let proof = IdentityProof { host: &context.host, room, client: self.client, leaf_key };
        self.identity = identity.verifying_key().to_bytes();
        self.identity_signature = identity.sign(proof.transcript().as_bytes()).to_bytes();
    }

    pub(super) fn write(&self, context: &RoomContext, leaf_key: &[u8; 32]) -> Vec<u8> {
        let mut profile = [self.identity.as_slice(), &self.identity_signature, &[self.name_length]].concat();
        profile.extend_from_slice(&self.name);
        profile.resize(161, self.padding);
        if self.kind == 0 {
            return [&[0], self.client.0.as_slice(), &profile].concat();
        }
        let aad = Transcript::new("Tangelo 1.0 Profile")
            .field(context.host.as_bytes())
            .field(context.link.room().to_string().as_bytes())
            .field(&self.client.0)
            .field(leaf_key);
        let nonce = [7; 24];
        let payload = Payload { msg: &profile, aad: aad.as_bytes() };
        let sealed = XChaCha20Poly1305::new((&self.seal_key).into());
        let sealed = sealed.encrypt(&XNonce::from(nonce), payload).unwrap();
        [&[self.kind], self.client.0.as_slice(), &self.access_signature, &nonce, &sealed].concat()
    }
}

/// A key package to be.
pub(super) struct Forgery {
    pub(super) client: ClientId,
    pub(super) key: LeafKey,
    pub(super) credential: Vec<u8>,
    pub(super) admission: Option<Admission>,
    pub(super) suite: Ciphersuite,
    pub(super) lifetime: Lifetime,
    pub(super) capabilities: Capabilities,
    pub(super) leaf_extensions: Extensions<LeafNode>,
    pub(super) extensions: Extensions<KeyPackage>,
    pub(super) init_key: Option<Vec<u8>>,
    pub(super) encryption_key: Option<Vec<u8>>,
}

impl Forgery {
    /// One that is in order, of person 77.
    pub(super) fn new(context: &RoomContext, client: ClientId) -> Self {
        let key = LeafKey::new().unwrap();
        let papers = Papers::new(context, client, &key.public(), 77);
        Self {
            client,
            credential: papers.write(context, &key.public()),
            admission: context.link.keys().map(|keys| keys.admit(&context.host, client, &key.public())),
            key,
            suite: SUITE,
            lifetime: lifetime(),
            capabilities: capabilities(),
            leaf_extensions: Extensions::empty(),
            extensions: Extensions::empty(),
            init_key: None,
            encryption_key: None,
        }
    }

    /// One in whose credential `lie` was told.
    pub(super) fn with_papers(
        context: &RoomContext,
        client: ClientId,
        lie: impl FnOnce(&mut Papers),
    ) -> Self {
        let mut forgery = Self::new(context, client);
        let leaf_key = forgery.key.public();
        let mut papers = Papers::new(context, client, &leaf_key, 77);
        lie(&mut papers);
        forgery.credential = papers.write(context, &leaf_key);
        forgery
    }

    /// The key package, and who holds its private keys.
    pub(super) fn make(&self) -> (KeyPackage, LyingProvider) {
        let mut provider = LyingProvider::default();
        let (init_key, encryption_key) = (self.init_key.clone(), self.encryption_key.clone());
        let replace = move |key_of, mut pair: HpkeKeyPair| {
            let other = if key_of == KeyOf::Other(0) { &init_key } else { &encryption_key };
            pair.public = other.clone().unwrap_or(pair.public);
            pair
        };
        provider.crypto.on_key_pair = Some(Box::new(replace));
        let bundle = KeyPackage::builder()
            .key_package_lifetime(self.lifetime)
            .key_package_extensions(self.extensions.clone())
            .leaf_node_capabilities(self.capabilities.clone())
            .leaf_node_extensions(self.leaf_extensions.clone())
            .build(self.suite, &provider, &self.key, credential_with_key(&self.credential, &self.key))
            .unwrap();
        (bundle.into_key_package(), provider)
    }
}

/// A key package as it stands in an `Arrived` entry.
pub(super) fn written(key_package: &KeyPackage) -> Bytes {
    Bytes(MlsMessageOut::from(key_package.clone()).tls_serialize_detached().unwrap())
}
