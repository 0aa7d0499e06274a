//! Whatever others send: no panic, and the state of an honest member stays as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Room;
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::TestRunner};
use tangelo_e2ee::{
    Name, Rule,
    candidate::Candidate,
    group::{Bundle, CommitEntry, CommitOutcome, Group, WelcomeEntry},
    link::Link,
    media::{Change, Codec, Context, Media, Opened},
};
use tangelo_wire::{Admission, Bytes, ClientId, Millis, Seq, Source};

/// One way to spoil bytes.
#[derive(Clone, Debug)]
enum Spoil {
    Cut(Index),
    Flip(Index, u8),
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    Repeat(Index, Index),
    /// A length that promises more than there is (RFC 9420 section 2.1.2).
    Lie(Index),
    Replace(Vec<u8>),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let at = any::<Index>;
    prop_oneof![
        2 => at().prop_map(Spoil::Cut),
        6 => (at(), 0..8_u8).prop_map(|(at, bit)| Spoil::Flip(at, bit)),
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Spoil::Set(at, byte)),
        2 => (at(), vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Spoil::Insert(at, bytes)),
        2 => (at(), at()).prop_map(|(from, to)| Spoil::Remove(from, to)),
        1 => (at(), at()).prop_map(|(from, to)| Spoil::Repeat(from, to)),
        2 => at().prop_map(Spoil::Lie),
        1 => vec(any::<u8>(), 0..300).prop_map(Spoil::Replace),
    ]
}

fn spoils() -> impl Strategy<Value = Vec<Spoil>> {
    vec(spoil(), 1..4)
}

fn spoiled(good: &[u8], spoils: &[Spoil]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for spoil in spoils {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match spoil {
            Spoil::Cut(index) => bytes.truncate(at(index)),
            Spoil::Flip(index, bit) => {
                let at = at(index);
                bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << bit);
            }
            Spoil::Set(index, value) => {
                let at = at(index);
                bytes.get_mut(at).into_iter().for_each(|byte| *byte = *value);
            }
            Spoil::Insert(index, more) => {
                let at = at(index);
                bytes.splice(at..at, more.iter().copied());
            }
            Spoil::Remove(from, to) => {
                let (a, b) = (at(from), at(to));
                bytes.drain(a.min(b)..a.max(b));
            }
            Spoil::Repeat(from, to) => {
                let (a, b) = (at(from), at(to));
                let part = bytes[a.min(b)..a.max(b)].to_vec();
                bytes.splice(a..a, part);
            }
            Spoil::Lie(index) => {
                let at = at(index);
                bytes.splice(at..(at + 4).min(bytes.len()), [0xbf, 0xff, 0xff, 0xff]);
            }
            Spoil::Replace(other) => bytes.clone_from(other),
        }
    }
    bytes
}

fn run<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    if let Err(error) = TestRunner::new(config).run(&strategy, test) {
        panic!("{error}");
    }
}

/// All that can be seen of a member's state.
fn state(group: &Group) -> String {
    format!("{group:?} {:?}", group.members())
}

/// Every member opens every other's frames.
fn assert_media_works(room: &mut Room) {
    room.now = room.now + 1_000;
    let context = Context::new(Source::Camera, 0).unwrap();
    let members: Vec<usize> =
        (0..room.clients.len()).filter(|index| room.clients[*index].group.is_some()).collect();
    for sender in &members {
        let mut sealed = Vec::new();
        let (now, client) = (room.now, room.clients[*sender].id);
        room.clients[*sender].media.seal(now, context, Codec::Vp9, b"hello", &mut sealed).unwrap();
        for receiver in members.iter().filter(|receiver| *receiver != sender) {
            let media = &mut room.clients[*receiver].media;
            let line = media.add_receiver(client, Source::Camera);
            let mut opened = Vec::new();
            assert_eq!(media.open(now, line, 0, Codec::Vp9, &sealed, &mut opened), Opened::Frame);
            assert_eq!(opened, b"hello");
            media.remove_receiver(line);
        }
    }
}

