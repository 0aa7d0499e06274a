//! `tangelo serve`.

use std::{
    error::Error,
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    time::{Duration, SystemTime},
};

#[cfg(unix)]
use tangelo_server::ConnectionLimits;
use tangelo_server::{
    AcmeConfig, Capacity, Config, Doors, DoorsConfig, LETS_ENCRYPT, Network, Server, TcpPort, TlsFiles,
    TurnConfig, TurnUrl, is_local, self_signed,
};
use tangelo_wire::limits;

use crate::LogFormat;

/// Every option can also be given as the environment variable that stands beside it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// File with options, in TOML: their long names, as `listen = "0.0.0.0:8080"`, and a list for what may be given several times.
    ///
    /// What is given on the command line or in the environment counts more. `tangelo config check` says what comes of it.
    #[arg(long, env = "TANGELO_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Address and TCP port of the web page and of the signalling. Port 0 takes any free one.
    #[arg(long, env = "TANGELO_LISTEN", value_name = "IP:PORT", default_value = "127.0.0.1:8080",
          value_parser = listen)]
    listen: SocketAddr,

    /// UDP port for audio and video. 0 takes any free one, "off" none: then all audio and video goes by TCP.
    ///
    /// The default is that of STUN, which many company networks let out because other calling services use it.
    #[arg(long, env = "TANGELO_MEDIA_PORT", value_name = "PORT", default_value = "3478", value_parser = port)]
    media_port: Port,

    /// TCP port for audio and video of those whose network lets no UDP through. 0 takes any free one, "off" none.
    ///
    /// Browsers take it only where UDP does not work (ICE-TCP, RFC 6544). Without the option it is the number of
    /// --media-port, and if another program has that, there is none.
    #[arg(long, env = "TANGELO_MEDIA_TCP_PORT", value_name = "PORT", value_parser = port)]
    media_tcp_port: Option<Port>,

    /// How many threads carry audio and video. Default: one for each processor.
    ///
    /// A room is one thread's, so more threads than rooms are of no use. On other systems than Linux there is one.
    #[arg(long, env = "TANGELO_MEDIA_THREADS", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    media_threads: Option<u8>,

    /// An IP address that people's browsers send audio and video to; may be given several times, or with commas.
    ///
    /// Needed where this machine does not have that address itself, as behind a router or a cloud's NAT, and where a
    /// proxy stands before --listen. Without it: the address of --listen, or, if that is 0.0.0.0 or this machine
    /// alone (127.0.0.1), every address of this machine. Browsers try all of them: give IPv4 and IPv6 if there are
    /// both, and the one in the local network if people there cannot use the public one.
    #[arg(long = "public-ip", env = "TANGELO_PUBLIC_IP", value_name = "IP", value_delimiter = ',',
          value_parser = public_ip)]
    public_ips: Vec<IpAddr>,

    /// A STUN server that is asked under which IP address others see this machine, at the start and every five minutes.
    /// Default: nobody is asked.
    ///
    /// For machines behind a router whose address is not known beforehand or changes. The router must pass the media port on
    /// to this machine, under the same number. Browsers are told the address besides those of --public-ip.
    #[arg(long, env = "TANGELO_STUN", value_name = "HOST:PORT", value_parser = host_port)]
    stun: Option<String>,

    /// A TURN server that browsers are told once they are in a call, such as turn:turn.example.org:3478?transport=udp; may be
    /// given several times, or with commas. Default: none.
    ///
    /// For people whose network lets them reach that server and not this one. It relays what stays encrypted between
    /// browser and this server. "turns:" is TLS. Goes with --turn-secret-file.
    #[arg(
        long = "turn",
        env = "TANGELO_TURN",
        value_name = "URL",
        value_delimiter = ',',
        requires = "turn_secret_file"
    )]
    turn_urls: Vec<TurnUrl>,

    /// File with the secret that the TURN servers share with this one: coturn's static-auth-secret, and nothing else.
    ///
    /// From it come names and passwords that each browser gets for 12 hours.
    #[arg(long, env = "TANGELO_TURN_SECRET_FILE", value_name = "FILE", requires = "turn_urls")]
    turn_secret_file: Option<PathBuf>,

    /// PEM file with the HTTPS certificate and those that vouch for it. Default: no HTTPS.
    #[arg(long, env = "TANGELO_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key.
    #[arg(
        long,
        env = "TANGELO_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert",
        conflicts_with = "tls_self_signed"
    )]
    tls_key: Option<PathBuf>,

    /// Folder for a certificate that the server makes for itself, at the first start, for HTTPS without anybody else.
    ///
    /// Browsers warn of it, since nobody vouches for it: whoever is to go on compares the fingerprint that is printed at the start with the
    /// one that the browser shows. It is made again before it ends, and when it lacks an address of --public-ip or --listen or the
    /// machine's name. Addresses that the machine gets later are not in it: browsers warn all the same, and the fingerprint stays.
    #[arg(long, env = "TANGELO_TLS_SELF_SIGNED", value_name = "FOLDER", conflicts_with = "tls_cert")]
    tls_self_signed: Option<PathBuf>,

    /// A name for which the server gets an HTTPS certificate by itself, and renews it, as call.example.org; may be given several times,
    /// or with commas. Goes with --acme-folder.
    ///
    /// It is asked of Let's Encrypt, or of the authority that --acme-directory names, by ACME (RFC 8555): whoever gives this option agrees
    /// to that authority's terms. It looks whether the name is this server's, on port 443 (tls-alpn-01), which must lead to --listen from
    /// everywhere. Nothing else has to be open.
    #[arg(
        long = "acme-domain",
        env = "TANGELO_ACME_DOMAIN",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = domain,
        requires = "acme_folder",
        conflicts_with_all = ["tls_cert", "tls_key", "tls_self_signed"]
    )]
    acme_domains: Vec<String>,

    /// Where the authority may write to, of changes or trouble. Default: it is told no address.
    #[arg(long, env = "TANGELO_ACME_EMAIL", value_name = "MAIL", requires = "acme_domains", value_parser = email)]
    acme_email: Option<String>,

    /// Folder in which the account with the authority and the certificate are kept, with their keys; made if need be.
    #[arg(long, env = "TANGELO_ACME_FOLDER", value_name = "FOLDER", requires = "acme_domains")]
    acme_folder: Option<PathBuf>,

    /// The authority's directory. Default: that of Let's Encrypt.
    #[arg(long, env = "TANGELO_ACME_DIRECTORY", value_name = "URL", requires = "acme_domains")]
    acme_directory: Option<String>,

    /// PEM file with the certificates that vouch for the authority's own server, instead of those that this machine trusts: for an
    /// authority of one's own.
    #[arg(long, env = "TANGELO_ACME_ROOT", value_name = "FILE", requires = "acme_domains")]
    acme_root: Option<PathBuf>,

    /// Write every media packet that is passed on to this pcap file, as the server sees it: encrypted. Default: none.
    ///
    /// A file that is there already is overwritten. Open it with Wireshark and choose "Decode As... RTP" for UDP port 5004.
    #[arg(long, env = "TANGELO_TAP", value_name = "FILE")]
    tap: Option<PathBuf>,

    /// Folder for what calls need to go on after a restart of this server; made if need be. Default: none, nothing is written.
    ///
    /// In it are the names of rooms with people in them, who is present (keys and names are sealed in all rooms with a secret
    /// link), and the last encrypted messages; no key. Whoever is back within 10 seconds stays in the same call. Without it a
    /// restart ends all calls, and everyone arrives anew.
    #[arg(long, env = "TANGELO_STORE", value_name = "FOLDER")]
    store: Option<PathBuf>,

    /// How many seconds the server goes on after a SIGTERM, for those inside: they are told, and nobody begins a call any more. Default:
    /// 30; with --store 3, since calls go on after a restart.
    ///
    /// It ends sooner if nobody is left. A second SIGTERM, or Ctrl-C, ends it at once. Whoever stops it must have patience: in systemd units
    /// TimeoutStopSec=.
    #[arg(long, env = "TANGELO_DRAIN", value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    drain: Option<u32>,

    /// Address and TCP port at which figures for Prometheus (/metrics) and the server's health (/healthz, /readyz) are told. Default: none.
    ///
    /// Nobody is asked who they are there, so give it an address that strangers cannot reach. Rooms, people and addresses are not named.
    #[arg(long, env = "TANGELO_METRICS", value_name = "IP:PORT", value_parser = listen)]
    metrics: Option<SocketAddr>,

    /// A proxy, or a network of them, that is believed for whom it asks (X-Forwarded-For, or else Forwarded); may be given several
    /// times, or with commas. Default: none, those headers do not count.
    ///
    /// Then the bounds for one address are those of people, not of the proxy. The proxy must put the address that it sees at the end of the
    /// header.
    #[arg(
        long = "trusted-proxy",
        env = "TANGELO_TRUSTED_PROXY",
        value_name = "IP[/BITS]",
        value_delimiter = ','
    )]
    trusted_proxies: Vec<Network>,

    /// To whom rooms are open: to everyone with the link, to those alone who have a token as well, or, where nobody is in a room yet, to those
    /// who have a token that lets them begin it.
    ///
    /// Tokens are JWTs in links: `tangelo token` makes them, or another program that has the key.
    #[arg(long, env = "TANGELO_ROOMS", value_name = "KIND", default_value = "link")]
    rooms: RoomsOpen,

    /// File with the secret of tokens with HS256, and nothing else: 32 bytes or more. Default: none such are taken.
    ///
    /// Whoever can read it can issue tokens. `tangelo token new-key` makes one.
    #[arg(long, env = "TANGELO_TOKEN_KEY_FILE", value_name = "FILE")]
    token_key_file: Option<PathBuf>,

    /// PEM file with the Ed25519 public key of those who issue tokens elsewhere. Default: none such are taken.
    ///
    /// The server can check their tokens and issue none. `tangelo token new-key-pair` makes both halves.
    #[arg(long, env = "TANGELO_TOKEN_PUBLIC_KEY", value_name = "FILE")]
    token_public_key: Option<PathBuf>,

    /// Who may begin a room with --rooms creators, by the "sub" of their tokens; may be given several times, or with commas. Default: everybody
    /// whose token has the right to create.
    #[arg(long = "creator", env = "TANGELO_CREATOR", value_name = "NAME", value_delimiter = ',')]
    creators: Vec<String>,

    /// Most rooms with somebody in them.
    #[arg(long, env = "TANGELO_MAX_ROOMS", value_name = "N", default_value = "1000", value_parser = count)]
    max_rooms: usize,

    /// Most people in all rooms together.
    #[arg(long, env = "TANGELO_MAX_CLIENTS", value_name = "N", default_value = "2000", value_parser = count)]
    max_clients: usize,

    /// Most people in one room, 200 at most.
    #[arg(long, env = "TANGELO_MAX_ROOM_CLIENTS", value_name = "N", default_value = "200",
          value_parser = room_count)]
    max_room_clients: usize,

    /// From so much outgoing audio and video on, in Mbit/s, newcomers are refused. Default: no bound.
    ///
    /// Who is inside does not notice, and may still need more: leave some room.
    #[arg(long, env = "TANGELO_MAX_BANDWIDTH", value_name = "MBIT/S",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_bandwidth: Option<u32>,

    /// Serve the web app from this folder, as it is when the server starts. Default: the one inside this program.
    ///
    /// For those who change the page: `npm run build` in web/ makes web/dist.
    #[arg(long, env = "TANGELO_WEB", value_name = "FOLDER")]
    web: Option<PathBuf>,

    /// What to log to standard error: error, warn, info, debug or trace, or a filter such as "info,tangelo_sfu=debug".
    #[arg(long, env = "TANGELO_LOG", value_name = "LEVEL", default_value = "info")]
    log: String,

    /// How the log looks: lines for people, or an object of JSON a line.
    #[arg(long, env = "TANGELO_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

