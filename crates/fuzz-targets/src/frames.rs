//! Media frames: sealed, opened, spoiled, padded.

use std::cell::RefCell;

use tangelo_e2ee::{
    fuzz::pad_opus,
    media::{Codec, Context, KeyId, Opened, SealError},
};
use tangelo_wire::{MediaKind, Millis, Source};

use crate::{input::Input, room::Room, seeded};

const SOURCES: [Source; 4] = [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];
const CODECS: [Codec; 3] = [Codec::Opus, Codec::Vp8, Codec::Vp9];
/// SFrame's longest header and its tag.
const OVERHEAD_MAX_BYTES: usize = 33;

thread_local! {
    static ROOM: RefCell<Room> = RefCell::new({
        let _seeded = seeded();
        Room::of(3)
    });
}

/// A good frame, and what stands in it.
struct Frame {
    source: Source,
    codec: Codec,
    plain: Vec<u8>,
    sealed: Vec<u8>,
    opened: bool,
}

/// Frames in clear, one of each kind.
fn kinds() -> [(Source, Codec, Vec<u8>); 4] {
    let mut key_frame = vec![0x33; 60];
    key_frame[..6].copy_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a]);
    let mut sound = vec![0x30; 80];
    sound[1] = 7;
    [
        (Source::Microphone, Codec::Opus, sound),
        (Source::Camera, Codec::Vp8, key_frame),
        (Source::Camera, Codec::Vp8, vec![0x31; 40]),
        (Source::Screen, Codec::Vp9, vec![0x82; 50]),
    ]
}

/// What comes on the lines of a receiver, in any order and at any time: each good frame passes at most once and as it
/// was, nothing else passes.
pub fn e2ee_open(data: &[u8]) {
    let mut input = Input::new(data);
    ROOM.with_borrow_mut(|room| {
        let mut now = room.now;
        let sender = room.clients[0].id;
        let (senders, receivers) = room.clients.split_at_mut(1);
        let (from, to) = (&mut senders[0].media, &mut receivers[0].media);
        let mut frames: Vec<Frame> = Vec::new();
        for (source, codec, plain) in kinds() {
            let mut sealed = Vec::new();
            from.seal(now, Context::new(source, 0).unwrap(), codec, &plain, &mut sealed).unwrap();
            frames.push(Frame { source, codec, plain, sealed, opened: false });
        }
        let mut lines: Vec<u32> = SOURCES.iter().map(|source| to.add_receiver(sender, *source)).collect();
        let mut held: Vec<(u32, u32, Codec, Vec<u8>)> = Vec::new();
        for ticket in 0..64 {
            if input.is_empty() {
                break;
            }
            let which = input.byte();
            let line = lines[usize::from(which >> 6)];
            let (codec, frame) = match which >> 2 & 3 {
                0 => {
                    let good = input.pick(&[0, 1, 2, 3]);
                    (frames[good].codec, input.edited(&frames[good].sealed))
                }
                1 => {
                    let codec = input.pick(&CODECS);
                    let context = Context::new(input.pick(&SOURCES), input.byte() % 3);
                    let context = context.unwrap_or(Context::new(Source::Microphone, 0).unwrap());
                    let key_id = KeyId::new(context, u32::from(input.byte()), u64::from(input.byte()));
                    // RFC 9605 section 4.3: both numbers follow the first byte, with two and one bytes.
                    let header = [&[0x98][..], &key_id.0.to_be_bytes()[6..], &[input.byte()]].concat();
                    let prefix: &[u8] = if codec == Codec::Vp8 { &[0x31, 0, 0] } else { &[] };
                    (codec, [prefix, &header, input.part()].concat())
                }
                2 => (input.pick(&CODECS), input.part().to_vec()),
                _ => {
                    now = if input.byte() == 255 { Millis(u64::MAX) } else { now + input.pause_ms() };
                    to.handle_timeout(now);
                    if which & 1 == 1 {
                        to.remove_receiver(line);
                        lines[usize::from(which >> 6)] =
                            to.add_receiver(sender, SOURCES[usize::from(which >> 6)]);
                    }
                    continue;
                }
            };
            take(to, now, (line, ticket, codec, frame), &mut frames, &mut held);
            for line in &lines {
                while let Some(ticket) = to.release(now, *line) {
                    let place = held.iter().position(|other| (other.0, other.1) == (*line, ticket));
                    let waiting = held.remove(place.expect("only what is held is released"));
                    take(to, now, waiting, &mut frames, &mut held);
                }
            }
        }
        for line in lines {
            to.remove_receiver(line);
        }
    });
}

/// Opens a frame, and checks what comes of it.
fn take(
    media: &mut tangelo_e2ee::media::Media,
    now: Millis,
    (line, ticket, codec, bytes): (u32, u32, Codec, Vec<u8>),
    frames: &mut [Frame],
    held: &mut Vec<(u32, u32, Codec, Vec<u8>)>,
) {
    let mut output = vec![1; 9];
    match media.open(now, line, ticket, codec, &bytes, &mut output) {
        Opened::Frame => {
            let frame = frames.iter_mut().find(|frame| frame.sealed == bytes && frame.codec == codec);
            let frame = frame.expect("nobody sealed this frame");
            assert!(!frame.opened, "a {:?} frame was opened twice", frame.source);
            assert_eq!(output, frame.plain);
            frame.opened = true;
        }
        Opened::Held => {
            assert!(output.is_empty());
            held.push((line, ticket, codec, bytes));
        }
        Opened::Dropped { .. } => assert!(output.is_empty()),
    }
}

