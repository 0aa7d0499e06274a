//! Poisoned paths: every member decrypts another ciphertext of a path (RFC 9420 section 7.5), so Eve can send one of
//! them nonsense while everything that all can see is in order. Who got nonsense must know that the others moved on.

use openmls::prelude::{Capabilities, LeafNodeParameters, ProposalType};
use openmls_traits::types::HpkeCiphertext;
use tangelo_wire::ClientId;

use super::{
    crypto::{Sealed, Sealing},
    insider::Plan,
    reframe::with_length,
    world::World,
};
use crate::{
    Rule,
    group::{Bundle, CommitOutcome},
    hpke_key,
    leaf::SUITE,
};

/// What the victim gets in place of its path secret.
#[derive(Clone, Copy, Debug)]
enum Poison {
    /// A ciphertext that does not decrypt.
    Garbage,
    /// No ciphertext at all.
    Nothing,
    /// Something that is no path secret.
    NoSecret,
    Secret(&'static [u8]),
}

/// Path secrets (RFC 9420 section 7.4) with their length before them.
const WRONG: Poison = Poison::Secret(&[32; 33]);
const SHORT: Poison = Poison::Secret(&[4, 1, 2, 3, 4]);
const EMPTY: Poison = Poison::Secret(&[0]);
const LONG: Poison = Poison::Secret(&[48; 49]);
const ALL: [Poison; 7] = [Poison::Garbage, Poison::Nothing, Poison::NoSecret, WRONG, SHORT, EMPTY, LONG];

impl Poison {
    fn sealed(self) -> Sealed {
        let ciphertext = |kem_output: Vec<u8>, ciphertext: Vec<u8>| {
            Sealed::Ciphertext(HpkeCiphertext {
                kem_output: kem_output.into(),
                ciphertext: ciphertext.into(),
            })
        };
        match self {
            Self::Garbage => ciphertext(vec![9; 32], vec![7; 49]),
            Self::Nothing => ciphertext(vec![], vec![]),
            Self::NoSecret => Sealed::Plaintext(vec![0xff; 32]),
            Self::Secret(secret) => Sealed::Plaintext(secret.to_vec()),
        }
    }
}

/// Eve posts a commit whose path is poisoned for the holders of `key`, and goes where it leads. Returns who diverged;
/// everyone else merged it.
fn poison(world: &mut World, plan: Plan, key: Option<Vec<u8>>, poison: Poison) -> Vec<usize> {
    world.eve.provider.crypto.on_seal = Some(Box::new(move |sealing: &Sealing<'_>| {
        let hit = sealing.path && key.as_ref().is_none_or(|key| key == sealing.to);
        if hit { poison.sealed() } else { Sealed::AsItIs }
    }));
    let bundle = world.eve.commit(plan);
    world.eve.provider.crypto.honest();
    world.eve.go_on_alone();
    let outcomes = world.post(world.eve.id, &bundle);
    let diverged = |(place, outcome): (usize, CommitOutcome)| match outcome {
        CommitOutcome::Diverged => Some(place),
        CommitOutcome::Merged { .. } => None,
        other => panic!("{place}: {other:?}"),
    };
    outcomes.into_iter().filter_map(diverged).collect()
}

fn leaf_key(world: &World, client: ClientId) -> Vec<u8> {
    let leaf = world.room.clients[world.honest()[0]].group.as_ref().unwrap().member(client).unwrap().leaf;
    let leaf = world.eve.mls.public_group().leaf(openmls::prelude::LeafNodeIndex::new(leaf)).unwrap();
    hpke_key::of(leaf.encryption_key())
}

