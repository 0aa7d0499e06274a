//! What the SFU forwards is ciphertext: its own tap shows it.
//!
//! A real server with the tap on, a sender and a receiver with real DTLS, SRTP, MLS and SFrame, and a third member
//! that sends and receives no media but holds the group's keys: the "right key".
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{collections::BTreeMap, path::Path, time::Duration};

use common::{DEADLINE, Guest, TestServer, vp8_frame};
use ed25519_dalek::{Signer, SigningKey};
use futures_util::{SinkExt, StreamExt};
use sframe::header::SframeHeader;
use tangelo_call::{Config, Event, FrameVerdict, IdentityKey, Output, Session};
use tangelo_e2ee::media::Codec;
use tangelo_wire::{ClientId, Millis, Source};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

const FRAMES: u32 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn the_tap_shows_sealed_frames_that_only_the_right_key_opens() {
    let folder = tempfile::tempdir().unwrap();
    let tap = folder.path().join("forwarded.pcap");
    let server = TestServer::start(Some(tap.clone())).await;
    let mut sender = Guest::join(&server, 1).await;
    sender.with_people(1).await;
    // It joins before the receiver, so it holds the keys of whichever epoch the sender is in.
    let mut member = Member::join(&server, 2).await;
    member.with_people(2).await;
    let mut receiver = Guest::join(&server, 3).await;
    member.with_people(3).await;
    sender.with_people(3).await;
    receiver.with_people(3).await;
    assert_eq!(sender.number, receiver.number);

    sender.participant.publish(Source::Camera).await;
    sender.until("media of the sender", |guest| guest.media_up).await;
    receiver.until("the track", |guest| guest.tracks == 1 && guest.media_up).await;
    // Until pictures flow, what is sent may come before the line is there.
    let mut timestamp = 90_000;
    while receiver.frames.is_empty() {
        send(&sender, &mut timestamp, vp8_frame(1_000, true, 500)).await;
        let _ = tokio::time::timeout(
            Duration::from_millis(33),
            receiver.until("a picture", |g| !g.frames.is_empty()),
        )
        .await;
    }

    let mut sent: Vec<Vec<u8>> = (0..FRAMES).map(|n| vp8_frame(n, n % 3 == 0, 2_500 + n as usize)).collect();
    // Its length tells the last frame from all others.
    sent.push(vp8_frame(FRAMES, false, 4_000));
    for frame in &sent {
        send(&sender, &mut timestamp, frame.clone()).await;
        tokio::time::sleep(Duration::from_millis(33)).await;
    }
    let last = sent.last().unwrap();
    receiver
        .until("the last frame", |guest| guest.frames.last().is_some_and(|(_, _, frame)| frame == last))
        .await;
    let received: Vec<_> =
        receiver.frames.iter().rev().take(sent.len()).rev().map(|(_, _, f)| f.clone()).collect();
    assert!(received == sent, "what the sender encoded is what the receiver opened");

    let from = sender.client();
    let tapped = tapped_frames(&tap, from, sent.len(), last.len()).await;
    let line = member.session.add_receiver(from, Source::Camera);
    for (index, (sealed, plain)) in tapped.iter().zip(&sent).enumerate() {
        let clear = Codec::Vp8.clear_bytes(plain).unwrap();
        assert_eq!(sealed[..clear], plain[..clear], "the clear prefix is the codec's");
        let header = SframeHeader::deserialize(&sealed[clear..]).expect("SFrame follows");
        let rest = &sealed[clear + header.len()..];
        assert_eq!(rest.len(), plain.len() - clear + 16, "ciphertext and tag, nothing else");
        for window in plain[clear..].windows(8).step_by(8) {
            assert!(!sealed.windows(8).any(|other| other == window), "frame {index} shows plaintext");
        }
        // A flipped bit in the clear prefix, the header, the ciphertext or the tag: dropped and counted.
        for place in
            [0, clear - 1, clear, clear + 1, clear + header.len(), sealed.len() / 2, sealed.len() - 1]
        {
            for bit in [0, 3, 7] {
                let mut bad = sealed.clone();
                bad[place] ^= 1 << bit;
                let before = member.dropped();
                member.open_and_drop(line, &bad);
                assert_eq!(member.dropped(), before + 1, "frame {index}, byte {place}, bit {bit}");
            }
        }
        let (verdict, opened) = member.open(line, sealed);
        assert_eq!(verdict, FrameVerdict::Pass, "frame {index}: {:?}", member.session.stats());
        assert!(opened == *plain, "the right key opens it to what was encoded");
    }

    let stats = receiver.participant.stats().await.unwrap();
    // The sender keeps the old key for 200 ms after somebody joined; the newcomer cannot open what comes until then.
    assert!(stats.receivers[0].dropped.iter().all(|(reason, _)| *reason == "no_key"), "{stats:?}");
    sender.participant.leave().await;
    receiver.participant.leave().await;
    server.stop().await;
}

async fn send(sender: &Guest, timestamp: &mut u64, frame: Vec<u8>) {
    sender.participant.send(Source::Camera, *timestamp, frame).await;
    *timestamp += 3_000;
}

