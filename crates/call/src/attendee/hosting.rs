//! What a host wants: statements that are made, posted, and made again on what another host said, until the log shows
//! them. And what the host's word makes of the room, for everyone.

use std::collections::BTreeSet;

use tangelo_e2ee::{HostProof, RoomContext, Rule};
use tangelo_wire::{
    Bytes, ClientId, ErrorCode, HostOrders, HostStatement, LogId, Millis, Post,
    limits::HOST_STATEMENT_MAX_BYTES,
};

use super::{Attendee, Lost, RETRY_MS};
use crate::{Barred, RoomView, Waiting};

/// What does not come back in the log for so long is not confirmed, in milliseconds.
const CONFIRM_MS: u64 = 5_000;
/// Most changes that wait.
const WANTED_MAX: usize = 64;
/// Most identities that are remembered to have been inside.
const INSIDERS_MAX: usize = 1_000;

/// A change of what the host wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Lock,
    Unlock,
    Admit(ClientId),
    /// Those who waited when the host asked.
    AdmitAll(Vec<ClientId>),
    /// Keep an identity out.
    Bar(Bytes),
    LetBack(Bytes),
    End,
    /// Say what was in force in an earlier log.
    Restore(Kept),
    /// Nothing new, but with what every statement names: who is inside, and whose clients are removed.
    Names,
}

/// Of a host's client, what the next one says again should it find another log: the server has forgotten the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    log_id: LogId,
    number: u64,
    locked: bool,
    barred: Vec<Bytes>,
    insiders: BTreeSet<Bytes>,
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
    kept: Option<Kept>,
    /// Whom it wanted to be let in by itself since a host spoke last.
    asked: BTreeSet<ClientId>,
    /// Identities that were inside while the room was locked: whoever comes back need not wait again.
    insiders: BTreeSet<Bytes>,
    unheeded: Option<Unheeded>,
}

