//! How many RTP streams a client may make str0m keep.
//!
//! str0m makes a stream for an SSRC as soon as a packet says on which line it is (MID), before it knows whether the client sent
//! that packet, and may put the stream in the place of another. It remembers the numbers of every SSRC that the client did
//! send, for as long as the session lasts.

use std::collections::{BTreeMap, BTreeSet};

use str0m::{
    Rtc,
    media::{MediaKind, Mid, Rid},
    rtp::Ssrc,
};

use crate::sdp::Numbering;

/// Streams that are kept of a line: three layers, and those that came before them. The one that was silent for longest goes first.
const OF_LINE_MAX: usize = 16;

/// Most streams of a session. A browser has other SSRCs each time that it begins to send again, so a long call with a camera
/// that goes on and off has hundreds. A stream must never be dropped for good: at the bound the session ends, and its client begins
/// another, which knows nothing of the old ones. Only authentic streams count, so nobody else can bring that about.
const PROVED_MAX: usize = 4_096;

/// Most SSRCs of retransmissions. str0m does not tell whether those are authentic, so the session must not end by them: at the
/// bound, new streams go without. Who can forge packets can have that sooner, by naming other SSRCs for the present ones.
const REPAIRS_MAX: usize = 4_096;

/// An RTP packet that says on which line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    ssrc: u32,
    /// Whether it may be a retransmission, or the padding of one.
    repairs: bool,
}

impl Named {
    /// Reads the header of an RTP packet (RFC 8285 sections 4.2 and 4.3).
    pub(crate) fn read(datagram: &[u8], numbering: &Numbering) -> Option<Self> {
        let (first, second) = (*datagram.first()?, *datagram.get(1)?);
        // RTP, not RTCP (RFC 5761 section 4), with an extension.
        if !matches!(first, 128..=191) || matches!(second, 192..=223) || first & 0x10 == 0 {
            return None;
        }
        let ssrc = u32::from_be_bytes(datagram.get(8..12)?.try_into().ok()?);
        let extension = datagram.get(12 + 4 * usize::from(first & 0x0f)..)?;
        let words = u16::from_be_bytes(extension.get(2..4)?.try_into().ok()?);
        let one_byte = extension.starts_with(&[0xbe, 0xde]);
        let mut rest = extension.get(4..4 + 4 * usize::from(words))?;
        let mut named = false;
        let mut repairs = first & 0x20 != 0 || !numbering.is_codec(second & 0x7f);
        while let Some(&head) = rest.first() {
            let (id, header, length) = match (one_byte, head) {
                (_, 0) => (0, 1, 0),
                (true, _) => (head >> 4, 1, usize::from(head & 0x0f) + 1),
                (false, _) => match rest.get(1) {
                    Some(length) => (head, 2, usize::from(*length)),
                    None => break,
                },
            };
            // What is cut off is not looked at by str0m either.
            let Some(after) = rest.get(header + length..) else { break };
            named |= numbering.may_name_line(id);
            repairs |= numbering.may_name_repaired_layer(id);
            rest = after;
        }
        named.then_some(Self { ssrc, repairs })
    }
}

/// The streams that str0m keeps of a client.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// The authentic ones of each line, the one that was heard last first.
    lines: BTreeMap<Mid, Vec<(u32, Option<Rid>)>>,
    /// The SSRCs in `lines`.
    known: BTreeSet<u32>,
    /// How many ever became known.
    proved: usize,
    repairs: BTreeSet<u32>,
    /// The retransmissions of each stream.
    repaired_by: BTreeMap<u32, u32>,
}

impl Streams {
    /// Whether the packet may go to str0m.
    pub(crate) fn admits(&self, named: Named) -> bool {
        let is_known = self.known.contains(&named.ssrc) || self.repairs.contains(&named.ssrc);
        is_known || !named.repairs || self.repairs.len() < REPAIRS_MAX
    }

