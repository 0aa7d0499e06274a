//! What goes over the wire between a Tangelo client and its server: the only place where it is defined.
//!
//! Messages are JSON texts on a WebSocket, opaque bytes in base64. `docs/protocol.md` describes every message
//! and entry; change both together. Nothing here holds a key or knows MLS.

// Bad input must never panic: what may be missing is asked for with `get`. The workspace's lints deny the rest.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

mod admission;
pub mod base32;
mod bytes;
mod entry;
mod host_orders;
mod id;
pub mod limits;
mod log_hash;
mod media;
mod message;
mod mistake;
mod pass;
mod room;
mod time;
mod transcript;
mod turn;

pub use admission::{AccessProof, Admission, AdmissionError};
pub use bytes::Bytes;
pub use entry::{DepartReason, Entry, HostStatement, LogEntry, Post};
pub use host_orders::HostOrders;
pub use id::{ClientId, GroupId, LogHash, LogId, ParseIdError, ResumeToken, Seq};
pub use log_hash::with_admission;
pub use media::{LAYER_RIDS, LineUse, MediaKind, MediaLine, Picture, Source, View};
pub use message::{ClientMessage, ErrorCode, ForkCheck, Presence, Published, ServerMessage, WireError};
#[cfg(feature = "mistakes")]
pub use mistake::Making;
pub use mistake::{Mistake, ParseMistakeError, made};
pub use pass::{ParseTokenError, Pass, Token};
pub use room::{HostId, ParseRoomError, RoomName};
pub use time::Millis;
pub use transcript::Transcript;
pub use turn::TurnServers;

/// Version of the protocol that this crate speaks. A server refuses another one with [`ErrorCode::Protocol`].
pub const PROTOCOL: u32 = 4;
