//! Trace validation: whether runs of the simulator, which runs the real code, are behaviours of the model.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::table::Job;
use super::tlc;
use crate::Result;
use crate::process::{run, tool};
use crate::repo::Repo;
use crate::setup::tlc::Tlc;

/// The honest runs that are looked at.
const SEEDS: u64 = 80;
/// They have some 5,000 events; far fewer would show little.
const EVENTS_MIN: usize = 3_000;
/// Mistakes that make clients or the server do what the model does not have, and seeds that show it: the validation must
/// say so.
const WRONG: [(&str, u64); 4] = [
    ("presence_at_parent", 1),
    ("merged_at_once", 1),
    ("no_compare_and_swap", 3),
    ("departed_may_commit", 11),
];

/// Has the simulator write traces, and TLC read them. Returns a line for the table.
pub(super) fn validate(repo: &Repo, tlc: &Tlc, spec: &Path, notes: &Path) -> Result<String> {
    println!("\nBuilding the simulator, whose runs of the real code must be behaviours of the model");
    run(repo.cargo().args(["build", "--quiet", "--locked", "--release", "-p", "tangelo-sim"]))?;
    let simulator = repo.target.join("release/tangelo-sim");
    let folder = notes.join("recorded");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let record = |seed: u64, mistake: Option<&str>| {
        let file = folder.join(format!("{seed}-{}.json", mistake.unwrap_or("right")));
        // Not that of an earlier run.
        let _ = fs::remove_file(&file);
        let mut command = tool(&simulator);
        command.args(["--plan", "honest", "--seed", &seed.to_string(), "--trace"]).arg(&file);
        command.args(mistake.map(|mistake| format!("--mistake={mistake}")));
        // Of a run with a mistake it says that it found one.
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let status = status.map_err(|error| format!("cannot start {}: {error}", simulator.display()))?;
        if mistake.is_none() && !status.success() {
            return Err(format!("`cargo xtask sim --plan honest --seed {seed}` does not hold"));
        }
        let text =
            fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        Trace::read(&text).map_err(|error| format!("{}: {error}", file.display()))
    };
    let right = (0..SEEDS).map(|seed| record(seed, None)).collect::<Result<Vec<_>>>()?;
    let events = enough(&right)?;
    let report = follow(tlc, spec, notes, "recorded-runs", &right)?;
    let short: Vec<String> = (0..SEEDS)
        .zip(right.iter().zip(&report.reached))
        .filter_map(|(seed, (trace, reached))| {
            let event = trace.events.get(*reached)?;
            Some(format!(
                "seed {seed}: event {} of {} is none of the model's: {event}",
                reached + 1,
                trace.events.len()
            ))
        })
        .collect();
    if !short.is_empty() {
        return Err(format!("runs of the real code are no behaviours of the model:\n{}", short.join("\n")));
    }
    let wrong =
        WRONG.iter().map(|(mistake, seed)| record(*seed, Some(mistake))).collect::<Result<Vec<_>>>()?;
    let reached = follow(tlc, spec, notes, "recorded-mistakes", &wrong)?.reached;
    for ((mistake, _), (trace, reached)) in WRONG.iter().zip(wrong.iter().zip(reached)) {
        if reached >= trace.events.len() {
            return Err(format!(
                "a run of code that makes the mistake {mistake} passes as a behaviour of the model"
            ));
        }
    }
    Ok(format!(
        "{SEEDS} runs of the real code with {events} events are behaviours of the model ({} states, {:.0} s); those with the \
         mistakes {} are not",
        report.states,
        report.seconds,
        WRONG.map(|(mistake, _)| mistake).join(", ")
    ))
}

/// How many events there are in all, if that is worth following.
fn enough(traces: &[Trace]) -> Result<usize> {
    if let Some(empty) = traces.iter().position(|trace| trace.events.is_empty()) {
        return Err(format!("nothing was recorded of seed {empty}"));
    }
    let events = traces.iter().map(|trace| trace.events.len()).sum();
    if events < EVENTS_MIN {
        return Err(format!("{} recorded runs have {events} events, too few to show anything", traces.len()));
    }
    Ok(events)
}

struct Followed {
    /// How many events of each run the model has.
    reached: Vec<usize>,
    states: u64,
    seconds: f64,
}

fn follow(tlc: &Tlc, spec: &Path, notes: &Path, name: &str, traces: &[Trace]) -> Result<Followed> {
    let most = |number: fn(&Trace) -> u64| traces.iter().map(number).max().unwrap_or(1);
    let job = Job::traces(name, most(|trace| trace.persons), most(|trace| trace.clients), data(traces));
    let report = tlc::run(tlc, spec, notes, &job, 1)?;
    if report.verdict != tlc::Verdict::Holds {
        return Err(format!(
            "{name}: TLC says {:?}; all of it is in {}",
            report.verdict,
            report.output.display()
        ));
    }
    let text =
        fs::read_to_string(&report.output).map_err(|error| format!("cannot read TLC's output: {error}"))?;
    Ok(Followed { reached: reached(&text, traces.len()), states: report.states, seconds: report.seconds })
}

/// Reads lines such as `<<"run", 3, "reached", 17>>`: of run 3, 16 events were followed.
fn reached(text: &str, runs: usize) -> Vec<usize> {
    let mut reached = vec![0; runs];
    for line in text.lines() {
        let Some(inner) = line.strip_prefix("<<\"run\", ").and_then(|rest| rest.strip_suffix(">>")) else {
            continue;
        };
        let Some((run, at)) = inner.split_once(", \"reached\", ") else { continue };
        if let (Ok(run), Ok(at)) = (run.parse::<usize>(), at.parse::<usize>())
            && let Some(so_far) = run.checked_sub(1).and_then(|run| reached.get_mut(run))
        {
            *so_far = (*so_far).max(at.saturating_sub(1));
        }
    }
    reached
}

