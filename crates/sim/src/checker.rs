//! What must hold after every step, whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use tangelo_call::{GroupLook, Look};
use tangelo_wire::{Bytes, ClientId, Entry, GroupId, LogEntry, LogHash, LogId, Seq};

use crate::{Property, Violation, known::Known, removed::Removed, view::View, world::Nature};

/// See the module.
pub struct Checker {
    nature: Nature,
    /// The first thing that was found wrong.
    pub violation: Option<Violation>,
    /// The step that is being done.
    pub step: usize,
    /// How many states were compared.
    pub compared: u64,
    /// What is known of an insider's commits.
    pub known: Known,
    evil: BTreeSet<ClientId>,
    admitted: BTreeSet<ClientId>,
    /// Whom a Welcome may have led into another group than the room's.
    suspects: BTreeSet<ClientId>,
    /// Whom the server showed another log, or a false snapshot.
    tricked: BTreeSet<ClientId>,
    /// What members hold who have read so much of a log; compared by the hash of what they were shown.
    by_place: BTreeMap<LogHash, Bytes>,
    by_epoch: BTreeMap<(GroupId, u64), Bytes>,
    successors: BTreeMap<Vec<u8>, Bytes>,
    removed: Removed,
    /// Commits that a member skipped, and such that threw a member out, with its state and what it was shown.
    skipped: BTreeSet<(Vec<u8>, LogHash)>,
    thrown_out: BTreeSet<(Vec<u8>, LogHash)>,
    /// Commits as the server has them.
    commits: BTreeMap<(LogId, Seq), (ClientId, Bytes)>,
}

impl Checker {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(nature: Nature) -> Self {
        Self {
            nature,
            violation: None,
            step: 0,
            compared: 0,
            known: Known::default(),
            evil: BTreeSet::new(),
            admitted: BTreeSet::new(),
            suspects: BTreeSet::new(),
            tricked: BTreeSet::new(),
            by_place: BTreeMap::new(),
            by_epoch: BTreeMap::new(),
            successors: BTreeMap::new(),
            removed: Removed::default(),
            skipped: BTreeSet::new(),
            thrown_out: BTreeSet::new(),
            commits: BTreeMap::new(),
        }
    }

    /// Notes that something is wrong, if nothing was before.
    pub fn violate(&mut self, property: Property, text: String) {
        let step = self.step;
        self.violation.get_or_insert(Violation { property, text, step });
    }

    /// A client arrived.
    pub fn arrived(&mut self, client: ClientId, evil: bool, admitted: bool) {
        if evil {
            self.evil.insert(client);
        }
        if admitted {
            self.admitted.insert(client);
        }
    }

    /// The server shows a client something else than others.
    pub fn tricked(&mut self, client: ClientId) {
        self.tricked.insert(client);
    }

    /// The server accepted a commit.
    pub fn committed(&mut self, log_id: LogId, seq: Seq, author: ClientId, commit: &Bytes) {
        self.commits.insert((log_id, seq), (author, commit.clone()));
    }

    /// A person's client was something `before` and is something `after` it was given `entry`, or something else.
    pub fn observe(
        &mut self,
        person: usize,
        view: &mut View,
        before: Option<&Look>,
        after: Option<&Look>,
        entry: Option<&LogEntry>,
    ) {
        let present = entry.is_some().then(|| view.present.clone());
        if let Some(entry) = entry {
            view.show(entry);
        }
        if let (Some(before), Some(entry)) = (before, entry) {
            self.skipped_by_all(person, view, before, after, entry);
            self.no_false_alarm(person, view, before, after, entry);
            if let Some((property, text)) = self.known.judge(view, before, after, entry) {
                self.violate(property, format!("p{} {text}", person + 1));
            }
        }
        let Some(after) = after else { return };
        if view.lied {
            self.tricked.insert(after.client);
        }
        let before = before.filter(|before| before.client == after.client);
        let old = before.and_then(|before| before.group.as_ref());
        let who = format!("p{} ({})", person + 1, after.client);
        if let Some(entry) = entry {
            self.honest_work_counts(&who, view, (old, after), entry);
        }
        let Some(group) = &after.group else { return };
        if old.is_none_or(|old| old.tag != group.tag) {
            self.new_state(&who, view, after, (old, group), present.as_ref());
        }
        if !view.lied && before.is_some_and(|before| before.processed <= after.processed) {
            self.compared += 1;
            let key = view.hash;
            let known = meet(&mut self.by_place, key, &group.tag, view.suspect);
            self.differs(
                known,
                Property::InStep,
                &who,
                group,
                "than others who have read as much of the log",
            );
        }
    }

