//! Frames: who can open them, what is noticed, what is never lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Room;
use proptest::prelude::*;
use tangelo_e2ee::media::{Codec, Context, DropReason, KeyId, Opened, SealError};
use tangelo_wire::{Millis, Source};

const KEY_FRAME: [u8; 40] = {
    let mut frame = [0x33; 40];
    frame[0] = 0x10;
    frame[3] = 0x9d;
    frame[4] = 0x01;
    frame[5] = 0x2a;
    frame
};

/// A packet of 20 ms at 32 kbit/s (TOC 0x78: CELT, one frame), which needs no padding.
fn opus(content: u8) -> Vec<u8> {
    let mut packet = vec![content; 80];
    packet[0] = 0x78;
    packet
}

fn seal(room: &mut Room, sender: usize, source: Source, codec: Codec, frame: &[u8]) -> Vec<u8> {
    let context = Context::new(source, 0).unwrap();
    let mut output = Vec::new();
    room.clients[sender].media.seal(room.now, context, codec, frame, &mut output).unwrap();
    output
}

fn open(
    room: &mut Room,
    receiver: usize,
    line: u32,
    ticket: u32,
    codec: Codec,
    frame: &[u8],
) -> (Opened, Vec<u8>) {
    let mut output = Vec::new();
    let opened = room.clients[receiver].media.open(room.now, line, ticket, codec, frame, &mut output);
    (opened, output)
}

fn line(room: &mut Room, receiver: usize, sender: usize, source: Source) -> u32 {
    let client = room.clients[sender].id;
    room.clients[receiver].media.add_receiver(client, source)
}

