//! No key is used twice with one nonce, and nothing leaves in clear, whatever happens to sources, layers, lines,
//! workers, epochs and groups.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::Room;
use proptest::prelude::*;
use sframe::header::SframeHeader;
use tangelo_e2ee::media::{Change, Codec, Context, Media};
use tangelo_wire::Source;

const SOURCES: [Source; 4] = [Source::Microphone, Source::Camera, Source::Screen, Source::ScreenAudio];
const TAG: usize = 16;
const PEOPLE: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// Frames of a source and layer, each of the same content.
    Seal {
        who: usize,
        source: usize,
        layer: u8,
        count: u8,
    },
    /// A transform is made anew: its lines go, others come.
    NewLines {
        who: usize,
    },
    /// The same epoch is handed over once more.
    InstallAgain {
        who: usize,
    },
    /// The page or the network was lost for a while, but the worker lives: its keys go and the group stays.
    Clear {
        who: usize,
    },
    Rekey {
        who: usize,
    },
    Leave {
        who: usize,
    },
    Join,
    /// The worker dies; another one arrives anew in its place.
    WorkerDies {
        who: usize,
    },
    /// The group is given up for another; media goes on with the same object.
    FoundAnew {
        who: usize,
    },
    Pass {
        ms: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE;
    prop_oneof![
        8 => (who.clone(), 0..4_usize, 0..3_u8, 1..20_u8)
            .prop_map(|(who, source, layer, count)| Step::Seal { who, source, layer, count }),
        2 => who.clone().prop_map(|who| Step::NewLines { who }),
        1 => who.clone().prop_map(|who| Step::InstallAgain { who }),
        1 => who.clone().prop_map(|who| Step::Clear { who }),
        2 => who.clone().prop_map(|who| Step::Rekey { who }),
        1 => who.clone().prop_map(|who| Step::Leave { who }),
        2 => Just(Step::Join),
        1 => who.clone().prop_map(|who| Step::WorkerDies { who }),
        1 => who.prop_map(|who| Step::FoundAnew { who }),
        3 => prop_oneof![0..300_u64, 1_000..12_000_u64].prop_map(|ms| Step::Pass { ms }),
    ]
}

/// A room, and everything that ever left it.
struct World {
    room: Room,
    /// Ciphertexts without tag. All frames of a kind have the same content: the same key and nonce would show as the
    /// same ciphertext, whoever used them and wherever they came from.
    seen: BTreeSet<Vec<u8>>,
    /// Key id and counter of everything that one media object has sealed in one epoch of one group.
    headers: BTreeSet<(usize, Vec<u8>, u64, u64, u64)>,
    /// The last epoch that each client was in: who has left goes on in it.
    epochs: BTreeMap<usize, u64>,
    sealed: u64,
    refused: u64,
}

impl World {
    fn new() -> Self {
        Self {
            room: Room::of(2),
            seen: BTreeSet::new(),
            headers: BTreeSet::new(),
            epochs: BTreeMap::new(),
            sealed: 0,
            refused: 0,
        }
    }

    /// The clients that are in the group, by place; `who` stands for one of them.
    fn members(&self) -> Vec<usize> {
        (0..self.room.clients.len()).filter(|index| self.room.clients[*index].group.is_some()).collect()
    }

    fn member(&self, who: usize) -> Option<usize> {
        let members = self.members();
        members.get(who % members.len().max(1)).copied()
    }

    fn note_epochs(&mut self) {
        for (who, client) in self.room.clients.iter().enumerate() {
            if let Some(group) = &client.group {
                self.epochs.insert(who, group.epoch());
            }
        }
    }

