//! The steps of the tasks, and the loop that runs them.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::repo::Repo;
use crate::{Result, chaos, check, model, package, reproduce, server, setup, sim, wasm, web};

/// A part of a task that can be run alone with `--only`.
struct Step {
    name: &'static str,
    /// What it is about, for a person.
    what: &'static str,
    /// Whether `check` has it.
    in_check: bool,
    /// The steps whose result it uses; they stand before it.
    needs: &'static [&'static str],
    run: fn(&Repo) -> Result<()>,
}

/// Every step, in the order of `test`.
static STEPS: [Step; 22] = [
    step("setup", "find or install what the build needs", true, &[], setup::for_build),
    step("browsers", "find or install the browsers of the tests, and coturn", false, &[], setup::browsers),
    step("format", "Rust's formatting", true, &[], check::format),
    step("dependencies", "which crate may use which", true, &[], check::dependencies),
    step("licences", "licences and sources of all packages", true, &[], check::licences),
    step("lock-files", "lock files are in order", true, &[], check::lock_files),
    step("documents", "named tests exist, no paths of somebody's machine", true, &[], check::documents),
    step("clippy", "Rust's lints", true, &[], check::clippy),
    step("wasm", "the call's core and the effects as WASM", true, &["setup"], wasm::build),
    step("web-check", "TypeScript's types and formatting", true, &["setup", "wasm"], web::check),
    step("web", "build the web app", false, &["setup", "wasm"], web::build),
    step(
        "same-bundle",
        "the web app, bundled in another folder, is the same",
        false,
        &["setup", "wasm", "web"],
        reproduce::bundle,
    ),
    step(
        "server",
        "build the server with the web app inside",
        false,
        &["setup", "wasm", "web"],
        server::build,
    ),
    step(
        "package",
        "the Debian package, installed into a folder and started",
        false,
        &["setup", "wasm", "web", "server"],
        package::trial,
    ),
    step("rust-tests", "the tests of all crates", false, &["setup", "wasm", "web"], check::rust_tests),
    step("model", "the model of spec/, small runs and every mistake", false, &[], model::small),
    step("sim", "seeds of the simulator, for 40 s", false, &[], sim::for_a_while),
    step("bindings", "TypeScript types written by Rust are current", false, &[], check::bindings),
    step("web-tests", "the tests of the web app", false, &["setup", "wasm"], web::test),
    step("stories", "every state of every screen, in Chromium", false, &["setup"], web::stories),
    step(
        "chaos",
        "a call in which everything fails, for 40 s",
        false,
        &["setup", "wasm", "web", "server"],
        chaos::short,
    ),
    step(
        "browser-tests",
        "browsers in a call through the server",
        false,
        &["setup", "wasm", "web", "server"],
        web::browser_test,
    ),
];

const fn step(
    name: &'static str,
    what: &'static str,
    in_check: bool,
    needs: &'static [&'static str],
    run: fn(&Repo) -> Result<()>,
) -> Step {
    Step { name, what, in_check, needs, run }
}

/// The steps and what they are about, one a line.
pub(crate) fn list() -> String {
    STEPS.iter().fold(String::new(), |mut text, step| {
        let mark = if step.in_check { "  (in `check` too)" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<14} {}{mark}", step.name, step.what);
        text
    })
}

/// Everything.
pub(crate) fn test(repo: &Repo) -> Result<()> {
    run(repo, "test", &STEPS.iter().collect::<Vec<_>>())
}

/// What needs no running program.
pub(crate) fn check(repo: &Repo) -> Result<()> {
    run(repo, "check", &STEPS.iter().filter(|step| step.in_check).collect::<Vec<_>>())
}

/// The server and what goes into it.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    run(repo, "build", &with_needs("server")?)
}

/// The pictures of the documents, and what must hold of the screens that they show.
pub(crate) fn screenshots(repo: &Repo) -> Result<()> {
    setup::for_build(repo)?;
    web::screenshots(repo)
}

/// One step of `test`, after those that it needs.
pub(crate) fn only(repo: &Repo, name: &str) -> Result<()> {
    run(repo, "test", &with_needs(name)?)
}

fn with_needs(name: &str) -> Result<Vec<&'static Step>> {
    let wanted = STEPS
        .iter()
        .find(|step| step.name == name)
        .ok_or_else(|| format!("there is no step `{name}`; the steps are\n{}", list()))?;
    Ok(STEPS.iter().filter(|step| step.name == name || wanted.needs.contains(&step.name)).collect())
}

fn run(repo: &Repo, task: &str, steps: &[&Step]) -> Result<()> {
    let start = Instant::now();
    let mut summary = String::new();
    for step in steps {
        println!("\n==> {}: {}", step.name, step.what);
        let step_start = Instant::now();
        let result = (step.run)(repo);
        let time = seconds(step_start.elapsed());
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        println!("<== {}: {word} after {time}", step.name);
        let _ = writeln!(summary, "  {:<14} {word:<6} {time:>9}", step.name);
        if let Err(error) = result {
            let left = steps.iter().skip_while(|other| other.name != step.name).skip(1);
            for other in left {
                let _ = writeln!(summary, "  {:<14} not run", other.name);
            }
            println!("\n{task}:\n{summary}");
            let name = step.name;
            return Err(format!("{name}: {error}\nTo run this step alone: cargo xtask test --only {name}"));
        }
    }
    println!("\n{task}:\n{summary}  {:<14} {:<6} {:>9}", "all", "ok", seconds(start.elapsed()));
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_needs_stands_before_it_with_its_own_needs() {
        for (index, step) in STEPS.iter().enumerate() {
            for need in step.needs {
                let at = STEPS.iter().position(|other| other.name == *need);
                assert!(at.is_some_and(|at| at < index), "{} needs {need}", step.name);
                for deeper in STEPS[at.unwrap()].needs {
                    assert!(step.needs.contains(deeper), "{} needs {deeper} for {need}", step.name);
                }
            }
        }
    }

    #[test]
    fn a_step_of_check_needs_only_steps_of_check() {
        for step in STEPS.iter().filter(|step| step.in_check) {
            assert!(with_needs(step.name).unwrap().iter().all(|need| need.in_check), "{}", step.name);
        }
    }

    #[test]
    fn an_unknown_step_is_an_error_that_lists_the_known_ones() {
        let error = with_needs("tests").err().unwrap();
        assert!(error.contains("`tests`") && error.contains("browser-tests"), "{error}");
    }
}
