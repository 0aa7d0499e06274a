//! What a client can have the SFU keep, and what others can do about that.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::net::SocketAddr;

use common::{ALICE, BOB, World, call, camera, payloads, room, send};
use str0m::{
    media::{Mid, Rid},
    rtp::Ssrc,
};
use tangelo_wire::{
    ClientId, LAYER_RIDS,
    Source::{Camera, Microphone},
};

/// The numbers that the client gives to the names of lines and layers: MID, RID, and RID of what is sent once more.
fn names(world: &mut World, client: ClientId) -> [u8; 3] {
    // An offer that is thrown away.
    let mut change = world.peer(client).rtc.sdp_api();
    change.add_media(str0m::media::MediaKind::Video, str0m::media::Direction::SendOnly, None, None, None);
    let (offer, _) = change.apply().unwrap();
    let sdp = offer.to_sdp_string();
    let id_of = |name: &str| {
        let line = sdp.lines().find(|line| line.starts_with("a=extmap:") && line.ends_with(name)).unwrap();
        line["a=extmap:".len()..].split([' ', '/']).next().unwrap().parse().unwrap()
    };
    ["sdes:mid", "sdes:rtp-stream-id", "sdes:repaired-rtp-stream-id"].map(id_of)
}

/// An RTP packet that no client has sealed, with these header extensions.
fn forged(payload_type: u8, ssrc: u32, extensions: &[(u8, &str)]) -> Vec<u8> {
    let mut names = Vec::new();
    for (id, value) in extensions {
        names.push(id << 4 | u8::try_from(value.len() - 1).unwrap());
        names.extend(value.bytes());
    }
    names.resize(names.len().next_multiple_of(4), 0);
    let words = u8::try_from(names.len() / 4).unwrap();
    let head = [0x90, payload_type, 0, 1, 0, 0, 0, 0];
    [&head[..], &ssrc.to_be_bytes(), &[0xbe, 0xde, 0, words], &names, &[9; 60]].concat()
}

/// The client goes on with other SSRCs, as a browser does that begins to send again.
fn change_ssrc(world: &mut World, client: ClientId, mid: Mid, rid: Option<Rid>, ssrc: u32) {
    let mut direct = world.peer(client).rtc.direct_api();
    let rtx = Ssrc::from(ssrc + 1);
    assert!(direct.reset_stream_tx(mid, rid, ssrc.into(), Some(rtx)).is_some());
}

#[test]
fn who_forges_packets_takes_no_stream_from_a_client() {
    let (mut world, sent, received) = call(Microphone);
    // Until Alice has heard that her stream is known, and says no more on which line it is.
    world.stream(ALICE, sent, 0, 500);
    let [mid, ..] = names(&mut world, ALICE);
    let alice = world.peer(ALICE).address;
    for ssrc in 1_000..1_300 {
        world.inject(alice, &forged(111, ssrc, &[(mid, &sent)]));
    }
    world.stream(ALICE, sent, 500, 50);
    world.run(200);
    assert_eq!(world.payloads(BOB, received), payloads(sent, 0..550));
}

#[test]
fn who_forges_packets_keeps_no_new_stream_out() {
    let (mut world, mut sender, lines) = camera::call(&[BOB]);
    world.sfu.watch(world.now, BOB, Some(&[camera::view(720)]), None);
    sender.run(&mut world, 2_000);
    let [mid, rid, repaired] = names(&mut world, ALICE);
    let alice = world.peer(ALICE).address;
    for ssrc in (1_000..11_000).step_by(2) {
        let layer = LAYER_RIDS[ssrc as usize / 2 % 3];
        world.inject(alice, &forged(96, ssrc, &[(mid, &sender.mid), (rid, layer)]));
        world.inject(alice, &forged(97, ssrc + 1, &[(mid, &sender.mid), (repaired, layer)]));
    }
    for (ssrc, name) in (50_000..).step_by(2).zip(LAYER_RIDS) {
        change_ssrc(&mut world, ALICE, sender.mid, Some(name.into()), ssrc);
    }
    sender.began = [false; 3];
    let before = camera::got(&world, BOB, lines[0]).len();
    sender.run(&mut world, 3_000);
    let got = camera::got(&world, BOB, lines[0]);
    assert!(got.len() > before + 200, "{} after {before}", got.len());
    camera::check(&got[before..]);
    assert!(world.disconnected.is_empty());
}

