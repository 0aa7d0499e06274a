//! The ICE checks of a session: how much they may cost, and when they must have come.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::demux::Way;

/// Most ways that a client checks with the same credentials. str0m keeps each until the next ICE restart, and any address
/// that a client sends from is another. Browsers check a few, and one more whenever a router gives them another
/// port; a client that comes to the bound loses its connection, and has as many again after an ICE restart.
const WAYS_MAX: usize = 128;

/// How long a client may take to pass a check after an ICE restart.
const RESTART_TIME: Duration = Duration::from_secs(30);

/// What is known of the ICE checks of a session.
pub(crate) struct Checks {
    /// The local ufrag that they must name.
    ufrag: String,
    /// The ways of authentic checks since the ufrag is what it is.
    ways: BTreeSet<Way>,
    /// When the session is lost, unless a check is passed before. str0m does not notice: it waits for the first one for ever.
    until: Option<Instant>,
    /// The way of a check that chooses it and was not answered yet.
    choosing: Option<Way>,
    /// The way that the client chose last. str0m goes by priorities alone, and would send where a router has forgotten the client for
    /// as long as checks may stay away.
    chosen: Option<Way>,
}

impl Checks {
    pub(crate) fn new(ufrag: String) -> Self {
        Self { ufrag, ways: BTreeSet::new(), until: None, choosing: None, chosen: None }
    }

    /// The local ufrag, after every offer. Another one is that of an ICE restart.
    pub(crate) fn agreed(&mut self, now: Instant, ufrag: String) {
        if self.ufrag != ufrag {
            *self = Self { until: Some(now + RESTART_TIME), ..Self::new(ufrag) };
        }
    }

    /// Whether a check may go to str0m.
    pub(crate) fn admit(&mut self, way: Way, is_authentic: impl FnOnce() -> bool) -> bool {
        if self.ways.contains(&way) {
            return true;
        }
        // Others must not use up the ways of the client.
        let admitted = self.ways.len() < WAYS_MAX && is_authentic();
        if admitted {
            self.ways.insert(way);
        }
        admitted
    }

    /// A check that chooses its way is about to go to str0m.
    pub(crate) fn chooses(&mut self, way: Way) {
        self.choosing = Some(way);
    }

    /// A check from there was answered, so that it is authentic: from here on str0m notices when they stay away.
    pub(crate) fn passed(&mut self, peer: SocketAddr) {
        self.until = None;
        self.chosen = self.choosing.take_if(|way| way.peer == peer).or(self.chosen);
    }

    /// Where the client wants everything to be sent.
    pub(crate) fn chosen(&self) -> Option<Way> {
        self.chosen
    }

    /// Whether the client did not follow up its ICE restart.
    pub(crate) fn are_late(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transport;

    fn way(port: u16) -> Way {
        let ends = |host, port| SocketAddr::from(([192, 0, 2, host], port));
        Way { transport: Transport::Udp, peer: ends(1, port), local: ends(2, 3478) }
    }

    #[test]
    fn ways_are_bounded_until_the_next_restart() {
        let now = crate::test_now();
        let mut checks = Checks::new("one".into());
        for port in 1..=1_000 {
            assert!(!checks.admit(way(port), || false), "a forged check takes no place");
        }
        let admitted =
            |checks: &mut Checks| (1..=1_000).filter(|port| checks.admit(way(*port), || true)).count();
        assert_eq!(admitted(&mut checks), WAYS_MAX);
        assert!(checks.admit(way(1), || unreachable!("known")), "those that are known go on");
        checks.agreed(now, "one".into());
        assert!(!checks.admit(way(1_000), || true));
        checks.agreed(now, "two".into());
        assert_eq!(admitted(&mut checks), WAYS_MAX);
    }

    #[test]
    fn a_restart_is_to_be_followed_up() {
        let now = crate::test_now();
        let mut checks = Checks::new("one".into());
        checks.agreed(now, "one".into());
        assert!(!checks.are_late(now + 2 * RESTART_TIME));
        checks.agreed(now, "two".into());
        assert!(!checks.are_late(now + RESTART_TIME / 2));
        assert!(checks.are_late(now + RESTART_TIME));
        checks.passed(way(1).peer);
        assert!(!checks.are_late(now + 2 * RESTART_TIME));
    }

    #[test]
    fn a_way_is_chosen_by_a_check_that_was_answered_there_and_only_until_the_next_restart() {
        let now = crate::test_now();
        let mut checks = Checks::new("one".into());
        checks.chooses(way(1));
        assert_eq!(checks.chosen(), None, "it may be forged");
        checks.passed(way(2).peer);
        assert_eq!(checks.chosen(), None);
        checks.passed(way(1).peer);
        assert_eq!(checks.chosen(), Some(way(1)));
        checks.chooses(way(2));
        checks.passed(way(2).peer);
        checks.passed(way(1).peer);
        assert_eq!(checks.chosen(), Some(way(2)), "checks that choose nothing change nothing");
        checks.agreed(now, "two".into());
        assert_eq!(checks.chosen(), None);
    }
}
