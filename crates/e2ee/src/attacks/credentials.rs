//! Rules 30 to 35: credentials that say what is not so.

use ed25519_dalek::{Signer as _, SigningKey};
use tangelo_wire::ClientId;

use super::{
    common,
    forge::{Forgery, Papers},
    key_packages::inadmissible,
    world::World,
};
use crate::{IdentityProof, RoomContext, Rule, link::Link};

/// Somebody arrives in whose credential `lie` was told.
fn lie(world: &mut World, rule: Rule, lie: impl FnOnce(&mut Papers)) {
    let guest = world.guest_id();
    let forgery = Forgery::with_papers(&world.context(), guest, lie);
    inadmissible(world, &forgery, rule);
}

#[test]
fn rule_30_a_credential_of_the_other_kind_of_room_is_refused() {
    // A plain one in a private room would show who is there, and would need no seal.
    let mut world = World::new(2, 1);
    lie(&mut world, Rule::CredentialLayout, |papers| papers.kind = 0);
    lie(&mut world, Rule::CredentialLayout, |papers| papers.kind = 2);
    let mut world = World::named(2, 1);
    lie(&mut world, Rule::CredentialLayout, |papers| papers.kind = 1);
}

#[test]
fn rule_30_nothing_hides_in_a_credential() {
    for mut world in [World::new(2, 1), World::named(2, 1)] {
        // A length that points past the end, padding that carries something.
        lie(&mut world, Rule::CredentialLayout, |papers| papers.name_length = 65);
        lie(&mut world, Rule::CredentialLayout, |papers| papers.name_length = 255);
        lie(&mut world, Rule::CredentialLayout, |papers| papers.padding = 1);
        lie(&mut world, Rule::CredentialLayout, |papers| papers.name_length -= 1);
        // Too short, down to nothing, and too long.
        for length in [0, 1, 16, 17, 100] {
            let guest = world.guest_id();
            let mut forgery = Forgery::new(&world.context(), guest);
            forgery.credential.truncate(length);
            let verdict = world.arrive(&forgery).1.unwrap_err();
            assert!([Rule::CredentialLayout, Rule::CredentialSeal].contains(&verdict), "{length}: {verdict}");
        }
        let guest = world.guest_id();
        let mut forgery = Forgery::new(&world.context(), guest);
        forgery.credential.push(0);
        let verdict = world.arrive(&forgery).1.unwrap_err();
        assert!([Rule::CredentialLayout, Rule::CredentialSeal].contains(&verdict), "{verdict}");
        world.goes_on();
    }
}

#[test]
fn rule_31_nobody_arrives_as_somebody_else() {
    for mut world in [World::new(2, 1), World::named(2, 1)] {
        // Papers of one client, shown by another: a member's, and those of one who is gone.
        let (of_member, guest) = (world.id(0), world.guest_id());
        let mut forgery = Forgery::new(&world.context(), of_member);
        forgery.client = guest;
        let admission = world
            .context()
            .link
            .keys()
            .map(|keys| keys.admit(&world.context().host, guest, &forgery.key.public()));
        forgery.admission = admission;
        inadmissible(&mut world, &forgery, Rule::CredentialClient);
        // The very key package of a member, once more.
        let again = world.guest_id();
        let applicant = &world.room.clients[0].applicant;
        let (key_package, admission) = (applicant.key_package().clone(), applicant.admission().cloned());
        let verdict = world.arrive_with(again, &key_package, admission.as_ref());
        assert_eq!(verdict, Err(Rule::CredentialClient));
        world.goes_on();
    }
}

#[test]
fn rule_32_without_the_links_secret_nobody_is_let_in() {
    let mut world = World::new(2, 1);
    let context = world.context();
    // A ghost of the server's: it knows the room and its access key, but not the secret.
    lie(&mut world, Rule::CredentialAdmission, |papers| papers.access_signature = [7; 64]);
    // Signed by the secret of another room.
    let other = RoomContext { host: context.host.clone(), link: Link::new_room().unwrap() };
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&context, guest);
    let leaf_key = forgery.key.public();
    let mut papers = Papers::new(&context, guest, &leaf_key, 77);
    let foreign = other.link.keys().unwrap().admit(&context.host, guest, &leaf_key);
    papers.access_signature = foreign.signature.as_slice().try_into().unwrap();
    forgery.credential = papers.write(&context, &leaf_key);
    inadmissible(&mut world, &forgery, Rule::CredentialAdmission);
    // The admission that the server was shown is missing, or another leaf's.
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&context, guest);
    let of_other_leaf = context.link.keys().unwrap().admit(&context.host, guest, &[9; 32]);
    for admission in [None, Some(of_other_leaf)] {
        forgery.client = world.guest_id();
        forgery = Forgery { admission, ..Forgery::new(&context, forgery.client) };
        inadmissible(&mut world, &forgery, Rule::CredentialAdmission);
    }
}

