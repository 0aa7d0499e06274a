//! A camera in three layers: who gets which, how they change, and which need not be sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ALICE, BOB, CAROL, World,
    camera::{PACKETS, Sender, call, check, got, last_layer, view},
    receive, room,
};
use str0m::media::KeyframeRequestKind;
use tangelo_wire::{Source, View};

use Source::Camera;

#[test]
fn each_receiver_gets_the_layer_that_fills_its_place() {
    let (mut world, mut sender, lines) = call(&[BOB, CAROL]);
    world.sfu.watch(world.now, BOB, Some(&[view(180)]), None);
    world.sfu.watch(world.now, CAROL, Some(&[view(720)]), None);
    sender.run(&mut world, 6_000);
    let (of_bob, of_carol) = (got(&world, BOB, lines[0]), got(&world, CAROL, lines[1]));
    check(&of_bob);
    check(&of_carol);
    assert!(
        of_bob.iter().skip_while(|got| got.0 != 0).all(|got| got.0 == 0),
        "a larger one at first, at most"
    );
    assert!(of_bob.iter().filter(|got| got.0 != 0).count() < 30);
    assert_eq!(last_layer(&world, CAROL, lines[1]), 2);
    assert_eq!(world.wanted[&(ALICE, Camera)], [0, 2]);
}

#[test]
fn a_place_that_grows_and_shrinks_is_followed_without_a_gap() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    for (height, layer) in [(180, 0), (360, 1), (720, 2), (90, 0), (720, 2)] {
        world.sfu.watch(world.now, BOB, Some(&[view(height)]), None);
        sender.run(&mut world, 5_000);
        assert_eq!(last_layer(&world, BOB, lines[0]), layer, "{height}");
        assert_eq!(world.wanted[&(ALICE, Camera)], [layer], "the others are paused");
    }
    check(&got(&world, BOB, lines[0]));
}

#[test]
fn what_is_not_shown_is_not_sent() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    world.sfu.watch(world.now, BOB, Some(&[view(360)]), None);
    sender.run(&mut world, 2_000);
    world.sfu.watch(world.now, BOB, Some(&[]), None);
    sender.run(&mut world, 4_000);
    assert!(world.wanted[&(ALICE, Camera)].is_empty());
    let (before, sent) = (got(&world, BOB, lines[0]).len(), sender.sent);
    sender.run(&mut world, 2_000);
    assert_eq!(got(&world, BOB, lines[0]).len(), before);
    assert_eq!(sender.sent, sent, "nobody wants any layer");
    world.sfu.watch(world.now, BOB, Some(&[view(360)]), None);
    sender.run(&mut world, 2_000);
    assert_eq!(world.wanted[&(ALICE, Camera)], [1]);
    assert!(got(&world, BOB, lines[0]).len() > before + 20);
    let of_bob = got(&world, BOB, lines[0]);
    check(&of_bob[..before]);
    check(&of_bob[before..]);
    assert_eq!(of_bob[before].3, of_bob[before - 1].3 + 1, "no packet seems lost");
}

#[test]
fn a_layer_that_the_sender_cannot_send_is_replaced_and_comes_back() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    world.sfu.watch(world.now, BOB, Some(&[view(720)]), None);
    sender.run(&mut world, 5_000);
    assert_eq!(last_layer(&world, BOB, lines[0]), 2);
    sender.unable.insert(2);
    sender.run(&mut world, 5_000);
    assert_eq!(last_layer(&world, BOB, lines[0]), 1);
    assert_eq!(world.wanted[&(ALICE, Camera)], [1, 2], "still asked for");
    sender.unable.clear();
    sender.run(&mut world, 4_000);
    assert_eq!(last_layer(&world, BOB, lines[0]), 2);
    check(&got(&world, BOB, lines[0]));
}

#[test]
fn a_camera_that_has_no_large_layer_is_seen_at_once() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    sender.unable.insert(2);
    world.sfu.watch(world.now, BOB, Some(&[view(720)]), None);
    sender.run(&mut world, 200);
    assert!(!got(&world, BOB, lines[0]).is_empty(), "any layer is better than none");
    sender.run(&mut world, 5_000);
    assert_eq!(last_layer(&world, BOB, lines[0]), 1);
    let of_bob = got(&world, BOB, lines[0]);
    check(&of_bob);
    assert!(of_bob[of_bob.len() / 4..].iter().all(|got| got.0 == 1), "it stays with what there is");
}

#[test]
fn a_request_for_a_key_frame_reaches_the_layer_that_is_seen() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    world.sfu.watch(world.now, BOB, Some(&[view(360)]), None);
    sender.run(&mut world, 3_000);
    let key_frames = |world: &World| got(world, BOB, lines[0]).iter().filter(|got| got.1).count();
    let before = key_frames(&world);
    for _ in 0..5 {
        let peer = world.peer(BOB);
        let mut direct = peer.rtc.direct_api();
        direct.stream_rx_by_mid(lines[0], None).unwrap().request_keyframe(KeyframeRequestKind::Pli);
        sender.run(&mut world, 40);
    }
    sender.run(&mut world, 1_000);
    let more = key_frames(&world) - before;
    assert!((1..=2).contains(&more), "asked for in a row, merged: {more}");
}

