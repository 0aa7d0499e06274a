//! Entries of the handshake log, and what clients post to it.

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::{Admission, Bytes, ClientId, GroupId, HostId, LogId, Seq, Transcript, limits};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

impl DepartReason {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Left, Self::Kicked, Self::Silent, Self::Lagging, Self::Replaced];
}

/// A signed statement of a host: the whole of what the host wants (locked or not, who is admitted, who is shut out), so
/// that the last one counts alone, and a newcomer that is shown it misses nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatement {
    /// The host's clock, in milliseconds since 1970, or one above the last number if that is more; which numbers count says
    /// [`Self::is_next`]. So what the host said in an earlier call is older than whatever it says in this one, should
    /// the server use a log id again.
    pub number: u64,
    /// What is said, as `e2ee` writes it: the server needs only to know that the host said it.
    pub statement: Bytes,
    /// The host's Ed25519 public key, whose id is bound into the room's name.
    pub host_key: Bytes,
    /// Its signature over log id, number and statement.
    pub signature: Bytes,
}

impl HostStatement {
    /// The bytes that the host key signs: this statement, in this log, at this place in the host's own count.
    #[must_use]
    pub fn transcript(log_id: LogId, number: u64, statement: &[u8]) -> Transcript {
        Transcript::new("Tangelo 1.0 Host Statement").field(&log_id.0).number(number).field(statement)
    }

    /// Whether its number may follow the last statement's in this log: above that, and by no more than
    /// [`limits::HOST_NUMBER_STEP_MAX`].
    #[must_use]
    pub fn is_next(&self, last: Option<u64>) -> bool {
        let most = last.unwrap_or(0).saturating_add(limits::HOST_NUMBER_STEP_MAX);
        last.is_none_or(|last| self.number > last) && self.number <= most
    }

    /// Whether the host with this id signed it for this log, strictly (RFC 8032 section 5.1.7). Whether its
    /// turn has come says [`Self::is_next`].
    #[must_use]
    pub fn verify(&self, log_id: LogId, host_id: HostId) -> bool {
        let Ok(host_key) = <[u8; 32]>::try_from(self.host_key.as_slice()) else { return false };
        if HostId::of(&host_key) != host_id {
            return false;
        }
        let Ok(key) = VerifyingKey::from_bytes(&host_key) else { return false };
        let Ok(signature) = Signature::from_slice(self.signature.as_slice()) else { return false };
        let transcript = Self::transcript(log_id, self.number, self.statement.as_slice());
        key.verify_strict(transcript.as_bytes(), &signature).is_ok()
    }
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

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const LOG: LogId = LogId([1; 16]);

    fn statement() -> (HostId, HostStatement) {
        let key = SigningKey::from_bytes(&[2; 32]);
        let host_key = key.verifying_key().to_bytes();
        let signature = key.sign(HostStatement::transcript(LOG, 3, b"lock").as_bytes());
        let said = HostStatement {
            number: 3,
            statement: Bytes(b"lock".to_vec()),
            host_key: Bytes(host_key.to_vec()),
            signature: Bytes(signature.to_bytes().to_vec()),
        };
        (HostId::of(&host_key), said)
    }

    #[test]
    fn a_host_statement_is_good_for_its_log_number_and_words_only() {
        let (host, said) = statement();
        assert!(said.verify(LOG, host));
        assert!(!said.verify(LogId([9; 16]), host));
        assert!(!HostStatement { number: 4, ..said.clone() }.verify(LOG, host));
        assert!(!HostStatement { statement: Bytes(b"unlock".to_vec()), ..said }.verify(LOG, host));
    }

    #[test]
    fn no_number_leaves_those_after_it_without_one() {
        let (_, said) = statement();
        let is_next = |number, last| HostStatement { number, ..said.clone() }.is_next(last);
        let step = limits::HOST_NUMBER_STEP_MAX;
        assert!(is_next(1_800_000_000_000, None) && is_next(step, None) && !is_next(step + 1, None));
        assert!(!is_next(u64::MAX, None) && !is_next(u64::MAX, Some(step)));
        assert!(is_next(8, Some(7)) && !is_next(7, Some(7)) && !is_next(6, Some(7)));
        assert!(is_next(7 + step, Some(7)) && !is_next(8 + step, Some(7)));
        assert!(is_next(step + 1, Some(step)), "after the greatest first one there is another");
    }

    #[test]
    fn nobody_else_speaks_for_the_host() {
        let (host, said) = statement();
        assert!(!said.verify(LOG, HostId([0; 16])));
        let other = SigningKey::from_bytes(&[3; 32]);
        let signature = other.sign(HostStatement::transcript(LOG, 3, b"lock").as_bytes());
        let signature = Bytes(signature.to_bytes().to_vec());
        let own_key = HostStatement {
            host_key: Bytes(other.verifying_key().to_bytes().to_vec()),
            signature: signature.clone(),
            ..said.clone()
        };
        assert!(!own_key.verify(LOG, host));
        assert!(!HostStatement { signature, ..said.clone() }.verify(LOG, host));
        for cut in [Bytes(vec![]), Bytes(said.signature.0[..63].to_vec())] {
            assert!(!HostStatement { signature: cut, ..said.clone() }.verify(LOG, host));
        }
    }
}
