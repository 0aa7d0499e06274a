//! `tangelo-sim`: runs seeds, and tells what they found and how to see it again.
// A program with a clock; the lint is for the sans-IO crates.
#![allow(clippy::disallowed_methods)]

use std::{
    fs,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use tangelo_sim::{
    Outcome, Violation, counterexample, execute,
    plan::{Plan, Schedule, schedule},
    repro::{Repro, command},
    shrink::shrink,
};
use tangelo_wire::Mistake;

/// Runs the real clients and the real DeliveryService in virtual time, with faults and attacks that a seed decides on,
/// and checks what must hold.
#[derive(Parser)]
#[command(name = "cargo xtask sim", version)]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Stop after so many seconds, however many seeds are left.
    #[arg(long)]
    seconds: Option<u64>,
    /// Fail if fewer runs than these came to their end.
    #[arg(long, default_value_t = 0)]
    at_least: u64,
    /// Run this seed alone.
    #[arg(long, conflicts_with_all = ["seeds", "from", "replay"])]
    seed: Option<u64>,
    /// Who is not honest: honest (nobody), server, insider, or all three, one after the other.
    #[arg(long, default_value = "all")]
    plan: String,
    /// Run with a deliberate mistake in the code; may be given several times.
    #[arg(long)]
    mistake: Vec<Mistake>,
    /// How many threads; as many as the machine has processors, if it is not given.
    #[arg(long)]
    jobs: Option<usize>,
    /// Run the steps of this file: of the model, or such as were printed for a violation.
    #[arg(long, conflicts_with = "seeds")]
    replay: Option<PathBuf>,
    /// With --replay and steps of the model: afterwards heal everything and check what must hold in the end.
    #[arg(long)]
    rest: bool,
    /// Print the steps of a counterexample in this file of TLC's, for --replay.
    #[arg(long, conflicts_with_all = ["seeds", "replay"])]
    from_tlc: Option<PathBuf>,
    /// With --from-tlc: so many are in one group at the model's start.
    #[arg(long, default_value_t = 0)]
    together: usize,
    /// With --from-tlc: this person is an insider that never commits.
    #[arg(long)]
    lazy: Option<usize>,
    /// Write what happened, in the words of the model, to this file; with --seed or --replay.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// Write the shortened schedule of a violation to this file.
    #[arg(long)]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // A panic of the code is a violation that is told with the others.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether everything held.
fn run(options: &Options) -> Result<bool, String> {
    let plans = if options.plan == "all" { Plan::ALL.to_vec() } else { vec![options.plan.parse()?] };
    if let Some(path) = &options.replay {
        return replay(options, path);
    }
    if let Some(path) = &options.from_tlc {
        print!(
            "{}",
            counterexample::from_tlc(&read(path)?, options.together, options.lazy, &options.mistake)?
        );
        return Ok(true);
    }
    if let Some(seed) = options.seed {
        if options.trace.is_some() && plans.len() > 1 {
            return Err(
                "--trace writes one run to the file: say which with --plan honest, server or insider"
                    .to_owned(),
            );
        }
        let mut good = true;
        for plan in plans {
            good &= one(options, seed, plan)?;
        }
        return Ok(good);
    }
    many(options, &plans)
}

fn one(options: &Options, seed: u64, plan: Plan) -> Result<bool, String> {
    let schedule = schedule(seed, plan);
    let outcome = execute(seed, &schedule, &options.mistake);
    write_trace(options, &outcome)?;
    match outcome.violation {
        None => {
            println!(
                "seed {seed}, plan {plan}: {} steps, {} states compared, all held",
                outcome.done, outcome.compared
            );
            Ok(true)
        }
        Some(violation) => {
            tell(options, seed, plan, &schedule, &violation)?;
            Ok(false)
        }
    }
}

/// Tells of a violation, with the shortest way to it.
fn tell(
    options: &Options,
    seed: u64,
    plan: Plan,
    schedule: &Schedule,
    violation: &Violation,
) -> Result<(), String> {
    println!("\nseed {seed}, plan {plan}: {violation}");
    let (short, runs) = shrink(seed, schedule, violation.property, &options.mistake);
    let (was, is) = (schedule.steps.len(), short.steps.len());
    println!("to see it again: {}", command(seed, plan, &options.mistake));
    let text = Repro { seed, schedule: short }.text();
    println!(
        "shortened from {was} to {is} steps in {runs} runs; put into a file, --replay runs it:\n\n{text}"
    );
    match &options.write {
        Some(path) => {
            fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
        }
        None => Ok(()),
    }
}

fn replay(options: &Options, path: &PathBuf) -> Result<bool, String> {
    let Repro { seed, schedule } = Repro::read(&read(path)?)?;
    let outcome =
        tangelo_sim::run(seed, &schedule, &options.mistake, options.rest || !schedule.nature.strict);
    write_trace(options, &outcome)?;
    match (&outcome.violation, outcome.impossible) {
        (Some(violation), _) => println!("{violation}"),
        (None, Some(step)) => println!("step {} (`{}`) is not possible", step + 1, schedule.steps[step]),
        (None, None) => println!("{} of {} steps done, all held", outcome.done, schedule.steps.len()),
    }
    for (person, losses) in (1..).zip(&outcome.losses).filter(|(_, losses)| !losses.is_empty()) {
        println!("p{person} arrived anew: {}", losses.join("; "));
    }
    Ok(outcome.violation.is_none() && outcome.impossible.is_none())
}

fn read(path: &PathBuf) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write_trace(options: &Options, outcome: &Outcome) -> Result<(), String> {
    let Some(path) = &options.trace else { return Ok(()) };
    fs::write(path, outcome.trace.text()).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// What all threads count together.
#[derive(Default)]
struct Counts {
    seeds: AtomicU64,
    steps: AtomicU64,
    states: AtomicU64,
    found: Mutex<Vec<(u64, Plan, Violation)>>,
}

fn many(options: &Options, plans: &[Plan]) -> Result<bool, String> {
    let start = Instant::now();
    let jobs = options.jobs.or_else(|| thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let (next, done, counts) = (AtomicU64::new(0), AtomicBool::new(false), Counts::default());
    let most = options.seeds.saturating_mul(plans.len() as u64);
    let limit = options.seconds.map(Duration::from_secs);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let late = limit.is_some_and(|limit| start.elapsed() >= limit);
                    if index >= most || late || done.load(Ordering::Relaxed) {
                        return;
                    }
                    let seed = options.from + index / plans.len() as u64;
                    let plan = plans[usize::try_from(index).unwrap_or(0) % plans.len()];
                    let outcome = execute(seed, &schedule(seed, plan), &options.mistake);
                    let run = counts.seeds.fetch_add(1, Ordering::Relaxed) + 1;
                    counts.steps.fetch_add(outcome.done as u64, Ordering::Relaxed);
                    counts.states.fetch_add(outcome.compared, Ordering::Relaxed);
                    if run.is_multiple_of(500) {
                        println!("{run} runs after {:.0} s", start.elapsed().as_secs_f64());
                    }
                    if let Some(violation) = outcome.violation {
                        let Ok(mut found) = counts.found.lock() else { return };
                        println!("seed {seed}, plan {plan}: {violation}");
                        found.push((seed, plan, violation));
                        // One deserves to be looked at; a flood of them is one.
                        done.store(found.len() >= 10, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let found = counts.found.into_inner().map_err(|_| "a thread of the simulator died".to_owned())?;
    if let Some((seed, plan, violation)) = found.iter().min_by_key(|(seed, plan, _)| (*seed, *plan)) {
        tell(options, *seed, *plan, &schedule(*seed, *plan), violation)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let runs = counts.seeds.into_inner();
    println!(
        "{runs} runs, {} steps and {} states compared in {seconds:.1} s ({:.1} runs a second): {} violations",
        counts.steps.into_inner(),
        counts.states.into_inner(),
        runs as f64 / seconds,
        found.len()
    );
    if found.is_empty() && runs < options.at_least {
        return Err(format!("{runs} runs in {seconds:.0} s; --at-least asks for {}", options.at_least));
    }
    Ok(found.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(words: &str) -> Result<bool, String> {
        run(&Options::try_parse_from(words.split_whitespace()).unwrap())
    }

    #[test]
    fn too_few_runs_are_an_error() {
        let error = run_with("sim --plan server --seeds 2 --at-least 3").unwrap_err();
        assert!(error.contains("2 runs") && error.contains("asks for 3"), "{error}");
        assert_eq!(run_with("sim --plan server --seeds 2 --at-least 2"), Ok(true));
    }

    #[test]
    fn a_trace_is_that_of_one_run() {
        assert!(run_with("sim --seed 1 --trace x").unwrap_err().contains("--plan"));
    }
}
