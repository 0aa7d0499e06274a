//! The `tangelo` command.
// The command does what the sans-IO crates leave to it.
#![allow(clippy::disallowed_methods)]

mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// End-to-end encrypted video calls that anyone can host.
#[derive(Parser)]
#[command(name = "tangelo", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve calls: web page, signalling and media, in one process.
    ///
    /// The server passes on what it cannot read: the people in a call hold the keys.
    Serve(serve::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(options) => serve::run(options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tangelo: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
