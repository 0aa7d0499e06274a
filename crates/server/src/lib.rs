//! Tangelo's server: web app, WebSocket, UDP and ICE-TCP around the DeliveryService and the SFU.
//!
//! One task, the engine, owns the DeliveryService; each media thread owns rooms, with an SFU and UDP sockets, so that media
//! never waits for the WebSockets. Connections talk to the engine through channels. Nothing here can decrypt.
// This crate does the input and output that the sans-IO crates leave to it, and owns the clock.
#![allow(clippy::disallowed_methods)]

mod acme;
mod addresses;
mod assets;
mod backlog;
mod bandwidth;
#[doc(hidden)]
pub mod batch;
mod bind;
mod certificate;
mod doors;
mod engine;
mod headers;
mod http;
mod idle;
mod interfaces;
mod limits;
mod media;
mod media_thread;
mod metrics;
mod ports;
mod private;
pub mod probe;
mod proxies;
mod self_signed;
mod socket;
mod steering;
mod store;
mod stun;
mod tap;
mod tcp;
mod tls;
mod to_media;
mod turn;
mod web;

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    num::NonZero,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tangelo_delivery::Delivery;
use tangelo_wire::Millis;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

pub use acme::{AcmeConfig, LETS_ENCRYPT};
pub use addresses::is_local;
pub use assets::{WebFile, web_app};
pub use certificate::CertificateFacts;
pub use doors::DoorsConfig;
pub use headers::page_headers;
pub use limits::{Capacity, ConnectionLimits};
pub use proxies::{Network, ParseNetworkError};
pub use self_signed::{SelfSigned, self_signed};
pub use store::StoreError;
pub use tangelo_delivery::{Doors, Rate};
pub use tls::first_certificate;
pub use turn::{ParseTurnUrlError, TurnConfig, TurnUrl};

use acme::Acme;
use assets::Assets;
use doors::Doorkeeper;
use engine::ToEngine;
use media::Media;
use metrics::{Counters, Parts};
use proxies::Proxies;
use store::{Keeper, Store};
use tls::Certificate;

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where HTTP and WebSockets are served. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// How many threads carry media: at most 64, and one where the system does not spread clients over them, which is
    /// everywhere but on Linux. Without it, one for each processor.
    pub media_threads: Option<NonZero<usize>>,
    /// UDP port for media. 0 takes any free one; without one, media goes by TCP only.
    pub media_port: Option<u16>,
    /// TCP port for the media of those whose network lets no UDP through.
    pub media_tcp_port: TcpPort,
    /// The addresses that clients send media to. Without any: the address of `listen`, or all of this machine.
    pub public_ips: Vec<IpAddr>,
    /// A STUN server (`HOST:PORT`) that is asked now and then under which address others see this machine. Clients are told
    /// what it says, too.
    pub stun: Option<String>,
    /// TURN servers for clients that cannot send to those addresses. They are told to who has arrived in a room.
    pub turn: Option<TurnConfig>,
    /// Serve HTTPS.
    pub tls: Option<TlsFiles>,
    /// Serve HTTPS, with a certificate that the server gets by itself. It counts more than the files.
    pub acme: Option<AcmeConfig>,
    /// Serve the web app from this folder instead of the one inside the program.
    pub web: Option<PathBuf>,
    /// Write every packet that the SFU forwards to this pcap file.
    pub tap: Option<PathBuf>,
    /// Keep what calls need to go on after a restart in this folder.
    pub store: Option<PathBuf>,
    /// How much it takes.
    pub capacity: Capacity,
    /// To whom its rooms are open.
    pub doors: DoorsConfig,
    /// Proxies that say for whom they ask.
    pub trusted_proxies: Vec<Network>,
    /// Where figures for Prometheus and the server's health are told; port 0 takes any free one.
    pub metrics: Option<SocketAddr>,
}

impl Config {
    /// The usual settings, with this address for HTTP and WebSockets.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            media_threads: None,
            media_port: Some(3478),
            media_tcp_port: TcpPort::LikeUdp,
            public_ips: Vec::new(),
            stun: None,
            turn: None,
            tls: None,
            acme: None,
            web: None,
            tap: None,
            store: None,
            capacity: Capacity::default(),
            doors: DoorsConfig::default(),
            trusted_proxies: Vec::new(),
            metrics: None,
        }
    }
}

