//! The server's binary.

use std::process::Command;

use crate::Result;
use crate::process::{run, tool};
use crate::repo::Repo;
use crate::{setup, wasm, web};

/// Builds the binary in release mode; cargo knows what is up to date.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    run(repo.cargo().args(["build", "--release", "--locked", "--package", "tangelo"]))
}

/// Builds everything, then becomes `tangelo serve ARGS`. Returns only with an error.
pub(crate) fn serve(repo: &Repo, args: &[&str]) -> Result<()> {
    setup::for_build(repo)?;
    wasm::build(repo)?;
    web::build(repo)?;
    build(repo)?;
    let mut command = tool(repo.binary());
    command.arg("serve").args(args);
    become_it(&mut command)
}

/// The server takes this process's place: its terminal, its signals, its exit code.
#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(format!("cannot start the server: {error}"))
}

/// The server runs as a child; the terminal's Ctrl-C reaches both.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<()> {
    run(command)
}
