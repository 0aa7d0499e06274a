//! What members say to each other inside MLS application messages: JSON, padded by MLS.

use serde::{Deserialize, Serialize};
use tangelo_e2ee::HostProof;
use tangelo_wire::{ClientId, LogHash, LogId, Seq};

use crate::{emoji::EmojiMessage, fork_alarm::View};

/// Longest chat message, in characters.
pub const CHAT_MAX_CHARS: usize = 2_000;
/// Longest reaction, in bytes: one emoji with all its parts.
pub const REACTION_MAX_BYTES: usize = 40;

/// The loudest that a notice of activity tells: one digit, so that all have the same size.
pub(crate) const ACTIVITY_MAX: u8 = 9;

/// A message before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Envelope {
    /// What the author had seen of the log; every content but a notice of activity has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<Seen>,
    pub(crate) content: Content,
}

/// See [`View`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) log_id: LogId,
    pub(crate) seq: Seq,
    pub(crate) digest: LogHash,
}

impl From<View> for Seen {
    fn from(View { log_id, seq, digest }: View) -> Self {
        Self { log_id, seq, digest }
    }
}

impl From<Seen> for View {
    fn from(Seen { log_id, seq, digest }: Seen) -> Self {
        Self { log_id, seq, digest }
    }
}

/// What is said.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Content {
    /// Where the author stands; sent on a timer as well, so that members hear from each other.
    State(SaidState),
    /// Words for everyone. The id is the author's own: a message that had to be sent again is shown once.
    Chat { id: String, text: String },
    /// An emoji to float over the author's picture.
    Reaction { emoji: String },
    /// A step of a comparison of emoji.
    Emoji { message: EmojiMessage },
    /// How loudly the author spoke since it said so last, from 0, not at all, to [`ACTIVITY_MAX`]. Sent in large rooms, on
    /// a timer that knows nothing of it.
    Activity { level: u8 },
    /// A host asks the member with this client to mute its microphone.
    Mute { client: ClientId, host: HostProof },
}

/// What people say does not print.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::State(said) => said.shown().fmt(f),
            Self::Chat { .. } => f.write_str("Chat(..)"),
            Self::Reaction { .. } => f.write_str("Reaction(..)"),
            Self::Emoji { .. } => f.write_str("Emoji(..)"),
            Self::Activity { .. } => f.write_str("Activity(..)"),
            Self::Mute { .. } => f.write_str("Mute(..)"),
        }
    }
}

/// What a member shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct MemberState {
    /// Whether it asks to speak.
    pub hand_raised: bool,
    /// Whether its microphone is on.
    pub microphone: bool,
    /// Whether its camera is on.
    pub camera: bool,
    /// Whether it keeps what it sees and hears. Clients that know of no recording do not say, and do not record.
    #[serde(default)]
    pub recording: bool,
}

/// What a member says of itself: a [`MemberState`], and more. The fields stand side by side in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SaidState {
    hand_raised: bool,
    microphone: bool,
    camera: bool,
    #[serde(default)]
    recording: bool,
    /// A host shows that it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<HostProof>,
}

impl SaidState {
    pub(crate) fn new(state: MemberState, host: Option<HostProof>) -> Self {
        let MemberState { hand_raised, microphone, camera, recording } = state;
        Self { hand_raised, microphone, camera, recording, host }
    }

    pub(crate) fn shown(&self) -> MemberState {
        let Self { hand_raised, microphone, camera, recording, .. } = *self;
        MemberState { hand_raised, microphone, camera, recording }
    }
}

impl Default for MemberState {
    fn default() -> Self {
        Self { hand_raised: false, microphone: true, camera: true, recording: false }
    }
}

impl Envelope {
    /// What is said, and what was seen. Notices are many: with that they would be twice as large.
    pub(crate) fn new(seen: View, content: Content) -> Self {
        let is_notice = matches!(content, Content::Activity { .. });
        Self { seen: (!is_notice).then(|| seen.into()), content }
    }

    /// The bytes to seal.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what was sealed; `None` if it cannot be understood or shown.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let envelope: Self = serde_json::from_slice(bytes).ok()?;
        let is_notice = matches!(envelope.content, Content::Activity { .. });
        let is_sound = envelope.content.is_sound() && (envelope.seen.is_some() || is_notice);
        is_sound.then_some(envelope)
    }
}

