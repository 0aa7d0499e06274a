//! Steps of the model: what honest runs do can be done once more, step by step, and nothing else is possible.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use tangelo_sim::{
    execute,
    plan::{Plan, Schedule, schedule},
    run,
    step::{Step, read_steps},
    world::Nature,
};

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
fn insiders_do_their_misdeeds_step_by_step() {
    let two = "arrive p1\nfound c1\ntake c1\nread c1\narrive p2\nread c1\ncommit c1\ntake c1\nread c1\nread c2\nenter c2\n\
               read c2\nread c1\n";
    for (misdeed, last) in [
        ("junk c1 c2\nread c2", Some("\"members\":[1,2]")),
        ("poison c1 c2\nread c2", Some("dropped")),
        ("arrive p3\nhollow c1 c3\nread c3", Some("dropped")),
        ("arrive p3\naside c1 c3\nread c3", Some("\"members\":[1,2,3]")),
        ("arrive p3\naside c1 c2 c3\nread c3", Some("\"members\":[1,2,3]")),
        // Nobody but the insider, none who is not there, and nothing early.
        ("junk c2 c1", None),
        ("junk c1 c3", None),
        ("hollow c1 c2", None),
        ("arrive p3\nread c1\ncommit c1\nearly c1 c3", None),
    ] {
        let mut schedule = steps(&format!("{two}{misdeed}"));
        schedule.nature.insider = Some(1);
        let outcome = run(1, &schedule, &[], false);
        assert_eq!(outcome.violation, None, "{misdeed}");
        let stuck = outcome.impossible.map(|step| step + 1);
        assert_eq!(stuck, last.is_none().then_some(schedule.steps.len()), "{misdeed}");
        if let Some(last) = last {
            let reads = |line: &&serde_json::Value| line["action"] == "read";
            let line = outcome.trace.lines().iter().rfind(reads).unwrap().to_string();
            assert!(line.contains(last), "{misdeed}: {line}");
        }
    }
}

#[test]
fn honest_runs_can_be_done_once_more_step_by_step() {
    for seed in 0..12 {
        let mut free = schedule(seed, Plan::Honest);
        free.steps.retain(|step| !matches!(step, Step::Restart | Step::Revive));
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
