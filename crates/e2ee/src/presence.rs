//! Who is present, as the log says: the facts that the rules are judged by.

use std::collections::{BTreeMap, BTreeSet};

use tangelo_wire::{Bytes, ClientId, HostOrders, HostStatement, LogId, Mistake, Seq, made};

use crate::{Profile, RoomContext, Rule, candidate::Candidate, link::RoomKeys};

/// Most departed clients that are remembered, a bound on memory (3 MB).
const GONE_MAX: usize = 100_000;

/// Most clients in one window, present and departed. An honest server lets far fewer in at once.
const CLIENTS_MAX: usize = 4_096;

/// One client's time in the room.
#[derive(Debug)]
pub struct Attendance {
    /// Its key package, or the rule that makes it inadmissible.
    pub candidate: Result<Candidate, Rule>,
    /// The entry with which it arrived.
    pub arrived: Seq,
    /// The entry with which it departed.
    pub departed: Option<Seq>,
    /// Whether it founded or entered the current group.
    pub entered: bool,
}

/// Everyone present, and those that departed in the present window.
#[derive(Debug, Default)]
pub struct Presence {
    clients: BTreeMap<ClientId, Attendance>,
    /// Who departed before the window: ids are never used twice.
    gone: BTreeSet<ClientId>,
    /// The number of the host's last statement, and what it says.
    orders: Option<(u64, HostOrders)>,
}

impl Presence {
    /// Someone arrived. Returns whether that can be: ids are never used twice, a log that says otherwise is not the one
    /// that others see; and nobody may fill this client's memory.
    pub fn arrive(&mut self, client: ClientId, candidate: Result<Candidate, Rule>, arrived: Seq) -> bool {
        let full = self.clients.len() >= CLIENTS_MAX;
        if full || self.clients.contains_key(&client) || self.gone.contains(&client) {
            return false;
        }
        self.clients.insert(client, Attendance { candidate, arrived, departed: None, entered: false });
        true
    }

    /// Someone departed.
    pub fn depart(&mut self, client: ClientId, departed: Seq) {
        if let Some(attendance) = self.clients.get_mut(&client) {
            attendance.departed.get_or_insert(departed);
        }
    }

    /// A client founded or entered the current group.
    pub fn enter(&mut self, client: ClientId) {
        if let Some(attendance) = self.clients.get_mut(&client) {
            attendance.entered = true;
        }
    }

    /// A new group was founded: nobody has entered it but its founder.
    pub fn found(&mut self, founder: ClientId) {
        for (client, attendance) in &mut self.clients {
            let stays = attendance.entered && made(Mistake::EnteredOutlivesGroup);
            attendance.entered = *client == founder || stays;
        }
    }

    /// The host said something. Returns whether it counts: the room's host signed it for this log, it can be
    /// understood, its number is one that may be next, and it is built on what the host said before.
    pub fn say(&mut self, context: &RoomContext, log_id: LogId, said: &HostStatement) -> bool {
        let orders = signed_orders(context, log_id, said);
        let last = self.number();
        let Some(orders) = orders.filter(|orders| said.is_next(last) && orders.follows(last)) else {
            return false;
        };
        self.orders = Some((said.number, orders));
        true
    }

    /// The host's last statement, as a snapshot shows it; those before it are not known. Returns whether it is the host's.
    pub fn said_last(&mut self, context: &RoomContext, log_id: LogId, said: &HostStatement) -> bool {
        let orders = signed_orders(context, log_id, said);
        self.orders = orders.map(|orders| (said.number, orders));
        self.orders.is_some()
    }

    /// What the host wants; `None` while it has said nothing.
    #[must_use]
    pub fn orders(&self) -> Option<&HostOrders> {
        self.orders.as_ref().map(|(_, orders)| orders)
    }

    /// The number of the host's last statement.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.orders.as_ref().map(|(number, _)| *number)
    }

    /// Who a client says that it is, if its key package is admissible.
    #[must_use]
    pub fn profile(&self, client: ClientId) -> Option<&Profile> {
        Some(&self.get(client)?.candidate.as_ref().ok()?.profile)
    }

    /// What stands for a client's identity in the host's statements, see [`Candidate::tag`].
    #[must_use]
    pub fn tag(&self, client: ClientId) -> Option<&Bytes> {
        self.get(client)?.candidate.as_ref().ok()?.tag.as_ref()
    }

    /// Whether the host wants a client out of the call: itself, or its identity.
    #[must_use]
    pub fn is_removed(&self, client: ClientId) -> bool {
        let Some(orders) = self.orders() else { return false };
        let is_barred = || self.tag(client).is_some_and(|tag| orders.barred.contains(tag));
        orders.removed.contains(&client) || is_barred()
    }

    /// Rules 13 and 14: whether the host lets a client be added.
    ///
    /// # Errors
    /// The rule that stands against it.
    pub fn may_be_added(&self, client: ClientId) -> Result<(), Rule> {
        let Some(orders) = self.orders() else { return Ok(()) };
        if self.is_removed(client) {
            return Err(Rule::HostRemoved);
        }
        if orders.lets_in(client) { Ok(()) } else { Err(Rule::HostLocked) }
    }

    /// Forgets who departed before `window`: no rule looks back further.
    pub fn forget_before(&mut self, window: Seq) {
        let gone = &mut self.gone;
        self.clients.retain(|client, attendance| {
            // Whoever removes by event has to remember the events.
            let stays = attendance.departed.is_none_or(|departed| departed >= window)
                || made(Mistake::RemovalByEvent);
            if !stays && gone.len() < GONE_MAX {
                gone.insert(*client);
            }
            stays
        });
    }

    /// What the log says of a client, present or departed in the window.
    #[must_use]
    pub fn get(&self, client: ClientId) -> Option<&Attendance> {
        self.clients.get(&client)
    }

    /// Whether a client is present.
    #[must_use]
    pub fn is_present(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_some_and(|attendance| attendance.departed.is_none())
    }

    /// Whether a client departed after this place, as far as that is remembered.
    pub(crate) fn departed_after(&self, client: ClientId, place: Seq) -> bool {
        self.clients.get(&client).is_some_and(|attendance| attendance.departed > Some(place))
    }

    /// Whether a client is present and has founded or entered the current group.
    #[must_use]
    pub fn has_entered(&self, client: ClientId) -> bool {
        self.clients
            .get(&client)
            .is_some_and(|attendance| attendance.departed.is_none() && attendance.entered)
    }

    /// Everyone present, in order of arrival.
    #[must_use]
    pub fn present(&self) -> Vec<ClientId> {
        let mut present: Vec<_> =
            self.clients.iter().filter(|(_, attendance)| attendance.departed.is_none()).collect();
        present.sort_by_key(|(client, attendance)| (attendance.arrived, **client));
        present.into_iter().map(|(client, _)| *client).collect()
    }
}

/// What the room's host says for this log.
fn signed_orders(context: &RoomContext, log_id: LogId, said: &HostStatement) -> Option<HostOrders> {
    let host = context.link.keys().map(RoomKeys::host_id)?;
    if said.verify(log_id, host) { HostOrders::read(said) } else { None }
}
