//! What insiders, the server and bad luck can do to a session, and what they cannot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{Output, Phase};
use tangelo_wire::{Bytes, ClientMessage, ErrorCode, Post, ServerMessage, WireError};

/// An insider posts a junk commit that claims to add everybody: nobody leaves the group for that.
#[test]
fn a_junk_entry_that_names_everyone_moves_nobody() {
    let mut world = World::new();
    for person in 1..=4 {
        world.open(person);
    }
    world.run(4_000);
    world.assert_one_group(&[0, 1, 2, 3]);
    let number = world.peers[0].number.clone();
    let insider = 3;
    let adds = (0..3).map(|index| world.client(index)).collect();
    let junk = Bytes(vec![0xa5; 300]);
    let body = Post::Commit { parent: world.last_parent(), adds, commit: junk.clone(), welcome: Some(junk) };
    world.say(insider, &ClientMessage::Post { post: 900, body });
    world.run(3_000);
    world.assert_one_group(&[0, 1, 2, 3]);
    assert_eq!(world.peers[0].number, number);
    for peer in &world.peers {
        assert!(peer.session.losses().is_empty(), "{:?}", peer.session.losses());
        let refused = peer.session.stats().refused;
        assert_eq!(refused.len(), 1, "the entry was counted, with its author");
        assert_eq!(refused[0].client, world.client(insider).to_string());
    }
}

/// The founder was let in by nobody: not even a commit of another state of its group can make it leave.
#[test]
fn a_commit_of_a_past_epoch_that_names_the_founder_does_not_evict_it() {
    let mut world = World::new();
    world.open(1);
    world.run(500);
    world.open(2);
    world.run(2_000);
    let old = world.log.values().find_map(|entry| match entry {
        tangelo_wire::Entry::Committed { commit, .. } => Some(commit.clone()),
        _ => None,
    });
    let (commit, parent) = (old.unwrap(), world.last_parent());
    let adds = vec![world.client(0)];
    let body = Post::Commit { parent, adds, commit, welcome: Some(Bytes(vec![1; 50])) };
    world.say(1, &ClientMessage::Post { post: 901, body });
    world.run(2_000);
    world.assert_one_group(&[0, 1]);
    assert!(world.peers[0].session.losses().is_empty());
}

/// The network dies silently while a resume is under way, and the resume window ends.
#[test]
fn a_resume_that_is_never_answered_does_not_leave_the_session_stuck() {
    let mut world = World::new();
    world.open(1);
    world.open(2);
    world.run(2_000);
    let mut now = world.now;
    let session = &mut world.peers[1].session;
    session.disconnected(now);
    let mut connects = 0;
    // Every connection opens and then stays silent.
    for _ in 0..200 {
        while let Some(output) = session.poll_output() {
            if output == Output::Connect {
                connects += 1;
                session.connected(now);
            }
        }
        let next = session.poll_timeout().expect("something is always left to try");
        now = now.max(next);
        session.handle_timeout(now);
    }
    assert!(connects > 3, "it goes on trying");
    assert!(!session.losses().is_empty(), "after the resume window it arrives anew");
}

#[test]
fn a_refused_enter_is_posted_again() {
    let mut world = World::new();
    world.open(1);
    world.run(500);
    let second = world.open(2);
    // Until the newcomer has processed its Welcome and wants to enter.
    for _ in 0..1_000 {
        if world.peers[second].session.epoch().is_some() {
            break;
        }
        for index in [0, second] {
            world.step_to_server(index);
            world.step_to_client(index);
        }
    }
    let lost = world.peers[second].to_server.pop_front().expect("the Enter is under way");
    assert!(lost.contains("\"enter\""), "{lost}");
    let error = WireError::new(ErrorCode::TooMany, "slow down");
    let refused = ServerMessage::Refused { post: 0, error }.to_json();
    world.peers[second].to_client.push_back(refused);
    world.run(2_000);
    world.assert_one_group(&[0, second]);
    // It has entered: it can do the first one's work.
    world.leave(0);
    let third = world.open(3);
    world.run(3_000);
    world.assert_one_group(&[second, third]);
}

#[test]
fn a_late_signature_of_the_identity_does_not_end_the_call() {
    let mut world = World::new();
    let index = world.open(1);
    world.peers[index].session.identity_signed(world.now, &[7; 64]);
    // Until the real question is asked, and before it is answered, another answer comes.
    for _ in 0..20 {
        world.step_to_server(index);
        world.peers[index].session.identity_signed(world.now, &[7; 64]);
        world.step_to_client(index);
    }
    world.run(2_000);
    assert_eq!(world.peers[index].ended, None);
    assert_eq!(world.peers[index].phase, Some(Phase::Inside));
}

#[test]
fn what_is_sent_does_not_print() {
    let output = Output::Send { text: "a resume token".to_owned() };
    assert_eq!(format!("{output:?}"), "Send(14 bytes)");
}
