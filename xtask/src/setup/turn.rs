//! The TURN server of the browser tests.

use std::path::Path;

use super::apt;
use crate::Result;
use crate::process::{on_path, output, run, tool};

/// Finds coturn, or installs it on Debian. Its test makes networks of its own, which only Linux has and only root may: elsewhere,
/// and without coturn, the test is left out, and says so.
pub(crate) fn ensure() -> Result<()> {
    if let Some(found) = on_path(&["turnserver"]) {
        println!("coturn: {}", found.display());
        return Ok(());
    }
    let is_root = || output(tool("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !cfg!(target_os = "linux") || !is_root() {
        println!("coturn: none; the test with it needs Linux and root");
        return Ok(());
    }
    if !apt::is_debian() {
        println!("coturn: none; install it by hand, or the test with it is left out");
        return Ok(());
    }
    apt::install(&["coturn", "iproute2"], "the test of calls through a TURN server needs coturn")?;
    // The package starts a server of its own, on the port that Tangelo's media has by default.
    if Path::new("/run/systemd/system").exists() {
        println!("Stopping the service coturn, which came with the package: the test starts one of its own");
        run(tool("systemctl").args(["disable", "--now", "coturn"]))?;
    }
    on_path(&["turnserver"]).map(drop).ok_or_else(|| "coturn has no `turnserver` on PATH".to_owned())
}
