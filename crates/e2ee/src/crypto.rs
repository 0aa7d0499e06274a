//! The cryptography of the one ciphersuite, MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 (RFC 9420 section 17.1), for
//! OpenMLS. Nothing else is in the program, and no generator of random numbers has a state that could be stolen: what
//! a thief of memory saw would tell the secrets of every later commit.

use aes_gcm::{
    Aes128Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hkdf::{Hkdf, HkdfExtract};
use hmac::{Hmac, Mac as _};
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable as _, aead::AesGcm128, kdf::HkdfSha256,
    kem::X25519HkdfSha256 as Kem,
};
use openmls::prelude::tls_codec::SecretVLBytes;
use openmls_traits::{
    crypto::OpenMlsCrypto,
    random::OpenMlsRand,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext,
        HpkeConfig, HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use rand_core::{TryRng as _, UnwrapErr};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    leaf::SUITE,
    random::{NoRandomness, Random},
};

/// The cryptography of [`SUITE`], with random numbers from the system.
#[derive(Debug, Default)]
pub(crate) struct Crypto {
    /// HPKE keys to which nonsense is sealed.
    #[cfg(feature = "insider")]
    pub(crate) poison: Vec<Vec<u8>>,
}

impl OpenMlsRand for Crypto {
    type Error = NoRandomness;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        Random.try_fill_bytes(&mut bytes)?;
        Ok(bytes)
    }

    fn random_vec(&self, length: usize) -> Result<Vec<u8>, NoRandomness> {
        let mut bytes = vec![0; length];
        Random.try_fill_bytes(&mut bytes)?;
        Ok(bytes)
    }
}

/// Refuses every hash but SHA-256.
fn only_sha256(hash: HashType) -> Result<(), CryptoError> {
    if hash == HashType::Sha2_256 { Ok(()) } else { Err(CryptoError::UnsupportedHashAlgorithm) }
}

/// Refuses every cipher but AES-128-GCM.
fn aes(alg: AeadType, key: &[u8]) -> Result<Aes128Gcm, CryptoError> {
    if alg != AeadType::Aes128Gcm {
        return Err(CryptoError::UnsupportedAeadAlgorithm);
    }
    Aes128Gcm::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)
}

/// Refuses every signature scheme but Ed25519.
fn only_ed25519(alg: SignatureScheme) -> Result<(), CryptoError> {
    if alg == SignatureScheme::ED25519 { Ok(()) } else { Err(CryptoError::UnsupportedSignatureScheme) }
}

/// Refuses every HPKE but the suite's.
fn only_hpke(config: &HpkeConfig) -> Result<(), CryptoError> {
    match config {
        HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => Ok(()),
        _ => Err(CryptoError::UnsupportedCiphersuite),
    }
}

/// A key or encapsulated key for HPKE from its bytes.
fn hpke_key<K: Deserializable>(bytes: &[u8]) -> Result<K, CryptoError> {
    K::from_bytes(bytes).map_err(|_| CryptoError::InvalidLength)
}

