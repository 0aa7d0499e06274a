//! Commit-then-reveal: who answers right sees the same emoji, and nobody sees any otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod emoji_world;

use emoji_world::{Entry, World, circle, client, name};
use tangelo_call::emoji::{
    Digest, EmojiBreach, EmojiFailure, EmojiMessage, EmojiPerson, EmojiStep, EmojiView, Nonce, PACE_MS,
    RUN_MS, RunId, StartError,
};

fn names(people: &[EmojiPerson]) -> Vec<&str> {
    people.iter().map(|person| person.name.as_str()).collect()
}

fn is_reveal(message: &EmojiMessage) -> bool {
    matches!(message, EmojiMessage::Reveal { .. })
}

fn run_of(message: &EmojiMessage) -> RunId {
    match message {
        EmojiMessage::Start { run, .. }
        | EmojiMessage::Commit { run, .. }
        | EmojiMessage::Reveal { run, .. }
        | EmojiMessage::Cancel { run } => *run,
    }
}

/// Person 1 has started, and people 1 and 2 have committed; 3 is a program of the test's own, which hears all.
fn two_and_an_attacker() -> (World, RunId) {
    let mut world = World::of(3);
    world.members.pop();
    world.start(1);
    world.settle();
    let run = run_of(&world.said(|_| true)[0].1);
    (world, run)
}

fn commitment(run: RunId, number: u8, nonce: &Nonce) -> Digest {
    circle(1, 3, &[1, 2, 3]).commitment(run, client(number), nonce)
}

#[test]
fn all_see_the_same_six_emoji() {
    for count in [2, 3, 7] {
        let mut world = World::of(count);
        world.start(2);
        world.settle();
        let seen = world.emoji(1).expect("emoji");
        assert_eq!(seen.len(), 6);
        for number in 2..=count {
            assert_eq!(world.emoji(number).as_ref(), Some(&seen));
        }
        world.wait(RUN_MS);
        assert_eq!(world.emoji(1), Some(seen), "they stay");
    }
}

#[test]
fn another_run_gives_other_emoji() {
    let mut world = World::of(2);
    world.start(1);
    world.settle();
    let first = world.emoji(1).unwrap();
    world.wait(PACE_MS);
    world.start(2);
    world.settle();
    let second = world.emoji(1).unwrap();
    assert_ne!(first, second);
    assert_eq!(world.emoji(2), Some(second));
}

#[test]
fn nobody_reveals_before_everyone_has_committed() {
    let (mut world, run) = two_and_an_attacker();
    assert!(world.said(is_reveal).is_empty());
    let EmojiView::Running { people, starter } = world.member(1).check.view() else { panic!() };
    assert_eq!(starter.name, name(1));
    let steps: Vec<_> = people.iter().map(|progress| progress.step).collect();
    assert_eq!(steps, [EmojiStep::Committed, EmojiStep::Committed, EmojiStep::Silent]);
    let nonce = Nonce([9; 32]);
    world.say(3, EmojiMessage::Commit { run, hash: commitment(run, 3, &nonce) });
    world.settle();
    assert_eq!(world.said(is_reveal).len(), 2);
    assert_eq!(world.emoji(1), None);
    world.say(3, EmojiMessage::Reveal { run, nonce });
    world.settle();
    assert!(world.emoji(1).is_some());
    assert_eq!(world.emoji(1), world.emoji(2));
}

#[test]
fn a_reveal_that_does_not_match_its_commit_is_named() {
    let (mut world, run) = two_and_an_attacker();
    world.say(3, EmojiMessage::Commit { run, hash: commitment(run, 3, &Nonce([9; 32])) });
    world.settle();
    world.say(3, EmojiMessage::Reveal { run, nonce: Nonce([8; 32]) });
    world.settle();
    for number in [1, 2] {
        let EmojiFailure::Broken { by, how } = world.failure(number) else { panic!() };
        assert_eq!((by.name, how), (name(3), EmojiBreach::OtherReveal));
    }
}

#[test]
fn a_commitment_copied_from_another_cannot_be_opened() {
    let (mut world, run) = two_and_an_attacker();
    let commits = world.said(|message| matches!(message, EmojiMessage::Commit { .. }));
    world.say(3, commits[0].1.clone());
    world.settle();
    let reveals = world.said(is_reveal);
    let (_, copied) = reveals.iter().find(|(from, _)| *from == commits[0].0).unwrap();
    assert_eq!(run_of(copied), run);
    world.say(3, copied.clone());
    world.settle();
    assert!(matches!(
        world.failure(1),
        EmojiFailure::Broken { by, how: EmojiBreach::OtherReveal } if by.name == name(3)
    ));
}

#[test]
fn a_commit_changed_after_reveals_is_named() {
    let (mut world, run) = two_and_an_attacker();
    world.say(3, EmojiMessage::Commit { run, hash: commitment(run, 3, &Nonce([9; 32])) });
    world.settle();
    // The attacker knows all honest nonces now, and would like another one of its own.
    world.say(3, EmojiMessage::Commit { run, hash: commitment(run, 3, &Nonce([7; 32])) });
    world.say(3, EmojiMessage::Reveal { run, nonce: Nonce([7; 32]) });
    world.settle();
    for number in [1, 2] {
        let EmojiFailure::Broken { by, how } = world.failure(number) else { panic!() };
        assert_eq!((by.name, how), (name(3), EmojiBreach::SecondCommit));
    }
}

