//! `cargo xtask bench e2ee`: builds what is measured, measures it natively and in a browser, and makes one table.

use super::table::{Place, Table};
use super::{folder, publish, refuse_to_write_what_is_not_committed};
use crate::Result;
use crate::process::{run as run_tool, tool};
use crate::repo::Repo;
use crate::setup::{self, browsers};
use crate::wasm::{self, Module};
use crate::web;

/// The project's crates in the WASM of the measurements.
const CRATES: &[&str] = &["wire", "e2ee", "delivery", "bench"];
/// The profile of the shipped WASM.
const SHIPPED: &str = "wasm";

/// What to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// A short run: bytes and counts as in the long one, times rough.
    quick: bool,
    /// Write the table to docs/benchmarks.md.
    write: bool,
    /// Another profile of Cargo.toml: the core is measured in it too, next to the shipped one.
    profile: Option<String>,
}

impl Options {
    /// Reads the words after `bench e2ee`.
    pub(super) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--quick" => options.quick = true,
                "--write" => options.write = true,
                "--profile" => {
                    let name = words.next().ok_or("--profile wants the name of a profile in Cargo.toml")?;
                    options.profile = Some((*name).to_owned());
                }
                other => {
                    return Err(format!(
                        "`{other}` is no option of `cargo xtask bench e2ee`: --quick, --write, --profile NAME"
                    ));
                }
            }
        }
        if options.quick && options.write {
            return Err("--write wants the times of a full run: leave --quick out".to_owned());
        }
        Ok(options)
    }
}

/// Measures, prints the table, and writes it if asked to.
pub(super) fn run(repo: &Repo, options: &Options) -> Result<()> {
    if options.write {
        refuse_to_write_what_is_not_committed(repo)?;
    }
    setup::for_build(repo)?;
    let chromium = browsers::chromium()?;
    wasm::build(repo)?;
    web::build(repo)?;
    let bench = Module {
        package: "tangelo-bench",
        crates: CRATES,
        profile: SHIPPED.to_owned(),
        name: "tangelo_bench",
        output: folder(repo).join("measurements"),
        script: true,
    };
    wasm::build_module(repo, &bench, "bench.stamp")?;
    let other = match options.profile.as_deref() {
        None | Some(SHIPPED) => None,
        Some(profile) => {
            let output = folder(repo).join(profile);
            let core = Module { profile: profile.to_owned(), output, ..wasm::core(repo) };
            wasm::build_module(repo, &core, &format!("bench-{profile}.stamp"))?;
            Some(core)
        }
    };
    run_tool(repo.cargo().args(["build", "--release", "--locked", "--package", "tangelo-bench"]))?;

    println!("\nMeasuring natively");
    let native = folder(repo).join("native.json");
    let mut command = tool(repo.target.join("release/tangelo-bench"));
    if options.quick {
        command.arg("--quick");
    }
    run_tool(command.arg(&native))?;

    println!("\nMeasuring in Chromium");
    let browser = folder(repo).join("browser.json");
    let mut command = tool("node");
    command.arg(repo.web().join("bench/run.mjs")).env("TANGELO_CHROMIUM", chromium);
    if options.quick {
        command.arg("--quick");
    }
    command.arg("--measurements").arg(&bench.output).arg("--out").arg(&browser);
    if let Some(core) = &other {
        command.arg("--other").arg(&core.profile).arg(&core.output);
    }
    run_tool(&mut command)?;

    let mut table = Table::default();
    table.read(Place::Native, &native)?;
    table.read(Place::Browser, &browser)?;
    publish(repo, table, options.write.then_some(("benchmarks.md", include_str!("e2ee.md"))))
}
