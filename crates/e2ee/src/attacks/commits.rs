//! Rules 1 to 4: what is no commit of this group, or not its author's.

use openmls::prelude::{
    LeafNodeParameters, MlsGroup, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider as _,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY,
    tls_codec::{Deserialize as _, Serialize as _},
};
use tangelo_wire::{Bytes, ClientId};

use super::{crypto::LyingProvider, forge::Forgery, insider::Plan, reframe::Parts, world::World};
use crate::{
    Rule,
    group::{Bundle, CommitOutcome, MadeOn},
    leaf::{capabilities, credential_with_key},
};

/// A commit alone.
pub(super) fn bundle(commit: Bytes) -> Bundle {
    Bundle { adds: Vec::new(), commit, welcome: None }
}

#[test]
fn a_good_commit_of_eve_is_as_good_as_any() {
    // What shows that the attacks above fail for their own reason.
    for mut world in [World::new(3, 1), World::new(3, 0), World::new(4, 2), World::named(3, 3)] {
        let context = world.context();
        let newcomer = world.room.arrive(50);
        let plan = Plan::add(&context, world.id(newcomer), world.key_package(newcomer));
        for plan in [Plan { path: true, ..plan }, Plan::path(), Plan::path()] {
            let bundle = world.eve.commit(plan);
            world.eve.go_on_alone();
            for outcome in world.room.accept(world.seat, &bundle).into_iter().flatten() {
                assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{outcome:?}");
            }
            world.room.now = world.room.now + 2_500;
            world.media_flows();
        }
        world.goes_on();
    }
}

#[test]
fn rule_1_what_is_no_commit_of_this_epoch_is_skipped() {
    let mut world = World::new(3, 1);
    let eve = world.eve.id;
    let everyone: Vec<_> = world.honest().into_iter().map(|place| world.id(place)).collect();
    let path = world.eve.commit(Plan::path());

    // No MLS at all, with everyone in `adds`: nobody takes it for news of another group.
    for junk in [vec![], vec![1, 2, 3], vec![0; 90], [path.commit.as_slice(), &[0]].concat()] {
        let junk = Bundle { adds: everyone.clone(), commit: Bytes(junk), welcome: Some(Bytes(vec![0; 90])) };
        assert_eq!(world.refused_from(eve, &junk), (Rule::CommitFraming, MadeOn::Nothing));
    }

    // A commit of another group.
    let mut other = World::new(4, 1);
    let of_other_group = other.eve.commit(Plan::path());
    let of_other_group = Bundle { adds: everyone.clone(), ..of_other_group };
    assert_eq!(world.refused_from(eve, &of_other_group), (Rule::CommitFraming, MadeOn::Nothing));

    // A proposal, to be taken by reference later.
    let proposal = world.eve.propose_removal(0);
    assert_eq!(world.refused(&bundle(proposal)), Rule::CommitFraming);
    world.eve.mls.clear_pending_proposals(world.eve.provider.storage()).unwrap();

    // An encrypted commit: whether it can be read would depend on each member's ratchets.
    let config = MlsGroupJoinConfig::builder().wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY).build();
    let open = world.eve.mls.configuration().clone();
    world.eve.mls.set_configuration(world.eve.provider.storage(), &config).unwrap();
    let private = world.eve.commit(Plan::path());
    world.eve.mls.set_configuration(world.eve.provider.storage(), &open).unwrap();
    assert_eq!(world.refused(&private), Rule::CommitFraming);

    // A replay: once good, now of a past epoch. And one of an epoch to come.
    world.goes_on();
    assert_eq!(world.refused_from(eve, &path), (Rule::CommitFraming, MadeOn::AnotherState));
    let path = world.eve.commit(Plan::path());
    let to_come = world.eve.reframe(&path.commit, |parts| parts.content[Parts::EPOCH.end - 1] += 1);
    assert_eq!(world.refused(&bundle(to_come)), Rule::CommitFraming);
    world.goes_on();
}

