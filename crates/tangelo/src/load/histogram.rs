//! Percentiles of any number of durations in bounded memory.

use std::time::Duration;

use serde::Serialize;

/// Every power of two is divided into so many steps: what is read is at most 1/64 too large.
const STEPS: u64 = 64;
const STEPS_LOG2: u32 = STEPS.ilog2();
/// Steps of 1 ns, then one division for each power of two that 64 bits leave.
const PLACES: usize = (STEPS as usize) * (65 - STEPS_LOG2 as usize);

/// How often durations of each length came, to about 1.6 %.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    counts: Vec<u32>,
    total: u64,
    max: u64,
}

/// Percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) count: u64,
    pub(super) p50_ms: f64,
    pub(super) p90_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; PLACES], total: 0, max: 0 }
    }
}

impl Histogram {
    /// Takes one more.
    pub(super) fn add(&mut self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(place(ns)) {
            *count = count.saturating_add(1);
        }
        self.total += 1;
        self.max = self.max.max(ns);
    }

    /// Takes all that another has.
    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// The percentiles; `None` if there is nothing to tell of.
    pub(super) fn spread(&self) -> Option<Spread> {
        (self.total > 0).then(|| Spread {
            count: self.total,
            p50_ms: self.quantile_ms(0.5),
            p90_ms: self.quantile_ms(0.9),
            p95_ms: self.quantile_ms(0.95),
            p99_ms: self.quantile_ms(0.99),
            max_ms: ms(self.max),
        })
    }

    /// What `share` of all do not exceed.
    fn quantile_ms(&self, share: f64) -> f64 {
        let rank = ((share * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return ms(largest(place).min(self.max));
            }
        }
        ms(self.max)
    }
}

fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

/// Where a value is counted.
fn place(ns: u64) -> usize {
    if ns < STEPS {
        return ns as usize;
    }
    let shift = ns.ilog2() - STEPS_LOG2;
    (u64::from(shift) * STEPS + (ns >> shift)) as usize
}

/// The largest value that is counted there.
fn largest(place: usize) -> u64 {
    let place = place as u64;
    if place < STEPS {
        return place;
    }
    let shift = place / STEPS - 1;
    let next = u128::from(place - shift * STEPS + 1) << shift;
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_close_to_itself() {
        let values = (0..64).flat_map(|shift| {
            let value = 1_u64 << shift;
            [value, value - 1, value + value / 3, value.wrapping_add(value - 1)]
        });
        for value in values.chain([u64::MAX]) {
            let place = place(value);
            assert!(place < PLACES, "{value}");
            let read = largest(place);
            assert!(read >= value && read - value <= value / STEPS, "{value} is read as {read}");
        }
    }

    #[test]
    fn percentiles_are_those_of_what_was_counted() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.spread(), None);
        (1..=50).for_each(|value| histogram.add(Duration::from_millis(value)));
        let mut other = Histogram::default();
        (51..=100).for_each(|value| other.add(Duration::from_millis(value)));
        histogram.merge(&other);
        let spread = histogram.spread().unwrap();
        let near = |read: f64, value: f64| (value..=value * 1.016).contains(&read);
        assert!(near(spread.p50_ms, 50.0) && near(spread.p90_ms, 90.0), "{spread:?}");
        assert!(near(spread.p95_ms, 95.0) && near(spread.p99_ms, 99.0), "{spread:?}");
        assert_eq!((spread.count, spread.max_ms), (100, 100.0));
    }

    #[test]
    fn a_single_value_is_every_percentile() {
        let mut histogram = Histogram::default();
        histogram.add(Duration::from_nanos(1_234_567));
        let spread = histogram.spread().unwrap();
        assert_eq!((spread.p50_ms, spread.p99_ms, spread.max_ms), (1.234_567, 1.234_567, 1.234_567));
    }
}