#[test]
fn who_gets_nonsense_in_a_path_knows_that_the_others_moved_on() {
    for seat in [0, 2, 4] {
        for victim in (0..5_usize).filter(|place| *place != seat) {
            // All kinds for neighbours, two for the others.
            let kinds = if victim.abs_diff(seat) == 1 { &ALL[..] } else { &[Poison::Garbage, WRONG][..] };
            for &nonsense in kinds {
                let mut world = World::new(4, seat);
                let number = world.room.clients[victim].number();
                let key = leaf_key(&world, world.id(victim));
                let diverged = poison(&mut world, Plan::path(), Some(key), nonsense);
                assert_eq!(diverged, [victim], "{nonsense:?} from {seat}");
                world.arrive_anew(victim);
                world.work();
                assert_eq!(world.honest().len(), 4);
                assert!(world.honest().iter().all(|place| world.room.clients[*place].number() == number));
            }
        }
    }
}

#[test]
fn who_shares_a_node_of_the_tree_shares_the_nonsense() {
    for nonsense in [Poison::Garbage, WRONG, SHORT] {
        let mut world = World::new(7, 2);
        // Paths of several members: nonsense to a node of the tree hits everyone below it.
        for author in [0, 5, 7] {
            let bundle = world.room.clients[author].commit(&[], &[], true);
            world.room.accept(author, &bundle);
            world.eve.follow(&bundle.commit);
        }
        let number = world.room.clients[0].number();
        let nodes: Vec<_> = world.eve.mls.export_ratchet_tree().parents().map(hpke_key::of).collect();
        let mut hit = 0;
        for node in nodes {
            let diverged = poison(&mut world, Plan::path(), Some(node), nonsense);
            hit = hit.max(diverged.len());
            for place in diverged {
                world.arrive_anew(place);
            }
            world.work();
            assert!(world.honest().iter().all(|place| world.room.clients[*place].number() == number));
        }
        assert!(hit >= 2, "no node of several members was hit");
        assert_eq!(world.honest().len(), 7);
    }
}

#[test]
fn nonsense_in_a_commit_that_breaks_a_rule_moves_nobody() {
    for seat in [0, 2] {
        let mut world = World::new(3, seat);
        let victim = world.honest()[1];
        let key = leaf_key(&world, world.id(victim));
        let more = Capabilities::new(None, Some(&[SUITE]), None, Some(&[ProposalType::Custom(0xf00d)]), None);
        let leaf = LeafNodeParameters::builder().with_capabilities(more).build();
        for (plan, rule) in [
            (Plan { leaf, ..Plan::path() }, Rule::PathLeaf),
            (Plan { removes: vec![3], ..Plan::path() }, Rule::RemoveDeparted),
            (Plan { named: vec![world.id(victim)], ..Plan::path() }, Rule::CommitAdds),
        ] {
            let key = key.clone();
            world.eve.provider.crypto.on_seal = Some(Box::new(move |sealing: &Sealing<'_>| {
                if sealing.path && key == sealing.to { Poison::Garbage.sealed() } else { Sealed::AsItIs }
            }));
            let bundle = world.eve.commit(plan);
            world.eve.provider.crypto.honest();
            // Whoever can decrypt the path and the one who cannot say the same.
            let before = world.views();
            for (place, outcome) in world.post(world.eve.id, &bundle) {
                assert!(
                    matches!(outcome, CommitOutcome::Skipped { rule: r, .. } if r == rule),
                    "{place}: {outcome:?}"
                );
            }
            assert!(world.views() == before);
        }
        world.goes_on();
    }
}

#[test]
fn nonsense_for_everyone_costs_one_reconnect_and_no_more() {
    for nonsense in [Poison::Garbage, WRONG] {
        let mut world = World::new(4, 1);
        let number = world.room.clients[0].number();
        let everyone = world.honest();
        assert_eq!(poison(&mut world, Plan::path(), None, nonsense), everyone);
        // Eve alone holds a group now. They come back; who waits founds anew (docs/protocol.md), and she drops hers.
        let mut places: Vec<_> = everyone.into_iter().map(|place| world.arrive_anew(place)).collect();
        let seat = world.seat;
        places.push(world.arrive_anew(seat));
        world.room.found(places[0]);
        world.room.work(places[0]);
        assert_eq!(world.honest(), places);
        world.room.now = world.room.now + 2_500;
        world.media_flows();
        assert_eq!(world.room.clients[places[0]].number(), number);
    }
}

