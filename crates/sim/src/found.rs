//! What each deliberate mistake is found by: a plan, a seed of it that shows the mistake, and the properties that it may
//! violate.

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
    /// A seed that finds it.
    pub seed: u64,
    /// It shows as one of these: which comes first may depend on the order of removals.
    pub by: &'static [Property],
}

const fn found(mistake: Mistake, plan: Plan, seed: u64, by: &'static [Property]) -> Found {
    Found { mistake, plan, seed, by }
}

/// One line for each mistake that seeds find.
pub const FOUND: &[Found] = &[
    found(Mistake::WelcomeBeforeAccepted, Plan::Honest, 101, &[MergedWhenAccepted, Agreement]),
    found(Mistake::MergedAtOnce, Plan::Honest, 1, &[HonestWorkCounts, InStep, MergedWhenAccepted]),
    found(Mistake::NoTakeover, Plan::Insider, 73, &[TheGoneAreRemoved, EveryoneGetsIn, FrozenBlocksNobody]),
    found(Mistake::NoCompareAndSwap, Plan::Honest, 3, &[HonestWorkCounts, SkippedByAll, Agreement, InStep]),
    found(Mistake::PostThrownAway, Plan::Honest, 63, &[NoFalseAlarm, HonestWorkCounts]),
    found(Mistake::StaleMeansLost, Plan::Honest, 4, &[NoFalseAlarm, HonestWorkCounts]),
    found(Mistake::PresenceAtEntry, Plan::Insider, 1, &[HonestWorkCounts, InStep]),
    found(Mistake::PresenceAtParent, Plan::Honest, 1, &[HonestWorkCounts, InStep]),
    found(Mistake::ParentIsLastApplied, Plan::Insider, 10, &[TheGoneAreRemoved, EveryoneGetsIn]),
    found(Mistake::LatestWelcomeFollowed, Plan::Insider, 2, &[FoundersStay, SkippedByAll, InStep]),
    found(Mistake::NamedAgainArrivesAnew, Plan::Insider, 2, &[FoundersStay, SkippedByAll]),
    found(Mistake::UndecryptableSkipped, Plan::Insider, 73, &[InStep]),
    found(Mistake::BadWelcomeIgnored, Plan::Insider, 146, &[EveryoneGetsIn]),
    found(Mistake::SoleInsiderStays, Plan::Insider, 1, &[DeadRoomIsFounded, EveryoneGetsIn]),
    found(Mistake::NoAdmission, Plan::Server, 0, &[OnlyAdmitted]),
    found(Mistake::DepartedMayCommit, Plan::Server, 12, &[DepartedNeverCommit]),
    found(Mistake::AlarmByEpochOnly, Plan::Server, 10, &[ForksImplyAlarm]),
    found(Mistake::LogNotCompared, Plan::Server, 2, &[ForksImplyAlarm]),
    found(Mistake::HashFromArrival, Plan::Honest, 1, &[AlarmMeansAttack]),
    found(Mistake::SilentStay, Plan::Honest, 0, &[TheGoneAreRemoved, EveryoneGetsIn, FrozenBlocksNobody]),
    found(Mistake::DepartureEnds, Plan::Honest, 1, &[WhoWakesIsIn, EveryoneGetsIn]),
    found(Mistake::SnapshotWithoutEntered, Plan::Honest, 0, &[SnapshotSuffices]),
];

/// Mistakes that the model's counterexamples alone show, in `counterexamples/`: seeds seldom hit the moment.
pub const REPLAYED: &[Mistake] = &[Mistake::RemovalByEvent, Mistake::ForeignFoundedIgnored];

/// Mistakes of which nothing shows in the end, because something else mends what they do, with what that is. The model,
/// which has no timers, finds them; so do its counterexamples in `counterexamples/`, as long as nothing is mended.
pub const MASKED: &[(Mistake, &str)] = &[
    (
        Mistake::EnteredOutlivesGroup,
        "who was in the older group arrives anew, and is out of every count then",
    ),
    (Mistake::NamedAgainIgnored, "who was misled hears nobody in its group, and arrives anew after 5 s"),
    (Mistake::RemoveWithoutPath, "MLS itself refuses it"),
];
