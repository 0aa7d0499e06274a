//! Whoever loses its place gets it back by itself, and the others go on as before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{
    Command, Event, FrameVerdict, Phase,
    emoji::{EmojiFailure, EmojiView},
};
use tangelo_wire::{Bytes, DepartReason, Entry, LogEntry, ServerMessage, Source};

/// Long enough to notice, to arrive anew and to be let in.
const BACK_MS: u64 = 25_000;

/// A world of three in which what happens to the last must not disturb the first two: their frames pass all the time.
struct Call {
    world: World,
    lines: [u32; 2],
}

impl Call {
    fn new() -> Self {
        let mut world = World::of(3);
        world.run(6_000);
        let clients = [world.client(0), world.client(1)];
        let line = |world: &mut World, at: usize, of: usize| {
            world.peers[at].session.add_receiver(clients[of], Source::Microphone)
        };
        let lines = [line(&mut world, 0, 1), line(&mut world, 1, 0)];
        Self { world, lines }
    }

    /// Time passes; the first two talk.
    fn run(&mut self, duration_ms: u64) {
        for ticket in 0..duration_ms / 20 {
            self.world.run(20);
            for (from, to) in [(0, 1), (1, 0)] {
                let now = self.world.now;
                let (mut sealed, mut opened) = (Vec::new(), Vec::new());
                let sender = &mut self.world.peers[from].session;
                assert_eq!(
                    sender.seal(now, Source::Microphone, "opus", b"sound", &mut sealed),
                    FrameVerdict::Pass
                );
                let receiver = &mut self.world.peers[to].session;
                let ticket = u32::try_from(ticket).unwrap();
                let verdict = receiver.open(now, self.lines[to], ticket, "opus", &sealed, &mut opened);
                assert_eq!(verdict, FrameVerdict::Pass, "the others' sound must not stop");
            }
        }
    }

    /// The third is back, without a reload; the first two never left.
    fn is_back(&mut self, why: &str) {
        self.run(BACK_MS);
        assert!(self.world.losses(2).contains(&why), "{:?}", self.world.losses(2));
        assert!(self.world.peers[2].ended.is_none());
        for index in [0, 1] {
            assert!(self.world.losses(index).is_empty(), "{:?}", self.world.losses(index));
        }
        self.world.tamper = None;
        self.run(5_000);
        self.world.assert_one_group(&[0, 1, 2]);
    }

    /// What the server shows the third in place of entries, once.
    fn third_is_shown_once(&mut self, mut change: impl FnMut(LogEntry) -> (LogEntry, bool) + 'static) {
        let mut done = false;
        self.world.tamper = Some(Box::new(move |peer, message| match message {
            ServerMessage::Entry(entry) if peer == 2 && !done => {
                let (entry, changed) = change(entry);
                done = changed;
                ServerMessage::Entry(entry)
            }
            other => other,
        }));
    }
}

#[test]
fn a_missing_entry() {
    let mut call = Call::new();
    call.third_is_shown_once(|LogEntry { seq, entry }| (LogEntry { seq: seq.next(), entry }, true));
    call.is_back("an entry of the log is missing");
}

#[test]
fn a_false_departure() {
    let mut call = Call::new();
    let client = call.world.client(2);
    call.third_is_shown_once(move |LogEntry { seq, .. }| {
        (LogEntry { seq, entry: Entry::Departed { client, reason: DepartReason::Silent } }, true)
    });
    call.is_back("the log says that this client has departed");
}

#[test]
fn a_removed_client_that_is_still_alive() {
    let mut call = Call::new();
    // The server takes the third for gone, and the third does not know: its connection is silent, not closed.
    call.world.peers[2].frozen = true;
    let connection = call.world.peers[2].connection.unwrap();
    let now = call.world.now;
    call.world.delivery.disconnected(now, connection);
    call.run(15_000);
    assert_eq!(call.world.peers[0].people.len(), 2, "the others have removed it");
    call.world.thaw(2);
    call.run(BACK_MS);
    assert!(!call.world.losses(2).is_empty());
    call.world.assert_one_group(&[0, 1, 2]);
}

#[test]
fn a_commit_that_the_server_has_changed() {
    let mut call = Call::new();
    call.third_is_shown_once(|LogEntry { seq, entry }| match entry {
        Entry::Committed { parent, client, adds, mut commit, welcome } => {
            let last = commit.0.len() - 1;
            commit.0[last] ^= 1;
            (LogEntry { seq, entry: Entry::Committed { parent, client, adds, commit, welcome } }, true)
        }
        entry => (LogEntry { seq, entry }, false),
    });
    // Rekeys come within the minute.
    call.run(60_000);
    call.is_back("most others in the call are in another state than this client");
}

#[test]
fn lost_state() {
    let mut call = Call::new();
    // A page that was closed without a word, opened again: a new session of the same person.
    call.world.peers[2].frozen = true;
    let connection = call.world.peers[2].connection.take().unwrap();
    let now = call.world.now;
    call.world.delivery.disconnected(now, connection);
    let again = call.world.open(3);
    call.run(BACK_MS);
    call.world.assert_one_group(&[0, 1, again]);
}

