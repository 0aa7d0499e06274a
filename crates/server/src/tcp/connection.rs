//! One TCP connection of a client: frames in, and packets out as far as the client keeps up.

use std::{
    collections::BTreeSet,
    io, mem,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until, timeout},
};

use super::Arrivals;

/// Longest frame that is read, in bytes, as of datagrams. Who announces a longer one is cut.
const FRAME_MAX_BYTES: usize = 1_500;

/// Frames of one connection that wait for its media thread. Then it is not read further: nobody fills the queue alone.
const WAITING_MAX: usize = 32;

/// Most bytes that wait to be sent in one connection, and as many more are being sent. What comes when it is full is lost:
/// this is a tenth of a second at 10 Mbit/s, and sound that waits longer is of no use.
const OUTBOX_MAX_BYTES: usize = 128 << 10;

/// What the kernel is asked to take that it cannot send yet, in bytes, for the same reason.
#[cfg(target_os = "linux")]
const KERNEL_UNSENT_BYTES: u32 = 32 << 10;

/// Most frames of a connection before the SFU has sent anything in it: an ICE agent asks again a few times, and says nothing else
/// until it is answered. Frames of a stranger cost the media thread hardly more than that.
const UNANSWERED_MAX: usize = 64;

/// A client that takes nothing for so long is gone.
const WRITE_TIME: Duration = Duration::from_secs(10);

/// To a media thread, from the tasks of the connections.
pub(crate) enum Arrival {
    Frame {
        connection: Arc<Connection>,
        contents: Vec<u8>,
        /// One of those that the connection may have waiting.
        place: OwnedSemaphorePermit,
    },
    Closed {
        connection: Arc<Connection>,
    },
}

/// A connection, as the media thread sees it.
pub(crate) struct Connection {
    candidate: SocketAddr,
    peer: SocketAddr,
    /// Later ones have larger numbers.
    number: u64,
    opened: Instant,
    outbox: Mutex<Outbox>,
    filled: Notify,
}

#[derive(Default)]
struct Outbox {
    /// Frames that wait.
    frames: Vec<u8>,
    /// When the SFU last sent something. It sends only where it has answered an ICE check.
    last_sent: Option<Instant>,
}

impl Connection {
    /// `candidate` is the address that clients know, `peer` the client's.
    pub(crate) fn new(candidate: SocketAddr, peer: SocketAddr) -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let (outbox, filled) = (Mutex::default(), Notify::new());
        Arc::new(Self { candidate, peer, number, opened: Instant::now(), outbox, filled })
    }

    /// Whether it was opened after the other one.
    pub(crate) fn is_later_than(&self, other: &Self) -> bool {
        self.number > other.number
    }

    pub(crate) fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.candidate, self.peer)
    }

    /// Queues a packet as a frame, or loses it if the client does not keep up. Never waits.
    pub(crate) fn send(&self, packet: &[u8]) {
        let Ok(length) = u16::try_from(packet.len()) else { return };
        let mut outbox = self.lock();
        if outbox.frames.len() + 2 + packet.len() > OUTBOX_MAX_BYTES {
            return;
        }
        outbox.frames.extend_from_slice(&length.to_be_bytes());
        outbox.frames.extend_from_slice(packet);
        outbox.last_sent = Some(Instant::now());
        drop(outbox);
        self.filled.notify_one();
    }

    /// Whether the SFU has sent something: the client has passed an ICE check.
    pub(crate) fn is_answered(&self) -> bool {
        self.lock().last_sent.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves a connection until it ends. It ends when no ICE check was answered for `first` after it was opened, or for `later`
/// after the last one.
pub(crate) async fn serve(
    mut stream: TcpStream,
    connection: Arc<Connection>,
    arrivals: Arrivals,
    (first, later): (Duration, Duration),
) {
    // Each packet is wanted at once.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(KERNEL_UNSENT_BYTES);
    let (reader, writer) = stream.split();
    let mut threads = BTreeSet::new();
    let outcome = tokio::select! {
        outcome = read(reader, &connection, &arrivals, &mut threads) => outcome,
        outcome = write(writer, &connection) => outcome,
        () = lapse(&connection, first, later) => Err(io::ErrorKind::TimedOut.into()),
        () = arrivals.closed() => Ok(()),
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a TCP connection for media ended");
    }
    arrivals.tell_end(&connection, &threads).await;
}

/// Takes frames out of the stream until something is no frame, or not what a client says before it is answered. Notes which threads get
/// them.
async fn read(
    stream: impl AsyncRead + Unpin,
    connection: &Arc<Connection>,
    arrivals: &Arrivals,
    threads: &mut BTreeSet<usize>,
) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(4_096, stream);
    let places = Arc::new(Semaphore::new(WAITING_MAX));
    let (mut answered, mut unanswered, mut owner) = (false, 0, 0);
    loop {
        let length = usize::from(stream.read_u16().await?);
        // A null packet, which RFC 4571 section 2 allows.
        if length == 0 {
            continue;
        }
        if length > FRAME_MAX_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut contents = vec![0; length];
        stream.read_exact(&mut contents).await?;
        answered = answered || connection.is_answered();
        if !answered {
            unanswered += 1;
            if unanswered > UNANSWERED_MAX || !is_binding_request(&contents) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            owner = arrivals.owner(&contents);
        }
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        let connection = Arc::clone(connection);
        threads.insert(owner);
        if !arrivals.send(owner, Arrival::Frame { connection, contents, place }).await {
            return Ok(());
        }
    }
}

