//! A person's device identity: an Ed25519 key that outlives clients and calls.

use std::fmt;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, VerifyingKey};
use tangelo_wire::{ClientId, RoomName, Transcript};

/// The public half of an identity. The private half stays where the platform keeps it (in the browser a
/// non-extractable WebCrypto key): this crate asks for a signature, it never holds the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityKey(pub [u8; 32]);

impl fmt::Display for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({self})")
    }
}

/// What an identity signs once per arrival: that this leaf key speaks for it, as this client, in this room.
#[derive(Clone, Copy, Debug)]
pub struct IdentityProof<'a> {
    /// `location.host` of the server.
    pub host: &'a str,
    /// The room.
    pub room: &'a RoomName,
    /// The client id of this arrival.
    pub client: ClientId,
    /// The leaf's Ed25519 public key, 32 bytes.
    pub leaf_key: &'a [u8],
}

impl IdentityProof<'_> {
    /// The bytes to sign.
    #[must_use]
    pub fn transcript(&self) -> Transcript {
        Transcript::new("Tangelo 1.0 Identity")
            .field(self.host.as_bytes())
            .field(self.room.to_string().as_bytes())
            .field(&self.client.0)
            .field(self.leaf_key)
    }

    /// Checks a signature, strictly (RFC 8032 section 5.1.7).
    #[must_use]
    pub fn verify(&self, identity: IdentityKey, signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&identity.0).is_ok_and(|key| {
            key.verify_strict(self.transcript().as_bytes(), &Signature::from_bytes(signature)).is_ok()
        })
    }
}
