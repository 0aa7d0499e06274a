//! Every member renews its own path in time, whatever else goes on; arrivals cost a handful of commits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::World;
use tangelo_call::Phase;
use tangelo_wire::{ClientId, Entry};

/// Commits by author that add nobody.
fn rekeys(world: &World) -> BTreeMap<ClientId, usize> {
    let mut count = BTreeMap::new();
    for entry in world.log.values() {
        if let Entry::Committed { client, adds, .. } = entry
            && adds.is_empty()
        {
            *count.entry(*client).or_default() += 1;
        }
    }
    count
}

fn commits_with_adds(world: &World) -> usize {
    world.count(|entry| matches!(entry, Entry::Committed { adds, .. } if !adds.is_empty()))
}

#[test]
fn every_member_rekeys_soon_after_entering_and_then_every_minute() {
    let mut world = World::of(4);
    // The first within 5 s of entering, with a round trip or two to spare.
    world.run(6_000);
    assert_eq!(rekeys(&world).len(), 4, "{:?}", rekeys(&world));
    for minutes in 1..=4 {
        world.run(60_000);
        for index in 0..4 {
            let done = rekeys(&world)[&world.client(index)];
            assert!((minutes..=1 + minutes * 2).contains(&done), "peer {index}: {done} after {minutes} min");
        }
    }
    world.assert_one_group(&[0, 1, 2, 3]);
    for index in 0..4 {
        assert!(world.losses(index).is_empty(), "{:?}", world.losses(index));
        assert!(world.peers[index].session.stats().refused.is_empty());
    }
}

#[test]
fn an_overdue_rekey_takes_the_pending_work_along() {
    let mut world = World::of(3);
    world.run(6_000);
    // The designated committer is frozen, and so is the next: only the last one's rekey can come in time.
    world.peers[0].frozen = true;
    world.peers[1].frozen = true;
    world.open(4);
    world.run(3_000);
    assert_eq!(world.peers[3].phase, Some(Phase::Inside), "somebody let the newcomer in");
}

#[test]
fn fifty_who_arrive_at_once_cost_at_most_five_commits_with_adds() {
    let mut world = World::of(2);
    let before = commits_with_adds(&world);
    for person in 10..60 {
        world.open(person);
    }
    world.run(6_000);
    let cost = commits_with_adds(&world) - before;
    assert!(cost <= 5, "{cost} commits with adds");
    for peer in &world.peers {
        assert_eq!((peer.phase, peer.people.len()), (Some(Phase::Inside), 52));
        assert_eq!(peer.number, world.peers[0].number);
        assert!(peer.session.losses().is_empty(), "{:?}", peer.session.losses());
    }
}

#[test]
fn many_who_trickle_in_over_a_second_do_too_and_all_rekey() {
    let mut world = World::of(2);
    let before = commits_with_adds(&world);
    for person in 10..60 {
        world.open(person);
        world.run(20);
    }
    world.run(4_000);
    let cost = commits_with_adds(&world) - before;
    assert!(cost <= 5, "{cost} commits with adds");
    // Everybody's first rekey, within half a second for each member.
    world.run(30_000);
    // One that took arrivals along adds somebody, too.
    let authors: BTreeSet<ClientId> = world
        .log
        .values()
        .filter_map(|entry| match entry {
            Entry::Committed { client, .. } => Some(*client),
            _ => None,
        })
        .collect();
    assert_eq!(authors.len(), 52);
    world.assert_one_group(&(0..52).collect::<Vec<_>>());
    for peer in &world.peers {
        assert!(peer.session.losses().is_empty(), "{:?}", peer.session.losses());
    }
}

#[test]
fn commits_stay_small_while_people_come_and_go() {
    let mut world = World::of(2);
    for person in 10..24 {
        world.open(person);
    }
    world.run(20_000);
    // Somebody leaves and somebody comes, again and again; everyone rekeys in between.
    for round in 0..4_u8 {
        world.leave(10 + usize::from(round));
        world.open(100 + round);
        world.run(10_000);
    }
    let mut largest = 0;
    let late = world.log.len() * 2 / 3;
    for entry in world.log.values().skip(late) {
        if let Entry::Committed { adds, commit, .. } = entry
            && adds.is_empty()
        {
            largest = largest.max(commit.len());
        }
    }
    // 16 members: a path of 4 nodes, a ciphertext for each, and some blank spots. Where one member alone commits, a
    // path has a ciphertext of 80 bytes for each other member.
    assert!(largest < 1_500, "{largest} bytes");
}
