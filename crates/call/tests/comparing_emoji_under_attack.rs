//! Whatever happens, all honest members see the same emoji or none; and who stands between two groups does not get
//! the same emoji in both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod emoji_world;

use emoji_world::{Entry, World, circle, client, emoji};
use proptest::prelude::*;
use tangelo_call::emoji::{Circle, Digest, EmojiCheck, EmojiMessage, Nonce, PACE_MS, RUN_MS, RunId};
use tangelo_wire::{ClientId, Millis};

#[derive(Clone, Debug)]
enum Action {
    Step(usize),
    Start(usize),
    Cancel(usize),
    Wait(u64),
    Rekey,
    /// In the name of the last member something is said that its program did not say.
    Lie(Lie),
}

#[derive(Clone, Debug)]
enum Lie {
    Start,
    /// For the latest run, with this nonce.
    Commit(u8),
    Reveal(u8),
    Cancel,
    /// Says once more what stands there in the log.
    Repeat(usize),
}

fn action() -> impl Strategy<Value = Action> {
    let lie = prop_oneof![
        1 => Just(Lie::Start),
        4 => (0..3_u8).prop_map(Lie::Commit),
        4 => (0..3_u8).prop_map(Lie::Reveal),
        1 => Just(Lie::Cancel),
        2 => any::<prop::sample::Index>().prop_map(|index| Lie::Repeat(index.index(40))),
    ];
    prop_oneof![
        40 => (0..4_usize).prop_map(Action::Step),
        3 => (0..4_usize).prop_map(Action::Start),
        1 => (0..4_usize).prop_map(Action::Cancel),
        1 => (1..4_000_u64).prop_map(Action::Wait),
        1 => Just(Action::Rekey),
        1 => lie.prop_map(Action::Lie),
    ]
}

fn latest_run(world: &World) -> RunId {
    let starts = world.said(|message| matches!(message, EmojiMessage::Start { .. }));
    match starts.last() {
        Some((_, EmojiMessage::Start { run, .. })) => *run,
        _ => RunId([0; 16]),
    }
}

/// People 1 to 3 are honest; 4 is at times.
fn perform(world: &mut World, epoch: &mut u64, action: &Action) {
    let everyone = [1, 2, 3, 4];
    match action {
        Action::Step(index) => {
            world.step(*index);
        }
        Action::Start(index) => {
            let now = world.now;
            if let Some(member) = world.members.get_mut(*index) {
                let run = member.fresh();
                let _ = member.check.start(now, run);
            }
        }
        Action::Cancel(index) => {
            if let Some(member) = world.members.get_mut(*index) {
                member.check.cancel();
            }
        }
        Action::Wait(ms) => world.wait(*ms),
        Action::Rekey => {
            *epoch += 1;
            world.log.push(Entry::Changed(circle(1, *epoch, &everyone)));
        }
        Action::Lie(lie) => {
            let run = latest_run(world);
            let here = circle(1, *epoch, &everyone);
            let message = match lie {
                Lie::Start => {
                    EmojiMessage::Start { run: RunId([77; 16]), epoch: *epoch, members: here.hash() }
                }
                Lie::Commit(nonce) => {
                    let hash = here.commitment(run, client(4), &Nonce([*nonce; 32]));
                    EmojiMessage::Commit { run, hash }
                }
                Lie::Reveal(nonce) => EmojiMessage::Reveal { run, nonce: Nonce([*nonce; 32]) },
                Lie::Cancel => EmojiMessage::Cancel { run },
                Lie::Repeat(at) => match world.said(|_| true).get(*at) {
                    Some((_, message)) => message.clone(),
                    None => return,
                },
            };
            world.say(4, message);
        }
    }
}

