//! What a host wants: statements that are made, posted, and made again on what another host said, until the log shows
//! them. And what the host's word makes of the room, for everyone.

use std::collections::BTreeSet;

use tangelo_e2ee::{HostProof, RoomContext, Rule};
use tangelo_wire::{
    Bytes, ClientId, ErrorCode, HostOrders, HostStatement, Millis, Post,
    limits::{HOST_NUMBER_STEP_MAX, HOST_STATEMENT_MAX_BYTES},
};

use super::{
    Attendee, Lost, RETRY_MS,
    carried_lock::{Kept, Remains, Warning},
};
use crate::{Barred, RoomView, Waiting};

/// What does not come back in the log for so long is not confirmed, in milliseconds.
const CONFIRM_MS: u64 = 5_000;
/// What was in force in an earlier log is said again, if that was not confirmed, so long after it was tried, in milliseconds: the
/// person has read meanwhile that it was not, and need not read it all the time.
const RESTORE_AGAIN_MS: u64 = 30_000;
/// Most changes that wait.
const WANTED_MAX: usize = 64;

/// A change of what the host wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Lock,
    /// Lock a room in which no host has said anything and whose group lets this client not in: those who have entered are admitted.
    LockFromOutside,
    Unlock,
    Admit(ClientId),
    /// Those who waited when the host asked.
    AdmitAll(Vec<ClientId>),
    /// Keep an identity out.
    Bar(Bytes),
    LetBack(Bytes),
    /// Put a client out that shows no identity.
    PutOut(ClientId),
    End,
    /// Say what was in force in an earlier log.
    Restore(Kept),
    /// Nothing new, but with what every statement names: who is inside, and whose clients are removed.
    Names,
}

/// Why something that a host wants did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unheeded {
    /// The log did not show it in time.
    NotConfirmed,
    Refused,
    /// The statement would be too long.
    TooMuch,
}

/// A statement whose place in the log is not known yet.
#[derive(Debug)]
struct Saying {
    post: u32,
    said: HostStatement,
    /// So many of the changes are in it.
    changes: usize,
    /// The number of the statement that it was built on.
    last: Option<u64>,
    /// Names of those whom it puts out, who came in while the lock was forgotten.
    put_out: Vec<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Hosting {
    wanted: Vec<Change>,
    saying: Option<Saying>,
    /// By when the log must show it.
    confirm_by: Option<Millis>,
    not_before: Millis,
    /// The host's clock, in milliseconds since 1970, at a time.
    clock: Option<(u64, Millis)>,
    pub(super) remains: Remains,
    /// Whether what was in force in an earlier log is to be said, or was: then who was not inside before is not let in for being there.
    pub(super) restoring: bool,
    /// When this client says it by itself (again), if the log does not show it by then.
    restore_at: Millis,
    /// When the person is told that the server has opened the call.
    pub(super) opened_by: Option<Millis>,
    /// When a host is told that nobody lets it in.
    pub(super) let_in_by: Option<Millis>,
    /// Of whom the person was warned.
    pub(super) strangers: BTreeSet<ClientId>,
    /// Whether it was let into a group and did not go there.
    pub(super) stayed_away: bool,
    pub(super) warnings: Vec<Warning>,
    /// Whom it wanted to be let in, or named, by itself since a host spoke last.
    asked: BTreeSet<ClientId>,
    /// Identities that were inside while the room was locked: whoever comes back need not wait again.
    pub(super) insiders: BTreeSet<Bytes>,
    unheeded: Option<Unheeded>,
}

impl Hosting {
    pub(super) fn new(remains: Remains) -> Self {
        let insiders = remains.kept.as_ref().map(|kept| kept.insiders.clone()).unwrap_or_default();
        Self { remains, insiders, ..Self::default() }
    }

    /// Asks for a change. Returns whether there was room for it.
    fn want(&mut self, now: Millis, change: Change) -> bool {
        let room = self.wanted.len() < WANTED_MAX;
        if room {
            self.wanted.push(change);
            self.confirm_by.get_or_insert(now + CONFIRM_MS);
        }
        room
    }

