//! What is received, in files: one for each person, source and arrival.
//!
//! All files of a recording have one clock, which begins with the recording: pictures have it in their timestamps, and
//! sound begins with silence. Gaps stay as long as they were.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tangelo_call::opus;
use tangelo_wire::{ClientId, MediaKind, Source};

use super::{
    create_private,
    ivf::{IvfHeader, IvfWriter},
    ogg_opus::{OggWriter, PRE_SKIP},
    picture::{Codec, key_frame_size},
};
use crate::Frame;

/// Most files for one source of a client: whoever changes its codec all the time is not followed for ever.
const FILES_MAX: u32 = 100;
/// Timestamps that say something else than the time of arrival, by more than this, have begun anew.
const ASTRAY_MS: u64 = 2_000;
/// Longest name of a person in a file name, in characters.
const NAME_MAX_CHARS: usize = 40;

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was written.
    Written,
    /// It was written, as the first of this file.
    Begun(PathBuf),
    /// It cannot be used before a key frame came.
    NeedsKeyFrame,
    /// It is no frame of a kind that can be recorded.
    Skipped,
}

/// See the module.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    tracks: BTreeMap<(ClientId, Source), Track>,
}

#[derive(Default)]
struct Track {
    files: u32,
    file: Option<Open>,
    clock: Option<Clock>,
    /// A picture was lost: those that follow need it.
    broken: bool,
}

impl std::fmt::Debug for Track {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Track").field("files", &self.files).finish_non_exhaustive()
    }
}

enum Open {
    Pictures { codec: Codec, writer: IvfWriter },
    Sound(OggWriter),
}

impl Recorder {
    /// Records into this folder, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made or written to.
    pub fn new(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let probe = folder.join(format!(".tangelo-{}", std::process::id()));
        drop(create_private(&probe)?);
        std::fs::remove_file(&probe)?;
        Ok(Self { folder: folder.to_owned(), tracks: BTreeMap::new() })
    }

    /// Takes a frame of somebody with this name, which came at this time of the recording.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn take(&mut self, frame: &Frame, name: &str, at: Duration) -> io::Result<Taken> {
        let track = self.tracks.entry((frame.client, frame.source)).or_default();
        match frame.source.kind() {
            MediaKind::Video => track.picture(&self.folder, frame, name, at),
            MediaKind::Audio => track.sound(&self.folder, frame, name, at),
        }
    }

    /// Ends the files of clients that are gone.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn keep(&mut self, is_there: impl Fn(ClientId) -> bool) -> io::Result<()> {
        let gone: Vec<_> = self.tracks.keys().copied().filter(|(client, _)| !is_there(*client)).collect();
        gone.into_iter().filter_map(|key| self.tracks.remove(&key)).try_for_each(|mut track| track.finish())
    }

    /// Ends all files.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.keep(|_| false)
    }
}

impl Track {
    fn picture(&mut self, folder: &Path, frame: &Frame, name: &str, at: Duration) -> io::Result<Taken> {
        let Some(codec) = Codec::of(frame.codec) else { return Ok(Taken::Skipped) };
        let key_frame = key_frame_size(codec, &frame.contents);
        let timestamp = self.time(frame.timestamp, at, 90_000);
        self.broken |= !frame.contiguous;
        let other = matches!(&self.file, Some(Open::Pictures { codec: before, .. }) if *before != codec);
        if (self.file.is_none() || other || self.broken) && key_frame.is_none() {
            return Ok(Taken::NeedsKeyFrame);
        }
        self.broken = false;
        if other {
            self.finish()?;
        }
        let mut taken = Taken::Written;
        if let (None, Some((width, height))) = (&self.file, key_frame) {
            let header = IvfHeader { fourcc: codec.fourcc(), width, height, rate: 90_000, scale: 1 };
            let begun = self.begin(folder, frame, name, "ivf", |path| IvfWriter::create(path, header))?;
            let Some((path, writer)) = begun else { return Ok(Taken::Skipped) };
            self.file = Some(Open::Pictures { codec, writer });
            taken = Taken::Begun(path);
        }
        let Some(Open::Pictures { writer, .. }) = &mut self.file else { return Ok(Taken::Skipped) };
        writer.write(timestamp, &frame.contents)?;
        Ok(taken)
    }

    fn sound(&mut self, folder: &Path, frame: &Frame, name: &str, at: Duration) -> io::Result<Taken> {
        // It was padded to hide its size from the network.
        let Some(packet) = opus::unpad(&frame.contents) else { return Ok(Taken::Skipped) };
        let timestamp = self.time(frame.timestamp, at, 48_000) + u64::from(PRE_SKIP);
        let mut taken = Taken::Written;
        if self.file.is_none() {
            let stereo = packet.first().is_some_and(|toc| toc & 4 != 0);
            let begun = self.begin(folder, frame, name, "ogg", |path| OggWriter::create(path, stereo))?;
            let Some((path, writer)) = begun else { return Ok(Taken::Skipped) };
            self.file = Some(Open::Sound(writer));
            taken = Taken::Begun(path);
        }
        let Some(Open::Sound(writer)) = &mut self.file else { return Ok(Taken::Skipped) };
        writer.fill(timestamp, &packet)?;
        // What the clock says it should have been over already: sound goes on, and is not cut.
        writer.write(packet)?;
        Ok(taken)
    }

