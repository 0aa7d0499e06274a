//! Whether the counterexamples that the tests replay with the real code are those that TLC comes upon today.

use std::fs;
use std::path::Path;

use super::table::Job;
use super::tlc::Report;
use crate::Result;

const FOLDER: &str = "crates/sim/counterexamples";
/// A file with a line in its head that begins so has its own way, and says why.
const BY_HAND: &str = "# By hand";

/// What to do about the file of a mistake whose counterexample is another one by now; `None` if it is the same.
pub(super) fn complaint(root: &Path, job: &Job, report: &Report) -> Result<Option<String>> {
    // A mistake's further properties have no file of their own.
    let first = job.mistake.as_ref().is_some_and(|mistake| mistake.name == job.name);
    if !first || !report.is_as_wanted(job) {
        return Ok(None);
    }
    let file = format!("{FOLDER}/{}.steps", job.name);
    let text =
        fs::read_to_string(root.join(&file)).map_err(|error| format!("cannot read {file}: {error}"))?;
    if is_by_hand(&text) || replays(&text, &report.actions) {
        return Ok(None);
    }
    let bound = |name: &str, option: &str| {
        let value = job.bounds.split(' ').find_map(|bound| bound.strip_prefix(name)?.strip_prefix('='));
        value.map_or(String::new(), |value| format!(" {option} {value}"))
    };
    Ok(Some(format!(
        "{}: {file} is not what TLC has found. Put the steps that `cargo xtask sim --from-tlc {}{}{} --mistake {}` prints \
         below its head, or say `{BY_HAND}` there, and why",
        job.name,
        report.output.display(),
        bound("Together", "--together"),
        bound("Lazy", "--lazy"),
        job.name
    )))
}

fn is_by_hand(text: &str) -> bool {
    text.lines().take_while(|line| line.starts_with('#')).any(|line| line.starts_with(BY_HAND))
}

/// Whether the steps of a file end with TLC's actions; those before them are how the model's start comes about.
fn replays(text: &str, actions: &[String]) -> bool {
    let steps: Vec<String> = text.lines().filter_map(step).collect();
    let actions: Vec<String> = actions.iter().filter_map(|action| as_step(action)).collect();
    !actions.is_empty() && steps.ends_with(&actions)
}

/// A step in the words of TLC: `crash 2 away` for `crash c2 away`. None for what the model does not have.
fn step(line: &str) -> Option<String> {
    if line.starts_with(['#', ' ']) || ["", "lazy", "skew"].contains(&line.split(' ').next()?) {
        return None;
    }
    let number = |word: &str| {
        word.strip_prefix(['c', 'p']).filter(|rest| rest.parse::<u32>().is_ok()).map(str::to_owned)
    };
    let words: Vec<String> =
        line.split(' ').map(|word| number(word).unwrap_or_else(|| word.to_owned())).collect();
    Some(words.join(" "))
}

/// As `crates/sim/src/tlc.rs` has it: hearing is part of another step, and a person lets a forged client in.
fn as_step(action: &str) -> Option<String> {
    match action.split(' ').collect::<Vec<_>>().as_slice() {
        ["hear", ..] => None,
        ["forge", "1", "arrived", _] => Some("ghost 1".to_owned()),
        _ => Some(action.replace(['{', '}'], "").trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mistake x\n# persons 2\nlazy p2\narrive p1\nfound c1\ntake c1\nread c1\narrive p2\naside c2 c1 c3\n\
                        skew server 10000\nrefuse c2\ncrash c1 away\n";

    fn replays_after(actions: &[&str]) -> bool {
        replays(FILE, &actions.iter().map(|action| (*action).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn only_a_line_of_the_head_says_that_a_file_is_by_hand() {
        assert!(is_by_hand("# mistake x\n# By hand: why\narrive p1\n"));
        for other in
            ["# mistake x\n# Not By hand\n", "# mistake x\narrive p1\n# By hand: too late\n", "By hand\n"]
        {
            assert!(!is_by_hand(other), "{other}");
        }
    }

    #[test]
    fn a_file_replays_the_actions_that_it_ends_with() {
        assert!(replays_after(&["arrive 2", "aside 2 {1 3}", "refuse 2", "hear 2", "crash 1 away"]));
        assert!(!replays_after(&["arrive 2", "aside 2 {1 3}", "refuse 2", "crash 1"]));
        assert!(!replays_after(&["aside 2 {1}", "refuse 2", "crash 1 away"]));
        assert!(!replays_after(&["arrive 2", "aside 2 {1 3}", "refuse 2", "crash 1 away", "read 2"]));
        assert!(!replays_after(&[]));
    }
}
