//! A world without sockets: real sessions, the real DeliveryService, queues between them, time as a number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use std::collections::{BTreeMap, VecDeque};

use ed25519_dalek::{Signer, SigningKey};
use tangelo_call::{
    Command, Config, Event, FrameVerdict, IdentityKey, Output, Person, Phase, Session, Words,
};
use tangelo_delivery::{ConnectionId, Delivery, Grant, Limits, Output as Delivered};
use tangelo_wire::{
    ClientId, ClientMessage, Entry, ErrorCode, Millis, Seq, ServerMessage, Source, TurnServers, View,
    WireError,
};

pub const HOST: &str = "call.example";

/// What the SFU is told of a client: what it shows, whom it hears.
pub type Watched = (ClientId, Option<Vec<View>>, Option<Vec<ClientId>>);

pub struct Peer {
    pub session: Session,
    pub identity: SigningKey,
    pub connection: Option<ConnectionId>,
    pub to_server: VecDeque<String>,
    pub to_client: VecDeque<String>,
    /// A peer without network neither sends nor receives, and does not know it.
    pub frozen: bool,
    pub phase: Option<Phase>,
    pub people: Vec<Person>,
    pub number: String,
    pub ended: Option<String>,
    pub events: Vec<Event>,
}

pub struct World {
    pub now: Millis,
    pub delivery: Delivery,
    pub peers: Vec<Peer>,
    pub link: String,
    /// Every entry that any peer was sent, once.
    pub log: BTreeMap<u64, Entry>,
    /// What the SFU was told of what clients show.
    pub watched: Vec<Watched>,
    /// What a dishonest server makes of a message to a peer.
    pub tamper: Option<Tamper>,
    /// Whether tokens are good; if so they give everything.
    pub tokens_good: bool,
}

pub type Tamper = Box<dyn FnMut(usize, ServerMessage) -> ServerMessage>;

impl World {
    pub fn new() -> Self {
        let link = tangelo_call::link::Link::new_room().unwrap().path();
        Self {
            now: Millis(0),
            delivery: Delivery::new(Limits::default(), [7; 32]),
            peers: Vec::new(),
            link,
            log: BTreeMap::new(),
            watched: Vec::new(),
            tamper: None,
            tokens_good: true,
        }
    }

    /// A world with `n` people in one group, which has come to rest.
    pub fn of(n: u8) -> Self {
        let mut world = Self::new();
        for person in 1..=n {
            world.open(person);
            world.run(1_500);
        }
        let all: Vec<usize> = (0..usize::from(n)).collect();
        world.assert_one_group(&all);
        world
    }

    /// Somebody opens the link; nothing is delivered yet.
    pub fn open(&mut self, person: u8) -> usize {
        let identity = SigningKey::from_bytes(&[person; 32]);
        let name = format!("Person {person}");
        let key = IdentityKey(identity.verifying_key().to_bytes());
        let config = Config { host: HOST, link: &self.link, name: &name, identity: key };
        let session = Session::new(config).unwrap();
        self.peers.push(Peer {
            session,
            identity,
            connection: None,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            frozen: false,
            phase: None,
            people: Vec::new(),
            number: String::new(),
            ended: None,
            events: Vec::new(),
        });
        let last = self.peers.len() - 1;
        self.pump(last);
        last
    }

    /// Carries out what a session asks for.
    fn pump(&mut self, index: usize) {
        let now = self.now;
        while let Some(output) = self.peers[index].session.poll_output() {
            let peer = &mut self.peers[index];
            match output {
                Output::Connect => {
                    peer.connection = Some(self.delivery.connect(now, HOST));
                    peer.to_client.clear();
                    peer.to_server.clear();
                    peer.session.connected(now);
                }
                Output::Close => {
                    // What was sent before still arrives.
                    while let Some(text) = self.peers[index].to_server.pop_front() {
                        self.deliver(index, &text);
                    }
                    if let Some(connection) = self.peers[index].connection.take() {
                        self.delivery.disconnected(now, connection);
                    }
                    self.peers[index].to_client.clear();
                }
                Output::Send { text } => peer.to_server.push_back(text),
                Output::SignIdentity { payload } => {
                    let signature = peer.identity.sign(payload.as_slice()).to_bytes();
                    peer.session.identity_signed(now, &signature);
                }
                Output::Event { event } => {
                    match &event {
                        Event::Phase { phase } => peer.phase = Some(*phase),
                        Event::Ended { text } => peer.ended = Some(text.clone()),
                        Event::Roster { people, safety_number, .. } => {
                            peer.people.clone_from(people);
                            peer.number.clone_from(safety_number);
                        }
                        _ => {}
                    }
                    peer.events.push(event);
                }
            }
        }
        self.route();
    }

