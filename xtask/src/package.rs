//! `cargo xtask package`: a Debian package of what was built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::process::{on_path, output, run, tool};
use crate::repo::Repo;

mod trial;

pub(crate) use trial::trial;

/// What goes in as it is: where it stands here, where it goes, and whether it is run.
const FILES: [(&str, &str, bool); 15] = [
    ("packaging/debian/tangelo.service", "usr/lib/systemd/system/tangelo.service", false),
    ("packaging/debian/tangelo.env", "etc/tangelo/tangelo.env", false),
    ("packaging/debian/copyright", "usr/share/doc/tangelo/copyright", false),
    ("packaging/debian/postinst", "DEBIAN/postinst", true),
    ("packaging/debian/prerm", "DEBIAN/prerm", true),
    ("packaging/debian/postrm", "DEBIAN/postrm", true),
    ("LICENSE-MIT", "usr/share/doc/tangelo/LICENSE-MIT", false),
    ("LICENSE-APACHE", "usr/share/doc/tangelo/LICENSE-APACHE", false),
    ("README.md", "usr/share/doc/tangelo/README.md", false),
    ("CHANGELOG.md", "usr/share/doc/tangelo/CHANGELOG.md", false),
    ("docs/self-hosting.md", "usr/share/doc/tangelo/docs/self-hosting.md", false),
    ("docs/turn.md", "usr/share/doc/tangelo/docs/turn.md", false),
    ("docs/threat-model.md", "usr/share/doc/tangelo/docs/threat-model.md", false),
    ("docs/sfu.md", "usr/share/doc/tangelo/docs/sfu.md", false),
    ("packaging/grafana/tangelo.json", "usr/share/doc/tangelo/grafana/tangelo.json", false),
];

/// What the administrator may change, and dpkg does not overwrite.
const CONFIGURATION: &str = "/etc/tangelo/tangelo.env\n";

/// Builds everything and the package from it. Prints where it is and how large.
pub(crate) fn package(repo: &Repo) -> Result<()> {
    can_be_made()?;
    crate::steps::build(repo)?;
    let made = make(repo)?;
    let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    println!("\n{}: {:.1} MB", made.display(), megabytes(size(&made)));
    println!("installed it takes {:.1} MB", megabytes(installed_bytes(&tree(repo))));
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Whether this machine can make and look into packages.
fn can_be_made() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Err(
            "a Debian package has programs for Linux in it, and is made of what was built here: run this on Linux"
                .to_owned(),
        );
    }
    match on_path(&["dpkg-deb"]) {
        Some(_) => Ok(()),
        None => Err(
            "a Debian package is made with `dpkg-deb`, which is not here: run this on Debian or Ubuntu, or \
                     install dpkg"
                .to_owned(),
        ),
    }
}

fn tree(repo: &Repo) -> PathBuf {
    repo.target.join("package/tree")
}

/// The package from the binary that is there.
fn make(repo: &Repo) -> Result<PathBuf> {
    let tree = tree(repo);
    if tree.exists() {
        fs::remove_dir_all(&tree).map_err(|error| format!("cannot remove {}: {error}", tree.display()))?;
    }
    for (from, to, runs) in FILES {
        put(&tree.join(to), &read(&repo.root.join(from))?, runs)?;
    }
    let binary = tree.join("usr/bin/tangelo");
    put(&binary, &read(&repo.binary())?, true)?;
    // Half of the binary is for debuggers.
    run(tool("strip").arg("--strip-all").arg(&binary))?;
    let architecture = output(tool("dpkg").arg("--print-architecture"))?.trim().to_owned();
    let version = env!("CARGO_PKG_VERSION");
    let control = control(version, &architecture, &glibc(&read(&binary)?), installed_bytes(&tree));
    put(&tree.join("DEBIAN/control"), control.as_bytes(), false)?;
    put(&tree.join("DEBIAN/conffiles"), CONFIGURATION.as_bytes(), false)?;
    open_folders(&tree)?;
    let made = repo.target.join(format!("package/tangelo_{version}_{architecture}.deb"));
    // The same files make the same package: times are that of the commit.
    let mut command = Command::new("dpkg-deb");
    command.args(["--root-owner-group", "-Zxz", "--build"]).arg(&tree).arg(&made);
    if let Ok(time) = output(tool("git").current_dir(&repo.root).args(["log", "-1", "--format=%ct"])) {
        command.env("SOURCE_DATE_EPOCH", time.trim());
    }
    run(&mut command)?;
    Ok(made)
}

fn control(version: &str, architecture: &str, glibc: &str, bytes: u64) -> String {
    format!(
        "Package: tangelo\n\
         Version: {version}\n\
         Architecture: {architecture}\n\
         Maintainer: The Tangelo contributors <tangelo@localhost>\n\
         Installed-Size: {}\n\
         Depends: adduser, libc6 (>= {glibc}), libgcc-s1\n\
         Recommends: ca-certificates\n\
         Section: net\n\
         Priority: optional\n\
         Description: end-to-end encrypted video calls that anyone can host\n \
         One program with web page, signalling and media server. It passes on what it cannot\n \
         read: the people in a call hold the keys. It also joins calls from a terminal, measures\n \
         servers, and compares the page that a server hands out with its own.\n",
        bytes.div_ceil(1_024)
    )
}

/// The newest version of the C library that the binary asks for, by the names of its symbols' versions.
fn glibc(binary: &[u8]) -> String {
    let mark = b"GLIBC_2.";
    let number = |at: usize| {
        let digits = binary.get(at + mark.len()..)?;
        let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(digits.get(..length)?).ok()?.parse::<u32>().ok()
    };
    let places = binary.windows(mark.len()).enumerate().filter(|(_, window)| window == mark);
    format!("2.{}", places.filter_map(|(at, _)| number(at)).max().unwrap_or(28))
}

fn installed_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let entries = entries.flatten().filter(|entry| entry.file_name() != "DEBIAN");
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => installed_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn put(path: &Path, contents: &[u8], runs: bool) -> Result<()> {
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, contents).map_err(failed)?;
    set_mode(path, if runs { 0o755 } else { 0o644 })
}

/// Everybody may look into the folders, whatever the umask of whoever makes the package: dpkg gives them to the system as they are.
fn open_folders(folder: &Path) -> Result<()> {
    set_mode(folder, 0o755)?;
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> Result<()> {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(path, permissions)
        .map_err(|error| format!("cannot change the rights of {}: {error}", path.display()))
}

/// Nothing is packed there.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "as on other systems")]
fn set_mode(_: &Path, _: u32) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_c_library_that_is_asked_for_counts() {
        assert_eq!(glibc(b"\0GLIBC_2.3.4\0GLIBC_2.34\0GLIBC_2.9\0GLIBC_PRIVATE\0"), "2.34");
        assert_eq!(glibc(b"none"), "2.28");
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_open_whatever_the_umask() {
        use std::os::unix::fs::PermissionsExt;
        let tree = std::env::temp_dir().join(format!("tangelo-package-{}", std::process::id()));
        let inner = tree.join("usr/bin");
        put(&inner.join("tangelo"), b"", true).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o700)).unwrap();
        open_folders(&tree).unwrap();
        for path in [&tree, &inner, &inner.join("tangelo")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o755);
        }
        fs::remove_dir_all(&tree).unwrap();
    }

    #[test]
    fn everything_that_goes_in_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (from, _, _) in FILES {
            assert!(root.join(from).is_file(), "{from}");
        }
        let configured: Vec<_> = FILES.iter().filter(|(_, to, _)| to.starts_with("etc/")).collect();
        assert_eq!(configured.len(), CONFIGURATION.lines().count());
    }
}