/// Whatever the own encoder gives, the others get; and the server sees the clear prefix alone.
pub fn e2ee_seal(data: &[u8]) {
    let mut input = Input::new(data);
    let (source, layer, codec) = (input.pick(&SOURCES), input.byte() % 4, input.pick(&CODECS));
    let frame = input.rest();
    let Some(context) = Context::new(source, layer) else { return };
    ROOM.with_borrow_mut(|room| {
        let (now, sender) = (room.now, room.clients[0].id);
        let (senders, receivers) = room.clients.split_at_mut(1);
        let (from, to) = (&mut senders[0].media, &mut receivers[0].media);
        let (mut sealed, mut opened) = (Vec::new(), Vec::new());
        match from.seal(now, context, codec, frame, &mut sealed) {
            Err(error) => {
                assert_eq!(error, SealError::Malformed);
                assert!(sealed.is_empty());
                assert!(source.kind() != codec.kind() || codec.clear_bytes(frame).is_none());
            }
            Ok(()) => {
                let line = to.add_receiver(sender, source);
                let result = to.open(now, line, 0, codec, &sealed, &mut opened);
                to.remove_receiver(line);
                assert_eq!(result, Opened::Frame);
                let clear = codec.clear_bytes(frame).unwrap();
                assert_eq!(frame[..clear], sealed[..clear]);
                assert_eq!(codec.clear_bytes(&sealed), Some(clear));
                assert!(sealed.len() <= opened.len() + OVERHEAD_MAX_BYTES);
                if codec.kind() == MediaKind::Video {
                    assert_eq!(opened, frame);
                } else {
                    assert_same_sound(frame, &opened);
                }
            }
        }
    });
}

/// A packet padded to any size sounds as before.
pub fn e2ee_opus(data: &[u8]) {
    let mut input = Input::new(data);
    let more = usize::from(input.short()) % 1_500;
    let packet = input.rest();
    let Some(padded) = pad_opus(packet, packet.len() + more) else {
        assert_eq!(frames_of(packet), None, "a packet was refused");
        return;
    };
    assert_eq!(padded.len(), packet.len() + more);
    assert_same_sound(packet, &padded);
    assert_eq!(pad_opus(&padded, padded.len()).as_deref(), Some(padded.as_slice()));
}

fn assert_same_sound(packet: &[u8], padded: &[u8]) {
    match frames_of(packet) {
        Some(frames) => assert_eq!(frames_of(padded), Some(frames)),
        None => assert_eq!(packet, padded, "what is no packet stays as it is"),
    }
}

/// The configuration and the frames of an Opus packet (RFC 6716 section 3.2), read another way than `e2ee` does.
fn frames_of(packet: &[u8]) -> Option<(u8, Vec<&[u8]>)> {
    let (toc, rest) = packet.split_first()?;
    let mut lengths = Vec::new();
    let mut body = rest;
    match toc & 3 {
        0 => {}
        1 => {
            (body.len() % 2 == 0).then_some(())?;
            lengths.push(body.len() / 2);
        }
        2 => lengths.push(length(&mut body)?),
        _ => {
            let (count, after) = body.split_first()?;
            body = after;
            let frames = usize::from(count & 0x3f);
            (frames > 0).then_some(())?;
            let mut padding = 0;
            if count & 0x40 != 0 {
                loop {
                    let (byte, after) = body.split_first()?;
                    body = after;
                    padding += if *byte == 255 { 254 } else { usize::from(*byte) };
                    if *byte != 255 {
                        break;
                    }
                }
            }
            body = body.get(..body.len().checked_sub(padding)?)?;
            for _ in 1..frames {
                let next = if count & 0x80 != 0 { length(&mut body)? } else { body.len() / frames };
                lengths.push(next);
            }
            if count & 0x80 == 0 && !body.len().is_multiple_of(frames) {
                return None;
            }
        }
    }
    let mut frames = Vec::new();
    for length in lengths {
        let (frame, after) = body.split_at_checked(length)?;
        frames.push(frame);
        body = after;
    }
    frames.push(body);
    let sound_ms_times_2 = frames.len() * usize::from(frame_ms_times_2(*toc));
    let short = frames.iter().all(|frame| frame.len() <= 1_275);
    (short && sound_ms_times_2 <= 240).then_some((toc >> 2, frames))
}

fn length(bytes: &mut &[u8]) -> Option<usize> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    if *first < 252 {
        return Some(usize::from(*first));
    }
    let (second, rest) = rest.split_first()?;
    *bytes = rest;
    Some(usize::from(*first) + 4 * usize::from(*second))
}

/// RFC 6716 table 2, in half milliseconds.
fn frame_ms_times_2(toc: u8) -> u8 {
    let config = toc >> 3;
    match config {
        0..=11 => [20, 40, 80, 120][usize::from(config % 4)],
        12..=15 => [20, 40][usize::from(config % 2)],
        _ => [5, 10, 20, 40][usize::from(config % 4)],
    }
}
