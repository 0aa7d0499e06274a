//! Who may found a group, and when.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_wire::{ClientMessage, Entry, ErrorCode, GroupId, Post, Seq, ServerMessage};
use world::{World, commit, found, message};

#[test]
fn of_two_founders_at_once_one_wins_and_the_other_reads_on() {
    let mut world = World::new();
    let first = world.arrive();
    let second = world.arrive();
    world.take(first.connection);
    world.found(&second, 0);
    world.found(&first, 0);
    let entries = world.entries(second.connection);
    assert!(
        matches!(entries[..], [ref e] if matches!(e.entry, Entry::Founded { client, .. } if client == second.id))
    );
    let seen = world.take(first.connection);
    assert_eq!(seen[0], ServerMessage::Entry(entries[0].clone()));
    assert_eq!(seen[1], ServerMessage::Stale { post: 1, last: Seq(3) });
    world.found(&first, 3);
    assert_eq!(world.error(first.connection), ErrorCode::GroupAlive);
}

#[test]
fn the_group_id_is_that_of_log_parent_and_client() {
    let mut world = World::new();
    let first = world.arrive();
    let second = world.arrive();
    world.take(first.connection);
    let foreign = found(&second, 0);
    world.post(&first, foreign);
    assert_eq!(world.error(first.connection), ErrorCode::Invalid);
    world.post(&first, Post::Found { parent: Seq(0), group_id: GroupId([0; 32]) });
    assert_eq!(world.error(first.connection), ErrorCode::Invalid);
}

#[test]
fn entering_does_not_outlive_the_group() {
    // Review A6: the founder adds a client and dies before that one has entered; another founds meanwhile.
    let mut world = World::new();
    let founder = world.arrive();
    world.found(&founder, 0);
    let named = world.arrive();
    let other = world.arrive();
    world.commit(&founder, 2, &[&named]);
    world.take(founder.connection);
    world.say(founder.connection, ClientMessage::Leave {});
    world.take(named.connection);
    world.take(other.connection);
    world.found(&other, 5);
    assert!(matches!(world.entries(other.connection)[0].entry, Entry::Founded { .. }));
    world.take(named.connection);

    world.enter(&named, 5);
    assert_eq!(world.error(named.connection), ErrorCode::Invalid);
    world.post(&named, message(1));
    assert_eq!(world.error(named.connection), ErrorCode::NotEntered);
    world.say(other.connection, ClientMessage::Leave {});
    world.take(named.connection);
    world.found(&named, 7);
    assert!(
        matches!(world.entries(named.connection)[0].entry, Entry::Founded { .. }),
        "nothing blocks founding"
    );
}

#[test]
fn who_has_waited_ten_seconds_founds_anew() {
    // Review B1: a founder that never commits.
    let mut world = World::new();
    let idle = world.arrive();
    world.found(&idle, 0);
    world.pass(60_000, &[&idle]);
    let waiting = world.arrive();
    world.pass(9_900, &[&idle, &waiting]);
    world.take(waiting.connection);
    world.found(&waiting, 2);
    assert_eq!(world.error(waiting.connection), ErrorCode::GroupAlive);
    world.pass(200, &[&idle, &waiting]);
    world.found(&waiting, 2);
    assert!(matches!(world.entries(waiting.connection)[0].entry, Entry::Founded { .. }));
    // The other one has been here for long, but has to wait anew.
    world.take(idle.connection);
    world.found(&idle, 4);
    assert_eq!(world.error(idle.connection), ErrorCode::GroupAlive);
}

#[test]
fn fewer_waiting_than_entered_do_not_found() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let waiting = world.arrive();
    world.pass(20_000, &[&first, &second, &waiting]);
    world.found(&waiting, 4);
    assert_eq!(world.error(waiting.connection), ErrorCode::GroupAlive);
    let more = world.arrive();
    world.pass(12_000, &[&first, &second, &waiting, &more]);
    world.take(waiting.connection);
    world.take(more.connection);
    world.found(&first, 4);
    world.take(more.connection);
    world.found(&more, 4);
    assert!(matches!(world.entries(more.connection)[0].entry, Entry::Founded { .. }));
    let seen = world.take(first.connection);
    let refused = |m: &ServerMessage| matches!(m, ServerMessage::Refused { error, .. } if error.code == ErrorCode::GroupAlive);
    assert!(seen.iter().any(refused), "a member has nothing to found");
}

#[test]
fn who_was_named_is_not_waiting() {
    let mut world = World::new();
    let founder = world.arrive();
    world.found(&founder, 0);
    let named = world.arrive();
    world.post(&founder, commit(2, &[&named]));
    world.pass(20_000, &[&founder, &named]);
    world.take(named.connection);
    world.found(&named, 4);
    assert_eq!(world.error(named.connection), ErrorCode::GroupAlive);
}

#[test]
fn a_dropped_member_soon_does_not_keep_others_from_founding() {
    // Review B8.
    let mut world = World::new();
    let founder = world.arrive();
    world.found(&founder, 0);
    let other = world.arrive();
    world.drop_connection(&founder);
    world.pass(2_900, &[&other]);
    world.take(other.connection);
    world.found(&other, 2);
    assert_eq!(world.error(other.connection), ErrorCode::GroupAlive);
    world.pass(200, &[&other]);
    world.found(&other, 2);
    assert!(matches!(world.entries(other.connection)[0].entry, Entry::Founded { .. }));
    let back = world.resume(&founder, 3);
    let seen = world.take(back.connection);
    assert!(matches!(seen[0], ServerMessage::Resumed { .. }));
    world.post(&back, message(1));
    assert_eq!(world.error(back.connection), ErrorCode::NotEntered, "its group is gone");
}
