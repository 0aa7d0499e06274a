//! People come and go; the others go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{Event, Phase};
use tangelo_wire::Entry;

#[test]
fn one_two_three_and_two_again() {
    let mut world = World::new();
    let first = world.open(1);
    world.run(500);
    world.assert_one_group(&[first]);
    let second = world.open(2);
    world.run(1_000);
    world.assert_one_group(&[first, second]);
    let of_two = world.peers[first].number.clone();
    assert_eq!(of_two.len(), 71);

    let third = world.open(3);
    world.run(1_500);
    world.assert_one_group(&[first, second, third]);
    assert_ne!(world.peers[first].number, of_two);

    world.leave(third);
    world.run(2_000);
    world.assert_one_group(&[first, second]);
    assert_eq!(world.peers[first].number, of_two);
    assert_eq!(world.peers[third].ended.as_deref(), Some("You left the call."));
}

#[test]
fn names_come_from_the_group() {
    let mut world = World::new();
    world.open(1);
    world.open(2);
    world.run(2_000);
    let names: Vec<_> = world.peers[1].people.iter().map(|p| (p.name.as_str(), p.own)).collect();
    assert_eq!(names, [("Person 2", true), ("Person 1", false)]);
}

#[test]
fn a_storm_of_arrivals_costs_a_handful_of_commits() {
    let mut world = World::new();
    world.open(1);
    world.run(500);
    for person in 2..=30 {
        world.open(person);
    }
    world.run(4_000);
    world.assert_one_group(&(0..30).collect::<Vec<_>>());
    let with_adds = world.count(|entry| matches!(entry, Entry::Committed { adds, .. } if !adds.is_empty()));
    assert!(with_adds <= 5, "{with_adds} commits");
}

#[test]
fn the_committer_leaves_and_another_does_the_work() {
    let mut world = World::new();
    for person in 1..=4 {
        world.open(person);
    }
    world.run(3_000);
    world.leave(0);
    let newcomer = world.open(5);
    world.run(3_000);
    world.assert_one_group(&[1, 2, 3, newcomer]);
}

#[test]
fn a_frozen_committer_is_replaced() {
    let mut world = World::new();
    for person in 1..=3 {
        world.open(person);
        world.run(1_000);
    }
    world.peers[0].frozen = true;
    let newcomer = world.open(4);
    world.run(3_000);
    // The frozen one is still a member: nobody knows yet that it is gone.
    assert_eq!(world.peers[newcomer].phase, Some(Phase::Inside));
    world.run(20_000);
    world.assert_one_group(&[1, 2, newcomer]);
    // It wakes, finds out by itself, and is in again with the same identity.
    world.thaw(0);
    world.run(15_000);
    world.assert_one_group(&[0, 1, 2, newcomer]);
}

#[test]
fn a_short_cut_is_resumed_by_the_same_client() {
    let mut world = World::new();
    world.open(1);
    world.open(2);
    world.run(2_000);
    let client = world.client(1);
    world.cut(1);
    assert_eq!(world.peers[1].phase, Some(Phase::Reconnecting));
    let third = world.open(3);
    world.run(3_000);
    assert_eq!(world.client(1), client);
    world.assert_one_group(&[0, 1, third]);
    let reset = |event: &Event| matches!(event, Event::MediaReset {});
    assert!(!world.peers[1].events.iter().any(reset), "media goes on");
}

/// Whom a peer sees cut off.
fn lost(world: &World, index: usize) -> Vec<String> {
    let people = world.peers[index].people.iter().filter(|person| person.lost);
    people.map(|person| person.client.clone()).collect()
}

#[test]
fn who_is_cut_off_is_shown_to_the_others_until_it_is_back_or_gone() {
    let mut world = World::of(3);
    let client = world.client(1).to_string();
    assert!(lost(&world, 0).is_empty());
    // Its network is gone: the server hears nothing any more, and it does not hear the server.
    world.peers[1].frozen = true;
    world.run(8_000);
    assert_eq!((lost(&world, 0), lost(&world, 2)), (vec![client.clone()], vec![client.clone()]));
    world.thaw(1);
    world.run(1_000);
    assert_eq!(world.client(1).to_string(), client, "the same client");
    assert!(lost(&world, 0).is_empty() && lost(&world, 1).is_empty() && lost(&world, 2).is_empty());
    world.peers[1].frozen = true;
    world.run(8_000);
    let newcomer = world.open(4);
    world.run(3_000);
    assert_eq!(lost(&world, newcomer), [client]);
    world.run(10_000);
    assert!(lost(&world, 0).is_empty() && lost(&world, newcomer).is_empty(), "it is gone");
    world.assert_one_group(&[0, 2, newcomer]);
}

