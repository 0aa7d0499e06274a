//! What hosts can do, by way of their own clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{Command, Event, HostOrder, Phase, RoomView, link::Link};
use tangelo_delivery::{Delivery, Limits};
use tangelo_wire::{
    Bytes, ClientMessage, DepartReason, Entry, HostOrders, HostStatement, LogEntry, Post, ServerMessage,
};

/// A world whose first `hosts` people have the host's link, and the others the plain one; `n` in all.
fn hosted(hosts: u8, n: u8) -> (World, Link) {
    let link = Link::new_room().unwrap();
    let mut world = World::new();
    for person in 1..=n {
        world.link = if person <= hosts { co_host(&link) } else { link.path() };
        world.open(person);
        world.run(1_500);
    }
    world.link = link.path();
    world.run(2_000);
    (world, link)
}

fn co_host(link: &Link) -> String {
    format!("{}.{}", link.path(), link.host_secret().unwrap())
}

/// The host's clock is not the world's.
fn order(world: &mut World, index: usize, order: HostOrder) {
    let at = 1_800_000_000_000 + world.now.0;
    world.command(index, Command::Host { at, order });
}

fn view(world: &World, index: usize) -> RoomView {
    let events = world.peers[index].events.iter().rev();
    let mut rooms = events.filter_map(|event| match event {
        Event::Room { room } => Some(room.clone()),
        _ => None,
    });
    rooms.next().unwrap_or_default()
}

fn remove(world: &mut World, host: usize, who: usize) {
    let client = world.client(who);
    order(world, host, HostOrder::Remove { client });
}

fn statements(world: &World) -> Vec<HostStatement> {
    let said = world.log.values().filter_map(|entry| match entry {
        Entry::HostSaid { said, .. } => Some(said.clone()),
        _ => None,
    });
    said.collect()
}

fn is_statement(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Entry(LogEntry { entry: Entry::HostSaid { .. }, .. }))
}

/// What a server makes of a statement that it keeps from somebody, so that the log has no gap.
fn withheld(message: ServerMessage) -> ServerMessage {
    match message {
        ServerMessage::Entry(LogEntry { seq, entry: Entry::HostSaid { client, .. } }) => {
            let entry = Entry::Message { client, bytes: Bytes(vec![1]) };
            ServerMessage::Entry(LogEntry { seq, entry })
        }
        other => other,
    }
}

#[test]
fn a_host_locks_lets_in_and_unlocks() {
    let (mut world, _) = hosted(1, 2);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(1_000);
    assert!(view(&world, 0).locked && view(&world, 1).locked, "everyone sees that");
    assert!(view(&world, 0).host && !view(&world, 1).host);
    let guests = [3, 4, 5].map(|person| world.open(person));
    world.run(5_000);
    let outside = |world: &World, index: usize| {
        assert_eq!(world.peers[index].phase, Some(Phase::Waiting));
        view(world, index).outside && view(world, index).locked
    };
    assert!(guests.iter().all(|guest| outside(&world, *guest)));
    let waiting = |world: &World, index: usize| -> Vec<String> {
        view(world, index).waiting.into_iter().map(|waiting| waiting.name).collect()
    };
    assert_eq!(waiting(&world, 0), ["Person 3", "Person 4", "Person 5"]);
    assert!(waiting(&world, 1).is_empty(), "who waits is told to hosts");

    let client = world.client(guests[1]);
    order(&mut world, 0, HostOrder::Admit { client });
    world.run(3_000);
    world.assert_one_group(&[0, 1, guests[1]]);
    assert_eq!(waiting(&world, 0), ["Person 3", "Person 5"]);
    order(&mut world, 0, HostOrder::AdmitAll {});
    world.run(3_000);
    world.assert_one_group(&[0, 1, 2, 3, 4]);
    let late = world.open(6);
    world.run(3_000);
    assert!(outside(&world, late));
    order(&mut world, 0, HostOrder::Unlock {});
    world.run(3_000);
    world.assert_one_group(&[0, 1, 2, 3, 4, late]);
    assert!(!view(&world, 1).locked);
    let numbers: Vec<u64> = statements(&world).iter().map(|said| said.number).collect();
    assert!(numbers.iter().all(|number| *number > 1_800_000_000_000), "the host's clock numbers them");
    assert!((0..6).all(|index| world.losses(index).is_empty() && world.alarms(index).is_empty()));
}

#[test]
fn members_know_their_hosts() {
    let (mut world, _) = hosted(1, 3);
    world.run(15_000);
    for index in 0..3 {
        let hosts: Vec<bool> = world.peers[index].people.iter().map(|person| person.host).collect();
        assert_eq!(hosts.iter().filter(|host| **host).count(), 1, "{index}");
        let host = world.client(0).to_string();
        assert!(world.peers[index].people.iter().any(|person| person.host && person.client == host));
    }
}

