//! A source of a client, and who receives it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use str0m::media::Mid;
use tangelo_wire::{ClientId, Source};

/// What names a track within a room: who sends it, and what it shows or plays.
pub(crate) type TrackId = (ClientId, Source);

/// A track. It exists as soon as somebody sends it or waits for it.
#[derive(Debug, Default)]
pub(crate) struct Track {
    /// The sender's line; `None` while it is not published.
    pub(crate) sent_on: Option<Mid>,
    pub(crate) receivers: BTreeSet<ClientId>,
    pub(crate) key_frames: KeyFrameRequests,
}

impl Track {
    /// The sender sends it on this line from now on, or no longer.
    pub(crate) fn send_on(&mut self, mid: Option<Mid>) {
        if self.sent_on != mid {
            self.sent_on = mid;
            self.key_frames = KeyFrameRequests::default();
        }
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.sent_on.is_none() && self.receivers.is_empty()
    }
}

/// Merges the wishes of all receivers for a key frame. At most one request goes out per `spacing`, and a wish that
/// comes too early is kept for later, since the frame that answers the last request may have been on its way already.
#[derive(Debug, Default)]
pub(crate) struct KeyFrameRequests {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl KeyFrameRequests {
    /// Somebody wants a key frame. Returns when to call [`Self::take_due`], unless that is known already.
    pub(crate) fn want(&mut self, now: Instant, spacing: Duration) -> Option<Instant> {
        if self.due.is_some() {
            return None;
        }
        let due = self.last.map_or(now, |last| now.max(last + spacing));
        self.due = Some(due);
        Some(due)
    }

    /// Whether to ask the sender now.
    pub(crate) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
        }
        due
    }

    /// The sender was asked.
    pub(crate) fn asked(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACING: Duration = Duration::from_millis(500);

    #[test]
    fn wishes_are_merged_and_the_last_one_is_kept() {
        let start = crate::test_now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut requests = KeyFrameRequests::default();
        assert_eq!(requests.want(start, SPACING), Some(start));
        assert!(requests.take_due(start));
        requests.asked(start);
        assert!(!requests.take_due(start));
        assert_eq!(requests.want(after(10), SPACING), Some(after(500)));
        assert_eq!(requests.want(after(20), SPACING), None);
        assert!(!requests.take_due(after(499)));
        assert!(requests.take_due(after(500)));
        requests.asked(after(500));
        assert!(!requests.take_due(after(2_000)));
        assert_eq!(requests.want(after(2_000), SPACING), Some(after(2_000)));
    }
}
