//! Rooms that take a token, to come in or to begin them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_delivery::{ConnectionId, Doors, Grant, Limits, Shown};
use tangelo_wire::{
    Bytes, ClientMessage, Entry, ErrorCode, PROTOCOL, Pass, ResumeToken, RoomName, ServerMessage, WireError,
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
    arrive_in(world, room(), returning, shown)
}

fn arrive_elsewhere(
    world: &mut World,
    returning: Option<ResumeToken>,
    shown: Shown,
) -> (ConnectionId, Result<ResumeToken, ErrorCode>) {
    arrive_in(world, "other".parse().unwrap(), returning, shown)
}

fn elsewhere() -> Grant {
    Grant { room: "other".parse().ok(), ..grant("join") }
}

fn arrive_in(
    world: &mut World,
    room: RoomName,
    returning: Option<ResumeToken>,
    shown: Shown,
) -> (ConnectionId, Result<ResumeToken, ErrorCode>) {
    let connection = world.connect();
    world.say(connection, ClientMessage::Hello { protocol: PROTOCOL, room, host: HOST.into() });
    assert!(matches!(world.only(connection), ServerMessage::Assigned { .. }));
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
    third.unwrap();
    world.drop_connection(&world::Client { connection: three, ..nobody() });
    world.pass(11_000, &[]);
    assert_eq!(world.delivery.population(), (0, 0), "it was silent for too long");
    // An answer may get lost: whoever it was is let in again.
    for _ in 0..2 {
        assert!(arrive(&mut world, Some(first), Ok(None)).1.is_ok(), "any of them");
    }
    assert_eq!(arrive(&mut world, Some(ResumeToken([9; 32])), Ok(None)).1, Err(ErrorCode::TokenNeeded));
}

#[test]
fn coming_back_gives_no_more_time_however_often() {
    let mut world = world(Doors::Token);
    let (one, first) = arrive(&mut world, None, Ok(Some(grant("join"))));
    world.say(one, ClientMessage::Leave {});
    let first = first.unwrap();
    let mut last = first;
    for _ in 0..3 {
        let (next, token) = arrive(&mut world, Some(last), expired());
        last = token.unwrap();
        world.say(next, ClientMessage::Leave {});
        world.pass(4 * 60_000, &[]);
    }
    let (inside, token) = arrive(&mut world, Some(last), expired());
    let inside = world::Client { connection: inside, ..nobody() };
    world.pass(4 * 60_000, &[&inside]);
    for late in [first, last, token.unwrap()] {
        assert_eq!(arrive(&mut world, Some(late), expired()).1, Err(ErrorCode::TokenExpired));
    }
    assert_eq!(world.delivery.population(), (1, 1), "who is inside stays");
    // With a token that is good it begins anew.
    let (again, token) = arrive(&mut world, Some(last), Ok(Some(grant("join"))));
    let again = world::Client { connection: again, seq: tangelo_wire::Seq(2), ..nobody() };
    world.pass(16 * 60_000, &[&inside, &again]);
    assert!(arrive(&mut world, token.ok(), expired()).1.is_ok());
}

#[test]
fn who_stays_inside_lets_others_in_for_a_while_at_most() {
    let mut world = world(Doors::Token);
    let (inside, token) = arrive(&mut world, None, Ok(Some(grant("join"))));
    let (token, inside) = (token.ok(), world::Client { connection: inside, ..nobody() });
    world.pass(60 * 60_000, &[&inside]);
    let other = arrive(&mut world, token, expired()).0;
    world.say(other, ClientMessage::Leave {});
    world.pass(16 * 60_000, &[&inside]);
    assert_eq!(arrive(&mut world, token, expired()).1, Err(ErrorCode::TokenExpired));
    assert_eq!(world.delivery.population(), (1, 1));
}

#[test]
fn only_a_creator_comes_back_into_what_nobody_is_in() {
    let mut world = world(Doors::Creators);
    let (creator, first) = arrive(&mut world, None, Ok(Some(grant("create"))));
    let (guest, token) = arrive(&mut world, None, Ok(Some(grant("join"))));
    let first = first.ok();
    let (again, second) = arrive(&mut world, first, expired());
    for connection in [creator, guest, again] {
        world.say(connection, ClientMessage::Leave {});
    }
    assert_eq!(verdict(&mut world, Ok(None)), Err(ErrorCode::NotBegun));
    assert_eq!(arrive(&mut world, token.ok(), Ok(None)).1, Err(ErrorCode::NotBegun));
    let back = arrive(&mut world, second.ok(), Ok(None));
    assert!(back.1.is_ok(), "and what it became");
    world.say(back.0, ClientMessage::Leave {});
    world.pass(16 * 60_000, &[]);
    assert_eq!(arrive(&mut world, first, Ok(None)).1, Err(ErrorCode::NotBegun));
}

#[test]
fn one_room_takes_no_other_rooms_ways_back() {
    let limits = Limits { room_clients_max: 2, ..Limits::default() };
    let mut world = World::with(limits);
    world.delivery = world.delivery.open_to(Doors::Token);
    let before = arrive_elsewhere(&mut world, None, Ok(Some(elsewhere())));
    world.say(before.0, ClientMessage::Leave {});
    let tokens: Vec<ResumeToken> = (0..9)
        .map(|_| {
            let (connection, token) = arrive(&mut world, None, Ok(Some(grant("join"))));
            world.say(connection, ClientMessage::Leave {});
            token.unwrap()
        })
        .collect();
    assert_eq!(arrive(&mut world, Some(tokens[0]), Ok(None)).1, Err(ErrorCode::TokenNeeded), "the oldest");
    assert!(arrive(&mut world, Some(tokens[1]), Ok(None)).1.is_ok());
    assert!(arrive_elsewhere(&mut world, before.1.ok(), Ok(None)).1.is_ok(), "older, in another room");
}

#[test]
fn one_room_is_not_another_for_who_comes_back() {
    let mut world = world(Doors::Token);
    let (connection, token) = arrive_elsewhere(&mut world, None, Ok(Some(elsewhere())));
    let token = token.unwrap();
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
    let token = token.ok();
    assert!(arrive(&mut world, token, expired()).1.is_ok());
    world.pass(16 * 60_000, &[]);
    assert_eq!(arrive(&mut world, token, expired()).1, Err(ErrorCode::TokenExpired));
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
