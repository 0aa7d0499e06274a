//! What a receiver's network carries decides what it gets. Time is virtual here, so that what waits can be measured.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    ALICE, BOB, CAROL, World,
    camera::{PICTURE_MS, Sender, check, got, last_layer, view},
    link::Link,
    receive, room, send,
};
use str0m::{format::Codec, media::Mid, rtp::RtpWrite};
use tangelo_wire::{ClientId, Picture, Source, View};

use Source::{Camera, Microphone, Screen};

/// Alice talks and shows herself in three layers of 0.2, 0.5 and 1.5 Mbit/s on the wire.
struct Call {
    world: World,
    camera: Sender,
    microphone: Mid,
    sounds: u64,
    /// Who receives both, with the lines of sound and picture.
    others: Vec<(ClientId, Mid, Mid)>,
}

impl Call {
    fn new(others: &[ClientId]) -> Self {
        let mut world = World::new();
        world.add(ALICE, room("one"));
        let camera = Sender::new(&mut world, ALICE);
        let microphone = world.add_lines(ALICE, &[send(Microphone)])[0];
        let lines = others.iter().map(|other| {
            world.add(*other, room("one"));
            let mids = world.add_lines(*other, &[receive(ALICE, Microphone), receive(ALICE, Camera)]);
            (*other, mids[0], mids[1])
        });
        let others: Vec<_> = lines.collect();
        world.connect(&[&[ALICE], &others.iter().map(|(other, ..)| *other).collect::<Vec<_>>()[..]].concat());
        for (other, ..) in &others {
            world.sfu.watch(world.now, *other, Some(&[view(720)]), None);
        }
        Self { world, camera, microphone, sounds: 0, others }
    }

    fn link(&mut self, client: ClientId) -> &mut Link {
        self.world.links.get_mut(&client).unwrap()
    }

    fn run(&mut self, seconds: u64) {
        self.go_on(seconds, true);
    }

    fn run_without_sound(&mut self, seconds: u64) {
        self.go_on(seconds, false);
    }

    fn go_on(&mut self, seconds: u64, with_sound: bool) {
        for _ in 0..seconds * 1_000 / PICTURE_MS {
            for layer in 0..3 {
                self.camera.picture(&mut self.world, layer);
            }
            for _ in 0..PICTURE_MS / 20 {
                if with_sound {
                    self.sound();
                }
                self.world.run(20);
            }
        }
    }

    /// 20 ms of sound in 80 bytes: 60 kbit/s on the wire.
    fn sound(&mut self) {
        let now = self.world.now;
        let peer = self.world.peers.get_mut(&ALICE).unwrap();
        let pt = peer.rtc.codec_config().find(|params| params.spec().codec == Codec::Opus).unwrap().pt();
        let mut direct = peer.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(self.microphone, None).unwrap();
        let timestamp = u32::try_from(self.sounds * 960).unwrap();
        stream.write_rtp(RtpWrite::new(pt, (1_000 + self.sounds).into(), timestamp, now, vec![0x5a; 80]));
        self.sounds += 1;
    }

    /// Sound and pictures that a client got so far.
    fn counts(&self, client: ClientId) -> (usize, usize) {
        let (_, sound, picture) = self.lines(client);
        (self.world.payloads(client, sound).len(), got(&self.world, client, picture).len())
    }

    fn lines(&self, client: ClientId) -> (ClientId, Mid, Mid) {
        *self.others.iter().find(|(other, ..)| *other == client).unwrap()
    }

    fn layer(&self, client: ClientId) -> u8 {
        last_layer(&self.world, client, self.lines(client).2)
    }
}

/// Bob is behind a link of so many bit/s.
fn call(rate_bps: u64) -> Call {
    let mut call = Call::new(&[BOB]);
    call.world.links.insert(BOB, Link::new(rate_bps));
    call
}

