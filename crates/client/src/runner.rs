//! The loop that moves bytes between session, WebSocket, peer connection and owner.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use ed25519_dalek::{Signer, SigningKey};
use futures_util::{SinkExt, StreamExt};
use tangelo_call::{Command, Config, Event, FrameVerdict, IdentityKey, Output, Session, Words};
use tangelo_wire::{ClientId, LineUse, Millis, Source};
use tokio::{net::UdpSocket, sync::mpsc, task::JoinHandle, time::sleep_until};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    Address, Ask, ConnectError, Frame, Happening, JoinError,
    connect::{Socket, connect, media_socket},
    media::MediaConnection,
    peer::{News, SealedFrame},
    tls::Tls,
    traffic::Traffic,
};

/// A program that sends sound has something to say, as far as others are to know: loudness is not measured here.
const SPOKE: u8 = 5;

/// A remote line: its receiver in the session, and the frames that wait under their tickets.
struct Line {
    receiver: u32,
    /// A frame was lost or dropped since the last that was handed on.
    broken: bool,
    /// A frame was decrypted.
    opened: bool,
    held: BTreeMap<u32, SealedFrame>,
}

pub(crate) struct Runner {
    address: Address,
    tls: Option<Tls>,
    identity: SigningKey,
    session: Session,
    /// A WebSocket that is being opened: sound and picture go on meanwhile.
    connecting: Option<Task<Result<Box<Socket>, ConnectError>>>,
    /// A socket for another way of sound and picture.
    renewing: Option<Task<Result<(SocketAddr, UdpSocket), JoinError>>>,
    asked: mpsc::Receiver<Ask>,
    tell: mpsc::Sender<Happening>,
    start: Instant,
    udp: UdpSocket,
    socket: Option<Socket>,
    media: MediaConnection,
    sources: Vec<Source>,
    remote: Vec<LineUse>,
    inside: bool,
    lines: BTreeMap<(ClientId, Source), Line>,
    next_ticket: u32,
    traffic: Traffic,
    ended: bool,
}

