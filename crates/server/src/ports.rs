//! UDP ports: many datagrams at a time in and out.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::{self, IoSliceMut},
    mem,
    net::{IpAddr, SocketAddr, UdpSocket as StdSocket},
    task::{Context, Poll},
    time::Duration,
};

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket};

use crate::{backlog::Backlog, batch::Run, bind::Bound};

/// Bytes of one buffer: the kernel may put datagrams of one sender together (GRO).
const BUFFER_BYTES: usize = 65_536;
/// What the kernel is asked to keep while this thread is busy, in bytes: a quarter of a second at 100 Mbit/s.
pub const SOCKET_BUFFER_BYTES: usize = 4 << 20;

/// A UDP port of the running media thread.
pub(crate) struct OpenPort {
    socket: UdpSocket,
    state: UdpSocketState,
    /// The address that clients know it by.
    pub(crate) candidate: SocketAddr,
    /// Of a socket that is bound to all addresses.
    asked: Option<Asked>,
    pub(crate) backlog: Backlog,
    /// Datagrams that the system did not take.
    unsent: Cell<u64>,
}

/// At which of this machine's addresses clients reach a socket that is bound to all. Answers leave from there: the kernel would
/// take the address of the way that it prefers, and the client, or the router before it, knows nothing of that one.
#[derive(Debug, Default)]
struct Asked {
    recent: BTreeMap<SocketAddr, IpAddr>,
    former: BTreeMap<SocketAddr, IpAddr>,
}

/// Clients whose address is remembered for certain, and as many more perhaps. Who is in a call is noted again with each ICE
/// check; who is forgotten is answered from the address that the kernel takes.
const ASKED_MAX: usize = 8_192;

impl Asked {
    fn note(&mut self, client: SocketAddr, ip: IpAddr) {
        self.recent.insert(client, ip);
        if self.recent.len() >= ASKED_MAX {
            self.former = mem::take(&mut self.recent);
        }
    }

    fn of(&self, client: SocketAddr) -> Option<IpAddr> {
        self.recent.get(&client).or_else(|| self.former.get(&client)).copied()
    }
}

impl OpenPort {
    /// Makes a bound socket ready for the present runtime.
    pub(crate) fn open(bound: Bound<StdSocket>) -> io::Result<Self> {
        let is_any = bound.socket.local_addr()?.ip().is_unspecified();
        let socket = UdpSocket::from_std(bound.socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        // As much as the system allows.
        for outcome in [
            state.set_recv_buffer_size((&socket).into(), SOCKET_BUFFER_BYTES),
            state.set_send_buffer_size((&socket).into(), SOCKET_BUFFER_BYTES),
        ] {
            if let Err(error) = outcome {
                tracing::debug!(%error, "the socket's buffers stay as they are");
            }
        }
        Ok(Self {
            socket,
            state,
            candidate: bound.candidate,
            asked: is_any.then(Asked::default),
            backlog: Backlog::default(),
            unsent: Cell::new(0),
        })
    }

    /// Whether answers to `client` leave from another address of this machine than `ip`, or may do so.
    pub(crate) fn answers_elsewhere(&self, client: SocketAddr, ip: IpAddr) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.of(client) != Some(ip))
    }

    /// An authentic check of `client` came to `ip` of this machine: answers leave from there.
    pub(crate) fn note_asked(&mut self, client: SocketAddr, ip: IpAddr) {
        if let Some(asked) = &mut self.asked {
            asked.note(client, ip);
        }
    }

    /// Most datagrams of one [`OpenPort::send`]; 1 where the kernel does not take several.
    pub(crate) fn segments_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_recv_ready(context)
    }

    /// Takes what has come, as far as it fits. Returns whether there was anything.
    pub(crate) fn receive(&self, inbox: &mut Inbox) -> bool {
        let received =
            self.socket.try_io(Interest::READABLE, || inbox.fill(&self.state, (&self.socket).into()));
        // Errors here tell of earlier sends (ICMP), or that there is no more.
        received.is_ok()
    }

    /// Sends a run. A full socket buffer loses it, as the network would.
    pub(crate) fn send(&self, run: Run<'_>) {
        let Err(error) = self.try_send(run.destination, run.contents, run.segment_bytes) else { return };
        let datagrams = run.contents.chunks(run.segment_bytes);
        let lost = if error.kind() != io::ErrorKind::WouldBlock && datagrams.len() > 1 {
            // The network card behind this address may not take runs: then none are made any more.
            datagrams
                .filter(|datagram| self.try_send(run.destination, datagram, datagram.len()).is_err())
                .count()
        } else {
            datagrams.len()
        };
        self.unsent.set(self.unsent.get() + lost as u64);
    }

    /// How many datagrams the system did not take since the start.
    pub(crate) fn unsent(&self) -> u64 {
        self.unsent.get()
    }

    fn try_send(&self, destination: SocketAddr, contents: &[u8], segment_bytes: usize) -> io::Result<()> {
        let segment_size = Some(segment_bytes);
        let src_ip = self.asked.as_ref().and_then(|asked| asked.of(destination));
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip };
        // Not by `try_io`: after one full buffer that would send nothing to anybody until the runtime has looked again.
        self.state.try_send((&self.socket).into(), &transmit)
    }
}

