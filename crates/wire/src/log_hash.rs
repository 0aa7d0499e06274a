//! The running hash of a log: two clients that compare it know whether they were shown the same entries.

use crate::{Admission, DepartReason, Entry, LogEntry, LogHash, LogId, Transcript};

impl LogHash {
    /// The hash before the first entry.
    #[must_use]
    pub fn start(log_id: LogId) -> Self {
        Self(Transcript::new("Tangelo 1.0 Log").field(&log_id.0).sha256())
    }

    /// The hash after one more entry. Its Welcome does not count: not everybody is sent it.
    #[must_use]
    pub fn after(self, entry: &LogEntry) -> Self {
        let transcript = Transcript::new("Tangelo 1.0 Log Entry").field(&self.0).number(entry.seq.0);
        Self(describe(transcript, &entry.entry).sha256())
    }
}

fn describe(transcript: Transcript, entry: &Entry) -> Transcript {
    match entry {
        Entry::Arrived { client, key_package, admission } => {
            let transcript = transcript.field(b"arrived").field(&client.0).field(key_package.as_slice());
            with_admission(transcript, admission.as_ref())
        }
        Entry::Departed { client, reason } => {
            transcript.field(b"departed").field(&client.0).field(name_of(*reason))
        }
        Entry::Founded { parent, group_id, client } => {
            transcript.field(b"founded").number(parent.0).field(&group_id.0).field(&client.0)
        }
        Entry::Committed { parent, client, adds, commit, welcome: _ } => {
            let transcript = transcript.field(b"committed").number(parent.0).field(&client.0);
            let named = adds.iter().fold(transcript.number(adds.len() as u64), |t, add| t.field(&add.0));
            named.field(commit.as_slice())
        }
        Entry::Entered { client, commit } => transcript.field(b"entered").field(&client.0).number(commit.0),
        Entry::HostSaid { client, said } => transcript
            .field(b"host_said")
            .field(&client.0)
            .number(said.number)
            .field(said.statement.as_slice())
            .field(said.host_key.as_slice())
            .field(said.signature.as_slice()),
        Entry::Message { client, bytes } => {
            transcript.field(b"message").field(&client.0).field(bytes.as_slice())
        }
    }
}

/// Appends the four fields of an admission, or none of them: in one room all have it or none.
#[must_use]
pub fn with_admission(transcript: Transcript, admission: Option<&Admission>) -> Transcript {
    let Some(admission) = admission else { return transcript };
    let Admission { access_key, host_id, leaf_key, signature } = admission;
    [access_key, host_id, leaf_key, signature]
        .into_iter()
        .fold(transcript, |t, field| t.field(field.as_slice()))
}

/// As in JSON.
fn name_of(reason: DepartReason) -> &'static [u8] {
    match reason {
        DepartReason::Left => b"left",
        DepartReason::Kicked => b"kicked",
        DepartReason::Silent => b"silent",
        DepartReason::Lagging => b"lagging",
        DepartReason::Replaced => b"replaced",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bytes, ClientId, Seq};

    fn committed(commit: &[u8], welcome: Option<&[u8]>, adds: &[u8]) -> Entry {
        Entry::Committed {
            parent: Seq(3),
            client: ClientId([1; 16]),
            adds: adds.iter().map(|byte| ClientId([*byte; 16])).collect(),
            commit: Bytes(commit.to_vec()),
            welcome: welcome.map(|welcome| Bytes(welcome.to_vec())),
        }
    }

    fn after(seq: u64, entry: Entry) -> LogHash {
        LogHash::start(LogId([5; 16])).after(&LogEntry { seq: Seq(seq), entry })
    }

    #[test]
    fn it_covers_everything_but_the_welcome() {
        let hash = after(4, committed(b"c", None, &[2, 3]));
        assert_eq!(hash, after(4, committed(b"c", Some(b"w"), &[2, 3])), "not everybody is sent the Welcome");
        assert_ne!(hash, after(5, committed(b"c", None, &[2, 3])));
        assert_ne!(hash, after(4, committed(b"d", None, &[2, 3])));
        assert_ne!(hash, after(4, committed(b"c", None, &[3, 2])));
        let message = |client, bytes: &[u8]| {
            after(4, Entry::Message { client: ClientId([client; 16]), bytes: Bytes(bytes.to_vec()) })
        };
        assert_ne!(message(1, b"a"), message(2, b"a"));
        assert_ne!(message(1, b"a"), message(1, b"b"));
        let departed = |reason| after(4, Entry::Departed { client: ClientId([1; 16]), reason });
        assert_ne!(departed(DepartReason::Left), departed(DepartReason::Silent));
    }

    #[test]
    fn it_covers_everything_before() {
        let entry = LogEntry { seq: Seq(2), entry: committed(b"c", None, &[]) };
        let (one, other) = (after(1, committed(b"a", None, &[])), after(1, committed(b"b", None, &[])));
        assert_ne!(one.after(&entry), other.after(&entry));
        assert_ne!(LogHash::start(LogId([1; 16])), LogHash::start(LogId([2; 16])));
    }
}
