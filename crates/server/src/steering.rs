//! Which media thread a datagram is for, where there are several.
//!
//! Each thread has a socket of its own on the media port (SO_REUSEPORT), and the kernel spreads clients over them by their
//! addresses. A room is one thread's. What comes to another thread is handed over: ICE checks by the ufrag that they
//! name, all else by the address, once that thread has answered a check from there.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tangelo_sfu::requested_ufrag;
use tangelo_wire::ClientId;
use tokio::sync::mpsc;

use crate::ports::Incoming;

/// Datagrams and news from other threads that may wait for one. What comes when they are full is lost, as in a network.
const HANDED_MAX: usize = 4_096;

/// How long an address stays with a thread after the last answered check, as an address does with a client (`tangelo-sfu`).
const KEPT: Duration = Duration::from_secs(15);

/// From one media thread to another.
pub(crate) enum Handed {
    /// It came to a socket of that thread.
    Datagram(HandedDatagram),
    /// Thread `owner` has answered a check that came from here.
    Answered { client: SocketAddr, owner: usize },
}

/// As [`Incoming`], with the port to which it came.
pub(crate) struct HandedDatagram {
    /// The thread that read it.
    pub(crate) from: usize,
    /// The place of the port among those of every thread.
    pub(crate) port: usize,
    pub(crate) source: SocketAddr,
    pub(crate) asked: Option<IpAddr>,
    pub(crate) received: Option<Duration>,
    pub(crate) contents: Vec<u8>,
}

impl HandedDatagram {
    pub(crate) fn incoming(&self) -> Incoming<'_> {
        let &Self { source, asked, received, ref contents, .. } = self;
        Incoming { source, asked, received, contents }
    }
}

/// The sessions of all threads, by the ufrag that checks name. Written when a session begins, restarts ICE or ends.
#[derive(Clone, Default)]
pub(crate) struct Directory(Arc<RwLock<BTreeMap<String, (ClientId, usize)>>>);

impl Directory {
    pub(crate) fn owner(&self, ufrag: &str) -> Option<usize> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(ufrag).map(|(_, owner)| *owner)
    }

    /// The client's session is on this thread, and has no other ufrag.
    pub(crate) fn set(&self, client: ClientId, ufrag: Option<String>, owner: usize) {
        let mut sessions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, (other, _)| *other != client);
        if let Some(ufrag) = ufrag {
            sessions.insert(ufrag, (client, owner));
        }
    }

    pub(crate) fn remove(&self, client: ClientId) {
        self.set(client, None, 0);
    }
}

/// One thread's view of the others.
pub(crate) struct Steering {
    me: usize,
    directory: Directory,
    threads: Vec<mpsc::Sender<Handed>>,
    /// Whose the addresses are that checks came from, and when the last of those was answered.
    routes: BTreeMap<SocketAddr, (usize, Instant)>,
    pruned: Option<Instant>,
    handed: u64,
}

/// For so many threads: each one's steering, and what the others hand to it.
pub(crate) fn steer(threads: usize, directory: &Directory) -> Vec<(Steering, mpsc::Receiver<Handed>)> {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| mpsc::channel(HANDED_MAX)).unzip();
    let steering = |me| Steering {
        me,
        directory: directory.clone(),
        threads: senders.clone(),
        routes: BTreeMap::new(),
        pruned: None,
        handed: 0,
    };
    receivers.into_iter().enumerate().map(|(me, receiver)| (steering(me), receiver)).collect()
}

impl Steering {
    pub(crate) fn me(&self) -> usize {
        self.me
    }

    /// How many datagrams were handed to other threads.
    pub(crate) fn handed(&self) -> u64 {
        self.handed
    }

    /// Hands a datagram that came to this thread's socket to another one, if it is that one's.
    pub(crate) fn hands_over(&mut self, port: usize, datagram: &Incoming<'_>) -> bool {
        let owner = self.owner(datagram);
        if owner == self.me {
            return false;
        }
        let &Incoming { source, asked, received, contents } = datagram;
        let handed =
            HandedDatagram { from: self.me, port, source, asked, received, contents: contents.to_vec() };
        if self.threads.get(owner).is_some_and(|thread| thread.try_send(Handed::Datagram(handed)).is_ok()) {
            self.handed += 1;
        }
        true
    }

    /// What is nobody's stays here, where it is counted and dropped.
    fn owner(&self, datagram: &Incoming<'_>) -> usize {
        if self.threads.len() < 2 {
            return self.me;
        }
        match requested_ufrag(datagram.contents) {
            Some(ufrag) => self.directory.owner(ufrag).unwrap_or(self.me),
            None => self.routes.get(&datagram.source).map_or(self.me, |(owner, _)| *owner),
        }
    }

