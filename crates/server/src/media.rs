//! The thread that owns the SFU and the UDP sockets, and what goes between it and TCP connections.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    io, mem,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    thread,
    time::Instant,
};

use tangelo_sfu::{Answer, OfferError, Output, Sfu, SfuConfig, Transport};
use tangelo_wire::{ClientId, MediaLine, RoomName, Source, View};
use tokio::{sync::mpsc, time};

use crate::{
    Config, ConnectionLimits, ServeError, TcpPort,
    backlog::unix_time,
    batch::{Batch, Run, Sent},
    bind::{Bound, Refused, bind},
    ports::{Inbox, Incoming, OpenPort},
    tap::Tap,
    tcp::{self, Arrival, Connections, Noted},
};

/// To the media thread.
pub(crate) enum Command {
    Offer {
        room: RoomName,
        client: ClientId,
        offer: u32,
        sdp: String,
        lines: Vec<MediaLine>,
    },
    /// What the client shows and hears is in [`Watches`].
    Watch {
        client: ClientId,
    },
    Remove {
        client: ClientId,
    },
    /// Others see this machine under these addresses, besides those that it is known by.
    Found {
        ips: Vec<IpAddr>,
    },
}

/// What a client shows and whom it hears, see `ClientMessage::Watch`.
pub(crate) struct Watched {
    pub(crate) views: Option<Vec<View>>,
    pub(crate) hear: Option<Vec<ClientId>>,
}

/// The latest of what clients show and hear. They say it often; at most one command for each waits.
#[derive(Clone, Default)]
pub(crate) struct Watches(Arc<Mutex<BTreeMap<ClientId, Watched>>>);

impl Watches {
    /// Notes what a client shows and hears. Returns whether the media thread is to be told.
    pub(crate) fn note(&self, client: ClientId, watched: Watched) -> bool {
        self.lock().insert(client, watched).is_none()
    }