/// Whether this can be a STUN binding request (RFC 8489 section 5).
fn is_binding_request(frame: &[u8]) -> bool {
    frame.starts_with(&[0, 1]) && frame.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42]) && frame.len() >= 20
}

async fn write(mut stream: impl AsyncWrite + Unpin, connection: &Connection) -> io::Result<()> {
    let mut frames = Vec::new();
    loop {
        connection.filled.notified().await;
        mem::swap(&mut frames, &mut connection.lock().frames);
        timeout(WRITE_TIME, stream.write_all(&frames)).await??;
        frames.clear();
    }
}

/// Completes when no ICE check was answered for too long.
async fn lapse(connection: &Connection, first: Duration, later: Duration) {
    loop {
        let last_sent = connection.lock().last_sent;
        let end = last_sent.map_or(connection.opened + first, |at| at + later);
        if end <= Instant::now() {
            return;
        }
        sleep_until(end).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;
    use crate::steering::Directory;

    fn connection() -> Arc<Connection> {
        let ends = |port| SocketAddr::from(([192, 0, 2, 1], port));
        Connection::new(ends(3478), ends(50_000))
    }

    /// The head of a binding request; the SFU reads it further.
    fn request() -> Vec<u8> {
        let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        request.resize(20, 7);
        request
    }

    fn framed(contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len()).unwrap();
        [&length.to_be_bytes(), contents].concat()
    }

    /// What the media thread gets of these bytes, and whether the connection was cut before they ended.
    async fn read_all(bytes: Vec<u8>) -> (Vec<Vec<u8>>, bool) {
        read_on(connection(), bytes).await
    }

    /// The same of a client that has been answered.
    async fn read_answered(bytes: Vec<u8>) -> (Vec<Vec<u8>>, bool) {
        let connection = connection();
        connection.send(&[1, 1]);
        read_on(connection, bytes).await
    }

    async fn read_on(connection: Arc<Connection>, bytes: Vec<u8>) -> (Vec<Vec<u8>>, bool) {
        let (arrivals, mut inboxes) = Arrivals::new(1, Directory::default());
        let mut inbox = inboxes.remove(0);
        let reading = async move { read(&bytes[..], &connection, &arrivals, &mut BTreeSet::new()).await };
        let taking = async {
            let mut frames = Vec::new();
            while let Some(Arrival::Frame { contents, .. }) = inbox.recv().await {
                frames.push(contents);
            }
            frames
        };
        let (outcome, frames) = tokio::join!(reading, taking);
        (frames, outcome.is_err_and(|error| error.kind() == io::ErrorKind::InvalidData))
    }

    #[tokio::test]
    async fn frames_come_out_as_they_were_put_in() {
        let second = vec![0x80; 1_500];
        let bytes = [framed(&request()), framed(&[]), framed(&second), framed(&[9])].concat();
        assert_eq!(read_answered(bytes).await, (vec![request(), second, vec![9]], false));
    }

    #[tokio::test]
    async fn who_says_more_than_requests_before_the_first_answer_is_cut() {
        let bytes = [framed(&request()), framed(&[0x80; 100])].concat();
        assert_eq!(read_all(bytes.clone()).await, (vec![request()], true));
        assert!(!read_answered(bytes).await.1);
    }

    #[tokio::test]
    async fn who_asks_on_and_on_without_an_answer_is_cut() {
        let bytes = framed(&request()).repeat(1_000);
        assert_eq!(read_all(bytes.clone()).await, (vec![request(); UNANSWERED_MAX], true));
        assert_eq!(read_answered(bytes).await, (vec![request(); 1_000], false));
    }

    #[tokio::test]
    async fn who_does_not_begin_as_ice_does_is_cut() {
        let web = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n".to_vec();
        for bytes in [web, framed(&[22; 100]), framed(&request()[..19]), vec![0xff; 3_000]] {
            assert_eq!(read_all(bytes).await, (vec![], true));
        }
    }

    #[tokio::test]
    async fn only_threads_that_got_something_learn_of_the_end() {
        for (bytes, told) in [(framed(&request()), true), (vec![], false), (framed(&[22; 100]), false)] {
            let (arrivals, mut inboxes) = Arrivals::new(2, Directory::default());
            let (connection, mut threads) = (connection(), BTreeSet::new());
            let _ = read(&bytes[..], &connection, &arrivals, &mut threads).await;
            arrivals.tell_end(&connection, &threads).await;
            let closed = std::iter::from_fn(|| inboxes[0].try_recv().ok())
                .any(|arrival| matches!(arrival, Arrival::Closed { .. }));
            assert_eq!((closed, inboxes[1].len()), (told, 0), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn half_a_frame_is_none() {
        let whole = [framed(&request()), framed(&[3; 50])].concat();
        for cut in 22..whole.len() {
            assert_eq!(read_answered(whole[..cut].to_vec()).await, (vec![request()], false), "{cut}");
        }
    }

    #[tokio::test]
    async fn a_longer_frame_than_any_packet_ends_the_connection() {
        let bytes = [framed(&request()), framed(&[3; 1_501])].concat();
        assert_eq!(read_answered(bytes).await, (vec![request()], true));
    }

    #[tokio::test]
    async fn who_does_not_read_loses_packets_and_holds_little() {
        let connection = connection();
        for _ in 0..10_000 {
            connection.send(&[5; 1_200]);
        }
        let kept = connection.lock().frames.len();
        assert!(kept <= OUTBOX_MAX_BYTES && kept > OUTBOX_MAX_BYTES - 1_202, "{kept}");
        assert!(connection.lock().frames.capacity() <= 2 * OUTBOX_MAX_BYTES);
        // What was kept goes out whole, and then there is room again.
        let (near, mut far) = duplex(64);
        let reading = async {
            let mut read = vec![0; kept];
            far.read_exact(&mut read).await.unwrap();
            assert!(read.chunks(1_202).all(|frame| frame[..2] == [4, 176] && frame[2..] == [5; 1_200]));
            connection.send(&[6; 10]);
            let mut read = [0; 12];
            far.read_exact(&mut read).await.unwrap();
            assert_eq!(read[..], framed(&[6; 10]));
        };
        tokio::select! {
            _ = write(near, &connection) => panic!("the connection ended"),
            () = reading => {}
        }
    }

    #[tokio::test]
    async fn one_connection_has_a_bounded_number_of_frames_waiting() {
        let (arrivals, mut inboxes) = Arrivals::new(1, Directory::default());
        let mut inbox = inboxes.remove(0);
        let connection = connection();
        connection.send(&[1, 1]);
        let bytes = [framed(&request()), framed(&[3; 50]).repeat(500)].concat();
        let mut threads = BTreeSet::new();
        let mut reading = Box::pin(read(&bytes[..], &connection, &arrivals, &mut threads));
        tokio::select! {
            biased;
            _ = &mut reading => panic!("all was read"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(inbox.len(), WAITING_MAX);
        // Each that is worked off makes room for another.
        for _ in 0..10 {
            drop(inbox.recv().await);
        }
        tokio::select! {
            biased;
            _ = &mut reading => panic!("all was read"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(inbox.len(), WAITING_MAX);
    }
}
