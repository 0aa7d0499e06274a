//! Whatever text a connection sends, spoiled messages of a real run above all: it is answered or closed, in bounded
//! words, and others do not notice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../wire/tests/spoil/mod.rs"]
mod spoil;
mod world;

use proptest::{collection::vec, prelude::*, sample::Index};
use spoil::{spoil, spoiled};
use tangelo_delivery::{Limits, Rate};
use tangelo_wire::{
    Bytes, ClientMessage, ForkCheck, HostStatement, LineUse, MediaLine, PROTOCOL, Post, Seq, Source, View,
};
use world::{Client, World};

/// What a client says in the course of a call, right in its place for `eve`.
fn texts(eve: &Client, others: &[&Client]) -> Vec<String> {
    let post = |body| ClientMessage::Post { post: 1, body };
    let check = ForkCheck { seq: Seq(1), epoch: 1, tag: Bytes(vec![1; 8]), signature: Bytes(vec![1; 64]) };
    let said = HostStatement {
        number: 1,
        statement: Bytes(vec![1; 20]),
        host_key: Bytes(vec![2; 32]),
        signature: Bytes(vec![3; 64]),
    };
    let line = |line_use| MediaLine { mid: "0".into(), line_use: Some(line_use) };
    let messages = [
        ClientMessage::Hello { protocol: PROTOCOL, room: world::room(), host: world::HOST.into() },
        world::arrival(9),
        ClientMessage::Resume {
            protocol: PROTOCOL,
            room: world::room(),
            token: eve.token,
            processed: eve.seq,
        },
        post(world::found(eve, 4)),
        post(world::commit(4, others)),
        post(Post::Enter { commit: Seq(4) }),
        post(Post::HostSay { said }),
        post(world::message(30)),
        ClientMessage::Heartbeat { processed: eve.seq, check: Some(check) },
        ClientMessage::Watch {
            views: Some(vec![View {
                client: others[0].id,
                source: Source::Screen,
                height: 90,
                pinned: true,
            }]),
            hear: Some(others.iter().map(|other| other.id).collect()),
        },
        ClientMessage::Offer {
            offer: 1,
            sdp: "v=0\r\n".into(),
            lines: vec![
                line(LineUse::Send { source: Source::Camera }),
                line(LineUse::Receive { client: others[0].id, source: Source::Screen }),
            ],
        },
        ClientMessage::Leave {},
    ];
    messages.iter().map(ClientMessage::to_json).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn others_do_not_notice(
        said in vec((any::<Index>(), vec(spoil(), 0..3), 0..300_u64), 1..40),
        fresh in any::<bool>(),
    ) {
        let fast = Rate { per_second: 1_000, burst: 1_000 };
        let mut world = World::with(Limits { messages: fast, ..Limits::default() });
        let (first, second) = world.pair();
        let eve = world.arrive();
        let mut connection = if fresh { world.connect() } else { eve.connection };
        let texts = texts(&eve, &[&second, &first]);
        for (which, spoils, ms) in said {
            let text: &String = which.get(&texts);
            let text = spoiled(text, &spoils);
            match ClientMessage::from_json(&text) {
                Ok(message) => world.delivery.handle(world.now, connection, message),
                Err(error) => world.delivery.handle_bad(world.now, connection, error),
            }
            world.carry_out();
            for message in world.take(connection) {
                prop_assert!(message.to_json().len() < 64 << 10);
            }
            if world.closed.contains(&connection) {
                connection = world.connect();
            }
            world.pass(ms, &[&first, &second]);
        }
        // The two are where they were, and go on.
        prop_assert!(!world.departed.contains(&first.id) && !world.departed.contains(&second.id));
        let heard = world.entries_of(first.connection);
        prop_assert_eq!(&heard, &world.entries_of(second.connection));
        let places: Vec<u64> = heard.iter().map(|entry| entry.seq.0).collect();
        let last = places.last().copied().unwrap_or(5);
        prop_assert_eq!(places, (6..=last).collect::<Vec<_>>());
        world.post(&first, world::message(10));
        let heard = world.entries_of(second.connection);
        prop_assert_eq!(heard.len(), 1);
        prop_assert_eq!(heard[0].seq.0, last + 1);
    }
}

impl World {
    /// The entries that a connection was sent.
    fn entries_of(&mut self, connection: tangelo_delivery::ConnectionId) -> Vec<tangelo_wire::LogEntry> {
        let entry = |message| match message {
            tangelo_wire::ServerMessage::Entry(entry) => Some(entry),
            _ => None,
        };
        self.take(connection).into_iter().filter_map(entry).collect()
    }
}