    /// So many changes are in force.
    fn done(&mut self, now: Millis, changes: usize) {
        self.saying = None;
        self.wanted.drain(..changes.min(self.wanted.len()));
        self.confirm_by = (!self.wanted.is_empty()).then_some(now + CONFIRM_MS);
    }

    fn give_up(&mut self, why: Unheeded) {
        (self.saying, self.confirm_by, self.unheeded) = (None, None, Some(why));
        self.wanted.clear();
    }

    /// When there is something to post.
    pub(super) fn post_due(&self) -> Option<Millis> {
        (self.saying.is_none() && !self.wanted.is_empty()).then_some(self.not_before)
    }

    /// When something is not confirmed, or the person is to be told something.
    pub(super) fn poll_timeout(&self) -> Option<Millis> {
        self.confirm_by.into_iter().chain(self.opened_by).chain(self.let_in_by).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Millis) {
        if self.confirm_by.is_some_and(|by| by <= now) {
            self.give_up(Unheeded::NotConfirmed);
        }
    }

    /// The connection is back: nothing is overdue yet.
    pub(super) fn watch_again(&mut self, now: Millis) {
        if let Some(by) = &mut self.confirm_by {
            *by = now + CONFIRM_MS;
        }
    }

    /// What to post again after a resume.
    pub(super) fn unsettled(&self) -> Option<(u32, Post)> {
        self.saying.as_ref().map(|saying| (saying.post, Post::HostSay { said: saying.said.clone() }))
    }

    /// The number of the next statement: the host's clock, or above all that was said or may still come.
    fn number(&self, now: Millis, last: Option<u64>) -> u64 {
        let clock = self.clock.map_or(0, |(at, seen)| at.saturating_add(now.since(seen)));
        let above = last.max(self.highest()).map_or(1, |last| last.saturating_add(1));
        clock.max(above).min(last.unwrap_or(0).saturating_add(HOST_NUMBER_STEP_MAX))
    }
}

impl Attendee {
    /// A host wants a change; `at` is its clock, in milliseconds since 1970. Returns whether there was room for it.
    pub(crate) fn order(&mut self, now: Millis, at: u64, change: Change) -> bool {
        self.hosting.clock = Some((at, now));
        // Else this would be the word that the others wait for, and the lock were gone, however often it was tried before.
        self.want_restored(now) && self.hosting.want(now, change)
    }

    /// Whether this client has entered the group.
    pub(crate) fn is_inside(&self) -> bool {
        self.has_entered()
    }

    /// Shows that this client is a host; `None` if it is not.
    pub(crate) fn prove_host(&self, context: &RoomContext) -> Option<HostProof> {
        context.link.prove_host(self.room.log_id(), self.client(), &self.applicant.leaf_key())
    }

    /// Why something that this host wanted did not happen, once.
    pub(crate) fn take_unheeded(&mut self) -> Option<Unheeded> {
        self.hosting.unheeded.take()
    }

    /// What this session's next client has to know, and whether something that this one wanted as host was not confirmed.
    pub(crate) fn remains(&self) -> (Remains, bool) {
        let Remains { kept, unsettled } = self.hosting.remains.clone();
        let said = self.presence.orders().zip(self.presence.number()).filter(|_| self.carried().is_none());
        let kept = said
            .map(|(orders, number)| {
                Kept::new(self.room.log_id(), number, orders, self.hosting.insiders.clone())
            })
            .or(kept);
        (Remains { kept, unsettled }, !self.hosting.wanted.is_empty())
    }

