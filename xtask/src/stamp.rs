//! Fingerprints of inputs, to skip what is up to date.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use crate::Result;

/// A fingerprint of files and words. Not for security: whoever can write the project can do worse than a collision.
#[derive(Default)]
pub(crate) struct Fingerprint(DefaultHasher);

impl Fingerprint {
    /// Adds a text, such as a compiler's version.
    pub(crate) fn add(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes());
        self
    }

    /// Adds one file's content.
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<&mut Self> {
        let content = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        self.bytes(&content);
        Ok(self)
    }

    /// Adds names and contents of all files below `folder`, but of none whose path in it starts with one of `without`.
    pub(crate) fn add_folder(&mut self, folder: &Path, without: &[&str]) -> Result<&mut Self> {
        let mut files = BTreeSet::new();
        collect(folder, Path::new(""), without, &mut files)?;
        for file in files {
            self.bytes(file.as_os_str().as_encoded_bytes());
            self.add_file(&folder.join(&file))?;
        }
        Ok(self)
    }

    /// The value, as written in a stamp.
    pub(crate) fn finish(&self) -> String {
        format!("{:016x}", self.0.finish())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.write_usize(bytes.len());
        self.0.write(bytes);
    }
}

/// A file that remembers the fingerprint of the last success.
pub(crate) struct Stamp(pub(crate) PathBuf);

impl Stamp {
    /// Whether the last success had this fingerprint.
    pub(crate) fn is(&self, fingerprint: &str) -> bool {
        fs::read_to_string(&self.0).is_ok_and(|text| text == fingerprint)
    }

    /// Forgets the last success: call it before the work starts, so that a failure half-way is not taken for it.
    pub(crate) fn clear(&self) {
        // There is nothing to forget if there was none.
        let _ = fs::remove_file(&self.0);
    }

    /// Remembers a success.
    pub(crate) fn set(&self, fingerprint: &str) -> Result<()> {
        let write = || {
            if let Some(folder) = self.0.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&self.0, fingerprint)
        };
        write().map_err(|error| format!("cannot write {}: {error}", self.0.display()))
    }
}

fn collect(root: &Path, below: &Path, without: &[&str], files: &mut BTreeSet<PathBuf>) -> Result<()> {
    let folder = root.join(below);
    let fail = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    for entry in fs::read_dir(&folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let path = below.join(entry.file_name());
        if without.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() {
            collect(root, &path, without, files)?;
        } else if kind.is_file() {
            files.insert(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tangelo-xtask-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("src/deep")).unwrap();
        fs::create_dir_all(folder.join("out")).unwrap();
        fs::write(folder.join("src/deep/a.rs"), "a").unwrap();
        fs::write(folder.join("out/b"), "b").unwrap();
        folder
    }

    fn of(folder: &Path) -> String {
        Fingerprint::default().add_folder(folder, &["out"]).unwrap().finish()
    }

    #[test]
    fn a_fingerprint_sees_contents_and_names_but_not_what_is_left_out() {
        let folder = scratch("fingerprint");
        let first = of(&folder);
        fs::write(folder.join("out/b"), "other").unwrap();
        assert_eq!(of(&folder), first);
        fs::write(folder.join("src/deep/a.rs"), "b").unwrap();
        let second = of(&folder);
        assert_ne!(second, first);
        fs::rename(folder.join("src/deep/a.rs"), folder.join("src/deep/c.rs")).unwrap();
        assert_ne!(of(&folder), second);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn lengths_keep_neighbours_apart() {
        let one = Fingerprint::default().add("ab").add("c").finish();
        let other = Fingerprint::default().add("a").add("bc").finish();
        assert_ne!(one, other);
    }

    #[test]
    fn a_stamp_remembers_the_last_success_only() {
        let folder = scratch("stamp");
        let stamp = Stamp(folder.join("new/stamp"));
        assert!(!stamp.is("1"));
        stamp.set("1").unwrap();
        assert!(stamp.is("1") && !stamp.is("2"));
        stamp.clear();
        assert!(!stamp.is("1"));
        fs::remove_dir_all(folder).unwrap();
    }
}
