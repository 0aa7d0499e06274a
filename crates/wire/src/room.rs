//! Names of rooms, as they stand in the URL.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Transcript, base32};

const ROOM_HASH_BYTES: usize = 20;
/// Characters of the hash in base32.
const HASH_CHARACTERS: usize = 32;
const NAME_MAX: usize = 40;

/// Stands for the host key in a room's link: a hash of the key's public part, 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HostId(pub [u8; 16]);

impl HostId {
    /// The id of the host whose Ed25519 public key this is.
    #[must_use]
    pub fn of(host_key: &[u8; 32]) -> Self {
        let hash = Transcript::new("Tangelo 1.0 Host").field(host_key).sha256();
        let mut id = [0; 16];
        id.copy_from_slice(hash.get(..16).unwrap_or(&[0; 16]));
        Self(id)
    }
}

/// ROOM in `https://host/r/ROOM`. The two kinds differ in their first character alone, and nothing but this name
/// decides whether a link protects a room: there is no downgrade.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoomName {
    /// `_` and 32 base32 characters: a hash of the room's access key and host id. Its link carries a secret.
    Secret([u8; ROOM_HASH_BYTES]),
    /// A name that people chose: 1 to 40 of `a-z`, `0-9` and inner single hyphens, but nothing that looks like a secret
    /// room's hash. No secret protects it.
    Named(String),
}

/// Why a text names no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseRoomError {
    /// It begins like a secret room's name, but is cut or mistyped.
    #[error("this room link is incomplete or mistyped")]
    Secret,
    /// It is no name either.
    #[error("a room name has 1 to {NAME_MAX} of the characters a-z, 0-9 and single hyphens between them")]
    Name,
}

impl RoomName {
    /// The name of the secret room with this access key (Ed25519 public key) and this host.
    #[must_use]
    pub fn secret(access_key: &[u8; 32], host_id: HostId) -> Self {
        let hash = Transcript::new("Tangelo 1.0 Room").field(access_key).field(&host_id.0).sha256();
        let mut room = [0; ROOM_HASH_BYTES];
        room.copy_from_slice(hash.get(..ROOM_HASH_BYTES).unwrap_or(&[0; ROOM_HASH_BYTES]));
        Self::Secret(room)
    }

    /// Whether the room's link carries a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(hash) => write!(f, "_{}", base32::encode(hash)),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl FromStr for RoomName {
    type Err = ParseRoomError;

    fn from_str(text: &str) -> Result<Self, ParseRoomError> {
        if let Some(hash) = text.strip_prefix('_') {
            return base32::decode(hash)
                .and_then(|bytes| bytes.try_into().ok())
                .map(Self::Secret)
                .ok_or(ParseRoomError::Secret);
        }
        let characters_ok = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        // A secret room's name that lost its mark must not open a room without a secret.
        let like_a_hash =
            text.len() == HASH_CHARACTERS && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        if like_a_hash {
            return Err(ParseRoomError::Secret);
        }
        let hyphens_ok = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        if (1..=NAME_MAX).contains(&text.len()) && characters_ok && hyphens_ok {
            Ok(Self::Named(text.to_owned()))
        } else {
            Err(ParseRoomError::Name)
        }
    }
}

impl Serialize for RoomName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoomName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_and_named_rooms_never_look_alike() {
        let secret = RoomName::secret(&[1; 32], HostId([2; 16]));
        let text = secret.to_string();
        assert_eq!(text.len(), 33);
        assert_eq!(text.parse(), Ok(secret));
        assert_eq!("standup".parse(), Ok(RoomName::Named("standup".into())));
        assert_eq!("_standup".parse::<RoomName>(), Err(ParseRoomError::Secret));
        let without_mark = text.get(1..).unwrap();
        assert_eq!(without_mark.parse::<RoomName>(), Err(ParseRoomError::Secret));
    }

    #[test]
    fn odd_names_are_refused() {
        for bad in ["", "-a", "a-", "a--b", "Standup", "a b", "ä", "a/b", "../a", &"a".repeat(41)] {
            assert_eq!(bad.parse::<RoomName>(), Err(ParseRoomError::Name), "{bad}");
        }
        let text = RoomName::Secret([9; 20]).to_string();
        for bad in ["_", &text[..32], &format!("{text}a"), &text.to_ascii_uppercase()] {
            assert_eq!(bad.parse::<RoomName>(), Err(ParseRoomError::Secret), "{bad}");
        }
    }

    #[test]
    fn the_room_binds_the_access_key_and_the_host() {
        let room = RoomName::secret(&[1; 32], HostId([2; 16]));
        assert_ne!(room, RoomName::secret(&[3; 32], HostId([2; 16])));
        assert_ne!(room, RoomName::secret(&[1; 32], HostId([3; 16])));
    }
}
