//! The one table of all figures, as text and as Markdown.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::promise;
use crate::Result;

/// The sections in their order, with the words above them.
const SECTIONS: [(&str, &str); 16] = [
    ("bytes", "Bytes added to a frame"),
    ("ratio", "How many times faster than others, in the browser"),
    ("cadence", "Frames in a transform of the browser's worker, at the pace at which they come"),
    ("hot", "Frames one after the other in a hot loop"),
    ("groups", "Groups: what membership costs"),
    ("storms", "Many arrivals at once, with virtual time"),
    ("calls", "Calls through a real server"),
    ("sizes", "What is loaded before a call"),
    ("weight", "What the first load brings"),
    ("lobby", "From opening a link in a browser that was never there, to the lobby"),
    ("sfu", "Packets that the SFU forwards with a second of the server's processor time"),
    ("busy", "The same without clients that cost processor time: the server's part has work all the time"),
    ("load", "What was forwarded, and with what the clients kept up"),
    ("delay", "Delay from one client to another, and loss"),
    ("memory", "Memory of the server"),
    ("tiles", "The page's main thread in a call of 25, in steady state"),
];

/// Where a figure was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// By a program of the machine itself.
    Native,
    /// In the browser's worker.
    Browser,
}

/// A line of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    pub(super) section: String,
    pub(super) label: String,
    pub(super) unit: String,
    pub(super) native: Option<f64>,
    pub(super) browser: Option<f64>,
    /// The promise, or what was measured elsewhere.
    pub(super) next_to: String,
    pub(super) met: Option<bool>,
}

impl Row {
    fn cells(&self) -> [String; 6] {
        let number = |value: Option<f64>| value.map_or(String::new(), shown);
        let met = match self.met {
            None => "",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        [
            self.label.clone(),
            number(self.native),
            number(self.browser),
            self.unit.clone(),
            self.next_to.clone(),
            met.to_owned(),
        ]
    }
}

const HEADS: [&str; 6] = ["figure", "native", "browser", "unit", "promise, or measured elsewhere", "met"];

/// Every figure of a run.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    /// The browser's name and version.
    pub(super) browser: String,
}

impl Table {
    /// Takes the figures that a program has written.
    pub(super) fn read(&mut self, place: Place, file: &Path) -> Result<()> {
        let text =
            fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let figures: Vec<Value> = serde_json::from_str(&text)
            .map_err(|error| format!("{} holds no figures: {error}", file.display()))?;
        for figure in &figures {
            self.take(place, figure)
                .ok_or_else(|| format!("{} has an odd figure: {figure}", file.display()))?;
        }
        Ok(())
    }

    fn take(&mut self, place: Place, figure: &Value) -> Option<()> {
        let text = |key: &str| figure[key].as_str().map(str::to_owned);
        let (section, label) = (text("section")?, text("label")?);
        if section == "about" {
            self.browser = text("text")?;
            return Some(());
        }
        if !SECTIONS.iter().any(|(name, _)| *name == section) {
            return None;
        }
        let (unit, value) = (text("unit")?, figure["value"].as_f64()?);
        let row = match self.rows.iter_mut().find(|row| row.section == section && row.label == label) {
            Some(row) => row,
            None => {
                self.rows.push(Row { section, label, unit, ..Row::default() });
                self.rows.last_mut()?
            }
        };
        match place {
            Place::Native => row.native = Some(value),
            Place::Browser => row.browser = Some(value),
        }
        Some(())
    }

    /// Adds the ratios, and puts the promises next to the figures.
    pub(super) fn judge(&mut self) {
        let ratios = promise::ratios(&self.rows);
        self.rows.extend(ratios);
        for row in &mut self.rows {
            promise::judge(row);
        }
    }

