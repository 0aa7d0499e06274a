//! When a member renews its own path: so forward secrecy and post-compromise security are bounded in time for
//! everyone, and the ratchet tree stays warm.

use tangelo_wire::Millis;

use crate::jitter::Jitter;

/// The first rekey comes within this time of entering, in milliseconds, or the next for each member, if that is more.
const FIRST_MS: (u64, u64) = (5_000, 500);
/// Later ones come after this time at the most.
const EVERY_MS: (u64, u64) = (60_000, 2_000);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Rekey {
    due: Option<Millis>,
    /// The bounds that it is due by: the first, until there was a path.
    bounds: (u64, u64),
}

impl Rekey {
    /// This client founded or entered the group.
    pub(crate) fn entered(&mut self, now: Millis, members: usize, jitter: &mut Jitter) {
        self.bounds = FIRST_MS;
        self.due = Some(now + jitter.below(span_ms(FIRST_MS, members)));
    }

    /// A path of this client was merged.
    pub(crate) fn done(&mut self, now: Millis, members: usize, jitter: &mut Jitter) {
        self.bounds = EVERY_MS;
        let most_ms = span_ms(EVERY_MS, members);
        // Spread over the last quarter, so that members do not keep step.
        self.due = Some(now + (most_ms - jitter.below(most_ms / 4)));
    }

    /// The group has so many members now: in a smaller one the bound is nearer.
    pub(crate) fn resized(&mut self, now: Millis, members: usize) {
        let by = now + span_ms(self.bounds, members);
        self.due = self.due.map(|due| due.min(by));
    }

    /// When this client is to commit a path. An overdue one does not yield to other work: it takes it along.
    pub(crate) fn due(&self) -> Option<Millis> {
        self.due
    }

    pub(crate) fn is_due(&self, now: Millis) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

fn span_ms((least_ms, member_ms): (u64, u64), members: usize) -> u64 {
    least_ms.max(member_ms.saturating_mul(members as u64))
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn a_room_that_shrinks_has_the_bounds_of_a_small_one() {
        for client in 0..50 {
            let mut jitter = Jitter::new(&[client; 16]);
            let mut rekey = Rekey::default();
            rekey.entered(Millis(0), 200, &mut jitter);
            rekey.resized(Millis(1_000), 2);
            assert!(rekey.due().unwrap() <= Millis(6_000));
            rekey.done(Millis(6_000), 200, &mut jitter);
            rekey.resized(Millis(7_000), 100);
            assert!(rekey.due().unwrap() <= Millis(207_000));
            rekey.resized(Millis(10_000), 2);
            assert!(rekey.due().unwrap() <= Millis(70_000));
            // And a larger one does not put it off.
            rekey.resized(Millis(10_000), 200);
            assert!(rekey.due().unwrap() <= Millis(70_000));
        }
    }

    #[test]
    fn the_bounds_hold_for_any_size() {
        for members in [1, 2, 10, 29, 30, 31, 200] {
            for client in 0..50 {
                let mut jitter = Jitter::new(&[client; 16]);
                let mut rekey = Rekey::default();
                assert_eq!(rekey.due(), None);
                rekey.entered(Millis(1_000), members, &mut jitter);
                let first_ms = rekey.due().unwrap().since(Millis(1_000));
                assert!(first_ms < 5_000.max(500 * members as u64));
                rekey.done(Millis(9_000), members, &mut jitter);
                let every_ms = rekey.due().unwrap().since(Millis(9_000));
                let most_ms = 60_000.max(2_000 * members as u64);
                assert!((most_ms * 3 / 4..=most_ms).contains(&every_ms), "{members} members: {every_ms} ms");
            }
        }
    }
}