/// To whom rooms are open.
#[derive(Clone, Copy, clap::ValueEnum)]
enum RoomsOpen {
    Link,
    Token,
    Creators,
}

/// A port for media, or none.
#[derive(Clone, Copy)]
enum Port {
    Off,
    Number(u16),
}

/// The usual port for media.
const MEDIA_PORT: u16 = 3478;

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    super::log_to_stderr(&options.log, options.log_format)?;
    let drain = drain(&options);
    let (config, fingerprint) = config(options)?;
    raise_file_limit(&config.capacity);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config, fingerprint.as_deref(), drain))
}

/// Prints the settings, and looks at the files that they name. The ports are left alone: a server may be running.
pub(crate) fn check(options: Options, listed: &str) -> Result<(), Box<dyn Error>> {
    print(listed)?;
    let (config, own_certificate) = settings(options)?;
    let own_certificate = own_certificate.is_some();
    Server::check(&config)?;
    if config.tls.is_none() && config.acme.is_none() && !own_certificate && !config.listen.ip().is_loopback()
    {
        warn_of_http();
    }
    print("A server can start with these settings, if its ports are free.\n")
}

/// The settings, for who only looks at them, and the folder of a certificate of the server's own: that is made when a server starts,
/// and not before.
pub(crate) fn settings(mut options: Options) -> Result<(Config, Option<PathBuf>), Box<dyn Error>> {
    super::log_to_stderr(&options.log, options.log_format)?;
    let own_certificate = options.tls_self_signed.take();
    let (config, _) = config(options)?;
    Ok((config, own_certificate))
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads what is printed has gone: no fault.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// The settings, and the fingerprint of a certificate of the server's own.
fn config(options: Options) -> Result<(Config, Option<String>), Box<dyn Error>> {
    let files = options.tls_cert.zip(options.tls_key);
    let mut tls = files.map(|(cert, key)| TlsFiles { cert, key, self_signed: false });
    let mut fingerprint = None;
    if let Some(folder) = options.tls_self_signed {
        let mut ips = options.public_ips.clone();
        ips.push(options.listen.ip());
        let made = self_signed(&folder, &ips, SystemTime::now())?;
        if made.is_new {
            tracing::info!("a new certificate of its own is in {}", folder.display());
        }
        tls = Some(made.files);
        fingerprint = Some(made.fingerprint);
    }
    let config = Config {
        listen: options.listen,
        media_port: match options.media_port {
            Port::Off => None,
            Port::Number(port) => Some(port),
        },
        media_tcp_port: match (options.media_tcp_port, options.media_port) {
            (Some(Port::Off), _) => TcpPort::Off,
            (Some(Port::Number(port)), _) => TcpPort::Number(port),
            (None, Port::Off) => TcpPort::Number(MEDIA_PORT),
            (None, Port::Number(_)) => TcpPort::LikeUdp,
        },
        media_threads: options.media_threads.and_then(|count| NonZero::new(usize::from(count))),
        public_ips: options.public_ips,
        stun: options.stun,
        turn: options.turn_secret_file.map(|secret_file| TurnConfig { urls: options.turn_urls, secret_file }),
        tls,
        acme: options.acme_folder.map(|folder| AcmeConfig {
            domains: options.acme_domains,
            email: options.acme_email,
            folder,
            directory: options.acme_directory.unwrap_or_else(|| LETS_ENCRYPT.to_owned()),
            root: options.acme_root,
        }),
        web: options.web,
        tap: options.tap,
        store: options.store,
        capacity: Capacity {
            rooms: options.max_rooms,
            clients: options.max_clients,
            room_clients: options.max_room_clients,
            bandwidth_bps: options.max_bandwidth.map(|mbit_s| u64::from(mbit_s) * 1_000_000),
        },
        doors: DoorsConfig {
            doors: match options.rooms {
                RoomsOpen::Link => Doors::Link,
                RoomsOpen::Token => Doors::Token,
                RoomsOpen::Creators => Doors::Creators,
            },
            secret_file: options.token_key_file,
            public_key_file: options.token_public_key,
            creators: options.creators,
        },
        trusted_proxies: options.trusted_proxies,
        metrics: options.metrics,
    };
    Ok((config, fingerprint))
}

/// How long a server goes on that is asked to end.
fn drain(options: &Options) -> Duration {
    // Without a store a restart ends what people are doing, and they may want to say good-bye. With one it is a pause of a few seconds,
    // and every second before it is one in which nobody can begin a call.
    let usual = if options.store.is_some() { 3 } else { 30 };
    Duration::from_secs(options.drain.map_or(usual, u64::from))
}

async fn serve(config: Config, fingerprint: Option<&str>, most: Duration) -> Result<(), Box<dyn Error>> {
    let (drain, stop) = signals(most)?;
    let (tap, turn, has_udp, store) =
        (config.tap.clone(), config.turn.clone(), config.media_port.is_some(), config.store.clone());
    let doors = config.doors.doors;
    let domains = config.acme.as_ref().map_or_else(Vec::new, |acme| acme.domains.clone());
    let server = Server::bind(config).await?;
    let address = server.local_addr();
    if let Some(address) = server.metrics_addr()
        && !is_local(address.ip())
    {
        tracing::warn!(
            "strangers may reach {address}, where metrics are told: give --metrics an address that they cannot reach"
        );
    }
    if !server.is_https() && !address.ip().is_loopback() {
        warn_of_http();
    }
    match doors {
        Doors::Link => {}
        Doors::Token => tracing::info!("rooms are open to those alone who have a token"),
        Doors::Creators => tracing::info!("rooms are begun by those alone whose token lets them"),
    }
    if server.awaits_certificate() {
        tracing::info!(
            "there is no certificate for {} yet: it is asked for now, and until it is here no page can be opened",
            domains.join(", ")
        );
    }
    if let Some(tap) = tap {
        tracing::info!("media packets are written to {}", tap.display());
    }
    for (transport, addresses) in [("UDP", server.media_addrs()), ("TCP", server.media_tcp_addrs())] {
        if !addresses.is_empty() {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            tracing::info!("audio and video use {transport} {}", addresses.join(", "));
        }
    }
    if let Some(turn) = turn {
        let urls: Vec<String> = turn.urls.iter().map(ToString::to_string).collect();
        tracing::info!("browsers in a call are told the TURN servers {}", urls.join(", "));
        if !has_udp {
            tracing::warn!("TURN servers relay to UDP ports alone: with --media-port off they are of no use");
        }
    }
    if let Some(store) = store {
        let (rooms, people) = server.population();
        tracing::info!("calls survive a restart: {} keeps them", store.display());
        if people > 0 {
            tracing::info!(
                "{people} people in {rooms} rooms were in calls and may come back within 10 seconds"
            );
        }
    }
    print_addresses(&server, &domains, fingerprint)?;
    server.run_draining(drain, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

fn warn_of_http() {
    tracing::warn!(
        "this server is open to other machines without HTTPS: their browsers give camera and microphone only \
         to https pages. Use --acme-domain, --tls-cert and --tls-key, a proxy that speaks HTTPS, or --tls-self-signed"
    );
}

/// Says where the page can be opened, and what a certificate looks like that nobody else vouches for. All at once: whoever waits for
/// the first line may read no further.
fn print_addresses(server: &Server, domains: &[String], fingerprint: Option<&str>) -> io::Result<()> {
    let scheme = if server.is_https() { "https" } else { "http" };
    let address = server.local_addr();
    let mut text = if address.ip().is_unspecified() {
        let others =
            server.page_addrs().into_iter().map(|other| format!("On other machines: {scheme}://{other}\n"));
        format!("Tangelo is ready: {scheme}://localhost:{}\n{}", address.port(), others.collect::<String>())
    } else {
        format!("Tangelo is ready: {scheme}://{address}\n")
    };
    for domain in domains {
        let port = Some(address.port()).filter(|port| *port != 443).map(|port| format!(":{port}"));
        text += &format!("With a certificate: {scheme}://{domain}{}\n", port.unwrap_or_default());
    }
    if let Some(address) = server.metrics_addr() {
        text += &format!("Metrics: http://{address}/metrics\n");
    }
    if let Some(fingerprint) = fingerprint {
        text += &format!("SHA-256 fingerprint of the certificate: {fingerprint}\n");
    }
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "this is to be IP:PORT, for example 0.0.0.0:8080".to_owned())
}

fn count(text: &str) -> Result<usize, String> {
    let most = 100_000;
    text.parse()
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| format!("this is to be a number from 1 to {most}"))
}

fn room_count(text: &str) -> Result<usize, String> {
    let most = limits::ROOM_CLIENTS_MAX;
    count(text)
        .ok()
        .filter(|count| *count <= most)
        .ok_or_else(|| format!("this is to be a number from 1 to {most}"))
}

fn host_port(text: &str) -> Result<String, String> {
    let port =
        text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) => Ok(text.to_owned()),
        _ => Err("this is to be HOST:PORT, for example stun.example.org:3478".to_owned()),
    }
}