#[test]
fn whom_a_host_removes_is_out_and_stays_out_until_let_back() {
    let (mut world, _) = hosted(1, 3);
    remove(&mut world, 0, 2);
    world.run(3_000);
    world.assert_one_group(&[0, 1]);
    let words = |world: &World, index: usize| world.peers[index].ended.clone().unwrap_or_default();
    assert!(words(&world, 2).starts_with("The host removed you"), "{}", words(&world, 2));
    let barred = view(&world, 0).barred;
    assert_eq!(barred.len(), 1);
    assert_eq!(barred[0].name.as_deref(), Some("Person 3"));
    assert!(view(&world, 1).barred.is_empty());

    // The same person with a fresh client, and somebody else.
    let again = world.open(3);
    let guest = world.open(4);
    world.run(3_000);
    world.assert_one_group(&[0, 1, guest]);
    assert!(words(&world, again).starts_with("The host removed you"), "{}", words(&world, again));
    assert!(world.peers[again].people.is_empty());

    order(&mut world, 0, HostOrder::LetBack { tag: barred[0].tag.clone() });
    world.run(1_000);
    assert!(view(&world, 0).barred.is_empty());
    let back = world.open(3);
    world.run(3_000);
    world.assert_one_group(&[0, 1, guest, back]);
}

#[test]
fn a_changed_client_of_a_removed_person_is_put_out_by_the_server() {
    let (mut world, _) = hosted(1, 3);
    remove(&mut world, 0, 2);
    world.run(2_000);
    let said = statements(&world).len();
    // It does not go by itself, since it does not hear what the host said.
    let again = world.peers.len();
    world.tamper = Some(Box::new(move |peer, mut message| {
        if peer != again {
            return message;
        }
        if let ServerMessage::Snapshot { said, .. } = &mut message {
            *said = None;
        }
        if is_statement(&message) { withheld(message) } else { message }
    }));
    assert_eq!(world.open(3), again);
    let before = world.delivery.population().1;
    world.run(2_000);
    assert_eq!((before, world.delivery.population().1), (2, 2));
    let kicked = |entry: &Entry| matches!(entry, Entry::Departed { reason: DepartReason::Kicked, .. });
    assert_eq!(world.count(kicked), 2, "the first one, and this one");
    assert_eq!(statements(&world).len(), said + 1);
    world.assert_one_group(&[0, 1]);
}

#[test]
fn a_server_that_keeps_a_removed_client_present_keeps_it_in_nothing() {
    let (mut world, _) = hosted(1, 4);
    // The removed client hears nothing of it, and nobody hears that it departed.
    let removed = world.client(3);
    world.tamper = Some(Box::new(move |peer, message| match message {
        message if peer == 3 && is_statement(&message) => withheld(message),
        ServerMessage::Entry(LogEntry { seq, entry: Entry::Departed { client, .. } })
            if client == removed =>
        {
            let entry = Entry::Message { client, bytes: Bytes(vec![2]) };
            ServerMessage::Entry(LogEntry { seq, entry })
        }
        other => other,
    }));
    remove(&mut world, 0, 3);
    world.run(3_000);
    for index in 0..3 {
        let client = removed.to_string();
        assert_eq!(world.peers[index].people.len(), 3, "{index}");
        assert!(!world.peers[index].people.iter().any(|person| person.client == client));
    }
}

#[test]
fn a_host_ends_the_call_for_everyone() {
    let (mut world, _) = hosted(1, 3);
    order(&mut world, 0, HostOrder::Lock {});
    let guest = world.open(4);
    world.run(2_000);
    let away = 2;
    world.peers[away].frozen = true;
    let connection = world.peers[away].connection.take().unwrap();
    world.delivery.disconnected(world.now, connection);
    order(&mut world, 0, HostOrder::End {});
    world.run(500);
    world.thaw(away);
    world.run(5_000);
    let words: Vec<&str> =
        [0, 1, guest, away].iter().map(|index| world.peers[*index].ended.as_deref().unwrap()).collect();
    let by_server = "The server says that the host has ended the call for everyone.";
    let by_host = "The host has ended the call for everyone.";
    assert_eq!(words, ["You ended the call for everyone.", by_host, by_host, by_server]);
    assert_eq!(world.delivery.population(), (0, 0), "nobody comes back by itself");
    // Who opens the link later is in another call.
    let later = world.open(5);
    world.run(2_000);
    world.assert_one_group(&[later]);
    assert!(!view(&world, later).locked);
}

