//! Rooms that take a token, to come in or to begin them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_delivery::{ConnectionId, Doors, Grant, Shown};
use tangelo_wire::{
    Bytes, ClientMessage, Entry, ErrorCode, PROTOCOL, Pass, ResumeToken, ServerMessage, WireError,
};
use world::{HOST, World, arrival, room};

fn world(doors: Doors) -> World {
    let mut world = World::new();
    world.delivery = world.delivery.open_to(doors);
    world
}

/// A token that was genuine and in time.
fn grant(rights: &str) -> Grant {
    Grant {
        room: Some(room()),
        hosts: vec![],
        join: rights.contains("join"),
        create: rights.contains("create"),
    }
}

fn expired() -> Shown {
    Err(WireError::new(ErrorCode::TokenExpired, "the token has expired"))
}

/// Arrives with this, and returns where and, if it was let in, how to come back.
fn arrive(
    world: &mut World,
    returning: Option<ResumeToken>,
    shown: Shown,
) -> (ConnectionId, Result<ResumeToken, ErrorCode>) {
    let connection = world.connect();
    world.hello(connection);
    let pass = Some(Pass { token: None, returning });
    let arrive = ClientMessage::Arrive { key_package: Bytes(vec![1; 300]), admission: None, pass };
    world.delivery.handle_shown(world.now, connection, arrive, shown);
    world.carry_out();
    match world.only(connection) {
        ServerMessage::Snapshot { token, .. } => (connection, Ok(token)),
        ServerMessage::Error(error) => (connection, Err(error.code)),
        other => panic!("{other:?}"),
    }
}

fn verdict(world: &mut World, shown: Shown) -> Result<(), ErrorCode> {
    arrive(world, None, shown).1.map(|_| ())
}

#[test]
fn who_has_the_link_is_asked_for_nothing_where_that_is_enough() {
    let mut world = world(Doors::Link);
    let connection = world.connect();
    world.say(connection, ClientMessage::Hello { protocol: PROTOCOL, room: room(), host: HOST.into() });
    assert!(matches!(world.only(connection), ServerMessage::Assigned { pass_asked: false, .. }));
    assert_eq!(verdict(&mut world, Ok(None)), Ok(()));
    assert_eq!(verdict(&mut world, expired()), Ok(()));
}

#[test]
fn a_token_is_needed_and_must_be_for_here() {
    let mut world = world(Doors::Token);
    let connection = world.connect();
    world.say(connection, ClientMessage::Hello { protocol: PROTOCOL, room: room(), host: HOST.into() });
    assert!(matches!(world.only(connection), ServerMessage::Assigned { pass_asked: true, .. }));
    world.say(connection, arrival(1));
    assert_eq!(world.error(connection), ErrorCode::TokenNeeded);

    let (inside, token) = arrive(&mut world, None, Ok(Some(grant("join"))));
    assert!(token.is_ok(), "it begins a room as well");
    let elsewhere = Grant { room: "other".parse().ok(), ..grant("join create") };
    let other_host = Grant { hosts: vec!["other.example".to_owned()], ..grant("join") };
    for (shown, code) in [
        (Ok(None), ErrorCode::TokenNeeded),
        (expired(), ErrorCode::TokenExpired),
        (Ok(Some(grant(""))), ErrorCode::TokenInvalid),
        (Ok(Some(elsewhere)), ErrorCode::TokenElsewhere),
        (Ok(Some(other_host)), ErrorCode::TokenElsewhere),
    ] {
        assert_eq!(verdict(&mut world, shown), Err(code));
        assert!(world.take(inside).is_empty(), "nobody inside notices");
    }
    let hosts = vec!["other.example".to_owned(), HOST.to_owned()];
    for good in [grant("create"), Grant { room: None, ..grant("join") }, Grant { hosts, ..grant("join") }] {
        assert_eq!(verdict(&mut world, Ok(Some(good))), Ok(()));
        let entries = world.entries(inside);
        assert!(
            matches!(entries[..], [ref one] if matches!(one.entry, Entry::Arrived { .. })),
            "{entries:?}"
        );
    }
}

#[test]
fn only_creators_begin_and_everyone_joins() {
    let mut world = world(Doors::Creators);
    for (shown, code) in [
        (Ok(None), ErrorCode::NotBegun),
        (Ok(Some(grant("join"))), ErrorCode::NotBegun),
        (Ok(Some(Grant { room: "other".parse().ok(), ..grant("create") })), ErrorCode::TokenElsewhere),
        (expired(), ErrorCode::TokenExpired),
    ] {
        assert_eq!(verdict(&mut world, shown), Err(code));
    }
    assert_eq!(world.delivery.population(), (0, 0), "nobody leaves a room behind");
    let creator = arrive(&mut world, None, Ok(Some(grant("create")))).0;
    let guest = arrive(&mut world, None, Ok(None)).0;
    assert_eq!(verdict(&mut world, expired()), Ok(()), "the link alone would do");
    world.say(creator, ClientMessage::Leave {});
    assert_eq!(verdict(&mut world, Ok(None)), Ok(()), "it goes on without its creator");
    assert!(!world.take(guest).is_empty());
}

