//! A member on another implementation of MLS (mls-rs): it arrives with a key package of its own making, joins by our
//! Welcome, commits, is committed to, derives the same media keys, and leaves. So what Tangelo does to a group is
//! RFC 9420, not a habit of OpenMLS.

use std::time::Duration;

use ed25519_dalek::SigningKey;
use mls_rs::{
    CipherSuite, Client, ExtensionList, Group, MlsMessage,
    client_builder::MlsConfig,
    group::{CommitEffect, ReceivedMessage},
    identity::{
        SigningIdentity,
        basic::{BasicCredential, BasicIdentityProvider},
    },
    mls_rules::{CommitOptions, DefaultMlsRules},
    psk::{ExternalPskId, PreSharedKey},
    time::MlsTime,
};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;
use tangelo_wire::{Bytes, ClientId};

use super::{forge::Papers, welcomes::join, world::World};
use crate::{
    group::{Bundle, CommitOutcome},
    leaf::psk_name,
    media::Change,
    safety_number::SafetyNumber,
};

/// The person on mls-rs.
const GRACE: u8 = 88;
const SUITE: CipherSuite = CipherSuite::CURVE25519_AES128;

/// A client that has arrived and is in no group yet.
fn arrive(world: &mut World, path_in_adds: bool) -> (ClientId, Client<impl MlsConfig + use<>>) {
    let (context, id) = (world.context(), world.guest_id());
    let key = SigningKey::from_bytes(&[GRACE; 32]);
    let public = key.verifying_key().to_bytes();
    let credential = BasicCredential::new(Papers::new(&context, id, &public, GRACE).write(&context, &public));
    let identity = SigningIdentity::new(credential.into_credential(), public.to_vec().into());
    let keys = context.link.keys().unwrap();
    let options = CommitOptions::new().with_path_required(path_in_adds).with_ratchet_tree_extension(true);
    let client = Client::builder()
        .crypto_provider(RustCryptoProvider::with_enabled_cipher_suites(vec![SUITE]))
        .identity_provider(BasicIdentityProvider)
        .mls_rules(DefaultMlsRules::new().with_commit_options(options))
        .psk(ExternalPskId::new(psk_name(&context)), PreSharedKey::new(keys.psk.expose().to_vec()))
        .key_package_lifetime(Duration::from_secs(u64::MAX))
        .signing_identity(identity, key.to_keypair_bytes().to_vec().into(), SUITE)
        .build();
    let none = ExtensionList::new;
    let package = client.generate_key_package_message(none(), none(), Some(MlsTime::from(0))).unwrap();
    let admission = keys.admit(&context.host, id, &public);
    let verdict = world.arrive_with(id, &Bytes(package.to_bytes().unwrap()), Some(&admission));
    assert_eq!(verdict, Ok(()), "its key package is admissible");
    (id, client)
}

/// An honest member does all the work; the client on mls-rs joins by the Welcome.
fn welcome<C: MlsConfig>(world: &mut World, id: ClientId, client: &Client<C>) -> Group<C> {
    let bundle = world.work();
    let welcome = MlsMessage::from_bytes(bundle.welcome.unwrap().as_slice()).unwrap();
    let (group, _) = client.join_group(None, &welcome, None).unwrap();
    let seq = world.room.next();
    for member in &mut world.room.clients {
        member.presence.enter(id);
    }
    assert!(seq > world.room.clients[0].group().began());
    agree(world, &group);
    group
}

/// Both sides have the same epoch, leaves and SFrame base key.
fn agree<C: MlsConfig>(world: &World, group: &Group<C>) {
    let honest = world.honest();
    let ours = world.room.clients[honest[0]].group.as_ref().unwrap();
    let base_key = group.export_secret(b"SFrame 1.0 Base Key", &[], 16).unwrap();
    assert!(ours.base_key().unwrap().expose().as_slice() == base_key.as_bytes());
    assert_eq!(ours.epoch(), group.current_epoch());
    let theirs: Vec<_> = group.roster().members_iter().map(|member| member.index).collect();
    assert_eq!(ours.members().iter().map(|member| member.leaf).collect::<Vec<_>>(), theirs);
}

/// The client on mls-rs takes an honest commit.
fn follow<C: MlsConfig>(group: &mut Group<C>, commit: &Bytes) -> CommitEffect {
    let message = MlsMessage::from_bytes(commit.as_slice()).unwrap();
    match group.process_incoming_message(message).unwrap() {
        ReceivedMessage::Commit(commit) => commit.effect,
        other => panic!("{other:?}"),
    }
}

