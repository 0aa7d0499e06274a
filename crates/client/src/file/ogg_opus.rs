//! Opus in Ogg (RFC 7845).

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, SeekFrom, Write},
    path::Path,
};

use ogg::{OggReadError, PacketReader, PacketWriteEndInfo, PacketWriter};
use tangelo_call::opus;

use super::{FileError, create_private};

const HEAD: &[u8] = b"OpusHead";
const TAGS: &[u8] = b"OpusTags";
/// What players skip at the start: 80 ms, in which a decoder finds its way into the sound (RFC 7845 section 4.2).
pub(super) const PRE_SKIP: u16 = 3_840;
/// Sound of one page, in samples: so much is lost when the program is killed.
const PAGE_SAMPLES: u64 = 9_600;
/// A file holds one stream, so any number does.
const SERIAL: u32 = 1;

/// An Ogg Opus file that is read.
pub struct OggReader {
    pages: PacketReader<BufReader<File>>,
    serial: u32,
}

impl std::fmt::Debug for OggReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OggReader").field("serial", &self.serial).finish_non_exhaustive()
    }
}

impl OggReader {
    /// Opens a file and finds its first Opus stream.
    ///
    /// # Errors
    /// If the file cannot be read, or holds no Opus for one or two channels.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(|error| FileError::new(path, error))?;
        let mut pages = PacketReader::new(BufReader::new(file));
        // Every stream begins before any goes on.
        while let Ok(Some(packet)) = pages.read_packet() {
            if !packet.first_in_stream() {
                break;
            }
            let Some(head) = packet.data.strip_prefix(HEAD) else { continue };
            return match *head {
                // Version 1, one or two channels; pre-skip, rate and gain; mapping family 0.
                [version, 1 | 2, _, _, _, _, _, _, _, _, 0, ..] if version < 16 => {
                    Ok(Self { serial: packet.stream_serial(), pages })
                }
                _ => Err(FileError::new(path, "only Opus with one or two channels can be sent")),
            };
        }
        Err(FileError::new(path, "it is no Ogg file with Opus"))
    }

    /// The next packet and how many samples it holds; `None` at the end. One that was cut off ends with its last whole
    /// page.
    ///
    /// # Errors
    /// If the file cannot be read any more, or is damaged.
    pub fn next_packet(&mut self) -> io::Result<Option<(Vec<u8>, u32)>> {
        loop {
            let packet = match self.pages.read_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(None),
                Err(OggReadError::ReadError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(None);
                }
                Err(OggReadError::ReadError(error)) => return Err(error),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
            };
            let is_header = packet.data.starts_with(HEAD) || packet.data.starts_with(TAGS);
            if packet.stream_serial() != self.serial || is_header {
                continue;
            }
            if let Some(samples) = opus::samples(&packet.data) {
                return Ok(Some((packet.data, samples)));
            }
        }
    }

    /// Goes back to the beginning.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn rewind(&mut self) -> io::Result<()> {
        self.pages.seek_bytes(SeekFrom::Start(0)).map(|_| ())
    }
}

/// An Ogg Opus file that is written. It can be played after every page.
pub(super) struct OggWriter {
    pages: PacketWriter<'static, BufWriter<File>>,
    /// The last packet: only what follows says how its page ends.
    last: Option<Vec<u8>>,
    /// How many samples were written and are in `last`.
    samples: u64,
    page: u64,
}

