//! `tangelo-bench [--quick] OUTPUT.json`: everything that is measured natively. `cargo xtask bench e2ee` runs it.
// Measuring is about clocks; the lint is for the sans-IO crates.
#![allow(clippy::disallowed_methods)]

use std::{process::ExitCode, time::Instant};

use tangelo_bench::{Effort, Failure, Figure, Result, calls, frames, groups, storm};

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let effort = if args.first().is_some_and(|first| first == "--quick") {
        args.remove(0);
        Effort::Quick
    } else {
        Effort::Full
    };
    let [output] = args.as_slice() else {
        eprintln!("usage: tangelo-bench [--quick] OUTPUT.json");
        return ExitCode::from(2);
    };
    match measure(effort).and_then(|figures| write(output, &figures)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(effort: Effort) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut part = |what: &str, measure: &dyn Fn() -> Result<Vec<Figure>>| {
        let start = Instant::now();
        figures.extend(measure()?);
        println!("  {what}: {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    };
    part("bytes", &frames::bytes)?;
    part("frames in a hot loop", &|| frames::hot(effort))?;
    for tree in [groups::Tree::Warm, groups::Tree::Blank] {
        for size in groups::sizes(effort) {
            part(&format!("groups of {size}, {tree:?}"), &|| groups::figures(*size, tree))?;
        }
    }
    part("storms", &|| storm::figures(effort))?;
    part("calls through a server", &|| calls::figures(effort))?;
    Ok(figures)
}

fn write(path: &str, figures: &[Figure]) -> Result<()> {
    let fail = |error: &dyn std::fmt::Display| Failure(format!("cannot write {path}: {error}"));
    let text = serde_json::to_string(figures).map_err(|error| fail(&error))?;
    std::fs::write(path, text).map_err(|error| fail(&error))
}
