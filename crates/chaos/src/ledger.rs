//! Who decrypts whom, and where there were pauses.

use std::collections::BTreeMap;

use crate::report::{PAUSE_MS, Report};

/// What one guest hears of one person. Times in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pair {
    /// When frames came first and last.
    pub(crate) first: u64,
    pub(crate) last: u64,
    pauses: Vec<(u64, u64)>,
    life: u32,
}

impl Pair {
    /// The longest time without a frame that has a part between the two; what began before counts in full.
    fn longest(&self, begin: u64, end: u64) -> u64 {
        let ended = self.pauses.iter().filter(|(from, to)| *from < end && *to > begin);
        let longest = ended.map(|(from, to)| to.saturating_sub(*from)).max().unwrap_or(0);
        longest.max(end.saturating_sub(self.last))
    }

    /// How long after a moment the next frame came; `None` if it has not come yet.
    fn back(&self, after: u64) -> Option<u64> {
        if self.last < after {
            return None;
        }
        let begun = if self.first >= after { self.first.saturating_sub(after) } else { 0 };
        let pause = self.pauses.iter().find(|(from, to)| *from < after && *to >= after);
        Some(pause.map_or(begun, |(_, to)| to.saturating_sub(after)))
    }
}

/// By guest, and by the name of whom it hears.
#[derive(Debug, Default)]
pub(crate) struct Ledger(BTreeMap<(usize, String), Pair>);

impl Ledger {
    /// A guest has reported. `life` is another one when the guest has come anew: its counters have, too.
    pub(crate) fn take(&mut self, guest: usize, life: u32, report: &Report) {
        for (name, heard) in &report.heard {
            let pair = self.0.entry((guest, name.clone())).or_default();
            if pair.first == 0 {
                pair.first = heard.first;
            } else if pair.life != life && heard.first.saturating_sub(pair.last) >= PAUSE_MS {
                pair.pauses.push((pair.last, heard.first));
            }
            pair.life = life;
            pair.pauses.extend(&heard.pauses);
            pair.last = pair.last.max(heard.last);
        }
    }

    pub(crate) fn pair(&self, guest: usize, name: &str) -> Option<&Pair> {
        self.0.get(&(guest, name.to_owned()))
    }

    /// The longest pause of these pairs; see [`Pair`].
    pub(crate) fn longest(&self, pairs: &[(usize, String)], begin: u64, end: u64) -> u64 {
        let known = pairs.iter().filter_map(|(guest, name)| self.pair(*guest, name));
        known.map(|pair| pair.longest(begin, end)).max().unwrap_or(0)
    }

    /// How long it took until all of these pairs were there again; the error names one that is not.
    pub(crate) fn back(&self, pairs: &[(usize, String)], after: u64) -> Result<u64, String> {
        let mut slowest = 0;
        for (guest, name) in pairs {
            let back = self.pair(*guest, name).and_then(|pair| pair.back(after));
            slowest =
                slowest.max(back.ok_or_else(|| format!("guest {} does not decrypt {name}", guest + 1))?);
        }
        Ok(slowest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Heard;

    fn report(first: u64, last: u64, pauses: &[(u64, u64)]) -> Report {
        let heard = Heard { count: 9, first, last, pauses: pauses.to_vec() };
        Report { heard: [("Ada".to_owned(), heard)].into(), ..Report::default() }
    }

    #[test]
    fn pauses_are_found_where_they_were() {
        let pairs = [(0, "Ada".to_owned())];
        let mut ledger = Ledger::default();
        assert!(ledger.back(&pairs, 0).is_err());
        ledger.take(0, 1, &report(1_000, 5_000, &[(2_000, 4_000)]));
        assert_eq!(ledger.longest(&pairs, 3_000, 5_000), 2_000);
        assert_eq!(ledger.longest(&pairs, 4_500, 5_000), 0);
        assert_eq!(ledger.longest(&pairs, 4_500, 5_700), 700, "one that lasts");
        assert_eq!(ledger.back(&pairs, 3_000), Ok(1_000));
        assert_eq!(ledger.back(&pairs, 1_500), Ok(0));
        assert_eq!(ledger.back(&pairs, 500), Ok(500), "from the beginning on");
        assert!(ledger.back(&pairs, 5_001).is_err());
        // The guest has come anew.
        ledger.take(0, 2, &report(9_000, 9_500, &[]));
        assert_eq!(ledger.longest(&pairs, 5_000, 9_500), 4_000);
        assert_eq!(ledger.back(&pairs, 6_000), Ok(3_000));
    }
}
