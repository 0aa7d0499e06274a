//! The tables of `spec/`: which runs there are, and which deliberate mistakes.

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;

/// Every bound of the model, with what it is unless a table says otherwise.
const BOUNDS: [(&str, &str); 18] = [
    ("Persons", "0"),
    ("Clients", "0"),
    ("Together", "0"),
    ("Evil", "{}"),
    ("Lazy", "{}"),
    ("Views", "{1}"),
    ("Crashes", "0"),
    ("Freezes", "0"),
    ("Drops", "0"),
    ("Departures", "0"),
    ("Doubts", "0"),
    ("Foundings", "0"),
    ("Refusals", "0"),
    ("Rekeys", "0"),
    ("Misdeeds", "0"),
    ("Ghosts", "0"),
    ("Splits", "0"),
    ("Forgeries", "0"),
];
const INVARIANTS: [&str; 8] = [
    "InStep",
    "Agreement",
    "OneSuccessor",
    "MergedWhenAccepted",
    "RemovedKnowNothing",
    "OnlyAdmitted",
    "DepartedNeverCommit",
    "SnapshotSuffices",
];
/// A malicious server appends old commits of honest members, which nobody accepts.
const HONEST_SERVER_INVARIANT: &str = "HonestWorkCounts";
const LIVENESS: [&str; 3] = ["EveryoneGetsIn", "OneGroup", "TheGoneAreRemoved"];
/// They follow from those.
const MORE_LIVENESS: [&str; 3] = ["FrozenBlocksNobody", "DeadRoomIsFounded", "WhoWakesIsIn"];
/// Of members that compare what they see.
const ALARM: &str = "ForksImplyAlarm";
const ALARM_INVARIANT: &str = "AlarmMeansAttack";
/// Where these are invariants, a deadlock is what they are there to judge.
const AT_REST: &str = "AtRest";

/// One run of TLC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its name, or that of the mistake; `MISTAKE/PROPERTY` for a further property that the same mistake violates.
    pub(crate) name: String,
    /// The specification, which stands in the module that [`Job::module`] names.
    spec: String,
    /// Its bounds, as the table gives them.
    pub(crate) bounds: String,
    values: BTreeMap<String, String>,
    invariants: Vec<String>,
    properties: Vec<String>,
    /// The deliberate mistake, and the property that must be violated.
    pub(crate) mistake: Option<Deliberate>,
    /// Whether TLC looks for deadlocks.
    pub(crate) deadlocks: bool,
    /// Whether it is part of the small set.
    pub(crate) small: bool,
    /// The module `TraceData`, for recorded runs.
    pub(crate) data: Option<String>,
}

/// A mistake that is made on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deliberate {
    pub(crate) name: String,
    pub(crate) found_by: String,
}

/// Of these things, as many may happen in a recorded run as did.
const IN_TRACES: [&str; 8] =
    ["Crashes", "Freezes", "Drops", "Departures", "Doubts", "Foundings", "Refusals", "Rekeys"];
const MANY: &str = "100000";

impl Job {
    /// Recorded runs are to be followed.
    pub(crate) fn traces(name: &str, persons: u64, clients: u64, data: String) -> Self {
        let mut values: BTreeMap<String, String> =
            IN_TRACES.iter().map(|name| ((*name).to_owned(), MANY.to_owned())).collect();
        values.insert("Persons".to_owned(), persons.to_string());
        values.insert("Clients".to_owned(), clients.to_string());
        Self {
            name: name.to_owned(),
            spec: "TraceSpec".to_owned(),
            bounds: String::new(),
            values,
            invariants: Vec::new(),
            properties: Vec::new(),
            mistake: None,
            deadlocks: false,
            small: true,
            data: Some(data),
        }
    }

    /// The module that has the specification.
    pub(crate) fn module(&self) -> &'static str {
        match self.spec.as_str() {
            "InsiderSpec" => "Insider",
            "ServerSpec" => "Server",
            "AlarmSpec" => "Alarm",
            "TraceSpec" => "Trace",
            _ => "Properties",
        }
    }

    /// The configuration for TLC. `record`: whether its traces tell which action each step is.
    pub(crate) fn configuration(&self, record: bool) -> String {
        let mistake = self.mistake.as_ref().map_or(String::new(), |mistake| format!("\"{}\"", mistake.name));
        let record = if record { "TRUE" } else { "FALSE" };
        let mut text = format!(
            "SPECIFICATION {}\nCONSTANTS\n  NoState = NoState\n  NoPost = NoPost\n  Mistake = {{{mistake}}}\n  Record = {record}\n",
            self.spec
        );
        for (name, usual) in BOUNDS {
            let value = self.values.get(name).map_or(usual, String::as_str);
            text += &format!("  {name} = {value}\n");
        }
        for (word, names) in [("INVARIANTS", &self.invariants), ("PROPERTIES", &self.properties)] {
            if !names.is_empty() {
                text += &format!("{word} {}\n", names.join(" "));
            }
        }
        text
    }
}

