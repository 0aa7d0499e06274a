//! The shape of the ratchet tree is told as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Room;
use tangelo_e2ee::group::TreeShape;

/// The nodes that are there, and the unmerged leaves of those that have some.
fn drawn(shape: &TreeShape) -> (Vec<u32>, Vec<(u32, Vec<u32>)>) {
    let mut nodes: Vec<_> = shape.nodes.iter().map(|node| node.node).collect();
    nodes.sort_unstable();
    let unmerged = shape.nodes.iter().filter(|node| !node.unmerged.is_empty());
    (nodes, unmerged.map(|node| (node.node, node.unmerged.clone())).collect())
}

#[test]
fn paths_fill_nodes_additions_are_unmerged_and_removals_leave_blanks() {
    let mut room = Room::of(4);
    let shape = room.clients[0].group().tree_shape();
    assert_eq!((shape.leaf_slots, shape.renewed_by), (4, None), "a commit that adds has no path");
    assert_eq!(drawn(&shape), (vec![0, 2, 4, 6], vec![]), "so every parent is blank");
    assert!(shape.nodes.iter().all(|node| !node.renewed));

    // The path of leaf 2: its parent 5 and the root 3.
    let bundle = room.clients[2].commit(&[], &[], true);
    room.accept(2, &bundle);
    for client in &mut room.clients {
        let shape = client.group().tree_shape();
        assert_eq!(shape.renewed_by, Some(2));
        assert_eq!(drawn(&shape), (vec![0, 2, 3, 4, 5, 6], vec![]));
        let renewed: Vec<_> = shape.nodes.iter().filter(|node| node.renewed).map(|n| n.node).collect();
        assert_eq!(renewed, [4], "the leaf itself has a new key");
    }

    // A removal needs a path, of leaf 0 here, and blanks the path of leaf 3.
    room.depart(3);
    let gone = room.clients[3].id;
    let bundle = room.clients[0].commit(&[], &[gone], false);
    room.accept(0, &bundle);
    room.clients[3].group = None;
    let shape = room.clients[1].group().tree_shape();
    assert_eq!(shape.renewed_by, Some(0));
    assert_eq!(drawn(&shape), (vec![0, 1, 2, 3, 4], vec![]));

    // Who takes the free leaf knows no secret above it.
    room.arrive(5);
    room.work(0);
    let shape = room.clients[1].group().tree_shape();
    assert_eq!(shape.renewed_by, None);
    assert_eq!(drawn(&shape), (vec![0, 1, 2, 3, 4, 6], vec![(3, vec![3])]));
}
