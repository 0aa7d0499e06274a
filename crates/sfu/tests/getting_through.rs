//! Clients behind networks that let no UDP through, and clients whose network changes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::net::SocketAddr;

use common::{ALICE, BOB, World, payloads, receive, room, send, server};
use str0m::media::Mid;
use tangelo_wire::Source::{Camera, Microphone};

/// Alice comes by UDP, Bob by TCP. Returns the lines that each sends and receives on, sound first.
fn call() -> (World, Vec<Mid>, Vec<Mid>) {
    let mut world = World::new();
    world.listen_on_tcp();
    world.add(ALICE, room("one"));
    world.add_by_tcp(BOB, room("one"));
    let sent = world
        .add_lines(ALICE, &[send(Microphone), send(Camera), receive(BOB, Microphone), receive(BOB, Camera)]);
    let received = world.add_lines(
        BOB,
        &[receive(ALICE, Microphone), receive(ALICE, Camera), send(Microphone), send(Camera)],
    );
    world.connect(&[ALICE, BOB]);
    (world, sent, received)
}

/// A packet that Bob sends, taken out of the network.
fn packet_of_bob(world: &mut World, line: Mid) -> Vec<u8> {
    let now = world.now;
    world.peer(BOB).write(line, 0, now);
    world.settle();
    world.take_flight().unwrap()
}

/// The candidates of an answer, as (transport, priority).
fn candidates(sdp: &str) -> Vec<(String, u32)> {
    let lines: Vec<Vec<&str>> = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=candidate:"))
        .map(|line| line.split(' ').collect())
        .collect();
    for fields in lines.iter().filter(|fields| fields[2].eq_ignore_ascii_case("tcp")) {
        assert!(fields.windows(2).any(|two| two == ["tcptype", "passive"]), "{fields:?}");
    }
    lines.iter().map(|fields| (fields[2].to_ascii_lowercase(), fields[3].parse().unwrap())).collect()
}

#[test]
fn tcp_candidates_are_passive_and_come_after_udp() {
    let mut world = World::new();
    world.listen_on_tcp();
    world.add(ALICE, room("one"));
    let (offer, pending, _) = world.peer(ALICE).offer_lines(&[send(Microphone)]);
    let answer = world.negotiate(ALICE, offer, pending).unwrap();
    let candidates = candidates(&answer.sdp);
    let priorities = |transport: &str| {
        candidates.iter().filter(|(of, _)| of == transport).map(|(_, priority)| *priority).collect::<Vec<_>>()
    };
    let (udp, tcp) = (priorities("udp"), priorities("tcp"));
    assert!(!udp.is_empty() && !tcp.is_empty(), "{candidates:?}");
    assert!(udp.iter().min() > tcp.iter().max(), "{candidates:?}");
}

#[test]
fn addresses_that_are_found_later_are_told_to_those_who_come_later() {
    let mut world = World::new();
    let found: SocketAddr = "203.0.113.7:3478".parse().unwrap();
    let sdp_of = |client, world: &mut World| {
        world.add(client, room("one"));
        let (offer, pending, _) = world.peer(client).offer_lines(&[send(Microphone)]);
        world.negotiate(client, offer, pending).unwrap().sdp
    };
    assert!(!sdp_of(ALICE, &mut world).contains("203.0.113.7"));
    world.sfu.set_candidates(vec![server(), found], vec![found]);
    let sdp = sdp_of(BOB, &mut world);
    assert!(sdp.contains("203.0.113.7 3478"), "{sdp}");
    assert_eq!(candidates(&sdp).iter().filter(|(transport, _)| transport == "tcp").count(), 1, "{sdp}");
}

#[test]
fn who_comes_by_tcp_hears_and_is_heard() {
    let (mut world, sent, received) = call();
    world.stream(ALICE, sent[1], 0, 30);
    world.stream(BOB, received[3], 0, 30);
    world.stream(BOB, received[2], 0, 30);
    world.run(100);
    assert_eq!(world.payloads(BOB, received[1]), payloads(sent[1], 0..30));
    assert_eq!(world.payloads(ALICE, sent[3]), payloads(received[3], 0..30));
    assert_eq!(world.payloads(ALICE, sent[2]), payloads(received[2], 0..30));
}

