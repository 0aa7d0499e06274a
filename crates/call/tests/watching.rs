//! What a page shows is told to the server, and told again to one that may not know.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;
use tangelo_call::{Command, Event, RemoteTrack};
use tangelo_wire::{MediaKind, Picture, Source, View};

#[test]
fn what_is_shown_is_said_at_once_and_again_after_an_answer_and_a_resume() {
    let mut world = World::of(2);
    let (ada, grace) = (world.client(0), world.client(1));
    let view = View { client: grace, source: Source::Camera, height: 360, pinned: true };
    world.command(0, Command::Watch { views: vec![view] });
    world.run(100);
    let told = (ada, Some(vec![view]), None);
    assert_eq!(world.watched, std::slice::from_ref(&told));

    let room = world.link.split(['/', '#']).nth(2).unwrap().parse().unwrap();
    world.delivery.answer(&room, ada, 1, Ok("v=0".into()));
    world.run(1_000);
    assert_eq!(world.watched, [told.clone(), told.clone()], "a media session may have begun anew");

    world.cut(0);
    world.run(5_000);
    assert_eq!(world.client(0), ada, "it resumed");
    assert_eq!(world.watched.last(), Some(&told));
    assert_eq!(world.watched.len(), 3);
}

#[test]
fn which_layers_are_wanted_reaches_the_page() {
    let mut world = World::of(2);
    let room = world.link.split(['/', '#']).nth(2).unwrap().parse().unwrap();
    let ada = world.client(0);
    world.delivery.wanted(&room, ada, Source::Camera, vec![0, 2]);
    world.run(3_000);
    let wanted = Event::Wanted { source: Source::Camera, layers: vec![0, 2] };
    assert!(world.peers[0].events.contains(&wanted));
    assert!(!world.peers[1].events.contains(&wanted));
}

#[test]
fn which_pictures_have_no_room_reaches_the_page_and_does_so_again_after_a_loss() {
    let mut world = World::of(2);
    let room = world.link.split(['/', '#']).nth(2).unwrap().parse().unwrap();
    let (ada, bob) = (world.client(0), world.client(1));
    world.delivery.paused(&room, ada, vec![Picture { client: bob, source: Source::Camera }]);
    world.run(3_000);
    let track = RemoteTrack { client: bob.to_string(), source: Source::Camera, kind: MediaKind::Video };
    let paused = Event::Paused { pictures: vec![track] };
    let told =
        |world: &World, peer: usize| world.peers[peer].events.iter().filter(|it| **it == paused).count();
    assert_eq!((told(&world, 0), told(&world, 1)), (1, 0));
    world.cut(0);
    world.run(5_000);
    assert_eq!((world.client(0), told(&world, 0)), (ada, 2));
}
