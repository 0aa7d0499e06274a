//! What a session asks its runner to do.

use serde::Serialize;
use tangelo_wire::Bytes;

use crate::Event;

/// To be done in the order given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
