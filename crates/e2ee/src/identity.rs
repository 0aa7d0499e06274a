//! A person's device identity: an Ed25519 key that outlives clients and calls.

use std::fmt;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tangelo_wire::{ClientId, RoomName, Transcript};
use zeroize::Zeroize as _;

/// The public half of an identity. The private half stays where the platform keeps it (in the browser a
/// non-extractable WebCrypto key): a session asks for a signature, it never holds the key.
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

/// An identity whose key is in this program's memory, for platforms that keep no Ed25519 keys themselves.
pub struct SoftIdentity(SigningKey);

impl SoftIdentity {
    /// The identity of a seed (RFC 8032 section 5.1.5), which is wiped.
    #[must_use]
    pub fn new(seed: &mut [u8; 32]) -> Self {
        let identity = Self(SigningKey::from_bytes(seed));
        seed.zeroize();
        identity
    }

    /// The public half.
    #[must_use]
    pub fn key(&self) -> IdentityKey {
        IdentityKey(self.0.verifying_key().to_bytes())
    }

    /// Signs what the session asks to have signed.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> [u8; 64] {
        self.0.sign(payload).to_bytes()
    }
}

impl fmt::Debug for SoftIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftIdentity(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_identity_is_that_of_rfc_8032() {
        // RFC 8032 section 7.1, test 2.
        let mut seed = [0; 32];
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        seed.copy_from_slice(&hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
        let identity = SoftIdentity::new(&mut seed);
        assert_eq!(seed, [0; 32]);
        let key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        assert_eq!(identity.key().to_string(), key);
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert_eq!(HEXLOWER.encode(&identity.sign(&hex("72"))), signature);
        assert_eq!(format!("{identity:?}"), "SoftIdentity(..)");
    }

    #[test]
    fn a_proof_is_good_for_its_client_room_host_and_leaf_alone() {
        let identity = SoftIdentity::new(&mut [7; 32]);
        let (standup, sitdown) = ("standup".parse().unwrap(), "sitdown".parse().unwrap());
        let proof = IdentityProof {
            host: "a.example",
            room: &standup,
            client: ClientId([1; 16]),
            leaf_key: &[2; 32],
        };
        let signature = identity.sign(proof.transcript().as_bytes());
        assert!(proof.verify(identity.key(), &signature));
        assert!(!proof.verify(SoftIdentity::new(&mut [8; 32]).key(), &signature));
        let others = [
            IdentityProof { host: "b.example", ..proof },
            IdentityProof { room: &sitdown, ..proof },
            IdentityProof { client: ClientId([2; 16]), ..proof },
            IdentityProof { leaf_key: &[3; 32], ..proof },
        ];
        for other in others {
            assert!(!other.verify(identity.key(), &signature), "{other:?}");
        }
    }
}