#[test]
fn nonsense_beside_an_add_does_not_touch_the_newcomer() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let newcomer = world.room.arrive(50);
    let key = leaf_key(&world, world.id(2));
    let id = world.id(newcomer);
    let plan = Plan { path: true, ..Plan::add(&context, id, world.key_package(newcomer)) };
    assert_eq!(poison(&mut world, plan, Some(key), Poison::Garbage), [2]);
    world.arrive_anew(2);
    // The newcomer took no Welcome in this test: it comes back, too.
    world.arrive_anew(newcomer);
    world.work();
    assert_eq!(world.honest().len(), 4);
}

/// Writes the path of Eve's commit anew, at leaf 1 of a blank tree of four: nodes (RFC 9420 section 7.6) as `nodes` makes
/// them of the node above her, the root's key, and its two ciphertexts for the leaves 2 and 3.
fn with_nodes(world: &World, good: &Bundle, nodes: impl FnOnce(&[u8], &[u8], &[u8]) -> Vec<u8>) -> Bundle {
    // Keys and ciphertexts (32, 32 and 48 bytes) have one byte of length, lists of ciphertexts and nodes two.
    const KEY: usize = 33;
    const CIPHERTEXT: usize = 33 + 49;
    const BELOW: usize = KEY + 2 + CIPHERTEXT;
    const ROOT: usize = KEY + 2 + 2 * CIPHERTEXT;
    let commit = world.eve.rewrite(&good.commit, |content| {
        let path = content.split_off(content.len() - (2 + BELOW + ROOT));
        let (below, root) = path[2..].split_at(BELOW);
        content.extend(with_length(&nodes(below, &root[..KEY], &root[KEY + 2..])));
    });
    Bundle { commit, ..good.clone() }
}

#[test]
fn who_gets_no_ciphertext_in_a_path_knows_that_the_others_moved_on() {
    // MLS does not count them: whose is missing cannot follow, and everyone else does.
    for (ciphertexts, cut_off) in [(2, &[][..]), (1, &[3]), (0, &[2, 3]), (3, &[])] {
        let mut world = World::new(3, 1);
        let number = world.room.clients[0].number();
        let good = world.eve.commit(Plan::path());
        let bundle = with_nodes(&world, &good, |below, key, sealed| {
            let one = sealed.len() / 2;
            let sealed = [sealed, &sealed[one..]].concat();
            [below, key, &with_length(&sealed[..ciphertexts * one])].concat()
        });
        assert_eq!(ciphertexts == 2, bundle == good, "rewriting is right");
        for (place, outcome) in world.post(world.eve.id, &bundle) {
            match outcome {
                CommitOutcome::Diverged => assert!(cut_off.contains(&place), "{ciphertexts}: {place}"),
                CommitOutcome::Merged { .. } => assert!(!cut_off.contains(&place), "{ciphertexts}: {place}"),
                other => panic!("{ciphertexts}: {place}: {other:?}"),
            }
        }
        for place in cut_off {
            world.arrive_anew(*place);
        }
        // What she wrote is not what her own OpenMLS made: she cannot follow it either.
        let seat = world.seat;
        world.arrive_anew(seat);
        world.room.now = world.room.now + 2_500;
        world.work();
        assert_eq!(world.honest().len(), 4);
        assert!(world.honest().iter().all(|place| world.room.clients[*place].number() == number));
    }
}

#[test]
fn rule_4_a_path_has_as_many_nodes_as_the_tree_asks_for() {
    let mut world = World::new(3, 1);
    let good = world.eve.commit(Plan::path());
    let without_root = with_nodes(&world, &good, |below, _, _| below.to_vec());
    let without_any = with_nodes(&world, &good, |_, _, _| Vec::new());
    let one_too_many =
        with_nodes(&world, &good, |below, key, sealed| [below, below, key, &with_length(sealed)].concat());
    for bundle in [without_root, without_any, one_too_many] {
        assert_eq!(world.refused(&bundle), Rule::CommitMls);
    }
    world.goes_on();
}
