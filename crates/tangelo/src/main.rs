//! The `tangelo` command.
// The command does what the sans-IO crates leave to it.
#![allow(clippy::disallowed_methods)]

mod doctor;
mod join;
mod load;
mod serve;
mod settings;
mod token;
mod verify_web;

use std::{
    error::Error,
    ffi::OsString,
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

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
    /// Look at the settings of a server, without starting one.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look for what is wrong with a server, or would be: ports, certificate, addresses, UDP, clock; and say what to do.
    ///
    /// With the options of `tangelo serve` it looks at this machine; with --url at a server elsewhere, as people meet it, and joins a call of
    /// its own there. Ends with 1 if something failed.
    Doctor(Box<doctor::Options>),
    /// Join a call without a browser: as a bot, to record at one's own side, or to write and read in a terminal.
    ///
    /// Lines typed are said to everyone as messages; "/leave" leaves. Lines printed begin with * for what happens, with !
    /// for warnings, and with <NAME> for what people say.
    Join(join::Options),
    /// Measure what a server carries: many clients that join, send and receive as members do, in one process.
    ///
    /// Everything is real: DTLS, ICE, SRTP, MLS and SFrame. Frames are made up, and tell when they were sent and which they are,
    /// so delay and loss are exact. On the server's own machine, clients and server share its processors.
    Load(load::Options),
    /// Make tokens, and the keys to make them with, for a server that does not let everyone in who has a link: `tangelo serve --rooms`.
    #[command(subcommand)]
    Token(token::Command),
    /// Compare the web app that a server hands out with the one inside this program, file by file.
    ///
    /// The page is what encrypts, so a server with another page could read everything. Build this program yourself, or get it from
    /// somebody you trust, and see what a server gives to you. It shows what this machine got just now: a server could
    /// give others something else.
    VerifyWeb(verify_web::Options),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say which settings `tangelo serve` would have with the same options, from where each comes, and whether it could work with them.
    Check(serve::Options),
}

fn main() -> ExitCode {
    let outcome = run(std::env::args_os().collect());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tangelo: {error}");
            // As for what clap finds wrong with a command line.
            if error.is::<join::Misused>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(words: Vec<OsString>) -> Result<(), Box<dyn Error>> {
    let command = Arguments::command();
    let (words, from_file) = settings::with_file(&command, words)?;
    let matches = command.get_matches_from(words);
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match arguments.command {
        Command::Serve(options) => serve::run(options),
        Command::Config(ConfigCommand::Check(options)) => {
            let check = matches.subcommand().and_then(|(_, config)| config.subcommand());
            let listed = check.map(|(_, check)| settings::list(&Arguments::command(), check, &from_file));
            serve::check(options, &listed.unwrap_or_default())
        }
        Command::Doctor(options) => doctor::run(*options),
        Command::Join(options) => join::run(options),
        Command::Load(options) => load::run(options),
        Command::Token(command) => token::run(command),
        Command::VerifyWeb(options) => verify_web::run(options),
    }
}

/// How the log looks.
#[derive(Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

fn log_to_stderr(filter: &str, format: LogFormat) -> Result<(), Box<dyn Error>> {
    let filter = log_filter(filter)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Libraries that warn of what strangers send, as often as they send it. Who names them in the filter gets all that they say.
const TALKATIVE: [&str; 2] = ["is", "str0m"];

fn log_filter(text: &str) -> Result<EnvFilter, Box<dyn Error>> {
    let mut filter =
        EnvFilter::try_new(text).map_err(|error| format!("--log {text:?} is no log filter: {error}"))?;
    for library in TALKATIVE {
        let is_named = |directive: &str| {
            let target = directive.split(['=', '[']).next().unwrap_or_default().trim();
            target == library || target.starts_with(&format!("{library}::"))
        };
        if !text.split(',').any(is_named) {
            filter = filter.add_directive(format!("{library}=error").parse()?);
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_have_libraries_fill_the_log() {
        let filter = |text: &str| log_filter(text).unwrap().to_string();
        assert!(filter("info").contains("is=error") && filter("info").contains("str0m=error"));
        let named = filter("info,str0m::bwe=debug,is=trace");
        assert!(!named.contains("=error"), "{named}");
        assert!(filter("warn,tangelo_sfu=debug").contains("str0m=error"));
        assert!(log_filter("info,=,").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
