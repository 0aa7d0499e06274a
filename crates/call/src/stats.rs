//! Counters of a session, for tests, the inspector and bug reports. They hold no secret and no name.

use serde::Serialize;
use tangelo_e2ee::media::{DropReason, Media};
use tangelo_wire::{GroupId, Seq, Source};

use crate::Session;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The own client id while present.
    pub client: Option<String>,
    /// The group, while in one.
    pub group: Option<GroupId>,
    /// Its epoch.
    pub epoch: Option<u64>,
    /// The last entry of the log that was processed.
    pub processed: Option<Seq>,
    /// Own frames that were sealed.
    pub sealed: u64,
    /// Own frames that were dropped because there was no key, or because they were odd.
    pub unsealed: u64,
    /// One for each line of receiving.
    pub receivers: Vec<ReceiverCounters>,
    /// Entries that broke a rule.
    pub refused: Vec<RefusedEntry>,
    /// Why this client arrived anew, each time that it did.
    pub losses: Vec<String>,
}

/// Counters of one line of receiving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct ReceiverCounters {
    /// Whose line it is.
    pub client: String,
    /// What it is for.
    pub source: Source,
    /// Frames opened.
    #[cfg_attr(test, ts(type = "number"))]
    pub opened: u64,
    /// Frames that had to wait for their keys.
    #[cfg_attr(test, ts(type = "number"))]
    pub held: u64,
    /// Frames dropped, by reason.
    #[cfg_attr(test, ts(type = "Array<[string, number]>"))]
    pub dropped: Vec<(&'static str, u64)>,
    /// The same by key id, of those that the latest frames of this source came with.
    pub keys: Vec<KeyCounters>,
}

/// Counters of one key id on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct KeyCounters {
    /// Which.
    #[cfg_attr(test, ts(type = "number"))]
    pub key_id: u64,
    /// Frames opened with it.
    #[cfg_attr(test, ts(type = "number"))]
    pub opened: u64,
    /// Frames that had to wait for it.
    #[cfg_attr(test, ts(type = "number"))]
    pub held: u64,
    /// Frames dropped, by reason.
    #[cfg_attr(test, ts(type = "Array<[string, number]>"))]
    pub dropped: Vec<(&'static str, u64)>,
}

/// An entry of the log that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedEntry {
    /// Its place.
    pub seq: Seq,
    /// Its author.
    pub client: String,
    /// The number of the rule that it broke.
    pub rule: u16,
    /// What the rule demands.
    pub text: &'static str,
}

impl Session {
    /// The counters now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (sealed, unsealed) = self.media.sender_stats();
        let attendee = self.attendee();
        let refused = attendee.map(|attendee| attendee.refused()).unwrap_or_default().iter();
        Stats {
            client: self.client().map(|client| client.to_string()),
            group: self.epoch().map(|(group, _)| group),
            epoch: self.epoch().map(|(_, epoch)| epoch),
            processed: attendee.map(|attendee| attendee.processed),
            sealed,
            unsealed,
            receivers: receiver_counters(&self.media),
            refused: refused
                .map(|(seq, client, rule)| RefusedEntry {
                    seq: *seq,
                    client: client.to_string(),
                    rule: rule.number(),
                    text: rule.text(),
                })
                .collect(),
            losses: self.losses().iter().map(|why| (*why).to_owned()).collect(),
        }
    }
}

/// What each line of receiving has counted.
pub(crate) fn receiver_counters(media: &Media) -> Vec<ReceiverCounters> {
    let lines = media.receiver_stats().map(|line| ReceiverCounters {
        client: line.client.to_string(),
        source: line.source,
        opened: line.opened,
        held: line.held,
        dropped: by_name(&line.dropped),
        keys: line
            .keys
            .iter()
            .map(|key| KeyCounters {
                key_id: key.key_id.0,
                opened: key.opened,
                held: key.held,
                dropped: by_name(&key.dropped),
            })
            .collect(),
    });
    lines.collect()
}

fn by_name(dropped: &[(DropReason, u64)]) -> Vec<(&'static str, u64)> {
    dropped.iter().map(|(reason, count)| (reason_name(*reason), *count)).collect()
}

fn reason_name(reason: DropReason) -> &'static str {
    match reason {
        DropReason::NoReceiver => "no_receiver",
        DropReason::Malformed => "malformed",
        DropReason::NoKey => "no_key",
        DropReason::WrongSender => "wrong_sender",
        DropReason::WrongSource => "wrong_source",
        DropReason::Forged => "forged",
        DropReason::Replayed => "replayed",
        DropReason::HoldFull => "hold_full",
    }
}
