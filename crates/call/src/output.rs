//! What a session asks its runner to do.

use std::fmt;

use serde::Serialize;
use tangelo_wire::Bytes;

use crate::Event;

/// To be done in the order given.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Output {
    /// Open a WebSocket to the server, then call `connected`; if that fails or it closes, `disconnected`.
    Connect,
    /// Close the WebSocket; no `disconnected` is wanted.
    Close,
    /// Send this text on the WebSocket.
    Send {
        /// A client message of `tangelo-wire`.
        text: String,
    },
    /// Have the device identity sign this, then call `identity_signed`.
    SignIdentity {
        /// The bytes to sign.
        payload: Bytes,
    },
    /// Tell the page.
    Event {
        /// What.
        event: Event,
    },
}

/// Texts hold resume tokens, so they do not print.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("Connect"),
            Self::Close => f.write_str("Close"),
            Self::Send { text } => write!(f, "Send({} bytes)", text.len()),
            Self::SignIdentity { .. } => f.write_str("SignIdentity"),
            Self::Event { event } => f.debug_tuple("Event").field(event).finish(),
        }
    }
}