#[test]
fn a_host_mutes_and_nobody_else_does() {
    let (mut world, _) = hosted(1, 3);
    let asked = |world: &World, index: usize| -> Vec<String> {
        let events = world.peers[index].events.iter().filter_map(|event| match event {
            Event::MuteAsked { text } => Some(text.clone()),
            _ => None,
        });
        events.collect()
    };
    let client = world.client(2);
    order(&mut world, 0, HostOrder::Mute { client });
    order(&mut world, 1, HostOrder::Mute { client });
    world.run(1_000);
    assert_eq!(asked(&world, 2), ["Person 1, a host, muted you."]);
    assert!(asked(&world, 0).is_empty() && asked(&world, 1).is_empty());
    assert_eq!(world.notices(1), ["Only a host can do this: open the call with the host's link."]);
    let client = world.client(0);
    order(&mut world, 0, HostOrder::Mute { client });
    assert_eq!(world.notices(0).len(), 1, "nobody mutes oneself so");
    assert!(statements(&world).is_empty(), "the server does not learn of it");
}

#[test]
fn who_has_the_plain_link_alone_can_do_none_of_it() {
    let (mut world, _) = hosted(1, 3);
    let client = world.client(2);
    let orders = [
        HostOrder::Lock {},
        HostOrder::Unlock {},
        HostOrder::Admit { client },
        HostOrder::AdmitAll {},
        HostOrder::Remove { client },
        HostOrder::LetBack { tag: Bytes(vec![1; 16]) },
        HostOrder::End {},
    ];
    let count = orders.len();
    for wanted in orders {
        order(&mut world, 1, wanted);
    }
    world.run(2_000);
    assert_eq!(world.notices(1).len(), count);
    assert!(statements(&world).is_empty());
    world.assert_one_group(&[0, 1, 2]);
}

#[test]
fn mistakes_of_a_host_are_told() {
    let (mut world, _) = hosted(1, 2);
    let client = tangelo_wire::ClientId([9; 16]);
    order(&mut world, 0, HostOrder::Remove { client });
    order(&mut world, 0, HostOrder::Mute { client });
    remove(&mut world, 0, 0);
    let words = world.notices(0);
    assert_eq!(words.len(), 3);
    assert!(words[2].starts_with("This is your own device"), "{words:?}");
    let early = Link::new_room().unwrap();
    world.link = co_host(&early);
    let alone = world.open(7);
    order(&mut world, alone, HostOrder::Lock {});
    assert_eq!(world.notices(alone), ["You are not in the call yet: try again in a moment."]);
    world.run(1_000);
    assert!(statements(&world).is_empty());
}

#[test]
fn of_two_hosts_at_once_both_are_heeded() {
    let (mut world, _) = hosted(2, 4);
    // Neither has seen what the other says.
    order(&mut world, 0, HostOrder::Lock {});
    remove(&mut world, 1, 3);
    world.run(3_000);
    world.assert_one_group(&[0, 1, 2]);
    let last = HostOrders::read(statements(&world).last().unwrap()).unwrap();
    assert!(last.locked && last.barred.len() == 1, "{last:?}");
    assert!(world.alarms(0).is_empty() && world.alarms(1).is_empty());
    // The same thing twice is said once.
    let before = statements(&world).len();
    order(&mut world, 0, HostOrder::Unlock {});
    order(&mut world, 1, HostOrder::Unlock {});
    world.run(7_000);
    assert_eq!(statements(&world).len(), before + 1);
    assert!(world.alarms(0).is_empty() && world.alarms(1).is_empty());
}

#[test]
fn whoever_was_inside_comes_back_into_a_locked_room() {
    let (mut world, _) = hosted(1, 3);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(1_000);
    world.leave(2);
    world.run(2_000);
    let (back, guest) = (world.open(3), world.open(4));
    world.run(4_000);
    world.assert_one_group(&[0, 1, back]);
    assert_eq!(world.peers[guest].phase, Some(Phase::Waiting));
}

#[test]
fn a_co_host_is_not_kept_outside() {
    let (mut world, link) = hosted(1, 2);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(1_000);
    world.link = co_host(&link);
    let other = world.open(8);
    world.run(3_000);
    world.assert_one_group(&[0, 1, other]);
    assert!(view(&world, other).locked && view(&world, other).host);
}

