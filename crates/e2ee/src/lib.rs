//! End-to-end encryption of a Tangelo call: identity, MLS group, designated committer, SFrame media, safety number.
//!
//! Sans-IO: time and bytes come in, bytes and verdicts go out. Every secret of a call lives in this crate; only
//! [`group`] names OpenMLS and only [`media`] names SFrame.

// Bad input must never panic: what may be missing is asked for with `get`. The workspace's lints deny the rest.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

// The tests' room names this crate as tests from outside do.
#[cfg(test)]
extern crate self as tangelo_e2ee;

#[cfg(test)]
mod attacks;
pub mod candidate;
pub mod committer;
mod credential;
mod crypto;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod group;
mod host_proof;
mod hpke_key;
mod identity;
mod leaf;
pub mod link;
pub mod media;
mod name;
pub mod presence;
mod provider;
mod random;
mod rule;
mod safety_number;
mod secret;
mod storage;

#[cfg(test)]
#[path = "../tests/leaks/mod.rs"]
mod leaks;
#[cfg(test)]
mod secrecy_test;
/// The integration tests' room, for tests that look inside.
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod test_room;
#[cfg(test)]
mod test_secrets;

pub use credential::Profile;
pub use host_proof::HostProof;
pub use identity::{IdentityKey, IdentityProof, SoftIdentity};
pub use leaf::{Applicant, LeafKey};
pub use name::{Name, NameError};
#[cfg(feature = "seeded")]
pub use random::Seeded;
pub use rule::Rule;
pub use safety_number::SafetyNumber;

/// What went wrong inside, apart from what others sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The operating system or browser gave no random bytes.
    #[error("no random numbers can be had")]
    Random,
    /// OpenMLS failed where it must not; the argument names the step.
    #[error("the encryption failed inside ({0})")]
    Mls(&'static str),
    /// The own identity's signature does not verify.
    #[error("this device's identity key gave a wrong signature")]
    Identity,
    /// The own credential would break a rule.
    #[error("the own credential is not valid: {0}")]
    Own(Rule),
}

/// Where a call takes place, and the secrets that its link gave.
#[derive(Debug)]
pub struct RoomContext {
    /// `location.host` of the server.
    pub host: String,
    /// The room's link.
    pub link: link::Link,
}

/// `N` random bytes of the operating system or browser.
///
/// # Errors
/// [`Error::Random`].
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    provider::Provider::default().random()
}
