//! Writes `fuzz/seeds/` anew: `cargo run -p tangelo-fuzz-targets --bin seeds`.
#![allow(clippy::expect_used, reason = "a tool for the repository, not a program for users")]

use std::{fs, path::Path};

use tangelo_fuzz_targets::TARGETS;

fn main() {
    let seeds = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds"));
    for target in TARGETS {
        let folder = seeds.join(target.name);
        // What a fuzzer has found since may stand there too: only what is written here is replaced.
        fs::create_dir_all(&folder).expect("a folder");
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed).expect("a file");
        }
    }
}
