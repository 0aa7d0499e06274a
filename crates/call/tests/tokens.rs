//! A link's token is shown to the server that asks for it, and to nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{cell::RefCell, rc::Rc};

use common::World;
use tangelo_call::Phase;
use tangelo_delivery::{Delivery, Doors, Limits};
use tangelo_wire::{ErrorCode, ServerMessage, WireError};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoiKiJ9.c2lnbmVk";

fn world(doors: Doors) -> World {
    let mut world = World::new();
    world.delivery = world.delivery.open_to(doors);
    world
}

/// Opens the link with a token.
fn open_with_token(world: &mut World, person: u8) -> usize {
    let plain = world.link.clone();
    world.link = format!("{plain}&token={TOKEN}");
    let opened = world.open(person);
    world.link = plain;
    opened
}

/// What a peer says until it is in the call.
fn said(world: &mut World, peer: usize) -> Vec<String> {
    let mut said = Vec::new();
    for _ in 0..200 {
        said.extend(world.peers[peer].to_server.front().cloned());
        if !world.step_to_server(peer) && !world.step_to_client(peer) {
            break;
        }
    }
    said
}

#[test]
fn it_is_shown_to_a_server_that_asks_and_to_no_member() {
    let mut world = world(Doors::Token);
    let heard = Rc::new(RefCell::new(String::new()));
    let all = Rc::clone(&heard);
    world.tamper = Some(Box::new(move |_, message| {
        all.borrow_mut().push_str(&message.to_json());
        message
    }));
    let one = open_with_token(&mut world, 1);
    let said = said(&mut world, one);
    let showing: Vec<_> = said.iter().filter(|text| text.contains(TOKEN)).collect();
    assert!(matches!(showing[..], [arrive] if arrive.starts_with("{\"type\":\"arrive\"")), "{said:?}");
    world.run(1_500);
    let two = open_with_token(&mut world, 2);
    world.run(1_500);
    world.assert_one_group(&[one, two]);
    assert!(heard.borrow().contains("snapshot") && !heard.borrow().contains(TOKEN));
    assert!(!format!("{:?}", world.peers[one].session).contains(TOKEN));
}

#[test]
fn a_server_that_does_not_ask_is_shown_nothing() {
    let mut world = world(Doors::Link);
    let one = open_with_token(&mut world, 1);
    let said = said(&mut world, one);
    assert!(said.iter().any(|text| text.contains("arrive")));
    assert!(said.iter().all(|text| !text.contains("pass") && !text.contains(TOKEN)), "{said:?}");
}

#[test]
fn who_has_none_is_told_what_to_do() {
    let mut world = world(Doors::Token);
    let one = world.open(1);
    world.run(1_500);
    let text = world.peers[one].ended.clone().unwrap();
    assert_eq!(text, "This call takes an invitation of your own. Ask whoever invited you for a new link.");
}

#[test]
fn each_refusal_at_the_door_is_said_in_other_words() {
    let mut texts = Vec::new();
    for code in [
        ErrorCode::TokenNeeded,
        ErrorCode::TokenInvalid,
        ErrorCode::TokenExpired,
        ErrorCode::TokenEarly,
        ErrorCode::TokenElsewhere,
        ErrorCode::NotBegun,
    ] {
        let mut world = world(Doors::Link);
        world.tamper = Some(Box::new(move |_, message| match message {
            ServerMessage::Snapshot { .. } => ServerMessage::Error(WireError::new(code, "no")),
            message => message,
        }));
        let one = world.open(1);
        world.run(1_500);
        texts.push(world.peers[one].ended.clone().unwrap());
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 6, "{texts:#?}");
}

#[test]
fn who_arrives_anew_after_the_token_has_expired_is_let_in_again() {
    let mut world = world(Doors::Token);
    let one = open_with_token(&mut world, 1);
    world.run(1_500);
    let two = open_with_token(&mut world, 2);
    world.run(1_500);
    world.assert_one_group(&[one, two]);
    world.tokens_good = false;
    for _ in 0..2 {
        let before = world.client(two);
        world.peers[two].frozen = true;
        world.run(30_000);
        world.thaw(two);
        world.run(5_000);
        assert_ne!(world.client(two), before, "it is another client");
        world.assert_one_group(&[one, two]);
    }
    let late = open_with_token(&mut world, 3);
    world.run(1_500);
    assert!(world.peers[late].ended.clone().unwrap().contains("has expired"));
    world.assert_one_group(&[one, two]);
}

#[test]
fn who_was_inside_waits_for_somebody_who_may_begin_the_call_again() {
    let mut world = world(Doors::Creators);
    let creator = open_with_token(&mut world, 1);
    world.run(1_500);
    let guest = world.open(2);
    world.run(1_500);
    world.assert_one_group(&[creator, guest]);
    // Another server, which knows nobody; the guest is the first to find it.
    world.peers[creator].frozen = true;
    world.delivery = Delivery::new(Limits::default(), [8; 32]).open_to(Doors::Creators);
    world.cut(guest);
    world.run(15_000);
    assert_eq!(
        (world.peers[guest].ended.clone(), world.peers[guest].phase),
        (None, Some(Phase::Reconnecting))
    );
    world.cut(creator);
    world.thaw(creator);
    world.run(15_000);
    world.assert_one_group(&[creator, guest]);
}
