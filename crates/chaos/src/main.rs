//! A real call under faults that a seed decides on: a real server with a store, participants in processes of their own, a
//! browser among them, each behind a relay that can be cut. `docs/chaos.md` tells more. No part of any product.
// This program measures time and talks to the world; the lint is for the sans-IO crates.
#![allow(clippy::disallowed_methods)]

mod guest;
mod ledger;
mod plan;
mod process;
mod relay;
mod report;
mod rng;
mod run;
mod table;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

#[derive(Parser)]
#[command(name = "tangelo-chaos", about = "A real call under faults that a seed decides on")]
enum Task {
    /// Runs it
    Run(ChaosOptions),
    /// One participant of it; started by `run`
    Guest(guest::GuestOptions),
}

/// What to run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ChaosOptions {
    /// Decides on the faults
    #[arg(long)]
    seed: u64,
    /// How long faults happen
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// How many participants have no browser
    #[arg(long, default_value_t = 4)]
    clients: usize,
    /// The program `tangelo`
    #[arg(long)]
    server: String,
    /// An empty folder for the server's store
    #[arg(long)]
    store: PathBuf,
    /// The script that takes part with a browser
    #[arg(long)]
    browser: Option<PathBuf>,
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        match Task::parse() {
            Task::Run(options) => run::Run::new(options).await?.all().await,
            Task::Guest(options) => guest::attend(options).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
