//! Messages of the WebSocket.

use serde::{Deserialize, Serialize};

use crate::{
    Admission, Bytes, ClientId, GroupId, HostStatement, LogEntry, LogHash, LogId, MediaLine, Pass, Picture,
    Post, ResumeToken, RoomName, Seq, Source, Transcript, TurnServers, View, limits,
};

/// From a client to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// First message of a new client.
    Hello {
        /// [`crate::PROTOCOL`].
        protocol: u32,
        /// The room to join.
        room: RoomName,
        /// `location.host` as the client sees it; the server refuses a host that is not its own.
        host: String,
    },
    /// Answer to [`ServerMessage::Assigned`]: the client joins the room.
    Arrive {
        /// The client's MLS KeyPackage, made for the assigned client id.
        key_package: Bytes,
        /// The proof of the link's secret; none in a named room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        admission: Option<Admission>,
        /// Sent where the server asks for it alone, see [`ServerMessage::Assigned`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<Pass>,
    },
    /// First message of a client whose connection dropped.
    Resume {
        /// [`crate::PROTOCOL`].
        protocol: u32,
        /// The room.
        room: RoomName,
        /// From the snapshot.
        token: ResumeToken,
        /// The last entry that the client has.
        processed: Seq,
    },
    /// Asks for an entry in the log.
    Post {
        /// The client's own number for this post, to know a refusal by.
        post: u32,
        /// What to append.
        body: Post,
    },
    /// Every [`limits::HEARTBEAT_MS`], from the thread that holds the keys.
    Heartbeat {
        /// The last entry that the client's cryptography has processed.
        processed: Seq,
        /// A signed statement about the group's state, for the others to compare.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<ForkCheck>,
    },
    /// Sets what the client sends and receives. The client alone makes offers, so offers never cross.
    Offer {
        /// The client's own number for this offer.
        offer: u32,
        /// SDP (RFC 8866, RFC 9429).
        sdp: String,
        /// The use of every `m=` section of the SDP.
        lines: Vec<MediaLine>,
    },
    /// What the client shows and whom it hears of all that it receives. Each of these messages takes the place of the
    /// one before.
    Watch {
        /// Each picture once; what is not listed is not sent to the client until it is. `None`, as before the first of
        /// these messages: everything is sent as if it were shown large.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        views: Option<Vec<View>>,
        /// Whose microphones, each once, at most [`limits::HEARD_MAX`]; no other is sent to the client. `None`, as before
        /// the first of these messages: so many of those that send anything, first come, first heard.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hear: Option<Vec<ClientId>>,
    },
    /// Asks for the TURN servers, with credentials that have just begun. Clients of before this message never ask.
    TurnServers {},
    /// The client departs.
    Leave {},
}

/// From the server to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Answer to `Hello`: make a key package for this id, then arrive.
    Assigned {
        /// The new client.
        client: ClientId,
        /// How many clients are present in the room.
        present: u32,
        /// Whether the link alone may not be enough: the client is to show its [`Pass`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pass_asked: bool,
    },
    /// Answer to `Arrive`: the room as it is, the client's own arrival included. Every later entry follows.
    Snapshot {
        /// Which log.
        log_id: LogId,
        /// The last entry that the snapshot takes in.
        seq: Seq,
        /// The running hash of the log up to that entry, for the members to vouch for.
        hash: LogHash,
        /// The last `Founded` or `Committed` entry; 0 if there is none.
        parent: Seq,
        /// The current group, if one was founded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_id: Option<GroupId>,
        /// Who is present, in the order of arrival.
        present: Vec<Presence>,
        /// The host's last statement, which holds all that its earlier ones said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<HostStatement>,
        /// What each present client sends.
        published: Vec<Published>,
        /// For `Resume`.
        token: ResumeToken,
    },
    /// Answer to `Resume`: the entries after `processed` follow.
    Resumed {
        /// The log's last entry.
        seq: Seq,
        /// What each present client sends.
        published: Vec<Published>,
        /// Whether the server has started anew since the client offered media last: it has no media session of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        media_lost: bool,
    },
    /// An entry of the log.
    Entry(LogEntry),
    /// A post with a parent came too late.
    Stale {
        /// The refused post.
        post: u32,
        /// The entry that is the last `Founded` or `Committed` now.
        last: Seq,
    },
    /// A post was refused for another reason.
    Refused {
        /// The refused post.
        post: u32,
        /// Why.
        #[serde(flatten)]
        error: WireError,
    },
    /// Answer to an offer.
    Answer {
        /// The offer.
        offer: u32,
        /// SDP.
        sdp: String,
    },
    /// An offer was refused; what was agreed before stays.
    OfferRefused {
        /// The offer.
        offer: u32,
        /// Why.
        #[serde(flatten)]
        error: WireError,
    },
    /// What a client sends has changed.
    Published(Published),
    /// Which layers of an own picture somebody is to get: the others need not be sent. Until it is said, all are.
    Wanted {
        /// The picture.
        source: Source,
        /// Numbers of layers, lowest first; 0 alone where the picture has no layers.
        layers: Vec<u8>,
    },
    /// Pictures that the client shows and does not get, since its network has no room for them; all of them. Until it is said, none.
    Paused {
        /// Sorted.
        pictures: Vec<Picture>,
    },
    /// The connection of a present client was lost, or is back. Of whom nothing was said since the snapshot or `Resumed`, it is there.
    Connection {
        /// Whose.
        client: ClientId,
        /// Whether it is lost: the client may still resume.
        lost: bool,
    },
    /// Answer to a client's `TurnServers`.
    TurnServers(TurnServers),
    /// The server is about to stop, or to be started anew. Until then everything goes on, but for rooms that nobody is in yet.
    Stopping {
        /// It stops within so many seconds.
        seconds: u32,
    },
    /// Answer to a heartbeat: a client that hears nothing for three of them takes the connection for dead.
    Alive {
        /// The log's last entry.
        seq: Seq,
    },
    /// Another client's check.
    Check {
        /// Who made it.
        client: ClientId,
        /// The check.
        check: ForkCheck,
    },
    /// The last message was at fault. The server closes the connection if it cannot go on.
    Error(WireError),
}

