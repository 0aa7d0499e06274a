//! Many people arrive at once, one of many leaves, the committer freezes: real sessions and the real
//! DeliveryService, without sockets.
//!
//! **Virtual**: the clock, the network (a fixed delay each way) and that everyone has a processor of their own.
//! **Real**: all code, all cryptography, and the processor time of every step, which is measured and spent on that
//! one's own clock, as many times as the clients are said to be slower than this machine. So waiting takes as long as
//! it would, and computing as long as it does.

mod world;

use crate::{Effort, Figure, Result, Samples, Section, figure::count};
use world::World;

/// Between one part of a story and the next, in microseconds.
const CALM_US: u64 = 3_000_000;

/// Roughly how much longer WASM takes than the same code natively, by the figures of this very table.
const SLOW: f64 = 6.0;

/// How often a committer freezes.
const FREEZES: usize = 9;

/// Who arrives when.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// People in the call before.
    pub inside: usize,
    /// People who arrive.
    pub arrivals: usize,
    /// In how much time they do, evenly, in microseconds.
    pub spread_us: u64,
    /// How many times slower than this machine the clients compute; the server does not. With 0 computing takes no
    /// time at all, and nothing depends on this machine.
    pub slowness: f64,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Entries of the log that add somebody.
    pub commits: usize,
    /// From opening the link to being inside, for each that arrived, in microseconds.
    pub waits_us: Samples,
    /// From the first arrival to the last one being inside, in microseconds.
    pub all_us: f64,
}

/// Runs a storm to its end.
///
/// # Errors
/// If somebody is not inside after two virtual minutes.
pub fn run(storm: Storm) -> Result<Outcome> {
    let mut world = World::new(storm.inside + storm.arrivals, storm.slowness)?;
    gather(&mut world, storm.inside)?;
    let start_us = world.calm_us(CALM_US);
    world.commits.clear();
    arrive(&mut world, storm.inside, start_us, storm.spread_us)?;
    let mut outcome = Outcome { commits: world.commits.len(), waits_us: Samples::default(), all_us: 0.0 };
    for person in world.people.iter().skip(storm.inside) {
        let inside_us = person.inside_us.unwrap_or_default();
        outcome.waits_us.push(micros(inside_us.saturating_sub(person.opened_us)));
        outcome.all_us = outcome.all_us.max(micros(inside_us.saturating_sub(start_us)));
    }
    Ok(outcome)
}

/// The first `people` come in, the very first of them before the others.
fn gather(world: &mut World, people: usize) -> Result<()> {
    for (first, end) in [(0, people.min(1)), (people.min(1), people)] {
        let start_us = world.calm_us(CALM_US);
        for person in first..end {
            world.open(person, start_us);
        }
        world.run_until(start_us, "to gather", |world| {
            world.people[first..end].iter().all(|person| person.inside_us.is_some())
        })?;
    }
    Ok(())
}

/// Everyone from `first` on opens the link.
fn arrive(world: &mut World, first: usize, start_us: u64, spread_us: u64) -> Result<()> {
    let end = world.people.len();
    let between_us = spread_us / u64::try_from((end - first).max(1)).unwrap_or(1);
    let mut at_us = start_us;
    for person in first..end {
        world.open(person, at_us);
        at_us += between_us;
    }
    world.run_until(start_us, "to arrive", |world| {
        world.people[first..].iter().all(|person| person.inside_us.is_some())
    })
}

/// Of `people` one after the other leaves: the committer, one in the middle, the last to come. From the click to
/// the group without them, at every member that stays, in microseconds.
///
/// # Errors
/// If a member does not hear of it within two virtual minutes.
pub fn leaves(people: usize, slowness: f64) -> Result<Samples> {
    let mut world = World::new(people, slowness)?;
    gather(&mut world, people)?;
    let mut left = Vec::new();
    let mut waits_us = Samples::default();
    for leaver in [0, people / 2, people - 1] {
        let everyone = people - left.len();
        let complete = world.calm_us(0);
        world.run_until(complete, "to be complete", |world| {
            stay(world, &left).all(|p| p.members.0 == everyone)
        })?;
        let start_us = world.calm_us(CALM_US);
        world.leave(leaver, start_us);
        left.push(leaver);
        world.run_until(start_us, "to leave", |world| stay(world, &left).all(|p| p.members.0 < everyone))?;
        for person in stay(&world, &left) {
            waits_us.push(micros(person.members.1.saturating_sub(start_us)));
        }
    }
    Ok(waits_us)
}

