//! `tangelo serve`.

use std::{
    error::Error,
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use tangelo_server::{Config, Server, TlsFiles};
use tracing_subscriber::EnvFilter;

/// Every option can also be given as the environment variable that stands beside it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Address and TCP port of the web page and of the signalling. Port 0 takes any free one.
    #[arg(long, env = "TANGELO_LISTEN", value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// UDP port for audio and video. 0 takes any free one.
    ///
    /// The default is that of STUN, which many company networks let out because other calling services use it.
    #[arg(long, env = "TANGELO_MEDIA_PORT", value_name = "PORT", default_value_t = 3478)]
    media_port: u16,

    /// The IP address that people's browsers send audio and video to.
    ///
    /// Needed where this machine does not have that address itself, as behind a router or a cloud's NAT, and where a
    /// proxy stands before --listen. Without it: the address of --listen, or, if that is 0.0.0.0 or this machine
    /// alone (127.0.0.1), every address of this machine.
    #[arg(long, env = "TANGELO_PUBLIC_IP", value_name = "IP")]
    public_ip: Option<IpAddr>,

    /// PEM file with the HTTPS certificate and those that vouch for it. Default: no HTTPS.
    #[arg(long, env = "TANGELO_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key.
    #[arg(long, env = "TANGELO_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Write every media packet that is passed on to this pcap file, as the server sees it: encrypted. Default: none.
    ///
    /// Open it with Wireshark and choose "Decode As... RTP" for UDP port 5004.
    #[arg(long, env = "TANGELO_TAP", value_name = "FILE")]
    tap: Option<PathBuf>,

    /// What to log to standard error: error, warn, info, debug or trace, or a filter such as "info,tangelo_sfu=debug".
    #[arg(long, env = "TANGELO_LOG", value_name = "LEVEL", default_value = "info")]
    log: String,
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_new(&options.log)
        .map_err(|error| format!("--log {:?} is no log filter: {error}", options.log))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let tls = options.tls_cert.zip(options.tls_key).map(|(cert, key)| TlsFiles { cert, key });
    let config = Config {
        listen: options.listen,
        media_port: options.media_port,
        public_ip: options.public_ip,
        tls,
        tap: options.tap,
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let shutdown = shutdown()?;
    let tap = config.tap.clone();
    let server = Server::bind(config).await?;
    let address = server.local_addr();
    if !server.is_https() && !address.ip().is_loopback() {
        tracing::warn!(
            "this server is open to other machines without HTTPS: their browsers give camera and microphone only \
             to https pages. Use --tls-cert and --tls-key, or a proxy that speaks HTTPS"
        );
    }
    if let Some(tap) = tap {
        tracing::info!("media packets are written to {}", tap.display());
    }
    if let Some(media) = server.media_addrs().first() {
        tracing::info!("audio and video use UDP port {}", media.port());
    }
    let scheme = if server.is_https() { "https" } else { "http" };
    let mut out = io::stdout();
    writeln!(out, "Tangelo is ready: {scheme}://{address}")?;
    out.flush()?;
    server.run(shutdown).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Completes when the system or the person asks the program to end.
#[cfg(unix)]
fn shutdown() -> io::Result<impl Future<Output = ()>> {
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
fn shutdown() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping");
    })
}