#[test]
fn rule_32_an_admission_is_good_for_one_leaf_of_one_client_in_one_place() {
    let mut world = World::new(2, 1);
    let context = world.context();
    let keys = context.link.keys().unwrap();
    let guest = world.guest_id();
    let sign = |host: &str, client, leaf_key: &[u8]| -> [u8; 64] {
        keys.admit(host, client, leaf_key).signature.as_slice().try_into().unwrap()
    };
    type Of<'a> = Box<dyn Fn(&[u8; 32]) -> [u8; 64] + 'a>;
    let others: [Of<'_>; 3] = [
        Box::new(|leaf_key| sign("evil.example", guest, leaf_key)),
        Box::new(|leaf_key| sign(&context.host, ClientId([1; 16]), leaf_key)),
        Box::new(|_| sign(&context.host, guest, &[9; 32])),
    ];
    for other in others {
        let client = world.guest_id();
        let mut forgery = Forgery::new(&context, client);
        let leaf_key = forgery.key.public();
        let mut papers = Papers::new(&context, client, &leaf_key, 77);
        papers.access_signature = other(&leaf_key);
        forgery.credential = papers.write(&context, &leaf_key);
        inadmissible(&mut world, &forgery, Rule::CredentialAdmission);
    }
}

#[test]
fn rule_32_a_room_without_a_secret_takes_no_admission() {
    let mut world = World::named(2, 1);
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&world.context(), guest);
    let other = Link::new_room().unwrap();
    forgery.admission =
        Some(other.keys().unwrap().admit(&world.context().host, guest, &forgery.key.public()));
    inadmissible(&mut world, &forgery, Rule::CredentialAdmission);
}

#[test]
fn rule_33_a_profile_that_members_cannot_open_is_refused() {
    let mut world = World::new(2, 1);
    // A member without a name or identity: nobody could say who listens.
    lie(&mut world, Rule::CredentialSeal, |papers| papers.seal_key = [7; 32]);
    // A seal that was made for another leaf, with everything else anew.
    let context = world.context();
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&context, guest);
    let leaf_key = forgery.key.public();
    let papers = Papers::new(&context, guest, &leaf_key, 77);
    let (good, other) = (papers.write(&context, &leaf_key), papers.write(&context, &[9; 32]));
    let sealed = 1 + 16 + 64 + 24;
    forgery.credential = [&good[..sealed], &other[sealed..]].concat();
    inadmissible(&mut world, &forgery, Rule::CredentialSeal);
}

#[test]
fn rule_34_nobody_speaks_for_a_friend() {
    for mut world in [World::new(2, 1), World::named(2, 1)] {
        let context = world.context();
        let ada = common::identity(1);
        // Her public key, which every member knows, with Eve's signature or an old one of hers.
        lie(&mut world, Rule::CredentialIdentity, |papers| papers.identity = ada.verifying_key().to_bytes());
        let guest = world.guest_id();
        let room = context.link.room();
        type Made = fn(&mut IdentityProof<'_>);
        let elsewhere: [Made; 3] = [
            |proof| proof.host = "evil.example",
            |proof| proof.client = ClientId([9; 16]),
            |proof| proof.leaf_key = &[9; 32],
        ];
        for change in elsewhere {
            let mut forgery = Forgery::new(&context, guest);
            forgery.client = world.guest_id();
            forgery = Forgery::new(&context, forgery.client);
            let leaf_key = forgery.key.public();
            let mut proof =
                IdentityProof { host: &context.host, room, client: forgery.client, leaf_key: &leaf_key };
            change(&mut proof);
            let mut papers = Papers::new(&context, forgery.client, &leaf_key, 77);
            papers.identity = ada.verifying_key().to_bytes();
            papers.identity_signature = ada.sign(proof.transcript().as_bytes()).to_bytes();
            forgery.credential = papers.write(&context, &leaf_key);
            inadmissible(&mut world, &forgery, Rule::CredentialIdentity);
        }
        // An identity of small order: one signature would be right for everything.
        lie(&mut world, Rule::CredentialIdentity, |papers| {
            papers.identity = [0; 32];
            papers.identity[0] = 1;
            papers.identity_signature = [0; 64];
            papers.identity_signature[0] = 1;
        });
        // What shows that the forging is right: with the identity's own key the same papers are in order.
        let guest = world.guest_id();
        let friend = SigningKey::from_bytes(&[55; 32]);
        let mut forgery = Forgery::new(&context, guest);
        let leaf_key = forgery.key.public();
        let mut papers = Papers::new(&context, guest, &leaf_key, 77);
        papers.speak_for(&context, &leaf_key, &friend);
        forgery.credential = papers.write(&context, &leaf_key);
        assert_eq!(world.arrive(&forgery).1, Ok(()));
    }
}

#[test]
fn rule_35_a_name_cannot_trick_the_eye() {
    for mut world in [World::new(2, 1), World::named(2, 1)] {
        let too_long = "a".repeat(65);
        for name in ["", " Ada", "Ada\u{202e}", "A\nda", "\u{200b}", "Ada\u{0}"] {
            lie(&mut world, Rule::CredentialName, |papers| papers.named(name.as_bytes()));
        }
        // Bytes that are no text. Longer than 64 bytes it is no layout of ours.
        lie(&mut world, Rule::CredentialName, |papers| papers.named(&[0xff, 0xfe]));
        lie(&mut world, Rule::CredentialLayout, |papers| papers.named(too_long.as_bytes()));
    }
}
