//! A room without a server: a log that every client applies at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use ed25519_dalek::{Signer, SigningKey};
use tangelo_e2ee::{
    Applicant, IdentityKey, IdentityProof, LeafKey, Name, Profile, RoomContext,
    candidate::Candidate,
    group::{Bundle, CommitEntry, CommitOutcome, Group, WelcomeEntry},
    link::Link,
    media::{Change, Media},
    presence::Presence,
};
use tangelo_wire::{ClientId, GroupId, LogId, Millis, Seq};

pub const HOST: &str = "call.example";

pub struct Client {
    pub id: ClientId,
    pub person: u8,
    pub context: RoomContext,
    pub applicant: Applicant,
    pub presence: Presence,
    pub group: Option<Group>,
    pub media: Media,
}

impl Client {
    pub fn group(&mut self) -> &mut Group {
        self.group.as_mut().unwrap()
    }

    pub fn commit(&mut self, adds: &[ClientId], removes: &[ClientId], rekey: bool) -> Bundle {
        let (context, presence) = (&self.context, &self.presence);
        self.group.as_mut().unwrap().commit(context, presence, adds, removes, rekey).unwrap()
    }

    pub fn number(&self) -> String {
        self.group.as_ref().unwrap().safety_number(&self.context).to_string()
    }
}

pub fn identity(person: u8) -> SigningKey {
    SigningKey::from_bytes(&[person; 32])
}

pub fn applicant(context: &RoomContext, id: ClientId, person: u8, name: &str) -> Applicant {
    let identity = identity(person);
    let key = LeafKey::new().unwrap();
    let leaf_key = key.public();
    let proof =
        IdentityProof { host: &context.host, room: context.link.room(), client: id, leaf_key: &leaf_key };
    let signature = identity.sign(proof.transcript().as_bytes()).to_bytes();
    let profile = Profile {
        identity: IdentityKey(identity.verifying_key().to_bytes()),
        name: Name::parse(name).unwrap(),
    };
    Applicant::new(context, id, key, &profile, &signature).unwrap()
}

pub struct Room {
    pub path: String,
    pub log_id: LogId,
    pub seq: Seq,
    pub now: Millis,
    pub clients: Vec<Client>,
    pub group_id: Option<GroupId>,
    pub arrivals: u8,
}

impl Room {
    pub fn secret() -> Self {
        Self::at(Link::new_room().unwrap().path())
    }

    pub fn at(path: String) -> Self {
        let log_id = LogId([1; 16]);
        Self { path, log_id, seq: Seq(0), now: Millis(0), clients: Vec::new(), group_id: None, arrivals: 0 }
    }

    pub fn context(&self) -> RoomContext {
        RoomContext { host: HOST.into(), link: Link::parse(&self.path).unwrap() }
    }

    pub fn next(&mut self) -> Seq {
        self.seq = self.seq.next();
        self.seq
    }

    /// A person arrives; everyone sees it. Returns the client's place in `clients`.
    pub fn arrive(&mut self, person: u8) -> usize {
        self.arrivals += 1;
        let id = ClientId([self.arrivals; 16]);
        let context = self.context();
        let applicant = applicant(&context, id, person, &format!("Person {person}"));
        let presence = self.clients.first().map(|first| snapshot(&first.presence)).unwrap_or_default();
        let media = Media::default();
        self.clients.push(Client { id, person, context, applicant, presence, group: None, media });
        let seq = self.next();
        let last = self.clients.len() - 1;
        for index in 0..self.clients.len() {
            let candidate = check(&self.clients[index].context, &self.clients[last].applicant);
            self.clients[index].presence.arrive(id, candidate, seq);
        }
        last
    }

    pub fn depart(&mut self, client: usize) {
        let (id, seq) = (self.clients[client].id, self.next());
        for client in &mut self.clients {
            client.presence.depart(id, seq);
        }
    }

    pub fn found(&mut self, client: usize) {
        let id = self.clients[client].id;
        let group_id = GroupId::derive(self.log_id, self.seq, id);
        let seq = self.next();
        let founder = &mut self.clients[client];
        let group = Group::found(&founder.context, &founder.applicant, group_id, seq).unwrap();
        founder.applicant.spend();
        founder.group = Some(group);
        let change = Change { adds: false, removes: false };
        founder.media.install(self.now, founder.group.as_ref().unwrap(), change).unwrap();
        self.group_id = Some(group_id);
        for client in &mut self.clients {
            client.presence.found(id);
        }
    }

    /// The log accepts a bundle of `author`; every member takes it and everyone added joins.
    pub fn accept(&mut self, author: usize, bundle: &Bundle) -> Vec<Option<CommitOutcome>> {
        let (author, seq, now) = (self.clients[author].id, self.next(), self.now);
        let entry = CommitEntry { seq, author, adds: &bundle.adds, commit: &bundle.commit };
        let mut outcomes = Vec::new();
        let mut entered = Vec::new();
        for client in &mut self.clients {
            if let Some(group) = &mut client.group {
                let outcome = group.process(&client.context, &client.presence, entry).unwrap();
                if let CommitOutcome::Merged { added, removed } = &outcome {
                    let change = Change { adds: !added.is_empty(), removes: !removed.is_empty() };
                    client.media.install(now, group, change).unwrap();
                }
                outcomes.push(Some(outcome));
            } else if bundle.adds.contains(&client.id) {
                let group_id = self.group_id.unwrap();
                let welcome = bundle.welcome.as_ref().unwrap();
                let entry = WelcomeEntry {
                    seq,
                    author,
                    group_id,
                    adds: &bundle.adds,
                    commit: &bundle.commit,
                    welcome,
                };
                let group = Group::join(&client.context, &client.applicant, entry).unwrap();
                client.media.install(now, &group, Change { adds: true, removes: false }).unwrap();
                client.applicant.spend();
                client.group = Some(group);
                entered.push(client.id);
                outcomes.push(None);
            } else {
                outcomes.push(None);
            }
        }
        for id in entered {
            self.next();
            for client in &mut self.clients {
                client.presence.enter(id);
            }
        }
        outcomes
    }

    /// `author` does all the work there is, and the log accepts it.
    pub fn work(&mut self, author: usize) -> Bundle {
        let client = &mut self.clients[author];
        let work = client.group.as_ref().unwrap().work(&client.presence);
        let bundle = client.commit(&work.adds, &work.removes, false);
        for outcome in self.accept(author, &bundle).into_iter().flatten() {
            assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{outcome:?}");
        }
        bundle
    }

    /// A room with `n` people in one group.
    pub fn of(n: u8) -> Self {
        let mut room = Self::secret();
        for person in 1..=n {
            room.arrive(person);
        }
        room.found(0);
        if n > 1 {
            room.work(0);
        }
        room
    }
}

/// What a newcomer learns of who is present.
fn snapshot(presence: &Presence) -> Presence {
    let mut copy = Presence::default();
    for client in presence.present() {
        let attendance = presence.get(client).unwrap();
        copy.arrive(client, attendance.candidate.clone(), attendance.arrived);
        if attendance.entered {
            copy.enter(client);
        }
    }
    copy
}

pub fn check(context: &RoomContext, applicant: &Applicant) -> Result<Candidate, tangelo_e2ee::Rule> {
    Candidate::check(context, applicant.client(), applicant.key_package(), applicant.admission())
}