    /// A new file with a name that no other has.
    fn begin<T>(
        &mut self,
        folder: &Path,
        frame: &Frame,
        name: &str,
        extension: &str,
        create: impl Fn(&Path) -> io::Result<T>,
    ) -> io::Result<Option<(PathBuf, T)>> {
        let client: String = frame.client.to_string().chars().take(8).collect();
        while self.files < FILES_MAX {
            self.files += 1;
            let number = if self.files == 1 { String::new() } else { format!("-{}", self.files) };
            let source = source_name(frame.source);
            let path = folder.join(format!("{}-{client}-{source}{number}.{extension}", safe(name)));
            match create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created.map(|file| Some((path, file))),
            }
        }
        Ok(None)
    }

    fn time(&mut self, timestamp: u64, at: Duration, rate: u64) -> u64 {
        let arrived = u64::try_from(at.as_micros()).unwrap_or(u64::MAX).saturating_mul(rate) / 1_000_000;
        let clock = self.clock.get_or_insert(Clock { from: timestamp, is: arrived, last: arrived });
        clock.time(timestamp, arrived, rate)
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.file.take() {
            Some(Open::Pictures { writer, .. }) => writer.finish(),
            Some(Open::Sound(writer)) => writer.finish(),
            None => Ok(()),
        }
    }
}

/// Turns a track's timestamps into the recording's time.
#[derive(Clone, Copy)]
struct Clock {
    from: u64,
    is: u64,
    last: u64,
}

impl Clock {
    fn time(&mut self, timestamp: u64, arrived: u64, rate: u64) -> u64 {
        let told = self.is.checked_add(timestamp).and_then(|told| told.checked_sub(self.from));
        let near = told.filter(|told| told.abs_diff(arrived) <= rate * ASTRAY_MS / 1_000);
        let time = near.unwrap_or_else(|| {
            let time = arrived.max(self.last + 1);
            (self.from, self.is) = (timestamp, time);
            time
        });
        self.last = self.last.max(time);
        time
    }
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::Microphone => "microphone",
        Source::Camera => "camera",
        Source::Screen => "screen",
        Source::ScreenAudio => "screen-audio",
    }
}

