//! What others send takes memory in proportion to its size, whatever it promises. Alone in its binary: it counts what
//! is allocated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use common::Room;
use tangelo_e2ee::{
    candidate::Candidate,
    group::{CommitEntry, Group, MessageEntry, WelcomeEntry},
};
use tangelo_wire::{Bytes, ServerMessage};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn taken(bytes: usize) {
    let held = HELD.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(held, Relaxed);
}

// Safety: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // Safety: see above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // Safety: see above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // Safety: see above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that is held at once while `work` runs, beyond what was held before, in bytes.
fn peak(work: impl FnOnce()) -> usize {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    work();
    PEAK.load(Relaxed) - before
}

/// The same bytes with a length of up to 2^30 at each place (RFC 9420 section 2.1.2).
fn lies(good: &[u8]) -> impl Iterator<Item = Bytes> {
    let lengths = [&[0xbf, 0xff, 0xff, 0xff][..], &[0x80, 0x7f, 0xff, 0xff], &[0x7f, 0xff]];
    (0..good.len()).flat_map(move |at| {
        lengths.map(|length| {
            let mut bad = good.to_vec();
            bad.splice(at..(at + length.len()).min(good.len()), length.iter().copied());
            Bytes(bad)
        })
    })
}

/// What parsing and judging these few kilobytes may take.
const MOST_BYTES: usize = 2 << 20;

#[test]
fn a_length_that_lies_takes_no_memory() {
    let mut room = Room::of(3);
    let newcomer = room.arrive(4);
    let add = [room.clients[newcomer].id];
    let bundle = room.clients[0].commit(&add, &[], true);
    let message = room.clients[0].group().seal_message(b"hello").unwrap();
    let (author, seq, group_id) = (room.clients[0].id, room.seq.next(), room.group_id.unwrap());
    let welcome = bundle.welcome.clone().unwrap();
    let context = room.context();
    let applicant = &room.clients[newcomer].applicant;

    let check = |key_package: &Bytes| {
        let checked = Candidate::check(&context, applicant.client(), key_package, applicant.admission());
        drop(checked);
    };
    let join = |commit: &Bytes, welcome: &Bytes| {
        drop(Group::join(
            &context,
            applicant,
            WelcomeEntry { seq, author, group_id, adds: &add, commit, welcome },
        ));
    };
    let honest = peak(|| join(&bundle.commit, &welcome));
    assert!(honest > 1_000 && honest < MOST_BYTES, "the count counts: {honest} bytes");
    for bad in lies(applicant.key_package().as_slice()) {
        assert!(peak(|| check(&bad)) < MOST_BYTES);
    }
    for bad in lies(welcome.as_slice()) {
        assert!(peak(|| join(&bundle.commit, &bad)) < MOST_BYTES);
    }

    let member = &mut room.clients[1];
    let (presence, group) = (&member.presence, member.group.as_mut().unwrap());
    for bad in lies(bundle.commit.as_slice()) {
        let entry = CommitEntry { seq, author, adds: &add, commit: &bad };
        assert!(peak(|| drop(group.process(&context, presence, entry))) < MOST_BYTES);
    }
    for bad in lies(message.as_slice()) {
        let entry = MessageEntry { author, bytes: &bad };
        assert!(peak(|| drop(group.open_message(presence, entry))) < MOST_BYTES);
    }

    // JSON: what costs least to send and most to hold. A server's message has at most 4 MiB.
    let many = |element: &str| {
        format!(r#"{{"type":"published","client":"x","sources":[{}0]}}"#, element.repeat(500_000))
    };
    for element in ["0,", "[],", "\"\",", "{},"] {
        let text = many(element);
        let most = 64 * text.len();
        assert!(peak(|| drop(ServerMessage::from_json(&text))) < most, "{element}");
    }
}
