//! Entries of the handshake log, and what clients post to it.

use serde::{Deserialize, Serialize};

use crate::{Admission, Bytes, ClientId, GroupId, Seq};

/// One entry with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its place; the first entry has 1, and there are no gaps.
    pub seq: Seq,
    /// What happened.
    pub entry: Entry,
}

/// What happened in a room, in the one order that everyone sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry {
    /// Server: a client joined and is present from here on.
    Arrived {
        /// Who.
        client: ClientId,
        /// Its MLS KeyPackage (RFC 9420 section 10), to be added with.
        key_package: Bytes,
        /// Its proof of the link's secret; none in a named room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        admission: Option<Admission>,
    },
    /// Server: a client is no longer present, and its media session has ended.
    Departed {
        /// Who.
        client: ClientId,
        /// Why.
        reason: DepartReason,
    },
    /// A client founded a new group; whoever holds an older one drops it and arrives anew.
    Founded {
        /// The entry that the author took for the last `Founded` or `Committed`.
        parent: Seq,
        /// [`GroupId::derive`] of log, parent and client.
        group_id: GroupId,
        /// The founder.
        client: ClientId,
    },
    /// A member's CommitBundle.
    Committed {
        /// The entry that the author took for the last `Founded` or `Committed`.
        parent: Seq,
        /// The author.
        client: ClientId,
        /// The clients that the commit adds and the Welcome is for.
        adds: Vec<ClientId>,
        /// The MLS Commit as a PublicMessage (RFC 9420 sections 6.2, 12.4).
        commit: Bytes,
        /// The MLS Welcome (RFC 9420 section 12.4.3.1); sent to the clients in `adds` only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        welcome: Option<Bytes>,
    },
    /// A client named in `adds` has processed its Welcome and holds the group's keys.
    Entered {
        /// Who.
        client: ClientId,
        /// The `Committed` entry that added it.
        commit: Seq,
    },
    /// The host said something; signed with the host key, so the server cannot invent it.
    HostSaid {
        /// The client that posted it.
        client: ClientId,
        /// What.
        said: HostStatement,
    },
    /// An MLS application message (PrivateMessage, RFC 9420 section 6.3).
    Message {
        /// The author.
        client: ClientId,
        /// The message.
        bytes: Bytes,
    },
}

/// Why a client departed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepartReason {
    /// It said so.
    Left,
    /// A host or the server removed it.
    Kicked,
    /// Its connection was gone for longer than the resume window.
    Silent,
    /// It was connected, but did not process the log.
    Lagging,
    /// The same client came back without its session, and arrives anew.
    Replaced,
}

/// A signed statement of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatement {
    /// Counts up per host key and log; a number that is not above the last one is void.
    pub number: u64,
    /// What is said, as `e2ee` writes it: the server needs only to know that the host said it.
    pub statement: Bytes,
    /// The host's Ed25519 public key, whose id is bound into the room's name.
    pub host_key: Bytes,
    /// Its signature over log id, number and statement.
    pub signature: Bytes,
}

/// What a client asks to append to the log. The server adds the author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Post {
    /// Becomes [`Entry::Founded`].
    Found {
        /// The last `Founded` or `Committed` entry that the author has read; 0 if there is none.
        parent: Seq,
        /// [`GroupId::derive`] of log, parent and author.
        group_id: GroupId,
    },
    /// Becomes [`Entry::Committed`].
    Commit {
        /// The last `Founded` or `Committed` entry that the author has read.
        parent: Seq,
        /// Whom the commit adds.
        adds: Vec<ClientId>,
        /// The Commit.
        commit: Bytes,
        /// The Welcome; present exactly if `adds` is not empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        welcome: Option<Bytes>,
    },
    /// Becomes [`Entry::Entered`].
    Enter {
        /// The `Committed` entry that added the author.
        commit: Seq,
    },
    /// Becomes [`Entry::HostSaid`].
    HostSay {
        /// The statement.
        said: HostStatement,
    },
    /// Becomes [`Entry::Message`].
    Message {
        /// The MLS PrivateMessage.
        bytes: Bytes,
    },
}

impl Post {
    /// The compare-and-swap value, of posts that have one.
    #[must_use]
    pub fn parent(&self) -> Option<Seq> {
        match self {
            Self::Found { parent, .. } | Self::Commit { parent, .. } => Some(*parent),
            Self::Enter { .. } | Self::HostSay { .. } | Self::Message { .. } => None,
        }
    }
}