impl ClientMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// [`ErrorCode::TooLarge`] above [`limits::MESSAGE_MAX_BYTES`], [`ErrorCode::Malformed`] if it is no message.
    pub fn from_json(text: &str) -> Result<Self, WireError> {
        read(text, limits::MESSAGE_MAX_BYTES)
    }

    /// Writes the message.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl ServerMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// [`ErrorCode::TooLarge`] above [`limits::SERVER_MESSAGE_MAX_BYTES`], [`ErrorCode::Malformed`] if it is no
    /// message.
    pub fn from_json(text: &str) -> Result<Self, WireError> {
        read(text, limits::SERVER_MESSAGE_MAX_BYTES)
    }

    /// Writes the message.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Longest part of a parser's words that a sender is told: they may repeat what it sent.
const REASON_MAX_CHARACTERS: usize = 120;

fn read<'a, T: Deserialize<'a>>(text: &'a str, max_bytes: usize) -> Result<T, WireError> {
    if text.len() > max_bytes {
        return Err(WireError::new(ErrorCode::TooLarge, format!("a message has at most {max_bytes} bytes")));
    }
    serde_json::from_str(text).map_err(|error| {
        let reason: String = error.to_string().chars().take(REASON_MAX_CHARACTERS).collect();
        WireError::new(ErrorCode::Malformed, reason)
    })
}

/// A client that is present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Who.
    pub client: ClientId,
    /// The place of its `Arrived` entry.
    pub arrived: Seq,
    /// Its MLS KeyPackage.
    pub key_package: Bytes,
    /// Its proof of the link's secret; none in a named room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<Admission>,
    /// Whether it founded or entered the current group.
    pub entered: bool,
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Who.
    pub client: ClientId,
    /// Which sources, sorted.
    pub sources: Vec<Source>,
}

/// A member's signed statement about the group, so that members of two forks notice each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkCheck {
    /// The entry that began the member's epoch.
    pub seq: Seq,
    /// The epoch.
    pub epoch: u64,
    /// 8 bytes of the MLS exporter of that epoch.
    pub tag: Bytes,
    /// The leaf key's signature over [`ForkCheck::transcript`], 64 bytes.
    pub signature: Bytes,
}

impl ForkCheck {
    /// The bytes that `client` signs in this log and group.
    #[must_use]
    pub fn transcript(&self, log_id: LogId, group_id: GroupId, client: ClientId) -> Transcript {
        Transcript::new("Tangelo 1.0 Fork Check")
            .field(&log_id.0)
            .field(&group_id.0)
            .field(&client.0)
            .number(self.seq.0)
            .number(self.epoch)
            .field(self.tag.as_slice())
    }
}

/// An error that the server reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct WireError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what happened.
    pub text: String,
}

