//! Rules 40 to 47: Welcomes that lead astray. Whoever gets one refuses it, and its key package is still good for the
//! next.

use openmls::prelude::{Lifetime, OpenMlsProvider as _};
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};
use tangelo_wire::{Bytes, ClientId, GroupId, LogId, Seq};

use super::{
    crypto::{Sealed, Sealing},
    forge::Forgery,
    insider::{Insider, Plan, external_senders, link_psk},
    world::World,
};
use crate::{
    Rule,
    group::{Bundle, CommitEntry, CommitOutcome, Group, MadeOn, WelcomeEntry},
    leaf::SUITE,
};

/// What a newcomer makes of a bundle that names it.
pub(super) fn join(world: &World, newcomer: usize, author: ClientId, bundle: &Bundle) -> Result<Group, Rule> {
    let client = &world.room.clients[newcomer];
    let entry = WelcomeEntry {
        seq: world.room.seq.next(),
        author,
        group_id: world.room.group_id.unwrap(),
        adds: &bundle.adds,
        commit: &bundle.commit,
        welcome: bundle.welcome.as_ref().unwrap(),
    };
    Group::join(&client.context, &client.applicant, entry)
}

/// A newcomer, and how Eve would add it.
fn newcomer(world: &mut World) -> (usize, Plan) {
    let place = world.room.arrive(50);
    let plan = Plan::add(&world.context(), world.id(place), world.key_package(place));
    (place, plan)
}

/// A bundle of Eve's whose commit breaks a rule and whose Welcome the newcomer refuses, too. The next honest commit
/// lets it in.
fn both_refuse(world: &mut World, newcomer: usize, bundle: &Bundle, commit: Rule, welcome: Rule) {
    assert_eq!(join(world, newcomer, world.eve.id, bundle).unwrap_err(), welcome);
    assert_eq!(world.refused(bundle), commit);
    world.goes_on();
    assert!(world.honest().contains(&newcomer));
}

/// A bundle whose commit is in order, so that the members merge it, and whose Welcome is not: the newcomer arrives
/// anew, and the next honest commit puts things right.
fn newcomer_refuses(world: &mut World, newcomer: usize, bundle: &Bundle, rule: Rule) {
    assert_eq!(join(world, newcomer, world.eve.id, bundle).unwrap_err(), rule);
    let number = world.room.clients[world.honest()[0]].number();
    for (place, outcome) in world.post(world.eve.id, bundle) {
        assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{place}: {outcome:?}");
    }
    world.room.now = world.room.now + 2_500;
    world.media_flows();
    let again = world.arrive_anew(newcomer);
    world.work();
    assert!(world.honest().contains(&again));
    assert_ne!(world.room.clients[again].number(), number, "it is one more person now");
}

#[test]
fn a_good_bundle_of_eve_lets_a_newcomer_in() {
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    let bundle = world.eve.commit(plan);
    assert!(
        join(&world, place, world.eve.id, &bundle).is_ok(),
        "the attacks below fail for their own reason"
    );
}

#[test]
fn rule_40_a_welcome_that_cannot_be_used_spends_no_key_package() {
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    let other = world.room.arrive(51);
    let for_other = Plan::add(&world.context(), world.id(other), world.key_package(other));
    let for_other = world.eve.commit(for_other);
    let good = world.eve.commit(plan);
    let good_welcome = good.welcome.clone().unwrap();
    let mut changed = good_welcome.clone();
    *changed.0.last_mut().unwrap() ^= 1;
    let cut = Bytes(good_welcome.as_slice()[..good_welcome.len() - 1].to_vec());
    for welcome in
        [Bytes(vec![]), Bytes(vec![7; 90]), cut, changed, for_other.welcome.unwrap(), good.commit.clone()]
    {
        let bundle = Bundle { welcome: Some(welcome), ..good.clone() };
        assert_eq!(join(&world, place, world.eve.id, &bundle).unwrap_err(), Rule::WelcomeMls);
    }
    assert!(join(&world, place, world.eve.id, &good).is_ok());
    let bundle = Bundle { welcome: Some(Bytes(vec![7; 90])), ..good };
    world.eve.go_on_alone();
    newcomer_refuses(&mut world, place, &bundle, Rule::WelcomeMls);
}