fn dropped(opened: &Opened) -> DropReason {
    match opened {
        Opened::Dropped { reason, .. } => *reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_frame_arrives_whole_and_shows_its_clear_prefix_alone() {
    let mut room = Room::of(3);
    let (video, audio) = (line(&mut room, 1, 0, Source::Camera), line(&mut room, 2, 0, Source::Microphone));
    let sealed = seal(&mut room, 0, Source::Camera, Codec::Vp8, &KEY_FRAME);
    assert_eq!(sealed[..10], KEY_FRAME[..10]);
    assert!(!sealed[10..].windows(8).any(|window| window == &KEY_FRAME[10..18]));
    assert!(sealed.len() <= KEY_FRAME.len() + 24);
    assert_eq!(open(&mut room, 1, video, 0, Codec::Vp8, &sealed), (Opened::Frame, KEY_FRAME.to_vec()));
    let packet = opus(5);
    let sealed = seal(&mut room, 0, Source::Microphone, Codec::Opus, &packet);
    assert!(sealed.len() <= packet.len() + 24);
    assert_eq!(open(&mut room, 2, audio, 0, Codec::Opus, &sealed), (Opened::Frame, packet));
    let vp9 = [[0x82, 0x49, 0x83, 0x42].as_slice(), &[0x44; 60]].concat();
    let sealed = seal(&mut room, 0, Source::Camera, Codec::Vp9, &vp9);
    assert!(sealed.len() <= vp9.len() + 24);
    assert!(!sealed.windows(4).any(|window| vp9.windows(4).any(|plain| plain == window)));
    assert_eq!(open(&mut room, 1, video, 0, Codec::Vp9, &sealed), (Opened::Frame, vp9));
}

#[test]
fn sound_has_one_size_whatever_is_said() {
    let mut room = Room::of(2);
    let audio = line(&mut room, 1, 0, Source::Microphone);
    // An encoder that ignores the wish for a constant bit rate, and one that sends silence as next to nothing.
    let sizes = [95, 1, 3, 61, 119, 120, 2];
    let mut sealed_sizes = std::collections::BTreeSet::new();
    for size in sizes {
        let packet = &[0x78; 120][..size];
        let sealed = seal(&mut room, 0, Source::Microphone, Codec::Opus, packet);
        sealed_sizes.insert(sealed.len());
        let (opened, padded) = open(&mut room, 1, audio, 0, Codec::Opus, &sealed);
        assert_eq!((opened, padded.len()), (Opened::Frame, 120));
        // A packet of code 3 with one frame: the same sound, see the tests of the padding itself.
        assert!(size == 120 || (padded[0], padded[1] & 0xbf) == (0x7b, 1));
    }
    assert_eq!(sealed_sizes.len(), 1, "{sealed_sizes:?}");
    // The sound of a screen has its own size.
    let screen = seal(&mut room, 0, Source::ScreenAudio, Codec::Opus, &[0x78; 60]);
    assert!(screen.len() <= 80 + 24);
}

#[test]
fn an_empty_frame_is_harmless() {
    let mut room = Room::of(2);
    let lines = [
        (Source::Microphone, Codec::Opus, line(&mut room, 1, 0, Source::Microphone)),
        (Source::Camera, Codec::Vp9, line(&mut room, 1, 0, Source::Camera)),
    ];
    for (source, codec, line) in lines {
        let sealed = seal(&mut room, 0, source, codec, &[]);
        assert!(sealed.len() >= 16, "there is a tag");
        assert_eq!(open(&mut room, 1, line, 0, codec, &sealed), (Opened::Frame, Vec::new()));
        // What is empty on the wire was never sealed.
        assert_eq!(dropped(&open(&mut room, 1, line, 1, codec, &[]).0), DropReason::Malformed);
        let next = seal(&mut room, 0, source, codec, &opus(1));
        assert_eq!(open(&mut room, 1, line, 2, codec, &next), (Opened::Frame, opus(1)));
    }
    let context = Context::new(Source::Camera, 0).unwrap();
    let sealed = room.clients[0].media.seal(Millis(0), context, Codec::Vp8, &[], &mut Vec::new());
    assert_eq!(sealed, Err(SealError::Malformed), "a VP8 frame has a header");
}

#[test]
fn a_codec_of_the_wrong_kind_is_not_sealed() {
    let mut room = Room::of(2);
    for (source, codec) in [(Source::Camera, Codec::Opus), (Source::Microphone, Codec::Vp9)] {
        let (context, mut output) = (Context::new(source, 0).unwrap(), vec![1]);
        let sealed = room.clients[0].media.seal(Millis(0), context, codec, &opus(1), &mut output);
        assert_eq!((sealed, output.len()), (Err(SealError::Malformed), 0));
    }
}

#[test]
fn the_longest_frame_that_is_sealed_is_opened() {
    let mut room = Room::of(2);
    let video = line(&mut room, 1, 0, Source::Camera);
    let longest = vec![0x55; 4 << 20];
    let sealed = seal(&mut room, 0, Source::Camera, Codec::Vp9, &longest);
    let (opened, output) = open(&mut room, 1, video, 0, Codec::Vp9, &sealed);
    assert!(opened == Opened::Frame && output == longest);
    let context = Context::new(Source::Camera, 0).unwrap();
    let longer = vec![0x55; (4 << 20) + 1];
    let sealed = room.clients[0].media.seal(Millis(0), context, Codec::Vp9, &longer, &mut Vec::new());
    assert_eq!(sealed, Err(SealError::Malformed));
}

#[test]
fn a_flipped_bit_anywhere_is_noticed_and_counted() {
    let mut room = Room::of(2);
    let video = line(&mut room, 1, 0, Source::Camera);
    let sealed = seal(&mut room, 0, Source::Camera, Codec::Vp8, &KEY_FRAME);
    for index in 0..sealed.len() {
        for bit in 0..8 {
            let mut bad = sealed.clone();
            bad[index] ^= 1 << bit;
            let (opened, output) = open(&mut room, 1, video, 0, Codec::Vp8, &bad);
            if opened == Opened::Held {
                // The epoch bits of the key id: held, then dropped when its time is over.
                room.now = room.now + 2_000;
                assert_eq!(room.clients[1].media.release(room.now, video), Some(0));
                assert_eq!(dropped(&open(&mut room, 1, video, 0, Codec::Vp8, &bad).0), DropReason::NoKey);
            } else {
                dropped(&opened);
            }
            assert!(output.is_empty(), "byte {index} bit {bit}");
        }
    }
    let stats = room.clients[1].media.receiver_stats().next().unwrap();
    let count: u64 = stats.dropped.iter().map(|(_, count)| count).sum();
    assert_eq!((stats.opened, count), (0, sealed.len() as u64 * 8));
    assert_eq!(open(&mut room, 1, video, 0, Codec::Vp8, &sealed).0, Opened::Frame, "nothing bad stuck");
}

#[test]
fn a_frame_counts_once() {
    let mut room = Room::of(2);
    let audio = line(&mut room, 1, 0, Source::Microphone);
    let frames: Vec<_> =
        (0..5_u8).map(|n| seal(&mut room, 0, Source::Microphone, Codec::Opus, &opus(n))).collect();
    for index in [0, 2, 1, 4] {
        assert_eq!(open(&mut room, 1, audio, 0, Codec::Opus, &frames[index]).0, Opened::Frame);
    }
    assert_eq!(dropped(&open(&mut room, 1, audio, 0, Codec::Opus, &frames[2]).0), DropReason::Replayed);
    assert_eq!(open(&mut room, 1, audio, 0, Codec::Opus, &frames[3]).0, Opened::Frame);
}

#[test]
fn a_frame_passes_on_the_line_of_its_sender_and_source_only() {
    let mut room = Room::of(3);
    let sealed = seal(&mut room, 0, Source::Camera, Codec::Vp8, &KEY_FRAME);
    let other_sender = line(&mut room, 1, 2, Source::Camera);
    let other_source = line(&mut room, 1, 0, Source::Screen);
    let right = line(&mut room, 1, 0, Source::Camera);
    let reason = |room: &mut Room, line| dropped(&open(room, 1, line, 0, Codec::Vp8, &sealed).0);
    assert_eq!(reason(&mut room, other_sender), DropReason::WrongSender);
    assert_eq!(reason(&mut room, other_source), DropReason::WrongSource);
    // Opus has no clear prefix: read as Opus, the frame is no SFrame at all or a forged one.
    dropped(&open(&mut room, 1, right, 0, Codec::Opus, &sealed).0);
    assert_eq!(open(&mut room, 1, right, 0, Codec::Vp8, &sealed).0, Opened::Frame);
    room.clients[1].media.remove_receiver(right);
    assert_eq!(reason(&mut room, right), DropReason::NoReceiver);
}

#[test]
fn no_key_no_frame() {
    let mut room = Room::secret();
    room.arrive(1);
    let context = Context::new(Source::Camera, 0).unwrap();
    let mut output = vec![1, 2, 3];
    let media = &mut room.clients[0].media;
    let sealed = media.seal(Millis(0), context, Codec::Vp8, &KEY_FRAME, &mut output);
    assert_eq!((sealed, output.len()), (Err(SealError::NoKey), 0));
    room.found(0);
    seal(&mut room, 0, Source::Camera, Codec::Vp8, &KEY_FRAME);
    room.clients[0].media.clear();
    let sealed = room.clients[0].media.seal(Millis(0), context, Codec::Vp8, &KEY_FRAME, &mut output);
    assert_eq!((sealed, output.len()), (Err(SealError::NoKey), 0));
}

#[test]
fn a_receiver_that_is_behind_holds_frames_in_order() {
    let mut room = Room::of(3);
    let audio = line(&mut room, 1, 0, Source::Microphone);
    // Client 1 has not read the next commit yet.
    let behind = room.clients[1].group.take();
    room.depart(2);
    let work = [room.clients[2].id];
    let bundle = room.clients[0].commit(&[], &work, false);
    room.clients[2].group = None;
    room.accept(0, &bundle);
    let frames: Vec<_> =
        (0..4_u8).map(|n| seal(&mut room, 0, Source::Microphone, Codec::Opus, &opus(n))).collect();
    for (ticket, frame) in (0..).zip(&frames) {
        assert_eq!(open(&mut room, 1, audio, ticket, Codec::Opus, frame).0, Opened::Held);
    }
    let now = room.now;
    assert_eq!(room.clients[1].media.release(now, audio), None);
    // Now it reads the commit.
    room.clients[1].group = behind;
    let seq = room.seq;
    let author = room.clients[0].id;
    let client = &mut room.clients[1];
    let entry = tangelo_e2ee::group::CommitEntry { seq, author, adds: &[], commit: &bundle.commit };
    let group = client.group.as_mut().unwrap();
    group.process(&client.context, &client.presence, entry).unwrap();
    let change = tangelo_e2ee::media::Change { adds: false, removes: true };
    client.media.install(now, group, change).unwrap();
    for (index, frame) in frames.iter().enumerate() {
        let ticket = room.clients[1].media.release(now, audio).unwrap();
        assert_eq!(usize::try_from(ticket).unwrap(), index);
        let (opened, output) = open(&mut room, 1, audio, ticket, Codec::Opus, frame);
        assert_eq!((opened, output), (Opened::Frame, opus(u8::try_from(index).unwrap())));
    }
    assert_eq!(room.clients[1].media.release(now, audio), None);
}

#[test]
fn no_frame_is_lost_when_somebody_joins() {
    let mut room = Room::of(2);
    let audio = line(&mut room, 1, 0, Source::Microphone);
    let before = seal(&mut room, 0, Source::Microphone, Codec::Opus, b"before");
    room.arrive(3);
    room.work(0);
    let during = seal(&mut room, 0, Source::Microphone, Codec::Opus, b"during");
    room.now = room.now + 200;
    room.clients[0].media.handle_timeout(room.now);
    let after = seal(&mut room, 0, Source::Microphone, Codec::Opus, b"after");
    assert!(
        Codec::Opus.key_id(&before) == Codec::Opus.key_id(&during),
        "the sender keeps the old key 200 ms"
    );
    assert!(Codec::Opus.key_id(&before) != Codec::Opus.key_id(&after));
    for frame in [&after, &before, &during] {
        assert_eq!(open(&mut room, 1, audio, 0, Codec::Opus, frame).0, Opened::Frame);
    }
    // The newcomer opens what is sealed for the epoch that it is in.
    let newcomer = line(&mut room, 2, 0, Source::Microphone);
    assert_eq!(open(&mut room, 2, newcomer, 0, Codec::Opus, &after).0, Opened::Frame);
    assert_eq!(dropped(&open(&mut room, 2, newcomer, 0, Codec::Opus, &before).0), DropReason::NoKey);
}

#[test]
fn who_is_removed_is_heard_no_more_and_hears_no_more() {
    let mut room = Room::of(3);
    let removed_line = line(&mut room, 0, 2, Source::Microphone);
    let stay_line = line(&mut room, 0, 1, Source::Microphone);
    let old_removed = seal(&mut room, 2, Source::Microphone, Codec::Opus, b"old");
    let old_stay = seal(&mut room, 1, Source::Microphone, Codec::Opus, b"old");
    let late_stay = seal(&mut room, 1, Source::Microphone, Codec::Opus, b"late");
    room.depart(2);
    let removes = [room.clients[2].id];
    let bundle = room.clients[0].commit(&[], &removes, false);
    room.accept(0, &bundle);
    assert_eq!(
        dropped(&open(&mut room, 0, removed_line, 0, Codec::Opus, &old_removed).0),
        DropReason::WrongSender
    );
    assert_eq!(open(&mut room, 0, stay_line, 0, Codec::Opus, &old_stay).0, Opened::Frame);
    let fresh = seal(&mut room, 0, Source::Microphone, Codec::Opus, b"fresh");
    let evicted = line(&mut room, 2, 0, Source::Microphone);
    assert_eq!(open(&mut room, 2, evicted, 0, Codec::Opus, &fresh).0, Opened::Held, "no key for it, ever");
    room.now = room.now + 2_001;
    room.clients[0].media.handle_timeout(room.now);
    assert_eq!(dropped(&open(&mut room, 0, stay_line, 0, Codec::Opus, &late_stay).0), DropReason::NoKey);
}

#[test]
fn counters_never_start_again_whatever_happens_to_lines() {
    let mut room = Room::of(2);
    let mut headers = std::collections::BTreeSet::new();
    for round in 0..3 {
        for source in [Source::Camera, Source::Screen] {
            for _ in 0..40 {
                let sealed = seal(&mut room, 0, source, Codec::Vp8, &KEY_FRAME);
                let header: Vec<u8> = sealed[10..16].to_vec();
                assert!(headers.insert((source, header)), "round {round}");
            }
        }
        // The same epoch again changes nothing.
        let client = &mut room.clients[0];
        let change = tangelo_e2ee::media::Change { adds: false, removes: false };
        client.media.install(room.now, client.group.as_ref().unwrap(), change).unwrap();
    }
    let audio = KeyId::new(Context::new(Source::Microphone, 0).unwrap(), 0, 1);
    let sealed = seal(&mut room, 0, Source::Microphone, Codec::Opus, b"x");
    assert_eq!(Codec::Opus.key_id(&sealed), Some(audio));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes: it is dropped or held, never opened, and nobody panics.
    #[test]
    fn no_bytes_of_others_pass(
        frames in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), 0..3_usize, 0..4_usize, 0..50_u32), 200)
    ) {
        let mut room = Room::of(2);
        let sources = [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];
        let lines = sources.map(|source| line(&mut room, 1, 0, source));
        for (mut frame, codec, at, ticket) in frames {
            let codec = [Codec::Opus, Codec::Vp8, Codec::Vp9][codec];
            // Half of them name a real key: sources, leaf 0, and the epochs about this one.
            if let Some(first) = frame.first_mut().filter(|first| **first & 1 == 0) {
                *first = 0xa0 | *first & 0x0f;
                let id = KeyId::new(Context::new(sources[at], 0).unwrap(), 0, u64::from(ticket % 4)).0;
                let id = &id.to_be_bytes()[5..];
                frame.splice(1..1, id.iter().copied());
            }
            let (opened, output) = open(&mut room, 1, lines[at], ticket, codec, &frame);
            prop_assert!(opened != Opened::Frame && output.is_empty());
            room.now = room.now + u64::from(ticket);
            while room.clients[1].media.release(room.now, lines[at]).is_some() {}
        }
        // And nothing of it stays in the way.
        room.now = room.now + 2_000;
        for line in lines {
            while room.clients[1].media.release(room.now, line).is_some() {}
        }
        let sealed = seal(&mut room, 0, Source::Camera, Codec::Vp8, &KEY_FRAME);
        prop_assert_eq!(open(&mut room, 1, lines[1], 99, Codec::Vp8, &sealed).0, Opened::Frame);
    }
}
