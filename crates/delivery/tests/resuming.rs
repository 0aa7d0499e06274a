//! Dropped connections that come back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_delivery::Limits;
use tangelo_wire::{
    ClientMessage, DepartReason, Entry, ErrorCode, PROTOCOL, ResumeToken, Seq, ServerMessage, Source,
    WireError,
};
use world::{World, message, room};

fn seqs(messages: &[ServerMessage]) -> Vec<u64> {
    let entry = |message: &ServerMessage| match message {
        ServerMessage::Entry(entry) => Some(entry.seq.0),
        _ => None,
    };
    messages.iter().filter_map(entry).collect()
}

#[test]
fn a_client_that_resumes_gets_what_it_missed_in_order_and_only_its_own_welcomes() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let third = world.arrive();
    world.delivery.published(&room(), first.id, vec![Source::Microphone]);
    world.pass(1_000, &[&first, &second, &third]);
    world.drop_connection(&second);
    world.drop_connection(&third);
    world.commit(&first, 4, &[&third]);
    world.post(&first, message(4));
    world.pass(5_000, &[&first]);

    let back = world.resume(&second, 6);
    let seen = world.take(back.connection);
    let ServerMessage::Resumed { seq: Seq(8), published, media_lost: false } = &seen[0] else {
        panic!("{seen:?}")
    };
    assert_eq!(published[0].sources, [Source::Microphone]);
    assert_eq!(seqs(&seen), [7, 8]);
    let welcome = |message: &ServerMessage| match message {
        ServerMessage::Entry(entry) => matches!(&entry.entry, Entry::Committed { welcome: Some(_), .. }),
        _ => false,
    };
    assert!(!seen.iter().any(welcome));
    let back_too = world.resume(&third, 6);
    assert!(world.take(back_too.connection).iter().any(welcome));

    world.post(&back, message(4));
    assert_eq!(seqs(&world.take(back.connection)), [9], "and it goes on as the same client");
    assert!(world.departed.is_empty());
}

#[test]
fn resuming_takes_over_a_connection_that_only_seems_alive() {
    let mut world = World::new();
    let (_, second) = world.pair();
    let back = world.resume(&second, 5);
    assert_eq!(world.closed, [second.connection]);
    assert!(matches!(world.only(back.connection), ServerMessage::Resumed { .. }));
    // The end of the old one changes nothing now.
    world.drop_connection(&second);
    world.post(&back, message(4));
    assert_eq!(seqs(&world.take(back.connection)), [6]);
}

#[test]
fn too_late_is_departed() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.drop_connection(&second);
    world.pass(9_000, &[&first]);
    assert!(world.departed.is_empty());
    world.pass(2_000, &[&first]);
    assert_eq!(world.departed, [second.id]);
    let seen = world.entries(first.connection);
    let gone = Entry::Departed { client: second.id, reason: DepartReason::Silent };
    assert!(matches!(&seen[..], [only] if only.entry == gone));
    let back = world.resume(&second, 5);
    assert_eq!(world.error(back.connection), ErrorCode::Departed);
    world.arrive_on(back.connection);
}

#[test]
fn a_resume_needs_the_token_and_a_place_that_exists() {
    let mut world = World::new();
    let (first, _) = world.pair();
    world.drop_connection(&first);
    let resume = |token, processed, protocol| ClientMessage::Resume {
        protocol,
        room: room(),
        token,
        processed: Seq(processed),
    };
    let connection = world.connect();
    world.say(connection, resume(ResumeToken([0; 32]), 5, PROTOCOL));
    assert_eq!(world.error(connection), ErrorCode::Departed);
    let other = world.connect();
    world.say(other, resume(first.token, 5, PROTOCOL + 1));
    assert_eq!(world.error(other), ErrorCode::Protocol);
    world.say(connection, resume(first.token, 5, PROTOCOL));
    assert!(matches!(world.only(connection), ServerMessage::Resumed { .. }));
    // It knows of something that this server never said: it cannot go on here.
    let third = world.connect();
    world.say(third, resume(first.token, 6, PROTOCOL));
    assert!(matches!(
        world.take(third)[..],
        [ServerMessage::Error(WireError { code: ErrorCode::Departed, .. })]
    ));
    assert_eq!(world.departed, [first.id]);
}

#[test]
fn what_is_not_kept_cannot_be_resumed() {
    let mut world = World::with(Limits { log_entries_max: 5, ..Limits::default() });
    let (first, second) = world.pair();
    world.drop_connection(&second);
    for _ in 0..6 {
        world.post(&first, message(1));
    }
    world.take(first.connection);
    let back = world.resume(&second, 5);
    assert_eq!(world.error(back.connection), ErrorCode::Departed);
    assert_eq!(world.departed, [second.id]);
    assert_eq!(world.entries(first.connection).len(), 1);
}

#[test]
fn a_long_call_can_be_resumed_at_any_time() {
    let mut world = World::new();
    let (first, mut second) = world.pair();
    let mut last = 5;
    for _ in 0..30 {
        world.drop_connection(&second);
        for _ in 0..5 {
            world.post(&first, message(1));
        }
        world.pass(2_000, &[&first]);
        world.take(first.connection);
        second = world.resume(&second, last);
        let seen = world.take(second.connection);
        assert_eq!(seqs(&seen), (last + 1..=last + 5).collect::<Vec<_>>());
        last += 5;
        world.beat(&first, last);
        world.beat(&second, last);
    }
}

#[test]
fn the_others_are_told_who_is_cut_off_and_who_is_back() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let third = world.arrive();
    // Who is back at once was never away for the others.
    world.drop_connection(&second);
    world.pass(900, &[&first, &third]);
    let second = world.resume(&second, 6);
    world.pass(5_000, &[&first, &second, &third]);
    assert_eq!(world.connections, []);

    world.drop_connection(&second);
    world.pass(1_500, &[&first, &third]);
    let mut told = std::mem::take(&mut world.connections);
    told.sort();
    assert_eq!(told, [(first.connection, second.id, true), (third.connection, second.id, true)]);
    // Newcomers and those who were away themselves learn it, too.
    let fourth = world.arrive();
    let third = world.resume(&third, 6);
    let told = std::mem::take(&mut world.connections);
    assert_eq!(told, [(fourth.connection, second.id, true), (third.connection, second.id, true)]);

    let second = world.resume(&second, 6);
    let mut told = std::mem::take(&mut world.connections);
    told.sort();
    let back = [&first, &third, &fourth].map(|other| (other.connection, second.id, false));
    let mut expected = back.to_vec();
    expected.sort();
    assert_eq!(told, expected);
    // That somebody has departed stands in the log.
    world.drop_connection(&second);
    world.pass(500, &[&first, &third, &fourth]);
    world.say(first.connection, ClientMessage::Leave {});
    world.pass(12_000, &[&third, &fourth]);
    let told = std::mem::take(&mut world.connections);
    assert!(told.iter().all(|(_, client, lost)| *client == second.id && *lost), "{told:?}");
    assert_eq!(told.len(), 2);
}
