//! TURN servers reach the page before it makes an offer, and only a session that can use them asks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{cell::RefCell, rc::Rc};

use common::World;
use tangelo_call::{Command, Event, Phase};
use tangelo_wire::{ServerMessage, TurnServers};

/// A world whose server has a TURN server, with a browser and a native client in it, both on the way into the room.
fn world() -> World {
    let mut world = World::new();
    let mut asked = 0;
    world.tamper = Some(Box::new(move |_, message| match message {
        ServerMessage::TurnServers(_) => {
            asked += 1;
            let (urls, username) = (vec!["turn:turn.example".into()], format!("1:{asked}"));
            ServerMessage::TurnServers(TurnServers { urls, username, credential: "c".into(), seconds: 9 })
        }
        message => message,
    }));
    let browser = world.open(1);
    world.peers[browser].session.ask_for_turn_servers();
    world.run(1_500);
    world.open(2);
    world.run(1_500);
    world
}

/// The user names that a peer's page was told.
fn users(world: &World, peer: usize) -> Vec<String> {
    let events = world.peers[peer].events.iter();
    let users = events.filter_map(|event| match event {
        Event::TurnServers { username, .. } => Some(username.clone()),
        _ => None,
    });
    users.collect()
}

#[test]
fn they_are_known_before_the_first_offer() {
    let world = world();
    let events = &world.peers[0].events;
    let told = events.iter().position(|event| matches!(event, Event::TurnServers { .. })).unwrap();
    let inside = Event::Phase { phase: Phase::Inside };
    assert!(told < events.iter().position(|event| *event == inside).unwrap(), "{events:?}");
    assert_eq!(users(&world, 0), ["1:1"]);
    assert!(users(&world, 1).is_empty(), "who cannot use them does not ask");
    assert!(!format!("{events:?}").contains("\"c\""), "the password does not print");
}

#[test]
fn the_answer_comes_right_behind_the_snapshot() {
    let mut world = World::of(1);
    let last = Rc::new(RefCell::new(None));
    let behind = Rc::clone(&last);
    world.tamper = Some(Box::new(move |peer, message| {
        if peer == 1 {
            if let ServerMessage::TurnServers(_) = message {
                assert!(behind.borrow().is_some_and(|was_snapshot: bool| was_snapshot));
            }
            behind.replace(Some(matches!(message, ServerMessage::Snapshot { .. })));
        }
        message
    }));
    let browser = world.open(2);
    world.peers[browser].session.ask_for_turn_servers();
    world.run(1_500);
    assert!(last.borrow().is_some());
    assert_eq!(users(&world, browser).len(), 1);
}

#[test]
fn they_are_asked_for_again_when_the_page_wants_and_after_a_resume() {
    let mut world = world();
    world.command(0, Command::TurnServers {});
    world.command(1, Command::TurnServers {});
    world.run(100);
    assert_eq!(users(&world, 0), ["1:1", "1:2"]);
    let client = world.client(0);
    world.cut(0);
    world.run(5_000);
    assert_eq!(world.client(0), client, "it resumed");
    assert_eq!(users(&world, 0), ["1:1", "1:2", "1:3"]);
    assert!(users(&world, 1).is_empty());
}
