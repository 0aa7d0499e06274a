//! Makes a failing schedule short: delta debugging (Zeller, Hildebrandt: Simplifying and isolating failure-inducing input,
//! 2002) over its steps. A step that is not possible without another is skipped, so every part of a schedule is one.

use tangelo_wire::Mistake;

use crate::{Property, execute, plan::Schedule, step::Step};

/// Most runs that shrinking takes.
const RUNS_MAX: usize = 400;

/// The shortest schedule found that still violates `property`, and how many runs that took.
#[must_use]
pub fn shrink(seed: u64, schedule: &Schedule, property: Property, mistakes: &[Mistake]) -> (Schedule, usize) {
    let mut best = schedule.clone();
    let mut runs = 0;
    let mut size = best.steps.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        let mut shorter = false;
        while from < best.steps.len() && runs < RUNS_MAX {
            let to = (from + size).min(best.steps.len());
            let without = |steps: &[Step]| [&steps[..from], &steps[to..]].concat();
            let candidate = Schedule { steps: without(&best.steps), ..best.clone() };
            runs += 1;
            if fails(seed, &candidate, property, mistakes) {
                best = candidate;
                shorter = true;
            } else {
                from = to;
            }
        }
        if runs >= RUNS_MAX {
            break;
        }
        size = if size == 1 && shorter { 1 } else { size / 2 };
    }
    (best, runs)
}

fn fails(seed: u64, schedule: &Schedule, property: Property, mistakes: &[Mistake]) -> bool {
    execute(seed, schedule, mistakes).violation.is_some_and(|violation| violation.property == property)
}
