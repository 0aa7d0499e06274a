//! `cargo xtask bench web`: how heavy and how quick the web app is, in Chromium.

use super::table::{Place, Table};
use super::{folder, make_room_for, publish, refuse_to_write_what_is_not_committed};
use crate::Result;
use crate::process::{run as run_tool, tool};
use crate::repo::Repo;
use crate::setup::browsers;
use crate::steps;

/// What to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Write the table to docs/benchmarks-web.md.
    write: bool,
}

impl Options {
    /// Reads the words after `bench web`.
    pub(super) fn parse(words: &[&str]) -> Result<Self> {
        match words {
            [] => Ok(Self::default()),
            ["--write"] => Ok(Self { write: true }),
            [other, ..] => Err(format!("`{other}` is no option of `cargo xtask bench web`: --write")),
        }
    }
}

/// Builds the app and a crowd for it, measures, prints the table, and writes it if asked to.
pub(super) fn run(repo: &Repo, options: &Options) -> Result<()> {
    if options.write {
        refuse_to_write_what_is_not_committed(repo)?;
    }
    steps::build(repo)?;
    let chromium = browsers::chromium()?;
    let crowd = ["build", "--release", "--locked", "--package", "tangelo-bench", "--bin", "tangelo-crowd"];
    run_tool(repo.cargo().args(crowd))?;

    println!("\nMeasuring in Chromium");
    let figures = folder(repo).join("web.json");
    make_room_for(&figures)?;
    run_tool(
        tool("node")
            .arg(repo.web().join("bench/web/run.mjs"))
            .arg("--crowd")
            .arg(repo.target.join("release/tangelo-crowd"))
            .arg("--out")
            .arg(&figures)
            .env("TANGELO_BIN", repo.binary())
            .env("TANGELO_CHROMIUM", chromium),
    )?;
    let mut table = Table::default();
    table.read(Place::Browser, &figures)?;
    publish(repo, table, options.write.then_some(("benchmarks-web.md", include_str!("web.md"))))
}
