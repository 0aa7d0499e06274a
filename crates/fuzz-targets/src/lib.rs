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
mod token;
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
pub use frames::{e2ee_open, e2ee_opus, e2ee_seal};
pub use group::{e2ee_commit, e2ee_message, e2ee_welcome};
pub use leaf::{e2ee_credential, e2ee_key_package};
pub use names::names;
pub use sfu::{sfu_datagrams, sfu_offer};
pub use token::token;
pub use wire::{wire_messages, wire_signed};

/// Keys and ids are the same in every run, so that an input that breaks something does so again.
fn seeded() -> tangelo_e2ee::Seeded {
    tangelo_e2ee::Seeded::new(0)
}

/// A target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name, which its program and its folders have too.
    pub name: &'static str,
    /// Takes an input.
    pub run: fn(&[u8]),
    /// Good inputs for the fuzzer to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "wire_messages", run: wire_messages, seeds: seeds::wire_messages },
    Target { name: "wire_signed", run: wire_signed, seeds: seeds::edits },
    Target { name: "names", run: names, seeds: seeds::names },
    Target { name: "token", run: token, seeds: seeds::tokens },
    Target { name: "e2ee_key_package", run: e2ee_key_package, seeds: seeds::edits },
    Target { name: "e2ee_credential", run: e2ee_credential, seeds: seeds::edits },
    Target { name: "e2ee_commit", run: e2ee_commit, seeds: seeds::edits },
    Target { name: "e2ee_welcome", run: e2ee_welcome, seeds: seeds::edits },
    Target { name: "e2ee_message", run: e2ee_message, seeds: seeds::edits },
    Target { name: "e2ee_open", run: e2ee_open, seeds: seeds::edits },
    Target { name: "e2ee_seal", run: e2ee_seal, seeds: seeds::frames },
    Target { name: "e2ee_opus", run: e2ee_opus, seeds: seeds::frames },
    Target { name: "call_content", run: call_content, seeds: seeds::contents },
    Target { name: "call_messages", run: call_messages, seeds: seeds::contents_in_sequence },
    Target { name: "call_session", run: call_session, seeds: seeds::edits },
    Target { name: "delivery", run: delivery, seeds: seeds::edits },
    Target { name: "sfu_offer", run: sfu_offer, seeds: seeds::offers },
    Target { name: "sfu_datagrams", run: sfu_datagrams, seeds: seeds::edits },
];
