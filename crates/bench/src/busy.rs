//! The SFU at work all the time, in a time of its own.
//!
//! Clients that decrypt cost many times what the server does, so on one machine a server with real clients mostly waits, and its packets
//! are dear. Here server and clients have a virtual clock: however long the clients take, the server's next packets are due. The
//! processor time of the server's part alone is counted: the SFU with everything on (ICE, DTLS-SRTP, feedback, bandwidth estimation,
//! retransmission), the server's runs, and sending them to sockets on loopback.

use std::{
    collections::{BTreeMap, VecDeque},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use quinn_udp::{Transmit, UdpSocketState};
use str0m::{
    Candidate, Event, Input, Output as RtcOutput, Rtc,
    change::SdpAnswer,
    format::Codec,
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive},
    rtp::RtpWrite,
};
use tangelo_server::batch::{Batch, Run};
use tangelo_sfu::{Output, Sfu, SfuConfig};
use tangelo_wire::{ClientId, LineUse, MediaLine, RoomName, Source};

use crate::{
    Failure, Result, at,
    forward::{receive, thread_cpu},
};

/// How long everything may take to connect and to flow, in virtual time.
const SETTLE: Duration = Duration::from_secs(20);
/// What is sent within this time arrives together, as it does where a machine is busy.
const STEP: Duration = Duration::from_millis(1);
/// Datagrams in a run, as where the kernel takes them.
const SEGMENTS_MAX: usize = 64;
/// So many datagrams may be under way before the sockets' readers are waited for.
const UNDER_WAY: u64 = 2_048;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// How many send.
    pub publishers: usize,
    /// How many there are, those who send included.
    pub people: usize,
    /// What they send: pictures, or else sound.
    pub pictures: bool,
    /// Frames a second of each.
    pub frames: u64,
    /// Packets of a frame.
    pub packets: u64,
    /// Bytes of a packet's payload.
    pub payload_bytes: usize,
    /// How long, in virtual time.
    pub time: Duration,
}

/// What came out.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Outcome {
    /// Packets that the SFU forwarded.
    pub packets: u64,
    /// Those that clients got.
    pub received: u64,
    /// Packets with which one call sent, on average.
    pub run: f64,
    /// Processor time of the server's part.
    pub cpu_seconds: f64,
    /// Of that, in the SFU alone, without sending.
    pub sfu_cpu_seconds: f64,
    /// Packets for each second of processor time.
    pub packets_per_cpu_second: f64,
}

struct Peer {
    rtc: Rtc,
    address: SocketAddr,
    wake: Instant,
    /// The line that it sends on, and the next packet's number.
    sends: Option<(Mid, u64)>,
    connected: bool,
    received: u64,
}

/// Measures.
///
/// # Errors
/// If the clients do not connect, or the system refuses sockets or sends, or tells no processor times, as only Linux does.
pub fn measure(setup: Setup) -> Result<Outcome> {
    let mut world = World::new(setup)?;
    world.connect()?;
    // Until the estimates have found what there is.
    world.run(SETTLE)?;
    world.begin();
    world.run(setup.time)?;
    let (datagrams, runs) = world.sent();
    let packets = world.sfu.stats().packets_out - world.before.packets;
    let received = world.peers.iter().map(|peer| peer.received).sum::<u64>() - world.before.received;
    let (sfu, send) = (world.sfu_cpu.as_secs_f64(), world.send_cpu.as_secs_f64());
    Ok(Outcome {
        packets,
        received,
        run: datagrams as f64 / (runs as f64).max(1.0),
        cpu_seconds: sfu + send,
        sfu_cpu_seconds: sfu,
        packets_per_cpu_second: packets as f64 / (sfu + send),
    })
}

#[derive(Default)]
struct Before {
    packets: u64,
    received: u64,
    datagrams: u64,
    runs: u64,
}

