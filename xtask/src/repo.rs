//! Where things are.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::Result;
use crate::process::{cargo, output};

/// The project's folders.
pub(crate) struct Repo {
    /// The folder of the root Cargo.toml.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever the user's configuration puts it.
    pub(crate) target: PathBuf,
}

impl Repo {
    /// Asks cargo. The working directory is anywhere inside the project: the alias works nowhere else.
    pub(crate) fn find() -> Result<Self> {
        let json = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value =
            serde_json::from_str(&json).map_err(|error| format!("`cargo metadata` is not JSON: {error}"))?;
        let path = |key: &str| {
            metadata[key]
                .as_str()
                .map(PathBuf::from)
                .ok_or_else(|| format!("`cargo metadata` has no `{key}`"))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// The folder of the web app.
    pub(crate) fn web(&self) -> PathBuf {
        self.root.join("web")
    }

    /// Where wasm-bindgen's output goes.
    pub(crate) fn generated_wasm(&self) -> PathBuf {
        self.root.join("web/src/generated/wasm")
    }

    /// The server's binary.
    pub(crate) fn binary(&self) -> PathBuf {
        self.target.join("release/tangelo")
    }

    /// xtask's own notes: stamps and scratch.
    pub(crate) fn notes(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// Cargo of the toolchain in use, in the project's root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }
}
