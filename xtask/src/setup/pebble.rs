//! The certification authority of the tests: Pebble, which Let's Encrypt has for that.

use std::path::PathBuf;

use super::apt;
use crate::Result;
use crate::process::on_path;

/// Finds Pebble, or installs it on Debian. Elsewhere, and without it, the tests with it are left out, and say so.
pub(crate) fn ensure() -> Result<Option<PathBuf>> {
    let find = || on_path(&["pebble"]);
    if let Some(found) = find() {
        return Ok(Some(found));
    }
    if !apt::is_debian() {
        println!("Pebble: none; install it by hand, or the tests with it are left out");
        return Ok(None);
    }
    apt::install(&["pebble"], "the tests of certificates by ACME ask a real authority")?;
    find().map(Some).ok_or_else(|| "pebble was installed, but is not on PATH".to_owned())
}
