//! Sessions and the DeliveryService, with queues and a virtual clock between them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    rc::Rc,
};

use ed25519_dalek::{Signer as _, SigningKey};
use tangelo_call::{Command, Config, Event, IdentityKey, Output, Phase, Session, link::Link};
use tangelo_delivery::{ConnectionId, Delivery, Limits, Output as Delivered};
use tangelo_wire::{ClientMessage, Entry, LogEntry, Millis, ServerMessage};

use crate::{Failure, Result, at, clock::timed};

const HOST: &str = "call.example";
/// From a client to the server, or back, in microseconds.
const DELAY_US: u64 = 10_000;
/// Nothing here takes longer, in microseconds.
const END_US: u64 = 120_000_000;

/// Something that happens at a time.
enum Happening {
    Open,
    Leave,
    Connected,
    ToServer(ConnectionId, String),
    ToClient(ConnectionId, Rc<str>),
    ClosedByServer(ConnectionId),
    Timer,
}

/// Who a happening concerns: one of the people, or the server, which stands behind the last of them.
struct Actor {
    inbox: VecDeque<Happening>,
    busy_until_us: u64,
    /// Whether its next step is in the agenda.
    called: bool,
    /// The timer that is in the agenda, if one is.
    timer_us: Option<u64>,
}

pub(super) struct Person {
    session: Option<Session>,
    identity: SigningKey,
    connection: Option<ConnectionId>,
    /// Neither computes nor answers, and its connection stays open.
    pub(super) frozen: bool,
    pub(super) opened_us: u64,
    pub(super) inside_us: Option<u64>,
    /// How many members its group has, and since when.
    pub(super) members: (usize, u64),
}

enum Turn {
    /// Something reaches its actor.
    Reach(usize, Happening),
    /// An actor is free to take what is in its inbox.
    Call(usize),
}

pub(super) struct World {
    slowness: f64,
    link: String,
    delivery: Delivery,
    pub(super) people: Vec<Person>,
    actors: Vec<Actor>,
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    turns: BTreeMap<u64, Turn>,
    next_turn: u64,
    /// When somebody last arrived.
    pub(super) arrived_us: u64,
    /// When each entry that adds somebody was appended, by its place in the log.
    pub(super) commits: BTreeMap<u64, u64>,
}

impl World {
    /// So many people, none of whom has opened the link yet.
    pub(super) fn new(people: usize, slowness: f64) -> Result<Self> {
        let person = |number: usize| {
            let mut seed = [9; 32];
            seed[..8].copy_from_slice(&number.to_be_bytes());
            Person {
                session: None,
                identity: SigningKey::from_bytes(&seed),
                connection: None,
                frozen: false,
                opened_us: 0,
                inside_us: None,
                members: (0, 0),
            }
        };
        let actor = |_| Actor { inbox: VecDeque::new(), busy_until_us: 0, called: false, timer_us: None };
        Ok(Self {
            slowness,
            link: Link::new_room().map_err(at("making a room"))?.path(),
            delivery: Delivery::new(Limits::default(), [7; 32]),
            people: (0..people).map(person).collect(),
            actors: (0..=people).map(actor).collect(),
            agenda: BinaryHeap::new(),
            turns: BTreeMap::new(),
            next_turn: 0,
            arrived_us: 0,
            commits: BTreeMap::new(),
        })
    }

    /// A time at which everyone is done with what they are at, and the calm after it.
    pub(super) fn calm_us(&self, calm_us: u64) -> u64 {
        self.actors.iter().map(|actor| actor.busy_until_us).max().unwrap_or_default() + calm_us
    }

    /// Somebody opens the link.
    pub(super) fn open(&mut self, person: usize, at_us: u64) {
        self.people[person].opened_us = at_us;
        self.plan(at_us, Turn::Reach(person, Happening::Open));
    }

    /// Somebody leaves.
    pub(super) fn leave(&mut self, person: usize, at_us: u64) {
        self.plan(at_us, Turn::Reach(person, Happening::Leave));
    }

