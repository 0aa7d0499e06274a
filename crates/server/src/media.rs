//! The thread that owns the SFU and the UDP sockets.

use std::{
    future::poll_fn,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket},
    sync::Arc,
    task::Poll,
    thread,
    time::Instant,
};

use tangelo_sfu::{Answer, OfferError, Output, Sfu, SfuConfig};
use tangelo_wire::{ClientId, MediaLine, RoomName, Source, View};
use tokio::{net::UdpSocket, sync::mpsc, time};

use crate::{Config, ServeError, interfaces, tap::Tap};

/// To the media thread.
pub(crate) enum Command {
    Offer { room: RoomName, client: ClientId, offer: u32, sdp: String, lines: Vec<MediaLine> },
    Watch { client: ClientId, views: Vec<View> },
    Remove { client: ClientId },
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

/// A UDP socket, and the address that clients know it by.
struct Port {
    socket: StdSocket,
    candidate: SocketAddr,
}

/// The sockets, before the thread starts.
pub(crate) struct Media {
    ports: Vec<Port>,
    tap: Option<Tap>,
}

impl Media {
    pub(crate) fn bind(config: &Config) -> Result<Self, ServeError> {
        let tap = match &config.tap {
            Some(path) => Some(Tap::create(path).map_err(|error| ServeError::Tap(path.clone(), error))?),
            None => None,
        };
        let ports = match config.public_ip {
            Some(ip) => vec![public_port(ip, config.media_port)?],
            None => local_ports(config.listen.ip(), config.media_port)?,
        };
        Ok(Self { ports, tap })
    }

    pub(crate) fn candidates(&self) -> Vec<SocketAddr> {
        self.ports.iter().map(|port| port.candidate).collect()
    }

    /// Starts the thread.
    pub(crate) fn start(self, news: mpsc::UnboundedSender<News>) -> io::Result<Running> {
        // Unbounded, but it cannot grow: the engine lets few offers wait, and removes only whose offer it has sent.
        let (commands, inbox) = mpsc::unbounded_channel();
        let (alive, ended) = tokio::sync::watch::channel(());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        thread::Builder::new().name("media".into()).spawn(move || {
            if let Err(error) = runtime.block_on(run(self, inbox, news)) {
                tracing::error!("media ends: {error}");
            }
            drop(alive);
        })?;
        Ok(Running { commands, ended })
    }
}

/// The running thread. It ends when every sender of commands is gone.
pub(crate) struct Running {
    commands: mpsc::UnboundedSender<Command>,
    ended: tokio::sync::watch::Receiver<()>,
}

impl Running {
    pub(crate) fn commands(&self) -> mpsc::UnboundedSender<Command> {
        self.commands.clone()
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

/// Bound to the public address if this machine has it, else to all, as behind a router that maps it one to one.
fn public_port(ip: IpAddr, port: u16) -> Result<Port, ServeError> {
    let address = SocketAddr::new(ip, port);
    let socket = match bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            let all: IpAddr =
                if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            bind(SocketAddr::new(all, port))
        }
        bound => bound,
    };
    let socket = socket.map_err(|error| ServeError::Media(address, error))?;
    let port = socket.local_addr().map_err(ServeError::System)?.port();
    Ok(Port { socket, candidate: SocketAddr::new(ip, port) })
}

/// One socket for each address, all with the same port: so each datagram's own destination is known, and answers
/// come from where the client sent to.
fn local_ports(listen: IpAddr, port: u16) -> Result<Vec<Port>, ServeError> {
    let mut port = port;
    let mut ports = Vec::new();
    let mut failure = None;
    for ip in interfaces::addresses(listen) {
        let address = SocketAddr::new(ip, port);
        match bind(address).and_then(|socket| Ok((socket.local_addr()?, socket))) {
            Ok((candidate, socket)) => {
                port = candidate.port();
                ports.push(Port { socket, candidate });
            }
            // Another program has the port: all or nothing, or calls would work on some networks only.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(ServeError::Media(address, error));
            }
            // An interface that came up or went down in this moment.
            Err(error) => {
                tracing::warn!("no media on one of this machine's addresses: {error}");
                failure = Some((address, error));
            }
        }
    }
    match failure {
        Some((address, error)) if ports.is_empty() => Err(ServeError::Media(address, error)),
        _ => Ok(ports),
    }
}