    fn new_state(
        &mut self,
        who: &str,
        view: &mut View,
        &Look { client, log_id, .. }: &Look,
        (old, group): (Option<&GroupLook>, &GroupLook),
        present: Option<&BTreeSet<ClientId>>,
    ) {
        // An honest server shows nothing that it has not accepted.
        let accepted = self.nature.hostile_server || self.commits.contains_key(&(log_id, group.began));
        let author = match view.shown.get(&group.began) {
            Some(Entry::Founded { client, group_id, .. }) if *group_id == group.id && group.epoch == 0 => {
                Some((*client, false))
            }
            Some(Entry::Committed { client, commit, .. }) if accepted && holds(commit, &group.tag) => {
                Some((*client, self.known.is_worthless(commit)))
            }
            _ => None,
        };
        let Some((author, worthless)) = author else {
            let text = format!(
                "{who} holds epoch {} as of entry {}, which led to no such state",
                group.epoch, group.began
            );
            return self.violate(Property::MergedWhenAccepted, text);
        };
        if old.is_none() && author != client {
            // What a tricked client joined by is perhaps not what others were shown. An insider's commit that is in order
            // leads nobody astray.
            view.suspect = worthless
                || self.tricked.contains(&client)
                || [&self.suspects, &self.tricked].iter().any(|set| set.contains(&author));
        }
        if view.suspect {
            self.suspects.insert(client);
        }
        for (member, _) in &group.members {
            if !self.admitted.contains(member) {
                let text =
                    format!("{who} is in a group with {member}, which arrived without the room's admission");
                self.violate(Property::OnlyAdmitted, text);
            }
        }
        if !self.nature.hostile_server {
            let known = meet(&mut self.by_epoch, (group.id, group.epoch), &group.tag, view.suspect);
            self.differs(known, Property::Agreement, who, group, "than others in this epoch of this group");
        }
        if let Some(old) = old.filter(|old| old.id == group.id) {
            if !self.nature.hostile_server && !view.suspect {
                let known = meet(&mut self.successors, old.tag.0.clone(), &group.tag, false);
                self.differs(
                    known,
                    Property::OneSuccessor,
                    who,
                    group,
                    "after a state that others left for another",
                );
            }
            if present.is_some_and(|present| !present.contains(&author)) && old.epoch < group.epoch {
                let text = format!("{who} took a commit of {author}, which had departed before it");
                self.violate(Property::DepartedNeverCommit, text);
            }
            self.removed.went_on(old, group);
        }
        self.removed_know_nothing(client, group);
    }

    /// What a client holds, an insider's too: it may hold what it likes, but for what others hold who have removed it.
    pub fn removed_know_nothing(&mut self, client: ClientId, group: &GroupLook) {
        if let Some(client) = self.removed.holds(client, group) {
            let text = format!("{client} was removed before epoch {} and holds it", group.epoch);
            self.violate(Property::RemovedKnowNothing, text);
        }
    }

    /// What an honest member posts and the server accepts, members accept.
    fn honest_work_counts(
        &mut self,
        who: &str,
        view: &View,
        (old, after): (Option<&GroupLook>, &Look),
        entry: &LogEntry,
    ) {
        let Some((author, commit)) = self.commits.get(&(after.log_id, entry.seq)) else { return };
        let honest = !self.evil.contains(author) && !self.suspects.contains(author) && !view.suspect;
        let (Some(old), Some(group)) = (old, &after.group) else { return };
        if self.nature.hostile_server || !honest || after.processed != entry.seq {
            return;
        }
        if old.tag == group.tag || !holds(commit, &group.tag) {
            let text =
                format!("{who} skipped the commit of {author} at entry {}, which is honest", entry.seq);
            self.violate(Property::HonestWorkCounts, text);
        }
    }

    fn skipped_by_all(
        &mut self,
        person: usize,
        view: &View,
        before: &Look,
        after: Option<&Look>,
        entry: &LogEntry,
    ) {
        let (Entry::Committed { client: author, adds, .. }, Some(old)) = (&entry.entry, &before.group) else {
            return;
        };
        if self.nature.hostile_server || view.suspect || self.suspects.contains(author) {
            return;
        }
        // Whom a commit of another state names doubts its own Welcome: all but the founder, who had none.
        if adds.contains(&before.client) && view.founder(old.id) != Some(before.client) {
            return;
        }
        let key = (old.tag.0.clone(), view.hash);
        match after.filter(|after| after.client == before.client).and_then(|after| after.group.as_ref()) {
            Some(group) if group.tag == old.tag => self.skipped.insert(key.clone()),
            None => self.thrown_out.insert(key.clone()),
            Some(_) => return,
        };
        if self.skipped.contains(&key) && self.thrown_out.contains(&key) {
            let text =
                format!("p{} and others disagree whether entry {} is one to skip", person + 1, entry.seq);
            self.violate(Property::SkippedByAll, text);
        }
    }

    /// Among honest clients and with an honest server, a commit throws nobody out: whoever is removed has departed before.
    fn no_false_alarm(
        &mut self,
        person: usize,
        view: &View,
        before: &Look,
        after: Option<&Look>,
        entry: &LogEntry,
    ) {
        let honest = !self.nature.hostile_server && self.nature.insider.is_none();
        let commit = matches!(entry.entry, Entry::Committed { .. });
        let stays = after.is_some_and(|after| after.client == before.client && after.group.is_some());
        if honest && commit && before.group.is_some() && !stays && view.present.contains(&before.client) {
            let text = format!("p{} is thrown out by the commit at entry {}", person + 1, entry.seq);
            self.violate(Property::NoFalseAlarm, text);
        }
    }

    fn differs(&mut self, known: Option<bool>, property: Property, who: &str, group: &GroupLook, than: &str) {
        if known == Some(false) {
            let text = format!("{who} holds another state of epoch {} {than}", group.epoch);
            self.violate(property, text);
        }
    }
}

/// Whether a state is the one that is known, which becomes known with it. Who may have been misled neither counts nor is
/// blamed.
fn meet<K: Ord>(known: &mut BTreeMap<K, Bytes>, key: K, tag: &Bytes, suspect: bool) -> Option<bool> {
    if suspect {
        return None;
    }
    match known.get(&key) {
        Some(other) => Some(other == tag),
        None => {
            known.insert(key, tag.clone());
            None
        }
    }
}

/// Whether a commit holds a confirmation tag.
pub(crate) fn holds(commit: &Bytes, tag: &Bytes) -> bool {
    !tag.0.is_empty() && commit.0.windows(tag.0.len()).any(|part| part == tag.0)
}
