//! docs/model-results.md: what the runs came to, the large ones included.

use std::collections::BTreeMap;
use std::fs;

use super::table::Job;
use super::tlc::Report;
use super::words;
use crate::Result;
use crate::repo::Repo;

const PATH: &str = "docs/model-results.md";
const MARK: &str = "<!-- written by `cargo xtask model --full --write` -->";
const HEAD: &str =
    "| run | bounds | distinct states | depth | seconds | result |\n|---|---|---|---|---|---|\n";

/// Puts results into the document, each in the place of an older one of the same run. `names` are all runs, in the order of
/// the table; what is no run any more goes. `followed` is what came of the recorded runs, if they were followed.
pub(super) fn write(
    repo: &Repo,
    names: &[String],
    reports: &[(&Job, Report)],
    followed: Option<&str>,
) -> Result<()> {
    let path = repo.root.join(PATH);
    let cannot = |error: std::io::Error| format!("cannot read or write {}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(cannot)?;
    let (head, old) = text.split_once(MARK).ok_or_else(|| format!("{PATH} has no line {MARK}"))?;
    let rows: Vec<(String, String)> =
        reports.iter().map(|(job, report)| (job.name.clone(), row(job, report))).collect();
    fs::write(&path, format!("{head}{MARK}\n{}", merged(old, names, rows, followed))).map_err(cannot)
}

fn row(job: &Job, report: &Report) -> String {
    let depth = report.depth.map_or("-".to_owned(), |depth| depth.to_string());
    let (states, seconds, words) = (report.states, report.seconds, words(job, report));
    format!("| `{}` | {} | {states} | {depth} | {seconds:.0} | {words} |", job.name, job.bounds)
}

/// The table with new rows in it, and what is said below it.
fn merged(old: &str, names: &[String], new: Vec<(String, String)>, followed: Option<&str>) -> String {
    let mut rows: BTreeMap<String, String> = old
        .lines()
        .filter_map(|line| Some((line.strip_prefix("| `")?.split_once('`')?.0.to_owned(), line.to_owned())))
        .collect();
    rows.extend(new);
    let table: String =
        names.iter().filter_map(|name| rows.get(name)).map(|row| format!("{row}\n")).collect();
    let below = old.lines().rev().find(|line| !line.is_empty() && !line.starts_with('|')).unwrap_or_default();
    let below = followed.map_or(below.to_owned(), |followed| format!("{followed}."));
    format!("\n{HEAD}{table}\n{below}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_new_result_takes_the_place_of_the_old_one() {
        let old =
            format!("\n{HEAD}| `a` | old |\n| `gone` | old |\n| `c` | old |\n\n80 runs were followed.\n");
        let rows =
            vec![("b".to_owned(), "| `b` | new |".to_owned()), ("a".to_owned(), "| `a` | new |".to_owned())];
        let text = merged(&old, &names(&["a", "b", "c"]), rows.clone(), None);
        assert_eq!(
            text,
            format!("\n{HEAD}| `a` | new |\n| `b` | new |\n| `c` | old |\n\n80 runs were followed.\n")
        );
        assert!(merged(&old, &names(&["a"]), rows, Some("90 runs")).ends_with("\n\n90 runs.\n"));
    }

    #[test]
    fn the_first_result_makes_the_table() {
        let rows = vec![("a".to_owned(), "| `a` | new |".to_owned())];
        assert_eq!(
            merged("\n\nNothing yet.\n", &names(&["a"]), rows, None),
            format!("\n{HEAD}| `a` | new |\n\nNothing yet.\n")
        );
    }
}
