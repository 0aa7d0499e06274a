//! A thread that owns rooms: an SFU, UDP sockets, and what goes between them, TCP connections and the other threads.

use std::{
    future::poll_fn,
    io, iter,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Instant,
};

use tangelo_sfu::{Output, Sfu, SfuConfig, Transport};
use tangelo_wire::ClientId;
use tokio::{sync::mpsc, time};

use crate::{
    backlog::unix_time,
    batch::{Batch, Run, Sent},
    bind::Bound,
    media::{Command, News},
    metrics::{Count, MediaReport},
    ports::{Inbox, Incoming, OpenPort},
    steering::{Directory, Handed, Steering},
    tap::Tap,
    tcp::{Arrival, Connections, Noted},
    to_media::{Watched, Watches},
};

/// Calls to one socket before anything else has its turn. Each takes many datagrams.
const CALLS: usize = 4;

/// Frames of TCP connections before anything else has its turn.
const FRAMES: usize = 64;

/// How an ICE check begins, and
const BINDING_REQUEST: [u8; 2] = [0, 1];
/// how the answer to an authentic ICE check begins (RFC 8489 section 5).
const BINDING_SUCCESS: [u8; 2] = [1, 1];

/// Handed datagrams before anything else has its turn.
const HANDED: usize = 128;

/// What a thread begins with.
pub(crate) struct Setup {
    pub(crate) config: SfuConfig,
    pub(crate) steering: Steering,
    pub(crate) directory: Directory,
    pub(crate) tap: Option<Arc<Mutex<Tap>>>,
    pub(crate) news: mpsc::UnboundedSender<News>,
    pub(crate) watches: Watches,
    /// How many bytes of media have gone out.
    pub(crate) meter: Arc<Count>,
}

/// What a thread is told.
pub(crate) struct Inboxes {
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    pub(crate) handed: mpsc::Receiver<Handed>,
}

/// Where the datagram that is being looked at came from.
struct Asked {
    client: SocketAddr,
    /// To which address of this machine.
    ip: Option<IpAddr>,
    /// Which thread read it.
    reader: usize,
}

/// A thread's own: the SFU, and the ways out of it.
struct MediaThread {
    sfu: Sfu,
    ports: Vec<OpenPort>,
    steering: Steering,
    directory: Directory,
    connections: Connections,
    asked: Option<Asked>,
    /// The addresses that clients are told whatever is found, of UDP and of TCP.
    candidates: (Vec<SocketAddr>, Vec<SocketAddr>),
    batch: Batch,
    tap: Option<Arc<Mutex<Tap>>>,
    news: mpsc::UnboundedSender<News>,
    watches: Watches,
    meter: Arc<Count>,
}

/// Runs until all senders of commands are gone.
pub(crate) async fn run(setup: Setup, ports: Vec<Bound<UdpSocket>>, mut inboxes: Inboxes) -> io::Result<()> {
    let ports = ports.into_iter().map(OpenPort::open).collect::<io::Result<_>>()?;
    let mut thread = MediaThread::new(setup, ports);
    let mut inbox = Inbox::new();
    let mut first = 0;
    loop {
        thread.carry_out();
        thread.flush();
        thread.meter.set(thread.sfu.bytes_out());
        let deadline = thread.sfu.poll_timeout();
        tokio::select! {
            command = inboxes.commands.recv() => match command {
                Some(command) => thread.obey(command),
                None => {
                    // `cargo xtask bench sfu` reads this.
                    let Sent { datagrams, runs } = thread.batch.sent();
                    let handed = thread.steering.handed();
                    tracing::debug!("media sent {datagrams} datagrams in {runs} runs, and handed {handed} over");
                    return Ok(());
                }
            },
            index = readable(&thread.ports, first) => {
                // The others have their turn before this one has its next.
                first = index + 1;
                thread.read(index, &mut inbox);
            }
            Some(arrival) = inboxes.arrivals.recv() => {
                let more = iter::from_fn(|| inboxes.arrivals.try_recv().ok());
                iter::once(arrival).chain(more).take(FRAMES).for_each(|arrival| thread.take(arrival));
            }
            Some(handed) = inboxes.handed.recv() => {
                let more = iter::from_fn(|| inboxes.handed.try_recv().ok());
                thread.take_over(iter::once(handed).chain(more).take(HANDED));
            }
            () = sleep_until(deadline) => {}
        }
        let now = Instant::now();
        if thread.sfu.poll_timeout().is_some_and(|at| at <= now) {
            thread.sfu.handle_timeout(now);
        }
    }
}

