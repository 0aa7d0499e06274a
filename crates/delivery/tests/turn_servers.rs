//! Who is told the TURN servers, and how often.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_wire::{ClientMessage, ErrorCode, ServerMessage};
use world::World;

const ASK: ClientMessage = ClientMessage::TurnServers {};

fn refused(message: &ServerMessage, code: ErrorCode) -> bool {
    matches!(message, ServerMessage::Error(error) if error.code == code)
}

#[test]
fn only_who_has_arrived_is_told() {
    let mut world = World::new();
    let connection = world.connect();
    world.say(connection, ASK);
    assert!(refused(&world.only(connection), ErrorCode::OutOfTurn));
    let (first, second) = world.pair();
    world.say(first.connection, ASK);
    assert_eq!(world.turn_servers, [first.connection]);
    assert!(world.take(second.connection).is_empty());
    world.say(first.connection, ClientMessage::Leave {});
    world.take(first.connection);
    world.say(first.connection, ASK);
    assert!(refused(&world.only(first.connection), ErrorCode::OutOfTurn));
    assert_eq!(world.turn_servers, [first.connection]);
}

#[test]
fn who_asks_again_and_again_is_refused() {
    let mut world = World::new();
    let (first, _) = world.pair();
    for _ in 0..6 {
        world.say(first.connection, ASK);
    }
    assert_eq!(world.turn_servers, [first.connection; 5]);
    assert!(refused(&world.only(first.connection), ErrorCode::TooMany));
}
