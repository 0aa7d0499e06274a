//! Rules 5 to 12: what a commit may hold, whom it may add and remove.

use openmls::prelude::{Extensions, Lifetime, OpenMlsProvider as _, tls_codec::Deserialize as _};
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};

use super::{
    commits::bundle,
    forge::Forgery,
    insider::{Insider, Plan, external_senders, link_psk},
    reframe::with_length,
    world::World,
};
use crate::{
    Rule,
    group::{CommitEntry, CommitOutcome, MadeOn},
    leaf::SUITE,
};

/// A PSK that is not the link's, and that Eve holds.
fn psk_of(eve: &Insider) -> PreSharedKeyId {
    let psk = Psk::External(ExternalPsk::new(vec![1]));
    let psk = PreSharedKeyId::new(SUITE, eve.provider.rand(), psk).unwrap();
    psk.store(&eve.provider, &[7; 32]).unwrap();
    psk
}

#[test]
fn rule_5_only_adds_removes_and_psks() {
    let mut world = World::new(3, 1);
    // Who is an external sender may propose without being a member.
    let extensions = external_senders(&world.eve.key);
    let plan = Plan { context_extensions: Some(extensions), ..Plan::path() };
    assert_eq!(world.attack(plan), Rule::CommitProposals);
    // Nothing but an empty list of extensions.
    let plan = Plan { context_extensions: Some(Extensions::empty()), ..Plan::default() };
    assert_eq!(world.attack(plan), Rule::CommitProposals);
}

#[test]
fn rule_5_the_group_is_not_led_elsewhere() {
    let mut world = World::new(3, 1);
    // ReInit (RFC 9420 section 12.1.5): type, group id, version, suite, no extensions. Valid by MLS, and the end of
    // the group.
    let reinit = [&[1, 0, 5][..], &with_length(b"elsewhere"), &[0, 1, 0, 1, 0]].concat();
    let commit = bundle(world.eve.write_commit(&reinit));
    assert_eq!(world.refused_from(world.eve.id, &commit), (Rule::CommitProposals, MadeOn::ThisState));
    world.goes_on();
}

#[test]
fn rule_6_the_entry_names_whom_the_commit_adds() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let (newcomer, other) = (world.room.arrive(50), world.room.arrive(51));
    let (newcomer, other, key_package) = (world.id(newcomer), world.id(other), world.key_package(newcomer));
    // Named but not added: it would wait for a Welcome that never comes. Added but not named: it would never know.
    for named in [vec![], vec![other], vec![newcomer, other], vec![newcomer, newcomer], vec![world.id(0)]] {
        let plan = Plan { named, ..Plan::add(&context, newcomer, key_package.clone()) };
        let bundle = world.eve.commit(plan);
        assert_eq!(world.refused(&bundle), Rule::CommitAdds);
    }
    let plan = Plan { named: vec![newcomer], ..Plan::path() };
    assert_eq!(world.attack(plan), Rule::CommitAdds);
}

#[test]
fn rule_7_only_who_arrived_is_added() {
    let mut world = World::new(3, 1);
    let context = world.context();
    // A ghost: good papers, but the log never said that it came.
    let ghost = world.guest_id();
    let (key_package, _) = Forgery::new(&context, ghost).make();
    assert_eq!(world.attack(Plan::add(&context, ghost, key_package)), Rule::AddArrived);
    // Somebody who is there, with a key package of Eve's making: she would read in its place.
    let newcomer = world.room.arrive(50);
    let newcomer = world.id(newcomer);
    let (key_package, _) = Forgery::new(&context, newcomer).make();
    assert_eq!(world.attack(Plan::add(&context, newcomer, key_package)), Rule::AddArrived);
    // A credential too short to name anybody.
    let mut nobody = Forgery::new(&context, ghost);
    nobody.credential.truncate(9);
    assert_eq!(world.attack(Plan::add(&context, ghost, nobody.make().0)), Rule::AddArrived);
}

#[test]
fn rule_7_nobody_is_added_before_the_arrival() {
    let mut world = World::new(3, 1);
    let (context, posted) = (world.context(), world.room.next());
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    let bundle = world.eve.commit(Plan::add(&context, id, key_package));
    let before = world.views();
    for place in world.honest() {
        let client = &mut world.room.clients[place];
        let entry =
            CommitEntry { seq: posted, author: world.eve.id, adds: &bundle.adds, commit: &bundle.commit };
        let group = client.group.as_mut().unwrap();
        let outcome = group.process(&client.context, &client.presence, entry).unwrap();
        assert!(matches!(outcome, CommitOutcome::Skipped { rule: Rule::AddArrived, .. }), "{outcome:?}");
    }
    assert!(world.views() == before);
    world.goes_on();
}

