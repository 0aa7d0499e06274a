//! The crates and who uses whom, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::licence::Package;
use crate::Result;

/// The only source of crates, as Cargo.lock names it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Features with which a member attacks the others, the code makes mistakes, the fuzzer looks inside, and keys follow from
/// a seed: for tests alone.
const FOR_TESTS: [&str; 4] = ["insider", "mistakes", "fuzz", "seeded"];

/// The simulator and what the fuzzer calls: tests in all but name, so that no program may depend on them.
const TESTS: [&str; 2] = ["tangelo-sim", "tangelo-fuzz-targets"];

/// `from` must not depend on `on`, directly or through others, in what is built or run to build it.
struct Rule {
    from: &'static [&'static str],
    on: &'static [&'static str],
    why: &'static str,
}

const RULES: [Rule; 3] = [
    Rule {
        from: &["tangelo-wire", "tangelo-delivery", "tangelo-sfu", "tangelo-token", "tangelo-server"],
        on: &["tangelo-e2ee", "openmls", "sframe"],
        why: "the server's side never holds a key and never parses MLS or SFrame",
    },
    Rule {
        from: &[
            "tangelo-wire",
            "tangelo-e2ee",
            "tangelo-call",
            "tangelo-delivery",
            "tangelo-sfu",
            "tangelo-token",
        ],
        on: &["tokio", "mio", "async-std", "smol"],
        why: "these crates are sans-IO",
    },
    Rule {
        from: &["tangelo", "tangelo-call-wasm"],
        on: &TESTS,
        why: "insiders and deliberate mistakes are for tests alone",
    },
];

/// Normal and build dependencies of every crate.
pub(crate) struct Graph {
    names: BTreeMap<String, String>,
    edges: BTreeMap<String, Vec<String>>,
}

impl Graph {
    /// Reads the `resolve` part.
    pub(crate) fn of(metadata: &Value) -> Result<Self> {
        let mut names = BTreeMap::new();
        for package in array(metadata, "packages")? {
            names.insert(text(package, "id")?, text(package, "name")?);
        }
        let mut edges = BTreeMap::new();
        for node in array(&metadata["resolve"], "nodes")? {
            let mut to = Vec::new();
            for dependency in array(node, "deps")? {
                let kinds = array(dependency, "dep_kinds")?;
                if kinds.iter().any(|kind| kind["kind"].as_str() != Some("dev")) {
                    to.push(text(dependency, "pkg")?);
                }
            }
            edges.insert(text(node, "id")?, to);
        }
        Ok(Self { names, edges })
    }

    /// One line for each broken rule, with the way from the one crate to the other.
    pub(super) fn broken_rules(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for rule in &RULES {
            for from in rule.from {
                let Some(id) = self.names.iter().find(|(_, name)| name == from).map(|(id, _)| id) else {
                    problems.push(format!("a rule names {from}, which is no crate here"));
                    continue;
                };
                if let Some(way) = self.way(id, rule.on) {
                    problems.push(format!("{}: forbidden, for {}", way.join(" -> "), rule.why));
                }
            }
        }
        problems
    }

    /// The ids of the crates with these names, and of all that they depend on.
    pub(crate) fn reachable(&self, names: &[&str]) -> Result<BTreeSet<String>> {
        let mut queue = Vec::new();
        for name in names {
            let id = self.names.iter().find(|(_, other)| other == name).map(|(id, _)| id.clone());
            queue.push(id.ok_or_else(|| format!("{name} is no crate here"))?);
        }
        let mut seen = BTreeSet::new();
        while let Some(id) = queue.pop() {
            queue.extend(
                self.edges.get(&id).into_iter().flatten().filter(|next| !seen.contains(*next)).cloned(),
            );
            seen.insert(id);
        }
        Ok(seen)
    }

