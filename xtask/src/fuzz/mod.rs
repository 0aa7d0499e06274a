//! `cargo xtask fuzz`: builds the libFuzzer programs of `fuzz/`, runs each for a bounded time, and says what came of it.
//!
//! The stable toolchain is enough: the instrumentation is LLVM's, and a Rust program without `unsafe` needs no address
//! sanitizer to show its mistakes, which are panics, endless loops and endless memory.

mod report;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::process::{output, run, rustc, succeeds, tool};
use crate::repo::Repo;
use report::Report;

/// What libFuzzer needs to see where an input leads.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Longest input, in bytes: an offer of a browser has 9 kB.
const INPUT_MAX_BYTES: u32 = 16 << 10;
/// An input that takes longer counts as an endless loop. The slowest targets need tenths of a second.
const INPUT_MAX_SECONDS: u32 = 30;
const MEMORY_MAX_MIB: u32 = 2_048;

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// None for all.
    targets: Vec<String>,
    seconds: u32,
    /// Afterwards, throw away the inputs that add nothing.
    minimize: bool,
    /// Run this one input instead.
    input: Option<PathBuf>,
}

impl Options {
    /// Reads the words after `fuzz`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { targets: Vec::new(), seconds: 60, minimize: false, input: None };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match *word {
                "--target" => options.targets.push((*value()?).to_owned()),
                "--seconds" => {
                    let given = value()?;
                    let seconds = given.parse().ok().filter(|seconds| *seconds > 0);
                    options.seconds =
                        seconds.ok_or_else(|| format!("--seconds wants a number above 0, not {given}"))?;
                }
                "--minimize" => options.minimize = true,
                "--input" => options.input = Some(PathBuf::from(value()?)),
                other => {
                    return Err(format!(
                        "`{other}` is no option of `cargo xtask fuzz`: --target T, --seconds N, --minimize, --input FILE"
                    ));
                }
            }
        }
        if options.input.is_some() && options.targets.len() != 1 {
            return Err("--input wants the one target that the input is for: --target T".to_owned());
        }
        Ok(options)
    }
}

/// Fuzzes every target, or those that are named.
pub(crate) fn fuzz(repo: &Repo, options: &Options) -> Result<()> {
    let targets = chosen(&all_targets(repo)?, &options.targets)?;
    let programs = build(repo, &targets)?;
    if let (Some(input), [target]) = (&options.input, targets.as_slice()) {
        return run(tool(programs.join(target)).arg(input));
    }
    let mut reports = Vec::new();
    for target in &targets {
        println!("{target}: {} s", options.seconds);
        let report = fuzz_one(repo, &programs, target, options)?;
        println!("  {}", report.line());
        reports.push(report);
    }
    println!("\n{}", report::table(&reports));
    let failures: Vec<String> = reports.iter().filter_map(Report::failure).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n\n")) }
}

