//! What happened to a session, in the order in which it saw it. It outlives a client that arrives anew: what led to that
//! is what people want to know.

use std::collections::VecDeque;

use serde::Serialize;
use tangelo_e2ee::Rule;
use tangelo_wire::{ClientId, Entry, ErrorCode, Millis, Seq};

use crate::content::Content;

/// Most happenings that are remembered.
pub const HISTORY_MAX: usize = 500;

/// The last [`HISTORY_MAX`] happenings.
#[derive(Debug, Default)]
pub(crate) struct History {
    records: VecDeque<HistoryRecord>,
    /// How many there ever were.
    count: u64,
}

/// What happened last, and how much is no longer remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct HistoryInspection {
    /// How many happenings were forgotten.
    #[cfg_attr(test, ts(type = "number"))]
    pub forgotten: u64,
    /// The others, the oldest first.
    pub records: Vec<HistoryRecord>,
}

/// A happening with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct HistoryRecord {
    /// Its number in this session; the first has 1.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: u64,
    /// When.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: Millis,
    /// What.
    pub happening: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum Happening {
    /// An entry of the log came.
    Entry {
        /// Its place.
        #[cfg_attr(test, ts(type = "number"))]
        seq: Seq,
        /// Its kind.
        kind: EntryKind,
        /// Its author, or who arrived or departed.
        #[cfg_attr(test, ts(type = "string"))]
        client: ClientId,
        /// Opaque bytes in it, as far as they were sent to this client.
        bytes: u32,
        /// What became of it.
        outcome: Outcome,
    },
    /// A member's fork check came that its leaf did not sign for this log and group.
    BadCheck {
        /// Whose it is said to be.
        #[cfg_attr(test, ts(type = "string"))]
        client: ClientId,
    },
    /// An own post came too late: another entry has its place.
    Stale {},
    /// The server refused an own post.
    PostRefused {
        /// Why.
        #[cfg_attr(test, ts(type = "string"))]
        code: ErrorCode,
    },
    /// The connection is back, and the client still the same.
    Resumed {},
    /// The client gave up its place, and arrives as a new one.
    ArrivedAnew {
        /// Why.
        why: &'static str,
    },
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum EntryKind {
    /// A client joined the room.
    Arrived,
    /// A client is gone.
    Departed,
    /// A new group.
    Founded,
    /// A Commit, with its Welcome.
    Committed,
    /// A client holds the group's keys.
    Entered,
    /// A statement of the host.
    HostSaid,
    /// An MLS application message.
    Message,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum Outcome {
    /// It counts.
    Taken {},
    /// This client is in no group that it could belong to.
    NotForUs {},
    /// A commit was merged, or this client joined by it: a new epoch began.
    Epoch {
        /// Which.
        #[cfg_attr(test, ts(type = "number"))]
        epoch: u64,
        /// How many it added.
        added: u32,
        /// How many it removed, as far as this client saw.
        removed: u32,
        /// Whether it renewed its author's path, as far as this client saw.
        path: bool,
    },
    /// A message was read.
    Read {
        /// What kind of message it is.
        content: ContentKind,
    },
    /// It was skipped; or, of an arrival, the client cannot be added.
    Refused {
        /// The rule that it broke.
        broken: Broken,
    },
    /// This client could not go on after it.
    Lost {
        /// Why.
        why: &'static str,
        /// The rule that it broke, if that is the reason.
        broken: Option<Broken>,
    },
}

/// The kind of a message inside the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum ContentKind {
    /// What its author shows of itself, and what it has seen of the log.
    State,
    /// Words.
    Chat,
    /// An emoji to show.
    Reaction,
    /// A step of a comparison of emoji.
    Emoji,
    /// How loudly its author spoke.
    Activity,
    /// A host asks somebody to mute.
    Mute,
}

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct Broken {
    /// Its number.
    pub rule: u16,
    /// What it demands.
    pub text: &'static str,
    /// By whom.
    pub blame: Blame,
}

/// Whose doing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum Blame {
    /// The author's: its signature was verified before the rule was found broken.
    Author,
    /// The author's or the server's: nothing shows that it is as the author made it.
    AuthorOrServer,
}

impl History {
    /// Remembers a happening, and forgets the oldest if there are too many.
    pub(crate) fn note(&mut self, at: Millis, happening: Happening) {
        if self.records.len() >= HISTORY_MAX {
            self.records.pop_front();
        }
        self.count += 1;
        self.records.push_back(HistoryRecord { number: self.count, at, happening });
    }

    pub(crate) fn inspect(&self) -> HistoryInspection {
        let remembered = u64::try_from(self.records.len()).unwrap_or(u64::MAX);
        HistoryInspection {
            forgotten: self.count.saturating_sub(remembered),
            records: self.records.iter().cloned().collect(),
        }
    }
}

impl Broken {
    /// Nothing shows that the author did it.
    pub(crate) fn by_someone(rule: Rule) -> Self {
        Self { rule: rule.number(), text: rule.text(), blame: Blame::AuthorOrServer }
    }

    /// The author did it, and nobody else can have.
    pub(crate) fn by_author(rule: Rule) -> Self {
        Self { blame: Blame::Author, ..Self::by_someone(rule) }
    }
}

impl From<&Content> for ContentKind {
    fn from(content: &Content) -> Self {
        match content {
            Content::State(_) => Self::State,
            Content::Chat { .. } => Self::Chat,
            Content::Reaction { .. } => Self::Reaction,
            Content::Emoji { .. } => Self::Emoji,
            Content::Activity { .. } => Self::Activity,
            Content::Mute { .. } => Self::Mute,
        }
    }
}

/// Kind, author and opaque bytes of an entry.
pub(crate) fn facts(entry: &Entry) -> (EntryKind, ClientId, u32) {
    let (kind, client, bytes) = match entry {
        Entry::Arrived { client, key_package, .. } => (EntryKind::Arrived, client, key_package.len()),
        Entry::Departed { client, .. } => (EntryKind::Departed, client, 0),
        Entry::Founded { client, .. } => (EntryKind::Founded, client, 0),
        Entry::Committed { client, commit, welcome, .. } => {
            let welcome = welcome.as_ref().map_or(0, |welcome| welcome.len());
            (EntryKind::Committed, client, commit.len().saturating_add(welcome))
        }
        Entry::Entered { client, .. } => (EntryKind::Entered, client, 0),
        Entry::HostSaid { client, said } => (EntryKind::HostSaid, client, said.statement.len()),
        Entry::Message { client, bytes } => (EntryKind::Message, client, bytes.len()),
    };
    (kind, *client, u32::try_from(bytes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_and_numbers_go_on() {
        let mut history = History::default();
        let extra = 7;
        for at in 0..HISTORY_MAX + extra {
            history.note(Millis(at as u64), Happening::Stale {});
        }
        let HistoryInspection { forgotten, records } = history.inspect();
        assert_eq!((forgotten, records.len()), (extra as u64, HISTORY_MAX));
        assert_eq!((records[0].number, records[0].at), (extra as u64 + 1, Millis(extra as u64)));
        assert_eq!(records.last().unwrap().number, (HISTORY_MAX + extra) as u64);
    }
}
