//! The simulator: many seeded, deterministic runs of the real clients and the real DeliveryService in virtual time, with
//! faults, attacks and deliberate mistakes, and what must hold all the time and in the end.
//!
//! Everything follows from the seed, keys included, but for one thing: OpenMLS keeps the removals of a commit in a hash map,
//! so where a commit removes two members their order in it, and with it all later keys, differ from run to run. What must
//! hold has the same names as in the formal model in `spec/`, and what the model does can be done here step by step: its
//! counterexamples of deliberate mistakes are in `counterexamples/`.

pub mod checker;
pub mod counterexample;
pub mod found;
mod insider;
pub mod known;
mod let_go;
mod misdeed;
pub mod plan;
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

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use plan::Schedule;
use tangelo_e2ee::Seeded;
use tangelo_wire::Mistake;
use world::World;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// Whoever has read as much of the log holds what the log says.
    InStep,
    /// Members at the same epoch of the same group hold the same state.
    Agreement,
    /// No two accepted successors of one epoch.
    OneSuccessor,
    /// A held state began with an entry that stands in the log.
    MergedWhenAccepted,
    /// Who was removed holds no later epoch's key.
    RemovedKnowNothing,
    /// Nobody without an admission signature is in a group of honest members.
    OnlyAdmitted,
    /// No client that departed commits.
    DepartedNeverCommit,
    /// What an honest member posts and the server accepts, the members accept.
    HonestWorkCounts,
    /// An entry that does not count neither moves a founder into another group nor out of its own.
    FoundersStay,
    /// A commit that breaks a rule is skipped by all alike: it throws nobody out.
    SkippedByAll,
    /// Every client that stays present and responsive becomes a member.
    EveryoneGetsIn,
    /// All of them are in one group.
    OneGroup,
    /// Every departed member is removed.
    TheGoneAreRemoved,
    /// A dead room is founded anew.
    DeadRoomIsFounded,
    /// Somebody who stands still holds up nobody.
    FrozenBlocksNobody,
    /// Who stood still and goes on is in the call again.
    WhoWakesIsIn,
    /// Who is shown another call, or holds another state, finds out, or the others do.
    ForksImplyAlarm,
    /// Everybody sees the same safety number.
    NumbersAgree,
    /// Everybody opens everybody's frames.
    FramesOpen,
    /// Without an attack there is no alarm, and no commit throws anybody out.
    NoFalseAlarm,
    /// Nothing goes on for ever.
    Rests,
    /// The code does not panic.
    NoPanic,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Something that must hold and did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What.
    pub property: Property,
    /// How it showed.
    pub text: String,
    /// In which step, from 0; the number of steps if it was after them.
    pub step: usize,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is violated in step {}: {}", self.property, self.step + 1, self.text)
    }
}

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
