//! Many people arrive at once: real sessions and the real DeliveryService, without sockets.
//!
//! **Virtual**: the clock, the network (a fixed delay each way) and that everyone has a processor of their own.
//! **Real**: all code, all cryptography, and the processor time of every step, which is measured and spent on that
//! one's own clock, as many times as the clients are said to be slower than this machine. So waiting takes as long as
//! it would, and computing as long as it does.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque},
    rc::Rc,
};

use ed25519_dalek::{Signer as _, SigningKey};
use tangelo_call::{Config, Event, IdentityKey, Output, Phase, Session, link::Link};
use tangelo_delivery::{ConnectionId, Delivery, Limits, Output as Delivered};
use tangelo_wire::{ClientMessage, Entry, Millis, ServerMessage};

use crate::{Effort, Failure, Figure, Result, Samples, Section, at, clock::timed, figure::count};

const HOST: &str = "call.example";
/// From a client to the server, or back, in microseconds.
const DELAY_US: u64 = 10_000;
/// Nothing here takes longer, in microseconds.
const END_US: u64 = 120_000_000;

/// Who arrives when.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// People in the call before.
    pub inside: usize,
    /// People who arrive.
    pub arrivals: usize,
    /// In how much time they do, evenly, in microseconds.
    pub spread_us: u64,
    /// How many times slower than this machine the clients compute; the server does not. With 0 computing takes no
    /// time at all, and nothing depends on this machine.
    pub slowness: f64,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Entries of the log that add somebody.
    pub commits: usize,
    /// From opening the link to being inside, for each that arrived, in microseconds.
    pub waits_us: Samples,
    /// From the first arrival to the last one being inside, in microseconds.
    pub all_us: f64,
}

/// Something that happens at a time.
enum Happening {
    Open,
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

struct Person {
    session: Option<Session>,
    identity: SigningKey,
    connection: Option<ConnectionId>,
    opened_us: u64,
    inside_us: Option<u64>,
}

enum Turn {
    /// Something reaches its actor.
    Reach(usize, Happening),
    /// An actor is free to take what is in its inbox.
    Call(usize),
}

struct World {
    storm: Storm,
    link: String,
    delivery: Delivery,
    people: Vec<Person>,
    actors: Vec<Actor>,
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    turns: BTreeMap<u64, Turn>,
    next_turn: u64,
    commits: BTreeSet<u64>,
}

/// Runs a storm to its end.
///
/// # Errors
/// If somebody is not inside after two virtual minutes.
pub fn run(storm: Storm) -> Result<Outcome> {
    let mut world = World::new(storm)?;
    world.open_and_settle(0, storm.inside, 0)?;
    let start_us = world.actors.iter().map(|actor| actor.busy_until_us).max().unwrap_or_default() + 3_000_000;
    world.commits.clear();
    world.open_and_settle(storm.inside, storm.inside + storm.arrivals, start_us)?;
    let mut outcome = Outcome { commits: world.commits.len(), waits_us: Samples::default(), all_us: 0.0 };
    for person in world.people.iter().skip(storm.inside) {
        let inside_us = person.inside_us.unwrap_or_default();
        outcome.waits_us.push(micros(inside_us.saturating_sub(person.opened_us)));
        outcome.all_us = outcome.all_us.max(micros(inside_us.saturating_sub(start_us)));
    }
    Ok(outcome)
}

/// The storms of the table.
///
/// # Errors
/// As [`run`].
pub fn figures(effort: Effort) -> Result<Vec<Figure>> {
    let storm = Storm { inside: 1, arrivals: 50, spread_us: 0, slowness: 1.0 };
    let second = Storm { spread_us: 1_000_000, ..storm };
    let slow = Storm { slowness: SLOW, ..storm };
    let slow_second = Storm { slowness: SLOW, ..second };
    let empty = Storm { inside: 0, ..storm };
    let many = Storm { inside: 0, arrivals: 200, ..storm };
    let slow_many = Storm { slowness: SLOW, ..many };
    let storms = [
        ("50 arrive within 1 s in a call of one".to_owned(), second),
        (format!("50 arrive within 1 s in a call of one, computing {SLOW} times slower"), slow_second),
        ("50 arrive at the same moment in a call of one".to_owned(), storm),
        (format!("50 arrive at the same moment in a call of one, computing {SLOW} times slower"), slow),
        ("50 arrive at the same moment in an empty room".to_owned(), empty),
        ("200 arrive at the same moment in an empty room".to_owned(), many),
        (format!("200 arrive at the same moment in an empty room, computing {SLOW} times slower"), slow_many),
    ];
    let mut figures = Vec::new();
    for (what, storm) in storms.into_iter().take(effort.pick(5, 7)) {
        let outcome = run(storm)?;
        let figure =
            |name: &str, value, unit| Figure::new(Section::Storms, format!("{what}: {name}"), value, unit);
        figures.push(figure("commits with adds", count(outcome.commits), "commits"));
        figures.push(figure("from click to inside, p50", outcome.waits_us.median() / 1e3, "ms"));
        figures.push(figure("from click to inside, p95", outcome.waits_us.quantile(0.95) / 1e3, "ms"));
        figures.push(figure("until all are in", outcome.all_us / 1e3, "ms"));
    }
    Ok(figures)
}

/// Roughly what WASM is slower than the same code natively, by the figures of this very table.
const SLOW: f64 = 6.0;

impl World {
    fn new(storm: Storm) -> Result<Self> {
        let people = storm.inside + storm.arrivals;
        let person = |number: usize| {
            let mut seed = [9; 32];
            seed[..8].copy_from_slice(&number.to_be_bytes());
            let identity = SigningKey::from_bytes(&seed);
            Person { session: None, identity, connection: None, opened_us: 0, inside_us: None }
        };
        let actor = |_| Actor { inbox: VecDeque::new(), busy_until_us: 0, called: false, timer_us: None };
        Ok(Self {
            storm,
            link: Link::new_room().map_err(at("making a room"))?.path(),
            delivery: Delivery::new(Limits::default(), [7; 32]),
            people: (0..people).map(person).collect(),
            actors: (0..=people).map(actor).collect(),
            agenda: BinaryHeap::new(),
            turns: BTreeMap::new(),
            next_turn: 0,
            commits: BTreeSet::new(),
        })
    }

