//! The number that people compare.

use std::fmt;

use tangelo_wire::{RoomName, Transcript};

use crate::IdentityKey;

/// 60 digits that stand for exactly this set of identities in this room of this host. It changes when the set of
/// people changes and at no other time: not with an epoch, a second tab or the order of joining.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SafetyNumber(String);

impl SafetyNumber {
    /// The number of a set of identities; order and repetition do not matter.
    #[must_use]
    pub fn new(host: &str, room: &RoomName, identities: impl IntoIterator<Item = IdentityKey>) -> Self {
        let mut identities: Vec<_> = identities.into_iter().collect();
        identities.sort_unstable();
        identities.dedup();
        let transcript = Transcript::new("Tangelo 1.0 Safety Number")
            .field(host.as_bytes())
            .field(room.to_string().as_bytes())
            .number(identities.len() as u64);
        let hash = identities.iter().fold(transcript, |t, identity| t.field(&identity.0)).sha512();
        let groups: Vec<String> = hash
            .chunks_exact(5)
            .take(12)
            .map(|chunk| {
                let number = chunk.iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
                format!("{:05}", number % 100_000)
            })
            .collect();
        Self(groups.join(" "))
    }
}

/// 12 groups of 5 digits with spaces between them.
impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(host: &str, room: &str, identities: &[u8]) -> String {
        let identities = identities.iter().map(|byte| IdentityKey([*byte; 32]));
        SafetyNumber::new(host, &room.parse().unwrap(), identities).to_string()
    }

    #[test]
    fn it_is_60_digits_in_12_groups() {
        let number = number("a.example", "standup", &[1, 2]);
        let groups: Vec<_> = number.split(' ').collect();
        assert_eq!(groups.len(), 12);
        assert!(groups.iter().all(|group| group.len() == 5 && group.bytes().all(|b| b.is_ascii_digit())));
    }

    #[test]
    fn it_depends_on_the_set_the_room_and_the_host_alone() {
        let two = number("a.example", "standup", &[1, 2]);
        assert_eq!(two, number("a.example", "standup", &[2, 1, 2]));
        assert_ne!(two, number("a.example", "standup", &[1, 2, 3]));
        assert_ne!(two, number("a.example", "standup", &[1]));
        assert_ne!(two, number("b.example", "standup", &[1, 2]));
        assert_ne!(two, number("a.example", "sitdown", &[1, 2]));
    }
}