    fn step(&mut self, step: &Step) {
        self.note_epochs();
        match *step {
            Step::Seal { who, source, layer, count } => {
                // Members and those who have no key alike.
                let who = who % self.room.clients.len();
                for _ in 0..count {
                    self.seal(who, SOURCES[source], layer);
                }
            }
            Step::NewLines { who } => {
                let who = who % self.room.clients.len();
                let other = self.room.clients[0].id;
                let media = &mut self.room.clients[who].media;
                let line = media.add_receiver(other, Source::Camera);
                media.remove_receiver(line);
                media.add_receiver(other, Source::Camera);
            }
            Step::InstallAgain { who } => self.install_again(who),
            Step::Clear { who } => {
                if let Some(who) = self.member(who) {
                    self.room.clients[who].media.clear();
                }
                self.install_again(who);
            }
            Step::Rekey { who } => {
                let Some(author) = self.member(who) else { return };
                let bundle = self.room.clients[author].commit(&[], &[], true);
                self.room.accept(author, &bundle);
            }
            Step::Leave { who } => {
                if self.members().len() > 1
                    && let Some(who) = self.member(who)
                {
                    self.leave(who);
                }
            }
            Step::Join => {
                if self.members().len() < PEOPLE {
                    self.join();
                }
            }
            Step::WorkerDies { who } => {
                if self.members().len() > 1
                    && let Some(who) = self.member(who)
                {
                    self.leave(who);
                    self.join();
                }
            }
            Step::FoundAnew { who } => {
                let Some(founder) = self.member(who) else { return };
                let others: Vec<usize> = self.members().into_iter().filter(|m| *m != founder).collect();
                for other in others {
                    self.room.depart(other);
                    self.room.clients[other].group = None;
                }
                // What it arrived with is spent.
                let (context, client) = (self.room.context(), &mut self.room.clients[founder]);
                let name = format!("Person {}", client.person);
                client.applicant = common::applicant(&context, client.id, client.person, &name);
                self.room.found(founder);
                self.join();
            }
            Step::Pass { ms } => {
                self.room.now = self.room.now + ms;
                for client in &mut self.room.clients {
                    client.media.handle_timeout(self.room.now);
                }
            }
        }
    }

    /// What is over must not come back; what is current may be told once more.
    fn install_again(&mut self, who: usize) {
        let Some(who) = self.member(who) else { return };
        let client = &mut self.room.clients[who];
        let change = Change { adds: false, removes: false };
        let _ = client.media.install(self.room.now, client.group.as_ref().unwrap(), change);
    }

    /// Who leaves goes on sending until it notices.
    fn leave(&mut self, who: usize) {
        self.room.depart(who);
        for source in SOURCES {
            self.seal(who, source, 0);
        }
        self.room.clients[who].group = None;
        self.work();
    }

    fn join(&mut self) {
        let person = u8::try_from(self.room.clients.len() % 200).unwrap() + 1;
        self.room.arrive(person);
        self.work();
    }

    fn work(&mut self) {
        let author = self.member(0).unwrap();
        self.room.work(author);
    }

