//! What each deliberate mistake is found by: the plan whose seeds find it, how many seeds that takes at the most, and the
//! properties that it may violate.

use tangelo_wire::Mistake;

use crate::{
    Property::{self, *},
    plan::Plan,
};

/// How one mistake is found.
pub struct Found {
    /// The mistake.
    pub mistake: Mistake,
    /// Seeds of this plan find it.
    pub plan: Plan,
    /// A seed that finds it, on most machines the first that does.
    pub seed: u64,
    /// It shows as one of these: which comes first may depend on the keys, which are random.
    pub by: &'static [Property],
}

const fn found(mistake: Mistake, plan: Plan, seed: u64, by: &'static [Property]) -> Found {
    Found { mistake, plan, seed, by }
}

/// One line for each mistake that seeds find.
pub const FOUND: &[Found] = &[
    found(Mistake::WelcomeBeforeAccepted, Plan::Honest, 17, &[Agreement, InStep, MergedWhenAccepted]),
    found(Mistake::MergedAtOnce, Plan::Honest, 2, &[InStep, MergedWhenAccepted, HonestWorkCounts]),
    found(Mistake::PresenceAtParent, Plan::Insider, 1, &[HonestWorkCounts, InStep]),
];
