//! Schedules from seeds.

use std::{fmt, str::FromStr};

use crate::{
    rng::Rng,
    step::{Attack, Deed, Step},
    world::Nature,
};

/// Who is not honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// Nobody: machines and networks fail.
    Honest,
    /// The server.
    Server,
    /// One of the people in the call.
    Insider,
}

impl Plan {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Honest, Self::Server, Self::Insider];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Server => "server",
            Self::Insider => "insider",
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|plan| plan.name() == text)
            .ok_or_else(|| format!("there is no plan `{text}`; there are honest, server, insider"))
    }
}

/// What a run consists of, apart from what the seed gives to the server and to connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How many persons there are.
    pub persons: usize,
    /// Who is not honest.
    pub nature: Nature,
    /// What happens.
    pub steps: Vec<Step>,
}

/// What can go wrong in one run, with its weight.
type Fault = (u64, fn(&mut Rng, usize) -> Step);

fn deed(deed: Deed, person: usize) -> Step {
    Step::Deed(deed, person)
}

const FAULTS: [Fault; 13] = [
    (6, |_, p| deed(Deed::Cut, p)),
    (4, |_, p| deed(Deed::Freeze, p)),
    (6, |_, p| deed(Deed::Wake, p)),
    (3, |_, p| deed(Deed::Kill, p)),
    (2, |_, p| deed(Deed::KillAway, p)),
    (2, |_, p| deed(Deed::Leave, p)),
    (3, |_, p| deed(Deed::Expel, p)),
    (4, |_, p| deed(Deed::Chat, p)),
    (5, |rng, p| Step::Lag(p, rng.below(800), rng.below(800), rng.below(400))),
    (1, |rng, p| Step::Skew(p, rng.below(8_000))),
    (1, |rng, _| Step::Skew(0, rng.below(8_000))),
    (1, |_, _| Step::Restart),
    (2, |_, p| deed(Deed::Stay, p)),
];

const TRICKS: [Fault; 7] = [
    (4, |_, p| deed(Deed::Withhold, p)),
    (4, |_, p| deed(Deed::Swap, p)),
    (1, |_, p| deed(Deed::Double, p)),
    (2, |_, p| deed(Deed::Reorder, p)),
    (2, |_, p| deed(Deed::Vanish, p)),
    (2, |_, p| deed(Deed::Ghost, p)),
    (2, |_, p| deed(Deed::Lie, p)),
];

/// Whether a seed is one of a large room. They are few: a run of one takes as long as many others.
const fn is_large(seed: u64) -> bool {
    seed % 50 == 49
}

/// The schedule of a seed.
#[must_use]
pub fn schedule(seed: u64, plan: Plan) -> Schedule {
    let mut rng = Rng::new(seed ^ (plan as u64) << 56);
    let (least, more) = if is_large(seed) { (12, 9) } else { (2, 5) };
    let persons = least + usize::try_from(rng.below(more)).unwrap_or(0);
    let insider = usize::try_from(1 + rng.below(2)).unwrap_or(1);
    let nature = Nature {
        insider: (plan == Plan::Insider).then_some(insider),
        hostile_server: plan == Plan::Server,
        ..Nature::default()
    };
    // Each run has some kinds of faults and not others: with all of them all the time, nobody would ever get anywhere.
    let mut kinds: Vec<Fault> = FAULTS.iter().filter(|_| rng.once_in(2)).copied().collect();
    match plan {
        Plan::Honest => {}
        Plan::Server => {
            kinds.retain(|_| rng.once_in(3));
            kinds.extend(TRICKS.iter().filter(|_| rng.once_in(2)));
            kinds.push((3, |_, p| deed(Deed::Forge, p)));
        }
        Plan::Insider => {
            kinds.retain(|_| rng.once_in(2));
            kinds.push((3, junk));
            kinds.push((2, |rng, p| attack(Attack::Poison, rng, p)));
            kinds.push((3, |rng, p| attack(Attack::Aside, rng, p)));
            kinds.push((1, |_, p| deed(Deed::Lazy, p)));
            kinds.push((1, |_, p| deed(Deed::Spoil, p)));
            kinds.push((1, |_, p| deed(Deed::Flood, p)));
            kinds.push((1, |_, p| deed(Deed::Ghost, p)));
        }
    }
    let total: u64 = kinds.iter().map(|(weight, _)| weight).sum();
    let mut steps = Vec::new();
    let mut joining: Vec<usize> = (1..=persons).collect();
    let length = 12 + rng.below(50);
    // In some runs everything happens within moments, on slow connections: that is when things cross.
    let hasty = rng.once_in(2);
    if hasty {
        steps.extend(
            (1..=persons).map(|person| Step::Lag(person, rng.below(1_200), rng.below(600), rng.below(400))),
        );
    }
    for _ in 0..length {
        let join = !joining.is_empty() && rng.once_in(3);
        if join || joining.len() == persons {
            let next = usize::try_from(rng.below(joining.len() as u64)).unwrap_or(0);
            steps.push(deed(Deed::Join, joining.remove(next)));
        } else if rng.once_in(8) {
            let person = 1 + usize::try_from(rng.below(persons as u64)).unwrap_or(0);
            steps.push(deed(Deed::Join, person));
        } else if let Some(step) = draw(&mut rng, &kinds, total, persons, nature) {
            steps.push(step);
        }
        steps.push(Step::Run(if hasty { rng.below(900) } else { pause(&mut rng) }));
    }
    for person in joining {
        steps.push(deed(Deed::Join, person));
    }
    // Most servers have a store. With numbers of its own: what else happens stays the same.
    let mut stores = Rng::new(seed ^ 0x0057_04e5);
    for step in steps.iter_mut().filter(|step| **step == Step::Restart) {
        if !stores.once_in(3) {
            *step = Step::Revive;
        }
    }
    Schedule { persons, nature, steps }
}

fn draw(rng: &mut Rng, kinds: &[Fault], total: u64, persons: usize, nature: Nature) -> Option<Step> {
    let mut left = rng.below(total);
    let person = 1 + usize::try_from(rng.below(persons as u64)).unwrap_or(0);
    for (weight, make) in kinds {
        if left < *weight {
            let step = make(rng, person);
            // Only the insider attacks.
            let of_insider = matches!(
                step,
                Step::Attack(..) | Step::Deed(Deed::Lazy | Deed::Spoil | Deed::Flood | Deed::Ghost, _)
            );
            return Some(match (step, nature.insider) {
                (Step::Attack(attack, _, others), Some(insider)) => Step::Attack(attack, insider, others),
                (Step::Deed(deed, _), Some(insider)) if of_insider => Step::Deed(deed, insider),
                (step, _) => step,
            });
        }
        left -= weight;
    }
    None
}

fn junk(rng: &mut Rng, person: usize) -> Step {
    attack(Attack::Junk, rng, person)
}

fn attack(attack: Attack, rng: &mut Rng, person: usize) -> Step {
    let others = (1..=6).filter(|_| rng.once_in(2)).collect();
    Step::Attack(attack, person, others)
}

/// Mostly short, sometimes long enough for a client to depart.
fn pause(rng: &mut Rng) -> u64 {
    match rng.below(10) {
        0..=3 => rng.below(60),
        4..=6 => rng.below(600),
        7..=8 => rng.below(4_000),
        _ => rng.below(16_000),
    }
}
