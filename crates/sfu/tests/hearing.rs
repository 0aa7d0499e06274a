//! Whose microphones go to a receiver where there are more than one can follow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;

use common::{ALICE, BOB, World, payload, payloads, receive, room, send};
use str0m::{media::Mid, rtp::RtpPacket};
use tangelo_wire::{ClientId, limits::HEARD_MAX};

use tangelo_wire::Source::{Microphone, ScreenAudio};

const SPEAKERS: u8 = 30;

fn speaker(number: u8) -> ClientId {
    ClientId([number + 1; 16])
}

/// Bob, and 30 people with a microphone each, whom he receives.
struct Hall {
    world: World,
    sent: Vec<Mid>,
    received: Vec<Mid>,
    /// The next packet of each.
    next: [u64; SPEAKERS as usize],
}

impl Hall {
    fn new() -> Self {
        let mut world = World::new();
        let all: Vec<_> = (0..SPEAKERS).map(speaker).collect();
        let mut sent = Vec::new();
        for client in &all {
            world.add(*client, room("one"));
            sent.push(world.add_lines(*client, &[send(Microphone)])[0]);
        }
        world.add(BOB, room("one"));
        let lines: Vec<_> = all.iter().map(|client| receive(*client, Microphone)).collect();
        let received = world.add_lines(BOB, &lines);
        world.connect(&[&all[..], &[BOB]].concat());
        Self { world, sent, received, next: [0; SPEAKERS as usize] }
    }

    /// Each of them sends so many packets, 20 ms apart.
    fn speak(&mut self, numbers: &[u8], packets: u64) {
        for _ in 0..packets {
            for number in numbers {
                let index = usize::from(*number);
                let now = self.world.now;
                self.world.peer(speaker(*number)).write(self.sent[index], self.next[index], now);
                self.next[index] += 1;
            }
            self.world.run(20);
        }
        self.world.run(20);
    }

    /// Of whom something came since the last call.
    fn take_heard(&mut self) -> BTreeSet<u8> {
        let heard = self.world.peer(BOB).received.drain(..).map(|(mid, _)| mid).collect::<Vec<_>>();
        let number = |mid| self.received.iter().position(|line| *line == mid).unwrap();
        heard.into_iter().map(|mid| u8::try_from(number(mid)).unwrap()).collect()
    }

    fn hear(&mut self, numbers: impl IntoIterator<Item = u8>) {
        let named: Vec<_> = numbers.into_iter().map(speaker).collect();
        self.world.sfu.watch(self.world.now, BOB, None, Some(&named));
    }

    fn packets(&self, number: u8) -> Vec<&RtpPacket> {
        let line = self.received[usize::from(number)];
        let received = &self.world.peers[&BOB].received;
        received.iter().filter(|(mid, _)| *mid == line).map(|(_, packet)| packet).collect()
    }
}

fn set(numbers: impl IntoIterator<Item = u8>) -> BTreeSet<u8> {
    numbers.into_iter().collect()
}

#[test]
fn the_first_25_are_heard_whole_and_the_others_not_at_all() {
    let mut hall = Hall::new();
    let all: Vec<u8> = (0..SPEAKERS).collect();
    // The last begin.
    hall.speak(&all[10..], 5);
    hall.speak(&all, 50);
    let heard: Vec<usize> = (0..SPEAKERS).map(|number| hall.packets(number).len()).collect();
    assert_eq!(heard.iter().filter(|packets| **packets > 0).count(), HEARD_MAX);
    assert!(heard[10..].iter().all(|packets| *packets == 55), "{heard:?}");
    assert_eq!(heard[..10].iter().filter(|packets| **packets == 50).count(), 5, "{heard:?}");
    hall.take_heard();

    // Two send nothing any more, and are no more among them.
    hall.speak(&all[..28], 101);
    hall.take_heard();
    hall.speak(&all[..28], 5);
    assert_eq!(hall.take_heard().len(), HEARD_MAX);
    // Who comes back is not heard at the cost of another.
    hall.speak(&all, 5);
    assert!(hall.take_heard().is_subset(&set(0..28)));
}

#[test]
fn who_is_named_is_heard_from_the_next_packet_on_and_numbers_go_on() {
    let mut hall = Hall::new();
    let all: Vec<u8> = (0..SPEAKERS).collect();
    hall.hear(5..30);
    hall.speak(&all, 10);
    assert_eq!(hall.take_heard(), set(5..30));
    hall.hear([29, 0, 3]);
    hall.speak(&all, 10);
    assert_eq!(hall.take_heard(), set([0, 3, 29]));

    // One is swapped out for a second, and comes back.
    hall.hear([0, 3]);
    hall.speak(&all, 10);
    hall.hear([1, 3]);
    hall.speak(&all, 50);
    hall.hear([0, 3]);
    hall.speak(&all, 10);
    let sent = hall.sent[0];
    let line = hall.packets(0);
    let got: Vec<Vec<u8>> = line.iter().map(|packet| packet.payload.to_vec()).collect();
    assert_eq!(got, [payloads(sent, 20..30), payloads(sent, 80..90)].concat(), "from the first to the last");
    for pair in line.windows(2) {
        assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1);
    }
    let (last, first) = (line[9].header.timestamp, line[10].header.timestamp);
    // Just over a second at 48 kHz.
    assert!((48_000..52_000).contains(&first.wrapping_sub(last)), "{last} to {first}");
    assert_eq!(hall.packets(3).len(), 70, "who stays is not disturbed");
    assert!(hall.packets(29).is_empty());

    hall.hear([]);
    hall.take_heard();
    hall.speak(&all, 5);
    assert_eq!(hall.take_heard(), set([]));
    hall.world.sfu.watch(hall.world.now, BOB, None, None);
    hall.speak(&all, 5);
    assert_eq!(hall.take_heard().len(), HEARD_MAX, "who does not choose hears as many");
}

#[test]
fn the_sound_of_a_screen_is_no_microphone() {
    let mut hall = Hall::new();
    let all: Vec<u8> = (0..SPEAKERS).collect();
    hall.world.add(ALICE, room("one"));
    let sound = hall.world.add_lines(ALICE, &[send(ScreenAudio)])[0];
    let line = hall.world.add_lines(BOB, &[receive(ALICE, ScreenAudio)])[0];
    hall.world.connect(&[ALICE]);
    hall.speak(&all, 10);
    hall.world.stream(ALICE, sound, 0, 5);
    assert_eq!(hall.world.payloads(BOB, line), payloads(sound, 0..5));
    hall.hear(0..25);
    hall.world.stream(ALICE, sound, 5, 5);
    assert_eq!(hall.world.payloads(BOB, line), payloads(sound, 0..10));
}

#[test]
fn what_is_chosen_holds_for_a_session_that_begins_anew() {
    let mut hall = Hall::new();
    let all: Vec<u8> = (0..SPEAKERS).collect();
    hall.hear([7]);
    hall.world.peers.remove(&BOB);
    hall.world.connected.retain(|client| *client != BOB);
    hall.world.add(BOB, room("one"));
    let lines: Vec<_> = all.iter().map(|number| receive(speaker(*number), Microphone)).collect();
    hall.received = hall.world.add_lines(BOB, &lines);
    hall.world.connect(&[BOB]);
    hall.speak(&all, 3);
    assert_eq!(hall.packets(7)[0].payload.to_vec(), payload(hall.sent[7], 0));
    assert_eq!(hall.take_heard(), set([7]));
}
