//! Node.js and the npm packages of the web app.

use crate::Result;
use crate::process::{output, run, tool};
use crate::repo::Repo;
use crate::stamp::{Fingerprint, Stamp};

/// The oldest major version of Node.js that the web app's tools run on.
const OLDEST_NODE: u32 = 20;

/// Installs the packages of web/package-lock.json where web/node_modules holds others or none.
pub(crate) fn ensure(repo: &Repo) -> Result<()> {
    let node = version("node")?;
    let node_major =
        major(&node).ok_or_else(|| format!("`node --version` says {node:?}, which is no version"))?;
    if node_major < OLDEST_NODE {
        return Err(format!("Node.js {node} is too old: install version {OLDEST_NODE} or newer"));
    }
    version("npm")?;

    let web = repo.web();
    let mut fingerprint = Fingerprint::default();
    fingerprint.add_file(&web.join("package-lock.json"))?.add_file(&web.join("package.json"))?;
    let fingerprint = fingerprint.add(&node_major.to_string()).finish();
    // Inside node_modules, so that it goes when that goes.
    let stamp = Stamp(web.join("node_modules/.tangelo-stamp"));
    if stamp.is(&fingerprint) {
        return Ok(());
    }
    println!(
        "Installing the npm packages of web/package-lock.json into web/node_modules: the web app's tools"
    );
    // Packages run no code of their own at installation; none of ours needs to.
    run(tool("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&web)).map_err(
        |error| {
            format!(
                "{error}. It needs the network once; `npm ci --ignore-scripts` in web/ does the same by hand"
            )
        },
    )?;
    stamp.set(&fingerprint)
}

fn version(program: &str) -> Result<String> {
    output(tool(program).arg("--version")).map(|text| text.trim().to_owned()).map_err(|error| {
        format!(
            "{error}. The web app is built with Node.js: install version {OLDEST_NODE} or newer, with npm"
        )
    })
}

/// The first number of a version such as `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions_are_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("8.1.0"), Some(8));
        assert_eq!(major(""), None);
        assert_eq!(major("vx"), None);
    }
}
