//! Certificates from a certification authority: Pebble, Let's Encrypt's own for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod authority;
mod host;

use std::{
    fs,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use authority::{Plan, free_port};
use host::{DEADLINE, Host, Socket, config};
use tangelo_server::{AcmeConfig, CertificateFacts, Config, ConnectionLimits, Server};
use tangelo_wire::ClientMessage;
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};
use tracing_subscriber::fmt::MakeWriter;

const NAME: &str = "call.example.org";
const OTHER: &str = "meet.example.org";

#[tokio::test]
async fn the_first_certificate_comes_once_the_authority_can_be_reached_and_is_kept() {
    let Some(mut place) = Place::new("acme-first", 3_600).await else { return };
    // Nobody answers there yet.
    let host = place.host().await;
    let log = place.log.clone();
    log.wait_for("Next attempt in").await;
    let said = log.text();
    assert!(
        said.contains("check that this machine reaches it") && said.contains("no page can be opened"),
        "{said}"
    );
    assert!(place.connect(&[b"http/1.1"], NAME).await.is_err(), "there is no certificate to show");

    let authority = place.plan.start().await;
    let facts = place.shown(|facts| facts.is_for(NAME)).await;
    assert!(facts.is_for(OTHER) && !facts.is_for("example.org"), "{facts:?}");
    assert_eq!(authority.orders(), 1, "{}", authority.log());
    // The proofs are no longer shown, and who comes for one gets nothing else.
    assert!(place.connect(&[b"acme-tls/1"], NAME).await.is_err());
    #[cfg(unix)]
    for file in ["account.json", "certificate.pem"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.folder.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}: {mode:o}");
    }
    host.stop().await;

    // The next start takes what is kept, whether or not the authority is there, and asks for nothing.
    let host = place.host().await;
    assert_eq!(place.shown(|_| true).await, facts);
    host.stop().await;
    let orders = authority.orders();
    drop(authority);
    let host = place.host().await;
    assert_eq!(place.shown(|_| true).await, facts);
    assert_eq!(orders, 1);
    host.stop().await;

    // For another name it asks for another one, and shows what it has until then.
    let authority = place.plan.start().await;
    place.domains = vec![NAME.to_owned(), "new.example.org".to_owned()];
    let host = place.host().await;
    place.shown(|facts| facts.is_for("new.example.org")).await;
    // This authority does not know the account that is kept, since it has forgotten everything.
    assert_eq!(authority.orders(), 1, "{}", authority.log());
    host.stop().await;
}

