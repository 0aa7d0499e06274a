//! Which faults happen, to whom, and how badly: it follows from the seed and the number of guests alone.

use std::fmt;

use crate::rng::Rng;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Nothing comes through, and nobody is told.
    NetworkGone,
    /// The guest's system says that there is no network.
    NetworkOff,
    /// Another network, another address.
    Moved,
    /// The same network, but the server sees another address.
    Rebound,
    /// Packets get lost.
    Loss,
    /// Packets take long.
    Delay,
    /// The guest's process stands still.
    Frozen,
    /// That of the one who would commit does, and others come meanwhile.
    CommitterFrozen,
    /// The guest's process is killed, and comes anew.
    Killed,
    /// Others come all at once and go again.
    Storm,
    /// `kill -9` and a start on the same store.
    ServerKilled,
    /// The server's process stands still.
    ServerFrozen,
    /// The browser's page is loaded anew, and the person joins.
    Reloaded,
    /// The browser's worker, which has the keys, ends.
    WorkerDied,
    /// The browser freezes the page.
    PageFrozen,
}

/// In the order of the table.
pub(crate) const KINDS: [Kind; 15] = [
    Kind::NetworkGone,
    Kind::NetworkOff,
    Kind::Moved,
    Kind::Rebound,
    Kind::Loss,
    Kind::Delay,
    Kind::Frozen,
    Kind::CommitterFrozen,
    Kind::Killed,
    Kind::Storm,
    Kind::ServerKilled,
    Kind::ServerFrozen,
    Kind::Reloaded,
    Kind::WorkerDied,
    Kind::PageFrozen,
];

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// Which guest, from 0; the last one may be a browser.
    pub(crate) victim: usize,
    /// How long, in milliseconds.
    pub(crate) lasts_ms: u64,
    /// So many of a thousand are lost, take so many milliseconds, or come: as the kind has it.
    pub(crate) amount: u64,
}

/// Whom there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cast {
    /// Guests without a browser.
    pub(crate) natives: usize,
    /// Whether there is one with a browser.
    pub(crate) browser: bool,
    /// A network is gone for at most so long, in milliseconds.
    pub(crate) gone_max_ms: u64,
}

/// The faults of a seed, without end. Each kind comes once before any comes again.
pub(crate) struct Plan {
    rng: Rng,
    cast: Cast,
    left: Vec<Kind>,
}

impl Plan {
    pub(crate) fn new(seed: u64, cast: Cast) -> Self {
        Self { rng: Rng::new(seed), cast, left: Vec::new() }
    }

    fn kind(&mut self) -> Kind {
        if self.left.is_empty() {
            let browser = self.cast.browser;
            self.left.extend(KINDS.iter().filter(|kind| browser || !kind.is_of_browser()));
        }
        let last = self.left.len().saturating_sub(1);
        let at = usize::try_from(self.rng.between(0, last as u64)).unwrap_or(0);
        self.left.swap_remove(at)
    }
}

impl Iterator for Plan {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        let kind = self.kind();
        let Cast { natives, browser, gone_max_ms } = self.cast;
        let guests = (natives + usize::from(browser)) as u64;
        let anyone = self.rng.between(0, guests.saturating_sub(1));
        let native = self.rng.between(0, (natives as u64).saturating_sub(1));
        let victim = match kind {
            _ if kind.is_of_browser() => natives as u64,
            Kind::Frozen | Kind::Killed | Kind::CommitterFrozen => native,
            _ => anyone,
        };
        // Short ones are likelier.
        let share = self.rng.between(0, 1_000) * self.rng.between(0, 1_000);
        let up_to = |most: u64| 1_000 + most.saturating_sub(1_000) * share / 1_000_000;
        let (lasts_ms, amount) = match kind {
            Kind::NetworkGone | Kind::NetworkOff => (up_to(gone_max_ms), 0),
            _ if kind.is_momentary() => (0, 0),
            Kind::Loss => (self.rng.between(2_000, 6_000), self.rng.between(20, 200)),
            Kind::Delay => (self.rng.between(2_000, 6_000), self.rng.between(50, 400)),
            Kind::Frozen | Kind::PageFrozen => (up_to(gone_max_ms.min(15_000)), 0),
            Kind::CommitterFrozen => (self.rng.between(4_000, 7_000), 1),
            Kind::Killed => (self.rng.between(0, 1_500), 0),
            Kind::Storm => (self.rng.between(2_000, 4_000), self.rng.between(3, 5)),
            Kind::ServerKilled => (self.rng.between(0, 2_500), 0),
            _ => (self.rng.between(1_000, 5_000), 0),
        };
        Some(Fault { kind, victim: usize::try_from(victim).unwrap_or(0), lasts_ms, amount })
    }
}

/// So many steps of a thousand have two faults.
const TWO_AT_ONCE: u64 = 200;

/// The plan in steps of one fault or two at once.
pub(crate) struct Steps {
    plan: Plan,
    rng: Rng,
    /// A fault that could not go along with another, and begins the next step.
    held: Option<Fault>,
}

impl Steps {
    pub(crate) fn new(seed: u64, cast: Cast) -> Self {
        Self { plan: Plan::new(seed, cast), rng: Rng::new(!seed), held: None }
    }