#[test]
fn rule_40_secrets_in_a_welcome_must_fit_the_tree() {
    for poison in [vec![0xff; 40], vec![]] {
        let mut world = World::new(2, 1);
        let (place, plan) = newcomer(&mut world);
        world.eve.provider.crypto.on_seal =
            Some(Box::new(
                move |sealing: &Sealing<'_>| {
                    if sealing.path { Sealed::AsItIs } else { Sealed::Plaintext(poison.clone()) }
                },
            ));
        let bundle = world.eve.commit(Plan { path: true, ..plan });
        world.eve.provider.crypto.honest();
        world.eve.go_on_alone();
        newcomer_refuses(&mut world, place, &bundle, Rule::WelcomeMls);
    }
    // The path secret alone is another's: GroupSecrets are joiner secret, path secret and PSKs (RFC 9420 section
    // 12.4.3.1), the first two with a length of one byte, the second after a byte that says that it is there.
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    world.eve.provider.crypto.on_seal = Some(Box::new(|sealing: &Sealing<'_>| {
        if sealing.path {
            return Sealed::AsItIs;
        }
        let mut secrets = sealing.plaintext.to_vec();
        assert_eq!((secrets[0], secrets[33], secrets[34]), (32, 1, 32));
        secrets[35] ^= 1;
        Sealed::Plaintext(secrets)
    }));
    let bundle = world.eve.commit(Plan { path: true, ..plan });
    world.eve.provider.crypto.honest();
    world.eve.go_on_alone();
    newcomer_refuses(&mut world, place, &bundle, Rule::WelcomeMls);
}

#[test]
fn rule_41_a_welcome_into_another_group_leads_nowhere() {
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    let elsewhere = GroupId::derive(LogId([9; 16]), Seq(1), world.eve.id);
    let mut own = Insider::found(&world.arrival, &elsewhere.0, |_| ());
    let bundle = own.commit(plan);
    both_refuse(&mut world, place, &bundle, Rule::CommitFraming, Rule::WelcomeGroup);
}

#[test]
fn rule_42_a_welcome_without_the_links_psk_is_no_protection() {
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    let add = |psks| Plan { psks, adds: plan.adds.clone(), named: plan.named.clone(), ..Plan::default() };
    let context = world.context();
    for psks in [vec![], vec![link_psk(&context), link_psk(&context)]] {
        let bundle = world.eve.commit(add(psks));
        assert_eq!(join(&world, place, world.eve.id, &bundle).unwrap_err(), Rule::WelcomePsk);
        assert_eq!(world.refused(&bundle), Rule::CommitPsk);
    }
    // Another PSK, which the newcomer happens to hold.
    let other =
        PreSharedKeyId::new(SUITE, world.eve.provider.rand(), Psk::External(ExternalPsk::new(vec![1])));
    let other = other.unwrap();
    other.store(&world.eve.provider, &[7; 32]).unwrap();
    let bundle = world.eve.commit(add(vec![other.clone()]));
    assert_eq!(join(&world, place, world.eve.id, &bundle).unwrap_err(), Rule::WelcomeMls);
    other.store(&world.room.clients[place].applicant.provider, &[7; 32]).unwrap();
    both_refuse(&mut world, place, &bundle, Rule::CommitMls, Rule::WelcomePsk);
}

#[test]
fn rule_43_a_welcome_leads_where_the_commit_beside_it_leads() {
    // Two commits from one state: everyone merges the one, the newcomer is to follow the other.
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    let psks = vec![link_psk(&world.context())];
    let other = Plan { adds: plan.adds.clone(), named: plan.named.clone(), psks, ..Plan::default() };
    let astray = world.eve.commit(other);
    let good = world.eve.commit(Plan { path: true, ..plan });
    world.eve.go_on_alone();
    let bundle = Bundle { welcome: astray.welcome, ..good };
    newcomer_refuses(&mut world, place, &bundle, Rule::WelcomeTag);
}

