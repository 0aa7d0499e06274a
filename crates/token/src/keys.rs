//! Keys as they stand in files: a secret alone in its file for HS256, PEM (RFC 7468, RFC 8410) for Ed25519.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{
    SigningKey, VerifyingKey,
    pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes, spki},
};
use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// Least length of a secret (RFC 7518 section 3.2).
pub const SECRET_MIN_BYTES: usize = 32;
const SECRET_MAX_BYTES: usize = 1_024;

/// Why a text is no key. It holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Too short a secret could be found by trying, from one token.
    #[error("a secret has {SECRET_MIN_BYTES} to {SECRET_MAX_BYTES} bytes")]
    Length,
    /// Perhaps a whole file of settings.
    #[error("it is to hold the secret and nothing else, in ASCII without spaces")]
    Secret,
    /// A key that others may know must not be taken for a secret.
    #[error("it holds a key in PEM, and a secret is wanted")]
    Pem,
    /// No public key.
    #[error("it is to hold an Ed25519 public key in PEM, which begins with -----BEGIN PUBLIC KEY-----")]
    Public,
    /// No private key.
    #[error("it is to hold an Ed25519 private key in PEM, which begins with -----BEGIN PRIVATE KEY-----")]
    Private,
}

pub(crate) fn secret(text: &str) -> Result<Hmac<Sha256>, KeyError> {
    let secret = text.trim();
    if is_pem(secret) {
        return Err(KeyError::Pem);
    }
    if secret.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(KeyError::Secret);
    }
    if secret.len() < SECRET_MIN_BYTES || secret.len() > SECRET_MAX_BYTES {
        return Err(KeyError::Length);
    }
    Hmac::new_from_slice(secret.as_bytes()).map_err(|_| KeyError::Length)
}

pub(crate) fn public(text: &str) -> Result<VerifyingKey, KeyError> {
    let key = VerifyingKey::from_public_key_pem(text.trim()).map_err(|_| KeyError::Public)?;
    if key.is_weak() { Err(KeyError::Public) } else { Ok(key) }
}

pub(crate) fn private(text: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pkcs8_pem(text.trim()).map_err(|_| KeyError::Private)
}

pub(crate) fn is_pem(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN ")
}

/// The text of a secret, of random bytes.
#[must_use]
pub fn new_secret(random: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(format!("{}\n", BASE64URL_NOPAD.encode(random)))
}

/// An Ed25519 key pair in PEM.
pub struct KeyPair {
    /// Issues tokens (PKCS#8, RFC 5958).
    pub private: Zeroizing<String>,
    /// Checks them.
    pub public: String,
}

/// A key pair, of random bytes; `None` if it cannot be written down, which does not happen.
#[must_use]
pub fn new_key_pair(mut random: [u8; 32]) -> Option<KeyPair> {
    let key = SigningKey::from_bytes(&random);
    // Without the public key in it, which OpenSSL does not read.
    let mut bytes = KeypairBytes { secret_key: random, public_key: None };
    let private = bytes.to_pkcs8_pem(spki::der::pem::LineEnding::LF).ok();
    bytes.secret_key.zeroize();
    random.zeroize();
    let public = key.verifying_key().to_public_key_pem(spki::der::pem::LineEnding::LF).ok()?;
    Some(KeyPair { private: private?, public })
}
