//! A client's session in a Tangelo call, sans-IO: the same code in the browser and natively.
//!
//! [`Session`] takes WebSocket texts, time, commands of the page and media frames; it hands out texts to send,
//! events for the page, and sealed or opened frames. It owns no clock, socket or thread.

mod api;
mod attendee;
pub mod emoji;
mod frames;
mod output;
mod session;
mod stats;

pub use api::{Command, Event, Person, Phase, RemoteTrack};
pub use frames::FrameVerdict;
pub use output::Output;
pub use session::{Config, Session, StartError};
pub use stats::{ReceiverCounters, RefusedEntry, Stats};
pub use tangelo_e2ee::{IdentityKey, SoftIdentity, link, random_bytes};
