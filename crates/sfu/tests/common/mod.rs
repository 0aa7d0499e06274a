//! A small world in memory: an SFU, clients on str0m, a network without sockets, and a clock of its own.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

pub mod camera;
pub mod link;

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use link::Link;
use str0m::{
    Candidate, Event, Input, Output as RtcOutput, Rtc, RtcConfig,
    change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer},
    format::Codec,
    media::{Direction, MediaKind as Kind, Mid, Rid},
    net::{Protocol, Receive, TcpType},
    rtp::{RtpPacket, RtpWrite},
};
use tangelo_sfu::{Answer, ForwardedPacket, OfferError, Output, Sfu, SfuConfig, Transport};
use tangelo_wire::{ClientId, LineUse, MediaKind, MediaLine, Picture, RoomName, Source};

pub const ALICE: ClientId = ClientId([0xa1; 16]);
pub const BOB: ClientId = ClientId([0xb0; 16]);
pub const CAROL: ClientId = ClientId([0xca; 16]);
pub const DAVE: ClientId = ClientId([0xda; 16]);

/// The least time between two steps.
const STEP: Duration = Duration::from_micros(50);
/// How long a datagram is under way.
const LATENCY: Duration = Duration::from_millis(5);

pub fn server() -> SocketAddr {
    "192.0.2.1:3478".parse().unwrap()
}

pub fn room(name: &str) -> RoomName {
    name.parse().unwrap()
}

pub fn send(source: Source) -> Option<LineUse> {
    Some(LineUse::Send { source })
}

pub fn receive(client: ClientId, source: Source) -> Option<LineUse> {
    Some(LineUse::Receive { client, source })
}

struct Flight {
    arrives: Instant,
    transport: Transport,
    source: SocketAddr,
    destination: SocketAddr,
    contents: Vec<u8>,
}

/// Decides whether a datagram (destination, contents) gets lost.
type Loss = Box<dyn FnMut(SocketAddr, &[u8]) -> bool>;

/// The same of a datagram to the server.
type LossUp = Box<dyn FnMut(&[u8]) -> bool>;

pub struct World {
    pub now: Instant,
    pub sfu: Sfu,
    pub peers: BTreeMap<ClientId, Peer>,
    /// What layers senders were asked for last.
    pub wanted: BTreeMap<(ClientId, Source), Vec<u8>>,
    /// What each client was told last to have no room for.
    pub paused: BTreeMap<ClientId, Vec<Picture>>,
    pub forwarded: Vec<ForwardedPacket>,
    pub connected: Vec<ClientId>,
    pub disconnected: Vec<ClientId>,
    pub loss: Loss,
    /// The same for what comes from clients.
    pub loss_up: LossUp,
    /// What the network carries to some clients.
    pub links: BTreeMap<ClientId, Link>,
    network: VecDeque<Flight>,
    /// What routers make of clients' addresses.
    pub nat: BTreeMap<SocketAddr, SocketAddr>,
}