#[test]
fn a_reveal_before_all_commits_is_named() {
    let (mut world, run) = two_and_an_attacker();
    world.say(3, EmojiMessage::Reveal { run, nonce: Nonce([9; 32]) });
    world.settle();
    assert!(matches!(
        world.failure(2),
        EmojiFailure::Broken { by, how: EmojiBreach::EarlyReveal } if by.name == name(3)
    ));
    let reveals = world.said(is_reveal);
    assert!(reveals.iter().all(|(from, _)| *from == client(3)), "no honest nonce came out");
}

#[test]
fn who_is_silent_is_named_and_there_are_no_emoji() {
    let (mut world, _) = two_and_an_attacker();
    world.wait(RUN_MS - 1);
    assert!(matches!(world.member(1).check.view(), EmojiView::Running { .. }));
    world.wait(1);
    for number in [1, 2] {
        let EmojiFailure::Missing { people } = world.failure(number) else { panic!() };
        assert_eq!(names(&people), [name(3)]);
    }
    assert_eq!(world.member(1).check.poll_timeout(), None);
}

#[test]
fn who_commits_and_does_not_reveal_is_named() {
    let (mut world, run) = two_and_an_attacker();
    world.say(3, EmojiMessage::Commit { run, hash: commitment(run, 3, &Nonce([9; 32])) });
    world.settle();
    world.wait(RUN_MS);
    let EmojiFailure::Missing { people } = world.failure(1) else { panic!() };
    assert_eq!(names(&people), [name(3)]);
    world.say(3, EmojiMessage::Reveal { run, nonce: Nonce([9; 32]) });
    world.settle();
    assert_eq!(world.emoji(1), None, "too late");
}

#[test]
fn of_two_starters_the_first_in_the_log_wins_for_everyone() {
    for order in [[0, 1], [1, 0]] {
        let mut world = World::of(4);
        world.start(1);
        world.start(2);
        for index in order {
            world.post(index);
        }
        world.settle();
        let first = name(u8::try_from(order[0]).unwrap() + 1);
        for number in 1..=4 {
            let EmojiView::Done { starter, .. } = world.member(number).check.view() else { panic!() };
            assert_eq!(starter.name, first);
            assert_eq!(world.emoji(number), world.emoji(1));
        }
    }
}

#[test]
fn a_join_or_leave_ends_a_run_and_says_who() {
    let (mut world, _) = two_and_an_attacker();
    world.log.push(Entry::Changed(circle(1, 4, &[1, 2, 4])));
    world.settle();
    for number in [1, 2] {
        let EmojiFailure::PeopleChanged { joined, left } = world.failure(number) else { panic!() };
        assert_eq!((names(&joined), names(&left)), (vec!["person 4"], vec!["person 3"]));
    }
}

#[test]
fn emoji_are_taken_back_when_they_stand_for_others() {
    let mut world = World::of(2);
    world.start(1);
    world.settle();
    assert!(world.emoji(1).is_some());
    world.log.push(Entry::Changed(circle(1, 4, &[1, 2, 3])));
    world.settle();
    assert!(matches!(world.failure(1), EmojiFailure::PeopleChanged { .. }));
}

#[test]
fn a_rekey_disturbs_nothing() {
    let mut world = World::of(3);
    world.start(1);
    world.step(0);
    // The start was made in epoch 3; what follows comes after the rekey.
    let at = world.log.len() - 1;
    world.log.insert(at, Entry::Changed(circle(1, 4, &[3, 2, 1])));
    world.settle();
    world.log.push(Entry::Changed(circle(1, 5, &[1, 2, 3])));
    world.settle();
    let seen = world.emoji(1);
    assert!(seen.is_some());
    assert_eq!(world.emoji(2), seen);
    assert_eq!(world.emoji(3), seen);
}

#[test]
fn another_group_ends_a_run_even_with_the_same_people() {
    let (mut world, _) = two_and_an_attacker();
    world.log.push(Entry::Changed(circle(2, 0, &[1, 2, 3])));
    world.settle();
    assert_eq!(world.failure(1), EmojiFailure::Reconnected {});
    world.member(2).check.group_changed(None);
    assert_eq!(world.failure(2), EmojiFailure::Reconnected {});
}

#[test]
fn messages_of_another_run_are_nobodys_business() {
    let mut world = World::of(2);
    world.start(1);
    world.settle();
    let old = world.said(|_| true);
    world.wait(PACE_MS);
    world.start(1);
    world.post(0);
    for (from, message) in &old {
        if !matches!(message, EmojiMessage::Start { .. }) {
            world.log.push(Entry::Said(*from, message.clone()));
        }
    }
    world.log.push(Entry::Said(client(2), EmojiMessage::Cancel { run: run_of(&old[0].1) }));
    world.settle();
    assert!(world.emoji(1).is_some());
    assert_eq!(world.emoji(1), world.emoji(2));
}