/// Reads `spec/runs.txt`.
pub(crate) fn runs(text: &str) -> Result<Vec<Job>> {
    rows(text)
        .map(|row| {
            let [name, set, spec, checks, bounds @ ..] = row.as_slice() else {
                return Err(format!("`{}` in runs.txt has too few columns", row.join(" ")));
            };
            let mut job = job(name, spec, bounds)?;
            job.small = match *set {
                "small" => true,
                "full" => false,
                other => return Err(format!("{name}: `{other}` is no set: small or full")),
            };
            job.invariants = owned(&INVARIANTS);
            job.properties = owned(&["FoundersStay"]);
            let alarm = *spec == "AlarmSpec";
            if alarm {
                job.invariants.push(ALARM_INVARIANT.to_owned());
            }
            let hostile = alarm || *spec == "ServerSpec";
            if !hostile {
                job.invariants.push(HONEST_SERVER_INVARIANT.to_owned());
                job.properties.push("NoFalseAlarm".to_owned());
            }
            let live = match (*checks, hostile) {
                ("safety", _) => Vec::new(),
                ("liveness", true) if alarm => vec![ALARM],
                ("liveness" | "all", false) => LIVENESS.to_vec(),
                (one, false) if MORE_LIVENESS.contains(&one) => vec![one],
                (other, _) => {
                    return Err(format!(
                        "{name}: `{other}` is no check of {spec}: safety, liveness, all or a property"
                    ));
                }
            };
            job.properties.extend(owned(&live));
            if *checks == "all" && !hostile {
                job.properties.extend(owned(&MORE_LIVENESS));
            }
            Ok(job)
        })
        .collect()
}

/// Reads `spec/mistakes.txt`.
pub(crate) fn mistakes(text: &str) -> Result<Vec<Job>> {
    let mut known = BTreeSet::new();
    rows(text)
        .map(|row| {
            let [name, spec, found_by, bounds @ ..] = row.as_slice() else {
                return Err(format!("`{}` in mistakes.txt has too few columns", row.join(" ")));
            };
            let further = !known.insert(*name);
            let named = if further { format!("{name}/{found_by}") } else { (*name).to_owned() };
            let mut job = job(&named, spec, bounds)?;
            job.small = true;
            let property = vec![(*found_by).to_owned()];
            let others = [HONEST_SERVER_INVARIANT, ALARM_INVARIANT];
            job.deadlocks = INVARIANTS.contains(found_by) || others.contains(found_by);
            if job.deadlocks || found_by.ends_with(AT_REST) {
                job.invariants = property;
            } else {
                job.properties = property;
            }
            job.mistake = Some(Deliberate { name: (*name).to_owned(), found_by: (*found_by).to_owned() });
            Ok(job)
        })
        .collect()
}

/// The same bounds and properties without the mistakes: there all must hold, or the mistake is not what was found.
pub(crate) fn controls(mistakes: &[Job]) -> Vec<Job> {
    let control = |job: &Job| {
        let name = format!("without-{}", job.name);
        Job { name, mistake: None, small: false, deadlocks: true, ..job.clone() }
    };
    mistakes.iter().map(control).collect()
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| line.split_whitespace().collect())
}

