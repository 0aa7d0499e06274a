//! Counters, for whoever runs the server.

use std::collections::BTreeMap;

use tangelo_wire::{DepartReason, Entry, ErrorCode, ServerMessage};

/// What there is now, and what has happened since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rooms with somebody present, now.
    pub rooms: usize,
    /// Clients present in all rooms, now.
    pub clients: usize,
    /// Connections, now.
    pub connections: usize,
    /// Clients that arrived.
    pub arrived: u64,
    /// Dropped clients that came back in time.
    pub resumed: u64,
    /// Clients that departed.
    pub departed: BTreeMap<DepartReason, u64>,
    /// What clients were refused, of any kind.
    pub refused: BTreeMap<ErrorCode, u64>,
    /// Posts that came too late.
    pub stale: u64,
    /// Entries of all logs.
    pub entries: Entries,
}

impl Stats {
    /// A message is sent to one client.
    pub(crate) fn note(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Error(error)
            | ServerMessage::Refused { error, .. }
            | ServerMessage::OfferRefused { error, .. } => {
                *self.refused.entry(error.code).or_default() += 1;
            }
            ServerMessage::Stale { .. } => self.stale += 1,
            ServerMessage::Snapshot { .. } => self.arrived += 1,
            ServerMessage::Resumed { .. } => self.resumed += 1,
            _ => {}
        }
    }
}

/// Entries by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// `Arrived`.
    pub arrived: u64,
    /// `Departed`.
    pub departed: u64,
    /// `Founded`.
    pub founded: u64,
    /// `Committed`.
    pub committed: u64,
    /// `Entered`.
    pub entered: u64,
    /// `HostSaid`.
    pub host_said: u64,
    /// `Message`.
    pub message: u64,
}

impl Entries {
    pub(crate) fn note(&mut self, entry: &Entry) {
        let count = match entry {
            Entry::Arrived { .. } => &mut self.arrived,
            Entry::Departed { .. } => &mut self.departed,
            Entry::Founded { .. } => &mut self.founded,
            Entry::Committed { .. } => &mut self.committed,
            Entry::Entered { .. } => &mut self.entered,
            Entry::HostSaid { .. } => &mut self.host_said,
            Entry::Message { .. } => &mut self.message,
        };
        *count += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.arrived += other.arrived;
        self.departed += other.departed;
        self.founded += other.founded;
        self.committed += other.committed;
        self.entered += other.entered;
        self.host_said += other.host_said;
        self.message += other.message;
    }
}
