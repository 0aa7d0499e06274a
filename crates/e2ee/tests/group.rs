//! A group grows, shrinks and stays one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Room, check};
use tangelo_e2ee::{
    Rule,
    group::{CommitEntry, CommitOutcome, Group, WelcomeEntry},
    link::Link,
};
use tangelo_wire::{Bytes, GroupId, LogId, Seq};

#[test]
fn everyone_who_arrived_is_added_with_one_commit() {
    let mut room = Room::secret();
    for person in 1..=5 {
        room.arrive(person);
    }
    room.found(0);
    assert_eq!(room.clients[0].number().len(), 71);
    let bundle = room.work(0);
    assert_eq!(bundle.adds.len(), 4);
    let numbers: Vec<_> = room.clients.iter().map(common::Client::number).collect();
    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
    let names: Vec<_> =
        room.clients[4].group().members().iter().map(|m| m.profile.name.to_string()).collect();
    assert_eq!(names, ["Person 1", "Person 2", "Person 3", "Person 4", "Person 5"]);
    let group = room.clients[0].group.as_ref().unwrap();
    assert!(group.work(&room.clients[0].presence).is_empty());
}

#[test]
fn a_commit_that_only_adds_carries_no_path() {
    let mut room = Room::of(8);
    room.arrive(9);
    let add = [room.clients[8].id];
    let plain = room.clients[0].commit(&add, &[], false);
    let with_path = room.clients[0].commit(&add, &[], true);
    assert!(plain.commit.len() + 300 < with_path.commit.len());
}

#[test]
fn the_number_returns_when_the_same_people_are_left() {
    let mut room = Room::of(2);
    let of_two = room.clients[0].number();
    room.arrive(3);
    room.work(0);
    assert_ne!(room.clients[0].number(), of_two);
    room.depart(2);
    let remove = [room.clients[2].id];
    let bundle = room.clients[1].commit(&[], &remove, false);
    let outcomes = room.accept(1, &bundle);
    assert_eq!(outcomes[2], Some(CommitOutcome::Evicted));
    assert_eq!(room.clients[0].number(), of_two);
    assert_eq!(room.clients[1].number(), of_two);
}

#[test]
fn who_leaves_and_who_comes_fit_into_one_commit() {
    let mut room = Room::of(3);
    room.depart(1);
    room.arrive(2);
    let (add, remove) = ([room.clients[3].id], [room.clients[1].id]);
    let bundle = room.clients[0].commit(&add, &remove, false);
    room.clients[1].group = None;
    room.accept(0, &bundle);
    assert_eq!(room.clients[3].number(), room.clients[0].number());
    assert_eq!(room.clients[3].group().members().len(), 3);
}

#[test]
fn a_lost_race_leaves_the_loser_in_step() {
    let mut room = Room::of(3);
    room.arrive(4);
    let add = [room.clients[3].id];
    let loser = room.clients[1].commit(&add, &[], false);
    let winner = room.clients[2].commit(&add, &[], true);
    room.accept(2, &winner);
    let late = room.accept(1, &loser);
    let skipped = |o: &Option<CommitOutcome>| matches!(o, Some(CommitOutcome::Skipped { .. }));
    assert!(late.iter().all(skipped), "{late:?}");
    assert_eq!(room.clients[1].number(), room.clients[3].number());
    room.depart(0);
    room.clients[0].group = None;
    room.work(1);
    assert_eq!(room.clients[1].group().epoch(), room.clients[3].group().epoch());
}

/// What every member says of a bundle that breaks a rule: the same, and nothing changed.
fn refused(room: &mut Room, author: usize, bundle: &tangelo_e2ee::group::Bundle) -> Rule {
    let before: Vec<_> = room.clients.iter_mut().filter_map(|c| Some(c.group.as_mut()?.epoch())).collect();
    let (id, seq) = (room.clients[author].id, Seq(room.seq.0 + 1));
    room.seq = seq;
    let mut rules = Vec::new();
    for client in &mut room.clients {
        let Some(group) = &mut client.group else { continue };
        let entry = CommitEntry { seq, author: id, adds: &bundle.adds, commit: &bundle.commit };
        match group.process(&client.context, &client.presence, entry).unwrap() {
            CommitOutcome::Skipped { rule, .. } => rules.push(rule),
            other => panic!("{other:?}"),
        }
    }
    let after: Vec<_> = room.clients.iter_mut().filter_map(|c| Some(c.group.as_mut()?.epoch())).collect();
    assert_eq!(before, after);
    assert!(rules.iter().all(|rule| *rule == rules[0]), "{rules:?}");
    rules[0]
}

#[test]
fn nobody_is_removed_who_has_not_departed() {
    let mut room = Room::of(3);
    let victim = room.clients[1].id;
    let bundle = room.clients[2].commit(&[], &[victim], false);
    assert_eq!(refused(&mut room, 2, &bundle), Rule::RemoveDeparted);
}

#[test]
fn the_author_must_be_the_one_who_signed_and_present() {
    let mut room = Room::of(3);
    let bundle = room.clients[2].commit(&[], &[], true);
    assert_eq!(refused(&mut room, 1, &bundle), Rule::CommitAuthor);
    room.depart(2);
    let bundle = room.clients[2].commit(&[], &[], true);
    assert_eq!(refused(&mut room, 2, &bundle), Rule::CommitAuthorPresent);
}