/// A name as part of a file name on any system.
fn safe(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '_' };
    let name: String = name.chars().take(NAME_MAX_CHARS).map(plain).collect();
    if name.is_empty() { "somebody".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{IvfReader, OggReader};

    const ADA: ClientId = ClientId([0xad; 16]);
    const MS: u64 = 90;

    fn frame(source: Source, codec: &'static str, timestamp: u64, contents: Vec<u8>) -> Frame {
        Frame { client: ADA, source, codec, timestamp, contiguous: true, contents }
    }

    fn key(number: u8) -> Vec<u8> {
        vec![0, number, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0]
    }

    fn vp8(timestamp: u64, contents: Vec<u8>) -> Frame {
        frame(Source::Camera, "vp8", timestamp, contents)
    }

    fn vp9(timestamp: u64) -> Frame {
        let contents = vec![0x82, 0x49, 0x83, 0x42, 0, 0x27, 0xf0, 0x1d, 0xf4];
        frame(Source::Camera, "vp9", timestamp, contents)
    }

    fn pictures(path: &Path) -> Vec<(u64, u8)> {
        let mut reader = IvfReader::open(path).unwrap();
        let frames = (0..reader.count()).map(|index| reader.frame(index).unwrap().unwrap());
        frames.map(|(time, frame)| (time / MS, frame[1])).collect()
    }

    #[test]
    fn a_recording_begins_with_a_key_frame_and_keeps_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::new(&folder.path().join("new/folder")).unwrap();
        let base = u64::from(u32::MAX) - 50;
        let mut take = |ms: u64, late: u64, contents| {
            let frame = vp8(base + ms * MS, contents);
            recorder.take(&frame, "Ada / ..\\", Duration::from_millis(1_000 + ms + late)).unwrap()
        };
        assert_eq!(take(0, 0, vec![1, 1]), Taken::NeedsKeyFrame);
        let Taken::Begun(path) = take(33, 7, key(2)) else { panic!("it begins") };
        assert_eq!(path.file_name().unwrap(), "Ada______-adadadad-camera.ivf");
        for (ms, late, number) in [(66, 30, 3), (100, 0, 4), (5_000, 12, 5)] {
            assert_eq!(take(ms, late, vec![1, number]), Taken::Written);
        }
        recorder.finish().unwrap();
        // The first frame was not written, yet it set the clock.
        assert_eq!(pictures(&path), [(1_033, 2), (1_066, 3), (1_100, 4), (6_000, 5)]);
        let header = IvfReader::open(&path).unwrap().header();
        assert_eq!((header.fourcc, header.width, header.height), (*b"VP80", 320, 180));
    }

    #[test]
    fn after_a_loss_nothing_is_written_until_a_key_frame() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::new(folder.path()).unwrap();
        let mut take = |ms: u64, contiguous, contents| {
            let frame = Frame { contiguous, ..vp8(ms * MS, contents) };
            recorder.take(&frame, "Ada", Duration::from_millis(ms)).unwrap()
        };
        let Taken::Begun(path) = take(0, true, key(1)) else { panic!("it begins") };
        assert_eq!(take(40, false, vec![1, 2]), Taken::NeedsKeyFrame);
        assert_eq!(take(80, true, vec![1, 3]), Taken::NeedsKeyFrame);
        assert_eq!(take(120, true, key(4)), Taken::Written);
        recorder.finish().unwrap();
        assert_eq!(pictures(&path), [(0, 1), (120, 4)]);
    }

    #[test]
    fn timestamps_that_begin_anew_follow_the_clock() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::new(folder.path()).unwrap();
        let mut take = |ms: u64, timestamp, number| {
            recorder.take(&vp8(timestamp, key(number)), "Ada", Duration::from_millis(ms)).unwrap()
        };
        let Taken::Begun(path) = take(100, 9_000_000, 1) else { panic!("it begins") };
        for (ms, timestamp, number) in [(140, 5, 2), (180, 5 + 40 * MS, 3), (220, u64::MAX / 2, 4)] {
            assert_eq!(take(ms, timestamp, number), Taken::Written);
        }
        recorder.finish().unwrap();
        assert_eq!(pictures(&path), [(100, 1), (140, 2), (180, 3), (220, 4)]);
    }

    #[test]
    fn another_codec_is_another_file_and_files_that_are_there_stay() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Ada-adadadad-camera.ivf"), "old").unwrap();
        let mut recorder = Recorder::new(folder.path()).unwrap();
        let mut take = |frame: &Frame| recorder.take(frame, "Ada", Duration::ZERO).unwrap();
        let begun = [take(&vp8(0, key(1))), take(&vp9(9_000)), take(&vp8(18_000, key(2)))];
        assert_eq!(take(&frame(Source::Camera, "av1", 0, vec![0])), Taken::Skipped);
        let names = ["Ada-adadadad-camera-2.ivf", "Ada-adadadad-camera-3.ivf", "Ada-adadadad-camera-4.ivf"];
        assert_eq!(begun, names.map(|name| Taken::Begun(folder.path().join(name))));
        let header = IvfReader::open(&folder.path().join(names[1])).unwrap().header();
        assert_eq!((header.fourcc, header.width, header.height), (*b"VP90", 640, 480));
        assert_eq!(std::fs::read(folder.path().join("Ada-adadadad-camera.ivf")).unwrap(), b"old");
    }

    #[test]
    fn sound_is_written_without_padding_and_with_its_silences() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::new(folder.path()).unwrap();
        let padded = |number: u8| vec![0xfb, 0x41, 3, number, 9, 0, 0, 0];
        let mut take = |ms: u64, contents| {
            let frame = frame(Source::Microphone, "opus", 7 + ms * 48, contents);
            recorder.take(&frame, "", Duration::from_millis(500 + ms)).unwrap()
        };
        let Taken::Begun(path) = take(0, padded(1)) else { panic!("it begins") };
        assert_eq!(take(20, padded(2)), Taken::Written);
        assert_eq!(take(30, vec![]), Taken::Skipped);
        assert_eq!(take(100, padded(3)), Taken::Written);
        recorder.finish().unwrap();
        assert_eq!(path.file_name().unwrap(), "somebody-adadadad-microphone.ogg");
        let mut reader = OggReader::open(&path).unwrap();
        let (mut samples, mut heard) = (0, Vec::new());
        while let Some((packet, length)) = reader.next_packet().unwrap() {
            if packet.len() > 2 {
                heard.push((samples, packet));
            }
            samples += length;
        }
        // 500 ms, and the 80 ms that players skip.
        let start = 580 * 48;
        let at = |ms: u32, number| (start + ms * 48, vec![0xf8, number, 9]);
        assert_eq!(heard, [at(0, 1), at(20, 2), at(100, 3)]);
    }

    #[test]
    fn who_is_gone_has_its_files_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::new(folder.path()).unwrap();
        let Taken::Begun(path) = recorder.take(&vp8(0, key(1)), "Ada", Duration::ZERO).unwrap() else {
            panic!("it begins")
        };
        assert_eq!(std::fs::read(&path).unwrap()[24], 0);
        recorder.keep(|client| client != ADA).unwrap();
        assert_eq!(std::fs::read(&path).unwrap()[24], 1);
    }
}
