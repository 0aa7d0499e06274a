//! A room with honest members and Eve, and what must hold of it whatever she does.

use openmls::prelude::KeyPackage;
use tangelo_wire::{Admission, Bytes, ClientId, Source};

use super::{
    common::Room,
    forge::{Forgery, written},
    insider::{Arrival, Insider, Plan},
};
use crate::{
    Rule,
    candidate::Candidate,
    group::{Bundle, CommitEntry, CommitOutcome, MadeOn, Member},
    media::{Change, Codec, Context, Opened},
};

/// The person that Eve is.
const EVE: u8 = 66;

/// A key frame of VP8, as far as its head goes.
const KEY_FRAME: [u8; 20] = [0x10, 0, 0, 0x9d, 1, 0x2a, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];

pub(super) struct World {
    pub(super) room: Room,
    pub(super) eve: Insider,
    pub(super) arrival: Arrival,
    /// Her place among the clients, and her leaf.
    pub(super) seat: usize,
    next_guest: u8,
    next_person: u8,
}

/// Everything of an honest member that an attack must not change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View {
    epoch: u64,
    members: Vec<Member>,
    number: String,
    pub(super) base_key: [u8; 16],
    present: Vec<(ClientId, bool)>,
}

impl World {
    /// A private room of `honest` people and Eve, who sits at leaf `seat`.
    pub(super) fn new(honest: u8, seat: usize) -> Self {
        Self::at(Room::secret(), honest, seat)
    }

    pub(super) fn named(honest: u8, seat: usize) -> Self {
        Self::at(Room::at("/r/standup".into()), honest, seat)
    }

    pub(super) fn at(mut room: Room, honest: u8, seat: usize) -> Self {
        for place in 0..=honest {
            let person = if usize::from(place) == seat { EVE } else { place + 1 };
            room.arrive(person);
        }
        let arrival = Arrival::of(&room.clients[seat].applicant);
        let eve = if seat == 0 {
            room.found(0);
            let group_id = room.group_id.unwrap();
            room.clients[0].group = None;
            let mut eve = Insider::found(&arrival, &group_id.0, |_| ());
            let mut plan = Plan::default();
            for client in &room.clients[1..] {
                let candidate = client.presence.get(client.id).unwrap().candidate.as_ref().unwrap();
                plan.adds.push(candidate.key_package.clone());
                plan.named.push(client.id);
            }
            if room.context().link.keys().is_some() {
                plan.psks = vec![super::insider::link_psk(&room.context())];
            }
            let bundle = eve.commit(plan);
            eve.go_on_alone();
            room.accept(0, &bundle);
            eve
        } else {
            room.found(0);
            let bundle = room.work(0);
            Insider::join(&arrival, bundle.welcome.as_ref().unwrap())
        };
        room.clients[seat].group = None;
        room.clients[seat].media.clear();
        assert_eq!(eve.mls.own_leaf_index().u32(), u32::try_from(seat).unwrap());
        Self::of(room, eve, arrival, seat)
    }

    pub(super) fn of(room: Room, eve: Insider, arrival: Arrival, seat: usize) -> Self {
        Self { room, eve, arrival, seat, next_guest: 0xa0, next_person: 100 }
    }

    pub(super) fn context(&self) -> crate::RoomContext {
        self.room.context()
    }

    /// The places of those who hold the group and play by the rules.
    pub(super) fn honest(&self) -> Vec<usize> {
        (0..self.room.clients.len()).filter(|place| self.room.clients[*place].group.is_some()).collect()
    }

    pub(super) fn id(&self, place: usize) -> ClientId {
        self.room.clients[place].id
    }

    /// The key package with which somebody arrived.
    pub(super) fn key_package(&self, place: usize) -> KeyPackage {
        let client = &self.room.clients[place];
        client.presence.get(client.id).unwrap().candidate.as_ref().unwrap().key_package.clone()
    }

    /// An id that nobody has.
    pub(super) fn guest_id(&mut self) -> ClientId {
        self.next_guest += 1;
        ClientId([self.next_guest; 16])
    }

    /// Somebody arrives with papers of their own making. Every member judges alike.
    pub(super) fn arrive(&mut self, forgery: &Forgery) -> (KeyPackage, Result<(), Rule>) {
        let (key_package, _) = forgery.make();
        let verdict = self.arrive_with(forgery.client, &written(&key_package), forgery.admission.as_ref());
        (key_package, verdict)
    }

    pub(super) fn arrive_with(
        &mut self,
        client: ClientId,
        key_package: &Bytes,
        admission: Option<&Admission>,
    ) -> Result<(), Rule> {
        let seq = self.room.next();
        let mut verdicts = Vec::new();
        for member in &mut self.room.clients {
            let candidate = Candidate::check(&member.context, client, key_package, admission);
            verdicts.push(candidate.as_ref().map(|_| ()).map_err(|rule| *rule));
            assert!(member.presence.arrive(client, candidate, seq));
        }
        assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{verdicts:?}");
        verdicts[0]
    }

