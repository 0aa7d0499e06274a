//! Cryptography that lies: RustCrypto, but for the calls that an attack changes. OpenMLS takes any provider, so
//! everything around the lie (signatures, tags, hashes) comes out right.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use openmls::prelude::{OpenMlsCrypto, OpenMlsProvider, tls_codec::SecretVLBytes};
use openmls_memory_storage::MemoryStorage;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKeyPair,
    KemOutput, SignatureScheme,
};

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

type SealHook = Box<dyn Fn(&Sealing<'_>) -> Sealed + Send + Sync>;
type KeyPairHook = Box<dyn Fn(usize, HpkeKeyPair) -> HpkeKeyPair + Send + Sync>;
type TagHook = Box<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

#[derive(Default)]
pub(super) struct LyingCrypto {
    inner: RustCrypto,
    pub(super) on_seal: Option<SealHook>,
    /// Gets the number of the key pair, from 0, since it was set.
    pub(super) on_key_pair: Option<KeyPairHook>,
    /// HMAC is what MLS makes its tags with (RFC 9420 section 6.1).
    pub(super) on_tag: Option<TagHook>,
    key_pairs: Mutex<usize>,
    /// The last secret that was derived under each label (RFC 9420 section 8).
    derived: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl LyingCrypto {
    pub(super) fn honest(&mut self) {
        (self.on_seal, self.on_key_pair, self.on_tag) = (None, None, None);
        *self.key_pairs.lock().unwrap_or_else(PoisonError::into_inner) = 0;
    }

    pub(super) fn derived(&self, label: &str) -> Vec<u8> {
        self.derived.lock().unwrap()[label].clone()
    }

    fn note(&self, info: &[u8], secret: &[u8]) {
        // KDFLabel: length (2), label with its length (1), context.
        let Some(label) = info.get(3..3 + usize::from(info[2])) else { return };
        let Some(label) = label.strip_prefix(b"MLS 1.0 ") else { return };
        let label = String::from_utf8_lossy(label).into_owned();
        self.derived.lock().unwrap().insert(label, secret.to_vec());
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
        self.note(info, okm.as_slice());
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
        let Some(hook) = &self.on_key_pair else { return Ok(pair) };
        let mut count = self.key_pairs.lock().unwrap();
        *count += 1;
        Ok(hook(*count - 1, pair))
    }
}

/// An insider's surroundings.
#[derive(Default)]
pub(super) struct LyingProvider {
    pub(super) crypto: LyingCrypto,
    storage: MemoryStorage,
}

impl LyingProvider {
    /// With a copy of what another one has stored.
    pub(super) fn of(other: &impl OpenMlsProvider<StorageProvider = MemoryStorage>) -> Self {
        let provider = Self::default();
        provider.storage.values.write().unwrap().clone_from(&other.storage().values.read().unwrap());
        provider
    }
}

impl OpenMlsProvider for LyingProvider {
    type CryptoProvider = LyingCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        &self.storage
    }

    fn crypto(&self) -> &LyingCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto.inner
    }
}