/// Waits until one of the ports has something, and tells which. Looks at port `first` first.
async fn readable(ports: &[OpenPort], first: usize) -> usize {
    poll_fn(|context| {
        let in_turn = ports.iter().enumerate().cycle().skip(first).take(ports.len());
        for (index, port) in in_turn {
            if port.poll_readable(context).is_ready() {
                return Poll::Ready(index);
            }
        }
        Poll::Pending
    })
    .await
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

impl MediaThread {
    fn new(setup: Setup, ports: Vec<OpenPort>) -> Self {
        let Setup { config, steering, directory, tap, news, watches, meter } = setup;
        let candidates = (config.candidates.clone(), config.tcp_candidates.clone());
        let mut sfu = Sfu::new(config, Instant::now());
        sfu.set_tap(tap.is_some());
        let (connections, asked, batch) = (Connections::default(), None, Batch::default());
        Self {
            sfu,
            ports,
            steering,
            directory,
            connections,
            asked,
            candidates,
            batch,
            tap,
            news,
            watches,
            meter,
        }
    }

    /// Takes what has come to a port. What is forwarded is sent together at the end: the more there is at a time, the less
    /// each datagram costs.
    fn read(&mut self, index: usize, inbox: &mut Inbox) {
        for _ in 0..CALLS {
            let Some(port) = self.ports.get(index) else { return };
            let candidate = port.candidate;
            if !port.receive(inbox) {
                return;
            }
            let (now, unix_now) = (Instant::now(), unix_time());
            for datagram in inbox.datagrams() {
                if !self.steering.hands_over(index, &datagram) {
                    let reader = self.steering.me();
                    self.look((now, unix_now), (index, candidate), &datagram, reader);
                }
            }
            self.after(index);
        }
    }

    /// Takes what other threads have read, and their news.
    fn take_over(&mut self, handed: impl Iterator<Item = Handed>) {
        let (now, unix_now) = (Instant::now(), unix_time());
        let mut indices = Vec::new();
        for handed in handed {
            match handed {
                Handed::Answered { client, owner } => self.steering.route(now, client, owner),
                Handed::Datagram(datagram) => {
                    let index = datagram.port;
                    let Some(port) = self.ports.get(index) else { continue };
                    let candidate = port.candidate;
                    self.look((now, unix_now), (index, candidate), &datagram.incoming(), datagram.from);
                    if !indices.contains(&index) {
                        indices.push(index);
                    }
                }
            }
        }
        indices.into_iter().for_each(|index| self.after(index));
    }

    /// Takes a datagram that came to a port, `reader`'s socket, unless it waited for too long.
    fn look(
        &mut self,
        (now, unix_now): (Instant, time::Duration),
        (index, candidate): (usize, SocketAddr),
        datagram: &Incoming<'_>,
        reader: usize,
    ) {
        if self.ports.get_mut(index).is_some_and(|port| !port.backlog.takes(unix_now, reader, datagram)) {
            return;
        }
        let &Incoming { source, asked, contents, .. } = datagram;
        self.sfu.handle_datagram(now, source, candidate, contents);
        // How a check is answered depends on how it came; what is forwarded waits for what else has come.
        if contents.starts_with(&BINDING_REQUEST) {
            self.asked = Some(Asked { client: source, ip: asked, reader });
            self.carry_out();
            self.asked = None;
        }
    }

    /// All that came at once is worked off.
    fn after(&mut self, index: usize) {
        self.carry_out();
        self.flush();
        if let Some(port) = self.ports.get_mut(index) {
            port.backlog.tell();
        }
    }

    /// Takes what has come in a TCP connection, or that it has ended.
    fn take(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Frame { connection, contents, place } => {
                let (candidate, peer) = connection.ends();
                match self.connections.note(&connection) {
                    Noted::Present => {}
                    Noted::Another => self.sfu.handle_closed(peer, candidate),
                    Noted::Past => return,
                }
                self.sfu.handle_frame(Instant::now(), peer, candidate, &contents);
                self.carry_out();
                drop(place);
            }
            Arrival::Closed { connection } => {
                let (candidate, peer) = connection.ends();
                if self.connections.forget(&connection) {
                    self.sfu.handle_closed(peer, candidate);
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Offer { room, client, offer, sdp, lines } => {
                let result = self.sfu.offer(now, &room, client, &sdp, &lines);
                // Before the client knows it.
                self.directory.set(client, self.sfu.ufrag(client), self.steering.me());
                let _ = self.news.send(News::Answered { room, client, offer, result });
            }
            Command::Watch { client } => {
                if let Some(Watched { views, hear }) = self.watches.take(client) {
                    self.sfu.watch(now, client, views.as_deref(), hear.as_deref());
                }
            }
            Command::Remove { client } => self.remove(now, client),
            Command::Report(reply) => {
                // Whoever asked may have lost patience.
                let _ = reply.send(self.report());
            }
            Command::Found { ips } => {
                let (udp, tcp) = &self.candidates;
                self.sfu.set_candidates(with_found(udp, &ips), with_found(tcp, &ips));
            }
        }
    }

    fn report(&self) -> MediaReport {
        MediaReport {
            sfu: self.sfu.stats(),
            late: self.ports.iter().map(|port| port.backlog.dropped).sum(),
            unsent: self.ports.iter().map(OpenPort::unsent).sum(),
            handed: self.steering.handed(),
        }
    }

    fn remove(&mut self, now: Instant, client: ClientId) {
        self.sfu.remove(now, client);
        self.directory.remove(client);
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.sfu.poll_output() {
            match output {
                Output::Transmit { transport: Transport::Tcp, source, destination, contents } => {
                    self.connections.send((source, destination), &contents);
                }
                Output::Transmit { transport: Transport::Udp, source, destination, contents } => {
                    if contents.starts_with(&BINDING_SUCCESS) {
                        self.note_asked(source, destination);
                    }
                    let segments_max = port(&self.ports, source).map_or(1, OpenPort::segments_max);
                    let ports = &self.ports;
                    self.batch.add((source, destination), &contents, segments_max, |run| send(ports, run));
                }
                Output::Connected { .. } => tracing::debug!("media of a client is up"),
                Output::Disconnected { client } => {
                    // Here and not by the engine, which might hit the session that replaces this one.
                    self.remove(Instant::now(), client);
                    let _ = self.news.send(News::Gone { client });
                }
                Output::Wanted { client, source, layers } => {
                    let _ = self.news.send(News::Wanted { client, source, layers });
                }
                Output::Paused { client, pictures } => {
                    let _ = self.news.send(News::Paused { client, pictures });
                }
                Output::Forwarded(packet) => {
                    if let Some(tap) = &self.tap {
                        tap.lock().unwrap_or_else(PoisonError::into_inner).note(&packet);
                    }
                }
            }
        }
    }

    /// A check of `client` is answered: if it came just now, it says at which address the client reaches `candidate`, and
    /// which thread reads what it sends.
    fn note_asked(&mut self, candidate: SocketAddr, client: SocketAddr) {
        let Some(asked) = self.asked.as_ref().filter(|asked| asked.client == client) else { return };
        self.steering.answered(Instant::now(), client, asked.reader);
        let Some(ip) = asked.ip else { return };
        let Some(index) = self.ports.iter().position(|port| port.candidate == candidate) else { return };
        if self.ports.get(index).is_some_and(|port| port.answers_elsewhere(client, ip)) {
            // What waits is for the other address.
            self.flush();
        }
        if let Some(port) = self.ports.get_mut(index) {
            port.note_asked(client, ip);
        }
    }

    fn flush(&mut self) {
        let ports = &self.ports;
        self.batch.flush(|run| send(ports, run));
    }
}

/// These addresses, and those that were found with the port that their family has. Which socket a router maps them to does
/// not matter to ICE: all are this server's.
fn with_found(candidates: &[SocketAddr], found: &[IpAddr]) -> Vec<SocketAddr> {
    let mut all = candidates.to_vec();
    for ip in found {
        let like = candidates.iter().find(|candidate| candidate.is_ipv4() == ip.is_ipv4());
        let address = like.map(|candidate| SocketAddr::new(*ip, candidate.port()));
        all.extend(address.filter(|address| !candidates.contains(address)));
    }
    all
}

fn port(ports: &[OpenPort], candidate: SocketAddr) -> Option<&OpenPort> {
    ports.iter().find(|port| port.candidate == candidate)
}

fn send(ports: &[OpenPort], run: Run<'_>) {
    if let Some(port) = port(ports, run.source) {
        port.send(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_addresses_join_those_of_their_family() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let ips = ["203.0.113.7", "2001:db8::7", "192.168.1.5"].map(|text| text.parse().unwrap());
        let known = [address("192.168.1.5:3478"), address("10.0.0.2:3478")];
        let told = with_found(&known, &ips);
        assert_eq!(told, [known[0], known[1], address("203.0.113.7:3478")]);
        assert_eq!(with_found(&[], &ips), []);
    }
}
