//! A key package that cannot be encrypted to, or that has another's key, blocks nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Room;
use openmls_traits::signatures::Signer as _;
use tangelo_e2ee::{
    Applicant, IdentityKey, IdentityProof, LeafKey, Name, Profile, Rule, candidate::Candidate,
};
use tangelo_wire::{Admission, Bytes, ClientId, Seq};

const EVE: ClientId = ClientId([0xee; 16]);

/// Where things stand in an MLSMessage with a KeyPackage whose keys have 32 bytes (RFC 9420 sections 6, 7.2, 10).
const INIT_KEY: std::ops::Range<usize> = 9..41;
const ENCRYPTION_KEY: std::ops::Range<usize> = 42..74;
/// Signature of the leaf (2 + 64 bytes), extensions of the key package (1), signature of the key package (2 + 64).
const TAIL: usize = 66 + 1 + 66;

/// Bytes with their length before them as MLS writes it (RFC 9420 section 2.1.2), below 16 kB.
fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let mut written = if length < 64 {
        vec![u8::try_from(length).unwrap()]
    } else {
        (length | 0x4000).to_be_bytes().to_vec()
    };
    written.extend_from_slice(bytes);
    written
}

/// RFC 9420 section 5.1.2.
fn sign_with_label(key: &LeafKey, label: &str, content: &[u8]) -> Vec<u8> {
    let content = [with_length(format!("MLS 1.0 {label}").as_bytes()), with_length(content)].concat();
    with_length(&key.sign(&content).unwrap())
}

/// A key package of Eve, in order by MLS in all but its HPKE keys.
fn poisoned(
    room: &Room,
    encryption_key: Option<&[u8]>,
    init_key: Option<&[u8]>,
) -> (Bytes, Option<Admission>) {
    let context = room.context();
    let identity = common::identity(66);
    let key = LeafKey::new().unwrap();
    let leaf_key = key.public();
    let (host, room_name) = (&context.host, context.link.room());
    let proof = IdentityProof { host, room: room_name, client: EVE, leaf_key: &leaf_key };
    let signature = ed25519_dalek::Signer::sign(&identity, proof.transcript().as_bytes()).to_bytes();
    let profile = Profile {
        identity: IdentityKey(identity.verifying_key().to_bytes()),
        name: Name::parse("Eve").unwrap(),
    };
    let applicant = Applicant::new(&context, EVE, key.clone(), &profile, &signature).unwrap();
    let good = applicant.key_package().as_slice();

    let body = &good[ENCRYPTION_KEY.end..good.len() - TAIL];
    let mut leaf = [&with_length(encryption_key.unwrap_or(&good[ENCRYPTION_KEY])), body].concat();
    leaf.extend(sign_with_label(&key, "LeafNodeTBS", &leaf));
    let init_key = with_length(init_key.unwrap_or(&good[INIT_KEY]));
    let mut key_package = [&good[4..8], &init_key, &leaf, &[0]].concat();
    key_package.extend(sign_with_label(&key, "KeyPackageTBS", &key_package));
    (Bytes([&good[..4], &key_package].concat()), applicant.admission().cloned())
}

fn check(room: &Room, encryption_key: Option<&[u8]>, init_key: Option<&[u8]>) -> Result<Candidate, Rule> {
    let (key_package, admission) = poisoned(room, encryption_key, init_key);
    Candidate::check(&room.context(), EVE, &key_package, admission.as_ref())
}

#[test]
fn keys_that_cannot_be_encrypted_to_are_inadmissible() {
    let room = Room::of(2);
    assert!(check(&room, None, None).is_ok(), "the way of making one is right");
    let mut one = [0; 32];
    one[0] = 1;
    for bad in [&[][..], &[1; 5], &[9; 33], &[0; 32], &one] {
        assert_eq!(check(&room, None, Some(bad)).unwrap_err(), Rule::HpkeKey, "init key {bad:?}");
        assert_eq!(check(&room, Some(bad), None).unwrap_err(), Rule::HpkeKey, "encryption key {bad:?}");
    }
}

#[test]
fn who_copies_a_key_is_not_added_and_blocks_nobody() {
    let mut room = Room::of(2);
    let newcomer = room.arrive(3);
    let of_newcomer = room.clients[newcomer].applicant.key_package().as_slice().to_vec();
    let of_member = room.clients[1].applicant.key_package().as_slice().to_vec();
    for copied in [&of_newcomer[ENCRYPTION_KEY], &of_member[ENCRYPTION_KEY]] {
        let candidate = check(&room, Some(copied), None);
        assert!(candidate.is_ok(), "by itself it is in order");
        let mut presence = std::mem::take(&mut room.clients[0].presence);
        presence.arrive(EVE, candidate, Seq(90));
        let work = room.clients[0].group().work(&presence);
        assert_eq!(work.adds, [room.clients[newcomer].id], "the first to arrive is added");
        presence.depart(EVE, Seq(91));
        presence.forget_before(Seq(92));
        let mut again = tangelo_e2ee::presence::Presence::default();
        for client in &room.clients {
            let candidate = common::check(&room.context(), &client.applicant);
            again.arrive(client.id, candidate, Seq(1));
        }
        room.clients[0].presence = again;
    }
    let add = [room.clients[newcomer].id];
    let bundle = room.clients[0].commit(&add, &[], false);
    assert_eq!(bundle.adds, add);
}
