//! Where the media sockets are bound, UDP and TCP alike.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
};

use socket2::{Domain, Protocol, Type};

use crate::interfaces;

/// A socket, and the address that clients know it by.
pub(crate) struct Bound<S> {
    pub(crate) socket: S,
    pub(crate) candidate: SocketAddr,
    /// Further addresses at which it is reached, as behind a router. What comes there comes to `candidate`, for all that can
    /// be seen here.
    pub(crate) aliases: Vec<SocketAddr>,
}

impl<S> Bound<S> {
    /// All addresses that clients are told.
    pub(crate) fn candidates(all: &[Self]) -> Vec<SocketAddr> {
        all.iter()
            .flat_map(|bound| [bound.candidate].into_iter().chain(bound.aliases.iter().copied()))
            .collect()
    }
}

/// Where no socket could be bound, and why.
pub(crate) type Refused = (SocketAddr, io::Error);

/// A socket of the system that is ready for a runtime.
pub(crate) trait Socket: Sized {
    fn bind(address: SocketAddr) -> io::Result<Self>;
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

impl Socket for UdpSocket {
    fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(bound(address, Type::DGRAM, Protocol::UDP)?.into())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1_024;

impl Socket for TcpListener {
    fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = bound(address, Type::STREAM, Protocol::TCP)?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

/// A listener as the server's own is bound.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(1)?;
    Ok(socket.into())
}

/// Further sockets at the address of a bound one, between which and that one the kernel chooses by the sender's address
/// (SO_REUSEPORT). Other programs are still refused the port: the first socket was bound without sharing it, and whoever wants it
/// in the same way, as another Tangelo, must be able to have it alone at first.
#[cfg(target_os = "linux")]
pub(crate) fn beside(first: &UdpSocket, count: usize) -> io::Result<Vec<UdpSocket>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let address = first.local_addr()?;
    socket2::SockRef::from(first).set_reuse_port(true)?;
    let another = || {
        let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    (0..count).map(|_| another()).collect()
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // All of IPv6 is not all of IPv4, which has sockets of its own.
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

fn bound(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<socket2::Socket> {
    let socket = socket(address, kind, protocol)?;
    // A server that starts again finds connections of the one before, which have ended, in the kernel.
    #[cfg(unix)]
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The sockets that clients are told of: at the public addresses, or at those of this machine if there are none.
pub(crate) fn bind<S: Socket>(
    public: &[IpAddr],
    listen: IpAddr,
    port: u16,
) -> Result<Vec<Bound<S>>, Refused> {
    if public.is_empty() {
        return bind_all(&interfaces::addresses(listen), port, |error| {
            error.kind() != io::ErrorKind::AddrInUse
        });
    }
    let mut public = public.to_vec();
    public.sort_unstable();
    public.dedup();
    let mut all: Vec<Bound<S>> = Vec::new();
    // IPv4 and IPv6 are two networks, and one of them may have a router before it that the other has not.
    for family in public.chunk_by(|one, other| one.is_ipv4() == other.is_ipv4()) {
        let port = all.first().map_or(port, |bound| bound.candidate.port());
        all.extend(match bind_all(family, port, |_| false) {
            Err((_, error)) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                vec![bind_any(family, port)?]
            }
            bound => bound?,
        });
    }
    Ok(all)
}

/// One socket for each address, all with the same port: so each packet's own destination is known, and answers
/// come from where the client sent to. Goes on without those whose failure is `bearable`, while there are others.
fn bind_all<S: Socket>(
    ips: &[IpAddr],
    port: u16,
    bearable: impl Fn(&io::Error) -> bool,
) -> Result<Vec<Bound<S>>, Refused> {
    let mut port = port;
    let mut all = Vec::new();
    let mut failure = None;
    for ip in ips {
        let address = SocketAddr::new(*ip, port);
        match S::bind(address).and_then(|socket| Ok((socket.local_addr()?, socket))) {
            Ok((candidate, socket)) => {
                port = candidate.port();
                all.push(Bound { socket, candidate, aliases: Vec::new() });
            }
            // An interface that came up or went down in this moment. Where another program has the port it is all or
            // nothing, or calls would work on some networks only.
            Err(error) if bearable(&error) => {
                tracing::warn!("no media on one of this machine's addresses: {error}");
                failure = Some((address, error));
            }
            Err(error) => return Err((address, error)),
        }
    }
    match failure {
        Some(failure) if all.is_empty() => Err(failure),
        _ => Ok(all),
    }
}

/// One socket for all addresses of a family, of which this machine does not have every one itself: a router maps them.
fn bind_any<S: Socket>(ips: &[IpAddr], port: u16) -> Result<Bound<S>, Refused> {
    let is_ipv4 = ips.iter().all(IpAddr::is_ipv4);
    let any: IpAddr = if is_ipv4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let address = SocketAddr::new(any, port);
    let socket = S::bind(address).and_then(|socket| Ok((socket.local_addr()?.port(), socket)));
    let (port, socket) = socket.map_err(|error| (address, error))?;
    let mut candidates = ips.iter().map(|ip| SocketAddr::new(*ip, port));
    let candidate = candidates.next().unwrap_or(address);
    Ok(Bound { socket, candidate, aliases: candidates.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELSEWHERE: [&str; 2] = ["203.0.113.7", "203.0.113.8"];

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// A port that is free on one address, or for UDP, need not be so on another, or for TCP: then with another port.
    fn with_any_port<T>(mut bind: impl FnMut() -> Result<T, Refused>) -> T {
        for _ in 0..1_000 {
            match bind() {
                Err((_, error)) if error.kind() == io::ErrorKind::AddrInUse => {}
                bound => return bound.unwrap(),
            }
        }
        panic!("no port is free on all addresses");
    }

    fn udp(public: &[&str]) -> Vec<Bound<UdpSocket>> {
        with_any_port(|| bind(&ips(public), Ipv4Addr::LOCALHOST.into(), 0))
    }

    fn told(all: &[Bound<UdpSocket>]) -> Vec<IpAddr> {
        Bound::candidates(all).iter().map(SocketAddr::ip).collect()
    }

    #[test]
    fn every_public_address_is_told_with_the_same_port() {
        let all = udp(&["127.0.0.2", "127.0.0.1", "127.0.0.2"]);
        assert_eq!(told(&all), ips(&["127.0.0.1", "127.0.0.2"]));
        let port = all[0].candidate.port();
        for bound in &all {
            assert_eq!(bound.candidate.port(), port);
            assert_eq!(bound.socket.local_addr().unwrap(), bound.candidate);
        }
    }

    #[test]
    fn tcp_has_the_number_of_udp() {
        with_any_port(|| {
            let udp = udp(&["127.0.0.1"]);
            let port = udp[0].candidate.port();
            let tcp = bind::<TcpListener>(&ips(&["127.0.0.1"]), Ipv4Addr::LOCALHOST.into(), port)?;
            assert_eq!(tcp[0].candidate, udp[0].candidate);
            Ok(())
        });
    }

    #[test]
    fn addresses_of_a_router_share_one_socket_with_those_beside_them() {
        let all = udp(&["127.0.0.1", ELSEWHERE[0], ELSEWHERE[1]]);
        assert_eq!(all.len(), 1);
        assert!(all[0].socket.local_addr().unwrap().ip().is_unspecified());
        assert_eq!(told(&all), ips(&["127.0.0.1", ELSEWHERE[0], ELSEWHERE[1]]));
    }

    #[test]
    fn ipv4_behind_a_router_leaves_ipv6_as_it_is() {
        // Not every machine has IPv6.
        if UdpSocket::bind("[::1]:0").is_err() {
            return;
        }
        let all = udp(&["::1", ELSEWHERE[0]]);
        assert_eq!(told(&all), ips(&[ELSEWHERE[0], "::1"]));
        assert_eq!(all[0].candidate.port(), all[1].candidate.port());
        assert!(all[0].socket.local_addr().unwrap().ip().is_unspecified());
        assert_eq!(all[1].socket.local_addr().unwrap(), all[1].candidate);
        let both = udp(&["2001:db8::7", ELSEWHERE[0]]);
        assert_eq!(told(&both), ips(&[ELSEWHERE[0], "2001:db8::7"]));
        assert_eq!(both.len(), 2, "all of IPv6 does not take IPv4's port");
    }

    /// What two of them send each other shows which socket the kernel chooses; where is its own affair, but it stays.
    #[cfg(target_os = "linux")]
    #[test]
    fn sockets_beside_each_other_share_clients_and_no_other_program_gets_any() {
        let first = udp(&["127.0.0.1"]).remove(0);
        let mut all = beside(&first.socket, 3).unwrap();
        all.push(first.socket.try_clone().unwrap());
        let again =
            bind::<UdpSocket>(&ips(&["127.0.0.1"]), Ipv4Addr::LOCALHOST.into(), first.candidate.port());
        assert_eq!(again.err().unwrap().1.kind(), io::ErrorKind::AddrInUse);
        let mut chosen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            let (mut buffer, mut readers) = ([0; 10], Vec::new());
            for _ in 0..3 {
                client.send_to(&[7], first.candidate).unwrap();
                // A busy machine takes its time to bring it there.
                let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
                let reader = loop {
                    let reader = all.iter().position(|socket| socket.recv(&mut buffer).is_ok());
                    if reader.is_some() || std::time::Instant::now() > deadline {
                        break reader;
                    }
                    std::thread::yield_now();
                };
                readers.extend(reader);
            }
            assert!(readers.len() == 3 && readers.iter().all(|reader| *reader == readers[0]), "{readers:?}");
            chosen.insert(readers[0]);
        }
        assert_eq!(chosen.len(), 4, "each has its part");
    }

    #[test]
    fn a_port_in_use_is_said() {
        let taken = udp(&["127.0.0.1"]);
        let port = taken[0].candidate.port();
        let again = bind::<UdpSocket>(&ips(&["127.0.0.1"]), Ipv4Addr::LOCALHOST.into(), port);
        let (address, error) = again.err().unwrap();
        assert_eq!((address, error.kind()), (taken[0].candidate, io::ErrorKind::AddrInUse));
    }
}
