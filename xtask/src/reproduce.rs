//! Whether a build is the same wherever it is made: then anybody can find out what a server hands out.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::process::{output, run, rustc, tool};
use crate::repo::Repo;
use crate::{setup, wasm, web};

/// Builds the web app once more, from the same sources in a folder of another name and depth and with another folder of Cargo, and compares
/// every file; with `program`, the server, too, with the same folder of Cargo.
pub(crate) fn reproduce(repo: &Repo, program: bool) -> Result<()> {
    setup::for_build(repo)?;
    wasm::build(repo)?;
    web::build(repo)?;
    let place = Place::new("reproduce")?;
    let copy = place.0.join("one/more/checkout");
    copy_sources(repo, &copy)?;
    copy_tree(&repo.web().join("node_modules"), &copy.join("web/node_modules"))?;
    let cargo_home = another_cargo_home(&place.0)?;
    let other = Repo { target: copy.join("target"), root: copy };
    println!("Building the web app in {}", other.root.display());
    run(again(&other).env("CARGO_HOME", cargo_home).args(["test", "--only", "web"]))?;
    let mut problems = compare(&repo.web().join("dist"), &other.web().join("dist"))?;
    if program {
        crate::server::build(repo)?;
        println!("Building the server in {}", other.root.display());
        run(again(&other).args(["build"]))?;
        let [ours, theirs] = [repo, &other].map(|repo| read(&repo.binary()));
        problems.extend(difference("target/release/tangelo", &ours?, &theirs?));
    }
    place.finish(problems)?;
    println!("Both builds are the same, byte for byte.");
    Ok(())
}

/// What a run of all tests has time for: the web app bundled once more in another folder, from the same WASM, and no folder of this machine
/// named in what people get.
pub(crate) fn bundle(repo: &Repo) -> Result<()> {
    let place = Place::new("bundle")?;
    let copy = place.0.join("one/more/checkout");
    let dist = repo.web().join("dist");
    copy_sources(repo, &copy)?;
    copy_tree(&repo.generated_wasm(), &copy.join("web/src/generated/wasm"))?;
    copy_tree(&repo.web().join("node_modules"), &copy.join("web/node_modules"))?;
    run(tool("node").arg("build.mjs").current_dir(copy.join("web")).stdout(std::process::Stdio::null()))?;
    let mut problems = compare(&dist, &copy.join("web/dist"))?;
    let folders = own_folders(repo)?;
    for (path, contents) in files(&dist)? {
        problems.extend(named(&path, &contents, &folders));
    }
    place.finish(problems)
}

/// A folder for a build, which stays if something is wrong with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Result<Self> {
        let folder = env::temp_dir().join(format!("tangelo-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        Ok(Self(folder))
    }

    fn finish(self, problems: Vec<String>) -> Result<()> {
        if !problems.is_empty() {
            let place = self.0.display();
            return Err(format!("\n  {}\nThe other build is in {place}", problems.join("\n  ")));
        }
        fs::remove_dir_all(&self.0).map_err(|error| format!("cannot remove {}: {error}", self.0.display()))
    }
}

/// xtask of another checkout, without what this one's surroundings would tell it of folders.
fn again(other: &Repo) -> Command {
    let mut command = other.cargo();
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(variable);
    }
    command.args(["run", "--quiet", "--locked", "--package", "xtask", "--"]);
    command
}

/// Another folder of Cargo with the same packages in it: nothing is fetched again, and all paths are others.
fn another_cargo_home(place: &Path) -> Result<PathBuf> {
    let home = place.join("another cargo home").join("cargo");
    fs::create_dir_all(&home).map_err(|error| format!("cannot make {}: {error}", home.display()))?;
    let own = wasm::cargo_home().ok_or("there is no folder of Cargo: set CARGO_HOME")?;
    for name in ["registry", "config.toml"] {
        let (from, to) = (own.join(name), home.join(name));
        #[cfg(unix)]
        if from.exists() {
            std::os::unix::fs::symlink(&from, &to)
                .map_err(|error| format!("cannot link to {}: {error}", from.display()))?;
        }
        #[cfg(not(unix))]
        if from.is_dir() {
            copy_tree(&from, &to)?;
        }
    }
    Ok(home)
}

