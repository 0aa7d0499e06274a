//! What must hold once everything is healed and time has passed.

use std::collections::BTreeSet;

use tangelo_call::{FrameVerdict, GroupLook, Phase, Session};
use tangelo_wire::{ClientId, Millis, Source};

use crate::{Property, world::World};

/// Within this time everybody must be in one group again, in milliseconds: a resume window, the longest pause before
/// connecting again, the wait of a dead room, a takeover, and all of it once more.
const REST_MS: u64 = 150_000;
/// So long it must stay so: the first rekeys fall into this time.
const STAYS_MS: u64 = 12_000;
/// A commit may be under way at any moment; it gets everywhere in this time.
const INSTANT_MS: u64 = 10_000;
/// A fork must be noticed in this time.
const NOTICED_MS: u64 = 60_000;

type Found = Result<(), (Property, String)>;

impl World {
    /// Heals everything, lets time pass, and checks what must hold then.
    pub fn quiesce(&mut self) {
        self.heal(false);
        if self.nature.hostile_server {
            return self.forks_imply_alarm();
        }
        self.come_to_rest(None);
        if self.violation().is_none() && self.persons.iter().any(|person| person.stays_frozen) {
            self.heal(true);
            self.come_to_rest(Some(Property::WhoWakesIsIn));
        }
    }

    fn heal(&mut self, all: bool) {
        for person in 0..self.persons.len() {
            let one = &mut self.persons[person];
            one.tamper.stop();
            one.lag = crate::world::Lag::default();
            one.stays_frozen &= !all;
            if !one.stays_frozen {
                self.wake(person);
            }
            let one = &self.persons[person];
            if one.invited && !one.away && one.session.is_none() {
                self.open(person);
            }
        }
    }

    fn come_to_rest(&mut self, blame: Option<Property>) {
        let mut left_ms = REST_MS;
        loop {
            self.run(500);
            left_ms = left_ms.saturating_sub(500);
            if self.violation().is_some() {
                return;
            }
            match self.is_at_rest() {
                Ok(()) => break,
                Err((property, text)) if left_ms == 0 => {
                    return self.violate(blame.unwrap_or(property), text);
                }
                Err(_) => {}
            }
        }
        self.run(STAYS_MS);
        let mut last = self.is_at_rest();
        for _ in 0..INSTANT_MS / 100 {
            if last.is_ok() || self.violation().is_some() {
                break;
            }
            self.run(100);
            last = self.is_at_rest();
        }
        let rest = last.and_then(|()| self.frames_are_private());
        if let Err((property, text)) = rest {
            self.violate(property, text);
        }
    }

    /// Persons who should be in the call, from 0.
    fn expected(&self) -> Vec<usize> {
        let people = self.persons.iter().enumerate();
        let expected = people.filter(|(_, one)| one.invited && !one.away && !one.stays_frozen && !one.evil);
        expected.map(|(index, _)| index).collect()
    }

    fn group_of(&self, person: usize) -> Option<&GroupLook> {
        let one = &self.persons[person];
        let group = one.look.as_ref()?.group.as_ref()?;
        (group.entered && one.phase == Some(Phase::Inside)).then_some(group)
    }

    fn is_at_rest(&self) -> Found {
        let expected = self.expected();
        let outside: Vec<usize> =
            expected.iter().copied().filter(|person| self.group_of(*person).is_none()).collect();
        if let Some(person) = outside.first() {
            let one = &self.persons[*person];
            let property = if self.persons.iter().any(|one| one.stays_frozen) {
                Property::FrozenBlocksNobody
            } else if outside.len() == expected.len() {
                Property::DeadRoomIsFounded
            } else {
                Property::EveryoneGetsIn
            };
            let losses = one.session.as_ref().map(|session| session.losses().join("; ")).unwrap_or_default();
            let text = format!(
                "p{} is not in the call: phase {:?}, ended {:?}, it gave up its place because: {losses}",
                person + 1,
                one.phase,
                one.ended
            );
            return Err((property, text));
        }
        let Some((first, others)) = expected.split_first() else { return Ok(()) };
        let Some(group) = self.group_of(*first) else { return Ok(()) };
        for person in others {
            let other = self.group_of(*person);
            if other.is_none_or(|other| other.tag != group.tag || other.id != group.id) {
                let text = format!("p{} and p{} are in different groups", first + 1, person + 1);
                return Err((Property::OneGroup, text));
            }
            if self.persons[*person].safety_number != self.persons[*first].safety_number {
                let text = format!("p{} and p{} see different safety numbers", first + 1, person + 1);
                return Err((Property::NumbersAgree, text));
            }
        }
        let lives = |id: ClientId| {
            let of = |one: &crate::world::Person| one.look.as_ref().is_some_and(|look| look.client == id);
            self.persons.iter().any(|one| !one.stays_frozen && of(one))
        };
        if let Some(client) = self.clients.iter().find(|client| client.present && !lives(client.id)) {
            let number = self.number(client.id).unwrap_or(0);
            return Err((Property::TheGoneAreRemoved, format!("c{number} is gone and still present")));
        }
        let present: BTreeSet<ClientId> =
            self.clients.iter().filter(|client| client.present).map(|client| client.id).collect();
        let gone = group.members.iter().find(|(member, _)| !present.contains(member));
        match gone {
            Some((member, _)) => {
                let number = self.number(*member).unwrap_or(0);
                Err((Property::TheGoneAreRemoved, format!("c{number} has departed and is still a member")))
            }
            None => Ok(()),
        }
    }