#[test]
fn rule_1_nobody_comes_in_by_an_external_commit() {
    let mut world = World::new(3, 1);
    let outsider = world.guest_id();
    let forgery = Forgery::new(&world.context(), outsider);
    assert_eq!(world.arrive(&forgery).1, Ok(()));
    let (eve, crypto) = (&world.eve, &world.eve.provider.crypto);
    let info = eve.mls.export_group_info(crypto, &eve.key, true).unwrap().tls_serialize_detached().unwrap();
    let MlsMessageBodyIn::GroupInfo(info) = MlsMessageIn::tls_deserialize_exact(&info).unwrap().extract()
    else {
        panic!("no GroupInfo")
    };
    let provider = LyingProvider::default();
    let (_, message) = MlsGroup::external_commit_builder()
        .skip_lifetime_validation()
        .build_group(&provider, info, credential_with_key(&forgery.credential, &forgery.key))
        .unwrap()
        .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(capabilities()).build())
        .load_psks(provider.storage())
        .unwrap()
        .build(provider.rand(), provider.crypto(), &forgery.key, |_| true)
        .unwrap()
        .finalize(&provider)
        .unwrap();
    let commit = Bytes(message.into_commit().tls_serialize_detached().unwrap());
    for author in [outsider, world.eve.id] {
        assert_eq!(world.refused_from(author, &bundle(commit.clone())).0, Rule::CommitFraming);
    }
    world.goes_on();
}

#[test]
fn rule_2_who_posts_a_commit_has_signed_it() {
    let mut world = World::new(3, 1);
    // Eve's commit in the name of others: somebody else would be blamed for it.
    let commit = world.eve.commit(Plan::path());
    let honest = world.id(0);
    assert_eq!(world.refused_from(honest, &commit).0, Rule::CommitAuthor);
    // An honest commit in Eve's name, and one of who is no member.
    let guest = world.guest_id();
    assert_eq!(world.arrive(&Forgery::new(&world.context(), guest)).1, Ok(()));
    assert_eq!(world.refused_from(guest, &commit).0, Rule::CommitAuthor);
    let stolen = world.room.clients[2].commit(&[], &[], true);
    world.room.clients[2].group().discard_commit().unwrap();
    assert_eq!(world.refused(&stolen), Rule::CommitAuthor);
    world.goes_on();
}

#[test]
fn rule_2_the_leaf_that_signs_cannot_be_borrowed() {
    let mut world = World::new(3, 1);
    let (honest, path) = (world.id(0), world.eve.commit(Plan::path()));
    // She names another's leaf as the sender, and signs with her own key.
    let forged = world.eve.reframe(&path.commit, |parts| parts.content[Parts::LEAF].fill(0));
    assert_eq!(world.refused_from(honest, &bundle(forged.clone())).0, Rule::CommitMls);
    assert_eq!(world.refused(&bundle(forged)), Rule::CommitAuthor);
    world.goes_on();
}

#[test]
fn rule_3_who_departed_commits_nothing() {
    let mut world = World::new(3, 1);
    world.room.depart(world.seat);
    assert_eq!(world.attack(Plan::path()), Rule::CommitAuthorPresent);
    assert_eq!(world.room.clients[0].group().member(world.eve.id), None);
}

#[test]
fn rule_4_tags_and_signatures_count_whole() {
    let mut world = World::new(3, 1);
    let good = world.eve.commit(Plan::path());
    let reframe =
        |world: &World, change: &dyn Fn(&mut Parts)| bundle(world.eve.reframe(&good.commit, change));
    assert_eq!(reframe(&world, &|_| ()), Bundle { adds: vec![], ..good.clone() }, "reframing is right");

    // GHSA-8x3w-qj7j-gqhf: a tag that is cut short must not count, down to nothing at all.
    for length in [31, 16, 1, 0] {
        let short = reframe(&world, &|parts| parts.confirmation_tag.truncate(length));
        assert_eq!(world.refused(&short), Rule::CommitMls, "confirmation tag of {length} bytes");
        let tag = good.commit.as_slice()[good.commit.len() - 32..].to_vec();
        let short = reframe(&world, &|parts| parts.membership_tag = Some(tag[..length].to_vec()));
        assert_eq!(world.refused(&short), Rule::CommitMls, "membership tag of {length} bytes");
        let short = reframe(&world, &|parts| parts.signature = Some(vec![0; length]));
        assert_eq!(world.refused(&short), Rule::CommitMls, "signature of {length} bytes");
    }
    for changed in [
        reframe(&world, &|parts| parts.confirmation_tag[31] ^= 1),
        reframe(&world, &|parts| parts.membership_tag = Some(vec![7; 32])),
        reframe(&world, &|parts| parts.signature = Some(vec![7; 64])),
    ] {
        assert_eq!(world.refused(&changed), Rule::CommitMls);
    }
    world.goes_on();
}

