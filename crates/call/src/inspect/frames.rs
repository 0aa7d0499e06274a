//! Frames and their keys as the inspector shows them. A key id is no key: it stands in every frame in clear.

use serde::Serialize;
use tangelo_e2ee::media::Media;
use tangelo_wire::Millis;

use crate::{ReceiverCounters, stats::receiver_counters};

/// Frames by key id, and the epochs whose keys are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct FramesInspection {
    /// The epoch that own frames are sealed in.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub sending: Option<u64>,
    /// Epochs whose keys open frames, oldest first.
    pub epochs: Vec<EpochInspection>,
    /// Own frames that were sealed.
    #[cfg_attr(test, ts(type = "number"))]
    pub sealed: u64,
    /// Own frames that were dropped because there was no key, or because they were odd.
    #[cfg_attr(test, ts(type = "number"))]
    pub unsealed: u64,
    /// Sealed frames of this group by key id, the latest last.
    pub sent: Vec<SentKey>,
    /// Lines on which others are received.
    pub received: Vec<ReceiverCounters>,
}

/// An epoch whose keys are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct EpochInspection {
    /// Which.
    #[cfg_attr(test, ts(type = "number"))]
    pub epoch: u64,
    /// When its keys are forgotten; not yet known for the newest.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub expires: Option<Millis>,
}

/// A key id that own frames were sealed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct SentKey {
    /// Which.
    #[cfg_attr(test, ts(type = "number"))]
    pub key_id: u64,
    /// How many frames.
    #[cfg_attr(test, ts(type = "number"))]
    pub sealed: u64,
}

impl FramesInspection {
    pub(super) fn of(media: &Media) -> Self {
        let (sealed, unsealed) = media.sender_stats();
        Self {
            sending: media.sending_epoch(),
            epochs: media.epochs().map(|(epoch, expires)| EpochInspection { epoch, expires }).collect(),
            sealed,
            unsealed,
            sent: media.sent_keys().map(|(key_id, sealed)| SentKey { key_id: key_id.0, sealed }).collect(),
            received: receiver_counters(media),
        }
    }
}