    fn server(&self) -> usize {
        self.people.len()
    }

    /// People open the link from `start_us` on; goes on until all of them are inside.
    fn open_and_settle(&mut self, first: usize, end: usize, start_us: u64) -> Result<()> {
        let between_us = self.storm.spread_us / u64::try_from((end - first).max(1)).unwrap_or(1);
        let mut at_us = start_us;
        for person in first..end {
            self.people[person].opened_us = at_us;
            self.plan(at_us, Turn::Reach(person, Happening::Open));
            at_us += between_us;
        }
        while self.people[first..end].iter().any(|person| person.inside_us.is_none()) {
            let Some(Reverse((now_us, turn))) = self.agenda.pop() else {
                return Err(Failure("nothing happens any more, and not all are inside".into()));
            };
            if now_us > start_us + END_US {
                return Err(Failure("two virtual minutes were not enough".into()));
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
        let now = Millis(now_us / 1_000);
        let (result, took_us) = timed(|| {
            if is_server {
                Ok((self.serve(now, happening), Vec::new()))
            } else {
                self.live(now, actor, happening).map(|outputs| (Vec::new(), outputs))
            }
        });
        let (served, lived) = result?;
        let slowness = self.storm.slowness.min(if is_server { 1.0 } else { f64::MAX });
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
                Output::SignIdentity { .. } | Output::Event { .. } => {}
            }
        }
    }

    /// What the server says to whom.
    fn serve(&mut self, now: Millis, happening: Happening) -> Vec<(Vec<ConnectionId>, Option<Rc<str>>)> {
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
                    if let ServerMessage::Entry(entry) = &message
                        && let Entry::Committed { adds, .. } = &entry.entry
                        && !adds.is_empty()
                    {
                        self.commits.insert(entry.seq.0);
                    }
                    served.push((to, Some(message.to_json().into())));
                }
                Delivered::Close { connection } => served.push((vec![connection], None)),
                Delivered::Offer { .. } | Delivered::Departed { .. } => {}
            }
        }
        served
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

fn micros(us: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "minutes at the most")]
    let value = us as f64;
    value
}
