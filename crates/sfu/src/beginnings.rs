//! How often a media session may begin.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tangelo_wire::ClientId;

use crate::SfuConfig;

/// So often a client begins a session at most, after a burst: who begins one after the other leaves the others theirs.
const CLIENT_EACH: Duration = Duration::from_secs(2);
/// Sessions that a client may begin at once: pages try again, and networks change.
const CLIENT_BURST: u32 = 8;

/// Counts what [`SfuConfig::sessions_per_second`] leaves, as the moment until which all that may begin has begun.
#[derive(Debug, Default)]
pub(crate) struct Beginnings {
    used_until: Option<Instant>,
    /// The same for each client that has begun one lately; no more than those that [`Self::used_until`] let begin.
    clients: BTreeMap<ClientId, Instant>,
}

impl Beginnings {
    /// Whether `client` may begin another now.
    pub(crate) fn take(&mut self, now: Instant, client: ClientId, config: &SfuConfig) -> bool {
        self.clients.retain(|_, until| *until > now);
        let own = self.clients.get(&client).copied().unwrap_or(now);
        if own.saturating_duration_since(now) > CLIENT_EACH * (CLIENT_BURST - 1) {
            return false;
        }
        let each = Duration::from_secs(1) / config.sessions_per_second.max(1);
        let from = self.used_until.map_or(now, |until| until.max(now));
        if from.saturating_duration_since(now) > each * config.sessions_burst.saturating_sub(1) {
            return false;
        }
        self.used_until = Some(from + each);
        self.clients.insert(client, own + CLIENT_EACH);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_begin_in_a_burst_and_then_at_a_pace() {
        let config = SfuConfig { sessions_per_second: 10, sessions_burst: 3, ..SfuConfig::new(Vec::new()) };
        let start = crate::test_now();
        let mut beginnings = Beginnings::default();
        let mut begun = |ms| {
            let now = start + Duration::from_millis(ms);
            (0..10).filter(|client| beginnings.take(now, ClientId([*client; 16]), &config)).count()
        };
        assert_eq!(begun(0), 3);
        assert_eq!(begun(99), 0);
        assert_eq!(begun(100), 1);
        assert_eq!(begun(350), 2);
        assert_eq!(begun(60_000), 3);
    }

    #[test]
    fn a_client_that_begins_many_leaves_the_others_theirs() {
        let config = SfuConfig::new(Vec::new());
        let start = crate::test_now();
        let mut beginnings = Beginnings::default();
        let mut begun = |ms, client| {
            let now = start + Duration::from_millis(ms);
            (0..1_000).filter(|_| beginnings.take(now, ClientId([client; 16]), &config)).count()
        };
        assert_eq!((begun(0, 1), begun(0, 2)), (8, 8));
        assert_eq!((begun(1_999, 1), begun(2_000, 1), begun(2_000, 3)), (0, 1, 8));
        assert_eq!(begun(60_000, 1), 8);
        assert_eq!(beginnings.clients.len(), 1, "who began none lately is forgotten");
    }
}