/// All files that git has, or would take, as they are now.
fn copy_sources(repo: &Repo, to: &Path) -> Result<()> {
    let mut git = tool("git");
    git.current_dir(&repo.root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    for name in output(&mut git)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (repo.root.join(name), to.join(name));
        // Deleted, but not yet for git.
        if !from.is_file() {
            continue;
        }
        let copied = fs::create_dir_all(to.parent().unwrap_or(&to)).and_then(|()| fs::copy(&from, &to));
        copied.map_err(|error| format!("cannot copy {}: {error}", from.display()))?;
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(|error| format!("cannot make {}: {error}", parent.display()))?;
    }
    // With links as they are.
    run(tool("cp").args(["-R", "-P", "-p"]).arg(from).arg(to))
}

/// One line for each file that only one of the folders has, or that is another in each.
fn compare(ours: &Path, theirs: &Path) -> Result<Vec<String>> {
    let (ours, theirs) = (files(ours)?, files(theirs)?);
    if ours.is_empty() {
        return Err("there is no build to compare with".to_owned());
    }
    let mut problems = Vec::new();
    for (path, contents) in &ours {
        match theirs.get(path) {
            Some(other) => problems.extend(difference(path, contents, other)),
            None => problems.push(format!("{path} is in this build alone")),
        }
    }
    let others = theirs.keys().filter(|path| !ours.contains_key(*path));
    problems.extend(others.map(|path| format!("{path} is in the other build alone")));
    Ok(problems)
}

fn difference(path: &str, ours: &[u8], theirs: &[u8]) -> Option<String> {
    let at = ours.iter().zip(theirs).position(|(one, other)| one != other);
    let at = at.or((ours.len() != theirs.len()).then(|| ours.len().min(theirs.len())))?;
    Some(format!("{path} differs from byte {at} on ({} and {} bytes)", ours.len(), theirs.len()))
}

fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries =
            fs::read_dir(&next).map_err(|error| format!("cannot read {}: {error}", next.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                found.insert(name, read(&path)?);
            }
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Folders that are otherwise called on other machines.
fn own_folders(repo: &Repo) -> Result<Vec<String>> {
    let sysroot = output(rustc().args(["--print", "sysroot"]))?;
    let folders =
        [Some(repo.root.clone()), wasm::cargo_home(), Some(PathBuf::from(sysroot.trim())), env::home_dir()];
    let names = folders.into_iter().flatten().map(|folder| folder.display().to_string());
    // Not "/": that is in everything.
    Ok(names.filter(|name| name.len() > 3).collect())
}

/// One line if a file names one of the folders.
fn named(path: &str, contents: &[u8], folders: &[String]) -> Option<String> {
    let inside = |folder: &&String| {
        let folder = format!("{folder}/");
        contents.windows(folder.len()).any(|window| window == folder.as_bytes())
    };
    folders.iter().find(inside).map(|folder| format!("{path} names {folder}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_with_the_place() {
        assert_eq!(difference("a", b"same", b"same"), None);
        assert_eq!(difference("a", b"same", b"sane").unwrap(), "a differs from byte 2 on (4 and 4 bytes)");
        assert_eq!(difference("a", b"same", b"sam").unwrap(), "a differs from byte 3 on (4 and 3 bytes)");
    }

    #[test]
    fn folders_of_two_builds_are_compared_file_by_file() {
        let place = env::temp_dir().join(format!("tangelo-xtask-{}-compare", std::process::id()));
        let (ours, theirs) = (place.join("a"), place.join("b"));
        for folder in [&ours, &theirs] {
            fs::create_dir_all(folder.join("deep")).unwrap();
            fs::write(folder.join("deep/same"), "x").unwrap();
        }
        assert_eq!(compare(&ours, &theirs).unwrap(), [] as [&str; 0]);
        fs::write(ours.join("one"), "").unwrap();
        fs::write(theirs.join("other"), "").unwrap();
        fs::write(theirs.join("deep/same"), "y").unwrap();
        let found = compare(&ours, &theirs).unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn a_folder_of_this_machine_is_found_in_a_file() {
        let folders = ["/place/x".to_owned()];
        assert!(named("a", b"..\0/place/x/src/a.rs\0", &folders).unwrap().contains("/place/x"));
        assert_eq!(named("a", b"/place/xy and /plac/x/", &folders), None);
    }
}
