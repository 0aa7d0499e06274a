//! What comes of deliberate mistakes: each situation once as it should be, and once with the mistake.
#![cfg(feature = "mistakes")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_wire::{Bytes, ClientId, ClientMessage, Mistake, Post, ServerMessage};

/// A commit that is none, and that names these clients.
fn junk(world: &mut World, insider: usize, adds: Vec<ClientId>) {
    let nonsense = Bytes(vec![0xa5; 300]);
    let welcome = (!adds.is_empty()).then(|| nonsense.clone());
    let body = Post::Commit { parent: world.last_parent(), adds, commit: nonsense, welcome };
    world.say(insider, &ClientMessage::Post { post: 900, body });
}

/// What happens, as it should be and with the mistake.
fn both<T>(mistake: Mistake, mut happens: impl FnMut() -> T) -> (T, T) {
    let right = happens();
    let _making = Mistake::make(&[mistake]);
    (right, happens())
}

/// Until peer 0 has a commit under way; `newcomer` arrives meanwhile.
fn until_committing(world: &mut World, newcomer: usize) {
    for _ in 0..100 {
        if world.peers[0].to_server.iter().any(|text| text.contains("\"commit\"")) {
            return;
        }
        if newcomer != 0 {
            world.step_to_server(newcomer);
            world.step_to_client(newcomer);
        }
        world.step_to_client(0);
    }
    panic!("nothing is committed");
}

fn epoch(world: &World, index: usize) -> u64 {
    world.peers[index].session.epoch().unwrap().1
}

/// What goes wrong whenever somebody comes in.
const ALWAYS_SHOWN: [Mistake; 3] =
    [Mistake::PresenceAtParent, Mistake::HashFromArrival, Mistake::SnapshotWithoutEntered];

#[test]
fn in_a_calm_call_most_mistakes_do_not_show() {
    for mistake in Mistake::ALL.iter().filter(|mistake| !ALWAYS_SHOWN.contains(mistake)) {
        let _making = Mistake::make(&[*mistake]);
        let mut world = World::of(3);
        world.run(30_000);
        world.leave(2);
        world.run(5_000);
        world.assert_one_group(&[0, 1]);
        assert!((0..2).all(|index| world.losses(index).is_empty()), "{mistake}");
    }
}

#[test]
fn whoever_merges_at_once_is_in_an_epoch_that_the_log_does_not_know() {
    let ahead = both(Mistake::MergedAtOnce, || {
        let mut world = World::of(2);
        world.run(10_000);
        let before = epoch(&world, 0);
        world.open(3);
        until_committing(&mut world, 2);
        epoch(&world, 0) - before
    });
    assert_eq!(ahead, (0, 1));
}

#[test]
fn without_takeover_a_stuck_committer_keeps_newcomers_out() {
    let inside = both(Mistake::NoTakeover, || {
        let mut world = World::of(3);
        world.run(8_000);
        world.peers[0].frozen = true;
        let newcomer = world.open(4);
        world.run(5_000);
        world.peers[newcomer].session.epoch().is_some()
    });
    assert_eq!(inside, (true, false));
}

#[test]
fn whose_parent_leaves_skipped_entries_out_never_posts_again() {
    let inside = both(Mistake::ParentIsLastApplied, || {
        let mut world = World::of(2);
        world.run(8_000);
        junk(&mut world, 1, Vec::new());
        let newcomer = world.open(3);
        world.run(8_000);
        world.peers[newcomer].session.epoch().is_some()
    });
    assert_eq!(inside, (true, false));
}

#[test]
fn being_named_again_is_judged_by_what_names_and_who_is_named() {
    // By junk, which moves nobody.
    let by_junk = both(Mistake::NamedAgainArrivesAnew, || {
        let mut world = World::of(2);
        world.run(8_000);
        let founder = world.client(0);
        junk(&mut world, 1, vec![founder]);
        world.run(1_000);
        world.losses(0).len()
    });
    assert_eq!(by_junk, (0, 1));
    // By a commit of the room, after a false Welcome.
    for (mistake, rooms_own) in [(Mistake::NamedAgainIgnored, false), (Mistake::LatestWelcomeFollowed, true)]
    {
        let losses = both(mistake, || {
            let mut world = World::of(3);
            let newcomer = world.mislead(1);
            world.run(1_000);
            let with_the_others = world.peers[newcomer].session.epoch() == world.peers[0].session.epoch();
            (world.losses(newcomer).len(), with_the_others)
        });
        assert_eq!(losses, ((1, true), (0, rooms_own)), "{mistake}");
    }
}