/// A client: one `Rtc` in RTP mode.
pub struct Peer {
    pub rtc: Rtc,
    pub room: RoomName,
    pub address: SocketAddr,
    pub lines: Vec<MediaLine>,
    pub received: Vec<(Mid, RtpPacket)>,
    /// When each of them came, on which line, and its bytes of payload.
    pub arrivals: Vec<(Instant, Mid, usize)>,
    pub key_frame_requests: Vec<(Instant, Mid)>,
    /// Requests with the layer that they are for.
    pub key_frames_of: Vec<(Mid, Option<Rid>)>,
    /// Whether this client may fail, since somebody damages what it and the server say to each other.
    pub may_fail: bool,
    wake: Instant,
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "the one moment that the world's clock starts from")]
    pub fn new() -> Self {
        let now = Instant::now();
        let mut sfu = Sfu::new(SfuConfig::new(vec![server()]), now);
        sfu.set_tap(true);
        Self {
            now,
            sfu,
            peers: BTreeMap::new(),
            wanted: BTreeMap::new(),
            paused: BTreeMap::new(),
            forwarded: Vec::new(),
            connected: Vec::new(),
            disconnected: Vec::new(),
            loss: Box::new(|_, _| false),
            loss_up: Box::new(|_| false),
            links: BTreeMap::new(),
            nat: BTreeMap::new(),
            network: VecDeque::new(),
        }
    }

    pub fn add(&mut self, client: ClientId, room: RoomName) {
        self.add_with(client, room, Rtc::builder());
    }

    pub fn add_with(&mut self, client: ClientId, room: RoomName, builder: RtcConfig) {
        let port = 10_000 + u16::try_from(self.peers.len()).unwrap();
        let address = SocketAddr::from(([198, 51, 100, client.0[0]], port));
        let mut rtc = builder.set_rtp_mode(true).build(self.now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let peer = Peer {
            rtc,
            room,
            address,
            lines: Vec::new(),
            received: Vec::new(),
            arrivals: Vec::new(),
            key_frame_requests: Vec::new(),
            key_frames_of: Vec::new(),
            may_fail: false,
            wake: self.now,
        };
        self.peers.insert(client, peer);
    }

    /// From here on clients can come by TCP, too. For the beginning: whoever was there is forgotten.
    pub fn listen_on_tcp(&mut self) {
        let config = SfuConfig { tcp_candidates: vec![server()], ..SfuConfig::new(vec![server()]) };
        self.sfu = Sfu::new(config, self.now);
    }

    /// A client that can open TCP connections, and nothing else.
    pub fn add_by_tcp(&mut self, client: ClientId, room: RoomName) {
        self.add(client, room);
        let peer = self.peer(client);
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(peer.wake);
        let candidate = Candidate::builder().tcp().host(peer.address).tcptype(TcpType::Active);
        rtc.add_local_candidate(candidate.build().unwrap());
        peer.rtc = rtc;
    }

    pub fn peer(&mut self, client: ClientId) -> &mut Peer {
        self.peers.get_mut(&client).unwrap()
    }

    /// The client adds lines with these uses. Returns their mids.
    pub fn add_lines(&mut self, client: ClientId, uses: &[Option<LineUse>]) -> Vec<Mid> {
        let (offer, pending, mids) = self.peer(client).offer_lines(uses);
        self.negotiate(client, offer, pending).unwrap();
        mids
    }

    /// The client gives a line another use (none, or to receive something).
    pub fn use_line(&mut self, client: ClientId, mid: Mid, line_use: Option<LineUse>) {
        let peer = self.peer(client);
        let line = peer.lines.iter_mut().find(|line| line.mid == mid.to_string()).unwrap();
        let direction = direction(line_use.as_ref());
        line.line_use = line_use;
        // Something must change for str0m to make an offer; an unchanged direction is set twice.
        let before = peer.rtc.media(mid).unwrap().direction();
        let mut change = peer.rtc.sdp_api();
        if before == direction {
            change.set_direction(mid, Direction::SendRecv);
        }
        change.set_direction(mid, direction);
        let (offer, pending) = change.apply().unwrap();
        self.negotiate(client, offer, pending).unwrap();
    }

    pub fn negotiate(
        &mut self,
        client: ClientId,
        offer: SdpOffer,
        pending: SdpPendingOffer,
    ) -> Result<Answer, OfferError> {
        let peer = self.peers.get_mut(&client).unwrap();
        let answer = self.sfu.offer(self.now, &peer.room, client, &offer.to_sdp_string(), &peer.lines)?;
        let sdp = SdpAnswer::from_sdp_string(&answer.sdp).unwrap();
        peer.rtc.sdp_api().accept_answer(pending, sdp).unwrap();
        self.settle();
        Ok(answer)
    }

    /// The client restarts ICE and may be reached at this address from now on.
    pub fn restart_ice(&mut self, client: ClientId, address: SocketAddr) {
        let mut change = self.peer(client).rtc.sdp_api();
        change.ice_restart(false);
        let (offer, pending) = change.apply().unwrap();
        self.negotiate(client, offer, pending).unwrap();
        self.peer(client).rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
    }

    pub fn remove(&mut self, client: ClientId) {
        self.sfu.remove(self.now, client);
        self.settle();
    }

    /// Lets time pass.
    pub fn run(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        self.settle();
        while self.now < end {
            let peers = self.peers.values().map(|peer| peer.wake);
            let flights = self.network.front().map(|flight| flight.arrives);
            let next = peers.chain(flights).chain(self.sfu.poll_timeout()).min().unwrap_or(end);
            self.now = next.max(self.now + STEP).min(end);
            if self.sfu.poll_timeout().is_some_and(|at| at <= self.now) {
                self.sfu.handle_timeout(self.now);
            }
            for peer in self.peers.values_mut().filter(|peer| peer.wake <= self.now) {
                peer.input(Input::Timeout(self.now));
            }
            while self.network.front().is_some_and(|flight| flight.arrives <= self.now) {
                let flight = self.network.pop_front().unwrap();
                self.deliver(&flight);
            }
            self.settle();
        }
    }

    fn deliver(&mut self, flight: &Flight) {
        if flight.destination == server() {
            if (self.loss_up)(&flight.contents) {
                return;
            }
            let Flight { source, destination, contents, .. } = flight;
            let source = self.nat.get(source).unwrap_or(source);
            match flight.transport {
                Transport::Udp => self.sfu.handle_datagram(self.now, *source, *destination, contents),
                Transport::Tcp => self.sfu.handle_frame(self.now, *source, *destination, contents),
            }
        } else if let Some(peer) = self
            .peers
            .values_mut()
            .find(|peer| *self.nat.get(&peer.address).unwrap_or(&peer.address) == flight.destination)
        {
            let receive =
                Receive::new(protocol(flight.transport), flight.source, peer.address, &flight.contents)
                    .unwrap();
            peer.input(Input::Receive(self.now, receive));
            peer.drain(self.now, &mut self.network);
        }
        self.take_outputs();
    }

    pub fn settle(&mut self) {
        self.take_outputs();
        for peer in self.peers.values_mut() {
            peer.drain(self.now, &mut self.network);
        }
    }

    fn take_outputs(&mut self) {
        while let Some(output) = self.sfu.poll_output() {
            match output {
                Output::Transmit { transport, source, destination, contents } => {
                    assert_eq!(source, server());
                    if !(self.loss)(destination, &contents) {
                        self.fly(transport, source, destination, contents);
                    }
                }
                Output::Connected { client } => self.connected.push(client),
                Output::Disconnected { client } => self.disconnected.push(client),
                Output::Wanted { client, source, layers } => {
                    self.wanted.insert((client, source), layers);
                }
                Output::Paused { client, pictures } => {
                    self.paused.insert(client, pictures);
                }
                Output::Forwarded(packet) => self.forwarded.push(packet),
            }
        }
    }

    /// The server's datagram goes its way; flights stay in the order of their arrival.
    fn fly(&mut self, transport: Transport, source: SocketAddr, destination: SocketAddr, contents: Vec<u8>) {
        let client =
            self.peers.iter().find(|(_, peer)| peer.address == destination).map(|(client, _)| *client);
        let leaves = match client.and_then(|client| self.links.get_mut(&client)) {
            Some(link) => link.carry(self.now, contents.len()),
            None => Some(self.now),
        };
        let Some(leaves) = leaves else { return };
        let arrives = leaves + LATENCY;
        let place = self.network.partition_point(|flight| flight.arrives <= arrives);
        self.network.insert(place, Flight { arrives, transport, source, destination, contents });
    }

    /// Something arrives at the server from anywhere.
    pub fn inject(&mut self, source: SocketAddr, contents: &[u8]) {
        self.sfu.handle_datagram(self.now, source, server(), contents);
        self.take_outputs();
    }

    /// Takes the next datagram away that is under way to the server.
    pub fn take_flight(&mut self) -> Option<Vec<u8>> {
        let place = self.network.iter().position(|flight| flight.destination == server())?;
        self.network.remove(place).map(|flight| flight.contents)
    }

    /// Runs until these clients are connected.
    pub fn connect(&mut self, clients: &[ClientId]) {
        for _ in 0..200 {
            if clients
                .iter()
                .all(|client| self.connected.contains(client) && self.peers[client].rtc.is_connected())
            {
                return;
            }
            self.run(50);
        }
        panic!("not connected: {:?} of {clients:?}", self.connected);
    }

    /// The client sends `count` packets on a line, 20 ms apart, numbered from `first`.
    pub fn stream(&mut self, client: ClientId, mid: Mid, first: u64, count: u64) {
        for number in first..first + count {
            let now = self.now;
            self.peer(client).write(mid, number, now);
            self.run(20);
        }
    }

    /// What arrived at the client on a line.
    pub fn payloads(&self, client: ClientId, mid: Mid) -> Vec<Vec<u8>> {
        let received = &self.peers[&client].received;
        received.iter().filter(|(on, _)| *on == mid).map(|(_, packet)| packet.payload.to_vec()).collect()
    }
}

