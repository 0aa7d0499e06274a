//! Hello, Arrive, and what is refused on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use ed25519_dalek::{Signer, SigningKey};
use tangelo_delivery::Limits;
use tangelo_wire::{
    AccessProof, Admission, Bytes, ClientId, ClientMessage, DepartReason, Entry, ErrorCode, HostId, PROTOCOL,
    ResumeToken, RoomName, Seq, ServerMessage, limits,
};
use world::{HOST, World, arrival, found, message, room};

fn hello(protocol: u32, host: &str) -> ClientMessage {
    ClientMessage::Hello { protocol, room: room(), host: host.into() }
}

#[test]
fn a_newcomer_gets_a_snapshot_with_itself_and_then_every_entry() {
    let mut world = World::new();
    let first = world.arrive();
    assert_eq!(first.seq, Seq(1));
    let connection = world.connect();
    world.say(connection, hello(PROTOCOL, HOST));
    let ServerMessage::Assigned { client, present, pass_asked: false } = world.only(connection) else {
        panic!()
    };
    assert_eq!(present, 1);
    world.say(connection, arrival(9));
    let ServerMessage::Snapshot { log_id, seq, parent, group_id, present, published, said, .. } =
        world.only(connection)
    else {
        panic!()
    };
    assert_eq!((log_id, seq, parent, group_id), (first.log_id, Seq(2), Seq(0), None));
    let ids: Vec<ClientId> = present.iter().map(|presence| presence.client).collect();
    assert_eq!(ids, [first.id, client], "in the order of arrival");
    assert_eq!(present[1].key_package, Bytes(vec![9; 300]));
    assert!(published.is_empty() && said.is_none());

    let entries = world.entries(first.connection);
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].seq, matches!(entries[0].entry, Entry::Arrived { client: c, .. } if c == client)),
        (Seq(2), true)
    );
    world.post(&first, found(&first, 0));
    assert_eq!(world.entries(connection)[0].seq, Seq(3));
}

#[test]
fn nothing_is_answered_out_of_turn() {
    let mut world = World::new();
    let connection = world.connect();
    let bytes = Bytes(vec![1]);
    let early = [
        arrival(1),
        ClientMessage::Post { post: 1, body: message(1) },
        ClientMessage::Heartbeat { processed: Seq(0), check: None },
        ClientMessage::Offer { offer: 1, sdp: String::new(), lines: vec![] },
        ClientMessage::Leave {},
    ];
    for message in early {
        world.say(connection, message);
        assert_eq!(world.error(connection), ErrorCode::OutOfTurn);
    }
    world.hello(connection);
    world.say(connection, hello(PROTOCOL, HOST));
    assert_eq!(world.error(connection), ErrorCode::OutOfTurn);
    world.say(connection, ClientMessage::Arrive { key_package: bytes, admission: None, pass: None });
    assert!(matches!(world.only(connection), ServerMessage::Snapshot { .. }));
    let again = [
        arrival(1),
        ClientMessage::Resume {
            protocol: PROTOCOL,
            room: room(),
            token: ResumeToken([0; 32]),
            processed: Seq(0),
        },
    ];
    for message in again {
        world.say(connection, message);
        assert_eq!(world.error(connection), ErrorCode::OutOfTurn);
    }
    assert!(world.closed.is_empty(), "the connection goes on");
}

#[test]
fn another_protocol_or_host_is_refused_with_the_reason() {
    let mut world = World::new();
    for (message, code) in [
        (hello(PROTOCOL + 1, HOST), ErrorCode::Protocol),
        (hello(PROTOCOL, "evil.example"), ErrorCode::WrongHost),
    ] {
        let connection = world.connect();
        world.say(connection, message);
        let ServerMessage::Error(error) = world.only(connection) else { panic!() };
        assert_eq!(error.code, code);
        assert_eq!(error.text.contains("Host header"), code == ErrorCode::WrongHost, "{error}");
        assert!(world.closed.contains(&connection));
    }
}

#[test]
fn key_packages_have_bounds() {
    let mut world = World::new();
    let connection = world.connect();
    world.hello(connection);
    for (length, code) in [(0, ErrorCode::Invalid), (limits::KEY_PACKAGE_MAX_BYTES + 1, ErrorCode::TooLarge)]
    {
        world.say(
            connection,
            ClientMessage::Arrive { key_package: Bytes(vec![1; length]), admission: None, pass: None },
        );
        assert_eq!(world.error(connection), code);
    }
    assert_eq!(world.delivery.population(), (0, 0));
}