#[test]
fn a_welcome_of_junk_is_ignored() {
    let losses = both(Mistake::BadWelcomeIgnored, || {
        let mut world = World::of(2);
        world.run(8_000);
        let newcomer = world.open(3);
        while world.peers[newcomer].session.client().is_none() {
            world.step_to_server(newcomer);
            world.step_to_client(newcomer);
        }
        let adds = vec![world.client(newcomer)];
        junk(&mut world, 1, adds);
        world.run(1_000);
        world.losses(newcomer).to_vec()
    });
    assert_eq!(losses, (vec!["the Welcome could not be used"], vec![]));
}

#[test]
fn a_path_that_cannot_be_decrypted_is_skipped() {
    let alarmed = both(Mistake::UndecryptableSkipped, || {
        let mut world = World::of(3);
        let victim = [world.client(2)];
        world.run(70_000);
        world.peers[1].session.poison_paths(&victim);
        world.run(60_000);
        world.alarms(2).iter().any(|text| text.contains("new keys that this device cannot use"))
    });
    assert_eq!(alarmed, (true, false));
}

#[test]
fn a_post_that_was_thrown_away_comes_back_as_a_strangers() {
    let losses = both(Mistake::PostThrownAway, || {
        let mut world = World::of(3);
        world.run(8_000);
        // A commit with a path, which nobody but its author can do without having kept it.
        world.leave(2);
        while world.step_to_server(2) {}
        until_committing(&mut world, 0);
        // The server has it, and the author never hears of that.
        while world.step_to_server(0) {}
        world.cut(0);
        world.run(3_000);
        world.losses(0).to_vec()
    });
    assert_eq!(losses, (vec![], vec!["most others in the call are in another state than this client"]));
}

#[test]
fn who_departs_while_it_is_being_added_spoils_the_commit() {
    let refused = both(Mistake::PresenceAtEntry, || {
        let mut world = World::of(2);
        world.run(8_000);
        let newcomer = world.open(3);
        until_committing(&mut world, newcomer);
        world.leave(newcomer);
        while world.step_to_server(newcomer) {}
        world.run(3_000);
        world.peers[1].session.stats().refused.len()
    });
    assert_eq!(refused, (0, 1));
}

#[test]
fn without_admission_a_wrong_signature_does_not_matter() {
    let inside = both(Mistake::NoAdmission, || {
        let mut world = World::of(2);
        // The server lets the newcomer in, and the members see another signature than it gave.
        world.tamper = Some(Box::new(|_, mut message| {
            use tangelo_wire::Entry::Arrived;
            if let ServerMessage::Entry(entry) = &mut message
                && let Arrived { admission: Some(admission), .. } = &mut entry.entry
            {
                admission.signature = Bytes(vec![0; 64]);
            }
            message
        }));
        let newcomer = world.open(3);
        world.run(1_000);
        world.peers[newcomer].session.epoch().is_some()
    });
    assert_eq!(inside, (false, true));
}

#[test]
fn who_compares_epochs_alone_sees_no_fork() {
    let noticed = both(Mistake::AlarmByEpochOnly, || {
        let mut world = World::of(3);
        world.run(1_000);
        // Somebody is shown another reason of a departure.
        world.open(4);
        world.run(2_000);
        world.tamper = Some(Box::new(|peer, mut message| {
            if let ServerMessage::Entry(entry) = &mut message
                && let tangelo_wire::Entry::Departed { reason, .. } = &mut entry.entry
                && peer == 1
            {
                *reason = tangelo_wire::DepartReason::Silent;
            }
            message
        }));
        world.leave(3);
        world.run(30_000);
        (0..3).any(|peer| !world.losses(peer).is_empty() || !world.alarms(peer).is_empty())
    });
    assert_eq!(noticed, (true, false));
}
