//! What a token says.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;
use tangelo_wire::{ParseRoomError, RoomName};

/// Longest name that a token suggests, in characters.
pub const NAME_MAX_CHARS: usize = 40;

/// Longest `sub`, in bytes.
pub const SUBJECT_MAX_BYTES: usize = 256;

/// Which rooms a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rooms {
    /// All: `*`.
    All,
    /// This one.
    One(RoomName),
}

impl FromStr for Rooms {
    type Err = ParseRoomError;

    fn from_str(text: &str) -> Result<Self, ParseRoomError> {
        if text == "*" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

impl fmt::Display for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::One(room) => room.fmt(f),
        }
    }
}

/// What a token gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// To come into a room.
    Join,
    /// To begin a room that nobody is in, and to come into it.
    Create,
}

/// The text is no [`Right`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a right is `join` or `create`")]
pub struct ParseRightError;

impl FromStr for Right {
    type Err = ParseRightError;

    fn from_str(text: &str) -> Result<Self, ParseRightError> {
        match text {
            "join" => Ok(Self::Join),
            "create" => Ok(Self::Create),
            _ => Err(ParseRightError),
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Join => "join",
            Self::Create => "create",
        })
    }
}

/// What a token says. Times are in seconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `room`.
    pub rooms: Rooms,
    /// `sub`: whose token it is, as its issuer calls the person.
    pub subject: Option<String>,
    /// `name`: suggested to the person, who may take another.
    pub name: Option<String>,
    /// `rights`, those that are known; without the claim, to join.
    pub rights: Vec<Right>,
    /// `aud`: the servers that it is for, as in a link, with their ports; empty: every server that takes it.
    pub hosts: Vec<String>,
    /// `nbf`: not good before.
    pub not_before: Option<u64>,
    /// `exp`: not good from then on.
    pub expires: u64,
}

/// As it stands in the token. A claim that is there twice, or `null`, is an error; one that is not known is not.
#[derive(Serialize, Deserialize)]
struct Payload {
    room: String,
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    rights: Option<Vec<String>>,
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    aud: Option<Audience>,
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    nbf: Option<Number>,
    exp: Number,
}

/// A claim that is there has a value: `null` is none.
fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// RFC 7519 section 4.1.3.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// Reads the payload of a token; `None` if it is none of these.
    pub(crate) fn read(json: &[u8]) -> Option<Self> {
        let payload: Payload = object(json)?;
        let rights = payload.rights.map_or_else(
            || vec![Right::Join],
            |rights| rights.iter().filter_map(|right| right.parse().ok()).collect(),
        );
        let hosts = match payload.aud {
            None => Vec::new(),
            Some(Audience::One(host)) => vec![host.to_ascii_lowercase()],
            // For nobody is not for everybody.
            Some(Audience::Several(hosts)) if hosts.is_empty() => return None,
            Some(Audience::Several(hosts)) => hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        };
        Some(Self {
            rooms: payload.room.parse().ok()?,
            subject: payload.sub,
            name: payload.name,
            rights,
            hosts,
            not_before: payload.nbf.map_or(Some(None), |at| seconds(&at).map(Some))?,
            expires: seconds(&payload.exp)?,
        })
    }

    pub(crate) fn to_json(&self) -> String {
        let payload = Payload {
            room: self.rooms.to_string(),
            sub: self.subject.clone(),
            name: self.name.clone(),
            rights: Some(self.rights.iter().map(Right::to_string).collect()),
            aud: match self.hosts.as_slice() {
                [] => None,
                [host] => Some(Audience::One(host.clone())),
                hosts => Some(Audience::Several(hosts.to_vec())),
            },
            nbf: self.not_before.map(Number::from),
            exp: self.expires.into(),
        };
        serde_json::to_string(&payload).unwrap_or_default()
    }
}

/// Reads a JSON object. The parser would take an array for a struct, too.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(json).ok())?
}

/// A NumericDate (RFC 7519 section 2), which may have fractions of a second.
fn seconds(date: &Number) -> Option<u64> {
    date.as_u64().or_else(|| Some(Duration::try_from_secs_f64(date.as_f64()?).ok()?.as_secs()))
}
