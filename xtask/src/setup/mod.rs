//! What the tasks need, found or installed. Each tool has its module.

mod apt;
pub(crate) mod browsers;
pub(crate) mod npm;
pub(crate) mod pebble;
pub(crate) mod tlc;
pub(crate) mod turn;
pub(crate) mod wasm_target;

use crate::Result;
use crate::repo::Repo;

/// Everything that a build needs.
pub(crate) fn for_build(repo: &Repo) -> Result<()> {
    npm::ensure(repo)?;
    wasm_target::ensure().map(drop)
}

/// The browsers of the tests, and the TURN server that some of them go through. Early, since installing them may fail.
pub(crate) fn browsers(_: &Repo) -> Result<()> {
    let browsers = browsers::ensure()?;
    println!("Chromium: {}\nFirefox: {}", browsers.chromium.display(), browsers.firefox.display());
    turn::ensure()
}