/// A TCP port for media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpPort {
    /// None.
    Off,
    /// That of UDP, if it can be had.
    LikeUdp,
    /// This one. 0 takes any free one.
    Number(u16),
}

/// PEM files for HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that vouch for it.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Whether the server made them for itself. Then browsers are not told to come by HTTPS alone: with that they let nobody past
    /// their warning.
    pub self_signed: bool,
}

/// Why a server does not run. The texts are for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The TCP port cannot be had.
    #[error("cannot listen on {0}: {1}; is another program using this port? Choose another with --listen")]
    Listen(SocketAddr, io::Error),
    /// The UDP port cannot be had.
    #[error("cannot use UDP port {0} for media: {1}; choose another with --media-port")]
    Media(SocketAddr, io::Error),
    /// The TCP port for media cannot be had.
    #[error("cannot use TCP port {0} for media: {1}; choose another with --media-tcp-port")]
    MediaTcp(SocketAddr, io::Error),
    /// The port for figures and health cannot be had.
    #[error("cannot listen on {0} for metrics: {1}; choose another address with --metrics")]
    Metrics(SocketAddr, io::Error),
    /// No port for media is wanted.
    #[error("media has no port: leave --media-port or --media-tcp-port on")]
    NoMedia,
    /// A certificate or key file cannot be used.
    #[error("cannot use {0} for HTTPS: {1}")]
    Tls(PathBuf, String),
    /// No certificate can be asked for.
    #[error("no certificate can be asked for: {0}")]
    Acme(String),
    /// None, or more TURN servers than clients are told.
    #[error("--turn is to name 1 to {} TURN servers", tangelo_wire::limits::TURN_URLS_MAX)]
    TurnUrls,
    /// The file with the TURN servers' secret cannot be used.
    #[error("cannot use the secret of --turn-secret-file {0}: {1}")]
    TurnSecret(PathBuf, String),
    /// Tokens are wanted that nobody could check.
    #[error("--rooms {0} needs --token-key-file or --token-public-key: whose tokens are taken")]
    NoTokenKey(&'static str),
    /// Keys for tokens that nobody is asked for.
    #[error("with --rooms link nobody is asked for a token: set --rooms, or leave out the keys and creators")]
    TokensUnused,
    /// Creators where they mean nothing.
    #[error("--creator goes with --rooms creators")]
    CreatorsUnused,
    /// A file with a key for tokens cannot be used.
    #[error("cannot use the key for tokens in {0}: {1}")]
    TokenKey(PathBuf, String),
    /// The folder with the web app cannot be read.
    #[error("cannot read the web app in {0}: {1}; build it with `cargo xtask build`")]
    Web(PathBuf, io::Error),
    /// The tap's file cannot be written.
    #[error("cannot write the tap to {0}: {1}")]
    Tap(PathBuf, io::Error),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system refuses something that every program needs.
    #[error("the system refuses: {0}")]
    System(io::Error),
    /// A part of the server ended on its own.
    #[error("the server had to stop because of a defect; please report the log above")]
    Defect,
}

/// A server that has its ports, but does not serve yet.
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    certificate: Option<Arc<Certificate>>,
    acme: Option<Acme>,
    https_only: bool,
    limits: ConnectionLimits,
    media: Media,
    stun: Option<String>,
    turn: Option<turn::Issuer>,
    assets: Assets,
    doorkeeper: Doorkeeper,
    delivery: Delivery,
    keeper: Option<Keeper>,
    capacity: Capacity,
    proxies: Proxies,
    metrics: Option<(TcpListener, SocketAddr)>,
    counters: Arc<Counters>,
}

