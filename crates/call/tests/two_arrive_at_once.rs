//! Two clients arrive in an empty room in the same instant: whatever the order in which their messages are
//! delivered, they end in one group.
//!
//! The schedules are explored depth first, each from the start. Two deliveries to different recipients commute, so
//! of two orders of such deliveries one is enough: the sleep sets of Godefroid's partial-order reduction leave the
//! others out. Time may jump once, at any point, past the founding delay of both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::World;
use tangelo_call::Phase;
use tangelo_wire::Entry;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    ToServer(usize),
    ToClient(usize),
    /// 400 ms pass.
    Time,
}

impl Step {
    fn commutes_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Time, _) | (_, Self::Time) | (Self::ToServer(_), Self::ToServer(_)) => false,
            (Self::ToClient(one), Self::ToClient(other)) => one != other,
            _ => true,
        }
    }
}

struct Choice {
    step: Step,
    /// What else could have been done here.
    enabled: Vec<Step>,
    /// Steps that need not be taken here: another schedule has them.
    asleep: BTreeSet<Step>,
}

fn enabled(world: &World, time_left: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    for (index, peer) in world.peers.iter().enumerate() {
        if !peer.to_server.is_empty() {
            steps.push(Step::ToServer(index));
        }
        if !peer.to_client.is_empty() {
            steps.push(Step::ToClient(index));
        }
    }
    if time_left && !steps.is_empty() {
        steps.push(Step::Time);
    }
    steps
}

/// The race is over: both are in the group, and both know it. What they say in it has an order of its own.
fn both_entered(world: &World) -> bool {
    let inside = world.peers.iter().all(|peer| peer.phase == Some(Phase::Inside) && peer.people.len() == 2);
    inside && world.count(|entry| matches!(entry, Entry::Entered { .. })) > 0
}

/// Both are inside, with one epoch and one number, and nothing is under way.
fn done(world: &World) -> bool {
    let quiet = world.peers.iter().all(|peer| peer.to_server.is_empty() && peer.to_client.is_empty());
    let inside = world.peers.iter().all(|peer| peer.phase == Some(Phase::Inside) && peer.people.len() == 2);
    quiet && inside
}

/// Runs one schedule: the given choices, then the first step that is not asleep. Returns `false` if the rest of the
/// schedule is known from another one.
fn run(choices: &mut Vec<Choice>) -> bool {
    let mut world = World::new();
    world.open(1);
    world.open(2);
    let mut asleep = BTreeSet::new();
    let mut depth = 0;
    let mut time_left = true;
    while depth < 400 {
        let steps = enabled(&world, time_left);
        if steps.is_empty() || both_entered(&world) {
            break;
        }
        let step = match choices.get(depth) {
            Some(choice) => {
                asleep.clone_from(&choice.asleep);
                choice.step
            }
            None => {
                let Some(step) = steps.iter().find(|step| !asleep.contains(step)).copied() else {
                    return false;
                };
                choices.push(Choice { step, enabled: steps, asleep: asleep.clone() });
                step
            }
        };
        match step {
            Step::ToServer(index) => assert!(world.step_to_server(index)),
            Step::ToClient(index) => assert!(world.step_to_client(index)),
            Step::Time => {
                time_left = false;
                world.now = world.now + 400;
                world.tick();
            }
        }
        asleep.retain(|other| other.commutes_with(step));
        depth += 1;
    }
    // From here on nothing is raced any more.
    world.run(1_500);
    assert!(done(&world), "{:?}", choices.iter().map(|choice| choice.step).collect::<Vec<_>>());
    world.assert_one_group(&[0, 1]);
    assert_eq!(world.count(|entry| matches!(entry, Entry::Founded { .. })), 1, "one group was founded");
    for peer in &world.peers {
        assert!(peer.session.losses().is_empty(), "{:?}", peer.session.losses());
    }
    true
}

#[test]
fn whatever_the_order_they_end_in_one_group() {
    let mut choices: Vec<Choice> = Vec::new();
    let (mut schedules, mut pruned) = (0, 0);
    loop {
        if run(&mut choices) {
            schedules += 1;
        } else {
            pruned += 1;
        }
        // Back to the last choice that has an alternative.
        let next = loop {
            let Some(last) = choices.pop() else { break None };
            let mut asleep = last.asleep;
            asleep.insert(last.step);
            if let Some(step) = last.enabled.iter().find(|step| !asleep.contains(step)).copied() {
                break Some(Choice { step, enabled: last.enabled, asleep });
            }
        };
        match next {
            Some(choice) => choices.push(choice),
            None => break,
        }
        assert!(schedules < 50_000, "the schedules do not end");
    }
    println!("{schedules} schedules, {pruned} cut short");
    assert!(schedules > 10, "{schedules} schedules are too few to mean anything");
}
