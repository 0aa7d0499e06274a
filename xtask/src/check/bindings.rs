//! The TypeScript types that Rust tests write from Rust types.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::process::run;
use crate::repo::Repo;

/// Tells ts-rs where to write; .cargo/config.toml sets it to web/src/generated for whoever runs the tests by hand.
pub(super) const EXPORT_VARIABLE: &str = "TS_RS_EXPORT_DIR";

/// web/src/generated/*.ts are what the Rust types of today give.
pub(crate) fn check(repo: &Repo) -> Result<()> {
    let fresh = repo.notes().join("bindings");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(|error| format!("cannot remove {}: {error}", fresh.display()))?;
    }
    run(repo
        .cargo()
        .args(["test", "--quiet", "--locked", "--package", "tangelo-call", "--lib", "export_bindings"])
        .env(EXPORT_VARIABLE, &fresh))?;
    let fresh = types(&fresh)?;
    if fresh.is_empty() {
        return Err("the tests `export_bindings` of tangelo-call wrote no types".to_owned());
    }
    let differing = differing(&fresh, &types(&repo.web().join("src/generated"))?);
    if differing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "web/src/generated is out of date: {}. `cargo test -p tangelo-call --lib export_bindings` writes it anew; \
         remove files whose type is gone",
        differing.join(", ")
    ))
}

/// Contents of the TypeScript files of a folder, by name.
fn types(folder: &Path) -> Result<BTreeMap<String, String>> {
    let fail = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut types = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|ending| ending == "ts")
            && let Some(name) = path.file_name()
        {
            types.insert(name.to_string_lossy().into_owned(), fs::read_to_string(&path).map_err(fail)?);
        }
    }
    Ok(types)
}

fn differing(fresh: &BTreeMap<String, String>, kept: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<String> =
        fresh.keys().chain(kept.keys()).filter(|name| fresh.get(*name) != kept.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn changed_new_and_left_over_files_differ() {
        let fresh = files(&[("Same.ts", "1"), ("Changed.ts", "1"), ("New.ts", "1")]);
        let kept = files(&[("Same.ts", "1"), ("Changed.ts", "2"), ("Gone.ts", "1")]);
        assert_eq!(differing(&fresh, &kept), ["Changed.ts", "Gone.ts", "New.ts"]);
        assert!(differing(&fresh, &fresh).is_empty());
    }
}