#[test]
fn rule_43_an_insiders_private_fork_takes_nobody_in() {
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    // A commit that nobody sees, then one that adds the newcomer to what it led to. Beside the Welcome stands junk, or
    // a commit that everyone knows.
    let path = world.eve.commit(Plan::path());
    world.eve.go_on_alone();
    let fork = world.eve.commit(plan);
    let junk = Bundle { commit: Bytes(vec![1, 2, 3]), ..fork.clone() };
    assert_eq!(join(&world, place, world.eve.id, &junk).unwrap_err(), Rule::CommitFraming);
    assert_eq!(world.refused(&junk), Rule::CommitFraming);
    let beside = Bundle { commit: path.commit.clone(), ..fork.clone() };
    assert_eq!(join(&world, place, world.eve.id, &beside).unwrap_err(), Rule::WelcomeTag);
    assert_eq!(world.refused(&beside), Rule::CommitAdds);
    assert_eq!(world.refused(&fork), Rule::CommitFraming);
    // She is in a group of her own now, and cannot follow.
    let seat = world.seat;
    world.arrive_anew(seat);
    world.goes_on();
    assert!(world.honest().contains(&place));
}

#[test]
fn who_joined_by_a_refused_commit_finds_out_with_the_next_honest_one() {
    let mut world = World::new(3, 1);
    let (place, plan) = newcomer(&mut world);
    // Tag, PSK, signer and leaves are right; what breaks a rule is only in the commit, on the state before it: Eve
    // removes somebody who is present.
    let bundle = world.eve.commit(Plan { removes: vec![0], ..plan });
    let mut astray = join(&world, place, world.eve.id, &bundle).unwrap();
    assert_eq!(world.refused(&bundle), Rule::RemoveDeparted);
    let honest = world.honest()[0];
    let member = &world.room.clients[honest];
    let work = member.group.as_ref().unwrap().work(&member.presence);
    assert!(work.adds.contains(&world.id(place)), "for the others it is not in yet");
    let next = world.room.clients[honest].commit(&work.adds, &work.removes, false);
    let client = &world.room.clients[place];
    let (seq, author) = (world.room.seq.next(), world.id(honest));
    let entry = CommitEntry { seq, author, adds: &next.adds, commit: &next.commit };
    let outcome = astray.process(&client.context, &client.presence, entry).unwrap();
    let elsewhere = matches!(outcome, CommitOutcome::Skipped { made_on: MadeOn::AnotherState, .. });
    assert!(elsewhere && astray.is_welcomed(), "it arrives anew: {outcome:?}");
    world.arrive_anew(place);
    world.goes_on();
}

#[test]
fn rule_44_who_posts_a_welcome_has_signed_it() {
    let mut world = World::new(3, 1);
    let (place, _) = newcomer(&mut world);
    // A bundle of somebody else's that lost its race, posted as Eve's own.
    let id = world.id(place);
    let bundle = world.room.clients[2].commit(&[id], &[], false);
    world.room.clients[2].group().discard_commit().unwrap();
    both_refuse(&mut world, place, &bundle, Rule::CommitAuthor, Rule::WelcomeSigner);
}

#[test]
fn rule_45_a_tree_with_a_bad_leaf_is_not_joined() {
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    let context = world.context();
    let bad: [fn(&mut Forgery); 3] = [
        |forgery| forgery.lifetime = Lifetime::new(60),
        |forgery| forgery.credential[20] ^= 1,
        |forgery| forgery.encryption_key = Some(vec![0; 32]),
    ];
    for change in bad {
        let guest = world.guest_id();
        let mut forgery = Forgery::new(&context, guest);
        change(&mut forgery);
        let mut with_ghost = Plan::add(&context, world.id(place), plan.adds[0].clone());
        with_ghost.adds.push(forgery.make().0);
        with_ghost.named.push(guest);
        // OpenMLS would not encrypt a Welcome to it; the ghost needs none.
        let bundle = world.eve.commit(with_ghost);
        assert_eq!(join(&world, place, world.eve.id, &bundle).unwrap_err(), Rule::WelcomeLeaves);
        assert_eq!(world.refused(&bundle), Rule::AddArrived);
    }
    world.goes_on();
    assert!(world.honest().contains(&place));
}

