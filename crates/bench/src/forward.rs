//! The forwarding loop with nothing around it: what a server on this machine could do at best.
//!
//! An SRTP packet is opened once, and for each receiver gets a header of its own, is sealed under that one's key, and is
//! sent in runs (GSO) to a socket on loopback, from which somebody takes it. No ICE, no congestion control, no rooms.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use quinn_udp::{Transmit, UdpSocketState};
use tokio::net::UdpSocket;

use crate::{Failure, Result, at};

/// Bytes of an RTP header with the extension for transport-wide feedback (RFC 3550 section 5.1, RFC 8285).
const HEADER_BYTES: usize = 12 + 8;
/// Bytes that SRTP adds (RFC 7714).
const TAG_BYTES: usize = 16;
/// So many packets may be under way to a receiver before the loop waits for them to be taken.
const UNDER_WAY: u64 = 32;
/// What is under way for longer than this is lost.
const PATIENCE: Duration = Duration::from_millis(200);

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// To how many each packet goes.
    pub receivers: usize,
    /// Bytes of its payload.
    pub payload_bytes: usize,
    /// Packets that go to a receiver in one call, on average.
    pub run: f64,
    /// How long.
    pub time: Duration,
}

/// What came out.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Outcome {
    /// Packets that were sent.
    pub packets: u64,
    /// Those that nobody got: a loop that outruns its receivers would look faster than it is.
    pub lost: u64,
    /// Processor time of the loop.
    pub cpu_seconds: f64,
    /// Packets for each second of that.
    pub packets_per_cpu_second: f64,
}

/// A receiver as the loop sees it.
struct Receiver {
    address: SocketAddr,
    key: LessSafeKey,
    sequence: u64,
    run: Vec<u8>,
    segments: u64,
}

/// Measures.
///
/// # Errors
/// If the system refuses sockets or sends, or does not tell processor times, as only Linux does.
pub fn measure(setup: Setup) -> Result<Outcome> {
    let taken = Arc::new(AtomicU64::new(0));
    let addresses = receive(setup.receivers, &taken)?;
    let socket =
        std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(at("opening the socket that sends"))?;
    let state = UdpSocketState::new((&socket).into()).map_err(at("preparing the socket that sends"))?;
    let mut receivers = Vec::new();
    for address in addresses {
        let (key, run) = (new_key(receivers.len())?, Vec::with_capacity(1 << 16));
        receivers.push(Receiver { address, key, sequence: 0, run, segments: 0 });
    }
    let sender_key = new_key(usize::MAX)?;
    let sealed = sealed_packet(&sender_key, setup.payload_bytes)?;
    let segment_bytes = sealed.len();
    let send = |receiver: &mut Receiver| {
        let transmit = Transmit {
            destination: receiver.address,
            ecn: None,
            contents: &receiver.run,
            segment_size: Some(segment_bytes),
            src_ip: None,
        };
        let outcome = state.try_send((&socket).into(), &transmit);
        receiver.run.clear();
        receiver.segments = 0;
        outcome.map_err(at("sending"))
    };

    let (mut sent, mut lost, mut runs) = (0, 0, 0_u64);
    let mut packet = Vec::with_capacity(segment_bytes);
    // Packets after which the present run is sent: rounded so that runs have the wanted length on average.
    let ends = |runs: u64| ((runs + 1) as f64 * setup.run.max(1.0)) as u64;
    let (begin, cpu) = (Instant::now(), thread_cpu()?);
    let mut came = 0_u64;
    while begin.elapsed() < setup.time {
        packet.clear();
        packet.extend_from_slice(&sealed);
        let (header, body) = packet.split_at_mut(HEADER_BYTES);
        let payload = sender_key
            .open_in_place(nonce(0), Aad::from(&*header), body)
            .map_err(at("opening the packet"))?;
        came += 1;
        let is_end = came >= ends(runs);
        for receiver in &mut receivers {
            seal(receiver, header, payload)?;
            if is_end {
                sent += receiver.segments;
                send(receiver)?;
            }
        }
        runs += u64::from(is_end);
        if is_end {
            lost += wait(sent - lost, &taken, UNDER_WAY * setup.receivers as u64);
        }
    }
    let cpu_seconds = thread_cpu()?.saturating_sub(cpu).as_secs_f64();
    std::thread::sleep(PATIENCE);
    lost = sent.saturating_sub(taken.load(Relaxed)).max(lost);
    Ok(Outcome { packets: sent, lost, cpu_seconds, packets_per_cpu_second: sent as f64 / cpu_seconds })
}

