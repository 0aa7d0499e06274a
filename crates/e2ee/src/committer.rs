//! The designated committer: whose turn it is to commit.

use tangelo_wire::{ClientId, Mistake, made};

/// How long rank 1 waits for rank 0, in milliseconds; rank k waits min(k, 3) times as long.
pub const TAKEOVER_MS: u64 = 1_500;

/// Keeps the order in which members get their turn. Local knowledge is enough: who commits out of turn breaks no
/// rule, and compare-and-swap in the log settles ties.
#[derive(Debug, Default)]
pub struct Turns {
    /// Members that were passed over by a takeover, in the order in which that happened.
    passed_over: Vec<ClientId>,
}

impl Turns {
    /// The members that have a turn, first the designated committer. `entered` are the members that are present and
    /// have entered, by leaf index.
    #[must_use]
    pub fn order(&self, entered: &[ClientId]) -> Vec<ClientId> {
        let first = entered.iter().filter(|client| !self.passed_over.contains(client));
        let last = self.passed_over.iter().filter(|client| entered.contains(client));
        first.chain(last).copied().collect()
    }

    /// Members that were passed over and have committed nothing since, in the order in which that happened.
    #[must_use]
    pub fn passed_over(&self) -> &[ClientId] {
        &self.passed_over
    }

    /// `author` committed: who stood before it was passed over and goes to the end, until it commits something.
    pub fn committed(&mut self, entered: &[ClientId], author: ClientId) {
        let order = self.order(entered);
        let passed: Vec<_> = order.into_iter().take_while(|client| *client != author).collect();
        self.passed_over.retain(|client| *client != author && !passed.contains(client));
        if entered.contains(&author) {
            self.passed_over.extend(passed);
        }
    }

    /// `author` committed before anyone was overdue: it is back in its place, and nobody was passed over.
    pub fn forgive(&mut self, author: ClientId) {
        self.passed_over.retain(|client| *client != author);
    }

    /// How long `own` waits after work came up, in milliseconds; `None` if it has no turn. `jitter_ms` below
    /// [`TAKEOVER_MS`] spreads rank 3 and above.
    #[must_use]
    pub fn delay_ms(&self, entered: &[ClientId], own: ClientId, jitter_ms: u64) -> Option<u64> {
        let rank = self.order(entered).iter().position(|client| *client == own)?;
        if rank > 0 && made(Mistake::NoTakeover) {
            return None;
        }
        let jitter_ms = if rank >= 3 { jitter_ms % TAKEOVER_MS } else { 0 };
        Some(TAKEOVER_MS * u64::try_from(rank.min(3)).unwrap_or(3) + jitter_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(ids: &[u8]) -> Vec<ClientId> {
        ids.iter().map(|id| ClientId([*id; 16])).collect()
    }

    #[test]
    fn the_lowest_leaf_commits_at_once_and_the_others_wait_their_turn() {
        let entered = clients(&[4, 2, 9, 7, 5]);
        let turns = Turns::default();
        let delays: Vec<_> =
            entered.iter().map(|client| turns.delay_ms(&entered, *client, 100).unwrap()).collect();
        assert_eq!(delays, [0, 1_500, 3_000, 4_600, 4_600]);
        assert_eq!(turns.delay_ms(&entered, ClientId([1; 16]), 0), None, "who has not entered has no turn");
    }

    #[test]
    fn who_was_passed_over_goes_to_the_end_until_it_commits() {
        let entered = clients(&[1, 2, 3]);
        let mut turns = Turns::default();
        turns.committed(&entered, ClientId([3; 16]));
        assert_eq!(turns.order(&entered), clients(&[3, 1, 2]));
        turns.committed(&entered, ClientId([3; 16]));
        assert_eq!(turns.order(&entered), clients(&[3, 1, 2]));
        turns.committed(&entered, ClientId([1; 16]));
        assert_eq!(turns.order(&entered), clients(&[1, 2, 3]), "3 was passed over, 2 already was");
    }
}
