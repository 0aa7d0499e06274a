//! HTTPS, and clear words where it cannot be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod host;

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use axum::body::Body;
use host::{Host, Socket, config};
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tangelo_server::{Config, ConnectionLimits, Server, TcpPort, TlsFiles};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName},
};

struct Files {
    folder: PathBuf,
    roots: RootCertStore,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::write(folder.join("junk.pem"), "no PEM").unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        Self { folder, roots }
    }

    /// Another certificate in the place of the former.
    fn renew(&mut self) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(self.folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::write(self.folder.join("cert.pem"), made.cert.pem()).unwrap();
        self.roots = RootCertStore::empty();
        self.roots.add(made.cert.der().clone()).unwrap();
    }

    /// Whether the host shows the certificate that is trusted.
    async fn is_shown_by(&self, host: &Host) -> bool {
        let stream = TcpStream::connect(host.address).await.unwrap();
        self.connector(&[]).connect(ServerName::try_from("localhost").unwrap(), stream).await.is_ok()
    }

    fn config(&self, cert: &str, key: &str) -> Config {
        let tls = TlsFiles { cert: self.folder.join(cert), key: self.folder.join(key), self_signed: false };
        Config { tls: Some(tls), ..config() }
    }

    async fn connect(&self, host: &Host) -> TlsStream<TcpStream> {
        self.connect_as(host, &[]).await
    }

    async fn connect_as(&self, host: &Host, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(host.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        self.connector(protocols).connect(name, stream).await.unwrap()
    }

    fn connector(&self, protocols: &[&[u8]]) -> TlsConnector {
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

#[tokio::test]
async fn browsers_are_told_to_come_by_https_alone_where_that_can_last() {
    let files = Files::new("https-alone");
    for (self_signed, name, told) in
        [(false, "call.example", true), (false, "localhost", false), (true, "call.example", false)]
    {
        let mut config = files.config("cert.pem", "key.pem");
        config.tls.as_mut().unwrap().self_signed = self_signed;
        let host = Host::with(config).await;
        let mut stream = files.connect(&host).await;
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        let header = "strict-transport-security: max-age=31536000\r\n";
        assert_eq!(answer.contains(header), told, "{name} {self_signed}: {answer}");
        host.stop().await;
    }
}

#[tokio::test]
async fn pages_and_calls_work_over_https() {
    let files = Files::new("https");
    let host = Host::with(files.config("cert.pem", "key.pem")).await;
    let mut stream = files.connect(&host).await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // The peer may end TLS without a goodbye; what it sent before counts.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"), "{answer}");
    assert!(!answer.contains("strict-transport-security"), "an address is not for HTTPS alone: {answer}");

    let stream = files.connect(&host).await;
    let url = format!("ws://localhost:{}/ws", host.address.port());
    let mut socket = Socket::open(stream, &url, &[]).await.unwrap();
    socket.arrive("standup").await;

    // Plain HTTP on the HTTPS port ends without an answer, and disturbs nobody.
    let mut plain = TcpStream::connect(host.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let _ = plain.read_to_end(&mut Vec::new()).await;
    socket.say(tangelo_wire::ClientMessage::Leave {}).await;
    socket.arrive("standup").await;
    host.stop().await;
}

#[tokio::test]
async fn http_2_is_spoken_with_those_who_can() {
    let files = Files::new("https-2");
    let host = Host::with(files.config("cert.pem", "key.pem")).await;
    let stream = TokioIo::new(files.connect_as(&host, &[b"h2", b"http/1.1"]).await);
    let (mut requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    for _ in 0..3 {
        let request = Request::get("https://localhost/healthz").body(Body::empty()).unwrap();
        let answer = timeout(host::DEADLINE, requests.send_request(request)).await.unwrap().unwrap();
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_2));
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("wss://localhost"), "{policy}");
    }
    host.stop().await;
    timeout(host::DEADLINE, connection).await.expect("stopping closes it").unwrap().unwrap();
}

#[tokio::test]
async fn connections_that_say_nothing_before_or_after_the_tls_handshake_are_closed() {
    let files = Files::new("https-silent");
    let limits = ConnectionLimits {
        head: Duration::from_secs(3),
        idle: Duration::from_secs(3),
        ..ConnectionLimits::default()
    };
    let host = Host::with_limits(files.config("cert.pem", "key.pem"), limits).await;
    let mut plain = TcpStream::connect(host.address).await.unwrap();
    let first = files.connect_as(&host, &[b"http/1.1"]).await;
    let second = files.connect_as(&host, &[b"h2"]).await;
    let _ = timeout(host::DEADLINE, plain.read_to_end(&mut Vec::new())).await.expect("closed");
    for mut stream in [first, second] {
        let _ = timeout(host::DEADLINE, stream.read_to_end(&mut Vec::new())).await.expect("closed");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_whoever_comes_next_and_ends_no_call() {
    let mut files = Files::new("https-renewed");
    let limits =
        ConnectionLimits { certificate_look: Duration::from_millis(50), ..ConnectionLimits::default() };
    let host = Host::with_limits(files.config("cert.pem", "key.pem"), limits).await;
    let stream = files.connect(&host).await;
    let url = format!("ws://localhost:{}/ws", host.address.port());
    let mut socket = Socket::open(stream, &url, &[]).await.unwrap();
    socket.arrive("standup").await;
    files.renew();
    let shown = async {
        while !files.is_shown_by(&host).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(host::DEADLINE, shown).await.expect("the new one is shown");
    // Halfway through the next: what there is goes on.
    fs::write(files.folder.join("key.pem"), "half of a ke").unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(files.is_shown_by(&host).await);
    files.renew();
    timeout(host::DEADLINE, async {
        while !files.is_shown_by(&host).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("and the one after it");
    socket.say(tangelo_wire::ClientMessage::Leave {}).await;
    socket.arrive("standup").await;
    host.stop().await;
}

#[tokio::test]
async fn files_that_do_not_work_are_named_with_the_reason() {
    let files = Files::new("https-bad");
    let other = Files::new("https-other");
    fs::copy(other.folder.join("key.pem"), files.folder.join("other-key.pem")).unwrap();
    let cases = [
        ("missing.pem", "key.pem", "missing.pem"),
        ("cert.pem", "missing.pem", "missing.pem"),
        ("junk.pem", "key.pem", "no certificate"),
        ("cert.pem", "junk.pem", "no private key"),
        ("key.pem", "key.pem", "no certificate"),
        ("cert.pem", "other-key.pem", "does not go with the key"),
    ];
    for (cert, key, words) in cases {
        let error = Server::bind(files.config(cert, key)).await.err().expect(words).to_string();
        assert!(error.contains(words) && error.contains("HTTPS"), "{cert}, {key}: {error}");
    }
}

#[tokio::test]
async fn ports_in_use_are_named_with_the_way_out() {
    let host = Host::start().await;
    let taken = Config { listen: host.address, ..config() };
    let error = Server::bind(taken).await.err().expect("the port is taken").to_string();
    assert!(error.contains("--listen") && error.contains(&host.address.to_string()), "{error}");
    let taken = Config { media_port: Some(host.media[0].port()), ..config() };
    let error = Server::bind(taken).await.err().expect("the port is taken").to_string();
    assert!(error.contains("--media-port"), "{error}");
    let number = TcpPort::Number(host.media_tcp[0].port());
    let taken = Config { media_tcp_port: number, ..config() };
    let error = Server::bind(taken).await.err().expect("the port is taken").to_string();
    assert!(error.contains("--media-tcp-port"), "{error}");
    let none = Config { media_port: None, media_tcp_port: TcpPort::LikeUdp, ..config() };
    let error = Server::bind(none).await.err().expect("no port for media").to_string();
    assert!(error.contains("--media-port") && error.contains("--media-tcp-port"), "{error}");
    let nowhere = Config { tap: Some("/nowhere/at/all.pcap".into()), ..config() };
    let error = Server::bind(nowhere).await.err().expect("no such folder").to_string();
    assert!(error.contains("tap"), "{error}");
    host.stop().await;
}
