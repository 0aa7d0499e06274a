//! Rules 50 to 54: what is said inside the group.

use openmls::prelude::{OpenMlsProvider as _, tls_codec::Serialize as _};
use tangelo_wire::{Bytes, ClientId};

use super::{insider::Plan, world::World};
use crate::{
    Rule,
    group::{MessageEntry, MessageOutcome, PAST_EPOCHS},
};

impl World {
    /// The log shows a message; what each honest member makes of it.
    fn say(&mut self, author: ClientId, bytes: &Bytes) -> Vec<MessageOutcome> {
        self.room.next();
        let mut outcomes = Vec::new();
        for place in self.honest() {
            let client = &mut self.room.clients[place];
            let group = client.group.as_mut().unwrap();
            outcomes.push(group.open_message(&client.presence, MessageEntry { author, bytes }));
        }
        outcomes
    }

    /// It is skipped by all alike, nothing changes, and Eve is still heard when she speaks as she should.
    fn is_skipped(&mut self, author: ClientId, bytes: &Bytes) -> Rule {
        let before = self.views();
        let outcomes = self.say(author, bytes);
        let MessageOutcome::Skipped(rule) = outcomes[0] else { panic!("{outcomes:?}") };
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
        assert!(self.views() == before);
        self.media_flows();
        rule
    }

    fn eve_says(&mut self, words: &[u8]) -> Bytes {
        let message = self.eve.mls.create_message(&self.eve.provider, &self.eve.key, words).unwrap();
        Bytes(message.tls_serialize_detached().unwrap())
    }

    /// Eve's good message is read by all.
    fn hears_eve(&mut self) {
        let bytes = self.eve_says(b"good day");
        let read = MessageOutcome::Read(b"good day".to_vec());
        assert!(self.say(self.eve.id, &bytes).iter().all(|outcome| *outcome == read));
    }
}

#[test]
fn rule_50_what_is_no_message_of_this_group_is_skipped() {
    let mut world = World::new(3, 1);
    let mut other = World::new(2, 1);
    let foreign = other.eve_says(b"elsewhere");
    // A proposal that members would store, and that would stop every message after it; a commit; junk.
    let proposal = world.eve.propose_removal(0);
    let storage = world.eve.provider.storage();
    world.eve.mls.clear_pending_proposals(storage).unwrap();
    let commit = world.eve.commit(Plan::path()).commit;
    for bytes in [foreign, proposal, commit, Bytes(vec![]), Bytes(vec![0; 40])] {
        assert_eq!(world.is_skipped(world.eve.id, &bytes), Rule::MessageFraming);
    }
    world.hears_eve();
    world.goes_on();
}

#[test]
fn rule_51_nobody_speaks_in_anothers_name() {
    let mut world = World::new(3, 1);
    let bytes = world.eve_says(b"I am somebody else");
    let before = world.views();
    let victim = world.id(0);
    let outcomes = world.say(victim, &bytes);
    // The one in whose name it is posted knows that it never said that: see `Attendee` for the own messages.
    assert_eq!(outcomes[0], MessageOutcome::Own);
    let skipped = MessageOutcome::Skipped(Rule::MessageAuthor);
    assert!(outcomes[1..].iter().all(|outcome| *outcome == skipped), "{outcomes:?}");
    assert!(world.views() == before);
    world.hears_eve();
    world.goes_on();
}

#[test]
fn rule_52_who_is_no_present_member_is_not_heard() {
    let mut world = World::new(3, 1);
    let (eve, outsider) = (world.eve.id, world.room.arrive(50));
    let bytes = world.eve_says(b"for an outsider");
    assert_eq!(world.is_skipped(world.id(outsider), &bytes), Rule::MessageMember);
    let (departed, removed) = (world.eve_says(b"I have left"), world.eve_says(b"I am removed"));
    world.depart(eve);
    assert_eq!(world.is_skipped(eve, &departed), Rule::MessageMember);
    // The keys of the epoch in which she was a member are still there.
    world.work();
    assert_eq!(world.is_skipped(eve, &removed), Rule::MessageMember);
    world.goes_on();
}

#[test]
fn rule_53_replays_and_old_epochs_are_skipped() {
    let mut world = World::new(3, 1);
    let eve = world.eve.id;
    let old = world.eve_says(b"long ago");
    let late = world.eve_says(b"under way while a commit landed");
    world.goes_on();
    let read = MessageOutcome::Read(b"under way while a commit landed".to_vec());
    let before = world.views();
    let outcomes = world.say(eve, &late);
    // Who came with that commit was not a member yet.
    assert_eq!(outcomes[..3], [read.clone(), read.clone(), read]);
    assert!(world.views().iter().map(|view| &view.base_key).eq(before.iter().map(|view| &view.base_key)));
    assert_eq!(world.is_skipped(eve, &late), Rule::MessageMls);
    for _ in 0..PAST_EPOCHS {
        world.goes_on();
    }
    assert_eq!(world.is_skipped(eve, &old), Rule::MessageMls);
    // With the right keys, but changed on the way: it may be of a state that is not known here.
    let mut spoilt = world.eve_says(b"hello");
    let last = spoilt.0.len() - 1;
    spoilt.0[last] ^= 1;
    let before = world.views();
    assert!(world.say(eve, &spoilt).iter().all(|outcome| *outcome == MessageOutcome::Unreadable));
    assert!(world.views() == before);
    world.hears_eve();
    world.goes_on();
}

#[test]
fn rule_53_keys_of_past_epochs_can_be_forgotten() {
    let mut world = World::new(2, 1);
    let late = world.eve_says(b"too late");
    world.goes_on();
    for place in world.honest() {
        world.room.clients[place].group().forget_past_messages(0).unwrap();
    }
    assert_eq!(world.is_skipped(world.eve.id, &late), Rule::MessageMls);
    world.hears_eve();
}
