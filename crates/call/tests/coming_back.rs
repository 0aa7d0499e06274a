//! How soon a client is back once the network is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    cell::Cell,
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

use tangelo_call::{Command, Config, IdentityKey, Output, Phase, Session};
use tangelo_wire::{ErrorCode, Millis, ServerMessage, WireError};

mod common;

use common::{HOST, World};

/// After so long a client that was inside must be on its way again, in milliseconds of the session's own time.
const SOON_MS: u64 = 3_000;

/// A session that is cut off in a world of two. What it asks for goes nowhere: `reachable` says whether a connection can be opened.
struct CutOff {
    world: World,
    /// When it tried to connect.
    tries: VecDeque<Millis>,
}

impl CutOff {
    fn new() -> Self {
        let mut world = World::of(2);
        let now = world.now;
        let connection = world.peers[1].connection.take().unwrap();
        world.delivery.disconnected(now, connection);
        world.peers[1].frozen = true;
        world.peers[1].session.disconnected(now);
        Self { world, tries: VecDeque::new() }
    }

    /// Time passes without network. A try is refused at once, or never answered.
    fn pass(&mut self, duration_ms: u64, refused: bool) {
        let end = self.world.now + duration_ms;
        loop {
            let now = self.world.now;
            let session = &mut self.world.peers[1].session;
            while let Some(output) = session.poll_output() {
                if output == Output::Connect {
                    self.tries.push_back(now);
                    if refused {
                        session.disconnected(now);
                    }
                }
            }
            let next = session.poll_timeout().filter(|at| *at <= end);
            let Some(next) = next else { break };
            let step = next.0.saturating_sub(now.0).max(1);
            self.world.run(step);
            let now = self.world.now;
            self.world.peers[1].session.handle_timeout(now);
        }
        let left = end.0 - self.world.now.0;
        self.world.run(left);
    }

    /// The longest time without a try, in milliseconds.
    fn longest(&self) -> u64 {
        let pairs = self.tries.iter().zip(self.tries.iter().skip(1));
        pairs.map(|(one, next)| next.since(*one)).max().unwrap()
    }
}

#[test]
fn who_has_no_network_for_half_a_minute_tries_again_every_second() {
    let mut cut_off = CutOff::new();
    cut_off.pass(30_000, true);
    assert!(cut_off.longest() <= SOON_MS, "{:?}", cut_off.tries);
    // The network is back.
    cut_off.world.thaw(1);
    cut_off.world.run(SOON_MS + 2_000);
    cut_off.world.assert_one_group(&[0, 1]);
}

#[test]
fn tries_that_get_no_answer_are_given_up_for_new_ones() {
    let mut cut_off = CutOff::new();
    cut_off.pass(30_000, false);
    assert!(cut_off.tries.len() >= 5, "{:?}", cut_off.tries);
    // One of three is long, for networks that are slow.
    let mut gaps: Vec<u64> =
        cut_off.tries.iter().zip(cut_off.tries.iter().skip(1)).map(|(one, next)| next.since(*one)).collect();
    gaps.sort_unstable();
    assert!(gaps[gaps.len() / 2] <= SOON_MS + 1_000, "{gaps:?}");
}

/// When somebody in the place of peer 1 tries, with a connection that is always refused.
fn tries_of(person: u8) -> Vec<u64> {
    let key = IdentityKey([person; 32]);
    let config = Config { host: HOST, link: "/r/standup", name: "Ada", identity: key };
    let mut session = Session::new(config).unwrap();
    let mut tries = Vec::new();
    let mut now = Millis(0);
    while tries.len() < 8 {
        while let Some(output) = session.poll_output() {
            if output == Output::Connect {
                tries.push(now.0);
                session.disconnected(now);
            }
        }
        now = session.poll_timeout().unwrap();
        session.handle_timeout(now);
    }
    tries
}

#[test]
fn who_lost_the_same_server_does_not_come_back_in_step() {
    let all: Vec<Vec<u64>> = (1..=20).map(tries_of).collect();
    // The fourth try would be at 1,750 ms for everybody.
    let fourth: BTreeSet<u64> = all.iter().map(|tries| tries[3]).collect();
    assert!(fourth.len() > 15, "{fourth:?}");
    for tries in &all {
        let gaps = tries.windows(2).map(|pair| pair[1] - pair[0]);
        for (gap, longest) in gaps.zip([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
            assert!((longest / 2..=longest).contains(&gap), "{tries:?}");
        }
    }
}

#[test]
fn who_has_lost_the_place_of_a_full_call_is_told_once_and_does_not_hammer() {
    for (why, text) in [(ErrorCode::RoomFull, "the call is full"), (ErrorCode::ServerFull, "full or busy")] {
        let mut world = World::of(2);
        let tries = Rc::new(Cell::new(0));
        let refused = Rc::clone(&tries);
        // The server refuses it whenever it says hello.
        let full = WireError::new(why, "no room");
        world.tamper = Some(Box::new(move |_, message| match message {
            ServerMessage::Assigned { .. } | ServerMessage::Resumed { .. } => {
                refused.set(refused.get() + 1);
                ServerMessage::Error(full.clone())
            }
            other => other,
        }));
        world.cut(1);
        world.run(60_000);
        let told = world.notices(1);
        assert_eq!(told.iter().filter(|notice| notice.contains(text)).count(), 1, "{told:?}");
        assert!((5..25).contains(&tries.get()), "{} tries", tries.get());
        world.tamper = None;
        world.run(20_000);
        world.assert_one_group(&[0, 1]);
    }
}

#[test]
fn a_network_that_is_another_one_is_tried_at_once() {
    let mut cut_off = CutOff::new();
    // A minute and more: the pauses have become long.
    cut_off.pass(300_000, true);
    assert!(cut_off.longest() > SOON_MS);
    let now = cut_off.world.now;
    let session = &mut cut_off.world.peers[1].session;
    session.command(now, Command::NetworkChanged {});
    assert_eq!(session.poll_timeout(), Some(now));
    session.handle_timeout(now);
    let outputs: Vec<Output> = std::iter::from_fn(|| session.poll_output()).collect();
    assert!(outputs.contains(&Output::Connect), "{outputs:?}");
}

#[test]
fn a_try_that_began_in_another_network_is_begun_anew() {
    let key = IdentityKey([1; 32]);
    let config = Config { host: HOST, link: "/r/standup", name: "Ada", identity: key };
    let mut session = Session::new(config).unwrap();
    assert!(std::iter::from_fn(|| session.poll_output()).any(|output| output == Output::Connect));
    let now = Millis(5);
    session.command(now, Command::NetworkChanged {});
    session.handle_timeout(now);
    let outputs: Vec<Output> = std::iter::from_fn(|| session.poll_output()).collect();
    let place = |wanted: &Output| outputs.iter().position(|output| output == wanted).unwrap();
    assert!(place(&Output::Close) < place(&Output::Connect), "{outputs:?}");
}

#[test]
fn a_connection_of_the_old_network_is_found_dead_without_waiting_for_silence() {
    let mut world = World::of(2);
    let client = world.client(1);
    // The server's side does not know yet, and nothing comes through any more.
    world.peers[1].connection = None;
    world.command(1, Command::NetworkChanged {});
    world.run(SOON_MS);
    world.assert_one_group(&[0, 1]);
    assert_eq!(world.client(1), client);
    assert_eq!(world.peers[1].phase, Some(Phase::Inside));
    // One that works stays.
    world.command(1, Command::NetworkChanged {});
    let connection = world.peers[1].connection;
    world.run(10_000);
    assert_eq!(world.peers[1].connection, connection);
}
