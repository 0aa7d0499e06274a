//! The network between one guest and the server: a relay that can be cut, moved, and made bad.
//!
//! TCP is passed on as it is, but for the UDP port of candidates, which becomes the relay's own. While the network is gone, TCP
//! behaves as systems have it: what waits is repeated at ever longer intervals (RFC 6298 section 5), requests for connections as well.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::rng::Rng;

/// First intervals at which TCP repeats a request for a connection, and data; each doubles the one before.
const REPEAT_REQUEST: Duration = Duration::from_secs(1);
const REPEAT_DATA: Duration = Duration::from_millis(200);
/// Nothing is passed on in larger pieces.
const PIECE_BYTES: usize = 1 << 18;

/// How the network is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    gone: bool,
    /// How often all TCP connections were ended.
    ended: u32,
    /// How often the guest's addresses became useless.
    moved: u32,
    /// So many of a thousand datagrams are lost.
    loss: u64,
    delay: Duration,
}

struct Shared {
    server: SocketAddr,
    state: watch::Sender<State>,
    /// Where the server takes UDP, as it said last.
    media: Mutex<Option<SocketAddr>>,
    places: Mutex<HashMap<SocketAddr, Arc<Place>>>,
    rng: Mutex<Rng>,
    /// The relay's own port for UDP.
    port: u16,
    near: UdpSocket,
}

/// Where the guest sends from, and the socket by which the server knows it.
struct Place {
    far: UdpSocket,
    moved: u32,
}

/// See the module.
pub(crate) struct Relay {
    /// Where the guest finds the server.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Relay {
    pub(crate) async fn to(server: SocketAddr, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        // As many digits as every port that systems choose by themselves, so that lengths stay.
        let near = loop {
            let near = UdpSocket::bind("127.0.0.1:0").await?;
            if near.local_addr()?.port() >= 10_000 {
                break near;
            }
        };
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            state: watch::Sender::default(),
            media: Mutex::default(),
            places: Mutex::default(),
            rng: Mutex::new(Rng::new(seed)),
            port: near.local_addr()?.port(),
            near,
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        tokio::spawn(to_server(Arc::clone(&shared)));
        Ok(Self { address, shared })
    }

    /// The network is gone. `told`: the guest's system says so, as when Wi-Fi is turned off; otherwise nothing comes through any more.
    pub(crate) fn cut(&self, told: bool) {
        self.shared.state.send_modify(|state| {
            state.gone = true;
            state.ended += u32::from(told);
        });
    }

    /// The network is back.
    pub(crate) fn mend(&self) {
        self.shared.state.send_modify(|state| state.gone = false);
    }

    /// The guest comes into another network: its connections end, and what it sends from where it was is lost.
    pub(crate) fn move_away(&self) {
        self.shared.state.send_modify(|state| {
            state.ended += 1;
            state.moved += 1;
        });
    }

    /// The guest keeps its addresses, and the server sees others: a router has forgotten it.
    pub(crate) fn rebind(&self) {
        lock(&self.shared.places).clear();
    }

    /// So many of a thousand datagrams are lost, and everything takes longer.
    pub(crate) fn weather(&self, loss: u64, delay: Duration) {
        self.shared.state.send_modify(|state| (state.loss, state.delay) = (loss, delay));
    }
}

impl Shared {
    fn now(&self) -> State {
        *self.state.borrow()
    }

    /// Waits until the network is there, and then for the next time at which TCP tries again.
    async fn passable(&self, first: Duration) {
        let begin = Instant::now();
        let mut state = self.state.subscribe();
        if !state.borrow().gone {
            return;
        }
        if state.wait_for(|state| !state.gone).await.is_err() {
            return;
        }
        let (mut at, mut interval) = (begin, first);
        while at < Instant::now() {
            at += interval;
            interval *= 2;
        }
        sleep_until(at).await;
    }