impl Server {
    /// Takes the ports and reads the files.
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn bind(config: Config) -> Result<Self, ServeError> {
        let acme = config.acme.clone().map(Acme::new).transpose()?;
        let certificate = match (&acme, &config.tls) {
            (Some(acme), _) => Some(Arc::clone(acme.certificate())),
            (None, files) => files.as_ref().map(Certificate::read).transpose()?,
        };
        let turn = config.turn.clone().map(turn::Issuer::new).transpose()?;
        let doorkeeper = Doorkeeper::new(&config.doors)?;
        let listen_error = |error| ServeError::Listen(config.listen, error);
        let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
        let local_addr = listener.local_addr().map_err(listen_error)?;
        let media = Media::bind(&config)?;
        let metrics = match config.metrics {
            Some(address) => {
                let refused = |error| ServeError::Metrics(address, error);
                let listener = TcpListener::bind(address).await.map_err(refused)?;
                let bound = listener.local_addr().map_err(refused)?;
                Some((listener, bound))
            }
            None => None,
        };
        let counters = Arc::<Counters>::default();
        let assets = match config.web {
            Some(folder) => Assets::read(&folder).map_err(|error| ServeError::Web(folder, error))?,
            None => Assets::embedded(),
        };
        // Last: whoever cannot have the ports leaves the store as it is.
        let (delivery, keeper) = deliver(config.store.as_deref(), config.capacity, &counters)?;
        Ok(Self {
            listener,
            local_addr,
            certificate,
            https_only: acme.is_some() || config.tls.is_some_and(|files| !files.self_signed),
            acme,
            limits: ConnectionLimits::of(&config.capacity),
            media,
            stun: config.stun,
            turn,
            assets,
            delivery: delivery.open_to(doorkeeper.doors),
            doorkeeper,
            keeper,
            capacity: config.capacity,
            proxies: Proxies(config.trusted_proxies),
            metrics,
            counters,
        })
    }

    /// Reads the files that the settings name, and takes no port.
    ///
    /// # Errors
    /// As of [`Server::bind`].
    pub fn check(config: &Config) -> Result<(), ServeError> {
        config.acme.as_ref().map(AcmeConfig::check).transpose()?;
        config.tls.as_ref().map(Certificate::read).transpose()?;
        config.turn.clone().map(turn::Issuer::new).transpose()?;
        Doorkeeper::new(&config.doors)?;
        if let Some(folder) = &config.web {
            Assets::read(folder).map_err(|error| ServeError::Web(folder.clone(), error))?;
        }
        Ok(())
    }

    /// Sets other bounds than the default ones.
    #[must_use]
    pub fn with_limits(self, limits: ConnectionLimits) -> Self {
        Self { limits, ..self }
    }

    /// Where HTTP is served.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Addresses at which the page can be opened from other machines, the likeliest first. None if it is served to
    /// this machine alone.
    #[must_use]
    pub fn page_addrs(&self) -> Vec<SocketAddr> {
        let ips = interfaces::reachable(self.local_addr.ip());
        ips.into_iter().map(|ip| SocketAddr::new(ip, self.local_addr.port())).collect()
    }

    /// The UDP addresses that clients are told.
    #[must_use]
    pub fn media_addrs(&self) -> Vec<SocketAddr> {
        self.media.candidates()
    }

    /// The TCP addresses for media that clients are told; none without ICE-TCP.
    #[must_use]
    pub fn media_tcp_addrs(&self) -> Vec<SocketAddr> {
        self.media.tcp_candidates()
    }