    fn take(&self, client: ClientId) -> Option<Watched> {
        self.lock().remove(&client)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ClientId, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From the media thread.
pub(crate) enum News {
    Answered {
        room: RoomName,
        client: ClientId,
        offer: u32,
        result: Result<Answer, OfferError>,
    },
    /// The network way to a client is gone, and its session with it.
    Gone {
        client: ClientId,
    },
    /// Layers of a client's picture that somebody is to get.
    Wanted {
        client: ClientId,
        source: Source,
        layers: Vec<u8>,
    },
}

/// The sockets, before the thread starts.
pub(crate) struct Media {
    ports: Vec<Bound<UdpSocket>>,
    listeners: Vec<Bound<TcpListener>>,
    tap: Option<Tap>,
}

impl Media {
    pub(crate) fn bind(config: &Config) -> Result<Self, ServeError> {
        let tap = match &config.tap {
            Some(path) => Some(Tap::create(path).map_err(|error| ServeError::Tap(path.clone(), error))?),
            None => None,
        };
        let ports = match config.media_port {
            Some(port) => bind(&config.public_ips, config.listen.ip(), port)
                .map_err(|(address, error)| ServeError::Media(address, error))?,
            None => Vec::new(),
        };
        let listeners = bind_tcp(config, ports.first().map(|port| port.candidate.port()))?;
        if ports.is_empty() && listeners.is_empty() {
            return Err(ServeError::NoMedia);
        }
        Ok(Self { ports, listeners, tap })
    }

    pub(crate) fn candidates(&self) -> Vec<SocketAddr> {
        Bound::candidates(&self.ports)
    }

    pub(crate) fn tcp_candidates(&self) -> Vec<SocketAddr> {
        Bound::candidates(&self.listeners)
    }

    /// Starts the thread, and the TCP listeners in the present runtime.
    pub(crate) fn start(
        mut self,
        news: mpsc::UnboundedSender<News>,
        limits: &ConnectionLimits,
    ) -> io::Result<Running> {
        // Unbounded, but it cannot grow: the engine lets few offers wait, one command for the watch of each client, and
        // removes only whose offer it has sent.
        let (commands, inbox) = mpsc::unbounded_channel();
        let (alive, ended) = tokio::sync::watch::channel(());
        let config = SfuConfig { tcp_candidates: self.tcp_candidates(), ..SfuConfig::new(self.candidates()) };
        let arrivals = tcp::listen(mem::take(&mut self.listeners), limits)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let watches = Watches::default();
        let latest = watches.clone();
        thread::Builder::new().name("media".into()).spawn(move || {
            if let Err(error) = runtime.block_on(run(self, config, (inbox, arrivals), news, latest)) {
                tracing::error!("media ends: {error}");
            }
            drop(alive);
        })?;
        Ok(Running { commands, watches, ended })
    }
}

/// The listeners for TCP. `udp` is the port of UDP.
fn bind_tcp(config: &Config, udp: Option<u16>) -> Result<Vec<Bound<TcpListener>>, ServeError> {
    let bind = |port| bind(&config.public_ips, config.listen.ip(), port);
    let refused = |(address, error): Refused| ServeError::MediaTcp(address, error);
    match (config.media_tcp_port, udp) {
        (TcpPort::Off, _) | (TcpPort::LikeUdp, None) => Ok(Vec::new()),
        (TcpPort::Number(port), _) => bind(port).map_err(refused),
        // Nobody asked for it by name: without it, calls go by UDP.
        (TcpPort::LikeUdp, Some(port)) => Ok(bind(port).unwrap_or_else(|(address, error)| {
            tracing::warn!(
                "no media over TCP, for those whose network lets no UDP through: cannot listen on {address}: {error}; \
                 choose another port with --media-tcp-port"
            );
            Vec::new()
        })),
    }
}

/// The running thread. It ends when every sender of commands is gone.
pub(crate) struct Running {
    commands: mpsc::UnboundedSender<Command>,
    watches: Watches,
    ended: tokio::sync::watch::Receiver<()>,
}

impl Running {
    pub(crate) fn commands(&self) -> mpsc::UnboundedSender<Command> {
        self.commands.clone()
    }

    pub(crate) fn watches(&self) -> Watches {
        self.watches.clone()
    }

    /// Completes when the thread has ended.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut ended = self.ended.clone();
        async move { while ended.changed().await.is_ok() {} }
    }

    /// Ends the thread, and waits until the tap has written what it holds.
    pub(crate) async fn stop(self) {
        let ended = self.ended();
        drop(self.commands);
        if time::timeout(STOP_MAX, ended).await.is_err() {
            tracing::warn!(
                "the media thread does not end; the tap, if there is one, may miss its last packets"
            );
        }
    }
}

/// Time for the tap to get its last packets to the disk.
const STOP_MAX: time::Duration = time::Duration::from_secs(10);

/// Calls to one socket before anything else has its turn. Each takes many datagrams.
const CALLS: usize = 4;

/// Frames of TCP connections before anything else has its turn.
const FRAMES: usize = 64;

/// How the answer to an authentic ICE check begins (RFC 8489 section 5).
const BINDING_SUCCESS: [u8; 2] = [1, 1];

/// The thread's own: the SFU, and the ways out of it.
struct MediaThread {
    sfu: Sfu,
    ports: Vec<OpenPort>,
    connections: Connections,
    /// Where the datagram that is being looked at came from, and to which address of this machine.
    asked: Option<(SocketAddr, IpAddr)>,
    /// The addresses that clients are told whatever is found, of UDP and of TCP.
    candidates: (Vec<SocketAddr>, Vec<SocketAddr>),
    batch: Batch,
    tap: Option<Tap>,
    news: mpsc::UnboundedSender<News>,
    watches: Watches,
}

async fn run(
    media: Media,
    config: SfuConfig,
    (mut commands, mut arrivals): (mpsc::UnboundedReceiver<Command>, mpsc::Receiver<Arrival>),
    news: mpsc::UnboundedSender<News>,
    watches: Watches,
) -> io::Result<()> {
    let candidates = (config.candidates.clone(), config.tcp_candidates.clone());
    let mut sfu = Sfu::new(config, Instant::now());
    sfu.set_tap(media.tap.is_some());
    let ports = media.ports.into_iter().map(OpenPort::open).collect::<io::Result<Vec<_>>>()?;
    let mut thread = MediaThread {
        sfu,
        ports,
        connections: Connections::default(),
        asked: None,
        candidates,
        batch: Batch::default(),
        tap: media.tap,
        news,
        watches,
    };
    let mut inbox = Inbox::new();
    let mut first = 0;
    loop {
        thread.carry_out();
        thread.flush();
        let deadline = thread.sfu.poll_timeout();
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => thread.obey(command),
                None => {
                    // `cargo xtask bench sfu` reads this.
                    let Sent { datagrams, runs } = thread.batch.sent();
                    tracing::debug!("media sent {datagrams} datagrams in {runs} runs");
                    return Ok(());
                }
            },
            index = readable(&thread.ports, first) => {
                // The others have their turn before this one has its next.
                first = index + 1;
                thread.read(index, &mut inbox);
            }
            Some(arrival) = arrivals.recv() => {
                thread.take(arrival);
                for _ in 1..FRAMES {
                    let Ok(arrival) = arrivals.try_recv() else { break };
                    thread.take(arrival);
                }
            }
            () = sleep_until(deadline) => {}
        }
        let now = Instant::now();
        if thread.sfu.poll_timeout().is_some_and(|at| at <= now) {
            thread.sfu.handle_timeout(now);
        }
    }
}

