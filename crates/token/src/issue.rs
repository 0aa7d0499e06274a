//! Makes tokens.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tangelo_wire::Token;

use crate::{Claims, KeyError, NAME_MAX_CHARS, SUBJECT_MAX_BYTES, keys};

/// A key that issues tokens. It does not print.
pub struct Issuer(Key);

enum Key {
    Secret(Box<Hmac<Sha256>>),
    Ed25519(Box<SigningKey>),
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuer(..)")
    }
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The name.
    #[error("a name has 1 to {NAME_MAX_CHARS} characters")]
    Name,
    /// The subject.
    #[error("a subject has 1 to {SUBJECT_MAX_BYTES} bytes")]
    Subject,
    /// All together.
    #[error("the token would be longer than {} bytes", tangelo_wire::limits::TOKEN_MAX_BYTES)]
    TooLong,
}

impl Issuer {
    /// Reads a key: a private key in PEM, or else a secret.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let key = if keys::is_pem(text) {
            Key::Ed25519(Box::new(keys::private(text)?))
        } else {
            Key::Secret(Box::new(keys::secret(text)?))
        };
        Ok(Self(key))
    }

    /// Issues a token.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn issue(&self, claims: &Claims) -> Result<Token, IssueError> {
        if claims.name.as_ref().is_some_and(|name| !(1..=NAME_MAX_CHARS).contains(&name.chars().count())) {
            return Err(IssueError::Name);
        }
        if claims.subject.as_ref().is_some_and(|subject| !(1..=SUBJECT_MAX_BYTES).contains(&subject.len())) {
            return Err(IssueError::Subject);
        }
        let header = match &self.0 {
            Key::Secret(_) => r#"{"alg":"HS256","typ":"JWT"}"#,
            // RFC 9864 calls it Ed25519; most libraries know this name.
            Key::Ed25519(_) => r#"{"alg":"EdDSA","typ":"JWT"}"#,
        };
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let signed = format!("{}.{}", part(header), part(&claims.to_json()));
        let signature = match &self.0 {
            Key::Secret(keyed) => {
                let mut mac = Hmac::clone(keyed);
                mac.update(signed.as_bytes());
                BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
            }
            Key::Ed25519(key) => BASE64URL_NOPAD.encode(&key.sign(signed.as_bytes()).to_bytes()),
        };
        format!("{signed}.{signature}").parse().map_err(|_| IssueError::TooLong)
    }
}