#[test]
fn rule_8_who_departed_before_the_epoch_stays_out() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let gone = world.room.arrive(50);
    let (id, key_package) = (world.id(gone), world.key_package(gone));
    world.room.depart(gone);
    // Departed within the window: commits that were under way still count, so it can be added (and is removed again).
    let early = world.eve.commit(Plan::add(&context, id, key_package.clone()));
    world.work();
    assert_eq!(world.attack(Plan::add(&context, id, key_package)), Rule::AddPresent);
    assert_eq!(world.refused(&early), Rule::CommitFraming);
}

#[test]
fn rule_9_nobody_is_added_whose_key_package_breaks_a_rule() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&context, guest);
    forgery.lifetime = Lifetime::new(60);
    let (key_package, verdict) = world.arrive(&forgery);
    assert_eq!(verdict, Err(Rule::KeyPackageLifetime));
    assert_eq!(world.attack(Plan::add(&context, guest, key_package)), Rule::AddAdmissible);
}

#[test]
fn rule_10_a_client_that_departed_does_not_come_back_in_the_commit_that_removes_it() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let zombie = world.goes_on();
    let (id, key_package) = (world.id(zombie), world.key_package(zombie));
    let leaf = world.room.clients[0].group().member(id).unwrap().leaf;
    world.room.depart(zombie);
    world.room.clients[zombie].group = None;
    let plan = Plan { removes: vec![leaf], ..Plan::add(&context, id, key_package) };
    assert_eq!(world.attack(plan), Rule::AddOnce);
    assert_eq!(world.room.clients[0].group().member(id), None);
}

#[test]
fn rule_11_nobody_is_removed_who_is_present() {
    let mut world = World::new(3, 1);
    assert_eq!(world.attack(Plan { removes: vec![2], ..Plan::default() }), Rule::RemoveDeparted);
    // Not beside somebody who did depart either.
    world.room.depart(3);
    let bundle = world.eve.commit(Plan { removes: vec![3, 0], ..Plan::default() });
    world.room.clients[3].group = None;
    assert_eq!(world.refused(&bundle), Rule::RemoveDeparted);
    world.goes_on();
}

#[test]
fn rule_12_the_links_psk_is_in_every_commit_that_adds_and_in_no_other() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    let add = |psks| Plan { psks, ..Plan::add(&context, id, key_package.clone()) };
    for psks in [vec![], vec![link_psk(&context), link_psk(&context)]] {
        let bundle = world.eve.commit(add(psks));
        assert_eq!(world.refused(&bundle), Rule::CommitPsk);
    }
    // Where nobody is added.
    let bundle = world.eve.commit(Plan { psks: vec![link_psk(&context)], ..Plan::path() });
    assert_eq!(world.refused(&bundle), Rule::CommitPsk);

    // PSKs that some members hold and others do not: a fork if each one judged by what it has.
    let of_eve = psk_of(&world.eve);
    let bundle = world.eve.commit(add(vec![of_eve.clone()]));
    assert_eq!(world.refused(&bundle), Rule::CommitMls);
    world.room.clients[0].group().store_psk(&of_eve, &[7; 32]);
    let before = world.views();
    let outcomes = world.post(world.eve.id, &bundle);
    assert!(outcomes.iter().all(|(_, o)| matches!(o, CommitOutcome::Skipped { .. })), "{outcomes:?}");
    assert!(world.views() == before);
    // A resumption PSK, which only those hold who were there: nobody keeps one, so not even she can build it.
    let epoch = world.eve.mls.epoch().as_u64().to_be_bytes();
    let group_id = with_length(world.eve.mls.group_id().as_slice());
    let resumption = [&[2, 1][..], &group_id, &epoch, &[32], &[9; 32]].concat();
    let resumption = PreSharedKeyId::tls_deserialize_exact(&resumption).unwrap();
    assert!(world.eve.try_commit(add(vec![resumption])).is_err());
    world.goes_on();
}

#[test]
fn rule_12_a_psk_that_a_member_holds_is_refused_by_that_member_too() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let other = psk_of(&world.eve);
    for place in world.honest() {
        world.room.clients[place].group().store_psk(&other, &[7; 32]);
    }
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    for psks in [vec![other.clone()], vec![link_psk(&context), other]] {
        let plan = Plan { psks, ..Plan::add(&context, id, key_package.clone()) };
        let bundle = world.eve.commit(plan);
        assert_eq!(world.refused(&bundle), Rule::CommitPsk);
    }
    world.goes_on();
}

#[test]
fn rule_12_a_room_without_a_secret_has_no_psk() {
    let mut world = World::named(3, 1);
    let context = world.context();
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    let psk = psk_of(&world.eve);
    for place in world.honest() {
        world.room.clients[place].group().store_psk(&psk, &[7; 32]);
    }
    let plan = Plan { psks: vec![psk], ..Plan::add(&context, id, key_package) };
    assert_eq!(world.attack(plan), Rule::CommitPsk);
}
