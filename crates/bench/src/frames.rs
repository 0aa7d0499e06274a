//! Frames: bytes that encryption adds, and time that it takes in a hot loop.

use tangelo_e2ee::media::{Codec, Context, Media, Opened};
use tangelo_wire::{Millis, Source};

use crate::{
    Effort, Failure, Figure, Result, Samples, Section, at,
    clock::{now_us, timed},
    figure::count,
    groups::Room,
    groups::Tree,
    orange,
};

/// The sizes of frames, in bytes.
pub const SIZES: [usize; 4] = [100, 1_000, 6_000, 100_000];

/// 20 ms of Opus at 32 kbit/s, in bytes; a size to which packets are padded, so that only encryption adds to it.
const OPUS_BYTES: usize = 80;

/// Packets of real encoders, as a browser made them without being asked for a constant rate.
const SOUND: [(&str, &str); 2] = [
    ("Chromium", include_str!("../../../vectors/codec/chromium-opus.json")),
    ("Firefox", include_str!("../../../vectors/codec/firefox-opus.json")),
];

/// Frames of one key, after which a counter takes three bytes: 33 minutes of sound, far more than an epoch.
const LATE: usize = 100_000;

/// WASM runs slowly until the browser has seen that it is worth more, in microseconds.
const WARM_US: f64 = if cfg!(target_arch = "wasm32") { 700_000.0 } else { 50_000.0 };

/// A time after every switch of keys.
const NOW: Millis = Millis(10_000);

#[derive(serde::Deserialize)]
struct Packets {
    frames: Vec<Packet>,
}

#[derive(serde::Deserialize)]
struct Packet {
    /// In bytes.
    length: usize,
}

/// Sealing on one end and opening on the other.
pub struct Line {
    sender: Media,
    receiver: Media,
    line: u32,
    context: Context,
    codec: Codec,
}

impl Line {
    /// From the last member of a room to the first.
    ///
    /// # Errors
    /// In a room with one member.
    pub fn new(room: &Room, source: Source) -> Result<Self> {
        let [(_, mut receiver), (client, sender)] = room.media()?;
        let line = receiver.add_receiver(client, source);
        let context = Context::new(source, 0).ok_or_else(|| Failure("a source has no context".into()))?;
        let codec = if source == Source::Microphone { Codec::Opus } else { Codec::Vp8 };
        Ok(Self { sender, receiver, line, context, codec })
    }

    fn seal(&mut self, frame: &[u8], output: &mut Vec<u8>) -> Result<()> {
        self.sender.seal(NOW, self.context, self.codec, frame, output).map_err(at("sealing"))
    }

    fn open(&mut self, sealed: &[u8], output: &mut Vec<u8>) -> Result<()> {
        match self.receiver.open(NOW, self.line, 0, self.codec, sealed, output) {
            Opened::Frame => Ok(()),
            other => Err(Failure(format!("a frame was not opened: {other:?}"))),
        }
    }
}

/// A frame of VP8 that is no key frame (RFC 6386 section 9.1), or a packet of Opus with one frame (RFC 6716 section 3.1).
fn frame(source: Source, length: usize) -> Vec<u8> {
    let mut frame = vec![0x55; length];
    if let (Source::Microphone, Some(toc)) = (source, frame.first_mut()) {
        *toc = 0x78;
    }
    frame
}

/// Bytes added per frame, by Tangelo and in Orange's way.
///
/// # Errors
/// If a frame is not sealed, or does not open again.
pub fn bytes() -> Result<Vec<Figure>> {
    let frames = [
        ("20 ms of Opus", Source::Microphone, OPUS_BYTES),
        ("a video frame of 1 kB", Source::Camera, 1_000),
        ("a video frame of 10 kB", Source::Camera, 10_000),
    ];
    let mut figures = Vec::new();
    for (group, size) in [("2 members", 2), ("200 members", 200)] {
        let room = Room::of(size, Tree::Blank)?;
        for (what, source, length) in frames {
            let mut line = Line::new(&room, source)?;
            let mut added = |when: &str| {
                let (mut sealed, mut opened) = (Vec::new(), Vec::new());
                let frame = frame(source, length);
                line.seal(&frame, &mut sealed)?;
                line.open(&sealed, &mut opened)?;
                if opened != frame {
                    return Err(Failure("a frame came out as another one".into()));
                }
                let label = format!("{what}, {group}, {when}");
                Ok(Figure::bytes(Section::Bytes, label, sealed.len() - frame.len()))
            };
            figures.push(added("first frame of a key")?);
            let mut output = Vec::new();
            let short = frame(source, OPUS_BYTES);
            for _ in 0..LATE {
                line.seal(&short, &mut output)?;
            }
            let label = format!("{what}, {group}, after 100,000 frames");
            line.seal(&frame(source, length), &mut output)?;
            figures.push(Figure::bytes(Section::Bytes, label, output.len() - length));
        }
    }
    for (browser, packets) in SOUND {
        figures.push(padded(browser, packets)?);
    }
    let [mut sender, _] = orange::Member::pair(2)?;
    for (what, source, length) in frames {
        let message = sender.encrypt(&frame(source, length))?;
        let label = format!("Orange's way: {what}, 2 members");
        figures.push(Figure::bytes(Section::Bytes, label, message.len() - length));
    }
    Ok(figures)
}