struct World {
    setup: Setup,
    now: Instant,
    sfu: Sfu,
    server: SocketAddr,
    peers: Vec<Peer>,
    places: BTreeMap<SocketAddr, usize>,
    /// Where the clients' datagrams go on loopback, too: to be taken and counted.
    sinks: Vec<SocketAddr>,
    taken: Arc<AtomicU64>,
    handed: u64,
    socket: std::net::UdpSocket,
    state: UdpSocketState,
    batch: Batch,
    to_clients: VecDeque<(usize, Vec<u8>)>,
    to_server: VecDeque<(SocketAddr, Vec<u8>)>,
    next_frame: Vec<Instant>,
    sfu_cpu: Duration,
    send_cpu: Duration,
    before: Before,
}

impl World {
    fn new(setup: Setup) -> Result<Self> {
        let now = Instant::now();
        let server = SocketAddr::from(([192, 0, 2, 1], 3_478));
        let taken = Arc::new(AtomicU64::new(0));
        let sinks = receive(setup.people, &taken)?;
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(at("opening the socket that sends"))?;
        let state = UdpSocketState::new((&socket).into()).map_err(at("preparing the socket that sends"))?;
        let mut world = Self {
            setup,
            now,
            sfu: Sfu::new(SfuConfig::new(vec![server]), now),
            server,
            peers: Vec::new(),
            places: BTreeMap::new(),
            sinks,
            taken,
            handed: 0,
            socket,
            state,
            batch: Batch::default(),
            to_clients: VecDeque::new(),
            to_server: VecDeque::new(),
            next_frame: Vec::new(),
            sfu_cpu: Duration::ZERO,
            send_cpu: Duration::ZERO,
            before: Before::default(),
        };
        for place in 0..setup.people {
            world.add(place)?;
        }
        Ok(world)
    }

    /// A client that sends if it is one of the first, and receives what all of those send.
    fn add(&mut self, place: usize) -> Result<()> {
        let Setup { publishers, pictures, .. } = self.setup;
        let (source, kind) = if pictures {
            (Source::Camera, MediaKind::Video)
        } else {
            (Source::Microphone, MediaKind::Audio)
        };
        let number = u16::try_from(place).map_err(at("counting"))?;
        let address = SocketAddr::from(([198, 51, 100, 1], 10_000 + number));
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(self.now);
        rtc.add_local_candidate(Candidate::host(address, "udp").map_err(at("making a candidate"))?);
        let mut change = rtc.sdp_api();
        let mut lines = Vec::new();
        if place < publishers {
            let mid = change.add_media(kind, Direction::SendOnly, None, None, None);
            lines.push((mid, LineUse::Send { source }));
        }
        for other in (0..publishers).filter(|other| *other != place) {
            let mid = change.add_media(kind, Direction::RecvOnly, None, None, None);
            lines.push((mid, LineUse::Receive { client: client(other), source }));
        }
        let sends = lines.iter().find(|_| place < publishers).map(|(mid, _)| (*mid, 1_000));
        let said: Vec<MediaLine> = lines
            .into_iter()
            .map(|(mid, line_use)| MediaLine { mid: mid.to_string(), line_use: Some(line_use) })
            .collect();
        let (offer, pending) = change.apply().ok_or_else(|| Failure("there is nothing to offer".into()))?;
        let room: RoomName = "bench".parse().map_err(at("naming the room"))?;
        let answer = self
            .sfu
            .offer(self.now, &room, client(place), &offer.to_sdp_string(), &said)
            .map_err(at("offering"))?;
        let answer = SdpAnswer::from_sdp_string(&answer.sdp).map_err(at("reading the answer"))?;
        rtc.sdp_api().accept_answer(pending, answer).map_err(at("taking the answer"))?;
        self.places.insert(address, place);
        let apart = Duration::from_secs(1).mul_f64(place as f64 * 0.618_034 % 1.0);
        self.next_frame.push(self.now + apart / u32::try_from(self.setup.frames.max(1)).unwrap_or(1));
        self.peers.push(Peer { rtc, address, wake: self.now, sends, connected: false, received: 0 });
        // So that the server's bound on new sessions is not met.
        self.step(Duration::from_millis(50))
    }

