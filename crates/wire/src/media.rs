//! Media as the signalling sees it: sources, and which line of an SDP offer carries which.

use serde::{Deserialize, Serialize};

use crate::ClientId;

/// What a track shows or plays. Each has its own SFrame context, so one cannot pass for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum Source {
    /// The person's voice.
    Microphone,
    /// The person's camera.
    Camera,
    /// A shared screen.
    Screen,
    /// The sound of a shared screen.
    ScreenAudio,
}

impl Source {
    /// Whether the source is heard or seen.
    #[must_use]
    pub fn kind(self) -> MediaKind {
        match self {
            Self::Microphone | Self::ScreenAudio => MediaKind::Audio,
            Self::Camera | Self::Screen => MediaKind::Video,
        }
    }
}

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum MediaKind {
    /// Opus.
    Audio,
    /// VP8.
    Video,
}

/// The names (RID, RFC 8851) of a picture's simulcast layers, lowest first. The place in the list is the layer's number,
/// which also chooses its SFrame context.
pub const LAYER_RIDS: [&str; 3] = ["l", "m", "h"];

/// A picture that a client receives, and how it shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct View {
    /// Whose.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub client: ClientId,
    /// Which picture.
    pub source: Source,
    /// The height of the place in which it is shown, in pixels of the screen.
    pub height: u16,
    /// Whether the person has put it in front: it goes before other cameras when there is not enough for all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
}

/// A picture that somebody sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Picture {
    /// Whose.
    pub client: ClientId,
    /// Which.
    pub source: Source,
}

/// One `m=` section of an offer, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub struct MediaLine {
    /// The section's `a=mid`.
    pub mid: String,
    /// What it carries; `None` for a section that is out of use.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub line_use: Option<LineUse>,
}

/// What a line of an offer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export))]
pub enum LineUse {
    /// The client sends this source.
    Send {
        /// Which.
        source: Source,
    },
    /// The client wants to receive this source of that client.
    Receive {
        /// Whose.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        client: ClientId,
        /// Which.
        source: Source,
    },
}