fn stay<'a>(world: &'a World, left: &'a [usize]) -> impl Iterator<Item = &'a world::Person> {
    world.people.iter().enumerate().filter(|(place, _)| !left.contains(place)).map(|(_, person)| person)
}

/// The committer freezes, and somebody arrives. From the arrival to the commit of another, in microseconds.
///
/// # Errors
/// If nobody commits within two virtual minutes.
pub fn frozen_committer(slowness: f64) -> Result<f64> {
    let mut world = World::new(4, slowness)?;
    gather(&mut world, 3)?;
    world.people[0].frozen = true;
    world.commits.clear();
    let start_us = world.calm_us(CALM_US);
    world.open(3, start_us);
    world.run_until(start_us, "to get in past a frozen committer", |world| {
        world.people[3].inside_us.is_some()
    })?;
    let committed_us = world.commits.values().next().copied().unwrap_or_default();
    Ok(micros(committed_us.saturating_sub(world.arrived_us)))
}

/// The stories of the table.
///
/// # Errors
/// As [`run`], [`leaves`] and [`frozen_committer`].
pub fn figures(effort: Effort) -> Result<Vec<Figure>> {
    let storm = Storm { inside: 1, arrivals: 50, spread_us: 0, slowness: 1.0 };
    let second = Storm { spread_us: 1_000_000, ..storm };
    let empty = Storm { inside: 0, ..storm };
    let many = Storm { arrivals: 200, ..empty };
    let slow = |storm| Storm { slowness: SLOW, ..storm };
    let storms = [
        ("50 arrive within 1 s in a call of one", second),
        ("50 arrive within 1 s in a call of one", slow(second)),
        ("50 arrive at the same moment in a call of one", storm),
        ("50 arrive at the same moment in a call of one", slow(storm)),
        ("50 arrive at the same moment in an empty room", empty),
        ("200 arrive at the same moment in an empty room", many),
        ("200 arrive at the same moment in an empty room", slow(many)),
    ];
    let mut figures = Vec::new();
    for (what, storm) in storms.into_iter().take(effort.pick(5, 7)) {
        let outcome = run(storm)?;
        let what = format!("{what}{}", computing(storm.slowness));
        let figure =
            |name: &str, value, unit| Figure::new(Section::Storms, format!("{what}: {name}"), value, unit);
        figures.push(figure("commits with adds", count(outcome.commits), "commits"));
        figures.push(figure("from click to inside, p50", outcome.waits_us.median() / 1e3, "ms"));
        figures.push(figure("from click to inside, p95", outcome.waits_us.quantile(0.95) / 1e3, "ms"));
        figures.push(figure("until all are in", outcome.all_us / 1e3, "ms"));
    }
    let figure = |label, value| Figure::new(Section::Storms, label, value, "ms");
    for slowness in [1.0, SLOW] {
        let computing = computing(slowness);
        let people = effort.pick(50, 200);
        let waits_us = leaves(people, slowness)?;
        let what = format!("one of {people} leaves{computing}: from click to the new key");
        figures.push(figure(format!("{what}, p50"), waits_us.median() / 1e3));
        figures.push(figure(format!("{what}, p99"), waits_us.quantile(0.99) / 1e3));
        let mut waits_us = Samples::default();
        for _ in 0..FREEZES {
            waits_us.push(frozen_committer(slowness)?);
        }
        let what = format!("the committer is frozen{computing}: until another commits");
        figures.push(figure(format!("{what}, p50"), waits_us.median() / 1e3));
        figures.push(figure(format!("{what}, slowest of {FREEZES}"), waits_us.max() / 1e3));
    }
    Ok(figures)
}

/// How fast the clients compute, in words.
fn computing(slowness: f64) -> String {
    if slowness == 1.0 { String::new() } else { format!(", {slowness} times slower") }
}

fn micros(us: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "minutes at the most")]
    let value = us as f64;
    value
}