    /// This thread has answered a check of `client` that thread `from` had read.
    pub(crate) fn answered(&mut self, now: Instant, client: SocketAddr, from: usize) {
        if self.threads.len() < 2 {
            return;
        }
        if from == self.me {
            self.route(now, client, self.me);
        } else if let Some(thread) = self.threads.get(from) {
            // If it is lost, the next check tells again.
            let _ = thread.try_send(Handed::Answered { client, owner: self.me });
        }
    }

    /// Datagrams from `client` that come to this thread are for `owner`, unless they were another's a moment ago: a client that
    /// forges its source address must not cut off somebody else.
    pub(crate) fn route(&mut self, now: Instant, client: SocketAddr, owner: usize) {
        let is_past = |at: Instant| now.saturating_duration_since(at) >= KEPT;
        if self.pruned.is_none_or(is_past) {
            self.routes.retain(|_, (_, at)| !is_past(*at));
            self.pruned = Some(now);
        }
        let route = self.routes.entry(client).or_insert((owner, now));
        if route.0 == owner || is_past(route.1) {
            *route = (owner, now);
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    fn client(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn incoming(port: u16, contents: &[u8]) -> Incoming<'_> {
        Incoming { source: client(port), asked: None, received: None, contents }
    }

    /// A binding request for the session "here".
    fn check() -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 16, 0x21, 0x12, 0xa4, 0x42];
        bytes.extend([7; 12]);
        bytes.extend(b"\x00\x06\x00\x0ahere:there\0\0");
        bytes
    }

    fn id(byte: u8) -> ClientId {
        ClientId([byte; 16])
    }

    fn two() -> (Directory, [(Steering, mpsc::Receiver<Handed>); 2]) {
        let directory = Directory::default();
        let threads = steer(2, &directory).try_into().ok().unwrap();
        (directory, threads)
    }

    #[test]
    fn a_check_goes_to_the_session_that_it_names_and_the_rest_to_who_answered() {
        let (directory, [(mut reader, mut news), (mut owner, mut inbox)]) = two();
        let media = [0x80; 30];
        assert!(!reader.hands_over(0, &incoming(1, &check())), "nobody has that session");
        directory.set(id(1), Some("here".to_owned()), 1);
        assert!(reader.hands_over(3, &incoming(1, &check())));
        let Ok(Handed::Datagram(datagram)) = inbox.try_recv() else { panic!("it was not handed over") };
        assert_eq!((datagram.from, datagram.port, &datagram.contents), (0, 3, &check()));
        assert!(!reader.hands_over(0, &incoming(1, &media)), "no check was answered yet");
        let now = Instant::now();
        owner.answered(now, client(1), 0);
        let Ok(Handed::Answered { client: of, owner: who }) = news.try_recv() else { panic!("not told") };
        reader.route(now, of, who);
        assert!(reader.hands_over(0, &incoming(1, &media)));
        assert!(!reader.hands_over(0, &incoming(2, &media)));
        assert_eq!(reader.handed(), 2);
        directory.remove(id(1));
        assert!(!reader.hands_over(0, &incoming(1, &check())));
    }

    #[test]
    fn an_ice_restart_has_another_name_and_the_former_is_nobodys() {
        let (directory, _) = two();
        directory.set(id(1), Some("one".to_owned()), 0);
        directory.set(id(2), Some("two".to_owned()), 1);
        directory.set(id(1), Some("three".to_owned()), 0);
        assert_eq!(["one", "two", "three"].map(|ufrag| directory.owner(ufrag)), [None, Some(1), Some(0)]);
    }

    #[test]
    fn an_address_is_not_taken_from_who_has_it_until_that_one_is_silent() {
        let (_, [(mut reader, _), _]) = two();
        let begin = Instant::now();
        let owner = |reader: &Steering| reader.owner(&incoming(1, &[0x80; 30]));
        reader.answered(begin, client(1), 0);
        reader.route(begin + KEPT / 2, client(1), 1);
        assert_eq!(owner(&reader), 0);
        reader.answered(begin + KEPT / 2, client(1), 0);
        reader.route(begin + KEPT, client(1), 1);
        assert_eq!(owner(&reader), 0);
        reader.route(begin + KEPT * 2, client(1), 1);
        assert_eq!(owner(&reader), 1);
    }

    #[test]
    fn addresses_that_are_silent_are_forgotten() {
        let (_, [(mut reader, _), _]) = two();
        let begin = Instant::now();
        for port in 0..1_000 {
            reader.route(begin, client(port), 1);
        }
        reader.route(begin + KEPT, client(2_000), 1);
        assert_eq!(reader.routes.len(), 1);
    }

    #[test]
    fn who_does_not_keep_up_loses_datagrams_and_nobody_waits() {
        let (directory, [(mut reader, _), (_, inbox)]) = two();
        directory.set(id(1), Some("here".to_owned()), 1);
        for _ in 0..2 * HANDED_MAX {
            assert!(reader.hands_over(0, &incoming(1, &check())));
        }
        assert_eq!((inbox.len(), reader.handed()), (HANDED_MAX, HANDED_MAX as u64));
    }
}