#[test]
fn rule_45_a_tree_with_two_leaves_of_one_client_is_not_joined() {
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    let context = world.context();
    for twice in [world.id(0), world.id(place), world.eve.id] {
        let mut with_twin = Plan::add(&context, world.id(place), plan.adds[0].clone());
        with_twin.adds.push(Forgery::new(&context, twice).make().0);
        let bundle = world.eve.commit(with_twin);
        assert_eq!(join(&world, place, world.eve.id, &bundle).unwrap_err(), Rule::WelcomeLeaves);
        assert_eq!(world.refused(&bundle), Rule::AddArrived);
    }
    world.goes_on();
    assert!(world.honest().contains(&place));
}

#[test]
fn rule_45_a_founder_with_a_false_name_is_not_followed() {
    let mut world = World::new(2, 0);
    let (place, plan) = newcomer(&mut world);
    // Eve founds the room's group anew, with a leaf that names somebody else.
    let context = world.context();
    let group_id = world.room.group_id.unwrap();
    let leaf_key = world.arrival.key.public();
    let papers = super::forge::Papers::new(&context, world.id(1), &leaf_key, 1);
    let mut founder = Insider::found(&world.arrival, &group_id.0, |founding| {
        founding.credential = Some(papers.write(&context, &leaf_key));
    });
    let bundle = founder.commit(plan);
    assert_eq!(join(&world, place, world.eve.id, &bundle).unwrap_err(), Rule::WelcomeSigner);
    assert_eq!(world.refused(&bundle), Rule::CommitFraming);
    world.goes_on();
    assert!(world.honest().contains(&place));
}

#[test]
fn rule_46_a_group_with_extensions_is_not_joined() {
    let mut world = World::new(2, 1);
    let (place, plan) = newcomer(&mut world);
    let extensions = external_senders(&world.eve.key);
    let bundle = world.eve.commit(Plan { context_extensions: Some(extensions), ..plan });
    both_refuse(&mut world, place, &bundle, Rule::CommitProposals, Rule::WelcomeContext);

    // From the beginning: Eve founded the group like that.
    let (place, plan) = newcomer(&mut world);
    let group_id = world.room.group_id.unwrap();
    let key = world.eve.key.clone();
    let mut founder = Insider::found(&world.arrival, &group_id.0, |founding| {
        founding.context_extensions = external_senders(&key);
    });
    let bundle = founder.commit(plan);
    assert_eq!(join(&world, place, world.eve.id, &bundle).unwrap_err(), Rule::WelcomeContext);
    assert_eq!(world.refused(&bundle), Rule::CommitFraming);
    world.goes_on();
    assert!(world.honest().contains(&place));
}

#[test]
fn rule_47_a_welcome_comes_with_a_commit_that_adds_whom_it_names() {
    let mut world = World::new(2, 1);
    let (place, mut plan) = newcomer(&mut world);
    let another = world.room.arrive(51);
    plan.adds.push(world.key_package(another));
    plan.named.push(world.id(another));
    let bundle = world.eve.commit(plan);
    assert_eq!(bundle.adds.len(), 2, "the entry as it should be: this one leads into the group");
    assert!(join(&world, place, world.eve.id, &bundle).is_ok());
    let named = |adds: Vec<ClientId>| Bundle { adds, ..bundle.clone() };
    for adds in
        [vec![world.id(place)], vec![world.id(place), world.id(place)], vec![world.id(place), world.id(0)]]
    {
        let bundle = named(adds);
        assert_eq!(join(&world, place, world.eve.id, &bundle).unwrap_err(), Rule::WelcomeAdds);
    }
    let bundle = named(vec![world.id(place)]);
    both_refuse(&mut world, place, &bundle, Rule::CommitAdds, Rule::WelcomeAdds);
}