    fn seal(&mut self, who: usize, source: Source, layer: u8) {
        let Some(context) = Context::new(source, layer) else { return };
        let (codec, frame) = match source {
            Source::Microphone | Source::ScreenAudio => (Codec::Opus, [&[0x78][..], &[0x5a; 79]].concat()),
            Source::Camera => (Codec::Vp8, [&[0x31, 0x02, 0x00][..], &[0x5a; 77]].concat()),
            Source::Screen => (Codec::Vp9, vec![0x5a; 80]),
        };
        let mut output = vec![0x5a; 9];
        self.note_epochs();
        let epoch = self.epochs.get(&who).copied().unwrap_or_default();
        let client = &mut self.room.clients[who];
        let group = client.media.group();
        if client.media.seal(self.room.now, context, codec, &frame, &mut output).is_err() {
            assert!(output.is_empty(), "what was not sealed is not handed out");
            self.refused += 1;
            return;
        }
        self.sealed += 1;
        let clear = codec.clear_bytes(&frame).unwrap();
        let header = SframeHeader::deserialize(&output[clear..]).unwrap();
        assert_eq!(output.len(), frame.len() + header.len() + TAG);
        assert_eq!(output[..clear], frame[..clear]);
        let cipher = &output[clear + header.len()..output.len() - TAG];
        assert!(!cipher.windows(6).any(|window| window == [0x5a; 6]), "something is in clear");
        assert!(self.seen.insert(cipher.to_vec()), "{context:?} was sealed with a key and nonce used before");
        // A client's place stands for its media object; the epoch it seals in is the current one or one before.
        let group = group.map(|group| group.0.to_vec()).unwrap_or_default();
        let low = header.key_id() % 64;
        let sending = (0..64).map(|back| epoch.saturating_sub(back)).find(|epoch| epoch % 64 == low).unwrap();
        let nonce = (who, group, sending, header.key_id(), header.counter());
        assert!(self.headers.insert(nonce), "the counter started again");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_nonce_comes_twice_and_nothing_leaves_in_clear(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        for who in 0..world.room.clients.len() {
            for source in SOURCES {
                for layer in 0..3 {
                    world.seal(who, source, layer);
                }
            }
        }
        prop_assert_eq!(world.seen.len() as u64, world.sealed);
    }
}

#[test]
fn wiped_keys_do_not_come_back() {
    let mut room = Room::of(2);
    let change = Change { adds: false, removes: false };
    let client = &mut room.clients[0];
    let group = client.group.as_ref().unwrap();
    client.media.install(room.now, group, change).unwrap();
    client.media.clear();
    assert!(client.media.install(room.now, group, change).is_err());
    // Another epoch is welcome.
    let bundle = room.clients[0].commit(&[], &[], true);
    room.accept(0, &bundle);
    let context = Context::new(Source::Microphone, 0).unwrap();
    let sealed = room.clients[0].media.seal(room.now, context, Codec::Opus, &[0x78; 80], &mut Vec::new());
    assert_eq!(sealed, Ok(()));
}

#[test]
fn two_workers_of_one_device_share_no_key() {
    // A duplicated tab: the same identity in the same group, each with a place of its own.
    let mut room = Room::secret();
    room.arrive(1);
    room.found(0);
    for _ in 0..2 {
        room.arrive(2);
    }
    room.work(0);
    room.now = room.now + 300;
    let mut key_ids = BTreeSet::new();
    for who in 0..3 {
        let context = Context::new(Source::Microphone, 0).unwrap();
        let mut output = Vec::new();
        let media: &mut Media = &mut room.clients[who].media;
        media.seal(room.now, context, Codec::Opus, &[0x78; 80], &mut output).unwrap();
        key_ids.insert(Codec::Opus.key_id(&output).unwrap());
    }
    assert_eq!(key_ids.len(), 3);
}

#[test]
fn layers_of_one_source_have_counters_and_keys_of_their_own() {
    let mut room = Room::of(2);
    let mut headers = BTreeSet::new();
    for round in 0..5 {
        for layer in 0..3 {
            let context = Context::new(Source::Camera, layer).unwrap();
            let mut output = Vec::new();
            let media = &mut room.clients[0].media;
            media.seal(room.now, context, Codec::Vp9, &[0x5a; 40], &mut output).unwrap();
            let header = SframeHeader::deserialize(&output).unwrap();
            assert_eq!(header.counter(), round);
            assert!(headers.insert((header.key_id(), header.counter())));
            // All layers come out of one line: whoever forwards may switch between them.
            let client = room.clients[0].id;
            let line = room.clients[1].media.add_receiver(client, Source::Camera);
            let mut opened = Vec::new();
            let media = &mut room.clients[1].media;
            let verdict = media.open(room.now, line, 0, Codec::Vp9, &output, &mut opened);
            assert_eq!((verdict, opened.len()), (tangelo_e2ee::media::Opened::Frame, 40));
        }
    }
    assert_eq!(headers.iter().map(|(key_id, _)| key_id).collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(Context::new(Source::Camera, 3), None);
}
