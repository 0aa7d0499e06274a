//! The proof that a member is a host: said inside the group, so the server does not see it.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use tangelo_wire::{Bytes, ClientId, HostId, LogId, Transcript};

use crate::RoomContext;

/// The host key's signature over one client of one log, with its leaf: worth nothing to another client, nor in another call, nor
/// to whom the server gives the same client id again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostProof {
    /// The host's Ed25519 public key, 32 bytes. Its id is bound into the room's name.
    pub key: Bytes,
    /// Its signature, 64 bytes.
    pub signature: Bytes,
}

impl HostProof {
    pub(crate) fn make(key: &SigningKey, log_id: LogId, client: ClientId, leaf_key: &[u8]) -> Self {
        let signature = key.sign(transcript(log_id, client, leaf_key).as_bytes());
        Self {
            key: Bytes(key.verifying_key().to_bytes().to_vec()),
            signature: Bytes(signature.to_bytes().to_vec()),
        }
    }

    /// Whether the room's host signed it for this client with this leaf key in this log, strictly (RFC 8032 section 5.1.7).
    #[must_use]
    pub fn verify(&self, context: &RoomContext, log_id: LogId, client: ClientId, leaf_key: &[u8]) -> bool {
        let Some(keys) = context.link.keys() else { return false };
        let Ok(key) = <[u8; 32]>::try_from(self.key.as_slice()) else { return false };
        if HostId::of(&key) != keys.host_id() {
            return false;
        }
        let Ok(key) = VerifyingKey::from_bytes(&key) else { return false };
        let Ok(signature) = Signature::from_slice(self.signature.as_slice()) else { return false };
        key.verify_strict(transcript(log_id, client, leaf_key).as_bytes(), &signature).is_ok()
    }
}

fn transcript(log_id: LogId, client: ClientId, leaf_key: &[u8]) -> Transcript {
    Transcript::new("Tangelo 1.0 Host Member").field(&log_id.0).field(&client.0).field(leaf_key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Link;

    #[test]
    fn a_proof_is_good_for_one_leaf_of_one_client_in_one_log_of_one_room() {
        let (log_id, client, leaf) = (LogId([1; 16]), ClientId([2; 16]), [3; 32]);
        let link = Link::new_room().unwrap();
        let plain = Link::parse(&link.path()).unwrap();
        assert!(plain.prove_host(log_id, client, &leaf).is_none() && !plain.is_host());
        let proof = link.prove_host(log_id, client, &leaf).unwrap();
        let members = RoomContext { host: "call.example".into(), link: plain };
        assert!(proof.verify(&members, log_id, client, &leaf));
        assert!(!proof.verify(&members, LogId([9; 16]), client, &leaf));
        assert!(!proof.verify(&members, log_id, ClientId([9; 16]), &leaf));
        assert!(!proof.verify(&members, log_id, client, &[9; 32]), "the server named two clients alike");
        let foreign = Link::new_room().unwrap().prove_host(log_id, client, &leaf).unwrap();
        assert!(!foreign.verify(&members, log_id, client, &leaf));
        let forged = HostProof { signature: foreign.signature, ..proof.clone() };
        assert!(!forged.verify(&members, log_id, client, &leaf));
        let cut = HostProof { key: Bytes(vec![1; 31]), ..proof.clone() };
        assert!(!cut.verify(&members, log_id, client, &leaf));
        let named = RoomContext { host: "call.example".into(), link: Link::parse("/r/standup").unwrap() };
        assert!(!proof.verify(&named, log_id, client, &leaf));
    }
}
