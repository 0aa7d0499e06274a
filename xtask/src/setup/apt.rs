//! Debian's packages.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Result;
use crate::process::{output, run, succeeds, tool};

/// Installs Debian packages, saying which and why. Where that cannot be, the error says what to do by hand.
/// Never removes a package to make room.
pub(crate) fn install(packages: &[&str], why: &str) -> Result<()> {
    let names = packages.join(" ");
    let by_hand = format!("{why}: install it by hand (Debian: `apt-get install {names}`)");
    if !is_debian() {
        return Err(format!("{by_hand}. Only on Debian does this task install packages by itself"));
    }
    let Some(mut update) = apt_get() else {
        return Err(format!(
            "{by_hand}, as root: neither are you root nor does `sudo` work without a password"
        ));
    };
    println!("Installing Debian's packages {names}: {why}");
    if !UPDATED.swap(true, Ordering::Relaxed) {
        // An old list may still do; the installation tells.
        if let Err(error) = run(update.args(["-q", "update"])) {
            println!("{error}; going on with the package lists as they are");
        }
    }
    let Some(mut install) = apt_get() else { return Err(by_hand) };
    run(install.args(["-q", "-y", "--no-remove", "--no-install-recommends", "install"]).args(packages))
        .map_err(|error| format!("{error}. {by_hand}"))
}

/// Whether package lists were brought up to date in this run.
static UPDATED: AtomicBool = AtomicBool::new(false);

/// `apt-get`, with the rights to install. `env` sets the variable, since sudo drops it.
fn apt_get() -> Option<Command> {
    let is_root = output(tool("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = if is_root {
        tool("env")
    } else if succeeds(tool("sudo").args(["-n", "true"])) {
        let mut sudo = tool("sudo");
        sudo.args(["-n", "env"]);
        sudo
    } else {
        return None;
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Some(command)
}

/// Whether [`install`] knows this system.
pub(super) fn is_debian() -> bool {
    Path::new("/usr/bin/apt-get").exists()
        && fs::read_to_string("/etc/os-release").is_ok_and(|text| names_debian(&text))
}

/// Ubuntu and others that derive from Debian have other packages: their `chromium` is a wrapper around a snap.
fn names_debian(os_release: &str) -> bool {
    os_release.lines().any(|line| line.strip_prefix("ID=").is_some_and(|id| id.trim_matches('"') == "debian"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_is_told_from_its_derivatives() {
        assert!(names_debian(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n"
        ));
        assert!(names_debian("ID=\"debian\""));
        assert!(!names_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(!names_debian("ID_LIKE=debian\n"));
        assert!(!names_debian(""));
    }
}
