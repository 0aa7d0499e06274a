//! A camera in three layers, and what of it arrives.

use std::{collections::BTreeSet, time::Instant};

use str0m::{
    format::Codec,
    media::{Direction, Mid, Rid, Simulcast, SimulcastLayer},
    rtp::{RtpWrite, Vp8Descriptor},
};
use tangelo_wire::{ClientId, LAYER_RIDS, MediaLine, Source, View};

use super::{ALICE, World, receive, room, send};
use Source::Camera;

/// Heights of the layers' pictures.
pub const HEIGHTS: [u16; 3] = [180, 360, 720];
/// Packets of a picture, each of 1,000 bytes: 0.2, 0.5 and 1.4 Mbit/s at 25 pictures a second.
pub const PACKETS: [u64; 3] = [1, 2, 7];
pub const PICTURE_MS: u64 = 40;

/// A camera with layers, as a browser sends it: key frames when asked, and nothing of layers that nobody wants.
pub struct Sender {
    pub client: ClientId,
    pub mid: Mid,
    pub start: Instant,
    pub next: [u64; 3],
    pub asked: [usize; 3],
    pub began: [bool; 3],
    /// Layers that the sender's own network does not carry.
    pub unable: BTreeSet<u8>,
    pub sent: [u64; 3],
}

pub fn view(height: u16) -> View {
    View { client: ALICE, source: Camera, height, pinned: false }
}

impl Sender {
    pub fn new(world: &mut World, client: ClientId) -> Self {
        let peer = world.peer(client);
        let mut simulcast = Simulcast::new();
        for rid in LAYER_RIDS {
            simulcast.add_send_layer(SimulcastLayer::new(rid));
        }
        let mut change = peer.rtc.sdp_api();
        let kind = str0m::media::MediaKind::Video;
        let mid = change.add_media(kind, Direction::SendOnly, None, None, Some(simulcast));
        peer.lines.push(MediaLine { mid: mid.to_string(), line_use: send(Camera) });
        let (offer, pending) = change.apply().unwrap();
        let answer = world.negotiate(client, offer, pending).unwrap();
        assert!(answer.sdp.contains("a=simulcast:recv l;m;h\r\n"), "{}", answer.sdp);
        Self {
            client,
            mid,
            start: world.now,
            next: [0, 1 << 14, 1 << 10],
            asked: [0; 3],
            began: [false; 3],
            unable: BTreeSet::new(),
            sent: [0; 3],
        }
    }

    /// Sends pictures for so long.
    pub fn run(&mut self, world: &mut World, milliseconds: u64) {
        for _ in 0..milliseconds / PICTURE_MS {
            for layer in 0..3 {
                self.picture(world, layer);
            }
            world.run(PICTURE_MS);
        }
    }

    pub fn picture(&mut self, world: &mut World, layer: u8) {
        let index = usize::from(layer);
        let wanted = world.wanted.get(&(self.client, Camera));
        if wanted.is_some_and(|wanted| !wanted.contains(&layer)) || self.unable.contains(&layer) {
            self.began[index] = false;
            return;
        }
        let now = world.now;
        let rid = Rid::from(LAYER_RIDS[index]);
        let peer = world.peer(self.client);
        let asked = peer.key_frames_of.iter().filter(|of| **of == (self.mid, Some(rid))).count();
        let key = asked > self.asked[index] || !self.began[index];
        (self.asked[index], self.began[index]) = (asked, true);
        self.sent[index] += 1;
        let pt = peer.rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).unwrap().pt();
        let elapsed_ms = now.saturating_duration_since(self.start).as_millis();
        // Each layer counts from elsewhere.
        let timestamp = u32::try_from(elapsed_ms * 90).unwrap().wrapping_sub(1_000_000 * u32::from(layer));
        let id = u16::try_from(self.next[index] & 0x7fff).unwrap();
        for part in 0..PACKETS[index] {
            let mut direct = peer.rtc.direct_api();
            let stream = direct.stream_tx_by_mid(self.mid, Some(rid)).unwrap();
            let payload = payload(layer, id, part == 0, key);
            let last = part + 1 == PACKETS[index];
            let dense = (self.sent[index] - 1) * PACKETS[index] + part + 100;
            stream.write_rtp(
                RtpWrite::new(pt, dense.into(), timestamp, now, payload).marker(last).nackable(true),
            );
        }
        self.next[index] += 1;
    }
}

/// The layer, picture number and whether it begins a key frame can be read again from what arrives.
pub fn payload(layer: u8, id: u16, first: bool, key: bool) -> Vec<u8> {
    let [high, low] = (id | 0x8000).to_be_bytes();
    let start = if first { 0x10 } else { 0 };
    let mut payload = vec![0x80 | start, 0xe0, high, low, id.to_be_bytes()[1], 0x20];
    let height = HEIGHTS[usize::from(layer)].to_le_bytes();
    let head = if key { 0x10 } else { 0x11 };
    payload.extend([head, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, height[0], height[1], layer]);
    payload.resize(1_000, 0xab);
    payload
}

/// What a receiver got: layer, whether a key frame begins, picture number, sequence number, timestamp.
pub type Got = (u8, bool, u16, u64, u32);

pub fn got(world: &World, client: ClientId, mid: Mid) -> Vec<Got> {
    let of_line = world.peers[&client].received.iter().filter(|(on, _)| *on == mid);
    of_line
        .filter(|(_, packet)| packet.payload.len() == 1_000)
        .map(|(_, packet)| {
            let descriptor = Vp8Descriptor::parse(&packet.payload).unwrap();
            let key = descriptor.starts_keyframe(&packet.payload);
            let id = descriptor.picture_id().unwrap();
            (packet.payload[16], key, id, *packet.seq_no, packet.header.timestamp)
        })
        .collect()
}

/// A stream that any decoder shows: no gap, no jump, no other layer without a key frame.
pub fn check(got: &[Got]) {
    assert!(got.first().is_some_and(|first| first.1), "begins with a key frame: {:?}", got.first());
    for pair in got.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        assert_eq!(after.3, before.3 + 1, "sequence numbers: {before:?} {after:?}");
        if before.0 != after.0 {
            assert!(after.1, "another layer begins with a key frame: {before:?} {after:?}");
        }
        let step = after.2.wrapping_sub(before.2) & 0x7fff;
        assert!(step <= 1, "picture numbers: {before:?} {after:?}");
        let ticks = after.4.wrapping_sub(before.4);
        assert_eq!(ticks > 0, step == 1, "timestamps: {before:?} {after:?}");
        assert!(ticks < 90 * 1_500, "timestamps: {before:?} {after:?}");
    }
}

pub fn last_layer(world: &World, client: ClientId, mid: Mid) -> u8 {
    got(world, client, mid).last().unwrap().0
}

/// Alice sends in layers, and the others receive.
pub fn call(others: &[ClientId]) -> (World, Sender, Vec<Mid>) {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    let sender = Sender::new(&mut world, ALICE);
    let mut lines = Vec::new();
    for other in others {
        world.add(*other, room("one"));
        lines.push(world.add_lines(*other, &[receive(ALICE, Camera)])[0]);
    }
    world.connect(&[&[ALICE], others].concat());
    (world, sender, lines)
}
