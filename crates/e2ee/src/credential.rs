//! What stands in a leaf's credential.
//!
//! ```text
//! secret room:  1 | client id (16) | access signature (64) | nonce (24) | sealed profile (161 + 16)
//! named room:   0 | client id (16) | profile (161)
//! profile:      identity key (32) | identity signature (64) | name length (1) | name, padded with 0 (64)
//! ```
//!
//! The profile is sealed with XChaCha20-Poly1305 under the link's profile key, bound to host, room, client and leaf
//! key: the server learns no names and nothing that stays the same between two calls.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use tangelo_wire::{AccessProof, Admission, ClientId, Mistake, Transcript, made};

use crate::{Error, IdentityKey, IdentityProof, Name, RoomContext, Rule, link::RoomKeys, provider::Provider};

const SEALED: u8 = 1;
const PLAIN: u8 = 0;
const NONCE_BYTES: usize = 24;
const NAME_FIELD_BYTES: usize = 64;
const PROFILE_BYTES: usize = 32 + 64 + 1 + NAME_FIELD_BYTES;

/// Who a leaf speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The identity.
    pub identity: IdentityKey,
    /// The name that the person chose.
    pub name: Name,
}

/// Writes a credential, and the admission to show to the server beside it.
pub(crate) fn write(
    context: &RoomContext,
    provider: &Provider,
    client: ClientId,
    leaf_key: &[u8; 32],
    profile: &Profile,
    identity_signature: &[u8; 64],
) -> Result<(Vec<u8>, Option<Admission>), Error> {
    let name = profile.name.as_str().as_bytes();
    let mut plain = Vec::with_capacity(PROFILE_BYTES);
    plain.extend_from_slice(&profile.identity.0);
    plain.extend_from_slice(identity_signature);
    plain.push(u8::try_from(name.len()).map_err(|_| Error::Own(Rule::CredentialName))?);
    plain.extend_from_slice(name);
    plain.resize(PROFILE_BYTES, 0);

    let Some(keys) = context.link.keys() else {
        return Ok(([&[PLAIN], client.0.as_slice(), &plain].concat(), None));
    };
    let admission = keys.admit(&context.host, client, leaf_key);
    let nonce: [u8; NONCE_BYTES] = provider.random()?;
    let aad = seal_context(context, client, leaf_key);
    let sealed = cipher(keys)
        .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: aad.as_bytes() })
        .map_err(|_| Error::Mls("sealing the credential"))?;
    let credential =
        [&[SEALED], client.0.as_slice(), admission.signature.as_slice(), &nonce, &sealed].concat();
    Ok((credential, Some(admission)))
}

/// Reads and checks a leaf's credential: layout, access signature, seal, identity signature, name.
///
/// # Errors
/// The rule that it breaks.
pub(crate) fn read(
    context: &RoomContext,
    leaf_key: &[u8],
    credential: &[u8],
) -> Result<(ClientId, Profile), Rule> {
    let (kind, rest) = credential.split_first().ok_or(Rule::CredentialLayout)?;
    let (client, rest) = take::<16>(rest)?;
    let client = ClientId(client);
    let plain = match (*kind, context.link.keys()) {
        (PLAIN, None) => rest.to_vec(),
        (SEALED, Some(keys)) => open(context, keys, client, leaf_key, rest)?,
        _ => return Err(Rule::CredentialLayout),
    };

    let (identity, rest) = take::<32>(&plain)?;
    let (signature, rest) = take::<64>(rest)?;
    let (length, rest) = rest.split_first().ok_or(Rule::CredentialLayout)?;
    let (name, padding) = rest.split_at_checked(usize::from(*length)).ok_or(Rule::CredentialLayout)?;
    if plain.len() != PROFILE_BYTES || padding.iter().any(|byte| *byte != 0) {
        return Err(Rule::CredentialLayout);
    }
    let identity = IdentityKey(identity);
    let proof = IdentityProof { host: &context.host, room: context.link.room(), client, leaf_key };
    if !proof.verify(identity, &signature) {
        return Err(Rule::CredentialIdentity);
    }
    let name = std::str::from_utf8(name).map_err(|_| Rule::CredentialName)?;
    let name = Name::parse(name).map_err(|_| Rule::CredentialName)?;
    Ok((client, Profile { identity, name }))
}

/// The client that a credential names, of a leaf that [`read`] has passed.
pub(crate) fn client_of(credential: &[u8]) -> Option<ClientId> {
    credential.get(1..17)?.try_into().ok().map(ClientId)
}