    /// A shortest way from a crate to one of those named.
    fn way(&self, from: &str, to: &[&str]) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut seen = BTreeSet::from([from]);
        let mut queue = VecDeque::from([from]);
        while let Some(id) = queue.pop_front() {
            if id != from && to.contains(&self.name(id)) {
                let mut way = vec![self.name(id).to_owned()];
                let mut at = id;
                while let Some(before) = came_from.get(at) {
                    way.push(self.name(before).to_owned());
                    at = before;
                }
                way.reverse();
                return Some(way);
            }
            for next in self.edges.get(id).into_iter().flatten() {
                if seen.insert(next) {
                    came_from.insert(next, id);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

/// Who takes one of the features [`FOR_TESTS`] for something that is no test. Only another one of them may pass it on.
pub(super) fn features_for_tests(metadata: &Value) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for package in array(metadata, "packages")? {
        let name = text(package, "name")?;
        if !TESTS.contains(&name.as_str()) {
            for feature in FOR_TESTS {
                problems.extend(takes(package, &name, feature)?);
            }
        }
    }
    Ok(problems)
}

fn takes(package: &Value, name: &str, wanted: &str) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for dependency in array(package, "dependencies")? {
        let takes = array(dependency, "features")?.iter().any(|feature| feature == wanted);
        if takes && dependency["kind"].as_str() != Some("dev") {
            problems.push(format!("{name} depends on {} with `{wanted}`", text(dependency, "name")?));
        }
    }
    let features = package["features"].as_object();
    let ours = |feature: &str| !FOR_TESTS.contains(&feature);
    for (feature, gives) in features.into_iter().flatten().filter(|(feature, _)| ours(feature)) {
        let gives = gives.as_array().into_iter().flatten().filter_map(Value::as_str);
        if name.starts_with("tangelo") && gives.into_iter().any(|given| given.ends_with(wanted)) {
            problems.push(format!("{name}: the feature `{feature}` gives `{wanted}`"));
        }
    }
    Ok(problems)
}

/// Every crate with its licence, those of the project included.
pub(super) fn packages(metadata: &Value) -> Result<Vec<Package>> {
    array(metadata, "packages")?
        .iter()
        .map(|package| {
            Ok(Package {
                name: text(package, "name")?,
                version: text(package, "version")?,
                licence: package["license"].as_str().map(str::to_owned),
            })
        })
        .collect()
}

/// The ids of the project's own crates, those of all its workspaces.
pub(super) fn members(workspaces: &[&Value]) -> Result<BTreeSet<String>> {
    let mut members = BTreeSet::new();
    for metadata in workspaces {
        members.extend(
            array(metadata, "workspace_members")?.iter().filter_map(Value::as_str).map(str::to_owned),
        );
    }
    Ok(members)
}

/// One line for each crate that comes neither from the project itself nor from crates.io.
pub(super) fn foreign_sources(metadata: &Value, members: &BTreeSet<String>) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for package in array(metadata, "packages")? {
        let (id, name) = (text(package, "id")?, text(package, "name")?);
        match package["source"].as_str() {
            Some(CRATES_IO) => {}
            None if members.contains(&id) => {}
            source => {
                problems.push(format!("{name} comes from {}, not crates.io", source.unwrap_or("a folder")))
            }
        }
    }
    Ok(problems)
}

fn array<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().ok_or_else(|| format!("`cargo metadata` lacks the list `{key}`"))
}

