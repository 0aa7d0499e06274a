//! Measurements of the end-to-end encryption: the same code natively and, as WASM, in a browser's worker. And what the
//! best possible SFU could do.
//!
//! `cargo xtask bench e2ee` runs everything and makes one table of it; `docs/benchmarks.md` holds the last one.
// Measuring is about clocks; the lint is for the sans-IO crates.
#![allow(clippy::disallowed_methods)]

#[cfg(not(target_arch = "wasm32"))]
pub mod busy;
#[cfg(not(target_arch = "wasm32"))]
pub mod calls;
mod clock;
#[cfg(not(target_arch = "wasm32"))]
pub mod crowd;
mod figure;
#[cfg(not(target_arch = "wasm32"))]
pub mod forward;
pub mod frames;
pub mod groups;
pub mod orange;
#[cfg(not(target_arch = "wasm32"))]
pub mod storm;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

pub use figure::{Figure, Samples, Section};

/// What went wrong while measuring, for a person to read.
#[derive(Debug)]
pub struct Failure(pub String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a measurement gives.
pub type Result<T> = std::result::Result<T, Failure>;

/// Says at which step something failed.
pub(crate) fn at<E: std::fmt::Debug>(step: &'static str) -> impl Fn(E) -> Failure {
    move |error| Failure(format!("{step}: {error:?}"))
}

/// How much to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A short run, for a look at the bytes and counts; its times are rough.
    Quick,
    /// The run whose times are written down.
    Full,
}

impl Effort {
    /// One of two amounts.
    pub fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}
