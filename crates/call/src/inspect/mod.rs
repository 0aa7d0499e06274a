//! What developers and researchers may want to see of a session: the group, its tree, whose turn it is, what came, what
//! was refused and why, frames by key. It holds no secret: no key, nothing of the link, nothing that was said. It holds
//! names and identities.
//!
//! What must be seen when it happens is always recorded, in bounded memory; the rest is read when somebody asks.

mod frames;
mod group;
mod history;

use serde::Serialize;
use tangelo_wire::{ClientId, LogId, Millis, Seq};

pub use frames::{EpochInspection, FramesInspection, SentKey};
pub use group::{
    CommitInspection, GroupInspection, MemberInspection, NewcomerInspection, NodeInspection, TreeInspection,
    WorkInspection,
};
pub use history::{
    Blame, Broken, ContentKind, EntryKind, HISTORY_MAX, Happening, HistoryInspection, HistoryRecord, Outcome,
};

pub(crate) use history::{History, facts};

use crate::Session;

/// A session at one moment. Times are milliseconds of the session's own clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct Inspection {
    /// The moment.
    #[cfg_attr(test, ts(type = "number"))]
    pub now: Millis,
    /// The room, while this client is present in it.
    pub room: Option<RoomInspection>,
    /// The group, while this client is in it.
    pub group: Option<GroupInspection>,
    /// What happened last.
    pub history: HistoryInspection,
    /// Frames and their keys.
    pub frames: FramesInspection,
    /// Why this client arrived anew, each time that it did.
    pub losses: Vec<&'static str>,
}

/// The room as this client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct RoomInspection {
    /// The own client id.
    #[cfg_attr(test, ts(type = "string"))]
    pub client: ClientId,
    /// Which log.
    #[cfg_attr(test, ts(type = "string"))]
    pub log_id: LogId,
    /// The last entry that was processed.
    #[cfg_attr(test, ts(type = "number"))]
    pub processed: Seq,
    /// The last `Founded` or `Committed` entry, skipped ones included: what the next one must name.
    #[cfg_attr(test, ts(type = "number"))]
    pub parent: Seq,
    /// Who is present and not a member of the group, in order of arrival.
    pub newcomers: Vec<NewcomerInspection>,
}

impl Session {
    /// All there is to see of the session now.
    #[must_use]
    pub fn inspect(&self, now: Millis) -> Inspection {
        let attendee = self.attendee();
        Inspection {
            now,
            room: attendee.map(|attendee| attendee.inspect_room()),
            group: attendee.and_then(|attendee| attendee.inspect_group(now)),
            history: self.history.inspect(),
            frames: FramesInspection::of(&self.media),
            losses: self.losses().to_vec(),
        }
    }
}
