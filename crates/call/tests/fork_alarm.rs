//! A server that shows people different rooms: noticed by everyone affected within 15 s, shown, and healed as soon
//! as it stops.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{cell::RefCell, rc::Rc};

use common::World;
use tangelo_call::Command;
use tangelo_wire::{Bytes, ClientId, Entry, ForkCheck, LogEntry, LogHash, Post, Seq, ServerMessage};

/// Noticing takes at most this long, in milliseconds.
const NOTICED_MS: u64 = 15_000;
/// Arriving anew and meeting again takes no longer, in milliseconds.
const HEALED_MS: u64 = 20_000;

const FORKED: &str = "most others in the call are in another state than this client";

fn entry(message: ServerMessage, change: impl FnOnce(LogEntry) -> LogEntry) -> ServerMessage {
    match message {
        ServerMessage::Entry(entry) => ServerMessage::Entry(change(entry)),
        other => other,
    }
}

/// The next chat message is shown to these peers as another message of the same author.
fn swap_next_message(world: &mut World, victims: &'static [usize]) {
    let swapped: Rc<RefCell<Option<Seq>>> = Rc::default();
    world.tamper = Some(Box::new(move |peer, message| {
        entry(message, |LogEntry { seq, entry }| match entry {
            Entry::Message { client, mut bytes } if swapped.borrow_mut().get_or_insert(seq) == &seq => {
                if victims.contains(&peer) {
                    let last = bytes.0.len() - 1;
                    bytes.0[last] ^= 1;
                }
                LogEntry { seq, entry: Entry::Message { client, bytes } }
            }
            entry => LogEntry { seq, entry },
        })
    }));
}

#[test]
fn an_entry_that_one_is_not_shown_is_noticed_by_all() {
    let mut world = World::of(3);
    swap_next_message(&mut world, &[2]);
    world.chat(0, "the meeting is at nine");
    world.run(NOTICED_MS);
    assert_eq!(world.chats(1), ["the meeting is at nine"]);
    assert_eq!(world.chats(2), [""; 0], "it was kept from this one");
    assert_eq!(world.losses(2), [FORKED]);
    assert!(world.alarms(2).iter().any(|text| text.contains("do not trust this server")));
    for honest in [0, 1] {
        assert!(world.losses(honest).is_empty(), "{:?}", world.losses(honest));
        assert!(world.alarms(honest).iter().any(|text| text.starts_with("Person 3 saw another call")));
    }
    world.run(HEALED_MS);
    world.assert_one_group(&[0, 1, 2]);
}

#[test]
fn a_room_split_in_halves_is_noticed_by_both() {
    let mut world = World::of(4);
    swap_next_message(&mut world, &[2, 3]);
    world.command(0, Command::React { emoji: "👍".to_owned() });
    world.run(NOTICED_MS);
    for peer in 0..4 {
        assert!(!world.losses(peer).is_empty(), "peer {peer} did not notice");
        assert!(world.alarms(peer).iter().any(|text| text.contains("has split it")), "peer {peer}");
    }
    world.run(HEALED_MS);
    world.assert_one_group(&[0, 1, 2, 3]);
}

#[test]
fn a_large_room_notices_as_fast() {
    // Members compare less often there; but whoever sees a difference says so, and so do all others at once.
    const HALF: [usize; 13] = [13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25];
    for victims in [&[7][..], &HALF] {
        let mut world = World::new();
        for person in 1..=26 {
            world.open(person);
        }
        world.run(20_000);
        let all: Vec<usize> = (0..26).collect();
        world.assert_one_group(&all);
        swap_next_message(&mut world, victims);
        world.command(0, Command::React { emoji: "👍".to_owned() });
        world.run(NOTICED_MS);
        for peer in 0..26 {
            assert!(!world.alarms(peer).is_empty(), "peer {peer} did not notice");
            assert!(!victims.contains(&peer) || !world.losses(peer).is_empty(), "peer {peer} stayed");
        }
        world.run(HEALED_MS);
        world.assert_one_group(&all);
    }
}