    /// The statement to post now, if there is one.
    pub(super) fn next_statement(&mut self, now: Millis, context: &RoomContext) -> Option<(u32, Post)> {
        self.want_unasked(now, context);
        if !self.hosting.wanted.is_empty() {
            self.want_restored(now);
        }
        if self.hosting.post_due().is_none_or(|due| due > now) {
            return None;
        }
        let (log_id, last) = (self.room.log_id(), self.presence.number());
        let (orders, put_out) = self.next_orders();
        let changes = self.hosting.wanted.len();
        let is_said = self
            .presence
            .orders()
            .is_some_and(|before| HostOrders { after: before.after, ..orders.clone() } == *before);
        // What was posted and did not come could still undo it.
        let is_unsettled = self.hosting.is_unsettled(log_id, last);
        // What has too low a number is heeded by nobody who remembers.
        if !is_unsettled && is_said && self.carried().is_none() {
            // Another host has said the same.
            self.hosting.done(now, changes);
            return None;
        }
        let said = context.link.say(log_id, self.hosting.number(now, last), &orders)?;
        if said.statement.len() > HOST_STATEMENT_MAX_BYTES {
            self.hosting.give_up(Unheeded::TooMuch);
            return None;
        }
        let post = self.count_post();
        self.hosting.posted(log_id, &said, orders.after);
        self.hosting.saying = Some(Saying { post, said: said.clone(), changes, last, put_out });
        Some((post, Post::HostSay { said }))
    }

    /// A host is never kept outside by the lock: it lets itself in. One that is inside lets those in again who were inside
    /// before and had to arrive anew, and says again what was in force when the server forgot the room.
    fn want_unasked(&mut self, now: Millis, context: &RoomContext) {
        if !context.link.is_host() {
            return;
        }
        // From outside only if it would not be let in, because somebody has a group there who was not inside.
        let present = self.presence.present().into_iter();
        let is_taken = |client: ClientId| self.presence.has_entered(client) && self.is_stranger(client);
        let is_due = self.carried().is_some() && self.hosting.restore_at <= now;
        if is_due && (self.has_entered() || present.into_iter().any(is_taken)) {
            self.want_restored(now);
        }
        if self.presence.orders().is_some_and(|orders| orders.locked) {
            self.admit_unasked(now);
            self.name_unasked(now);
        }
        self.remove_unasked(now);
    }

    /// Says what was in force in an earlier log, unless a host has spoken since, or this is under way. Returns whether there was room.
    fn want_restored(&mut self, now: Millis) -> bool {
        let is_wanted = self.hosting.wanted.iter().any(|change| matches!(change, Change::Restore(_)));
        let Some(kept) = self.carried().filter(|_| !is_wanted).cloned() else { return true };
        self.hosting.restore_at = now + RESTORE_AGAIN_MS;
        self.hosting.want(now, Change::Restore(kept))
    }

    /// Whether somebody was neither inside before nor has shown that it is a host.
    fn is_stranger(&self, client: ClientId) -> bool {
        let was_inside = self.presence.tag(client).is_some_and(|tag| self.hosting.insiders.contains(tag));
        let shown_host = self.talk.shown(client).is_some_and(|shown| shown.host);
        client != self.client() && !was_inside && !shown_host
    }

    /// Who came in while the lock was under way has to be named by the next statement.
    fn name_unasked(&mut self, now: Millis) {
        let is_unnamed = |client: &ClientId| {
            let inside = self.group.as_ref().is_some_and(|group| group.member(*client).is_some());
            let taken = self.hosting.restoring && self.presence.has_entered(*client);
            let known = self.has_entered() && inside || taken && self.is_stranger(*client);
            known && self.presence.may_be_added(*client) == Err(Rule::HostLocked)
        };
        let unnamed: Vec<ClientId> = self.presence.present().into_iter().filter(is_unnamed).collect();
        self.want_names(now, unnamed);
    }

    /// Has the next statement name these, once until a host has spoken.
    fn want_names(&mut self, now: Millis, clients: Vec<ClientId>) {
        let Hosting { asked, wanted, .. } = &mut self.hosting;
        if wanted.is_empty() && clients.iter().any(|client| !asked.contains(client)) {
            asked.extend(clients);
            self.hosting.want(now, Change::Names);
        }
    }

    /// The server knows clients, not identities: it is told of those of removed people that came since. From outside a locked room
    /// nothing can be said, since it would not name those inside.
    fn remove_unasked(&mut self, now: Millis) {
        let Some(orders) = self.presence.orders().filter(|_| self.hosting.wanted.is_empty()) else { return };
        let is_unknown = |client: &ClientId| {
            !orders.removed.contains(client)
                && self.presence.tag(*client).is_some_and(|tag| orders.barred.contains(tag))
        };
        if self.has_entered() || !orders.locked {
            let unknown = self.presence.present().into_iter().filter(is_unknown).collect();
            self.want_names(now, unknown);
        }
    }

