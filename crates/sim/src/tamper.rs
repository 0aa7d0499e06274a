//! What a malicious server makes of what it shows to one person.

use std::collections::VecDeque;

use tangelo_wire::{Bytes, ClientId, ClientMessage, DepartReason, Entry, LogEntry, Post, Seq, ServerMessage};

use crate::step::Deed;

/// Tricks that wait for their moment, and what they have led to. Entries that were left out or put in shift all places
/// after them, so that the person sees a dense log.
#[derive(Debug, Default)]
pub struct Tamper {
    tricks: VecDeque<Deed>,
    /// How far the person's places are behind the server's.
    behind: i64,
    held: Option<LogEntry>,
    seen: Vec<ClientId>,
    lied: bool,
    /// How many tricks were played.
    pub played: usize,
}

impl Tamper {
    /// One more trick.
    pub(crate) fn trick(&mut self, deed: Deed) {
        if self.tricks.len() < 8 {
            self.tricks.push_back(deed);
        }
    }

    /// No more tricks; what was done is not undone.
    pub(crate) fn stop(&mut self) {
        self.tricks.clear();
    }

    /// Whether the next snapshot was made false.
    pub(crate) fn take_lied(&mut self) -> bool {
        std::mem::take(&mut self.lied)
    }

    /// What the person meant, in the server's places.
    pub(crate) fn meant(&self, mut message: ClientMessage) -> ClientMessage {
        match &mut message {
            ClientMessage::Resume { processed, .. } | ClientMessage::Heartbeat { processed, .. } => {
                *processed = self.theirs(*processed);
            }
            ClientMessage::Post { body, .. } => match body {
                Post::Found { parent, .. } | Post::Commit { parent, .. } if parent.0 > 0 => {
                    *parent = self.theirs(*parent);
                }
                Post::Enter { commit } => *commit = self.theirs(*commit),
                _ => {}
            },
            _ => {}
        }
        message
    }

    /// What the person is shown of a message.
    pub(crate) fn shown(&mut self, message: ServerMessage) -> Vec<ServerMessage> {
        match message {
            ServerMessage::Entry(entry) => {
                self.entries(entry).into_iter().map(ServerMessage::Entry).collect()
            }
            snapshot @ ServerMessage::Snapshot { .. } => {
                (self.behind, self.held) = (0, None);
                vec![self.snapshot(snapshot)]
            }
            other => vec![other],
        }
    }

    fn theirs(&self, seq: Seq) -> Seq {
        Seq(seq.0.saturating_add_signed(self.behind))
    }

    fn ours(&self, mut entry: LogEntry) -> LogEntry {
        entry.seq = Seq(entry.seq.0.saturating_add_signed(-self.behind));
        entry
    }

    fn entries(&mut self, entry: LogEntry) -> Vec<LogEntry> {
        if let Entry::Arrived { client, .. } = &entry.entry {
            self.seen.push(*client);
        }
        if let Some(held) = self.held.take() {
            return vec![self.ours(entry), self.ours(held)];
        }
        let Some(trick) = self.tricks.front().copied() else { return vec![self.ours(entry)] };
        let shown = self.play(trick, entry.clone());
        if shown.is_some() {
            self.tricks.pop_front();
            self.played += 1;
        }
        shown.unwrap_or_else(|| vec![self.ours(entry)])
    }

    /// Plays a trick on an entry, if it is one that it can be played on.
    fn play(&mut self, trick: Deed, entry: LogEntry) -> Option<Vec<LogEntry>> {
        match trick {
            Deed::Withhold => {
                self.behind += 1;
                Some(Vec::new())
            }
            Deed::Double => {
                let first = self.ours(entry.clone());
                self.behind -= 1;
                Some(vec![first, self.ours(entry)])
            }
            Deed::Reorder => {
                self.held = Some(entry);
                Some(Vec::new())
            }
            Deed::Swap => {
                let LogEntry { seq, entry } = entry;
                let entry = match entry {
                    Entry::Message { client, bytes } => Entry::Message { client, bytes: spoil(bytes) },
                    Entry::Committed { parent, client, adds, commit, welcome } => {
                        Entry::Committed { parent, client, adds, commit: spoil(commit), welcome }
                    }
                    Entry::Departed { client, .. } => Entry::Departed { client, reason: DepartReason::Left },
                    _ => return None,
                };
                Some(vec![self.ours(LogEntry { seq, entry })])
            }
            Deed::Vanish => {
                let client = self.seen.pop()?;
                self.put_in(entry, Entry::Departed { client, reason: DepartReason::Silent })
            }
            Deed::Forge => {
                let Entry::Arrived { key_package, admission, client } = &entry.entry else { return None };
                let mut false_id = client.0;
                false_id[0] ^= 0x80;
                let arrived = Entry::Arrived {
                    client: ClientId(false_id),
                    key_package: key_package.clone(),
                    admission: admission.clone(),
                };
                self.put_in(entry, arrived)
            }
            _ => None,
        }
    }

    fn put_in(&mut self, entry: LogEntry, more: Entry) -> Option<Vec<LogEntry>> {
        let first = self.ours(LogEntry { seq: entry.seq, entry: more });
        self.behind -= 1;
        Some(vec![first, self.ours(entry)])
    }

    fn snapshot(&mut self, mut message: ServerMessage) -> ServerMessage {
        let Some(at) = self.tricks.iter().position(|trick| *trick == Deed::Lie) else { return message };
        self.tricks.remove(at);
        self.played += 1;
        self.lied = true;
        if let ServerMessage::Snapshot { present, hash, parent, .. } = &mut message {
            match (self.played % 4, present.as_mut_slice()) {
                (0, [first, ..]) => first.entered = !first.entered,
                (1, [_, _, ..]) => {
                    present.remove(0);
                }
                (2, _) => hash.0[0] ^= 1,
                _ => *parent = Seq(parent.0.saturating_sub(1)),
            }
        }
        message
    }
}

fn spoil(mut bytes: Bytes) -> Bytes {
    if let Some(last) = bytes.0.last_mut() {
        *last ^= 1;
    }
    bytes
}
