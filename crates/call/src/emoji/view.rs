//! What the page shows of a comparison of emoji.

use serde::{Deserialize, Serialize};

/// Where a comparison stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum EmojiView {
    /// There is none.
    Idle {},
    /// The own wish to begin one is on its way.
    Asking {},
    /// One goes on.
    Running {
        /// Who began it.
        starter: EmojiPerson,
        /// Everyone in the group, and how far each has come.
        people: Vec<EmojiProgress>,
    },
    /// Everyone sees these, unless somebody is in between.
    Done {
        /// Who began it.
        starter: EmojiPerson,
        /// In this order.
        emoji: Vec<Emoji>,
    },
    /// The last one came to nothing: no emoji are shown.
    Failed {
        /// Why.
        reason: EmojiFailure,
    },
}

/// Somebody in the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct EmojiPerson {
    /// The client id, 32 hexadecimal digits.
    pub client: String,
    /// The person's name.
    pub name: String,
    /// Whether this is the own client.
    pub own: bool,
}

/// How far somebody has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct EmojiProgress {
    /// Who.
    pub person: EmojiPerson,
    /// How far.
    pub step: EmojiStep,
}

/// The steps of a member, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum EmojiStep {
    /// Nothing came yet.
    Silent,
    /// Has committed.
    Committed,
    /// Has shown what it committed to.
    Revealed,
}

/// An emoji with its word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct Emoji {
    /// Its place in the protocol's list, 0 to 63: for words in other languages.
    pub place: u8,
    /// The emoji.
    pub symbol: String,
    /// Its English word.
    pub word: String,
}

/// Why there are no emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum EmojiFailure {
    /// The own wish did not get into the log in time.
    NotSent {},
    /// Time is up, and these did not answer.
    Missing {
        /// At least one.
        people: Vec<EmojiPerson>,
    },
    /// Somebody gave it up.
    Cancelled {
        /// Who.
        by: EmojiPerson,
    },
    /// Somebody broke the protocol: a program that has a fault, or one that tries to cheat.
    Broken {
        /// Who.
        by: EmojiPerson,
        /// How.
        how: EmojiBreach,
    },
    /// The group is not the one that it began with.
    PeopleChanged {
        /// Who came.
        joined: Vec<EmojiPerson>,
        /// Who is gone.
        left: Vec<EmojiPerson>,
    },
    /// The own client lost its place in the group.
    Reconnected {},
}

/// How somebody broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum EmojiBreach {
    /// Committed twice, to different things.
    SecondCommit,
    /// Revealed before everyone had committed.
    EarlyReveal,
    /// Revealed something else than what it had committed to.
    OtherReveal,
}