impl OpenMlsCrypto for Crypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        if ciphersuite == SUITE { Ok(()) } else { Err(CryptoError::UnsupportedCiphersuite) }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![SUITE]
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        only_sha256(hash)?;
        let mut extract = HkdfExtract::<Sha256>::new(Some(salt));
        extract.input_ikm(ikm);
        let prk = Zeroizing::new(<[u8; 32]>::from(extract.finalize().0));
        Ok(prk.as_slice().into())
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        only_sha256(hash)?;
        let mut hmac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
        hmac.update(message);
        let tag = Zeroizing::new(<[u8; 32]>::from(hmac.finalize().into_bytes()));
        Ok(tag.as_slice().into())
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        only_sha256(hash)?;
        let hkdf = Hkdf::<Sha256>::from_prk(prk).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
        let mut okm = vec![0; okm_len];
        hkdf.expand(info, &mut okm).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
        Ok(okm.into())
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        only_sha256(hash)?;
        Ok(Sha256::digest(data).to_vec())
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let nonce = nonce.try_into().map_err(|_| CryptoError::InvalidLength)?;
        aes(alg, key)?.encrypt(nonce, Payload { msg: data, aad }).map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let nonce = nonce.try_into().map_err(|_| CryptoError::InvalidLength)?;
        aes(alg, key)?
            .decrypt(nonce, Payload { msg: ct_tag, aad })
            .map_err(|_| CryptoError::AeadDecryptionError)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        only_ed25519(alg)?;
        let seed = Zeroizing::new(self.random_array().map_err(|_| CryptoError::InsufficientRandomness)?);
        let key = SigningKey::from_bytes(&seed);
        Ok((seed.to_vec(), key.verifying_key().to_bytes().to_vec()))
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        only_ed25519(alg)?;
        let key = VerifyingKey::try_from(pk).map_err(|_| CryptoError::CryptoLibraryError)?;
        let signature = Signature::from_slice(signature).map_err(|_| CryptoError::InvalidSignature)?;
        key.verify_strict(data, &signature).map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        only_ed25519(alg)?;
        let key = SigningKey::try_from(key).map_err(|_| CryptoError::CryptoLibraryError)?;
        Ok(key.sign(data).to_bytes().to_vec())
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        only_hpke(&config)?;
        #[cfg(feature = "insider")]
        if self.poison.iter().any(|key| key == pk_r) {
            return Ok(HpkeCiphertext { kem_output: vec![9; 32].into(), ciphertext: vec![7; 49].into() });
        }
        let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<AesGcm128, HkdfSha256, Kem>(
            &OpModeS::Base,
            &hpke_key(pk_r)?,
            info,
            ptxt,
            aad,
            &mut UnwrapErr(Random),
        )
        .map_err(|_| CryptoError::HpkeEncryptionError)?;
        Ok(HpkeCiphertext { kem_output: enc.to_bytes().to_vec().into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        only_hpke(&config)?;
        hpke::single_shot_open::<AesGcm128, HkdfSha256, Kem>(
            &OpModeR::Base,
            &hpke_key(sk_r)?,
            &hpke_key(input.kem_output.as_slice())?,
            info,
            input.ciphertext.as_slice(),
            aad,
        )
        .map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        only_hpke(&config)?;
        let (enc, context) = hpke::setup_sender_with_rng::<AesGcm128, HkdfSha256, Kem>(
            &OpModeS::Base,
            &hpke_key(pk_r)?,
            info,
            &mut UnwrapErr(Random),
        )
        .map_err(|_| CryptoError::SenderSetupError)?;
        let mut exported = vec![0; exporter_length];
        context.export(exporter_context, &mut exported).map_err(|_| CryptoError::ExporterError)?;
        Ok((enc.to_bytes().to_vec(), exported.into()))
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
        only_hpke(&config)?;
        let context = hpke::setup_receiver::<AesGcm128, HkdfSha256, Kem>(
            &OpModeR::Base,
            &hpke_key(sk_r)?,
            &hpke_key(enc)?,
            info,
        )
        .map_err(|_| CryptoError::ReceiverSetupError)?;
        let mut exported = vec![0; exporter_length];
        context.export(exporter_context, &mut exported).map_err(|_| CryptoError::ExporterError)?;
        Ok(exported.into())
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        only_hpke(&config)?;
        let (private, public) = Kem::derive_keypair(ikm);
        let private = Zeroizing::new(<[u8; 32]>::from(private.to_bytes()));
        Ok(HpkeKeyPair { private: private.to_vec().into(), public: public.to_bytes().to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_algorithm_is_refused() {
        let crypto = Crypto::default();
        assert!(crypto.supports(SUITE).is_ok());
        let other = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
        assert!(crypto.supports(other).is_err());
        for hash in [HashType::Sha2_384, HashType::Sha2_512] {
            assert!(crypto.hash(hash, b"data").is_err());
            assert!(crypto.hmac(hash, &[1; 32], b"data").is_err());
            assert!(crypto.hkdf_extract(hash, &[1; 32], b"data").is_err());
            assert!(crypto.hkdf_expand(hash, &[1; 32], b"data", 32).is_err());
        }
        for alg in [AeadType::Aes256Gcm, AeadType::ChaCha20Poly1305] {
            assert!(crypto.aead_encrypt(alg, &[1; 32], b"data", &[2; 12], b"").is_err());
            assert!(crypto.aead_decrypt(alg, &[1; 32], &[0; 20], &[2; 12], b"").is_err());
        }
        assert!(crypto.signature_key_gen(SignatureScheme::ECDSA_SECP256R1_SHA256).is_err());
        assert!(crypto.sign(SignatureScheme::ECDSA_SECP256R1_SHA256, b"data", &[1; 32]).is_err());
        for config in [
            HpkeConfig(HpkeKemType::DhKemP256, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128),
            HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha512, HpkeAeadType::AesGcm128),
            HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm256),
        ] {
            assert!(crypto.derive_hpke_keypair(config, &[1; 32]).is_err());
        }
    }

    #[test]
    fn wrong_lengths_are_errors() {
        let crypto = Crypto::default();
        let hpke = || HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128);
        for length in [0, 1, 15, 17, 31, 33, 64] {
            let bytes = vec![3; length];
            assert!(crypto.aead_encrypt(AeadType::Aes128Gcm, &bytes, b"data", &[2; 12], b"").is_err());
            assert!(crypto.aead_decrypt(AeadType::Aes128Gcm, &[1; 16], b"data", &bytes, b"").is_err());
            assert!(crypto.sign(SignatureScheme::ED25519, b"data", &bytes).is_err());
            assert!(crypto.verify_signature(SignatureScheme::ED25519, b"data", &bytes, &[0; 64]).is_err());
            assert!(crypto.hpke_seal(hpke(), &bytes, b"", b"", b"data").is_err());
        }
        assert!(crypto.hkdf_expand(HashType::Sha2_256, &[1; 5], b"", 32).is_err());
    }

    #[test]
    fn hpke_opens_what_it_sealed_and_nothing_else() {
        let crypto = Crypto::default();
        let hpke = || HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128);
        let pair = crypto.derive_hpke_keypair(hpke(), &[7; 32]).unwrap();
        let private: &[u8] = &pair.private;
        let sealed = crypto.hpke_seal(hpke(), &pair.public, b"info", b"aad", b"data").unwrap();
        assert_eq!(crypto.hpke_open(hpke(), &sealed, private, b"info", b"aad").unwrap(), b"data");
        assert!(crypto.hpke_open(hpke(), &sealed, private, b"other", b"aad").is_err());
        assert!(crypto.hpke_open(hpke(), &sealed, private, b"info", b"other").is_err());
        let (enc, exported) =
            crypto.hpke_setup_sender_and_export(hpke(), &pair.public, b"info", b"context", 32).unwrap();
        let again =
            crypto.hpke_setup_receiver_and_export(hpke(), &enc, private, b"info", b"context", 32).unwrap();
        assert_eq!(&*exported, &*again);
    }
}
