//! Entries of the log as members of a real group see them.

use std::cell::RefCell;

use tangelo_e2ee::group::{
    Bundle, CommitEntry, CommitOutcome, Group, MessageEntry, MessageOutcome, WelcomeEntry,
};
use tangelo_wire::{Bytes, ClientId, GroupId, Seq};

use crate::{input::Input, room::Room, seeded};

/// A group and a bundle that its log has not accepted yet.
struct Scene {
    room: Room,
    author: usize,
    bundle: Bundle,
}

impl Scene {
    /// Four members, of whom one renews its keys.
    fn rekey() -> Self {
        let _seeded = seeded();
        let mut room = Room::of(4);
        let bundle = room.clients[1].commit(&[], &[], true);
        Self { room, author: 1, bundle }
    }

    /// Three members: one has departed, and somebody has arrived.
    fn change() -> Self {
        let _seeded = seeded();
        let mut room = Room::of(3);
        room.arrive(4);
        room.depart(2);
        room.clients[2].group = None;
        let (add, remove) = ([room.clients[3].id], [room.clients[2].id]);
        let bundle = room.clients[0].commit(&add, &remove, false);
        Self { room, author: 0, bundle }
    }
}

/// All that can be seen of a member's state.
fn state(group: &Group) -> String {
    format!("{group:?} {:?}", group.members())
}

thread_local! {
    static SCENES: RefCell<[Scene; 2]> = RefCell::new([Scene::rekey(), Scene::change()]);
    static MESSAGES: RefCell<Room> = RefCell::new({
        let _seeded = seeded();
        Room::of(3)
    });
}

/// A `Committed` entry that is not the one that its author made: every member skips it, and is as it was.
pub fn e2ee_commit(data: &[u8]) {
    let mut input = Input::new(data);
    SCENES.with_borrow_mut(|scenes| {
        let which = input.byte();
        let scene = &mut scenes[usize::from(which & 1)];
        let room = &mut scene.room;
        let real = room.clients[scene.author].id;
        let author = if which & 4 == 0 { real } else { room.clients[input.below(4).min(2)].id };
        let mut adds = scene.bundle.adds.clone();
        for _ in 0..input.byte() % 3 {
            adds.push(ClientId([input.byte(); 16]));
        }
        let commit = if which & 2 == 0 {
            Bytes(input.edited(scene.bundle.commit.as_slice()))
        } else {
            Bytes(input.rest().to_vec())
        };
        if (&commit, &adds, author) == (&scene.bundle.commit, &scene.bundle.adds, real) {
            return;
        }
        let seq = room.seq.next();
        for client in &mut room.clients {
            let Some(group) = &mut client.group else { continue };
            let before = state(group);
            let entry = CommitEntry { seq, author, adds: &adds, commit: &commit };
            let outcome = group.process(&client.context, &client.presence, entry);
            assert!(matches!(outcome, Ok(CommitOutcome::Skipped { .. })), "{outcome:?}");
            assert_eq!(state(group), before);
        }
    });
}

/// A `Committed` entry that names a newcomer: it leads into the author's group or nowhere.
pub fn e2ee_welcome(data: &[u8]) {
    let mut input = Input::new(data);
    SCENES.with_borrow(|[_, scene]| {
        let room = &scene.room;
        let newcomer = &room.clients[3];
        let (right_author, right_group) = (room.clients[scene.author].id, room.group_id.unwrap());
        let right_welcome = scene.bundle.welcome.as_ref().unwrap();
        let join = |author: ClientId, group_id: GroupId, seq: Seq, commit: &Bytes, welcome: &Bytes| {
            let entry = WelcomeEntry { seq, author, group_id, adds: &scene.bundle.adds, commit, welcome };
            Group::join(&newcomer.context, &newcomer.applicant, entry)
        };
        let which = input.byte();
        let author = if which & 1 == 0 { right_author } else { room.clients[input.below(4)].id };
        let group_id = GroupId(if which & 2 == 0 { right_group.0 } else { [input.byte(); 32] });
        let (commit, welcome) = match which >> 2 & 3 {
            0 => (scene.bundle.commit.clone(), Bytes(input.edited(right_welcome.as_slice()))),
            1 => (Bytes(input.edited(scene.bundle.commit.as_slice())), right_welcome.clone()),
            2 => (scene.bundle.commit.clone(), Bytes(input.rest().to_vec())),
            _ => (Bytes(input.rest().to_vec()), right_welcome.clone()),
        };
        let seq = room.seq.next();
        if let Ok(group) = join(author, group_id, seq, &commit, &welcome) {
            assert_eq!((author, group_id), (right_author, right_group));
            let right = join(right_author, right_group, seq, &scene.bundle.commit, right_welcome).unwrap();
            assert_eq!(state(&group), state(&right));
        }
    });
}

/// Application messages and fork checks among three members: what is read was written so by its author.
pub fn e2ee_message(data: &[u8]) {
    let mut input = Input::new(data);
    MESSAGES.with_borrow_mut(|room| {
        let ids: Vec<ClientId> = room.clients.iter().map(|client| client.id).collect();
        for _ in 0..4 {
            if input.is_empty() {
                return;
            }
            let kind = input.byte();
            let sender = usize::from(kind >> 4) % 3;
            let author = if kind & 2 == 0 { ids[sender] } else { ids[input.below(3)] };
            if kind & 1 == 0 {
                let plain = input.part().to_vec();
                let good = room.clients[sender].group().seal_message(&plain).unwrap();
                let bytes =
                    Bytes(if kind & 4 == 0 { input.edited(good.as_slice()) } else { input.part().to_vec() });
                for reader in 0..3 {
                    let client = &mut room.clients[reader];
                    let entry = MessageEntry { author, bytes: &bytes };
                    let group = client.group.as_mut().unwrap();
                    match group.open_message(&client.presence, entry) {
                        MessageOutcome::Read(read) => {
                            assert_eq!((&read, author), (&plain, ids[sender]));
                            assert_eq!(bytes, good, "a changed message was read");
                        }
                        MessageOutcome::Own => assert_eq!(author, ids[reader]),
                        MessageOutcome::Skipped(_) | MessageOutcome::Unreadable => {
                            let honest = bytes == good && author == ids[sender];
                            assert!(!honest, "an honest message was not read");
                        }
                    }
                }
            } else {
                let log_id = room.log_id;
                let good = room.clients[sender].group().check(log_id).unwrap();
                let mut check = good.clone();
                check.seq.0 ^= u64::from(input.byte());
                check.epoch ^= u64::from(input.byte());
                check.tag.0 = input.edited(&check.tag.0);
                check.signature.0 = input.edited(&check.signature.0);
                let reader = &mut room.clients[(sender + 1) % 3];
                let group = reader.group.as_mut().unwrap();
                let verified = group.verify_check(&reader.presence, log_id, author, &check);
                assert_eq!(verified, check == good && author == ids[sender]);
            }
        }
    });
}
