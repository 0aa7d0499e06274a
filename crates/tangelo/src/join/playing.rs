//! A file that is sent.

use std::{
    io,
    time::{Duration, Instant},
};

use tangelo_client::{AudioFile, Due, VideoFile};
use tangelo_wire::Source;

/// Who is later than this, after the machine slept, goes on from here instead of sending everything at once.
const LATE: Duration = Duration::from_secs(1);

pub(super) enum Medium {
    Video(VideoFile),
    Audio(AudioFile),
}

impl From<VideoFile> for Medium {
    fn from(file: VideoFile) -> Self {
        Self::Video(file)
    }
}

impl From<AudioFile> for Medium {
    fn from(file: AudioFile) -> Self {
        Self::Audio(file)
    }
}

impl Medium {
    fn next_frame(&mut self) -> io::Result<Due> {
        match self {
            Self::Video(file) => file.next_frame(),
            Self::Audio(file) => file.next_frame(),
        }
    }
}

pub(super) struct Playing {
    source: Source,
    medium: Medium,
    next: Due,
    /// Timestamp of the last frame that was sent.
    sent: u64,
    start: Option<Instant>,
}

impl Playing {
    pub(super) fn new(source: Source, mut medium: Medium) -> io::Result<Self> {
        let next = medium.next_frame()?;
        Ok(Self { source, medium, next, sent: 0, start: None })
    }

    pub(super) fn source(&self) -> Source {
        self.source
    }

    /// Begins, unless it has.
    pub(super) fn start(&mut self, now: Instant) {
        self.start.get_or_insert(now);
    }

    /// When the next frame is due; never before the beginning.
    pub(super) fn due(&self) -> Option<Instant> {
        self.start.map(|start| start + self.next.at)
    }

    /// The frame that is due, with its timestamp.
    pub(super) fn take(&mut self, now: Instant) -> io::Result<Option<(u64, Vec<u8>)>> {
        let Some(due) = self.due().filter(|due| *due <= now) else { return Ok(None) };
        let late = now.duration_since(due);
        if late > LATE {
            self.start = self.start.map(|start| start + late);
        }
        let Due { timestamp, frame, .. } = std::mem::replace(&mut self.next, self.medium.next_frame()?);
        self.sent = timestamp;
        Ok(Some((timestamp, frame)))
    }

    /// Somebody needs a key frame.
    pub(super) fn key_frame_wanted(&mut self) -> io::Result<()> {
        if let Medium::Video(file) = &mut self.medium
            && self.start.is_some()
            && file.key_frame_wanted(self.sent)
        {
            self.next = file.next_frame()?;
        }
        Ok(())
    }
}
