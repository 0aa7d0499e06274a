//! web/package-lock.json.

use serde_json::{Map, Value};

use super::licence::Package;
use crate::Result;

/// One line for each thing that a lock file must not have.
///
/// Addresses: npm would then fetch from there, whatever registry or mirror its user has set. .npmrc keeps them out.
/// Packages without a hash: nothing would be locked.
pub(super) fn problems(lock: &Value) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    if lock["lockfileVersion"] != 3 {
        problems.push(
            "web/package-lock.json: `lockfileVersion` is not 3; write it with npm 9 or newer".to_owned(),
        );
    }
    for (path, package) in dependencies(lock)? {
        if let Some(address) = package["resolved"].as_str() {
            problems.push(format!("web/package-lock.json: {path} has the address {address}"));
        }
        if package["integrity"].as_str().is_none_or(|hash| !hash.starts_with("sha512-")) {
            problems.push(format!("web/package-lock.json: {path} has no SHA-512 hash"));
        }
    }
    Ok(problems)
}

/// Every npm package with its licence.
pub(super) fn packages(lock: &Value) -> Result<Vec<Package>> {
    Ok(dependencies(lock)?
        .map(|(path, package)| Package {
            name: path.rsplit("node_modules/").next().unwrap_or(path).to_owned(),
            version: package["version"].as_str().unwrap_or("?").to_owned(),
            licence: package["license"].as_str().map(str::to_owned),
        })
        .collect())
}

/// All packages but the web app itself, whose path is empty.
pub(crate) fn dependencies(lock: &Value) -> Result<impl Iterator<Item = (&str, &Value)>> {
    let packages: &Map<String, Value> =
        lock["packages"].as_object().ok_or("web/package-lock.json lacks `packages`")?;
    Ok(packages.iter().map(|(path, package)| (path.as_str(), package)).filter(|(path, _)| !path.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lock(package: Value) -> Value {
        json!({"lockfileVersion": 3, "packages": {"": {"name": "web"}, "node_modules/a/node_modules/@b/c": package}})
    }

    #[test]
    fn a_hash_and_no_address_is_what_is_wanted() {
        let lock = lock(json!({"version": "1.0.0", "integrity": "sha512-x", "license": "MIT"}));
        assert!(problems(&lock).unwrap().is_empty());
    }

    #[test]
    fn addresses_and_missing_hashes_are_found() {
        let address = json!({"integrity": "sha512-x", "resolved": "https://example.org/a.tgz"});
        assert!(problems(&lock(address)).unwrap()[0].contains("https://example.org/a.tgz"));
        assert_eq!(problems(&lock(json!({}))).unwrap().len(), 1);
        assert_eq!(problems(&lock(json!({"integrity": "sha1-x"}))).unwrap().len(), 1);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(problems(&json!({"lockfileVersion": 3})).is_err());
        assert_eq!(problems(&json!({"lockfileVersion": 1, "packages": {}})).unwrap().len(), 1);
    }

    #[test]
    fn packages_have_name_version_and_licence() {
        let lock = lock(json!({"version": "1.0.0", "license": "MIT"}));
        let packages = packages(&lock).unwrap();
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].name, "@b/c");
        assert_eq!(packages[0].version, "1.0.0");
        assert_eq!(packages[0].licence.as_deref(), Some("MIT"));
    }
}