    fn deliver(&mut self, index: usize, text: &str) {
        let Some(connection) = self.peers[index].connection else { return };
        match ClientMessage::from_json(text) {
            Ok(message) => {
                let shown = match &message {
                    ClientMessage::Arrive { pass: Some(pass), .. } if pass.token.is_some() => {
                        let grant = Grant { room: None, hosts: Vec::new(), join: true, create: true };
                        let expired = || WireError::new(ErrorCode::TokenExpired, "the token has expired");
                        self.tokens_good.then_some(Some(grant)).ok_or_else(expired)
                    }
                    _ => Ok(None),
                };
                self.delivery.handle_shown(self.now, connection, message, shown);
            }
            Err(error) => self.delivery.handle_bad(self.now, connection, error),
        }
        self.route();
    }

    fn route(&mut self) {
        while let Some(output) = self.delivery.poll_output() {
            match output {
                Delivered::Send { to, message } => {
                    if let ServerMessage::Entry(entry) = &message {
                        self.log.insert(entry.seq.0, entry.entry.clone());
                    }
                    for peer in &mut self.peers {
                        if peer.connection.is_some_and(|connection| to.contains(&connection)) {
                            peer.to_client.push_back(message.to_json());
                        }
                    }
                }
                Delivered::Close { connection } => {
                    let now = self.now;
                    for index in 0..self.peers.len() {
                        if self.peers[index].connection == Some(connection) {
                            self.peers[index].connection = None;
                            if !self.peers[index].frozen {
                                self.peers[index].session.disconnected(now);
                                self.pump(index);
                            }
                        }
                    }
                }
                Delivered::Watch { client, views, hear, .. } => self.watched.push((client, views, hear)),
                Delivered::TurnServers { to } => {
                    let none = ServerMessage::TurnServers(TurnServers::default());
                    for peer in self.peers.iter_mut().filter(|peer| peer.connection == Some(to)) {
                        peer.to_client.push_back(none.to_json());
                    }
                }
                Delivered::Offer { .. } | Delivered::MediaEnds { .. } => {}
            }
        }
    }

    /// A client says something that its session would never say.
    pub fn say(&mut self, index: usize, message: &ClientMessage) {
        self.deliver(index, &message.to_json());
    }

    /// Somebody opens the link, and before anyone else does, the insider welcomes it into a group of its own. Returns the
    /// newcomer.
    pub fn mislead(&mut self, insider: usize) -> usize {
        // Everybody has rekeyed, and the server takes commits again.
        self.run(8_000);
        let newcomer = self.open(99);
        while self.peers[newcomer].session.client().is_none() {
            self.step_to_server(newcomer);
            self.step_to_client(newcomer);
        }
        while self.step_to_client(insider) {}
        let adds = [self.client(newcomer)];
        let body = self.peers[insider].session.commit_aside(&adds).expect("an insider can do that");
        self.say(insider, &ClientMessage::Post { post: 900, body });
        while self.step_to_client(newcomer) {}
        newcomer
    }

    /// The last `Founded` or `Committed` entry.
    pub fn last_parent(&self) -> Seq {
        let parents = self
            .log
            .iter()
            .filter(|(_, entry)| matches!(entry, Entry::Founded { .. } | Entry::Committed { .. }));
        Seq(parents.map(|(seq, _)| *seq).max().unwrap())
    }

    /// Delivers one text from a client to the server. Returns whether there was one.
    pub fn step_to_server(&mut self, index: usize) -> bool {
        let Some(text) = self.peers[index].to_server.pop_front() else { return false };
        self.deliver(index, &text);
        true
    }

    /// Delivers one text from the server to a client. Returns whether there was one.
    pub fn step_to_client(&mut self, index: usize) -> bool {
        if self.peers[index].frozen {
            return false;
        }
        let Some(mut text) = self.peers[index].to_client.pop_front() else { return false };
        if let Some(tamper) = &mut self.tamper {
            text = tamper(index, ServerMessage::from_json(&text).unwrap()).to_json();
        }
        self.peers[index].session.receive(self.now, &text);
        self.pump(index);
        true
    }

