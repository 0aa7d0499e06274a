//! Statements of the host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use ed25519_dalek::{Signer, SigningKey};
use tangelo_delivery::ConnectionId;
use tangelo_wire::{
    AccessProof, Admission, Bytes, ClientId, ClientMessage, Entry, ErrorCode, GroupId, HostId, HostOrders,
    HostStatement, LogId, PROTOCOL, Post, RoomName, Seq, ServerMessage, limits,
};
use world::{HOST, World};

fn host_key() -> SigningKey {
    SigningKey::from_bytes(&[4; 32])
}

fn arrive(world: &mut World) -> (ConnectionId, LogId, Option<HostStatement>) {
    let (connection, _, log_id, said) = arrive_as(world);
    (connection, log_id, said)
}

/// Arrives in the secret room of [`host_key`].
fn arrive_as(world: &mut World) -> (ConnectionId, ClientId, LogId, Option<HostStatement>) {
    let access = SigningKey::from_bytes(&[5; 32]);
    let access_key = access.verifying_key().to_bytes();
    let host_id = HostId::of(&host_key().verifying_key().to_bytes());
    let room = RoomName::secret(&access_key, host_id);
    let connection = world.connect();
    world.say(connection, ClientMessage::Hello { protocol: PROTOCOL, room: room.clone(), host: HOST.into() });
    let ServerMessage::Assigned { client, .. } = world.only(connection) else { panic!() };
    let proof = AccessProof { host: HOST, room: &room, client, leaf_key: &[8; 32] };
    let admission = Admission {
        access_key: Bytes(access_key.to_vec()),
        host_id: Bytes(host_id.0.to_vec()),
        leaf_key: Bytes(vec![8; 32]),
        signature: Bytes(access.sign(proof.transcript().as_bytes()).to_bytes().to_vec()),
    };
    let arrive = ClientMessage::Arrive { key_package: Bytes(vec![1]), admission: Some(admission) };
    world.say(connection, arrive);
    let ServerMessage::Snapshot { log_id, said, .. } = world.only(connection) else { panic!() };
    (connection, client, log_id, said)
}

fn say(
    world: &mut World,
    connection: ConnectionId,
    key: &SigningKey,
    log_id: LogId,
    number: u64,
    words: &[u8],
) {
    let signature = key.sign(HostStatement::transcript(log_id, number, words).as_bytes());
    let said = HostStatement {
        number,
        statement: Bytes(words.to_vec()),
        host_key: Bytes(key.verifying_key().to_bytes().to_vec()),
        signature: Bytes(signature.to_bytes().to_vec()),
    };
    world.say(connection, ClientMessage::Post { post: 1, body: Post::HostSay { said } });
}

#[test]
fn the_host_speaks_in_the_log_and_to_newcomers() {
    let mut world = World::new();
    let (connection, log_id, _) = arrive(&mut world);
    for number in 1..=3 {
        say(&mut world, connection, &host_key(), log_id, number, br#"{"locked":true}"#);
        assert!(matches!(world.entries(connection)[0].entry, Entry::HostSaid { .. }));
    }
    let (_, _, said) = arrive(&mut world);
    assert_eq!(said.map(|said| said.number), Some(3), "the last statement says all");
}

#[test]
fn nobody_else_is_host() {
    let mut world = World::new();
    let (connection, log_id, _) = arrive(&mut world);
    say(&mut world, connection, &SigningKey::from_bytes(&[9; 32]), log_id, 1, br#"{"locked":true}"#);
    assert_eq!(world.error(connection), ErrorCode::Invalid);
    say(&mut world, connection, &host_key(), LogId([0; 16]), 1, br#"{"locked":true}"#);
    assert_eq!(world.error(connection), ErrorCode::Invalid, "said in another call");
    let long = vec![1; limits::HOST_STATEMENT_MAX_BYTES + 1];
    say(&mut world, connection, &host_key(), log_id, 1, &long);
    assert_eq!(world.error(connection), ErrorCode::TooLarge);
}

#[test]
fn a_statement_cannot_be_repeated() {
    let mut world = World::new();
    let (connection, log_id, _) = arrive(&mut world);
    say(&mut world, connection, &host_key(), log_id, 5, br#"{"locked":true}"#);
    world.take(connection);
    for number in [5, 4] {
        say(&mut world, connection, &host_key(), log_id, number, br#"{"locked":true}"#);
        assert_eq!(world.error(connection), ErrorCode::Invalid);
    }
}

#[test]
fn a_named_room_has_no_host() {
    let mut world = World::new();
    let client = world.arrive();
    say(&mut world, client.connection, &host_key(), client.log_id, 1, br#"{"locked":true}"#);
    assert_eq!(world.error(client.connection), ErrorCode::Invalid);
}

#[test]
fn whom_the_host_removed_founds_nothing() {
    let mut world = World::new();
    let (host, _, log_id, _) = arrive_as(&mut world);
    let (connection, client, _, _) = arrive_as(&mut world);
    let found = |client| Post::Found { parent: Seq(0), group_id: GroupId::derive(log_id, Seq(0), client) };
    let removed = HostOrders { removed: vec![client], ..HostOrders::default() };
    say(&mut world, host, &host_key(), log_id, 1, removed.to_bytes().as_slice());
    world.take(connection);
    world.say(connection, ClientMessage::Post { post: 2, body: found(client) });
    assert_eq!(world.error(connection), ErrorCode::GroupAlive);
    say(&mut world, host, &host_key(), log_id, 2, HostOrders::default().to_bytes().as_slice());
    world.take(connection);
    world.say(connection, ClientMessage::Post { post: 3, body: found(client) });
    assert!(matches!(world.entries(connection)[0].entry, Entry::Founded { .. }));
}
