//! A lock outlives its log in those who were inside: what a client carries into its next one, and what it does not do there until a host
//! has spoken again. Nothing of it decides what counts, or members that know different things would fork.

use std::collections::BTreeSet;

use tangelo_e2ee::{Rule, committer::TAKEOVER_MS};
use tangelo_wire::{
    Bytes, ClientId, HostOrders, HostStatement, LogId, Millis, Seq, limits::HOST_NUMBER_STEP_MAX,
};

use super::{Attendee, Lost, hosting::Hosting};

/// Most identities that are remembered to have been inside.
const INSIDERS_MAX: usize = 1_000;
/// Most statements remembered whose fate is not known.
const UNSETTLED_MAX: usize = 16;
/// Who comes into a log without the host's word waits for a host's client to say it again for so long, and then tells the person, in
/// milliseconds. Until then nobody new is let in either.
const OPENED_MS: u64 = 10_000;
/// A host whom nobody has let in for so long may be kept outside by what the others carry, in milliseconds: in a group that lets people
/// in, every member has had its turn by then.
const LET_IN_MS: u64 = 4 * TAKEOVER_MS;

/// What was in force in a log, and who was inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    log_id: LogId,
    pub(super) number: u64,
    pub(super) locked: bool,
    pub(super) barred: Vec<Bytes>,
    /// Identities that were inside while the room was locked.
    pub(super) insiders: BTreeSet<Bytes>,
}

impl Kept {
    pub(super) fn new(log_id: LogId, number: u64, orders: &HostOrders, insiders: BTreeSet<Bytes>) -> Self {
        Self { log_id, number, locked: orders.locked, barred: orders.barred.clone(), insiders }
    }

    /// Whether a log whose last statement has this number lacks it: the same one as it was before, or another one in which no host has
    /// said anything since. Numbers follow the hosts' clocks, so an old call's word is none.
    fn is_forgotten(&self, log_id: LogId, number: Option<u64>) -> bool {
        let is_same = self.log_id == log_id && number == Some(self.number);
        !is_same && !self.is_outdated(log_id, number) && (self.locked || !self.barred.is_empty())
    }

    /// Whether a host has said something since.
    fn is_outdated(&self, log_id: LogId, number: Option<u64>) -> bool {
        // Beyond that the first statement of a log cannot go.
        let last =
            if self.log_id == log_id { self.number } else { self.number.min(HOST_NUMBER_STEP_MAX - 1) };
        number > Some(last)
    }

    /// Whether whoever has this tag was shut out, or was not inside.
    fn keeps_out(&self, tag: Option<&Bytes>) -> bool {
        let was_inside = tag.is_some_and(|tag| self.insiders.contains(tag));
        self.has_barred(tag) || (self.locked && !was_inside)
    }

    fn has_barred(&self, tag: Option<&Bytes>) -> bool {
        tag.is_some_and(|tag| self.barred.contains(tag))
    }
}

/// A host's statement that was posted: until it stands in the log, or is void, the server can pass it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsettled {
    log_id: LogId,
    number: u64,
    after: Option<u64>,
    signature: Bytes,
}

impl Unsettled {
    /// Whether it would still count, if it came next in a log whose last statement has this number.
    fn may_come(&self, log_id: LogId, last: Option<u64>) -> bool {
        let follows = self.after.is_none() || last.is_none() || self.after == last;
        self.log_id == log_id && Some(self.number) > last && follows
    }
}

/// What outlives a client of what hosts said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remains {
    pub(super) kept: Option<Kept>,
    pub(super) unsettled: Vec<Unsettled>,
}

/// What a person should know of a lock, or of what it said as host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Warning {
    /// The call was locked, and in this log it is not.
    Opened,
    /// Somebody with this name is in it who was not inside before, and is in the group, or has founded one of its own.
    Stranger { name: String, inside: bool },
    /// The same of somebody whom a host had removed.
    Back { name: String, inside: bool },
    /// The lock is there again, and those who had come in meanwhile are put out.
    PutOut(Vec<String>),
    /// A statement that was given up stands in the log now.
    PassedOnLate,
    /// Nobody lets this host in, and no host has said anything in this log.
    NotLetIn,
}

impl Hosting {
    /// A statement is posted.
    pub(super) fn posted(&mut self, log_id: LogId, said: &HostStatement, after: Option<u64>) {
        let unsettled = &mut self.remains.unsettled;
        if unsettled.len() >= UNSETTLED_MAX {
            unsettled.remove(0);
        }
        let (number, signature) = (said.number, said.signature.clone());
        unsettled.push(Unsettled { log_id, number, after, signature });
    }

