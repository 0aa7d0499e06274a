//! The tap: a pcap file of what the SFU forwards, so that anyone can see that it is ciphertext.
//!
//! Classic pcap with LINKTYPE_RAW: each RTP packet (RFC 3550), SRTP removed, in a made-up IPv4 and UDP header, so
//! that Wireshark opens it; "Decode As... RTP" for the UDP ports below. Addresses are 10.x.y.z with the first three
//! bytes of the sender's and the receiver's client id; the source port tells the source.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tangelo_sfu::ForwardedPacket;
use tangelo_wire::{ClientId, Source};

/// Packets that may wait for the disk. More are left out, and counted in the log: media does not wait.
const QUEUE_MAX: usize = 16_384;

pub(crate) struct Tap {
    /// `None` only while it ends.
    packets: Option<SyncSender<Vec<u8>>>,
    writer: Option<JoinHandle<()>>,
    left_out: u64,
}

impl Tap {
    /// Begins the file, in place of an older one, and a thread that writes it.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&FILE_HEADER)?;
        file.flush()?;
        let (packets, queue) = sync_channel(QUEUE_MAX);
        let writer = thread::Builder::new().name("tap".into()).spawn(move || {
            if let Err(error) = write(&mut file, &queue) {
                tracing::error!("the tap ends: {error}");
            }
        })?;
        Ok(Self { packets: Some(packets), writer: Some(writer), left_out: 0 })
    }

    pub(crate) fn note(&mut self, packet: &ForwardedPacket) {
        let Some(packets) = &self.packets else { return };
        if let Err(TrySendError::Full(_)) = packets.try_send(record(packet)) {
            self.left_out = self.left_out.saturating_add(1);
            if self.left_out.is_power_of_two() {
                tracing::warn!(
                    left_out = self.left_out,
                    "the disk is too slow for the tap: packets are left out"
                );
            }
        }
    }
}

/// Waits until everything is in the file: the program may end right after.
impl Drop for Tap {
    fn drop(&mut self) {
        self.packets = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Writes until the tap is dropped. Whatever waits longer than a moment is flushed, so that the file can be read
/// while the call goes on.
fn write(file: &mut BufWriter<File>, queue: &Receiver<Vec<u8>>) -> io::Result<()> {
    loop {
        match queue.recv_timeout(Duration::from_millis(100)) {
            Ok(record) => file.write_all(&record)?,
            Err(RecvTimeoutError::Timeout) => file.flush()?,
            Err(RecvTimeoutError::Disconnected) => return file.flush(),
        }
    }
}

/// Magic number for microseconds, version 2.4, no time zone, longest packet 65535, LINKTYPE_RAW (101).
const FILE_HEADER: [u8; 24] =
    [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101, 0, 0, 0];

/// A packet with the pcap, IPv4, UDP and RTP headers.
fn record(packet: &ForwardedPacket) -> Vec<u8> {
    let mut rtp = Vec::with_capacity(12 + packet.payload.len());
    rtp.push(0x80);
    rtp.push((u8::from(packet.marker) << 7) | (packet.payload_type & 0x7f));
    rtp.extend(packet.sequence_number.to_be_bytes());
    rtp.extend(packet.timestamp.to_be_bytes());
    rtp.extend(packet.ssrc.to_be_bytes());
    rtp.extend(&packet.payload);

    let udp_length = u16::try_from(8 + rtp.len()).unwrap_or(u16::MAX);
    let ip_length = udp_length.saturating_add(20);
    let length = u32::from(ip_length);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();

    let mut record = Vec::with_capacity(16 + 28 + rtp.len());
    record.extend(u32::try_from(now.as_secs()).unwrap_or(u32::MAX).to_le_bytes());
    record.extend(now.subsec_micros().to_le_bytes());
    record.extend(length.to_le_bytes());
    record.extend(length.to_le_bytes());

    let ip_at = record.len();
    record.extend([0x45, 0]);
    record.extend(ip_length.to_be_bytes());
    record.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    record.extend(address(packet.from));
    record.extend(address(packet.to));
    let checksum = checksum(record.get(ip_at..).unwrap_or_default());
    if let Some(field) = record.get_mut(ip_at + 10..ip_at + 12) {
        field.copy_from_slice(&checksum.to_be_bytes());
    }
    // UDP without a checksum (RFC 768).
    record.extend(port(packet.source).to_be_bytes());
    record.extend(5004_u16.to_be_bytes());
    record.extend(udp_length.to_be_bytes());
    record.extend([0, 0]);
    record.extend(&rtp);
    record
}

fn address(client: ClientId) -> [u8; 4] {
    let [a, b, c, ..] = client.0;
    [10, a, b, c]
}

fn port(source: Source) -> u16 {
    match source {
        Source::Microphone => 5004,
        Source::Camera => 5006,
        Source::Screen => 5008,
        Source::ScreenAudio => 5010,
    }
}

/// RFC 1071.
fn checksum(header: &[u8]) -> u16 {
    let word = |pair: &[u8]| pair.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
    let mut sum: u32 = header.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> ForwardedPacket {
        ForwardedPacket {
            room: "a".parse().unwrap(),
            from: ClientId([1; 16]),
            source: Source::Camera,
            to: ClientId([2; 16]),
            payload_type: 96,
            sequence_number: 0x0304,
            timestamp: 0x0506_0708,
            marker: true,
            ssrc: 0x090a_0b0c,
            payload: vec![0xee; 5],
        }
    }

    #[test]
    fn a_tap_that_is_dropped_has_written_everything() {
        let path = std::env::temp_dir().join(format!("tangelo-tap-{}.pcap", std::process::id()));
        let mut tap = Tap::create(&path).unwrap();
        for _ in 0..QUEUE_MAX {
            tap.note(&packet());
        }
        assert_eq!(tap.left_out, 0);
        drop(tap);
        let length = std::fs::metadata(&path).unwrap().len();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(length, (FILE_HEADER.len() + QUEUE_MAX * record(&packet()).len()) as u64);
    }

    #[test]
    fn a_record_holds_the_packet_behind_correct_headers() {
        let record = record(&packet());
        assert_eq!(record.len(), 16 + 20 + 8 + 12 + 5);
        assert_eq!(record[8..12], 45_u32.to_le_bytes());
        let ip = &record[16..36];
        assert_eq!(checksum(ip), 0, "a header with its own checksum sums up to nothing");
        assert_eq!((&ip[12..16], &ip[16..20]), (&[10, 1, 1, 1][..], &[10, 2, 2, 2][..]));
        assert_eq!(record[36..40], [0x13, 0x8e, 0x13, 0x8c]);
        assert_eq!(record[44..], [0x80, 0xe0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xee, 0xee, 0xee, 0xee, 0xee]);
    }
}
