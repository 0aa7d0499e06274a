//! Whatever the server sends, in whatever phase: the session goes on or says why not, in a bounded number of steps, and
//! the others' call is as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "../../wire/tests/spoil/mod.rs"]
mod spoil;

use common::World;
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::TestRunner};
use spoil::{Spoil, spoil, spoiled};
use tangelo_call::{Command, Phase};
use tangelo_wire::{
    Bytes, ClientId, ErrorCode, ForkCheck, LogHash, LogId, Millis, Picture, Presence, Published, ResumeToken,
    Seq, ServerMessage, Source, WireError,
};

const VICTIM: usize = 2;

/// One step of every queue. Returns whether anything moved.
fn step(world: &mut World) -> bool {
    step_heard(world, |_| {})
}

/// One step of every queue; `heard` is shown what the victim hears.
fn step_heard(world: &mut World, mut heard: impl FnMut(&str)) -> bool {
    let mut moved = false;
    for index in 0..world.peers.len() {
        moved |= world.step_to_server(index);
        if index == VICTIM
            && let Some(text) = world.peers[VICTIM].to_client.front()
        {
            heard(text);
        }
        moved |= world.step_to_client(index);
    }
    moved
}

/// A call of two, and a third that opens the link.
fn begin() -> World {
    let mut world = World::new();
    world.open(0);
    world.open(1);
    world.run(2_000);
    assert_eq!(world.open(2), VICTIM);
    world
}

/// Everything that the third hears: of joining, others coming and going, a resume; and what it might hear besides.
fn corpus() -> Vec<String> {
    let mut world = begin();
    let mut heard = Vec::new();
    for round in 0..4_000 {
        match round {
            600 => drop(world.open(3)),
            1_200 => world.leave(3),
            1_800 => world.cut(VICTIM),
            2_400 => world.leave(0),
            _ => {}
        }
        if !step_heard(&mut world, |text| heard.push(text.to_owned())) {
            world.now = world.now + 50;
            world.tick();
        }
    }
    heard.sort();
    heard.dedup();
    // Answers to heartbeats differ in their number alone.
    let (alive, mut heard): (Vec<_>, Vec<_>) = heard.into_iter().partition(|text| text.contains("\"alive\""));
    heard.extend(alive.into_iter().take(2));
    for kind in ["assigned", "snapshot", "resumed", "committed", "arrived", "departed", "entered", "welcome"]
    {
        assert!(heard.iter().any(|text| text.contains(kind)), "{kind}");
    }

    let client = world.client(VICTIM);
    let error = |code| WireError::new(code, "the server's words");
    let check = ForkCheck { seq: Seq(1), epoch: 2, tag: Bytes(vec![1; 8]), signature: Bytes(vec![2; 64]) };
    let more = [
        ServerMessage::Stale { post: 1, last: Seq(3) },
        ServerMessage::Refused { post: 1, error: error(ErrorCode::TooMany) },
        ServerMessage::Refused { post: 0, error: error(ErrorCode::Invalid) },
        ServerMessage::Answer { offer: 1, sdp: "v=0\r\n".into() },
        ServerMessage::OfferRefused { offer: 1, error: error(ErrorCode::BadOffer) },
        ServerMessage::Published(Published { client, sources: vec![Source::Camera] }),
        ServerMessage::Wanted { source: Source::Screen, layers: vec![0] },
        ServerMessage::Connection { client, lost: true },
        ServerMessage::Paused {
            pictures: vec![Picture { client: ClientId([7; 16]), source: Source::Screen }],
        },
        ServerMessage::Check { client, check },
        ServerMessage::Error(error(ErrorCode::TooLarge)),
        ServerMessage::Error(error(ErrorCode::RoomFull)),
        ServerMessage::Error(error(ErrorCode::Departed)),
        ServerMessage::Error(error(ErrorCode::Internal)),
        ServerMessage::Resumed { seq: Seq(u64::MAX), published: Vec::new(), media_lost: false },
    ];
    heard.extend(more.iter().map(ServerMessage::to_json));
    heard
}

/// A text for the victim, given when the world has moved so many steps.
type Said = (usize, Index, Vec<Spoil>);

fn said() -> impl Strategy<Value = Vec<Said>> {
    vec((0..60_usize, any::<Index>(), vec(spoil(), 0..3)), 1..12)
}

fn tell(world: &mut World, text: String) -> Result<(), TestCaseError> {
    let before = world.peers[VICTIM].events.len();
    world.peers[VICTIM].to_client.push_front(text);
    world.step_to_client(VICTIM);
    let told = world.peers[VICTIM].events.len() - before;
    prop_assert!(told < 20, "{told} events for one text");
    Ok(())
}

