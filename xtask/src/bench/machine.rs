//! What the figures were measured on and with.

use std::fs;

use super::table::Table;
use crate::Result;
use crate::process::{output, rustc, tool};
use crate::repo::Repo;

/// Machine, date and versions, as lines of a Markdown list.
pub(super) fn describe(repo: &Repo, table: &Table) -> Result<String> {
    let lines = [
        format!("- Date: {}", date()?),
        format!("- Commit: {}", commit(repo)),
        format!("- Machine: {}", machine()?),
        // Not everything is measured in one.
        if table.browser.is_empty() { String::new() } else { format!("- {}", table.browser) },
        format!("- {}", output(rustc().arg("--version"))?.trim()),
        format!("- OpenMLS {}, sframe {}", version(repo, "openmls")?, version(repo, "sframe")?),
    ];
    Ok(lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"))
}

fn date() -> Result<String> {
    Ok(output(tool("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?.trim().to_owned())
}

/// What was measured; ends with `-dirty` if the working tree has changes.
pub(super) fn commit(repo: &Repo) -> String {
    let mut git = tool("git");
    git.current_dir(&repo.root).args(["describe", "--always", "--dirty", "--abbrev=12"]);
    output(&mut git)
        .map_or_else(|_| "unknown: this is no git checkout".to_owned(), |text| text.trim().to_owned())
}

/// The processor as the system names it, and how many of them there are.
fn machine() -> Result<String> {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let system = output(tool("uname").args(["-sm"]))?;
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let model = model.unwrap_or_else(|| "a processor".to_owned());
    Ok(format!("{count} x {model}, {}", system.trim()))
}

/// The version of a package in Cargo.lock.
fn version(repo: &Repo, package: &str) -> Result<String> {
    let path = repo.root.join("Cargo.lock");
    let lock =
        fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    version_in(&lock, package).ok_or_else(|| format!("Cargo.lock has no package {package}"))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| *line == format!("name = \"{package}\""))?;
    let version = lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package_and_of_no_other() {
        let lock = "[[package]]\nname = \"openmls_traits\"\nversion = \"0.6.0\"\n\n[[package]]\nname = \"openmls\"\nversion = \"0.9.2\"\n";
        assert_eq!(version_in(lock, "openmls").as_deref(), Some("0.9.2"));
        assert_eq!(version_in(lock, "mls"), None);
    }
}
