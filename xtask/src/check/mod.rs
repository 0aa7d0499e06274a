//! What must hold of the sources.

mod bindings;
pub(crate) mod graph;
mod licence;
mod named_tests;
pub(crate) mod npm_lock;

use std::collections::BTreeSet;
use std::fs;

use crate::Result;
use crate::process::{output, run, succeeds, tool};
use crate::repo::Repo;
use crate::setup;

pub(crate) use bindings::check as bindings;

/// A workspace of its own.
const FUZZER: &str = "fuzz/Cargo.toml";

/// rustfmt finds nothing to change.
pub(crate) fn format(repo: &Repo) -> Result<()> {
    run(repo.cargo().args(["fmt", "--all", "--check"]))
        .map_err(|error| format!("{error}; `cargo fmt` repairs it"))
}

/// clippy has no complaint.
pub(crate) fn clippy(repo: &Repo) -> Result<()> {
    run(repo.cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

/// The tests of all crates. What they write in passing goes to the target folder, not among the sources.
pub(crate) fn rust_tests(repo: &Repo) -> Result<()> {
    let mut cargo = repo.cargo();
    if let Some(pebble) = setup::pebble::ensure()? {
        cargo.env("TANGELO_PEBBLE", pebble);
    }
    run(cargo
        .args(["test", "--workspace", "--locked"])
        .env(bindings::EXPORT_VARIABLE, repo.notes().join("rust-tests")))
}

/// The rules of [`graph::RULES`], and who may take features that are for tests.
pub(crate) fn dependencies(repo: &Repo) -> Result<()> {
    let metadata = metadata(repo)?;
    let mut problems = graph::Graph::of(&metadata)?.broken_rules();
    problems.extend(graph::features_for_tests(&metadata)?);
    complain(problems)
}

/// Licences of crates, the fuzzer's too, and of npm packages, and where crates come from.
pub(crate) fn licences(repo: &Repo) -> Result<()> {
    let (ours, fuzzer) = (metadata(repo)?, metadata_of(repo, FUZZER)?);
    let lock = npm_lock(repo)?;
    let mut problems = Vec::new();
    for (metadata, manifest, exceptions) in
        [(&ours, "Cargo.toml", &[][..]), (&fuzzer, FUZZER, &licence::FUZZER_ONLY)]
    {
        let (mut packages, built) = (graph::packages(metadata)?, built(repo, manifest)?);
        packages.retain(|package| built.contains(&(package.name.clone(), package.version.clone())));
        problems.extend(licence::problems(&packages, exceptions));
    }
    let members = graph::members(&[&ours, &fuzzer])?;
    for metadata in [&ours, &fuzzer] {
        problems.extend(graph::foreign_sources(metadata, &members)?);
    }
    problems.extend(licence::problems(&npm_lock::packages(&lock)?, &[]));
    problems.sort();
    problems.dedup();
    complain(problems)
}

/// web/package-lock.json; and fuzz/Cargo.lock, which no other step reads.
pub(crate) fn lock_files(repo: &Repo) -> Result<()> {
    let fuzz = repo.root.join(FUZZER);
    run(repo.cargo().args(["update", "--workspace", "--locked", "--quiet", "--manifest-path"]).arg(fuzz))
        .map_err(|error| {
            format!("fuzz/Cargo.lock is out of date; `cd fuzz && cargo update --workspace`: {error}")
        })?;
    complain(npm_lock::problems(&npm_lock(repo)?)?)
}

/// The tests that pages name exist, and no file that is, or is about to be, in git names a folder that only one machine
/// has.
pub(crate) fn documents(repo: &Repo) -> Result<()> {
    complain(named_tests::problems(repo)?)?;
    let git = || {
        let mut git = tool("git");
        git.current_dir(&repo.root);
        git
    };
    if !succeeds(git().args(["rev-parse", "--is-inside-work-tree"])) {
        println!("skipped: this is no git checkout");
        return Ok(());
    }
    let pattern = r"(^|[^[:alnum:]_.*-])/(home|Users|root|work|workspace|builds)/[[:alnum:]]";
    // `git grep` ends with 1 where it finds nothing; `|| true` of a shell, without a shell.
    let mut grep = git();
    grep.args(["-c", "core.quotePath=false", "grep", "--untracked", "-nIE", pattern, "--", "."]);
    let found = grep.output().map_err(|error| format!("cannot start `git grep`: {error}"))?;
    match found.status.code() {
        Some(1) => Ok(()),
        Some(0) => complain(String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()),
        _ => Err(format!("`git grep` failed: {}", String::from_utf8_lossy(&found.stderr).trim())),
    }
}

/// All packages of Cargo.lock, for every platform and feature.
fn metadata(repo: &Repo) -> Result<serde_json::Value> {
    metadata_of(repo, "Cargo.toml")
}

fn metadata_of(repo: &Repo, manifest: &str) -> Result<serde_json::Value> {
    let mut cargo = repo.cargo();
    cargo.args(["metadata", "--locked", "--all-features", "--format-version", "1", "--manifest-path"]);
    let json = output(cargo.arg(repo.root.join(manifest)))?;
    serde_json::from_str(&json).map_err(|error| format!("`cargo metadata` is not JSON: {error}"))
}

/// Names and versions of the crates that are built on any system, for tests and by build scripts too. Lock file and metadata list more:
/// what features would bring that nobody turns on.
pub(crate) fn built(repo: &Repo, manifest: &str) -> Result<BTreeSet<(String, String)>> {
    let mut cargo = repo.cargo();
    cargo.args(["tree", "--locked", "--workspace", "--all-features", "--target", "all", "--prefix", "none"]);
    let list = output(cargo.args(["--format", "{p}", "--manifest-path"]).arg(repo.root.join(manifest)))?;
    let crates = list.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned()))
    });
    Ok(crates.collect())
}

fn npm_lock(repo: &Repo) -> Result<serde_json::Value> {
    let path = repo.web().join("package-lock.json");
    let text =
        fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is not JSON: {error}", path.display()))
}

fn complain(problems: Vec<String>) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(format!("\n  {}", problems.join("\n  "))) }
}