    fn server(&self) -> usize {
        self.people.len()
    }

    /// Goes on until something is so, two virtual minutes at the most.
    pub(super) fn run_until(
        &mut self,
        start_us: u64,
        what: &str,
        done: impl Fn(&Self) -> bool,
    ) -> Result<()> {
        while !done(self) {
            let Some(Reverse((now_us, turn))) = self.agenda.pop() else {
                return Err(Failure(format!("{what}: nothing happens any more")));
            };
            if now_us > start_us + END_US {
                return Err(Failure(format!("{what}: not within two virtual minutes")));
            }
            match self.turns.remove(&turn) {
                Some(Turn::Reach(actor, happening)) => {
                    self.actors[actor].inbox.push_back(happening);
                    self.call(now_us, actor);
                }
                Some(Turn::Call(actor)) => {
                    self.actors[actor].called = false;
                    self.step(now_us, actor)?;
                    if !self.actors[actor].inbox.is_empty() {
                        self.call(now_us, actor);
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    fn plan(&mut self, at_us: u64, turn: Turn) {
        self.agenda.push(Reverse((at_us, self.next_turn)));
        self.turns.insert(self.next_turn, turn);
        self.next_turn += 1;
    }

    fn call(&mut self, now_us: u64, actor: usize) {
        if !std::mem::replace(&mut self.actors[actor].called, true) {
            let at_us = now_us.max(self.actors[actor].busy_until_us);
            self.plan(at_us, Turn::Call(actor));
        }
    }

    /// An actor takes one happening, for as long as it takes.
    fn step(&mut self, now_us: u64, actor: usize) -> Result<()> {
        let Some(happening) = self.actors[actor].inbox.pop_front() else { return Ok(()) };
        let is_server = actor == self.server();
        if self.people.get(actor).is_some_and(|person| person.frozen) {
            return Ok(());
        }
        let now = Millis(now_us / 1_000);
        let (result, took_us) = timed(|| {
            if is_server {
                Ok((self.serve(now_us, happening), Vec::new()))
            } else {
                self.live(now, actor, happening).map(|outputs| (Vec::new(), outputs))
            }
        });
        let (served, lived) = result?;
        let slowness = self.slowness.min(if is_server { 1.0 } else { f64::MAX });
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a short time")]
        let done_us = now_us + (took_us * slowness) as u64;
        self.actors[actor].busy_until_us = done_us;
        self.send_out(done_us, served);
        self.carry_out(done_us, actor, lived);
        self.wind(done_us, actor);
        Ok(())
    }

    fn live(&mut self, now: Millis, actor: usize, happening: Happening) -> Result<Vec<Output>> {
        let person = &mut self.people[actor];
        match happening {
            Happening::Open => {
                let name = format!("Person {actor}");
                let identity = IdentityKey(person.identity.verifying_key().to_bytes());
                let config = Config { host: HOST, link: &self.link, name: &name, identity };
                person.session = Some(Session::new(config).map_err(at("beginning a session"))?);
            }
            Happening::Leave => person.session()?.command(now, Command::Leave {}),
            Happening::Connected => person.session()?.connected(now),
            Happening::ToClient(connection, text) if person.connection == Some(connection) => {
                person.session()?.receive(now, &text);
            }
            Happening::ClosedByServer(connection) if person.connection == Some(connection) => {
                person.connection = None;
                person.session()?.disconnected(now);
            }
            Happening::Timer if person.session()?.poll_timeout().is_some_and(|due| due <= now) => {
                person.session()?.handle_timeout(now);
            }
            _ => {}
        }
        let mut outputs = Vec::new();
        while let Some(output) = person.session()?.poll_output() {
            if let Output::SignIdentity { payload } = &output {
                let signature = person.identity.sign(payload.as_slice()).to_bytes();
                person.session()?.identity_signed(now, &signature);
            }
            outputs.push(output);
        }
        Ok(outputs)
    }

    fn carry_out(&mut self, now_us: u64, actor: usize, outputs: Vec<Output>) {
        let server = self.server();
        for output in outputs {
            match output {
                Output::Connect => {
                    // The connection exists on the server by the time that the client hears of it.
                    let connection = self.delivery.connect(Millis((now_us + DELAY_US) / 1_000), HOST);
                    self.people[actor].connection = Some(connection);
                    self.plan(now_us + 2 * DELAY_US, Turn::Reach(actor, Happening::Connected));
                }
                Output::Send { text } => {
                    if let Some(connection) = self.people[actor].connection {
                        let happening = Happening::ToServer(connection, text);
                        self.plan(now_us + DELAY_US, Turn::Reach(server, happening));
                    }
                }
                Output::Close => self.people[actor].connection = None,
                Output::Event { event: Event::Phase { phase: Phase::Inside } } => {
                    self.people[actor].inside_us.get_or_insert(now_us);
                }
                Output::Event { event: Event::Roster { people, .. } } => {
                    let members = people.len();
                    if self.people[actor].members.0 != members {
                        self.people[actor].members = (members, now_us);
                    }
                }
                Output::SignIdentity { .. } | Output::Event { .. } => {}
            }
        }
    }

    /// What the server says to whom.
    fn serve(&mut self, now_us: u64, happening: Happening) -> Vec<(Vec<ConnectionId>, Option<Rc<str>>)> {
        let now = Millis(now_us / 1_000);
        match happening {
            Happening::ToServer(connection, text) => match ClientMessage::from_json(&text) {
                Ok(message) => self.delivery.handle(now, connection, message),
                Err(error) => self.delivery.handle_bad(now, connection, error),
            },
            _ => self.delivery.handle_timeout(now),
        }
        let mut served = Vec::new();
        while let Some(output) = self.delivery.poll_output() {
            match output {
                Delivered::Send { to, message } => {
                    if let ServerMessage::Entry(entry) = &message {
                        self.note(now_us, entry);
                    }
                    served.push((to, Some(message.to_json().into())));
                }
                Delivered::Close { connection } => served.push((vec![connection], None)),
                Delivered::Offer { .. }
                | Delivered::Watch { .. }
                | Delivered::TurnServers { .. }
                | Delivered::MediaEnds { .. } => {}
            }
        }
        served
    }

    fn note(&mut self, now_us: u64, entry: &LogEntry) {
        match &entry.entry {
            Entry::Arrived { .. } => self.arrived_us = now_us,
            Entry::Committed { adds, .. } if !adds.is_empty() => {
                self.commits.entry(entry.seq.0).or_insert(now_us);
            }
            _ => {}
        }
    }

    fn send_out(&mut self, now_us: u64, served: Vec<(Vec<ConnectionId>, Option<Rc<str>>)>) {
        for (to, text) in served {
            for connection in to {
                let place = self.people.iter().position(|person| person.connection == Some(connection));
                let Some(person) = place else { continue };
                let happening = match &text {
                    Some(text) => Happening::ToClient(connection, Rc::clone(text)),
                    None => Happening::ClosedByServer(connection),
                };
                self.plan(now_us + DELAY_US, Turn::Reach(person, happening));
            }
        }
    }

    /// Puts an actor's next timer into the agenda, if it is not there yet.
    fn wind(&mut self, now_us: u64, actor: usize) {
        let due = match self.people.get(actor) {
            Some(person) => person.session.as_ref().and_then(Session::poll_timeout),
            None => self.delivery.poll_timeout(),
        };
        let Some(due) = due else { return };
        let due_us = (due.0 * 1_000).max(now_us + 1);
        let wound = self.actors[actor].timer_us;
        if wound.is_none_or(|wound| wound <= now_us || due_us < wound) {
            self.actors[actor].timer_us = Some(due_us);
            self.plan(due_us, Turn::Reach(actor, Happening::Timer));
        }
    }
}

impl Person {
    fn session(&mut self) -> Result<&mut Session> {
        self.session.as_mut().ok_or_else(|| Failure("there is no session".into()))
    }
}
