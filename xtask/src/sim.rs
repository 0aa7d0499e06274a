//! The simulator.

use crate::Result;
use crate::process::run as start;
use crate::repo::Repo;

/// `cargo xtask sim`: builds the simulator and passes `args` on.
pub(crate) fn run(repo: &Repo, args: &[&str]) -> Result<()> {
    start(repo.cargo().args(["run", "--locked", "--release", "-p", "tangelo-sim", "--"]).args(args))
}

/// As many seeds as fit into 40 s, all plans in turn. A machine that manages fewer than these shows nothing.
pub(crate) fn for_a_while(repo: &Repo) -> Result<()> {
    run(repo, &["--seeds", "1000000", "--seconds", "40", "--at-least", "100"])
}
