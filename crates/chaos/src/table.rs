//! How often each fault fired, and what it did to the media.

use std::{collections::BTreeMap, fmt};

use crate::plan::{KINDS, Kind};

/// What came of one step.
pub(crate) struct Outcome {
    pub(crate) kinds: Vec<Kind>,
    /// The longest time without a frame between those who were not struck, in milliseconds.
    pub(crate) others_ms: Option<u64>,
    /// How long after the fault's end the last of those who were had all media again; for faults that have no such end the longest time
    /// without a frame.
    pub(crate) back_ms: Option<u64>,
}

#[derive(Default)]
struct Row {
    times: usize,
    others: Vec<u64>,
    back: Vec<u64>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Table {
    rows: BTreeMap<Kind, Row>,
    two: Row,
    newcomers: usize,
}

impl Table {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        let Outcome { kinds, others_ms, back_ms } = outcome;
        let alone = kinds.len() == 1;
        for kind in kinds {
            let row = self.rows.entry(kind).or_default();
            row.times += 1;
            if alone {
                row.others.extend(others_ms);
                row.back.extend(back_ms);
            }
        }
        if !alone {
            self.two.times += 1;
            self.two.others.extend(others_ms);
            self.two.back.extend(back_ms);
        }
    }

    /// Whoever came while the committer was frozen got in meanwhile.
    pub(crate) fn count_newcomers(&mut self) {
        self.newcomers += 1;
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| fault | fired | longest gap of others, s | struck: all media again after, s (worst; median) |"
        )?;
        writeln!(f, "|---|---|---|---|")?;
        let none = Row::default();
        for kind in KINDS {
            row(f, &kind.to_string(), self.rows.get(&kind).unwrap_or(&none))?;
        }
        row(f, "two of them at once", &self.two)?;
        let frozen = self.rows.get(&Kind::CommitterFrozen).map_or(0, |row| row.times);
        writeln!(f, "\nWhile the committer was frozen newcomers got in {} of {frozen} times.", self.newcomers)
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, row: &Row) -> fmt::Result {
    let seconds = |ms: u64| format!("{:.1}", ms as f64 / 1e3);
    let others = row.others.iter().max().map_or("-".to_owned(), |ms| seconds(*ms));
    let mut sorted = row.back.clone();
    sorted.sort_unstable();
    let back = match (sorted.last(), sorted.get(sorted.len() / 2)) {
        (Some(worst), Some(middle)) => format!("{}; {}", seconds(*worst), seconds(*middle)),
        _ => "-".to_owned(),
    };
    writeln!(f, "| {name} | {} | {others} | {back} |", row.times)
}