fn open(
    context: &RoomContext,
    keys: &RoomKeys,
    client: ClientId,
    leaf_key: &[u8],
    rest: &[u8],
) -> Result<Vec<u8>, Rule> {
    let (access_signature, rest) = take::<64>(rest)?;
    let (nonce, sealed) = take::<NONCE_BYTES>(rest)?;
    let proof = AccessProof { host: &context.host, room: context.link.room(), client, leaf_key };
    if !proof.verify(&keys.access_key(), &access_signature) && !made(Mistake::NoAdmission) {
        return Err(Rule::CredentialAdmission);
    }
    let aad = seal_context(context, client, leaf_key);
    cipher(keys)
        .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: aad.as_bytes() })
        .map_err(|_| Rule::CredentialSeal)
}

fn cipher(keys: &RoomKeys) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(keys.profile.expose().into())
}

fn seal_context(context: &RoomContext, client: ClientId, leaf_key: &[u8]) -> Transcript {
    Transcript::new("Tangelo 1.0 Profile")
        .field(context.host.as_bytes())
        .field(context.link.room().to_string().as_bytes())
        .field(&client.0)
        .field(leaf_key)
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), Rule> {
    bytes.split_first_chunk::<N>().map(|(head, rest)| (*head, rest)).ok_or(Rule::CredentialLayout)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;
    use crate::link::Link;

    const LEAF: [u8; 32] = [9; 32];
    const CLIENT: ClientId = ClientId([7; 16]);

    fn context(link: &str) -> RoomContext {
        RoomContext { host: "a.example".into(), link: Link::parse(link).unwrap() }
    }

    fn credential(context: &RoomContext, name: &str) -> (Vec<u8>, Profile) {
        let key = SigningKey::from_bytes(&[1; 32]);
        let profile = Profile {
            identity: IdentityKey(key.verifying_key().to_bytes()),
            name: Name::parse(name).unwrap(),
        };
        let proof =
            IdentityProof { host: &context.host, room: context.link.room(), client: CLIENT, leaf_key: &LEAF };
        let signature = key.sign(proof.transcript().as_bytes()).to_bytes();
        let provider = Provider::default();
        let (bytes, admission) = write(context, &provider, CLIENT, &LEAF, &profile, &signature).unwrap();
        let room = context.link.room();
        assert_eq!(Admission::check(admission.as_ref(), &context.host, room, CLIENT), Ok(()));
        (bytes, profile)
    }

    #[test]
    fn a_sealed_credential_opens_for_members_and_shows_nothing() {
        let context = context(&Link::new_room().unwrap().path());
        let (bytes, profile) = credential(&context, "Ada Lovelace");
        assert_eq!(read(&context, &LEAF, &bytes), Ok((CLIENT, profile.clone())));
        let shows = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!shows(b"Ada") && !shows(&profile.identity.0));
        assert_eq!(bytes.len(), credential(&context, "B").0.len(), "the length tells nothing of the name");
    }

    #[test]
    fn a_flipped_bit_anywhere_breaks_a_rule() {
        for link in [Link::new_room().unwrap().path(), "/r/standup".to_owned()] {
            let context = context(&link);
            let (bytes, _) = credential(&context, "Ada");
            // Outside a seal the name is covered by the leaf's own signature (RFC 9420 section 7.2) alone.
            let covered = if context.link.keys().is_some() { bytes.len() } else { 17 + 32 + 64 };
            for index in 0..covered {
                let mut bad = bytes.clone();
                bad[index] ^= 1;
                assert!(read(&context, &LEAF, &bad).is_err(), "byte {index} of {link}");
            }
            for length in 0..bytes.len() {
                assert!(read(&context, &LEAF, &bytes[..length]).is_err());
            }
            assert!(read(&context, &[8; 32], &bytes).is_err(), "another leaf");
        }
    }

    #[test]
    fn the_two_kinds_of_room_do_not_mix() {
        let (secret, named) = (context(&Link::new_room().unwrap().path()), context("/r/standup"));
        let sealed = credential(&secret, "Ada").0;
        let plain = credential(&named, "Ada").0;
        assert_eq!(read(&named, &LEAF, &sealed), Err(Rule::CredentialLayout));
        assert_eq!(read(&secret, &LEAF, &plain), Err(Rule::CredentialLayout));
        let other = context(&Link::new_room().unwrap().path());
        assert_eq!(read(&other, &LEAF, &sealed), Err(Rule::CredentialAdmission));
    }
}
