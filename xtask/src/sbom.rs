//! `cargo xtask sbom`: what the program and its page are made of, as CycloneDX 1.6.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use crate::Result;
use crate::check::{self, graph, npm_lock};
use crate::process::output;
use crate::repo::Repo;

/// What people are given: the program, and the WASM in its page.
const GIVEN: [&str; 3] = ["tangelo", "tangelo-call-wasm", "tangelo-effects-wasm"];

/// Writes the list and says where.
pub(crate) fn sbom(repo: &Repo) -> Result<()> {
    let json = output(repo.cargo().args(["metadata", "--locked", "--format-version", "1"]))?;
    let metadata: Value =
        serde_json::from_str(&json).map_err(|error| format!("`cargo metadata` is not JSON: {error}"))?;
    let read = |name: &str| {
        let path = repo.root.join(name);
        fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let npm: Value = serde_json::from_str(&read("web/package-lock.json")?)
        .map_err(|error| format!("web/package-lock.json is not JSON: {error}"))?;
    let built = check::built(repo, "Cargo.toml")?;
    let mut components = crates(&metadata, &built, &checksums(&read("Cargo.lock")?))?;
    components.extend(npm_packages(&npm)?);
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {
            "type": "application",
            "bom-ref": "tangelo",
            "name": "tangelo",
            "version": env!("CARGO_PKG_VERSION"),
            "licenses": [{"expression": "MIT OR Apache-2.0"}],
        }},
        "components": components,
    });
    let path = repo.target.join("sbom/tangelo.cdx.json");
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(&path, format!("{document:#}\n")).map_err(failed)?;
    println!("{}: {} crates and packages", path.display(), components.len());
    Ok(())
}

/// Crates of others that are in what people are given, or that run when it is built.
fn crates(
    metadata: &Value,
    built: &BTreeSet<(String, String)>,
    checksums: &BTreeMap<(String, String), String>,
) -> Result<Vec<Value>> {
    let used = graph::Graph::of(metadata)?.reachable(&GIVEN)?;
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let get = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        if package["source"].is_null() || !used.contains(&get("id")) {
            continue;
        }
        let (name, version) = (get("name"), get("version"));
        if !built.contains(&(name.clone(), version.clone())) {
            continue;
        }
        let hash = checksums
            .get(&(name.clone(), version.clone()))
            .ok_or_else(|| format!("Cargo.lock has no checksum of {name} {version}"))?;
        let purl = format!("pkg:cargo/{name}@{version}");
        found.push(component((&name, &version), &purl, &get("license"), ("SHA-256", hash)));
    }
    Ok(found)
}

/// npm packages whose code is in the page.
fn npm_packages(lock: &Value) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for (path, package) in npm_lock::dependencies(lock)?.filter(|(_, package)| package["dev"] != true) {
        let get = |key: &str| package[key].as_str().unwrap_or_default();
        let name = path.rsplit("node_modules/").next().unwrap_or(path);
        let hash = base64_to_hex(get("integrity").trim_start_matches("sha512-"))
            .ok_or_else(|| format!("web/package-lock.json has no SHA-512 hash of {name}"))?;
        let purl = format!("pkg:npm/{}@{}", name.replace('@', "%40"), get("version"));
        found.push(component((name, get("version")), &purl, get("license"), ("SHA-512", &hash)));
    }
    Ok(found)
}

fn component(
    (name, version): (&str, &str),
    purl: &str,
    licence: &str,
    (algorithm, hash): (&str, &str),
) -> Value {
    json!({
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        // Old crates write `MIT/Apache-2.0`.
        "licenses": [{"expression": licence.replace('/', " OR ")}],
        "hashes": [{"alg": algorithm, "content": hash}],
    })
}

/// By name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for block in lock.split("[[package]]") {
        let get = |key: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
            line.and_then(|rest| rest.strip_suffix('"')).map(str::to_owned)
        };
        if let (Some(name), Some(version), Some(sum)) = (get("name"), get("version"), get("checksum")) {
            found.insert((name, version), sum);
        }
    }
    found
}

/// RFC 4648 section 4, as npm writes hashes.
fn base64_to_hex(text: &str) -> Option<String> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut hex, mut bits, mut count) = (String::new(), 0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == byte)?;
        bits = (bits << 6 | u32::try_from(digit).ok()?) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            hex += &format!("{:02x}", bits >> count & 0xff);
        }
    }
    (!hex.is_empty()).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_written_in_hexadecimal() {
        assert_eq!(base64_to_hex("3q2+7w==").as_deref(), Some("deadbeef"));
        assert_eq!(base64_to_hex("AAEC").as_deref(), Some("000102"));
        assert_eq!(base64_to_hex("no hash!"), None);
        assert_eq!(base64_to_hex(""), None);
    }

    #[test]
    fn checksums_are_found_by_name_and_version() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"x\"\nchecksum = \"12\"\n\n\
                    [[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        let found = checksums(lock);
        assert_eq!(found.get(&("a".to_owned(), "1.0.0".to_owned())).map(String::as_str), Some("12"));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn of_npm_only_what_is_in_the_page_counts() {
        let package = |dev: bool| json!({"version": "1.0.0", "license": "MIT", "integrity": "sha512-3q2+7w==", "dev": dev});
        let lock = json!({"packages": {"": {}, "node_modules/@a/b": package(false), "node_modules/c": package(true)}});
        let found = npm_packages(&lock).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["purl"], "pkg:npm/%40a/b@1.0.0");
        assert_eq!(found[0]["hashes"][0]["content"], "deadbeef");
    }
}
