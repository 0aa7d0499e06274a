//! One run of TLC, and what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use super::table::Job;
use crate::Result;
use crate::process::tool;
use crate::setup::tlc::Tlc;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything holds, within the bounds.
    Holds,
    /// This property does not; with the name that TLC gives it, or that of the only temporal property.
    Violated(String),
    /// A state without a next one.
    Deadlock,
    /// TLC could not do it: its own words.
    Failed(String),
}

/// A run and what it came to.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) verdict: Verdict,
    /// Distinct states.
    pub(crate) states: u64,
    /// Of the state graph; TLC does not tell it of runs that end at a violated temporal property.
    pub(crate) depth: Option<u64>,
    pub(crate) seconds: f64,
    /// The actions of the counterexample, if they were recorded.
    pub(crate) actions: Vec<String>,
    /// All that TLC printed.
    pub(crate) output: PathBuf,
}

impl Report {
    /// Whether the run shows what it is there to show.
    pub(crate) fn is_as_wanted(&self, job: &Job) -> bool {
        match &job.mistake {
            None => self.verdict == Verdict::Holds,
            Some(mistake) => self.verdict == Verdict::Violated(mistake.found_by.clone()),
        }
    }
}

/// Runs TLC. `spec` is the folder of the modules, `notes` the one for configurations and outputs.
pub(crate) fn run(tlc: &Tlc, spec: &Path, notes: &Path, job: &Job, workers: u32) -> Result<Report> {
    let folder = notes.join(job.name.replace('/', "-"));
    let failed = |error: std::io::Error| format!("cannot write to {}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    // TLC looks for everything in one folder; with the modules in it, the run can be repeated by hand.
    let modules = fs::read_dir(spec).map_err(failed)?.filter_map(|entry| Some(entry.ok()?.path()));
    for module in modules.filter(|path| path.extension().is_some_and(|extension| extension == "tla")) {
        fs::copy(&module, folder.join(module.file_name().unwrap_or_default())).map_err(failed)?;
    }
    if let Some(data) = &job.data {
        fs::write(folder.join("TraceData.tla"), data).map_err(failed)?;
    }
    let configuration = format!("{}.cfg", job.module());
    fs::write(folder.join(&configuration), job.configuration(job.mistake.is_some())).map_err(failed)?;
    // TLC unpacks its standard modules under fixed names into the system's temporary folder and removes them as it ends: of two runs
    // that share one, the first takes away what the second is about to read.
    let unpacked = folder.join("unpacked");
    fs::create_dir(&unpacked).map_err(failed)?;
    let mut temporary = std::ffi::OsString::from("-Djava.io.tmpdir=");
    temporary.push(&unpacked);
    let output = folder.join("output.txt");
    let file = fs::File::create(&output).map_err(failed)?;
    let start = Instant::now();
    let mut command = tool(&tlc.java);
    command
        .args(["-XX:+UseParallelGC", if job.small { "-Xmx3g" } else { "-Xmx8g" }, "-Dfile.encoding=UTF-8"])
        .arg(temporary)
        .arg("-cp")
        .arg(&tlc.jar)
        .arg("tlc2.TLC");
    // Liveness is checked at the end alone: on part of the state graph, TLC 2.15 has reported violations that there are not.
    // The same numbers for states each time: which counterexample TLC comes upon may depend on them.
    command.args(["-fp", "0"]);
    command
        .args(["-lncheck", "final", "-workers", &workers.to_string(), "-metadir"])
        .arg(folder.join("states"));
    if !job.deadlocks {
        // A recorded run ends (spec/Trace.tla says how it is told whether it was followed to the end), and where a mistake stops
        // everything, a property says what is missing.
        command.arg("-deadlock");
    }
    command.args(["-config", &configuration, job.module()]);
    let errors = file.try_clone().map_err(failed)?;
    let status = command.current_dir(&folder).stdin(Stdio::null()).stdout(file).stderr(errors).status();
    status.map_err(|error| format!("cannot start {}: {error}", tlc.java.display()))?;
    let seconds = start.elapsed().as_secs_f64();
    let text =
        fs::read_to_string(&output).map_err(|error| format!("cannot read {}: {error}", output.display()))?;
    // The state graph on disk takes far more room than it is worth.
    let _ = fs::remove_dir_all(folder.join("states"));
    Ok(Report { seconds, output, ..read(&text, job) })
}

/// Reads what TLC prints.
fn read(text: &str, job: &Job) -> Report {
    let between = |line: &str, before: &str, after: &str| {
        line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).map(str::to_owned)
    };
    let violated = text.lines().find_map(|line| {
        between(line, "Error: Invariant ", " is violated.")
            .or_else(|| between(line, "Error: Action property ", " is violated."))
    });
    let temporal = text.lines().any(|line| line == "Error: Temporal properties were violated.");
    let verdict = if let Some(property) = violated {
        Verdict::Violated(property)
    } else if text.lines().any(|line| line == "Error: Deadlock reached.") {
        Verdict::Deadlock
    } else if temporal {
        Verdict::Violated(match &job.mistake {
            Some(mistake) => mistake.found_by.clone(),
            None => "a liveness property".to_owned(),
        })
    } else if text.contains("Model checking completed. No error has been found.") {
        Verdict::Holds
    } else {
        let words = text.lines().find(|line| line.starts_with("Error:") || line.starts_with("***"));
        Verdict::Failed(words.unwrap_or("TLC ended without a word").to_owned())
    };
    let states = text.lines().rev().find_map(|line| {
        let (before, _) = line.split_once(" distinct states found")?;
        before.rsplit(' ').next()?.replace(',', "").parse().ok()
    });
    let depth = text.lines().find_map(|line| {
        between(line, "The depth of the complete state graph search is ", ".")?.parse().ok()
    });
    let actions = text.lines().filter_map(|line| action(line.strip_prefix("/\\ did = ")?)).collect();
    Report { verdict, states: states.unwrap_or(0), depth, seconds: 0.0, actions, output: PathBuf::new() }
}