    /// Delivers everything that is under way.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let mut moved = false;
            for index in 0..self.peers.len() {
                moved |= self.step_to_server(index);
                moved |= self.step_to_client(index);
            }
            if !moved {
                return;
            }
        }
        panic!("the world does not settle");
    }

    /// Lets time pass; timers fire in their order, and everything is delivered at once.
    pub fn run(&mut self, duration_ms: u64) {
        let end = self.now + duration_ms;
        for _ in 0..100_000 {
            self.settle();
            let timers = self.peers.iter().filter(|p| !p.frozen).filter_map(|p| p.session.poll_timeout());
            let next = timers.chain(self.delivery.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            self.tick();
        }
        panic!("timers fire for ever");
    }

    /// Every timer that is due fires.
    pub fn tick(&mut self) {
        let now = self.now;
        self.delivery.handle_timeout(now);
        self.route();
        for index in 0..self.peers.len() {
            let due = self.peers[index].session.poll_timeout().is_some_and(|at| at <= now);
            if due && !self.peers[index].frozen {
                self.peers[index].session.handle_timeout(now);
                self.pump(index);
            }
        }
    }

    /// A frozen peer goes on; it learns now that its connection was closed, if it was.
    pub fn thaw(&mut self, index: usize) {
        self.peers[index].frozen = false;
        if self.peers[index].connection.is_none() {
            self.peers[index].session.disconnected(self.now);
            self.pump(index);
        }
    }

    /// A connection breaks; both sides notice.
    pub fn cut(&mut self, index: usize) {
        let now = self.now;
        let peer = &mut self.peers[index];
        peer.to_server.clear();
        peer.to_client.clear();
        if let Some(connection) = peer.connection.take() {
            self.delivery.disconnected(now, connection);
        }
        self.peers[index].session.disconnected(now);
        self.pump(index);
    }

    pub fn command(&mut self, index: usize, command: Command) {
        self.peers[index].session.command(self.now, command);
        self.pump(index);
    }

    pub fn chat(&mut self, index: usize, text: &str) {
        self.command(index, Command::Chat { text: Words(text.to_owned()) });
    }

    /// What a peer read, in its order.
    pub fn chats(&self, index: usize) -> Vec<String> {
        let texts = self.peers[index].events.iter().filter_map(|event| match event {
            Event::Chat { text, .. } => Some(text.0.clone()),
            _ => None,
        });
        texts.collect()
    }

    /// Notices that a peer was shown.
    pub fn notices(&self, index: usize) -> Vec<String> {
        let texts = self.peers[index].events.iter().filter_map(|event| match event {
            Event::Notice { text } => Some(text.clone()),
            _ => None,
        });
        texts.collect()
    }

    /// Alarms that a peer was shown.
    pub fn alarms(&self, index: usize) -> Vec<String> {
        let texts = self.peers[index].events.iter().filter_map(|event| match event {
            Event::Alarm { text } => Some(text.clone()),
            _ => None,
        });
        texts.collect()
    }

    pub fn losses(&self, index: usize) -> &[&'static str] {
        self.peers[index].session.losses()
    }

    pub fn leave(&mut self, index: usize) {
        self.peers[index].session.command(self.now, Command::Leave {});
        self.pump(index);
    }

    pub fn client(&self, index: usize) -> ClientId {
        self.peers[index].session.client().unwrap()
    }

    pub fn count(&self, matches: impl Fn(&Entry) -> bool) -> usize {
        self.log.values().filter(|entry| matches(entry)).count()
    }

    /// These peers, and nobody else, are in one group; numbers agree; each opens the others' frames.
    pub fn assert_one_group(&mut self, peers: &[usize]) {
        let first = peers[0];
        for index in peers {
            let peer = &self.peers[*index];
            assert_eq!(peer.ended, None, "peer {index}");
            assert_eq!(peer.phase, Some(Phase::Inside), "peer {index}: {:?}", peer.session.stats());
            assert_eq!(peer.session.epoch(), self.peers[first].session.epoch(), "peer {index}");
            assert_eq!(peer.number, self.peers[first].number, "peer {index}");
            assert_eq!(peer.people.len(), peers.len(), "peer {index}: {:?}", peer.people);
        }
        for sender in peers {
            let client = self.client(*sender);
            let mut sealed = Vec::new();
            let session = &mut self.peers[*sender].session;
            let verdict = session.seal(self.now, Source::Camera, "vp9", b"hello", &mut sealed);
            assert_eq!(verdict, FrameVerdict::Pass);
            for receiver in peers.iter().filter(|receiver| *receiver != sender) {
                let session = &mut self.peers[*receiver].session;
                let line = session.add_receiver(client, Source::Camera);
                let mut opened = Vec::new();
                let verdict = session.open(self.now, line, 0, "vp9", &sealed, &mut opened);
                assert_eq!((verdict, opened.as_slice()), (FrameVerdict::Pass, b"hello".as_slice()));
                session.remove_receiver(line);
            }
        }
    }
}