#[test]
fn what_comes_by_udp_from_the_address_of_a_tcp_connection_is_a_strangers() {
    let (mut world, _, received) = call();
    let address = world.peer(BOB).address;
    let packet = packet_of_bob(&mut world, received[3]);
    let before = world.sfu.stats();
    world.inject(address, &packet);
    let after = world.sfu.stats();
    assert_eq!(after.dropped_unknown, before.dropped_unknown + 1);
    assert_eq!(after.packets_in, before.packets_in);
    world.sfu.handle_frame(world.now, address, server(), &packet);
    assert_eq!(world.sfu.stats().packets_in, before.packets_in + 1);
}

#[test]
fn a_connection_that_ended_is_nobodys_until_it_is_checked_again() {
    let (mut world, sent, received) = call();
    let address = world.peer(BOB).address;
    world.sfu.handle_closed(address, server());
    let packet = packet_of_bob(&mut world, received[3]);
    let before = world.sfu.stats().dropped_unknown;
    world.sfu.handle_frame(world.now, address, server(), &packet);
    assert_eq!(world.sfu.stats().dropped_unknown, before + 1);
    world.run(10_000);
    world.stream(BOB, received[3], 1, 10);
    world.run(100);
    assert!(world.payloads(ALICE, sent[3]).ends_with(&payloads(received[3], 1..11)));
}

#[test]
fn a_client_whose_network_changes_goes_on_with_the_numbers_that_it_had() {
    let (mut world, sent, received) = call();
    world.stream(ALICE, sent[0], 0, 20);
    world.stream(ALICE, sent[1], 0, 20);
    // Bob leaves a network that lets no UDP through, and restarts ICE from another one.
    let address: SocketAddr = "198.51.100.200:7777".parse().unwrap();
    world.peer(BOB).address = address;
    world.run(2_000);
    world.restart_ice(BOB, address);
    world.run(3_000);
    world.stream(ALICE, sent[0], 20, 20);
    world.stream(ALICE, sent[1], 20, 20);
    world.run(100);
    for (line, from) in [(received[0], sent[0]), (received[1], sent[1])] {
        assert_eq!(world.payloads(BOB, line), payloads(from, 0..40));
        let packets = &world.peers[&BOB].received;
        let of_line = || packets.iter().filter(|(mid, _)| *mid == line).map(|(_, packet)| packet);
        let numbers: Vec<u64> = of_line().map(|packet| *packet.seq_no).collect();
        assert!(numbers.is_sorted_by(|one, next| one + 1 == *next), "{numbers:?}");
        assert!(
            of_line().all(|packet| Some(packet.header.ssrc) == of_line().next().map(|it| it.header.ssrc))
        );
    }
    world.stream(BOB, received[3], 0, 10);
    world.run(100);
    assert_eq!(world.payloads(ALICE, sent[3]), payloads(received[3], 0..10));
    assert!(world.disconnected.is_empty());
    assert_eq!(world.connected.iter().filter(|client| **client == BOB).count(), 1, "one DTLS session");
    assert_eq!(world.sfu.stats().participants, 2);
}

#[test]
fn a_client_to_which_a_router_gives_another_port_is_found_there_by_its_next_check() {
    let mut world = World::new();
    let outside = |port: u16| SocketAddr::from(([203, 0, 113, 9], port));
    world.add(ALICE, room("one"));
    world.add(BOB, room("one"));
    let inside_of_bob = world.peer(BOB).address;
    world.nat.insert(inside_of_bob, outside(1_000));
    let sent = world.add_lines(ALICE, &[send(Microphone)]);
    let received = world.add_lines(BOB, &[receive(ALICE, Microphone)]);
    world.connect(&[ALICE, BOB]);
    world.stream(ALICE, sent[0], 0, 10);
    world.run(100);
    assert_eq!(world.payloads(BOB, received[0]), payloads(sent[0], 0..10));
    // No side is told, and nothing reaches the old port any more.
    world.nat.insert(inside_of_bob, outside(2_000));
    world.run(4_000);
    world.stream(ALICE, sent[0], 10, 10);
    world.run(100);
    assert_eq!(world.payloads(BOB, received[0]), payloads(sent[0], 0..20));
    assert!(world.disconnected.is_empty());
}