/// Adds a packet to a receiver's run: a header of its own, the payload sealed under its key.
fn seal(receiver: &mut Receiver, header: &[u8], payload: &[u8]) -> Result<()> {
    let start = receiver.run.len();
    receiver.run.extend_from_slice(header);
    receiver.run.extend_from_slice(payload);
    receiver.sequence += 1;
    let (header, body) = receiver
        .run
        .get_mut(start..)
        .unwrap_or_default()
        .split_at_mut_checked(HEADER_BYTES)
        .unwrap_or_default();
    // Sequence number, timestamp and SSRC are the receiver's.
    let number = receiver.sequence.to_be_bytes();
    let ssrc = u32::from(receiver.address.port()).to_be_bytes();
    let new = number.iter().skip(6).chain(number.iter().skip(4)).chain(&ssrc);
    header.iter_mut().skip(2).zip(new).for_each(|(byte, new)| *byte = *new);
    let tag = receiver
        .key
        .seal_in_place_separate_tag(nonce(receiver.sequence), Aad::from(&*header), body)
        .map_err(at("sealing a packet"))?;
    receiver.run.extend_from_slice(tag.as_ref());
    receiver.segments += 1;
    Ok(())
}

/// Waits until few enough packets are under way. Returns how many are given up.
fn wait(sent: u64, taken: &AtomicU64, most: u64) -> u64 {
    let begin = Instant::now();
    loop {
        let under_way = sent.saturating_sub(taken.load(Relaxed));
        if under_way <= most {
            return 0;
        }
        if begin.elapsed() > PATIENCE {
            return under_way;
        }
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Sockets from which another thread takes what comes, one datagram at a time as clients do, and counts it.
pub(crate) fn receive(count: usize, taken: &Arc<AtomicU64>) -> Result<Vec<SocketAddr>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(at("starting the receivers"))?;
    let sockets = runtime.block_on(async {
        let mut sockets = Vec::new();
        for _ in 0..count {
            sockets.push(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        }
        io::Result::Ok(sockets)
    });
    let sockets = sockets.map_err(at("opening the receivers' sockets"))?;
    let addresses: io::Result<Vec<_>> = sockets.iter().map(UdpSocket::local_addr).collect();
    for socket in sockets {
        let taken = Arc::clone(taken);
        runtime.spawn(async move {
            let mut datagram = [0; 2_048];
            while socket.recv_from(&mut datagram).await.is_ok() {
                taken.fetch_add(1, Relaxed);
            }
        });
    }
    // It ends with the program.
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    addresses.map_err(at("opening the receivers' sockets"))
}

fn new_key(number: usize) -> Result<LessSafeKey> {
    let mut key = [7; 16];
    for (byte, more) in key.iter_mut().zip(number.to_be_bytes()) {
        *byte ^= more;
    }
    UnboundKey::new(&AES_128_GCM, &key).map(LessSafeKey::new).map_err(at("making a key"))
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    for (byte, new) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
        *byte = new;
    }
    Nonce::assume_unique_for_key(nonce)
}

/// What comes from the sender.
fn sealed_packet(key: &LessSafeKey, payload_bytes: usize) -> Result<Vec<u8>> {
    let mut packet = vec![0x90; HEADER_BYTES];
    let mut payload = vec![0xa5; payload_bytes];
    key.seal_in_place_append_tag(nonce(0), Aad::from(&packet), &mut payload)
        .map_err(at("sealing the packet"))?;
    debug_assert_eq!(payload.len(), payload_bytes + TAG_BYTES);
    packet.extend_from_slice(&payload);
    Ok(packet)
}

/// Processor time of this thread.
pub(crate) fn thread_cpu() -> Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")
        .map_err(|error| Failure(format!("only Linux tells processor times of threads: {error}")))?;
    let ns = text.split(' ').next().and_then(|ns| ns.parse().ok());
    ns.map(Duration::from_nanos)
        .ok_or_else(|| Failure("the kernel tells no processor times of threads".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_sent_is_what_receivers_take() {
        for run in [1.0, 2.5] {
            let time = Duration::from_millis(100);
            let outcome = measure(Setup { receivers: 3, payload_bytes: 100, run, time }).unwrap();
            assert!(outcome.packets > 0 && outcome.lost * 10 <= outcome.packets, "{outcome:?}");
        }
    }

    #[test]
    fn receivers_get_packets_that_differ_and_open_under_their_keys() {
        let mut receivers = [1, 2].map(|number| Receiver {
            address: SocketAddr::from(([127, 0, 0, 1], 9)),
            key: new_key(number).unwrap(),
            sequence: 0,
            run: Vec::new(),
            segments: 0,
        });
        let sealed = sealed_packet(&new_key(0).unwrap(), 50).unwrap();
        for receiver in &mut receivers {
            for _ in 0..2 {
                seal(receiver, &sealed[..HEADER_BYTES], &[9; 50]).unwrap();
            }
            assert_eq!((receiver.run.len(), receiver.segments), (2 * sealed.len(), 2));
            for (number, packet) in receiver.run.chunks(sealed.len()).enumerate() {
                let mut packet = packet.to_vec();
                let (header, body) = packet.split_at_mut(HEADER_BYTES);
                let opened = receiver.key.open_in_place(nonce(number as u64 + 1), Aad::from(&*header), body);
                assert_eq!(opened.unwrap(), [9; 50]);
            }
        }
        assert_ne!(receivers[0].run, receivers[1].run);
    }
}
