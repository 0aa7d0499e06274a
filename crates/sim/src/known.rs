//! What is known of an insider's commits beforehand: of some that no member may take them, of others that all must.

use std::collections::BTreeSet;

use tangelo_call::Look;
use tangelo_wire::{Bytes, Entry, LogEntry};

use crate::{Property, checker::holds, view::View};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Known {
    worthless: BTreeSet<Vec<u8>>,
    good: BTreeSet<Vec<u8>>,
}

impl Known {
    /// This commit does not count, whoever reads it.
    pub fn worthless(&mut self, commit: &Bytes) {
        self.worthless.insert(commit.0.clone());
    }

    /// Whether that is known of a commit.
    #[must_use]
    pub fn is_worthless(&self, commit: &Bytes) -> bool {
        self.worthless.contains(&commit.0)
    }

    /// This commit counts once it is accepted, though perhaps not everybody can follow it.
    pub fn good(&mut self, commit: &Bytes) {
        self.good.insert(commit.0.clone());
    }

    /// What is wrong about what a member became by an entry.
    #[must_use]
    pub fn judge(
        &self,
        view: &View,
        before: &Look,
        after: Option<&Look>,
        entry: &LogEntry,
    ) -> Option<(Property, String)> {
        let (Entry::Committed { commit, .. }, Some(old)) = (&entry.entry, &before.group) else { return None };
        let new = after.filter(|after| after.client == before.client).and_then(|after| after.group.as_ref());
        let seq = entry.seq;
        let founder = view.founder(old.id) == Some(before.client);
        if founder && self.worthless.contains(&commit.0) && new.is_none_or(|new| new.tag != old.tag) {
            let text =
                format!("founded the group and did not stay in it at entry {seq}, which does not count");
            return Some((Property::FoundersStay, text));
        }
        let stays = new.is_some_and(|new| !holds(commit, &new.tag));
        if !view.suspect && stays && self.good.contains(&commit.0) {
            return Some((Property::InStep, format!("skipped entry {seq}, which counts")));
        }
        None
    }
}
