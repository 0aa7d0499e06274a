//! The proof that whoever arrives holds the room's link. Server and members check the same signature.

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::{Bytes, ClientId, HostId, RoomName, Transcript};

/// What the access key signs: this client, with this leaf key, in this room of this host. A signature for one
/// arrival is worth nothing for another, in another room or at another server.
#[derive(Clone, Debug)]
pub struct AccessProof<'a> {
    /// `location.host` of the server as the browser shows it: name, and port unless it is the default one.
    pub host: &'a str,
    /// The room.
    pub room: &'a RoomName,
    /// The client id that the server assigned.
    pub client: ClientId,
    /// The Ed25519 signature key of the client's MLS leaf, 32 bytes.
    pub leaf_key: &'a [u8],
}

impl AccessProof<'_> {
    /// The bytes that are signed.
    #[must_use]
    pub fn transcript(&self) -> Transcript {
        Transcript::new("Tangelo 1.0 Admission")
            .field(self.host.as_bytes())
            .field(self.room.to_string().as_bytes())
            .field(&self.client.0)
            .field(self.leaf_key)
    }

    /// Checks `signature` by `access_key`, strictly (no malleable or small-order keys, RFC 8032 section 5.1.7).
    #[must_use]
    pub fn verify(&self, access_key: &[u8; 32], signature: &[u8]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(access_key) else { return false };
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        key.verify_strict(self.transcript().as_bytes(), &signature).is_ok()
    }
}

/// What a client shows to be admitted to a secret room; absent in a named room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admission {
    /// The room's access key, Ed25519 public key, 32 bytes.
    pub access_key: Bytes,
    /// The room's host id, 16 bytes.
    pub host_id: Bytes,
    /// The signature key of the client's leaf, 32 bytes.
    pub leaf_key: Bytes,
    /// The access key's signature over [`AccessProof`], 64 bytes.
    pub signature: Bytes,
}

/// Why an arrival is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// A secret room wants an admission.
    #[error("this room wants its link's secret")]
    Missing,
    /// A named room has no link secret, so an admission there is a mistake.
    #[error("this room has no secret")]
    Unexpected,
    /// A field has the wrong length, or the keys are not those of this room.
    #[error("the link's secret belongs to another room")]
    WrongRoom,
    /// The signature is not the access key's over this arrival.
    #[error("the signature of the link's secret is wrong")]
    Signature,
}

impl Admission {
    /// Checks an arrival of `client` in `room` of `host`.
    ///
    /// # Errors
    /// See [`AdmissionError`].
    pub fn check(
        admission: Option<&Self>,
        host: &str,
        room: &RoomName,
        client: ClientId,
    ) -> Result<(), AdmissionError> {
        let admission = match (room.is_secret(), admission) {
            (false, None) => return Ok(()),
            (false, Some(_)) => return Err(AdmissionError::Unexpected),
            (true, None) => return Err(AdmissionError::Missing),
            (true, Some(admission)) => admission,
        };
        let access_key: [u8; 32] =
            admission.access_key.as_slice().try_into().map_err(|_| AdmissionError::WrongRoom)?;
        let host_id: [u8; 16] =
            admission.host_id.as_slice().try_into().map_err(|_| AdmissionError::WrongRoom)?;
        if RoomName::secret(&access_key, HostId(host_id)) != *room {
            return Err(AdmissionError::WrongRoom);
        }
        let proof = AccessProof { host, room, client, leaf_key: admission.leaf_key.as_slice() };
        if admission.leaf_key.len() == 32 && proof.verify(&access_key, admission.signature.as_slice()) {
            Ok(())
        } else {
            Err(AdmissionError::Signature)
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    fn arrival() -> (RoomName, ClientId, Admission) {
        let access = SigningKey::from_bytes(&[5; 32]);
        let host_id = HostId([6; 16]);
        let room = RoomName::secret(&access.verifying_key().to_bytes(), host_id);
        let client = ClientId([7; 16]);
        let leaf_key = [8; 32];
        let proof = AccessProof { host: "call.example", room: &room, client, leaf_key: &leaf_key };
        let signature = access.sign(proof.transcript().as_bytes());
        let admission = Admission {
            access_key: Bytes(access.verifying_key().to_bytes().to_vec()),
            host_id: Bytes(host_id.0.to_vec()),
            leaf_key: Bytes(leaf_key.to_vec()),
            signature: Bytes(signature.to_bytes().to_vec()),
        };
        (room, client, admission)
    }

    #[test]
    fn the_holder_of_the_link_is_admitted() {
        let (room, client, admission) = arrival();
        assert_eq!(Admission::check(Some(&admission), "call.example", &room, client), Ok(()));
        assert_eq!(Admission::check(None, "call.example", &RoomName::Named("a".into()), client), Ok(()));
    }

    #[test]
    fn a_signature_is_good_for_one_host_client_and_leaf_key_only() {
        let (room, client, admission) = arrival();
        let check =
            |admission: &Admission, host, client| Admission::check(Some(admission), host, &room, client);
        let signature = Err(AdmissionError::Signature);
        assert_eq!(check(&admission, "evil.example", client), signature);
        assert_eq!(check(&admission, "call.example", ClientId([0; 16])), signature);
        let other_leaf = Admission { leaf_key: Bytes(vec![9; 32]), ..admission.clone() };
        assert_eq!(check(&other_leaf, "call.example", client), signature);
        let cut = Admission { signature: Bytes(admission.signature.0[..63].to_vec()), ..admission };
        assert_eq!(check(&cut, "call.example", client), signature);
    }

    #[test]
    fn keys_of_another_room_and_missing_admissions_are_refused() {
        let (room, client, admission) = arrival();
        let check = |admission: Option<&Admission>, room: &RoomName| {
            Admission::check(admission, "call.example", room, client).unwrap_err()
        };
        assert_eq!(check(None, &room), AdmissionError::Missing);
        assert_eq!(check(Some(&admission), &RoomName::Named("a".into())), AdmissionError::Unexpected);
        assert_eq!(check(Some(&admission), &RoomName::Secret([0; 20])), AdmissionError::WrongRoom);
        let other_host = Admission { host_id: Bytes(vec![0; 16]), ..admission };
        assert_eq!(check(Some(&other_host), &room), AdmissionError::WrongRoom);
    }
}