#[test]
fn a_welcome_that_cannot_be_used() {
    let mut call = Call::new();
    call.world.leave(2);
    call.run(2_000);
    let mut spoilt = 0;
    call.world.tamper = Some(Box::new(move |peer, message| match message {
        ServerMessage::Entry(LogEntry {
            seq,
            entry: Entry::Committed { parent, client, adds, commit, welcome: Some(mut welcome) },
        }) if peer == 3 && spoilt < 2 => {
            spoilt += 1;
            let middle = welcome.0.len() / 2;
            welcome.0[middle] ^= 1;
            let entry = Entry::Committed { parent, client, adds, commit, welcome: Some(welcome) };
            ServerMessage::Entry(LogEntry { seq, entry })
        }
        other => other,
    }));
    let newcomer = call.world.open(4);
    call.run(BACK_MS);
    assert_eq!(call.world.losses(newcomer), ["the Welcome could not be used"; 2]);
    for index in [0, 1] {
        assert!(call.world.losses(index).is_empty(), "{:?}", call.world.losses(index));
    }
    call.world.assert_one_group(&[0, 1, newcomer]);
}

#[test]
fn a_group_in_which_nothing_can_be_read() {
    let mut call = Call::new();
    call.world.leave(2);
    call.run(2_000);
    let deaf_until = call.world.now + 12_000;
    let mut heard = 0;
    // Whatever is said or committed comes to the newcomer as nonsense, as it would in a false group.
    call.world.tamper = Some(Box::new(move |peer, message| match message {
        ServerMessage::Entry(LogEntry { seq, entry: Entry::Message { client, .. } })
            if peer == 3 && heard < 8 =>
        {
            heard += 1;
            let entry = Entry::Message { client, bytes: Bytes(vec![heard; 40]) };
            ServerMessage::Entry(LogEntry { seq, entry })
        }
        ServerMessage::Check { .. } if peer == 3 && heard < 8 => {
            ServerMessage::Alive { seq: tangelo_wire::Seq(1) }
        }
        other => other,
    }));
    let newcomer = call.world.open(4);
    call.run(BACK_MS);
    assert!(call.world.now > deaf_until);
    assert!(!call.world.losses(newcomer).is_empty(), "it noticed");
    call.world.tamper = None;
    call.run(BACK_MS);
    for index in [0, 1] {
        assert!(call.world.losses(index).is_empty(), "{:?}", call.world.losses(index));
    }
    call.world.assert_one_group(&[0, 1, newcomer]);
}

#[test]
fn a_group_that_does_not_answer_is_left_after_five_seconds() {
    let mut world = World::of(2);
    let newcomer = world.open(3);
    // As soon as it is in, the others fall silent.
    for _ in 0..200 {
        world.step_to_server(newcomer);
        world.step_to_client(newcomer);
        for index in 0..2 {
            world.step_to_server(index);
            world.step_to_client(index);
        }
        if world.peers[newcomer].phase == Some(Phase::Inside) {
            break;
        }
    }
    for index in 0..2 {
        world.peers[index].frozen = true;
        world.peers[index].to_server.clear();
    }
    world.run(8_000);
    assert!(
        world.losses(newcomer).contains(&"nothing in the group could be read after entering it"),
        "{:?}",
        world.losses(newcomer)
    );
    for index in 0..2 {
        world.thaw(index);
    }
    world.run(BACK_MS);
    world.assert_one_group(&[0, 1, newcomer]);
}

#[test]
fn emoji_that_stood_for_the_old_group_are_taken_back() {
    let emoji = |call: &Call, index: usize| {
        let mut states = call.world.peers[index].events.iter().filter_map(|event| match event {
            Event::Emoji { state } => Some(state.clone()),
            _ => None,
        });
        states.next_back().unwrap_or(EmojiView::Idle {})
    };
    let mut call = Call::new();
    call.world.command(2, Command::EmojiStart {});
    call.run(3_000);
    assert!(matches!(emoji(&call, 2), EmojiView::Done { .. }), "{:?}", emoji(&call, 2));
    call.third_is_shown_once(|LogEntry { seq, entry }| match entry {
        Entry::Message { client, .. } => {
            (LogEntry { seq, entry: Entry::Message { client, bytes: Bytes(vec![1]) } }, true)
        }
        entry => (LogEntry { seq, entry }, false),
    });
    call.run(BACK_MS);
    assert!(!call.world.losses(2).is_empty(), "it arrived anew");
    assert_eq!(emoji(&call, 2), EmojiView::Failed { reason: EmojiFailure::Reconnected {} }, "and says why");
    assert!(matches!(emoji(&call, 0), EmojiView::Failed { .. }), "the others' are taken back, too");
    call.world.command(2, Command::EmojiStart {});
    call.run(3_000);
    assert!(matches!(emoji(&call, 2), EmojiView::Done { .. }), "and another comparison may begin");
}