    /// Everybody opens everybody's frames, and nobody else does.
    fn frames_are_private(&mut self) -> Found {
        let expected = self.expected();
        for sender in expected.clone() {
            let now = self.clock(sender);
            let Some(client) = self.persons[sender].look.as_ref().map(|look| look.client) else { continue };
            let members: Vec<ClientId> = self
                .group_of(sender)
                .map(|group| group.members.iter().map(|(member, _)| *member).collect())
                .unwrap_or_default();
            let mut sealed = Vec::new();
            let Some(session) = &mut self.persons[sender].session else { continue };
            if session.seal(now, Source::Camera, "vp9", b"hello", &mut sealed) != FrameVerdict::Pass {
                return Err((Property::FramesOpen, format!("p{} cannot seal a frame", sender + 1)));
            }
            for receiver in 0..self.persons.len() {
                let now = self.clock(receiver);
                let one = &mut self.persons[receiver];
                let inside = expected.contains(&receiver);
                // An insider may as long as it is a member; from then on it is whom the others must be safe from.
                let member = one.look.as_ref().is_some_and(|look| members.contains(&look.client));
                let may = inside || (one.evil && member);
                if let Some(session) = one.session.as_mut().filter(|_| receiver != sender) {
                    let opens = opens(session, now, client, &sealed);
                    if inside && !opens {
                        let text = format!("p{} cannot open a frame of p{}", receiver + 1, sender + 1);
                        return Err((Property::FramesOpen, text));
                    }
                    if !may && opens {
                        let text = format!("p{}, which is not in the call, opens a frame", receiver + 1);
                        return Err((Property::RemovedKnowNothing, text));
                    }
                }
                let opened = one
                    .ghosts
                    .iter_mut()
                    .filter_map(|ghost| opens(ghost, now, client, &sealed).then_some(()));
                if opened.count() > 0 {
                    let text = format!("a program of p{} that is gone opens a frame", receiver + 1);
                    return Err((Property::RemovedKnowNothing, text));
                }
            }
        }
        Ok(())
    }

    /// Who is shown another call than somebody that it talks with notices, or the other does.
    fn forks_imply_alarm(&mut self) {
        let before = self.forks();
        for _ in 0..NOTICED_MS / 5_000 {
            for person in 0..self.persons.len() {
                self.chat(person);
            }
            self.run(5_000);
        }
        let after = self.forks();
        for fork in before.iter().filter(|fork| after.contains(fork)) {
            let (one, other) = (fork.0, fork.1);
            let pair = [&self.persons[one], &self.persons[other]];
            // An alarm from before the fork is not about it.
            let since = pair.iter().filter_map(|person| person.tricked_at).min();
            let alarmed = |at: &Millis| since.is_none_or(|since| *at >= since);
            if !pair.iter().any(|person| person.alarms.iter().any(alarmed)) {
                let text =
                    format!("p{} and p{} see different calls, and neither noticed", one + 1, other + 1);
                return self.violate(Property::ForksImplyAlarm, text);
            }
        }
    }

    /// Pairs of persons, with their clients, that are members of one group for each other and see different calls.
    fn forks(&mut self) -> Vec<(usize, usize, ClientId, ClientId)> {
        // What is under way makes no fork.
        for _ in 0..200 {
            if self.pipes.values().all(|pipe| pipe.down.is_empty()) {
                break;
            }
            self.run(5);
        }
        let mut forks = Vec::new();
        for one in 0..self.persons.len() {
            for other in one + 1..self.persons.len() {
                if let Some((a, b)) = self.differ(one, other) {
                    forks.push((one, other, a, b));
                }
            }
        }
        forks
    }

    fn differ(&self, one: usize, other: usize) -> Option<(ClientId, ClientId)> {
        let (a, b) = (&self.persons[one], &self.persons[other]);
        let (group_a, group_b) = (self.group_of(one)?, self.group_of(other)?);
        let (look_a, look_b) = (a.look.as_ref()?, b.look.as_ref()?);
        let connected = |person: &crate::world::Person| {
            !person.frozen && person.session.as_ref().is_some_and(Session::is_connected)
        };
        let member =
            |group: &GroupLook, client: ClientId| group.members.iter().any(|(member, _)| *member == client);
        let talk = connected(a)
            && connected(b)
            && look_a.log_id == look_b.log_id
            && member(group_a, look_b.client)
            && member(group_b, look_a.client)
            // Who was shown that the other has left does not listen to it any more: a server can part people so.
            && look_a.present.contains(&look_b.client)
            && look_b.present.contains(&look_a.client);
        let states = group_a.id == group_b.id && group_a.epoch == group_b.epoch && group_a.tag != group_b.tag;
        let (view_a, view_b) = (a.view.as_ref()?, b.view.as_ref()?);
        (talk && (states || view_a.hash != view_b.hash)).then_some((look_a.client, look_b.client))
    }
}

fn opens(session: &mut Session, now: Millis, of: ClientId, sealed: &[u8]) -> bool {
    let line = session.add_receiver(of, Source::Camera);
    let mut opened = Vec::new();
    let verdict = session.open(now, line, 0, "vp9", sealed, &mut opened);
    session.remove_receiver(line);
    verdict == FrameVerdict::Pass && opened == b"hello"
}
