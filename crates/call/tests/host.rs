//! The host's lock is kept by the group, not by the server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{Phase, link::Link};
use tangelo_wire::{ClientId, ClientMessage, Entry, HostOrders, LogId, Post, ServerMessage};

/// A world of two whose first is the host, and the host's link.
fn hosted() -> (World, Link, LogId) {
    let link = Link::new_room().unwrap();
    let mut world = World::new();
    world.link = link.path();
    let log_id: std::rc::Rc<std::cell::Cell<Option<LogId>>> = std::rc::Rc::default();
    let seen = std::rc::Rc::clone(&log_id);
    world.tamper = Some(Box::new(move |_, message| {
        if let ServerMessage::Snapshot { log_id, .. } = &message {
            seen.set(Some(*log_id));
        }
        message
    }));
    for person in 1..=2 {
        world.open(person);
        world.run(1_500);
    }
    let log_id = log_id.get().unwrap();
    (world, link, log_id)
}

fn say(world: &mut World, link: &Link, log_id: LogId, number: u64, orders: &HostOrders) {
    let said = link.say(log_id, number, orders).unwrap();
    world.say(0, &ClientMessage::Post { post: 900, body: Post::HostSay { said } });
}

fn locked(admitted: &[ClientId]) -> HostOrders {
    HostOrders { locked: true, admitted: admitted.to_vec(), ..HostOrders::default() }
}

/// A locked room with these inside, as a host's client says it: those who are inside are admitted as well.
fn locked_with(world: &World, inside: &[usize]) -> HostOrders {
    locked(&inside.iter().map(|index| world.client(*index)).collect::<Vec<_>>())
}

#[test]
fn who_is_not_admitted_waits_outside_a_locked_room() {
    let (mut world, link, log_id) = hosted();
    let orders = locked_with(&world, &[0, 1]);
    say(&mut world, &link, log_id, 1, &orders);
    let guest = world.open(3);
    let other = world.open(4);
    // Longer than it takes to found anew: who is kept outside may not break the call up.
    world.run(25_000);
    for outside in [guest, other] {
        assert_eq!(world.peers[outside].phase, Some(Phase::Waiting));
    }
    world.assert_one_group(&[0, 1]);
    let orders = locked_with(&world, &[0, 1, guest]);
    say(&mut world, &link, log_id, 2, &orders);
    world.run(5_000);
    world.assert_one_group(&[0, 1, guest]);
    assert_eq!(world.peers[other].phase, Some(Phase::Waiting));
    say(&mut world, &link, log_id, 3, &HostOrders::default());
    world.run(5_000);
    world.assert_one_group(&[0, 1, guest, other]);
    for index in [0, 1, guest] {
        assert!(world.losses(index).is_empty(), "{:?}", world.losses(index));
    }
}

#[test]
fn whom_the_host_removed_does_not_come_in_again() {
    let (mut world, link, log_id) = hosted();
    let barred = {
        let key = world.peers[1].identity.verifying_key().to_bytes();
        link.keys().unwrap().identity_tag(tangelo_call::IdentityKey(key))
    };
    world.leave(1);
    world.run(2_000);
    let orders = HostOrders { barred: vec![barred], ..HostOrders::default() };
    say(&mut world, &link, log_id, 1, &orders);
    let again = world.open(2);
    let guest = world.open(3);
    world.run(5_000);
    world.assert_one_group(&[0, guest]);
    let ended = world.peers[again].ended.as_deref().unwrap();
    assert!(ended.starts_with("The host removed you"), "{ended}");
}

#[test]
fn a_statement_of_somebody_else_counts_for_nobody() {
    let (mut world, link, log_id) = hosted();
    // The server itself puts one into the log: another room's host, another log, an old number, nonsense.
    let other = Link::new_room().unwrap();
    let good = link.say(log_id, 5, &HostOrders::default()).unwrap();
    let mut bad = vec![
        other.say(log_id, 9, &locked(&[])).unwrap(),
        link.say(LogId([1; 16]), 9, &locked(&[])).unwrap(),
        link.say(log_id, 4, &locked(&[])).unwrap(),
    ];
    say(&mut world, &link, log_id, 5, &HostOrders::default());
    world.run(500);
    assert_eq!(good.number, 5);
    let mut next = 0;
    world.tamper = Some(Box::new(move |_, message| match message {
        ServerMessage::Entry(tangelo_wire::LogEntry {
            seq,
            entry: tangelo_wire::Entry::Message { client, .. },
        }) if !bad.is_empty() => {
            let said = bad[next / 2 % bad.len()].clone();
            next += 1;
            if next >= 2 * bad.len() {
                bad.clear();
            }
            let entry = tangelo_wire::Entry::HostSaid { client, said };
            ServerMessage::Entry(tangelo_wire::LogEntry { seq, entry })
        }
        other => other,
    }));
    world.run(25_000);
    world.tamper = None;
    let guest = world.open(3);
    world.run(5_000);
    world.assert_one_group(&[0, 1, guest]);
}

#[test]
fn a_group_that_takes_in_somebody_against_the_lock_is_not_entered() {
    let (mut world, link, log_id) = hosted();
    // The server shows the host's word to the guest alone, so that the members let it in.
    let said = link.say(log_id, 1, &locked(&[]));
    world.tamper = Some(Box::new(move |peer, mut message| {
        if let (2, ServerMessage::Snapshot { said: shown, .. }) = (peer, &mut message) {
            shown.clone_from(&said);
        }
        message
    }));
    let guest = world.open(3);
    world.run(5_000);
    let named = |entry: &Entry| matches!(entry, Entry::Committed { adds, .. } if !adds.is_empty());
    assert_eq!(world.count(named), 2, "the members did let it in");
    assert_eq!(world.peers[guest].phase, Some(Phase::Waiting));
    assert!(world.peers[guest].people.is_empty());
}
