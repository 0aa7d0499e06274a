//! What hosts can do, by way of their own clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{Command, Event, HostOrder, Phase, RoomView, link::Link};
use tangelo_delivery::{Delivery, Limits};
use tangelo_wire::{
    Bytes, ClientMessage, DepartReason, Entry, HostOrders, HostStatement, LogEntry, LogId, Post,
    ServerMessage,
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
    forget(&mut world, &[0, 1]);
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

/// Another server under the same name, which knows of nothing. Whoever is not named here stays without network until it thaws.
fn forget(world: &mut World, back: &[usize]) {
    world.delivery = Delivery::new(Limits::default(), [8; 32]);
    world.log.clear();
    for index in 0..world.peers.len() {
        let peer = &mut world.peers[index];
        peer.connection = None;
        peer.to_server.clear();
        peer.to_client.clear();
        peer.frozen = !back.contains(&index);
        if !peer.frozen {
            peer.session.disconnected(world.now);
        }
    }
}

/// A locked room with a host and two more inside, of which these are back in a room that the server has forgotten.
fn opened(back: &[usize]) -> World {
    let (mut world, _) = hosted(1, 3);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(2_000);
    forget(&mut world, back);
    world
}

fn has_alarm(world: &World, index: usize, words: &[&str]) -> bool {
    world.alarms(index).iter().any(|alarm| words.iter().all(|word| alarm.contains(word)))
}

#[test]
fn an_honest_servers_restart_opens_no_lock_and_alarms_nobody() {
    let (mut world, _) = hosted(1, 3);
    order(&mut world, 0, HostOrder::Lock {});
    let guest = world.open(4);
    world.run(2_000);
    forget(&mut world, &[guest]);
    world.run(3_000);
    assert_eq!(world.peers[guest].phase, Some(Phase::Waiting), "who waited makes no group of its own");
    (0..3).for_each(|index| world.thaw(index));
    world.run(15_000);
    world.assert_one_group(&[0, 1, 2]);
    assert!([0, 1, 2, guest].iter().all(|index| view(&world, *index).locked && !view(&world, *index).opened));
    assert!(view(&world, guest).outside, "who waited waits again");
    assert!((0..4).all(|index| world.alarms(index).is_empty()), "{:?}", world.alarms(0));
    let founded_by_guest =
        |entry: &Entry| matches!(entry, Entry::Founded { client, .. } if *client == world.client(guest));
    assert_eq!(world.count(founded_by_guest), 0);
}

#[test]
fn who_was_inside_lets_no_stranger_into_a_room_that_the_server_has_opened() {
    let mut world = opened(&[1, 2]);
    world.run(5_000);
    let stranger = world.open(9);
    world.run(4_000);
    world.assert_one_group(&[1, 2]);
    assert!(view(&world, 1).opened && view(&world, 1).locked, "it holds to the lock");
    assert!(world.alarms(1).is_empty(), "a host's client may still say it again");
    world.run(8_000);
    world.assert_one_group(&[1, 2]);
    assert_eq!(world.peers[stranger].phase, Some(Phase::Waiting));
    for index in [1, 2] {
        assert!(has_alarm(&world, index, &["was locked, and the server has opened it"]));
        assert_eq!(world.alarms(index).len(), 1);
    }
    world.thaw(0);
    world.run(5_000);
    world.assert_one_group(&[0, 1, 2]);
    assert!(view(&world, stranger).outside && !view(&world, 1).opened);
    // A host's word is what counts: who is let in comes in.
    let client = world.client(stranger);
    order(&mut world, 0, HostOrder::Admit { client });
    world.run(3_000);
    world.assert_one_group(&[0, 1, 2, stranger]);
}

#[test]
fn a_stranger_that_is_first_in_an_opened_room_stays_alone() {
    let mut world = opened(&[]);
    let stranger = world.open(9);
    world.run(1_000);
    world.assert_one_group(&[stranger]);
    world.thaw(1);
    world.thaw(2);
    world.run(5_000);
    for index in [1, 2] {
        assert_eq!(world.peers[index].phase, Some(Phase::Reconnecting), "{index}");
        let words = ["was locked", "Person 9 is there", "does not go there"];
        assert!(has_alarm(&world, index, &words), "{:?} {:?}", world.alarms(index), world.losses(index));
    }
    world.thaw(0);
    world.run(8_000);
    world.assert_one_group(&[0, 1, 2]);
    assert!(world.peers[stranger].ended.as_deref().unwrap().starts_with("The host removed you"));
    assert!(has_alarm(&world, 0, &["The server had lost the lock", "Person 9"]), "{:?}", world.alarms(0));
    assert!(view(&world, 0).barred.is_empty(), "it may wait like anybody else");
    let again = world.open(9);
    world.run(3_000);
    assert!(view(&world, again).outside && view(&world, 0).waiting.len() == 1);
}

#[test]
fn who_stayed_away_from_a_stranger_comes_back_when_it_has_left() {
    let mut world = opened(&[]);
    let stranger = world.open(9);
    world.run(1_000);
    // It has loaded the page anew, and knows of no lock.
    let reloaded = world.open(3);
    world.run(2_000);
    world.assert_one_group(&[stranger, reloaded]);
    world.thaw(1);
    world.run(4_000);
    assert_eq!(world.peers[1].phase, Some(Phase::Reconnecting));
    world.leave(stranger);
    world.run(4_000);
    world.assert_one_group(&[1, reloaded]);
}

#[test]
fn a_stranger_that_somebody_let_in_unawares_is_named_and_put_out_again() {
    let mut world = opened(&[1]);
    // The third person has loaded the page anew, and knows of no lock.
    world.run(3_000);
    let reloaded = world.open(3);
    world.run(3_000);
    let stranger = world.open(9);
    world.run(5_000);
    world.assert_one_group(&[1, reloaded, stranger]);
    assert!(has_alarm(&world, 1, &["was locked", "Person 9 is in it"]), "{:?}", world.alarms(1));
    assert!(!has_alarm(&world, 1, &["Person 3"]), "who was inside is no stranger");
    world.thaw(0);
    world.run(5_000);
    world.assert_one_group(&[0, 1, reloaded]);
    assert!(world.peers[stranger].ended.is_some());
    assert!(has_alarm(&world, 0, &["The server had lost the lock", "Person 9"]));
}

#[test]
fn an_old_calls_word_unlocks_nothing() {
    // The server uses a log id again, in which the host once said that the room is open.
    let (mut world, link) = hosted(1, 2);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(2_000);
    forget(&mut world, &[1]);
    world.tamper = Some(Box::new(move |_, mut message| {
        if let ServerMessage::Snapshot { log_id, said, .. } = &mut message {
            *said = link.say(*log_id, 1_000, &HostOrders::default());
        }
        message
    }));
    world.run(3_000);
    let stranger = world.open(9);
    world.run(5_000);
    assert!(view(&world, 1).opened);
    assert_eq!(world.peers[stranger].phase, Some(Phase::Waiting));
}

/// Lets time pass while no statement of this one gets to the server.
fn run_without_word(world: &mut World, host: usize, duration_ms: u64) {
    let is_statement = |text: &String| {
        let posted = ClientMessage::from_json(text);
        matches!(posted, Ok(ClientMessage::Post { body: Post::HostSay { .. }, .. }))
    };
    let end = world.now + duration_ms;
    while world.now < end {
        let mut moves = true;
        while moves {
            moves = false;
            for index in 0..world.peers.len() {
                world.peers[host].to_server.retain(|text| !is_statement(text));
                moves |= world.step_to_server(index);
                moves |= world.step_to_client(index);
            }
        }
        world.now = world.now + 50;
        world.tick();
        world.peers[host].to_server.retain(|text| !is_statement(text));
    }
}

#[test]
fn a_lock_that_did_not_come_through_again_comes_with_the_hosts_next_word() {
    let (mut world, _) = hosted(1, 4);
    remove(&mut world, 0, 3);
    order(&mut world, 0, HostOrder::Lock {});
    let guests = [5, 6].map(|person| world.open(person));
    world.run(2_000);
    forget(&mut world, &[0, 1, 2, guests[0], guests[1]]);
    for _ in 0..40 {
        if !has_alarm(&world, 0, &["is not confirmed"]) {
            run_without_word(&mut world, 0, 500);
        }
    }
    assert!(has_alarm(&world, 0, &["is not confirmed"]));
    assert!(statements(&world).is_empty());
    let client = world.client(guests[0]);
    order(&mut world, 0, HostOrder::Admit { client });
    world.run(5_000);
    world.assert_one_group(&[0, 1, 2, guests[0]]);
    for index in [0, 1, 2, guests[0]] {
        assert!(view(&world, index).locked && !view(&world, index).opened, "{index}");
    }
    assert!(view(&world, guests[1]).outside, "who is not admitted waits");
    let again = world.open(4);
    world.run(3_000);
    assert!(world.peers[again].ended.as_deref().unwrap().starts_with("The host removed you"));
}

#[test]
fn a_lock_that_did_not_come_through_again_is_tried_again() {
    let (mut world, _) = hosted(1, 2);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(2_000);
    forget(&mut world, &[0, 1]);
    run_without_word(&mut world, 0, 15_000);
    assert!(has_alarm(&world, 0, &["is not confirmed"]));
    assert!(statements(&world).is_empty());
    world.run(40_000);
    assert_eq!(statements(&world).len(), 1);
    assert!([0, 1].iter().all(|index| view(&world, *index).locked && !view(&world, *index).opened));
}

#[test]
fn a_host_from_a_fresh_page_gets_in_after_a_forgetful_restart() {
    let (mut world, link) = hosted(1, 3);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(2_000);
    // The host does not come back.
    forget(&mut world, &[1, 2]);
    world.run(5_000);
    world.link = co_host(&link);
    let host = world.open(8);
    world.run(8_000);
    assert_eq!(world.peers[host].phase, Some(Phase::Waiting));
    assert_eq!(world.notices(host).len(), 1);
    assert!(world.notices(host)[0].starts_with("Nobody lets you in."), "{:?}", world.notices(host));
    order(&mut world, host, HostOrder::Lock {});
    world.run(4_000);
    world.assert_one_group(&[1, 2, host]);
    assert!([1, 2, host].iter().all(|index| view(&world, *index).locked && !view(&world, *index).opened));
    assert_eq!(statements(&world).len(), 1);
}

#[test]
fn whom_a_host_removed_does_not_come_back_unnoticed() {
    let (mut world, _) = hosted(1, 3);
    remove(&mut world, 0, 2);
    world.run(2_000);
    forget(&mut world, &[1]);
    world.run(3_000);
    // Who comes anew knows of nothing, and lets in whoever comes.
    let guest = world.open(5);
    world.run(3_000);
    world.assert_one_group(&[1, guest]);
    let again = world.open(3);
    world.run(5_000);
    world.assert_one_group(&[1, guest, again]);
    assert!(has_alarm(&world, 1, &["Person 3 was removed by a host and is in the call again"]));
    assert_eq!(world.alarms(1).len(), 1, "the call was not locked, and the guest is no stranger");
    world.thaw(0);
    world.run(5_000);
    world.assert_one_group(&[0, 1, guest]);
    assert!(world.peers[again].ended.as_deref().unwrap().starts_with("The host removed you"));
}

#[test]
fn who_was_inside_under_an_older_lock_waits_for_a_newer_one() {
    let (mut world, _) = hosted(2, 4);
    order(&mut world, 0, HostOrder::Lock {});
    world.run(1_000);
    world.peers[0].frozen = true;
    let connection = world.peers[0].connection.take().unwrap();
    world.delivery.disconnected(world.now, connection);
    // Long enough to depart. Meanwhile one of them leaves, and the other host locks the room without it.
    world.run(12_000);
    world.leave(3);
    world.run(1_000);
    order(&mut world, 1, HostOrder::Unlock {});
    world.run(1_000);
    order(&mut world, 1, HostOrder::Lock {});
    world.run(1_000);
    world.thaw(0);
    world.run(5_000);
    world.assert_one_group(&[0, 1, 2]);
    let again = world.open(4);
    world.run(4_000);
    assert!(view(&world, again).outside);
    assert!([0, 1].iter().all(|host| view(&world, *host).waiting.len() == 1));
    world.assert_one_group(&[0, 1, 2]);
}

/// The statement that a host's client has just posted, which does not get to the server.
fn swallow(world: &mut World, index: usize) -> ClientMessage {
    let posts = std::mem::take(&mut world.peers[index].to_server);
    let mut posts = posts.iter().map(|text| ClientMessage::from_json(text).unwrap());
    posts.find(|post| matches!(post, ClientMessage::Post { body: Post::HostSay { .. }, .. })).unwrap()
}

#[test]
fn the_opposite_of_what_is_not_confirmed_is_said_whatever_was_said_before() {
    let (mut world, _) = hosted(1, 2);
    order(&mut world, 0, HostOrder::Unlock {});
    world.run(1_000);
    order(&mut world, 0, HostOrder::Lock {});
    let lock = swallow(&mut world, 0);
    world.run(6_000);
    assert!(has_alarm(&world, 0, &["is not confirmed"]));
    let before = statements(&world).len();
    order(&mut world, 0, HostOrder::Unlock {});
    world.run(1_000);
    assert_eq!(statements(&world).len(), before + 1, "though the log says so already");
    // Now the server finds it.
    world.say(0, &lock);
    world.run(2_000);
    assert!(!view(&world, 0).locked && !view(&world, 1).locked);
    order(&mut world, 0, HostOrder::Unlock {});
    world.run(1_000);
    assert_eq!(statements(&world).len(), before + 1, "nothing can undo it any more");
}

#[test]
fn a_host_reads_that_something_came_through_late() {
    let (mut world, _) = hosted(1, 2);
    order(&mut world, 0, HostOrder::Lock {});
    let lock = swallow(&mut world, 0);
    world.run(6_000);
    assert!(has_alarm(&world, 0, &["is not confirmed"]));
    world.say(0, &lock);
    world.run(1_000);
    assert!(view(&world, 0).locked);
    assert!(
        world.notices(0).iter().any(|text| text.contains("has come through now")),
        "{:?}",
        world.notices(0)
    );
}

#[test]
fn a_host_that_nobody_lets_in_removes_and_ends() {
    for ends in [false, true] {
        let (mut world, link) = hosted(0, 2);
        // Those inside hear nothing and let nobody in, and the server does not know it yet.
        (world.peers[0].frozen, world.peers[1].frozen) = (true, true);
        world.link = co_host(&link);
        let host = world.open(8);
        world.run(1_000);
        assert_eq!(world.peers[host].phase, Some(Phase::Waiting));
        order(&mut world, host, HostOrder::Lock {});
        assert_eq!(world.notices(host), ["You are not in the call yet: try again in a moment."]);
        if ends {
            order(&mut world, host, HostOrder::End {});
        } else {
            remove(&mut world, host, 1);
        }
        world.run(1_000);
        world.thaw(1);
        world.run(1_000);
        let words = world.peers[1].ended.clone().unwrap();
        let wanted = if ends { "The host has ended the call" } else { "The host removed you" };
        assert!(words.starts_with(wanted), "{words}");
    }
}

#[test]
fn a_client_that_cannot_be_let_in_is_put_out_by_its_id() {
    let (mut world, _) = hosted(1, 2);
    let spoiled = world.peers.len();
    world.tamper = Some(Box::new(move |_, mut message| {
        if let ServerMessage::Entry(LogEntry { entry: Entry::Arrived { key_package, .. }, .. }) = &mut message
        {
            *key_package = Bytes(vec![1; 40]);
        }
        message
    }));
    assert_eq!(world.open(3), spoiled);
    world.run(1_000);
    let waiting = view(&world, 0).waiting;
    let client = world.client(spoiled);
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].client.clone(), waiting[0].name.as_str()), (client.to_string(), ""));
    order(&mut world, 0, HostOrder::Remove { client });
    world.run(1_000);
    assert!(view(&world, 0).waiting.is_empty() && view(&world, 0).barred.is_empty());
    assert!(world.peers[spoiled].ended.is_some());
    let kicked = |entry: &Entry| matches!(entry, Entry::Departed { reason: DepartReason::Kicked, .. });
    assert_eq!(world.count(kicked), 1);
}

