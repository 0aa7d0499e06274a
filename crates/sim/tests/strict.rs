//! Steps of the model: what honest runs do can be done once more, step by step, and nothing else is possible.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use tangelo_sim::{
    Property, Violation, execute,
    plan::{Plan, Schedule, schedule},
    run,
    step::{Step, read_steps},
    world::Nature,
};
use tangelo_wire::Mistake;

fn strict(persons: usize, steps: Vec<Step>) -> Schedule {
    Schedule { persons, nature: Nature { strict: true, ..Nature::default() }, steps }
}

fn steps(text: &str) -> Schedule {
    strict(3, read_steps(text).unwrap())
}

#[test]
fn two_people_meet_step_by_step() {
    let schedule = steps(
        "arrive p1\nfound c1\ntake c1\nread c1\narrive p2\nread c1\ncommit c1\ntake c1\nread c1\nread c2\nenter c2\nread c2\nread c1\n\
         rekey c2\ntake c2\nread c1\nread c2",
    );
    let outcome = run(1, &schedule, &[], true);
    assert_eq!(outcome.violation, None);
    assert_eq!(outcome.impossible.map(|step| schedule.steps[step].to_string()), None);
    assert_eq!(outcome.trace.steps().get(..17), Some(schedule.steps.as_slice()), "{}", outcome.trace.text());
    let held = outcome.trace.lines()[16].to_string();
    assert!(held.contains("\"epoch\":2") && held.contains("\"members\":[1,2]"), "{held}");
}

/// Runs the steps and to rest, with a mistake and without it, where all must hold.
fn found_by(mistake: Mistake, text: &str) -> Violation {
    let schedule = steps(text);
    let right = run(1, &schedule, &[], true);
    let stuck = right.impossible.map(|step| format!("{step}: {}", schedule.steps[step]));
    assert_eq!((right.violation, stuck), (None, None), "without {mistake}");
    let wrong = run(1, &schedule, &[mistake], true);
    wrong.violation.unwrap_or_else(|| panic!("{mistake} was not found, stuck in {:?}", wrong.impossible))
}

const TWO_MEET: &str = "arrive p1\nfound c1\ntake c1\nread c1\narrive p2\nread c1\ncommit c1\ntake c1\n";

#[test]
fn who_departed_while_a_newcomer_was_let_in_is_removed() {
    let text = format!(
        "{TWO_MEET}read c1\nread c2\nenter c2\nread c1\nread c2\narrive p3\nread c1\ncommit c1\ncrash c2 away\n\
         depart c2\ntake c1\ncrash c1 away\ndepart c1\nread c3\nread c3\nread c3\nenter c3"
    );
    let violation = found_by(Mistake::RemovalByEvent, &text);
    assert_eq!(violation.property, Property::TheGoneAreRemoved, "{violation}");
}

#[test]
fn who_was_named_leaves_the_group_that_another_founding_ends() {
    let text = format!(
        "{TWO_MEET}arrive p3\nread c2\ncrash c1 away\ndepart c1\nread c3\nfound c3\ntake c3\nread c3\nread c2\nread c2\n\
         read c2"
    );
    let violation = found_by(Mistake::ForeignFoundedIgnored, &text);
    assert_eq!(violation.property, Property::InStep, "{violation}");
}

#[test]
fn a_post_whose_fate_is_unknown_is_kept() {
    let text = format!(
        "{TWO_MEET}read c1\nread c2\nenter c2\nread c1\nrekey c1\ntake c1\ndisconnect c1\nresume c1\nread c1"
    );
    let violation = found_by(Mistake::PostThrownAway, &text);
    let any = [Property::HonestWorkCounts, Property::NoFalseAlarm, Property::InStep];
    assert!(any.contains(&violation.property), "{violation}");
}

#[test]
fn what_the_model_does_not_allow_is_impossible() {
    for (text, at) in [
        ("arrive p1\nfound c1\nfound c1", 2),
        ("arrive p1\nread c1", 1),
        ("arrive p1\ncommit c1", 1),
        ("arrive p1\nfound c1\nrefuse c1", 2),
        ("arrive p1\narrive p2\nfound c1\nfound c2\ntake c1\ntake c2", 5),
        ("arrive p1\nfreeze c1\nfound c1", 2),
        ("arrive p1\ncrash c1 away\narrive p1", 2),
        ("arrive p1\nresume c1", 1),
        ("arrive p1\nenter c1", 1),
        ("take c1", 0),
    ] {
        let outcome = run(1, &steps(text), &[], false);
        assert_eq!((outcome.violation, outcome.impossible), (None, Some(at)), "{text}");
    }
}

#[test]
fn honest_runs_can_be_done_once_more_step_by_step() {
    for seed in 0..12 {
        let mut free = schedule(seed, Plan::Honest);
        free.steps.retain(|step| *step != Step::Restart);
        let first = execute(seed, &free, &[]);
        assert_eq!(first.violation, None);
        let again = strict(free.persons, first.trace.steps());
        let second = run(seed, &again, &[], false);
        assert_eq!(second.violation, None, "seed {seed}");
        let stuck = second.impossible.map(|step| format!("{step}: {}", again.steps[step]));
        assert_eq!(stuck, None, "seed {seed}\n{}", second.trace.text());
        for (line, (one, other)) in first.trace.lines().iter().zip(second.trace.lines()).enumerate() {
            assert_eq!(one, other, "seed {seed}, line {line}");
        }
        assert_eq!(first.trace.lines().len(), second.trace.lines().len(), "seed {seed}");
    }
}
