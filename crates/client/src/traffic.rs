//! What has gone through a participant's media socket, and what became of it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Counters of a participant, which can be read at any time, also after it has left.
#[derive(Clone, Debug, Default)]
pub struct Traffic(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    packets_received: AtomicU64,
    bytes_received: AtomicU64,
    packets_sent: AtomicU64,
    frames_opened: AtomicU64,
    frames_early: AtomicU64,
    frames_undecryptable: AtomicU64,
    frames_missed: AtomicU64,
}

/// [`Traffic`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficCounts {
    /// RTP packets that came, repeated ones among them.
    pub packets_received: u64,
    /// Their bytes, as UDP payload.
    pub bytes_received: u64,
    /// RTP packets that were sent.
    pub packets_sent: u64,
    /// Frames of others that were decrypted.
    pub frames_opened: u64,
    /// Frames that came before the first one of their line that could be decrypted, and were dropped: whoever has just come
    /// in may get some that were sealed for those who were there before.
    pub frames_early: u64,
    /// Frames after that which were dropped because they could not be decrypted.
    pub frames_undecryptable: u64,
    /// Decrypted frames that the owner did not take in time.
    pub frames_missed: u64,
}

impl Traffic {
    /// The counters now.
    #[must_use]
    pub fn counts(&self) -> TrafficCounts {
        let Counters {
            packets_received,
            bytes_received,
            packets_sent,
            frames_opened,
            frames_early,
            frames_undecryptable,
            frames_missed,
        } = &*self.0;
        TrafficCounts {
            packets_received: packets_received.load(Relaxed),
            bytes_received: bytes_received.load(Relaxed),
            packets_sent: packets_sent.load(Relaxed),
            frames_opened: frames_opened.load(Relaxed),
            frames_early: frames_early.load(Relaxed),
            frames_undecryptable: frames_undecryptable.load(Relaxed),
            frames_missed: frames_missed.load(Relaxed),
        }
    }

    pub(crate) fn received(&self, datagram: &[u8]) {
        if is_rtp(datagram) {
            self.0.packets_received.fetch_add(1, Relaxed);
            self.0.bytes_received.fetch_add(datagram.len() as u64, Relaxed);
        }
    }

    pub(crate) fn sent(&self, datagram: &[u8]) {
        if is_rtp(datagram) {
            self.0.packets_sent.fetch_add(1, Relaxed);
        }
    }

    /// A frame was decrypted; `taken` tells whether the owner took it.
    pub(crate) fn opened(&self, taken: bool) {
        self.0.frames_opened.fetch_add(1, Relaxed);
        self.0.frames_missed.fetch_add(u64::from(!taken), Relaxed);
    }

    /// A frame could not be decrypted; `early` tells whether none of its line ever could.
    pub(crate) fn undecryptable(&self, early: bool) {
        let counter = if early { &self.0.frames_early } else { &self.0.frames_undecryptable };
        counter.fetch_add(1, Relaxed);
    }
}

/// Neither STUN nor DTLS (RFC 7983 section 7) nor RTCP (RFC 5761 section 4).
fn is_rtp(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, second, ..] if !(64..=95).contains(&(second & 0x7f)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rtp_is_counted_as_packets() {
        let traffic = Traffic::default();
        for other in [&[][..], &[0x80], &[0, 1, 0, 0], &[22, 254, 253, 0], &[0x80, 200, 0, 6], &[0x81, 205]] {
            traffic.received(other);
            traffic.sent(other);
        }
        assert_eq!(traffic.counts(), TrafficCounts::default());
        traffic.received(&[0x90, 96, 0, 1]);
        traffic.received(&[0x80, 0x80 | 111, 0, 1, 9]);
        let TrafficCounts { packets_received, bytes_received, packets_sent, .. } = traffic.counts();
        assert_eq!((packets_received, bytes_received, packets_sent), (2, 9, 0));
    }
}
