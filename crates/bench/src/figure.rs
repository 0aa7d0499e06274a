//! What a measurement gives.

use serde::Serialize;

/// The part of the table that a figure belongs to, in the table's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Bytes added to frames.
    Bytes,
    /// Encrypting and decrypting in a hot loop.
    Hot,
    /// Commits, Welcomes and what they cost.
    Groups,
    /// Many arrivals at once.
    Storms,
    /// Calls through a real server.
    Calls,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Where it stands.
    pub section: Section,
    /// What was measured. The same measurement natively and in the browser has the same words.
    pub label: String,
    /// The value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

impl Figure {
    /// A figure.
    #[must_use]
    pub fn new(section: Section, label: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { section, label: label.into(), value, unit }
    }

    /// A number of bytes.
    #[must_use]
    pub fn bytes(section: Section, label: impl Into<String>, bytes: usize) -> Self {
        Self::new(section, label, count(bytes), "B")
    }
}

/// A count as a value.
#[must_use]
pub(crate) fn count(number: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let value = number as f64;
    value
}

/// Values of the same thing.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Takes one more.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The value that `share` of all values do not exceed: 0.5 for the median. 0 if there is none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the length"
        )]
        let place = (share * count(sorted.len())).ceil().max(1.0) as usize;
        sorted.get(place - 1).or(sorted.last()).copied().unwrap_or_default()
    }

    /// The median.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The largest value.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.quantile(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut samples = Samples::default();
        assert_eq!(samples.median(), 0.0);
        for value in [5.0, 1.0, 4.0, 2.0, 3.0] {
            samples.push(value);
        }
        assert_eq!((samples.median(), samples.quantile(0.99), samples.max()), (3.0, 5.0, 5.0));
        assert_eq!(samples.quantile(0.0), 1.0);
    }
}
