//! What to do when media comes faster than this machine forwards it.
//!
//! The kernel's queue then fills until it is full, and from there on everything comes late by all that it holds: seconds, where
//! much goes out for each packet that comes in. Sound that late is of no use to anybody, and the feedback in the same queue
//! tells of packets that are long forgotten. So media that has waited too long is dropped, until what is left is fresh;
//! senders and receivers see the loss, and send and ask for less.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{ports::Incoming, socket::Seldom};

/// Media that waited longer comes too late.
const LATE: Duration = Duration::from_millis(250);
/// So long it may: a thread that was stopped once, and catches up, loses nothing.
const LASTS: Duration = Duration::from_millis(100);
/// Then this is what may wait: else everything would come just not too late, for as long as it goes on.
const FRESH: Duration = Duration::from_millis(20);

/// How far the thread is behind with one port.
///
/// Each thread that reads the port has a queue of the kernel's for it, and what it hands over has waited there: that one of them is late
/// says nothing of the others, and that one is not does not mean that another has caught up.
#[derive(Default)]
pub(crate) struct Backlog {
    /// By the thread that read: when something came too late, if all since then was not fresh; since the Unix epoch.
    late_since: Vec<Option<Duration>>,
    /// Since the start.
    pub(crate) dropped: u64,
    /// How many of them were told of.
    noted: u64,
    told: Seldom,
}

impl Backlog {
    /// Whether to look at a datagram that thread `reader` has read. `now` is the time since the Unix epoch.
    pub(crate) fn takes(&mut self, now: Duration, reader: usize, datagram: &Incoming<'_>) -> bool {
        let Some(since) = datagram.received else { return true };
        if self.late_since.len() <= reader {
            self.late_since.resize(reader + 1, None);
        }
        let Some(late_since) = self.late_since.get_mut(reader) else { return true };
        let waited = now.saturating_sub(since);
        if waited <= FRESH {
            *late_since = None;
        } else if waited > LATE {
            late_since.get_or_insert(now);
        }
        let sheds = late_since.is_some_and(|since| now.saturating_sub(since) >= LASTS);
        // Checks, handshakes and feedback are few, and each of them matters.
        if !sheds || !is_rtp(datagram.contents) {
            return true;
        }
        self.dropped += 1;
        false
    }

    /// Tells whoever runs the server of what was dropped, from time to time.
    pub(crate) fn tell(&mut self) {
        if self.dropped > self.noted && self.told.is_due() {
            tracing::warn!(
                "audio and video come faster than this machine forwards them: {} packets that had waited for more than {} ms were \
                 dropped. It has too little time for this server: other programs take it, or the calls are too many",
                self.dropped - self.noted,
                LATE.as_millis()
            );
            self.noted = self.dropped;
        }
    }
}

/// The time since the Unix epoch, by the clock that the kernel stamps datagrams with.
pub(crate) fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Whether this is a packet of RTP, as told from all others by RFC 7983 section 7 and RFC 5761 section 4.
fn is_rtp(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTP: &[u8] = &[0x80, 111, 0, 1];
    const FEEDBACK: &[u8] = &[0x8f, 205, 0, 1];

    fn datagram(received_ms: Option<u64>, contents: &[u8]) -> Incoming<'_> {
        Incoming {
            source: ([127, 0, 0, 1], 9).into(),
            asked: None,
            received: received_ms.map(Duration::from_millis),
            contents,
        }
    }

    #[test]
    fn what_waited_too_long_is_dropped_until_the_rest_is_fresh() {
        let mut backlog = Backlog::default();
        let mut takes = |at: u64, waited: u64, contents| {
            backlog.takes(Duration::from_millis(at), 0, &datagram(Some(at - waited), contents))
        };
        assert!(takes(10_000, 0, RTP) && takes(10_100, 250, RTP) && takes(11_000, 250, RTP));
        assert!(takes(20_000, 251, RTP) && takes(20_099, 300, RTP), "it may catch up");
        assert!(!takes(20_100, 300, RTP) && !takes(20_110, 21, RTP));
        assert!(takes(20_120, 300, FEEDBACK) && takes(20_120, 300, &[0, 1, 0, 0]), "only media is dropped");
        assert!(!takes(20_130, 200, RTP));
        assert!(
            takes(20_140, 20, RTP) && takes(20_150, 200, RTP) && takes(20_160, 251, RTP),
            "and it begins anew"
        );
        assert_eq!(backlog.dropped, 3);
    }

    #[test]
    fn each_thread_that_reads_is_late_for_itself() {
        let mut backlog = Backlog::default();
        let mut takes = |at: u64, reader, waited: u64| {
            backlog.takes(Duration::from_millis(at), reader, &datagram(Some(at - waited), RTP))
        };
        assert!(takes(10_000, 3, 300) && takes(10_050, 1, 0));
        assert!(!takes(10_100, 3, 300), "what is fresh from another changes nothing");
        assert!(takes(10_110, 1, 100) && takes(10_120, 0, 100), "nor are others to lose anything");
        assert!(takes(10_130, 3, 10) && takes(10_140, 3, 200));
    }

    #[test]
    fn where_the_system_keeps_no_time_or_its_clock_was_set_back_nothing_is_dropped() {
        let mut backlog = Backlog::default();
        assert!(backlog.takes(Duration::from_secs(1), 0, &datagram(None, RTP)));
        assert!(backlog.takes(Duration::from_secs(1), 0, &datagram(Some(9_000), RTP)));
    }

    #[test]
    fn feedback_is_told_from_media() {
        for feedback in 200..=207 {
            assert!(!is_rtp(&[0x80, feedback, 0, 1]));
        }
        for media in [111, 96, 127, 0x80 | 111, 0x80 | 96] {
            assert!(is_rtp(&[0x90, media, 0, 1]));
        }
        for other in [&[][..], &[0x80], &[22, 254, 253], &[0, 1, 0, 0], &[200, 111]] {
            assert!(!is_rtp(other));
        }
    }
}
