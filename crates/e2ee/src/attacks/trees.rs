//! Rules 15 to 17 and 24: what a commit may do to the tree.

use openmls::prelude::{
    ApplicationIdExtension, BasicCredential, Capabilities, CredentialWithKey, Extension, Extensions,
    KeyPackage, LeafNodeParameters, ProposalType,
};
use tangelo_wire::ClientId;

use super::{
    crypto::KeyOf,
    forge::{Forgery, Papers},
    insider::{Plan, link_psk},
    key_packages::bad_keys,
    world::World,
};
use crate::{
    LeafKey, Rule,
    group::CommitOutcome,
    hpke_key,
    leaf::{SUITE, capabilities},
};

#[test]
fn rule_15_a_path_changes_nothing_of_its_author_but_the_key() {
    let mut world = World::new(3, 1);
    let context = world.context();
    // Another's name and identity in her own leaf; the signature key stays.
    let papers = Papers::new(&context, world.eve.id, &world.eve.key.public(), 1);
    let credential = CredentialWithKey {
        credential: BasicCredential::new(papers.write(&context, &world.eve.key.public())).into(),
        signature_key: world.eve.key.public().to_vec().into(),
    };
    let leaf = LeafNodeParameters::builder().with_credential_with_key(credential).build();
    assert_eq!(world.attack(Plan { leaf, ..Plan::path() }), Rule::PathLeaf);
    // Another signature key, under the old credential.
    let plan = Plan { new_key: Some(LeafKey::new().unwrap()), ..Plan::path() };
    assert_eq!(world.attack(plan), Rule::PathLeaf);
    // Capabilities that would let her bring in proposals that are not ours.
    let mut more = capabilities();
    more = Capabilities::new(
        None,
        Some(&[SUITE]),
        None,
        Some(&[ProposalType::Custom(0xf00d)]),
        Some(more.credentials()),
    );
    let leaf = LeafNodeParameters::builder().with_capabilities(more).build();
    assert_eq!(world.attack(Plan { leaf, ..Plan::path() }), Rule::PathLeaf);
    // Extensions in the leaf: bytes that everybody would carry along.
    let id = Extension::ApplicationId(ApplicationIdExtension::new(&[7; 900]));
    let leaf = LeafNodeParameters::builder().with_extensions(Extensions::single(id).unwrap()).build();
    assert_eq!(world.attack(Plan { leaf, ..Plan::path() }), Rule::PathLeaf);
}

#[test]
fn rule_16_the_1025th_leaf_is_refused() {
    let mut world = World::new(2, 1);
    let context = world.context();
    // Clients of Eve's, as many as fit.
    let guests: Vec<ClientId> = (0..1_021).map(guest).collect();
    for batch in guests.chunks(146) {
        let mut plan = Plan { psks: vec![link_psk(&context)], ..Plan::default() };
        for &id in batch {
            let (key_package, verdict) = world.arrive(&Forgery::new(&context, id));
            assert_eq!(verdict, Ok(()));
            plan.adds.push(key_package);
            plan.named.push(id);
        }
        let bundle = world.eve.commit(plan);
        world.eve.go_on_alone();
        for (place, outcome) in world.post(world.eve.id, &bundle) {
            assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{place}: {outcome:?}");
        }
    }
    world.room.now = world.room.now + 2_500;
    let group = world.room.clients[0].group();
    assert_eq!(group.members().iter().map(|member| member.leaf).max(), Some(1023));

    // One more, alone and beside a removal of two.
    let (one, two) = (Forgery::new(&context, guest(2_000)), Forgery::new(&context, guest(2_001)));
    let ((one, _), (two, _)) = (world.arrive(&one), world.arrive(&two));
    let add = |key_packages: Vec<KeyPackage>, removes| {
        let named = (0..key_packages.len()).map(|n| guest(2_000 + u32::try_from(n).unwrap())).collect();
        Plan { adds: key_packages, named, removes, psks: vec![link_psk(&context)], ..Plan::default() }
    };
    world.depart(guest(4));
    for plan in [add(vec![one.clone()], vec![]), add(vec![one.clone(), two], vec![7])] {
        let bundle = world.eve.commit(plan);
        assert_eq!(world.refused(&bundle), Rule::LeafLimit);
    }
    // Honest members do not try: first they remove who departed.
    let client = &world.room.clients[0];
    let work = client.group.as_ref().unwrap().work(&client.presence);
    assert_eq!((work.adds.len(), work.removes.len()), (0, 1));
}

