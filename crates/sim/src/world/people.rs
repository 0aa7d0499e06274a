//! Persons and their programs.

use ed25519_dalek::{Signer as _, SigningKey};
use tangelo_call::{Config, Event, IdentityKey, Look, Output, Phase, Session};
use tangelo_delivery::ConnectionId;
use tangelo_wire::{ClientMessage, Millis, Post, ServerMessage};

use super::{HOST, Up, World};
use crate::{tamper::Tamper, view::View};

/// Of the reasons to arrive anew, those that mean: this client is in another call than the others.
const FORK_LOSSES: [&str; 2] = [
    "most others in the call are in another state than this client",
    "nothing in the group could be read after entering it",
];

/// How long messages are on their way, in milliseconds: to the server, back, and a part that differs.
#[derive(Clone, Copy, Debug)]
pub struct Lag {
    /// To the server.
    pub up: u64,
    /// From the server.
    pub down: u64,
    /// At most so much more.
    pub more: u64,
}

impl Default for Lag {
    fn default() -> Self {
        Self { up: 10, down: 10, more: 5 }
    }
}

/// Somebody who wants to be in the call.
pub struct Person {
    /// From 1.
    pub number: usize,
    identity: SigningKey,
    /// The program, while it runs.
    pub session: Option<Session>,
    /// Programs that were killed, as a thief of their memory has them.
    pub ghosts: Vec<Session>,
    /// Its connection.
    pub pipe: Option<ConnectionId>,
    /// It wants to connect, and may not yet.
    pub wants_connection: bool,
    /// It stands still.
    pub frozen: bool,
    /// To the end.
    pub stays_frozen: bool,
    /// Its connection broke while it stood still.
    pub has_to_hear: bool,
    /// How far its clock is ahead.
    pub ahead: u64,
    /// Of its connection.
    pub lag: Lag,
    /// It is an insider.
    pub evil: bool,
    /// Insider: it never commits.
    pub lazy: bool,
    /// Insider: its next Welcome is nonsense.
    pub spoils: bool,
    /// It has left, and does not come back.
    pub away: bool,
    /// It wants to be in the call.
    pub invited: bool,
    /// What its present client was when it was looked at last.
    pub look: Option<Look>,
    /// What its present client was shown.
    pub view: Option<View>,
    /// What the server does to it.
    pub tamper: Tamper,
    /// Where its session stands.
    pub phase: Option<Phase>,
    /// Why it ended.
    pub ended: Option<String>,
    /// The safety number.
    pub safety_number: String,
    /// When it was told of a fork: alarms, and arrivals anew because of one.
    pub alarms: Vec<Millis>,
    /// When the server first showed its present client something else than others.
    pub tricked_at: Option<Millis>,
    /// The last post that its present client made.
    pub last_post: u32,
}

impl Person {
    pub(super) fn new(number: usize, evil: bool) -> Self {
        let seed = [u8::try_from(number).unwrap_or(u8::MAX); 32];
        Self {
            number,
            identity: SigningKey::from_bytes(&seed),
            session: None,
            ghosts: Vec::new(),
            pipe: None,
            wants_connection: false,
            frozen: false,
            stays_frozen: false,
            has_to_hear: false,
            ahead: 0,
            lag: Lag::default(),
            evil,
            lazy: false,
            spoils: false,
            away: false,
            invited: false,
            look: None,
            view: None,
            tamper: Tamper::default(),
            phase: None,
            ended: None,
            safety_number: String::new(),
            alarms: Vec::new(),
            tricked_at: None,
            last_post: 0,
        }
    }

    /// Its public identity key.
    #[must_use]
    pub fn identity(&self) -> IdentityKey {
        IdentityKey(self.identity.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, payload: &[u8]) -> [u8; 64] {
        self.identity.sign(payload).to_bytes()
    }
}

impl World {
    /// A person's own clock.
    #[must_use]
    pub fn clock(&self, person: usize) -> Millis {
        self.now + self.persons[person].ahead
    }

    /// Somebody opens the link. `person` counts from 0.
    pub(crate) fn open(&mut self, person: usize) -> bool {
        if self.persons[person].session.is_some() {
            return false;
        }
        let (link, name) = (self.link.path(), format!("Person {}", person + 1));
        let identity = self.persons[person].identity();
        let Ok(session) = Session::new(Config { host: HOST, link: &link, name: &name, identity }) else {
            return false;
        };
        let strict = self.nature.strict;
        let one = &mut self.persons[person];
        one.session = Some(session);
        (one.invited, one.away, one.frozen, one.stays_frozen, one.has_to_hear, one.wants_connection) =
            (true, false, false, false, false, false);
        one.ended = None;
        self.bar(person, strict);
        self.pump(person);
        true
    }

