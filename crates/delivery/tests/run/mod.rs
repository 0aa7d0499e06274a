//! A run of the DeliveryService in which every connection checks what it is told: dense logs, every entry once and in
//! order, the same for all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use std::collections::BTreeMap;

use tangelo_delivery::{ConnectionId, Delivery, Kept, Limits, Output, Rate};
use tangelo_wire::{
    Bytes, ClientId, ClientMessage, Entry, ForkCheck, GroupId, LogId, Millis, PROTOCOL, Post, ResumeToken,
    RoomName, Seq, ServerMessage,
};

/// What one step does. Numbers choose among what the run has seen, so that many messages are right.
#[derive(Clone, Debug)]
pub enum Step {
    Connect,
    Drop(u16),
    Wait(u64),
    /// The server is cut off, and goes on from what it kept.
    Restart,
    Say(u16, Saying),
}

#[derive(Clone, Debug)]
pub enum Saying {
    Hello {
        room: u8,
        right: bool,
    },
    Arrive {
        bytes: usize,
    },
    Resume {
        room: u8,
        token: u16,
        back: u64,
    },
    Found {
        back: u64,
        right: bool,
    },
    Commit {
        back: u64,
        adds: Vec<u16>,
        right: bool,
    },
    Enter {
        back: u64,
    },
    Message {
        bytes: usize,
    },
    Heartbeat {
        back: u64,
        check: bool,
    },
    Offer,
    Leave,
    /// A message that somebody else made up.
    Anything(Box<ClientMessage>),
}

/// What a connection has learned.
#[derive(Clone, Default)]
struct Known {
    client: Option<ClientId>,
    log: Option<LogId>,
    head: u64,
    parent: u64,
    /// The last commit that named it.
    named: u64,
    /// What it will know if its `Resume` is answered.
    resuming: Option<Box<Known>>,
}

pub struct Run {
    delivery: Delivery,
    now: Millis,
    known: BTreeMap<ConnectionId, Known>,
    tokens: Vec<ResumeToken>,
    clients: Vec<ClientId>,
    /// What each entry of each log said, Welcome aside: all must be told the same.
    pub logs: BTreeMap<LogId, BTreeMap<u64, Entry>>,
    log_of_token: BTreeMap<[u8; 32], (LogId, ClientId)>,
    pub resumed: usize,
    pub restarts: u8,
    /// What the server said must outlive it.
    kept: Kept,
}

fn rooms(number: u8) -> RoomName {
    RoomName::Named(format!("room-{}", number % 2))
}

fn limits() -> Limits {
    let fast = Rate { per_second: 1_000, burst: 1_000 };
    Limits { room_clients_max: 4, log_entries_max: 12, commits: fast, messages: fast, ..Limits::default() }
}

impl Run {
    pub fn new() -> Self {
        Self {
            delivery: Delivery::new(limits(), [3; 32]).keeping(),
            now: Millis(0),
            known: BTreeMap::new(),
            tokens: vec![ResumeToken([0; 32])],
            clients: vec![ClientId([0; 16])],
            logs: BTreeMap::new(),
            log_of_token: BTreeMap::new(),
            resumed: 0,
            restarts: 0,
            kept: Kept::default(),
        }
    }

    /// Three clients arrive in one room, and the first founds a group and adds the second.
    pub fn begin(&mut self) {
        for _ in 0..3 {
            self.step(Step::Connect);
        }
        let all: Vec<ConnectionId> = self.known.keys().copied().collect();
        for connection in &all {
            self.say(*connection, Saying::Hello { room: 0, right: true });
            self.say(*connection, Saying::Arrive { bytes: 100 });
        }
        self.say(all[0], Saying::Found { back: 0, right: true });
        let commit = Post::Commit {
            parent: Seq(self.known[&all[0]].parent),
            adds: vec![self.known[&all[1]].client.unwrap()],
            commit: Bytes(vec![1; 9]),
            welcome: Some(Bytes(vec![2; 9])),
        };
        self.delivery.handle(self.now, all[0], ClientMessage::Post { post: 1, body: commit });
        self.carry_out();
        self.say(all[1], Saying::Enter { back: 0 });
    }

