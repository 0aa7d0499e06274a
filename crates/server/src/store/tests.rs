use redb::Database;
use tangelo_delivery::{Delivery, KeptClient, KeptRoom, Limits};
use tangelo_wire::{Bytes, ClientId, Entry, LogEntry, LogHash, LogId, Millis, Seq};

use super::*;

/// A folder of its own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tangelo-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn room(log: LogId, name: &str, head: u64) -> Change {
    Change::Room(Box::new(KeptRoom {
        name: name.parse().unwrap(),
        log,
        head: Seq(head),
        trimmed: Seq(0),
        hash: LogHash::start(log),
        group: None,
        parent: Seq(0),
        departed: [ClientId([9; 16])].into(),
        host_id: None,
        said: None,
    }))
}

fn client(log: LogId, id: u8) -> Change {
    let client = KeptClient {
        client: ClientId([id; 16]),
        token_hash: Bytes(vec![id; 32]),
        arrived: Seq(1),
        key_package: Bytes(vec![id; 900]),
        admission: None,
        entered: true,
        named: vec![Seq(1)],
        first: Some(ClientId([id; 16])),
        limited: false,
    };
    Change::Client(log, Box::new(client))
}

fn entry(log: LogId, seq: u64) -> Change {
    let entry = Entry::Message { client: ClientId([1; 16]), bytes: Bytes(vec![3; 200]) };
    Change::Entry(log, Box::new(LogEntry { seq: Seq(seq), entry }))
}

const ONE: LogId = LogId([1; 16]);
const TWO: LogId = LogId([2; 16]);

fn call() -> Vec<Change> {
    let mut all = vec![room(ONE, "standup", 20), client(ONE, 1), client(ONE, 2)];
    all.extend((1..=20).map(|seq| entry(ONE, seq)));
    all
}

fn sum(changes: &[Change]) -> Kept {
    let mut kept = Kept::default();
    changes.iter().cloned().for_each(|change| kept.apply(change));
    kept
}

fn reopened(folder: &Folder) -> Kept {
    Store::open(&folder.0).unwrap().1
}

#[test]
fn what_was_written_is_read_back() {
    let folder = Folder::new("round");
    let mut all = call();
    {
        let (mut store, kept) = Store::open(&folder.0).unwrap();
        assert_eq!(kept, Kept::default());
        store.rewrite(&all).unwrap();
    }
    assert_eq!(reopened(&folder), sum(&all));
    let more = [
        vec![
            room(TWO, "retro", 2),
            client(TWO, 7),
            entry(TWO, 1),
            entry(TWO, 2),
            Change::Trimmed(ONE, Seq(18)),
        ],
        vec![Change::ClientGone(ONE, ClientId([2; 16])), Change::Trimmed(TWO, Seq(1)), entry(TWO, 3)],
        vec![Change::RoomGone(ONE)],
    ];
    let (mut store, kept) = Store::open(&folder.0).unwrap();
    assert_eq!(kept, sum(&all));
    store.rewrite(&all).unwrap();
    for changes in more {
        store.apply(&changes).unwrap();
        all.extend(changes);
    }
    drop(store);
    assert_eq!(reopened(&folder), sum(&all));
    assert_eq!(sum(&all).rooms.len(), 1);
}

#[test]
fn a_room_goes_on_from_a_store() {
    let folder = Folder::new("delivery");
    Store::open(&folder.0).unwrap().0.rewrite(&call()).unwrap();
    let delivery = Delivery::restore(Limits::default(), [1; 32], Millis(0), &reopened(&folder)).unwrap();
    assert_eq!(delivery.population(), (1, 2));
}

#[test]
fn one_program_has_a_store() {
    let folder = Folder::new("busy");
    let _first = Store::open(&folder.0).unwrap();
    let error = Store::open(&folder.0).err().unwrap();
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("private");
    Store::open(&folder.0).unwrap().0.rewrite(&call()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder.0), mode(&folder.file())), (0o700, 0o600));
}

#[test]
fn a_file_of_another_kind_is_refused_in_words() {
    let folder = Folder::new("other");
    fs::create_dir_all(&folder.0).unwrap();
    for contents in [&b""[..], b"hello", &[0; 100_000], &[0xff; 5_000]] {
        fs::write(folder.file(), contents).unwrap();
        let error = Store::open(&folder.0).err().unwrap();
        assert!(matches!(error, StoreError::Damaged(..)), "{error}");
        assert!(error.to_string().contains("Move the file away"));
        assert_eq!(fs::read(folder.file()).unwrap(), contents, "and left as it is");
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = Folder::new("newer");
    Store::open(&folder.0).unwrap().0.rewrite(&call()).unwrap();
    {
        let database = Database::open(folder.file()).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(file::ABOUT).unwrap().insert("schema", file::SCHEMA + 1).unwrap();
        write.commit().unwrap();
    }
    let error = Store::open(&folder.0).err().unwrap();
    assert!(matches!(error, StoreError::Newer { schema: 2, known: 1, .. }), "{error}");
    assert!(folder.file().exists());
}

/// Whatever the disk does to the file: what is read is what was written, or an error.
#[test]
fn damage_is_noticed_or_does_not_matter() {
    let folder = Folder::new("damage");
    Store::open(&folder.0).unwrap().0.rewrite(&call()).unwrap();
    let whole = fs::read(folder.file()).unwrap();
    let (expected, mut refused) = (sum(&call()), 0);
    let mut judge = |damaged: &[u8]| {
        fs::write(folder.file(), damaged).unwrap();
        match Store::open(&folder.0) {
            Ok((_, kept)) => assert_eq!(kept, expected),
            Err(StoreError::Damaged(..)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    };
    // Every page in use has something at one of these.
    let mut at = 7;
    while at < whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        judge(&damaged);
        at += if at < 100_000 { 499 } else { 49_999 };
    }
    for length in [whole.len() / 2, 4_096, 8_192, 100] {
        judge(&whole[..length]);
    }
    assert!(refused > 5, "{refused}");
}

#[test]
fn a_store_that_was_given_up_is_empty_until_it_is_written_anew() {
    let folder = Folder::new("given-up");
    let (mut store, _) = Store::open(&folder.0).unwrap();
    store.rewrite(&call()).unwrap();
    store.give_up();
    assert!(!folder.file().exists());
    assert!(store.apply(&call()).is_err());
    store.rewrite(&call()).unwrap();
    drop(store);
    assert_eq!(reopened(&folder), sum(&call()));
}
