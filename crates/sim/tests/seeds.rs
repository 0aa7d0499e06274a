//! Some seeds of each plan, and what makes a run one that can be seen again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use tangelo_sim::{
    execute,
    found::FOUND,
    plan::{Plan, schedule},
    shrink::shrink,
};
use tangelo_wire::Mistake;

#[test]
fn a_seed_always_gives_the_same_run() {
    for plan in Plan::ALL {
        for seed in 0..6 {
            let schedule = schedule(seed, plan);
            let (one, other) = (execute(seed, &schedule, &[]), execute(seed, &schedule, &[]));
            assert_eq!(one.trace.text(), other.trace.text(), "{plan} {seed}");
            assert_eq!((one.done, one.compared), (other.done, other.compared), "{plan} {seed}");
            assert_eq!(one.said.lengths, other.said.lengths, "{plan} {seed}");
        }
    }
}

#[test]
fn where_no_commit_removes_two_a_seed_gives_the_same_bytes() {
    for (plan, seed) in [(Plan::Honest, 1), (Plan::Honest, 2), (Plan::Server, 0), (Plan::Insider, 0)] {
        let schedule = schedule(seed, plan);
        let (one, other) = (execute(seed, &schedule, &[]), execute(seed, &schedule, &[]));
        assert_eq!(one.said, other.said, "{plan} {seed}");
        assert_ne!(one.said, execute(seed + 1, &schedule, &[]).said, "{plan} {seed}");
    }
}

#[test]
fn seeds_of_each_plan_hold() {
    for plan in Plan::ALL {
        for seed in 100..125 {
            let outcome = execute(seed, &schedule(seed, plan), &[]);
            assert_eq!(outcome.violation, None, "cargo xtask sim --seed {seed} --plan {plan}");
        }
    }
}

/// Each showed a fault of the code, which is repaired.
const REPAIRED: [(u64, Plan); 1] = [
    // Who stood still just after it entered gave its place up before it had read what was said meanwhile.
    (101_957, Plan::Honest),
];

#[test]
fn seeds_that_once_found_something_hold() {
    for (seed, plan) in REPAIRED {
        let outcome = execute(seed, &schedule(seed, plan), &[]);
        assert_eq!(outcome.violation, None, "cargo xtask sim --seed {seed} --plan {plan}");
    }
}

#[test]
fn mistakes_are_found_and_without_them_all_holds() {
    for found in FOUND {
        let (seed, plan, mistake) = (found.seed, found.plan, found.mistake);
        let schedule = schedule(seed, plan);
        let violation = execute(seed, &schedule, &[mistake]).violation;
        let property = violation.as_ref().map(|violation| violation.property);
        assert!(property.is_some_and(|property| found.by.contains(&property)), "{mistake}: {violation:?}");
        assert_eq!(execute(seed, &schedule, &[]).violation, None, "{mistake}: seed {seed}, plan {plan}");
    }
}

#[test]
fn a_shorter_schedule_still_fails() {
    let found = FOUND.iter().find(|found| found.mistake == Mistake::PresenceAtParent).unwrap();
    let schedule = schedule(found.seed, found.plan);
    let mistakes = [found.mistake];
    let property = execute(found.seed, &schedule, &mistakes).violation.unwrap().property;
    let (short, _) = shrink(found.seed, &schedule, property, &mistakes);
    assert!(short.steps.len() < schedule.steps.len());
    let again = execute(found.seed, &short, &mistakes).violation.unwrap();
    assert_eq!(again.property, property);
}
