//! Packets travel from senders to receivers, whatever else goes on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{collections::BTreeSet, time::Duration};

use common::{ALICE, BOB, CAROL, DAVE, World, payload, payloads, receive, room, send};
use str0m::{
    Rtc,
    format::Codec,
    media::{KeyframeRequestKind, Mid},
    rtp::Extension,
};
use tangelo_wire::{ClientId, Source};

use Source::{Camera, Microphone};

/// Alice sends microphone and camera, Bob receives them; returns the mids of both.
fn call() -> (World, Vec<Mid>, Vec<Mid>) {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    world.add(BOB, room("one"));
    let sent = world.add_lines(ALICE, &[send(Microphone), send(Camera)]);
    let received = world.add_lines(BOB, &[receive(ALICE, Microphone), receive(ALICE, Camera)]);
    world.connect(&[ALICE, BOB]);
    (world, sent, received)
}

#[test]
fn audio_and_video_arrive_byte_for_byte_and_in_order() {
    let (mut world, sent, received) = call();
    for number in 0..100 {
        let now = world.now;
        for mid in &sent {
            world.peer(ALICE).write(*mid, number, now);
        }
        world.run(20);
    }
    world.run(100);
    for (sent, received) in sent.iter().zip(&received) {
        assert_eq!(world.payloads(BOB, *received), payloads(*sent, 0..100));
        let packets: Vec<_> =
            world.peers[&BOB].received.iter().filter(|(mid, _)| mid == received).map(|(_, p)| p).collect();
        for pair in packets.windows(2) {
            assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1);
            assert!(pair[1].header.timestamp > pair[0].header.timestamp);
        }
        let marked: Vec<_> = packets.iter().map(|packet| packet.header.marker).collect();
        assert_eq!(marked, (0..100).map(|number| number % 3 == 2).collect::<Vec<_>>());
    }
    assert_eq!(world.forwarded.len(), 200);
    let stats = world.sfu.stats();
    assert_eq!((stats.packets_in, stats.packets_out, stats.participants), (200, 200, 2));
    assert_eq!((stats.dropped_unexpected, stats.dropped_malformed), (0, 0));
}

#[test]
fn a_client_may_give_any_numbers_to_header_extensions() {
    // Firefox numbers them so, and sends no layers where it sends VP9.
    let numbered = Rtc::builder()
        .clear_extension_map()
        .set_extension(3, Extension::RtpMid)
        .set_extension(7, Extension::TransportSequenceNumber);
    let mut world = World::new();
    world.add_with(ALICE, room("one"), numbered);
    world.add(BOB, room("one"));
    let sent = world.add_lines(ALICE, &[send(Microphone), send(Camera)]);
    let received = world.add_lines(BOB, &[receive(ALICE, Microphone), receive(ALICE, Camera)]);
    world.connect(&[ALICE, BOB]);
    for (sent, received) in sent.iter().zip(&received) {
        world.stream(ALICE, *sent, 0, 50);
        assert_eq!(world.payloads(BOB, *received), payloads(*sent, 0..50));
    }
    assert_eq!(world.sfu.stats().dropped_malformed, 0);
}

#[test]
fn vp9_goes_to_whom_knows_it_and_disturbs_nobody_else() {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    world.add(BOB, room("one"));
    world.add_with(CAROL, room("one"), Rtc::builder().enable_vp9(false));
    let sent = world.add_lines(ALICE, &[send(Camera)])[0];
    let of_bob = world.add_lines(BOB, &[receive(ALICE, Camera)])[0];
    let of_carol = world.add_lines(CAROL, &[receive(ALICE, Camera)])[0];
    world.connect(&[ALICE, BOB, CAROL]);
    for number in 0..30 {
        let now = world.now;
        let codec = if number < 20 { Codec::Vp9 } else { Codec::Vp8 };
        world.peer(ALICE).write_as(codec, sent, number, now);
        world.run(20);
    }
    world.run(100);
    assert_eq!(world.payloads(BOB, of_bob), payloads(sent, 0..30));
    assert_eq!(world.payloads(CAROL, of_carol), payloads(sent, 20..30));
    let formats: BTreeSet<u8> =
        world.peers[&BOB].received.iter().map(|(_, packet)| *packet.header.payload_type).collect();
    assert_eq!(formats.len(), 2, "Bob is told which is which");
    assert_eq!(world.sfu.stats().dropped_unexpected, 0);
}

#[test]
fn the_tap_shows_what_is_forwarded() {
    let (mut world, sent, _) = call();
    world.stream(ALICE, sent[1], 0, 3);
    let tapped = &world.forwarded;
    assert_eq!(tapped.len(), 3);
    for (number, packet) in (0..).zip(tapped) {
        assert_eq!((packet.from, packet.source, packet.to), (ALICE, Camera, BOB));
        assert_eq!(packet.payload, payload(sent[1], number));
    }
    world.sfu.set_tap(false);
    world.stream(ALICE, sent[1], 3, 3);
    assert_eq!(world.forwarded.len(), 3);
    assert_eq!(world.sfu.stats().packets_out, 6);
}

