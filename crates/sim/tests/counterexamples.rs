//! The model's counterexamples of the deliberate mistakes, with the real code: see `src/counterexample.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use tangelo_sim::{
    Outcome,
    counterexample::Counterexample,
    found::{FOUND, MASKED, REPLAYED},
    plan::Schedule,
    run,
};
use tangelo_wire::Mistake;

fn all() -> Vec<(String, Counterexample)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("counterexamples");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &Path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let read = Counterexample::read(&fs::read_to_string(path).unwrap());
        (name.clone(), read.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.iter().map(|path| read(path)).collect()
}

fn replay(schedule: &Schedule, mistakes: &[Mistake]) -> Outcome {
    run(1, schedule, mistakes, true)
}

#[test]
fn every_mistake_has_a_counterexample() {
    let files = all();
    let covered: BTreeSet<Mistake> = files.iter().map(|(_, file)| file.mistake).collect();
    assert_eq!(covered, Mistake::ALL.iter().copied().collect());
    for (name, file) in &files {
        assert!(name.starts_with(file.mistake.name()), "{name}");
    }
}

/// A mistake is found by seeds, or by its counterexample alone, or something stands behind it that mends it.
#[test]
fn of_every_mistake_it_is_known_how_it_shows() {
    let found = FOUND.iter().map(|found| found.mistake);
    let masked = MASKED.iter().map(|(mistake, _)| *mistake);
    let mut all_known: Vec<Mistake> = found.chain(REPLAYED.iter().copied()).chain(masked.clone()).collect();
    all_known.sort();
    let mut every = Mistake::ALL.to_vec();
    every.sort();
    assert_eq!(all_known, every);
    let files = all();
    let mended = files.iter().filter(|(_, file)| file.mended.is_some()).map(|(_, file)| file.mistake);
    assert_eq!(
        mended.collect::<BTreeSet<_>>(),
        masked.filter(|mistake| mistake.in_code()).collect::<BTreeSet<_>>()
    );
}

#[test]
fn without_the_mistake_all_holds() {
    for (name, file) in all() {
        let right = replay(&file.schedule, &[]);
        assert_eq!(right.violation, None, "{name}");
        assert_eq!(right.impossible.map(|step| step + 1), file.stops, "{name}");
    }
}

#[test]
fn with_the_mistake_the_property_is_violated() {
    for (name, file) in all().iter().filter(|(_, file)| file.mistake.in_code()) {
        let wrong = replay(&file.schedule, &[file.mistake]);
        let violation = wrong.violation.unwrap_or_else(|| panic!("{name}: stuck at {:?}", wrong.impossible));
        assert_eq!(violation.property.to_string(), file.violates, "{name}: {violation}");
    }
}

/// Something else stands behind the rule: it takes time, and mends what the mistake has done.
#[test]
fn what_the_head_says_mends_it() {
    let mut mended = 0;
    for (name, file) in all() {
        let Some(loss) = &file.mended else { continue };
        let mut schedule = file.schedule;
        if !std::mem::take(&mut schedule.nature.unjudged) {
            schedule.steps.pop();
        }
        let outcome = replay(&schedule, &[file.mistake]);
        assert_eq!((outcome.violation, outcome.impossible), (None, None), "{name}");
        assert!(outcome.losses.iter().flatten().any(|other| other == loss), "{name}: {:?}", outcome.losses);
        mended += 1;
    }
    assert_eq!(mended, 2);
}

/// What only the model can do wrong: in the code, a commit that removes has a path, always.
#[test]
fn a_commit_that_removes_renews_the_path() {
    for (name, file) in all().iter().filter(|(_, file)| !file.mistake.in_code()) {
        assert_eq!(file.mistake, Mistake::RemoveWithoutPath, "{name}");
        let outcome = replay(&file.schedule, &[file.mistake]);
        assert_eq!((outcome.violation, outcome.impossible), (None, None), "{name}");
        let removes = |line: &&Value| line["removes"].as_array().is_some_and(|removes| !removes.is_empty());
        let commits: Vec<_> = outcome.trace.lines().iter().filter(removes).collect();
        assert!(!commits.is_empty() && commits.iter().all(|commit| commit["path"] == true), "{commits:?}");
    }
}