#[test]
fn adds_name_exactly_who_is_added() {
    let mut room = Room::of(2);
    room.arrive(3);
    room.arrive(4);
    let (third, fourth) = (room.clients[2].id, room.clients[3].id);
    let mut bundle = room.clients[0].commit(&[third], &[], false);
    bundle.adds = vec![third, fourth];
    assert_eq!(refused(&mut room, 0, &bundle), Rule::CommitAdds);
    bundle.adds = vec![];
    assert_eq!(refused(&mut room, 0, &bundle), Rule::CommitAdds);
    bundle.adds = vec![third, third];
    assert_eq!(refused(&mut room, 0, &bundle), Rule::CommitAdds);
}

#[test]
fn a_changed_commit_breaks_the_rules_of_mls() {
    let mut room = Room::of(2);
    let good = room.clients[0].commit(&[], &[], true);
    let mut bundle = good.clone();
    let last = bundle.commit.0.len() - 1;
    bundle.commit.0[last] ^= 1;
    assert_eq!(refused(&mut room, 0, &bundle), Rule::CommitMls);
    bundle.commit = Bytes(vec![1, 2, 3]);
    assert_eq!(refused(&mut room, 0, &bundle), Rule::CommitFraming);
    room.accept(0, &good);
    assert_eq!(room.clients[0].group().epoch(), room.clients[1].group().epoch());
}

#[test]
fn a_key_package_for_another_arrival_room_or_host_is_inadmissible() {
    let mut room = Room::secret();
    room.arrive(1);
    let applicant = &room.clients[0].applicant;
    let other_client = tangelo_wire::ClientId([9; 16]);
    let context = room.context();
    let result = tangelo_e2ee::candidate::Candidate::check(
        &context,
        other_client,
        applicant.key_package(),
        applicant.admission(),
    );
    assert_eq!(result.unwrap_err(), Rule::CredentialClient);
    let mut elsewhere = room.context();
    elsewhere.host = "evil.example".into();
    assert_eq!(check(&elsewhere, applicant).unwrap_err(), Rule::CredentialAdmission);
    let mut other_room = room.context();
    other_room.link = Link::new_room().unwrap();
    assert_eq!(check(&other_room, applicant).unwrap_err(), Rule::CredentialAdmission);
    for index in (0..applicant.key_package().len()).step_by(7) {
        let mut bytes = applicant.key_package().clone();
        bytes.0[index] ^= 4;
        let result = tangelo_e2ee::candidate::Candidate::check(
            &context,
            applicant.client(),
            &bytes,
            applicant.admission(),
        );
        assert!(result.is_err(), "byte {index}");
    }
}

#[test]
fn a_welcome_leads_only_where_the_commit_beside_it_leads() {
    let mut room = Room::of(2);
    room.arrive(3);
    let add = [room.clients[2].id];
    let one = room.clients[0].commit(&add, &[], false);
    let other = room.clients[1].commit(&add, &[], false);
    let (author, seq, group_id) = (room.clients[0].id, Seq(50), room.group_id.unwrap());
    let client = &room.clients[2];
    let join = |author, group_id, commit: &Bytes, welcome: &Bytes| {
        let entry = WelcomeEntry { seq, author, group_id, adds: &add, commit, welcome };
        Group::join(&client.context, &client.applicant, entry).map(|group| group.epoch())
    };
    let welcome = one.welcome.as_ref().unwrap();
    let error = |result: Result<u64, Rule>| result.unwrap_err();
    let foreign = GroupId::derive(LogId([9; 16]), Seq(1), author);
    assert_eq!(error(join(author, group_id, &other.commit, welcome)), Rule::WelcomeTag);
    assert_eq!(error(join(author, foreign, &one.commit, welcome)), Rule::WelcomeGroup);
    assert_eq!(error(join(room.clients[1].id, group_id, &one.commit, welcome)), Rule::WelcomeSigner);
    assert_eq!(error(join(author, group_id, &one.commit, &Bytes(vec![0; 90]))), Rule::WelcomeMls);
    // The key package survived all of that.
    assert_eq!(join(author, group_id, &one.commit, welcome), Ok(2));
}

#[test]
fn a_named_room_works_without_a_secret() {
    let mut room = Room::at("/r/standup".into());
    room.arrive(1);
    room.arrive(2);
    room.found(0);
    room.work(0);
    assert_eq!(room.clients[0].number(), room.clients[1].number());
}

#[test]
fn a_wrong_identity_signature_is_noticed_before_arriving() {
    let context = Room::secret().context();
    let key = tangelo_e2ee::LeafKey::new().unwrap();
    let profile = tangelo_e2ee::Profile {
        identity: tangelo_e2ee::IdentityKey(common::identity(1).verifying_key().to_bytes()),
        name: tangelo_e2ee::Name::parse("Ada").unwrap(),
    };
    let client = tangelo_wire::ClientId([1; 16]);
    let result = tangelo_e2ee::Applicant::new(&context, client, key, &profile, &[0; 64]);
    assert_eq!(result.unwrap_err(), tangelo_e2ee::Error::Identity);
}