/// Alice sends something to Bob. Returns the mids of both.
pub fn call(source: Source) -> (World, Mid, Mid) {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    world.add(BOB, room("one"));
    let sent = world.add_lines(ALICE, &[send(source)]);
    let received = world.add_lines(BOB, &[receive(ALICE, source)]);
    world.connect(&[ALICE, BOB]);
    (world, sent[0], received[0])
}

/// The payload of a line's packet `number`: bytes that no codec makes, as ciphertext is.
pub fn payload(mid: Mid, number: u64) -> Vec<u8> {
    let seed = mid.bytes().map(u64::from).sum::<u64>().wrapping_mul(31).wrapping_add(number);
    let length = 40 + seed % 900;
    let mut payload: Vec<u8> =
        (0..length).map(|i| (seed.wrapping_mul(0x9e37_79b9).wrapping_add(i * i) >> 3) as u8).collect();
    // No picture number, which is changed when a line carries another track.
    payload[0] &= 0x7f;
    payload
}

pub fn payloads(mid: Mid, numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(|number| payload(mid, number)).collect()
}

fn protocol(transport: Transport) -> Protocol {
    match transport {
        Transport::Udp => Protocol::Udp,
        Transport::Tcp => Protocol::Tcp,
    }
}

fn transport(protocol: Protocol) -> Transport {
    if protocol == Protocol::Udp { Transport::Udp } else { Transport::Tcp }
}