    /// Whether something that was posted may still come.
    pub(super) fn is_unsettled(&mut self, log_id: LogId, last: Option<u64>) -> bool {
        self.remains.unsettled.retain(|one| one.log_id != log_id || one.may_come(log_id, last));
        self.remains.unsettled.iter().any(|one| one.log_id == log_id)
    }

    /// Above these numbers that of the next statement has to be.
    pub(super) fn highest(&self) -> Option<u64> {
        let kept = self.remains.kept.as_ref().map(|kept| kept.number);
        self.remains.unsettled.iter().map(|one| one.number).chain(kept).max()
    }

    /// Whether this statement is an own one, and takes it for settled.
    pub(super) fn settle(&mut self, said: &HostStatement) -> bool {
        let before = self.remains.unsettled.len();
        self.remains.unsettled.retain(|one| one.signature != said.signature);
        self.remains.unsettled.len() < before
    }
}

impl Attendee {
    /// What was in force before, while no host has said anything since.
    pub(super) fn carried(&self) -> Option<&Kept> {
        let is_forgotten = |kept: &&Kept| kept.is_forgotten(self.room.log_id(), self.presence.number());
        self.hosting.remains.kept.as_ref().filter(is_forgotten)
    }

    /// Whether this client would not let somebody in by what it carries. Others may know nothing of that, and what they commit counts.
    pub(super) fn holds_back(&self, client: ClientId) -> bool {
        let shown_host = || self.talk.shown(client).is_some_and(|shown| shown.host);
        self.carried().is_some_and(|kept| kept.keeps_out(self.presence.tag(client))) && !shown_host()
    }

    /// Whether the room was locked and is not.
    pub(super) fn is_opened(&self) -> bool {
        let is_locked = self.presence.orders().is_some_and(|orders| orders.locked);
        !is_locked && self.carried().is_some_and(|kept| kept.locked)
    }

    /// Whether a client whom a host had removed is back because the log lacks that.
    fn was_removed(&self, client: ClientId) -> bool {
        self.carried().is_some_and(|kept| kept.has_barred(self.presence.tag(client)))
    }

    /// Whether a client should not be in the group by what this one carries, and the person is to know.
    fn is_unwanted(&self, client: ClientId) -> bool {
        self.holds_back(client) && (self.is_opened() || self.was_removed(client))
    }

    /// Begins in a log.
    pub(super) fn begin_carrying(&mut self, now: Millis, is_host: bool) {
        let (log_id, number) = (self.room.log_id(), self.presence.number());
        if self.hosting.remains.kept.as_ref().is_some_and(|kept| kept.is_outdated(log_id, number)) {
            // A host has spoken since, who may want some of them to wait.
            self.hosting.insiders.clear();
        }
        let own = self.presence.tag(self.client()).cloned();
        if let (Some(kept), Some(own), true) = (&mut self.hosting.remains.kept, own, is_host) {
            // A host lets itself in.
            kept.insiders.insert(own);
        }
        self.hosting.restoring = self.carried().is_some_and(|kept| kept.locked);
        self.hosting.opened_by = self.is_opened().then_some(now + OPENED_MS);
        let knows_nothing = number.is_none() && self.carried().is_none();
        self.hosting.let_in_by = (is_host && knows_nothing).then_some(now + LET_IN_MS);
    }

    /// Whether this client, which carries nothing, has waited in vain to be let into a group in a log in which no host has said anything.
    /// Those in it may hold to a lock that this log lacks.
    pub(crate) fn is_not_let_in(&self, now: Millis) -> bool {
        let is_alive = self.presence.present().into_iter().any(|client| self.presence.has_entered(client));
        let knows_nothing = self.presence.number().is_none() && self.carried().is_none();
        self.group.is_none() && is_alive && knows_nothing && now.since(self.waiting_since) >= LET_IN_MS
    }

    /// Remembers who is inside with the host's leave.
    pub(super) fn note_insiders(&mut self) {
        if !self.presence.orders().is_some_and(|orders| orders.locked) {
            return;
        }
        let members = self.group.iter().flat_map(|group| group.members());
        let admitted = members.filter(|member| self.presence.may_be_added(member.client).is_ok());
        for tag in admitted.filter_map(|member| self.presence.tag(member.client)) {
            if self.hosting.insiders.len() < INSIDERS_MAX && !self.hosting.insiders.contains(tag) {
                self.hosting.insiders.insert(tag.clone());
            }
        }
    }

    /// The group has begun an epoch: somebody may be in it who was not inside before.
    pub(super) fn look_for_strangers(&mut self) {
        if self.carried().is_none() {
            return;
        }
        let own = self.client();
        let members = self.group.iter().flat_map(|group| group.members());
        let strangers = members.filter(|member| member.client != own && self.is_unwanted(member.client));
        let names: Vec<_> =
            strangers.map(|member| (member.client, member.profile.name.to_string())).collect();
        for (client, name) in names {
            self.warn_of(client, name, true);
        }
    }