    /// What happens now, and the pause after that, in milliseconds.
    pub(crate) fn next_step(&mut self) -> (Vec<Fault>, u64) {
        let first = self.held.take().or_else(|| self.plan.next());
        let mut faults: Vec<Fault> = first.into_iter().collect();
        if self.rng.happens(TWO_AT_ONCE)
            && let Some(second) = self.plan.next()
        {
            match faults.iter().all(|first| first.goes_with(&second)) {
                true => faults.push(second),
                false => self.held = Some(second),
            }
        }
        (faults, self.rng.between(0, 1_000))
    }
}

impl Fault {
    /// Whether both can be done at once: nobody stops a process that is dead, or loads a page from a server that is not there.
    fn goes_with(&self, other: &Self) -> bool {
        let of_process = |kind| {
            matches!(kind, Kind::Frozen | Kind::Killed | Kind::CommitterFrozen) || kind.is_of_browser()
        };
        let (one, two) = (self.kind, other.kind);
        let both_of_server = one.is_of_server() && two.is_of_server();
        // Whose turn it is to commit is known only then.
        let anyone = one == Kind::CommitterFrozen || two == Kind::CommitterFrozen;
        let same = of_process(one) && of_process(two) && (anyone || self.victim == other.victim);
        let reloads =
            (one == Kind::Reloaded || two == Kind::Reloaded) && (one.is_of_server() || two.is_of_server());
        !(both_of_server || same || reloads)
    }
}

impl Kind {
    /// Whether it happens to the browser alone.
    fn is_of_browser(self) -> bool {
        matches!(self, Self::Reloaded | Self::WorkerDied | Self::PageFrozen)
    }

    /// Whether it is over as soon as it has begun.
    pub(crate) fn is_momentary(self) -> bool {
        matches!(self, Self::Moved | Self::Rebound | Self::Reloaded | Self::WorkerDied)
    }

    /// Whether it cuts everyone off.
    pub(crate) fn is_of_server(self) -> bool {
        matches!(self, Self::ServerKilled | Self::ServerFrozen)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NetworkGone => "network gone, unnoticed",
            Self::NetworkOff => "network off",
            Self::Moved => "another network",
            Self::Rebound => "another address by NAT",
            Self::Loss => "packets lost",
            Self::Delay => "packets delayed",
            Self::Frozen => "client frozen",
            Self::CommitterFrozen => "committer frozen",
            Self::Killed => "client killed, comes anew",
            Self::Storm => "storm of coming and going",
            Self::ServerKilled => "server kill -9, started",
            Self::ServerFrozen => "server frozen",
            Self::Reloaded => "browser: page reloaded",
            Self::WorkerDied => "browser: worker died",
            Self::PageFrozen => "browser: page frozen",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, victim, lasts_ms, amount } = self;
        write!(f, "{kind}")?;
        if !kind.is_of_server() && *kind != Kind::Storm {
            write!(f, ", guest {}", victim + 1)?;
        }
        if *lasts_ms > 0 {
            write!(f, ", {:.1} s", *lasts_ms as f64 / 1e3)?;
        }
        match kind {
            Kind::Loss => write!(f, ", {:.1} %", *amount as f64 / 10.0),
            Kind::Delay => write!(f, ", {amount} ms"),
            Kind::Storm => write!(f, ", {amount} people"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAST: Cast = Cast { natives: 3, browser: true, gone_max_ms: 30_000 };

    #[test]
    fn the_same_seed_has_the_same_faults_and_another_seed_has_others() {
        let faults = |seed| Plan::new(seed, CAST).take(50).collect::<Vec<_>>();
        assert_eq!(faults(5), faults(5));
        assert_ne!(faults(5), faults(6));
    }

    #[test]
    fn two_at_once_can_be_done_at_once_and_none_is_lost() {
        let mut pairs = 0;
        for seed in 0..500 {
            let mut steps = Steps::new(seed, CAST);
            let mut all = Vec::new();
            for _ in 0..50 {
                let (faults, pause) = steps.next_step();
                assert!(pause <= 1_000);
                if let [one, two] = &faults[..] {
                    pairs += 1;
                    let server = [one, two].iter().filter(|fault| fault.kind.is_of_server()).count();
                    let browser = [one, two].iter().filter(|fault| fault.kind.is_of_browser()).count();
                    assert!(server < 2 && browser < 2, "{one} and {two}");
                    let reload = [one, two].iter().any(|fault| fault.kind == Kind::Reloaded);
                    assert!(!reload || server == 0, "{one} and {two}");
                    let kills = |fault: &Fault| matches!(fault.kind, Kind::Killed | Kind::Frozen);
                    assert!(!(kills(one) && kills(two) && one.victim == two.victim), "{one} and {two}");
                }
                all.extend(faults);
            }
            let planned: Vec<_> = Plan::new(seed, CAST).take(all.len()).collect();
            assert_eq!(all, planned);
        }
        assert!(pairs > 1_000, "{pairs}");
    }

    #[test]
    fn every_kind_comes_once_in_each_round_and_nothing_is_out_of_bounds() {
        for seed in 0..100 {
            let faults: Vec<_> = Plan::new(seed, CAST).take(2 * KINDS.len()).collect();
            for kind in KINDS {
                assert_eq!(faults.iter().filter(|fault| fault.kind == kind).count(), 2);
            }
            for fault in faults {
                assert!(fault.victim < 4 && fault.lasts_ms <= 30_000, "{fault}");
                assert_eq!(fault.kind.is_of_browser(), fault.kind.is_of_browser() && fault.victim == 3);
            }
        }
        let without = Cast { browser: false, ..CAST };
        assert!(Plan::new(1, without).take(100).all(|fault| fault.victim < 3 && !fault.kind.is_of_browser()));
    }
}
