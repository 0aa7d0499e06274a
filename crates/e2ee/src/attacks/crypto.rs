//! Cryptography that lies: RustCrypto, but for the calls that an attack changes. OpenMLS takes any provider, so
//! everything around the lie (signatures, tags, hashes) comes out right.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use openmls::prelude::{OpenMlsCrypto, OpenMlsProvider, tls_codec::SecretVLBytes};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKeyPair,
    KemOutput, SignatureScheme,
};

use crate::storage::Storage;

/// What is encrypted to somebody, before it is.
pub(super) struct Sealing<'a> {
    /// To whom: an HPKE public key.
    pub(super) to: &'a [u8],
    /// What for: `UpdatePathNode` or `Welcome` (RFC 9420 section 5.1.3).
    pub(super) path: bool,
    /// The plaintext.
    pub(super) plaintext: &'a [u8],
}

/// What becomes of it.
pub(super) enum Sealed {
    AsItIs,
    Plaintext(Vec<u8>),
    Ciphertext(HpkeCiphertext),
}

/// What a key pair is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyOf {
    /// A node of a path, counted from the leaf up.
    Node(usize),
    /// The leaf of a path; or first the init key, then the leaf of a key package.
    Other(usize),
}

type SealHook = Box<dyn Fn(&Sealing<'_>) -> Sealed + Send + Sync>;
type KeyPairHook = Box<dyn Fn(KeyOf, HpkeKeyPair) -> HpkeKeyPair + Send + Sync>;
type TagHook = Box<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

#[derive(Default)]
pub(super) struct LyingCrypto {
    inner: RustCrypto,
    pub(super) on_seal: Option<SealHook>,
    pub(super) on_key_pair: Option<KeyPairHook>,
    /// HMAC is what MLS makes its tags with (RFC 9420 section 6.1).
    pub(super) on_tag: Option<TagHook>,
    seen: Mutex<Seen>,
}

/// What passed by.
#[derive(Default)]
struct Seen {
    /// The last secret that was derived under each label (RFC 9420 section 8).
    derived: BTreeMap<String, Vec<u8>>,
    /// The path secrets, from the leaf up, and the node secret of each (RFC 9420 section 7.4).
    path_secrets: Vec<Vec<u8>>,
    path_secret_of_node: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Key pairs that are no node's.
    others: usize,
}

impl LyingCrypto {
    /// Lies no more.
    pub(super) fn honest(&mut self) {
        (self.on_seal, self.on_key_pair, self.on_tag) = (None, None, None);
        self.forget_path();
    }

    /// The next path that is made begins at its leaf.
    pub(super) fn forget_path(&self) {
        let mut seen = self.seen();
        *seen = Seen { derived: std::mem::take(&mut seen.derived), ..Seen::default() };
    }

    pub(super) fn derived(&self, label: &str) -> Vec<u8> {
        self.seen().derived[label].clone()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, info: &[u8], from: &[u8], secret: &[u8]) {
        // KDFLabel: length (2), label with its length (1), context.
        let Some(label) = info.get(3..3 + usize::from(info[2])) else { return };
        let Some(label) = label.strip_prefix(b"MLS 1.0 ") else { return };
        let mut seen = self.seen();
        match label {
            b"path" => seen.path_secrets.push(from.to_vec()),
            b"node" => _ = seen.path_secret_of_node.insert(secret.to_vec(), from.to_vec()),
            _ => (),
        }
        seen.derived.insert(String::from_utf8_lossy(label).into_owned(), secret.to_vec());
    }

    fn key_of(&self, secret: &[u8]) -> KeyOf {
        let mut seen = self.seen();
        let path_secret = seen.path_secret_of_node.get(secret);
        let node = path_secret.and_then(|secret| seen.path_secrets.iter().position(|other| other == secret));
        node.map_or_else(
            || {
                seen.others += 1;
                KeyOf::Other(seen.others - 1)
            },
            KeyOf::Node,
        )
    }
}

impl OpenMlsCrypto for LyingCrypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        self.inner.supports(ciphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.inner.supported_ciphersuites()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.inner.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        let tag = self.inner.hmac(hash, key, message)?;
        Ok(match &self.on_tag {
            Some(hook) => hook(tag.as_slice().to_vec()).into(),
            None => tag,
        })
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        let okm = self.inner.hkdf_expand(hash, prk, info, okm_len)?;
        self.note(info, prk, okm.as_slice());
        Ok(okm)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.inner.hash(hash, data)
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.inner.aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.inner.aead_decrypt(alg, key, ct_tag, nonce, aad)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        self.inner.signature_key_gen(alg)
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.inner.verify_signature(alg, data, pk, signature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.inner.sign(alg, data, key)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let path = info.windows(14).any(|window| window == b"UpdatePathNode");
        let sealing = Sealing { to: pk_r, path, plaintext: ptxt };
        match self.on_seal.as_ref().map_or(Sealed::AsItIs, |hook| hook(&sealing)) {
            Sealed::AsItIs => self.inner.hpke_seal(config, pk_r, info, aad, ptxt),
            Sealed::Plaintext(other) => self.inner.hpke_seal(config, pk_r, info, aad, &other),
            Sealed::Ciphertext(ciphertext) => Ok(ciphertext),
        }
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.inner.hpke_open(config, input, sk_r, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        self.inner.hpke_setup_sender_and_export(config, pk_r, info, exporter_context, exporter_length)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        self.inner.hpke_setup_receiver_and_export(config, enc, sk_r, info, exporter_context, exporter_length)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let pair = self.inner.derive_hpke_keypair(config, ikm)?;
        let key_of = self.key_of(ikm);
        Ok(self.on_key_pair.as_ref().map_or(pair.clone(), |hook| hook(key_of, pair)))
    }
}

/// An insider's surroundings.
#[derive(Default)]
pub(super) struct LyingProvider {
    pub(super) crypto: LyingCrypto,
    storage: Storage,
}

impl LyingProvider {
    /// With a copy of what another one has stored.
    pub(super) fn of(other: &impl OpenMlsProvider<StorageProvider = Storage>) -> Self {
        Self { storage: other.storage().copy(), ..Self::default() }
    }
}

impl OpenMlsProvider for LyingProvider {
    type CryptoProvider = LyingCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Storage;

    fn storage(&self) -> &Storage {
        &self.storage
    }

    fn crypto(&self) -> &LyingCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto.inner
    }
}