/// Waits until one of the ports has something, and tells which. Looks at port `first` first.
async fn readable(ports: &[OpenPort], first: usize) -> usize {
    poll_fn(|context| {
        let in_turn = ports.iter().enumerate().cycle().skip(first).take(ports.len());
        for (index, port) in in_turn {
            if port.poll_readable(context).is_ready() {
                return Poll::Ready(index);
            }
        }
        Poll::Pending
    })
    .await
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

impl MediaThread {
    /// Takes what has come to a port. What is forwarded is sent together at the end: the more there is at a time, the less
    /// each datagram costs.
    fn read(&mut self, index: usize, inbox: &mut Inbox) {
        for _ in 0..CALLS {
            let Some(port) = self.ports.get(index) else { return };
            let candidate = port.candidate;
            if !port.receive(inbox) {
                return;
            }
            let (now, unix_now) = (Instant::now(), unix_time());
            for datagram in inbox.datagrams() {
                if self.ports.get_mut(index).is_some_and(|port| !port.backlog.takes(unix_now, &datagram)) {
                    continue;
                }
                let Incoming { source, asked, contents, .. } = datagram;
                self.sfu.handle_datagram(now, source, candidate, contents);
                self.asked = asked.map(|ip| (source, ip));
                self.carry_out();
            }
            self.asked = None;
            self.flush();
            if let Some(port) = self.ports.get_mut(index) {
                port.backlog.tell();
            }
        }
    }

    /// Takes what has come in a TCP connection, or that it has ended.
    fn take(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Frame { connection, contents, place } => {
                let (candidate, peer) = connection.ends();
                match self.connections.note(&connection) {
                    Noted::Present => {}
                    Noted::Another => self.sfu.handle_closed(peer, candidate),
                    Noted::Past => return,
                }
                self.sfu.handle_frame(Instant::now(), peer, candidate, &contents);
                self.carry_out();
                drop(place);
            }
            Arrival::Closed { connection } => {
                let (candidate, peer) = connection.ends();
                if self.connections.forget(&connection) {
                    self.sfu.handle_closed(peer, candidate);
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Offer { room, client, offer, sdp, lines } => {
                let result = self.sfu.offer(now, &room, client, &sdp, &lines);
                let _ = self.news.send(News::Answered { room, client, offer, result });
            }
            Command::Watch { client } => {
                if let Some(Watched { views, hear }) = self.watches.take(client) {
                    self.sfu.watch(now, client, views.as_deref(), hear.as_deref());
                }
            }
            Command::Remove { client } => self.sfu.remove(now, client),
            Command::Found { ips } => {
                let (udp, tcp) = &self.candidates;
                self.sfu.set_candidates(with_found(udp, &ips), with_found(tcp, &ips));
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.sfu.poll_output() {
            match output {
                Output::Transmit { transport: Transport::Tcp, source, destination, contents } => {
                    self.connections.send((source, destination), &contents);
                }
                Output::Transmit { transport: Transport::Udp, source, destination, contents } => {
                    if contents.starts_with(&BINDING_SUCCESS) {
                        self.note_asked(source, destination);
                    }
                    let segments_max = port(&self.ports, source).map_or(1, OpenPort::segments_max);
                    let ports = &self.ports;
                    self.batch.add((source, destination), &contents, segments_max, |run| send(ports, run));
                }
                Output::Connected { .. } => tracing::debug!("media of a client is up"),
                Output::Disconnected { client } => {
                    // Here and not by the engine, which might hit the session that replaces this one.
                    self.sfu.remove(Instant::now(), client);
                    let _ = self.news.send(News::Gone { client });
                }
                Output::Wanted { client, source, layers } => {
                    let _ = self.news.send(News::Wanted { client, source, layers });
                }
                Output::Forwarded(packet) => {
                    if let Some(tap) = &mut self.tap {
                        tap.note(&packet);
                    }
                }
            }
        }
    }

    /// A check of `client` is answered: if it came just now, it says at which address the client reaches `candidate`.
    fn note_asked(&mut self, candidate: SocketAddr, client: SocketAddr) {
        let Some((_, ip)) = self.asked.filter(|(source, _)| *source == client) else { return };
        let Some(index) = self.ports.iter().position(|port| port.candidate == candidate) else { return };
        if self.ports.get(index).is_some_and(|port| port.answers_elsewhere(client, ip)) {
            // What waits is for the other address.
            self.flush();
        }
        if let Some(port) = self.ports.get_mut(index) {
            port.note_asked(client, ip);
        }
    }

    fn flush(&mut self) {
        let ports = &self.ports;
        self.batch.flush(|run| send(ports, run));
    }
}

/// These addresses, and those that were found with the port that their family has. Which socket a router maps them to does
/// not matter to ICE: all are this server's.
fn with_found(candidates: &[SocketAddr], found: &[IpAddr]) -> Vec<SocketAddr> {
    let mut all = candidates.to_vec();
    for ip in found {
        let like = candidates.iter().find(|candidate| candidate.is_ipv4() == ip.is_ipv4());
        let address = like.map(|candidate| SocketAddr::new(*ip, candidate.port()));
        all.extend(address.filter(|address| !candidates.contains(address)));
    }
    all
}

fn port(ports: &[OpenPort], candidate: SocketAddr) -> Option<&OpenPort> {
    ports.iter().find(|port| port.candidate == candidate)
}

fn send(ports: &[OpenPort], run: Run<'_>) {
    if let Some(port) = port(ports, run.source) {
        port.send(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_addresses_join_those_of_their_family() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let ips = ["203.0.113.7", "2001:db8::7", "192.168.1.5"].map(|text| text.parse().unwrap());
        let known = [address("192.168.1.5:3478"), address("10.0.0.2:3478")];
        let told = with_found(&known, &ips);
        assert_eq!(told, [known[0], known[1], address("203.0.113.7:3478")]);
        assert_eq!(with_found(&[], &ips), []);
    }
}
