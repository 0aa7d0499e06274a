//! Frames across epochs: which are held, in which order, for how long and how many; which keys open them, and until
//! when.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Client, Room};
use tangelo_e2ee::{
    group::{Bundle, CommitEntry, CommitOutcome},
    media::{Change, Codec, Context, DropReason, KeyId, Opened, SealError},
};
use tangelo_wire::{Seq, Source};

/// How long a frame of an epoch to come is held.
const HOLD_MS: u64 = 2_000;
const PICTURE: [u8; 30] = [0x99; 30];

fn try_seal(room: &mut Room, who: usize, source: Source) -> Result<Vec<u8>, SealError> {
    let context = Context::new(source, 0).unwrap();
    let mut output = Vec::new();
    room.clients[who].media.seal(room.now, context, Codec::Vp9, &PICTURE, &mut output).map(|()| output)
}

fn seal(room: &mut Room, who: usize) -> Vec<u8> {
    try_seal(room, who, Source::Camera).unwrap()
}

fn open(room: &mut Room, who: usize, line: u32, ticket: u32, frame: &[u8]) -> Opened {
    let mut output = vec![1];
    let opened = room.clients[who].media.open(room.now, line, ticket, Codec::Vp9, frame, &mut output);
    assert_eq!(opened == Opened::Frame, output == PICTURE, "{opened:?}");
    assert!(opened == Opened::Frame || output.is_empty(), "{opened:?}");
    opened
}

