//! Model and code are about the same: the properties, and the deliberate mistakes, have the same names here and in `spec/`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{collections::BTreeSet, fs, path::Path};

use tangelo_sim::Property;
use tangelo_wire::Mistake;

/// What `spec/Properties.tla` and `spec/Alarm.tla` define without parameters, and is no property.
const HELPERS: [&str; 13] = [
    "Steady",
    "Fair",
    "SomeoneFrozen",
    "AtRest",
    "Rest",
    "Spec",
    "Say",
    "NextAlarm",
    "AlarmFair",
    "StillSilence",
    "AlarmInit",
    "AlarmSpec",
    "Unnoticed",
];
/// What is asked at a state without a next step, in place of the liveness property itself.
const AT_REST: &str = "AtRest";

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn modules() -> Vec<String> {
    let names = ["Log", "Group", "Call", "Properties", "Insider", "Server", "Alarm", "Trace"];
    names.map(|name| read(&format!("spec/{name}.tla"))).to_vec()
}

/// The rows of a table in `spec/`, word by word.
fn rows(path: &str) -> Vec<Vec<String>> {
    let text = read(path);
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

fn properties() -> BTreeSet<String> {
    Property::ALL.iter().filter(|one| one.in_model()).map(ToString::to_string).collect()
}

fn mistakes() -> BTreeSet<String> {
    Mistake::ALL.iter().map(|mistake| mistake.name().to_owned()).collect()
}

fn found_by() -> BTreeSet<String> {
    rows("spec/mistakes.txt").iter().map(|row| row[2].trim_end_matches(AT_REST).to_owned()).collect()
}

#[test]
fn model_and_simulator_have_the_same_properties() {
    let texts = [read("spec/Properties.tla"), read("spec/Alarm.tla")];
    let lines = texts.iter().flat_map(|text| text.lines());
    let defined = lines.filter_map(|line| line.split_once(" ==").map(|(name, _)| name));
    let capital = |name: &&str| name.starts_with(char::is_uppercase) && !name.contains(['(', ' ']);
    let defined: BTreeSet<String> = defined
        .filter(capital)
        .filter(|name| !HELPERS.contains(name))
        .map(|name| name.trim_end_matches(AT_REST).to_owned())
        .collect();
    assert_eq!(defined, properties());
}

#[test]
fn tlc_checks_every_property_and_a_mistake_violates_every_one() {
    let checked = read("xtask/src/model/table.rs");
    for property in properties() {
        assert!(checked.contains(&format!("\"{property}\"")), "`cargo xtask model` does not know {property}");
    }
    assert_eq!(found_by(), properties());
    let runs = rows("spec/runs.txt");
    let single = runs.iter().map(|row| &row[3]).filter(|checks| checks.starts_with(char::is_uppercase));
    for property in single {
        assert!(properties().contains(property), "{property}");
    }
}

#[test]
fn model_and_code_have_the_same_mistakes() {
    let listed: BTreeSet<String> = rows("spec/mistakes.txt").iter().map(|row| row[0].clone()).collect();
    assert_eq!(listed, mistakes());
    let mut switches = BTreeSet::new();
    for text in modules() {
        for (before, _) in text.match_indices(" \\in Mistake").chain(text.match_indices(" \\notin Mistake")) {
            let name = text[..before].strip_suffix('"').and_then(|text| text.rsplit_once('"'));
            switches.insert(name.unwrap_or_else(|| panic!("{}", &text[before..before + 20])).1.to_owned());
        }
    }
    assert_eq!(switches, mistakes());
}

#[test]
fn the_document_explains_every_property() {
    let text = read("docs/verification.md");
    for property in properties() {
        assert!(text.contains(&format!("| `{property}` |")), "{property}");
    }
}
