//! A source of a client, its layers, and who receives it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use str0m::media::Mid;
use tangelo_wire::{ClientId, Source};

use crate::layers::LayerInfo;

/// What names a track within a room: who sends it, and what it shows or plays.
pub(crate) type TrackId = (ClientId, Source);

/// A layer from which nothing came for so long is not sent at the moment.
const SILENT: Duration = Duration::from_millis(700);
/// A sender that was asked for a layer has this long to begin.
const BEGIN: Duration = Duration::from_secs(2);
/// A layer that did not come is tried again after so long: a camera that is silent must not be asked for each in turn.
const RETRY: Duration = Duration::from_secs(10);
/// The heights that layers are taken to have before they are seen, in pixels, and what they take, in bit/s.
const USUAL: [(u16, u64); 3] = [(180, 150_000), (360, 500_000), (720, 1_500_000)];
/// Of a source without layers: a screen, or the picture of a browser that sends no layers.
const USUAL_ALONE_BPS: u64 = 300_000;
/// What a packet has on the wire besides its payload: RTP with extensions, SRTP, UDP and IP, in bytes.
const OVERHEAD_BYTES: u64 = 70;
/// Time over which a rate is measured.
const RATE_WINDOW: Duration = Duration::from_secs(1);

/// How a source is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The sender's line.
    pub(crate) mid: Mid,
    /// Numbers of its simulcast layers, lowest first; empty without simulcast.
    pub(crate) layers: Vec<u8>,
}

/// A track. It exists as soon as somebody sends it or waits for it.
#[derive(Debug, Default)]
pub(crate) struct Track {
    /// `None` while it is not published.
    pub(crate) sent: Option<Sent>,
    pub(crate) receivers: BTreeSet<ClientId>,
    /// By number. A track without simulcast has the layer 0 alone.
    pub(crate) layers: BTreeMap<u8, Layer>,
    /// Layers that the sender was told are wanted; `None` before it was told any.
    pub(crate) told: Option<BTreeSet<u8>>,
}

impl Track {
    /// The sender sends it so from now on, or no longer.
    pub(crate) fn send(&mut self, sent: Option<Sent>) {
        if self.sent != sent {
            let numbers: &[u8] =
                sent.as_ref().map_or(&[], |sent| if sent.layers.is_empty() { &[0] } else { &sent.layers });
            self.layers = numbers.iter().map(|number| (*number, Layer::default())).collect();
            self.told = None;
            self.sent = sent;
        }
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.sent.is_none() && self.receivers.is_empty()
    }

    /// Whether it has simulcast layers.
    pub(crate) fn has_layers(&self) -> bool {
        self.sent.as_ref().is_some_and(|sent| !sent.layers.is_empty())
    }

    /// What is known of its layers, lowest first.
    pub(crate) fn infos(&self, now: Instant) -> Vec<LayerInfo> {
        let alone = !self.has_layers();
        self.layers.iter().map(|(number, layer)| layer.info(now, *number, alone)).collect()
    }
}

/// One encoding of a picture, or a source that has only one.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    pub(crate) key_frames: KeyFrameRequests,
    /// Of its last key frame.
    pub(crate) height: Option<u16>,
    /// Since when the sender is asked for it.
    asked_since: Option<Instant>,
    /// Since when nobody is to get it.
    pub(crate) unwanted_since: Option<Instant>,
    last_packet: Option<Instant>,
    /// SSRC and highest sequence number.
    highest: Option<(u32, u64)>,
    rate: Rate,
}

impl Layer {
    /// A packet of it came, with so many bytes of payload. Returns whether none that follows it has come before.
    pub(crate) fn came(&mut self, now: Instant, ssrc: u32, sequence: u64, bytes: usize) -> bool {
        self.last_packet = Some(now);
        self.rate.add(now, bytes);
        let newest = self.highest.is_none_or(|(stream, highest)| stream != ssrc || highest < sequence);
        if newest {
            self.highest = Some((ssrc, sequence));
        }
        newest
    }