#[test]
fn a_secret_room_wants_the_proof_of_its_link() {
    let mut world = World::new();
    let access = SigningKey::from_bytes(&[5; 32]);
    let access_key = access.verifying_key().to_bytes();
    let host_id = HostId([6; 16]);
    let room = RoomName::secret(&access_key, host_id);
    let connection = world.connect();
    world.say(connection, ClientMessage::Hello { protocol: PROTOCOL, room: room.clone(), host: HOST.into() });
    let ServerMessage::Assigned { client, .. } = world.only(connection) else { panic!() };
    let admission = |signed_for: ClientId| {
        let proof = AccessProof { host: HOST, room: &room, client: signed_for, leaf_key: &[8; 32] };
        Admission {
            access_key: Bytes(access_key.to_vec()),
            host_id: Bytes(host_id.0.to_vec()),
            leaf_key: Bytes(vec![8; 32]),
            signature: Bytes(access.sign(proof.transcript().as_bytes()).to_bytes().to_vec()),
        }
    };
    for bad in [None, Some(admission(ClientId([0; 16])))] {
        world.say(
            connection,
            ClientMessage::Arrive { key_package: Bytes(vec![1]), admission: bad, pass: None },
        );
        assert_eq!(world.error(connection), ErrorCode::NotAdmitted);
    }
    let good = Some(admission(client));
    world.say(
        connection,
        ClientMessage::Arrive { key_package: Bytes(vec![1]), admission: good.clone(), pass: None },
    );
    let ServerMessage::Snapshot { present, .. } = world.only(connection) else { panic!() };
    assert_eq!(present[0].admission, good);
}

#[test]
fn full_rooms_and_servers_say_so() {
    let limits = Limits { room_clients_max: 2, clients_max: 3, rooms_max: 2, ..Limits::default() };
    let mut world = World::with(limits);
    let late = world.connect();
    world.hello(late);
    world.arrive();
    let second = world.arrive();
    let connection = world.connect();
    world.say(connection, hello(PROTOCOL, HOST));
    assert_eq!(world.error(connection), ErrorCode::RoomFull);
    world.say(late, arrival(1));
    assert_eq!(world.error(late), ErrorCode::RoomFull, "the place went while the key package was made");

    let other = |name: &str| ClientMessage::Hello {
        protocol: PROTOCOL,
        room: name.parse().unwrap(),
        host: HOST.into(),
    };
    world.say(connection, other("other"));
    assert!(matches!(world.only(connection), ServerMessage::Assigned { present: 0, .. }));
    world.say(connection, arrival(1));
    assert!(matches!(world.only(connection), ServerMessage::Snapshot { .. }));
    let fourth = world.connect();
    world.say(fourth, other("third"));
    assert_eq!(world.error(fourth), ErrorCode::ServerFull);
    world.say(second.connection, ClientMessage::Leave {});
    world.say(fourth, other("third"));
    assert_eq!(world.error(fourth), ErrorCode::ServerFull, "there are two rooms already");
    world.hello(fourth);
}

#[test]
fn a_connection_that_never_arrives_is_closed() {
    let mut world = World::new();
    let connection = world.connect();
    world.pass(20_000, &[]);
    world.hello(connection);
    world.pass(20_000, &[]);
    assert!(world.closed.is_empty(), "saying hello gives it time again");
    world.pass(20_000, &[]);
    assert_eq!(world.closed, [connection]);
    assert_eq!(world.delivery.poll_timeout(), None);
}

#[test]
fn a_room_that_everyone_left_begins_a_new_log() {
    let mut world = World::new();
    let first = world.arrive();
    world.say(first.connection, ClientMessage::Leave {});
    assert_eq!(world.delivery.population(), (0, 0));
    let again = world.arrive_on(first.connection);
    assert_eq!(again.seq, Seq(1));
    assert_ne!((again.log_id, again.id), (first.log_id, first.id));
}

#[test]
fn saying_hello_again_arrives_anew_and_departs_the_old_client_at_once() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let anew = world.arrive_on(second.connection);
    assert_ne!(anew.id, second.id);
    assert_eq!(world.departed, [second.id]);
    let seen = world.entries(first.connection);
    assert!(matches!(seen[0].entry, Entry::Departed { client, .. } if client == second.id));
    assert!(matches!(seen[1].entry, Entry::Arrived { client, .. } if client == anew.id));
}

#[test]
fn who_is_in_a_full_room_may_arrive_in_it_anew() {
    let limits = Limits { room_clients_max: 2, clients_max: 2, rooms_max: 1, ..Limits::default() };
    let mut world = World::with(limits);
    let (first, second) = (world.arrive(), world.arrive());
    world.take(first.connection);
    let again = world.arrive_on(first.connection);
    assert_ne!(again.id, first.id);
    assert_eq!(world.delivery.population(), (1, 2));
    let gone = Entry::Departed { client: first.id, reason: DepartReason::Replaced };
    assert_eq!(world.entries(second.connection).first().map(|entry| &entry.entry), Some(&gone));

    // Another room would be one too many as long as somebody stays behind in this one.
    let other =
        ClientMessage::Hello { protocol: PROTOCOL, room: "other".parse().unwrap(), host: HOST.into() };
    world.say(again.connection, other.clone());
    assert_eq!(world.error(again.connection), ErrorCode::ServerFull);
    assert_eq!(world.delivery.population(), (1, 2), "who is refused stays where they are");
    world.say(second.connection, ClientMessage::Leave {});
    world.take(again.connection);
    world.say(again.connection, other);
    assert!(matches!(world.only(again.connection), ServerMessage::Assigned { present: 0, .. }));
    assert_eq!(world.delivery.population(), (0, 0));
}