#[test]
fn a_run_started_anew_with_old_messages_uses_new_nonces() {
    let mut world = World::of(3);
    world.start(1);
    world.settle();
    let seen = world.emoji(1);
    let old = world.said(|_| true);
    world.wait(PACE_MS);
    // Person 3 is taken over, and says everything that was said before: the honest nonces are new all the same.
    world.members.pop();
    let by_three: Vec<_> = old.iter().filter(|(from, _)| *from == client(3)).cloned().collect();
    world.say(3, old[0].1.clone());
    for (from, message) in by_three {
        world.settle();
        world.log.push(Entry::Said(from, message));
    }
    world.settle();
    assert!(world.emoji(1).is_some(), "it is a run like any other");
    assert_ne!(world.emoji(1), seen);
    assert_eq!(world.emoji(1), world.emoji(2));
}

#[test]
fn a_start_for_other_people_another_group_or_a_later_epoch_is_not_answered() {
    let starts = [circle(1, 3, &[1, 2]), circle(2, 3, &[1, 2, 3]), circle(1, 4, &[1, 2, 3])];
    for theirs in starts {
        let mut world = World::of(3);
        let run = RunId([5; 16]);
        world.say(3, EmojiMessage::Start { run, epoch: theirs.epoch, members: theirs.hash() });
        world.settle();
        assert_eq!(world.member(1).check.view(), EmojiView::Idle {}, "{theirs:?}");
    }
}

#[test]
fn who_is_no_member_is_not_heard() {
    let mut world = World::of(2);
    let run = RunId([5; 16]);
    world.say(9, EmojiMessage::Start { run, epoch: 3, members: circle(1, 3, &[1, 2]).hash() });
    world.settle();
    assert_eq!(world.member(1).check.view(), EmojiView::Idle {});
    world.start(1);
    world.post(0);
    let (_, start) = world.said(|message| matches!(message, EmojiMessage::Start { .. })).pop().unwrap();
    world.say(9, EmojiMessage::Cancel { run: run_of(&start) });
    world.settle();
    assert!(world.emoji(1).is_some());
}

#[test]
fn who_gives_up_ends_it_for_everyone_and_is_named() {
    let (mut world, _) = two_and_an_attacker();
    world.member(2).check.cancel();
    assert_eq!(world.member(2).check.view(), EmojiView::Idle {});
    world.settle();
    assert!(matches!(world.failure(1), EmojiFailure::Cancelled { by } if by.name == name(2)));
}

#[test]
fn who_missed_the_end_takes_the_emoji_back() {
    let mut world = World::of(2);
    world.start(1);
    // Person 2 reads slowly: it commits and reveals, and its clock runs out before it reads the last reveal.
    for _ in 0..10 {
        world.step(0);
        if world.said(is_reveal).is_empty() {
            world.step(1);
        }
    }
    world.step(1);
    world.step(1);
    for _ in 0..10 {
        world.step(0);
    }
    assert!(world.emoji(1).is_some(), "{:?}", world.member(1).check.view());
    assert!(world.emoji(2).is_none());
    world.wait(RUN_MS);
    world.settle();
    assert!(matches!(world.failure(1), EmojiFailure::Cancelled { by } if by.name == name(2)));
    assert!(matches!(world.failure(2), EmojiFailure::Missing { .. } | EmojiFailure::Cancelled { .. }));
}

#[test]
fn an_honest_member_takes_its_time_between_two_commits() {
    let mut world = World::of(2);
    world.start(1);
    world.settle();
    world.wait(1_000);
    world.start(1);
    world.settle();
    assert!(matches!(world.member(2).check.view(), EmojiView::Running { .. }));
    assert_eq!(world.member(2).check.poll_timeout(), Some(world.now + (PACE_MS - 1_000)));
    world.wait(PACE_MS - 1_000);
    world.settle();
    assert!(world.emoji(1).is_some());
}

#[test]
fn a_start_needs_somebody_to_compare_with() {
    let mut world = World::of(2);
    let now = world.now;
    world.member(1).check.group_changed(Some(circle(1, 4, &[1])));
    assert_eq!(world.member(1).check.start(now, [0; 16]), Err(StartError::Alone));
    world.member(1).check.group_changed(None);
    assert_eq!(world.member(1).check.start(now, [0; 16]), Err(StartError::NoGroup));
    world.start(2);
    assert_eq!(world.member(2).check.start(now, [0; 16]), Err(StartError::Busy));
}

#[test]
fn a_start_that_never_reaches_the_log_is_told() {
    let mut world = World::of(2);
    world.start(1);
    assert_eq!(world.member(1).check.view(), EmojiView::Asking {});
    world.wait(RUN_MS);
    assert_eq!(world.failure(1), EmojiFailure::NotSent {});
    // It comes after all, and with it the wish to give it up.
    world.settle();
    assert_eq!(world.emoji(1), None);
    assert!(matches!(world.failure(2), EmojiFailure::Cancelled { by } if by.name == name(1)));
}