    /// A Welcome leads this client, which was inside, into a group of somebody who was not, or was removed: it does not go there.
    pub(super) fn stays_away(&mut self, seq: Seq, author: ClientId) -> bool {
        if !self.is_unwanted(author) || self.holds_back(self.client()) {
            return false;
        }
        let rule = if self.was_removed(author) { Rule::HostRemoved } else { Rule::HostLocked };
        self.note_refused(seq, author, rule);
        let name = self.presence.profile(author).map(|profile| profile.name.to_string());
        self.warn_of(author, name.unwrap_or_default(), false);
        self.hosting.stayed_away = true;
        true
    }

    /// What kept it away is over: in that group it has a leaf that it does not hold, so it is to be let in as another client.
    pub(super) fn come_back(&self, is_over: bool) -> Result<(), Lost> {
        if is_over && self.hosting.stayed_away && self.group.is_none() {
            return Err(Lost::ArriveAnew("what kept this client from going into the group is over"));
        }
        Ok(())
    }

    fn warn_of(&mut self, client: ClientId, name: String, inside: bool) {
        self.hosting.opened_by = None;
        let was_removed = self.was_removed(client);
        if self.hosting.strangers.insert(client) {
            let warning =
                if was_removed { Warning::Back { name, inside } } else { Warning::Stranger { name, inside } };
            self.hosting.warnings.push(warning);
        }
    }

    /// Time has passed.
    pub(super) fn watch_opened(&mut self, now: Millis) {
        if !self.is_opened() {
            self.hosting.opened_by = None;
        } else if self.hosting.opened_by.is_some_and(|by| by <= now) {
            self.hosting.opened_by = None;
            self.hosting.warnings.push(Warning::Opened);
        }
        if self.hosting.let_in_by.take_if(|by| *by <= now).is_some() && self.is_not_let_in(now) {
            self.hosting.warnings.push(Warning::NotLetIn);
        }
    }

    /// What the person should know, once.
    pub(crate) fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.hosting.warnings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId([1; 16]);
    const OTHER: LogId = LogId([2; 16]);

    fn kept(number: u64) -> Kept {
        let orders = HostOrders { locked: true, barred: vec![Bytes(vec![9])], ..HostOrders::default() };
        Kept::new(LOG, number, &orders, BTreeSet::from([Bytes(vec![1]), Bytes(vec![9])]))
    }

    #[test]
    fn only_a_newer_word_of_a_host_ends_what_is_carried() {
        let kept = |number| kept(number);
        for (log_id, number, forgotten) in [
            (LOG, None, true),
            (LOG, Some(69), true),
            (LOG, Some(70), false),
            (LOG, Some(71), false),
            (OTHER, None, true),
            // An old call's, whose log id the server uses again.
            (OTHER, Some(70), true),
            (OTHER, Some(71), false),
        ] {
            assert_eq!(kept(70).is_forgotten(log_id, number), forgotten, "{number:?}");
        }
        // However far a host has counted, in another log there is a number that ends it.
        let most = Some(HOST_NUMBER_STEP_MAX);
        assert!(!kept(u64::MAX).is_forgotten(OTHER, most) && kept(u64::MAX).is_forgotten(LOG, most));
        let open = Kept { locked: false, barred: Vec::new(), ..kept(70) };
        assert!(!open.is_forgotten(OTHER, None), "there is nothing to hold to");
    }

    #[test]
    fn who_was_inside_and_not_shut_out_comes_back() {
        let kept = kept(70);
        assert!(!kept.keeps_out(Some(&Bytes(vec![1]))));
        assert!(kept.keeps_out(Some(&Bytes(vec![2]))) && kept.keeps_out(Some(&Bytes(vec![9]))));
        assert!(kept.keeps_out(None), "whoever cannot be told apart");
        let unlocked = Kept { locked: false, ..kept };
        assert!(!unlocked.keeps_out(Some(&Bytes(vec![2]))) && unlocked.keeps_out(Some(&Bytes(vec![9]))));
    }

    #[test]
    fn a_statement_is_unsettled_until_it_stands_there_or_is_void() {
        let one = |number, after| Unsettled { log_id: LOG, number, after, signature: Bytes::default() };
        assert!(one(7, Some(5)).may_come(LOG, Some(5)));
        assert!(!one(7, Some(5)).may_come(LOG, Some(6)), "another host was first");
        assert!(!one(7, Some(5)).may_come(LOG, Some(7)) && !one(7, None).may_come(LOG, Some(7)));
        assert!(one(7, None).may_come(LOG, Some(6)) && one(7, None).may_come(LOG, None));
        assert!(!one(7, Some(5)).may_come(OTHER, Some(5)));
    }
}
