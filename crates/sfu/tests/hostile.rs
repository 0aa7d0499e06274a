//! What strangers and hostile clients throw at the SFU disturbs nobody.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{cell::RefCell, net::SocketAddr, rc::Rc};

use common::{ALICE, BOB, World, call, payload, payloads, room, send, server};
use proptest::prelude::*;
use str0m::rtp::RtpWrite;
use tangelo_sfu::Output;
use tangelo_wire::Source;

use Source::Camera;

fn stranger() -> SocketAddr {
    "203.0.113.9:9999".parse().unwrap()
}

/// Datagrams of every kind that are wrong in some way.
fn garbage() -> Vec<Vec<u8>> {
    let mut all =
        vec![Vec::new(), vec![0], vec![0xff; 1_500], vec![0x80; 2_000], b"GET / HTTP/1.1\r\n\r\n".to_vec()];
    for first in 0..=255 {
        for length in [1, 2, 8, 12, 13, 20, 64, 1_200] {
            let mut datagram = vec![first; length];
            datagram[length / 2] = 0x90;
            all.push(datagram);
        }
    }
    // STUN with a right header and broken attributes.
    for length in [0_u8, 4, 8, 255] {
        let mut stun = vec![0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42];
        stun.extend([1; 12]);
        stun.extend([0, 6, 0, length, b'a', b':', b'b', 0, 0x80, 0x28, 0, 4]);
        all.push(stun);
    }
    // DTLS records (handshake, alert, application data) of version 1.2 with nonsense inside.
    for kind in [20, 21, 22, 23, 25, 63] {
        let mut record = vec![kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 40];
        record.extend([kind; 40]);
        all.push(record);
    }
    // RTP and RTCP with extensions, padding and CSRCs that do not fit.
    for first in [0x8f_u8, 0x90, 0x9f, 0xa0, 0xbf] {
        for second in [72_u8, 96, 111, 200, 201, 205, 206, 224] {
            let mut packet = vec![first, second, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0xff, 0xff];
            packet.extend([0xff; 30]);
            all.push(packet);
        }
    }
    all
}

#[test]
fn garbage_from_strangers_is_dropped_silently() {
    let (mut world, sent, received) = call(Camera);
    let before = world.sfu.stats();
    let datagrams = garbage();
    for datagram in &datagrams {
        world.sfu.handle_datagram(world.now, stranger(), server(), datagram);
        while let Some(output) = world.sfu.poll_output() {
            assert!(!matches!(output, Output::Transmit { destination, .. } if destination == stranger()));
        }
    }
    let after = world.sfu.stats();
    let dropped =
        after.dropped_garbage + after.dropped_unknown - before.dropped_garbage - before.dropped_unknown;
    assert_eq!(dropped, u64::try_from(datagrams.len()).unwrap());
    world.stream(ALICE, sent, 0, 20);
    assert_eq!(world.payloads(BOB, received), payloads(sent, 0..20));
}

#[test]
fn garbage_from_a_client_harms_nobody() {
    let (mut world, sent, received) = call(Camera);
    let (alice, bob) = (world.peers[&ALICE].address, world.peers[&BOB].address);
    for datagram in garbage() {
        world.inject(alice, &datagram);
        world.inject(bob, &datagram);
    }
    world.stream(ALICE, sent, 0, 20);
    world.run(10_000);
    assert_eq!(world.payloads(BOB, received), payloads(sent, 0..20));
    assert!(world.disconnected.is_empty());
}

#[test]
fn a_client_hello_from_an_unverified_address_gets_no_answer() {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    world.add_lines(ALICE, &[send(Camera)]);
    // Alice's DTLS arrives from elsewhere: only ICE can say that an address is hers.
    let dtls = Rc::new(RefCell::new(Vec::new()));
    let seen = dtls.clone();
    world.loss = Box::new(move |to, datagram| {
        if to == stranger() || datagram.first().is_some_and(|first| (20..64).contains(first)) {
            seen.borrow_mut().push(to);
        }
        false
    });
    let mut record =
        vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 1, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 48, 0xfe, 0xfd];
    record.resize(73, 7);
    world.inject(stranger(), &record);
    assert!(dtls.borrow().is_empty());
    assert_eq!(world.sfu.stats().dropped_unknown, 1);
    world.connect(&[ALICE]);
    let alice = world.peers[&ALICE].address;
    assert!(!dtls.borrow().is_empty() && dtls.borrow().iter().all(|to| *to == alice));
}

