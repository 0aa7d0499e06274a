//! Whom this client hears where there are more microphones than one can follow: those who spoke last. Who speaks keeps
//! the place, and so does who is silent as long as nobody else needs it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use tangelo_wire::{ClientId, Millis, limits::HEARD_MAX};

/// How often a member tells how loudly it spoke, if there are not so many, in milliseconds ...
const NOTICE_MS: u64 = 1_000;
/// ... or this for each open microphone, if that is more: 50 notices a second in the largest room.
const NOTICE_MEMBER_MS: u64 = 20;

/// How often each of so many members with an open microphone tells how loudly it spoke, in milliseconds; `None` where
/// everybody can be heard anyway.
pub(crate) fn notice_period_ms(open: usize) -> Option<u64> {
    (open > HEARD_MAX).then(|| NOTICE_MS.max(NOTICE_MEMBER_MS.saturating_mul(open as u64)))
}

/// Who spoke so lately does not lose the place, in milliseconds: two notices may be on their way, or one be lost.
fn hold_ms(open: usize) -> u64 {
    notice_period_ms(open).unwrap_or(NOTICE_MS).saturating_mul(5) / 2
}

/// A microphone of another member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Microphone {
    pub(crate) client: ClientId,
    /// Whether it is on, as its owner says; a muted one sends silence.
    pub(crate) open: bool,
    /// Whether the person has put its owner in front.
    pub(crate) pinned: bool,
}

/// When a member was last told to have spoken, and how loudly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spoke {
    at: Millis,
    level: u8,
}

/// How much somebody is worth hearing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    open: bool,
    pinned: bool,
    spoke: Option<Spoke>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    heard: BTreeSet<ClientId>,
    spoke: BTreeMap<ClientId, Spoke>,
}

impl Hearing {
    /// A member told how loudly it spoke since it told so before; 0 is not at all.
    pub(crate) fn told(&mut self, now: Millis, client: ClientId, level: u8) {
        if level > 0 {
            self.spoke.insert(client, Spoke { at: now, level });
        }
    }

    /// A member has left.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.spoke.remove(&client);
    }

    /// Of all microphones of others those to hear; `None` if that is all of them. `open` is how many are on, the own one
    /// among them.
    pub(crate) fn choose(
        &mut self,
        now: Millis,
        microphones: &[Microphone],
        open: usize,
    ) -> Option<&BTreeSet<ClientId>> {
        let ranks: BTreeMap<ClientId, Rank> = microphones
            .iter()
            .map(|Microphone { client, open, pinned }| {
                let spoke = self.spoke.get(client).copied();
                (*client, Rank { open: *open, pinned: *pinned, spoke })
            })
            .collect();
        self.heard.retain(|client| ranks.contains_key(client));
        let mut others: Vec<(ClientId, Rank)> = ranks.iter().map(|(client, rank)| (*client, *rank)).collect();
        others.retain(|(client, _)| !self.heard.contains(client));
        // Stable: of equals each client takes the same, as long as nobody is heard yet.
        others.sort_by_key(|(_, rank)| Reverse(*rank));
        for (client, rank) in others {
            if self.heard.len() < HEARD_MAX {
                self.heard.insert(client);
                continue;
            }
            let heard = self.heard.iter().filter_map(|heard| Some((*ranks.get(heard)?, *heard)));
            let Some((least, last)) = heard.min() else { break };
            if !goes_before(now, rank, least, hold_ms(open)) {
                break;
            }
            self.heard.remove(&last);
            self.heard.insert(client);
        }
        (microphones.len() > HEARD_MAX).then_some(&self.heard)
    }
}

