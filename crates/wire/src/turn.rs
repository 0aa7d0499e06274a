//! TURN servers (RFC 8656), which a host may name for clients that cannot reach the SFU themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

/// TURN servers and what a client shows them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnServers {
    /// `turn:` and `turns:` addresses (RFC 7065), at most [`crate::limits::TURN_URLS_MAX`]; none if the host has named none.
    pub urls: Vec<String>,
    /// The name to log in with. Random, so that it tells a TURN server nothing about client and room.
    pub username: String,
    /// The password that goes with it.
    pub credential: String,
    /// How long both are good for, in seconds from now.
    pub seconds: u32,
}

/// The credential does not print.
impl fmt::Debug for TurnServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnServers")
            .field("urls", &self.urls)
            .field("username", &self.username)
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}