fn assert_spoiled_commits_change_nothing(room: &mut Room, author: usize, bundle: &Bundle) {
    let seq = room.seq.next();
    let id = room.clients[author].id;
    let cell = std::cell::RefCell::new(&mut *room);
    run(200, (spoils(), vec(any::<u8>(), 0..3)), |(spoils, adds)| {
        let mut room = cell.borrow_mut();
        let bad = Bytes(spoiled(bundle.commit.as_slice(), &spoils));
        let mut claimed = bundle.adds.clone();
        claimed.extend(adds.iter().map(|byte| ClientId([*byte; 16])));
        if bad == bundle.commit && claimed == bundle.adds {
            return Ok(());
        }
        for client in &mut room.clients {
            let Some(group) = &mut client.group else { continue };
            let before = state(group);
            let entry = CommitEntry { seq, author: id, adds: &claimed, commit: &bad };
            let outcome = group.process(&client.context, &client.presence, entry);
            let skipped = matches!(outcome, Ok(CommitOutcome::Skipped { .. }));
            prop_assert!(skipped, "{outcome:?}");
            prop_assert_eq!(state(group), before);
        }
        Ok(())
    });
}

#[test]
fn a_spoiled_commit_changes_no_member() {
    let mut room = Room::of(4);
    let bundle = room.clients[1].commit(&[], &[], true);
    assert_spoiled_commits_change_nothing(&mut room, 1, &bundle);
    assert_media_works(&mut room);
    // The author threw nothing away that it needs: what it made next is merged by all.
    let bundle = room.clients[1].commit(&[], &[], true);
    for outcome in room.accept(1, &bundle).into_iter().flatten() {
        assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{outcome:?}");
    }
    assert_media_works(&mut room);
}

#[test]
fn a_spoiled_commit_that_adds_and_removes_changes_no_member() {
    let mut room = Room::of(3);
    room.arrive(4);
    room.depart(2);
    room.clients[2].group = None;
    let (add, remove) = ([room.clients[3].id], [room.clients[2].id]);
    let bundle = room.clients[0].commit(&add, &remove, false);
    assert_spoiled_commits_change_nothing(&mut room, 0, &bundle);
    let bundle = room.clients[0].commit(&add, &remove, false);
    room.accept(0, &bundle);
    assert_media_works(&mut room);
}

#[test]
fn a_spoiled_welcome_leads_nowhere_else() {
    let mut room = Room::of(3);
    let newcomer = room.arrive(4);
    let add = [room.clients[newcomer].id];
    let bundle = room.clients[0].commit(&add, &[], false);
    let (author, seq, group_id) = (room.clients[0].id, room.seq.next(), room.group_id.unwrap());
    let good = bundle.welcome.as_ref().unwrap();
    let client = &room.clients[newcomer];
    let join = |commit: &Bytes, welcome: &Bytes| {
        let entry = WelcomeEntry { seq, author, group_id, adds: &add, commit, welcome };
        Group::join(&client.context, &client.applicant, entry)
    };
    let right = state(&join(&bundle.commit, good).unwrap());
    run(300, (spoils(), any::<bool>()), |(spoils, of_commit)| {
        let (commit, welcome) = if of_commit {
            (Bytes(spoiled(bundle.commit.as_slice(), &spoils)), good.clone())
        } else {
            (bundle.commit.clone(), Bytes(spoiled(good.as_slice(), &spoils)))
        };
        // What was changed may be meant for others, or not be looked at here.
        if let Ok(group) = join(&commit, &welcome) {
            prop_assert_eq!(state(&group), right.as_str());
        }
        Ok(())
    });
    room.accept(0, &bundle);
    assert_media_works(&mut room);
}