#[test]
fn who_is_no_host_is_not_heeded_when_it_asks_others_to_mute() {
    let (mut world, _) = hosted(1, 3);
    let client = world.client(2);
    let other = Link::new_room().unwrap();
    // Another room's host, and what is no proof at all: sealed with the group's keys as it should be.
    let proofs = [
        serde_json::to_value(other.prove_host(LogId([0; 16]), world.client(1), &[0; 32])).unwrap(),
        serde_json::json!({"key": Bytes(vec![1; 32]), "signature": Bytes(vec![2; 64])}),
    ];
    for host in proofs {
        let seen = serde_json::json!({
            "log_id": LogId([0; 16]), "seq": 1, "digest": "00".repeat(32),
        });
        let content = serde_json::json!({"type": "mute", "client": client, "host": host});
        let plain = serde_json::json!({"seen": seen, "content": content}).to_string();
        let bytes = world.peers[1].session.seal_anything(plain.as_bytes()).unwrap();
        world.say(1, &ClientMessage::Post { post: 900, body: Post::Message { bytes } });
        world.run(500);
    }
    let asked = |event: &&Event| matches!(event, Event::MuteAsked { .. });
    assert_eq!(world.peers[2].events.iter().filter(asked).count(), 0);
    let refused = world.peers[2].session.stats().refused;
    assert_eq!(refused.iter().map(|refused| refused.rule).collect::<Vec<_>>(), [54, 54], "{refused:?}");
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
