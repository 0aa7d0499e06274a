//! Starts the media threads, with their sockets.

use std::{
    io, mem,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    num::NonZero,
    sync::{Arc, Mutex},
    thread,
};

use tangelo_sfu::{Answer, OfferError, SfuConfig};
use tangelo_wire::{ClientId, MediaLine, Picture, RoomName, Source};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time,
};

use crate::{
    Config, ConnectionLimits, ServeError, TcpPort,
    bind::{Bound, Refused, bind},
    media_thread::{self, Inboxes, Setup},
    metrics::{Count, MediaReport},
    steering::{Directory, steer},
    tap::Tap,
    tcp,
    to_media::{ToMedia, Watches},
};

/// To a media thread.
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
    /// How is it?
    Report(oneshot::Sender<MediaReport>),
    /// Others see this machine under these addresses, besides those that it is known by.
    Found {
        ips: Vec<IpAddr>,
    },
}

/// From a media thread.
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
    /// Pictures that a client shows and has no room for.
    Paused {
        client: ClientId,
        pictures: Vec<Picture>,
    },
    /// Layers of a client's picture that somebody is to get.
    Wanted {
        client: ClientId,
        source: Source,
        layers: Vec<u8>,
    },
}

/// Most media threads. More find nothing to do: long before, the network card is full.
const THREADS_MAX: usize = 64;

/// The sockets, before the threads start.
pub(crate) struct Media {
    /// Of the first thread; the others have as many beside them.
    ports: Vec<Bound<UdpSocket>>,
    listeners: Vec<Bound<TcpListener>>,
    tap: Option<Tap>,
    threads: usize,
    clients_max: usize,
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
        let wanted = config.media_threads.or_else(|| thread::available_parallelism().ok());
        // Elsewhere the kernel does not spread clients over sockets with the same address.
        let threads = if cfg!(target_os = "linux") { wanted.map_or(1, NonZero::get) } else { 1 };
        let clients_max = config.capacity.clients;
        Ok(Self { ports, listeners, tap, threads: threads.min(THREADS_MAX), clients_max })
    }

    pub(crate) fn candidates(&self) -> Vec<SocketAddr> {
        Bound::candidates(&self.ports)
    }

    pub(crate) fn tcp_candidates(&self) -> Vec<SocketAddr> {
        Bound::candidates(&self.listeners)
    }

    /// Starts the threads, and the TCP listeners in the present runtime.
    pub(crate) fn start(
        mut self,
        news: &mpsc::UnboundedSender<News>,
        limits: &ConnectionLimits,
    ) -> io::Result<(ToMedia, Running)> {
        let config = SfuConfig {
            tcp_candidates: self.tcp_candidates(),
            clients_max: self.clients_max,
            ..SfuConfig::new(self.candidates())
        };
        let directory = Directory::default();
        let arrivals = tcp::listen(mem::take(&mut self.listeners), limits, self.threads, directory.clone())?;
        let watches = Watches::default();
        let tap = self.tap.take().map(|tap| Arc::new(Mutex::new(tap)));
        let (gone, ended) = watch::channel(0);
        let gone = Arc::new(gone);
        let (mut commands, mut meters) = (Vec::new(), Vec::new());
        let ports = spread(self.ports, self.threads)?;
        for (((steering, handed), arrivals), ports) in
            steer(self.threads, &directory).into_iter().zip(arrivals).zip(ports)
        {
            // Unbounded, but it cannot grow: the engine lets few offers wait, one command for the watch of each client, and
            // removes only whose offer it has sent; and one report is asked for at a time.
            let (sender, inbox) = mpsc::unbounded_channel();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
            let inboxes = Inboxes { commands: inbox, arrivals, handed };
            let meter = Arc::new(Count::default());
            meters.push(Arc::clone(&meter));
            let own = Setup {
                config: config.clone(),
                steering,
                directory: directory.clone(),
                tap: tap.clone(),
                news: news.clone(),
                watches: watches.clone(),
                meter,
            };
            let end = End(Arc::clone(&gone));
            let name = format!("media-{}", commands.len());
            thread::Builder::new().name(name).spawn(move || {
                if let Err(error) = runtime.block_on(media_thread::run(own, ports, inboxes)) {
                    tracing::error!("media ends: {error}");
                }
                drop(end);
            })?;
            commands.push(sender);
        }
        Ok((ToMedia::new(commands, watches, meters), Running { threads: self.threads, ended }))
    }
}

/// As many sockets at each port for every thread.
fn spread(first: Vec<Bound<UdpSocket>>, threads: usize) -> io::Result<Vec<Vec<Bound<UdpSocket>>>> {
    let mut all: Vec<_> = (1..threads).map(|_| Vec::new()).collect();
    #[cfg(target_os = "linux")]
    for bound in &first {
        let beside = crate::bind::beside(&bound.socket, all.len())?;
        for (ports, socket) in all.iter_mut().zip(beside) {
            ports.push(Bound { socket, candidate: bound.candidate, aliases: bound.aliases.clone() });
        }
    }
    all.insert(0, first);
    Ok(all)
}

/// Tells that a thread has ended, be it by a defect.
struct End(Arc<watch::Sender<usize>>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send_modify(|ended| *ended += 1);
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

/// The running threads. They end when every sender of commands is gone.
pub(crate) struct Running {
    threads: usize,
    /// How many have ended.
    ended: watch::Receiver<usize>,
}

impl Running {
    /// Completes when one of them has ended.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + use<> {
        self.have_ended(1)
    }

    fn have_ended(&self, count: usize) -> impl Future<Output = ()> + use<> {
        let mut ended = self.ended.clone();
        async move {
            let _ = ended.wait_for(|ended| *ended >= count).await;
        }
    }

    /// Waits until all have ended, and the tap has written what it holds. Whoever has senders of commands must have dropped them.
    pub(crate) async fn stop(self) {
        if time::timeout(STOP_MAX, self.have_ended(self.threads)).await.is_err() {
            tracing::warn!(
                "a media thread does not end; the tap, if there is one, may miss its last packets"
            );
        }
    }
}

/// Time for the tap to get its last packets to the disk.
const STOP_MAX: time::Duration = time::Duration::from_secs(10);