/// A name as certificates have it: in small letters, without the dot at its end.
fn domain(text: &str) -> Result<String, String> {
    if text.starts_with("*.") {
        return Err(
            "certificates for all names below one cannot be had in this way: give each name".to_owned()
        );
    }
    if text.parse::<IpAddr>().is_ok() {
        return Err("this is to be a name: authorities look at port 443 of a name".to_owned());
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let fine = |label: &str| {
        (1..64).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() <= 253 && name.split('.').all(fine) {
        Ok(name)
    } else {
        Err("this is to be a host's name, for example call.example.org; letters beyond a to z as punycode (xn--...)".to_owned())
    }
}

fn email(text: &str) -> Result<String, String> {
    let is_fine =
        text.split_once('@').is_some_and(|(before, behind)| !before.is_empty() && behind.contains('.'))
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b'?' | b'%'));
    if is_fine { Ok(text.to_owned()) } else { Err("this is to be a mail address".to_owned()) }
}

fn port(text: &str) -> Result<Port, String> {
    if text == "off" {
        return Ok(Port::Off);
    }
    text.parse().map(Port::Number).map_err(|_| "this is to be a port from 0 to 65535, or \"off\"".to_owned())
}

fn public_ip(text: &str) -> Result<IpAddr, String> {
    let ip: IpAddr =
        text.parse().map_err(|_| "this is to be an IP address, for example 203.0.113.7".to_owned())?;
    if ip.is_unspecified() || ip.is_multicast() || ip == IpAddr::from([255; 4]) {
        return Err(
            "browsers cannot send to this address: give the one under which others reach this machine, or \
                    leave the option out to use every address that this machine has"
                .to_owned(),
        );
    }
    Ok(ip)
}