    /// Carries out what a session asks for.
    pub(crate) fn pump(&mut self, person: usize) {
        while let Some(output) = self.persons[person].session.as_mut().and_then(Session::poll_output) {
            match output {
                Output::Connect if self.nature.strict => self.persons[person].wants_connection = true,
                Output::Connect => self.connect(person),
                Output::Close => self.close(person),
                Output::Send { text } => {
                    self.said.note(&text);
                    if let Ok(message) = ClientMessage::from_json(&text) {
                        self.note_post(person, &message);
                        self.send(person, message);
                    }
                }
                Output::SignIdentity { payload } => {
                    let now = self.clock(person);
                    let signature = self.persons[person].sign(payload.as_slice());
                    if let Some(session) = &mut self.persons[person].session {
                        session.identity_signed(now, &signature);
                    }
                }
                Output::Event { event } => self.hear(person, event),
            }
        }
    }

    fn hear(&mut self, person: usize, event: Event) {
        let honest = self.nature.insider.is_none() && !self.nature.hostile_server;
        let one = &mut self.persons[person];
        match event {
            Event::Phase { phase } => one.phase = Some(phase),
            Event::Ended { text } => one.ended = Some(text),
            Event::Roster { safety_number, .. } => one.safety_number = safety_number,
            Event::Alarm { text } => {
                if honest {
                    let text = format!("p{} was shown an alarm, and nobody did anything: {text}", person + 1);
                    self.checker.violate(crate::Property::AlarmMeansAttack, text);
                }
                self.persons[person].alarms.push(self.now);
            }
            Event::MediaReset {} => {
                let why = one.session.as_ref().and_then(|session| session.losses().last());
                if why.is_some_and(|why| FORK_LOSSES.contains(why)) {
                    one.alarms.push(self.now);
                }
            }
            _ => {}
        }
    }

    fn note_post(&mut self, person: usize, message: &ClientMessage) {
        let ClientMessage::Post { post, body: Post::Found { .. } | Post::Commit { .. } } = message else {
            return;
        };
        let Some(look) = self.persons[person].session.as_ref().and_then(Session::look) else { return };
        let Some(pending) = look.pending.filter(|pending| pending.post == *post) else { return };
        // Made on a client's first post or a later one; sent again after a resume, it is the same.
        if pending.post <= self.persons[person].last_post {
            return;
        }
        self.persons[person].last_post = pending.post;
        // OpenMLS keeps proposals in no order.
        let mut removes = self.numbers(&pending.removes);
        removes.sort_unstable();
        let adds = self.numbers(&pending.adds);
        if let Some(client) = self.number(look.client) {
            let place = self.place(pending.parent);
            self.trace.posted(client, &pending, place, &adds, &removes);
        }
    }

    /// A message of the server reaches a person.
    pub(crate) fn give(&mut self, person: usize, message: ServerMessage) {
        let played = self.persons[person].tamper.played;
        let shown = self.persons[person].tamper.shown(message);
        let one = &mut self.persons[person];
        if one.tamper.played > played {
            one.tricked_at.get_or_insert(self.now);
            if let Some(look) = &one.look {
                self.checker.tricked(look.client);
            }
        }
        for message in shown {
            self.give_untouched(person, &message);
        }
    }

    pub(crate) fn give_untouched(&mut self, person: usize, message: &ServerMessage) {
        let now = self.clock(person);
        let lied = self.persons[person].tamper.take_lied();
        let one = &mut self.persons[person];
        if let ServerMessage::Snapshot { .. } = message {
            one.view = View::new(message, lied);
            (one.last_post, one.tricked_at) = (0, lied.then_some(self.now));
        }
        let Some(session) = &mut one.session else { return };
        session.receive(now, &message.to_json());
        self.observe(person, Some(message));
        self.pump(person);
    }

    /// A person's timers fire.
    pub(crate) fn fire(&mut self, person: usize) {
        let now = self.clock(person);
        let Some(session) = &mut self.persons[person].session else { return };
        session.handle_timeout(now);
        self.observe(person, None);
        self.pump(person);
    }

    /// What its client may do of its own accord.
    pub(crate) fn bar(&mut self, person: usize, everything: bool) {
        use tangelo_call::Deed::{Commit, Found, Judge, Rekey, Speak};
        let one = &mut self.persons[person];
        let Some(session) = &mut one.session else { return };
        let mut barred = Vec::new();
        match (everything, one.lazy) {
            (true, _) => barred.extend([Speak, Found, Commit, Rekey, Judge]),
            (false, true) => barred.extend([Commit, Rekey]),
            (false, false) => {}
        }
        if self.nature.unjudged {
            barred.extend([Speak, Judge]);
        }
        session.bar(&barred);
    }

    /// Sends a message on a person's connection.
    pub(crate) fn send(&mut self, person: usize, mut message: ClientMessage) {
        if let ClientMessage::Post { body: Post::Commit { welcome: Some(welcome), .. }, .. } = &mut message
            && std::mem::take(&mut self.persons[person].spoils)
        {
            let middle = welcome.0.len() / 2;
            welcome.0[middle] ^= 1;
        }
        let Some(connection) = self.persons[person].pipe else { return };
        let Lag { up, more, .. } = self.persons[person].lag;
        let at = self.now + up + self.scatter() % (more + 1);
        if let Some(pipe) = self.pipes.get_mut(&connection) {
            let at = pipe.up.back().map_or(at, |last| last.at.max(at));
            pipe.up.push_back(Up { at, message });
        }
    }
}
