//! When to look again.

use std::{cmp::Reverse, collections::BinaryHeap};

use tangelo_wire::{ClientId, Millis, RoomName};

use crate::ConnectionId;

/// Whom to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Connection(ConnectionId),
    Client(RoomName, ClientId),
    /// A client whose connection was lost a while ago.
    Lost(RoomName, ClientId),
}

/// One timer for each connection and each present client, and one more for each connection that was lost just now. A timer is never moved: when it fires, its subject is
/// asked for the true deadline and the timer set anew. So a heartbeat costs nothing here.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Millis, Timer)>>,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Millis, timer: Timer) {
        self.heap.push(Reverse((at, timer)));
    }

    pub(crate) fn next(&self) -> Option<Millis> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one that is due.
    pub(crate) fn pop(&mut self, now: Millis) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, timer))| timer)
    }
}