fn direction(line_use: Option<&LineUse>) -> Direction {
    match line_use {
        Some(LineUse::Send { .. }) => Direction::SendOnly,
        Some(LineUse::Receive { .. }) => Direction::RecvOnly,
        None => Direction::Inactive,
    }
}

impl Peer {
    /// An offer with more lines, whose uses are noted.
    pub fn offer_lines(&mut self, uses: &[Option<LineUse>]) -> (SdpOffer, SdpPendingOffer, Vec<Mid>) {
        let mut change = self.rtc.sdp_api();
        let mut mids = Vec::new();
        for line_use in uses {
            let mid = add_media(&mut change, line_use.as_ref());
            self.lines.push(MediaLine { mid: mid.to_string(), line_use: *line_use });
            mids.push(mid);
        }
        let (offer, pending) = change.apply().unwrap();
        (offer, pending, mids)
    }

    /// Sends packet `number` of a line.
    pub fn write(&mut self, mid: Mid, number: u64, now: Instant) {
        let kind = self.rtc.media(mid).unwrap().kind();
        self.write_as(if kind == Kind::Audio { Codec::Opus } else { Codec::Vp8 }, mid, number, now);
    }

    pub fn write_as(&mut self, codec: Codec, mid: Mid, number: u64, now: Instant) {
        let kind = self.rtc.media(mid).unwrap().kind();
        let pt = self.rtc.codec_config().find(|params| params.spec().codec == codec).unwrap().pt();
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None).unwrap();
        let timestamp =
            u32::try_from(number).unwrap().wrapping_mul(if kind == Kind::Audio { 960 } else { 1_800 });
        stream.write_rtp(
            RtpWrite::new(pt, (1_000 + number).into(), timestamp, now, payload(mid, number))
                .marker(number % 3 == 2)
                .nackable(kind == Kind::Video),
        );
    }

    fn input(&mut self, input: Input<'_>) {
        if let Err(error) = self.rtc.handle_input(input) {
            assert!(self.may_fail, "a client failed: {error}");
            self.rtc.disconnect();
        }
    }

    fn drain(&mut self, now: Instant, network: &mut VecDeque<Flight>) {
        let mut rounds = 0;
        for _ in 0..1_000 {
            match self.rtc.poll_output().unwrap() {
                RtcOutput::Timeout(at) if at <= now && rounds < 8 => {
                    rounds += 1;
                    self.input(Input::Timeout(now));
                }
                RtcOutput::Timeout(at) => {
                    self.wake = at;
                    return;
                }
                RtcOutput::Transmit(transmit) => {
                    let arrives = now + LATENCY;
                    let place = network.partition_point(|flight| flight.arrives <= arrives);
                    let flight = Flight {
                        arrives,
                        transport: transport(transmit.proto),
                        source: transmit.source,
                        destination: transmit.destination,
                        contents: transmit.contents.to_vec(),
                    };
                    network.insert(place, flight);
                }
                RtcOutput::Event(Event::RtpPacket(packet)) => {
                    let mid = self.rtc.direct_api().stream_rx(&packet.header.ssrc).unwrap().mid();
                    self.arrivals.push((now, mid, packet.payload.len()));
                    self.received.push((mid, packet));
                }
                RtcOutput::Event(Event::KeyframeRequest(request)) => {
                    self.key_frame_requests.push((now, request.mid));
                    self.key_frames_of.push((request.mid, request.rid));
                }
                RtcOutput::Event(_) => {}
            }
        }
        panic!("a client does not settle");
    }
}

fn add_media(change: &mut SdpApi<'_>, line_use: Option<&LineUse>) -> Mid {
    let kind = match line_use {
        Some(LineUse::Send { source } | LineUse::Receive { source, .. }) => source.kind(),
        None => MediaKind::Audio,
    };
    let kind = if kind == MediaKind::Audio { Kind::Audio } else { Kind::Video };
    change.add_media(kind, direction(line_use), None, None, None)
}
