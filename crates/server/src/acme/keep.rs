//! What is kept of accounts and certificates.

use std::{fs, path::PathBuf};

use instant_acme::AccountCredentials;
use serde_json::Value;

use crate::{ServeError, TlsFiles, private};

/// The folder of an ACME account.
#[derive(Clone)]
pub(super) struct Folder(pub(super) PathBuf);

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
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.unusable(&error.to_string())),
        }
    }

    /// Makes it, and sees whether something can be written there.
    pub(super) fn make(&self) -> Result<(), ServeError> {
        let probe = self.0.join("probe");
        let written = private::write(&probe, "").and_then(|()| fs::remove_file(&probe));
        written.map_err(|error| self.unusable(&error.to_string()))
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

    pub(super) fn keep_account(&self, account: &AccountCredentials) -> std::io::Result<()> {
        private::write(&self.account_file(), &serde_json::to_string(account)?)
    }

    /// Which authority's directory the certificate is from.
    pub(super) fn origin(&self) -> Option<String> {
        let text = fs::read_to_string(self.files().cert).ok()?;
        text.lines().next()?.strip_prefix(FROM).map(str::to_owned)
    }

    pub(super) fn keep_certificate(&self, directory: &str, key: &str, chain: &str) -> std::io::Result<()> {
        private::write(&self.files().cert, &format!("{FROM}{directory}\n{key}\n{chain}\n"))
    }
}