/// A recorded run, its events in TLA+.
#[derive(Debug, Default)]
struct Trace {
    events: Vec<String>,
    persons: u64,
    clients: u64,
}

impl Trace {
    /// Reads what the simulator writes: a JSON object a line. The model numbers persons as they come.
    fn read(text: &str) -> Result<Self> {
        let mut trace = Self { persons: 1, clients: 1, ..Self::default() };
        let mut persons = BTreeMap::new();
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).map_err(|error| format!("no JSON: {error}"))?;
            let number =
                |key: &str| event[key].as_u64().ok_or_else(|| format!("`{key}` is missing in {line}"));
            let action = event["action"].as_str().ok_or_else(|| format!("no action in {line}"))?;
            let client = number("client")?;
            trace.clients = trace.clients.max(client);
            let mut fields = vec![format!("action |-> \"{action}\", client |-> {client}")];
            if action == "arrive" {
                let next = persons.len() as u64 + 1;
                fields.push(format!("person |-> {}", persons.entry(number("person")?).or_insert(next)));
            }
            for key in ["place", "parent"] {
                fields.extend(event[key].as_u64().map(|value| format!("{key} |-> {value}")));
            }
            for key in ["away", "path"] {
                let word = |value| if value { "TRUE" } else { "FALSE" };
                fields.extend(event[key].as_bool().map(|value| format!("{key} |-> {}", word(value))));
            }
            for key in ["adds", "removes"] {
                fields.extend(event[key].as_array().map(|_| format!("{key} |-> {}", set(&event[key]))));
            }
            if action == "read" {
                fields.push(format!("holds |-> {}", holds(&event["holds"])));
            }
            trace.events.push(format!("[{}]", fields.join(", ")));
        }
        trace.persons = trace.persons.max(persons.len() as u64);
        Ok(trace)
    }
}

fn set(numbers: &Value) -> String {
    let numbers: Vec<String> = numbers.as_array().into_iter().flatten().map(Value::to_string).collect();
    format!("{{{}}}", numbers.join(", "))
}

fn holds(holds: &Value) -> String {
    match holds.as_str() {
        Some(word) => format!("<<\"{word}\">>"),
        None => format!(
            "<<\"state\", <<{}, {}>>, {}, {}>>",
            holds["parent"],
            holds["founder"],
            holds["epoch"],
            set(&holds["members"])
        ),
    }
}

/// The module `TraceData`.
fn data(traces: &[Trace]) -> String {
    let mut text = "---- MODULE TraceData ----\nTraces == <<\n".to_owned();
    for (index, trace) in traces.iter().enumerate() {
        let comma = if index == 0 { "" } else { ",\n" };
        let _ = write!(text, "{comma}<<{}>>", trace.events.join(",\n  "));
    }
    text + "\n>>\n====\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_records_and_persons_are_numbered_as_they_come() {
        let trace = Trace::read(
            "{\"action\":\"arrive\",\"client\":1,\"person\":4}\n\
             {\"action\":\"commit\",\"adds\":[2],\"client\":1,\"parent\":2,\"path\":false,\"removes\":[]}\n\
             {\"action\":\"read\",\"client\":1,\"holds\":{\"epoch\":1,\"founder\":1,\"members\":[1,2],\"parent\":0},\"place\":4}\n\
             {\"action\":\"read\",\"client\":2,\"holds\":\"dropped\",\"place\":4}\n\
             {\"action\":\"crash\",\"away\":true,\"client\":3}\n",
        )
        .unwrap();
        assert_eq!(
            trace.events,
            [
                "[action |-> \"arrive\", client |-> 1, person |-> 1]",
                "[action |-> \"commit\", client |-> 1, parent |-> 2, path |-> FALSE, adds |-> {2}, removes |-> {}]",
                "[action |-> \"read\", client |-> 1, place |-> 4, holds |-> <<\"state\", <<0, 1>>, 1, {1, 2}>>]",
                "[action |-> \"read\", client |-> 2, place |-> 4, holds |-> <<\"dropped\">>]",
                "[action |-> \"crash\", client |-> 3, away |-> TRUE]",
            ]
        );
        assert_eq!((trace.persons, trace.clients), (1, 3));
        assert!(Trace::read("{\"client\":1}").unwrap_err().contains("no action"));
        assert!(Trace::read("arrive").unwrap_err().contains("no JSON"));
    }

    #[test]
    fn too_little_is_an_error() {
        let of = |events: usize| Trace { events: vec![String::new(); events], ..Trace::default() };
        assert_eq!(enough(&[of(1), of(EVENTS_MIN)]), Ok(EVENTS_MIN + 1));
        assert!(enough(&[of(EVENTS_MIN), of(0)]).unwrap_err().contains("seed 1"));
        assert!(enough(&[of(1), of(EVENTS_MIN - 2)]).unwrap_err().contains("too few"));
    }

    #[test]
    fn how_far_each_run_got_is_read() {
        let text = "<<\"run\", 1, \"reached\", 2>>\n<<\"run\", 3, \"reached\", 9>>\n<<\"run\", 1, \"reached\", 5>>\nother\n";
        assert_eq!(reached(text, 3), [4, 0, 8]);
    }
}