fn text(value: &Value, key: &str) -> Result<String> {
    value[key].as_str().map(str::to_owned).ok_or_else(|| format!("`cargo metadata` lacks the text `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MEMBERS: [&str; 11] = [
        "tangelo-wire",
        "tangelo-e2ee",
        "tangelo-call",
        "tangelo-call-wasm",
        "tangelo-delivery",
        "tangelo-sfu",
        "tangelo-token",
        "tangelo-server",
        "tangelo-sim",
        "tangelo-fuzz-targets",
        "tangelo",
    ];

    /// All members, a crate `helper`, OpenMLS and tokio, with these edges: from, to, kind.
    fn metadata(edges: &[(&str, &str, Option<&str>)]) -> Value {
        let others = ["helper", "openmls", "tokio"];
        let package = |name: &&str| {
            let source = others.contains(name).then_some(CRATES_IO);
            json!({"id": format!("id of {name}"), "name": name, "version": "1.0.0", "license": "MIT", "source": source})
        };
        let node = |name: &&str| {
            let deps: Vec<Value> = edges
                .iter()
                .filter(|(from, _, _)| from == name)
                .map(|(_, to, kind)| json!({"pkg": format!("id of {to}"), "dep_kinds": [{"kind": kind}]}))
                .collect();
            json!({"id": format!("id of {name}"), "deps": deps})
        };
        let all = || MEMBERS.iter().chain(&others);
        json!({
            "packages": all().map(package).collect::<Vec<_>>(),
            "workspace_members": MEMBERS.map(|name| format!("id of {name}")),
            "resolve": {"nodes": all().map(node).collect::<Vec<_>>()},
        })
    }

    fn broken(edges: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        Graph::of(&metadata(edges)).unwrap().broken_rules()
    }

    #[test]
    fn a_server_side_that_keeps_the_rules_passes() {
        let edges = [
            ("tangelo-call", "tangelo-e2ee", None),
            ("tangelo-e2ee", "openmls", None),
            ("tangelo-server", "tangelo-sfu", None),
            ("tangelo-server", "tokio", None),
            ("tangelo-delivery", "tangelo-e2ee", Some("dev")),
        ];
        assert!(broken(&edges).is_empty());
    }

    #[test]
    fn a_way_through_others_is_found_and_shown() {
        let edges = [("tangelo-sfu", "helper", None), ("helper", "tangelo-e2ee", None)];
        let problems = broken(&edges);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("tangelo-sfu -> helper -> tangelo-e2ee: forbidden"), "{problems:?}");
    }

    #[test]
    fn build_dependencies_count() {
        assert_eq!(broken(&[("tangelo-wire", "openmls", Some("build"))]).len(), 1);
    }

    #[test]
    fn sans_io_crates_use_no_runtime() {
        assert_eq!(broken(&[("tangelo-call", "tokio", None)]).len(), 1);
    }

    #[test]
    fn a_circle_is_no_endless_loop() {
        assert!(broken(&[("tangelo-wire", "helper", None), ("helper", "tangelo-wire", None)]).is_empty());
    }

    #[test]
    fn a_rule_about_a_crate_that_is_gone_is_a_problem() {
        let mut metadata = metadata(&[]);
        metadata["packages"].as_array_mut().unwrap().retain(|package| package["name"] != "tangelo-sfu");
        let problems = Graph::of(&metadata).unwrap().broken_rules();
        assert!(
            problems.iter().any(|problem| problem.contains("tangelo-sfu, which is no crate")),
            "{problems:?}"
        );
    }

    #[test]
    fn crates_from_git_and_from_folders_outside_are_foreign() {
        let mut metadata = metadata(&[]);
        let members = members(&[&metadata]).unwrap();
        assert!(foreign_sources(&metadata, &members).unwrap().is_empty());
        for package in metadata["packages"].as_array_mut().unwrap() {
            match package["name"].as_str() {
                Some("helper") => package["source"] = json!("git+https://example.org/helper"),
                Some("tokio") => package["source"] = Value::Null,
                _ => {}
            }
        }
        assert_eq!(
            foreign_sources(&metadata, &members).unwrap(),
            [
                "helper comes from git+https://example.org/helper, not crates.io",
                "tokio comes from a folder, not crates.io"
            ]
        );
    }

    #[test]
    fn other_json_is_an_error() {
        assert!(Graph::of(&json!({})).is_err());
        assert!(packages(&json!({"packages": [{"name": 1}]})).is_err());
    }

    #[test]
    fn insiders_and_mistakes_are_for_tests_alone() {
        let problems = |name: &str, kind: Option<&str>, feature: &str, features: Value| {
            let dependency = json!({"name": "tangelo-e2ee", "kind": kind, "features": [feature]});
            let package = json!({"name": name, "dependencies": [dependency], "features": features});
            features_for_tests(&json!({"packages": [package]})).unwrap().len()
        };
        for feature in FOR_TESTS {
            let passed_on = json!({feature: [format!("tangelo-e2ee/{feature}")]});
            let by_default = json!({"default": [feature]});
            assert_eq!(problems("tangelo-call", Some("dev"), feature, passed_on.clone()), 0);
            assert_eq!(problems("tangelo-call", None, feature, passed_on.clone()), 1);
            assert_eq!(problems("tangelo-call", Some("build"), feature, passed_on.clone()), 1);
            assert_eq!(problems("tangelo-call", Some("dev"), feature, by_default), 1);
            assert!(TESTS.iter().all(|name| problems(name, None, feature, passed_on.clone()) == 0));
        }
    }

    #[test]
    fn no_program_depends_on_what_is_a_test() {
        for program in ["tangelo", "tangelo-call-wasm"] {
            for test in TESTS {
                assert_eq!(broken(&[(program, "helper", None), ("helper", test, None)]).len(), 1);
            }
        }
    }
}
