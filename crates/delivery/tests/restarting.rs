//! A server that goes on where another one was cut off.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_delivery::{Change, Kept};
use tangelo_wire::{ClientMessage, DepartReason, Entry, ErrorCode, Seq, ServerMessage, Source};
use world::{World, message, room};

fn resumed(messages: &[ServerMessage]) -> (u64, Vec<u64>, bool) {
    let ServerMessage::Resumed { seq, media_lost, published } = &messages[0] else { panic!("{messages:?}") };
    assert!(published.is_empty(), "nobody has a media session");
    let entry = |message: &ServerMessage| match message {
        ServerMessage::Entry(entry) => Some(entry.seq.0),
        _ => None,
    };
    (seq.0, messages.iter().filter_map(entry).collect(), *media_lost)
}

#[test]
fn who_comes_back_after_a_restart_goes_on_in_the_same_log() {
    let mut world = World::keeping();
    let (first, second) = world.pair();
    world.delivery.published(&room(), first.id, vec![Source::Microphone]);
    world.post(&first, message(4));
    world.restart();

    let first = world.resume(&first, 6);
    assert_eq!(resumed(&world.take(first.connection)), (6, vec![], true));
    let second = world.resume(&second, 5);
    assert_eq!(resumed(&world.take(second.connection)), (6, vec![6], true), "what it missed");
    world.post(&second, message(4));
    assert_eq!(world.entries(first.connection)[0].seq, Seq(7), "both are members still");
    world.commit(&first, 4, &[]);
    let seen = world.entries(second.connection);
    assert!(matches!(seen[..], [_, ref last] if matches!(last.entry, Entry::Committed { .. })));

    let third = world.arrive();
    assert_eq!(third.log_id, first.log_id);
    assert!(![first.id, second.id].contains(&third.id), "no id twice");
}

#[test]
fn a_client_is_told_that_its_media_is_lost_until_it_offers_again() {
    let mut world = World::keeping();
    let (first, _) = world.pair();
    world.restart();
    let back = world.resume(&first, 5);
    assert!(resumed(&world.take(back.connection)).2);
    let back = world.resume(&back, 5);
    assert!(resumed(&world.take(back.connection)).2, "it may not have heard it");
    world.say(back.connection, ClientMessage::Offer { offer: 1, sdp: String::new(), lines: vec![] });
    let back = world.resume(&back, 5);
    assert!(!resumed(&world.take(back.connection)).2);
}

#[test]
fn who_is_back_soon_after_a_restart_was_never_lost_to_the_others() {
    let mut world = World::keeping();
    let (first, second) = world.pair();
    let third = world.arrive();
    world.restart();
    let first = world.resume(&first, 6);
    world.pass(4_500, &[&first]);
    let second = world.resume(&second, 6);
    world.pass(1_500, &[&first, &second]);
    world.connections.sort_unstable();
    assert_eq!(world.connections, [first.connection, second.connection].map(|to| (to, third.id, true)));
}

#[test]
fn who_does_not_come_back_departs_and_the_room_with_the_last() {
    let mut world = World::keeping();
    let (first, second) = world.pair();
    world.restart();
    let back = world.resume(&first, 5);
    world.take(back.connection);
    world.pass(9_000, &[&back]);
    assert!(world.departed.is_empty());
    world.pass(2_000, &[&back]);
    assert_eq!(world.departed, [second.id]);
    let gone = Entry::Departed { client: second.id, reason: DepartReason::Silent };
    assert!(world.entries(back.connection).iter().any(|entry| entry.entry == gone));
    world.say(back.connection, ClientMessage::Leave {});
    assert_eq!(world.kept, Kept::default());
    world.restart();
    assert_eq!(world.delivery.population(), (0, 0));
}

#[test]
fn a_newcomer_founds_no_group_while_the_members_may_come_back() {
    let mut world = World::keeping();
    let (first, _) = world.pair();
    world.restart();
    world.pass(5_000, &[]);
    let newcomer = world.arrive();
    world.found(&newcomer, 4);
    assert_eq!(world.error(newcomer.connection), ErrorCode::GroupAlive);
    let back = world.resume(&first, 5);
    assert_eq!(resumed(&world.take(back.connection)), (6, vec![6], true));
}

#[test]
fn a_token_of_another_server_is_worth_nothing() {
    let mut world = World::keeping();
    let (first, _) = world.pair();
    world.kept = Kept::default();
    world.restart();
    let back = world.resume(&first, 5);
    assert_eq!(world.error(back.connection), ErrorCode::Departed);
}

#[test]
fn who_knows_more_than_was_kept_arrives_anew() {
    let mut world = World::keeping();
    let (first, second) = world.pair();
    let before = world.kept.clone();
    world.post(&first, message(4));
    world.kept = before;
    world.restart();
    let ahead = world.resume(&first, 6);
    assert_eq!(world.error(ahead.connection), ErrorCode::Departed);
    assert_eq!(world.departed, [first.id]);
    let back = world.resume(&second, 5);
    assert_eq!(resumed(&world.take(back.connection)).0, 6, "and the others see it go");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let mut world = World::keeping();
    let (first, _) = world.pair();
    // The other has not said that it processed this, so it is kept.
    world.post(&first, message(4));
    let whole = world.kept.clone();
    let restore = |kept: &Kept| world.try_restore(kept).err().map(|error| error.to_string());
    assert_eq!(restore(&whole), None);
    let log = first.log_id;

    let mut lacking = whole.clone();
    let last = *lacking.entries.keys().last().unwrap();
    lacking.entries.remove(&last);
    let said = restore(&lacking).unwrap();
    assert!(said.contains("not all there") && !said.contains("standup"), "logs name no room: {said}");
    let mut empty = whole.clone();
    empty.clients.clear();
    assert!(restore(&empty).is_some());
    let mut hashless = whole.clone();
    hashless.clients.get_mut(&(log, first.id)).unwrap().token_hash.0.clear();
    assert!(restore(&hashless).is_some());
}

#[test]
fn no_token_is_kept() {
    let mut world = World::keeping();
    let (first, _) = world.pair();
    let kept = format!("{:?}", world.kept);
    let token: Vec<String> = first.token.0.iter().map(ToString::to_string).collect();
    assert!(!kept.contains(&first.token.to_string()) && !kept.contains(&token.join(", ")));
}

#[test]
fn without_a_store_nothing_is_told() {
    let mut world = World::new();
    world.pair();
    assert_eq!(world.delivery.take_changes(), Vec::<Change>::new());
}
