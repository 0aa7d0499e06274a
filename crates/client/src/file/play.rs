//! Files as somebody's camera and microphone: over and over, in their own time.

use std::{io, path::Path, time::Duration};

use super::{FileError, IvfReader, OggReader, ivf::IvfHeader};

/// A picture that somebody waits for may take so long; RTP's clock rate is 90 kHz.
const PATIENCE: u64 = 2 * RATE;
/// Going back for a picture happens at most so often.
const BACK: u64 = 5 * RATE;
const RATE: u64 = 90_000;
/// How long a picture stays when the file does not tell.
const USUAL: u64 = RATE / 30;

/// A frame, and when it is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Since the beginning.
    pub at: Duration,
    /// In RTP's clock rate: 90 kHz for pictures, 48 kHz for sound.
    pub timestamp: u64,
    /// The frame.
    pub frame: Vec<u8>,
}

/// Pictures from an IVF file with VP8, over and over.
#[derive(Debug)]
pub struct VideoFile {
    reader: IvfReader,
    /// Of each frame that is shown: its index in the file, its time since the first, whether it is a key frame.
    frames: Vec<(usize, u64, bool)>,
    next: usize,
    /// Added to a frame's time: of earlier rounds, less what was gone back.
    shift: u64,
    /// When it was gone back last, by timestamp.
    back: Option<u64>,
}

impl VideoFile {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read, or is no IVF with VP8 and at least one key frame.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let reader = IvfReader::open(path)?;
        let IvfHeader { fourcc, rate, scale, .. } = reader.header();
        if fourcc != *b"VP80" {
            let codec = String::from_utf8_lossy(&fourcc).escape_debug().to_string();
            return Err(FileError::new(path, format!("it holds {codec}; only VP80 (VP8) can be sent")));
        }
        let ticks = |time: u64| {
            let ticks = u128::from(time) * u128::from(RATE) * u128::from(scale) / u128::from(rate);
            u64::try_from(ticks).unwrap_or(u64::MAX)
        };
        let looks = (0..reader.count()).filter_map(|index| Some((index, reader.look(index)?)));
        let mut frames = Vec::new();
        let (mut zero, mut last) = (0, 0);
        // A decoder can begin with a key frame only (RFC 6386 section 9.1: its first bit is 0).
        for (index, (time, first)) in looks.skip_while(|(_, (_, first))| first & 1 == 1) {
            let time = ticks(time);
            if frames.is_empty() {
                zero = time;
            }
            last = time.saturating_sub(zero).max(last);
            frames.push((index, last, first & 1 == 0));
        }
        if frames.is_empty() {
            return Err(FileError::new(path, "it holds no key frame to begin with"));
        }
        Ok(Self { reader, frames, next: 0, shift: 0, back: None })
    }

    /// The next picture.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn next_frame(&mut self) -> io::Result<Due> {
        if self.next >= self.frames.len() {
            self.next = 0;
            self.shift = self.shift.saturating_add(self.length());
        }
        let (index, time, _) = self.frames.get(self.next).copied().unwrap_or_default();
        self.next += 1;
        let (_, frame) = self.reader.frame(index)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let timestamp = self.shift.saturating_add(time);
        Ok(Due { at: since(timestamp, RATE), timestamp, frame })
    }

    /// Somebody needs a key frame, which a file cannot make: the next one that it has will do, if it comes soon.
    /// Otherwise the file goes on from the last one, with timestamps that go on too. `sent` is the timestamp of the last
    /// picture that was sent. Returns whether the next picture is another one now.
    pub fn key_frame_wanted(&mut self, sent: u64) -> bool {
        let now = sent.saturating_sub(self.shift);
        let soon = self.frames.iter().skip(self.next.saturating_sub(1)).find(|(_, _, key)| *key);
        // After the last comes the first.
        let wait = soon.map_or(self.length(), |(_, time, _)| *time).saturating_sub(now);
        if wait <= PATIENCE || self.back.is_some_and(|back| sent.saturating_sub(back) < BACK) {
            return false;
        }
        let before = self.frames.iter().take(self.next).rposition(|(_, time, key)| *key && *time <= now);
        let Some((index, (_, time, _))) = before.and_then(|index| Some((index, self.frames.get(index)?)))
        else {
            return false;
        };
        self.next = index;
        self.shift = sent.saturating_add(USUAL).saturating_sub(*time);
        self.back = Some(sent);
        true
    }

    /// From the first picture of one round to that of the next.
    fn length(&self) -> u64 {
        let times: Vec<u64> = self.frames.iter().rev().take(2).map(|(_, time, _)| *time).collect();
        match *times {
            [last, before] if last > before => last + (last - before),
            [last, ..] => last + USUAL,
            [] => USUAL,
        }
    }
}

/// Sound from an Ogg Opus file, over and over.
#[derive(Debug)]
pub struct AudioFile {
    reader: OggReader,
    samples: u64,
}