#[test]
fn a_spoiled_key_package_is_inadmissible() {
    for path in [Link::new_room().unwrap().path(), "/r/standup".to_owned()] {
        let mut room = Room::at(path);
        let (one, other) = (room.arrive(1), room.arrive(2));
        let context = room.context();
        let applicant = &room.clients[one].applicant;
        let good = applicant.key_package();
        let admission = applicant.admission();
        let check = |key_package: &Bytes, admission: Option<&Admission>| {
            Candidate::check(&context, applicant.client(), key_package, admission)
        };
        assert!(check(good, admission).is_ok());
        let foreign = room.clients[other].applicant.admission();
        assert!(foreign.is_none() || check(good, foreign).is_err());
        run(300, (spoils(), vec(any::<u8>(), 0..80), 0..5_usize), |(spoils, bytes, field)| {
            let bad = Bytes(spoiled(good.as_slice(), &spoils));
            prop_assert!(bad == *good || check(&bad, admission).is_err());
            let mut spoiled = admission.cloned();
            if let Some(admission) = &mut spoiled {
                let field = match field {
                    0 => &mut admission.access_key,
                    1 => &mut admission.host_id,
                    2 => &mut admission.leaf_key,
                    _ => &mut admission.signature,
                };
                *field = Bytes(bytes);
                prop_assert!(check(good, spoiled.as_ref()).is_err());
            }
            Ok(())
        });
    }
}

#[test]
fn a_key_package_longer_than_any_of_ours_is_not_read() {
    let mut room = Room::secret();
    room.arrive(1);
    let applicant = &room.clients[0].applicant;
    let long = Bytes(vec![0; tangelo_wire::limits::KEY_PACKAGE_MAX_BYTES + 1]);
    let checked = Candidate::check(&room.context(), applicant.client(), &long, applicant.admission());
    assert_eq!(checked.unwrap_err(), Rule::KeyPackageMls);
}

#[test]
fn a_spoiled_frame_is_dropped_or_held_and_nothing_sticks() {
    let mut room = Room::of(2);
    let client = room.clients[0].id;
    let now = room.now;
    let mut key_frame = vec![0x33; 60];
    key_frame[..6].copy_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a]);
    let delta_frame = vec![0x31; 40];
    // RFC 6716 section 3.1: one frame in the packet.
    let sound = vec![0x30; 40];
    for (source, codec, plain) in [
        (Source::Microphone, Codec::Opus, &sound),
        (Source::Camera, Codec::Vp9, &delta_frame),
        (Source::Camera, Codec::Vp8, &key_frame),
        (Source::Camera, Codec::Vp8, &delta_frame),
    ] {
        let mut good = Vec::new();
        let context = Context::new(source, 0).unwrap();
        room.clients[0].media.seal(now, context, codec, plain, &mut good).unwrap();
        let media = std::cell::RefCell::new(&mut room.clients[1].media);
        run(1_000, (spoils(), any::<u64>()), |(spoils, at)| {
            let mut media = media.borrow_mut();
            let bad = spoiled(&good, &spoils);
            if bad == good {
                return Ok(());
            }
            let line = media.add_receiver(client, source);
            let mut output = vec![1; 9];
            // Times near their end, too: held frames have deadlines.
            let at = if at % 7 == 0 { Millis(u64::MAX - at % 5) } else { now };
            let opened = media.open(at, line, 0, codec, &bad, &mut output);
            prop_assert!(opened != Opened::Frame && output.is_empty(), "{opened:?}");
            while media.release(Millis(u64::MAX), line).is_some() {
                let opened = media.open(Millis(u64::MAX), line, 0, codec, &bad, &mut output);
                prop_assert!(matches!(opened, Opened::Dropped { .. }), "{opened:?}");
            }
            media.remove_receiver(line);
            Ok(())
        });
        let media = &mut room.clients[1].media;
        let line = media.add_receiver(client, source);
        let mut output = Vec::new();
        assert_eq!(media.open(now, line, 0, codec, &good, &mut output), Opened::Frame);
        // Sound comes out with the padding that hides its size.
        assert!(output == *plain || codec == Codec::Opus);
    }
}

