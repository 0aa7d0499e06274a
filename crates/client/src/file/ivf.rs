//! IVF: a header of 32 bytes, and 12 bytes before each frame. Numbers are little-endian.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::{FileError, create_private};

const HEADER_BYTES: u16 = 32;
/// Where the header counts the frames.
const COUNT_AT: u64 = 24;
/// Longest frame that is read: no longer one can be sent.
const FRAME_MAX_BYTES: u32 = 4 << 20;
/// Most frames of one file: a day at 60 a second.
const FRAMES_MAX: usize = 60 * 60 * 60 * 24;

/// What stands at a file's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IvfHeader {
    /// `VP80` or `VP90`.
    pub fourcc: [u8; 4],
    /// Of the first key frame, in pixels; later ones may have another size.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// A second has `rate / scale` units of time.
    pub rate: u32,
    /// See `rate`.
    pub scale: u32,
}

/// A frame's place in its file.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: u64,
    length: u32,
    timestamp: u64,
    first_byte: u8,
}

/// An IVF file that is read.
#[derive(Debug)]
pub struct IvfReader {
    file: File,
    header: IvfHeader,
    places: Vec<Place>,
}

impl IvfReader {
    /// Opens a file and finds its frames. One that was cut off ends with its last whole frame.
    ///
    /// # Errors
    /// If the file cannot be read, or is no IVF.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::read(path).map_err(|error| FileError::new(path, error))
    }

    fn read(path: &Path) -> io::Result<Self> {
        let bad = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text);
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut reader = BufReader::new(&file);
        let mut start = [0; HEADER_BYTES as usize];
        let whole = reader.read_exact(&mut start);
        let (header, mut at) =
            parse(&start).filter(|_| whole.is_ok()).ok_or_else(|| bad("it is no IVF file"))?;
        reader.seek(SeekFrom::Start(at))?;
        let mut places = Vec::new();
        let mut before = [0; 12];
        while reader.read_exact(&mut before).is_ok() {
            let [a, b, c, d, stamp @ ..] = before;
            let frame = u32::from_le_bytes([a, b, c, d]);
            at += before.len() as u64;
            if frame > FRAME_MAX_BYTES || places.len() >= FRAMES_MAX {
                return Err(bad("it holds a frame that is too long, or too many frames"));
            }
            if at + u64::from(frame) > length {
                break;
            }
            let mut first = [0];
            if frame > 0 {
                reader.read_exact(&mut first)?;
                reader.seek_relative(i64::from(frame) - 1)?;
                let [first_byte] = first;
                places.push(Place { at, length: frame, timestamp: u64::from_le_bytes(stamp), first_byte });
            }
            at += u64::from(frame);
        }
        Ok(Self { file, header, places })
    }

    /// See [`IvfHeader`].
    #[must_use]
    pub fn header(&self) -> IvfHeader {
        self.header
    }

    /// How many frames there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// A frame's timestamp in the header's units, and the frame's first byte.
    pub(super) fn look(&self, index: usize) -> Option<(u64, u8)> {
        self.places.get(index).map(|place| (place.timestamp, place.first_byte))
    }

    /// A frame with its timestamp in the header's units; `None` after the last.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn frame(&mut self, index: usize) -> io::Result<Option<(u64, Vec<u8>)>> {
        let Some(place) = self.places.get(index) else { return Ok(None) };
        self.file.seek(SeekFrom::Start(place.at))?;
        let mut frame = vec![0; place.length as usize];
        self.file.read_exact(&mut frame)?;
        Ok(Some((place.timestamp, frame)))
    }
}

/// The header, and where the frames begin.
fn parse(bytes: &[u8; HEADER_BYTES as usize]) -> Option<(IvfHeader, u64)> {
    let short = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let long = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let header = IvfHeader {
        fourcc: *bytes.get(8..)?.first_chunk()?,
        width: short(12)?,
        height: short(14)?,
        rate: long(16)?,
        scale: long(20)?,
    };
    let length = short(6)?;
    let known = bytes.starts_with(b"DKIF") && short(4)? == 0 && length >= HEADER_BYTES;
    (known && header.rate > 0 && header.scale > 0).then_some((header, u64::from(length)))
}

