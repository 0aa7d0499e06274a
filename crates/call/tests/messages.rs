//! What members say to each other: to everyone, in one order, once, and to nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{CHAT_MAX_CHARS, Command, Event, MemberState, Person};
use tangelo_wire::{Bytes, ClientMessage, Entry, Post, limits};

const HAND: MemberState = MemberState { hand_raised: true, microphone: false, camera: true, recording: true };

fn seen_by(world: &World, index: usize, name: &str) -> Person {
    world.peers[index].people.iter().find(|person| person.name == name).unwrap().clone()
}

#[test]
fn everyone_reads_the_same_in_the_same_order() {
    let mut world = World::of(3);
    for (index, text) in [(0, "one"), (1, "two"), (2, "three"), (0, "four\nlines")] {
        world.chat(index, text);
    }
    world.run(3_000);
    let chats = world.chats(0);
    assert_eq!(chats.len(), 4);
    for index in 1..3 {
        assert_eq!(world.chats(index), chats);
    }
    let own: Vec<bool> = world.peers[0]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Chat { own, name, identity, .. } => {
                assert_eq!(identity.len(), 64);
                assert_eq!(*own, name == "Person 1");
                Some(*own)
            }
            _ => None,
        })
        .collect();
    assert_eq!(own.iter().filter(|own| **own).count(), 2);
}

#[test]
fn the_server_sees_sizes_and_senders_alone() {
    let mut world = World::of(2);
    let mut sizes = Vec::new();
    for text in ["short", &"x".repeat(90)] {
        let before = world.log.len();
        world.chat(0, text);
        world.run(200);
        let author = world.client(0);
        let messages = world.log.values().skip(before).filter_map(|entry| match entry {
            Entry::Message { client, bytes } if *client == author => Some(bytes),
            _ => None,
        });
        for bytes in messages {
            let plain = bytes.0.windows(5).any(|window| window == b"short" || window == b"xxxxx");
            assert!(!plain);
            sizes.push(bytes.len());
        }
    }
    sizes.dedup();
    assert_eq!(sizes.len(), 1, "both sizes are padded alike: {sizes:?}");
    assert_eq!(world.chats(1).len(), 2);
}

#[test]
fn hands_are_ordered_and_newcomers_see_them() {
    let mut world = World::of(3);
    for index in [2, 1] {
        world.command(index, Command::State { state: HAND });
        world.run(500);
    }
    let newcomer = world.open(4);
    world.run(5_000);
    for index in [0, 1, 2, newcomer] {
        let (second, third) = (seen_by(&world, index, "Person 2"), seen_by(&world, index, "Person 3"));
        assert_eq!((second.state, third.state), (Some(HAND), Some(HAND)), "as seen by {index}");
        assert_eq!(seen_by(&world, index, "Person 1").hand_order, None);
        if index != newcomer {
            assert!(third.hand_order < second.hand_order, "who raised first comes first");
        }
    }
    world.command(2, Command::State { state: MemberState::default() });
    world.run(500);
    assert_eq!(seen_by(&world, 0, "Person 3").hand_order, None);
}

#[test]
fn everybody_is_confirmed_as_soon_as_it_has_spoken() {
    let mut world = World::of(3);
    let newcomer = world.open(4);
    world.run(5_000);
    for index in [0, 1, 2, newcomer] {
        assert!(world.peers[index].people.iter().all(|person| person.confirmed), "as seen by {index}");
    }
}