    fn connect(&mut self) -> Result<()> {
        let end = self.now + SETTLE;
        while self.peers.iter().any(|peer| !peer.connected) {
            if self.now > end {
                return Err(Failure("the clients do not connect".to_owned()));
            }
            self.step(STEP)?;
        }
        Ok(())
    }

    fn begin(&mut self) {
        (self.sfu_cpu, self.send_cpu) = (Duration::ZERO, Duration::ZERO);
        let sent = self.batch.sent();
        self.before = Before {
            packets: self.sfu.stats().packets_out,
            received: self.peers.iter().map(|peer| peer.received).sum(),
            datagrams: sent.datagrams,
            runs: sent.runs,
        };
    }

    fn sent(&self) -> (u64, u64) {
        let sent = self.batch.sent();
        (sent.datagrams - self.before.datagrams, sent.runs - self.before.runs)
    }

    fn run(&mut self, time: Duration) -> Result<()> {
        let end = self.now + time;
        while self.now < end {
            self.write();
            self.step(STEP)?;
        }
        Ok(())
    }

    /// Frames that are due.
    fn write(&mut self) {
        let Setup { frames, packets, payload_bytes, pictures, .. } = self.setup;
        let period = Duration::from_secs(1) / u32::try_from(frames.max(1)).unwrap_or(1);
        for (peer, due) in self.peers.iter_mut().zip(&mut self.next_frame) {
            let Some((mid, next)) = &mut peer.sends else { continue };
            if *due > self.now {
                continue;
            }
            *due += period;
            peer.wake = self.now;
            let codec = if pictures { Codec::Vp8 } else { Codec::Opus };
            let Some(pt) =
                peer.rtc.codec_config().find(|params| params.spec().codec == codec).map(|params| params.pt())
            else {
                continue;
            };
            let clock = if pictures { 90_000 } else { 48_000 };
            let frame = *next / packets.max(1);
            let timestamp = (frame * clock / frames.max(1)) as u32;
            for part in 0..packets {
                let mut direct = peer.rtc.direct_api();
                let Some(stream) = direct.stream_tx_by_mid(*mid, None) else { continue };
                let payload = payload(pictures, part == 0, payload_bytes, *next);
                let write = RtpWrite::new(pt, (*next).into(), timestamp, self.now, payload);
                stream.write_rtp(write.marker(part + 1 == packets).nackable(pictures));
                *next += 1;
            }
        }
    }

    /// Lets so much time pass.
    fn step(&mut self, time: Duration) -> Result<()> {
        self.now += time;
        for place in 0..self.peers.len() {
            if self.peers.get(place).is_some_and(|peer| peer.wake <= self.now) {
                self.drain(place)?;
            }
        }
        self.serve()?;
        while let Some((place, contents)) = self.to_clients.pop_front() {
            let Some(peer) = self.peers.get_mut(place) else { continue };
            let datagram = Receive::new(Protocol::Udp, self.server, peer.address, &contents)
                .map_err(at("reading a datagram"))?;
            peer.rtc.handle_input(Input::Receive(self.now, datagram)).map_err(at("taking a datagram"))?;
            self.drain(place)?;
        }
        Ok(())
    }