#[test]
fn a_client_that_begins_again_and_again_goes_on_and_one_that_never_ends_to_loses_its_session() {
    let (mut world, sent, received) = call(Camera);
    let mut packets = 0;
    while world.disconnected.is_empty() && packets < 10_000 {
        change_ssrc(&mut world, ALICE, sent, None, 1_000 + 2 * packets);
        let now = world.now;
        world.peer(ALICE).write(sent, packets.into(), now);
        world.run(6);
        packets += 1;
    }
    assert!(packets > 2_000, "{packets} are not too many for a long call");
    assert_eq!(world.disconnected, [ALICE]);
    assert!(world.payloads(BOB, received).len() > 2_000);
    // Nothing holds her back from another session.
    world.remove(ALICE);
    world.peers.remove(&ALICE);
    world.connected.retain(|client| *client != ALICE);
    world.add(ALICE, room("one"));
    let sent = world.add_lines(ALICE, &[send(Camera)])[0];
    world.connect(&[ALICE]);
    world.stream(ALICE, sent, 0, 20);
    world.run(100);
    assert!(world.payloads(BOB, received).ends_with(&payloads(sent, 0..20)));
}

#[test]
fn checks_from_ever_more_addresses_are_not_answered() {
    let (mut world, sent, received) = call(Camera);
    let alice = world.peer(ALICE).address;
    // Alice's next check, which arrives from everywhere.
    let check = loop {
        world.run(20);
        let flight = world.take_flight();
        if let Some(check) = flight.filter(|contents| contents.starts_with(&[0, 1])) {
            break check;
        }
    };
    let answered = std::rc::Rc::new(std::cell::Cell::new(0));
    let count = answered.clone();
    world.loss = Box::new(move |to: SocketAddr, contents| {
        let is_answer =
            to.ip() == SocketAddr::from(([203, 0, 113, 5], 1)).ip() && contents.starts_with(&[1, 1]);
        count.set(count.get() + usize::from(is_answer));
        false
    });
    for port in 1..=5_000 {
        world.inject(SocketAddr::from(([203, 0, 113, 5], port)), &check);
    }
    assert!((64..=128).contains(&answered.get()), "{}", answered.get());
    // Her own way is known, and an ICE restart brings her new ones.
    world.stream(ALICE, sent, 0, 100);
    world.run(30_000);
    assert!(world.disconnected.is_empty());
    let other: SocketAddr = "198.51.100.200:7777".parse().unwrap();
    world.peer(ALICE).address = other;
    world.restart_ice(ALICE, other);
    world.run(5_000);
    world.stream(ALICE, sent, 100, 20);
    world.run(100);
    assert!(world.payloads(BOB, received).ends_with(&payloads(sent, 100..120)));
    assert_ne!(alice, other);
}

#[test]
fn a_session_ends_if_an_ice_restart_is_not_followed_up() {
    let (mut world, _, _) = call(Camera);
    let bob = world.peer(BOB).address;
    world.restart_ice(BOB, bob);
    // No check of the new credentials arrives.
    world.loss_up = Box::new(|contents| contents.starts_with(&[0, 1]));
    world.run(20_000);
    assert!(!world.disconnected.contains(&BOB), "a slow network has its time");
    world.run(60_000);
    assert!(world.disconnected.contains(&BOB));
    // What comes late is as good.
    world.loss_up = Box::new(|_| false);
    world.connected.clear();
    world.restart_ice(BOB, bob);
    world.run(10_000);
    assert!(world.connected.contains(&BOB));
}
