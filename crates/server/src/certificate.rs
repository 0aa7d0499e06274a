//! What a certificate says of itself (RFC 5280).

use std::{net::IpAddr, time::SystemTime};

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_cert::{
    Certificate,
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// For what and when a certificate is good, says the certificate. Whether anybody vouches for it is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Host names in small letters, and IP addresses.
    pub names: Vec<String>,
    /// It is good from here on.
    pub from: SystemTime,
    /// And until here.
    pub until: SystemTime,
}

impl CertificateFacts {
    /// Reads them; `None` if it is no certificate.
    #[must_use]
    pub fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let signed = certificate.tbs_certificate();
        let others = signed.get_extension::<SubjectAltName>().ok()?;
        let names = others.into_iter().flat_map(|(_, others)| others.0).filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
            GeneralName::IpAddress(bytes) => address(bytes.as_bytes()),
            _ => None,
        });
        let validity = signed.validity();
        let (from, until) = (validity.not_before.to_system_time(), validity.not_after.to_system_time());
        Some(Self { names: names.collect(), from, until })
    }

    /// Whether it is for a host of this name. A star stands for one label, the first (RFC 6125 section 6.4.3).
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let behind = host.split_once('.').map(|(_, behind)| behind);
        self.names
            .iter()
            .any(|name| *name == host || name.strip_prefix("*.").is_some_and(|parent| Some(parent) == behind))
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let ip: IpAddr = match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok()?.into(),
        16 => <[u8; 16]>::try_from(bytes).ok()?.into(),
        _ => return None,
    };
    Some(ip.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn names_and_times_are_read() {
        let names = ["Call.example.org", "*.example.net", "192.0.2.1", "2001:db8::1"].map(str::to_owned);
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        let (from, until) = (1_800_000_000, 1_800_086_400);
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        params.not_before = at(from).into();
        params.not_after = at(until).into();
        let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let facts = CertificateFacts::read(made.der()).unwrap();
        assert_eq!((facts.from, facts.until), (at(from), at(until)));
        for name in ["call.example.org", "CALL.example.org.", "a.example.net", "192.0.2.1", "2001:db8::1"] {
            assert!(facts.is_for(name), "{name}");
        }
        for name in ["example.org", "example.net", "a.b.example.net", "192.0.2.2", ""] {
            assert!(!facts.is_for(name), "{name}");
        }
        assert_eq!(CertificateFacts::read(&CertificateDer::from(vec![0x30, 3, 1, 2, 3])), None);
    }
}
