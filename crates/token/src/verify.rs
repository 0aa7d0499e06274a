//! Checks tokens.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use sha2::Sha256;
use tangelo_wire::Token;

use crate::{
    Claims, KeyError,
    claims::object,
    keys::{public, secret},
};

/// By how much the clocks of who issues and who checks may differ, in seconds.
pub const LEEWAY_SECONDS: u64 = 60;

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It was not made with a key that this server takes, or does not say what a token has to say.
    #[error("the token is none of this server's")]
    Invalid,
    /// `exp`.
    #[error("the token has expired")]
    Expired,
    /// `nbf`.
    #[error("the token is not good yet")]
    Early,
}

/// The keys whose tokens are taken. They do not print.
pub struct Verifier {
    secret: Option<Hmac<Sha256>>,
    public: Option<VerifyingKey>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

/// RFC 7515 section 4.1, as much of it as matters. One that is there twice is an error.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl Verifier {
    /// Takes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { secret: None, public: None }
    }

    /// Takes tokens with HS256 under this secret, the text of a file.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn with_secret(self, text: &str) -> Result<Self, KeyError> {
        Ok(Self { secret: Some(secret(text)?), ..self })
    }

    /// Takes tokens that were signed with the private half of this Ed25519 key, in PEM.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn with_public_key(self, text: &str) -> Result<Self, KeyError> {
        Ok(Self { public: Some(public(text)?), ..self })
    }

    /// What a token says, if it is genuine and good at `now`, in seconds since 1970. Whether it is for this room and
    /// server is for who asks to see.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn verify(&self, token: &Token, now: u64) -> Result<Claims, Fault> {
        let claims = self.genuine(token.as_str()).ok_or(Fault::Invalid)?;
        if now >= claims.expires.saturating_add(LEEWAY_SECONDS) {
            return Err(Fault::Expired);
        }
        if claims.not_before.is_some_and(|from| now.saturating_add(LEEWAY_SECONDS) < from) {
            return Err(Fault::Early);
        }
        Ok(claims)
    }

    /// Nothing of the payload is read before the signature is right.
    fn genuine(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let signature = decode(signature)?;
        let header: Header = object(&decode(header)?).filter(Header::is_plain)?;
        // Each algorithm has a key of its own, so what is public is never taken for a secret (RFC 8725 section 2.1).
        match header.alg.as_str() {
            "HS256" => {
                let mut mac = self.secret.clone()?;
                mac.update(signed.as_bytes());
                mac.verify_slice(&signature).ok()?;
            }
            "EdDSA" | "Ed25519" => {
                let signature = Signature::from_slice(&signature).ok()?;
                self.public.as_ref()?.verify_strict(signed.as_bytes(), &signature).ok()?;
            }
            _ => return None,
        }
        Claims::read(&decode(payload)?)
    }
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Header {
    /// No extension that would have to be understood, and no other kind of token (RFC 8725 section 3.11).
    fn is_plain(&self) -> bool {
        let is_jwt =
            |typ: &String| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("application/jwt");
        !self.crit && self.typ.as_ref().is_none_or(is_jwt)
    }
}

/// Base64url without padding, and with nothing in the bits that are left over: there is one way to write each token.
fn decode(part: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(part.as_bytes()).ok()
}
