//! A client's session in a Tangelo call, sans-IO: the same code in the browser and natively.
//!
//! [`Session`] takes WebSocket texts, time, commands of the page and media frames; it hands out texts to send,
//! events for the page, and sealed or opened frames. It owns no clock, socket or thread.

// Bad input must never panic: what may be missing is asked for with `get`. The workspace's lints deny the rest.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

mod api;
mod attendee;
mod content;
pub mod emoji;
mod fork_alarm;
mod frames;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod hearing;
pub mod inspect;
mod jitter;
mod output;
mod room_state;
mod session;
mod stats;

pub use api::{Barred, Command, Event, HostOrder, Person, Phase, RemoteTrack, RoomView, Waiting, Words};
#[cfg(feature = "insider")]
pub use attendee::{Deed, GroupLook, Look, PendingLook};
pub use content::{CHAT_MAX_CHARS, MemberState, REACTION_MAX_BYTES};
pub use frames::FrameVerdict;
pub use output::Output;
pub use session::{Config, Session, StartError};
pub use stats::{KeyCounters, ReceiverCounters, RefusedEntry, Stats};
pub use tangelo_e2ee::media::opus;
pub use tangelo_e2ee::{IdentityKey, SoftIdentity, link, random_bytes};