/// The last `count` frames of one sender, put together from the tap's RTP packets as a receiver does (RFC 7741); the
/// last of them had `last_length` bytes before it was sealed. The file is behind by what the tap has not written yet.
async fn tapped_frames(tap: &Path, from: ClientId, count: usize, last_length: usize) -> Vec<Vec<u8>> {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let frames = read_frames(&std::fs::read(tap).unwrap(), from);
        if frames.last().is_some_and(|frame| (last_length..=last_length + 24).contains(&frame.len())) {
            return frames.get(frames.len() - count..).unwrap().to_vec();
        }
        assert!(tokio::time::Instant::now() < deadline, "the tap has {} frames", frames.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn read_frames(pcap: &[u8], from: ClientId) -> Vec<Vec<u8>> {
    let mut packets: BTreeMap<u32, BTreeMap<u16, (bool, Vec<u8>)>> = BTreeMap::new();
    let mut rest = pcap.get(24..).unwrap_or_default();
    while let Some((header, after)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
        let Some((packet, after)) = after.split_at_checked(length) else { break };
        rest = after;
        // IPv4 (20, its source is 10 and three bytes of the sender's id), UDP (8), RTP (12).
        if packet[13..16] != from.0[..3] {
            continue;
        }
        let rtp = &packet[28..];
        let marker = rtp[1] & 0x80 != 0;
        let sequence_number = u16::from_be_bytes([rtp[2], rtp[3]]);
        let timestamp = u32::from_be_bytes([rtp[4], rtp[5], rtp[6], rtp[7]]);
        let payload = rtp[12..].to_vec();
        if payload.is_empty() {
            continue;
        }
        packets.entry(timestamp).or_default().insert(sequence_number, (marker, payload));
    }
    let whole = packets.into_values().filter(|packets| packets.values().any(|(marker, _)| *marker));
    whole
        .map(|packets| packets.into_values().flat_map(|(_, payload)| without_descriptor(&payload)).collect())
        .collect()
}

/// Cuts the VP8 payload descriptor off (RFC 7741 section 4.2).
fn without_descriptor(payload: &[u8]) -> Vec<u8> {
    let mut length = 1;
    if payload[0] & 0x80 != 0 {
        let extension = payload[1];
        length += 1;
        if extension & 0x80 != 0 {
            length += if payload[length] & 0x80 != 0 { 2 } else { 1 };
        }
        length += usize::from(extension & 0x40 != 0);
        length += usize::from(extension & 0x30 != 0);
    }
    payload[length..].to_vec()
}

/// A member without media: a session on a WebSocket.
struct Member {
    session: Session,
    identity: SigningKey,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    people: usize,
    ticket: u32,
    now: Millis,
}

impl Member {
    async fn join(server: &TestServer, person: u8) -> Self {
        let identity = SigningKey::from_bytes(&[person; 32]);
        let host = server.address.to_string();
        let key = IdentityKey(identity.verifying_key().to_bytes());
        let config = Config { host: &host, link: &server.link, name: "The right key", identity: key };
        let mut session = Session::new(config).unwrap();
        let (socket, _) = tokio_tungstenite::connect_async(format!("ws://{host}/ws")).await.unwrap();
        session.connected(Millis(0));
        Self { session, identity, socket, people: 0, ticket: 0, now: Millis(0) }
    }

    /// Follows the log until the group has so many members.
    async fn with_people(&mut self, count: usize) {
        loop {
            while let Some(output) = self.session.poll_output() {
                match output {
                    Output::Send { text } => self.socket.send(Message::text(text)).await.unwrap(),
                    Output::SignIdentity { payload } => {
                        let signature = self.identity.sign(payload.as_slice()).to_bytes();
                        self.session.identity_signed(self.now, &signature);
                    }
                    Output::Event { event: Event::Roster { people, .. } } => self.people = people.len(),
                    _ => {}
                }
            }
            if self.people == count {
                return;
            }
            let message = tokio::time::timeout(DEADLINE, self.socket.next()).await.unwrap().unwrap().unwrap();
            if let Message::Text(text) = message {
                self.session.receive(self.now, &text);
            }
        }
    }

    fn open(&mut self, line: u32, sealed: &[u8]) -> (FrameVerdict, Vec<u8>) {
        self.ticket += 1;
        let mut output = Vec::new();
        let verdict = self.session.open(self.now, line, self.ticket, "vp8", sealed, &mut output);
        (verdict, output)
    }

    /// A frame that must not pass: dropped at once, or (its epoch looks like one to come) held and then dropped.
    fn open_and_drop(&mut self, line: u32, sealed: &[u8]) {
        let (mut verdict, mut output) = self.open(line, sealed);
        if verdict == FrameVerdict::Hold {
            self.now = self.now + 2_000;
            assert_eq!(self.session.released(self.now, line), Some(self.ticket));
            output.clear();
            verdict = self.session.open(self.now, line, self.ticket, "vp8", sealed, &mut output);
        }
        assert!(matches!(verdict, FrameVerdict::Drop { .. }), "{verdict:?}");
        assert!(output.is_empty());
    }

    fn dropped(&self) -> u64 {
        let stats = self.session.stats();
        stats.receivers.iter().flat_map(|line| &line.dropped).map(|(_, count)| count).sum()
    }
}