    /// The packet went to str0m: looks what became of it, and takes back what a forged one did.
    pub(crate) fn handed(&mut self, rtc: &mut Rtc, named: Named) {
        let is_known = self.known.contains(&named.ssrc);
        let mut direct = rtc.direct_api();
        let Some(stream) = direct.stream_rx(&named.ssrc.into()) else {
            if !is_known && named.repairs && self.repairs.len() < REPAIRS_MAX {
                self.repairs.insert(named.ssrc);
            }
            self.keep_repair(rtc, named.ssrc);
            return;
        };
        let (mid, rid, rtx) = (stream.mid(), stream.rid(), stream.rtx());
        // A stream has a time from its first authentic packet on.
        if stream.last_time().is_none() {
            direct.remove_stream_rx(named.ssrc.into());
            self.put_back(rtc, mid, rid, rtx);
        } else if !is_known {
            self.heard(rtc, mid, rid, named.ssrc);
        }
    }

    /// A packet named `repair` as the retransmissions of some stream. Browsers choose both SSRCs together, so the first that is named
    /// stays, and what is named later is forged: it would have the stream's losses repaired no more.
    fn keep_repair(&mut self, rtc: &mut Rtc, repair: u32) {
        let mut direct = rtc.direct_api();
        let changed = self.known.iter().copied().find_map(|ssrc| {
            let stream = direct.stream_rx(&ssrc.into())?;
            (stream.rtx() == Some(repair.into())).then(|| (ssrc, stream.mid(), stream.rid()))
        });
        let Some((ssrc, mid, rid)) = changed else { return };
        // A late one of the stream before, whose place this one took.
        if self.repaired_by.iter().any(|(other, of)| *of == repair && *other != ssrc) {
            return;
        }
        let kept = *self.repaired_by.entry(ssrc).or_insert(repair);
        if kept != repair {
            direct.expect_stream_rx(ssrc.into(), Some(kept.into()), mid, rid);
        }
    }

    /// An authentic packet of this stream came.
    pub(crate) fn heard(&mut self, rtc: &mut Rtc, mid: Mid, rid: Option<Rid>, ssrc: u32) {
        let line = self.lines.entry(mid).or_default();
        match line.iter().position(|(other, _)| *other == ssrc) {
            Some(0) => return,
            Some(place) => {
                if let Some(until) = line.get_mut(..=place) {
                    until.rotate_right(1);
                }
                return;
            }
            None => line.insert(0, (ssrc, rid)),
        }
        let gone = if line.len() > OF_LINE_MAX { line.pop() } else { None };
        self.proved += 1;
        if !self.known.insert(ssrc) {
            // It was another line's.
            for (_, streams) in self.lines.iter_mut().filter(|(other, _)| **other != mid) {
                streams.retain(|(other, _)| *other != ssrc);
            }
        }
        if let Some((gone, _)) = gone {
            self.forget(rtc, gone);
        }
    }

    /// Whether there were more of them than a client needs.
    pub(crate) fn are_too_many(&self) -> bool {
        self.proved > PROVED_MAX
    }

    /// Forgets the lines that are none any more.
    pub(crate) fn keep(&mut self, rtc: &mut Rtc, is_line: impl Fn(Mid) -> bool) {
        let gone: Vec<Mid> = self.lines.keys().copied().filter(|mid| !is_line(*mid)).collect();
        for mid in gone {
            for (ssrc, _) in self.lines.remove(&mid).unwrap_or_default() {
                self.forget(rtc, ssrc);
            }
        }
    }

    fn forget(&mut self, rtc: &mut Rtc, ssrc: u32) {
        self.known.remove(&ssrc);
        self.repaired_by.remove(&ssrc);
        rtc.direct_api().remove_stream_rx(ssrc.into());
    }