#[test]
fn a_receiver_that_asks_for_all_at_once_is_never_stuck() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    for step in 0..40_u64 {
        let height = [90, 360, 720, 0, 180][usize::try_from(step % 5).unwrap()];
        let views = if height == 0 { vec![] } else { vec![view(height)] };
        world.sfu.watch(world.now, BOB, Some(&views), None);
        sender.run(&mut world, 120 + step * 8);
    }
    world.sfu.watch(world.now, BOB, Some(&[view(720)]), None);
    sender.run(&mut world, 4_000);
    assert_eq!(last_layer(&world, BOB, lines[0]), 2);
    let of_bob = got(&world, BOB, lines[0]);
    let last_key = of_bob.iter().rposition(|got| got.1).unwrap();
    check(&of_bob[last_key..]);
}

#[test]
fn lost_packets_of_a_layer_are_repaired() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    world.sfu.watch(world.now, BOB, Some(&[view(360)]), None);
    sender.run(&mut world, 2_000);
    let bob = world.peers[&BOB].address;
    let mut count = 0_u32;
    world.loss = Box::new(move |to, contents| {
        // Every twentieth RTP packet to Bob.
        count += u32::from(to == bob && contents.len() > 900);
        to == bob && contents.len() > 900 && count.is_multiple_of(20)
    });
    sender.run(&mut world, 5_000);
    world.loss = Box::new(|_, _| false);
    sender.run(&mut world, 1_000);
    let mut of_bob = got(&world, BOB, lines[0]);
    of_bob.sort_by_key(|got| got.3);
    of_bob.dedup();
    check(&of_bob);
}

#[test]
fn a_line_begins_with_a_key_frame_that_is_whole() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    let mut count = 0_u32;
    world.loss_up = Box::new(move |contents| {
        // Every seventh RTP packet of Alice.
        count += u32::from(contents.len() > 900);
        contents.len() > 900 && count.is_multiple_of(7)
    });
    for height in [180, 360, 720, 90, 720, 180, 360] {
        world.sfu.watch(world.now, BOB, Some(&[view(height)]), None);
        sender.run(&mut world, 3_000);
    }
    world.loss_up = Box::new(|_| false);
    sender.run(&mut world, 2_000);
    let mut of_bob = got(&world, BOB, lines[0]);
    of_bob.sort_by_key(|got| got.3);
    of_bob.dedup();
    // What a switch leaves behind of the layer before is lost, and nobody needs it.
    let begins = (1..of_bob.len()).filter(|at| of_bob[*at].0 != of_bob[at - 1].0);
    let begins: Vec<usize> = std::iter::once(0).chain(begins).collect();
    assert!(begins.len() >= 6, "{begins:?}");
    for (index, at) in begins.iter().copied().enumerate() {
        let (layer, key, id, ..) = of_bob[at];
        assert!(key, "{at}: {:?}", of_bob[at]);
        let packets = usize::try_from(PACKETS[usize::from(layer)]).unwrap();
        // Another layer's key frame may come in between, and takes its place.
        if begins.get(index + 1).is_none_or(|next| *next >= at + packets) {
            let whole = of_bob[at..].iter().take_while(|got| (got.0, got.2) == (layer, id)).count();
            assert_eq!(whole, packets, "{at}: {:?}", &of_bob[at..at + packets]);
        }
    }
    let end = &of_bob[of_bob.len() - 40..];
    assert!(end.windows(2).all(|pair| pair[1].3 == pair[0].3 + 1), "nothing is lost any more: {end:?}");
}

#[test]
fn a_sender_that_begins_anew_begins_with_a_key_frame() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    world.sfu.watch(world.now, BOB, Some(&[view(720)]), None);
    sender.run(&mut world, 3_000);
    let before = got(&world, BOB, lines[0]).len();
    world.peers.remove(&ALICE);
    world.connected.retain(|client| *client != ALICE);
    world.wanted.clear();
    world.add(ALICE, room("one"));
    let mut sender = Sender::new(&mut world, ALICE);
    world.connect(&[ALICE]);
    sender.run(&mut world, 4_000);
    let of_bob = got(&world, BOB, lines[0]);
    assert!(of_bob.len() > before + 100 && of_bob[before].1, "{:?}", &of_bob[before]);
    check(&of_bob[before..]);
    assert_eq!(of_bob[before].3, of_bob[before - 1].3 + 1);
    assert!(
        (1..=2).contains(&(of_bob[before].2.wrapping_sub(of_bob[before - 1].2) & 0x7fff)),
        "picture numbers go on"
    );
}

#[test]
fn a_session_that_begins_anew_keeps_what_is_shown() {
    let (mut world, mut sender, _) = call(&[BOB]);
    world.sfu.watch(world.now, BOB, Some(&[view(180)]), None);
    sender.run(&mut world, 3_000);
    world.peers.remove(&BOB);
    world.connected.retain(|client| *client != BOB);
    world.add(BOB, room("one"));
    let line = world.add_lines(BOB, &[receive(ALICE, Camera)])[0];
    world.connect(&[BOB]);
    sender.run(&mut world, 3_000);
    let of_bob = got(&world, BOB, line);
    check(&of_bob);
    assert!(of_bob.iter().all(|got| got.0 == 0));
}

#[test]
fn views_of_strangers_and_of_nothing_are_harmless() {
    let (mut world, mut sender, lines) = call(&[BOB]);
    let strange = View { client: CAROL, source: Camera, height: 720, pinned: true };
    let sound = View { client: ALICE, source: Source::Microphone, height: 720, pinned: true };
    world.sfu.watch(world.now, CAROL, Some(&[view(720)]), None);
    world.sfu.watch(world.now, BOB, Some(&[strange, sound, view(180), view(720)]), None);
    sender.run(&mut world, 3_000);
    assert_eq!(last_layer(&world, BOB, lines[0]), 0, "of two views of one picture the first counts");
}
