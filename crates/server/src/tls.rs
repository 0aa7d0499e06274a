//! HTTPS: the certificate and its key, read again when they are renewed.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::time::sleep;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};

use crate::{ServeError, TlsFiles};

/// HTTP/2 in TLS (RFC 9113 section 3.2).
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";

/// A certification authority that looks whose a name is (RFC 8737 section 4).
pub(crate) const ALPN_ACME: &[u8] = b"acme-tls/1";

/// What new connections get. Those that there are keep theirs.
pub(crate) struct Certificate {
    files: TlsFiles,
    /// None while the first is on its way from a certification authority.
    current: RwLock<Option<Arc<CertifiedKey>>>,
    /// Of the files as they were looked at last.
    seen: RwLock<Option<[u8; 32]>>,
    /// What shows a certification authority that a name is this server's, by name.
    proofs: RwLock<BTreeMap<String, Arc<CertifiedKey>>>,
    /// Whether there may ever be proofs.
    is_by_acme: bool,
}

impl Certificate {
    /// Reads the certificate and key.
    pub(crate) fn read(files: &TlsFiles) -> Result<Arc<Self>, ServeError> {
        let seen = digest(files);
        let key = certified_key(files)?;
        Ok(Self::new(files, seen, Some(key), false))
    }

    /// One that is kept, or will be: without files, or with bad ones, there is none for now.
    pub(crate) fn by_acme(files: &TlsFiles) -> Arc<Self> {
        let seen = digest(files);
        let key = seen.is_some().then(|| certified_key(files)).transpose().unwrap_or_else(|error| {
            tracing::warn!("{error}; another one is asked for");
            None
        });
        Self::new(files, seen, key, true)
    }

    fn new(
        files: &TlsFiles,
        seen: Option<[u8; 32]>,
        key: Option<CertifiedKey>,
        is_by_acme: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            files: files.clone(),
            current: RwLock::new(key.map(Arc::new)),
            seen: RwLock::new(seen),
            proofs: RwLock::default(),
            is_by_acme,
        })
    }

    /// What new connections get now.
    pub(crate) fn current(&self) -> Option<Arc<CertifiedKey>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the files every so often, for as long as it is polled, and takes what has changed. What cannot be used is said once,
    /// and the former certificate goes on: whoever renews it may write one file after the other.
    pub(crate) async fn watch(self: Arc<Self>, every: Duration) {
        loop {
            sleep(every).await;
            self.look();
        }
    }

    /// Takes what is in the files if it is something else than before.
    pub(crate) fn look(&self) {
        let now = digest(&self.files);
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if now == *seen {
            return;
        }
        *seen = now;
        match certified_key(&self.files) {
            Ok(key) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(key));
                tracing::info!("the certificate for HTTPS has changed: new connections get the new one");
            }
            Err(error) => tracing::warn!("{error}; the former certificate stays until the files go together"),
        }
    }

    /// Shows a certification authority this for a name, until what is returned is dropped.
    pub(crate) fn prove(self: &Arc<Self>, name: &str, key: CertifiedKey) -> Proof {
        let mut proofs = self.proofs.write().unwrap_or_else(PoisonError::into_inner);
        proofs.insert(name.to_owned(), Arc::new(key));
        Proof { certificate: Arc::clone(self), name: name.to_owned() }
    }
}

/// A proof that is shown.
pub(crate) struct Proof {
    certificate: Arc<Certificate>,
    name: String,
}

impl Drop for Proof {
    fn drop(&mut self) {
        self.certificate.proofs.write().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Such a client offers nothing else (RFC 8737 section 3).
        if hello.alpn().is_some_and(|offered| offered.eq([ALPN_ACME])) {
            let name = hello.server_name()?.to_ascii_lowercase();
            return self.proofs.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        }
        self.current()
    }
}

/// For connections that are to get this certificate.
pub(crate) fn acceptor(certificate: &Arc<Certificate>) -> Result<TlsAcceptor, ServeError> {
    let bad = |reason: String| ServeError::Tls(certificate.files.cert.clone(), reason);
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(error.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(certificate) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), b"http/1.1".to_vec()];
    if certificate.is_by_acme {
        config.alpn_protocols.push(ALPN_ACME.to_vec());
    }
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Of both files; `None` if one cannot be read.
fn digest(files: &TlsFiles) -> Option<[u8; 32]> {
    let mut hash = Sha256::new();
    for path in [&files.cert, &files.key] {
        let contents = std::fs::read(path).ok()?;
        hash.update(contents.len().to_be_bytes());
        hash.update(contents);
    }
    Some(hash.finalize().into())
}

/// The server's own certificate of those in a PEM file.
///
/// # Errors
/// [`ServeError::Tls`]: there is none.
pub fn first_certificate(file: &Path) -> Result<CertificateDer<'static>, ServeError> {
    CertificateDer::from_pem_file(file)
        .map_err(|error| ServeError::Tls(file.to_owned(), pem_error(error, "certificate")))
}

/// Reads a certificate with its chain and its key, and sees whether they go together.
pub(crate) fn certified_key(files: &TlsFiles) -> Result<CertifiedKey, ServeError> {
    let bad = |path: &Path, reason: String| ServeError::Tls(path.to_owned(), reason);
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect)
        .map_err(|error| bad(&files.cert, pem_error(error, "certificate")))?;
    if certificates.is_empty() {
        return Err(bad(&files.cert, pem_error(pem::Error::NoItemsFound, "certificate")));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| bad(&files.key, pem_error(error, "private key")))?;
    CertifiedKey::from_der(certificates, key, &aws_lc_rs::default_provider())
        .map_err(|error| bad(&files.cert, format!("it does not go with the key: {error}")))
}

fn pem_error(error: pem::Error, what: &str) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => format!("there is no {what} in PEM form in it"),
        other => format!("it is not a {what} in PEM form: {other:?}"),
    }
}