/// Whether somebody takes the place of the one who is least worth hearing.
fn goes_before(now: Millis, one: Rank, least: Rank, hold_ms: u64) -> bool {
    if !one.open || !least.open {
        return one.open && !least.open;
    }
    if one.pinned || least.pinned {
        return one.pinned && !least.pinned;
    }
    let speaks = least.spoke.is_some_and(|spoke| now.since(spoke.at) < hold_ms);
    !speaks && one.spoke > least.spoke
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8) -> ClientId {
        ClientId([number; 16])
    }

    /// The first so many members, all with open microphones.
    fn open(count: u8) -> Vec<Microphone> {
        (0..count).map(|number| Microphone { client: client(number), open: true, pinned: false }).collect()
    }

    fn chosen(hearing: &mut Hearing, at: u64, microphones: &[Microphone]) -> BTreeSet<u8> {
        let open = microphones.iter().filter(|microphone| microphone.open).count();
        let heard = hearing.choose(Millis(at), microphones, open).expect("not all can be heard");
        assert_eq!(heard.len(), HEARD_MAX);
        heard.iter().map(|client| client.0[0]).collect()
    }

    fn set(numbers: impl IntoIterator<Item = u8>) -> BTreeSet<u8> {
        numbers.into_iter().collect()
    }

    #[test]
    fn the_pace_is_bounded_for_a_member_and_for_a_room() {
        assert_eq!((notice_period_ms(0), notice_period_ms(25)), (None, None));
        assert_eq!(notice_period_ms(26), Some(1_000));
        assert_eq!(notice_period_ms(100), Some(2_000));
        for open in 26..=tangelo_wire::limits::ROOM_CLIENTS_MAX {
            let a_second = open as u64 * 1_000 / notice_period_ms(open).expect("they are told");
            assert!(a_second <= 50, "{a_second} with {open}");
        }
    }

    #[test]
    fn as_long_as_all_can_be_heard_nothing_is_chosen() {
        let mut hearing = Hearing::default();
        assert_eq!(hearing.choose(Millis(0), &[], 0), None);
        assert_eq!(hearing.choose(Millis(0), &open(25), 25), None);
        // Who was heard so far is not given up for a newcomer.
        let mut microphones = open(26);
        microphones.rotate_right(1);
        assert_eq!(chosen(&mut hearing, 0, &microphones), set(0..25));
        assert_eq!(hearing.choose(Millis(0), &open(25)[5..], 20), None);
    }

    #[test]
    fn who_speaks_is_heard_and_who_spoke_last_longest_ago_is_not() {
        let mut hearing = Hearing::default();
        let microphones = open(40);
        assert_eq!(chosen(&mut hearing, 0, &microphones), set(0..25));
        for number in 0..25 {
            hearing.told(Millis(1_000 + u64::from(number)), client(number), 3);
        }
        // Silence is told as well, and is nothing.
        hearing.told(Millis(9_000), client(30), 0);
        assert_eq!(chosen(&mut hearing, 9_000, &microphones), set(0..25));
        hearing.told(Millis(9_000), client(39), 5);
        assert_eq!(chosen(&mut hearing, 9_000, &microphones), set((1..25).chain([39])));
        hearing.told(Millis(9_100), client(38), 5);
        hearing.told(Millis(9_100), client(37), 5);
        assert_eq!(chosen(&mut hearing, 9_100, &microphones), set((3..25).chain([37, 38, 39])));
    }

    #[test]
    fn of_those_who_began_at_once_the_loudest_is_heard() {
        let mut hearing = Hearing::default();
        let microphones = open(40);
        for number in 0..24 {
            hearing.told(Millis(1_000), client(number), 9);
        }
        hearing.told(Millis(1_000), client(30), 2);
        hearing.told(Millis(1_000), client(31), 7);
        assert_eq!(chosen(&mut hearing, 1_000, &microphones), set((0..24).chain([31])));
    }

    #[test]
    fn nobody_who_speaks_loses_the_place() {
        let mut hearing = Hearing::default();
        let microphones = open(30);
        chosen(&mut hearing, 0, &microphones);
        let hold = hold_ms(30);
        assert_eq!(hold, 2_500);
        for number in 0..30 {
            hearing.told(Millis(1_000), client(number), 4);
        }
        // Everybody speaks: who has a place keeps it, however loud the others are.
        for ms in (1_000..20_000).step_by(500) {
            hearing.told(Millis(ms), client(29), 9);
            for number in 1..25 {
                hearing.told(Millis(ms), client(number), 1);
            }
            let heard = chosen(&mut hearing, ms, &microphones);
            assert!(heard.is_superset(&set(1..25)), "at {ms}");
            assert_eq!(heard.contains(&0), ms < 1_000 + hold, "until it has been silent, at {ms}");
            assert_eq!(heard.contains(&29), ms >= 1_000 + hold);
        }
    }

    #[test]
    fn when_all_are_silent_places_stay() {
        let mut hearing = Hearing::default();
        let microphones = open(40);
        for number in (0..40).rev() {
            hearing.told(Millis(1_000 - u64::from(number)), client(number), 4);
        }
        let first = chosen(&mut hearing, 1_000, &microphones);
        for ms in (1_000..100_000).step_by(1_000) {
            assert_eq!(chosen(&mut hearing, ms, &microphones), first);
        }
    }

    #[test]
    fn muted_people_give_way_and_else_keep_their_places() {
        let mut hearing = Hearing::default();
        let mut microphones = open(40);
        for microphone in &mut microphones {
            microphone.open = microphone.client.0[0] >= 20;
        }
        assert_eq!(chosen(&mut hearing, 0, &microphones), set((0..5).chain(20..40)));
        microphones[10].open = true;
        assert_eq!(chosen(&mut hearing, 10, &microphones), set((1..5).chain([10]).chain(20..40)));
        // Nothing changes for who mutes, or had spoken: the server learns nothing.
        microphones[10].open = false;
        microphones[30].open = false;
        hearing.told(Millis(15), client(30), 9);
        assert_eq!(chosen(&mut hearing, 20, &microphones), set((1..5).chain([10]).chain(20..40)));
    }

    #[test]
    fn who_is_pinned_is_heard_whoever_else_speaks() {
        let mut hearing = Hearing::default();
        let mut microphones = open(40);
        chosen(&mut hearing, 0, &microphones);
        for number in 0..39 {
            hearing.told(Millis(1_000), client(number), 9);
        }
        microphones[39].pinned = true;
        assert!(chosen(&mut hearing, 1_000, &microphones).contains(&39));
        for ms in (1_000..60_000).step_by(1_000) {
            for number in 0..39 {
                hearing.told(Millis(ms), client(number), 9);
            }
            assert!(chosen(&mut hearing, ms, &microphones).contains(&39));
        }
        // A pinned person who is muted says nothing, and keeps nobody out who may.
        microphones[39].open = false;
        assert!(!chosen(&mut hearing, 60_000, &microphones).contains(&39));
        microphones[39].open = true;
        assert!(chosen(&mut hearing, 60_000, &microphones).contains(&39));
    }

    #[test]
    fn who_has_left_gives_up_the_place_and_is_forgotten() {
        let mut hearing = Hearing::default();
        let mut microphones = open(40);
        for number in 0..40 {
            hearing.told(Millis(u64::from(number)), client(number), 9);
        }
        assert_eq!(chosen(&mut hearing, 100, &microphones), set(15..40));
        microphones.remove(39);
        hearing.forget(client(39));
        assert_eq!(chosen(&mut hearing, 200, &microphones), set(14..39));
        assert!(!hearing.spoke.contains_key(&client(39)));
    }
}