impl Hosting {
    pub(super) fn new(kept: Option<Kept>) -> Self {
        let insiders = kept.as_ref().map(|kept| kept.insiders.clone()).unwrap_or_default();
        Self { kept, insiders, ..Self::default() }
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

    /// When something is not confirmed.
    pub(super) fn poll_timeout(&self) -> Option<Millis> {
        self.confirm_by
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

    /// The number of the next statement: the host's clock, or above the last one's.
    fn number(&self, now: Millis, last: Option<u64>) -> u64 {
        let clock = self.clock.map_or(0, |(at, seen)| at.saturating_add(now.since(seen)));
        let kept = self.kept.as_ref().map(|kept| kept.number);
        let above = last.max(kept).map_or(1, |last| last.saturating_add(1));
        clock.max(above)
    }
}

impl Attendee {
    /// A host wants a change; `at` is its clock, in milliseconds since 1970. Returns whether there was room for it.
    pub(crate) fn order(&mut self, now: Millis, at: u64, change: Change) -> bool {
        self.hosting.clock = Some((at, now));
        self.hosting.want(now, change)
    }

    /// Whether this client has entered the group.
    pub(crate) fn is_inside(&self) -> bool {
        self.has_entered()
    }

    /// Shows that this client is a host; `None` if it is not.
    pub(crate) fn prove_host(&self, context: &RoomContext) -> Option<HostProof> {
        context.link.prove_host(self.room.log_id(), self.client())
    }

    /// Why something that this host wanted did not happen, once.
    pub(crate) fn take_unheeded(&mut self) -> Option<Unheeded> {
        self.hosting.unheeded.take()
    }

    /// What a host's next client has to say in another log, and whether something that this one wanted was not confirmed.
    pub(crate) fn kept(&self, context: &RoomContext) -> (Option<Kept>, bool) {
        if !context.link.is_host() {
            return (None, false);
        }
        let kept = self.presence.orders().zip(self.presence.number()).map(|(orders, number)| Kept {
            log_id: self.room.log_id(),
            number,
            locked: orders.locked,
            barred: orders.barred.clone(),
            insiders: self.hosting.insiders.clone(),
        });
        (kept.or_else(|| self.hosting.kept.clone()), !self.hosting.wanted.is_empty())
    }

    /// The statement to post now, if there is one.
    pub(super) fn next_statement(&mut self, now: Millis, context: &RoomContext) -> Option<(u32, Post)> {
        self.want_unasked(now, context);
        if self.hosting.post_due().is_none_or(|due| due > now) {
            return None;
        }
        let last = self.presence.number();
        let orders = self.next_orders();
        let changes = self.hosting.wanted.len();
        if self
            .presence
            .orders()
            .is_some_and(|before| HostOrders { after: before.after, ..orders.clone() } == *before)
        {
            // Another host has said the same.
            self.hosting.done(now, changes);
            return None;
        }
        let said = context.link.say(self.room.log_id(), self.hosting.number(now, last), &orders)?;
        if said.statement.len() > HOST_STATEMENT_MAX_BYTES {
            self.hosting.give_up(Unheeded::TooMuch);
            return None;
        }
        let post = self.count_post();
        self.hosting.saying = Some(Saying { post, said: said.clone(), changes, last });
        Some((post, Post::HostSay { said }))
    }

    /// A host is never kept outside by the lock: it lets itself in. One that is inside lets those in again who were inside
    /// before and had to arrive anew, and says again what was in force when the server forgot the room.
    fn want_unasked(&mut self, now: Millis, context: &RoomContext) {
        if !context.link.is_host() {
            return;
        }
        if self.presence.orders().is_some_and(|orders| orders.locked) {
            self.admit_unasked(now);
        }
        let (log_id, number) = (self.room.log_id(), self.presence.number());
        // Another log in which nothing was said, or the same one as it was before.
        let is_forgotten = |kept: &Kept| match kept.log_id == log_id {
            true => number < Some(kept.number),
            false => number.is_none() && (kept.locked || !kept.barred.is_empty()),
        };
        if self.has_entered()
            && self.hosting.wanted.is_empty()
            && let Some(kept) = self.hosting.kept.take_if(|kept| is_forgotten(kept))
        {
            self.hosting.want(now, Change::Restore(kept));
        }
        self.remove_unasked(now);
    }

    /// The server knows clients, not identities: it is told of those of removed people that came since. From outside a locked room
    /// nothing can be said, since it would not name those inside.
    fn remove_unasked(&mut self, now: Millis) {
        let Some(orders) = self.presence.orders().filter(|_| self.hosting.wanted.is_empty()) else { return };
        let is_unknown = |client: &ClientId| {
            !orders.removed.contains(client)
                && self.presence.tag(*client).is_some_and(|tag| orders.barred.contains(tag))
        };
        if (self.has_entered() || !orders.locked) && self.presence.present().iter().any(is_unknown) {
            self.hosting.want(now, Change::Names);
        }
    }

    fn admit_unasked(&mut self, now: Millis) {
        let (own, is_inside) = (self.client(), self.has_entered());
        if is_inside && self.hosting.insiders.len() < INSIDERS_MAX {
            let members = self.group.iter().flat_map(|group| group.members());
            let tags = members.filter_map(|member| self.presence.tag(member.client)).cloned();
            self.hosting.insiders.extend(tags);
        }
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

    /// All that the host wants with the changes, built on what was said last.
    fn next_orders(&self) -> HostOrders {
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
                Change::End => orders.ended = true,
                Change::Restore(kept) => {
                    orders.locked |= kept.locked;
                    orders.barred.extend(kept.barred.iter().cloned());
                }
                Change::Names => {}
            }
        }
        if orders.ended {
            // The last word, which has room however long the others were.
            return HostOrders { ended: true, after: self.presence.number(), ..HostOrders::default() };
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
        if orders.locked {
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
        orders
    }

    /// A host's word counts from now on.
    pub(super) fn host_spoke(
        &mut self,
        now: Millis,
        context: &RoomContext,
        said: &HostStatement,
    ) -> Result<(), Lost> {
        self.hosting.asked.clear();
        let own = self.client();
        let saying = self.hosting.saying.as_ref().filter(|saying| saying.said == *said);
        let (is_own, changes) = (saying.is_some(), saying.map_or(0, |saying| saying.changes));
        if is_own {
            self.hosting.done(now, changes);
        }
        let Some(orders) = self.presence.orders() else { return Ok(()) };
        if !orders.locked {
            self.hosting.insiders.clear();
        }
        if orders.ended {
            return Err(Lost::Ended { own: is_own });
        }
        if self.presence.is_removed(own) {
            return Err(Lost::Removed);
        }
        // Who came in while the lock was under way has to be named by the next statement.
        let members = self.group.iter().flat_map(|group| group.members());
        let mut present = members.filter(|member| self.presence.is_present(member.client));
        if context.link.is_host()
            && self.has_entered()
            && self.hosting.wanted.is_empty()
            && present.any(|member| self.presence.may_be_added(member.client) == Err(Rule::HostLocked))
        {
            self.hosting.want(now, Change::Names);
        }
        Ok(())
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
        let host = context.link.is_host();
        let Some(orders) = self.presence.orders() else { return RoomView { host, ..RoomView::default() } };
        let own = self.client();
        let waiting = |client: ClientId| {
            let profile =
                self.presence.profile(client).filter(|_| client != own && self.keeps_outside(client))?;
            let (name, identity) = (profile.name.to_string(), profile.identity.to_string());
            Some(Waiting { client: client.to_string(), name, identity })
        };
        let barred = |tag: &Bytes| {
            let name = names.iter().find(|(other, _)| other == tag).map(|(_, name)| name.clone());
            Barred { tag: tag.clone(), name }
        };
        let present = if host && orders.locked { self.presence.present() } else { Vec::new() };
        RoomView {
            locked: orders.locked,
            host,
            outside: self.keeps_outside(own),
            waiting: present.into_iter().filter_map(waiting).collect(),
            barred: orders.barred.iter().filter(|_| host).map(barred).collect(),
        }
    }
}
