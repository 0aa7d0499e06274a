//! Frames of real encoders, as Chromium and Firefox made them (`vectors/codec`): what stays in clear, what a key frame
//! is, and that they come out as they went in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use common::Room;
use serde::Deserialize;
use tangelo_e2ee::media::{Codec, Context, Opened};
use tangelo_wire::Source;

/// There may be more: every file in the folder is read.
const KNOWN: [&str; 6] =
    ["chromium-opus", "chromium-vp8", "chromium-vp9", "firefox-opus", "firefox-vp8", "firefox-vp9"];

#[derive(Deserialize)]
struct Capture {
    frames: Vec<Frame>,
}

/// A frame of an encoder.
#[derive(Deserialize)]
struct Frame {
    key_frame: bool,
    /// The first bytes, base64.
    bytes: String,
    /// How many bytes there were.
    length: usize,
}

impl Frame {
    /// The frame; where its bytes were not kept there is something else.
    fn whole(&self) -> Vec<u8> {
        let text = self.bytes.trim_end_matches('=');
        let mut bytes = data_encoding::BASE64_NOPAD.decode(text.as_bytes()).unwrap();
        assert!(bytes.len() <= self.length && bytes.len() >= self.length.min(64));
        let rest = (0_u32..).map(|number| u8::try_from(number.wrapping_mul(167) >> 3 & 0xff).unwrap());
        bytes.extend(rest.take(self.length - bytes.len()));
        bytes
    }
}

fn captures() -> BTreeMap<String, Vec<Frame>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/codec");
    let mut captures = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            let capture: Capture = serde_json::from_str(&text).unwrap();
            captures.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), capture.frames);
        }
    }
    for known in KNOWN {
        assert!(captures.contains_key(known), "vectors/codec/{known}.json is missing");
    }
    captures
}

fn codec(name: &str) -> Codec {
    let (_, codec) = name.split_once('-').expect("files are named after browser and codec");
    Codec::from_name(codec).unwrap()
}

#[test]
fn the_clear_prefix_follows_from_what_the_encoder_calls_a_key_frame() {
    for (name, frames) in captures() {
        assert!(frames.len() >= 10, "{name}");
        for (index, frame) in frames.iter().enumerate() {
            let whole = frame.whole();
            let clear = codec(&name).clear_bytes(&whole);
            match codec(&name) {
                Codec::Vp8 => {
                    assert_eq!(clear, Some(if frame.key_frame { 10 } else { 3 }), "{name} {index}");
                    if frame.key_frame {
                        // RFC 6386 section 9.1: 14 bits each.
                        let size = |at: usize| u16::from_le_bytes([whole[at], whole[at + 1]]) & 0x3fff;
                        assert!(size(6) >= 16 && size(8) >= 16, "{name} {index}");
                    }
                }
                Codec::Vp9 => {
                    assert_eq!(clear, Some(0), "{name} {index}");
                    // The capture is what it says: marker 2, profile 0, and the bits for a key frame.
                    assert_eq!(whole[0] & 0xf0, 0x80, "{name} {index}");
                    assert_eq!(whole[0] & 0x0c == 0, frame.key_frame, "{name} {index}");
                }
                Codec::Opus => assert_eq!(clear, Some(0), "{name} {index}"),
            }
        }
        if codec(&name) != Codec::Opus {
            let kinds: BTreeSet<bool> = frames.iter().map(|frame| frame.key_frame).collect();
            assert_eq!(kinds.len(), 2, "{name}: key frames and others");
        }
    }
}

#[test]
fn real_frames_come_out_as_they_went_in_and_show_nothing() {
    for (name, frames) in captures() {
        let codec = codec(&name);
        let source = if codec == Codec::Opus { Source::Microphone } else { Source::Camera };
        let mut room = Room::of(2);
        let sender = room.clients[0].id;
        let line = room.clients[1].media.add_receiver(sender, source);
        let mut sizes = Vec::new();
        for (index, frame) in frames.iter().enumerate() {
            let frame = frame.whole();
            let (mut sealed, mut opened) = (Vec::new(), Vec::new());
            let context = Context::new(source, 0).unwrap();
            room.clients[0].media.seal(room.now, context, codec, &frame, &mut sealed).unwrap();
            let clear = codec.clear_bytes(&frame).unwrap();
            assert_eq!(sealed[..clear], frame[..clear], "{name} {index}");
            let shown: BTreeSet<&[u8]> = frame[clear..].windows(6).collect();
            assert!(!sealed[clear..].windows(6).any(|window| shown.contains(window)), "{name} {index}");
            let verdict = room.clients[1].media.open(room.now, line, 0, codec, &sealed, &mut opened);
            assert_eq!(verdict, Opened::Frame, "{name} {index}");
            if codec == Codec::Opus {
                // The padding's own tests show that any padded packet has the same sound.
                let frames = &frame[if frame[0] & 3 == 3 { 2 } else { 1 }..];
                let same_sound = opened == frame || opened.windows(frames.len()).any(|w| w == frames);
                assert!(same_sound && opened[0] & 0xfc == frame[0] & 0xfc, "{name} {index}");
                sizes.push(opened.len());
            } else {
                assert!(opened == frame && sealed.len() <= frame.len() + 24, "{name} {index}");
            }
        }
        assert!(sizes.is_sorted(), "{name}: {sizes:?}");
        sizes.dedup();
        assert!(sizes.len() <= 4, "{name}: {sizes:?}");
    }
}
