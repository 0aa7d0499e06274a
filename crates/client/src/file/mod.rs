//! Sound and pictures in files: Ogg Opus and IVF.

pub(crate) mod ivf;
pub(crate) mod ogg_opus;
mod picture;
mod play;
mod record;

use std::path::{Path, PathBuf};

pub use ivf::{IvfHeader, IvfReader};
pub use ogg_opus::OggReader;
pub use play::{AudioFile, Due, VideoFile};
pub use record::{Recorder, Taken};

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct FileError {
    path: PathBuf,
    reason: String,
}

impl FileError {
    fn new(path: &Path, reason: impl ToString) -> Self {
        Self { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// A new file that only its owner can read: it holds what nobody else was to see.
fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
