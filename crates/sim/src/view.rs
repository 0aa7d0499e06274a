//! What a client was shown.

use std::collections::{BTreeMap, BTreeSet};

use tangelo_wire::{ClientId, Entry, GroupId, LogEntry, LogHash, Seq, ServerMessage};

/// What a client was shown since it arrived.
#[derive(Clone, Debug)]
pub struct View {
    /// The running hash of it.
    pub hash: LogHash,
    /// Who is present.
    pub present: BTreeSet<ClientId>,
    /// `Founded` and `Committed` entries.
    pub(crate) shown: BTreeMap<Seq, Entry>,
    /// The snapshot was false: what the client holds is compared with nobody's.
    pub(crate) lied: bool,
    /// It came in by a Welcome that may lead elsewhere.
    pub suspect: bool,
}

impl View {
    /// Begins with a snapshot.
    #[must_use]
    pub fn new(snapshot: &ServerMessage, lied: bool) -> Option<Self> {
        let ServerMessage::Snapshot { hash, present, .. } = snapshot else { return None };
        let present = present.iter().map(|presence| presence.client).collect();
        Some(Self { hash: *hash, present, shown: BTreeMap::new(), lied, suspect: false })
    }

    pub(crate) fn show(&mut self, entry: &LogEntry) {
        self.hash = self.hash.after(entry);
        match &entry.entry {
            Entry::Arrived { client, .. } => {
                self.present.insert(*client);
            }
            Entry::Departed { client, .. } => {
                self.present.remove(client);
            }
            kept @ (Entry::Founded { .. } | Entry::Committed { .. }) => {
                self.shown.insert(entry.seq, kept.clone());
            }
            _ => {}
        }
    }

    /// Who founded a group, if the client was shown that.
    #[must_use]
    pub fn founder(&self, group: GroupId) -> Option<ClientId> {
        self.shown.values().find_map(|entry| match entry {
            Entry::Founded { client, group_id, .. } if *group_id == group => Some(*client),
            _ => None,
        })
    }
}