/// A datagram as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) source: SocketAddr,
    /// To which address of this machine, where the system says so.
    pub(crate) asked: Option<IpAddr>,
    /// When the kernel got it, as the time since the Unix epoch, where the system says so.
    pub(crate) received: Option<Duration>,
    pub(crate) contents: &'a [u8],
}

/// Room for what comes in.
pub(crate) struct Inbox {
    buffers: Vec<Vec<u8>>,
    metas: Vec<RecvMeta>,
    filled: usize,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        let count = quinn_udp::BATCH_SIZE;
        Self {
            buffers: vec![vec![0; BUFFER_BYTES]; count],
            metas: vec![RecvMeta::default(); count],
            filled: 0,
        }
    }

    fn fill(&mut self, state: &UdpSocketState, socket: quinn_udp::UdpSockRef<'_>) -> io::Result<()> {
        self.filled = 0;
        let mut slices: Vec<IoSliceMut<'_>> =
            self.buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        self.filled = state.recv(socket, &mut slices, &mut self.metas)?;
        Ok(())
    }

    /// What came, in its order.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = Incoming<'_>> {
        self.metas.iter().zip(&self.buffers).take(self.filled).flat_map(|(meta, buffer)| {
            let contents = buffer.get(..meta.len).unwrap_or_default();
            let (source, asked, received) = (meta.addr, meta.dst_ip, meta.timestamp);
            let parts = contents.chunks(meta.stride.max(1));
            parts.map(move |contents| Incoming { source, asked, received, contents })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, net::IpAddr};

    use super::*;
    use crate::{backlog::unix_time, bind::bind};

    fn open() -> OpenPort {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        OpenPort::open(bind(&[loopback], loopback, 0).unwrap().remove(0)).unwrap()
    }

    #[tokio::test]
    async fn a_run_arrives_as_the_datagrams_that_it_is_made_of() {
        let (from, to) = (open(), open());
        from.socket.writable().await.unwrap();
        let contents: Vec<u8> = (0..=255).cycle().take(3_300).collect();
        let run = Run {
            source: from.candidate,
            destination: to.candidate,
            segment_bytes: 1_000,
            contents: &contents,
        };
        from.send(run);
        let mut inbox = Inbox::new();
        let mut came = Vec::new();
        while came.len() < 4 {
            let readable = poll_fn(|context| to.poll_readable(context));
            tokio::time::timeout(Duration::from_secs(60), readable).await.unwrap().unwrap();
            if to.receive(&mut inbox) {
                came.extend(inbox.datagrams().map(|datagram| (datagram.source, datagram.contents.to_vec())));
            }
        }
        assert!(came.iter().all(|(source, _)| *source == from.candidate));
        let waited = |datagram: Incoming<'_>| Some(unix_time().abs_diff(datagram.received?));
        let known = inbox.datagrams().all(|datagram| waited(datagram).is_some_and(|it| it.as_secs() < 60));
        assert!(known || cfg!(not(target_os = "linux")), "no time, or not a Unix time");
        let datagrams: Vec<&[u8]> = came.iter().map(|(_, datagram)| &datagram[..]).collect();
        assert_eq!(datagrams, contents.chunks(1_000).collect::<Vec<_>>());
    }

    /// Other systems have 127.0.0.1 alone of the loopback network.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn answers_leave_from_the_address_that_was_asked() {
        let elsewhere = IpAddr::from([203, 0, 113, 7]);
        let bound = bind(&[elsewhere], IpAddr::from([127, 0, 0, 1]), 0).unwrap().remove(0);
        let mut port = OpenPort::open(bound).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let own = client.local_addr().unwrap();
        let mut inbox = Inbox::new();
        let mut buffer = [0; 100];
        for host in [3, 2, 2] {
            let asked = SocketAddr::from(([127, 0, 0, host], port.candidate.port()));
            client.send_to(&[7; 20], asked).await.unwrap();
            loop {
                let readable = poll_fn(|context| port.poll_readable(context));
                tokio::time::timeout(Duration::from_secs(60), readable).await.unwrap().unwrap();
                if port.receive(&mut inbox) {
                    break;
                }
            }
            let came: Vec<_> = inbox.datagrams().map(|datagram| (datagram.source, datagram.asked)).collect();
            assert_eq!(came, [(own, Some(asked.ip()))]);
            port.note_asked(own, asked.ip());
            assert!(!port.answers_elsewhere(own, asked.ip()));
            let run = Run { source: port.candidate, destination: own, segment_bytes: 20, contents: &[8; 40] };
            port.send(run);
            for _ in 0..2 {
                let received = client.recv_from(&mut buffer);
                let (length, source) =
                    tokio::time::timeout(Duration::from_secs(60), received).await.unwrap().unwrap();
                assert_eq!((length, source), (20, asked));
            }
        }
    }

    #[test]
    fn who_is_in_a_call_is_not_forgotten_and_who_is_not_is() {
        let client = |number: u32| SocketAddr::from((number.to_be_bytes(), 5_000));
        let ip = IpAddr::from([192, 0, 2, 1]);
        let mut asked = Asked::default();
        for number in 1..100_000 {
            asked.note(client(number), ip);
            if number % 1_000 == 0 {
                asked.note(client(0), ip);
                assert_eq!(asked.of(client(0)), Some(ip));
            }
            assert!(asked.recent.len() + asked.former.len() <= 2 * ASKED_MAX);
        }
        assert_eq!(asked.of(client(1)), None);
    }
}
