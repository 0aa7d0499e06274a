//! What outlives the program: rooms, who is present, and the log's last entries, in a folder of the host's choice.
//!
//! The server holds no key, so none can be in it; of resume tokens it has hashes.

mod file;
mod keeper;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use redb::Database;
use tangelo_delivery::{Change, Kept};

pub(crate) use keeper::Keeper;

const FILE: &str = "tangelo.redb";
const NEW_FILE: &str = "tangelo.redb.new";
const LOCK: &str = "lock";

/// Why there is no store. The texts are for the person who started the server.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made or used.
    #[error("cannot use the folder {0} of --store: {1}")]
    Folder(PathBuf, io::Error),
    /// Another program has it.
    #[error("another server uses the store in {0}: stop it, or choose another folder with --store")]
    Busy(PathBuf),
    /// The file cannot be read.
    #[error(
        "the store {0} is damaged: {1}. Its calls cannot go on. Move the file away or choose another folder with \
         --store, and start again: people in calls then come back by themselves, with new keys"
    )]
    Damaged(PathBuf, String),
    /// A later version of the program wrote it.
    #[error(
        "the store {path} was written by a newer version of Tangelo (schema {schema}, this one reads up to {known}): \
         start that version, or move the file away"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        schema: u64,
        /// The newest that this program reads.
        known: u64,
    },
    /// The file cannot be written.
    #[error("cannot write the store in {0}: {1}")]
    Write(PathBuf, String),
}

/// A folder with a store, which this program alone uses.
pub(crate) struct Store {
    folder: PathBuf,
    database: Option<Database>,
    _lock: File,
}

impl Store {
    /// Takes the folder, and makes it if need be. Returns also what is in it.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Kept), StoreError> {
        let unusable = |error| StoreError::Folder(folder.to_owned(), error);
        if !folder.exists() {
            make_folder(folder).map_err(unusable)?;
        }
        let lock = private().open(folder.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let path = folder.join(FILE);
        let kept = if path.exists() { file::read(&path)? } else { Kept::default() };
        Ok((Self { folder: folder.to_owned(), database: None, _lock: lock }, kept))
    }

    /// Replaces all that is in the store, as one: a new file takes the old one's place. So nothing of what ended before is left
    /// in it, and it has this version's schema. Returns how many bytes it holds.
    pub(crate) fn rewrite(&mut self, everything: &[Change]) -> Result<u64, StoreError> {
        self.database = None;
        let unwritable = |error: String| StoreError::Write(self.folder.clone(), error);
        let new = self.folder.join(NEW_FILE);
        let write = || -> io::Result<(Database, u64)> {
            let file = private().truncate(true).open(&new)?;
            let (database, bytes) = file::create(file, everything).map_err(io::Error::other)?;
            fs::rename(&new, self.folder.join(FILE))?;
            sync_folder(&self.folder)?;
            Ok((database, bytes))
        };
        let (database, bytes) = write().map_err(|error| unwritable(error.to_string()))?;
        self.database = Some(database);
        Ok(bytes)
    }

    /// That what it says contradicts itself.
    pub(crate) fn damaged(&self, why: String) -> StoreError {
        StoreError::Damaged(self.folder.join(FILE), why)
    }

    /// Makes changes durable, all or none; returns how many bytes that took. If that fails the store is given up until it is written anew: a state older than what
    /// clients were told is worse than none.
    pub(crate) fn apply(&mut self, changes: &[Change]) -> Result<u64, StoreError> {
        let Some(database) = &self.database else {
            return Err(StoreError::Write(self.folder.clone(), "it was given up".to_owned()));
        };
        file::apply(database, changes)
            .map_err(|error| StoreError::Write(self.folder.clone(), error.to_string()))
    }

    /// Forgets what is in it.
    pub(crate) fn give_up(&mut self) {
        self.database = None;
        let gone = [FILE, NEW_FILE].map(|name| fs::remove_file(self.folder.join(name)));
        for error in gone.into_iter().filter_map(Result::err) {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!("an outdated store stays in {}: {error}", self.folder.display());
            }
        }
    }
}

/// For files that nobody else is to read.
fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// So that a name outlives a power failure, too.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests;