fn bind(address: SocketAddr) -> io::Result<StdSocket> {
    let socket = StdSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Datagrams taken from one socket before anything else has its turn.
const BATCH: usize = 64;

async fn run(
    media: Media,
    mut commands: mpsc::UnboundedReceiver<Command>,
    news: mpsc::UnboundedSender<News>,
) -> io::Result<()> {
    let mut sfu = Sfu::new(SfuConfig::new(media.candidates()), Instant::now());
    let mut tap = media.tap;
    sfu.set_tap(tap.is_some());
    let mut receivers = Vec::new();
    for port in &media.ports {
        receivers.push((UdpSocket::from_std(port.socket.try_clone()?)?, port.candidate));
    }
    let receivers: Arc<[_]> = receivers.into();
    let mut buffer = vec![0; 65_535];
    let mut first = 0;
    loop {
        carry_out(&mut sfu, &media.ports, tap.as_mut(), &news);
        let deadline = sfu.poll_timeout();
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => obey(&mut sfu, command, &news),
                None => return Ok(()),
            },
            index = readable(&receivers, first) => {
                // The others have their turn before this one has its next.
                first = index + 1;
                if let Some((socket, candidate)) = receivers.get(index) {
                    for _ in 0..BATCH {
                        // Errors here tell of earlier sends (ICMP), or that there is no more.
                        let Ok((length, source)) = socket.try_recv_from(&mut buffer) else { break };
                        let contents = buffer.get(..length).unwrap_or_default();
                        sfu.handle_datagram(Instant::now(), source, *candidate, contents);
                        carry_out(&mut sfu, &media.ports, tap.as_mut(), &news);
                    }
                }
            }
            () = sleep_until(deadline) => {}
        }
        let now = Instant::now();
        if sfu.poll_timeout().is_some_and(|at| at <= now) {
            sfu.handle_timeout(now);
        }
    }
}

/// Waits until one of the sockets has something, and tells which. Looks at socket `first` first.
async fn readable(sockets: &[(UdpSocket, SocketAddr)], first: usize) -> usize {
    poll_fn(|context| {
        let in_turn = sockets.iter().enumerate().cycle().skip(first).take(sockets.len());
        for (index, (socket, _)) in in_turn {
            if socket.poll_recv_ready(context).is_ready() {
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

fn obey(sfu: &mut Sfu, command: Command, news: &mpsc::UnboundedSender<News>) {
    let now = Instant::now();
    match command {
        Command::Offer { room, client, offer, sdp, lines } => {
            let result = sfu.offer(now, &room, client, &sdp, &lines);
            let _ = news.send(News::Answered { room, client, offer, result });
        }
        Command::Watch { client, views } => sfu.watch(now, client, &views),
        Command::Remove { client } => sfu.remove(now, client),
    }
}

fn carry_out(sfu: &mut Sfu, ports: &[Port], mut tap: Option<&mut Tap>, news: &mpsc::UnboundedSender<News>) {
    while let Some(output) = sfu.poll_output() {
        match output {
            Output::Transmit { source, destination, contents } => {
                if let Some(port) = ports.iter().find(|port| port.candidate == source) {
                    // A full socket buffer loses the datagram, as the network would.
                    let _ = port.socket.send_to(&contents, destination);
                }
            }
            Output::Connected { .. } => tracing::debug!("media of a client is up"),
            Output::Disconnected { client } => {
                // Here and not by the engine, which might hit the session that replaces this one.
                sfu.remove(Instant::now(), client);
                let _ = news.send(News::Gone { client });
            }
            Output::Wanted { client, source, layers } => {
                let _ = news.send(News::Wanted { client, source, layers });
            }
            Output::Forwarded(packet) => {
                if let Some(tap) = tap.as_mut() {
                    tap.note(&packet);
                }
            }
        }
    }
}