#[test]
fn two_different_commits_at_one_place_are_noticed() {
    let mut world = World::of(4);
    // Two members make a commit for the same place: the server keeps both, and shows each to its half.
    let other: Rc<RefCell<Option<(Seq, Entry)>>> = Rc::default();
    world.open(5);
    let rival = rival_commit(&mut world, 2);
    let shown = Rc::clone(&other);
    let client = world.client(2);
    world.tamper = Some(Box::new(move |peer, message| {
        entry(message, |LogEntry { seq, entry }| match (entry, rival.clone()) {
            (Entry::Committed { parent, client: author, .. }, Post::Commit { adds, commit, .. })
                if peer >= 2
                    && author != client
                    && shown.borrow_mut().get_or_insert((seq, Entry::Entered { client, commit: seq })).0
                        == seq =>
            {
                LogEntry { seq, entry: Entry::Committed { parent, client, adds, commit, welcome: None } }
            }
            (entry, _) => LogEntry { seq, entry },
        })
    }));
    world.run(NOTICED_MS);
    assert!(other.borrow().is_some(), "the server did show two commits");
    for peer in 0..4 {
        let noticed = !world.losses(peer).is_empty() || !world.alarms(peer).is_empty();
        assert!(noticed, "peer {peer} did not notice");
    }
    world.tamper = None;
    world.run(HEALED_MS);
    world.assert_one_group(&[0, 1, 2, 3, 4]);
}

