//! The file: a redb database with values in JSON.

use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    WriteTransaction, backends::FileBackend,
};
use serde::{Serialize, de::DeserializeOwned};
use tangelo_delivery::{Change, Kept, KeptClient, KeptRoom};
use tangelo_wire::{ClientId, LogEntry, LogId, Seq};

use super::StoreError;

/// The newest schema, which is what is written. Older ones are read: see [`read`].
pub(super) const SCHEMA: u64 = 1;

/// `schema`, and nothing else: the one table that no schema changes.
pub(super) const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
/// By log.
const ROOMS: TableDefinition<'_, [u8; 16], &[u8]> = TableDefinition::new("rooms");
/// By log and client.
const CLIENTS: TableDefinition<'_, ([u8; 16], [u8; 16]), &[u8]> = TableDefinition::new("clients");
/// By log and place.
const ENTRIES: TableDefinition<'_, ([u8; 16], u64), &[u8]> = TableDefinition::new("entries");

/// Pages of the file in memory, in bytes: it is written and hardly read.
const CACHE_BYTES: usize = 8 << 20;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Reads all of it. Nothing that stands in a damaged file may stop the program in another way than by an error.
pub(super) fn read(path: &Path) -> Result<Kept, StoreError> {
    let damaged = |why: String| StoreError::Damaged(path.to_owned(), why);
    let reading = catch_unwind(AssertUnwindSafe(|| -> Outcome<_> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.open(path)?;
        let read = database.begin_read()?;
        let schema = read.open_table(ABOUT)?.get("schema")?.map_or(0, |schema| schema.value());
        let kept = match schema {
            1 => Some(read_schema_1(&read)?),
            0 => return Err("it has no schema".into()),
            _ => None,
        };
        Ok(kept.ok_or(schema))
    }));
    match reading {
        Ok(Ok(Ok(kept))) => Ok(kept),
        Ok(Ok(Err(schema))) => Err(StoreError::Newer { path: path.to_owned(), schema, known: SCHEMA }),
        Ok(Err(error)) => Err(damaged(error.to_string())),
        Err(_) => Err(damaged("it cannot be read at all".to_owned())),
    }
}

fn read_schema_1(read: &ReadTransaction) -> Outcome<Kept> {
    let mut kept = Kept::default();
    for row in read.open_table(ROOMS)?.iter()? {
        let (log, room) = row?;
        kept.rooms.insert(LogId(log.value()), value::<KeptRoom>(room.value())?);
    }
    for row in read.open_table(CLIENTS)?.iter()? {
        let (key, client) = row?;
        let (log, id) = key.value();
        kept.clients.insert((LogId(log), ClientId(id)), value::<KeptClient>(client.value())?);
    }
    for row in read.open_table(ENTRIES)?.iter()? {
        let (key, entry) = row?;
        let (log, seq) = key.value();
        kept.entries.insert((LogId(log), Seq(seq)), value::<LogEntry>(entry.value())?);
    }
    Ok(kept)
}

/// Makes a database of an empty file, with this in it. Returns also how many bytes that took.
pub(super) fn create(file: File, everything: &[Change]) -> Outcome<(Database, u64)> {
    let database =
        Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(FileBackend::new(file)?)?;
    let write = database.begin_write()?;
    write.open_table(ABOUT)?.insert("schema", SCHEMA)?;
    let bytes = put(&write, everything)?;
    write.commit()?;
    Ok((database, bytes))
}

/// Returns once all of it is on the disk, with how many bytes that took.
pub(super) fn apply(database: &Database, changes: &[Change]) -> Outcome<u64> {
    let write = database.begin_write()?;
    let bytes = put(&write, changes)?;
    write.commit()?;
    Ok(bytes)
}

fn put(write: &WriteTransaction, changes: &[Change]) -> Outcome<u64> {
    let opened = || -> Result<_, TableError> {
        Ok((write.open_table(ROOMS)?, write.open_table(CLIENTS)?, write.open_table(ENTRIES)?))
    };
    let (mut rooms, mut clients, mut entries) = opened()?;
    let mut bytes = 0;
    let mut written = |json: Vec<u8>| {
        bytes += json.len() as u64;
        json
    };
    for change in changes {
        match change {
            Change::Room(room) => {
                rooms.insert(room.log.0, written(json(room)?).as_slice())?;
            }
            Change::RoomGone(log) => {
                rooms.remove(log.0)?;
                clients.retain_in((log.0, [0; 16])..=(log.0, [0xff; 16]), |_, _| false)?;
                entries.retain_in((log.0, 0)..=(log.0, u64::MAX), |_, _| false)?;
            }
            Change::Client(log, client) => {
                clients.insert((log.0, client.client.0), written(json(client)?).as_slice())?;
            }
            Change::ClientGone(log, client) => {
                clients.remove((log.0, client.0))?;
            }
            Change::Entry(log, entry) => {
                entries.insert((log.0, entry.seq.0), written(json(entry)?).as_slice())?;
            }
            Change::Trimmed(log, through) => {
                entries.retain_in((log.0, 0)..=(log.0, through.0), |_, _| false)?;
            }
        }
    }
    Ok(bytes)
}

fn json(value: &impl Serialize) -> Outcome<Vec<u8>> {
    Ok(serde_json::to_vec(value)?)
}

fn value<T: DeserializeOwned>(json: &[u8]) -> Outcome<T> {
    Ok(serde_json::from_slice(json)?)
}
