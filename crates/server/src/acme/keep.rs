//! What is kept of accounts and certificates.

use std::{fs, io, path::PathBuf};

use instant_acme::AccountCredentials;
use serde_json::Value;

use crate::{ServeError, TlsFiles, private};

/// The folder of an ACME account.
#[derive(Clone)]
pub(super) struct Folder(pub(super) PathBuf);

/// More bytes than a key and a certificate with its chain have.
const ROOM_BYTES: usize = 32 << 10;

/// Before the certificate, for people and for [`Folder::origin`]. Outside the PEM blocks is room for text (RFC 7468 section 5.2).
const FROM: &str = "From: ";

impl Folder {
    /// Key and certificate, with those that vouch for it, in one file: so one is never without the other.
    pub(super) fn files(&self) -> TlsFiles {
        let both = self.0.join("certificate.pem");
        TlsFiles { cert: both.clone(), key: both, self_signed: false }
    }

    fn account_file(&self) -> PathBuf {
        self.0.join("account.json")
    }

    /// Whether it can be used, as far as that shows without writing.
    pub(super) fn check(&self) -> Result<(), ServeError> {
        match fs::metadata(&self.0) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(self.unusable("it is no folder")),
            // It is made when a server starts.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.unusable(&error.to_string())),
        }
    }

    /// Makes it, and sees whether something can be written there.
    pub(super) fn make(&self) -> Result<(), ServeError> {
        let probe = self.0.join("probe");
        let written = private::write(&probe, "").and_then(|()| fs::remove_file(&probe));
        written.map_err(|error| self.unusable(&error.to_string()))
    }

    /// Writes as much as a certificate has, and removes it: an authority counts what it issues, kept or not.
    pub(super) fn prove(&self) -> io::Result<()> {
        if self.files().cert.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "certificate.pem is a folder"));
        }
        let probe = self.0.join("probe");
        let written = private::write(&probe, &" ".repeat(ROOM_BYTES)).and_then(|()| fs::remove_file(&probe));
        if written.is_err() {
            // What little could be written takes room.
            let _ = fs::remove_file(self.0.join("probe.new"));
        }
        written
    }

    fn unusable(&self, reason: &str) -> ServeError {
        ServeError::Acme(format!("--acme-folder {}: {reason}", self.0.display()))
    }

    /// The account with this authority, if there is one.
    pub(super) fn account(&self, directory: &str) -> Option<AccountCredentials> {
        let text = fs::read_to_string(self.account_file()).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        let is_there = value.get("directory").and_then(Value::as_str) == Some(directory);
        serde_json::from_value(value).ok().filter(|_| is_there)
    }

    pub(super) fn keep_account(&self, account: &AccountCredentials) -> io::Result<()> {
        private::write(&self.account_file(), &serde_json::to_string(account)?)
    }

    /// Which authority's directory the certificate is from.
    pub(super) fn origin(&self) -> Option<String> {
        let text = fs::read_to_string(self.files().cert).ok()?;
        text.lines().next()?.strip_prefix(FROM).map(str::to_owned)
    }

    pub(super) fn keep_certificate(&self, directory: &str, key: &str, chain: &str) -> io::Result<()> {
        private::write(&self.files().cert, &format!("{FROM}{directory}\n{key}\n{chain}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_keeps_nothing_is_found_out_and_nothing_is_left_in_a_good_one() {
        let all = std::env::temp_dir().join(format!("tangelo-acme-keep-{}", std::process::id()));
        let _ = fs::remove_dir_all(&all);
        let folder = Folder(all.join("kept"));
        folder.prove().unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
        fs::create_dir(folder.files().cert).unwrap();
        assert!(folder.prove().is_err());
        fs::write(all.join("file"), "").unwrap();
        assert!(Folder(all.join("file")).prove().is_err());
        fs::remove_dir_all(&all).unwrap();
    }
}