#[test]
fn the_layer_follows_the_link_down_and_up_again() {
    let mut call = call(4_000_000);
    call.run(5);
    assert_eq!(call.layer(BOB), 2);
    for _ in 0..2 {
        let before = call.counts(BOB);
        call.link(BOB).rate_bps = 1_000_000;
        call.link(BOB).longest = Duration::ZERO;
        call.run(3);
        assert_eq!(call.layer(BOB), 1, "{:?}", call.world.sfu.estimate_bps(BOB));
        assert!(call.link(BOB).longest < Duration::from_millis(450), "{:?}", call.link(BOB));
        call.link(BOB).longest = Duration::ZERO;
        call.run(20);
        assert_eq!(call.layer(BOB), 1);
        assert!(call.link(BOB).longest < Duration::from_millis(150), "probes fill it for a moment");
        let after = call.counts(BOB);
        assert!(after.0 - before.0 >= 23 * 50 - 10, "sound goes on: {before:?} {after:?}");

        call.link(BOB).rate_bps = 4_000_000;
        call.run(10);
        assert_eq!(call.layer(BOB), 2, "{:?}", call.world.sfu.estimate_bps(BOB));
    }
}

#[test]
fn sound_goes_before_pictures() {
    // The smallest layer has no room beside it.
    let mut call = call(150_000);
    call.run(6);
    let before = call.counts(BOB);
    let dropped = call.link(BOB).dropped;
    call.run(20);
    let after = call.counts(BOB);
    assert!(after.0 - before.0 >= 998, "some are under way: {before:?} {after:?}");
    assert_eq!(call.link(BOB).dropped, dropped);
    assert_eq!(after.1, before.1, "no room for pictures");
    assert_eq!(call.world.paused[&BOB], [Picture { client: ALICE, source: Camera }], "and Bob knows");
    call.link(BOB).rate_bps = 4_000_000;
    call.run(10);
    assert_eq!(call.layer(BOB), 2, "{:?}", call.world.sfu.estimate_bps(BOB));
    assert_eq!(call.world.paused[&BOB], []);
    // What is not shown is not paused.
    call.link(BOB).rate_bps = 150_000;
    call.run(10);
    assert_eq!(call.world.paused[&BOB].len(), 1);
    call.world.sfu.watch(call.world.now, BOB, Some(&[]), None);
    call.run(1);
    assert_eq!(call.world.paused[&BOB], []);
    // Nor what is not there.
    call.world.sfu.watch(call.world.now, BOB, Some(&[view(720)]), None);
    call.run(5);
    assert_eq!(call.world.paused[&BOB].len(), 1);
    call.world.remove(ALICE);
    call.world.run(1_000);
    assert_eq!(call.world.paused[&BOB], []);
}

/// What Alice shows of her screen, in one layer: pictures of so many packets of 1,000 bytes, 25 a second.
fn show(call: &mut Call, screen: Mid, seconds: u64, packets: u64, number: &mut u64) {
    for _ in 0..seconds * 1_000 / PICTURE_MS {
        let wanted = call.world.wanted.get(&(ALICE, Screen)).is_none_or(|layers| layers.contains(&0));
        let now = call.world.now;
        for _ in 0..if wanted { packets } else { 0 } {
            let peer = call.world.peers.get_mut(&ALICE).unwrap();
            let pt = peer.rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).unwrap().pt();
            let mut direct = peer.rtc.direct_api();
            let stream = direct.stream_tx_by_mid(screen, None).unwrap();
            let timestamp = u32::try_from(*number * 90).unwrap();
            let write = RtpWrite::new(pt, (1_000 + *number).into(), timestamp, now, vec![0x10; 1_000]);
            stream.write_rtp(write.nackable(true));
            *number += 1;
        }
        call.world.run(PICTURE_MS);
    }
}

#[test]
fn a_screen_on_which_much_moved_once_comes_back() {
    let mut call = call(1_000_000);
    let screen = call.world.add_lines(ALICE, &[send(Screen)])[0];
    let line = call.world.add_lines(BOB, &[receive(ALICE, Screen)])[0];
    let shown = View { client: ALICE, source: Screen, height: 720, pinned: false };
    call.world.sfu.watch(call.world.now, BOB, Some(&[shown]), None);
    let mut number = 0;
    show(&mut call, screen, 4, 1, &mut number);
    show(&mut call, screen, 6, 10, &mut number);
    let before = call.world.payloads(BOB, line).len();
    show(&mut call, screen, 25, 1, &mut number);
    let after = call.world.payloads(BOB, line).len();
    assert!(after - before > 100, "{before} {after}");
}

