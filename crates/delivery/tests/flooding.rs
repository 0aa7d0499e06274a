//! Clients that send too much.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_wire::{ClientMessage, ErrorCode, Seq, ServerMessage, WireError};
use world::World;

#[test]
fn a_flood_is_answered_with_errors_and_then_cut_and_nobody_else_notices() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let mut sent = 0;
    while world.closed.is_empty() {
        sent += 1;
        assert!(sent < 1_000);
        world.say(first.connection, ClientMessage::Heartbeat { processed: Seq(5), check: None });
    }
    let errors = world.take(first.connection);
    assert!(errors.len() > 50);
    let too_many = |m: &ServerMessage| matches!(m, ServerMessage::Error(e) if e.code == ErrorCode::TooMany);
    assert!(errors.iter().all(too_many));
    assert!(world.take(second.connection).is_empty());
    // It may resume like any dropped one, and goes on at a decent rate.
    let back = world.resume(&first, 5);
    assert!(matches!(world.only(back.connection), ServerMessage::Resumed { .. }));
}

#[test]
fn who_keeps_sending_somewhat_too_much_is_cut_too() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let mut sent = 0;
    while world.closed.is_empty() {
        sent += 1;
        assert!(sent < 10_000);
        // 100 a second, where 20 are allowed.
        world.now = world.now + 10;
        world.say(first.connection, ClientMessage::Heartbeat { processed: Seq(5), check: None });
    }
    assert!(world.take(second.connection).is_empty());
}

#[test]
fn refusals_name_what_they_refuse() {
    let mut world = World::new();
    let (first, _) = world.pair();
    for _ in 0..99 {
        world.beat(&first, 5);
    }
    world.take(first.connection);
    world.say(first.connection, ClientMessage::Post { post: 77, body: world::message(1) });
    world.say(first.connection, ClientMessage::Offer { offer: 78, sdp: String::new(), lines: vec![] });
    let said = world.take(first.connection);
    assert!(matches!(said[0], ServerMessage::Refused { post: 77, .. }), "{said:?}");
    assert!(matches!(said[1], ServerMessage::OfferRefused { offer: 78, .. }));
}

#[test]
fn junk_counts_like_messages() {
    let mut world = World::new();
    let connection = world.connect();
    for _ in 0..100 {
        let error = WireError::new(ErrorCode::Malformed, "no JSON");
        world.delivery.handle_bad(world.now, connection, error);
    }
    world.carry_out();
    assert_eq!(world.take(connection).len(), 100);
    for _ in 0..200 {
        let error = WireError::new(ErrorCode::Malformed, "no JSON");
        world.delivery.handle_bad(world.now, connection, error);
    }
    world.carry_out();
    assert_eq!(world.closed, [connection]);
}

#[test]
fn unknown_connections_are_ignored() {
    let mut world = World::new();
    let connection = world.connect();
    world.delivery.disconnected(world.now, connection);
    world.say(connection, ClientMessage::Leave {});
    world.delivery.disconnected(world.now, connection);
    assert!(world.inbox.is_empty() && world.closed.is_empty());
}
