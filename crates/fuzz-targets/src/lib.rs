//! What the fuzzer calls: one function for each parser and state machine that eats bytes from outside.
//!
//! `fuzz/` has a libFuzzer program for each, which `cargo xtask fuzz` builds and runs. The tests of this crate call the
//! same functions with `fuzz/seeds/` and `fuzz/regressions/`, on the stable toolchain and without a fuzzer.
//!
//! A function panics if a promise is broken. What it needs of a real call, it makes with real parts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken promise is to be seen, and no program has this crate in it"
)]

mod call;
mod delivery;
mod frames;
mod group;
mod input;
mod leaf;
mod names;
pub mod seeds;
mod sfu;
mod wire;

// The worlds of other crates' tests.
#[path = "../../call/tests/common/mod.rs"]
mod call_world;
#[path = "../../delivery/tests/run/mod.rs"]
mod delivery_run;
#[path = "../../e2ee/tests/common/mod.rs"]
mod room;
#[path = "../../sfu/tests/common/mod.rs"]
mod sfu_world;

pub use call::{call_content, call_messages, call_session};
pub use delivery::delivery;
pub use frames::{e2ee_opus, e2ee_open, e2ee_seal};
pub use group::{e2ee_commit, e2ee_message, e2ee_welcome};
pub use leaf::{e2ee_credential, e2ee_key_package};
pub use names::names;
pub use sfu::{sfu_datagrams, sfu_offer};
pub use wire::{wire_messages, wire_signed};

/// Every target: its name, its function, and the good inputs that the fuzzer starts from.
pub const TARGETS: &[(&str, fn(&[u8]), fn() -> Vec<Vec<u8>>)] = &[
    ("wire_messages", wire_messages, seeds::wire_messages),
    ("wire_signed", wire_signed, seeds::edits),
    ("names", names, seeds::names),
    ("e2ee_key_package", e2ee_key_package, seeds::edits),
    ("e2ee_credential", e2ee_credential, seeds::edits),
    ("e2ee_commit", e2ee_commit, seeds::edits),
    ("e2ee_welcome", e2ee_welcome, seeds::edits),
    ("e2ee_message", e2ee_message, seeds::edits),
    ("e2ee_open", e2ee_open, seeds::edits),
    ("e2ee_seal", e2ee_seal, seeds::frames),
    ("e2ee_opus", e2ee_opus, seeds::frames),
    ("call_content", call_content, seeds::contents),
    ("call_messages", call_messages, seeds::contents_in_sequence),
    ("call_session", call_session, seeds::edits),
    ("delivery", delivery, seeds::edits),
    ("sfu_offer", sfu_offer, seeds::offers),
    ("sfu_datagrams", sfu_datagrams, seeds::edits),
];