impl WireError {
    /// An error.
    #[must_use]
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// Kinds of [`WireError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not a message of this protocol.
    Malformed,
    /// Above a bound on size.
    TooLarge,
    /// Another version of the protocol.
    Protocol,
    /// Right, but not now (an `Arrive` before `Hello`, a post before arriving, ...).
    OutOfTurn,
    /// The client believes to talk to another host.
    WrongHost,
    /// The arrival does not prove the link's secret.
    NotAdmitted,
    /// The room takes a token, and the arrival shows none.
    TokenNeeded,
    /// The token is none of this server's, or gives no right that is needed here.
    TokenInvalid,
    /// The token has expired.
    TokenExpired,
    /// The token is not good yet.
    TokenEarly,
    /// The token is for another room or server.
    TokenElsewhere,
    /// Nobody is in the room, and the arrival shows no right to begin it.
    NotBegun,
    /// The room is full.
    RoomFull,
    /// The server is full.
    ServerFull,
    /// The server is about to stop, and takes nobody into a room that is empty.
    Stopping,
    /// The client departed, or the session to resume is over: arrive anew.
    Departed,
    /// A host removed the client.
    Removed,
    /// A host has ended the call.
    Ended,
    /// A `Found` while a group is alive, or by whom the host keeps outside.
    GroupAlive,
    /// A `Commit` that adds somebody whom the host keeps outside.
    KeptOutside,
    /// The author must have founded or entered the current group first.
    NotEntered,
    /// The post contradicts the log (unknown clients in `adds`, a wrong group id, ...).
    Invalid,
    /// Too many messages: slow down.
    TooMany,
    /// The server cannot work with this SDP or these lines.
    BadOffer,
    /// The server is at fault.
    Internal,
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::Malformed,
        Self::TooLarge,
        Self::Protocol,
        Self::OutOfTurn,
        Self::WrongHost,
        Self::NotAdmitted,
        Self::TokenNeeded,
        Self::TokenInvalid,
        Self::TokenExpired,
        Self::TokenEarly,
        Self::TokenElsewhere,
        Self::NotBegun,
        Self::RoomFull,
        Self::ServerFull,
        Self::Stopping,
        Self::Departed,
        Self::Removed,
        Self::Ended,
        Self::GroupAlive,
        Self::KeptOutside,
        Self::NotEntered,
        Self::Invalid,
        Self::TooMany,
        Self::BadOffer,
        Self::Internal,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, LineUse};

    #[test]
    fn a_message_looks_as_the_protocol_page_says() {
        let hello =
            ClientMessage::Hello { protocol: 1, room: "standup".parse().unwrap(), host: "a.example".into() };
        assert_eq!(hello.to_json(), r#"{"type":"hello","protocol":1,"room":"standup","host":"a.example"}"#);
        let entry = ServerMessage::Entry(LogEntry {
            seq: Seq(4),
            entry: Entry::Entered { client: ClientId([1; 16]), commit: Seq(3) },
        });
        let json = entry.to_json();
        assert!(json.contains(r#""seq":4"#) && json.contains(r#""commit":3"#), "{json}");
        assert_eq!(ServerMessage::from_json(&json).unwrap(), entry);
    }

    #[test]
    fn every_server_message_reads_back() {
        let client = ClientId([3; 16]);
        let error = WireError::new(ErrorCode::NotEntered, "no");
        let messages = [
            ServerMessage::Assigned { client, present: 2, pass_asked: false },
            ServerMessage::Stopping { seconds: 30 },
            ServerMessage::Refused { post: 1, error: error.clone() },
            ServerMessage::OfferRefused { offer: 1, error: error.clone() },
            ServerMessage::Error(error),
            ServerMessage::Published(Published { client, sources: vec![Source::Camera] }),
            ServerMessage::TurnServers(TurnServers::default()),
            ServerMessage::Connection { client, lost: true },
        ];
        for message in messages {
            assert_eq!(ServerMessage::from_json(&message.to_json()).unwrap(), message);
        }
    }

    #[test]
    fn all_are_all() {
        let known = |refusal: serde_json::Error| refusal.to_string().matches('`').count() / 2 - 1;
        assert_eq!(known(serde_json::from_str::<ErrorCode>("\"?\"").unwrap_err()), ErrorCode::ALL.len());
        let reasons = serde_json::from_str::<crate::DepartReason>("\"?\"").unwrap_err();
        assert_eq!(known(reasons), crate::DepartReason::ALL.len());
    }

    #[test]
    fn lines_say_what_they_are_for() {
        let line = MediaLine { mid: "0".into(), line_use: Some(LineUse::Send { source: Source::Camera }) };
        let json = serde_json::to_string(&line).unwrap();
        assert_eq!(json, r#"{"mid":"0","use":{"type":"send","source":"camera"}}"#);
    }

    #[test]
    fn junk_is_refused_with_a_reason() {
        let code = |text: &str| ClientMessage::from_json(text).unwrap_err().code;
        for bad in [
            "",
            "{",
            "[]",
            r#"{"type":"shout"}"#,
            r#"{"type":"leave","x":1}"#,
            r#"{"type":"hello"}"#,
            r#"{"type":"turn_servers","urls":[]}"#,
        ] {
            assert_eq!(code(bad), ErrorCode::Malformed, "{bad}");
        }
        assert_eq!(code(&" ".repeat(limits::MESSAGE_MAX_BYTES + 1)), ErrorCode::TooLarge);
    }
}
