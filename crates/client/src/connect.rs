//! The way to the server: name, TCP, TLS, WebSocket; and what to say when it cannot be gone.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UdpSocket, lookup_host},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, client::IntoClientRequest, http::HeaderValue},
};

use crate::{Address, tls::Tls};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to find out from where the server is reached.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub(crate) type Socket = WebSocketStream<Box<dyn Stream>>;

/// Why the server cannot be reached, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Its name has no address.
    #[error("the name in the link cannot be found ({0}): check the link and the network")]
    Name(String),
    /// Nothing answers there.
    #[error("nothing answers at {0} ({1}): check the link, and that the server runs")]
    Silent(String, String),
    /// Its certificate is not trusted.
    #[error("the certificate of {0} is not trusted ({1})")]
    Untrusted(String, String),
    /// It does not speak TLS.
    #[error("{0} does not speak HTTPS ({1}): check whether the link begins with http:// or https://")]
    Tls(String, String),
    /// What answers speaks, but not as a Tangelo server does.
    #[error("what answers at {0} is no Tangelo server, or its proxy is not set up for WebSockets ({1})")]
    Stranger(String, String),
}

/// Opens the WebSocket.
pub(crate) async fn connect(address: &Address, tls: Option<&Tls>) -> Result<Socket, ConnectError> {
    let stream = open(address, tls).await?;
    in_time(address, upgrade(address, stream)).await
}

/// Opens a connection for HTTP.
pub(crate) async fn open(address: &Address, tls: Option<&Tls>) -> Result<Box<dyn Stream>, ConnectError> {
    in_time(address, dial(address, tls)).await
}

async fn in_time<T>(
    address: &Address,
    work: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    match timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => Err(ConnectError::Silent(address.host.clone(), "no answer in time".to_owned())),
    }
}

async fn dial(address: &Address, tls: Option<&Tls>) -> Result<Box<dyn Stream>, ConnectError> {
    let host = || address.host.clone();
    let silent = |error: io::Error| ConnectError::Silent(host(), error.to_string());
    let addresses = lookup(address).await?;
    let stream = reach(&addresses, PATIENCE).await.map_err(silent)?;
    // Small messages, each waited for.
    stream.set_nodelay(true).map_err(silent)?;
    Ok(match tls {
        Some(tls) => Box::new(tls.connect(address, stream).await?),
        None => Box::new(stream),
    })
}

/// Connects at the first address that takes a connection. Each has its part of the time, so that one to which there is no way does
/// not use up that of all; the last has what is left.
async fn reach(addresses: &[SocketAddr], all: Duration) -> io::Result<TcpStream> {
    let each = all / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
    for (number, address) in addresses.iter().enumerate() {
        let connecting = TcpStream::connect(address);
        let outcome = if number + 1 == addresses.len() {
            connecting.await
        } else {
            timeout(each, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        };
        failed = match outcome {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
    }
    Err(failed)
}

async fn upgrade(address: &Address, stream: Box<dyn Stream>) -> Result<Socket, ConnectError> {
    let host = || address.host.clone();
    let stranger = |error: tungstenite::Error| ConnectError::Stranger(host(), error.to_string());
    let mut request = address.web_socket().into_client_request().map_err(stranger)?;
    let origin = HeaderValue::from_str(&address.origin())
        .map_err(|error| ConnectError::Stranger(host(), error.to_string()))?;
    request.headers_mut().insert("Origin", origin);
    let (socket, _) = client_async(request, stream).await.map_err(stranger)?;
    Ok(socket)
}

async fn lookup(address: &Address) -> Result<Vec<SocketAddr>, ConnectError> {
    if let Some(via) = address.via {
        return Ok(vec![via]);
    }
    let found = lookup_host(address.authority()).await;
    let addresses: Vec<_> =
        found.map_err(|error| ConnectError::Name(format!("{}: {error}", address.host)))?.collect();
    if addresses.is_empty() { Err(ConnectError::Name(address.host.clone())) } else { Ok(addresses) }
}

/// A UDP socket on the address from which this machine reaches the server: a name may stand for several, and the server
/// answer at one of them only.
pub(crate) async fn media_socket(address: &Address) -> Result<UdpSocket, crate::JoinError> {
    let addresses = lookup(address).await?;
    if let Ok(Ok(stream)) = timeout(PROBE_PATIENCE, reach(&addresses, PROBE_PATIENCE)).await {
        return Ok(UdpSocket::bind((stream.local_addr()?.ip(), 0)).await?);
    }
    // It may answer later.
    let server = addresses.first().ok_or_else(|| ConnectError::Name(address.host.clone()))?;
    let any = match server.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let probe = UdpSocket::bind((any, 0)).await?;
    probe.connect(server).await?;
    Ok(UdpSocket::bind((probe.local_addr()?.ip(), 0)).await?)
}