#[test]
fn a_third_joins_and_the_first_two_gain_lines() {
    let (mut world, sent, received) = call();
    world.stream(ALICE, sent[0], 0, 20);
    world.add(CAROL, room("one"));
    let carol =
        world.add_lines(CAROL, &[send(Microphone), receive(ALICE, Microphone), receive(BOB, Microphone)]);
    let bob = world.add_lines(BOB, &[send(Microphone), receive(CAROL, Microphone)]);
    world.connect(&[CAROL]);
    world.stream(ALICE, sent[0], 20, 20);
    world.stream(BOB, bob[0], 0, 10);
    world.stream(CAROL, carol[0], 0, 10);
    assert_eq!(world.payloads(BOB, received[0]), payloads(sent[0], 0..40));
    let late = world.payloads(CAROL, carol[1]);
    assert!(payloads(sent[0], 0..40).ends_with(&late) && late.len() >= 20, "{}", late.len());
    assert_eq!(world.payloads(CAROL, carol[2]), payloads(bob[0], 0..10));
    assert_eq!(world.payloads(BOB, bob[1]), payloads(carol[0], 0..10));
}

#[test]
fn who_waits_for_a_source_gets_it_when_it_is_published() {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    world.add(BOB, room("one"));
    let bob = world.add_lines(BOB, &[receive(ALICE, Camera)]);
    world.connect(&[BOB]);
    let alice = world.add_lines(ALICE, &[send(Camera)]);
    world.connect(&[ALICE]);
    world.stream(ALICE, alice[0], 0, 5);
    assert_eq!(world.payloads(BOB, bob[0]), payloads(alice[0], 0..5));
}

#[test]
fn a_line_goes_on_without_a_jump_when_it_carries_another_track() {
    let (mut world, sent, received) = call();
    world.add(CAROL, room("one"));
    let carol = world.add_lines(CAROL, &[send(Camera)]);
    world.connect(&[CAROL]);
    world.stream(ALICE, sent[1], 0, 10);
    world.stream(CAROL, carol[0], 500, 10);
    world.use_line(BOB, received[1], None);
    world.stream(ALICE, sent[1], 10, 10);
    world.use_line(BOB, received[1], receive(CAROL, Camera));
    world.stream(CAROL, carol[0], 510, 10);
    world.use_line(BOB, received[1], receive(ALICE, Camera));
    world.stream(ALICE, sent[1], 20, 10);

    let mut expected = payloads(sent[1], 0..10);
    expected.extend(payloads(carol[0], 510..520));
    expected.extend(payloads(sent[1], 20..30));
    assert_eq!(world.payloads(BOB, received[1]), expected);
    let packets: Vec<_> =
        world.peers[&BOB].received.iter().filter(|(mid, _)| *mid == received[1]).map(|(_, p)| p).collect();
    for pair in packets.windows(2) {
        assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1);
        let step = pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp);
        assert!((1..90_000).contains(&step), "{step}");
    }
}

#[test]
fn one_leaves_and_the_others_go_on() {
    let (mut world, sent, received) = call();
    world.add(CAROL, room("one"));
    let carol = world.add_lines(CAROL, &[send(Microphone), receive(ALICE, Microphone)]);
    world.connect(&[CAROL]);
    world.stream(ALICE, sent[0], 0, 10);
    let before = world.payloads(CAROL, carol[1]).len();
    let taps = world.forwarded.len();

    world.remove(CAROL);
    let now = world.now;
    world.peer(CAROL).write(carol[0], 0, now);
    world.stream(ALICE, sent[0], 10, 50);
    assert_eq!(world.payloads(BOB, received[0]), payloads(sent[0], 0..60));
    // What was under way may still arrive, nothing else.
    assert!(world.payloads(CAROL, carol[1]).len() <= before + 1);
    assert!(world.forwarded[taps..].iter().all(|packet| packet.from != CAROL && packet.to != CAROL));
    let stats = world.sfu.stats();
    assert_eq!(stats.participants, 2);
    assert!(stats.dropped_unknown > 0, "the removed client's datagrams go nowhere");
}

#[test]
fn rooms_are_isolated() {
    let (mut world, sent, _) = call();
    world.stream(ALICE, sent[1], 0, 3);
    world.run(1_000);
    world.peer(ALICE).key_frame_requests.clear();
    world.add(DAVE, room("two"));
    let dave = world.add_lines(DAVE, &[receive(ALICE, Microphone), receive(ALICE, Camera)]);
    world.connect(&[DAVE]);
    world.stream(ALICE, sent[0], 0, 20);
    world.stream(ALICE, sent[1], 3, 20);
    assert!(world.payloads(DAVE, dave[0]).is_empty() && world.payloads(DAVE, dave[1]).is_empty());
    assert!(world.forwarded.iter().all(|packet| packet.to == BOB && packet.room == room("one")));
    assert!(world.peers[&ALICE].key_frame_requests.is_empty());
}

