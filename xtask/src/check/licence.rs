//! Which licences a dependency may have.

use spdx::{Expression, LicenseReq, ParseMode};

/// A crate or npm package.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression, if it names one.
    pub(super) licence: Option<String>,
}

/// Each may be part of a program under MIT or Apache-2.0 that is given away as a binary.
const ALLOWED: [(&str, &str); 11] = [
    ("MIT", "the project's own"),
    ("Apache-2.0", "the project's own"),
    ("BSD-2-Clause", "permissive: keep the notice"),
    ("BSD-3-Clause", "permissive: keep the notice"),
    ("ISC", "permissive: keep the notice"),
    ("Zlib", "permissive: keep the notice"),
    ("Unicode-3.0", "permissive, for Unicode's tables"),
    ("MPL-2.0", "binds changes to its own files only, which we do not make"),
    ("0BSD", "permissive, without conditions"),
    ("CC0-1.0", "given to the public"),
    ("Unlicense", "given to the public"),
];

/// Packages that the fuzzer alone may use, although their licence is not in the table: name, and why.
pub(super) const FUZZER_ONLY: [(&str, &str); 1] = [(
    "libfuzzer-sys",
    "LLVM's libFuzzer in it is under NCSA, which is permissive; it is in no program that anybody is given",
)];

/// One line for each package that may not be used. `exceptions` may be, whatever their licence is.
pub(super) fn problems(packages: &[Package], exceptions: &[(&str, &str)]) -> Vec<String> {
    packages
        .iter()
        .filter(|package| !exceptions.iter().any(|(name, _)| *name == package.name))
        .filter_map(|package| {
            let problem = problem(package.licence.as_deref())?;
            Some(format!("{} {}: {problem}", package.name, package.version))
        })
        .collect()
}

fn problem(licence: Option<&str>) -> Option<String> {
    let Some(licence) = licence else { return Some("names no licence".to_owned()) };
    // Old crates write `MIT/Apache-2.0`.
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Err(error) => Some(format!("`{licence}` is no licence expression: {}", error.reason)),
        Ok(expression) if expression.evaluate(is_allowed) => None,
        Ok(_) => {
            Some(format!("`{licence}` is not among the allowed: {}", ALLOWED.map(|(id, _)| id).join(", ")))
        }
    }
}

/// `WITH` gives more rights, never fewer.
fn is_allowed(required: &LicenseReq) -> bool {
    required.license.id().is_some_and(|id| ALLOWED.iter().any(|(allowed, _)| *allowed == id.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(licence: &str) -> bool {
        problem(Some(licence)).is_none()
    }

    #[test]
    fn of_alternatives_one_allowed_is_enough() {
        assert!(allowed("MIT OR Apache-2.0"));
        assert!(allowed("MIT/Apache-2.0"));
        assert!(allowed("MIT OR Apache-2.0 OR LGPL-2.1-or-later"));
        assert!(allowed("Apache-2.0 WITH LLVM-exception"));
    }

    #[test]
    fn of_joint_licences_each_must_be_allowed() {
        assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!allowed("MIT AND GPL-3.0-only"));
        assert!(allowed("ISC AND (Apache-2.0 OR ISC OR MIT-0) AND BSD-3-Clause"));
    }

    #[test]
    fn copyleft_unknown_and_missing_licences_are_refused() {
        for licence in
            ["GPL-3.0-only", "AGPL-3.0-or-later", "LGPL-2.1", "OpenSSL", "BUSL-1.1", "Proprietary", ""]
        {
            assert!(!allowed(licence), "{licence}");
        }
        assert!(problem(None).is_some());
    }

    #[test]
    fn the_table_has_only_identifiers_that_exist() {
        for (id, _) in ALLOWED {
            assert!(spdx::license_id(id).is_some_and(|known| known.name == id), "{id}");
        }
    }

    #[test]
    fn a_problem_names_the_package() {
        let package = |licence: &str| Package {
            name: "some".to_owned(),
            version: "1.2.3".to_owned(),
            licence: Some(licence.to_owned()),
        };
        let packages = [package("MIT"), package("SSPL-1.0")];
        let found = problems(&packages, &[]);
        assert_eq!(found.len(), 1);
        assert!(problems(&packages, &[("some", "why")]).is_empty());
        assert_eq!(problems(&packages, &FUZZER_ONLY), found);
        assert!(found[0].starts_with("some 1.2.3: `SSPL-1.0`"), "{found:?}");
    }
}
