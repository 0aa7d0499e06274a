//! `tangelo serve`.

use std::{
    error::Error,
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    time::SystemTime,
};

#[cfg(unix)]
use tangelo_server::ConnectionLimits;
use tangelo_server::{Config, Server, TcpPort, TlsFiles, TurnConfig, TurnUrl, self_signed};

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

    /// Serve the web app from this folder, as it is when the server starts. Default: the one inside this program.
    ///
    /// For those who change the page: `npm run build` in web/ makes web/dist.
    #[arg(long, env = "TANGELO_WEB", value_name = "FOLDER")]
    web: Option<PathBuf>,

    /// What to log to standard error: error, warn, info, debug or trace, or a filter such as "info,tangelo_sfu=debug".
    #[arg(long, env = "TANGELO_LOG", value_name = "LEVEL", default_value = "info")]
    log: String,
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
    super::log_to_stderr(&options.log)?;
    raise_file_limit();
    let (config, fingerprint) = config(options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config, fingerprint.as_deref()))
}

/// Prints the settings, and looks at the files that they name. The ports are left alone: a server may be running.
pub(crate) fn check(mut options: Options, listed: &str) -> Result<(), Box<dyn Error>> {
    print(listed)?;
    super::log_to_stderr(&options.log)?;
    // It is made when a server starts, and not before.
    let own_certificate = options.tls_self_signed.take().is_some();
    let (config, _) = config(options)?;
    Server::check(&config)?;
    if config.tls.is_none() && !own_certificate && !config.listen.ip().is_loopback() {
        warn_of_http();
    }
    print("A server can start with these settings, if its ports are free.\n")
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
        web: options.web,
        tap: options.tap,
        store: options.store,
    };
    Ok((config, fingerprint))
}

async fn serve(config: Config, fingerprint: Option<&str>) -> Result<(), Box<dyn Error>> {
    let shutdown = shutdown()?;
    let (tap, turn, has_udp, store) =
        (config.tap.clone(), config.turn.clone(), config.media_port.is_some(), config.store.clone());
    let server = Server::bind(config).await?;
    let address = server.local_addr();
    if !server.is_https() && !address.ip().is_loopback() {
        warn_of_http();
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
    print_addresses(&server, fingerprint)?;
    server.run(shutdown).await?;
    tracing::info!("stopped");
    Ok(())
}

fn warn_of_http() {
    tracing::warn!(
        "this server is open to other machines without HTTPS: their browsers give camera and microphone only \
         to https pages. Use --tls-cert and --tls-key, a proxy that speaks HTTPS, or --tls-self-signed"
    );
}

/// Says where the page can be opened, and what a certificate looks like that nobody else vouches for. All at once: whoever waits for
/// the first line may read no further.
fn print_addresses(server: &Server, fingerprint: Option<&str>) -> io::Result<()> {
    let scheme = if server.is_https() { "https" } else { "http" };
    let address = server.local_addr();
    let mut text = if address.ip().is_unspecified() {
        let others =
            server.page_addrs().into_iter().map(|other| format!("On other machines: {scheme}://{other}\n"));
        format!("Tangelo is ready: {scheme}://localhost:{}\n{}", address.port(), others.collect::<String>())
    } else {
        format!("Tangelo is ready: {scheme}://{address}\n")
    };
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

fn host_port(text: &str) -> Result<String, String> {
    let port =
        text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) => Ok(text.to_owned()),
        _ => Err("this is to be HOST:PORT, for example stun.example.org:3478".to_owned()),
    }
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

/// Every connection is an open file to the system, and the usual limit is far below what a server needs.
#[cfg(unix)]
fn raise_file_limit() {
    let ConnectionLimits { connections, media_connections, .. } = ConnectionLimits::default();
    let connections = u64::try_from(connections + media_connections).unwrap_or(u64::MAX);
    // Files and the like, and a media socket for each of up to 64 threads at each of up to 8 addresses.
    let wanted = connections.saturating_add(256 + 64 * 8);
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
fn raise_file_limit() {}

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
