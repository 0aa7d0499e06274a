//! Rules 11, 13, 14 and 60: what the host says is kept by the group.

use tangelo_wire::{ClientId, HostOrders, HostStatement, LogId, limits::HOST_NUMBER_STEP_MAX};

use super::{common::Room, insider::Plan, world::World};
use crate::{Rule, link::Link};

const NOBODY: &[ClientId] = &[];

/// A room whose host's link is at hand.
fn hosted() -> (World, Link) {
    let link = Link::new_room().unwrap();
    (World::at(Room::at(link.path()), 2, 1), link)
}

/// The log shows a statement to everyone; whether it counts, which all say alike.
fn say(world: &mut World, said: &HostStatement) -> bool {
    world.room.next();
    let log_id = world.room.log_id;
    let counts =
        world.room.clients.iter_mut().map(|client| client.presence.say(&client.context, log_id, said));
    let counts: Vec<bool> = counts.collect();
    assert!(counts.iter().all(|count| *count == counts[0]));
    counts[0]
}

fn locked(admitted: &[ClientId]) -> HostOrders {
    HostOrders { locked: true, admitted: admitted.to_vec(), ..HostOrders::default() }
}

/// An honest member would not add this client now.
fn is_left_outside(world: &mut World, client: ClientId) {
    let honest = world.honest()[0];
    let member = &world.room.clients[honest];
    let work = member.group.as_ref().unwrap().work(&member.presence);
    assert!(!work.adds.contains(&client));
}

#[test]
fn rule_13_a_locked_room_takes_in_whom_the_host_admitted() {
    let (mut world, link) = hosted();
    let context = world.context();
    let log_id = world.room.log_id;
    assert!(say(&mut world, &link.say(log_id, 1, &locked(NOBODY)).unwrap()));
    let guest = world.room.arrive(50);
    let (id, key_package) = (world.id(guest), world.key_package(guest));
    is_left_outside(&mut world, id);
    let bundle = world.eve.commit(Plan::add(&context, id, key_package));
    assert_eq!(world.refused(&bundle), Rule::HostLocked);
    assert!(say(&mut world, &link.say(log_id, 2, &locked(&[id])).unwrap()));
    world.work();
    assert!(world.honest().contains(&guest));
    assert!(say(&mut world, &link.say(log_id, 3, &HostOrders::default()).unwrap()));
    world.goes_on();
}

#[test]
fn rule_14_whom_the_host_removed_stays_outside() {
    let (mut world, link) = hosted();
    let context = world.context();
    let (log_id, guest) = (world.room.log_id, world.room.arrive(50));
    let (id, key_package) = (world.id(guest), world.key_package(guest));
    let profile = &world.room.clients[guest].presence.get(id).unwrap().candidate.as_ref().unwrap().profile;
    let tag = context.link.keys().unwrap().identity_tag(profile.identity);
    let by_client = HostOrders { removed: vec![id], ..HostOrders::default() };
    let by_identity = HostOrders { barred: vec![tag], ..HostOrders::default() };
    for (number, orders) in [(1, by_client), (2, by_identity)] {
        assert!(say(&mut world, &link.say(log_id, number, &orders).unwrap()));
        is_left_outside(&mut world, id);
        let bundle = world.eve.commit(Plan::add(&context, id, key_package.clone()));
        assert_eq!(world.refused(&bundle), Rule::HostRemoved);
    }
    assert!(say(&mut world, &link.say(log_id, 3, &HostOrders::default()).unwrap()));
    world.goes_on();
    assert!(world.honest().contains(&guest));
}

/// A room whose host has removed Eve, and a server that keeps her present.
fn without_eve(by_identity: bool) -> World {
    let (mut world, link) = hosted();
    let (log_id, eve) = (world.room.log_id, world.eve.id);
    let member = &world.room.clients[world.honest()[0]];
    assert!(member.group.as_ref().unwrap().work(&member.presence).removes.is_empty());
    let orders = if by_identity {
        let tag = member.presence.tag(eve).unwrap().clone();
        HostOrders { barred: vec![tag], ..HostOrders::default() }
    } else {
        HostOrders { removed: vec![eve], ..HostOrders::default() }
    };
    assert!(say(&mut world, &link.say(log_id, 1, &orders).unwrap()));
    world
}

#[test]
fn rule_11_whom_the_host_removed_is_taken_out_though_it_is_present() {
    for by_identity in [false, true] {
        let mut world = without_eve(by_identity);
        let eve = world.eve.id;
        world.work();
        let member = &world.room.clients[world.honest()[0]];
        assert!(member.presence.is_present(eve) && member.group.as_ref().unwrap().member(eve).is_none());
    }
}

#[test]
fn rule_14_whom_the_host_removed_commits_nothing() {
    for by_identity in [false, true] {
        let mut world = without_eve(by_identity);
        // She renews her path, to be the first again and again.
        let bundle = world.eve.commit(Plan { path: true, ..Plan::default() });
        assert_eq!(world.refused(&bundle), Rule::HostRemoved);
        world.goes_on();
    }
}

#[test]
fn rule_60_nobody_else_is_host_and_nothing_is_said_twice() {
    let (mut world, link) = hosted();
    let log_id = world.room.log_id;
    let good = link.say(log_id, 7, &HostOrders::default()).unwrap();
    assert!(say(&mut world, &good));
    let lock = link.say(log_id, 8, &locked(NOBODY)).unwrap();
    let bad = [
        // Another room's host; another call; said before; an older word; changed; not to be understood.
        Link::new_room().unwrap().say(log_id, 8, &locked(NOBODY)).unwrap(),
        link.say(LogId([9; 16]), 8, &locked(NOBODY)).unwrap(),
        good,
        link.say(log_id, 6, &locked(NOBODY)).unwrap(),
        HostStatement { number: 9, ..lock.clone() },
        HostStatement { statement: HostOrders::default().to_bytes(), ..lock.clone() },
        HostStatement { statement: tangelo_wire::Bytes(b"lock".to_vec()), ..lock },
        // So far above the last that the host could soon say nothing any more.
        link.say(log_id, u64::MAX, &locked(NOBODY)).unwrap(),
        link.say(log_id, 8 + HOST_NUMBER_STEP_MAX, &locked(NOBODY)).unwrap(),
        // Built on another word than the last: two hosts spoke at once.
        link.say(log_id, 10, &HostOrders { after: Some(6), ..locked(NOBODY) }).unwrap(),
    ];
    for said in bad {
        let before = world.views();
        assert!(!say(&mut world, &said), "{said:?}");
        assert!(world.views() == before);
    }
    let next = HostOrders { after: Some(7), ..HostOrders::default() };
    assert!(say(&mut world, &link.say(log_id, 10, &next).unwrap()));
    // Without the host's secret nobody says anything.
    assert!(world.context().link.say(log_id, 8, &locked(NOBODY)).is_none());
    world.goes_on();
}
