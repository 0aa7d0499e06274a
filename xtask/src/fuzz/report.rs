//! What libFuzzer says, in short.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What came of one target.
pub(super) struct Report {
    target: String,
    executions: u64,
    /// Edges of the program's flow that were seen.
    coverage: u64,
    new_inputs: usize,
    crash: Option<Crash>,
}

struct Crash {
    /// The input; none if the program did not come so far.
    input: Option<PathBuf>,
    words: String,
    log: PathBuf,
}

impl Report {
    /// Reads a log.
    pub(super) fn read(target: &str, text: &str, new_inputs: usize, ended_well: bool, log: &Path) -> Self {
        let executions = text
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
            .and_then(|number| number.trim().parse().ok());
        // A crash leaves no statistics; lines of progress begin with the number.
        let executions = executions.or_else(|| text.lines().filter_map(progress).next_back());
        let coverage = text.lines().filter_map(|line| after(line, "cov: ")).next_back();
        let crash = (!ended_well).then(|| Crash {
            input: text
                .lines()
                .find_map(|line| line.split_once("Test unit written to "))
                .map(|(_, file)| file.into()),
            words: words(text),
            log: log.to_owned(),
        });
        Self {
            target: target.to_owned(),
            executions: executions.unwrap_or(0),
            coverage: coverage.unwrap_or(0),
            new_inputs,
            crash,
        }
    }

    /// One line for a person.
    pub(super) fn line(&self) -> String {
        let word = if self.crash.is_some() { "BROKEN, see below" } else { "ok" };
        format!(
            "{} executions, {} edges, {} new inputs: {word}",
            self.executions, self.coverage, self.new_inputs
        )
    }

    /// What happened and what to do, if something broke.
    pub(super) fn failure(&self) -> Option<String> {
        let crash = self.crash.as_ref()?;
        let target = &self.target;
        let mut text = format!("{target} broke: {}\nwhole log: {}", crash.words, crash.log.display());
        if let Some(input) = &crash.input {
            let input = input.display();
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\ninput: {input}\nto see it again: cargo xtask fuzz --target {target} --input {input}\n\
                 when it is repaired, keep the input: move it to fuzz/regressions/{target}/"
            );
        }
        Some(text)
    }
}

/// All of them.
pub(super) fn table(reports: &[Report]) -> String {
    let mut text = format!("{:<18} {:>12} {:>8} {:>11}\n", "target", "executions", "edges", "new inputs");
    for report in reports {
        let mark = if report.crash.is_some() { "  BROKEN" } else { "" };
        let _ = writeln!(
            text,
            "{:<18} {:>12} {:>8} {:>11}{mark}",
            report.target, report.executions, report.coverage, report.new_inputs
        );
    }
    text
}

/// 1500 of `#1500 NEW cov: ...`.
fn progress(line: &str) -> Option<u64> {
    line.strip_prefix('#')?.split_ascii_whitespace().next()?.parse().ok()
}

fn after(line: &str, mark: &str) -> Option<u64> {
    line.split_once(mark)?.1.split_ascii_whitespace().next()?.parse().ok()
}

/// What broke, in the program's own words: a panic's place and message, or what libFuzzer says.
fn words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let panic = lines.iter().position(|line| line.contains("panicked at"));
    let libfuzzer = lines.iter().position(|line| line.contains("ERROR: libFuzzer"));
    match (panic, libfuzzer) {
        (Some(at), _) => lines.iter().skip(at).take(4).copied().collect::<Vec<_>>().join("\n"),
        (None, Some(at)) => lines.iter().skip(at).take(1).copied().collect(),
        (None, None) => lines.last().copied().unwrap_or("it said nothing").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_run_is_read() {
        let log = "#2\tINITED cov: 17 ft: 18\n#99\tDONE   cov: 642 ft: 1102 corp: 382/6931b\n\
                   stat::number_of_executed_units: 111758\n";
        let report = Report::read("t", log, 3, true, Path::new("t.log"));
        assert_eq!(report.line(), "111758 executions, 642 edges, 3 new inputs: ok");
        assert_eq!(report.failure(), None);
    }

    #[test]
    fn a_crash_says_how_to_see_it_again() {
        let log = "#2\tINITED cov: 17 ft: 18\n#70\tNEW    cov: 20 ft: 18\n\
                   thread '<unnamed>' panicked at src/a.rs:1:2:\nno such thing\n\
                   ==1== ERROR: libFuzzer: deadly signal\n\
                   artifact_prefix='x/'; Test unit written to x/crash-1\n";
        let report = Report::read("t", log, 0, false, Path::new("t.log"));
        let failure = report.failure().unwrap();
        assert!(failure.contains("src/a.rs:1:2:\nno such thing"), "{failure}");
        assert!(failure.contains("cargo xtask fuzz --target t --input x/crash-1"), "{failure}");
        assert!(report.line().starts_with("70 executions, 20 edges"));
    }
}