fn job(name: &str, spec: &str, bounds: &[&str]) -> Result<Job> {
    let known = ["Spec", "InsiderSpec", "ServerSpec", "AlarmSpec"];
    if !known.contains(&spec) {
        return Err(format!("{name}: `{spec}` is no specification: {}", known.join(", ")));
    }
    let mut values = BTreeMap::new();
    for bound in bounds {
        let (key, value) = bound.split_once('=').ok_or_else(|| format!("{name}: `{bound}` is no bound"))?;
        if !BOUNDS.iter().any(|(known, _)| *known == key) {
            return Err(format!("{name}: the model has no bound `{key}`"));
        }
        let value = match key {
            "Evil" | "Lazy" => format!("{{{value}}}"),
            "Views" if value == "2" => "{1, 2}".to_owned(),
            _ => value.to_owned(),
        };
        values.insert(key.to_owned(), value);
    }
    Ok(Job {
        name: name.to_owned(),
        spec: spec.to_owned(),
        bounds: bounds.join(" "),
        values,
        invariants: Vec::new(),
        properties: Vec::new(),
        mistake: None,
        deadlocks: true,
        small: false,
        data: None,
    })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_project_can_be_read() {
        let runs = runs(include_str!("../../../spec/runs.txt")).unwrap();
        assert!(runs.iter().any(|job| job.small) && runs.iter().any(|job| !job.small));
        for spec in ["Spec", "InsiderSpec", "ServerSpec", "AlarmSpec"] {
            assert!(runs.iter().any(|job| job.small && job.spec == spec), "{spec}");
        }
        let mistakes = mistakes(include_str!("../../../spec/mistakes.txt")).unwrap();
        assert!(mistakes.iter().all(|job| job.mistake.is_some()));
    }

    #[test]
    fn a_configuration_has_every_bound_and_what_is_to_be_found() {
        let jobs =
            mistakes("no_takeover Spec EveryoneGetsInAtRest Persons=3 Evil=1,2 Views=2\nx Spec InStep")
                .unwrap();
        let text = jobs[0].configuration(true);
        for line in [
            "Mistake = {\"no_takeover\"}",
            "Record = TRUE",
            "Persons = 3",
            "Evil = {1,2}",
            "Views = {1, 2}",
            "Drops = 0",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(text.contains("INVARIANTS EveryoneGetsInAtRest") && !jobs[0].deadlocks && jobs[1].deadlocks);
        assert!(jobs[1].configuration(false).ends_with("INVARIANTS InStep\n"));
    }

    #[test]
    fn a_mistake_may_violate_several_properties() {
        let jobs = mistakes("x Spec InStep\nx Spec Agreement\ny Spec OneGroup").unwrap();
        let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["x", "x/Agreement", "y"]);
        assert!(jobs[1].configuration(true).contains("Mistake = {\"x\"}"));
        assert_eq!(controls(&jobs)[1].name, "without-x/Agreement");
    }

    /// A violation of a liveness property may end in a state without a next one.
    #[test]
    fn where_a_mistake_violates_liveness_no_deadlock_is_looked_for() {
        let looked = |property: &str| mistakes(&format!("x Spec {property}")).unwrap()[0].deadlocks;
        assert!(looked("InStep") && looked("HonestWorkCounts") && looked("AlarmMeansAttack"));
        assert!(!looked("WhoWakesIsIn") && !looked("EveryoneGetsInAtRest"));
        assert!(controls(&mistakes("x Spec WhoWakesIsIn").unwrap())[0].deadlocks);
    }

    #[test]
    fn a_run_can_be_about_one_liveness_property() {
        let properties =
            |checks: &str| runs(&format!("x small Spec {checks}")).unwrap()[0].properties.clone();
        assert_eq!(properties("FrozenBlocksNobody"), ["FoundersStay", "NoFalseAlarm", "FrozenBlocksNobody"]);
        assert!(properties("all").contains(&"FrozenBlocksNobody".to_owned()));
        assert!(!properties("liveness").contains(&"FrozenBlocksNobody".to_owned()));
    }

    #[test]
    fn a_control_differs_from_its_run_by_the_mistake_alone() {
        let jobs = mistakes("no_takeover Spec EveryoneGetsInAtRest Persons=3 Evil=1").unwrap();
        let control = &controls(&jobs)[0];
        assert_eq!((control.name.as_str(), control.small), ("without-no_takeover", false));
        let wanted = jobs[0].configuration(false).replace("{\"no_takeover\"}", "{}");
        assert_eq!(control.configuration(false), wanted);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, why) in [
            ("x small Spec", "too few columns"),
            ("x tiny Spec all", "`tiny`"),
            ("x small Spec some", "`some`"),
            ("x small Other all", "`Other`"),
            ("x small ServerSpec liveness", "`liveness`"),
            ("x small Spec all Person=3", "`Person`"),
            ("x small Spec all 3", "`3`"),
        ] {
            let error = runs(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