#[test]
fn a_reaction_is_shown_and_words_are_none() {
    let mut world = World::of(2);
    for emoji in ["🎉", "hello", ""] {
        world.command(0, Command::React { emoji: emoji.to_owned() });
    }
    world.run(1_000);
    let seen: Vec<_> = world.peers[1]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Reaction { emoji, name, .. } => Some((name.as_str(), emoji.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(seen, [("Person 1", "🎉")]);
}

#[test]
fn a_message_that_cannot_be_sent_is_told_to_its_author_alone() {
    let mut world = World::of(2);
    for text in ["", "   ", &"x".repeat(CHAT_MAX_CHARS + 1), "a\u{202e}b"] {
        let before = world.notices(0).len();
        world.chat(0, text);
        assert_eq!(world.notices(0).len(), before + 1, "{}", text.len());
    }
    world.chat(0, &"🎉".repeat(CHAT_MAX_CHARS));
    world.run(1_000);
    assert_eq!(world.chats(1).len(), 1);
    assert!(world.notices(1).is_empty());
}

#[test]
fn many_messages_at_once_all_arrive_although_the_server_slows_them_down() {
    let mut world = World::of(2);
    let texts: Vec<String> = (0..60).map(|number| format!("message {number}")).collect();
    for text in &texts {
        world.chat(0, text);
    }
    world.run(30_000);
    assert_eq!(world.chats(1), texts);
    assert_eq!(world.chats(0), texts);
    assert!(world.losses(0).is_empty());
}

#[test]
fn words_are_not_lost_and_not_doubled_when_the_connection_breaks() {
    let mut world = World::of(2);
    world.chat(0, "before");
    // It reaches the server, and its entry does not come back.
    world.step_to_server(0);
    world.cut(0);
    world.chat(0, "while away");
    world.run(5_000);
    for index in 0..2 {
        assert_eq!(world.chats(index), ["before", "while away"], "peer {index}");
    }
    assert!(world.losses(0).is_empty());
    world.assert_one_group(&[0, 1]);
}

#[test]
fn who_arrives_anew_says_what_it_had_to_say() {
    let mut world = World::of(2);
    world.peers[0].frozen = true;
    world.cut(0);
    world.chat(0, "still here");
    world.run(15_000);
    world.thaw(0);
    world.run(10_000);
    assert_eq!(world.losses(0).len(), 1);
    assert_eq!(world.chats(1), ["still here"]);
    world.assert_one_group(&[0, 1]);
}

#[test]
fn messages_that_an_insider_or_the_server_makes_up_change_nothing() {
    let mut world = World::of(3);
    world.chat(0, "once");
    world.run(1_000);
    let replayed = world.log.values().rev().find_map(|entry| match entry {
        Entry::Message { client, bytes } if *client == world.client(0) => Some(bytes.clone()),
        _ => None,
    });
    let long = Bytes(vec![1; limits::APPLICATION_MESSAGE_MAX_BYTES]);
    for bytes in [replayed.unwrap(), Bytes(vec![0; 9]), long] {
        world.say(2, &ClientMessage::Post { post: 900, body: Post::Message { bytes } });
        world.run(500);
    }
    world.run(20_000);
    for index in 0..3 {
        assert_eq!(world.chats(index), ["once"], "peer {index}");
        assert!(world.losses(index).is_empty(), "{:?}", world.losses(index));
        assert!(world.notices(index).is_empty(), "{:?}", world.notices(index));
        assert_eq!(world.peers[index].session.stats().refused.len(), 3);
    }
    world.assert_one_group(&[0, 1, 2]);
}

#[test]
fn rule_54_what_a_member_says_that_cannot_be_understood_is_shown_to_nobody() {
    // All of it is sealed as it should be, with the group's keys; some of it has the form of what people say.
    let seen = serde_json::json!({
        "log_id": "00000000000000000000000000000000", "seq": 1, "digest": "00".repeat(32),
    });
    let chat = |text: &str| {
        serde_json::json!({"seen": seen, "content": {"type": "chat", "id": "a1", "text": text}}).to_string()
    };
    let say = |world: &mut World, plain: &str| {
        let bytes = world.peers[2].session.seal_anything(plain.as_bytes()).unwrap();
        world.say(2, &ClientMessage::Post { post: 900, body: Post::Message { bytes } });
        world.run(500);
    };
    let mut world = World::of(3);
    say(&mut world, &chat("words"));
    assert_eq!(world.chats(0), ["words"], "the form is right");

    let mut world = World::of(3);
    let (number, epoch) = (world.peers[0].number.clone(), world.peers[0].session.epoch());
    let turned = chat("a\u{202e}b");
    let endless = chat(&"x".repeat(CHAT_MAX_CHARS + 1));
    for plain in ["", "{}", "no JSON", &turned, &endless] {
        say(&mut world, plain);
    }
    let insider = world.client(2).to_string();
    for index in 0..2 {
        assert!(world.chats(index).is_empty(), "peer {index}");
        let refused = world.peers[index].session.stats().refused;
        assert!(refused.iter().all(|refused| refused.rule == 54 && refused.client == insider), "{refused:?}");
        assert_eq!(refused.len(), 5);
        assert!(world.losses(index).is_empty() && world.alarms(index).is_empty());
        assert_eq!((&world.peers[index].number, world.peers[index].session.epoch()), (&number, epoch));
    }
    world.assert_one_group(&[0, 1, 2]);
    world.chat(0, "and it goes on");
    world.run(500);
    assert_eq!(world.chats(1), ["and it goes on"]);
}

#[test]
fn who_left_reads_nothing_more() {
    let mut world = World::of(3);
    let client = world.client(2);
    world.leave(2);
    world.run(2_000);
    world.chat(0, "without you");
    world.run(1_000);
    assert_eq!(world.chats(1), ["without you"]);
    assert!(world.peers[0].people.iter().all(|person| person.client != client.to_string()));
    assert!(world.chats(2).is_empty());
}

#[test]
fn a_message_overtaken_by_a_commit_is_read_although_older_keys_go_just_then() {
    let mut world = World::of(5);
    world.run(30_000);
    world.leave(4);
    world.run(9_500);
    let epoch = world.peers[0].session.epoch().unwrap();
    world.chat(1, "sealed before the commit");
    let held = std::mem::take(&mut world.peers[1].to_server);
    world.leave(3);
    world.run(1_000);
    assert_ne!(world.peers[0].session.epoch().unwrap(), epoch, "a commit has overtaken it");
    world.peers[1].to_server.extend(held);
    world.run(2_000);
    for index in 0..3 {
        assert_eq!(world.chats(index), ["sealed before the commit"], "as read by {index}");
    }
}

#[test]
fn a_message_that_comes_too_late_for_its_keys_is_said_again() {
    let mut world = World::of(4);
    world.run(30_000);
    world.chat(1, "held up");
    let held = std::mem::take(&mut world.peers[1].to_server);
    world.leave(3);
    world.run(12_000);
    world.peers[1].to_server.extend(held);
    world.run(2_000);
    for index in 0..3 {
        assert_eq!(world.chats(index), ["held up"], "as read by {index}");
    }
}
