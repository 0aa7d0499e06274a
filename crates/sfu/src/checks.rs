//! The ICE checks of a session: how much they may cost, and when they must have come.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{Transport, demux::Way};

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
    /// The way over UDP that the client chose last, by the server's address. str0m goes by priorities alone, and would send where a
    /// router has forgotten the client for as long as checks may stay away. Between UDP and TCP it decides, since clients may
    /// choose all ways that work.
    chosen: BTreeMap<SocketAddr, Chosen>,
}

struct Chosen {
    peer: SocketAddr,
    /// When something came from there last.
    heard: Instant,
}

/// A way is given up for another one after nothing has come from there for so long: else whoever has read a check could send
/// it again from elsewhere, and everything would go there.
const SILENCE: Duration = Duration::from_secs(1);

impl Checks {
    pub(crate) fn new(ufrag: String) -> Self {
        Self { ufrag, ways: BTreeSet::new(), until: None, choosing: None, chosen: BTreeMap::new() }
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

    /// A check is about to go to str0m, which chooses its way or does not.
    pub(crate) fn asks(&mut self, way: Way, chooses: bool) {
        self.choosing = Some(way).filter(|way| chooses && way.transport == Transport::Udp);
    }

    /// Something came.
    pub(crate) fn heard(&mut self, now: Instant, way: Way) {
        let chosen = self.chosen.get_mut(&way.local).filter(|_| way.transport == Transport::Udp);
        if let Some(chosen) = chosen.filter(|chosen| chosen.peer == way.peer) {
            chosen.heard = now;
        }
    }

    /// A check from there was answered, so that it is authentic: from here on str0m notices when they stay away.
    pub(crate) fn passed(&mut self, now: Instant, peer: SocketAddr) {
        self.until = None;
        let Some(way) = self.choosing.take_if(|way| way.peer == peer) else { return };
        let is_alive =
            |chosen: &Chosen| chosen.peer != peer && now.saturating_duration_since(chosen.heard) < SILENCE;
        if !self.chosen.get(&way.local).is_some_and(is_alive) {
            self.chosen.insert(way.local, Chosen { peer, heard: now });
        }
    }

    /// Where the client wants everything to be sent that goes over UDP from there.
    pub(crate) fn chosen(&self, local: SocketAddr) -> Option<SocketAddr> {
        self.chosen.get(&local).map(|chosen| chosen.peer)
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
        checks.passed(now, way(1).peer);
        assert!(!checks.are_late(now + 2 * RESTART_TIME));
    }

    #[test]
    fn a_way_is_chosen_by_a_check_that_was_answered_there_and_only_until_the_next_restart() {
        let now = crate::test_now();
        let mut checks = Checks::new("one".into());
        let local = way(1).local;
        checks.asks(way(1), true);
        assert_eq!(checks.chosen(local), None, "it may be forged");
        checks.passed(now, way(2).peer);
        assert_eq!(checks.chosen(local), None);
        checks.passed(now, way(1).peer);
        assert_eq!(checks.chosen(local), Some(way(1).peer));
        let later = now + SILENCE;
        checks.asks(way(2), false);
        checks.passed(later, way(2).peer);
        checks.asks(Way { transport: Transport::Tcp, ..way(2) }, true);
        checks.passed(later, way(2).peer);
        assert_eq!(checks.chosen(local), Some(way(1).peer), "neither chooses a way over UDP");
        checks.asks(way(2), true);
        checks.passed(later, way(2).peer);
        assert_eq!((checks.chosen(local), checks.chosen(way(1).peer)), (Some(way(2).peer), None));
        checks.agreed(later, "two".into());
        assert_eq!(checks.chosen(local), None);
    }

    #[test]
    fn a_check_that_is_sent_again_from_elsewhere_leads_nothing_there_while_the_client_is_heard() {
        let now = crate::test_now();
        let mut checks = Checks::new("one".into());
        let chooses = |checks: &mut Checks, at, port| {
            checks.asks(way(port), true);
            checks.passed(at, way(port).peer);
            checks.chosen(way(port).local)
        };
        assert_eq!(chooses(&mut checks, now, 1), Some(way(1).peer));
        for second in 1..5 {
            let at = now + Duration::from_secs(second);
            checks.heard(at, way(1));
            checks.heard(at, way(3));
            assert_eq!(chooses(&mut checks, at + SILENCE / 2, 2), Some(way(1).peer));
        }
        assert_eq!(chooses(&mut checks, now + Duration::from_secs(9), 2), Some(way(2).peer));
    }
}
