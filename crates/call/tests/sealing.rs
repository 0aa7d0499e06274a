//! Whatever happens to sessions, connections, workers and groups, no key is used twice with one nonce, and nothing is
//! handed out that is not sealed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::World;
use proptest::prelude::*;
use tangelo_call::FrameVerdict;
use tangelo_wire::Source;

const TAG: usize = 16;
const PEERS: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Seal {
        who: usize,
        source: Source,
        layer: u8,
    },
    /// The connection breaks and is resumed.
    Cut {
        who: usize,
    },
    /// The network is gone for longer than the resume window; the worker lives, and arrives anew.
    Freeze {
        who: usize,
    },
    Leave {
        who: usize,
    },
    Join,
    /// The worker is gone without a word, and another one takes its place: a new session.
    WorkerDies {
        who: usize,
    },
    /// Everyone but one is gone, so that the others found a group anew.
    OnlyNewcomers,
    Pass {
        ms: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEERS;
    let source = prop_oneof![
        Just(Source::Microphone),
        Just(Source::Camera),
        Just(Source::Screen),
        Just(Source::ScreenAudio)
    ];
    prop_oneof![
        6 => (who.clone(), source, 0..3_u8).prop_map(|(who, source, layer)| Step::Seal { who, source, layer }),
        1 => who.clone().prop_map(|who| Step::Cut { who }),
        1 => who.clone().prop_map(|who| Step::Freeze { who }),
        1 => who.clone().prop_map(|who| Step::Leave { who }),
        2 => Just(Step::Join),
        1 => who.prop_map(|who| Step::WorkerDies { who }),
        1 => Just(Step::OnlyNewcomers),
        3 => prop_oneof![1..300_u64, 1_000..4_000_u64].prop_map(|ms| Step::Pass { ms }),
    ]
}

#[derive(Default)]
struct Wire {
    seen: BTreeSet<Vec<u8>>,
    passed: usize,
    dropped: usize,
}

impl Wire {
    /// All frames of a kind have the same content: the same key and nonce would show as the same ciphertext.
    fn seal(&mut self, world: &mut World, who: usize, source: Source, layer: u8) {
        let (codec, clear, frame) = match source {
            Source::Microphone | Source::ScreenAudio => ("opus", 0, [&[0x78][..], &[0x5a; 79]].concat()),
            Source::Camera => ("vp8", 3, [&[0x31, 0x02, 0x00][..], &[0x5a; 77]].concat()),
            Source::Screen => ("vp9", 0, vec![0x5a; 80]),
        };
        let mut output = vec![0x5a; 8];
        let now = world.now;
        let session = &mut world.peers[who].session;
        let member = session.epoch().is_some();
        let verdict = session.seal_layer(now, (source, layer), codec, &frame, &mut output);
        if verdict != FrameVerdict::Pass {
            assert_eq!(verdict, FrameVerdict::Drop { ask_key_frame: false });
            assert!(output.is_empty(), "what is dropped is not handed out");
            let layers = if clear == 0 && codec == "opus" { 1 } else { 3 };
            assert!(!member || layer >= layers, "who is in the group can send");
            self.dropped += 1;
            return;
        }
        assert!(member, "only who is in the group has a key");
        self.passed += 1;
        let header = output.len() - clear - (frame.len() - clear) - TAG;
        assert!(header <= 8, "{header}");
        let cipher = &output[clear + header..output.len() - TAG];
        assert!(!cipher.windows(6).any(|window| window == [0x5a; 6]), "something is in clear");
        assert!(self.seen.insert(cipher.to_vec()), "a key and nonce came twice");
    }

    /// Everyone sends a little, also who has no key.
    fn seal_all(&mut self, world: &mut World) {
        for who in 0..world.peers.len() {
            for source in [Source::Microphone, Source::Camera, Source::Camera] {
                self.seal(world, who, source, 0);
            }
        }
    }
}

fn join(world: &mut World) -> usize {
    let person = u8::try_from(world.peers.len() % 250).unwrap() + 1;
    world.open(person)
}

/// Those who are still there.
fn alive(world: &World) -> Vec<usize> {
    let alive = |index: &usize| world.peers[*index].ended.is_none() && !world.peers[*index].frozen;
    (0..world.peers.len()).filter(alive).collect()
}

fn play(world: &mut World, wire: &mut Wire, step: &Step) {
    let alive = alive(world);
    let pick = |who: usize| alive.get(who % alive.len().max(1)).copied();
    match *step {
        Step::Seal { who, source, layer } => {
            for _ in 0..5 {
                wire.seal(world, who % world.peers.len(), source, layer);
            }
        }
        Step::Cut { who } => {
            if let Some(who) = pick(who) {
                world.cut(who);
            }
        }
        Step::Freeze { who } => {
            let Some(who) = pick(who) else { return };
            world.peers[who].frozen = true;
            world.run(12_000);
            wire.seal(world, who, Source::Camera, 0);
            world.thaw(who);
        }
        Step::Leave { who } => {
            if let Some(who) = pick(who) {
                world.leave(who);
            }
        }
        Step::Join => {
            if alive.len() < PEERS {
                join(world);
            }
        }
        Step::WorkerDies { who } => {
            let Some(who) = pick(who) else { return };
            world.peers[who].frozen = true;
            join(world);
        }
        Step::OnlyNewcomers => {
            join(world);
            for who in alive {
                world.leave(who);
            }
        }
        Step::Pass { ms } => world.run(ms),
    }
    wire.seal_all(world);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn no_nonce_comes_twice_and_nothing_leaves_in_clear(steps in prop::collection::vec(step(), 1..16)) {
        let (mut world, mut wire) = (World::new(), Wire::default());
        join(&mut world);
        join(&mut world);
        wire.seal_all(&mut world);
        prop_assert_eq!(wire.passed, 0, "before there are keys nothing leaves");
        world.run(2_000);
        wire.seal_all(&mut world);
        prop_assert_eq!(wire.passed, 6, "two in a call send");
        for step in &steps {
            play(&mut world, &mut wire, step);
        }
        world.run(15_000);
        wire.seal_all(&mut world);
        prop_assert_eq!(wire.seen.len(), wire.passed);
    }
}