#[test]
fn rule_4_a_tag_that_is_short_from_the_start_counts_for_nothing() {
    let mut world = World::new(3, 1);
    // Not cut off afterwards, but short in everything that is computed over it.
    world.eve.provider.crypto.on_tag = Some(Box::new(|tag| tag[..4].to_vec()));
    let short = world.eve.commit(Plan::path());
    world.eve.provider.crypto.honest();
    assert_eq!(world.refused(&short), Rule::CommitMls);
    world.goes_on();
}

#[test]
fn rule_4_proposals_by_reference_are_not_taken() {
    let mut world = World::new(3, 1);
    world.room.depart(2);
    // She posts the proposal first; nobody keeps it.
    let proposal = bundle(world.eve.propose_removal(2));
    assert_eq!(world.refused(&proposal), Rule::CommitFraming);
    let commit = world.eve.commit(Plan { by_reference: true, ..Plan::default() });
    assert_eq!(world.refused(&commit), Rule::CommitMls);
    world.eve.mls.clear_pending_proposals(world.eve.provider.storage()).unwrap();
    world.room.clients[2].group = None;
    world.goes_on();
}

#[test]
fn rule_4_the_same_client_twice_in_one_commit_is_too_much() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    // OpenMLS will not build it: the second Add is written in by hand. The tag cannot be right; the Adds come first.
    let good = world.eve.commit(Plan::add(&context, id, key_package.clone()));
    let add = [&[1, 0, 1][..], &key_package.tls_serialize_detached().unwrap()].concat();
    let twice = world.eve.reframe(&good.commit, |parts| {
        let body = parts.content.split_off(Parts::COMMIT);
        let length = usize::from(u16::from_be_bytes([body[0], body[1]]) & 0x3fff);
        let proposals = [&body[2..2 + length], &add].concat();
        parts.content.extend(super::reframe::with_length(&proposals));
        parts.content.extend_from_slice(&body[2 + length..]);
    });
    let twice = Bundle { adds: vec![id], commit: twice, welcome: good.welcome };
    assert_eq!(world.refused(&twice), Rule::CommitMls);
    world.goes_on();
}

#[test]
fn rule_18_a_commit_is_not_stuffed_with_what_takes_long_to_check() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    let good = world.eve.commit(Plan::add(&context, id, key_package.clone()));
    let add = [&[1, 0, 1][..], &key_package.tls_serialize_detached().unwrap()].concat();
    let stuffed = bundle(world.eve.write_commit(&add.repeat(16_000 / add.len())));
    // Nor do names help of who is not here, or the same one again and again.
    let strangers = (100..200).map(|number| ClientId([number; 16])).collect();
    for adds in [vec![], strangers, vec![id; 100]] {
        let stuffed = Bundle { adds, ..stuffed.clone() };
        assert_eq!(world.refused_from(world.eve.id, &stuffed), (Rule::CommitLength, MadeOn::Nothing));
    }
    world.eve.go_on_alone();
    for outcome in world.room.accept(world.seat, &good).into_iter().flatten() {
        assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{outcome:?}");
    }
    world.room.now = world.room.now + 2_500;
    world.goes_on();
}

#[test]
fn rule_4_what_mls_forbids_is_refused_though_every_tag_is_right() {
    let mut world = World::new(3, 1);
    // ExternalInit from a member; a type that nobody supports; SelfRemove by value; nothing at all without a path.
    let external_init = [&[1, 0, 6, 32][..], &[7; 32]].concat();
    for proposals in [external_init.as_slice(), &[1, 0xf0, 0x0d, 0], &[1, 0, 10], &[]] {
        let commit = bundle(world.eve.write_commit(proposals));
        assert_eq!(world.refused(&commit), Rule::CommitMls, "{proposals:?}");
    }
    world.goes_on();
}

#[test]
fn rule_4_nobody_is_removed_without_a_path() {
    // Else who is removed would go on: the next keys would come from those that it has.
    for seat in [0, 1] {
        let mut world = World::new(3, seat);
        let tree_hash = world.eve.mls.public_group().group_context().tree_hash();
        assert_eq!(world.eve.tree_hash_without(None), tree_hash, "the hash is computed right");
        world.room.depart(2);
        let remove = [1, 0, 3, 0, 0, 0, 2];
        let commit = world.eve.write_commit_to(&remove, &world.eve.tree_hash_without(Some(2)));
        assert_eq!(world.refused(&bundle(commit)), Rule::CommitMls);
        world.room.clients[2].group = None;
        world.goes_on();
    }
}