impl AudioFile {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read, or holds no Opus.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let mut reader = OggReader::open(path)?;
        let first = reader.next_packet().map_err(|error| FileError::new(path, error))?;
        first.ok_or_else(|| FileError::new(path, "it holds no sound"))?;
        reader.rewind().map_err(|error| FileError::new(path, error))?;
        Ok(Self { reader, samples: 0 })
    }

    /// The next packet.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn next_frame(&mut self) -> io::Result<Due> {
        let next = match self.reader.next_packet()? {
            Some(next) => Some(next),
            None => {
                self.reader.rewind()?;
                self.reader.next_packet()?
            }
        };
        let (frame, samples) = next.ok_or(io::ErrorKind::UnexpectedEof)?;
        let timestamp = self.samples;
        self.samples = timestamp.saturating_add(u64::from(samples));
        Ok(Due { at: since(timestamp, 48_000), timestamp, frame })
    }
}

/// A timestamp as time since the beginning.
fn since(timestamp: u64, rate: u64) -> Duration {
    Duration::from_secs(timestamp / rate) + Duration::from_nanos(timestamp % rate * 1_000_000_000 / rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{ivf::IvfWriter, ogg_opus::OggWriter};

    /// Writes frames of these times (in ms); capital letters are key frames.
    fn video(folder: &Path, frames: &[(u64, u8)], fourcc: [u8; 4]) -> Result<VideoFile, FileError> {
        let path = folder.join(format!("{}.ivf", frames.len()));
        let _ = std::fs::remove_file(&path);
        let header = IvfHeader { fourcc, width: 16, height: 16, rate: 1_000, scale: 1 };
        let mut writer = IvfWriter::create(&path, header).unwrap();
        for (time, name) in frames {
            writer.write(*time, &[u8::from(name.is_ascii_lowercase()), *name]).unwrap();
        }
        writer.finish().unwrap();
        VideoFile::open(&path)
    }

    fn play(file: &mut VideoFile, count: usize) -> String {
        let due = |_| file.next_frame().unwrap();
        let frames: Vec<Due> = (0..count).map(due).collect();
        assert!(frames.iter().all(|due| due.at == since(due.timestamp, 90_000)));
        frames.iter().map(|due| format!("{}{} ", char::from(due.frame[1]), due.timestamp / 90)).collect()
    }

    #[test]
    fn a_file_goes_round_in_its_own_time() {
        let folder = tempfile::tempdir().unwrap();
        let frames = [(500, b'x'), (1_000, b'A'), (1_040, b'b'), (1_100, b'C')];
        let mut file = video(folder.path(), &frames, *b"VP80").unwrap();
        assert_eq!(play(&mut file, 7), "A0 b40 C100 A160 b200 C260 A320 ");
        let mut one = video(folder.path(), &[(7, b'A')], *b"VP80").unwrap();
        assert_eq!(play(&mut one, 3), "A0 A33 A66 ");
    }

    #[test]
    fn a_key_frame_that_comes_soon_is_waited_for_and_otherwise_the_last_is_shown_again() {
        let folder = tempfile::tempdir().unwrap();
        let frames = [(0, b'A'), (1_000, b'b'), (2_000, b'c'), (6_000, b'D'), (7_000, b'e')];
        let mut file = video(folder.path(), &frames, *b"VP80").unwrap();
        assert_eq!(play(&mut file, 2), "A0 b1000 ");
        assert!(file.key_frame_wanted(1_000 * 90));
        assert_eq!(play(&mut file, 3), "A1033 b2033 c3033 ");
        assert!(!file.key_frame_wanted(3_033 * 90 + 30), "it was gone back just now");
        assert_eq!(play(&mut file, 2), "D7033 e8033 ");
        assert!(!file.key_frame_wanted(8_033 * 90), "the first comes in a second");
        assert_eq!(play(&mut file, 2), "A9033 b10033 ");
    }

    #[test]
    fn files_that_cannot_be_sent_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bad = [
            (&[][..], *b"VP80"),
            (&[(0, b'a')], *b"VP80"),
            (&[(0, b'A')], *b"VP90"),
            (&[(0, b'A')], [27; 4]),
        ];
        for (frames, fourcc) in bad {
            let error = video(folder.path(), frames, fourcc).unwrap_err().to_string();
            assert!(error.contains(".ivf: it holds ") && !error.contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn sound_goes_round_without_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ogg");
        let mut writer = OggWriter::create(&path, false).unwrap();
        // 20 ms, then 60 ms.
        for packet in [vec![0xf8, 1], vec![0x18, 2]] {
            writer.write(packet).unwrap();
        }
        writer.finish().unwrap();
        let mut file = AudioFile::open(&path).unwrap();
        let heard: Vec<_> = (0..5).map(|_| file.next_frame().unwrap()).collect();
        let times: Vec<_> =
            heard.iter().map(|due| (due.frame[1], due.timestamp, due.at.as_millis())).collect();
        assert_eq!(times, [(1, 0, 0), (2, 960, 20), (1, 3_840, 80), (2, 4_800, 100), (1, 7_680, 160)]);
    }
}
