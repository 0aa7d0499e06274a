//! Rules 1 to 17: commits that an insider must not get through.

use openmls::prelude::{
    BasicCredential, Capabilities, CredentialWithKey, Extensions, KeyPackage, LeafNodeParameters, MlsGroup,
    MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider as _,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY,
    tls_codec::{Deserialize as _, Serialize as _},
};
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};
use tangelo_wire::Bytes;

use super::{
    common::Room,
    crypto::LyingProvider,
    forge::Forgery,
    insider::{Insider, Plan, external_senders, link_psk},
    reframe::Parts,
    world::World,
};
use crate::{
    LeafKey, Rule,
    group::{Bundle, CommitEntry, CommitOutcome, MadeOn},
    leaf::{SUITE, capabilities, credential_with_key},
};

fn bundle(commit: Bytes) -> Bundle {
    Bundle { adds: Vec::new(), commit, welcome: None }
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
fn rule_5_only_adds_removes_and_psks() {
    let mut world = World::new(3, 1);
    // Who is an external sender may propose without being a member.
    let extensions = external_senders(&world.eve.key);
    let plan = Plan { context_extensions: Some(extensions), ..Plan::path() };
    assert_eq!(world.attack(plan), Rule::CommitProposals);
    // Nothing but an empty list of extensions.
    let plan = Plan { context_extensions: Some(Extensions::empty()), ..Plan::default() };
    assert_eq!(world.attack(plan), Rule::CommitProposals);
}

#[test]
fn rule_5_the_group_is_not_led_elsewhere() {
    let mut world = World::new(3, 1);
    // ReInit (RFC 9420 section 12.1.5): type, group id, version, suite, no extensions. Valid by MLS, and the end of
    // the group.
    let reinit = [&[1, 0, 5][..], &super::reframe::with_length(b"elsewhere"), &[0, 1, 0, 1, 0]].concat();
    let commit = bundle(world.eve.write_commit(&reinit));
    assert_eq!(world.refused_from(world.eve.id, &commit), (Rule::CommitProposals, MadeOn::ThisState));
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
fn rule_6_the_entry_names_whom_the_commit_adds() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let (newcomer, other) = (world.room.arrive(50), world.room.arrive(51));
    let (newcomer, other, key_package) = (world.id(newcomer), world.id(other), world.key_package(newcomer));
    // Named but not added: it would wait for a Welcome that never comes. Added but not named: it would never know.
    for named in [vec![], vec![other], vec![newcomer, other], vec![newcomer, newcomer], vec![world.id(0)]] {
        let plan = Plan { named, ..Plan::add(&context, newcomer, key_package.clone()) };
        let bundle = world.eve.commit(plan);
        assert_eq!(world.refused(&bundle), Rule::CommitAdds);
    }
    let plan = Plan { named: vec![newcomer], ..Plan::path() };
    assert_eq!(world.attack(plan), Rule::CommitAdds);
}

#[test]
fn rule_7_only_who_arrived_is_added() {
    let mut world = World::new(3, 1);
    let context = world.context();
    // A ghost: good papers, but the log never said that it came.
    let ghost = world.guest_id();
    let (key_package, _) = Forgery::new(&context, ghost).make();
    assert_eq!(world.attack(Plan::add(&context, ghost, key_package)), Rule::AddArrived);
    // Somebody who is there, with a key package of Eve's making: she would read in its place.
    let newcomer = world.room.arrive(50);
    let newcomer = world.id(newcomer);
    let (key_package, _) = Forgery::new(&context, newcomer).make();
    assert_eq!(world.attack(Plan::add(&context, newcomer, key_package)), Rule::AddArrived);
    // A credential too short to name anybody.
    let mut nobody = Forgery::new(&context, ghost);
    nobody.credential.truncate(9);
    assert_eq!(world.attack(Plan::add(&context, ghost, nobody.make().0)), Rule::AddArrived);
}

#[test]
fn rule_7_nobody_is_added_before_the_arrival() {
    let mut world = World::new(3, 1);
    let (context, posted) = (world.context(), world.room.next());
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    let bundle = world.eve.commit(Plan::add(&context, id, key_package));
    let before = world.views();
    for place in world.honest() {
        let client = &mut world.room.clients[place];
        let entry =
            CommitEntry { seq: posted, author: world.eve.id, adds: &bundle.adds, commit: &bundle.commit };
        let group = client.group.as_mut().unwrap();
        let outcome = group.process(&client.context, &client.presence, entry).unwrap();
        assert!(matches!(outcome, CommitOutcome::Skipped { rule: Rule::AddArrived, .. }), "{outcome:?}");
    }
    assert!(world.views() == before);
    world.goes_on();
}

#[test]
fn rule_8_who_departed_before_the_epoch_stays_out() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let gone = world.room.arrive(50);
    let (id, key_package) = (world.id(gone), world.key_package(gone));
    world.room.depart(gone);
    // Departed within the window: commits that were under way still count, so it can be added (and is removed again).
    let early = world.eve.commit(Plan::add(&context, id, key_package.clone()));
    world.work();
    assert_eq!(world.attack(Plan::add(&context, id, key_package)), Rule::AddPresent);
    assert_eq!(world.refused(&early), Rule::CommitFraming);
}

