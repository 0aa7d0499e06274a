//! What an insider can do while time runs freely.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use tangelo_sim::{Outcome, execute, repro::Repro};

/// The third person's call begins when the other two are in one group.
fn insider_does(steps: &str) -> (Outcome, usize) {
    let head = "# persons 3\n# insider 2\njoin p1\njoin p2\nrun 20000\n";
    let schedule = Repro::read(&format!("{head}{steps}")).unwrap().schedule;
    (execute(1, &schedule, &[]), schedule.steps.len())
}

#[test]
fn a_client_with_false_papers_arrives_and_nobody_lets_it_in() {
    let (outcome, steps) = insider_does("ghost p2\nrun 1000\njoin p3\nrun 1000");
    assert_eq!((outcome.violation, outcome.done), (None, steps));
}

#[test]
fn nobody_but_an_insider_makes_false_papers() {
    let (outcome, steps) = insider_does("ghost p1");
    assert_eq!((outcome.violation, outcome.done), (None, steps - 1));
}

#[test]
fn a_welcome_aside_may_name_members_beside_a_newcomer() {
    let (outcome, steps) = insider_does("freeze p1\njoin p3\nrun 60\naside p2 p1 p3\nrun 100\nwake p1");
    assert_eq!((outcome.violation, outcome.done), (None, steps));
}

#[test]
fn a_welcome_aside_is_for_somebody_outside() {
    let (outcome, steps) = insider_does("aside p2 p1");
    assert_eq!((outcome.violation, outcome.done), (None, steps - 1));
}
