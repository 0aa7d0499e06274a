//! No frame is lost at a join, a leave or a rekey, while everybody has read the log 1.9 s after it was written.
//!
//! Virtual time: members with different delays to the log send 50 packets of sound and 30 pictures a second to each
//! other, over paths with random delays that keep the order, while others join, leave and rekey. What is tested is
//! the group and the media object as they are; the log, the SFU and the page around them are played.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use common::{Client, HOST, applicant, check};
use tangelo_e2ee::{
    RoomContext,
    group::{Bundle, CommitEntry, CommitOutcome, Group, WelcomeEntry},
    link::Link,
    media::{Change, Codec, Context, Media, Opened},
    presence::Presence,
};
use tangelo_wire::{ClientId, GroupId, LogId, Millis, Seq, Source};

const TICK_MS: u64 = 5;
/// With the way of a frame, less than the 2 s for which old keys live after a removal.
const LOG_DELAY_MAX_MS: u64 = 1_900;
const WAY_MAX_MS: u64 = 95;
/// The server's spacing of commits.
const COMMIT_SPACING_MS: u64 = 200;
const MEMBERS_MAX: usize = 7;
const KEY_FRAME_SPACING_MS: u64 = 1_000;
const SOURCES: [(Source, u64); 2] = [(Source::Microphone, 20), (Source::Camera, 33)];

/// xorshift64*: the same seed gives the same run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let bound = u64::try_from(of.len()).unwrap();
        (bound > 0).then(|| of[usize::try_from(self.below(bound)).unwrap()])
    }
}

enum Entry {
    Arrived(usize),
    Departed(ClientId),
    Founded(ClientId),
    Committed(ClientId, Bundle),
    Entered(ClientId),
}

/// A frame under way, or held.
#[derive(Clone)]
struct Packet {
    arrives: Millis,
    epoch: u64,
    number: u64,
    sealed: Vec<u8>,
}

struct Line {
    id: u32,
    opened_at: Millis,
    way: VecDeque<Packet>,
    last_arrival: Millis,
    next_ticket: u32,
    held: BTreeMap<u32, Packet>,
    last_number: Option<u64>,
    first_frame: Option<Millis>,
}

struct Person {
    client: Client,
    log_delay_max_ms: u64,
    /// How many entries of the log were read, when the last one was, and how long the next one takes.
    read: usize,
    read_at: Millis,
    delay_ms: Option<u64>,
    gone: bool,
    joined: Option<u64>,
    lines: BTreeMap<(ClientId, Source), Line>,
    numbers: BTreeMap<Source, u64>,
    sending: Option<u64>,
    key_frame_at: Option<Millis>,
    phase_ms: u64,
}

#[derive(Debug, Default)]
struct Count {
    sent: u64,
    opened: u64,
    held: u64,
    /// Of epochs before the receiver was a member.
    before: u64,
    joins: u64,
    leaves: u64,
    rekeys: u64,
    commits: u64,
    key_frames: u64,
    /// Longest time a newcomer waited for its first frame, in milliseconds.
    first_frame_ms: u64,
}

struct World {
    now: Millis,
    dice: Dice,
    path: String,
    log_id: LogId,
    group_id: GroupId,
    log: Vec<(Millis, Entry)>,
    people: Vec<Person>,
    /// Epochs that add somebody, and those that remove somebody.
    adds: BTreeSet<u64>,
    removes: BTreeSet<u64>,
    epoch: u64,
    committed_at: Millis,
    rekey_wanted: bool,
    log_delays_ms: Vec<u64>,
    count: Count,
}

impl World {
    fn new(seed: u64, log_delays_ms: &[u64]) -> Self {
        let mut world = Self {
            now: Millis(10_000),
            dice: Dice(seed),
            path: Link::new_room().unwrap().path(),
            log_id: LogId([1; 16]),
            group_id: GroupId([0; 32]),
            log: Vec::new(),
            people: Vec::new(),
            adds: BTreeSet::new(),
            removes: BTreeSet::new(),
            epoch: 0,
            committed_at: Millis(0),
            rekey_wanted: false,
            log_delays_ms: log_delays_ms.to_vec(),
            count: Count::default(),
        };
        world.join();
        let first = world.people[0].client.id;
        world.group_id = GroupId::derive(world.log_id, Seq(1), first);
        world.append(Entry::Founded(first));
        world
    }