fn dropped(opened: Opened) -> DropReason {
    match opened {
        Opened::Dropped { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn line(room: &mut Room, receiver: usize, sender: usize, source: Source) -> u32 {
    let client = room.clients[sender].id;
    room.clients[receiver].media.add_receiver(client, source)
}

fn release(room: &mut Room, who: usize, line: u32) -> Option<u32> {
    room.clients[who].media.release(room.now, line)
}

fn epoch(room: &Room, who: usize) -> u64 {
    room.clients[who].group.as_ref().unwrap().epoch()
}

fn rekey(room: &mut Room, author: usize) {
    let bundle = room.clients[author].commit(&[], &[], true);
    room.accept(author, &bundle);
}

/// `author` removes `gone`, and everyone but `late` reads it; returns what `late` has still to read.
fn remove_unread_by(room: &mut Room, author: usize, gone: usize, late: usize) -> (Bundle, Seq) {
    room.depart(gone);
    let removes = [room.clients[gone].id];
    let bundle = room.clients[author].commit(&[], &removes, false);
    room.clients[gone].group = None;
    without(room, late, |room| room.accept(author, &bundle));
    (bundle, room.seq)
}

/// Does something that one client does not hear of.
fn without<T>(room: &mut Room, late: usize, act: impl FnOnce(&mut Room) -> T) -> T {
    let group = room.clients[late].group.take();
    let result = act(room);
    room.clients[late].group = group;
    result
}

fn read(room: &mut Room, late: usize, author: usize, (bundle, seq): &(Bundle, Seq)) {
    let author = room.clients[author].id;
    let Client { context, presence, group, media, .. } = &mut room.clients[late];
    let group = group.as_mut().unwrap();
    let entry = CommitEntry { seq: *seq, author, adds: &bundle.adds, commit: &bundle.commit };
    let outcome = group.process(context, presence, entry).unwrap();
    let CommitOutcome::Merged { added, removed } = outcome else { panic!("{outcome:?}") };
    let change = Change { adds: !added.is_empty(), removes: !removed.is_empty() };
    media.install(room.now, group, change).unwrap();
}

/// Writes another key id into a frame with the same length of header; the tag is wrong then.
fn with_key_id(frame: &[u8], key_id: KeyId) -> Vec<u8> {
    let old = Codec::Vp9.key_id(frame).unwrap().0.to_be_bytes();
    let new = key_id.0.to_be_bytes();
    // A camera's key id takes three bytes after the configuration byte.
    assert_eq!(frame[1..4], old[5..]);
    [&frame[..1], &new[5..], &frame[4..]].concat()
}

#[test]
fn key_ids_mean_the_newest_epoch_after_they_have_wrapped_around() {
    let mut room = Room::of(2);
    let camera = line(&mut room, 1, 0, Source::Camera);
    let long_ago = seal(&mut room, 0);
    let first = epoch(&room, 0);
    let mut recent = Vec::new();
    for _ in 0..64 {
        rekey(&mut room, 0);
        // Nobody waits 1 s here, so that all this happens before any key expires.
        room.now = room.now + 10;
        recent.push((epoch(&room, 0), try_seal(&mut room, 0, Source::Camera)));
    }
    assert_eq!(epoch(&room, 0), first + 64);
    assert!(recent.iter().all(|(_, sealed)| sealed.is_ok()), "there is a key at every moment");
    // The sender takes a new key once a second at the least, or when its own epoch is no longer kept.
    room.now = room.now + 1_000;
    let now = seal(&mut room, 0);
    assert_eq!(Codec::Vp9.key_id(&now), Codec::Vp9.key_id(&long_ago), "the same key id");
    assert_eq!(dropped(open(&mut room, 1, camera, 0, &long_ago)), DropReason::Forged);
    assert_eq!(open(&mut room, 1, camera, 1, &now), Opened::Frame);
    // The counter began anew with the key, and has its own replay window.
    assert_eq!(dropped(open(&mut room, 1, camera, 2, &now)), DropReason::Replayed);
}

#[test]
fn thirty_two_epochs_are_kept_and_no_more() {
    let mut room = Room::of(2);
    let mut frames = Vec::new();
    for _ in 0..40 {
        frames.push((epoch(&room, 0), seal(&mut room, 0)));
        rekey(&mut room, 0);
        // Without older keys the next ones are used at once, and this all happens before any key expires.
        room.clients[0].media.clear();
        rekey(&mut room, 0);
    }
    let newest = epoch(&room, 1);
    for (epoch, frame) in frames {
        let camera = line(&mut room, 1, 0, Source::Camera);
        let opened = open(&mut room, 1, camera, 0, &frame);
        match newest - epoch {
            0..32 => assert_eq!(opened, Opened::Frame, "{epoch} of {newest}"),
            32 => assert_eq!(dropped(opened), DropReason::NoKey),
            // It could be one to come.
            33..64 => assert_eq!(opened, Opened::Held, "{epoch} of {newest}"),
            _ => assert_eq!(dropped(opened), DropReason::Forged, "{epoch} of {newest}"),
        }
    }
}

#[test]
fn a_frame_of_another_group_opens_nothing_though_its_key_id_fits() {
    let mut room = Room::of(2);
    let before = seal(&mut room, 0);
    let epoch_before = epoch(&room, 0);
    // Founded anew: everyone arrives anew, with the media object that it has.
    for who in 0..2 {
        room.depart(who);
        room.clients[who].group = None;
    }
    let first = room.arrive(1);
    let second = room.arrive(2);
    room.clients[first].media = std::mem::take(&mut room.clients[0].media);
    room.clients[second].media = std::mem::take(&mut room.clients[1].media);
    room.clients[first].media.clear();
    room.clients[second].media.clear();
    assert_eq!(try_seal(&mut room, first, Source::Camera), Err(SealError::NoKey));
    room.found(first);
    room.work(first);
    assert_eq!(epoch(&room, first), epoch_before);
    let camera = line(&mut room, second, first, Source::Camera);
    let after = seal(&mut room, first);
    assert_eq!(Codec::Vp9.key_id(&before), Codec::Vp9.key_id(&after));
    assert_eq!(dropped(open(&mut room, second, camera, 0, &before)), DropReason::Forged);
    assert_eq!(open(&mut room, second, camera, 1, &after), Opened::Frame);
}

#[test]
fn held_frames_are_checked_like_others_when_their_keys_come() {
    let mut room = Room::of(4);
    let right = line(&mut room, 1, 0, Source::Camera);
    let other_sender = line(&mut room, 1, 2, Source::Camera);
    let other_source = line(&mut room, 1, 0, Source::Screen);
    let unread = remove_unread_by(&mut room, 0, 3, 1);
    let frame = seal(&mut room, 0);
    let forged = [&frame[..frame.len() - 1], &[frame[frame.len() - 1] ^ 1]].concat();
    // What no key can make right is not held.
    assert_eq!(dropped(open(&mut room, 1, other_source, 0, &frame)), DropReason::WrongSource);
    assert_eq!(open(&mut room, 1, other_sender, 1, &frame), Opened::Held);
    assert_eq!(open(&mut room, 1, right, 2, &forged), Opened::Held);
    assert_eq!(open(&mut room, 1, right, 3, &frame), Opened::Held);
    assert_eq!(open(&mut room, 1, right, 4, &frame), Opened::Held, "a copy");
    read(&mut room, 1, 0, &unread);
    assert_eq!(release(&mut room, 1, other_sender), Some(1));
    assert_eq!(dropped(open(&mut room, 1, other_sender, 1, &frame)), DropReason::WrongSender);
    for (ticket, frame, reason) in
        [(2, &forged, Some(DropReason::Forged)), (3, &frame, None), (4, &frame, Some(DropReason::Replayed))]
    {
        assert_eq!(release(&mut room, 1, right), Some(ticket));
        let opened = open(&mut room, 1, right, ticket, frame);
        assert_eq!((opened != Opened::Frame).then(|| dropped(opened)), reason, "{ticket}");
    }
    assert_eq!(release(&mut room, 1, right), None);
}

#[test]
fn what_came_later_waits_behind_what_is_held() {
    let mut room = Room::of(3);
    let camera = line(&mut room, 1, 0, Source::Camera);
    let old: Vec<_> = (0..2).map(|_| seal(&mut room, 0)).collect();
    let unread = remove_unread_by(&mut room, 0, 2, 1);
    let new: Vec<_> = (0..2).map(|_| seal(&mut room, 0)).collect();
    assert_eq!(open(&mut room, 1, camera, 0, &old[0]), Opened::Frame);
    let order = [&new[0], &old[1], &new[1]];
    for (ticket, frame) in (1..).zip(order) {
        assert_eq!(open(&mut room, 1, camera, ticket, frame), Opened::Held);
    }
    assert_eq!(release(&mut room, 1, camera), None, "the first one has no key yet");
    read(&mut room, 1, 0, &unread);
    for (ticket, frame) in (1..).zip(order) {
        assert_eq!(release(&mut room, 1, camera), Some(ticket));
        assert_eq!(open(&mut room, 1, camera, ticket, frame), Opened::Frame);
    }
    let stats = room.clients[1].media.receiver_stats().next().unwrap();
    assert_eq!((stats.opened, stats.held, stats.dropped.len()), (4, 3, 0));
}

#[test]
fn holding_has_bounds_in_frames_and_in_bytes() {
    let mut room = Room::of(3);
    let lines: Vec<_> = (0..12).map(|_| line(&mut room, 1, 0, Source::Camera)).collect();
    let unread = remove_unread_by(&mut room, 0, 2, 1);
    let frame = seal(&mut room, 0);
    for ticket in 0..160 {
        assert_eq!(open(&mut room, 1, lines[0], ticket, &frame), Opened::Held);
    }
    let full = open(&mut room, 1, lines[0], 160, &frame);
    assert_eq!(full, Opened::Dropped { reason: DropReason::HoldFull, ask_key_frame: true });
    // Nobody can make the worker keep more than 8 MiB for a line and 64 MiB in all.
    let context = Context::new(Source::Camera, 0).unwrap();
    let mut big = Vec::new();
    let picture = vec![0x99; (4 << 20) - 64];
    room.clients[0].media.seal(room.now, context, Codec::Vp9, &picture, &mut big).unwrap();
    let mut held = 0;
    for line in &lines[1..] {
        let before = held;
        for ticket in 0..3 {
            let mut output = Vec::new();
            let media = &mut room.clients[1].media;
            match media.open(room.now, *line, ticket, Codec::Vp9, &big, &mut output) {
                Opened::Held => held += 1,
                opened => assert_eq!(dropped(opened), DropReason::HoldFull),
            }
        }
        assert!(held - before <= 2, "4 MiB each");
    }
    assert_eq!(held, 15, "with the first line's, 64 MiB are full");
    // Once they go, there is room again.
    read(&mut room, 1, 0, &unread);
    assert_eq!(release(&mut room, 1, lines[1]), Some(0));
    let mut output = Vec::new();
    let media = &mut room.clients[1].media;
    assert_eq!(media.open(room.now, lines[1], 0, Codec::Vp9, &big, &mut output), Opened::Frame);
}

#[test]
fn a_forged_epoch_to_come_delays_a_line_two_seconds_at_the_most() {
    let mut room = Room::of(2);
    let camera = line(&mut room, 1, 0, Source::Camera);
    let other = line(&mut room, 0, 1, Source::Camera);
    let context = Context::new(Source::Camera, 0).unwrap();
    for ahead in [1, 31] {
        let start = room.now;
        let frame = seal(&mut room, 0);
        let forged = with_key_id(&frame, KeyId::new(context, 0, epoch(&room, 1) + ahead));
        assert_eq!(open(&mut room, 1, camera, 0, &forged), Opened::Held);
        assert_eq!(open(&mut room, 1, camera, 1, &frame), Opened::Held);
        let deadline = room.clients[1].media.poll_timeout().unwrap();
        assert!(deadline.since(start) <= HOLD_MS);
        room.now = deadline;
        assert_eq!(release(&mut room, 1, camera), Some(0));
        assert_eq!(dropped(open(&mut room, 1, camera, 0, &forged)), DropReason::NoKey);
        assert_eq!(release(&mut room, 1, camera), Some(1));
        assert_eq!(open(&mut room, 1, camera, 1, &frame), Opened::Frame);
        // Other lines are not touched.
        let frame = seal(&mut room, 1);
        assert_eq!(open(&mut room, 0, other, 9, &frame), Opened::Frame);
    }
    // Further ahead counts as long ago, and is not held at all.
    let frame = seal(&mut room, 0);
    let forged = with_key_id(&frame, KeyId::new(context, 0, epoch(&room, 1) + 32));
    assert_eq!(dropped(open(&mut room, 1, camera, 0, &forged)), DropReason::NoKey);
}

#[test]
fn forged_counters_do_not_move_the_replay_window() {
    let mut room = Room::of(2);
    let camera = line(&mut room, 1, 0, Source::Camera);
    let frames: Vec<_> = (0..8).map(|_| seal(&mut room, 0)).collect();
    // Counters below 8 stand in the low bits of the first byte: the last of them, on the first frame's ciphertext.
    let mut forged = frames[0].clone();
    forged[0] |= 7;
    // And one with a counter of eight bytes, as high as can be.
    let far = [&[frames[0][0] | 0x0f][..], &frames[0][1..4], &[0xff; 8], &frames[0][4..]].concat();
    for bad in [&forged, &far, &forged] {
        assert_eq!(dropped(open(&mut room, 1, camera, 0, bad)), DropReason::Forged);
    }
    for frame in &frames {
        assert_eq!(open(&mut room, 1, camera, 0, frame), Opened::Frame);
    }
    // 512 frames back is too old to tell.
    for _ in 0..512 {
        let frame = seal(&mut room, 0);
        assert_eq!(open(&mut room, 1, camera, 0, &frame), Opened::Frame);
    }
    assert_eq!(dropped(open(&mut room, 1, camera, 0, &frames[7])), DropReason::Replayed);
}

#[test]
fn old_keys_go_after_two_seconds_if_somebody_was_removed_and_ten_otherwise() {
    for (removes, kept_ms) in [(true, 2_000), (false, 10_000)] {
        let mut room = Room::of(3);
        let stays = line(&mut room, 1, 0, Source::Camera);
        let goes = line(&mut room, 1, 2, Source::Camera);
        let old: Vec<_> = (0..3).map(|_| seal(&mut room, 0)).collect();
        let removed = seal(&mut room, 2);
        if removes {
            room.depart(2);
            let gone = [room.clients[2].id];
            let bundle = room.clients[0].commit(&[], &gone, false);
            room.accept(0, &bundle);
            assert_eq!(dropped(open(&mut room, 1, goes, 0, &removed)), DropReason::WrongSender, "at once");
        } else {
            rekey(&mut room, 0);
            assert_eq!(open(&mut room, 1, goes, 0, &removed), Opened::Frame);
        }
        assert_eq!(open(&mut room, 1, stays, 0, &old[0]), Opened::Frame);
        room.now = room.now + (kept_ms - 1);
        assert_eq!(open(&mut room, 1, stays, 1, &old[1]), Opened::Frame);
        // No timer has run: the clock of the frame is enough.
        room.now = room.now + 1;
        assert_eq!(dropped(open(&mut room, 1, stays, 2, &old[2])), DropReason::NoKey);
    }
}

#[test]
fn a_removal_shortens_the_life_of_all_older_keys() {
    let mut room = Room::of(3);
    let camera = line(&mut room, 1, 0, Source::Camera);
    let oldest = seal(&mut room, 0);
    rekey(&mut room, 0);
    room.now = room.now + 1_000;
    room.depart(2);
    let gone = [room.clients[2].id];
    let bundle = room.clients[0].commit(&[], &gone, false);
    room.accept(0, &bundle);
    room.now = room.now + 2_000;
    assert_eq!(dropped(open(&mut room, 1, camera, 0, &oldest)), DropReason::NoKey);
}

#[test]
fn a_leaf_that_is_used_again_speaks_for_its_owner_of_the_frames_epoch() {
    let mut room = Room::of(3);
    let before = line(&mut room, 1, 2, Source::Camera);
    let old_frames: Vec<_> = (0..2).map(|_| seal(&mut room, 2)).collect();
    let old_leaf = room.clients[2].group.as_ref().unwrap().own_leaf();
    assert_eq!(open(&mut room, 1, before, 0, &old_frames[0]), Opened::Frame);
    room.depart(2);
    room.clients[2].group = None;
    let newcomer = room.arrive(4);
    room.work(0);
    assert_eq!(room.clients[newcomer].group.as_ref().unwrap().own_leaf(), old_leaf);
    let after = line(&mut room, 1, newcomer, Source::Camera);
    // The one who left, in the newcomer's tile, and the other way round.
    assert_eq!(dropped(open(&mut room, 1, after, 0, &old_frames[1])), DropReason::WrongSender);
    let new_frame = seal(&mut room, newcomer);
    assert_eq!(dropped(open(&mut room, 1, before, 1, &new_frame)), DropReason::WrongSender);
    assert_eq!(open(&mut room, 1, after, 2, &new_frame), Opened::Frame);
}
