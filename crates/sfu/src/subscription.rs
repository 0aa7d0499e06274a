//! What a receiving line carries, and how its packets are numbered.

use std::time::Instant;

use str0m::rtp::{RtpPacket, SeqNo, Ssrc};
use tangelo_wire::MediaKind;

use crate::track::TrackId;

/// A line on which a client receives. The line lives as long as the session, what it carries may change.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// What it carries now, or carried last.
    pub(crate) track: TrackId,
    /// What str0m sends it as.
    pub(crate) ssrc: Ssrc,
    numbers: Renumbering,
}

impl Subscription {
    pub(crate) fn new(track: TrackId, ssrc: Ssrc) -> Self {
        Self { track, ssrc, numbers: Renumbering::default() }
    }

    /// Carries another track from now on, or the same one after a break.
    pub(crate) fn carry(&mut self, track: TrackId) {
        self.track = track;
        self.numbers.restart();
    }

    /// The packet's sequence number and timestamp on this line. `None` for a late packet from before the line
    /// began to carry the stream.
    pub(crate) fn renumber(&mut self, packet: &RtpPacket, now: Instant) -> Option<(SeqNo, u32)> {
        let arrived = Arrived {
            ssrc: *packet.header.ssrc,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
        };
        let (sequence, timestamp) = self.numbers.apply(arrived, clock_rate_hz(self.track), now)?;
        Some((sequence.into(), timestamp))
    }
}

/// RTP clock rates of Opus (RFC 7587 section 4.1), VP8 (RFC 7741 section 4.1) and VP9 (RFC 9628 section 4.1).
fn clock_rate_hz((_, source): TrackId) -> u64 {
    match source.kind() {
        MediaKind::Audio => 48_000,
        MediaKind::Video => 90_000,
    }
}

#[derive(Clone, Copy, Debug)]
struct Arrived {
    ssrc: u32,
    /// Extended by the rollovers that str0m has counted.
    sequence: u64,
    timestamp: u32,
}

/// Shifts sequence numbers and timestamps such that a line's stream has no jump when what it carries changes.
/// Gaps within a stream stay gaps: the receiver must see what was lost.
#[derive(Debug, Default)]
struct Renumbering {
    shift: Option<Shift>,
    highest: Option<Highest>,
}

#[derive(Clone, Copy, Debug)]
struct Shift {
    ssrc: u32,
    first_in: u64,
    first_out: u64,
    timestamp_shift: u32,
}

#[derive(Clone, Copy, Debug)]
struct Highest {
    sequence: u64,
    timestamp: u32,
    at: Instant,
}

impl Renumbering {
    fn restart(&mut self) {
        self.shift = None;
    }

    fn apply(&mut self, arrived: Arrived, clock_rate_hz: u64, now: Instant) -> Option<(u64, u32)> {
        let shift = match self.shift {
            Some(shift) if shift.ssrc == arrived.ssrc => shift,
            _ => *self.shift.insert(self.begin(arrived, clock_rate_hz, now)),
        };
        let sequence = shift.first_out.checked_add(arrived.sequence.checked_sub(shift.first_in)?)?;
        let timestamp = arrived.timestamp.wrapping_add(shift.timestamp_shift);
        if self.highest.is_none_or(|highest| highest.sequence < sequence) {
            self.highest = Some(Highest { sequence, timestamp, at: now });
        }
        Some((sequence, timestamp))
    }

    fn begin(&self, arrived: Arrived, clock_rate_hz: u64, now: Instant) -> Shift {
        let (first_out, timestamp) = match self.highest {
            // SRTP receivers take the first rollover count for 0 (RFC 3711 section 3.3.1), and a start in the
            // lower half of the numbers leaves no doubt when the first packets change places.
            None => (arrived.sequence & 0x7fff, arrived.timestamp),
            Some(highest) => {
                let elapsed_ms = now.saturating_duration_since(highest.at).as_millis();
                let elapsed =
                    u64::try_from(elapsed_ms).unwrap_or(u64::MAX).saturating_mul(clock_rate_hz) / 1_000;
                // Timestamps wrap around at 32 bits (RFC 3550 section 5.1).
                let ticks = u32::try_from(elapsed.max(1) & u64::from(u32::MAX)).unwrap_or(1);
                (highest.sequence.saturating_add(1), highest.timestamp.wrapping_add(ticks))
            }
        };
        Shift {
            ssrc: arrived.ssrc,
            first_in: arrived.sequence,
            first_out,
            timestamp_shift: timestamp.wrapping_sub(arrived.timestamp),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn packet(ssrc: u32, sequence: u64, timestamp: u32) -> Arrived {
        Arrived { ssrc, sequence, timestamp }
    }

    #[test]
    fn a_stream_keeps_its_gaps_and_loses_its_rollovers() {
        let now = crate::test_now();
        let mut numbers = Renumbering::default();
        let mut apply = |sequence| numbers.apply(packet(1, sequence, 10), 90_000, now).map(|(s, _)| s);
        assert_eq!(apply(3 * 65_536 + 65_000), Some(65_000 & 0x7fff));
        assert_eq!(apply(3 * 65_536 + 65_010), Some((65_000 & 0x7fff) + 10));
        assert_eq!(apply(3 * 65_536 + 65_005), Some((65_000 & 0x7fff) + 5));
        assert_eq!(apply(3 * 65_536 + 64_999), None);
    }

    #[test]
    fn another_stream_goes_on_where_the_last_one_ended() {
        let now = crate::test_now();
        let mut numbers = Renumbering::default();
        assert_eq!(numbers.apply(packet(1, 100, 1_000), 90_000, now), Some((100, 1_000)));
        assert_eq!(numbers.apply(packet(1, 102, 4_000), 90_000, now), Some((102, 4_000)));
        numbers.restart();
        let later = now + Duration::from_millis(100);
        let next = numbers.apply(packet(9, 40_000, u32::MAX), 90_000, later);
        assert_eq!(next, Some((103, 13_000)));
        assert_eq!(numbers.apply(packet(9, 40_001, 2_999), 90_000, later), Some((104, 16_000)));
    }

    #[test]
    fn a_sender_that_starts_anew_makes_no_jump() {
        let now = crate::test_now();
        let mut numbers = Renumbering::default();
        assert_eq!(numbers.apply(packet(1, 100, 1_000), 48_000, now), Some((100, 1_000)));
        let later = now + Duration::from_millis(20);
        assert_eq!(numbers.apply(packet(2, 7, 5), 48_000, later), Some((101, 1_960)));
    }
}