    fn seq(position: usize) -> Seq {
        Seq(u64::try_from(position).unwrap() + 1)
    }

    fn append(&mut self, entry: Entry) {
        self.log.push((self.now, entry));
    }

    fn join(&mut self) {
        let index = self.people.len();
        let person = u8::try_from(index + 1).unwrap();
        let id = ClientId([person; 16]);
        let context = RoomContext { host: HOST.into(), link: Link::parse(&self.path).unwrap() };
        let applicant = applicant(&context, id, person, &format!("Person {person}"));
        let client = Client {
            id,
            person,
            context,
            applicant,
            presence: Presence::default(),
            group: None,
            media: Media::default(),
        };
        let log_delay_max_ms = self.dice.pick(&self.log_delays_ms).unwrap();
        self.people.push(Person {
            client,
            log_delay_max_ms,
            read: 0,
            read_at: Millis(0),
            delay_ms: None,
            gone: false,
            joined: None,
            lines: BTreeMap::new(),
            numbers: BTreeMap::new(),
            sending: None,
            key_frame_at: None,
            phase_ms: self.dice.below(33),
        });
        self.append(Entry::Arrived(index));
        // The snapshot: everything so far, at once.
        while self.people[index].read < self.log.len() {
            self.read_presence(index);
        }
        self.count.joins += 1;
    }

    /// What an entry says of presence; the group is another thing.
    fn read_presence(&mut self, index: usize) {
        let position = self.people[index].read;
        let seq = Self::seq(position);
        self.people[index].read += 1;
        match &self.log[position].1 {
            Entry::Arrived(other) => {
                let id = self.people[*other].client.id;
                let candidate =
                    check(&self.people[index].client.context, &self.people[*other].client.applicant);
                self.people[index].client.presence.arrive(id, candidate, seq);
            }
            Entry::Departed(id) => self.people[index].client.presence.depart(*id, seq),
            Entry::Founded(id) => self.people[index].client.presence.found(*id),
            Entry::Entered(id) => self.people[index].client.presence.enter(*id),
            Entry::Committed(..) => {}
        }
    }

    fn read_log(&mut self, index: usize) {
        loop {
            let person = &mut self.people[index];
            let position = person.read;
            let Some((written, _)) = self.log.get(position) else { return };
            // Each entry takes a time of its own, mostly a long one, and none overtakes another.
            let longest = person.log_delay_max_ms;
            let dice = &mut self.dice;
            let delay = *person.delay_ms.get_or_insert_with(|| match dice.below(3) {
                0 => dice.below(longest + 1),
                _ => longest,
            });
            let due = person.read_at.max(*written + delay);
            if due > self.now {
                return;
            }
            person.read_at = due;
            person.delay_ms = None;
            self.read_presence(index);
            self.read_group(index, position);
        }
    }

    fn read_group(&mut self, index: usize, position: usize) {
        let (seq, now, group_id) = (Self::seq(position), self.now, self.group_id);
        let client = &mut self.people[index].client;
        match &self.log[position].1 {
            Entry::Founded(founder) if *founder == client.id => {
                let group = Group::found(&client.context, &client.applicant, group_id, seq).unwrap();
                client.media.install(now, &group, Change { adds: false, removes: false }).unwrap();
                self.people[index].joined = Some(group.epoch());
                self.people[index].client.group = Some(group);
            }
            Entry::Committed(author, bundle) => {
                let entry = CommitEntry { seq, author: *author, adds: &bundle.adds, commit: &bundle.commit };
                if let Some(group) = &mut client.group {
                    let outcome = group.process(&client.context, &client.presence, entry).unwrap();
                    let CommitOutcome::Merged { added, removed } = outcome else { panic!("{outcome:?}") };
                    let change = Change { adds: !added.is_empty(), removes: !removed.is_empty() };
                    client.media.install(now, group, change).unwrap();
                } else if bundle.adds.contains(&client.id) {
                    let welcome = bundle.welcome.as_ref().unwrap();
                    let entry = WelcomeEntry {
                        seq,
                        author: *author,
                        group_id,
                        adds: &bundle.adds,
                        commit: &bundle.commit,
                        welcome,
                    };
                    let group = Group::join(&client.context, &client.applicant, entry).unwrap();
                    client.media.install(now, &group, Change { adds: true, removes: false }).unwrap();
                    let (id, epoch) = (client.id, group.epoch());
                    client.group = Some(group);
                    self.people[index].joined = Some(epoch);
                    self.append(Entry::Entered(id));
                }
            }
            _ => {}
        }
        self.update_lines(index);
        self.release(index);
    }

