//! An insider leads a newcomer into a group of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::World;

const FALSE: &str = "the group that the Welcome led to is not the room's";

#[test]
fn a_newcomer_in_an_insiders_own_group_comes_back_to_the_room() {
    let mut world = World::of(3);
    let newcomer = world.mislead(1);
    let (group, epoch) = world.peers[newcomer].session.epoch().expect("the Welcome was used");
    let (rooms_group, rooms_epoch) = world.peers[0].session.epoch().unwrap();
    assert_eq!((group, epoch), (rooms_group, rooms_epoch + 2));
    world.run(10_000);
    assert_eq!(world.losses(newcomer), [FALSE]);
    for member in 0..3 {
        assert!(world.losses(member).is_empty(), "{:?}", world.losses(member));
    }
    world.assert_one_group(&[0, 1, 2, 3]);
}
