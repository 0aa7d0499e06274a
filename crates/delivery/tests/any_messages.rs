//! Whatever connections send, in whatever order: no panic, dense logs, every entry once and in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod run;

use std::{cell::RefCell, collections::BTreeMap};

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use run::{Run, Saying, Step};
use tangelo_wire::Entry;

fn saying() -> impl Strategy<Value = Saying> {
    let index = any::<u16>;
    let back = || prop_oneof![6 => Just(0_u64), 2 => 0..4_u64, 1 => Just(u64::MAX)];
    let right = || prop::bool::weighted(0.9);
    prop_oneof![
        3 => (any::<u8>(), right()).prop_map(|(room, right)| Saying::Hello { room, right }),
        4 => (0..2_500_usize).prop_map(|bytes| Saying::Arrive { bytes }),
        2 => (any::<u8>(), index(), back()).prop_map(|(room, token, back)| Saying::Resume { room, token, back }),
        3 => (back(), right()).prop_map(|(back, right)| Saying::Found { back, right }),
        8 => (back(), vec(index(), 0..3), right())
            .prop_map(|(back, adds, right)| Saying::Commit { back, adds, right }),
        6 => back().prop_map(|back| Saying::Enter { back }),
        3 => (0..20_usize).prop_map(|bytes| Saying::Message { bytes }),
        3 => (back(), any::<bool>()).prop_map(|(back, check)| Saying::Heartbeat { back, check }),
        1 => Just(Saying::Offer),
        1 => Just(Saying::Leave),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Connect),
        1 => any::<u16>().prop_map(Step::Drop),
        1 => Just(Step::Restart),
        3 => prop_oneof![0..500_u64, 0..12_000_u64].prop_map(Step::Wait),
        20 => (any::<u16>(), saying()).prop_map(|(which, saying)| Step::Say(which, saying)),
    ]
}

#[test]
fn no_sequence_of_messages_breaks_a_log() {
    let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    let seen = RefCell::new(BTreeMap::<&str, usize>::new());
    let outcome = TestRunner::new(config).run(&vec(step(), 0..300), |steps| {
        let mut run = Run::new();
        run.begin();
        for step in steps {
            run.step(step);
        }
        for entry in run.logs.values().flat_map(BTreeMap::values) {
            *seen.borrow_mut().entry(kind(entry)).or_default() += 1;
        }
        *seen.borrow_mut().entry("resumed").or_default() += run.resumed;
        *seen.borrow_mut().entry("restarted").or_default() += usize::from(run.restarts);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // The runs went deep enough to mean something; the first group alone gives 256 of most kinds.
    for what in ["arrived", "departed", "founded", "committed", "entered", "message", "resumed", "restarted"]
    {
        assert!(seen.borrow().get(what).is_some_and(|count| *count >= 10), "{what}: {seen:?}");
    }
}

fn kind(entry: &Entry) -> &'static str {
    match entry {
        Entry::Arrived { .. } => "arrived",
        Entry::Departed { .. } => "departed",
        Entry::Founded { .. } => "founded",
        Entry::Committed { .. } => "committed",
        Entry::Entered { .. } => "entered",
        Entry::HostSaid { .. } => "host said",
        Entry::Message { .. } => "message",
    }
}