impl Content {
    /// Whether it still means something when it comes late.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::Chat { .. } | Self::State(_) | Self::Mute { .. })
    }

    /// Whether it keeps the bounds of its kind.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::State(_) | Self::Emoji { .. } | Self::Mute { .. } => true,
            Self::Activity { level } => *level <= ACTIVITY_MAX,
            Self::Chat { id, text } => {
                let short = id.len() <= 64 && text.chars().count() <= CHAT_MAX_CHARS;
                short && !text.trim().is_empty() && !text.chars().any(is_unseemly)
            }
            Self::Reaction { emoji } => {
                let plain =
                    |c: char| c.is_control() || c.is_whitespace() || c.is_alphabetic() || is_unseemly(c);
                emoji.len() <= REACTION_MAX_BYTES && !emoji.is_ascii() && !emoji.chars().any(plain)
            }
        }
    }
}

/// Control characters, and those that turn the direction of the text around them.
fn is_unseemly(c: char) -> bool {
    let is_line = matches!(c, '\n' | '\t');
    (c.is_control() && !is_line) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use tangelo_wire::Bytes;

    use super::*;

    fn chat(text: &str) -> Content {
        Content::Chat { id: "a1".into(), text: text.into() }
    }

    #[test]
    fn an_envelope_reads_back() {
        let seen = Seen { log_id: LogId([1; 16]), seq: Seq(9), digest: LogHash([2; 32]) };
        let host = HostProof { key: Bytes(vec![1; 32]), signature: Bytes(vec![2; 64]) };
        let state = |host| Content::State(SaidState::new(MemberState::default(), host));
        let mute = Content::Mute { client: ClientId([3; 16]), host: host.clone() };
        for content in [chat("hello\nthere"), state(None), state(Some(host)), mute] {
            let envelope = Envelope::new(seen.into(), content);
            assert_eq!(Envelope::read(&envelope.to_bytes()), Some(envelope.clone()));
            let unseen = Envelope { seen: None, ..envelope };
            assert_eq!(Envelope::read(&unseen.to_bytes()), None, "what was seen is never left out");
        }
    }

    #[test]
    fn notices_have_one_size_whatever_they_tell() {
        let seen = Seen { log_id: LogId([1; 16]), seq: Seq(9), digest: LogHash([2; 32]) };
        let notice = |level| Envelope::new(seen.into(), Content::Activity { level });
        for level in 0..=ACTIVITY_MAX {
            assert_eq!(Envelope::read(&notice(level).to_bytes()), Some(notice(level)));
            assert_eq!(notice(level).to_bytes().len(), 41, "far within one step of padding");
        }
    }

    #[test]
    fn the_example_of_the_protocol_page_reads_and_writes_back() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");
        let page = std::fs::read_to_string(path).unwrap();
        let line = page.lines().find(|line| line.starts_with("{\"seen\"")).unwrap();
        let envelope = Envelope::read(line.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(envelope.to_bytes()).unwrap(), line);
    }

    #[test]
    fn a_state_is_read_with_and_without_what_other_versions_say() {
        let state = |fields: &str| {
            let text = format!(
                r#"{{"seen":{{"log_id":"{:032x}","seq":1,"digest":"{:064x}"}},"content":{{"type":"state",{fields}}}}}"#,
                1, 2
            );
            match Envelope::read(text.as_bytes()).map(|envelope| envelope.content) {
                Some(Content::State(said)) => Some(said.shown()),
                _ => None,
            }
        };
        let known = r#""hand_raised":false,"microphone":true,"camera":true"#;
        assert_eq!(state(known), Some(MemberState::default()));
        assert_eq!(state(&format!(r#"{known},"later":[1]"#)), Some(MemberState::default()));
        let recording = MemberState { recording: true, ..MemberState::default() };
        assert_eq!(state(&format!(r#"{known},"recording":true"#)), Some(recording));
        assert_eq!(state(&format!(r#"{known},"recording":"yes""#)), None);
    }

    #[test]
    fn rule_54_words_that_cannot_be_shown_are_not_read() {
        let sound = [
            chat("ü"),
            chat(&"x".repeat(CHAT_MAX_CHARS)),
            Content::Reaction { emoji: "👍🏽".into() },
            Content::Activity { level: 9 },
        ];
        assert!(sound.iter().all(Content::is_sound));
        let bad = [
            chat(" \n "),
            chat(&"x".repeat(CHAT_MAX_CHARS + 1)),
            chat("a\u{202e}b"),
            chat("a\0b"),
            Content::Reaction { emoji: String::new() },
            Content::Reaction { emoji: "hello".into() },
            Content::Reaction { emoji: "👍".repeat(20) },
            Content::Activity { level: 10 },
        ];
        assert!(!bad.iter().any(Content::is_sound));
        for junk in [&b""[..], b"{}", b"[]", &[0xff; 9]] {
            assert_eq!(Envelope::read(junk), None);
        }
    }
}