    /// Somebody is to get it.
    pub(crate) fn ask(&mut self, now: Instant) {
        let anew = self.unwanted_since.take().is_some() || self.asked_since.is_none();
        let due = |since: Instant| now.saturating_duration_since(since) >= RETRY;
        if anew && self.asked_since.is_none_or(due) {
            self.asked_since = Some(now);
        }
    }

    /// Nobody is to get it any more. That it did not come is kept in mind.
    pub(crate) fn give_up(&mut self) {
        if self.asked_since.is_some_and(|since| self.last_packet.is_some_and(|at| at >= since)) {
            self.asked_since = None;
        }
    }

    /// What it takes on the wire, in bit/s; nothing before that was measured.
    pub(crate) fn bps(&self, now: Instant) -> Option<u64> {
        let flows = self.last_packet.is_some_and(|at| now.saturating_duration_since(at) < SILENT);
        self.rate.bps.filter(|_| flows)
    }

    fn info(&self, now: Instant, number: u8, alone: bool) -> LayerInfo {
        let flows = self.last_packet.is_some_and(|at| now.saturating_duration_since(at) < SILENT);
        let (usual, usual_bps) = USUAL.get(usize::from(number)).copied().unwrap_or((u16::MAX, 0));
        let usual_bps = if alone { USUAL_ALONE_BPS } else { usual_bps };
        // What a layer took before it was paused says more than what is usual, but not for ever: a screen on which much moved
        // once must not stay paused when nothing does.
        let measured = self.rate.bps.unwrap_or(usual_bps);
        let long_ago = self.last_packet.is_none_or(|at| now.saturating_duration_since(at) >= RETRY);
        let bps = if long_ago { measured.min(usual_bps) } else { measured };
        let asked = self.asked_since.map(|since| now.saturating_duration_since(since));
        let may_begin = asked.is_none_or(|asked| asked < BEGIN || asked >= RETRY);
        LayerInfo { layer: number, height: self.height.unwrap_or(usual), bps, flows, may_begin }
    }
}

/// How much comes, over windows of one second; long key frames in one of them count for a share.
#[derive(Debug, Default)]
struct Rate {
    window: Option<(Instant, u64)>,
    bps: Option<u64>,
}

impl Rate {
    fn add(&mut self, now: Instant, bytes: usize) {
        let more = u64::try_from(bytes).unwrap_or(0).saturating_add(OVERHEAD_BYTES);
        let (since, before) = *self.window.get_or_insert((now, 0));
        let elapsed = now.saturating_duration_since(since);
        if elapsed < RATE_WINDOW {
            self.window = Some((since, before.saturating_add(more)));
            return;
        }
        self.window = Some((now, more));
        // A window with a pause in it says nothing.
        if elapsed < RATE_WINDOW * 2 {
            let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
            let measured = before.saturating_mul(8_000) / ms;
            self.bps = Some(self.bps.map_or(measured, |old| (old + measured) / 2));
        }
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
    fn a_layer_that_does_not_come_is_missed() {
        let start = crate::test_now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut layer = Layer::default();
        assert_eq!(
            layer.info(start, 1, false),
            LayerInfo { layer: 1, height: 360, bps: 500_000, flows: false, may_begin: true }
        );
        layer.asked_since = Some(start);
        layer.height = Some(480);
        assert!(layer.came(after(3_299), 1, 7, 900) && !layer.came(after(3_300), 1, 6, 900));
        assert_eq!(
            layer.info(after(3_900), 1, false),
            LayerInfo { layer: 1, height: 480, bps: 500_000, flows: true, may_begin: false }
        );
        assert!(!layer.info(after(4_100), 1, false).flows);
    }

    #[test]
    fn a_rate_is_measured_over_whole_seconds_without_pauses() {
        let start = crate::test_now();
        let mut rate = Rate::default();
        for ms in (0..1_000).step_by(20) {
            rate.add(start + Duration::from_millis(ms), 930);
        }
        assert_eq!(rate.bps, None);
        rate.add(start + Duration::from_millis(1_000), 930);
        assert_eq!(rate.bps, Some(400_000));
        rate.add(start + Duration::from_millis(9_000), 930);
        assert_eq!(rate.bps, Some(400_000), "it was paused");
    }

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