#[test]
fn rule_9_nobody_is_added_whose_key_package_breaks_a_rule() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&context, guest);
    forgery.lifetime = openmls::prelude::Lifetime::new(60);
    let (key_package, verdict) = world.arrive(&forgery);
    assert_eq!(verdict, Err(Rule::KeyPackageLifetime));
    assert_eq!(world.attack(Plan::add(&context, guest, key_package)), Rule::AddAdmissible);
}

#[test]
fn rule_10_a_client_that_departed_does_not_come_back_in_the_commit_that_removes_it() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let zombie = world.goes_on();
    let (id, key_package) = (world.id(zombie), world.key_package(zombie));
    let leaf = world.room.clients[0].group().member(id).unwrap().leaf;
    world.room.depart(zombie);
    world.room.clients[zombie].group = None;
    let plan = Plan { removes: vec![leaf], ..Plan::add(&context, id, key_package) };
    assert_eq!(world.attack(plan), Rule::AddOnce);
    assert_eq!(world.room.clients[0].group().member(id), None);
}

#[test]
fn rule_11_nobody_is_removed_who_is_present() {
    let mut world = World::new(3, 1);
    assert_eq!(world.attack(Plan { removes: vec![2], ..Plan::default() }), Rule::RemoveDeparted);
    // Not beside somebody who did depart either.
    world.room.depart(3);
    let bundle = world.eve.commit(Plan { removes: vec![3, 0], ..Plan::default() });
    world.room.clients[3].group = None;
    assert_eq!(world.refused(&bundle), Rule::RemoveDeparted);
    world.goes_on();
}

#[test]
fn rule_12_the_links_psk_is_in_every_commit_that_adds_and_in_no_other() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    let add = |psks| Plan { psks, ..Plan::add(&context, id, key_package.clone()) };
    for psks in [vec![], vec![link_psk(&context), link_psk(&context)]] {
        let bundle = world.eve.commit(add(psks));
        assert_eq!(world.refused(&bundle), Rule::CommitPsk);
    }
    // Where nobody is added.
    let bundle = world.eve.commit(Plan { psks: vec![link_psk(&context)], ..Plan::path() });
    assert_eq!(world.refused(&bundle), Rule::CommitPsk);

    // PSKs that some members hold and others do not: a fork if each one judged by what it has.
    let of_eve =
        PreSharedKeyId::new(SUITE, world.eve.provider.rand(), Psk::External(ExternalPsk::new(vec![1])));
    let of_eve = of_eve.unwrap();
    of_eve.store(&world.eve.provider, &[7; 32]).unwrap();
    let bundle = world.eve.commit(add(vec![of_eve.clone()]));
    assert_eq!(world.refused(&bundle), Rule::CommitMls);
    world.room.clients[0].group().store_psk(&of_eve, &[7; 32]);
    let before = world.views();
    let outcomes = world.post(world.eve.id, &bundle);
    assert!(outcomes.iter().all(|(_, o)| matches!(o, CommitOutcome::Skipped { .. })), "{outcomes:?}");
    assert!(world.views() == before);
    // A resumption PSK, which only those hold who were there: nobody keeps one, so not even she can build it.
    let epoch = world.eve.mls.epoch().as_u64().to_be_bytes();
    let group_id = super::reframe::with_length(world.eve.mls.group_id().as_slice());
    let resumption = [&[2, 1][..], &group_id, &epoch, &[32], &[9; 32]].concat();
    let resumption = PreSharedKeyId::tls_deserialize_exact(&resumption).unwrap();
    assert!(world.eve.try_commit(add(vec![resumption])).is_err());
    world.goes_on();
}

#[test]
fn rule_12_a_psk_that_a_member_holds_is_refused_by_that_member_too() {
    let mut world = World::new(3, 1);
    let context = world.context();
    let other =
        PreSharedKeyId::new(SUITE, world.eve.provider.rand(), Psk::External(ExternalPsk::new(vec![1])));
    let other = other.unwrap();
    other.store(&world.eve.provider, &[7; 32]).unwrap();
    for place in world.honest() {
        world.room.clients[place].group().store_psk(&other, &[7; 32]);
    }
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    for psks in [vec![other.clone()], vec![link_psk(&context), other]] {
        let plan = Plan { psks, ..Plan::add(&context, id, key_package.clone()) };
        let bundle = world.eve.commit(plan);
        assert_eq!(world.refused(&bundle), Rule::CommitPsk);
    }
    world.goes_on();
}

