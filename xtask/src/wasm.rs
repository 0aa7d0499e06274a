//! A crate to WASM, crates/call-wasm above all: cargo, wasm-bindgen where JavaScript belongs to it, wasm-opt.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::process::{run, tool};
use crate::repo::Repo;
use crate::setup::wasm_target::{self, TARGET};
use crate::stamp::{Fingerprint, Stamp};

/// What becomes a WASM module.
pub(crate) struct Module {
    /// The package.
    pub(crate) package: &'static str,
    /// The project's crates that end up in it, by folder.
    pub(crate) crates: &'static [&'static str],
    /// The profile of Cargo.toml that it is built with.
    pub(crate) profile: String,
    /// The name of its files.
    pub(crate) name: &'static str,
    /// Where they go.
    pub(crate) output: PathBuf,
    /// Whether wasm-bindgen writes JavaScript and types for it.
    pub(crate) script: bool,
}

impl Module {
    /// The module itself.
    fn file(&self) -> PathBuf {
        self.output.join(if self.script {
            format!("{}_bg.wasm", self.name)
        } else {
            format!("{}.wasm", self.name)
        })
    }
}

/// The call's core, as it is shipped.
pub(crate) fn core(repo: &Repo) -> Module {
    Module {
        package: "tangelo-call-wasm",
        crates: &["wire", "e2ee", "call", "call-wasm"],
        profile: "wasm".to_owned(),
        name: "tangelo_call",
        output: repo.generated_wasm(),
        script: true,
    }
}

/// What effects on own sound and picture compute with.
fn effects(repo: &Repo) -> Module {
    Module {
        package: "tangelo-effects-wasm",
        crates: &["effects-wasm"],
        profile: "wasm".to_owned(),
        name: "tangelo_effects",
        output: repo.generated_wasm(),
        script: false,
    }
}

/// What every browser with encoded transforms has, and rustc or [`SIMD`] uses.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// 5 to 10 % faster AES-GCM.
const SIMD: &str = "-Ctarget-feature=+simd128";

/// Builds what the page loads, the call's core and the effects, unless they are up to date.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    build_module(repo, &core(repo), "wasm.stamp")?;
    build_module(repo, &effects(repo), "effects.stamp")
}

/// Builds a module unless the stamp says that it is up to date.
pub(crate) fn build_module(repo: &Repo, module: &Module, stamp: &str) -> Result<()> {
    let toolchain = wasm_target::ensure()?;
    let optimizer = repo.web().join("node_modules/binaryen");

    let mut fingerprint = Fingerprint::default();
    fingerprint.add(&toolchain.version()?).add(&toolchain.rustflags().join(" ")).add(&module.profile);
    for name in module.crates {
        fingerprint.add_folder(&repo.root.join("crates").join(name), &["tests", "benches"])?;
    }
    for file in ["Cargo.toml", "Cargo.lock", "xtask/src/wasm.rs", "xtask/bindgen/src/main.rs"] {
        fingerprint.add_file(&repo.root.join(file))?;
    }
    let fingerprint = fingerprint.add_file(&optimizer.join("package.json"))?.finish();
    let stamp = Stamp(repo.notes().join(stamp));
    let output = module.file();
    if output.exists() && stamp.is(&fingerprint) {
        println!("WASM of {}: up to date", module.package);
        return Ok(());
    }
    stamp.clear();

    compile(repo, &toolchain, module)?;
    let compiled = format!("{}.wasm", module.package.replace('-', "_"));
    let compiled = wasm_target_dir(repo).join(TARGET).join(&module.profile).join(compiled);
    if module.script {
        run(repo
            .cargo()
            .args(["run", "--quiet", "--locked", "--package", "xtask-bindgen", "--"])
            .arg(&compiled)
            .arg(&module.output)
            .arg(module.name))?;
    } else {
        fs::create_dir_all(&module.output)
            .and_then(|()| fs::copy(&compiled, &output))
            .map_err(|error| format!("cannot copy {}: {error}", compiled.display()))?;
    }
    optimize(&optimizer.join("bin/wasm-opt"), &output)?;
    let size =
        fs::metadata(&output).map_err(|error| format!("cannot read {}: {error}", output.display()))?.len();
    println!("WASM of {}: {} kB", module.package, size / 1000);
    stamp.set(&fingerprint)
}

/// Apart from cargo's usual folder: the compiler may be another one.
fn wasm_target_dir(repo: &Repo) -> PathBuf {
    repo.target.join("wasm")
}

fn compile(repo: &Repo, toolchain: &wasm_target::Toolchain, module: &Module) -> Result<()> {
    let mut rustflags = vec![SIMD.to_owned()];
    rustflags.extend(toolchain.rustflags());
    // What the builder's folders are called is no business of those who load the page.
    rustflags.push(format!("--remap-path-prefix={}=tangelo", repo.root.display()));
    if let Some(home) = cargo_home() {
        rustflags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    let mut command = toolchain.cargo();
    command
        .current_dir(&repo.root)
        .args(["build", "--locked", "--package", module.package, "--lib", "--profile", &module.profile])
        .args(["--target", TARGET, "--target-dir"])
        .arg(wasm_target_dir(repo))
        .args(toolchain.build_args())
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags.join("\u{1f}"));
    run(&mut command)
}

/// Where Cargo keeps packages.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    named.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

fn optimize(wasm_opt: &Path, file: &Path) -> Result<()> {
    // Through node: the packed program has no execute bit everywhere.
    run(tool("node")
        .arg(wasm_opt)
        .args(["-O3", "--strip-debug", "--strip-producers"])
        .args(WASM_FEATURES)
        .arg(file)
        .arg("-o")
        .arg(file))
}
