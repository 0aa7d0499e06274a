//! `docs/validation.md` lists every rule, with its text, and the tests that attack it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::Rule;

struct Line {
    text: String,
    tests: BTreeSet<String>,
}

/// The rows of the page's tables that begin with a number.
fn lines() -> BTreeMap<u16, Line> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/validation.md");
    let page = fs::read_to_string(page).unwrap();
    let mut lines = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Ok(number) = cells[0].parse::<u16>() else { continue };
        let [_, text, attack, checked, tests] = cells[..] else { panic!("five columns: {line}") };
        assert!(!attack.is_empty() && !checked.is_empty(), "{line}");
        let tests = tests.split(", ").map(|test| test.trim_matches('`').to_owned()).collect();
        let line = Line { text: text.to_owned(), tests };
        assert!(lines.insert(number, line).is_none(), "rule {number} twice");
    }
    lines
}

/// Every test function of this crate.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(path).unwrap();
            let mut is_test = false;
            for line in source.lines().map(str::trim) {
                if let Some(name) = line.strip_prefix("fn ").filter(|_| is_test) {
                    found.insert(name.split('(').next().unwrap().to_owned());
                }
                is_test = line == "#[test]" || (is_test && line.starts_with("#["));
            }
        }
    }
}

#[test]
fn the_page_lists_every_rule_with_its_text_and_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    tests(&root.join("src"), &mut found);
    tests(&root.join("tests"), &mut found);
    // What a message holds is for the session to judge.
    tests(&root.join("../call/src"), &mut found);
    tests(&root.join("../call/tests"), &mut found);
    let lines = lines();

    let rules: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.number()).collect();
    let listed: BTreeSet<_> = lines.keys().copied().collect();
    let missing: Vec<_> = rules.difference(&listed).collect();
    assert!(missing.is_empty(), "docs/validation.md has no line for the rules {missing:?}");
    let extra: Vec<_> = listed.difference(&rules).collect();
    assert!(extra.is_empty(), "docs/validation.md has lines for rules that do not exist: {extra:?}");

    for rule in Rule::ALL {
        let (number, line) = (rule.number(), &lines[&rule.number()]);
        assert_eq!(line.text, rule.text(), "rule {number}");
        let prefix = format!("rule_{number}_");
        assert!(
            line.tests.iter().all(|test| test.starts_with(&prefix)),
            "tests of rule {number}: {prefix}..."
        );
        let exist: BTreeSet<_> = found.iter().filter(|test| test.starts_with(&prefix)).cloned().collect();
        assert_eq!(line.tests, exist, "left: the page's tests of rule {number}, right: those in the sources");
    }
}
