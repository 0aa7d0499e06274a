//! A server on loopback and clients that talk to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tangelo_server::{Config, ConnectionLimits, Server, TcpPort};
use tangelo_wire::{
    Bytes, ClientId, ClientMessage, ErrorCode, LogEntry, LogId, PROTOCOL, RoomName, Seq, ServerMessage,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};

/// Generous: only a test that fails waits so long.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub fn config() -> Config {
    Config {
        media_port: Some(0),
        media_tcp_port: TcpPort::Number(0),
        public_ips: vec![Ipv4Addr::LOCALHOST.into()],
        ..Config::new((Ipv4Addr::LOCALHOST, 0).into())
    }
}

pub struct Host {
    pub address: SocketAddr,
    pub media: Vec<SocketAddr>,
    pub media_tcp: Vec<SocketAddr>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), tangelo_server::ServeError>>,
}

impl Host {
    pub async fn start() -> Self {
        Self::with(config()).await
    }

    pub async fn with(config: Config) -> Self {
        Self::with_limits(config, ConnectionLimits::default()).await
    }

    pub async fn with_limits(config: Config, limits: ConnectionLimits) -> Self {
        Self::run(Server::bind(config).await.unwrap().with_limits(limits), std::future::pending())
    }

    /// Runs a server; it begins to drain once `drain` completes.
    pub fn run(server: Server, drain: impl Future<Output = Duration> + Send + 'static) -> Self {
        let (address, media, media_tcp) =
            (server.local_addr(), server.media_addrs(), server.media_tcp_addrs());
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let running = tokio::spawn(server.run_draining(drain, shutdown));
        Self { address, media, media_tcp, stop, running }
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(DEADLINE, self.running).await.unwrap().unwrap().unwrap();
    }

    /// Waits until it has ended by itself.
    pub async fn ended(self) {
        let _stop = self.stop;
        timeout(DEADLINE, self.running).await.unwrap().unwrap().unwrap();
    }

    /// One HTTP request on a connection of its own.
    pub async fn request(&self, method: &str, path: &str, headers: &str) -> Response {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let host = self.address;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(DEADLINE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        Response::parse(&answer)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request("GET", path, "").await
    }

    pub async fn socket(&self) -> Socket<TcpStream> {
        self.socket_with(&[]).await.unwrap()
    }

    pub async fn socket_with(&self, headers: &[(&'static str, &str)]) -> Result<Socket<TcpStream>, u16> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        Socket::open(stream, &format!("ws://{}/ws", self.address), headers).await
    }
}

pub struct Response {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a complete head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: bytes[end + 4..].to_vec() }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

pub struct Socket<S> {
    pub stream: WebSocketStream<S>,
    /// What the server is called in the address.
    pub host: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Opens a WebSocket, or tells the HTTP status of the refusal.
    pub async fn open(stream: S, url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let host = request.uri().authority().unwrap().to_string();
        match timeout(DEADLINE, client_async(request, stream)).await.unwrap() {
            Ok((stream, _)) => Ok(Self { stream, host }),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    pub async fn say(&mut self, message: ClientMessage) {
        self.send_raw(Message::text(message.to_json())).await;
    }

    /// The next message, answers to heartbeats aside; `None` once the server has closed.
    pub async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            match timeout(DEADLINE, self.stream.next()).await.expect("the server is silent") {
                Some(Ok(Message::Text(text))) => match ServerMessage::from_json(&text).unwrap() {
                    ServerMessage::Alive { .. } => {}
                    message => return Some(message),
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(other)) => panic!("{other:?}"),
            }
        }
    }

    pub async fn error(&mut self) -> ErrorCode {
        match self.next().await {
            Some(ServerMessage::Error(error)) => {
                assert!(!error.text.is_empty());
                error.code
            }
            other => panic!("expected an error, got {other:?}"),
        }
    }

    pub async fn entry(&mut self) -> LogEntry {
        loop {
            match self.next().await {
                Some(ServerMessage::Entry(entry)) => break entry,
                // Of others, whenever theirs is lost or back.
                Some(ServerMessage::Connection { .. }) => {}
                other => panic!("expected an entry, got {other:?}"),
            }
        }
    }

    pub async fn arrive(&mut self, room: &str) -> Arrived {
        let room: RoomName = room.parse().unwrap();
        let host = self.host.clone();
        self.say(ClientMessage::Hello { protocol: PROTOCOL, room, host }).await;
        let Some(ServerMessage::Assigned { client, .. }) = self.next().await else { panic!("no id") };
        self.say(ClientMessage::Arrive { key_package: Bytes(vec![1; 300]), admission: None, pass: None })
            .await;
        let Some(ServerMessage::Snapshot { log_id, seq, .. }) = self.next().await else {
            panic!("no snapshot")
        };
        Arrived { client, log_id, seq }
    }
}

#[derive(Debug)]
pub struct Arrived {
    pub client: ClientId,
    pub log_id: LogId,
    pub seq: Seq,
}