/// Bytes added to packets of a browser's own encoder at a variable bit rate, padding and encryption together: the mean.
fn padded(browser: &str, packets: &str) -> Result<Figure> {
    let packets: Packets = serde_json::from_str(packets).map_err(at("reading captured packets"))?;
    let mut line = Line::new(&Room::of(2, Tree::Blank)?, Source::Microphone)?;
    let mut output = Vec::new();
    let mut added = 0;
    for packet in &packets.frames {
        line.seal(&frame(Source::Microphone, packet.length), &mut output)?;
        added += output.len() - packet.length;
    }
    let label = format!("sound as {browser} encodes it at a variable rate, padding included, mean");
    let packets = packets.frames.len().max(1);
    Ok(Figure::new(Section::Bytes, label, (count(added) / count(packets)).round(), "B"))
}

/// Who encrypts in a hot loop.
pub enum Subject {
    /// The frames of `tangelo-e2ee`.
    Tangelo(Box<Line>),
    /// One MLS message for each frame: sender and receiver.
    Orange(Box<[orange::Member; 2]>),
}

impl Subject {
    /// Tangelo's way between two members.
    ///
    /// # Errors
    /// If the group cannot be made.
    pub fn tangelo() -> Result<Self> {
        Ok(Self::Tangelo(Box::new(Line::new(&Room::of(2, Tree::Blank)?, Source::Camera)?)))
    }

    /// Orange's way in a group of `members`.
    ///
    /// # Errors
    /// If the group cannot be made.
    pub fn orange(members: usize) -> Result<Self> {
        Ok(Self::Orange(Box::new(orange::Member::pair(members)?)))
    }

    /// Encrypts and decrypts a batch of frames. Returns the mean time of each, in microseconds.
    fn batch(&mut self, frame: &[u8], frames: usize) -> Result<(f64, f64)> {
        let mut sealed = vec![Vec::with_capacity(frame.len() + 256); frames];
        let mut opened = Vec::with_capacity(frame.len() + 256);
        let (result, seal_us) = timed(|| {
            for output in &mut sealed {
                match self {
                    Self::Tangelo(line) => line.seal(frame, output)?,
                    Self::Orange(members) => *output = members[0].encrypt(frame)?,
                }
            }
            Ok(())
        });
        result?;
        let (result, open_us) = timed(|| {
            for input in &sealed {
                match self {
                    Self::Tangelo(line) => line.open(input, &mut opened)?,
                    Self::Orange(members) => opened = members[1].decrypt(input)?,
                }
            }
            Ok(())
        });
        result?;
        if opened != frame {
            return Err(Failure("a frame came out as another one".into()));
        }
        Ok((seal_us / count(frames), open_us / count(frames)))
    }

    /// Time to encrypt and to decrypt frames of `length` bytes one after the other: median and 99th percentile of
    /// the means of batches, each long enough for a clock that steps by 5 us.
    ///
    /// # Errors
    /// If a frame does not open again.
    pub fn hot(&mut self, who: &str, length: usize, effort: Effort) -> Result<Vec<Figure>> {
        let frame = frame(Source::Camera, length);
        let (mut seal_us, mut open_us) = (0.0, 0.0);
        let warm_us = now_us() + WARM_US;
        while now_us() < warm_us {
            (seal_us, open_us) = self.batch(&frame, 8)?;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few hundred at the most"
        )]
        let frames = (500.0 / seal_us.min(open_us).max(0.1)).clamp(4.0, 400.0) as usize;
        let (mut seal, mut open) = (Samples::default(), Samples::default());
        for _ in 0..effort.pick(20, 200) {
            let (seal_us, open_us) = self.batch(&frame, frames)?;
            seal.push(seal_us);
            open.push(open_us);
        }
        let figure = |what: &str, name: &str, value| {
            let label = format!("{who}: {what} {} hot, {name}", size_name(length));
            Figure::new(Section::Hot, label, value, "us")
        };
        Ok(vec![
            figure("encrypt", "p50", seal.median()),
            figure("encrypt", "p99", seal.quantile(0.99)),
            figure("decrypt", "p50", open.median()),
            figure("decrypt", "p99", open.quantile(0.99)),
        ])
    }
}

/// `100 B`, `6 kB`.
fn size_name(length: usize) -> String {
    if length < 1_000 { format!("{length} B") } else { format!("{} kB", length / 1_000) }
}

/// Tangelo and Orange in a hot loop, frame by frame.
///
/// # Errors
/// If a frame does not open again.
pub fn hot(effort: Effort) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let subjects = [
        ("Tangelo, without copies", Subject::tangelo()?, &SIZES[..]),
        ("Orange's way, 2 members", Subject::orange(2)?, &SIZES[..]),
        ("Orange's way, 10 members", Subject::orange(10)?, &SIZES[1..2]),
    ];
    for (who, mut subject, sizes) in subjects {
        for length in sizes {
            figures.extend(subject.hot(who, *length, effort)?);
        }
    }
    Ok(figures)
}
