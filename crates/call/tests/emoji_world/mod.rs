//! Members who compare emoji over one log, without anything in between.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tangelo_call::{
    IdentityKey,
    emoji::{Circle, CircleMember, EmojiCheck, EmojiFailure, EmojiMessage, EmojiView},
};
use tangelo_wire::{ClientId, GroupId, Millis};

pub fn client(number: u8) -> ClientId {
    ClientId([number; 16])
}

pub fn name(number: u8) -> String {
    format!("person {number}")
}

/// A group of these people, by number.
pub fn circle(group: u8, epoch: u64, people: &[u8]) -> Circle {
    let members = people
        .iter()
        .map(|number| CircleMember {
            client: client(*number),
            identity: IdentityKey([*number; 32]),
            name: name(*number),
        })
        .collect();
    let room = "standup".parse().unwrap();
    Circle { host: "a.example".into(), room, group: GroupId([group; 32]), epoch, members }
}

/// What stands in the log.
#[derive(Clone, Debug)]
pub enum Entry {
    Said(ClientId, EmojiMessage),
    Changed(Circle),
}

pub struct Member {
    pub client: ClientId,
    pub check: EmojiCheck,
    /// How much of the log it has read.
    pub read: usize,
    draws: u8,
}

impl Member {
    /// A number that nobody else draws, and never the same again.
    pub fn fresh<const N: usize>(&mut self) -> [u8; N] {
        self.draws = self.draws.wrapping_add(1);
        let mut bytes = [self.draws; N];
        bytes[0] = self.client.0[0];
        bytes
    }
}

pub struct World {
    pub now: Millis,
    pub log: Vec<Entry>,
    pub members: Vec<Member>,
}

impl World {
    /// People 1 to `count` in one group.
    pub fn of(count: u8) -> Self {
        let people: Vec<u8> = (1..=count).collect();
        let members = people.iter().map(|number| Member {
            client: client(*number),
            check: EmojiCheck::new(client(*number)),
            read: 0,
            draws: 0,
        });
        let log = vec![Entry::Changed(circle(1, 3, &people))];
        let mut world = Self { now: Millis(1_000), log, members: members.collect() };
        world.settle();
        world
    }

    pub fn member(&mut self, number: u8) -> &mut Member {
        self.members.iter_mut().find(|member| member.client == client(number)).unwrap()
    }

    pub fn start(&mut self, number: u8) {
        let now = self.now;
        let member = self.member(number);
        let run = member.fresh();
        member.check.start(now, run).unwrap();
    }

    pub fn say(&mut self, number: u8, message: EmojiMessage) {
        self.log.push(Entry::Said(client(number), message));
    }

    /// A member posts what it has to say, then reads one entry of the log. Whether anything happened.
    pub fn step(&mut self, index: usize) -> bool {
        let posted = self.post(index);
        let Some(member) = self.members.get_mut(index) else { return posted };
        let Some(entry) = self.log.get(member.read).cloned() else { return posted };
        member.read += 1;
        match entry {
            Entry::Said(from, message) => {
                let fresh = member.fresh();
                member.check.handle(self.now, from, &message, fresh);
            }
            Entry::Changed(circle) => {
                let still = circle.member(member.client).is_some();
                member.check.group_changed(still.then_some(circle));
            }
        }
        self.post(index);
        true
    }

    pub fn post(&mut self, index: usize) -> bool {
        let Some(member) = self.members.get_mut(index) else { return false };
        let said: Vec<_> = std::iter::from_fn(|| member.check.poll_message()).collect();
        let client = member.client;
        let any = !said.is_empty();
        self.log.extend(said.into_iter().map(|message| Entry::Said(client, message)));
        any
    }

    /// Everyone reads and answers until there is nothing more.
    pub fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut any = false;
            for index in 0..self.members.len() {
                any |= self.step(index);
            }
            if !any {
                return;
            }
        }
        panic!("they never come to an end");
    }

    /// Everyone's clock goes on.
    pub fn wait(&mut self, ms: u64) {
        self.now = self.now + ms;
        for member in &mut self.members {
            member.check.handle_timeout(self.now);
        }
    }

    /// The emoji that somebody sees.
    pub fn emoji(&mut self, number: u8) -> Option<Vec<u8>> {
        emoji(&self.member(number).check.view())
    }

    pub fn failure(&mut self, number: u8) -> EmojiFailure {
        match self.member(number).check.view() {
            EmojiView::Failed { reason } => reason,
            other => panic!("{number} sees {other:?}"),
        }
    }

    /// What was said of one kind, in order.
    pub fn said(&self, kind: impl Fn(&EmojiMessage) -> bool) -> Vec<(ClientId, EmojiMessage)> {
        self.log
            .iter()
            .filter_map(|entry| match entry {
                Entry::Said(from, message) if kind(message) => Some((*from, message.clone())),
                _ => None,
            })
            .collect()
    }
}

pub fn emoji(view: &EmojiView) -> Option<Vec<u8>> {
    match view {
        EmojiView::Done { emoji, .. } => Some(emoji.iter().map(|emoji| emoji.place).collect()),
        _ => None,
    }
}
