//! A way to a server that can be broken: TCP is passed on as it is, but for the port of UDP candidates, which becomes the way's own.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

use super::TestServer;

type Clients = Arc<Mutex<HashMap<SocketAddr, Arc<UdpSocket>>>>;
type Broken = Arc<Mutex<HashSet<SocketAddr>>>;

/// See the module. Ends with the test's runtime.
pub struct Way {
    /// For links.
    pub address: SocketAddr,
    clients: Clients,
    broken: Broken,
}

impl Way {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (clients, broken) = (Clients::default(), Broken::default());
        let way = Self { address, clients: clients.clone(), broken: broken.clone() };
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(server).await.unwrap();
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(pass_up(near_in, far_out));
                tokio::spawn(pass_down(far_in, near_out, clients.clone(), broken.clone()));
            }
        });
        way
    }

    /// The link of the server's room.
    pub fn url(&self, server: &TestServer) -> String {
        format!("http://{}{}", self.address, server.link)
    }

    /// From here on nothing that comes from where clients are now reaches the server, and nothing reaches them there.
    pub fn break_for_all(&self) -> usize {
        let mut broken = self.broken.lock().unwrap();
        broken.extend(self.clients.lock().unwrap().keys());
        broken.len()
    }

    /// How many places clients have been at.
    pub fn places(&self) -> usize {
        self.clients.lock().unwrap().len()
    }
}

async fn pass_up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

/// An answer is sent in one piece here: it is far smaller than what loopback takes at once.
async fn pass_down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, clients: Clients, broken: Broken) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        let mut passed = bytes[..length].to_vec();
        if let Some((at, port)) = candidate(&passed) {
            let relay = relay_to(port, clients.clone(), broken.clone()).await;
            passed[at..at + 5].copy_from_slice(relay.to_string().as_bytes());
        }
        if to.write_all(&passed).await.is_err() {
            return;
        }
    }
}

/// Where the port of the candidate stands. All ports here have five digits, so that lengths stay.
fn candidate(bytes: &[u8]) -> Option<(usize, u16)> {
    let before = b" 127.0.0.1 ";
    let line = bytes.windows(12).position(|window| window == b"a=candidate:")?;
    let at = line + bytes[line..].windows(before.len()).position(|window| window == before)? + before.len();
    Some((at, std::str::from_utf8(&bytes[at..at + 5]).ok()?.parse().ok()?))
}

async fn relay_to(port: u16, clients: Clients, broken: Broken) -> u16 {
    let relay = loop {
        let relay = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if relay.local_addr().unwrap().port() >= 10_000 {
            break Arc::new(relay);
        }
    };
    let own = relay.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut datagram = [0; 2_048];
        while let Ok((length, client)) = relay.recv_from(&mut datagram).await {
            if broken.lock().unwrap().contains(&client) {
                continue;
            }
            let known = clients.lock().unwrap().get(&client).cloned();
            let upstream = match known {
                Some(upstream) => upstream,
                None => {
                    let upstream = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                    upstream.connect(("127.0.0.1", port)).await.unwrap();
                    clients.lock().unwrap().insert(client, upstream.clone());
                    tokio::spawn(back(upstream.clone(), relay.clone(), client, broken.clone()));
                    upstream
                }
            };
            let _ = upstream.send(&datagram[..length]).await;
        }
    });
    own
}

async fn back(upstream: Arc<UdpSocket>, relay: Arc<UdpSocket>, client: SocketAddr, broken: Broken) {
    let mut datagram = [0; 2_048];
    loop {
        let Ok(length) = upstream.recv(&mut datagram).await else { continue };
        if !broken.lock().unwrap().contains(&client) {
            let _ = relay.send_to(&datagram[..length], client).await;
        }
    }
}