    /// Makes the stream of a layer again that was heard last, if a forged packet put another one in its place.
    fn put_back(&self, rtc: &mut Rtc, mid: Mid, rid: Option<Rid>, rtx: Option<Ssrc>) {
        let Some(kind) = rtc.media(mid).map(|media| media.kind()) else { return };
        let mut of_layer = self.lines.get(&mid).into_iter().flatten().filter(|(_, of)| *of == rid);
        let Some(ssrc) = of_layer.next().map(|(ssrc, _)| Ssrc::from(*ssrc)) else { return };
        let mut direct = rtc.direct_api();
        if direct.stream_rx(&ssrc).is_none() {
            // As str0m does: sound has no retransmission.
            direct.expect_stream_rx(ssrc, rtx, mid, rid).suppress_nack(kind == MediaKind::Audio);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use str0m::{Input, net::Receive};

    use super::*;

    const MID: u8 = 1;
    const REPAIRED: u8 = 4;

    fn numbering() -> Numbering {
        Numbering {
            vp8: Some(crate::sdp::VideoNumbers { payload_type: 96, rtx: 97, transport_cc: true }),
            mid: Some(MID),
            transport_cc: Some(2),
            rid: Some(3),
            repaired_rid: Some(REPAIRED),
            ..Numbering::default()
        }
    }

    fn packet(payload_type: u8, ssrc: u32, profile: [u8; 2], extension: &[u8]) -> Vec<u8> {
        let words = u8::try_from(extension.len() / 4).unwrap();
        let head = [0x90, payload_type, 0, 1, 0, 0, 0, 0];
        [&head[..], &ssrc.to_be_bytes(), &profile, &[0, words], extension, &[9; 20]].concat()
    }

    /// A packet of the line "v", and of no layer.
    fn of_line(ssrc: u32) -> Vec<u8> {
        packet(96, ssrc, [0xbe, 0xde], &[MID << 4, b'v', 0, 0])
    }

    fn named(ssrc: u32) -> Named {
        Named { ssrc, repairs: false }
    }

    #[test]
    fn packets_that_name_their_line_are_told_from_others() {
        let read = |datagram: &[u8]| Named::read(datagram, &numbering());
        assert_eq!(read(&of_line(7)), Some(named(7)));
        let two_bytes = packet(96, 7, [0x10, 0x00], &[9, 1, b'0', 1, 1, b'v', 0, 0]);
        assert_eq!(read(&two_bytes), Some(named(7)));
        assert_eq!(
            read(&packet(96, 7, [0xbe, 0xde], &[0x20, b'0', 0x30, b'h'])),
            None,
            "a layer, but no line"
        );
        let repair = Some(Named { ssrc: 7, repairs: true });
        assert_eq!(read(&packet(97, 7, [0xbe, 0xde], &[0, 0, 0x10, b'v'])), repair);
        assert_eq!(read(&packet(96, 7, [0xbe, 0xde], &[0x10, b'v', 0x40, b'h'])), repair);
        let mut padded = of_line(7);
        padded[0] |= 0x20;
        assert_eq!(read(&padded), repair);
        // An extension that is cut off hides nothing before it.
        assert_eq!(read(&packet(96, 7, [0xbe, 0xde], &[0x10, b'v', 0x3f, 0])), Some(named(7)));
        let whole = of_line(7);
        for cut in 0..20 {
            assert_eq!(read(&whole[..cut]), None, "{cut}");
        }
        let mut control = whole;
        control[1] = 200;
        assert_eq!(read(&control), None, "RTCP");
    }

    #[test]
    fn a_number_that_is_free_may_be_any_name() {
        let numbering = Numbering { repaired_rid: None, ..numbering() };
        let extension = [MID << 4, b'v', 0x90, b'h'];
        let read = Named::read(&packet(96, 7, [0xbe, 0xde], &extension), &numbering);
        assert_eq!(read, Some(Named { ssrc: 7, repairs: true }));
    }

    /// A session with the line "v" that has no keys yet: every packet is as good as forged.
    fn session(now: Instant) -> (Rtc, Mid) {
        let mid = Mid::from("v");
        let mut config = Rtc::builder().set_rtp_mode(true).clear_extension_map();
        config = config.set_extension(MID, str0m::rtp::Extension::RtpMid);
        let mut rtc = config.build(now);
        rtc.direct_api().declare_media(mid, MediaKind::Video);
        (rtc, mid)
    }

    fn hand(streams: &mut Streams, rtc: &mut Rtc, now: Instant, datagram: &[u8]) {
        let named = Named::read(datagram, &numbering()).unwrap();
        let ends = |port| std::net::SocketAddr::from(([192, 0, 2, 1], port));
        let receive = Receive::new(str0m::net::Protocol::Udp, ends(1), ends(2), datagram).unwrap();
        rtc.handle_input(Input::Receive(now, receive)).unwrap();
        streams.handed(rtc, named);
    }

    #[test]
    fn a_forged_packet_leaves_the_streams_as_they_were() {
        let now = crate::test_now();
        let (mut rtc, mid) = session(now);
        let mut streams = Streams::default();
        // The client went on from 1 to 3.
        streams.heard(&mut rtc, mid, None, 1);
        rtc.direct_api().expect_stream_rx(3.into(), Some(4.into()), mid, None);
        streams.heard(&mut rtc, mid, None, 3);
        for ssrc in (100..200).chain([1]) {
            hand(&mut streams, &mut rtc, now, &of_line(ssrc));
            let mut direct = rtc.direct_api();
            assert!(direct.stream_rx(&ssrc.into()).is_none(), "{ssrc}");
            let stream = direct.stream_rx_by_mid(mid, None).unwrap();
            assert_eq!((stream.ssrc(), stream.rtx()), (3.into(), Some(4.into())));
        }
        assert_eq!((streams.proved, streams.repairs.len()), (2, 0));
    }

    #[test]
    fn the_retransmissions_of_a_stream_are_not_others_by_a_forged_packet() {
        let now = crate::test_now();
        let (mut rtc, mid) = session(now);
        let mut streams = Streams::default();
        rtc.direct_api().expect_stream_rx(3.into(), None, mid, None);
        streams.heard(&mut rtc, mid, None, 3);
        for ssrc in [4, 100, 101, 4, 100] {
            let repair = packet(97, ssrc, [0xbe, 0xde], &[MID << 4, b'v', 0, 0]);
            hand(&mut streams, &mut rtc, now, &repair);
            let mut direct = rtc.direct_api();
            let stream = direct.stream_rx(&3.into()).unwrap();
            assert_eq!(stream.rtx(), Some(4.into()), "after {ssrc}");
        }
        // The client goes on with another stream, and something of the former comes late.
        rtc.direct_api().remove_stream_rx(3.into());
        rtc.direct_api().expect_stream_rx(5.into(), Some(4.into()), mid, None);
        streams.heard(&mut rtc, mid, None, 5);
        for (ssrc, kept) in [(4, 4), (6, 6), (100, 6)] {
            hand(&mut streams, &mut rtc, now, &packet(97, ssrc, [0xbe, 0xde], &[MID << 4, b'v', 0, 0]));
            assert_eq!(
                rtc.direct_api().stream_rx(&5.into()).unwrap().rtx(),
                Some(kept.into()),
                "after {ssrc}"
            );
        }
        streams.keep(&mut rtc, |_| false);
        assert!(streams.repaired_by.is_empty());
    }

    #[test]
    fn a_line_has_a_bounded_number_of_streams_and_keeps_those_in_use() {
        let now = crate::test_now();
        let (mut rtc, mid) = session(now);
        let mut streams = Streams::default();
        for ssrc in 1..=1_000 {
            rtc.direct_api().expect_stream_rx(ssrc.into(), None, mid, None);
            streams.heard(&mut rtc, mid, None, ssrc);
            streams.heard(&mut rtc, mid, None, 1);
        }
        let mut kept = (1..=1_000).filter(|ssrc| rtc.direct_api().stream_rx(&(*ssrc).into()).is_some());
        assert_eq!(kept.next(), Some(1));
        assert_eq!(kept.count() + 1, OF_LINE_MAX);
        assert!(!streams.are_too_many());
        streams.keep(&mut rtc, |_| false);
        assert!(rtc.direct_api().stream_rx(&1.into()).is_none() && streams.known.is_empty());
    }

    #[test]
    fn retransmissions_cannot_use_up_what_the_streams_have() {
        let now = crate::test_now();
        let (mut rtc, mid) = session(now);
        let mut streams = Streams::default();
        rtc.direct_api().expect_stream_rx(1.into(), None, mid, None);
        streams.heard(&mut rtc, mid, None, 1);
        let repair = |ssrc| Named { ssrc, repairs: true };
        for ssrc in 10..10_000 {
            if streams.admits(repair(ssrc)) {
                streams.handed(&mut rtc, repair(ssrc));
            }
        }
        assert_eq!(streams.repairs.len(), REPAIRS_MAX);
        assert!(!streams.admits(repair(20_000)) && streams.admits(repair(10)));
        assert!(streams.admits(named(20_000)) && !streams.are_too_many());
    }
}