#[test]
fn a_lying_server_breaks_no_session_and_no_other_call() {
    let corpus = corpus();
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&said(), |said| {
        let mut world = begin();
        for (steps, which, spoils) in said {
            for _ in 0..steps {
                if !step(&mut world) {
                    world.now = world.now + 50;
                    world.tick();
                }
            }
            let text: &String = which.get(&corpus);
            tell(&mut world, spoiled(text, &spoils))?;
        }
        world.run(15_000);
        let victim = &world.peers[VICTIM];
        prop_assert!(
            victim.ended.is_some() || victim.session.poll_timeout().is_some(),
            "nothing is left to do in {:?}",
            victim.phase
        );
        // The two others never left their group.
        let [one, two, ..] = world.peers.as_slice() else { unreachable!() };
        for peer in [one, two] {
            prop_assert_eq!(peer.session.losses(), &[] as &[&str]);
            prop_assert_eq!((peer.phase, peer.ended.as_ref()), (Some(Phase::Inside), None));
        }
        prop_assert_eq!(one.session.epoch(), two.session.epoch());
        prop_assert_eq!(&one.number, &two.number);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn any_text_at_any_time() {
    let mut world = begin();
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let cell = std::cell::RefCell::new(&mut world);
    let outcome = TestRunner::new(config).run(&(".{0,200}", 0..3_usize), |(text, steps)| {
        let mut world = cell.borrow_mut();
        tell(&mut world, text)?;
        for _ in 0..steps {
            if !step(&mut world) {
                world.now = world.now + 100;
                world.tick();
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    world.run(60_000);
    world.assert_one_group(&[0, 1, VICTIM]);
}

#[test]
fn a_snapshot_of_too_many_is_not_taken() {
    let mut world = begin();
    // Until the victim has asked to arrive, and just before it is answered.
    let mut snapshot = None;
    for _ in 0..1_000 {
        if snapshot.is_some() {
            break;
        }
        for index in 0..world.peers.len() {
            world.step_to_server(index);
            let next = world.peers[VICTIM].to_client.front();
            if let Some(text) = next.filter(|text| text.contains("\"snapshot\"")) {
                snapshot = Some(text.clone());
                world.peers[VICTIM].to_client.pop_front();
                break;
            }
            world.step_to_client(index);
        }
    }
    let mut message = ServerMessage::from_json(&snapshot.unwrap()).unwrap();
    let ServerMessage::Snapshot { present, .. } = &mut message else { panic!("{message:?}") };
    for number in 0..2_000_u16 {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        let key_package = Bytes(vec![1]);
        present.push(Presence { client: ClientId(id), key_package, admission: None, ..present[0].clone() });
    }
    tell(&mut world, message.to_json()).unwrap();
    let losses = world.peers[VICTIM].session.losses();
    assert_eq!(losses, ["the snapshot shows more clients than a group can have"]);
    world.run(10_000);
    world.assert_one_group(&[0, 1, VICTIM]);
}

#[test]
fn clocks_and_numbers_at_their_end() {
    let mut world = begin();
    world.run(3_000);
    let session = &mut world.peers[VICTIM].session;
    let end = Millis(u64::MAX);
    let published = |client| Published { client, sources: vec![Source::Camera; 4] };
    let client = session.client().unwrap();
    session.receive(end, &ServerMessage::Published(published(client)).to_json());
    session.receive(end, &ServerMessage::Alive { seq: Seq(u64::MAX) }.to_json());
    session.receive(end, &ServerMessage::Stale { post: u32::MAX, last: Seq(u64::MAX) }.to_json());
    session.command(end, Command::Offer { offer: u32::MAX, sdp: String::new(), lines: Vec::new() });
    for _ in 0..100 {
        session.handle_timeout(end);
        while session.poll_output().is_some() {}
    }
    // And back again: a clock that steps back.
    session.handle_timeout(Millis(0));
    let snapshot = ServerMessage::Snapshot {
        log_id: LogId([1; 16]),
        seq: Seq(u64::MAX),
        hash: LogHash([5; 32]),
        parent: Seq(u64::MAX),
        group_id: None,
        present: Vec::new(),
        said: None,
        published: vec![published(client)],
        token: ResumeToken([1; 32]),
    };
    session.receive(Millis(0), &snapshot.to_json());
    while session.poll_output().is_some() {}
}