/// What the attacker does next on one side: mostly what lets the honest person go on.
fn attack() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![3 => Just(None), 1 => (0..5_u8).prop_map(Some)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn honest_members_end_with_the_same_emoji_or_with_none(actions in prop::collection::vec(action(), 1..160)) {
        let mut world = World::of(4);
        let mut epoch = 3;
        for action in &actions {
            perform(&mut world, &mut epoch, action);
        }
        for _ in 0..6 {
            world.settle();
            world.wait(RUN_MS);
        }
        world.settle();
        let seen: Vec<_> = (1..=3).map(|number| world.emoji(number)).collect();
        prop_assert!(seen.iter().all(|emoji| *emoji == seen[0]), "{seen:?}");
    }

    #[test]
    fn without_liars_a_run_that_is_left_alone_succeeds(orders in prop::collection::vec(0..4_usize, 0..200)) {
        let mut world = World::of(4);
        world.start(1);
        for index in orders {
            world.step(index);
        }
        world.settle();
        let seen = world.emoji(1);
        prop_assert!(seen.is_some());
        for number in 2..=4 {
            prop_assert_eq!(&world.emoji(number), &seen);
        }
    }

    #[test]
    fn who_stands_in_between_does_not_get_the_same_emoji(moves in prop::collection::vec((0..2_usize, attack()), 6..30)) {
        // Ada (1) and Mallory (3) are one group, Mallory (4) and Grace (2) another. Mallory sees and says in both
        // what it likes, in any order.
        let mut sides = [Side::new(circle(1, 3, &[1, 3]), 1, 3), Side::new(circle(2, 3, &[4, 2]), 2, 4)];
        for (side, choice) in moves {
            let [ada, grace] = &sides;
            let overheard: Vec<EmojiMessage> = ada.heard.iter().chain(&grace.heard).cloned().collect();
            sides[side].attack(choice, &overheard);
        }
        let [ada, grace] = &sides;
        let both = (emoji(&ada.honest.view()), emoji(&grace.honest.view()));
        if let (Some(ada), Some(grace)) = both {
            // 1 in 2^36.
            prop_assert_ne!(ada, grace);
        }
    }
}

/// The test above proves nothing if the attacker never gets both to the end.
#[test]
fn who_stands_in_between_may_well_get_emoji_in_both() {
    let mut sides = [Side::new(circle(1, 3, &[1, 3]), 1, 3), Side::new(circle(2, 3, &[4, 2]), 2, 4)];
    for side in &mut sides {
        for choice in [0, 1, 2] {
            side.attack(Some(choice), &[]);
        }
    }
    let [ada, grace] = sides.map(|side| emoji(&side.honest.view()));
    assert!(ada.is_some() && grace.is_some());
    assert_ne!(ada, grace);
}

/// A group of one honest person and the attacker.
struct Side {
    circle: Circle,
    person: ClientId,
    attacker: ClientId,
    honest: EmojiCheck,
    /// What the honest person said.
    heard: Vec<EmojiMessage>,
    attacker_nonce: Nonce,
    /// How many steps of an ordinary run the attacker has gone.
    steps: usize,
    now: Millis,
}

impl Side {
    fn new(circle: Circle, person: u8, attacker: u8) -> Self {
        let mut honest = EmojiCheck::new(client(person));
        honest.group_changed(Some(circle.clone()));
        let (person, attacker) = (client(person), client(attacker));
        Self {
            circle,
            person,
            attacker,
            honest,
            heard: Vec::new(),
            attacker_nonce: Nonce([1; 32]),
            steps: 0,
            now: Millis(0),
        }
    }

    /// The same run id on both sides, so that nothing but groups, identities and nonces can make a difference.
    fn attack(&mut self, choice: Option<u8>, overheard: &[EmojiMessage]) {
        let run = RunId([6; 16]);
        let theirs = overheard.iter().rev().find_map(|message| match message {
            EmojiMessage::Reveal { nonce, .. } => Some(nonce.clone()),
            _ => None,
        });
        // Start, commit, reveal, and again; the commit is to the last nonce that was shown anywhere.
        let choice = choice.unwrap_or_else(|| {
            self.steps += 1;
            [0, 3, 2][(self.steps - 1) % 3]
        });
        let message = match choice {
            0 => {
                self.now = self.now + PACE_MS;
                EmojiMessage::Start { run, epoch: 3, members: self.circle.hash() }
            }
            1 => EmojiMessage::Commit { run, hash: self.commitment(run) },
            2 => EmojiMessage::Reveal { run, nonce: self.attacker_nonce.clone() },
            // Commits to a nonce that an honest person has shown on either side.
            3 => {
                self.attacker_nonce = theirs.unwrap_or(Nonce([1; 32]));
                EmojiMessage::Commit { run, hash: self.commitment(run) }
            }
            _ => match overheard.last() {
                Some(message) => message.clone(),
                None => return,
            },
        };
        self.deliver(self.attacker, &message);
    }

    fn commitment(&self, run: RunId) -> Digest {
        self.circle.commitment(run, self.attacker, &self.attacker_nonce)
    }

    fn deliver(&mut self, from: ClientId, message: &EmojiMessage) {
        let mut fresh = [self.person.0[0]; 32];
        fresh[31] = u8::try_from(self.heard.len()).unwrap();
        self.honest.handle(self.now, from, message, fresh);
        while let Some(own) = self.honest.poll_message() {
            self.heard.push(own.clone());
            self.deliver(self.person, &own);
        }
    }
}
