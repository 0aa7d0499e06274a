//! One attack, at least, for each rule of validity: what an insider does who holds a real leaf of the group and works
//! on OpenMLS without any of this crate's restraint. Each test shows that the honest members refuse it alike, that
//! nothing of theirs changed, and that the room goes on. `docs/validation.md` names them.

use crate::test_room as common;

mod crypto;
mod forge;
mod insider;
mod reframe;
mod world;

mod commits;
mod credentials;
mod host;
mod interop;
mod key_packages;
mod messages;
mod page;
mod paths;
mod proposals;
mod trees;
mod welcomes;
