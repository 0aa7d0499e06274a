//! The package, installed into a folder, started, and removed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{can_be_made, make};
use crate::Result;
use crate::process::{on_path, output, run, tool};
use crate::repo::Repo;

/// Makes the package, and has dpkg install it into a folder, where the service's own command is started and answers; then has it
/// removed, which must leave nothing. Where there is no dpkg that is said, and nothing is tried.
pub(crate) fn trial(repo: &Repo) -> Result<()> {
    if let Err(why) = can_be_made() {
        println!("not tried: {why}");
        return Ok(());
    }
    let made = make(repo)?;
    let root = repo.target.join("package/installed");
    if root.exists() {
        fs::remove_dir_all(&root).map_err(|error| format!("cannot remove {}: {error}", root.display()))?;
    }
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates"] {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    fs::write(root.join("var/lib/dpkg/status"), "").map_err(|error| error.to_string())?;
    run(dpkg(&root).arg("--install").arg(&made))?;
    starts(&root)?;
    verify_unit(&root)?;
    // As the service leaves it.
    let kept = root.join("var/lib/tangelo/tls");
    fs::create_dir_all(&kept).map_err(|error| format!("cannot make {}: {error}", kept.display()))?;
    run(dpkg(&root).args(["--purge", "tangelo"]))?;
    for left in [
        "usr/bin/tangelo",
        "etc/tangelo/tangelo.env",
        "usr/lib/systemd/system/tangelo.service",
        "etc/systemd/system/multi-user.target.wants/tangelo.service",
        "var/lib/tangelo",
    ] {
        if root.join(left).symlink_metadata().is_ok() {
            return Err(format!("/{left} is left behind after the package was removed"));
        }
    }
    Ok(())
}

/// Into a folder without anything else: no libraries to depend on, and no rights to change the machine.
fn dpkg(root: &Path) -> Command {
    let mut command = tool("dpkg");
    command.arg(format!("--root={}", root.display()));
    command.arg(format!("--log={}", root.join("dpkg.log").display()));
    command.args(["--force-not-root", "--force-script-chrootless", "--force-depends", "--force-bad-path"]);
    command
}

/// The command of the unit, with the options of its file and free ports.
fn starts(root: &Path) -> Result<()> {
    let unit = read(&root.join("usr/lib/systemd/system/tangelo.service"))?;
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/"));
    let mut words = line.ok_or("the unit has no ExecStart")?.split(' ');
    let program = words.next().map(|path| root.join(path)).ok_or("ExecStart names no program")?;
    let mut command = tool(&program);
    for line in read(&root.join("etc/tangelo/tangelo.env"))?.lines() {
        if let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.starts_with('#')) {
            command.env(name, value);
        }
    }
    command.args(words).args(["--listen", "127.0.0.1:0", "--media-port", "0"]);
    let mut server = Server(
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{}: {error}", program.display()))?,
    );
    let mut ready = String::new();
    if let Some(stdout) = server.0.stdout.take() {
        BufReader::new(stdout).read_line(&mut ready).map_err(|error| error.to_string())?;
    }
    let url = ready.trim().strip_prefix("Tangelo is ready: ").ok_or("the installed server does not start")?;
    // It tells that page and headers are all there, and knows how to say what is not.
    print!("{}", output(tool(&program).args(["verify-web", url]))?);
    Ok(())
}

/// The first systemd whose `systemd-analyze verify` can leave out the units that a unit names (`--recursive-errors`).
const VERIFIES_ONE_UNIT: u32 = 250;

/// Of what `systemd-analyze --version` says: "systemd 252 (252.39-1)".
fn systemd_version(text: &str) -> Option<u32> {
    let number = text.split_whitespace().nth(1)?;
    let end = number.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

/// What systemd finds wrong with the unit, where it can be asked.
fn verify_unit(root: &Path) -> Result<()> {
    if on_path(&["systemd-analyze"]).is_none() {
        println!("the unit was not looked at: there is no systemd-analyze");
        return Ok(());
    }
    let version = systemd_version(&output(tool("systemd-analyze").arg("--version"))?);
    if version.is_none_or(|version| version < VERIFIES_ONE_UNIT) {
        println!("the unit was not looked at: that takes systemd {VERIFIES_ONE_UNIT}");
        return Ok(());
    }
    let unit = root.join("usr/lib/systemd/system/tangelo.service");
    // The program is not where the unit says, since nothing is installed on this machine, and where it is may not be a name for units.
    let here: String = read(&unit)?
        .lines()
        .map(|line| {
            if line.starts_with("ExecStart=") {
                "ExecStart=/bin/true\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    let copy = root.join("tangelo.service");
    fs::write(&copy, here).map_err(|error| format!("cannot write {}: {error}", copy.display()))?;
    run(tool("systemd-analyze").args(["verify", "--man=no", "--recursive-errors=no"]).arg(copy))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Ended with the trial, however that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_systemd_is_read() {
        assert_eq!(systemd_version("systemd 252 (252.39-1~deb12u1)\n+PAM +AUDIT"), Some(252));
        assert_eq!(systemd_version("systemd 257~rc1 (257)"), Some(257));
        assert_eq!(systemd_version("systemd"), None);
    }
}
