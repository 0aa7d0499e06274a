//! The web app: web/ to web/dist, and its checks and tests.

use crate::Result;
use crate::process::{run, tool};
use crate::repo::Repo;
use crate::setup::{browsers, turn};
use crate::stamp::{Fingerprint, Stamp};

/// What is in web/ but does not go into the web app.
const NO_INPUTS: [&str; 5] = ["node_modules", "dist", "e2e", "bench", "stories"];

/// Builds web/dist unless it is up to date. The server has it inside.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    let fingerprint = Fingerprint::default().add_folder(&repo.web(), &NO_INPUTS)?.finish();
    let stamp = Stamp(repo.notes().join("web.stamp"));
    if repo.web().join("dist/index.html").exists() && stamp.is(&fingerprint) {
        println!("Web app: up to date");
        return Ok(());
    }
    stamp.clear();
    npm_run(repo, "build")?;
    stamp.set(&fingerprint)
}

/// Types and formatting.
pub(crate) fn check(repo: &Repo) -> Result<()> {
    npm_run(repo, "check")
}

/// The unit tests of the web app.
pub(crate) fn test(repo: &Repo) -> Result<()> {
    npm_run(repo, "test")
}

/// Every state of every screen in Chromium, without a server.
pub(crate) fn stories(repo: &Repo) -> Result<()> {
    run_stories(repo, &[])
}

/// The pictures of docs/screenshots/.
pub(crate) fn screenshots(repo: &Repo) -> Result<()> {
    run_stories(repo, &["--write"])
}

fn run_stories(repo: &Repo, args: &[&str]) -> Result<()> {
    run(tool("node")
        .arg(repo.web().join("stories/run.mjs"))
        .args(args)
        .current_dir(&repo.root)
        .env("TANGELO_CHROMIUM", browsers::chromium()?))
}

/// Real browsers in one call through the real server.
pub(crate) fn browser_test(repo: &Repo) -> Result<()> {
    let browsers = browsers::ensure()?;
    turn::ensure()?;
    run(tool("node")
        .arg(repo.web().join("e2e/run.mjs"))
        .current_dir(&repo.root)
        .env("TANGELO_BIN", repo.binary())
        .env("TANGELO_CHROMIUM", browsers.chromium)
        .env("TANGELO_FIREFOX", browsers.firefox))
}

fn npm_run(repo: &Repo, script: &str) -> Result<()> {
    run(tool("npm").args(["run", "--silent", script]).current_dir(repo.web()))
}