#[test]
fn who_was_inside_comes_back_although_the_token_has_expired() {
    let mut world = world(Doors::Token);
    let (one, first) = arrive(&mut world, None, Ok(Some(grant("join"))));
    let first = first.unwrap();
    // While it counts as present, after it has left, and again as what it became.
    let (two, second) = arrive(&mut world, Some(first), expired());
    let second = second.unwrap();
    world.say(one, ClientMessage::Leave {});
    world.say(two, ClientMessage::Leave {});
    assert_eq!(world.delivery.population(), (0, 0));
    let (three, third) = arrive(&mut world, Some(second), Ok(None));
    let third = third.unwrap();
    world.drop_connection(&world::Client { connection: three, ..nobody() });
    world.pass(11_000, &[]);
    assert_eq!(world.delivery.population(), (0, 0), "it was silent for too long");
    assert!(arrive(&mut world, Some(first), Ok(None)).1.is_ok(), "any of them");
    world.pass(14 * 60_000, &[]);
    let (four, fourth) = arrive(&mut world, Some(third), expired());
    fourth.unwrap();
    world.say(four, ClientMessage::Leave {});
    world.pass(16 * 60_000, &[]);
    assert_eq!(
        arrive(&mut world, Some(third), expired()).1,
        Err(ErrorCode::TokenExpired),
        "that was long ago"
    );
    assert_eq!(arrive(&mut world, Some(ResumeToken([9; 32])), Ok(None)).1, Err(ErrorCode::TokenNeeded));
}

#[test]
fn a_guest_who_was_alone_comes_back_into_what_nobody_is_in() {
    let mut world = world(Doors::Creators);
    let creator = arrive(&mut world, None, Ok(Some(grant("create")))).0;
    let (guest, token) = arrive(&mut world, None, Ok(None));
    world.say(creator, ClientMessage::Leave {});
    world.say(guest, ClientMessage::Leave {});
    assert_eq!(verdict(&mut world, Ok(None)), Err(ErrorCode::NotBegun));
    assert!(arrive(&mut world, token.ok(), Ok(None)).1.is_ok());
}

#[test]
fn one_room_is_not_another_for_who_comes_back() {
    let mut world = world(Doors::Token);
    let other = Grant { room: "other".parse().ok(), ..grant("join") };
    let connection = world.connect();
    let hello =
        ClientMessage::Hello { protocol: PROTOCOL, room: "other".parse().unwrap(), host: HOST.into() };
    world.say(connection, hello);
    world.take(connection);
    world.delivery.handle_shown(world.now, connection, arrival(1), Ok(Some(other)));
    world.carry_out();
    let ServerMessage::Snapshot { token, .. } = world.only(connection) else { panic!() };
    assert_eq!(arrive(&mut world, Some(token), Ok(None)).1, Err(ErrorCode::TokenNeeded));
    world.say(connection, ClientMessage::Leave {});
    assert_eq!(arrive(&mut world, Some(token), Ok(None)).1, Err(ErrorCode::TokenNeeded));
}

#[test]
fn a_dropped_connection_resumes_without_a_token() {
    let mut world = world(Doors::Token);
    let (connection, token) = arrive(&mut world, None, Ok(Some(grant("join"))));
    let client = world::Client { connection, token: token.unwrap(), ..nobody() };
    world.drop_connection(&client);
    let back = world.resume(&client, 1);
    assert!(matches!(world.take(back.connection)[..], [ServerMessage::Resumed { .. }, ..]));
}

#[test]
fn who_comes_back_is_known_after_a_restart() {
    let mut world = World::keeping();
    world.delivery = world.delivery.open_to(Doors::Token);
    let (_, token) = arrive(&mut world, None, Ok(Some(grant("join"))));
    world.restart();
    world.delivery = std::mem::replace(&mut world.delivery, World::new().delivery).open_to(Doors::Token);
    assert_eq!(verdict(&mut world, Ok(None)), Err(ErrorCode::TokenNeeded));
    assert!(arrive(&mut world, token.ok(), expired()).1.is_ok());
}

/// To be filled in.
fn nobody() -> world::Client {
    world::Client {
        connection: ConnectionId(0),
        id: tangelo_wire::ClientId([0; 16]),
        log_id: tangelo_wire::LogId([0; 16]),
        token: ResumeToken([0; 32]),
        seq: tangelo_wire::Seq(1),
    }
}
