//! A certificate that the server makes for itself, for networks in which nobody else makes one.

use std::{
    fmt::Write as _,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{ServeError, TlsFiles, interfaces, private};

/// As long as every device allows for certificates that people install themselves.
const VALID: Duration = Duration::from_secs(800 * 24 * 60 * 60);
/// With less time left another one is made at the start.
const LEFT_MIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Names of former certificates are taken over up to this many in all.
const NAMES_MAX: usize = 32;

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

/// The certificate in this folder, or a new one if there is none, if it soon ends, or if it lacks a name that is asked for: one of
/// `ips`, which people type, or the machine's own name. Other addresses that the machine has by now are no reason, for everyone would
/// have to look at the fingerprint again: networks give another address every other day. A new one is for the former names, too, and
/// has the former key. Other files in the folder are left alone.
///
/// # Errors
/// [`ServeError::Tls`]: the folder or what is in it cannot be used.
pub fn self_signed(folder: &Path, ips: &[IpAddr], now: SystemTime) -> Result<SelfSigned, ServeError> {
    let needed = needed(ips);
    let files = TlsFiles {
        cert: folder.join("self-signed-cert.pem"),
        key: folder.join("self-signed-key.pem"),
        self_signed: true,
    };
    let record = folder.join("self-signed.txt");
    let (end, former) = recorded(&record);
    let lasts = end.is_some_and(|end| end.duration_since(now).is_ok_and(|left| left >= LEFT_MIN));
    let covers = needed.iter().all(|name| former.contains(name));
    let is_new = !lasts || !covers || !files.cert.exists() || !files.key.exists();
    if is_new {
        make(&files, &record, &names(needed, former), now)?;
    }
    let certificate = CertificateDer::from_pem_file(&files.cert)
        .map_err(|error| ServeError::Tls(files.cert.clone(), format!("it is no certificate: {error:?}")))?;
    let fingerprint = fingerprint(&certificate);
    Ok(SelfSigned { files, fingerprint, is_new })
}

/// What a certificate has to be for.
fn needed(ips: &[IpAddr]) -> Vec<String> {
    let mut names: Vec<String> =
        ips.iter().filter(|ip| !ip.is_unspecified()).map(ToString::to_string).collect();
    names.push("localhost".to_owned());
    if let Some(host) = host_name() {
        // As multicast DNS has it (RFC 6762).
        names.extend([format!("{host}.local"), host]);
    }
    names
}

/// What a new certificate is for, sorted: what it has to be for, the addresses that the machine has now, and, as far as there is room,
/// what the former one was for. IPv6 addresses only if they are given: those that a machine has by itself tell which machine it
/// is, or are others tomorrow.
fn names(needed: Vec<String>, former: Vec<String>) -> Vec<String> {
    let own = interfaces::reachable(Ipv4Addr::UNSPECIFIED.into());
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let mut names = needed;
    names.extend(own.iter().chain(&loopback).map(ToString::to_string));
    names.sort();
    names.dedup();
    let room = NAMES_MAX.saturating_sub(names.len());
    let more: Vec<String> = former.into_iter().filter(|name| !names.contains(name)).take(room).collect();
    names.extend(more);
    names.sort();
    names
}

fn host_name() -> Option<String> {
    let text =
        fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    let name = text.ok()?.trim().to_ascii_lowercase();
    is_host_name(&name).then_some(name)
}

fn is_host_name(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    // A label has up to 63 letters, and `.local` comes behind one (RFC 1035 section 2.3.4).
    name.len() <= 253 && name.bytes().all(fine) && name.split('.').all(|label| (1..64).contains(&label.len()))
}

/// The record has the certificate's end, in seconds since the Unix epoch, and its names.
fn recorded(record: &Path) -> (Option<SystemTime>, Vec<String>) {
    let text = fs::read_to_string(record).unwrap_or_default();
    let mut lines = text.lines();
    let end = lines.next().and_then(|line| line.parse().ok()).map(Duration::from_secs);
    let names = lines.filter(|name| name.parse::<IpAddr>().is_ok() || is_host_name(name));
    (end.and_then(|end| UNIX_EPOCH.checked_add(end)), names.map(str::to_owned).collect())
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
    // Some devices take no other certificate for a server's.
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let former = fs::read_to_string(&files.key).ok().and_then(|pem| KeyPair::from_pem(&pem).ok());
    let key = former.map_or_else(KeyPair::generate, Ok).map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    let end = until.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let text = names.iter().fold(format!("{end}\n"), |text, name| text + name + "\n");
    // The record last: without it all is made again.
    let _ = fs::remove_file(record);
    for (path, contents) in
        [(&files.key, key.serialize_pem()), (&files.cert, certificate.pem()), (&record.to_owned(), text)]
    {
        private::write(path, &contents).map_err(|error| bad(path, error.to_string()))?;
    }
    Ok(())
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
        // It is good for less as well, and what it was for stays.
        assert!(!made(&[], now).is_new);
        let other = IpAddr::from([203, 0, 113, 8]);
        assert!(made(&[other], now).is_new && !made(&[ip, other], now).is_new);
        let key = fs::read(&first.files.key).unwrap();
        let renewed = made(&[ip], now + VALID);
        assert!(renewed.is_new && renewed.fingerprint != elsewhere.fingerprint);
        assert_eq!(fs::read(&renewed.files.key).unwrap(), key);
        fs::remove_file(&renewed.files.key).unwrap();
        assert!(made(&[ip], now + VALID).is_new);
        assert_ne!(fs::read(&renewed.files.key).unwrap(), key);
        fs::write(folder.join("self-signed.txt"), "nonsense").unwrap();
        assert!(made(&[ip], now + VALID).is_new);
        fs::write(&renewed.files.key, "nonsense").unwrap();
        fs::remove_file(&renewed.files.cert).unwrap();
        assert!(made(&[ip], now + VALID).is_new);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&renewed.files.key).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
        }
        // What somebody else has put there stays as it is.
        for name in ["cert.pem", "key.pem"] {
            assert!(!folder.join(name).exists());
        }
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "no folder").unwrap();
        assert!(matches!(self_signed(&folder, &[], now), Err(ServeError::Tls(..))));
        fs::remove_file(&folder).unwrap();
    }

    #[test]
    fn the_longest_machine_name_is_one() {
        let longest = "a".repeat(63);
        for name in [longest.clone(), format!("{longest}.local")] {
            assert!(is_host_name(&name), "{name}");
        }
        for name in ["a".repeat(64), "a..b".to_owned(), String::new(), "a b".to_owned()] {
            assert!(!is_host_name(&name), "{name}");
        }
    }

    #[test]
    fn names_are_bounded_and_no_ipv6_address_is_told_that_nobody_gave() {
        let given = ["2001:db8::7".parse().unwrap(), Ipv6Addr::UNSPECIFIED.into()];
        let former: Vec<String> = (0..100).map(|number| format!("host-{number}")).collect();
        let all = names(needed(&given), former);
        assert_eq!(all.len(), NAMES_MAX);
        let v6: Vec<_> = all.iter().filter(|name| name.parse::<Ipv6Addr>().is_ok()).collect();
        assert_eq!(v6, ["2001:db8::7", "::1"]);
        assert!(
            ["localhost", "127.0.0.1", "host-0"].iter().all(|name| all.iter().any(|other| other == name))
        );
    }
}