/// Lets a member make the commit that it would make if it were its turn, and keeps it from the server.
fn rival_commit(world: &mut World, index: usize) -> Post {
    // The designated committer is frozen until this one takes over.
    for peer in [0, 1] {
        world.peers[peer].frozen = true;
    }
    for _ in 0..100 {
        while world.step_to_server(4) | world.step_to_client(4) | world.step_to_client(index) {}
        world.now = world.now + 100;
        world.tick();
        let texts = &mut world.peers[index].to_server;
        let found = texts.iter().position(|text| text.contains(r#""type":"commit""#));
        if let Some(text) = found.and_then(|found| texts.remove(found)) {
            for peer in [0, 1] {
                world.thaw(peer);
            }
            let tangelo_wire::ClientMessage::Post { body, .. } =
                tangelo_wire::ClientMessage::from_json(&text).unwrap()
            else {
                panic!("no post");
            };
            return body;
        }
    }
    panic!("the member does not take over");
}

#[test]
fn a_commit_that_half_the_room_cannot_use_is_noticed() {
    let mut world = World::of(4);
    let spoilt: Rc<RefCell<Option<Seq>>> = Rc::default();
    let first = Rc::clone(&spoilt);
    world.tamper = Some(Box::new(move |peer, message| {
        entry(message, |LogEntry { seq, entry }| match entry {
            Entry::Committed { parent, client, adds, mut commit, welcome }
                if first.borrow_mut().get_or_insert(seq) == &seq =>
            {
                if peer == 1 || peer == 3 {
                    let middle = commit.0.len() / 2;
                    commit.0[middle] ^= 1;
                }
                LogEntry { seq, entry: Entry::Committed { parent, client, adds, commit, welcome } }
            }
            entry => LogEntry { seq, entry },
        })
    }));
    world.leave(0);
    world.open(5);
    world.run(NOTICED_MS);
    assert!(spoilt.borrow().is_some());
    for peer in [1, 3] {
        assert!(!world.losses(peer).is_empty(), "peer {peer} did not notice");
    }
    world.run(HEALED_MS);
    world.assert_one_group(&[1, 2, 3, 4]);
}

#[test]
fn a_path_that_half_the_room_cannot_use_is_noticed_by_that_half() {
    let mut world = World::of(4);
    // Everybody has rekeyed, so the tree has inner nodes.
    world.run(70_000);
    let (clients, epoch) = ([world.client(2), world.client(3)], world.peers[1].session.epoch());
    // Until her next rekey, whatever keys the others take.
    let mut waited_ms = 0;
    while [2, 3].iter().all(|half| world.losses(*half).is_empty()) {
        world.peers[0].session.poison_paths(&clients);
        world.run(100);
        waited_ms += 100;
        assert!(waited_ms < 70_000, "she has rekeyed");
    }
    world.run(NOTICED_MS);
    for half in [2, 3] {
        assert_eq!(world.losses(half), ["a commit could not be decrypted by this client"]);
        let alarms = world.alarms(half);
        assert!(
            alarms[0].starts_with("Person 1 sent everyone new keys that this device cannot use"),
            "{alarms:?}"
        );
    }
    assert!(world.losses(1).is_empty(), "{:?}", world.losses(1));
    assert_ne!(world.peers[1].session.epoch(), epoch);
    world.assert_one_group(&[0, 1, 2, 3]);
}

/// What a newcomer is shown in place of the snapshot.
fn newcomer_is_shown(change: fn(ServerMessage) -> ServerMessage) {
    let mut world = World::of(2);
    let mut lied = false;
    world.tamper = Some(Box::new(move |peer, message| match message {
        message @ ServerMessage::Snapshot { .. } if peer == 2 && !std::mem::replace(&mut lied, true) => {
            change(message)
        }
        other => other,
    }));
    let newcomer = world.open(3);
    world.run(NOTICED_MS);
    assert!(!world.losses(newcomer).is_empty(), "the newcomer did not notice");
    for member in [0, 1] {
        assert!(world.losses(member).is_empty(), "{:?}", world.losses(member));
    }
    world.run(HEALED_MS);
    world.assert_one_group(&[0, 1, 2]);
}

#[test]
fn a_snapshot_of_another_history_is_noticed() {
    newcomer_is_shown(|message| match message {
        ServerMessage::Snapshot {
            log_id, seq, parent, group_id, present, said, published, token, ..
        } => {
            let hash = LogHash([9; 32]);
            ServerMessage::Snapshot { log_id, seq, hash, parent, group_id, present, said, published, token }
        }
        other => other,
    });
}

#[test]
fn a_snapshot_with_somebody_who_is_not_there_is_noticed() {
    newcomer_is_shown(|message| match message {
        ServerMessage::Snapshot {
            log_id,
            seq,
            hash,
            parent,
            group_id,
            mut present,
            said,
            published,
            token,
        } => {
            let mut ghost = present[0].clone();
            ghost.client = ClientId([0xee; 16]);
            ghost.key_package = Bytes(vec![1; 40]);
            present.insert(0, ghost);
            ServerMessage::Snapshot { log_id, seq, hash, parent, group_id, present, said, published, token }
        }
        other => other,
    });
}

#[test]
fn a_call_cut_in_two_that_do_not_hear_each_other_shows_who_is_silent() {
    let mut world = World::of(2);
    // Rekeys are heard, too: the first are over, the next are far.
    world.run(10_000);
    let (one, other) = (world.client(0), world.client(1));
    // Whatever one of them says inside the group comes to the other as something unreadable of a stranger.
    world.tamper = Some(Box::new(move |peer, message| {
        let foreign = if peer == 0 { other } else { one };
        match message {
            ServerMessage::Check { client, .. } if client == foreign => ServerMessage::Alive { seq: Seq(1) },
            message => entry(message, |LogEntry { seq, entry }| match entry {
                Entry::Message { client, .. } if client == foreign => {
                    let client = ClientId([0xee; 16]);
                    LogEntry { seq, entry: Entry::Message { client, bytes: Bytes(vec![1]) } }
                }
                entry => LogEntry { seq, entry },
            }),
        }
    }));
    let mut silent = [false; 2];
    for _ in 0..NOTICED_MS / 1_000 {
        world.run(1_000);
        for (peer, silent) in world.peers.iter().zip(&mut silent) {
            *silent |= peer.people.iter().any(|person| !person.own && person.silent);
        }
    }
    assert_eq!(silent, [true; 2]);
}

#[test]
fn an_honest_call_raises_no_alarm() {
    let mut world = World::of(5);
    for round in 0..10 {
        world.chat(round % 5, "hello");
        world.run(20_000);
    }
    world.leave(4);
    world.run(30_000);
    world.assert_one_group(&[0, 1, 2, 3]);
    for peer in 0..4 {
        assert!(world.losses(peer).is_empty(), "{:?}", world.losses(peer));
        assert!(world.alarms(peer).is_empty(), "{:?}", world.alarms(peer));
        assert!(world.peers[peer].people.iter().all(|person| person.confirmed && !person.silent));
    }
}

#[test]
fn a_server_cannot_wear_the_alarm_out() {
    let mut world = World::of(3);
    world.run(10_000);
    let clients = [world.client(0), world.client(1), world.client(2)];
    // It shows each of them a check of each other with a wrong signature, one after the other, so that nobody is in a
    // minority. The next word of the other one makes it good, so it tries until it has come at the right time.
    for (peer, of) in [(0, 1), (1, 2), (2, 0), (0, 2), (1, 0), (2, 1)] {
        let check =
            ForkCheck { seq: Seq(1), epoch: 1, tag: Bytes(vec![0; 8]), signature: Bytes(vec![0; 64]) };
        let spoilt = ServerMessage::Check { client: clients[of], check };
        let before = world.alarms(peer).len();
        for _ in 0..10 {
            world.peers[peer].to_client.push_back(spoilt.to_json());
            world.run(4_000);
            if world.alarms(peer).len() > before {
                break;
            }
        }
        assert!(world.alarms(peer).len() > before, "the wrong check was shown");
        world.run(15_000);
        assert!(world.losses(peer).is_empty());
    }
    swap_next_message(&mut world, &[2]);
    world.chat(0, "the meeting is at nine");
    world.run(NOTICED_MS);
    assert_eq!(world.losses(2), [FORKED]);
    world.run(HEALED_MS);
    world.assert_one_group(&[0, 1, 2]);
}
