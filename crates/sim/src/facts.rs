//! What the whole log says at each of its places, to compare with what clients made of a snapshot and the entries after it.

use std::collections::BTreeSet;

use tangelo_call::Look;
use tangelo_wire::{ClientId, Entry, GroupId, LogEntry, Mistake, Seq, made};

/// Of one log, place by place.
#[derive(Debug, Default)]
pub struct Facts {
    at: Vec<(Seq, Known)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    present: BTreeSet<ClientId>,
    entered: BTreeSet<ClientId>,
    parent: Seq,
    group: Option<GroupId>,
}

impl Facts {
    /// The log goes on.
    pub fn append(&mut self, LogEntry { seq, entry }: &LogEntry) {
        let mut known = self.at.last().map(|(_, known)| known.clone()).unwrap_or_default();
        match entry {
            Entry::Arrived { client, .. } => {
                known.present.insert(*client);
            }
            Entry::Departed { client, .. } => {
                known.present.remove(client);
                known.entered.remove(client);
            }
            Entry::Founded { client, group_id, .. } => {
                if !made(Mistake::EnteredOutlivesGroup) {
                    known.entered.clear();
                }
                known.entered.insert(*client);
                (known.parent, known.group) = (*seq, Some(*group_id));
            }
            Entry::Committed { .. } => known.parent = *seq,
            Entry::Entered { client, .. } => {
                known.entered.insert(*client);
            }
            Entry::HostSaid { .. } | Entry::Message { .. } => return,
        }
        self.at.push((*seq, known));
    }

    /// What a client takes for true, if the log says something else.
    #[must_use]
    pub fn mistaken(&self, look: &Look) -> Option<&'static str> {
        // Whoever ignores an entry is not mistaken because of its snapshot.
        if made(Mistake::ForeignFoundedIgnored) {
            return None;
        }
        let until = self.at.partition_point(|(seq, _)| *seq <= look.processed);
        let (_, known) = self.at.get(until.checked_sub(1)?)?;
        let is = |set: &BTreeSet<ClientId>, list: &[ClientId]| *set == list.iter().copied().collect();
        let right = [
            (is(&known.present, &look.present), "who is present"),
            (is(&known.entered, &look.entered), "who has entered the group"),
            (known.parent == look.parent, "which commit was the last"),
            (known.group == look.group_id, "which group the room has"),
        ];
        right.into_iter().find(|(right, _)| !right).map(|(_, what)| what)
    }
}

#[cfg(test)]
mod tests {
    use tangelo_wire::{DepartReason, LogId};

    use super::*;

    const ONE: ClientId = ClientId([1; 16]);
    const TWO: ClientId = ClientId([2; 16]);
    const GROUP: GroupId = GroupId([7; 32]);

    fn look(processed: u64) -> Look {
        Look {
            client: ONE,
            log_id: LogId([0; 16]),
            processed: Seq(processed),
            present: vec![ONE, TWO],
            entered: vec![ONE],
            parent: Seq(2),
            group_id: Some(GROUP),
            group: None,
            pending: None,
        }
    }

    fn facts() -> Facts {
        let arrived =
            |client| Entry::Arrived { client, key_package: tangelo_wire::Bytes(Vec::new()), admission: None };
        let mut facts = Facts::default();
        let entries = [
            arrived(ONE),
            Entry::Founded { parent: Seq(0), group_id: GROUP, client: ONE },
            arrived(TWO),
            Entry::Message { client: ONE, bytes: tangelo_wire::Bytes(Vec::new()) },
            Entry::Departed { client: TWO, reason: DepartReason::Left },
        ];
        for (entry, seq) in entries.into_iter().zip(1..) {
            facts.append(&LogEntry { seq: Seq(seq), entry });
        }
        facts
    }

    #[test]
    fn whoever_takes_the_log_for_what_it_says_is_right() {
        for place in [3, 4] {
            assert_eq!(facts().mistaken(&look(place)), None);
        }
        assert_eq!(facts().mistaken(&Look { present: vec![ONE], ..look(5) }), None);
    }

    #[test]
    fn every_mistake_is_named() {
        for (wrong, what) in [
            (look(5), "who is present"),
            (Look { entered: Vec::new(), ..look(3) }, "who has entered the group"),
            (Look { parent: Seq(1), ..look(3) }, "which commit was the last"),
            (Look { group_id: None, ..look(3) }, "which group the room has"),
        ] {
            assert_eq!(facts().mistaken(&wrong), Some(what));
        }
    }
}
