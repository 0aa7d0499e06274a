//! HTTPS: the certificate and its key, read again when they are renewed.

use std::{
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

/// What new connections get. Those that there are keep theirs.
pub(crate) struct Certificate {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
    /// Of the files as they were looked at last.
    seen: RwLock<Option<[u8; 32]>>,
}

impl Certificate {
    /// Reads the certificate and key.
    pub(crate) fn read(files: &TlsFiles) -> Result<Arc<Self>, ServeError> {
        let seen = RwLock::new(digest(files));
        let current = RwLock::new(Arc::new(certified_key(files)?));
        Ok(Arc::new(Self { files: files.clone(), current, seen }))
    }

    /// Looks at the files every so often, for as long as it is polled, and takes what has changed. What cannot be used is said once,
    /// and the former certificate goes on: whoever renews it may write one file after the other.
    pub(crate) async fn watch(self: Arc<Self>, every: Duration) {
        loop {
            sleep(every).await;
            self.look();
        }
    }

    fn look(&self) {
        let now = digest(&self.files);
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if now == *seen {
            return;
        }
        *seen = now;
        match certified_key(&self.files) {
            Ok(key) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                tracing::info!("the certificate for HTTPS has changed: new connections get the new one");
            }
            Err(error) => tracing::warn!("{error}; the former certificate stays until the files go together"),
        }
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
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

fn certified_key(files: &TlsFiles) -> Result<CertifiedKey, ServeError> {
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