    /// Lines follow the group: one for each source of each other member.
    fn update_lines(&mut self, index: usize) {
        let now = self.now;
        let Person { client, lines, .. } = &mut self.people[index];
        let Some(group) = &client.group else { return };
        let own = client.id;
        let members: BTreeSet<ClientId> = group.members().iter().map(|member| member.client).collect();
        lines.retain(|(member, _), line| {
            let stays = members.contains(member);
            if !stays {
                client.media.remove_receiver(line.id);
            }
            stays
        });
        for member in members.into_iter().filter(|member| *member != own) {
            for (source, _) in SOURCES {
                lines.entry((member, source)).or_insert_with(|| Line {
                    id: client.media.add_receiver(member, source),
                    opened_at: now,
                    way: VecDeque::new(),
                    last_arrival: now,
                    next_ticket: 0,
                    held: BTreeMap::new(),
                    last_number: None,
                    first_frame: None,
                });
            }
        }
    }

    /// Somebody who has read the last commit does what there is to do.
    fn commit(&mut self) {
        if self.now.since(self.committed_at) < COMMIT_SPACING_MS {
            return;
        }
        let parent =
            self.log.iter().rposition(|(_, e)| matches!(e, Entry::Committed(..) | Entry::Founded(_)));
        let able: Vec<usize> = (0..self.people.len())
            .filter(|index| {
                let person = &self.people[*index];
                !person.gone && person.client.group.is_some() && Some(person.read) > parent
            })
            .collect();
        let Some(author) = self.dice.pick(&able) else { return };
        let client = &mut self.people[author].client;
        let work = client.group.as_ref().unwrap().work(&client.presence);
        if work.is_empty() && !self.rekey_wanted {
            return;
        }
        let path = std::mem::take(&mut self.rekey_wanted);
        let bundle = client.commit(&work.adds, &work.removes, path);
        let id = client.id;
        self.epoch = client.group().epoch() + 1;
        if !work.adds.is_empty() {
            self.adds.insert(self.epoch);
        }
        if !work.removes.is_empty() {
            self.removes.insert(self.epoch);
        }
        self.count.rekeys += u64::from(path);
        self.count.commits += 1;
        self.committed_at = self.now;
        self.append(Entry::Committed(id, bundle));
    }

    fn send(&mut self, index: usize) {
        let now = self.now;
        for (source, period_ms) in SOURCES {
            let person = &mut self.people[index];
            if (now.0 + person.phase_ms) / period_ms == (now.0 + person.phase_ms - TICK_MS) / period_ms {
                continue;
            }
            let Some(group) = &person.client.group else { return };
            let newest = group.epoch();
            let media = &mut person.client.media;
            media.handle_timeout(now);
            let quiet = person.key_frame_at.is_none_or(|at| now.since(at) >= KEY_FRAME_SPACING_MS);
            let wanted = media.is_key_frame_wanted();
            let key = source == Source::Camera && wanted && quiet;
            if key {
                media.clear_key_frame_wanted();
                person.key_frame_at = Some(now);
                self.count.key_frames += 1;
            }
            let number = person.numbers.entry(source).or_default();
            *number += 1;
            let number = *number;
            let (codec, frame) = frame(source, number, key);
            let mut sealed = Vec::new();
            media
                .seal(now, Context::new(source, 0).unwrap(), codec, &frame, &mut sealed)
                .expect("a member always has a key to send with");
            let low = codec.key_id(&sealed).unwrap();
            let epoch = (0..=newest).rev().find(|epoch| low.is_of_epoch(*epoch)).unwrap();
            if let Some(removed) = self.removes.iter().rev().find(|removed| **removed <= newest) {
                assert!(epoch >= *removed, "who has read of a removal seals nothing for the removed");
            }
            let before = person.sending.replace(epoch).unwrap_or(epoch);
            assert!(before <= epoch, "a sender does not go back");
            if self.adds.iter().any(|adds| before < *adds && *adds <= epoch) {
                assert!(wanted || key, "an epoch that adds somebody wants a key frame");
            }
            let sender = person.client.id;
            self.count.sent += 1;
            self.post(sender, source, epoch, number, &sealed);
        }
    }