#[test]
fn a_connection_that_died_unnoticed_is_noticed() {
    let mut world = World::new();
    world.open(1);
    world.open(2);
    world.run(2_000);
    // Nothing reaches anyone, and no side is told.
    world.peers[1].connection = None;
    world.run(17_000);
    let reconnecting = Event::Phase { phase: Phase::Reconnecting };
    assert!(world.peers[1].events.contains(&reconnecting));
    world.assert_one_group(&[0, 1]);
}

#[test]
fn a_commit_whose_acknowledgement_was_lost_is_still_the_own_one() {
    let mut world = World::new();
    world.open(1);
    world.run(1_000);
    world.open(2);
    // Until the committer has posted its commit and the server has taken it.
    for _ in 0..1_000 {
        let committed = |world: &World| world.count(|entry| matches!(entry, Entry::Committed { .. }));
        if committed(&world) > 0 {
            break;
        }
        world.step_to_server(0);
        world.step_to_server(1);
        if committed(&world) == 0 {
            world.step_to_client(0);
            world.step_to_client(1);
        }
    }
    // The entry is on its way back to its author when the connection breaks.
    world.cut(0);
    world.run(3_000);
    world.assert_one_group(&[0, 1]);
    assert_eq!(world.count(|entry| matches!(entry, Entry::Committed { adds, .. } if !adds.is_empty())), 1);
    assert!(world.peers[0].session.losses().is_empty());
}

#[test]
fn a_dead_room_is_founded_anew() {
    let mut world = World::new();
    world.open(1);
    world.run(1_000);
    world.peers[0].frozen = true;
    let second = world.open(2);
    let third = world.open(3);
    world.run(30_000);
    world.assert_one_group(&[second, third]);
    assert!(world.count(|entry| matches!(entry, Entry::Founded { .. })) >= 2);
}

#[test]
fn a_link_of_another_room_is_refused_with_words() {
    let mut world = World::new();
    let room = world.link.split_once('#').unwrap().0.to_owned();
    let other = tangelo_call::link::Link::new_room().unwrap().path();
    let secret = other.split_once('#').unwrap().1.to_owned();
    let identity = tangelo_call::IdentityKey([1; 32]);
    for (link, words) in [
        (format!("{room}#{secret}"), "belongs to another room"),
        (room.clone(), "cut off"),
        ("/r/UPPER".to_owned(), "room name"),
    ] {
        let config = tangelo_call::Config { host: common::HOST, link: &link, name: "A", identity };
        let error = tangelo_call::Session::new(config).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    world.link = "/r/standup".to_owned();
    world.open(1);
    world.open(2);
    world.run(2_000);
    world.assert_one_group(&[0, 1]);
}

#[test]
fn a_cut_right_after_entering_costs_nothing() {
    let mut world = World::of(2);
    world.open(3);
    for _ in 0..200 {
        if world.peers[2].phase == Some(Phase::Inside) {
            break;
        }
        world.run(10);
    }
    let client = world.client(2);
    // The network is away for longer than the others have to prove themselves, and shorter than the place is kept.
    world.peers[2].to_server.clear();
    world.peers[2].to_client.clear();
    let (now, connection) = (world.now, world.peers[2].connection.take().unwrap());
    world.delivery.disconnected(now, connection);
    world.peers[2].session.disconnected(now);
    world.peers[2].frozen = true;
    for _ in 0..80 {
        world.run(100);
        world.peers[2].session.handle_timeout(world.now);
    }
    world.thaw(2);
    world.run(10_000);
    assert!(world.losses(2).is_empty(), "{:?}", world.losses(2));
    assert_eq!(world.client(2), client, "it is the same client");
    world.assert_one_group(&[0, 1, 2]);
}
