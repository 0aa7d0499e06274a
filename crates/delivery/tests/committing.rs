//! Commits, entering and messages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use tangelo_wire::{
    Bytes, ClientId, ClientMessage, Entry, ErrorCode, ForkCheck, Post, Seq, ServerMessage, limits,
};
use world::{World, commit, message};

#[test]
fn a_commit_on_an_old_parent_is_stale() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.pass(1_000, &[&first, &second]);
    world.commit(&first, 4, &[]);
    assert_eq!(world.entries(first.connection)[0].seq, Seq(6));
    world.take(second.connection);
    world.commit(&second, 4, &[]);
    assert_eq!(world.only(second.connection), ServerMessage::Stale { post: 1, last: Seq(6) });
    // The same bytes again, as after a reconnect: stale too; the author finds its entry in the log.
    world.commit(&first, 4, &[]);
    assert_eq!(world.only(first.connection), ServerMessage::Stale { post: 1, last: Seq(6) });
    // Arrivals and messages do not make a commit stale.
    world.arrive();
    world.post(&first, message(5));
    world.pass(300, &[&first, &second]);
    world.take(second.connection);
    world.commit(&second, 6, &[]);
    assert!(matches!(world.entries(second.connection)[0].entry, Entry::Committed { parent: Seq(6), .. }));
}

#[test]
fn only_members_of_the_current_group_commit_and_talk() {
    let mut world = World::new();
    let (first, _) = world.pair();
    let outsider = world.arrive();
    world.take(first.connection);
    for post in [commit(4, &[]), commit(4, &[&first]), message(1)] {
        world.post(&outsider, post);
        assert_eq!(world.error(outsider.connection), ErrorCode::NotEntered);
    }
    // Named, but not entered.
    world.pass(1_000, &[&first, &outsider]);
    world.commit(&first, 4, &[&outsider]);
    world.take(outsider.connection);
    world.commit(&outsider, 7, &[]);
    assert_eq!(world.error(outsider.connection), ErrorCode::NotEntered);
}

#[test]
fn the_welcome_goes_to_those_it_is_for() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let third = world.arrive();
    let bystander = world.arrive();
    for client in [&first, &second, &third] {
        world.take(client.connection);
    }
    world.pass(1_000, &[&first, &second, &third, &bystander]);
    world.commit(&first, 4, &[&third]);
    for client in [&first, &second, &third, &bystander] {
        let entries = world.entries(client.connection);
        let Entry::Committed { adds, welcome, commit, .. } = &entries[0].entry else { panic!() };
        assert_eq!(adds[..], [third.id]);
        assert_eq!(commit.len(), 10);
        assert_eq!(welcome.is_some(), client.id == third.id);
    }
}

#[test]
fn commits_that_contradict_the_log_or_themselves_are_refused() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.pass(1_000, &[&first, &second]);
    let third = world.arrive();
    world.take(first.connection);
    let bytes = |length| Bytes(vec![1; length]);
    let bad = [
        (vec![ClientId([9; 16])], bytes(1), Some(bytes(1))),
        (vec![first.id], bytes(1), Some(bytes(1))),
        (vec![third.id, third.id], bytes(1), Some(bytes(1))),
        (vec![third.id], bytes(1), None),
        (vec![], bytes(1), Some(bytes(1))),
        (vec![third.id], bytes(1), Some(bytes(0))),
        (vec![], bytes(0), None),
    ];
    for (adds, commit, welcome) in bad {
        world.post(&first, Post::Commit { parent: Seq(4), adds, commit, welcome });
        assert_eq!(world.error(first.connection), ErrorCode::Invalid);
    }
    // The refused ones cost nothing.
    world.commit(&first, 4, &[&third]);
    assert_eq!(world.entries(first.connection)[0].seq, Seq(7));
}