#[test]
fn a_blackout_is_over_when_it_is_over() {
    let mut call = call(4_000_000);
    call.run(5);
    call.link(BOB).rate_bps = 0;
    call.run(5);
    call.link(BOB).rate_bps = 4_000_000;
    call.run(10);
    assert_eq!(call.layer(BOB), 2, "{:?}", call.world.sfu.estimate_bps(BOB));
    let before = call.counts(BOB);
    call.run(2);
    let after = call.counts(BOB);
    assert!(after.0 - before.0 >= 98 && after.1 - before.1 >= 2 * 25 * 7 - 14, "{before:?} {after:?}");
}

#[test]
fn where_nobody_speaks_pictures_come_back_too() {
    // Without sound and pictures nothing is sent, and nothing tells that there is room again.
    for rate_bps in [0, 20_000, 100_000] {
        let mut call = call(4_000_000);
        call.run_without_sound(5);
        assert_eq!(call.layer(BOB), 2);
        call.link(BOB).rate_bps = rate_bps;
        call.run_without_sound(8);
        call.link(BOB).rate_bps = 4_000_000;
        call.run_without_sound(10);
        let before = call.counts(BOB);
        call.run_without_sound(2);
        let after = call.counts(BOB);
        assert_eq!(call.layer(BOB), 2, "{rate_bps}: {:?}", call.world.sfu.estimate_bps(BOB));
        assert!(after.1 - before.1 >= 2 * 25 * 7 - 14, "{before:?} {after:?}");
    }
}

#[test]
fn a_lossy_link_carries_pictures_and_sound() {
    // At a fifth, an estimator takes the link for a narrow one; pictures come and go, and are never gone for good.
    for (percent, least, pictures) in [(1, 2, 3_000), (5, 1, 900), (10, 0, 300), (20, 0, 25)] {
        let mut call = call(4_000_000);
        call.link(BOB).loses_one_in = 100 / percent;
        call.run(10);
        let before = call.counts(BOB);
        call.run(20);
        let after = call.counts(BOB);
        assert!(call.layer(BOB) >= least, "{percent} %: {:?}", call.world.sfu.estimate_bps(BOB));
        let sounds = after.0 - before.0;
        assert!(sounds * 100 >= 1_000 * (97 - usize::try_from(percent).unwrap()), "{percent} %: {sounds}");
        assert!(after.1 - before.1 > pictures, "{percent} %: pictures {before:?} {after:?}");
    }
}

#[test]
fn a_little_loss_holds_no_picture_down_wherever_it_begins() {
    for passed in 0..6 {
        let mut call = call(4_000_000);
        call.world.run(passed * 7);
        call.link(BOB).loses_one_in = 100;
        call.run(20);
        assert_eq!(call.layer(BOB), 2, "{passed}: {:?}", call.world.sfu.estimate_bps(BOB));
    }
}

#[test]
fn who_has_a_bad_network_disturbs_nobody_else() {
    let mut call = Call::new(&[BOB, CAROL]);
    call.world.links.insert(BOB, Link::new(400_000));
    call.run(6);
    let before = call.counts(CAROL);
    call.run(10);
    let after = call.counts(CAROL);
    assert_eq!((call.layer(BOB), call.layer(CAROL)), (0, 2));
    assert_eq!((after.0 - before.0, after.1 - before.1), (500, 10 * 25 * 7));
    check(&got(&call.world, CAROL, call.lines(CAROL).2));
}
#[test]
fn who_gets_no_pictures_gets_no_padding_either() {
    let mut call = call(4_000_000);
    call.run(5);
    call.world.remove(ALICE);
    call.world.run(2_000);
    let before = call.link(BOB).bytes;
    call.world.run(60_000);
    let per_second = (call.link(BOB).bytes - before) / 60;
    assert!(per_second < 2_000, "{per_second} bytes a second, for nothing");
}
