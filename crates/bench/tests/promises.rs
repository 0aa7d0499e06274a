//! The promises that no clock decides: bytes, counts, and how commits grow.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tangelo_bench::{
    Figure, frames,
    groups::{self, Tree},
    storm::{self, Storm},
};

fn value(figures: &[Figure], label: &str) -> f64 {
    figures.iter().find(|figure| figure.label == label).unwrap_or_else(|| panic!("no {label}")).value
}

#[test]
fn no_frame_grows_by_more_than_24_bytes() {
    let figures = frames::bytes().unwrap();
    let (orange, own): (Vec<_>, Vec<_>) =
        figures.iter().partition(|figure| figure.label.starts_with("Orange"));
    // What padding adds is another matter: docs/decisions/0010.
    let (padded, own): (Vec<_>, Vec<_>) =
        own.into_iter().partition(|figure| figure.label.contains("padding"));
    assert_eq!((padded.len(), own.len()), (2, 12));
    for figure in own {
        assert!((18.0..=24.0).contains(&figure.value), "{figure:?}");
    }
    for figure in orange {
        assert!(figure.value > 100.0, "{figure:?}");
    }
}

#[test]
fn a_rekey_grows_with_the_logarithm_of_a_warm_tree_and_with_all_of_a_blank_one() {
    let bytes = |size, tree| {
        value(
            &groups::figures(size, tree).unwrap(),
            &format!("{size} members, {} tree: a rekey", if tree == Tree::Warm { "warm" } else { "blank" }),
        )
    };
    let (small, large) = (bytes(8, Tree::Warm), bytes(32, Tree::Warm));
    assert!(large - small < 2.0 * 200.0, "two levels more: {small} and {large} bytes");
    assert!(bytes(32, Tree::Blank) > large + 24.0 * 70.0, "a ciphertext for each leaf");
}

#[test]
fn fifty_arrivals_cost_at_most_five_commits_that_add() {
    for (inside, spread_us) in [(1, 0), (1, 1_000_000), (0, 0)] {
        let storm = Storm { inside, arrivals: 50, spread_us, slowness: 0.0 };
        let outcome = storm::run(storm).unwrap();
        assert!((1..=5).contains(&outcome.commits), "{storm:?}: {outcome:?}");
    }
}
