//! Files for the own user alone.

use std::{fs, io, io::Write as _, path::Path};

/// Makes a folder for the own user alone, unless it is there.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file for the own user alone: whoever reads it finds what was there before, or all of this.
pub(crate) fn write(path: &Path, contents: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Of a program that ended half-way; its rights may be other ones.
    let _ = fs::remove_file(&aside);
    let mut file = options.open(&aside)?;
    file.write_all(contents.as_bytes())?;
    file.sync_all()?;
    fs::rename(&aside, path)
}
