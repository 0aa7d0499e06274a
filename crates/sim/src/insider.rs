//! What an insider does, and what a server that is in league with nobody but itself makes up.

use tangelo_call::Session;
use tangelo_delivery::Output;
use tangelo_e2ee::{Applicant, LeafKey, Name, Profile, RoomContext, link::Link};
use tangelo_wire::{Admission, Bytes, ClientId, ClientMessage, PROTOCOL, Post, Seq, ServerMessage};

use crate::{
    rng::mix,
    world::{HOST, World},
};

/// What is done to others, mostly by an insider. In steps of the model it is a client that does it, the server appends
/// what it posts at once, and nothing else comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attack {
    /// Posts a commit that is none and claims to add them.
    Junk,
    /// Its paths are nonsense for them from now on; in the model's steps, that of the commit that it posts.
    Poison,
    /// Welcomes them into a group of its own.
    Aside,
    /// In the model's steps alone: posts a commit that is in order and adds them, with a Welcome of no use.
    Hollow,
    /// In the model's steps alone, and only with [`tangelo_wire::Mistake::WelcomeBeforeAccepted`]: the other gets the
    /// post that lies in this client's connection.
    Early,
}

/// Their words.
pub(crate) const ATTACKS: [(Attack, &str); 5] = [
    (Attack::Junk, "junk"),
    (Attack::Poison, "poison"),
    (Attack::Aside, "aside"),
    (Attack::Hollow, "hollow"),
    (Attack::Early, "early"),
];

impl World {
    /// An insider attacks others. Returns whether it could.
    pub(crate) fn attack(&mut self, attack: Attack, person: usize, others: &[usize]) -> bool {
        let one = &self.persons[person];
        if !one.evil || one.frozen || one.look.is_none() {
            return false;
        }
        let named: Vec<ClientId> = others
            .iter()
            .filter_map(|other| self.persons.get(other.checked_sub(1)?)?.look.as_ref())
            .map(|look| look.client)
            .filter(|client| one.look.as_ref().is_some_and(|own| own.client != *client))
            .collect();
        match attack {
            Attack::Junk => {
                let post = self.junk(named);
                self.post_worthless(person, post)
            }
            Attack::Poison => {
                if let Some(session) = &mut self.persons[person].session {
                    session.poison_paths(&named);
                }
                true
            }
            Attack::Aside => self.aside(person, &named),
            // As a step of the model alone.
            Attack::Hollow | Attack::Early => false,
        }
    }

    /// A commit that is none.
    pub(crate) fn junk(&self, adds: Vec<ClientId>) -> Post {
        let (commit, welcome) = (Bytes(vec![7; 60]), (!adds.is_empty()).then(|| Bytes(vec![9; 60])));
        Post::Commit { parent: self.parent(), adds, commit, welcome }
    }

    /// Somebody must be outside whom the Welcome leads astray; members may be named beside.
    fn aside(&mut self, person: usize, named: &[ClientId]) -> bool {
        let Some(session) = &self.persons[person].session else { return false };
        let group = session.look().and_then(|look| look.group);
        let outside = |client: &ClientId| {
            group.as_ref().is_some_and(|group| !group.members.iter().any(|(member, _)| member == client))
        };
        let post = named.iter().any(outside).then(|| session.commit_aside(named)).flatten();
        post.is_some_and(|post| self.post_worthless(person, post))
    }

    /// The last `Founded` or `Committed`.
    fn parent(&self) -> Seq {
        self.log.iter().rfind(|entry| Self::is_parent(&entry.entry)).map_or(Seq(0), |entry| entry.seq)
    }

    pub(crate) fn post_worthless(&mut self, person: usize, post: Post) -> bool {
        if let Post::Commit { commit, .. } = &post {
            self.checker.known.worthless(commit);
        }
        self.post_anything(person, post)
    }

    fn post_anything(&mut self, person: usize, body: Post) -> bool {
        self.send(person, ClientMessage::Post { post: u32::MAX, body });
        self.persons[person].pipe.is_some()
    }

    /// An insider posts more than anybody should.
    pub(crate) fn flood(&mut self, person: usize) -> bool {
        let one = &mut self.persons[person];
        if !one.evil || one.frozen {
            return false;
        }
        for count in 0..40 {
            let sealed = self.persons[person]
                .session
                .as_mut()
                .and_then(|session| Session::seal_anything(session, &[count]));
            let Some(bytes) = sealed else { return false };
            self.post_anything(person, Post::Message { bytes });
        }
        true
    }

    /// The server shows everybody the arrival of a client that has all but the room's admission signature.
    pub(crate) fn ghost(&mut self, person: usize) -> bool {
        let Some(present) = self.clients.iter().rfind(|client| client.present).map(|client| client.id) else {
            return false;
        };
        let mut id = [0; 16];
        let number = mix(self.clients.len() as u64);
        id[..8].copy_from_slice(&number.to_le_bytes());
        let Some((key_package, _)) = self.papers(person, ClientId(id)) else { return false };
        let now = self.server_now();
        let let_in = self.delivery.let_ghost_in(now, present, ClientId(id), &key_package).is_some();
        self.route(None);
        let_in
    }

    /// A client of an insider's arrives with an admission that the server takes and a key package that no member takes: it
    /// is made for another client. Nobody is behind its connection: it departs when the server has not heard of it for long.
    pub(crate) fn pose(&mut self, person: usize) -> bool {
        let one = &self.persons[person];
        if one.frozen || one.look.is_none() {
            return false;
        }
        let (now, room) = (self.server_now(), self.room());
        let connection = self.delivery.connect(now, HOST);
        let hello = ClientMessage::Hello { protocol: PROTOCOL, room, host: HOST.to_owned() };
        self.delivery.handle(now, connection, hello);
        let assigned = self.delivery.poll_output();
        let Some(Output::Send { message: ServerMessage::Assigned { client, .. }, .. }) = assigned else {
            self.route(None);
            return false;
        };
        let mut other = client;
        other.0[0] ^= 0x80;
        let (right, wrong) = (self.papers(person, client), self.papers(person, other));
        if let (Some((_, admission)), Some((key_package, _))) = (right, wrong) {
            self.delivery.handle(
                now,
                connection,
                ClientMessage::Arrive { key_package, admission, pass: None },
            );
        }
        self.route(None);
        self.clients.iter().any(|one| one.id == client && one.present)
    }

    /// A key package and an admission such as somebody with the link makes for a client.
    fn papers(&self, person: usize, client: ClientId) -> Option<(Bytes, Option<Admission>)> {
        let link = Link::parse(&self.link.path()).ok()?;
        let context = RoomContext { host: HOST.to_owned(), link };
        let key = LeafKey::new().ok()?;
        let leaf_key = key.public();
        let room = self.room();
        let proof = tangelo_e2ee::IdentityProof { host: HOST, room: &room, client, leaf_key: &leaf_key };
        let one = &self.persons[person];
        let signature = one.sign(proof.transcript().as_bytes());
        let profile = Profile { identity: one.identity(), name: Name::clean("Nobody").ok()? };
        let applicant = Applicant::new(&context, client, key, &profile, &signature).ok()?;
        Some((applicant.key_package().clone(), applicant.admission().cloned()))
    }
}
