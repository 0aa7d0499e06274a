//! How clients end: leaving, silent, lagging.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_wire::{
    ClientId, ClientMessage, DepartReason, Entry, ErrorCode, Seq, ServerMessage, Source, View, WireError,
};
use world::{World, message, room};

fn departed(world: &mut World, connection: tangelo_delivery::ConnectionId) -> Vec<DepartReason> {
    let reason = |message| match message {
        ServerMessage::Entry(entry) => match entry.entry {
            Entry::Departed { reason, .. } => Some(reason),
            _ => None,
        },
        _ => None,
    };
    world.take(connection).into_iter().filter_map(reason).collect()
}

#[test]
fn who_leaves_is_gone_at_once() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.say(second.connection, ClientMessage::Leave {});
    assert_eq!(world.departed, [second.id]);
    assert_eq!(departed(&mut world, first.connection), [DepartReason::Left]);
    let back = world.resume(&second, 5);
    assert_eq!(world.error(back.connection), ErrorCode::Departed);
}

#[test]
fn three_missed_heartbeats_drop_the_connection_and_the_window_begins() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.pass(5_500, &[&first]);
    assert!(world.closed.is_empty());
    world.pass(1_000, &[&first]);
    assert_eq!(world.closed, [second.connection]);
    world.pass(9_000, &[&first]);
    assert!(world.departed.is_empty());
    world.pass(1_000, &[&first]);
    assert_eq!(world.departed, [second.id]);
    assert_eq!(departed(&mut world, first.connection), [DepartReason::Silent]);
}

#[test]
fn a_client_whose_cryptography_is_stuck_is_gone_however_alive_its_page() {
    // Review B1: the connection lives, but `processed` stands still.
    let mut world = World::new();
    let (first, second) = world.pair();
    world.pass(30_000, &[&first, &second]);
    assert!(world.departed.is_empty(), "nothing to process, nothing to lag behind");
    world.post(&first, message(1));
    for _ in 0..9 {
        world.pass(1_000, &[&first]);
        world.beat(&second, 5);
    }
    assert!(world.departed.is_empty());
    world.pass(1_100, &[&first]);
    assert_eq!(world.departed, [second.id]);
    assert_eq!(departed(&mut world, first.connection), [DepartReason::Lagging]);
    let told = world.take(second.connection);
    let is_departed =
        |m: &ServerMessage| matches!(m, ServerMessage::Error(e) if e.code == ErrorCode::Departed);
    assert!(is_departed(told.last().unwrap()), "{told:?}");

    // What it still sends is refused as such, and it can arrive anew on the same connection.
    world.post(&second, message(1));
    assert!(matches!(world.only(second.connection), ServerMessage::Refused { .. }));
    world.say(second.connection, ClientMessage::Offer { offer: 1, sdp: "v=0".into(), lines: vec![] });
    assert_eq!(world.error(second.connection), ErrorCode::Departed);
    world.beat(&second, 5);
    assert_eq!(world.error(second.connection), ErrorCode::Departed);
    world.arrive_on(second.connection);
}

#[test]
fn keeping_up_slowly_is_not_lagging() {
    let mut world = World::new();
    let (first, second) = world.pair();
    for processed in 5..13 {
        world.post(&first, message(1));
        world.pass(4_000, &[&first]);
        world.beat(&second, processed);
    }
    assert!(world.departed.is_empty());
}

#[test]
fn a_client_back_from_a_long_drop_has_time_to_catch_up() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.drop_connection(&second);
    world.post(&first, message(1));
    world.pass(9_500, &[&first]);
    let back = world.resume(&second, 5);
    world.pass(4_000, &[&first]);
    assert!(world.departed.is_empty());
    world.beat(&back, 6);
    world.pass(60_000, &[&first, &back]);
    assert!(world.departed.is_empty());
}

#[test]
fn a_heartbeat_is_answered_with_the_head_of_the_log() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.alive.clear();
    world.post(&second, message(1));
    world.beat(&first, 5);
    assert_eq!(world.alive, [(first.connection, Seq(6))]);
}

#[test]
fn a_heartbeat_from_the_future_is_refused() {
    let mut world = World::new();
    let (first, _) = world.pair();
    world.beat(&first, 6);
    assert_eq!(world.error(first.connection), ErrorCode::Invalid);
}

