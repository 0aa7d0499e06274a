//! What was sent and not yet heard of.

use std::collections::VecDeque;

/// Most packets remembered. At 4 Mbit/s these are some ten seconds.
const PACKETS_MAX: usize = 4096;

/// Feedback on a packet that was sent this long ago says nothing about the way as it is.
pub(super) const AGE_MAX_US: i64 = 10_000_000;

/// A packet that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// Transport-wide sequence number, extended.
    pub(super) seq: u64,
    /// When it was sent, on the estimator's clock.
    pub(super) at_us: i64,
    /// Size on the wire.
    pub(super) bytes: u32,
    /// The probe that it was part of.
    pub(super) cluster: Option<u32>,
    /// The receiver once said that it had not come.
    pub(super) missed: bool,
    acknowledged: bool,
}

/// Packets by sequence number, the oldest first. The room is reused, so sending allocates only until the way is filled.
#[derive(Debug, Default)]
pub(super) struct History {
    packets: VecDeque<Sent>,
    /// Highest sequence number that feedback spoke of.
    newest_reported: Option<u64>,
}

impl History {
    /// Remembers a packet. One whose number is not above all earlier ones is not: `false`.
    pub(super) fn push(&mut self, seq: u64, at_us: i64, bytes: usize, cluster: Option<u32>) -> bool {
        if self.packets.back().is_some_and(|last| last.seq >= seq) {
            return false;
        }
        while self.packets.len() >= PACKETS_MAX
            || self.packets.front().is_some_and(|old| old.acknowledged || at_us - old.at_us > AGE_MAX_US)
        {
            self.packets.pop_front();
        }
        // No datagram is larger than 64 kB; a larger number is a mistake and must not count as a fast way.
        let bytes = u32::try_from(bytes.min(65_535)).unwrap_or(u32::MAX);
        self.packets.push_back(Sent { seq, at_us, bytes, cluster, missed: false, acknowledged: false });
        true
    }

    /// The receiver has it. `None` if it was never sent, is forgotten, or was acknowledged before.
    pub(super) fn acknowledge(&mut self, seq: u64) -> Option<Sent> {
        let sent = self.find(seq)?;
        if sent.acknowledged {
            return None;
        }
        sent.acknowledged = true;
        let sent = *sent;
        self.reported(seq);
        Some(sent)
    }

    /// The receiver does not have it. `None` if that is no news, as above.
    pub(super) fn miss(&mut self, seq: u64) -> Option<Sent> {
        let sent = self.find(seq)?;
        if sent.acknowledged || sent.missed {
            return None;
        }
        sent.missed = true;
        let sent = *sent;
        self.reported(seq);
        Some(sent)
    }

    /// Highest sequence number that feedback spoke of.
    pub(super) fn newest_reported(&self) -> Option<u64> {
        self.newest_reported
    }

    /// Whether feedback on the newest packet is still to come.
    pub(super) fn awaits_feedback(&self) -> bool {
        self.packets.back().is_some_and(|last| self.newest_reported.is_none_or(|seq| last.seq > seq))
    }

    /// When the newest packet was sent.
    pub(super) fn last_sent_us(&self) -> Option<i64> {
        self.packets.back().map(|last| last.at_us)
    }

    fn reported(&mut self, seq: u64) {
        self.newest_reported = Some(self.newest_reported.map_or(seq, |newest| newest.max(seq)));
    }

    /// Numbers follow each other, so the place is known; where some were left out, it is earlier.
    fn find(&mut self, seq: u64) -> Option<&mut Sent> {
        let distance = seq.checked_sub(self.packets.front()?.seq)?;
        let guess = usize::try_from(distance).ok()?;
        let place = if self.packets.get(guess).is_some_and(|sent| sent.seq == seq) {
            guess
        } else {
            self.packets.binary_search_by_key(&seq, |sent| sent.seq).ok()?
        };
        self.packets.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::{AGE_MAX_US, History, PACKETS_MAX};

    #[test]
    fn a_packet_is_acknowledged_once_and_found_where_numbers_were_left_out() {
        let mut history = History::default();
        for seq in [5, 6, 9, 20] {
            assert!(history.push(seq, 0, 100, None));
        }
        assert!(!history.push(20, 0, 100, None), "a number comes once");
        assert!(history.miss(9).is_some());
        assert!(history.miss(9).is_none());
        assert!(history.acknowledge(9).is_some_and(|sent| sent.missed));
        assert!(history.acknowledge(9).is_none());
        for never_sent in [0, 7, 21, u64::MAX] {
            assert!(history.acknowledge(never_sent).is_none());
        }
        assert!(history.awaits_feedback());
        assert!(history.acknowledge(20).is_some());
        assert!(!history.awaits_feedback());
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number_and_age() {
        let mut history = History::default();
        for seq in 0..10_000 {
            history.push(seq, 0, 100, None);
        }
        assert_eq!(history.packets.len(), PACKETS_MAX);
        history.push(10_000, AGE_MAX_US + 1, 100, None);
        assert_eq!(history.packets.len(), 1);
    }
}
