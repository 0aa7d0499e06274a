//! What the inspector shows of a session, through a whole call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{
    FrameVerdict,
    inspect::{
        Blame, EntryKind, GroupInspection, Happening, Inspection, MemberInspection, Outcome, TreeInspection,
    },
};
use tangelo_wire::{Bytes, ClientId, ClientMessage, Millis, Post, Seq, ServerMessage, Source};

fn inspect(world: &World, index: usize) -> Inspection {
    world.peers[index].session.inspect(world.now)
}

fn group(world: &World, index: usize) -> GroupInspection {
    inspect(world, index).group.unwrap()
}

fn member(group: &GroupInspection, client: ClientId) -> &MemberInspection {
    group.members.iter().find(|member| member.client == client).unwrap()
}

/// Entries of the log with what became of them.
fn entries(inspection: &Inspection) -> Vec<(Seq, EntryKind, ClientId, u32, Outcome)> {
    let entries = inspection.history.records.iter().filter_map(|record| match &record.happening {
        Happening::Entry { seq, kind, client, bytes, outcome } => {
            Some((*seq, *kind, *client, *bytes, outcome.clone()))
        }
        _ => None,
    });
    entries.collect()
}

#[test]
fn members_have_leaves_and_ranks() {
    let world = World::of(5);
    let group = group(&world, 3);
    assert_eq!(group.epoch, world.peers[3].session.epoch().unwrap().1);
    let leaves: Vec<_> = group.members.iter().map(|member| (member.leaf, member.rank)).collect();
    assert_eq!(leaves, [(0, Some(0)), (1, Some(1)), (2, Some(2)), (3, Some(3)), (4, Some(4))]);
    let waits: Vec<_> = group.members.iter().map(|member| member.waits_ms.unwrap()).collect();
    assert_eq!(waits, [0, 1_500, 3_000, 4_500, 4_500]);
    assert!(group.members.iter().all(|member| member.entered && member.present && !member.passed_over));
    let own: Vec<_> = group.members.iter().filter(|member| member.own).map(|m| m.client).collect();
    assert_eq!(own, [world.client(3)]);
    assert_eq!(member(&group, world.client(1)).name, "Person 2");
    assert_eq!(group.tree.leaf_slots, 8);
    let leaves = group.tree.nodes.iter().filter(|node| node.node % 2 == 0);
    assert_eq!(leaves.map(|node| node.node / 2).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(group.work.rekey_due.is_some_and(|due| due > world.now));
}

#[test]
fn the_tree_is_shown_as_it_is() {
    let mut world = World::of(3);
    // All have renewed their paths. Node 5 has leaf 2 alone below it, and stays blank.
    world.run(20_000);
    let tree = group(&world, 0).tree;
    let filled = |tree: &TreeInspection| {
        let mut nodes: Vec<_> = tree.nodes.iter().map(|node| node.node).collect();
        nodes.sort_unstable();
        nodes
    };
    assert_eq!((tree.leaf_slots, filled(&tree)), (4, vec![0, 1, 2, 3, 4]));
    assert!(tree.renewed_by.is_some(), "the last commit was somebody's path");
    assert!(tree.nodes.iter().all(|node| node.unmerged.is_empty()));

    world.open(4);
    for _ in 0..1_000 {
        if group(&world, 0).members.len() == 4 {
            break;
        }
        for index in 0..4 {
            world.step_to_server(index);
            world.step_to_client(index);
        }
    }
    // The newcomer knows no secret above its leaf.
    let tree = group(&world, 0).tree;
    assert_eq!((tree.renewed_by, filled(&tree)), (None, vec![0, 1, 2, 3, 4, 6]));
    let unmerged: Vec<_> = tree.nodes.iter().map(|n| (n.node, n.unmerged.as_slice())).collect();
    assert!(unmerged.contains(&(3, &[3])), "{unmerged:?}");
}

#[test]
fn a_frozen_committer_leaves_work_and_is_passed_over() {
    let mut world = World::of(3);
    let (frozen, second) = (world.client(0), world.client(1));
    // All have renewed their paths, so that none takes the work along.
    world.run(20_000);
    world.peers[0].frozen = true;
    world.open(4);
    world.run(1_000);
    let newcomer = world.client(3);
    let before = group(&world, 1);
    assert_eq!(before.work.adds, [newcomer]);
    assert_eq!(member(&before, frozen).rank, Some(0));
    let since = before.work.since.expect("there is work");
    assert!(since <= world.now);
    assert_eq!(before.work.own_turn, Some(since + 1_500));
    let waiting: Vec<_> = inspect(&world, 1).room.unwrap().newcomers.iter().map(|n| n.client).collect();
    assert_eq!(waiting, [newcomer]);

    world.run(2_000);
    let after = group(&world, 2);
    assert!(after.work.adds.is_empty() && after.work.since.is_none());
    assert!(member(&after, frozen).passed_over);
    assert_eq!(member(&after, second).rank, Some(0), "the next is the designated committer now");
    let last = after.members.iter().filter_map(|member| member.rank).max();
    assert_eq!(member(&after, frozen).rank, last);
}

#[test]
fn the_log_is_shown_as_it_came() {
    let mut world = World::of(2);
    world.run(10_000);
    world.chat(1, "a word");
    world.run(1_000);
    let seen = entries(&inspect(&world, 0));
    let places: Vec<u64> = seen.iter().map(|(seq, ..)| seq.0).collect();
    let first = places[0];
    assert_eq!(places, (first..first + places.len() as u64).collect::<Vec<_>>(), "nothing is left out");
    assert_eq!(places.last(), Some(&inspect(&world, 0).room.unwrap().processed.0));
    assert_eq!(seen[0].1, EntryKind::Founded);
    assert!(matches!(seen[0].4, Outcome::Epoch { epoch: 0, .. }));
    let of = |wanted: EntryKind| seen.iter().filter(move |(_, kind, ..)| *kind == wanted);
    let (_, _, arrived, bytes, outcome) = of(EntryKind::Arrived).next().unwrap();
    assert_eq!((*arrived, outcome), (world.client(1), &Outcome::Taken {}));
    assert!(*bytes > 200, "a key package");
    let commits: Vec<_> = of(EntryKind::Committed).map(|(.., outcome)| outcome.clone()).collect();
    assert!(matches!(commits[0], Outcome::Epoch { epoch: 1, added: 1, removed: 0, path: false }));
    assert!(commits.iter().any(|outcome| matches!(outcome, Outcome::Epoch { added: 0, path: true, .. })));
    let said = of(EntryKind::Message).filter(|(_, _, client, ..)| *client == world.client(1));
    let kinds: Vec<_> = said.map(|(.., outcome)| serde_json::to_string(outcome).unwrap()).collect();
    assert!(kinds.contains(&r#"{"type":"read","content":"chat"}"#.to_owned()), "{kinds:?}");
    let numbers: Vec<_> = inspect(&world, 0).history.records.iter().map(|r| r.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let times: Vec<Millis> = inspect(&world, 0).history.records.iter().map(|r| r.at).collect();
    assert!(times.is_sorted());
}

#[test]
fn what_is_refused_has_a_rule_and_somebody_to_blame() {
    let mut world = World::of(3);
    // Until all have renewed their paths: two commits in a row are too many for the server.
    world.run(20_000);
    let insider = world.client(2);
    let junk = Bytes(vec![0xa5; 300]);
    let body = Post::Commit { parent: world.last_parent(), adds: Vec::new(), commit: junk, welcome: None };
    world.say(2, &ClientMessage::Post { post: 900, body });
    // A message that its author's leaf has signed, and that means nothing.
    let bytes = world.peers[2].session.seal_anything(b"nothing").unwrap();
    world.say(2, &ClientMessage::Post { post: 901, body: Post::Message { bytes } });
    world.run(1_000);
    let refused: Vec<_> = entries(&inspect(&world, 0))
        .into_iter()
        .filter_map(|(_, kind, client, bytes, outcome)| match outcome {
            Outcome::Refused { broken } => Some((kind, client, bytes, broken.rule, broken.blame)),
            _ => None,
        })
        .collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert_eq!(refused[0], (EntryKind::Committed, insider, 300, 1, Blame::AuthorOrServer));
    let (kind, client, _, rule, blame) = refused[1];
    assert_eq!((kind, client, rule, blame), (EntryKind::Message, insider, 54, Blame::Author));
}

#[test]
fn what_led_to_a_loss_outlives_it() {
    let mut world = World::of(2);
    // The server says that this client has departed.
    let error = tangelo_wire::WireError::new(tangelo_wire::ErrorCode::Departed, "gone");
    world.peers[1].to_client.push_back(ServerMessage::Error(error).to_json());
    world.run(5_000);
    world.assert_one_group(&[0, 1]);
    let inspection = inspect(&world, 1);
    let at = inspection.history.records.iter().position(|record| {
        record.happening == Happening::ArrivedAnew { why: "the server says that this client has departed" }
    });
    let at = at.expect("the loss is shown");
    assert!(at > 0 && at + 1 < inspection.history.records.len(), "with what came before and after");
    assert_eq!(inspection.losses.len(), 1);
}

#[test]
fn a_check_that_nobody_signed_is_shown() {
    let mut world = World::of(2);
    let client = world.client(0);
    let check = tangelo_wire::ForkCheck {
        seq: Seq(1),
        epoch: 1,
        tag: Bytes(vec![1; 8]),
        signature: Bytes(vec![2; 64]),
    };
    world.peers[1].to_client.push_back(ServerMessage::Check { client, check }.to_json());
    world.settle();
    let inspection = inspect(&world, 1);
    let bad: Vec<_> = inspection
        .history
        .records
        .iter()
        .filter(|record| matches!(record.happening, Happening::BadCheck { .. }))
        .map(|record| record.happening.clone())
        .collect();
    assert_eq!(bad, [Happening::BadCheck { client }]);
}

#[test]
fn frames_are_counted_by_key_id() {
    let mut world = World::of(2);
    let now = world.now;
    let sender = world.client(0);
    let line = world.peers[1].session.add_receiver(sender, Source::Camera);
    let (mut sealed, mut opened) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let session = &mut world.peers[0].session;
        let verdict = session.seal(now, Source::Camera, "vp9", b"picture", &mut sealed);
        assert_eq!(verdict, FrameVerdict::Pass);
        let session = &mut world.peers[1].session;
        assert_eq!(session.open(now, line, 0, "vp9", &sealed, &mut opened), FrameVerdict::Pass);
    }
    // The last one again, and one that was tampered with.
    world.peers[1].session.open(now, line, 0, "vp9", &sealed, &mut opened);
    world.peers[0].session.seal(now, Source::Camera, "vp9", b"picture", &mut sealed);
    *sealed.last_mut().unwrap() ^= 1;
    world.peers[1].session.open(now, line, 0, "vp9", &sealed, &mut opened);

    let sent = inspect(&world, 0).frames;
    let epoch = world.peers[0].session.epoch().unwrap().1;
    let leaf = 0;
    let camera = 2 << 16 | leaf << 6 | (sent.sending.unwrap() % 64);
    let keys: Vec<_> = sent.sent.iter().map(|key| (key.key_id, key.sealed)).collect();
    // One more was sealed when the world was found to be of one group.
    assert_eq!(keys.last(), Some(&(camera, 5)), "{keys:?}");
    assert_eq!(sent.epochs.last().map(|keys| (keys.epoch, keys.expires)), Some((epoch, None)));
    let received = inspect(&world, 1).frames.received;
    let line = received.iter().find(|line| line.client == sender.to_string()).unwrap();
    assert_eq!((line.source, line.opened, line.keys.len()), (Source::Camera, 3, 1));
    let key = &line.keys[0];
    assert_eq!((key.key_id, key.opened, key.held), (camera, 3, 0));
    assert_eq!(key.dropped, [("replayed", 1), ("forged", 1)]);
}