    /// The server's part: all that came at once, and what is due.
    fn serve(&mut self) -> Result<()> {
        let start = thread_cpu()?;
        let mut outputs = Vec::new();
        for (source, contents) in self.to_server.drain(..) {
            self.sfu.handle_datagram(self.now, source, self.server, &contents);
        }
        if self.sfu.poll_timeout().is_some_and(|at| at <= self.now) {
            self.sfu.handle_timeout(self.now);
        }
        while let Some(output) = self.sfu.poll_output() {
            if let Output::Transmit { source, destination, contents, .. } = output {
                outputs.push((source, destination, contents));
            }
        }
        let forwarded = thread_cpu()?;
        let (batch, out) = (
            &mut self.batch,
            Out { places: &self.places, sinks: &self.sinks, state: &self.state, socket: &self.socket },
        );
        for (source, destination, contents) in &outputs {
            batch.add((*source, *destination), contents, SEGMENTS_MAX, |run| out.send(run));
        }
        batch.flush(|run| out.send(run));
        let sent = thread_cpu()?;
        self.sfu_cpu += forwarded.saturating_sub(start);
        self.send_cpu += sent.saturating_sub(forwarded);
        self.handed += outputs.len() as u64;
        for (_, destination, contents) in outputs {
            if let Some(place) = self.places.get(&destination) {
                self.to_clients.push_back((*place, contents.to_vec()));
            }
        }
        // Nobody outruns the readers: what the kernel drops would cost less.
        let wait = Instant::now();
        while self.handed.saturating_sub(self.taken.load(Relaxed)) > UNDER_WAY {
            if wait.elapsed() > Duration::from_millis(200) {
                self.handed = self.taken.load(Relaxed);
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    fn drain(&mut self, place: usize) -> Result<()> {
        let Some(peer) = self.peers.get_mut(place) else { return Ok(()) };
        let mut rounds = 0;
        loop {
            match peer.rtc.poll_output().map_err(at("asking a client"))? {
                RtcOutput::Timeout(at_time) if at_time <= self.now + STEP / 4 && rounds < 64 => {
                    rounds += 1;
                    peer.rtc
                        .handle_input(Input::Timeout(self.now.max(at_time)))
                        .map_err(at("waking a client"))?;
                }
                RtcOutput::Timeout(at_time) => {
                    peer.wake = at_time;
                    return Ok(());
                }
                RtcOutput::Transmit(transmit) => {
                    self.to_server.push_back((transmit.source, transmit.contents.to_vec()));
                }
                RtcOutput::Event(Event::RtpPacket(_)) => peer.received += 1,
                RtcOutput::Event(Event::Connected) => peer.connected = true,
                RtcOutput::Event(_) => {}
            }
        }
    }
}

/// Where the server's runs go.
struct Out<'a> {
    places: &'a BTreeMap<SocketAddr, usize>,
    sinks: &'a [SocketAddr],
    state: &'a UdpSocketState,
    socket: &'a std::net::UdpSocket,
}

impl Out<'_> {
    fn send(&self, run: Run<'_>) {
        let sink = self.places.get(&run.destination).and_then(|place| self.sinks.get(*place));
        let Some(destination) = sink.copied() else { return };
        let transmit = Transmit {
            destination,
            ecn: None,
            contents: run.contents,
            segment_size: (run.contents.len() > run.segment_bytes).then_some(run.segment_bytes),
            src_ip: None,
        };
        // What the kernel does not take is as good as lost.
        let _ = self.state.try_send(self.socket.into(), &transmit);
    }
}

fn client(place: usize) -> ClientId {
    let mut id = [1; 16];
    for (byte, new) in id.iter_mut().zip(place.to_be_bytes().iter().rev()) {
        *byte = *new;
    }
    ClientId(id)
}

/// A packet of sound, or of a picture: its descriptor and the head of a key frame are in clear (RFC 7741).
fn payload(pictures: bool, first: bool, bytes: usize, number: u64) -> Vec<u8> {
    let mut payload = Vec::with_capacity(bytes);
    if pictures {
        let [high, low] = (number as u16 | 0x8000).to_be_bytes();
        payload.extend([0x80 | if first { 0x10 } else { 0 }, 0xe0, high, low, low, 0x20]);
        payload.extend([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0x68, 0x01]);
    }
    payload.resize(bytes, 0xa5);
    payload
}
