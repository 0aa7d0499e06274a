//! The simulator: many seeded, deterministic runs of the real clients and the real DeliveryService in virtual time, with
//! faults, attacks and deliberate mistakes, and what must hold all the time and in the end.
//!
//! Everything follows from the seed, keys included, but for one thing: OpenMLS keeps the removals of a commit in a hash map,
//! so where a commit removes two members their order in it, and with it all later keys, differ from run to run. What must
//! hold has the same names as in the formal model in `spec/`, and what the model does can be done here step by step: its
//! counterexamples of deliberate mistakes are in `counterexamples/`.

pub mod checker;
pub mod counterexample;
pub mod facts;
pub mod found;
mod insider;
pub mod known;
mod let_go;
mod misdeed;
pub mod plan;
pub mod property;
pub mod removed;
pub mod repro;
pub mod rest;
pub mod rng;
pub mod shrink;
pub mod step;
pub mod strict;
pub mod tamper;
pub mod tlc;
pub mod trace;
pub mod view;
pub mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use plan::Schedule;
pub use property::{Property, Violation};
use tangelo_e2ee::Seeded;
use tangelo_wire::Mistake;
use world::World;

/// How a run went.
#[derive(Default)]
pub struct Outcome {
    /// What was found.
    pub violation: Option<Violation>,
    /// The first step of the model that was not possible, from 0: the run ended there.
    pub impossible: Option<usize>,
    /// How many steps were possible.
    pub done: usize,
    /// How many states were compared.
    pub compared: u64,
    /// What the sessions said.
    pub said: world::Said,
    /// Why each person's program arrived anew, each time that it did.
    pub losses: Vec<Vec<String>>,
    /// What happened, in the words of the model.
    pub trace: trace::Trace,
}

/// Runs a schedule to its end and to rest, with deliberate mistakes in the code. A panic of the code is a violation, too.
#[must_use]
pub fn execute(seed: u64, schedule: &Schedule, mistakes: &[Mistake]) -> Outcome {
    run(seed, schedule, mistakes, true)
}

/// Runs a schedule to its end, and to rest only if asked.
#[must_use]
pub fn run(seed: u64, schedule: &Schedule, mistakes: &[Mistake], to_rest: bool) -> Outcome {
    let (_making, _seeded) = (Mistake::make(mistakes), Seeded::new(seed));
    let caught = catch_unwind(AssertUnwindSafe(|| run_unguarded(seed, schedule, to_rest)));
    caught.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        failed(text.unwrap_or_else(|| "a panic without words".to_owned()))
    })
}

fn failed(text: String) -> Outcome {
    let violation = Violation { property: Property::NoPanic, text, step: 0 };
    Outcome { violation: Some(violation), ..Outcome::default() }
}

fn run_unguarded(seed: u64, schedule: &Schedule, to_rest: bool) -> Outcome {
    let mut world = match World::new(seed, schedule.persons, schedule.nature) {
        Ok(world) => world,
        Err(text) => return failed(text),
    };
    let (mut done, mut impossible) = (0, None);
    for (index, step) in schedule.steps.iter().enumerate() {
        world.checker.step = index;
        let possible = world.apply(step);
        done += usize::from(possible);
        if world.violation().is_some() {
            break;
        }
        if !possible && strict::is_strict(step) {
            impossible = Some(index);
            break;
        }
    }
    if world.violation().is_none() && impossible.is_none() && to_rest {
        world.checker.step = schedule.steps.len();
        world.let_go();
        world.quiesce();
    }
    let losses = |person: &world::Person| {
        person.session.iter().flat_map(|session| session.losses()).map(ToString::to_string).collect()
    };
    Outcome {
        losses: world.persons.iter().map(losses).collect(),
        violation: world.violation().cloned(),
        impossible,
        done,
        compared: world.checker.compared,
        said: world.said(),
        trace: std::mem::take(&mut world.trace),
    }
}