#[test]
fn everyone_hears_what_a_client_sends_until_it_departs() {
    let mut world = World::new();
    let (first, second) = world.pair();
    for _ in 0..2 {
        world.delivery.published(&room(), second.id, vec![Source::Camera, Source::Microphone]);
        world.carry_out();
    }
    let ServerMessage::Published(published) = world.only(first.connection) else { panic!() };
    assert_eq!((published.client, published.sources), (second.id, vec![Source::Microphone, Source::Camera]));
    let connection = world.connect();
    world.hello(connection);
    world.say(connection, world::arrival(1));
    let ServerMessage::Snapshot { published, .. } = world.only(connection) else { panic!() };
    assert_eq!(published.len(), 1);
    world.take(second.connection);
    world.say(second.connection, ClientMessage::Leave {});
    world.delivery.published(&room(), second.id, vec![Source::Camera]);
    let third = world.connect();
    world.hello(third);
    world.say(third, world::arrival(1));
    let ServerMessage::Snapshot { published, .. } = world.only(third) else { panic!() };
    assert!(published.is_empty());
}

#[test]
fn offers_go_to_the_sfu_and_its_answers_to_where_the_client_is() {
    let mut world = World::new();
    let (_, second) = world.pair();
    world.say(second.connection, ClientMessage::Offer { offer: 8, sdp: "v=0".into(), lines: vec![] });
    assert_eq!(world.offers, [8]);
    world.drop_connection(&second);
    world.delivery.answer(&room(), second.id, 8, Ok("lost".into()));
    let back = world.resume(&second, 5);
    world.take(back.connection);
    world.delivery.answer(&room(), second.id, 9, Ok("v=0".into()));
    world.carry_out();
    assert_eq!(world.only(back.connection), ServerMessage::Answer { offer: 9, sdp: "v=0".into() });
    world.delivery.answer(&room(), second.id, 10, Err(WireError::new(ErrorCode::BadOffer, "no")));
    world.carry_out();
    assert_eq!(world.error(back.connection), ErrorCode::BadOffer);
    let long = "a".repeat(tangelo_wire::limits::SDP_MAX_BYTES + 1);
    world.say(back.connection, ClientMessage::Offer { offer: 1, sdp: long, lines: vec![] });
    assert_eq!(world.error(back.connection), ErrorCode::TooLarge);
    assert_eq!(back.seq, Seq(3));
}

#[test]
fn what_is_shown_goes_to_the_sfu_and_wishes_for_layers_to_the_sender() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let view = View { client: first.id, source: Source::Camera, height: 180, pinned: false };
    world.say(second.connection, ClientMessage::Watch { views: Some(vec![view]), hear: None });
    assert_eq!(world.watched, [(second.id, Some(vec![view]), None)]);
    let many = vec![view; tangelo_wire::limits::VIEWS_MAX + 1];
    world.say(second.connection, ClientMessage::Watch { views: Some(many), hear: None });
    assert_eq!(world.error(second.connection), ErrorCode::TooLarge);
    assert_eq!(world.watched.len(), 1);

    world.take(first.connection);
    world.delivery.wanted(&room(), first.id, Source::Camera, vec![0]);
    world.carry_out();
    let wanted = ServerMessage::Wanted { source: Source::Camera, layers: vec![0] };
    assert_eq!(world.only(first.connection), wanted);
    assert!(world.take(second.connection).is_empty());
}

#[test]
fn whom_a_client_hears_goes_to_the_sfu_if_it_is_so_many_and_each_once() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let strangers = |count: u8| (0..count).map(|number| ClientId([number; 16])).collect::<Vec<_>>();
    let most = u8::try_from(tangelo_wire::limits::HEARD_MAX).unwrap();
    for hear in [vec![], vec![first.id], strangers(most)] {
        world.say(second.connection, ClientMessage::Watch { views: None, hear: Some(hear.clone()) });
        assert_eq!(world.watched.pop(), Some((second.id, None, Some(hear))), "whoever may just have left");
    }
    let wrong = [
        (strangers(most + 1), ErrorCode::TooLarge),
        (vec![first.id, second.id, first.id], ErrorCode::Invalid),
    ];
    for (hear, error) in wrong {
        world.say(second.connection, ClientMessage::Watch { views: None, hear: Some(hear) });
        assert_eq!(world.error(second.connection), error);
    }
    assert!(world.watched.is_empty());
}

#[test]
fn who_resumes_hears_again_which_layers_are_wanted() {
    let mut world = World::new();
    let (_, second) = world.pair();
    world.delivery.published(&room(), second.id, vec![Source::Camera]);
    world.drop_connection(&second);
    world.delivery.wanted(&room(), second.id, Source::Camera, vec![1]);
    let back = world.resume(&second, 5);
    let wanted = ServerMessage::Wanted { source: Source::Camera, layers: vec![1] };
    assert!(world.take(back.connection).contains(&wanted));
    world.delivery.published(&room(), second.id, vec![]);
    world.drop_connection(&back);
    let again = world.resume(&second, 5);
    assert!(!world.take(again.connection).contains(&wanted), "of what is no longer sent");
}