/// One of very many clients.
fn guest(number: u32) -> ClientId {
    ClientId([&[0xff; 12][..], &number.to_be_bytes()].concat().try_into().unwrap())
}

#[test]
fn rule_24_a_path_brings_in_no_key_that_cannot_be_encrypted_to() {
    // The leaf's own key, which everyone sees and nobody derives.
    for bad in bad_keys() {
        let mut world = World::new(3, 1);
        world.eve.provider.crypto.on_key_pair = Some(Box::new(move |key_of, mut pair| {
            pair.public = if key_of == KeyOf::Other(0) { bad.clone() } else { pair.public };
            pair
        }));
        let built = world.eve.try_commit(Plan::path());
        world.eve.provider.crypto.honest();
        assert_eq!(world.refused(&built.unwrap()), Rule::HpkeKey);
        world.goes_on();
    }
}

#[test]
fn rule_24_a_node_of_a_path_with_such_a_key_is_merged_by_nobody() {
    for node in 0..=1 {
        let mut world = World::new(3, 1);
        world.eve.provider.crypto.on_key_pair = Some(Box::new(move |key_of, mut pair| {
            pair.public = if key_of == KeyOf::Node(node) { vec![0; 32] } else { pair.public };
            pair
        }));
        let bundle = world.eve.commit(Plan::path());
        world.eve.provider.crypto.honest();
        let outcomes = world.post(world.eve.id, &bundle);
        // Who derives the node's key sees another one, and arrives anew; the others see a bad key.
        let (mut skipped, mut diverged) = (0, 0);
        for (place, outcome) in outcomes {
            match outcome {
                CommitOutcome::Skipped { rule: Rule::HpkeKey, .. } => skipped += 1,
                CommitOutcome::Diverged => {
                    diverged += 1;
                    world.arrive_anew(place);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(diverged > 0 && (node == 1 || skipped > 0), "{node}: {skipped} skipped, {diverged} diverged");
        if skipped > 0 {
            world.goes_on();
        }
    }
}

/// The public keys of the tree's nodes, but for the leaves.
fn parent_keys(world: &World) -> Vec<Vec<u8>> {
    world.eve.mls.export_ratchet_tree().parents().map(hpke_key::of).collect()
}

#[test]
fn rule_17_a_leaf_with_the_key_of_a_node_bars_the_door_to_nobody() {
    let mut world = World::new(4, 1);
    // A path of an honest member fills nodes of the tree.
    world.work();
    let parents = parent_keys(&world);
    assert!(!parents.is_empty());
    for copied in parents {
        // Whoever joins a tree with one key in two places refuses it, by MLS: with such a leaf in it, the group would
        // never let anybody in again.
        let guest = world.guest_id();
        let mut forgery = Forgery::new(&world.context(), guest);
        forgery.encryption_key = Some(copied);
        let (key_package, verdict) = world.arrive(&forgery);
        assert_eq!(verdict, Ok(()), "by itself it is in order");
        let plan = Plan::add(&world.context(), guest, key_package);
        assert_eq!(world.attack(plan), Rule::TreeKeys);
        assert_eq!(world.room.clients[0].group().member(guest), None);
        world.depart(guest);
    }
}

#[test]
fn rule_17_a_path_puts_no_key_into_two_places() {
    let mut merged = 0;
    for (node, seat) in [(0, 1), (1, 1), (0, 4), (1, 4), (2, 4)] {
        let mut world = World::new(5, seat);
        world.work();
        let copied = parent_keys(&world)[node].clone();
        world.eve.provider.crypto.on_key_pair = Some(Box::new(move |key_of, mut pair| {
            pair.public = if key_of == KeyOf::Other(0) { copied.clone() } else { pair.public };
            pair
        }));
        let bundle = world.eve.commit(Plan::path());
        world.eve.provider.crypto.honest();
        let before = world.views();
        let outcomes = world.post(world.eve.id, &bundle);
        if outcomes.iter().all(|(_, outcome)| matches!(outcome, CommitOutcome::Merged { .. })) {
            // The node was on her own path, which the same commit renewed: the key is in one place only.
            merged += 1;
            world.arrive_anew(seat);
        } else {
            let twice = |o: &CommitOutcome| matches!(o, CommitOutcome::Skipped { rule: Rule::TreeKeys, .. });
            assert!(outcomes.iter().all(|(_, outcome)| twice(outcome)), "{outcomes:?}");
            assert!(world.views() == before);
        }
        world.goes_on();
    }
    assert!((1..5).contains(&merged), "{merged}");
}