    pub fn step(&mut self, step: Step) {
        match step {
            Step::Connect => {
                let connection = self.delivery.connect(self.now, "a.example");
                self.known.insert(connection, Known::default());
            }
            Step::Drop(which) => {
                if let Some(connection) = self.choose(which) {
                    self.known.remove(&connection);
                    self.delivery.disconnected(self.now, connection);
                }
            }
            Step::Wait(ms) => {
                self.now = self.now + ms;
                self.delivery.handle_timeout(self.now);
                assert!(self.delivery.poll_timeout().is_none_or(|at| at > self.now), "a due timer was left");
            }
            Step::Restart => self.restart(),
            Step::Say(which, saying) => {
                if let Some(connection) = self.choose(which) {
                    self.say(connection, saying);
                }
            }
        }
        self.carry_out();
    }

    /// What was kept is all that there is to keep, and the next server keeps the same.
    fn restart(&mut self) {
        let mut all = Kept::default();
        self.delivery.take_everything().into_iter().for_each(|change| all.apply(change));
        assert_eq!(self.kept, all);
        self.restarts = self.restarts.wrapping_add(1);
        self.known.clear();
        let seed = [self.restarts.wrapping_add(50); 32];
        self.delivery = Delivery::restore(limits(), seed, self.now, &self.kept).unwrap();
        assert_eq!(self.delivery.take_changes(), [], "nothing is new");
        let mut again = Kept::default();
        self.delivery.take_everything().into_iter().for_each(|change| again.apply(change));
        assert_eq!(again, all);
    }

    fn say(&mut self, connection: ConnectionId, saying: Saying) {
        let message = self.message(&self.known[&connection], saying);
        if let ClientMessage::Resume { token, processed, .. } = &message {
            let (log, client) = self.log_of_token.get(&token.0).copied().unzip();
            let then = Known { client, log, head: processed.0, ..Known::default() };
            self.known.get_mut(&connection).unwrap().resuming = Some(Box::new(then));
        }
        self.delivery.handle(self.now, connection, message);
        self.carry_out();
    }

    fn choose(&self, which: u16) -> Option<ConnectionId> {
        let all: Vec<ConnectionId> = self.known.keys().copied().collect();
        (!all.is_empty()).then(|| pick(&all, which))
    }

    fn message(&self, known: &Known, saying: Saying) -> ClientMessage {
        let post = |body| ClientMessage::Post { post: 1, body };
        match saying {
            Saying::Hello { room, right } => ClientMessage::Hello {
                protocol: PROTOCOL,
                room: rooms(room),
                host: if right { "a.example" } else { "b.example" }.into(),
            },
            Saying::Arrive { bytes } => {
                ClientMessage::Arrive { key_package: Bytes(vec![1; bytes]), admission: None, pass: None }
            }
            Saying::Resume { room, token, back } => {
                let token = pick(&self.tokens, token);
                let head = self.log_of_token.get(&token.0).and_then(|(log, _)| self.logs.get(log));
                let head = head.and_then(|log| log.keys().last().copied()).unwrap_or(0);
                ClientMessage::Resume {
                    protocol: PROTOCOL,
                    room: rooms(room),
                    token,
                    processed: Seq(head.saturating_sub(back)),
                }
            }
            Saying::Found { back, right } => {
                let parent = Seq(known.parent.saturating_sub(back));
                let log = known.log.filter(|_| right).unwrap_or(LogId([0; 16]));
                let client = known.client.unwrap_or(ClientId([0; 16]));
                post(Post::Found { parent, group_id: GroupId::derive(log, parent, client) })
            }
            Saying::Commit { back, adds, right } => post(Post::Commit {
                parent: Seq(known.parent.saturating_sub(back)),
                adds: adds.iter().map(|add| pick(self.recent_clients(), *add)).collect(),
                commit: Bytes(vec![1; 9]),
                welcome: (right != adds.is_empty()).then(|| Bytes(vec![2; 9])),
            }),
            Saying::Enter { back } => post(Post::Enter { commit: Seq(known.named.saturating_sub(back)) }),
            Saying::Message { bytes } => post(Post::Message { bytes: Bytes(vec![1; bytes]) }),
            Saying::Heartbeat { back, check } => ClientMessage::Heartbeat {
                processed: Seq(known.head.saturating_sub(back)),
                check: check.then(|| ForkCheck {
                    seq: Seq(1),
                    epoch: 1,
                    tag: Bytes(vec![1; 8]),
                    signature: Bytes(vec![1; 64]),
                }),
            },
            Saying::Offer => ClientMessage::Offer { offer: 1, sdp: String::new(), lines: vec![] },
            Saying::Leave => ClientMessage::Leave {},
            Saying::Anything(message) => *message,
        }
    }

