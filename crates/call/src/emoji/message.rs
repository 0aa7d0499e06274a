//! What members say to each other to compare emoji, inside MLS application messages.

use std::fmt;

use serde::{Deserialize, Serialize};
use tangelo_wire::Bytes;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A step of a comparison. Whoever sent it is told by MLS, not by the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum EmojiMessage {
    /// Begins a run among exactly these members.
    Start {
        /// The new run.
        run: RunId,
        /// The group's epoch as the starter sees it.
        epoch: u64,
        /// Hash of the members, see [`super::Circle::hash`].
        members: Digest,
    },
    /// Binds its author to a nonce that stays hidden.
    Commit {
        /// Of which run.
        run: RunId,
        /// Hash of the nonce, see [`super::Circle::commitment`].
        hash: Digest,
    },
    /// Shows the nonce; sent only when everyone's commit is there.
    Reveal {
        /// Of which run.
        run: RunId,
        /// What the author committed to.
        nonce: Nonce,
    },
    /// Its author has given up the run: by a person's wish, or because time is up.
    Cancel {
        /// Which run.
        run: RunId,
    },
}

/// The field does not have its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0} bytes")]
pub struct LengthError(usize);

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[serde(try_from = "Bytes", into = "Bytes")]
        pub struct $name(pub [u8; $bytes]);

        impl TryFrom<Bytes> for $name {
            type Error = LengthError;

            fn try_from(bytes: Bytes) -> Result<Self, LengthError> {
                bytes.as_slice().try_into().map(Self).map_err(|_| LengthError($bytes))
            }
        }

        impl From<$name> for Bytes {
            fn from(value: $name) -> Self {
                Self(value.0.to_vec())
            }
        }
    };
}

fixed_bytes! {
    /// A random number for one run.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    RunId, 16
}
fixed_bytes! {
    /// SHA-256 of a transcript.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    Digest, 32
}
fixed_bytes! {
    /// A member's random share of the emoji. Secret until everyone has committed.
    #[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
    Nonce, 32
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_json_with_base64() {
        let examples = [
            (
                EmojiMessage::Start { run: RunId([1; 16]), epoch: 7, members: Digest([2; 32]) },
                r#"{"type":"start","run":"AQEBAQEBAQEBAQEBAQEBAQ","epoch":7,"members":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}"#,
            ),
            (
                EmojiMessage::Commit { run: RunId([1; 16]), hash: Digest([2; 32]) },
                r#"{"type":"commit","run":"AQEBAQEBAQEBAQEBAQEBAQ","hash":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}"#,
            ),
            (
                EmojiMessage::Reveal { run: RunId([1; 16]), nonce: Nonce([2; 32]) },
                r#"{"type":"reveal","run":"AQEBAQEBAQEBAQEBAQEBAQ","nonce":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}"#,
            ),
            (
                EmojiMessage::Cancel { run: RunId([1; 16]) },
                r#"{"type":"cancel","run":"AQEBAQEBAQEBAQEBAQEBAQ"}"#,
            ),
        ];
        for (message, json) in examples {
            assert_eq!(serde_json::to_string(&message).unwrap(), json);
            assert_eq!(serde_json::from_str::<EmojiMessage>(json).unwrap(), message);
        }
    }

    #[test]
    fn other_lengths_and_other_fields_are_refused() {
        for bad in [
            r#"{"type":"cancel","run":"AQEB"}"#,
            r#"{"type":"cancel","run":"AQEBAQEBAQEBAQEBAQEBAQ","more":1}"#,
            r#"{"type":"cancel"}"#,
            r#"{"type":"reveal","run":"AQEBAQEBAQEBAQEBAQEBAQ","nonce":"AgIC"}"#,
            r#"{"type":"start","run":"AQEBAQEBAQEBAQEBAQEBAQ","epoch":-1,"members":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}"#,
            r#"{"type":"finish","run":"AQEBAQEBAQEBAQEBAQEBAQ"}"#,
        ] {
            assert!(serde_json::from_str::<EmojiMessage>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_nonce_does_not_show_itself() {
        let reveal = EmojiMessage::Reveal { run: RunId([1; 16]), nonce: Nonce([90; 32]) };
        assert!(!format!("{reveal:?}").contains("90"));
    }
}
