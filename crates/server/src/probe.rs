//! What a server would find on this machine, for those who look for what is wrong. Ports are taken for a moment only.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
};

use quinn_udp::UdpSocketState;

use crate::{
    Config, TcpPort,
    bind::{Bound, Refused, bind},
    interfaces, stun,
};

/// How much a media socket asks the system to hold, in each direction, in bytes.
pub use crate::ports::SOCKET_BUFFER_BYTES;

/// A port that a server would take.
#[derive(Debug)]
pub struct PortProbe {
    /// Whether it is UDP; otherwise TCP.
    pub is_udp: bool,
    /// What for.
    pub purpose: &'static str,
    /// The option that chooses it.
    pub option: &'static str,
    /// Where.
    pub address: SocketAddr,
    /// Whether a server could have it, or why not.
    pub outcome: io::Result<()>,
}

/// The ports that a server with these settings would take; those for which any free one will do are left out.
#[must_use]
pub fn ports(config: &Config) -> Vec<PortProbe> {
    let mut all = Vec::new();
    for (address, purpose, option) in
        [(Some(config.listen), "page and signalling", "--listen"), (config.metrics, "metrics", "--metrics")]
    {
        if let Some(address) = address.filter(|address| address.port() != 0) {
            let outcome = crate::bind::listen(address).map(drop);
            all.push(PortProbe { is_udp: false, purpose, option, address, outcome });
        }
    }
    if let Some(port) = config.media_port.filter(|port| *port != 0) {
        let bound = bind::<UdpSocket>(&config.public_ips, config.listen.ip(), port);
        all.push(media_probe(bound, port, true, "--media-port"));
    }
    let tcp = match config.media_tcp_port {
        TcpPort::Off => None,
        TcpPort::LikeUdp => config.media_port,
        TcpPort::Number(port) => Some(port),
    };
    if let Some(port) = tcp.filter(|port| *port != 0) {
        let bound = bind::<TcpListener>(&config.public_ips, config.listen.ip(), port);
        all.push(media_probe(bound, port, false, "--media-tcp-port"));
    }
    all
}

fn media_probe<S>(
    bound: Result<Vec<Bound<S>>, Refused>,
    port: u16,
    is_udp: bool,
    option: &'static str,
) -> PortProbe {
    let any = SocketAddr::from(([0; 4], port));
    let (address, outcome) = match bound {
        Ok(all) => (all.first().map_or(any, |bound| bound.candidate), Ok(())),
        Err((address, error)) => (address, Err(error)),
    };
    PortProbe { is_udp, purpose: "sound and picture", option, address, outcome }
}

/// The addresses that browsers would be told to send media to, those that a STUN server finds aside.
#[must_use]
pub fn announced(config: &Config) -> Vec<IpAddr> {
    if config.public_ips.is_empty() {
        interfaces::addresses(config.listen.ip())
    } else {
        config.public_ips.clone()
    }
}

/// Whether this machine has the address itself.
#[must_use]
pub fn is_own(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

/// Under which addresses a STUN server sees this machine, of IPv4 and IPv6 as far as it has addresses of them.
///
/// # Errors
/// The name `server` (`HOST:PORT`) stands for no address; or, for one family, there is no answer.
pub async fn seen_from(server: &str) -> io::Result<Vec<io::Result<IpAddr>>> {
    Ok(stun::ask_all(server).await?.into_iter().flatten().collect())
}

/// How many datagrams the kernel takes at once for one receiver, and brings at once from one sender: 1 where it does not.
///
/// # Errors
/// It gives no UDP socket.
pub fn offload() -> io::Result<(usize, usize)> {
    let socket = UdpSocket::bind(("127.0.0.1", 0))?;
    let state = UdpSocketState::new((&socket).into())?;
    Ok((state.max_gso_segments(), state.gro_segments()))
}
