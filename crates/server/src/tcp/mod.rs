//! ICE-TCP (RFC 6544): who cannot use UDP opens a TCP connection, in which every packet is a frame (RFC 4571).
//!
//! Each connection has a task of its own, not on a media thread: who connects and says nothing, or nonsense, costs
//! those threads nothing.

mod connection;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{SocketAddr, TcpListener as StdListener},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
    time::sleep,
};

use tangelo_sfu::requested_ufrag;

use crate::{ConnectionLimits, addresses::PerAddress, bind::Bound, steering::Directory};

pub(crate) use connection::{Arrival, Connection};

/// Frames of all connections that wait for a media thread.
const ARRIVALS_MAX: usize = 1_024;

/// The pause after a connection that could not be accepted. Out of file descriptors, most likely: some will come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The way to the media threads.
#[derive(Clone)]
pub(crate) struct Arrivals {
    threads: Vec<mpsc::Sender<Arrival>>,
    directory: Directory,
}

impl Arrivals {
    /// To so many threads, and what each of them gets.
    fn new(threads: usize, directory: Directory) -> (Self, Vec<mpsc::Receiver<Arrival>>) {
        let (threads, inboxes) = (0..threads).map(|_| mpsc::channel(ARRIVALS_MAX)).unzip();
        (Self { threads, directory }, inboxes)
    }

    /// The thread that has the session which this ICE check is for. What is nobody's is the first one's, which drops it.
    fn owner(&self, check: &[u8]) -> usize {
        requested_ufrag(check).and_then(|ufrag| self.directory.owner(ufrag)).unwrap_or(0)
    }

    /// Hands it on, and waits for room. Returns whether the thread is still there.
    async fn send(&self, thread: usize, arrival: Arrival) -> bool {
        match self.threads.get(thread) {
            Some(thread) => thread.send(arrival).await.is_ok(),
            None => false,
        }
    }

    /// Tells these threads that a connection has ended: those that got something of it, which are several if it had sessions of several,
    /// one after the other. Others do not know it, and strangers who come and go cost them nothing.
    async fn tell_end(&self, connection: &Arc<Connection>, threads: &BTreeSet<usize>) {
        for thread in threads.iter().filter_map(|thread| self.threads.get(*thread)) {
            let _ = thread.send(Arrival::Closed { connection: Arc::clone(connection) }).await;
        }
    }

    /// Completes when the server ends.
    async fn closed(&self) {
        if let Some(thread) = self.threads.first() {
            thread.closed().await;
        }
    }
}

/// Starts to listen, in the present runtime, until the receivers of what comes are dropped: one for each of so many threads.
pub(crate) fn listen(
    listeners: Vec<Bound<StdListener>>,
    limits: &ConnectionLimits,
    threads: usize,
    directory: Directory,
) -> io::Result<Vec<mpsc::Receiver<Arrival>>> {
    let (arrivals, inboxes) = Arrivals::new(threads, directory);
    let places = Arc::new(Semaphore::new(limits.media_connections));
    let per_address = PerAddress::new(limits.media_connections_per_address, limits.media_connections);
    for Bound { socket, candidate, .. } in listeners {
        let listener = TcpListener::from_std(socket)?;
        let (places, per_address) = (Arc::clone(&places), Arc::clone(&per_address));
        tokio::spawn(accept(listener, candidate, places, per_address, limits.clone(), arrivals.clone()));
    }
    Ok(inboxes)
}

async fn accept(
    listener: TcpListener,
    candidate: SocketAddr,
    places: Arc<Semaphore>,
    per_address: Arc<PerAddress>,
    limits: ConnectionLimits,
    arrivals: Arrivals,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = arrivals.closed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("cannot accept a TCP connection for media: {error}");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // What is over a bound is closed at once: ICE has other ways to try.
        let Some(held) = per_address.take(peer.ip()) else { continue };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let connection = Connection::new(candidate, peer);
        let (arrivals, first, later) = (arrivals.clone(), limits.media_check, limits.idle);
        tokio::spawn(async move {
            connection::serve(stream, connection, arrivals, (first, later)).await;
            drop((place, held));
        });
    }
}

/// Which of the connections between two ends this is. There is one at a time, but a task may still hold frames of one that has
/// ended when the client has opened another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// The one that is known, or the first.
    Present,
    /// One after that which was known, which it replaces. Whose that was says nothing of whose this is.
    Another,
    /// One before that which is known.
    Past,
}

/// The connections that a media thread knows, by both ends: the address that clients know, and theirs.
#[derive(Default)]
pub(crate) struct Connections(BTreeMap<(SocketAddr, SocketAddr), Arc<Connection>>);

impl Connections {
    /// Something came in this connection.
    pub(crate) fn note(&mut self, connection: &Arc<Connection>) -> Noted {
        let Some(known) = self.0.get_mut(&connection.ends()) else {
            self.0.insert(connection.ends(), Arc::clone(connection));
            return Noted::Present;
        };
        if Arc::ptr_eq(known, connection) {
            return Noted::Present;
        }
        if !connection.is_later_than(known) {
            return Noted::Past;
        }
        *known = Arc::clone(connection);
        Noted::Another
    }

    /// The connection has ended. Returns whether it was known.
    pub(crate) fn forget(&mut self, connection: &Arc<Connection>) -> bool {
        let known = self.0.get(&connection.ends()).is_some_and(|known| Arc::ptr_eq(known, connection));
        if known {
            self.0.remove(&connection.ends());
        }
        known
    }

    /// Sends a packet, unless the connection has ended or its client does not keep up: then it is lost, as it would be in
    /// a network.
    pub(crate) fn send(&self, ends: (SocketAddr, SocketAddr), packet: &[u8]) {
        if let Some(connection) = self.0.get(&ends) {
            connection.send(packet);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_connection_is_not_that_of_the_next() {
        let ends = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let open = || Connection::new(ends(3478), ends(50_000));
        let (old, new) = (open(), open());
        let mut connections = Connections::default();
        assert_eq!(connections.note(&old), Noted::Present);
        assert_eq!(connections.note(&new), Noted::Another);
        // What was under way in the old one arrives, and then its end.
        assert_eq!(connections.note(&old), Noted::Past);
        assert!(!connections.forget(&old));
        assert_eq!(connections.note(&new), Noted::Present);
        connections.send(new.ends(), &[7; 10]);
        assert!(new.is_answered() && !old.is_answered());
        assert!(connections.forget(&new));
        assert!(!connections.forget(&new));
    }
}