#[test]
fn a_commit_may_add_who_departed_after_its_parent() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let third = world.arrive();
    world.pass(1_000, &[&first, &second, &third]);
    world.say(third.connection, ClientMessage::Leave {});
    world.take(first.connection);
    world.commit(&first, 4, &[&third]);
    assert!(matches!(world.entries(first.connection)[0].entry, Entry::Committed { .. }));
    world.pass(1_000, &[&first, &second]);
    world.take(first.connection);
    world.commit(&first, 8, &[&third]);
    assert_eq!(world.error(first.connection), ErrorCode::Invalid, "by now its author has read of it");
}

#[test]
fn who_is_named_enters_once_and_by_that_commit_only() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let third = world.arrive();
    world.pass(1_000, &[&first, &second, &third]);
    world.commit(&first, 4, &[&third]);
    world.take(third.connection);
    for commit in [0, 4, 6, 99] {
        world.enter(&third, commit);
        assert_eq!(world.error(third.connection), ErrorCode::Invalid, "{commit}");
    }
    world.enter(&third, 7);
    assert_eq!(world.entries(third.connection)[0].entry, Entry::Entered { client: third.id, commit: Seq(7) });
    world.enter(&third, 7);
    assert!(world.take(third.connection).is_empty(), "sent again after a reconnect: the log says so already");
    world.post(&third, message(5));
    assert!(matches!(world.entries(third.connection)[0].entry, Entry::Message { .. }));
    assert!(matches!(world.arrive().seq, Seq(10)));
}

#[test]
fn commits_are_paced_per_room_and_client() {
    let mut world = World::new();
    let (first, second) = world.pair();
    world.pass(5_000, &[&first, &second]);
    world.commit(&first, 4, &[]);
    world.take(first.connection);
    world.take(second.connection);
    world.commit(&second, 6, &[]);
    assert_eq!(world.error(second.connection), ErrorCode::TooMany, "too soon for the room");
    world.pass(200, &[]);
    world.commit(&second, 6, &[]);
    assert_eq!(world.entries(second.connection)[0].seq, Seq(7));
    world.pass(200, &[]);
    world.commit(&first, 7, &[]);
    world.pass(200, &[]);
    world.take(first.connection);
    world.commit(&first, 8, &[]);
    assert_eq!(world.error(first.connection), ErrorCode::TooMany, "the third in a second");
    world.pass(600, &[]);
    world.commit(&first, 8, &[]);
    assert_eq!(world.entries(first.connection)[0].seq, Seq(9));
}

#[test]
fn messages_have_bounds() {
    let mut world = World::new();
    let (first, _) = world.pair();
    for length in [0, limits::APPLICATION_MESSAGE_MAX_BYTES + 1] {
        world.post(&first, message(length));
        assert_eq!(world.error(first.connection), ErrorCode::TooLarge);
    }
    let refused = (0..60).filter(|_| {
        world.post(&first, message(1));
        !matches!(world.only(first.connection), ServerMessage::Entry(_))
    });
    assert_eq!(refused.count(), 30);
}

#[test]
fn checks_of_members_are_relayed_to_the_others() {
    let mut world = World::new();
    let (first, second) = world.pair();
    let outsider = world.arrive();
    let check = ForkCheck { seq: Seq(4), epoch: 1, tag: Bytes(vec![1; 8]), signature: Bytes(vec![2; 64]) };
    let beat = |check| ClientMessage::Heartbeat { processed: Seq(6), check: Some(check) };
    for client in [&first, &second, &outsider] {
        world.take(client.connection);
    }
    world.say(first.connection, beat(check.clone()));
    assert!(world.take(first.connection).is_empty());
    let relayed = ServerMessage::Check { client: first.id, check: check.clone() };
    assert_eq!(world.only(second.connection), relayed);
    assert_eq!(world.only(outsider.connection), relayed);
    world.say(outsider.connection, beat(check.clone()));
    assert!(world.take(second.connection).is_empty(), "who is in no group has nothing to check");
    world.say(first.connection, beat(ForkCheck { tag: Bytes(vec![1; 9]), ..check.clone() }));
    assert_eq!(world.error(first.connection), ErrorCode::Invalid);
    for _ in 0..10 {
        world.say(first.connection, beat(check.clone()));
    }
    assert_eq!(world.take(second.connection).len(), 4, "five at once, then one a second");
}