#[test]
fn any_frame_of_the_own_encoder_is_sealed_or_refused() {
    let mut room = Room::of(2);
    let receiver = room.clients[0].id;
    let (sender, rest) = room.clients.split_at_mut(1);
    let cell = std::cell::RefCell::new((&mut sender[0].media, &mut rest[0].media));
    let line = cell.borrow_mut().1.add_receiver(receiver, Source::Camera);
    run(2_000, (vec(any::<u8>(), 0..200), any::<bool>()), |(frame, vp8)| {
        let mut media = cell.borrow_mut();
        let codec = if vp8 { Codec::Vp8 } else { Codec::Vp9 };
        let (mut sealed, mut opened) = (Vec::new(), Vec::new());
        let context = Context::new(Source::Camera, 0).unwrap();
        match media.0.seal(Millis(0), context, codec, &frame, &mut sealed) {
            Ok(()) => {
                let outcome = media.1.open(Millis(0), line, 0, codec, &sealed, &mut opened);
                prop_assert_eq!((outcome, opened), (Opened::Frame, frame));
            }
            Err(_) => prop_assert!(sealed.is_empty() && codec.clear_bytes(&frame).is_none()),
        }
        Ok(())
    });
}

#[test]
fn any_text_is_a_link_or_none() {
    let good = Link::new_room().unwrap();
    let path = format!("{}.{}", good.path(), good.host_secret().unwrap());
    run(2_000, (".{0,120}", "(/r/)?[_a-z0-9#.-]{0,150}", spoils()), |(any, like, spoils)| {
        let _ = (Link::parse(&any), Link::parse(&like));
        let bad = String::from_utf8_lossy(&spoiled(path.as_bytes(), &spoils)).into_owned();
        // There is one way to write a link, and a spoiled one is no other room's.
        if let Ok(link) = Link::parse(&bad) {
            let host = link.host_secret().map(|host| format!(".{host}")).unwrap_or_default();
            prop_assert_eq!(format!("{}{host}", link.path()), bad);
            prop_assert!(!link.room().is_secret() || link.room() == good.room());
        }
        Ok(())
    });
}

#[test]
fn any_text_is_a_name_or_becomes_one() {
    run(2_000, ".{0,200}", |text| {
        if let Ok(name) = Name::parse(&text) {
            prop_assert_eq!(name.as_str(), text.as_str());
        }
        if let Ok(name) = Name::clean(&text) {
            prop_assert!(name.as_str().len() <= 64);
            prop_assert_eq!(Name::parse(name.as_str()), Ok(name.clone()), "what is cleaned is clean");
        }
        Ok(())
    });
}

#[test]
fn a_group_is_told_about_odd_places_in_the_log() {
    let mut room = Room::of(2);
    let bundle = room.clients[0].commit(&[], &[], true);
    let author = room.clients[0].id;
    let client = &mut room.clients[1];
    for seq in [Seq(0), Seq(u64::MAX)] {
        let group = client.group.as_mut().unwrap();
        let entry = CommitEntry { seq, author: ClientId([0xee; 16]), adds: &[], commit: &bundle.commit };
        let outcome = group.process(&client.context, &client.presence, entry).unwrap();
        assert!(matches!(outcome, CommitOutcome::Skipped { rule: Rule::CommitAuthor, .. }));
    }
    let entry = CommitEntry { seq: Seq(u64::MAX), author, adds: &[], commit: &bundle.commit };
    let group = client.group.as_mut().unwrap();
    let outcome = group.process(&client.context, &client.presence, entry).unwrap();
    assert!(matches!(outcome, CommitOutcome::Merged { .. }));
    let mut media = Media::default();
    media.install(Millis(u64::MAX), group, Change { adds: true, removes: false }).unwrap();
    media.handle_timeout(Millis(u64::MAX));
    assert_eq!(media.poll_timeout(), None);
}