impl OggWriter {
    pub(super) fn create(path: &Path, stereo: bool) -> io::Result<Self> {
        let mut pages = PacketWriter::new(BufWriter::new(create_private(path)?));
        let mut head = HEAD.to_vec();
        head.extend([1, if stereo { 2 } else { 1 }]);
        head.extend(PRE_SKIP.to_le_bytes());
        head.extend(48_000_u32.to_le_bytes());
        // No gain, mapping family 0.
        head.extend([0, 0, 0]);
        pages.write_packet(head, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        let vendor = concat!("tangelo ", env!("CARGO_PKG_VERSION"));
        let mut tags = TAGS.to_vec();
        tags.extend(u32::try_from(vendor.len()).map_err(io::Error::other)?.to_le_bytes());
        tags.extend(vendor.as_bytes());
        tags.extend(0_u32.to_le_bytes());
        pages.write_packet(tags, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        pages.inner_mut().flush()?;
        Ok(Self { pages, last: None, samples: 0, page: 0 })
    }

    /// Writes a packet.
    pub(super) fn write(&mut self, packet: Vec<u8>) -> io::Result<()> {
        let Some(samples) = opus::samples(&packet) else { return Ok(()) };
        self.put(PacketWriteEndInfo::NormalPacket)?;
        self.last = Some(packet);
        self.samples += u64::from(samples);
        Ok(())
    }

    /// Fills the time until there are so many samples with packets that ask for concealment, in the mode of the packet
    /// that comes next. (Granule positions must not jump: RFC 7845 section 4.1.)
    pub(super) fn fill(&mut self, until: u64, next: &[u8]) -> io::Result<()> {
        while let Some((lost, _)) = opus::loss(next, until.saturating_sub(self.samples)) {
            self.write(lost)?;
        }
        Ok(())
    }

    /// Ends the stream.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.put(PacketWriteEndInfo::EndStream)?;
        self.pages.inner_mut().flush()
    }

    fn put(&mut self, end: PacketWriteEndInfo) -> io::Result<()> {
        let Some(packet) = self.last.take() else { return Ok(()) };
        let full = self.samples - self.page >= PAGE_SAMPLES;
        let end =
            if end == PacketWriteEndInfo::NormalPacket && full { PacketWriteEndInfo::EndPage } else { end };
        self.pages.write_packet(packet, SERIAL, end, self.samples)?;
        if full {
            self.page = self.samples;
            self.pages.inner_mut().flush()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 ms of CELT in mono.
    fn packet(number: u8) -> Vec<u8> {
        vec![0x78 | 0x80, number, 7, 7]
    }

    fn read(path: &Path) -> Vec<Vec<u8>> {
        let mut reader = OggReader::open(path).unwrap();
        let mut packets = Vec::new();
        while let Some((packet, _)) = reader.next_packet().unwrap() {
            packets.push(packet);
        }
        packets
    }

    #[test]
    fn what_is_written_reads_back_whole_or_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ogg");
        let packets: Vec<_> = (0..100).map(packet).collect();
        let mut writer = OggWriter::create(&path, false).unwrap();
        for packet in &packets {
            writer.write(packet.clone()).unwrap();
        }
        let killed = read(&path);
        assert!(killed.len() >= 80 && packets.starts_with(&killed), "{}", killed.len());
        writer.finish().unwrap();
        assert_eq!(read(&path), packets);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let cut = read(&path);
        assert!(cut.len() >= 80 && packets.starts_with(&cut));
        let mut reader = OggReader::open(&path).unwrap();
        for _ in 0..2 {
            assert_eq!(reader.next_packet().unwrap(), Some((packet(0), 960)));
            reader.rewind().unwrap();
        }
    }

    #[test]
    fn granule_positions_count_samples_and_gaps_are_filled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ogg");
        let mut writer = OggWriter::create(&path, true).unwrap();
        writer.write(packet(1)).unwrap();
        // 2,000 samples have room for two frames, and 80 samples are left.
        writer.fill(960 + 2_000, &packet(2)).unwrap();
        assert_eq!(writer.samples, 3 * 960);
        writer.fill(3 * 960 + 48_000, &packet(2)).unwrap();
        writer.write(packet(2)).unwrap();
        writer.finish().unwrap();
        let mut pages = PacketReader::new(File::open(&path).unwrap());
        let head = pages.read_packet().unwrap().unwrap().data;
        assert_eq!(head, *b"OpusHead\x01\x02\x00\x0f\x80\xbb\x00\x00\x00\x00\x00");
        assert!(pages.read_packet().unwrap().unwrap().data.starts_with(b"OpusTags\x0d\x00\x00\x00tangelo "));
        let mut samples = 0;
        while let Some(packet) = pages.read_packet().unwrap() {
            samples += u64::from(opus::samples(&packet.data).unwrap());
            if packet.last_in_page() {
                assert_eq!(packet.absgp_page(), samples);
            }
            assert_eq!(packet.last_in_stream(), samples == 54 * 960);
        }
        assert_eq!(samples, 54 * 960);
    }

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ogg");
        for bad in [&b""[..], b"OggS", &[0; 99]] {
            std::fs::write(&path, bad).unwrap();
            assert!(OggReader::open(&path).unwrap_err().to_string().contains("a.ogg: it is no Ogg file"));
        }
        let mut pages = PacketWriter::new(File::create(&path).unwrap());
        let surround = b"OpusHead\x01\x06\x00\x0f\x80\xbb\x00\x00\x00\x00\x01\x04\x02".to_vec();
        pages.write_packet(surround, 1, PacketWriteEndInfo::EndPage, 0).unwrap();
        assert!(OggReader::open(&path).unwrap_err().to_string().contains("two channels"));
    }
}