    /// Where figures and health are told.
    #[must_use]
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_, address)| *address)
    }

    /// Whether it serves HTTPS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.certificate.is_some()
    }

    /// Whether it serves HTTPS, but has no certificate yet: it is asked for once the server runs.
    #[must_use]
    pub fn awaits_certificate(&self) -> bool {
        self.certificate.as_ref().is_some_and(|certificate| certificate.current().is_none())
    }

    /// How many rooms and people a server before this one has left here: they may come back.
    #[must_use]
    pub fn population(&self) -> (usize, usize) {
        self.delivery.population()
    }

    /// Serves until `shutdown` completes, then tells every client and ends.
    ///
    /// # Errors
    /// [`ServeError::System`] or [`ServeError::Defect`].
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        self.run_draining(std::future::pending(), shutdown).await
    }

    /// As [`Server::run`], but once `drain` completes, with a time, everyone is told that the server is about to stop, nobody begins a
    /// room any more, and it ends when nobody is left, when that time is over, or when `shutdown` completes.
    ///
    /// # Errors
    /// As of [`Server::run`].
    pub async fn run_draining(
        self,
        drain: impl Future<Output = Duration>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        // Unbounded, but it cannot grow: at most one answer for each of the few offers that the engine lets wait, and
        // one end for each session, which began with such an offer.
        let (news, media_news) = mpsc::unbounded_channel();
        let (to_media, media) = self.media.start(&news, &self.limits).map_err(ServeError::System)?;
        drop(news);
        let found = self.stun.map(|server| {
            let finder = to_media.finder();
            tokio::spawn(stun::watch(server, move |ips| finder.found(&ips)))
        });
        let (inbox, messages) = mpsc::channel(1_024);
        let (stop, stopped) = watch::channel(false);
        let parts = Parts::new(&inbox, to_media.threads());
        let counters = self.counters;
        let setup = engine::Setup {
            delivery: self.delivery,
            keeper: self.keeper,
            media: to_media,
            turn: self.turn,
            bandwidth_bps: self.capacity.bandwidth_bps,
            counters: Arc::clone(&counters),
        };
        let mut engine = tokio::spawn(engine::run(setup, messages, media_news, stopped.clone()));
        // Completes when the last socket has dropped its end.
        let (socket_alive, mut sockets_gone) = mpsc::channel::<()>(1);
        let app = web::App::new(
            inbox.clone(),
            socket_alive,
            &self.limits,
            (self.assets, self.doorkeeper),
            Arc::clone(&counters),
        );
        let router = web::router(Arc::new(app), self.https_only);
        let acceptor = self.certificate.as_ref().map(tls::acceptor).transpose()?;
        let ordering = self.acme.map(|acme| tokio::spawn(acme.watch(self.limits.acme_pause)));
        let renewal =
            self.certificate.map(|certificate| tokio::spawn(certificate.watch(self.limits.certificate_look)));
        let told = self.metrics.map(|(listener, _)| {
            let router = metrics::router(Arc::clone(&counters), parts);
            // Few ask, and none of them comes from far.
            let limits = ConnectionLimits { connections: 64, ..self.limits.clone() };
            let (tls, https_only, proxies) = (None, false, Proxies::default());
            let setup = http::Setup { tls, https_only, limits, proxies, counters: Arc::default() };
            tokio::spawn(http::serve(listener, router, setup, stopped.clone()))
        });
        let setup = http::Setup {
            tls: acceptor,
            https_only: self.https_only,
            limits: self.limits,
            proxies: self.proxies,
            counters: Arc::clone(&counters),
        };
        let web = tokio::spawn(http::serve(self.listener, router, setup, stopped));
        let drained = async {
            let most = drain.await;
            counters.draining.set(1);
            let seconds = u32::try_from(most.as_secs()).unwrap_or(u32::MAX);
            let (empty, emptied) = oneshot::channel();
            let emptying = async {
                if inbox.send(ToEngine::Drain { seconds, empty }).await.is_ok() {
                    let _ = emptied.await;
                }
            };
            let _ = timeout(most, emptying).await;
        };

        let outcome = tokio::select! {
            () = shutdown => Ok(()),
            () = drained => Ok(()),
            _ = &mut engine => Err(ServeError::Defect),
            () = media.ended() => Err(ServeError::Defect),
        };
        stop.send_replace(true);
        let quiet = async {
            if outcome.is_ok() {
                let _ = (&mut engine).await;
            }
            let _ = web.await;
            if let Some(told) = told {
                let _ = told.await;
            }
            let _ = sockets_gone.recv().await;
        };
        let _ = tokio::time::timeout(SHUTDOWN_MAX, quiet).await;
        // They hold senders of the media threads' commands, which wait until there is none.
        engine.abort();
        for task in [found, ordering, renewal].into_iter().flatten() {
            task.abort();
        }
        media.stop().await;
        outcome
    }
}

/// The DeliveryService, as another server left it if there is a store. Its identifiers come from a seed of its own, so none of
/// them is used twice.
fn deliver(
    folder: Option<&Path>,
    capacity: Capacity,
    counters: &Arc<Counters>,
) -> Result<(Delivery, Option<Keeper>), ServeError> {
    let limits = capacity.limits();
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| ServeError::System(error.into()))?;
    let Some(folder) = folder else { return Ok((Delivery::new(limits, seed), None)) };
    let (mut store, kept) = Store::open(folder)?;
    // The engine's clock begins at 0.
    let mut delivery = Delivery::restore(limits, seed, Millis(0), &kept)
        .map_err(|error| store.damaged(error.to_string()))?;
    store.rewrite(&delivery.take_everything())?;
    let keeper = Keeper::start(store, Arc::clone(counters)).map_err(ServeError::System)?;
    Ok((delivery, Some(keeper)))
}

const SHUTDOWN_MAX: Duration = Duration::from_secs(5);