    pub(super) fn depart(&mut self, client: ClientId) {
        let seq = self.room.next();
        for member in &mut self.room.clients {
            member.presence.depart(client, seq);
        }
    }

    /// A client drops its group, departs, and comes back as a new one. Returns its new place.
    pub(super) fn arrive_anew(&mut self, place: usize) -> usize {
        let person = self.room.clients[place].person;
        self.room.depart(place);
        self.room.clients[place].group = None;
        self.room.clients[place].media.clear();
        self.room.arrive(person)
    }

    pub(super) fn views(&self) -> Vec<View> {
        let view = |place: &usize| {
            let client = &self.room.clients[*place];
            let group = client.group.as_ref().unwrap();
            let present = client.presence.present().into_iter();
            View {
                epoch: group.epoch(),
                members: group.members().to_vec(),
                number: client.number(),
                base_key: *group.base_key().unwrap().expose(),
                present: present.map(|id| (id, client.presence.has_entered(id))).collect(),
            }
        };
        self.honest().iter().map(view).collect()
    }

    /// The log accepts an entry; what the honest members make of it.
    pub(super) fn post(&mut self, author: ClientId, bundle: &Bundle) -> Vec<(usize, CommitOutcome)> {
        let seq = self.room.next();
        let entry = CommitEntry { seq, author, adds: &bundle.adds, commit: &bundle.commit };
        let (mut outcomes, now) = (Vec::new(), self.room.now);
        for place in self.honest() {
            let client = &mut self.room.clients[place];
            let group = client.group.as_mut().unwrap();
            let outcome = group.process(&client.context, &client.presence, entry).unwrap();
            if let CommitOutcome::Merged { added, removed } = &outcome {
                let change = Change { adds: !added.is_empty(), removes: !removed.is_empty() };
                client.media.install(now, group, change).unwrap();
            }
            outcomes.push((place, outcome));
        }
        outcomes
    }

    /// Posts a bundle in the name of `author`. Everyone must refuse it for the same reason and be as before.
    pub(super) fn refused_from(&mut self, author: ClientId, bundle: &Bundle) -> (Rule, MadeOn) {
        let before = self.views();
        let outcomes = self.post(author, bundle);
        let skipped = |(place, outcome): &(usize, CommitOutcome)| match outcome {
            CommitOutcome::Skipped { rule, made_on } => (*rule, *made_on),
            other => panic!("{place}: {other:?}"),
        };
        let reasons: Vec<_> = outcomes.iter().map(skipped).collect();
        assert!(reasons.len() > 1 && reasons.iter().all(|reason| *reason == reasons[0]), "{reasons:?}");
        assert!(self.views() == before, "an honest member's view changed");
        self.media_flows();
        reasons[0]
    }

    /// What Eve posts is refused.
    pub(super) fn refused(&mut self, bundle: &Bundle) -> Rule {
        self.refused_from(self.eve.id, bundle).0
    }

    /// Eve makes a commit, posts it, it is refused, and the room goes on.
    pub(super) fn attack(&mut self, plan: Plan) -> Rule {
        let bundle = self.eve.commit(plan);
        let rule = self.refused(&bundle);
        self.goes_on();
        rule
    }

    /// A frame of each honest member opens at each other.
    pub(super) fn media_flows(&mut self) {
        let context = Context::new(Source::Camera, 0).unwrap();
        for sender in self.honest() {
            let (mut sealed, now, id) = (Vec::new(), self.room.now, self.id(sender));
            let media = &mut self.room.clients[sender].media;
            media.seal(now, context, Codec::Vp8, &KEY_FRAME, &mut sealed).unwrap();
            for receiver in self.honest().into_iter().filter(|receiver| *receiver != sender) {
                let media = &mut self.room.clients[receiver].media;
                let line = media.add_receiver(id, Source::Camera);
                let mut output = Vec::new();
                let opened = media.open(now, line, 0, Codec::Vp8, &sealed, &mut output);
                media.remove_receiver(line);
                assert!(opened == Opened::Frame && output == KEY_FRAME, "{sender} to {receiver}: {opened:?}");
            }
        }
    }

    /// Somebody new comes, an honest member does all the work, everyone merges it, and media flows. Returns the
    /// newcomer's place.
    pub(super) fn goes_on(&mut self) -> usize {
        self.next_person += 1;
        let newcomer = self.room.arrive(self.next_person);
        self.work();
        assert!(self.honest().contains(&newcomer));
        newcomer
    }

    /// An honest member does all the work, and Eve follows if she is still a member.
    pub(super) fn work(&mut self) -> Bundle {
        let author = self.honest()[0];
        let bundle = self.room.work(author);
        let views = self.views();
        assert!(views.iter().all(|view| view.epoch == views[0].epoch && view.base_key == views[0].base_key));
        assert!(views.iter().all(|view| view.number == views[0].number));
        if self.room.clients[author].group().member(self.eve.id).is_some() {
            self.eve.follow(&bundle.commit);
        }
        self.room.now = self.room.now + 2_500;
        self.media_flows();
        bundle
    }
}
