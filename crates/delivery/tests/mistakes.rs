//! What a server does that makes a deliberate mistake.
#![cfg(feature = "mistakes")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_wire::{Admission, Bytes, ClientMessage, Entry, Mistake, PROTOCOL, RoomName, Seq, ServerMessage};
use world::{HOST, World};

#[test]
fn without_compare_and_swap_an_old_parent_does_not_matter() {
    let _making = Mistake::make(&[Mistake::NoCompareAndSwap]);
    let mut world = World::new();
    let (first, second) = world.pair();
    world.pass(1_000, &[&first, &second]);
    world.commit(&first, 4, &[]);
    world.pass(1_000, &[&first, &second]);
    world.take(second.connection);
    world.commit(&second, 4, &[]);
    assert_eq!(world.entries(second.connection)[0].seq, Seq(7));
}

#[test]
fn a_welcome_is_handed_out_with_a_commit_that_is_stale() {
    let _making = Mistake::make(&[Mistake::WelcomeBeforeAccepted]);
    let mut world = World::new();
    let (first, second) = world.pair();
    world.pass(1_000, &[&first, &second]);
    let third = world.arrive();
    world.commit(&first, 4, &[]);
    for client in [&second, &third] {
        world.take(client.connection);
    }
    world.commit(&second, 4, &[&third]);
    assert_eq!(world.only(second.connection), ServerMessage::Stale { post: 1, last: Seq(7) });
    let handed_out = world.entries(third.connection);
    assert_eq!(handed_out[0].seq, Seq(8));
    assert!(matches!(handed_out[0].entry, Entry::Committed { welcome: Some(_), .. }));
    world.arrive();
    assert_eq!(world.entries(third.connection)[0].seq, Seq(8), "that was not in the log");
}

#[test]
fn a_commit_of_a_client_that_departed_stands_in_the_log() {
    let _making = Mistake::make(&[Mistake::DepartedMayCommit]);
    let mut world = World::new();
    let (first, second) = world.pair();
    world.post(&first, world::message(1));
    for _ in 0..11 {
        world.pass(1_000, &[&first]);
        world.beat(&second, 5);
    }
    assert_eq!(world.departed, [second.id]);
    world.take(first.connection);
    // It was under way.
    world.commit(&second, 4, &[]);
    assert!(
        matches!(world.entries(first.connection)[0].entry, Entry::Committed { client, .. } if client == second.id)
    );
}

#[test]
fn who_waits_never_founds_while_somebody_has_entered() {
    let _making = Mistake::make(&[Mistake::SoleInsiderStays]);
    let mut world = World::new();
    let first = world.arrive();
    world.found(&first, 0);
    let second = world.arrive();
    world.pass(20_000, &[&first, &second]);
    world.take(second.connection);
    world.found(&second, 2);
    assert_eq!(world.error(second.connection), tangelo_wire::ErrorCode::GroupAlive);
}

#[test]
fn who_has_entered_outlives_the_group() {
    let _making = Mistake::make(&[Mistake::EnteredOutlivesGroup]);
    let mut world = World::new();
    let (first, second) = world.pair();
    for client in [&first, &second] {
        world.drop_connection(client);
    }
    world.now = world.now + 4_000;
    let third = world.arrive();
    world.found(&third, 4);
    assert!(matches!(world.entries(third.connection)[0].entry, Entry::Founded { .. }));
    let back = world.resume(&second, 5);
    world.take(back.connection);
    world.post(&back, world::message(1));
    assert!(matches!(world.entries(back.connection)[0].entry, Entry::Message { .. }));
}

#[test]
fn nobody_is_asked_for_an_admission() {
    let arrive = || {
        let mut world = World::new();
        let connection = world.connect();
        let room = RoomName::Secret([3; 20]);
        world.say(connection, ClientMessage::Hello { protocol: PROTOCOL, room, host: HOST.into() });
        world.take(connection);
        let wrong = Bytes(vec![1; 3]);
        let admission = Admission {
            access_key: wrong.clone(),
            host_id: wrong.clone(),
            leaf_key: wrong.clone(),
            signature: wrong.clone(),
        };
        let message = ClientMessage::Arrive { key_package: wrong, admission: Some(admission), pass: None };
        world.say(connection, message);
        world.only(connection)
    };
    assert!(matches!(arrive(), ServerMessage::Error(_)));
    let _making = Mistake::make(&[Mistake::NoAdmission]);
    assert!(matches!(arrive(), ServerMessage::Snapshot { .. }));
}
