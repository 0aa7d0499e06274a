//! What a receiving line carries, and how its packets are numbered.

use std::time::Instant;

use str0m::rtp::{RtpPacket, SeqNo, Ssrc, Vp8Descriptor, Vp8Patch};
use tangelo_wire::MediaKind;

use crate::{layers::Choice, track::TrackId};

/// A line on which a client receives. The line lives as long as the session, what it carries may change.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// What it carries now, or carried last.
    pub(crate) track: TrackId,
    /// What str0m sends it as.
    pub(crate) ssrc: Ssrc,
    /// The layer that it is to carry, of those that come; `None` is a pause.
    pub(crate) forward: Option<u8>,
    /// The layer that it would carry if all came.
    target: Option<u8>,
    /// The layer that it carries.
    pub(crate) current: Option<u8>,
    /// The sender's SSRC of what it carries, and the one before.
    ssrcs: [Option<u32>; 2],
    numbers: Renumbering,
    pictures: PictureNumbers,
}

impl Subscription {
    pub(crate) fn new(track: TrackId, ssrc: Ssrc) -> Self {
        Self {
            track,
            ssrc,
            forward: Some(0),
            target: Some(0),
            current: None,
            ssrcs: [None; 2],
            numbers: Renumbering::default(),
            pictures: PictureNumbers::default(),
        }
    }

    /// Carries another track from now on, or the same one after a break.
    pub(crate) fn carry(&mut self, track: TrackId) {
        self.track = track;
        (self.forward, self.target, self.current) = (Some(0), Some(0), None);
        self.ssrcs = [None; 2];
        self.restart();
    }

    fn restart(&mut self) {
        self.numbers.restart();
        self.pictures.restart();
    }

    /// Carries what was chosen from now on, as soon as it may begin. Returns whether that ends a pause.
    pub(crate) fn aim(&mut self, choice: Choice) -> bool {
        let resumes = self.forward.is_none() && choice.forward.is_some();
        (self.forward, self.target) = (choice.forward, choice.target);
        if choice.forward.is_none() {
            self.pause();
        }
        resumes
    }

    /// Carries nothing at the moment. What it carries next follows on what it carried last.
    pub(crate) fn pause(&mut self) {
        if self.current.take().is_some() {
            self.restart();
        }
    }

    /// Whether it waits for a key frame, to begin with what it is to carry.
    pub(crate) fn is_waiting(&self) -> bool {
        self.forward.is_some() && self.forward != self.current
    }

    /// Whether a packet goes on this line. Between layers it switches at a key frame only, and without a pause in
    /// between.
    pub(crate) fn takes(&mut self, came: &Came) -> bool {
        let layer = Some(came.layer);
        let [ssrc, former] = self.ssrcs;
        if self.current == layer && ssrc != Some(came.ssrc) {
            if former == Some(came.ssrc) {
                return false;
            }
            // The sender began this layer anew.
            self.current = None;
            self.restart();
        }
        // Any picture is better than none, and a better one than it was chosen for may have begun to come.
        let wanted = self.forward.is_some()
            && (self.current.is_none() || layer == self.forward || layer == self.target);
        // A track without layers begins as it comes: who opens the frames knows best which it can show.
        let may_begin = came.starts_key_frame || !came.has_layers;
        if wanted && may_begin && self.current != layer {
            if self.current.is_some() {
                self.restart();
            }
            self.current = layer;
            self.ssrcs = [Some(came.ssrc), ssrc.filter(|ssrc| *ssrc != came.ssrc).or(former)];
            if layer == self.target {
                // Layers often make key frames together: the one before does not come back with its own.
                self.forward = self.target;
            }
        }
        self.current == layer
    }

    /// The changes that make the packet's picture numbers go on without a jump.
    pub(crate) fn patch(&mut self, descriptor: &Vp8Descriptor) -> Option<Vp8Patch> {
        self.pictures.apply(descriptor)
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

/// What is known of a packet that came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came {
    /// Whether its track has simulcast layers.
    pub(crate) has_layers: bool,
    /// Of which it is.
    pub(crate) layer: u8,
    /// The sender's.
    pub(crate) ssrc: u32,
    /// Whether it is the first packet of a key frame, and nothing that follows it came before.
    pub(crate) starts_key_frame: bool,
}

/// VP8's picture numbers (RFC 7741 section 4.2), which each layer counts for itself: a receiver takes a smaller number
/// for a late picture, and drops it.
#[derive(Debug, Default)]
struct PictureNumbers {
    /// To be added to PictureID and TL0PICIDX; `None` before the first packet of a stream.
    shift: Option<(u16, u8)>,
    /// The latest that went out.
    last: Option<(u16, u8)>,
}

/// PictureID has 15 bits.
const PICTURE_ID_MASK: u16 = 0x7fff;

impl PictureNumbers {
    fn restart(&mut self) {
        self.shift = None;
    }

    fn apply(&mut self, descriptor: &Vp8Descriptor) -> Option<Vp8Patch> {
        let came = (descriptor.picture_id()?, descriptor.tl0_pic_idx().unwrap_or_default());
        let last = self.last;
        let shift = *self.shift.get_or_insert_with(|| match last {
            None => (0, 0),
            Some((picture, tl0)) => {
                (picture.wrapping_add(1).wrapping_sub(came.0), tl0.wrapping_add(1).wrapping_sub(came.1))
            }
        });
        let sent = (came.0.wrapping_add(shift.0) & PICTURE_ID_MASK, came.1.wrapping_add(shift.1));
        let is_newer = |(picture, _): (u16, u8)| {
            (1..=PICTURE_ID_MASK / 2).contains(&(sent.0.wrapping_sub(picture) & PICTURE_ID_MASK))
        };
        if self.last.is_none_or(is_newer) {
            self.last = Some(sent);
        }
        if sent == came {
            return None;
        }
        let mut patch = descriptor.patch().picture_id(sent.0);
        if descriptor.tl0_pic_idx().is_some() {
            patch = patch.tl0_pic_idx(sent.1);
        }
        patch.build().ok()
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
    fn picture_numbers_go_on_when_the_layer_changes() {
        // X, then I, L and T; PictureID of 15 bits, TL0PICIDX, TID.
        let descriptor = |picture: u16, tl0: u8| {
            let [high, low] = (picture | 0x8000).to_be_bytes();
            Vp8Descriptor::parse(&[0x90, 0xe0, high, low, tl0, 0x20, 0]).unwrap()
        };
        let mut pictures = PictureNumbers::default();
        let mut sent = |restart: bool, picture, tl0| {
            if restart {
                pictures.restart();
            }
            let patch = pictures.apply(&descriptor(picture, tl0));
            (patch.is_some(), pictures.last)
        };
        assert_eq!(sent(false, 0x7ffe, 200), (false, Some((0x7ffe, 200))));
        assert_eq!(sent(false, 0x7fff, 201), (false, Some((0x7fff, 201))));
        assert_eq!(sent(true, 500, 7), (true, Some((0, 202))));
        assert_eq!(sent(false, 502, 8), (true, Some((2, 203))));
        assert_eq!(sent(false, 501, 8), (true, Some((2, 203))), "late pictures stay late");
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