/// An IVF file that is written. It is whole after every frame, but for the count in its header.
#[derive(Debug)]
pub(super) struct IvfWriter {
    file: File,
    count: u32,
}

impl IvfWriter {
    pub(super) fn create(path: &Path, header: IvfHeader) -> io::Result<Self> {
        let mut file = create_private(path)?;
        let mut start = b"DKIF\0\0".to_vec();
        start.extend(HEADER_BYTES.to_le_bytes());
        start.extend(header.fourcc);
        start.extend([header.width, header.height].map(u16::to_le_bytes).concat());
        start.extend([header.rate, header.scale, 0, 0].map(u32::to_le_bytes).concat());
        file.write_all(&start)?;
        Ok(Self { file, count: 0 })
    }

    /// Writes a frame in one go.
    pub(super) fn write(&mut self, timestamp: u64, frame: &[u8]) -> io::Result<()> {
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        let mut whole = Vec::with_capacity(frame.len() + 12);
        whole.extend(length.to_le_bytes());
        whole.extend(timestamp.to_le_bytes());
        whole.extend(frame);
        self.file.write_all(&whole)?;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Writes the number of frames into the header.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(COUNT_AT))?;
        self.file.write_all(&self.count.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: IvfHeader = IvfHeader { fourcc: *b"VP80", width: 640, height: 360, rate: 90_000, scale: 1 };

    fn read(reader: &mut IvfReader) -> Vec<(u64, Vec<u8>)> {
        (0..reader.count()).map(|index| reader.frame(index).unwrap().unwrap()).collect()
    }

    #[test]
    fn what_is_written_reads_back_whole_or_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ivf");
        let frames = [(0, vec![1; 30]), (3_000, vec![2; 500]), (90_000, vec![3])];
        let mut writer = IvfWriter::create(&path, HEADER).unwrap();
        for (timestamp, frame) in &frames {
            writer.write(*timestamp, frame).unwrap();
        }
        let killed = std::fs::read(&path).unwrap();
        writer.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        assert_eq!((killed[24], whole[24]), (0, 3));
        assert_eq!(whole[8..16], [b'V', b'P', b'8', b'0', 0x80, 2, 0x68, 1]);
        for bytes in [&killed, &whole] {
            // However much of it reached the disk.
            for length in 32..=bytes.len() {
                std::fs::write(&path, &bytes[..length]).unwrap();
                let mut reader = IvfReader::open(&path).unwrap();
                assert_eq!(reader.header(), HEADER);
                let count = [74, 586, 599].iter().filter(|end| **end <= length).count();
                assert_eq!(read(&mut reader), frames[..count], "{length}");
            }
        }
        assert!(IvfWriter::create(&path, HEADER).is_err(), "nothing is overwritten");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ivf");
        IvfWriter::create(&path, HEADER).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ivf");
        let mut good = b"DKIF\0\0\x20\0VP80\0\0\0\0\x1e\0\0\0\x01\0\0\0".to_vec();
        good.resize(32, 0);
        std::fs::write(&path, &good).unwrap();
        assert_eq!(IvfReader::open(&path).unwrap().count(), 0);
        let mut no_rate = good.clone();
        no_rate[16] = 0;
        let mut long = good.clone();
        long.extend([0xff; 12]);
        for bad in [&b""[..], b"DKIF", &[0; 99], &no_rate, &long] {
            std::fs::write(&path, bad).unwrap();
            let error = IvfReader::open(&path).unwrap_err().to_string();
            assert!(error.contains("a.ivf: it "), "{error}");
        }
        assert!(IvfReader::open(&folder.path().join("none")).is_err());
    }
}
