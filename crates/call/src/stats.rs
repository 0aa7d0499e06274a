//! Counters of a session, for tests, the inspector and bug reports. They hold no secret and no name.

use serde::Serialize;
use tangelo_e2ee::media::DropReason;
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
pub struct ReceiverCounters {
    /// Whose line it is.
    pub client: String,
    /// What it is for.
    pub source: Source,
    /// Frames opened.
    pub opened: u64,
    /// Frames that had to wait for their keys.
    pub held: u64,
    /// Frames dropped, by reason.
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
        let receivers = self.media.receiver_stats().map(|line| ReceiverCounters {
            client: line.client.to_string(),
            source: line.source,
            opened: line.opened,
            held: line.held,
            dropped: line.dropped.iter().map(|(reason, count)| (reason_name(*reason), *count)).collect(),
        });
        let attendee = self.attendee();
        let refused = attendee.map(|attendee| attendee.refused()).unwrap_or_default().iter();
        Stats {
            client: self.client().map(|client| client.to_string()),
            group: self.epoch().map(|(group, _)| group),
            epoch: self.epoch().map(|(_, epoch)| epoch),
            processed: attendee.map(|attendee| attendee.processed),
            sealed,
            unsealed,
            receivers: receivers.collect(),
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