    /// To everyone who has a line for it.
    fn post(&mut self, sender: ClientId, source: Source, epoch: u64, number: u64, sealed: &[u8]) {
        for person in self.people.iter_mut().filter(|person| !person.gone) {
            let Some(line) = person.lines.get_mut(&(sender, source)) else { continue };
            let arrives = line.last_arrival.max(self.now + 1 + self.dice.below(WAY_MAX_MS));
            line.last_arrival = arrives;
            line.way.push_back(Packet { arrives, epoch, number, sealed: sealed.to_vec() });
        }
    }

    fn receive(&mut self, index: usize) {
        let keys: Vec<_> = self.people[index].lines.keys().copied().collect();
        for key in keys {
            loop {
                let line = self.people[index].lines.get_mut(&key).unwrap();
                if line.way.front().is_none_or(|packet| packet.arrives > self.now) {
                    break;
                }
                let packet = line.way.pop_front().unwrap();
                let ticket = line.next_ticket;
                line.next_ticket += 1;
                self.open(index, key, ticket, packet);
            }
        }
    }

    fn release(&mut self, index: usize) {
        let keys: Vec<_> = self.people[index].lines.keys().copied().collect();
        for key in keys {
            loop {
                let Person { client, lines, .. } = &mut self.people[index];
                let line = lines.get_mut(&key).unwrap();
                let Some(ticket) = client.media.release(self.now, line.id) else { break };
                let packet = line.held.remove(&ticket).unwrap();
                self.open(index, key, ticket, packet);
            }
        }
    }

    fn open(&mut self, index: usize, key: (ClientId, Source), ticket: u32, packet: Packet) {
        let joined = self.people[index].joined.unwrap();
        let Person { client, lines, .. } = &mut self.people[index];
        let line = lines.get_mut(&key).unwrap();
        let codec = if key.1 == Source::Camera { Codec::Vp8 } else { Codec::Opus };
        let mut output = Vec::new();
        let opened = client.media.open(self.now, line.id, ticket, codec, &packet.sealed, &mut output);
        match opened {
            Opened::Frame => {
                assert_eq!(number_of(&output), packet.number);
                if let Some(last) = line.last_number {
                    assert_eq!(packet.number, last + 1, "in order, each once, none left out");
                }
                line.last_number = Some(packet.number);
                if line.first_frame.is_none() {
                    line.first_frame = Some(self.now);
                    let waited = self.now.since(line.opened_at);
                    self.count.first_frame_ms = self.count.first_frame_ms.max(waited);
                }
                self.count.opened += 1;
            }
            Opened::Held => {
                assert!(packet.epoch >= joined, "what was sealed before is not waited for");
                self.count.held += 1;
                line.held.insert(ticket, packet);
            }
            Opened::Dropped { reason, .. } => {
                assert!(
                    packet.epoch < joined,
                    "lost: {reason:?}, sealed in epoch {} and received in {:?}",
                    packet.epoch,
                    client.group.as_ref().map(Group::epoch),
                );
                assert_eq!(line.last_number, None, "only before the first frame");
                self.count.before += 1;
            }
        }
    }

    fn tick(&mut self) {
        self.now = self.now + TICK_MS;
        for index in 0..self.people.len() {
            if !self.people[index].gone {
                self.read_log(index);
                self.people[index].client.media.handle_timeout(self.now);
                self.release(index);
                self.receive(index);
                self.send(index);
            }
        }
        self.commit();
    }

    fn present(&self) -> Vec<usize> {
        (0..self.people.len()).filter(|index| !self.people[*index].gone).collect()
    }

