//! A Rust toolchain that compiles to WASM: the current one with rustup's target, or else Debian's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::apt;
use crate::Result;
use crate::process::{cargo, output, run_within, rustc, succeeds, tool};

/// The target of the browser's worker.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Where Debian's packages put the toolchain.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
/// Compiler, cargo, and the standard library's source, from which it is built for the target.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
/// The oldest minor version of Debian's Rust that will do: the workspace's `rust-version`.
const OLDEST_MINOR: u32 = 95;

/// rustup asks the network; a slow one may need this long, one that swallows packets must not take for ever.
const RUSTUP_LIMIT: Duration = Duration::from_secs(240);

/// How to compile to WASM here.
pub(crate) enum Toolchain {
    /// The toolchain that runs xtask has the target.
    Current,
    /// Debian's, which has no ready standard library for the target, and no linker for WASM.
    Debian {
        /// A WASM linker.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Its cargo, ready for a subcommand.
    pub(crate) fn cargo(&self) -> Command {
        match self {
            Self::Current => cargo(),
            Self::Debian { .. } => {
                let mut command = tool(DEBIAN_CARGO);
                // The standard library is built from source, which the stable compiler grants only when asked so.
                command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
                // Else these lead it to libraries of rustup's toolchain.
                for variable in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"] {
                    command.env_remove(variable);
                }
                command
            }
        }
    }

    /// What `cargo build` needs beyond the usual.
    pub(crate) fn build_args(&self) -> &'static [&'static str] {
        match self {
            Self::Current => &[],
            Self::Debian { .. } => &["-Zbuild-std=std,panic_abort"],
        }
    }

    /// What the compiler needs beyond the usual.
    pub(crate) fn rustflags(&self) -> Vec<String> {
        match self {
            Self::Current => Vec::new(),
            Self::Debian { linker } => {
                vec![format!("-Clinker={}", linker.display()), "-Clinker-flavor=wasm-ld".to_owned()]
            }
        }
    }

    /// The compiler's version.
    pub(crate) fn version(&self) -> Result<String> {
        match self {
            Self::Current => output(rustc().arg("-vV")),
            Self::Debian { .. } => output(tool(DEBIAN_RUSTC).arg("-vV").env_remove("LD_LIBRARY_PATH")),
        }
    }
}

/// Finds a toolchain, or installs what is missing for one.
pub(crate) fn ensure() -> Result<Toolchain> {
    let sysroot = PathBuf::from(output(rustc().args(["--print", "sysroot"]))?.trim());
    if has_target(&sysroot) {
        return Ok(Toolchain::Current);
    }
    // Before rustup, which would ask the network in vain each time where it could not be reached the first time.
    if debian_is_ready()
        && let Some(linker) = linker(&sysroot)
    {
        return Ok(Toolchain::Debian { linker });
    }
    if succeeds(tool("rustup").arg("--version")) {
        println!("Installing Rust's target {TARGET} with rustup: the browser runs the call's core as WASM");
        match run_within(tool("rustup").args(["target", "add", TARGET]), RUSTUP_LIMIT) {
            Ok(()) if has_target(&sysroot) => return Ok(Toolchain::Current),
            Ok(()) => println!("rustup added the target to another toolchain than {}", sysroot.display()),
            Err(error) => println!("{error}; trying Debian's packages instead"),
        }
    }
    debian(&sysroot).map_err(|error| {
        format!("{error}. Where rustup has the network, `rustup target add {TARGET}` is enough")
    })
}

fn debian(sysroot: &Path) -> Result<Toolchain> {
    if !debian_is_ready() {
        apt::install(&DEBIAN_PACKAGES, "the call's core is compiled to WASM, which Rust here cannot")?;
        if !debian_is_ready() {
            return Err(format!("Debian's {} lack a usable {DEBIAN_RUSTC}", DEBIAN_PACKAGES.join(" ")));
        }
    }
    if linker(sysroot).is_none() {
        apt::install(&["lld"], "Rust links WASM with it")?;
    }
    let linker = linker(sysroot).ok_or("Debian's lld lacks wasm-ld")?;
    Ok(Toolchain::Debian { linker })
}

fn has_target(sysroot: &Path) -> bool {
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    std::fs::read_dir(libraries).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn debian_is_ready() -> bool {
    let library = Path::new("/usr/lib/rustlib/src/rust/library/std/Cargo.toml");
    library.exists()
        && Path::new(DEBIAN_CARGO).exists()
        && Path::new(DEBIAN_RUSTC).exists()
        && output(tool(DEBIAN_RUSTC).arg("--version").env_remove("LD_LIBRARY_PATH"))
            .is_ok_and(|text| minor_version(&text).is_some_and(|minor| minor >= OLDEST_MINOR))
}

/// The current toolchain's own linker, or LLVM's.
fn linker(sysroot: &Path) -> Option<PathBuf> {
    let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
    let of_toolchain =
        hosts.flatten().map(|host| host.path().join("bin/rust-lld")).find(|file| file.exists());
    of_toolchain.or_else(|| crate::process::on_path(&["wasm-ld"]))
}

/// 96 of `rustc 1.96.0 (...)`.
fn minor_version(text: &str) -> Option<u32> {
    text.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiler_versions_are_read() {
        assert_eq!(minor_version("rustc 1.96.0 (ac68faa20 2026-05-25)\n"), Some(96));
        assert_eq!(minor_version("cargo 1.96.0"), None);
        assert_eq!(minor_version("rustc 2.0.0"), None);
    }

    #[test]
    fn a_target_without_its_library_does_not_count() {
        let sysroot = std::env::temp_dir().join(format!("tangelo-xtask-{}-sysroot", std::process::id()));
        let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
        std::fs::create_dir_all(&libraries).unwrap();
        assert!(!has_target(&sysroot));
        std::fs::write(libraries.join("libstd-0123.rlib"), "").unwrap();
        assert!(has_target(&sysroot));
        std::fs::remove_dir_all(sysroot).unwrap();
    }
}