    fn admit_unasked(&mut self, now: Millis) {
        let (own, is_inside) = (self.client(), self.has_entered());
        let was_inside = |client: ClientId| {
            is_inside && self.presence.tag(client).is_some_and(|tag| self.hosting.insiders.contains(tag))
        };
        let present = self.presence.present().into_iter();
        let outside = present.filter(|client| self.keeps_outside(*client));
        let admitted: Vec<ClientId> = outside
            .filter(|client| *client == own || was_inside(*client))
            .filter(|client| !self.hosting.asked.contains(client))
            .collect();
        for client in admitted {
            self.hosting.asked.insert(client);
            self.hosting.want(now, Change::Admit(client));
        }
    }

    /// All that the host wants with the changes, built on what was said last; and the names of those whom it puts out, because they
    /// came in while the lock was forgotten.
    fn next_orders(&self) -> (HostOrders, Vec<String>) {
        let mut orders = self.presence.orders().cloned().unwrap_or_default();
        let present = self.presence.present();
        for change in &self.hosting.wanted {
            match change {
                Change::Lock => orders.locked = true,
                Change::Unlock => orders.locked = false,
                Change::Admit(client) => orders.admitted.push(*client),
                Change::AdmitAll(clients) => orders.admitted.extend(clients),
                Change::Bar(tag) => orders.barred.push(tag.clone()),
                Change::LetBack(tag) => {
                    orders.barred.retain(|other| other != tag);
                    orders.removed.retain(|client| self.presence.tag(*client) != Some(tag));
                }
                Change::PutOut(client) => orders.removed.push(*client),
                Change::End => orders.ended = true,
                Change::Restore(kept) => {
                    orders.locked |= kept.locked;
                    orders.barred.extend(kept.barred.iter().cloned());
                    let was_inside = |client: &&ClientId| {
                        self.presence.tag(**client).is_some_and(|tag| kept.insiders.contains(tag))
                    };
                    orders.admitted.extend(present.iter().filter(was_inside));
                }
                Change::LockFromOutside if self.presence.orders().is_none() => {
                    orders.locked = true;
                    orders
                        .admitted
                        .extend(present.iter().filter(|client| self.presence.has_entered(**client)));
                }
                // Another host has spoken meanwhile, who knows better.
                Change::LockFromOutside | Change::Names => {}
            }
        }
        if orders.ended {
            // The last word, which has room however long the others were.
            let last = HostOrders { ended: true, after: self.presence.number(), ..HostOrders::default() };
            return (last, Vec::new());
        }
        let barred = std::mem::take(&mut orders.barred);
        for tag in barred {
            if !orders.barred.contains(&tag) {
                orders.barred.push(tag);
            }
        }
        // For the server, which cannot tell whose clients they are.
        let is_barred =
            |client: &&ClientId| self.presence.tag(**client).is_some_and(|tag| orders.barred.contains(tag));
        orders.removed.extend(present.iter().filter(is_barred));
        let mut put_out = Vec::new();
        if orders.locked {
            if self.hosting.restoring {
                let is_in = |client: &ClientId| {
                    let is_member = self.group.as_ref().is_some_and(|group| group.member(*client).is_some());
                    is_member || self.presence.has_entered(*client)
                };
                let admitted = orders.admitted.clone();
                let strangers = present.iter().filter(|client| is_in(client) && self.is_stranger(**client));
                for client in strangers.filter(|client| !admitted.contains(client)) {
                    let name = self.presence.profile(*client).map(|profile| profile.name.to_string());
                    put_out.extend(name);
                    orders.removed.push(*client);
                }
            }
            // Who is inside stays a member in good standing: may found anew, and let others in.
            let members = self.group.iter().flat_map(|group| group.members());
            orders.admitted.extend(members.map(|member| member.client));
            orders.admitted.push(self.client());
        } else {
            orders.admitted.clear();
        }
        let HostOrders { admitted, removed, .. } = &mut orders;
        for clients in [&mut *removed, &mut *admitted] {
            clients.retain(|client| present.contains(client));
            clients.sort_unstable();
            clients.dedup();
        }
        admitted.retain(|client| !removed.contains(client));
        orders.after = self.presence.number();
        (orders, put_out)
    }