#[test]
fn who_waits_gets_no_group_of_its_own_while_the_host_is_away() {
    let (mut world, _) = hosted(1, 1);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(1_000);
    let guests = [2, 3].map(|person| world.open(person));
    world.run(1_000);
    // Long enough to depart, and to come back as somebody else.
    world.peers[0].frozen = true;
    let connection = world.peers[0].connection.take().unwrap();
    world.delivery.disconnected(world.now, connection);
    world.run(30_000);
    world.thaw(0);
    world.run(5_000);
    world.assert_one_group(&[0]);
    assert!(guests.iter().all(|guest| world.peers[*guest].phase == Some(Phase::Waiting)));
    assert_eq!(view(&world, 0).waiting.len(), 2);
    let by_guests =
        |entry: &Entry| matches!(entry, Entry::Founded { client, .. } if *client != world.client(0));
    assert_eq!(world.count(by_guests), 1, "the host's own first group alone");
}

#[test]
fn what_the_server_does_not_pass_on_is_told() {
    let (mut world, _) = hosted(1, 2);
    world.tamper = Some(Box::new(|_, message| withheld(message)));
    order(&mut world, 0, HostOrder::Lock {});
    world.run(4_000);
    assert!(world.alarms(0).is_empty());
    world.run(2_000);
    let alarms = world.alarms(0);
    assert!(
        alarms.len() == 1 && alarms[0].starts_with("What you wanted as host is not confirmed"),
        "{alarms:?}"
    );
    assert!(!view(&world, 0).locked, "what is not in the log is not shown as done");
}

#[test]
fn what_is_under_way_survives_a_lost_connection() {
    let (mut world, _) = hosted(1, 2);
    order(&mut world, 0, HostOrder::Lock {});
    world.cut(0);
    world.run(4_000);
    assert!(view(&world, 1).locked);
    // It arrived, and the answer did not.
    order(&mut world, 0, HostOrder::Unlock {});
    while world.step_to_server(0) {}
    world.cut(0);
    world.run(4_000);
    assert!(!view(&world, 0).locked && !view(&world, 1).locked);
    assert!(world.alarms(0).is_empty(), "{:?}", world.alarms(0));
    assert_eq!(statements(&world).len(), 2);
}

#[test]
fn lock_and_removals_come_back_after_the_server_forgot_the_room() {
    let (mut world, _) = hosted(1, 3);
    remove(&mut world, 0, 2);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(2_000);
    // Another server under the same name, which knows of nothing.
    world.delivery = Delivery::new(Limits::default(), [8; 32]);
    world.log.clear();
    for index in 0..2 {
        world.peers[index].connection = None;
        world.peers[index].to_server.clear();
        world.peers[index].to_client.clear();
        world.peers[index].session.disconnected(world.now);
    }
    world.run(10_000);
    world.assert_one_group(&[0, 1]);
    let guest = world.open(5);
    let again = world.open(3);
    world.run(4_000);
    assert!(view(&world, guest).outside);
    assert!(world.peers[again].ended.as_deref().unwrap().starts_with("The host removed you"));
    assert_eq!(view(&world, 0).barred[0].name.as_deref(), Some("Person 3"));
    assert!(world.alarms(0).is_empty());
}

#[test]
fn too_many_are_too_many_and_the_host_reads_so() {
    let (mut world, link) = hosted(1, 2);
    let log_id = {
        let seen = std::rc::Rc::new(std::cell::Cell::new(None));
        let tell = std::rc::Rc::clone(&seen);
        world.tamper = Some(Box::new(move |_, message| {
            if let ServerMessage::Snapshot { log_id, .. } = &message {
                tell.set(Some(*log_id));
            }
            message
        }));
        world.open(3);
        world.run(2_000);
        seen.get().unwrap()
    };
    let barred = (0..640_u16).map(|i| Bytes([&i.to_be_bytes()[..], &[0; 14]].concat())).collect();
    let orders = HostOrders { barred, ..HostOrders::default() };
    let said = link.say(log_id, 1, &orders).unwrap();
    world.say(0, &ClientMessage::Post { post: 900, body: Post::HostSay { said } });
    world.run(500);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(1_000);
    assert!(view(&world, 0).locked, "there was room for that");
    for person in 10..20 {
        let guest = world.open(person);
        world.run(500);
        remove(&mut world, 0, guest);
        world.run(500);
        if !world.notices(0).is_empty() {
            break;
        }
    }
    let words = world.notices(0);
    assert!(words.first().is_some_and(|text| text.starts_with("Too many people")), "{words:?}");
    assert!(statements(&world).iter().all(|said| said.statement.len() <= 16 << 10));
    let tag = view(&world, 0).barred[0].tag.clone();
    order(&mut world, 0, HostOrder::LetBack { tag });
    world.run(1_000);
    assert!(world.alarms(0).is_empty());
    // To end the call there is always room.
    order(&mut world, 0, HostOrder::End {});
    world.run(1_000);
    assert!(world.peers[1].ended.is_some());
    let last = statements(&world).pop().unwrap();
    assert!(last.statement.len() < 100 && HostOrders::read(&last).unwrap().ended);
}
