//! Where the media sockets are bound, UDP and TCP alike.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
};

use crate::interfaces;

/// A socket, and the address that clients know it by.
pub(crate) struct Bound<S> {
    pub(crate) socket: S,
    pub(crate) candidate: SocketAddr,
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
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

impl Socket for TcpListener {
    fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

/// The sockets that clients are told of: at the public address, or at those of this machine.
pub(crate) fn bind<S: Socket>(
    public: Option<IpAddr>,
    listen: IpAddr,
    port: u16,
) -> Result<Vec<Bound<S>>, Refused> {
    match public {
        Some(ip) => Ok(vec![bind_public(ip, port)?]),
        None => bind_local(listen, port),
    }
}

/// Bound to the public address if this machine has it, else to all, as behind a router that maps it one to one.
fn bind_public<S: Socket>(ip: IpAddr, port: u16) -> Result<Bound<S>, Refused> {
    let address = SocketAddr::new(ip, port);
    let socket = match S::bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            let all: IpAddr =
                if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            S::bind(SocketAddr::new(all, port))
        }
        bound => bound,
    };
    let bound = socket.and_then(|socket| Ok((socket.local_addr()?.port(), socket)));
    let (port, socket) = bound.map_err(|error| (address, error))?;
    Ok(Bound { socket, candidate: SocketAddr::new(ip, port) })
}

/// One socket for each address, all with the same port: so each packet's own destination is known, and answers
/// come from where the client sent to.
fn bind_local<S: Socket>(listen: IpAddr, port: u16) -> Result<Vec<Bound<S>>, Refused> {
    let mut port = port;
    let mut all = Vec::new();
    let mut failure = None;
    for ip in interfaces::addresses(listen) {
        let address = SocketAddr::new(ip, port);
        match S::bind(address).and_then(|socket| Ok((socket.local_addr()?, socket))) {
            Ok((candidate, socket)) => {
                port = candidate.port();
                all.push(Bound { socket, candidate });
            }
            // Another program has the port: all or nothing, or calls would work on some networks only.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err((address, error)),
            // An interface that came up or went down in this moment.
            Err(error) => {
                tracing::warn!("no media on one of this machine's addresses: {error}");
                failure = Some((address, error));
            }
        }
    }
    match failure {
        Some(failure) if all.is_empty() => Err(failure),
        _ => Ok(all),
    }
}
