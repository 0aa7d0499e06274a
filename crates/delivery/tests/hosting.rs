//! Statements of the host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use ed25519_dalek::{Signer, SigningKey};
use tangelo_delivery::{ConnectionId, Doors};
use tangelo_wire::{
    AccessProof, Admission, Bytes, ClientId, ClientMessage, DepartReason, Entry, ErrorCode, GroupId, HostId,
    HostOrders, HostStatement, LogId, PROTOCOL, Pass, Post, Published, ResumeToken, RoomName, Seq,
    ServerMessage, Source, limits,
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
fn arrive_as(world: &mut World) -> Arrived {
    let (arrived, _) = arrive_with_token(world);
    arrived
}

type Arrived = (ConnectionId, ClientId, LogId, Option<HostStatement>);

fn arrive_with_token(world: &mut World) -> (Arrived, (RoomName, ResumeToken)) {
    try_to_arrive(world, None).unwrap()
}

fn try_to_arrive(
    world: &mut World,
    pass: Option<Pass>,
) -> Result<(Arrived, (RoomName, ResumeToken)), ErrorCode> {
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
    let arrive = ClientMessage::Arrive { key_package: Bytes(vec![1]), admission: Some(admission), pass };
    world.say(connection, arrive);
    match world.only(connection) {
        ServerMessage::Snapshot { log_id, said, token, .. } => {
            Ok(((connection, client, log_id, said), (room, token)))
        }
        ServerMessage::Error(error) => Err(error.code),
        other => panic!("{other:?}"),
    }
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

fn order(world: &mut World, connection: ConnectionId, log_id: LogId, number: u64, orders: &HostOrders) {
    say(world, connection, &host_key(), log_id, number, orders.to_bytes().as_slice());
}

fn found(log_id: LogId, client: ClientId) -> ClientMessage {
    let parent = Seq(0);
    let group_id = GroupId::derive(log_id, parent, client);
    ClientMessage::Post { post: 2, body: Post::Found { parent, group_id } }
}

#[test]
fn whom_the_host_removed_departs_and_is_told() {
    let mut world = World::new();
    let (host, _, log_id, _) = arrive_as(&mut world);
    let (connection, client, _, _) = arrive_as(&mut world);
    let (other, _, _, _) = arrive_as(&mut world);
    world.take(host);
    let removed = HostOrders { removed: vec![client, ClientId([9; 16])], ..HostOrders::default() };
    order(&mut world, host, log_id, 1, &removed);
    let messages = world.take(connection);
    assert!(matches!(
        &messages[..],
        [.., ServerMessage::Entry(said), ServerMessage::Error(error)]
            if matches!(said.entry, Entry::HostSaid { .. }) && error.code == ErrorCode::Removed
    ));
    let departed = Entry::Departed { client, reason: DepartReason::Kicked };
    assert_eq!(world.entries(other).last().unwrap().entry, departed);
    assert_eq!(world.departed.last(), Some(&client), "its media ends");
    world.say(connection, found(log_id, client));
    assert_eq!(world.error(connection), ErrorCode::Departed);
}

#[test]
fn whom_the_lock_keeps_outside_founds_nothing_and_gets_no_media() {
    let mut world = World::new();
    let (host, admitted, log_id, _) = arrive_as(&mut world);
    let (connection, client, _, _) = arrive_as(&mut world);
    let locked = HostOrders { locked: true, admitted: vec![admitted], ..HostOrders::default() };
    order(&mut world, host, log_id, 1, &locked);
    world.take(connection);
    world.say(connection, found(log_id, client));
    assert_eq!(world.error(connection), ErrorCode::GroupAlive);
    let offer = || ClientMessage::Offer { offer: 1, sdp: "v=0".into(), lines: Vec::new() };
    world.say(connection, offer());
    assert!(matches!(
        world.only(connection),
        ServerMessage::OfferRefused { offer: 1, error } if error.code == ErrorCode::NotEntered
    ));
    assert!(world.offers.is_empty());
    order(&mut world, host, log_id, 2, &HostOrders { after: Some(1), ..HostOrders::default() });
    world.take(connection);
    world.say(connection, offer());
    assert_eq!(world.offers.len(), 1);
    world.say(connection, found(log_id, client));
    assert!(matches!(world.entries(connection)[0].entry, Entry::Founded { .. }));
}

#[test]
fn a_lock_ends_the_media_of_who_is_in_no_group() {
    let mut world = World::new();
    let (host, admitted, log_id, _) = arrive_as(&mut world);
    let ((connection, client, ..), (room, _)) = arrive_with_token(&mut world);
    world.say(host, found(log_id, admitted));
    let offer = || ClientMessage::Offer { offer: 1, sdp: "v=0".into(), lines: Vec::new() };
    world.say(host, offer());
    world.say(connection, offer());
    assert_eq!(world.offers.len(), 2, "nothing is locked yet");
    world.delivery.published(&room, client, vec![Source::Camera]);
    world.take(host);
    let locked = HostOrders { locked: true, admitted: vec![admitted], ..HostOrders::default() };
    order(&mut world, host, log_id, 1, &locked);
    assert_eq!(world.departed, [client], "its media ends, and nobody else's");
    let told = world.take(host);
    let nothing = |message: &ServerMessage| matches!(message, ServerMessage::Published(Published { client: of, sources }) if *of == client && sources.is_empty());
    assert!(told.iter().any(nothing), "{told:?}");
    world.say(connection, offer());
    assert_eq!(world.offers.len(), 2, "and does not begin again");
}

#[test]
fn a_commit_that_adds_whom_the_lock_keeps_outside_is_refused() {
    let mut world = World::new();
    let (host, admitted, log_id, _) = arrive_as(&mut world);
    let (_, client, _, _) = arrive_as(&mut world);
    world.say(host, found(log_id, admitted));
    let parent = world.entries(host).last().unwrap().seq;
    let locked = HostOrders { locked: true, admitted: vec![admitted], ..HostOrders::default() };
    order(&mut world, host, log_id, 1, &locked);
    world.take(host);
    let commit = || {
        let (adds, commit, welcome) = (vec![client], Bytes(vec![1]), Some(Bytes(vec![1])));
        ClientMessage::Post { post: 3, body: Post::Commit { parent, adds, commit, welcome } }
    };
    world.say(host, commit());
    assert_eq!(world.error(host), ErrorCode::KeptOutside);
    let let_in = HostOrders {
        locked: true,
        admitted: vec![admitted, client],
        after: Some(1),
        ..HostOrders::default()
    };
    order(&mut world, host, log_id, 2, &let_in);
    world.take(host);
    world.say(host, commit());
    assert!(matches!(world.entries(host).last().unwrap().entry, Entry::Committed { .. }));
}

#[test]
fn no_number_of_a_statement_leaves_the_next_host_without_one() {
    let mut world = World::new();
    let (host, _, log_id, _) = arrive_as(&mut world);
    for number in [u64::MAX, limits::HOST_NUMBER_STEP_MAX + 1] {
        order(&mut world, host, log_id, number, &HostOrders::default());
        assert_eq!(world.error(host), ErrorCode::Invalid);
    }
    for number in [limits::HOST_NUMBER_STEP_MAX, limits::HOST_NUMBER_STEP_MAX + 1] {
        order(&mut world, host, log_id, number, &HostOrders::default());
        assert!(matches!(world.entries(host)[0].entry, Entry::HostSaid { .. }));
    }
}

#[test]
fn a_statement_is_built_on_the_last_one() {
    let mut world = World::new();
    let (host, _, log_id, _) = arrive_as(&mut world);
    let (other, _, _, _) = arrive_as(&mut world);
    let after = |after, locked| HostOrders { after, locked, ..HostOrders::default() };
    order(&mut world, host, log_id, 5, &after(None, true));
    // The other host had not seen that.
    world.take(other);
    order(&mut world, other, log_id, 6, &after(Some(4), false));
    assert_eq!(world.error(other), ErrorCode::Invalid);
    order(&mut world, other, log_id, 6, &after(Some(5), false));
    assert!(matches!(world.entries(other)[0].entry, Entry::HostSaid { .. }));
}

#[test]
fn an_ended_call_is_over_for_everyone_and_the_next_one_is_another() {
    let mut world = World::keeping();
    let (host, _, log_id, _) = arrive_as(&mut world);
    let (connection, client, _, _) = arrive_as(&mut world);
    let ((gone, ..), away) = arrive_with_token(&mut world);
    world.delivery.disconnected(world.now, gone);
    for connection in [host, connection] {
        world.take(connection);
    }
    order(&mut world, host, log_id, 1, &HostOrders { ended: true, ..HostOrders::default() });
    for connection in [host, connection] {
        let messages = world.take(connection);
        assert!(matches!(
            &messages[..],
            [ServerMessage::Entry(said), ServerMessage::Error(error)]
                if matches!(said.entry, Entry::HostSaid { .. }) && error.code == ErrorCode::Ended
        ));
    }
    assert!(world.departed.contains(&client));
    assert_eq!(world.delivery.population(), (0, 0));
    let stats = world.delivery.stats();
    assert_eq!(stats.departed.get(&DepartReason::Kicked), Some(&3), "figures never fall: {stats:?}");
    assert_eq!((stats.entries.arrived, stats.entries.host_said), (3, 1));
    assert!(world.kept.rooms.is_empty() && world.kept.clients.is_empty() && world.kept.entries.is_empty());
    // Who was away is told when it comes back, for as long as it could have resumed.
    let resume = |world: &mut World| {
        let connection = world.connect();
        let (room, token) = away.clone();
        world.say(connection, ClientMessage::Resume { protocol: PROTOCOL, room, token, processed: Seq(1) });
        world.error(connection)
    };
    assert_eq!(resume(&mut world), ErrorCode::Ended);
    world.pass(limits::RESUME_WINDOW_MS + 1, &[]);
    assert_eq!(resume(&mut world), ErrorCode::Departed);
    let (_, _, next, said) = arrive_as(&mut world);
    assert!(next != log_id && said.is_none());
}

#[test]
fn whom_a_host_shows_out_does_not_come_back_as_who_it_was_before() {
    let mut world = World::new();
    let ((host, _, log_id, _), _) = arrive_with_token(&mut world);
    let ((first, ..), (_, before)) = arrive_with_token(&mut world);
    let ((quick, gone, ..), (_, just_before)) = arrive_with_token(&mut world);
    let ((bystander, ..), (_, other)) = arrive_with_token(&mut world);
    world.delivery = world.delivery.open_to(Doors::Token);
    let returning = |token| Some(Pass { token: None, returning: Some(token) });
    let ((_, removed, ..), (_, token)) = try_to_arrive(&mut world, returning(before)).unwrap();
    for connection in [first, quick, bystander] {
        world.say(connection, ClientMessage::Leave {});
    }
    let orders = HostOrders { removed: [removed, gone].into(), ..HostOrders::default() };
    say(&mut world, host, &host_key(), log_id, 1, orders.to_bytes().as_slice());
    for none in [before, token, just_before] {
        assert_eq!(try_to_arrive(&mut world, returning(none)).err(), Some(ErrorCode::TokenNeeded));
    }
    assert!(try_to_arrive(&mut world, returning(other)).is_ok());
}

#[test]
fn whom_a_host_shows_out_does_not_come_back_without_a_token() {
    let mut world = World::new();
    let ((connection, _, log_id, _), _) = arrive_with_token(&mut world);
    let ((_, removed, ..), (_, token)) = arrive_with_token(&mut world);
    let (_, (_, other)) = arrive_with_token(&mut world);
    world.delivery = world.delivery.open_to(Doors::Token);
    let returning = |token| Some(Pass { token: None, returning: Some(token) });
    let orders = HostOrders { removed: [removed].into(), ..HostOrders::default() };
    say(&mut world, connection, &host_key(), log_id, 1, orders.to_bytes().as_slice());
    assert_eq!(try_to_arrive(&mut world, returning(token)).err(), Some(ErrorCode::TokenNeeded));
    assert!(try_to_arrive(&mut world, returning(other)).is_ok());
    say(&mut world, connection, &host_key(), log_id, 2, br#"{"ended":true}"#);
    assert_eq!(try_to_arrive(&mut world, returning(other)).err(), Some(ErrorCode::TokenNeeded));
}
