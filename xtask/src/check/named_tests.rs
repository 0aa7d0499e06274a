//! Pages that promise something name the tests that show it: each of them exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::repo::Repo;

/// Pages whose paragraphs that begin with `Tests:` hold names in backticks.
const PAGES: &[&str] = &["docs/threat-model.md"];

/// What is named and does not exist.
pub(super) fn problems(repo: &Repo) -> Result<Vec<String>> {
    let mut functions = BTreeSet::new();
    for folder in ["crates", "xtask"] {
        collect(&repo.root.join(folder), &mut functions)?;
    }
    let mut problems = Vec::new();
    for page in PAGES {
        let path = repo.root.join(page);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let names = names(&text);
        if names.is_empty() {
            problems.push(format!("{page} names no tests"));
        }
        // A test of the web app is named by its file.
        let exists = |name: &str| match name.contains('/') {
            true => repo.root.join(name).is_file(),
            false => functions.contains(name),
        };
        let missing = names.into_iter().filter(|name| !exists(name));
        problems.extend(missing.map(|name| format!("{page} names the test `{name}`, which does not exist")));
    }
    Ok(problems)
}

/// The names in paragraphs that begin with `Tests:`, and after the word `test` elsewhere.
fn names(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for paragraph in page.split("\n\n") {
        let marked = paragraph.find("Tests: `").map(|at| &paragraph[at..]);
        let inline = paragraph.match_indices("test `").map(|(at, _)| &paragraph[at..]);
        let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        found.extend(marked.into_iter().flat_map(quoted));
        found.extend(inline.filter_map(|text| quoted(text).into_iter().next()));
    }
    found
}

/// Every function of the Rust sources that stands under a `#[test]`.
fn collect(folder: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    let entries =
        fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| format!("cannot read {}: {error}", folder.display()))?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            found.extend(tests(&source));
        }
    }
    Ok(())
}

fn tests(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = name.filter(|_| is_test) {
            found.extend(name.split('(').next().map(str::to_owned));
        }
        let marks = line == "#[test]" || line.starts_with("#[tokio::test");
        is_test = marks || (is_test && (line.starts_with("#[") || line.starts_with("//")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{names, tests};

    #[test]
    fn names_are_found_where_a_page_promises_them() {
        let page = "A `word`.\n\nTests: `one`,\n`two`.\n\nWhat is stated (test `three`), a `word`.";
        assert_eq!(names(page).into_iter().collect::<Vec<_>>(), ["one", "three", "two"]);
    }

    #[test]
    fn a_helper_is_no_test() {
        let source = "fn helper() {}\n#[test]\n#[ignore]\nfn one() {}\n#[tokio::test(flavor = \"x\")]\nasync fn two() {}";
        assert_eq!(tests(source), ["one", "two"]);
    }
}