/// Posts a commit of the client on mls-rs; everyone merges it.
fn post<C: MlsConfig>(world: &mut World, id: ClientId, group: &mut Group<C>, bundle: &Bundle) {
    let before = world.room.clients[0].group().epoch();
    for (place, outcome) in world.post(id, bundle) {
        assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{place}: {outcome:?}");
    }
    group.apply_pending_commit().unwrap();
    assert_eq!(world.room.clients[0].group().epoch(), before + 1);
    world.eve.follow(&bundle.commit);
    world.room.now = world.room.now + 2_500;
    world.media_flows();
    agree(world, group);
}

#[test]
fn a_member_on_mls_rs_comes_commits_and_leaves() {
    // Once as the design has it, with adds that carry no path, and once with a path in every commit.
    comes_commits_and_leaves(false);
    comes_commits_and_leaves(true);
}

fn comes_commits_and_leaves(path_in_adds: bool) {
    let mut world = World::new(3, 1);
    let (id, client) = arrive(&mut world, path_in_adds);
    let mut group = welcome(&mut world, id, &client);
    let member = world.room.clients[0].group().member(id).unwrap().clone();
    assert_eq!(member.profile.name.as_str(), "Person 88");
    assert!(!member.confirmed, "its leaf has signed nothing yet");

    // It is committed to: a path, an add, a removal.
    let path = world.room.clients[2].commit(&[], &[], true);
    world.room.accept(2, &path);
    world.eve.follow(&path.commit);
    follow(&mut group, &path.commit);
    agree(&world, &group);
    let newcomer = world.room.arrive(50);
    let add = world.work();
    follow(&mut group, &add.commit);
    agree(&world, &group);
    world.room.depart(newcomer);
    world.room.clients[newcomer].group = None;
    let remove = world.work();
    follow(&mut group, &remove.commit);
    agree(&world, &group);

    // It commits: nothing but a path.
    let output = group.commit_builder().build().unwrap();
    let commit = Bytes(output.commit_message().to_bytes().unwrap());
    post(&mut world, id, &mut group, &Bundle { adds: vec![], commit, welcome: None });
    assert!(world.room.clients[0].group().member(id).unwrap().confirmed);

    // It adds somebody with the link's PSK.
    let newcomer = world.room.arrive(51);
    let package = world.room.clients[newcomer].applicant.key_package().clone();
    let context = world.context();
    let output = group
        .commit_builder()
        .add_member(MlsMessage::from_bytes(package.as_slice()).unwrap())
        .unwrap()
        .add_external_psk(ExternalPskId::new(psk_name(&context)))
        .unwrap()
        .build()
        .unwrap();
    let commit = Bytes(output.commit_message().to_bytes().unwrap());
    let welcome = Some(Bytes(output.welcome_messages()[0].to_bytes().unwrap()));
    let bundle = Bundle { adds: vec![world.id(newcomer)], commit, welcome };
    let joined = join(&world, newcomer, id, &bundle).unwrap();
    let client = &mut world.room.clients[newcomer];
    client.media.install(world.room.now, &joined, Change { adds: true, removes: false }).unwrap();
    post(&mut world, id, &mut group, &bundle);
    world.room.clients[newcomer].group = Some(joined);
    world.media_flows();
    agree(&world, &group);

    // It removes who departed.
    let leaf = world.room.clients[newcomer].group().own_leaf();
    world.room.depart(newcomer);
    world.room.clients[newcomer].group = None;
    let output = group.commit_builder().remove_member(leaf).unwrap().build().unwrap();
    let commit = Bytes(output.commit_message().to_bytes().unwrap());
    post(&mut world, id, &mut group, &Bundle { adds: vec![], commit, welcome: None });

    // The same people, the same number; then it leaves.
    let identities = world.room.clients[0].group().members().iter().map(|member| member.profile.identity);
    let number = SafetyNumber::new(&context.host, context.link.room(), identities.collect::<Vec<_>>());
    assert_eq!(world.room.clients[0].number(), number.to_string());
    world.depart(id);
    let remove = world.work();
    assert!(matches!(follow(&mut group, &remove.commit), CommitEffect::Removed { .. }));
    assert_eq!(world.room.clients[0].group().member(id), None);
    world.goes_on();
}
