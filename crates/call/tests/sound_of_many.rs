//! Where more microphones are on than one can follow: who speaks is heard, and the server does not learn who that is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{Command, Event, MemberState};
use tangelo_wire::{ClientId, Entry, Source, View, limits::HEARD_MAX};

const PEOPLE: u8 = 28;

fn state(microphone: bool) -> MemberState {
    MemberState { microphone, ..MemberState::default() }
}

/// Everybody sends a microphone, which is on.
fn hall() -> World {
    let mut world = World::new();
    for person in 1..=PEOPLE {
        world.open(person);
    }
    world.run(8_000);
    publish(&mut world, 0..usize::from(PEOPLE));
    world.run(5_000);
    world
}

fn publish(world: &mut World, peers: std::ops::Range<usize>) {
    let room = world.link.split(['/', '#']).nth(2).unwrap().parse().unwrap();
    for index in peers {
        let client = world.client(index);
        world.delivery.published(&room, client, vec![Source::Microphone]);
    }
}

/// What the server sees of messages: when, by whom, how long.
fn seen_by_server(world: &mut World, milliseconds: u64, mut each: impl FnMut(&mut World)) -> Vec<Seen> {
    let mut seen = Vec::new();
    let end = world.now + milliseconds;
    while world.now < end {
        let before = world.log.keys().next_back().copied().unwrap();
        each(world);
        world.run(50);
        let messages = world.log.range(before + 1..).filter_map(|(_, entry)| match entry {
            Entry::Message { client, bytes } => Some((world.now.0, *client, bytes.len())),
            _ => None,
        });
        seen.extend(messages);
    }
    seen
}

type Seen = (u64, ClientId, usize);

/// The last that the server was told of whom a peer hears.
fn heard_by(world: &World, index: usize) -> Option<Vec<ClientId>> {
    let own = world.client(index);
    let (.., hear) = world.watched.iter().rev().find(|(client, ..)| *client == own)?;
    hear.clone()
}

/// Of whom a peer hears nothing.
fn missed_by(world: &World, index: usize) -> Vec<usize> {
    let heard = heard_by(world, index).unwrap();
    assert_eq!(heard.len(), HEARD_MAX);
    assert!(heard.is_sorted(), "the order tells nothing");
    let all = 0..usize::from(PEOPLE);
    all.filter(|other| *other != index && !heard.contains(&world.client(*other))).collect()
}

#[test]
fn the_server_sees_the_same_whoever_speaks() {
    let (mut silent, mut loud) = (hall(), hall());
    let quiet = seen_by_server(&mut silent, 8_000, |_| {});
    let mut level = 0;
    let spoken = seen_by_server(&mut loud, 8_000, |world| {
        // Never at the time of a notice alone.
        level = level % 9 + 1;
        for index in [3, 4, 20] {
            world.command(index, Command::Spoke { level });
        }
    });
    assert_eq!(quiet, spoken);
    // Each tells it once a second, by the shortest of messages; its state, now and then, is longer.
    let shortest = spoken.iter().map(|(.., bytes)| *bytes).min().unwrap();
    assert_eq!(shortest, 334, "one step of padding");
    for index in 0..usize::from(PEOPLE) {
        let author = loud.client(index);
        let notices: Vec<u64> = spoken
            .iter()
            .filter(|(_, client, bytes)| *client == author && *bytes == shortest)
            .map(|(at, ..)| *at)
            .collect();
        assert_eq!(notices.len(), 8, "{notices:?}");
        assert!(notices.windows(2).all(|pair| pair[1] - pair[0] == 1_000), "{notices:?}");
    }
    assert!(loud.peers.iter().all(|peer| peer.session.losses().is_empty()));
}

#[test]
fn who_speaks_is_heard_by_everyone_and_few_changes_are_told() {
    let mut world = hall();
    let missed = missed_by(&world, 0);
    assert_eq!(missed.len(), 2);
    let hearing = world.peers[0].events.iter().rev().find_map(|event| match event {
        Event::Hearing { clients } => clients.clone(),
        _ => None,
    });
    let told: Vec<String> = heard_by(&world, 0).unwrap().iter().map(ClientId::to_string).collect();
    assert_eq!(hearing, Some(told), "the page knows whom it hears");

    let before = world.watched.len();
    world.run(5_000);
    assert_eq!(world.watched.len(), before, "while nobody speaks nothing changes");
    for speaker in missed {
        let before = world.watched.len();
        world.command(speaker, Command::Spoke { level: 5 });
        world.run(1_600);
        for index in (0..usize::from(PEOPLE)).filter(|index| *index != speaker) {
            assert!(!missed_by(&world, index).contains(&speaker), "peer {index}");
        }
        let mut told: Vec<_> = world.watched[before..].iter().map(|(client, ..)| *client).collect();
        let changes = told.len();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), changes, "one change each");
    }
}

#[test]
fn who_is_pinned_is_heard_and_who_mutes_makes_room() {
    let mut world = hall();
    let missed = missed_by(&world, 0)[0];
    let client = world.client(missed);
    let view = View { client, source: Source::Camera, height: 720, pinned: true };
    world.command(0, Command::Watch { views: vec![view] });
    world.run(600);
    assert!(missed_by(&world, 0).contains(&missed), "of a picture nothing follows");
    world.command(0, Command::Pin { client: Some(client) });
    world.run(600);
    assert!(!missed_by(&world, 0).contains(&missed));
    let (_, views, _) = world.watched.last().unwrap();
    assert_eq!(*views, Some(vec![view]), "pictures and sound are told together");

    // Fewer than 26 are on: nobody tells anything any more, and all that are on are heard.
    let muted = [10, 11, 12];
    for index in muted {
        world.command(index, Command::State { state: state(false) });
    }
    world.run(2_000);
    for index in 0..usize::from(PEOPLE) {
        assert!(missed_by(&world, index).iter().all(|other| muted.contains(other)), "peer {index}");
    }
    let quiet = seen_by_server(&mut world, 4_000, |world| world.command(5, Command::Spoke { level: 9 }));
    let speaker = world.client(5);
    let mine = quiet.iter().filter(|(_, client, _)| *client == speaker).count();
    assert!(mine <= 1, "{mine}: its state, perhaps");

    // With one more microphone off than there may be, nothing need be chosen.
    let room = world.link.split(['/', '#']).nth(2).unwrap().parse().unwrap();
    for index in muted {
        let client = world.client(index);
        world.delivery.published(&room, client, Vec::new());
    }
    world.run(2_000);
    assert_eq!(heard_by(&world, 0), None);
    assert!(world.peers[0].events.contains(&Event::Hearing { clients: None }));
}
