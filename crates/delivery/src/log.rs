//! A room's handshake log: a dense count of entries, of which the newest are kept for those who resume.

use std::collections::VecDeque;

use tangelo_wire::{ClientId, Entry, LogEntry, LogHash, LogId, Millis, Seq};

pub(crate) struct Log {
    pub(crate) id: LogId,
    /// The running hash up to the last entry.
    pub(crate) hash: LogHash,
    head: Seq,
    kept: VecDeque<Kept>,
    bytes: usize,
}

struct Kept {
    at: Millis,
    bytes: usize,
    entry: LogEntry,
}

impl Log {
    pub(crate) fn new(id: LogId) -> Self {
        Self { id, hash: LogHash::start(id), head: Seq(0), kept: VecDeque::new(), bytes: 0 }
    }

    /// A log of which these entries are left; `None` if they are not all after `trimmed` up to `head`, in order.
    pub(crate) fn restore(
        now: Millis,
        id: LogId,
        hash: LogHash,
        (trimmed, head): (Seq, Seq),
        entries: Vec<&LogEntry>,
    ) -> Option<Self> {
        if head.0.checked_sub(trimmed.0)? != u64::try_from(entries.len()).ok()? {
            return None;
        }
        let mut log = Self { id, hash, head, kept: VecDeque::new(), bytes: 0 };
        for (place, entry) in (trimmed.next().0..).zip(entries) {
            if entry.seq != Seq(place) {
                return None;
            }
            let bytes = weight(&entry.entry);
            log.bytes = log.bytes.saturating_add(bytes);
            log.kept.push_back(Kept { at: now, bytes, entry: entry.clone() });
        }
        Some(log)
    }

    /// The last place whose entry is not kept any more.
    pub(crate) fn trimmed(&self) -> Seq {
        self.kept.front().map_or(self.head, |oldest| Seq(oldest.entry.seq.0.saturating_sub(1)))
    }

    /// The last entry's place; 0 before the first.
    pub(crate) fn head(&self) -> Seq {
        self.head
    }

    pub(crate) fn append(&mut self, now: Millis, entry: Entry) -> Seq {
        self.head = self.head.next();
        let bytes = weight(&entry);
        self.bytes = self.bytes.saturating_add(bytes);
        let entry = LogEntry { seq: self.head, entry };
        self.hash = self.hash.after(&entry);
        self.kept.push_back(Kept { at: now, bytes, entry });
        self.head
    }

    /// When the first entry after `seq` was appended, or the oldest kept one if that is gone.
    pub(crate) fn first_after(&self, seq: Seq) -> Option<Millis> {
        self.kept.get(self.index_after(seq).unwrap_or(0)).map(|kept| kept.at)
    }

    /// The entries after `seq`, in order; `None` if not all of them are kept, or `seq` is yet to come.
    pub(crate) fn after(&self, seq: Seq) -> Option<impl Iterator<Item = &LogEntry>> {
        let index = self.index_after(seq)?;
        Some(self.kept.iter().skip(index).map(|kept| &kept.entry))
    }

    /// Forgets what everybody has processed, and the oldest entries above the bounds.
    pub(crate) fn trim(&mut self, processed: Seq, entries_max: usize, bytes_max: usize) {
        while let Some(oldest) = self.kept.front() {
            let wanted = oldest.entry.seq > processed;
            if wanted && self.kept.len() <= entries_max && self.bytes <= bytes_max {
                return;
            }
            self.bytes = self.bytes.saturating_sub(oldest.bytes);
            self.kept.pop_front();
        }
    }

    /// Where in `kept` the entry after `seq` stands, or would stand next.
    fn index_after(&self, seq: Seq) -> Option<usize> {
        let wanted = self.head.0.checked_sub(seq.0)?;
        self.kept.len().checked_sub(usize::try_from(wanted).ok()?)
    }
}

/// The entry as this client gets it: a Welcome goes to those it is for only.
pub(crate) fn view(entry: &LogEntry, client: ClientId) -> LogEntry {
    match &entry.entry {
        Entry::Committed { adds, .. } if !adds.contains(&client) => without_welcome(entry),
        _ => entry.clone(),
    }
}

/// The entry as everybody else gets it.
pub(crate) fn without_welcome(entry: &LogEntry) -> LogEntry {
    let Entry::Committed { parent, client, adds, commit, welcome: _ } = &entry.entry else {
        return entry.clone();
    };
    let entry_without = Entry::Committed {
        parent: *parent,
        client: *client,
        adds: adds.clone(),
        commit: commit.clone(),
        welcome: None,
    };
    LogEntry { seq: entry.seq, entry: entry_without }
}

/// About how many bytes an entry takes in memory.
fn weight(entry: &Entry) -> usize {
    const FIXED: usize = 256;
    FIXED
        + match entry {
            Entry::Arrived { key_package, .. } => key_package.len(),
            Entry::Committed { adds, commit, welcome, .. } => {
                adds.len() * 16 + commit.len() + welcome.as_ref().map_or(0, |welcome| welcome.len())
            }
            Entry::HostSaid { said, .. } => said.statement.len(),
            Entry::Message { bytes, .. } => bytes.len(),
            Entry::Departed { .. } | Entry::Founded { .. } | Entry::Entered { .. } => 0,
        }
}

#[cfg(test)]
mod tests {
    use tangelo_wire::Bytes;

    use super::*;

    fn log_of(messages: u64, bytes: usize) -> Log {
        let mut log = Log::new(LogId([0; 16]));
        for at in 1..=messages {
            let entry = Entry::Message { client: ClientId([1; 16]), bytes: Bytes(vec![0; bytes]) };
            assert_eq!(log.append(Millis(at), entry), Seq(at));
        }
        log
    }

    fn places(log: &Log, seq: u64) -> Option<Vec<u64>> {
        Some(log.after(Seq(seq))?.map(|entry| entry.seq.0).collect())
    }

    #[test]
    fn entries_after_a_place_come_dense_or_not_at_all() {
        let mut log = log_of(5, 1);
        assert_eq!(places(&log, 2), Some(vec![3, 4, 5]));
        assert_eq!(places(&log, 5), Some(vec![]));
        assert_eq!(places(&log, 6), None);
        log.trim(Seq(2), 100, 1 << 20);
        assert_eq!(places(&log, 2), Some(vec![3, 4, 5]));
        assert_eq!(places(&log, 1), None);
        assert_eq!(log.first_after(Seq(3)), Some(Millis(4)));
        assert_eq!(log.first_after(Seq(0)), Some(Millis(3)), "the oldest that is kept");
        assert_eq!(log.first_after(Seq(5)), None);
    }

    #[test]
    fn the_log_stays_within_its_bounds() {
        let mut log = log_of(100, 1_000);
        log.trim(Seq(0), 40, usize::MAX);
        assert_eq!(places(&log, 60).unwrap().len(), 40);
        log.trim(Seq(0), 40, 10_000);
        assert!(log.bytes <= 10_000 && !log.kept.is_empty());
        log.trim(Seq(100), 40, 10_000);
        assert_eq!((log.bytes, log.kept.len(), log.head()), (0, 0, Seq(100)));
    }
}