    /// Whether a datagram comes through, and after which time.
    fn fate(&self) -> Option<Duration> {
        let State { gone, loss, delay, .. } = self.now();
        let mut rng = lock(&self.rng);
        let lost = gone || rng.happens(loss);
        let jitter = delay.mul_f64(0.3 * rng.between(0, 1_000) as f64 / 1_000.0);
        (!lost).then_some(delay + jitter)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((near, _)) = listener.accept().await {
        tokio::spawn(converse(near, Arc::clone(&shared)));
    }
}

/// One TCP connection, until either side or the network ends it.
async fn converse(near: TcpStream, shared: Arc<Shared>) {
    let mut state = shared.state.subscribe();
    let ended = state.borrow().ended;
    let conversation = async {
        shared.passable(REPEAT_REQUEST).await;
        let Ok(far) = TcpStream::connect(shared.server).await else { return };
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::select! {
            () = pass(near_in, far_out, &shared, false) => {}
            () = pass(far_in, near_out, &shared, true) => {}
        }
    };
    tokio::select! {
        () = conversation => {}
        _ = state.wait_for(|state| state.ended != ended) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared, down: bool) {
    let mut bytes = vec![0; PIECE_BYTES];
    loop {
        let length = from.read(&mut bytes).await.unwrap_or(0);
        shared.passable(REPEAT_DATA).await;
        let Some(piece) = bytes.get_mut(..length).filter(|piece| !piece.is_empty()) else { return };
        if down {
            shared.lead_here(piece);
        }
        sleep(shared.now().delay).await;
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}

impl Shared {
    /// Puts the relay's own port into every candidate.
    fn lead_here(&self, bytes: &mut [u8]) {
        const CANDIDATE: &[u8] = b"a=candidate:";
        const ADDRESS: &[u8] = b" 127.0.0.1 ";
        let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what);
        let mut at = 0;
        while let Some(line) = bytes.get(at..).and_then(|rest| find(rest, CANDIDATE)) {
            at += line + CANDIDATE.len();
            let Some(address) = bytes.get(at..).and_then(|rest| find(rest, ADDRESS)) else { return };
            at += address + ADDRESS.len();
            let Some(digits) = bytes.get_mut(at..at + 5) else { return };
            let port = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u16>().ok());
            if let Some(port) = port.filter(|port| *port != self.port) {
                *lock(&self.media) = Some(SocketAddr::from(([127, 0, 0, 1], port)));
                digits.copy_from_slice(self.port.to_string().as_bytes());
            }
        }
    }
}

async fn to_server(shared: Arc<Shared>) {
    let mut datagram = vec![0; 2_048];
    loop {
        let Ok((length, guest)) = shared.near.recv_from(&mut datagram).await else { continue };
        let Some(media) = *lock(&shared.media) else { continue };
        let known = lock(&shared.places).get(&guest).cloned();
        let place = match known {
            Some(place) => place,
            None => {
                let Ok(far) = UdpSocket::bind("127.0.0.1:0").await else { continue };
                let place = Arc::new(Place { far, moved: shared.now().moved });
                lock(&shared.places).insert(guest, Arc::clone(&place));
                tokio::spawn(to_guest(Arc::clone(&shared), Arc::clone(&place), guest));
                place
            }
        };
        if place.moved != shared.now().moved {
            continue;
        }
        let Some(delay) = shared.fate() else { continue };
        let bytes = datagram.get(..length).unwrap_or_default();
        if delay.is_zero() {
            let _ = place.far.send_to(bytes, media).await;
        } else {
            let bytes = bytes.to_vec();
            tokio::spawn(async move {
                sleep(delay).await;
                let _ = place.far.send_to(&bytes, media).await;
            });
        }
    }
}

async fn to_guest(shared: Arc<Shared>, place: Arc<Place>, guest: SocketAddr) {
    let mut datagram = vec![0; 2_048];
    loop {
        let received = place.far.recv_from(&mut datagram).await;
        // Another one may have taken its place.
        let current = lock(&shared.places).get(&guest).is_some_and(|known| Arc::ptr_eq(known, &place));
        if !current {
            return;
        }
        let Ok((length, _)) = received else { continue };
        if place.moved != shared.now().moved {
            continue;
        }
        let Some(delay) = shared.fate() else { continue };
        let bytes = datagram.get(..length).unwrap_or_default();
        if delay.is_zero() {
            let _ = shared.near.send_to(bytes, guest).await;
        } else {
            let (bytes, shared) = (bytes.to_vec(), Arc::clone(&shared));
            tokio::spawn(async move {
                sleep(delay).await;
                let _ = shared.near.send_to(&bytes, guest).await;
            });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shared() -> Arc<Shared> {
        let relay = Relay::to(SocketAddr::from(([127, 0, 0, 1], 9)), 1).await.unwrap();
        relay.shared
    }

    #[tokio::test]
    async fn candidates_lead_through_the_relay() {
        let shared = shared().await;
        let sdp =
            "a=candidate:1 1 udp 1 127.0.0.1 40001 typ host\\r\\nm=a=candidate:2 1 udp 1 127.0.0.1 40001 typ";
        let mut bytes = sdp.as_bytes().to_vec();
        shared.lead_here(&mut bytes);
        let expected = sdp.replace("40001", &shared.port.to_string());
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        assert_eq!(lock(&shared.media).unwrap().port(), 40_001);
        for other in ["", "a=candidate:", "a=candidate:1 1 udp 1 127.0.0.1 4", "a=candidate:1 10.0.0.1 40001"]
        {
            let mut bytes = other.as_bytes().to_vec();
            shared.lead_here(&mut bytes);
            assert_eq!(bytes, other.as_bytes());
        }
    }

    #[tokio::test]
    async fn nothing_comes_through_a_network_that_is_gone_and_all_of_it_through_a_good_one() {
        let shared = shared().await;
        assert_eq!((0..100).filter_map(|_| shared.fate()).count(), 100);
        shared.state.send_modify(|state| state.loss = 200);
        let through = (0..1_000).filter_map(|_| shared.fate()).count();
        assert!((700..900).contains(&through), "{through}");
        shared.state.send_modify(|state| state.gone = true);
        assert_eq!((0..100).filter_map(|_| shared.fate()).count(), 0);
    }
}
