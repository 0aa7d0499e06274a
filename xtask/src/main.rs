//! `cargo xtask`: every task of the project, its set-up included.
// A task runner measures time and talks to the world; the lint is for the sans-IO crates.
#![allow(clippy::disallowed_methods)]

mod bench;
mod chaos;
mod check;
mod fuzz;
mod model;
mod package;
mod process;
mod repo;
mod reproduce;
mod sbom;
mod server;
mod setup;
mod sim;
mod stamp;
mod steps;
mod wasm;
mod web;

use std::process::ExitCode;

use repo::Repo;

/// What went wrong and what to do about it, for a person to read.
type Result<T> = std::result::Result<T, String>;

const HELP: &str = "\
Tasks of Tangelo

usage: cargo xtask TASK

tasks:
  serve [ARGS]         build everything and start `tangelo serve ARGS`
  build                build the WASM, the web app and the server (target/release/tangelo)
  check                formatting, lints, dependency rules, licences, lock files, documents, types
  test                 everything: set-up, check, build, Rust tests, web tests, browser tests
  test --only NAME     one step of it, with the steps that it needs (`check --only NAME` too)
  bench e2ee           measure the encryption, natively and in Chromium, and print one table; --write puts it
                       into docs/benchmarks.md, --quick is short, --profile NAME measures that WASM too
  bench web            measure what the web app weighs and how quick it is, alone and in a call of 25, in Chromium;
                       --write puts the table into docs/benchmarks-web.md
  bench sfu            measure what the SFU forwards with a second of processor time, next to a bare forwarding loop, and
                       delay and memory, with `tangelo load`; --write puts the table into docs/benchmarks-sfu.md,
                       --quick is short
  fuzz                 feed every parser and state machine with arbitrary bytes, 60 s each; --seconds N, --target T
                       for one of them, --minimize to shrink what was collected, --input FILE to run one input again
  model                check the TLA+ model of spec/ with TLC, which must also find each deliberate mistake; --full for
                       the large runs (--write puts the result into docs/model-results.md), --only NAME for one
  sim [ARGS]           run the real clients and the real server in virtual time, with faults and attacks that seeds
                       decide on; `cargo xtask sim --help` tells more
  chaos                a real call of several programs and a browser in which networks go, programs freeze and the server is
                       killed, as a seed decides; --seed N, --minutes M, --clients N, --no-browser
  package              build everything and a Debian package of it (target/package/)
  reproduce            build the web app once more in another folder and compare it file by file; --program the server, too
  sbom                 list the crates and packages that are in the program and its page (CycloneDX, target/sbom/)
  screenshots          look at every state of every screen, and make the pictures of docs/screenshots/ anew
  help                 this text

Each task first installs what it needs and says so. Needed beforehand: Rust, Node.js >= 20 with npm, Linux or macOS.
Browsers for the tests are looked for on PATH; TANGELO_CHROMIUM and TANGELO_FIREFOX name others.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nerror: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}\nsteps of `test`, in order:\n{}", steps::list());
            Ok(())
        }
        ["serve", rest @ ..] => server::serve(&Repo::find()?, rest),
        ["bench", rest @ ..] => bench::run(&Repo::find()?, rest),
        ["fuzz", rest @ ..] => {
            let options = fuzz::Options::parse(rest)?;
            fuzz::fuzz(&Repo::find()?, &options)
        }
        ["sim", rest @ ..] => sim::run(&Repo::find()?, rest),
        ["model", rest @ ..] => {
            let options = model::Options::parse(rest)?;
            model::model(&Repo::find()?, &options)
        }
        ["chaos", rest @ ..] => chaos::run(&Repo::find()?, rest),
        ["reproduce"] => reproduce::reproduce(&Repo::find()?, false),
        ["reproduce", "--program"] => reproduce::reproduce(&Repo::find()?, true),
        ["sbom"] => sbom::sbom(&Repo::find()?),
        ["package"] => package::package(&Repo::find()?),
        ["screenshots"] => steps::screenshots(&Repo::find()?),
        ["build"] => steps::build(&Repo::find()?),
        ["check"] => steps::check(&Repo::find()?),
        ["test"] => steps::test(&Repo::find()?),
        ["check" | "test", "--only", name] => steps::only(&Repo::find()?, name),
        _ => Err(format!("`cargo xtask {}` is no task; `cargo xtask help` lists them", words.join(" "))),
    }
}