    /// A host's word counts from now on.
    pub(super) fn host_spoke(&mut self, now: Millis, said: &HostStatement) -> Result<(), Lost> {
        self.hosting.asked.clear();
        let own = self.client();
        let is_own = self.hosting.settle(said);
        match self.hosting.saying.take_if(|saying| saying.said == *said) {
            Some(saying) => {
                self.hosting.done(now, saying.changes);
                if !saying.put_out.is_empty() {
                    self.hosting.warnings.push(Warning::PutOut(saying.put_out));
                }
            }
            None if is_own => self.hosting.warnings.push(Warning::PassedOnLate),
            None => {}
        }
        self.watch_opened(now);
        let Some(orders) = self.presence.orders() else { return Ok(()) };
        if orders.ended {
            return Err(Lost::Ended { own: is_own });
        }
        if !orders.locked {
            self.hosting.insiders.clear();
            self.hosting.restoring = false;
        }
        if self.presence.is_removed(own) {
            return Err(Lost::Removed);
        }
        self.note_insiders();
        self.come_back(self.carried().is_none())
    }

    /// The server refused a post. Returns whether it was a statement.
    pub(super) fn refuse_statement(&mut self, now: Millis, post: u32, code: ErrorCode) -> bool {
        let last = self.presence.number();
        let Some(saying) = self.hosting.saying.take_if(|saying| saying.post == post) else { return false };
        match code {
            ErrorCode::TooMany => self.hosting.not_before = now + RETRY_MS,
            // Another host was first: the same once more, on what that one said.
            ErrorCode::Invalid if saying.last != last => {}
            _ => self.hosting.give_up(Unheeded::Refused),
        }
        true
    }

    /// Whether the host's lock keeps a client outside that is in no group.
    fn keeps_outside(&self, client: ClientId) -> bool {
        let is_inside = self.group.as_ref().is_some_and(|group| group.member(client).is_some());
        !is_inside && self.presence.may_be_added(client) == Err(Rule::HostLocked)
    }

    /// See [`RoomView`]. `names` are those of identities that this session has removed.
    pub(crate) fn room_view(&self, context: &RoomContext, names: &[(Bytes, String)]) -> RoomView {
        let (host, own, opened) = (context.link.is_host(), self.client(), self.is_opened());
        let orders = self.presence.orders();
        let locked = orders.is_some_and(|orders| orders.locked);
        let waits_in_vain = opened && self.group.is_none();
        let keeps_someone = locked || self.carried().is_some();
        let waiting = |client: ClientId| {
            let profile = self.presence.profile(client);
            let waits = keeps_someone && (self.keeps_outside(client) || self.holds_back_outside(client));
            // What cannot be let in is shown, too: it can be put out.
            let shown = client != own && !self.presence.is_removed(client) && (waits || profile.is_none());
            let (name, identity) = profile
                .map(|profile| (profile.name.to_string(), profile.identity.to_string()))
                .unwrap_or_default();
            shown.then(|| Waiting { client: client.to_string(), name, identity })
        };
        let barred = |tag: &Bytes| {
            let name = names.iter().find(|(other, _)| other == tag).map(|(_, name)| name.clone());
            Barred { tag: tag.clone(), name }
        };
        let present = if host { self.presence.present() } else { Vec::new() };
        let shut_out = orders.map(|orders| orders.barred.as_slice()).filter(|_| host);
        RoomView {
            locked: locked || opened,
            opened,
            host,
            outside: self.keeps_outside(own) || waits_in_vain,
            waiting: present.into_iter().filter_map(waiting).collect(),
            barred: shut_out.into_iter().flatten().map(barred).collect(),
        }
    }

    /// Whether somebody who is in no group is not let in by what this client carries.
    fn holds_back_outside(&self, client: ClientId) -> bool {
        let is_inside = self.group.as_ref().is_some_and(|group| group.member(client).is_some());
        !is_inside && self.holds_back(client)
    }
}