/// How many files a full server may have open.
#[cfg(unix)]
pub(crate) fn files_wanted(limits: &ConnectionLimits) -> u64 {
    let connections = u64::try_from(limits.connections + limits.media_connections).unwrap_or(u64::MAX);
    // Files and the like, and a media socket for each of up to 64 threads at each of up to 8 addresses.
    connections.saturating_add(256 + 64 * 8)
}

/// Every connection is an open file to the system, and the usual limit is far below what a server needs.
#[cfg(unix)]
fn raise_file_limit(capacity: &Capacity) {
    let wanted = files_wanted(&ConnectionLimits::of(capacity));
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < wanted => tracing::warn!(
            "the system lets this program have only {limit} connections and files open, where it would use up to \
             {wanted}: raise the limit (ulimit -Hn; in systemd units LimitNOFILE=) to serve many people"
        ),
        Ok(limit) => tracing::debug!("up to {limit} connections and files may be open"),
        Err(error) => tracing::warn!("cannot raise the limit of open connections and files: {error}"),
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
fn raise_file_limit(_: &Capacity) {}

/// Completes when the system asks the program to end, with the time that it has; and when it, or the person, asks to end at once.
#[cfg(unix)]
fn signals(most: Duration) -> io::Result<(impl Future<Output = Duration>, impl Future<Output = ()>)> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (mut first, mut second) = (signal(SignalKind::terminate())?, signal(SignalKind::terminate())?);
    let drain = async move {
        first.recv().await;
        tracing::info!(seconds = most.as_secs(), "stopping once nobody is left, or after this time");
        most
    };
    let stop = async move {
        let twice = async {
            second.recv().await;
            second.recv().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            () = twice => {}
        }
        tracing::info!("stopping");
    };
    Ok((drain, stop))
}

/// Completes when the person asks to end.
#[cfg(not(unix))]
fn signals(_: Duration) -> io::Result<(impl Future<Output = Duration>, impl Future<Output = ()>)> {
    Ok((std::future::pending(), shutdown()?))
}

/// Completes when the system or the person asks the program to end.
#[cfg(unix)]
pub(crate) fn shutdown() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// Completes when the person asks the program to end.
#[cfg(not(unix))]
pub(crate) fn shutdown() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping");
    })
}
