//! What a guest says of itself, a line of JSON a few times a second. `web/e2e/chaos-guest.mjs` writes the same.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// A shorter pause between two frames of one person is not worth telling, in milliseconds.
pub(crate) const PAUSE_MS: u64 = 300;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Whether it is in the group, and connected.
    pub(crate) inside: bool,
    /// The MLS group's id, in hexadecimal digits.
    pub(crate) group: Option<String>,
    /// Its epoch.
    pub(crate) epoch: Option<u64>,
    /// The safety number; of a browser only where it was asked for.
    pub(crate) number: String,
    /// Names of all members, sorted.
    pub(crate) people: Vec<String>,
    /// The own leaf, unless it is not known.
    pub(crate) leaf: Option<u32>,
    /// By name: whose frames were decrypted.
    pub(crate) heard: BTreeMap<String, Heard>,
    /// Why it had to arrive anew, each time.
    pub(crate) losses: Vec<String>,
    /// Why the call is over for it.
    pub(crate) ended: Option<String>,
}

/// Frames of one person that were decrypted. Times are the system's, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    pub(crate) count: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Pauses that have ended since the last report.
    pub(crate) pauses: Vec<(u64, u64)>,
}

impl Heard {
    /// A frame was decrypted.
    pub(crate) fn note(&mut self, now_ms: u64) {
        if self.count == 0 {
            self.first = now_ms;
        } else if now_ms.saturating_sub(self.last) >= PAUSE_MS {
            self.pauses.push((self.last, now_ms));
        }
        self.count += 1;
        self.last = now_ms;
    }
}

/// The system's time, which all programs of this machine share.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