    fn section(&self, name: &str) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.section == name).collect()
    }

    /// The rows that have a promise.
    fn promised(&self) -> Vec<&Row> {
        let judged = |(name, _): &(&str, &str)| {
            self.section(name).into_iter().filter(|row| row.met.is_some()).collect::<Vec<_>>()
        };
        SECTIONS.iter().flat_map(judged).collect()
    }

    /// The columns to show: not that of a place where nothing was measured.
    fn columns(&self) -> Vec<usize> {
        let native = self.rows.iter().any(|row| row.native.is_some());
        let browser = self.rows.iter().any(|row| row.browser.is_some());
        (0..HEADS.len()).filter(|column| [true, native, browser].get(*column) != Some(&false)).collect()
    }

    /// For a terminal.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![HEADS.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let widths: Vec<usize> = (0..HEADS.len())
            .map(|column| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or_default())
            .collect();
        let columns = self.columns();
        let line = |cells: &[String; 6]| {
            let mut text = String::new();
            for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                if !columns.contains(&column) {
                    continue;
                }
                // Writing to a String cannot fail.
                let _ = match column {
                    1 | 2 => write!(text, "{cell:>width$}  "),
                    _ => write!(text, "{cell:<width$}  "),
                };
            }
            text.trim_end().to_owned() + "\n"
        };
        let mut text = line(&HEADS.map(str::to_owned));
        for (name, title) in SECTIONS {
            let rows = self.section(name);
            if rows.is_empty() {
                continue;
            }
            let _ = write!(text, "\n{title}\n");
            for row in rows {
                text += &line(&row.cells());
            }
        }
        let (met, all) = self.score();
        let _ = write!(text, "\n{met} of {all} promised figures are met");
        for row in self.promised().iter().filter(|row| row.met == Some(false)) {
            let _ = write!(text, "\n  not met: {} ({})", row.label, row.next_to);
        }
        text
    }

    fn score(&self) -> (usize, usize) {
        let promised = self.promised();
        (promised.iter().filter(|row| row.met == Some(true)).count(), promised.len())
    }

    /// Writes a page from its template.
    pub(super) fn write(&self, page: &Path, template: &str, machine: &str) -> Result<()> {
        let text = template.replace("{machine}", machine).replace("{tables}", &self.markdown());
        fs::write(page, text).map_err(|error| format!("cannot write {}: {error}", page.display()))
    }

    fn markdown(&self) -> String {
        let columns = self.columns();
        let line = |cells: &[String; 6]| {
            let cells: Vec<&str> = columns.iter().map(|column| cells[*column].as_str()).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rules: [&str; 6] = ["---", "--:", "--:", "---", "---", "---"];
        let mut text = String::new();
        for (name, title) in SECTIONS {
            let rows = self.section(name);
            if rows.is_empty() {
                continue;
            }
            let _ = write!(text, "## {title}\n\n{}", line(&HEADS.map(str::to_owned)));
            text += &line(&rules.map(str::to_owned)).replace(' ', "");
            for row in rows {
                text += &line(&row.cells());
            }
            text.push('\n');
        }
        let (met, all) = self.score();
        let _ = write!(text, "{met} of {all} promised figures are met.");
        text
    }
}

/// Three digits that count; whole numbers as they are.
fn shown(value: f64) -> String {
    let digits = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table(figures: &[(Place, Value)]) -> Table {
        let mut table = Table::default();
        for (place, figure) in figures {
            assert!(table.take(*place, figure).is_some(), "{figure}");
        }
        table.judge();
        table
    }

    #[test]
    fn the_same_figure_of_two_places_is_one_row() {
        let figure = |value: f64| json!({"section": "hot", "label": "x", "value": value, "unit": "us"});
        let table = table(&[(Place::Native, figure(1.25)), (Place::Browser, figure(8.0))]);
        assert_eq!(table.rows.len(), 1);
        let text = table.text();
        assert!(text.lines().any(|line| line.split_whitespace().eq(["x", "1.25", "8", "us"])), "{text}");
    }

    #[test]
    fn a_promise_that_is_not_met_is_named_at_the_end() {
        let lost = |value: f64| json!({"section": "calls", "label": "a third joins: frames lost", "value": value, "unit": "frames"});
        assert!(table(&[(Place::Native, lost(0.0))]).text().ends_with("1 of 1 promised figures are met"));
        let text = table(&[(Place::Native, lost(2.0))]).text();
        assert!(text.ends_with("not met: a third joins: frames lost (0)"), "{text}");
    }

    #[test]
    fn a_place_where_nothing_was_measured_has_no_column() {
        let figure = json!({"section": "sfu", "label": "x", "value": 2.0, "unit": "packets"});
        let table = table(&[(Place::Native, figure)]);
        assert!(table.markdown().contains("| figure | native | unit | promise, or measured elsewhere | met |\n|---|--:|---|---|---|\n| x | 2 | packets |"));
        assert!(!table.text().contains("browser"));
    }

    #[test]
    fn a_figure_of_an_unknown_section_is_an_error() {
        let figure = json!({"section": "y", "label": "x", "value": 1.0, "unit": "us"});
        assert!(Table::default().take(Place::Native, &figure).is_none());
    }

    #[test]
    fn numbers_show_what_counts() {
        assert_eq!([0.123, 1.0, 12.34, 123.4, 45_678.9].map(shown), ["0.12", "1", "12.3", "123", "45679"]);
    }
}