#[test]
fn replayed_and_bent_packets_are_not_forwarded() {
    let (mut world, sent, received) = call(Camera);
    let (alice, now) = (world.peers[&ALICE].address, world.now);
    // Record what the server sends to Bob, and throw it, bent and whole, back at the server as if from Alice.
    let recorded = Rc::new(RefCell::new(Vec::new()));
    let tape = recorded.clone();
    world.loss = Box::new(move |_, datagram| {
        tape.borrow_mut().push(datagram.to_vec());
        false
    });
    world.stream(ALICE, sent, 0, 20);
    let forwarded = world.forwarded.len();
    for datagram in recorded.borrow().iter() {
        world.inject(alice, datagram);
        let mut bent = datagram.clone();
        if let Some(last) = bent.last_mut() {
            *last ^= 1;
        }
        world.inject(alice, &bent);
    }
    assert_eq!(world.forwarded.len(), forwarded);
    world.loss = Box::new(|_, _| false);
    world.stream(ALICE, sent, 20, 20);
    assert_eq!(world.payloads(BOB, received), payloads(sent, 0..40));
    assert!(world.now > now);
}

#[test]
fn packets_that_do_not_belong_are_dropped() {
    let (mut world, sent, received) = call(Camera);
    world.stream(ALICE, sent, 0, 5);
    let now = world.now;
    let mut write = |pt: u8, number: u64, length: usize| {
        let peer = world.peer(ALICE);
        let mut direct = peer.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(sent, None).unwrap();
        stream
            .write_rtp(RtpWrite::new(pt.into(), number.into(), 90_000, now, vec![1; length]).nackable(true));
        world.run(20);
    };
    // Too large to be sent on with another header, and a codec that is not the line's.
    write(96, 1_005, 1_420);
    write(111, 1_006, 50);
    assert_eq!(world.sfu.stats().dropped_unexpected, 2);
    let now = world.now;
    world.peer(ALICE).write(sent, 7, now);
    world.run(100);
    let mut expected = payloads(sent, 0..5);
    expected.push(payload(sent, 7));
    assert_eq!(world.payloads(BOB, received), expected);
}

#[test]
fn a_client_cannot_send_on_a_line_that_is_for_something_else() {
    let (mut world, sent, received) = call(Camera);
    world.stream(ALICE, sent, 0, 5);
    // The server is told that the line is out of use, but Alice goes on sending.
    let before = world.peers[&ALICE].lines.clone();
    let (offer, pending, _) = world.peer(ALICE).offer_lines(&[send(Source::Microphone)]);
    let text = offer.to_sdp_string().replacen("a=sendonly", "a=inactive", 1);
    let mut lines = world.peers[&ALICE].lines.clone();
    lines[0].line_use = None;
    assert_eq!(lines[0].mid, before[0].mid);
    let answer = world.sfu.offer(world.now, &room("one"), ALICE, &text, &lines).unwrap();
    assert_eq!(answer.published, [Source::Microphone]);
    drop(pending);
    let forwarded = world.forwarded.len();
    world.stream(ALICE, sent, 5, 10);
    assert_eq!(world.forwarded.len(), forwarded);
    assert_eq!(world.payloads(BOB, received), payloads(sent, 0..5));
    assert_eq!(world.sfu.stats().dropped_unexpected, 10);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_datagram_panics(datagrams in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200)), 1..50)) {
        let mut world = World::new();
        world.add(ALICE, room("one"));
        world.add_lines(ALICE, &[send(Camera)]);
        world.connect(&[ALICE]);
        let alice = world.peers[&ALICE].address;
        for (from_alice, datagram) in &datagrams {
            world.inject(if *from_alice { alice } else { stranger() }, datagram);
        }
        world.run(100);
        prop_assert!(world.disconnected.is_empty());
    }
}