/// Builds the programs. Returns the folder that they are in.
fn build(repo: &Repo, targets: &[String]) -> Result<PathBuf> {
    if !succeeds(tool("c++").arg("--version")) {
        return Err(
            "libFuzzer is C++, and there is no `c++`: install a C++ compiler (Debian: `apt-get install g++`)"
                .to_owned(),
        );
    }
    // With a target, build scripts and macros stay without instrumentation.
    let version = output(rustc().arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("`rustc -vV` names no host")?;
    let target_folder = repo.target.join("fuzz");
    let mut command = repo.cargo();
    command.current_dir(repo.root.join("fuzz")).args(["build", "--release", "--locked", "--target", host]);
    for target in targets {
        command.args(["--bin", target]);
    }
    run(command.env("CARGO_TARGET_DIR", &target_folder).env("RUSTFLAGS", INSTRUMENTATION))?;
    Ok(target_folder.join(host).join("release"))
}

/// Runs one program for its time.
fn fuzz_one(repo: &Repo, programs: &Path, target: &str, options: &Options) -> Result<Report> {
    let work = repo.target.join("fuzz");
    let corpus = work.join("corpus").join(target);
    let crashes = work.join("crashes").join(target);
    make_folder(&corpus)?;
    make_folder(&crashes)?;
    let before = count(&corpus);
    let log = work.join(format!("{target}.log"));
    let mut command = program(repo, programs, target);
    command
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg("-print_final_stats=1")
        .arg(&corpus)
        .args(given_inputs(repo, target));
    let ended_well = logged(&mut command, &log)?;
    let new = count(&corpus).saturating_sub(before);
    if options.minimize && ended_well {
        minimize(repo, programs, target, &corpus)?;
    }
    let text = fs::read(&log).map_err(|error| format!("cannot read {}: {error}", log.display()))?;
    Ok(Report::read(target, &String::from_utf8_lossy(&text), new, ended_well, &log))
}

/// Keeps of a corpus what adds something to the seeds.
fn minimize(repo: &Repo, programs: &Path, target: &str, corpus: &Path) -> Result<()> {
    let small = corpus.with_extension("small");
    if small.exists() {
        fs::remove_dir_all(&small).map_err(|error| format!("cannot remove {}: {error}", small.display()))?;
    }
    make_folder(&small)?;
    let mut command = program(repo, programs, target);
    command.arg("-merge=1").arg(&small).arg(corpus);
    if !logged(&mut command, &corpus.with_extension("merge.log"))? {
        return Err(format!("{target}: libFuzzer could not minimize {}", corpus.display()));
    }
    println!("  minimized from {} inputs to {}", count(corpus), count(&small));
    fs::remove_dir_all(corpus)
        .and_then(|()| fs::rename(&small, corpus))
        .map_err(|error| format!("cannot replace {}: {error}", corpus.display()))
}

/// A program with the bounds that all runs have.
fn program(repo: &Repo, programs: &Path, target: &str) -> Command {
    let mut command = tool(programs.join(target));
    command
        .arg(format!("-max_len={INPUT_MAX_BYTES}"))
        .arg(format!("-timeout={INPUT_MAX_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MAX_MIB}"));
    let words = repo.root.join(format!("fuzz/dictionaries/{target}.dict"));
    if words.exists() {
        command.arg(format!("-dict={}", words.display()));
    }
    command
}

/// Runs a command with its output in a file. Returns whether it ended well.
fn logged(command: &mut Command, log: &Path) -> Result<bool> {
    let cannot = |error| format!("cannot write {}: {error}", log.display());
    let file = File::create(log).map_err(cannot)?;
    command.stdout(file.try_clone().map_err(cannot)?).stderr(file);
    Ok(succeeded(command))
}

fn succeeded(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// The inputs in the repository.
fn given_inputs(repo: &Repo, target: &str) -> Vec<PathBuf> {
    ["seeds", "regressions"]
        .map(|kind| repo.root.join("fuzz").join(kind).join(target))
        .into_iter()
        .filter(|folder| folder.is_dir())
        .collect()
}

/// Every target: each has a program of its name.
fn all_targets(repo: &Repo) -> Result<Vec<String>> {
    let folder = repo.root.join("fuzz/fuzz_targets");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".rs").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

/// Those that are named; all if none is.
fn chosen(all: &[String], named: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        return Err(format!("there is no fuzz target `{unknown}`; the targets are {}", all.join(", ")));
    }
    Ok(if named.is_empty() { all.to_vec() } else { named.to_vec() })
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, |entries| entries.flatten().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let options = Options::parse(&["--target", "a", "--seconds", "5", "--target", "b"]).unwrap();
        assert_eq!((options.targets, options.seconds), (vec!["a".to_owned(), "b".to_owned()], 5));
        assert_eq!(Options::parse(&[]).unwrap().seconds, 60);
        for bad in [&["--seconds", "0"][..], &["--seconds"], &["--input", "f"], &["--fast"]] {
            assert!(Options::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_unknown_target_is_an_error_that_lists_the_known_ones() {
        let all = ["a".to_owned(), "b".to_owned()];
        assert!(chosen(&all, &["c".to_owned()]).unwrap_err().ends_with("a, b"));
        assert_eq!(chosen(&all, &[]).unwrap(), all);
    }
}