/// `<<"commit", 1>>` as `commit 1`; none for a step in which nothing happens.
fn action(value: &str) -> Option<String> {
    let inner = value.strip_prefix("<<")?.strip_suffix(">>")?;
    let words = inner.replace('"', "").replace(", ", " ");
    (!words.trim().is_empty()).then(|| words.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::table::{mistakes, runs};

    fn read_as(row: &str, text: &str) -> Report {
        let jobs = if row.contains(" small ") { runs(row) } else { mistakes(row) };
        read(text, &jobs.unwrap()[0])
    }

    #[test]
    fn a_run_without_errors_holds() {
        let report = read_as(
            "x small Spec all",
            "Model checking completed. No error has been found.\n36404 states generated, 9547 distinct states found, 0 \
             states left on queue.\nThe depth of the complete state graph search is 30.\n",
        );
        assert_eq!((report.verdict, report.states, report.depth), (Verdict::Holds, 9547, Some(30)));
    }

    #[test]
    fn what_is_violated_is_named_and_its_actions_are_told() {
        let text = "Error: Invariant InStep is violated.\nState 1: <Initial predicate>\n/\\ did = <<>>\nState 2\n/\\ did = \
                    <<\"arrive\", 2>>\nState 3\n/\\ did = <<\"poison\", 2, {1, 3}>>\n";
        let report = read_as("x Spec InStep", text);
        assert_eq!(report.verdict, Verdict::Violated("InStep".to_owned()));
        assert_eq!(report.actions, ["arrive 2", "poison 2 {1 3}"]);
        let temporal = "Error: Temporal properties were violated.\n";
        assert_eq!(read_as("x Spec OneGroup", temporal).verdict, Verdict::Violated("OneGroup".to_owned()));
    }

    #[test]
    fn only_the_named_finding_counts() {
        let job = &mistakes("x Spec OneGroup").unwrap()[0];
        assert!(read("Error: Temporal properties were violated.", job).is_as_wanted(job));
        assert!(!read("Error: Deadlock reached.", job).is_as_wanted(job));
        assert!(!read("Error: Invariant InStep is violated.", job).is_as_wanted(job));
        assert!(!read("Model checking completed. No error has been found.", job).is_as_wanted(job));
        let job = &runs("x small Spec all").unwrap()[0];
        assert!(!read("Error: Deadlock reached.", job).is_as_wanted(job));
        assert_eq!(read("", job).verdict, Verdict::Failed("TLC ended without a word".to_owned()));
    }
}
