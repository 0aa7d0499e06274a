//! A certification authority on loopback: Pebble, which Let's Encrypt has for such tests, and a name server that it asks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{net::UdpSocket, task::JoinHandle, time::sleep};

/// Pebble's program: what the variable names, or what is on PATH. Without it the tests are left out, unless the variable
/// says that it is there.
pub fn program() -> Option<PathBuf> {
    if let Some(named) = env::var_os("TANGELO_PEBBLE").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join("pebble")).find(|file| file.is_file());
    if found.is_none() {
        eprintln!("left out: there is no pebble on PATH (Debian: apt-get install pebble)");
    }
    found
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// What an authority is to be.
pub struct Plan {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    management: u16,
    names: SocketAddr,
    /// Where it looks for proofs.
    pub proofs: u16,
    /// How many seconds its certificates are good.
    pub valid_s: u32,
    /// Of how many questions of the name server there were.
    pub asked: Arc<AtomicUsize>,
    name_server: JoinHandle<()>,
}

impl Plan {
    /// For a server at this port.
    pub async fn new(program: PathBuf, folder: &Path, proofs: u16, valid_s: u32) -> Self {
        fs::create_dir_all(folder).unwrap();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let names = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let name_server = tokio::spawn(answer(socket, Arc::clone(&asked)));
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &root).unwrap();
        fs::write(folder.join("root.pem"), root.pem()).unwrap();
        fs::write(folder.join("own.pem"), own.pem()).unwrap();
        fs::write(folder.join("own-key.pem"), key.serialize_pem()).unwrap();
        let folder = folder.to_owned();
        let (port, management) = (free_port(), free_port());
        Self { program, folder, port, management, names, proofs, valid_s, asked, name_server }
    }

    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.port)
    }

    pub fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    /// Starts it, and waits until it listens. It knows nothing of one before it.
    pub async fn start(&self) -> Authority {
        let config = self.folder.join("pebble.json");
        let file = |name: &str| self.folder.join(name).display().to_string();
        let text = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", self.port),
            "managementListenAddress": format!("127.0.0.1:{}", self.management),
            "certificate": file("own.pem"),
            "privateKey": file("own-key.pem"),
            "httpPort": 1,
            "tlsPort": self.proofs,
            "certificateValidityPeriod": self.valid_s,
        }});
        fs::write(&config, text.to_string()).unwrap();
        let log = fs::File::create(self.folder.join("pebble.log")).unwrap();
        let child = Command::new(&self.program)
            .arg("-config")
            .arg(&config)
            .args(["-dnsserver", &self.names.to_string()])
            // At once, but with nonces that it refuses now and then, as others do.
            .envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "2"), ("PEBBLE_AUTHZREUSE", "0")])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let authority = Authority { child, log: self.folder.join("pebble.log") };
        for _ in 0..300 {
            if tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return authority;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("pebble does not listen: {}", authority.log());
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        self.name_server.abort();
    }
}

/// One that runs, until it is dropped.
pub struct Authority {
    child: Child,
    log: PathBuf,
}

impl Authority {
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How many orders it was given.
    pub fn orders(&self) -> usize {
        self.log().lines().filter(|line| line.contains("Added order")).count()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says that every name is 127.0.0.1, and those that begin with "elsewhere" 127.0.0.9, where nobody listens (RFC 1035 section 4).
async fn answer(socket: UdpSocket, asked: Arc<AtomicUsize>) {
    let mut buffer = [0; 1_500];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let Some(question) = buffer[..length].get(12..) else { continue };
        let Some(end) = question.iter().position(|byte| *byte == 0) else { continue };
        let Some(kind) = question.get(end + 1..end + 3) else { continue };
        let is_address = kind == [0, 1];
        asked.fetch_add(usize::from(is_address), Ordering::Relaxed);
        let last = if question.get(1..10) == Some(b"elsewhere") { 9 } else { 1 };
        let mut reply = buffer[..2].to_vec();
        reply.extend([0x81, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
        reply.extend(&question[..end + 5]);
        if is_address {
            reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, last]);
        }
        let _ = socket.send_to(&reply, peer).await;
    }
}
