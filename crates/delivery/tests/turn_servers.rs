//! Who is told the TURN servers, and how often.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_wire::{ClientMessage, ErrorCode, ServerMessage, TurnServers};
use world::World;

fn servers() -> TurnServers {
    let username = "1700043200:0f".to_owned();
    TurnServers { urls: vec!["turn:turn.example".into()], username, credential: "secret".into(), seconds: 9 }
}

fn ask() -> ClientMessage {
    ClientMessage::TurnServers { ready: Some(servers()) }
}

fn refused(message: &ServerMessage, code: ErrorCode) -> bool {
    matches!(message, ServerMessage::Error(error) if error.code == code)
}

#[test]
fn only_who_has_arrived_is_told() {
    let mut world = World::new();
    let connection = world.connect();
    world.say(connection, ask());
    assert!(refused(&world.only(connection), ErrorCode::OutOfTurn));
    let (first, second) = world.pair();
    world.say(first.connection, ask());
    assert_eq!(world.only(first.connection), ServerMessage::TurnServers(servers()));
    assert!(world.take(second.connection).is_empty());
    world.say(first.connection, ClientMessage::Leave {});
    world.take(first.connection);
    world.say(first.connection, ask());
    assert!(refused(&world.only(first.connection), ErrorCode::OutOfTurn));
}

#[test]
fn without_servers_the_answer_names_none() {
    let mut world = World::new();
    let (first, _) = world.pair();
    world.say(first.connection, ClientMessage::TurnServers { ready: None });
    assert_eq!(world.only(first.connection), ServerMessage::TurnServers(TurnServers::default()));
}

#[test]
fn who_asks_again_and_again_is_refused() {
    let mut world = World::new();
    let (first, _) = world.pair();
    for _ in 0..6 {
        world.say(first.connection, ask());
    }
    let said = world.take(first.connection);
    assert!(said[..5].iter().all(|message| *message == ServerMessage::TurnServers(servers())));
    assert!(refused(&said[5], ErrorCode::TooMany), "{said:?}");
}
