//! Keeping watch: over what others see, over the own place in the group, over keys that have had their time.

use tangelo_e2ee::group::PAST_EPOCHS;
use tangelo_wire::{ClientId, ForkCheck, Millis};

use super::{Attendee, Deed, Lost};
use crate::fork_alarm::Alarm;

/// How long after entering somebody must have said something that only the room's group can say, in milliseconds.
const PROOF_MS: u64 = 5_000;
/// How long message keys of past epochs are kept, in milliseconds.
pub(super) const FORGET_MS: u64 = 10_000;
/// When somebody enters, everyone tells it where they stand within this time, in milliseconds ...
const GREET_MS: u64 = 1_000;
/// ... or this for each member, if that is more.
const GREET_MEMBER_MS: u64 = 100;

impl Attendee {
    /// A client founded or entered the group.
    pub(super) fn entered(&mut self, now: Millis, client: ClientId) {
        if self.group.is_none() {
            return;
        }
        self.alarm.heard(now, client);
        let size = self.size();
        if client != self.client() {
            let within_ms = GREET_MS.max(GREET_MEMBER_MS.saturating_mul(size as u64));
            let at = now + self.jitter.below(within_ms);
            return self.talk.tell_state_by(at);
        }
        self.entering = None;
        self.rekey.entered(now, size, &mut self.jitter);
        let others: Vec<_> = self.entered_others();
        for other in &others {
            self.alarm.heard(now, *other);
        }
        // Who is alone has nobody to tell.
        let tell_at = if others.is_empty() { now + self.period_ms() } else { now };
        self.talk.tell_state_by(tell_at);
        self.check_at = Some(tell_at);
        self.proof_by = (!others.is_empty()).then_some(now + PROOF_MS);
    }

    /// When [`Attendee::next_post`] or [`Attendee::handle_timeout`] may have something.
    pub(crate) fn poll_timeout(&self) -> Option<Millis> {
        let timers = [
            self.post_due(),
            self.proof_by.filter(|_| self.gate.lets(Deed::Judge)),
            self.forget_due(),
            self.alarm.poll_timeout().filter(|_| self.gate.lets(Deed::Judge)),
            self.emoji.poll_timeout(),
            self.hosting.poll_timeout(),
        ];
        timers.into_iter().flatten().min()
    }

    /// When [`Attendee::forget`] has something.
    pub(crate) fn forget_due(&self) -> Option<Millis> {
        self.past_epochs.front().map(|ended| *ended + FORGET_MS)
    }

    /// Forgets the message keys of epochs that ended long ago. Needs no connection.
    pub(crate) fn forget(&mut self, now: Millis) -> Result<(), Lost> {
        let before = self.past_epochs.len();
        self.past_epochs.retain(|ended| *ended + FORGET_MS > now);
        match &mut self.group {
            Some(group) if self.past_epochs.len() < before => {
                Ok(group.forget_past_messages(self.past_epochs.len())?)
            }
            _ => Ok(()),
        }
    }

    /// A commit ended an epoch.
    pub(super) fn epoch_ended(&mut self, now: Millis) {
        self.past_epochs.push_back(now);
        if self.past_epochs.len() > PAST_EPOCHS as usize {
            self.past_epochs.pop_front();
        }
    }

    /// The connection is back, or the program goes on: what was missed is still to be read, so nothing is overdue yet.
    pub(crate) fn watch_again(&mut self, now: Millis) {
        if let Some(by) = &mut self.proof_by {
            *by = now + PROOF_MS;
        }
        self.alarm.judge_later(now);
        self.hosting.watch_again(now);
    }

    /// Time has passed, and the log is being read. Returns members that turned out to be in another state than this one and most others.
    pub(crate) fn handle_timeout(&mut self, now: Millis) -> Result<Vec<ClientId>, Lost> {
        self.hosting.handle_timeout(now);
        self.watch_opened(now);
        if !self.gate.lets(Deed::Judge) {
            return Ok(Vec::new());
        }
        if self.proof_by.is_some_and(|by| by <= now) {
            self.proof_by = None;
            if !self.entered_others().is_empty() {
                return Err(Lost::ArriveAnew("nothing in the group could be read after entering it"));
            }
        }
        if self.alarm.take_urgent() {
            self.talk.tell_state_by(now);
            self.check_at = Some(now);
        }
        self.emoji.handle_timeout(now);
        match self.alarm.judge(now) {
            None => Ok(Vec::new()),
            Some(Alarm::Alone) => Err(Lost::Forked),
            Some(Alarm::Others(clients)) => Ok(clients),
        }
    }

    /// The check to send with this heartbeat, if it is time for one.
    pub(crate) fn next_check(&mut self, now: Millis) -> Result<Option<ForkCheck>, Lost> {
        if !self.has_entered() || self.check_at.is_none_or(|at| at > now) {
            return Ok(None);
        }
        self.check_at = Some(now + self.period_ms());
        let log_id = self.room.log_id();
        Ok(self.group.as_ref().map(|group| group.check(log_id)).transpose()?)
    }

    /// Another client's check came. Returns whether it is as it should be, or of nobody who matters.
    pub(crate) fn checked(&mut self, now: Millis, client: ClientId, check: &ForkCheck) -> bool {
        let log_id = self.room.log_id();
        let Some(group) = &mut self.group else { return true };
        if client == self.applicant.client() || group.member(client).is_none() {
            return true;
        }
        let good = group.verify_check(&self.presence, log_id, client, check);
        if good {
            if self.alarm.checked(now, client, check) {
                self.proof_by = None;
            }
        } else {
            self.alarm.unreadable(now, client);
        }
        good
    }

    /// Whether a member has not been heard for long.
    pub(crate) fn is_silent(&self, now: Millis, client: ClientId) -> bool {
        self.presence.has_entered(client) && self.alarm.is_silent(now, client, self.size())
    }

    /// Whether a member was found to be in another state than this one.
    pub(crate) fn is_elsewhere(&self, client: ClientId) -> bool {
        self.alarm.is_elsewhere(client)
    }

    fn entered_others(&self) -> Vec<ClientId> {
        let Some(group) = &self.group else { return Vec::new() };
        group.entered(&self.presence).into_iter().filter(|client| *client != self.client()).collect()
    }
}
