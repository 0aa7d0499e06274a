//! Whose microphones go to a receiver: those that it named, or else as many as one can follow, first come.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use tangelo_wire::{ClientId, limits::HEARD_MAX};

/// Who sent nothing for so long gives up its place. A muted browser goes on to send silence, so this is about devices
/// that were given back, and people who have left.
const SILENT: Duration = Duration::from_secs(2);

/// Whom one client hears. Never more than [`HEARD_MAX`] at the same time; sound of a shared screen has no part in this.
#[derive(Debug)]
pub(crate) enum Hearing {
    /// The client has chosen.
    Named(BTreeSet<ClientId>),
    /// It has not.
    FirstCome {
        /// When each that has a place sent something last.
        places: BTreeMap<ClientId, Instant>,
        /// Before this nobody gives up a place.
        taken_until: Option<Instant>,
    },
}

impl Default for Hearing {
    fn default() -> Self {
        Self::FirstCome { places: BTreeMap::new(), taken_until: None }
    }
}

impl Hearing {
    /// As the client says.
    pub(crate) fn new(named: Option<&[ClientId]>) -> Self {
        named.map_or_else(Self::default, |named| Self::Named(named.iter().copied().take(HEARD_MAX).collect()))
    }

    /// A microphone has sent something. Returns whether the client gets it.
    pub(crate) fn admits(&mut self, now: Instant, client: ClientId) -> bool {
        let (places, taken_until) = match self {
            Self::Named(named) => return named.contains(&client),
            Self::FirstCome { places, taken_until } => (places, taken_until),
        };
        if let Some(heard) = places.get_mut(&client) {
            *heard = now;
            return true;
        }
        if places.len() >= HEARD_MAX {
            if taken_until.is_some_and(|until| now < until) {
                return false;
            }
            places.retain(|_, heard| now.saturating_duration_since(*heard) < SILENT);
            if places.len() >= HEARD_MAX {
                *taken_until = places.values().min().map(|heard| *heard + SILENT);
                return false;
            }
        }
        places.insert(client, now);
        true
    }

    /// Whether the client gets what this microphone sends, as things are.
    pub(crate) fn has(&self, client: ClientId) -> bool {
        match self {
            Self::Named(named) => named.contains(&client),
            Self::FirstCome { places, .. } => places.contains_key(&client),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8) -> ClientId {
        ClientId([number; 16])
    }

    #[test]
    fn the_first_stay_until_they_send_nothing_any_more() {
        let start = crate::test_now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut hearing = Hearing::default();
        let admitted = |hearing: &mut Hearing, at, numbers: std::ops::Range<u8>| -> Vec<u8> {
            numbers.filter(|number| hearing.admits(at, client(*number))).collect()
        };
        assert_eq!(admitted(&mut hearing, after(0), 0..30), (0..25).collect::<Vec<_>>());
        // All but the third go on.
        for ms in (20..1_980).step_by(20) {
            admitted(&mut hearing, after(ms), 0..2);
            admitted(&mut hearing, after(ms), 3..25);
            assert_eq!(admitted(&mut hearing, after(ms), 25..30), [0_u8; 0], "{ms}");
        }
        assert!(hearing.has(client(2)) && !hearing.has(client(27)));
        assert_eq!(admitted(&mut hearing, after(2_000), 27..30), [27]);
        assert_eq!(admitted(&mut hearing, after(2_020), 0..30).len(), HEARD_MAX);
        assert!(!hearing.has(client(2)) && hearing.has(client(27)));
    }

    #[test]
    fn who_is_named_and_nobody_else() {
        let now = crate::test_now();
        let mut hearing = Hearing::new(Some(&[client(7), client(9)]));
        assert!(hearing.admits(now, client(9)) && !hearing.admits(now, client(8)));
        assert!(hearing.has(client(7)) && !hearing.has(client(8)));
        assert!(!Hearing::new(Some(&[])).admits(now, client(7)));
        let many: Vec<_> = (0..30).map(client).collect();
        let mut hearing = Hearing::new(Some(&many));
        assert_eq!(many.iter().filter(|client| hearing.admits(now, **client)).count(), HEARD_MAX);
    }
}
