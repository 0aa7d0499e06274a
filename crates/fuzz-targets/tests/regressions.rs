//! Every target takes its seeds, and everything that has ever broken it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use tangelo_fuzz_targets::{TARGETS, Target};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The files of a folder, in their order; none if there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn no_target_breaks_on_its_seeds_and_on_what_broke_it_once() {
    for Target { name, run, .. } in TARGETS {
        let seeds = files(&fuzz().join("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds; `cargo run -p tangelo-fuzz-targets --bin seeds`");
        for file in seeds.into_iter().chain(files(&fuzz().join("regressions").join(name))) {
            // Captured by the test harness, and shown where a target breaks.
            println!("{name}: {}", file.display());
            run(&fs::read(file).unwrap());
        }
    }
}

#[test]
fn every_target_has_a_program_and_every_program_a_target() {
    let cargo = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let programs: Vec<String> = files(&fuzz().join("fuzz_targets"))
        .iter()
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    targets.sort_unstable();
    assert_eq!(programs, targets);
    for name in targets {
        assert!(cargo.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml does not have {name}");
        let program = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("tangelo_fuzz_targets::{name}(data)")), "{name}");
    }
}
