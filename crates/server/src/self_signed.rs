//! A certificate that the server makes for itself, for networks in which nobody else makes one.

use std::{
    fmt::Write as _,
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{CertificateParams, DnType, KeyPair};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{ServeError, TlsFiles, interfaces};

/// As long as every device allows for certificates that people install themselves.
const VALID: Duration = Duration::from_secs(800 * 24 * 60 * 60);
/// With less time left another one is made at the start.
const LEFT_MIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A certificate of the server's own making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfSigned {
    /// The files.
    pub files: TlsFiles,
    /// SHA-256 of the certificate, as browsers show it: pairs of hexadecimal digits with colons between them.
    pub fingerprint: String,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// The certificate in this folder, or a new one if there is none, if it soon ends, or if the machine has other names or addresses by
/// now. `ips` are addresses that people type, besides those that the machine has itself.
///
/// # Errors
/// [`ServeError::Tls`]: the folder or what is in it cannot be used.
pub fn self_signed(folder: &Path, ips: &[IpAddr], now: SystemTime) -> Result<SelfSigned, ServeError> {
    let names = names(ips);
    let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    let record = folder.join("made-for.txt");
    let is_new = !is_good(&record, &names, now) || !files.cert.exists() || !files.key.exists();
    if is_new {
        make(&files, &record, &names, now)?;
    }
    let certificate = CertificateDer::from_pem_file(&files.cert)
        .map_err(|error| ServeError::Tls(files.cert.clone(), format!("it is no certificate: {error:?}")))?;
    let fingerprint = fingerprint(&certificate);
    Ok(SelfSigned { files, fingerprint, is_new })
}

/// What people may type to get here, sorted.
fn names(ips: &[IpAddr]) -> Vec<String> {
    let own = interfaces::reachable(Ipv6Addr::UNSPECIFIED.into());
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let usable = |ip: &&IpAddr| !ip.is_unspecified();
    let mut names: Vec<String> =
        ips.iter().filter(usable).chain(&own).chain(&loopback).map(ToString::to_string).collect();
    names.push("localhost".to_owned());
    if let Some(host) = host_name() {
        // As multicast DNS has it (RFC 6762).
        names.extend([format!("{host}.local"), host]);
    }
    names.sort();
    names.dedup();
    names
}

fn host_name() -> Option<String> {
    let text =
        fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    let name = text.ok()?.trim().to_ascii_lowercase();
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    (!name.is_empty() && name.len() < 64 && name.bytes().all(fine)).then_some(name)
}

/// The record has the certificate's end, in seconds since the Unix epoch, and its names.
fn is_good(record: &Path, names: &[String], now: SystemTime) -> bool {
    let text = fs::read_to_string(record).unwrap_or_default();
    let mut lines = text.lines();
    let end = lines.next().and_then(|line| line.parse().ok()).map(Duration::from_secs);
    let Some(end) = end.and_then(|end| UNIX_EPOCH.checked_add(end)) else { return false };
    end.duration_since(now).is_ok_and(|left| left >= LEFT_MIN) && lines.eq(names.iter().map(String::as_str))
}

fn make(files: &TlsFiles, record: &Path, names: &[String], now: SystemTime) -> Result<(), ServeError> {
    let bad = |path: &PathBuf, reason: String| ServeError::Tls(path.clone(), reason);
    let failed = |error: rcgen::Error| bad(&files.cert, error.to_string());
    // Clocks of other devices may be behind.
    let (from, until) = (now - Duration::from_secs(24 * 60 * 60), now + VALID);
    let mut params = CertificateParams::new(names).map_err(failed)?;
    params.distinguished_name.push(DnType::CommonName, "Tangelo");
    params.not_before = OffsetDateTime::from(from);
    params.not_after = OffsetDateTime::from(until);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    let end = until.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let text = names.iter().fold(format!("{end}\n"), |text, name| text + name + "\n");
    // The record last: without it all is made again.
    let _ = fs::remove_file(record);
    for (path, contents) in
        [(&files.key, key.serialize_pem()), (&files.cert, certificate.pem()), (&record.to_owned(), text)]
    {
        write(path, &contents).map_err(|error| bad(path, error.to_string()))?;
    }
    Ok(())
}

/// For the own user alone.
fn write(path: &Path, contents: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, contents.as_bytes())
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let hash = Sha256::digest(certificate);
    hash.iter().enumerate().fold(String::new(), |mut text, (index, byte)| {
        let colon = if index == 0 { "" } else { ":" };
        let _ = write!(text, "{colon}{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_again_only_when_it_has_to_be() {
        let folder = std::env::temp_dir().join(format!("tangelo-self-signed-{}", std::process::id()));
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let ip = IpAddr::from([203, 0, 113, 7]);
        let made = |ips: &[IpAddr], now| self_signed(&folder, ips, now).unwrap();
        let first = made(&[], now);
        assert!(first.is_new);
        assert_eq!(first.fingerprint.len(), 32 * 3 - 1);
        let again = made(&[], now + VALID - LEFT_MIN);
        assert_eq!(again, SelfSigned { is_new: false, ..first.clone() });
        let elsewhere = made(&[ip], now);
        assert!(elsewhere.is_new && elsewhere.fingerprint != first.fingerprint);
        assert!(!made(&[ip, ip], now).is_new);
        let renewed = made(&[ip], now + VALID);
        assert!(renewed.is_new && renewed.fingerprint != elsewhere.fingerprint);
        fs::remove_file(&renewed.files.key).unwrap();
        assert!(made(&[ip], now + VALID).is_new);
        fs::write(folder.join("made-for.txt"), "nonsense").unwrap();
        assert!(made(&[ip], now + VALID).is_new);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&renewed.files.key).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
        }
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "no folder").unwrap();
        assert!(matches!(self_signed(&folder, &[], now), Err(ServeError::Tls(..))));
        fs::remove_file(&folder).unwrap();
    }
}
