//! Everyone rekeys, so the tree stays warm and a path costs O(log n) however many come and go; where one member alone
//! commits, it costs O(n).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Room;
use tangelo_e2ee::group::{Bundle, CommitOutcome};

/// A path of one node: a public key and one ciphertext with their lengths, and as much again for a node that some
/// joined below since its last rekey.
const NODE_BYTES: f64 = 250.0;
/// What a path commit costs whatever the group: framing, the leaf with its credential, signatures and tags.
const LEAF_BYTES: f64 = 800.0;

fn bound(members: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
    let levels = (members as f64).log2();
    LEAF_BYTES + NODE_BYTES * levels
}

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(n).unwrap()).unwrap()
    }
}

fn members(room: &Room) -> Vec<usize> {
    (0..room.clients.len()).filter(|index| room.clients[*index].group.is_some()).collect()
}

fn accept(room: &mut Room, author: usize, bundle: &Bundle) {
    for outcome in room.accept(author, bundle).into_iter().flatten() {
        assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{outcome:?}");
    }
}

/// A member rekeys and takes the pending work along. Returns the commit's size without the key packages it adds.
fn rekey(room: &mut Room, author: usize) -> usize {
    let client = &mut room.clients[author];
    let work = client.group.as_ref().unwrap().work(&client.presence);
    let bundle = client.commit(&work.adds, &work.removes, true);
    let added: usize = room
        .clients
        .iter()
        .filter(|client| bundle.adds.contains(&client.id))
        .map(|client| client.applicant.key_package().len())
        .sum();
    let size = bundle.commit.len();
    accept(room, author, &bundle);
    size - added.min(size)
}

#[test]
fn commits_stay_logarithmic_through_churn_where_everyone_rekeys() {
    let mut room = Room::of(16);
    let mut dice = Dice(0x7a6e_6765_6c6f);
    for author in members(&room) {
        rekey(&mut room, author);
    }
    let mut person = 17_u8;
    let mut sizes = Vec::new();
    for _ in 0..2 {
        for author in members(&room) {
            if room.clients[author].group.is_none() {
                continue;
            }
            match dice.below(4) {
                0 => {
                    room.arrive(person);
                    person += 1;
                }
                1 => {
                    let all = members(&room);
                    let leaves = all[dice.below(all.len())];
                    if leaves != author {
                        room.depart(leaves);
                        room.clients[leaves].group = None;
                    }
                }
                _ => {}
            }
            let size = rekey(&mut room, author);
            sizes.push((members(&room).len(), size));
        }
    }
    assert!(person > 20 && room.clients.len() - members(&room).len() > 2, "people came and went");
    for (members, size) in &sizes {
        #[expect(clippy::cast_precision_loss, reason = "kilobytes")]
        let size = *size as f64;
        assert!(size <= bound(*members), "{members} members, {size} bytes: {sizes:?}");
    }
}

#[test]
fn a_warm_tree_costs_little_more_at_twice_the_size() {
    let warm = |n: u8| {
        let mut room = Room::of(n);
        for author in members(&room) {
            rekey(&mut room, author);
        }
        rekey(&mut room, usize::from(n / 2))
    };
    let (small, large) = (warm(8), warm(16));
    assert!(large - small <= 250, "one more level: {small} and {large} bytes");
}

#[test]
fn where_nobody_rekeys_a_path_costs_a_ciphertext_for_each_member() {
    let cold = |n: u8| {
        let mut room = Room::of(n);
        rekey(&mut room, 0)
    };
    let (small, large) = (cold(8), cold(24));
    // 32 bytes of KEM output, 48 of ciphertext, and two lengths.
    assert!(large - small >= 16 * 82, "{small} and {large} bytes");
}
