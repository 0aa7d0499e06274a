//! The room as the log says it, in one hash that members compare: what is in it, everyone must see alike.

use std::collections::BTreeMap;

use tangelo_wire::{
    Admission, Bytes, ClientId, Entry, GroupId, HostStatement, LogEntry, LogHash, LogId, Mistake, Presence,
    Seq, Transcript, made, with_admission,
};

/// SHA-256 over log and state of the room at one place.
pub(crate) type Digest = LogHash;

#[derive(Debug)]
struct Present {
    arrived: Seq,
    /// Hash of key package and admission.
    brought: [u8; 32],
    entered: bool,
}

/// Follows the log. The hash of the log alone would not do: a newcomer takes the log's beginning from a snapshot,
/// and the state is what vouches for that.
#[derive(Debug)]
pub(crate) struct RoomState {
    log_id: LogId,
    seq: Seq,
    hash: LogHash,
    parent: Seq,
    group_id: Option<GroupId>,
    said: Option<HostStatement>,
    present: BTreeMap<ClientId, Present>,
}

impl RoomState {
    /// As a snapshot shows the room.
    pub(crate) fn new(
        log_id: LogId,
        seq: Seq,
        hash: LogHash,
        parent: Seq,
        group_id: Option<GroupId>,
        said: Option<HostStatement>,
        present: &[Presence],
    ) -> Self {
        let present = present.iter().map(|presence| {
            let Presence { client, arrived, key_package, admission, entered } = presence;
            let brought = brought(key_package, admission.as_ref());
            (*client, Present { arrived: *arrived, brought, entered: *entered })
        });
        let hash = if made(Mistake::HashFromArrival) { LogHash::start(log_id) } else { hash };
        Self { log_id, seq, hash, parent, group_id, said, present: present.collect() }
    }

    pub(crate) fn log_id(&self) -> LogId {
        self.log_id
    }

    /// Takes the next entry.
    pub(crate) fn apply(&mut self, entry: &LogEntry) {
        self.seq = entry.seq;
        self.hash = self.hash.after(entry);
        match &entry.entry {
            Entry::Arrived { client, key_package, admission } => {
                let brought = brought(key_package, admission.as_ref());
                self.present.insert(*client, Present { arrived: entry.seq, brought, entered: false });
            }
            Entry::Departed { client, .. } => {
                self.present.remove(client);
            }
            Entry::Founded { group_id, client, .. } => {
                self.parent = entry.seq;
                self.group_id = Some(*group_id);
                for (id, present) in &mut self.present {
                    let stays = present.entered && made(Mistake::EnteredOutlivesGroup);
                    present.entered = id == client || stays;
                }
            }
            Entry::Committed { .. } => self.parent = entry.seq,
            Entry::Entered { client, .. } => {
                if let Some(present) = self.present.get_mut(client) {
                    present.entered = true;
                }
            }
            Entry::HostSaid { said, .. } => self.said = Some(said.clone()),
            Entry::Message { .. } => {}
        }
    }

    /// What members compare.
    pub(crate) fn digest(&self) -> Digest {
        let group_id = self.group_id.map(|group_id| group_id.0);
        let said = self.said.as_ref();
        let transcript = Transcript::new("Tangelo 1.0 Room State")
            .field(&self.log_id.0)
            .number(self.seq.0)
            .field(&self.hash.0)
            .number(self.parent.0)
            .field(group_id.as_ref().map_or(&[], |group_id| group_id.as_slice()))
            .number(said.map_or(0, |said| said.number))
            .field(said.map_or(&[], |said| said.statement.as_slice()));
        let present = self.present.iter().fold(transcript, |transcript, (client, present)| {
            transcript
                .field(&client.0)
                .number(present.arrived.0)
                .field(&present.brought)
                .number(u64::from(present.entered))
        });
        LogHash(present.sha256())
    }
}

fn brought(key_package: &Bytes, admission: Option<&Admission>) -> [u8; 32] {
    let transcript = Transcript::new("Tangelo 1.0 Arrival").field(key_package.as_slice());
    with_admission(transcript, admission).sha256()
}

#[cfg(test)]
mod tests {
    use tangelo_wire::DepartReason;

    use super::*;

    const LOG: LogId = LogId([7; 16]);

    fn arrived(client: u8, key_package: &[u8]) -> Entry {
        let key_package = Bytes(key_package.to_vec());
        Entry::Arrived { client: ClientId([client; 16]), key_package, admission: None }
    }

    fn follow(entries: &[Entry]) -> RoomState {
        let mut state = RoomState::new(LOG, Seq(0), LogHash::start(LOG), Seq(0), None, None, &[]);
        for (entry, seq) in entries.iter().zip(1..) {
            state.apply(&LogEntry { seq: Seq(seq), entry: entry.clone() });
        }
        state
    }

    fn history() -> Vec<Entry> {
        let founder = ClientId([1; 16]);
        vec![
            arrived(1, b"one"),
            Entry::Founded {
                parent: Seq(0),
                group_id: GroupId::derive(LOG, Seq(0), founder),
                client: founder,
            },
            arrived(2, b"two"),
            Entry::Departed { client: founder, reason: DepartReason::Left },
        ]
    }

    #[test]
    fn who_comes_by_a_snapshot_has_the_same_digest_as_who_saw_everything() {
        let mut saw = follow(&history());
        let two = Presence {
            client: ClientId([2; 16]),
            arrived: Seq(3),
            key_package: Bytes(b"two".to_vec()),
            admission: None,
            entered: false,
        };
        let snapshot = |present: &[Presence]| {
            RoomState::new(LOG, saw.seq, saw.hash, saw.parent, saw.group_id, None, present)
        };
        let mut came = snapshot(std::slice::from_ref(&two));
        assert_eq!(came.digest(), saw.digest());
        for wrong in [
            Presence { arrived: Seq(2), ..two.clone() },
            Presence { key_package: Bytes(b"other".to_vec()), ..two.clone() },
            Presence { entered: true, ..two.clone() },
        ] {
            assert_ne!(snapshot(&[wrong]).digest(), saw.digest());
        }
        assert_ne!(snapshot(&[]).digest(), saw.digest());
        let next = LogEntry { seq: Seq(5), entry: arrived(3, b"three") };
        came.apply(&next);
        saw.apply(&next);
        assert_eq!(came.digest(), saw.digest());
    }

    #[test]
    fn histories_that_end_alike_still_differ() {
        let mut other = history();
        other[3] = Entry::Departed { client: ClientId([1; 16]), reason: DepartReason::Silent };
        assert_ne!(follow(&history()).digest(), follow(&other).digest());
    }
}