    /// Something happens, by chance.
    fn act(&mut self) {
        let present = self.present();
        match self.dice.below(5) {
            0 | 1 if present.len() < MEMBERS_MAX && self.people.len() < 200 => self.join(),
            2 | 3 if present.len() > 2 => {
                // Whoever is left can go on: at least one other has the group.
                let in_group = |index: &usize| self.people[*index].client.group.is_some();
                let Some(who) = self.dice.pick(&present) else { return };
                if present.iter().filter(|index| in_group(index) && **index != who).count() == 0 {
                    return;
                }
                self.people[who].gone = true;
                let id = self.people[who].client.id;
                self.append(Entry::Departed(id));
                self.count.leaves += 1;
            }
            _ => self.rekey_wanted = true,
        }
    }

    fn run(&mut self, duration_ms: u64, pause_ms: Option<u64>) {
        let end = self.now + duration_ms;
        let mut next_act = self.now;
        while self.now < end {
            self.tick();
            if let Some(pause_ms) = pause_ms
                && self.now >= next_act
            {
                self.act();
                next_act = self.now + self.dice.below(2 * pause_ms);
            }
        }
    }

    /// After a while without changes everything has come out.
    fn finish(mut self) -> Count {
        self.run(6_000, None);
        let present = self.present();
        assert!(present.len() >= 2);
        for index in &present {
            let person = &self.people[*index];
            assert_eq!(person.client.group.as_ref().map(Group::epoch), Some(self.epoch));
            assert_eq!(person.lines.len(), (present.len() - 1) * SOURCES.len());
            for (key, line) in &person.lines {
                assert!(line.held.is_empty(), "{key:?}");
                assert!(line.last_number.is_some(), "{key:?}");
                // 95 ms of sound and pictures may be under way.
                assert!(line.way.len() < 10, "{key:?}");
            }
        }
        self.count
    }
}

/// A frame that says its number.
fn frame(source: Source, number: u64, key: bool) -> (Codec, Vec<u8>) {
    let number = number.to_be_bytes();
    match source {
        Source::Microphone => (Codec::Opus, [&[0x78][..], &number, &[0x5a; 71]].concat()),
        _ if key => (Codec::Vp8, [&[0x10, 2, 0, 0x9d, 1, 0x2a, 8, 0, 8, 0][..], &number, &[9; 150]].concat()),
        _ => (Codec::Vp8, [&[0x31, 2, 0][..], &number, &[9; 60]].concat()),
    }
}

fn number_of(frame: &[u8]) -> u64 {
    let at = match frame[0] {
        0x78 => 1,
        0x10 => 10,
        _ => 3,
    };
    u64::from_be_bytes(frame[at..at + 8].try_into().unwrap())
}

fn run(seed: u64, log_delays_ms: &[u64], pause_ms: u64, duration_ms: u64) -> Count {
    let mut world = World::new(seed, log_delays_ms);
    for _ in 0..3 {
        world.join();
    }
    world.run(duration_ms, Some(pause_ms));
    let count = world.finish();
    println!("seed {seed}, log {log_delays_ms:?} ms, a change every {pause_ms} ms: {count:?}");
    assert!(count.joins >= 4 && count.leaves >= 1 && count.rekeys >= 1 && count.commits >= 8, "{count:?}");
    assert!(count.key_frames > 0 && count.opened > 5_000, "{count:?}");
    count
}

#[test]
fn no_frame_is_lost_while_the_log_takes_less_than_two_seconds() {
    let mut held = 0;
    for seed in 1..=3 {
        let delays = [0, 40, 300, 1_000, LOG_DELAY_MAX_MS];
        held += run(seed, &delays, 900, 12_000).held;
    }
    assert!(held > 1_000, "the log was late often enough: {held}");
}

#[test]
fn no_frame_is_lost_however_fast_changes_follow_each_other() {
    for seed in 11..=12 {
        run(seed, &[0, 0, 0, LOG_DELAY_MAX_MS], 200, 8_000);
    }
}

#[test]
fn with_a_prompt_log_nothing_waits_for_long() {
    let count = run(21, &[0, 30], 700, 15_000);
    assert!(count.held * 20 < count.opened, "{count:?}");
    assert!(count.first_frame_ms <= 600, "{count:?}");
}
