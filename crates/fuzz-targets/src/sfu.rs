//! The SFU: offers, and datagrams of every kind.

use std::net::SocketAddr;

use str0m::{media::Mid, rtp::RtpWrite};
use tangelo_sfu::{Output, SfuConfig};
use tangelo_wire::{ClientId, LineUse, MediaLine, Source};

use crate::{
    input::Input,
    sfu_world::{ALICE, BOB, World, receive, room, send, server},
};

const SOURCES: [Source; 4] = [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];
/// Most steps of one input.
const STEPS_MAX: usize = 40;

/// An offer: it is answered or refused, and what is refused has changed nothing.
pub fn sfu_offer(data: &[u8]) {
    let mut input = Input::new(data);
    let mut uses = [0; 8].map(|_| input.byte());
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    let mut world = World::new();
    world.sfu = tangelo_sfu::Sfu::new(SfuConfig::new(vec![server()]), world.now);
    // Up to three in sequence: a session goes on, or another begins.
    for (round, sdp) in text.split("---\r\n").take(3).enumerate() {
        let mids = sdp.lines().filter_map(|line| line.strip_prefix("a=mid:"));
        let lines: Vec<MediaLine> = mids
            .zip(uses.iter().cycle())
            .map(|(mid, line_use)| MediaLine { mid: mid.to_owned(), line_use: use_of(*line_use) })
            .collect();
        let before = world.sfu.stats().participants;
        let answer = world.sfu.offer(world.now, &room("one"), ALICE, sdp, &lines);
        let after = world.sfu.stats().participants;
        match answer {
            Ok(answer) => {
                assert_eq!(after, 1);
                assert!(answer.published.is_sorted());
                let (asked, given) = (sdp.matches("\nm=").count(), answer.sdp.matches("\nm=").count());
                assert_eq!(asked, given, "{}", answer.sdp);
                assert!(!answer.sdp.contains("ssrc-audio-level"), "{}", answer.sdp);
            }
            Err(error) => {
                assert_eq!(before, after);
                assert!(!error.to_string().is_empty());
            }
        }
        uses.rotate_left(round + 1);
        while let Some(output) = world.sfu.poll_output() {
            assert!(!matches!(output, Output::Transmit { .. }), "nobody has asked yet");
        }
        world.now += std::time::Duration::from_millis(u64::from(uses[0]) * 500);
        world.sfu.handle_timeout(world.now);
    }
}

fn use_of(byte: u8) -> Option<LineUse> {
    let source = SOURCES[usize::from(byte & 3)];
    match byte >> 2 & 3 {
        0 => None,
        1 => Some(LineUse::Send { source }),
        2 => Some(LineUse::Receive { client: BOB, source }),
        _ => Some(LineUse::Receive { client: ClientId([byte; 16]), source }),
    }
}

/// Datagrams from strangers, from a client's own address, and bent on their way, before, while and after a client
/// connects. Nobody gets an answer who is a stranger, and the other client's session goes on.
pub fn sfu_datagrams(data: &[u8]) {
    let mut input = Input::new(data);
    let (mut world, sent, _) = call();
    let stage = input.byte() % 8;
    match stage {
        0 => {}
        1..=3 => world.run(u64::from(stage) * 6),
        _ => world.connect(&[ALICE, BOB]),
    }
    let alice = world.peers[&ALICE].address;
    // What she says is bent, so her handshake may fail, at either end.
    world.peer(ALICE).may_fail = true;
    let stranger = SocketAddr::from(([203, 0, 113, 9], 9_999));
    world.loss = Box::new(move |to, _| {
        assert_ne!(to, stranger, "an answer to a stranger");
        false
    });
    for number in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        match input.byte() % 8 {
            0 => world.inject(stranger, input.part()),
            1 | 2 => world.inject(alice, input.part()),
            3 => {
                // What Alice really sends, bent on its way.
                let sent = world.take_flight();
                let bent = sent.map(|contents| input.edited(&contents));
                world.inject(alice, &bent.unwrap_or_default());
            }
            4 if stage > 3 => write(&mut world, sent, &mut input),
            5 => {
                let datagram = [&[128 | input.byte() >> 2, input.byte()], input.part()].concat();
                world.inject(alice, &datagram);
            }
            6 => {
                // A DTLS record (RFC 6347 section 4.1).
                let body = input.part();
                let length = u16::try_from(body.len()).unwrap_or_default().to_be_bytes();
                let kind = 20 + input.byte() % 8;
                let counter = u8::try_from(number).unwrap_or_default();
                let record = [&[kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, counter], &length[..], body].concat();
                world.inject(alice, &record);
            }
            _ => world.run(u64::from(input.byte())),
        }
    }
    world.run(50);
    assert!(!world.disconnected.contains(&BOB), "what comes from Alice must not end Bob's session");
}

/// Alice sends sound to Bob; nobody is connected yet.
fn call() -> (World, Mid, Mid) {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    world.add(BOB, room("one"));
    let sent = world.add_lines(ALICE, &[send(Source::Camera), send(Source::Microphone)]);
    let received =
        world.add_lines(BOB, &[receive(ALICE, Source::Camera), receive(ALICE, Source::Microphone)]);
    (world, sent[0], received[0])
}

/// A packet of Alice's own, of any form: whoever holds the keys can send such.
fn write(world: &mut World, mid: Mid, input: &mut Input<'_>) {
    let now = world.now;
    let pt = input.pick(&[96_u8, 97, 98, 99, 111, 0, 127]);
    let (number, timestamp) = (u64::from(input.short()), u32::from(input.short()) << 16);
    let marker = input.byte() & 1 == 0;
    let payload = input.part().to_vec();
    let mut direct = world.peer(ALICE).rtc.direct_api();
    let Some(stream) = direct.stream_tx_by_mid(mid, None) else { return };
    let packet = RtpWrite::new(pt.into(), number.into(), timestamp, now, payload);
    stream.write_rtp(packet.marker(marker).nackable(input.byte() & 1 == 0));
    world.run(10);
}