#[test]
fn rule_12_a_room_without_a_secret_has_no_psk() {
    let mut world = World::named(3, 1);
    let context = world.context();
    let newcomer = world.room.arrive(50);
    let (id, key_package) = (world.id(newcomer), world.key_package(newcomer));
    let psk = PreSharedKeyId::new(SUITE, world.eve.provider.rand(), Psk::External(ExternalPsk::new(vec![1])));
    let psk = psk.unwrap();
    psk.store(&world.eve.provider, &[7; 32]).unwrap();
    for place in world.honest() {
        world.room.clients[place].group().store_psk(&psk, &[7; 32]);
    }
    let plan = Plan { psks: vec![psk], ..Plan::add(&context, id, key_package) };
    assert_eq!(world.attack(plan), Rule::CommitPsk);
}

#[test]
fn rule_15_a_path_changes_nothing_of_its_author_but_the_key() {
    let mut world = World::new(3, 1);
    let context = world.context();
    // Another's name and identity in her own leaf; the signature key stays.
    let papers = super::forge::Papers::new(&context, world.eve.id, &world.eve.key.public(), 1);
    let credential = CredentialWithKey {
        credential: BasicCredential::new(papers.write(&context, &world.eve.key.public())).into(),
        signature_key: world.eve.key.public().to_vec().into(),
    };
    let leaf = LeafNodeParameters::builder().with_credential_with_key(credential).build();
    assert_eq!(world.attack(Plan { leaf, ..Plan::path() }), Rule::PathLeaf);
    // Another signature key, under the old credential.
    let plan = Plan { new_key: Some(LeafKey::new().unwrap()), ..Plan::path() };
    assert_eq!(world.attack(plan), Rule::PathLeaf);
    // Capabilities that would let her bring in proposals that are not ours.
    let mut more = capabilities();
    more = Capabilities::new(
        None,
        Some(&[SUITE]),
        None,
        Some(&[openmls::prelude::ProposalType::Custom(0xf00d)]),
        Some(more.credentials()),
    );
    let leaf = LeafNodeParameters::builder().with_capabilities(more).build();
    assert_eq!(world.attack(Plan { leaf, ..Plan::path() }), Rule::PathLeaf);
    // Extensions in the leaf: bytes that everybody would carry along.
    let id =
        openmls::prelude::Extension::ApplicationId(openmls::prelude::ApplicationIdExtension::new(&[7; 900]));
    let leaf = LeafNodeParameters::builder().with_extensions(Extensions::single(id).unwrap()).build();
    assert_eq!(world.attack(Plan { leaf, ..Plan::path() }), Rule::PathLeaf);
}

#[test]
fn rule_16_the_1025th_leaf_is_refused() {
    let mut room = Room::secret();
    room.arrive(1);
    room.arrive(super::world::EVE);
    room.found(0);
    let bundle = room.work(0);
    let eve = Insider::join(&room.clients[1].applicant, bundle.welcome.as_ref().unwrap());
    room.clients[1].group = None;
    let mut world = World::of(room, eve, 1);
    let context = world.context();
    // Clients of Eve's, as many as fit.
    for batch in 0..7_u32 {
        let mut plan = Plan { psks: vec![link_psk(&context)], ..Plan::default() };
        for number in 0..146_u32 {
            let id = guest(batch * 146 + number);
            let (key_package, verdict) = world.arrive(&Forgery::new(&context, id));
            assert_eq!(verdict, Ok(()));
            plan.adds.push(key_package);
            plan.named.push(id);
        }
        let bundle = world.eve.commit(plan);
        world.eve.go_on_alone();
        let outcome = world.post(world.eve.id, &bundle).remove(0).1;
        assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{outcome:?}");
    }
    let group = world.room.clients[0].group();
    assert_eq!(group.members().iter().map(|member| member.leaf).max(), Some(1023));

    // One more, alone and beside a removal of two.
    let (one, two) = (Forgery::new(&context, guest(2_000)), Forgery::new(&context, guest(2_001)));
    let ((one, _), (two, _)) = (world.arrive(&one), world.arrive(&two));
    let add = |key_packages: Vec<KeyPackage>, removes| {
        let named = (0..key_packages.len()).map(|n| guest(2_000 + u32::try_from(n).unwrap())).collect();
        Plan { adds: key_packages, named, removes, psks: vec![link_psk(&context)], ..Plan::default() }
    };
    world.depart(guest(5));
    for plan in [add(vec![one.clone()], vec![]), add(vec![one.clone(), two], vec![7])] {
        let before = world.views();
        let bundle = world.eve.commit(plan);
        let outcome = world.post(world.eve.id, &bundle).remove(0).1;
        assert!(matches!(outcome, CommitOutcome::Skipped { rule: Rule::LeafLimit, .. }), "{outcome:?}");
        assert!(world.views() == before);
    }
    // Honest members do not try: first they remove who departed.
    let client = &world.room.clients[0];
    let work = client.group.as_ref().unwrap().work(&client.presence);
    assert_eq!((work.adds.len(), work.removes.len()), (0, 1));
}

/// One of very many clients.
fn guest(number: u32) -> tangelo_wire::ClientId {
    tangelo_wire::ClientId([&[0xff; 12][..], &number.to_be_bytes()].concat().try_into().unwrap())
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
