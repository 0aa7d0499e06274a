//! Tokens that open rooms: JWTs (RFC 7519) in compact form (RFC 7515), with HS256 (RFC 7518) or Ed25519 (RFC 8037, RFC 9864).
//!
//! A server that has only the public key cannot issue what it checks. Texts of keys and the time come from outside: nothing here
//! reads a file, a clock or a random source.

// Bad input must never panic: what may be missing is asked for with `get`. The workspace's lints deny the rest.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

mod claims;
mod issue;
mod keys;
mod verify;

pub use claims::{Claims, NAME_MAX_CHARS, ParseRightError, Right, Rooms, SUBJECT_MAX_BYTES};
pub use issue::{IssueError, Issuer};
pub use keys::{KeyError, KeyPair, SECRET_MIN_BYTES, new_key_pair, new_secret};
pub use verify::{Fault, LEEWAY_SECONDS, Verifier};