#[test]
fn key_frame_requests_reach_the_sender_merged() {
    let (mut world, sent, received) = call();
    world.add(CAROL, room("one"));
    let carol = world.add_lines(CAROL, &[receive(ALICE, Camera)]);
    world.connect(&[CAROL]);
    world.stream(ALICE, sent[1], 0, 50);
    world.peer(ALICE).key_frame_requests.clear();

    let ask = |world: &mut World, client: ClientId, mid: Mid| {
        let peer = world.peer(client);
        peer.rtc.direct_api().stream_rx_by_mid(mid, None).unwrap().request_keyframe(KeyframeRequestKind::Pli);
        world.run(10);
    };
    for _ in 0..5 {
        ask(&mut world, BOB, received[1]);
        ask(&mut world, CAROL, carol[0]);
    }
    let asked = world.peers[&ALICE].key_frame_requests.len();
    assert_eq!(asked, 1, "the first request goes out at once, the others wait");
    world.run(1_000);
    let requests = &world.peers[&ALICE].key_frame_requests;
    assert_eq!(requests.len(), 2, "the requests that came too early are answered by one more");
    assert!(requests[1].0 - requests[0].0 >= Duration::from_millis(490));
    assert!(requests.iter().all(|(_, mid)| *mid == sent[1]));
}

#[test]
fn a_new_receiver_gets_a_key_frame_without_asking() {
    let (mut world, sent, _) = call();
    world.stream(ALICE, sent[1], 0, 50);
    world.run(1_000);
    world.peer(ALICE).key_frame_requests.clear();
    world.add(CAROL, room("one"));
    world.add_lines(CAROL, &[receive(ALICE, Camera)]);
    world.connect(&[CAROL]);
    world.run(100);
    assert_eq!(world.peers[&ALICE].key_frame_requests.len(), 1);
}

#[test]
fn lost_video_packets_are_sent_again() {
    let (mut world, sent, received) = call();
    world.stream(ALICE, sent[1], 0, 10);
    let bob = world.peers[&BOB].address;
    let ssrc = world.forwarded.last().unwrap().ssrc.to_be_bytes();
    let mut counted = 0;
    let lost = std::rc::Rc::new(std::cell::Cell::new(0));
    let seen = lost.clone();
    world.loss = Box::new(move |to, datagram| {
        if to != bob || datagram.get(8..12) != Some(&ssrc) {
            return false;
        }
        counted += 1;
        let lose = counted % 20 == 0;
        seen.set(seen.get() + u32::from(lose));
        lose
    });
    world.stream(ALICE, sent[1], 10, 200);
    world.loss = Box::new(|_, _| false);
    world.stream(ALICE, sent[1], 210, 30);
    world.run(500);

    assert!(lost.get() >= 9, "{}", lost.get());
    let mut arrived: Vec<_> =
        world.peers[&BOB].received.iter().filter(|(mid, _)| *mid == received[1]).collect();
    arrived.sort_by_key(|(_, packet)| packet.seq_no);
    let arrived: Vec<_> = arrived.iter().map(|(_, packet)| packet.payload.to_vec()).collect();
    assert_eq!(arrived, payloads(sent[1], 0..240));
}

#[test]
fn a_client_that_falls_silent_is_reported_once() {
    let (mut world, _, _) = call();
    world.peers.remove(&BOB);
    world.run(30_000);
    assert_eq!(world.disconnected, [BOB]);
    assert!(world.peers[&ALICE].rtc.is_connected());
}

#[test]
fn an_ice_restart_from_another_address_keeps_the_call() {
    let (mut world, sent, received) = call();
    world.stream(ALICE, sent[1], 0, 10);
    // Bob's network changes: his old address is dead, and he restarts ICE on another one.
    let address = "198.51.100.200:7777".parse().unwrap();
    world.peer(BOB).address = address;
    world.run(3_000);
    world.restart_ice(BOB, address);
    world.run(3_000);
    world.stream(ALICE, sent[1], 10, 20);
    world.run(100);
    assert_eq!(world.payloads(BOB, received[1]), payloads(sent[1], 0..30));
    assert!(world.disconnected.is_empty());
    assert_eq!(world.sfu.stats().participants, 2);
}

#[test]
fn a_client_that_never_connects_is_reported() {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    world.add_lines(ALICE, &[send(Microphone)]);
    world.peers.remove(&ALICE);
    world.run(40_000);
    assert_eq!(world.disconnected, [ALICE]);
    assert!(world.connected.is_empty());
}

#[test]
fn a_new_peer_connection_of_the_same_client_replaces_the_old_one() {
    let (mut world, sent, received) = call();
    world.stream(ALICE, sent[1], 0, 10);
    world.connected.clear();
    world.add(ALICE, room("one"));
    let anew = world.add_lines(ALICE, &[send(Camera)]);
    world.connect(&[ALICE]);
    world.stream(ALICE, anew[0], 0, 10);
    let payloads_at_bob = world.payloads(BOB, received[1]);
    assert!(payloads_at_bob.ends_with(&payloads(anew[0], 0..10)));
    assert_eq!(payloads_at_bob.len(), 20);
    assert_eq!(world.sfu.stats().participants, 2);
}