#[tokio::test]
async fn it_is_renewed_before_it_ends_and_no_call_notices() {
    let Some(place) = Place::new("acme-renewal", 12).await else { return };
    let authority = place.plan.start().await;
    let host = place.host().await;
    let first = place.shown(|facts| facts.is_for(NAME)).await;
    let stream = place.connect(&[b"http/1.1"], NAME).await.unwrap();
    let mut socket = Socket::open(stream, &format!("wss://{NAME}/ws"), &[]).await.unwrap();
    let arrived = socket.arrive("standup").await;
    // A client in a call says every so often that it is there.
    let renewals = async {
        let second = place.shown(|facts| *facts != first).await;
        // Each comes while the one before is still good.
        assert!(second.from < first.until, "{first:?} {second:?}");
        let third = place.shown(|facts| *facts != first && *facts != second).await;
        assert!(third.from < second.until, "{second:?} {third:?}");
    };
    let beats = async {
        loop {
            socket.say(ClientMessage::Heartbeat { processed: arrived.seq, check: None }).await;
            sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = renewals => {}
        () = beats => {}
    }
    assert!(!place.log.text().contains("Next attempt"), "{}", place.log.text());
    assert!(authority.orders() >= 3, "{}", authority.log());
    socket.say(ClientMessage::Leave {}).await;
    socket.arrive("standup").await;
    host.stop().await;
}

#[tokio::test]
async fn what_an_authority_could_not_see_is_said_and_it_is_not_asked_all_the_time() {
    let Some(mut place) = Place::new("acme-elsewhere", 3_600).await else { return };
    place.domains = vec![NAME.to_owned(), "elsewhere.example.org".to_owned()];
    place.pause = Duration::from_secs(3_600);
    let authority = place.plan.start().await;
    let host = place.host().await;
    place.log.wait_for("Next attempt in").await;
    let said = place.log.text();
    for word in
        ["elsewhere.example.org is this server", "127.0.0.9", "port 443", " minutes; until then no page"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("call.example.org is this server"), "{said}");
    // Longer than it would take to fail again.
    sleep(Duration::from_secs(3)).await;
    assert_eq!(authority.orders(), 1, "{}", authority.log());
    host.stop().await;

    // A bad certificate in the folder is no reason not to start, nor is a good one for somebody else's names lost.
    fs::write(place.folder.join("certificate.pem"), "junk").unwrap();
    place.domains = vec![NAME.to_owned()];
    let host = place.host().await;
    place.shown(|facts| facts.is_for(NAME)).await;
    host.stop().await;
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("acme-settings");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("junk.pem"), "no PEM").unwrap();
    let good = AcmeConfig {
        domains: vec![NAME.to_owned()],
        email: None,
        folder: folder.join("kept"),
        directory: "https://127.0.0.1:1/dir".to_owned(),
        root: None,
    };
    let cases = [
        (AcmeConfig { root: Some(folder.join("none.pem")), ..good.clone() }, "none.pem"),
        (AcmeConfig { root: Some(folder.join("junk.pem")), ..good.clone() }, "no certificate"),
        (AcmeConfig { directory: "http://a/dir".to_owned(), ..good.clone() }, "https://"),
        (AcmeConfig { directory: "no URL".to_owned(), ..good.clone() }, "no URL"),
        (AcmeConfig { folder: folder.join("junk.pem"), ..good }, "--acme-folder"),
    ];
    for (acme, words) in cases {
        let config = Config { acme: Some(acme), ..config() };
        let error = Server::check(&config).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
        let error = Server::bind(config).await.err().expect(words).to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

/// A server's place, with an authority beside it.
struct Place {
    plan: Plan,
    address: SocketAddr,
    folder: PathBuf,
    domains: Vec<String>,
    pause: Duration,
    log: Log,
}

impl Place {
    async fn new(name: &str, valid_s: u32) -> Option<Self> {
        let program = authority::program()?;
        let all = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&all);
        let address: SocketAddr = (Ipv4Addr::LOCALHOST, free_port()).into();
        let plan = Plan::new(program, &all.join("authority"), address.port(), valid_s).await;
        let domains = vec![NAME.to_owned(), OTHER.to_owned()];
        let (folder, log) = (all.join("kept"), Log::capture());
        Some(Self { plan, address, folder, domains, pause: Duration::from_secs(1), log })
    }

    async fn host(&self) -> Host {
        self.log.clear();
        let acme = AcmeConfig {
            domains: self.domains.clone(),
            email: Some("host@example.org".to_owned()),
            folder: self.folder.clone(),
            directory: self.plan.directory(),
            root: Some(self.plan.root()),
        };
        let config = Config { listen: self.address, acme: Some(acme), ..config() };
        Host::with_limits(config, ConnectionLimits { acme_pause: self.pause, ..ConnectionLimits::default() })
            .await
    }

    async fn connect(&self, protocols: &[&[u8]], name: &str) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anything))
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut stream =
            timeout(DEADLINE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await.unwrap()?;
        if protocols == [b"acme-tls/1"] {
            timeout(DEADLINE, stream.read_to_end(&mut Vec::new())).await.expect("closed")?;
        }
        Ok(stream)
    }

    /// What is shown, once it is as it should be.
    async fn shown(&self, wanted: impl Fn(&CertificateFacts) -> bool) -> CertificateFacts {
        let look = async {
            loop {
                if let Ok(stream) = self.connect(&[b"http/1.1"], NAME).await {
                    let facts =
                        CertificateFacts::read(&stream.get_ref().1.peer_certificates().unwrap()[0]).unwrap();
                    if wanted(&facts) {
                        return facts;
                    }
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(DEADLINE * 2, look)
            .await
            .unwrap_or_else(|_| panic!("not shown; the log: {}", self.log.text()))
    }
}

/// Who looks at what is shown, and trusts nobody for it.
#[derive(Debug)]
struct Anything;

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// What the server logs in the thread of a test.
#[derive(Clone)]
struct Log {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: Arc<tracing::subscriber::DefaultGuard>,
}

impl Log {
    fn capture() -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(Writer(Arc::clone(&text))).finish();
        let guard = Arc::new(tracing::subscriber::set_default(subscriber));
        Self { text, _guard: guard }
    }

    fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }

    fn clear(&self) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn wait_for(&self, words: &str) {
        let wait = async {
            while !self.text().contains(words) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(DEADLINE * 2, wait).await.unwrap_or_else(|_| panic!("{words:?} is not in {}", self.text()));
    }
}

#[derive(Clone)]
struct Writer(Arc<Mutex<Vec<u8>>>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Writer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