    fn recent_clients(&self) -> &[ClientId] {
        &self.clients[self.clients.len().saturating_sub(3)..]
    }

    fn carry_out(&mut self) {
        self.delivery.take_changes().into_iter().for_each(|change| self.kept.apply(change));
        while let Some(output) = self.delivery.poll_output() {
            match output {
                Output::Send { to, message } => {
                    for connection in to {
                        self.told(connection, message.clone());
                    }
                }
                Output::Close { connection } => {
                    assert!(self.known.remove(&connection).is_some(), "closed twice");
                }
                Output::Offer { .. }
                | Output::Watch { .. }
                | Output::TurnServers { .. }
                | Output::MediaEnds { .. } => {}
            }
        }
    }

    fn told(&mut self, connection: ConnectionId, message: ServerMessage) {
        let known = self.known.get_mut(&connection).expect("nothing is sent to a closed connection");
        match message {
            ServerMessage::Assigned { client, .. } => {
                *known = Known { client: Some(client), ..Known::default() };
                self.clients.push(client);
            }
            ServerMessage::Snapshot { log_id, seq, parent, present, token, .. } => {
                known.log = Some(log_id);
                known.head = seq.0;
                known.parent = parent.0;
                let own = known.client.unwrap();
                assert!(present.iter().any(|presence| presence.client == own && presence.arrived == seq));
                assert!(present.is_sorted_by_key(|presence| presence.arrived));
                self.tokens.push(token);
                self.log_of_token.insert(token.0, (log_id, own));
                // Nobody else may be there to be sent the entry.
                self.logs.entry(log_id).or_default().insert(
                    seq.0,
                    Entry::Arrived {
                        client: own,
                        key_package: present.last().unwrap().key_package.clone(),
                        admission: None,
                    },
                );
            }
            ServerMessage::Entry(entry) => {
                assert_eq!(entry.seq.0, known.head + 1, "each entry once, in order, without a gap");
                known.head = entry.seq.0;
                let mut entry = entry.entry;
                match &mut entry {
                    Entry::Founded { .. } => known.parent = known.head,
                    Entry::Committed { adds, welcome, .. } => {
                        let named = adds.contains(&known.client.unwrap());
                        assert_eq!(welcome.take().is_some(), named);
                        if named {
                            known.named = known.head;
                        }
                        known.parent = known.head;
                    }
                    _ => {}
                }
                let log = self.logs.entry(known.log.unwrap()).or_default();
                let first = log.entry(known.head).or_insert_with(|| entry.clone());
                assert_eq!(*first, entry, "everyone is told the same");
            }
            ServerMessage::Resumed { seq, .. } => {
                *known = *known.resuming.take().unwrap();
                self.resumed += 1;
                assert!(seq.0 >= known.head);
            }
            _ => {}
        }
    }
}

/// One of these, which are not none.
fn pick<T: Copy>(of: &[T], which: u16) -> T {
    of[usize::from(which) % of.len()]
}