/// Something that takes its time; given up when it is dropped.
struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    fn begin(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Waits for the end of a task; for ever if there is none, or none that ends.
    async fn end(task: &mut Option<Self>) -> T {
        if let Some(Self(handle)) = task
            && let Ok(done) = handle.await
        {
            return done;
        }
        std::future::pending().await
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the loop waits for.
enum Input {
    Connected(Result<Box<Socket>, ConnectError>),
    Renewed(Result<(SocketAddr, UdpSocket), JoinError>),
    Text(Option<String>),
    Datagram(SocketAddr, usize),
    Ask(Option<Ask>),
    Timeout,
}

impl Runner {
    pub(crate) async fn new(
        address: Address,
        name: &str,
        identity: SigningKey,
        tls: Option<Tls>,
        asked: mpsc::Receiver<Ask>,
        tell: mpsc::Sender<Happening>,
    ) -> Result<Self, JoinError> {
        let key = IdentityKey(identity.verifying_key().to_bytes());
        let config = Config { host: &address.host, link: &address.link, name, identity: key };
        let session = Session::new(config)?;
        let udp = media_socket(&address).await?;
        let start = Instant::now();
        let media = MediaConnection::new(start, udp.local_addr()?);
        Ok(Self {
            address,
            tls,
            identity,
            session,
            connecting: None,
            renewing: None,
            asked,
            tell,
            start,
            udp,
            socket: None,
            media,
            sources: Vec::new(),
            remote: Vec::new(),
            inside: false,
            lines: BTreeMap::new(),
            next_ticket: 0,
            traffic: Traffic::default(),
            ended: false,
        })
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    pub(crate) async fn run(mut self) {
        let mut datagram = vec![0; 2_048];
        self.work().await;
        while !self.ended {
            let input = self.wait(&mut datagram).await;
            let now = Instant::now();
            match input {
                Input::Connected(result) => self.connected(result),
                Input::Renewed(result) => self.renewed(now, result),
                Input::Text(Some(text)) => self.session.receive(self.millis(now), &text),
                Input::Text(None) => {
                    self.socket = None;
                    self.session.disconnected(self.millis(now));
                }
                Input::Datagram(source, length) => {
                    let contents = datagram.get(..length).unwrap_or_default();
                    self.traffic.received(contents);
                    self.media.receive(now, source, contents);
                }
                Input::Ask(Some(ask)) => self.ask(now, ask),
                Input::Ask(None) => self.session.command(self.millis(now), Command::Leave {}),
                Input::Timeout => {
                    let at = self.millis(now);
                    if self.session.poll_timeout().is_some_and(|due| due <= at) {
                        self.session.handle_timeout(at);
                    }
                    self.media.handle_timeout(now);
                    if self.media.is_to_renew(now) {
                        self.renew_media(now);
                    }
                }
            }
            self.work().await;
        }
    }

    async fn wait(&mut self, datagram: &mut [u8]) -> Input {
        let session = self.session.poll_timeout().map(|at| self.start + Duration::from_millis(at.0));
        let wake = session.map_or(self.media.poll_timeout(), |at| at.min(self.media.poll_timeout()));
        let text = async {
            match &mut self.socket {
                None => std::future::pending().await,
                Some(socket) => next_text(socket).await,
            }
        };
        tokio::select! {
            result = Task::end(&mut self.connecting) => Input::Connected(result),
            result = Task::end(&mut self.renewing) => Input::Renewed(result),
            text = text => Input::Text(text),
            received = self.udp.recv_from(datagram) => match received {
                Ok((length, source)) => Input::Datagram(source, length),
                Err(_) => Input::Timeout,
            },
            ask = self.asked.recv() => Input::Ask(ask),
            () = sleep_until(wake.into()) => Input::Timeout,
        }
    }

    fn ask(&mut self, now: Instant, ask: Ask) {
        match ask {
            Ask::Publish(source) => {
                if !self.sources.contains(&source) {
                    self.sources.push(source);
                    self.update_lines();
                }
            }
            Ask::Send { source, timestamp, frame } => {
                let mut sealed = Vec::new();
                let codec = codec(source);
                let verdict = self.session.seal(self.millis(now), source, codec, &frame, &mut sealed);
                if verdict == FrameVerdict::Pass {
                    self.media.send(now, source, timestamp, sealed);
                }
                if source == Source::Microphone {
                    self.session.command(self.millis(now), Command::Spoke { level: SPOKE });
                }
            }
            Ask::Show(state) => self.session.command(self.millis(now), Command::State { state }),
            Ask::Watch(views) => self.session.command(self.millis(now), Command::Watch { views }),
            Ask::Chat(text) => {
                self.session.command(self.millis(now), Command::Chat { text: Words(text) });
            }
            Ask::Host(order) => {
                let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let at = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
                self.session.command(self.millis(now), Command::Host { at, order });
            }
            Ask::KeyFrame(client, source) => self.media.ask_key_frame(LineUse::Receive { client, source }),
            Ask::Stats(reply) => {
                let _ = reply.send(self.session.stats());
            }
            Ask::Leave => self.session.command(self.millis(now), Command::Leave {}),
        }
    }

    /// Carries out everything that session and peer connection ask for, until both are quiet.
    async fn work(&mut self) {
        // Bounded: each round does what the one before asked for.
        for _ in 0..100 {
            let mut quiet = true;
            while let Some(output) = self.session.poll_output() {
                quiet = false;
                self.output(output).await;
            }
            let now = Instant::now();
            for news in self.media.news(now) {
                quiet = false;
                self.news(now, news).await;
            }
            self.release(now);
            if self.inside
                && let Some((offer, sdp, lines)) = self.media.offer(now)
            {
                quiet = false;
                self.session.command(self.millis(now), Command::Offer { offer, sdp, lines });
            }
            if quiet {
                return;
            }
        }
    }

    async fn output(&mut self, output: Output) {
        match output {
            Output::Connect => {
                let (address, tls) = (self.address.clone(), self.tls.clone());
                self.connecting =
                    Some(Task::begin(async move { connect(&address, tls.as_ref()).await.map(Box::new) }));
            }
            Output::Close => {
                self.connecting = None;
                if let Some(mut socket) = self.socket.take() {
                    let _ = socket.close(None).await;
                }
            }
            Output::Send { text } => {
                if let Some(socket) = &mut self.socket
                    && socket.send(Message::text(text)).await.is_err()
                {
                    self.socket = None;
                    self.session.disconnected(self.millis(Instant::now()));
                }
            }
            Output::SignIdentity { payload } => {
                let signature = self.identity.sign(payload.as_slice()).to_bytes();
                self.session.identity_signed(self.millis(Instant::now()), &signature);
            }
            Output::Event { event } => self.event(event),
        }
    }

    fn connected(&mut self, result: Result<Box<Socket>, ConnectError>) {
        self.connecting = None;
        let now = self.millis(Instant::now());
        match result {
            Ok(socket) => {
                self.socket = Some(*socket);
                self.session.connected(now);
            }
            Err(error) => {
                tracing::info!(%error, "the server cannot be reached");
                self.happen(Happening::Unreachable(error));
                self.session.disconnected(now);
            }
        }
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::Phase { phase } => {
                self.inside = *phase == tangelo_call::Phase::Inside;
                if self.inside {
                    self.media.reachable(Instant::now());
                } else {
                    self.media.interrupted(Instant::now());
                }
            }
            Event::Tracks { tracks } => {
                self.remote = tracks
                    .iter()
                    .filter_map(|track| {
                        Some(LineUse::Receive { client: track.client.parse().ok()?, source: track.source })
                    })
                    .collect();
                self.update_lines();
            }
            Event::Answer { offer, sdp, .. } => {
                self.media.answered(Instant::now(), *offer, sdp);
                let (udp, tcp) = (candidates(sdp, "udp"), candidates(sdp, "tcp"));
                self.happen(Happening::MediaOffered { udp, tcp });
                return;
            }
            Event::OfferRefused { offer, text } => self.media.refused(Instant::now(), *offer, text),
            Event::MediaReset {} => {
                self.remote.clear();
                self.update_lines();
                self.begin_media_anew();
            }
            // The group goes on, and what there is to receive is told only where it changes.
            Event::MediaLost {} => self.begin_media_anew(),
            Event::KeyFrameWanted {} => {
                for source in self.sources.clone() {
                    if source.kind() == tangelo_wire::MediaKind::Video {
                        self.happen(Happening::KeyFrameWanted(source));
                    }
                }
            }
            Event::Ended { .. } => self.ended = true,
            Event::Roster { .. }
            | Event::Notice { .. }
            | Event::Alarm { .. }
            | Event::Chat { .. }
            | Event::Reaction { .. }
            | Event::Hearing { .. }
            | Event::Wanted { .. }
            | Event::Paused { .. }
            | Event::TurnServers { .. }
            | Event::Room { .. }
            | Event::MuteAsked { .. }
            | Event::Emoji { .. } => {}
        }
        self.happen(Happening::Call(event));
    }

    async fn news(&mut self, now: Instant, news: News) {
        match news {
            News::Transmit { destination, contents } => {
                self.traffic.sent(&contents);
                // A datagram that the system refuses is as good as one that the network loses.
                let _ = self.udp.send_to(&contents, destination).await;
            }
            News::Connected => self.happen(Happening::MediaUp),
            News::KeyFrameWanted(source) => self.happen(Happening::KeyFrameWanted(source)),
            News::Frame { line_use: LineUse::Receive { client, source }, frame } => {
                let ticket = self.next_ticket;
                self.next_ticket = self.next_ticket.wrapping_add(1);
                self.open(now, (client, source), ticket, frame);
            }
            // Of its loss the media connection has taken care.
            News::Lost | News::Frame { line_use: LineUse::Send { .. }, .. } => {}
        }
    }

    fn open(&mut self, now: Instant, (client, source): (ClientId, Source), ticket: u32, sealed: SealedFrame) {
        let at = self.millis(now);
        let Some(line) = self.lines.get_mut(&(client, source)) else { return };
        line.broken |= !sealed.contiguous;
        let mut contents = Vec::new();
        match self.session.open(at, line.receiver, ticket, sealed.codec, &sealed.contents, &mut contents) {
            FrameVerdict::Pass => {
                let SealedFrame { codec, timestamp, .. } = sealed;
                let frame = Frame { client, source, codec, timestamp, contiguous: !line.broken, contents };
                // What the owner does not take in time is lost to it like a packet.
                line.broken = self.tell.try_send(Happening::Frame(frame)).is_err();
                line.opened = true;
                self.traffic.opened(!line.broken);
            }
            FrameVerdict::Hold => {
                line.held.insert(ticket, sealed);
            }
            FrameVerdict::Drop { ask_key_frame } => {
                self.traffic.undecryptable(!line.opened);
                line.broken = true;
                if ask_key_frame {
                    self.media.ask_key_frame(LineUse::Receive { client, source });
                }
            }
        }
    }

    fn release(&mut self, now: Instant) {
        for key in self.lines.keys().copied().collect::<Vec<_>>() {
            while let Some((ticket, sealed)) = self.next_released(now, key) {
                self.open(now, key, ticket, sealed);
            }
        }
    }

    fn next_released(&mut self, now: Instant, key: (ClientId, Source)) -> Option<(u32, SealedFrame)> {
        let at = self.millis(now);
        let line = self.lines.get_mut(&key)?;
        let ticket = self.session.released(at, line.receiver)?;
        Some((ticket, line.held.remove(&ticket)?))
    }

    /// Lines follow what is published here and what there is to receive.
    fn update_lines(&mut self) {
        let own = self.sources.iter().map(|source| LineUse::Send { source: *source });
        self.media.want(own.chain(self.remote.iter().copied()).collect());
        let wanted: Vec<_> = self
            .remote
            .iter()
            .filter_map(|line_use| match line_use {
                LineUse::Receive { client, source } => Some((*client, *source)),
                LineUse::Send { .. } => None,
            })
            .collect();
        let session = &mut self.session;
        self.lines.retain(|key, line| {
            let keep = wanted.contains(key);
            if !keep {
                session.remove_receiver(line.receiver);
            }
            keep
        });
        for (client, source) in wanted {
            self.lines.entry((client, source)).or_insert_with(|| Line {
                receiver: session.add_receiver(client, source),
                broken: false,
                opened: false,
                held: BTreeMap::new(),
            });
        }
    }

    /// The server has no media session of this client any more.
    fn begin_media_anew(&mut self) {
        self.renewing = None;
        self.lines.values_mut().for_each(|line| line.broken = true);
        if let Ok(local) = self.udp.local_addr() {
            self.media.renew(Instant::now(), local);
        }
    }

    /// Another way to the server, with the same lines: from another port, and maybe from another network.
    fn renew_media(&mut self, now: Instant) {
        self.media.renew_later(now);
        let address = self.address.clone();
        self.renewing = Some(Task::begin(async move {
            let udp = media_socket(&address).await?;
            Ok((udp.local_addr()?, udp))
        }));
    }

    fn renewed(&mut self, now: Instant, result: Result<(SocketAddr, UdpSocket), JoinError>) {
        self.renewing = None;
        match result {
            Ok((local, udp)) => {
                self.udp = udp;
                self.media.renew(now, local);
                self.lines.values_mut().for_each(|line| line.broken = true);
            }
            Err(error) => {
                tracing::info!(%error, "no address to send media from");
                self.media.renew_later(now);
            }
        }
    }

    fn happen(&self, happening: Happening) {
        if self.tell.try_send(happening).is_err() {
            tracing::debug!("the owner does not keep up: a happening was dropped");
        }
    }

    fn millis(&self, now: Instant) -> Millis {
        Millis(u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX))
    }
}

async fn next_text(socket: &mut Socket) -> Option<String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

/// What is sent with.
fn codec(source: Source) -> &'static str {
    match source.kind() {
        tangelo_wire::MediaKind::Audio => "opus",
        tangelo_wire::MediaKind::Video => "vp8",
    }
}

/// The addresses of one transport that an SDP names (RFC 8839 section 5.1), each once.
fn candidates(sdp: &str, transport: &str) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for line in sdp.lines() {
        let Some(rest) = line.strip_prefix("a=candidate:") else { continue };
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        let [_, _, kind, _, ip, port, ..] = words[..] else { continue };
        let address = ip.parse().ok().zip(port.parse().ok()).map(|(ip, port)| SocketAddr::new(ip, port));
        if let Some(address) =
            address.filter(|address| kind.eq_ignore_ascii_case(transport) && !found.contains(address))
        {
            found.push(address);
        }
    }
    found
}
