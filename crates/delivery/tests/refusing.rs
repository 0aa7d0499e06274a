//! When newcomers are refused, and what is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_delivery::{Entries, Limits, Rate, Stats};
use tangelo_wire::{ClientMessage, DepartReason, ErrorCode, PROTOCOL, ServerMessage, WireError};
use world::World;

/// That of `world::room`.
const ROOM: &str = "standup";

fn hello(room: &str) -> ClientMessage {
    ClientMessage::Hello { protocol: PROTOCOL, room: room.parse().unwrap(), host: world::HOST.into() }
}

const STOPPING: ServerMessage = ServerMessage::Stopping { seconds: 30 };

#[test]
fn a_server_that_stops_tells_everyone_and_begins_no_room() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let waiting = world.connect();
    world.delivery.stop_soon(world.now, 30);
    world.carry_out();
    assert_eq!((world.only(first.connection), world.only(second.connection)), (STOPPING, STOPPING));
    assert!(world.take(waiting).is_empty(), "who is not inside yet is told when it is");

    world.say(waiting, hello("another"));
    assert_eq!(world.error(waiting), ErrorCode::Stopping);
    world.hello(waiting);
    world.say(waiting, world::arrival(1));
    let told = world.take(waiting);
    assert!(matches!(told[..], [ServerMessage::Snapshot { .. }, STOPPING]), "{told:?}");

    world.drop_connection(&first);
    world.now = world.now + 9_100;
    let back = world.resume(&first, 5);
    let told = world.take(back.connection);
    assert!(matches!(told.first(), Some(ServerMessage::Resumed { .. })), "{told:?}");
    assert_eq!(told.last(), Some(&ServerMessage::Stopping { seconds: 21 }), "what is left of it");
    world.delivery.refuse_newcomers(None);
    let late = world.connect();
    world.say(late, hello("another"));
    assert_eq!(world.error(late), ErrorCode::Stopping, "it stays so");

    // Nobody begins the room again that they have left.
    for connection in [back.connection, second.connection, waiting] {
        world.say(connection, ClientMessage::Leave {});
    }
    assert_eq!(world.delivery.population(), (0, 0));
    world.take(waiting);
    world.say(waiting, hello(ROOM));
    assert_eq!(world.error(waiting), ErrorCode::Stopping);
}

#[test]
fn a_server_without_room_refuses_newcomers_and_nobody_else_notices() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.delivery.refuse_newcomers(Some("the network is busy"));
    world.carry_out();
    let newcomer = world.connect();
    world.say(newcomer, hello(ROOM));
    let busy = WireError::new(ErrorCode::ServerFull, "the network is busy");
    assert_eq!(world.only(newcomer), ServerMessage::Error(busy));
    assert!(world.take(first.connection).is_empty() && world.take(second.connection).is_empty());
    // Who was dropped is no newcomer, nor is who changes the room.
    world.drop_connection(&first);
    let back = world.resume(&first, 5);
    assert!(matches!(world.only(back.connection), ServerMessage::Resumed { .. }));
    world.say(back.connection, hello("another"));
    assert!(matches!(world.take(back.connection).last(), Some(ServerMessage::Assigned { .. })));
    world.delivery.refuse_newcomers(None);
    world.arrive_on(newcomer);
}

#[test]
fn who_arrives_anew_on_its_own_connection_is_no_newcomer() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.delivery.refuse_newcomers(Some("the network is busy"));
    world.arrive_on(first.connection);
    // Of the whole room nobody else is left when it arrives: it is the same call still, not a new one.
    world.delivery.stop_soon(world.now, 30);
    world.carry_out();
    world.say(second.connection, ClientMessage::Leave {});
    world.take(first.connection);
    world.hello(first.connection);
    world.say(first.connection, world::arrival(1));
    let told = world.take(first.connection);
    assert!(matches!(told[..], [ServerMessage::Snapshot { .. }, STOPPING]), "{told:?}");
    // Once it has left, it has no place any more.
    world.say(first.connection, ClientMessage::Leave {});
    world.take(first.connection);
    world.say(first.connection, hello(ROOM));
    assert_eq!(world.error(first.connection), ErrorCode::Stopping);
}

#[test]
fn a_server_that_stops_still_has_no_room_for_newcomers() {
    let mut world = World::new();
    let _inside = world.pair();
    world.delivery.refuse_newcomers(Some("the network is busy"));
    world.delivery.stop_soon(world.now, 30);
    world.carry_out();
    let newcomer = world.connect();
    world.say(newcomer, hello(ROOM));
    assert_eq!(world.error(newcomer), ErrorCode::ServerFull);
    world.say(newcomer, hello("another"));
    assert_eq!(world.error(newcomer), ErrorCode::Stopping);
    world.delivery.refuse_newcomers(None);
    world.say(newcomer, hello(ROOM));
    assert!(matches!(world.only(newcomer), ServerMessage::Assigned { .. }));
}

#[test]
fn arrivals_in_a_room_have_a_pace() {
    let room_arrivals = Rate { per_second: 1, burst: 3 };
    let mut world = World::with(Limits { room_arrivals, ..Limits::default() });
    let connection = world.connect();
    for _ in 0..2 {
        world.arrive();
    }
    // Two of them and one that comes and goes.
    world.arrive_on(connection);
    world.say(connection, ClientMessage::Leave {});
    world.take(connection);
    world.say(connection, hello(ROOM));
    assert_eq!(world.error(connection), ErrorCode::TooMany);
    world.say(connection, hello("another"));
    assert!(
        matches!(world.only(connection), ServerMessage::Assigned { .. }),
        "other rooms are not concerned"
    );
    world.now = world.now + 1_000;
    world.arrive();
}

#[test]
fn messages_in_a_room_have_a_pace() {
    let room_messages = Rate { per_second: 1, burst: 2 };
    let mut world = World::with(Limits { room_messages, ..Limits::default() });
    let (first, second) = world.pair();
    world.post(&first, world::message(1));
    world.post(&second, world::message(1));
    assert_eq!((world.entries(first.connection).len(), world.entries(second.connection).len()), (2, 2));
    world.post(&first, world::message(1));
    assert_eq!(world.error(first.connection), ErrorCode::TooMany);
    assert!(world.take(second.connection).is_empty());
    world.now = world.now + 1_000;
    world.post(&first, world::message(1));
    assert_eq!(world.entries(second.connection).len(), 1);
}

#[test]
fn what_happens_is_counted_whatever_becomes_of_the_room() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.post(&first, world::message(1));
    world.post(&second, world::commit(1, &[]));
    world.post(&second, world::message(0));
    world.drop_connection(&first);
    world.resume(&first, 6);
    let stats = world.delivery.stats();
    let entries =
        Entries { arrived: 2, founded: 1, committed: 1, entered: 1, message: 1, ..Entries::default() };
    let expected = Stats {
        rooms: 1,
        clients: 2,
        connections: 2,
        arrived: 2,
        resumed: 1,
        departed: [].into(),
        refused: [(ErrorCode::TooLarge, 1)].into(),
        stale: 1,
        entries,
    };
    assert_eq!(stats, expected);
    world.say(second.connection, ClientMessage::Leave {});
    world.pass(60_000, &[]);
    let stats = world.delivery.stats();
    assert_eq!((stats.rooms, stats.clients, stats.connections), (0, 0, 0));
    assert_eq!(stats.departed, [(DepartReason::Left, 1), (DepartReason::Silent, 1)].into());
    assert_eq!(stats.entries, Entries { departed: 2, ..entries });
}
