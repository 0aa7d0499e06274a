//! Sound of many: telling how loudly this person speaks, at a pace that knows nothing of it, and whom to hear.

use tangelo_wire::{ClientId, Millis, Source, limits::HEARD_MAX};

use super::Attendee;
use crate::hearing::{Microphone, notice_period_ms};

impl Attendee {
    /// The person spoke so loudly. Nothing follows from that before the next notice is due.
    pub(crate) fn spoke(&mut self, level: u8) {
        self.talk.spoke(level);
    }

    /// Of all microphones of others those to hear, sorted, so that their order tells nothing; `None` if that is all of
    /// them.
    pub(crate) fn choose_heard(&mut self, now: Millis, pinned: Option<ClientId>) -> Option<Vec<ClientId>> {
        let own = self.client();
        let mut microphones = self.microphones();
        let open = microphones.iter().filter(|microphone| microphone.open).count();
        microphones.retain(|microphone| microphone.client != own);
        for microphone in &mut microphones {
            microphone.pinned = pinned == Some(microphone.client);
        }
        let heard = self.hearing.choose(now, &microphones, open)?;
        Some(heard.iter().copied().collect())
    }

    /// Begins or ends to send notices, as the number of open microphones says. Returns how often, in milliseconds.
    pub(super) fn pace_notices(&mut self, now: Millis) -> u64 {
        let sends = self.published.values().filter(|sources| sources.contains(&Source::Microphone)).count();
        // Most rooms are small.
        let open: Vec<ClientId> = if sends > HEARD_MAX {
            self.microphones().into_iter().filter(|one| one.open).map(|one| one.client).collect()
        } else {
            Vec::new()
        };
        let period_ms = notice_period_ms(open.len()).filter(|_| open.contains(&self.client()));
        match period_ms {
            None => self.talk.stop_notices(),
            // Not all at once.
            Some(period_ms) if !self.talk.sends_notices() => {
                let at = now + self.jitter.below(period_ms);
                self.talk.send_notices(at);
            }
            Some(_) => {}
        }
        period_ms.unwrap_or_default()
    }

    /// Those of all present members, the own one among them. Who has not said yet whether it is muted counts as not.
    fn microphones(&self) -> Vec<Microphone> {
        let members = self.group.iter().flat_map(|group| group.members());
        let sends = |client: &ClientId| {
            self.published.get(client).is_some_and(|sources| sources.contains(&Source::Microphone))
        };
        members
            .map(|member| member.client)
            .filter(|client| self.presence.is_present(*client) && sends(client))
            .map(|client| {
                let state = if client == self.client() {
                    Some(self.talk.own())
                } else {
                    self.talk.shown(client).map(|shown| shown.state)
                };
                let open = state.is_none_or(|state| state.microphone);
                Microphone { client, open, pinned: false }
            })
            .collect()
    }
}
