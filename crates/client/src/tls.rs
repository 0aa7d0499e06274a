//! HTTPS: whom to trust.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
        client::{
            WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    },
};

use crate::{Address, ConnectError, look::Looking};

/// Why a file with certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct CaError {
    path: PathBuf,
    reason: String,
}

/// Connects by TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    trusted: Arc<Trusted>,
}

/// Trusts what this machine trusts, and the certificates in `ca`.
pub(crate) fn config(ca: Option<&Path>) -> Result<Tls, CaError> {
    let bad = |reason: String| CaError { path: ca.unwrap_or(Path::new("")).to_owned(), reason };
    let given: Vec<CertificateDer<'static>> = match ca {
        None => Vec::new(),
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| bad(error.to_string()))?,
    };
    if ca.is_some() && given.is_empty() {
        return Err(bad("there is no certificate in PEM form in it".to_owned()));
    }
    let mut roots = RootCertStore::empty();
    // A machine without any is told apart below: then nobody is trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(given.iter().cloned());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let chains = if roots.is_empty() {
        None
    } else {
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        Some(builder.build().map_err(|error| bad(error.to_string()))?)
    };
    let trusted = Arc::new(Trusted { given, chains, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&trusted) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    Ok(Tls { connector: TlsConnector::from(Arc::new(config)), trusted })
}

impl Tls {
    /// For a look at a server's certificate, whoever vouches for it.
    pub(crate) fn looking(&self) -> Looking {
        let config = ClientConfig::clone(self.connector.config());
        Looking::new(config, Arc::clone(&self.trusted) as Arc<dyn ServerCertVerifier>)
    }

    pub(crate) async fn connect(
        &self,
        address: &Address,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, ConnectError> {
        let host = || address.host.clone();
        let name = ServerName::try_from(address.name().to_owned())
            .map_err(|error| ConnectError::Name(format!("{}: {error}", address.host)))?;
        self.connector.connect(name, stream).await.map_err(|error| {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            match tls {
                Some(Error::InvalidCertificate(reason)) => ConnectError::Untrusted(host(), untrusted(reason)),
                _ => ConnectError::Tls(host(), error.to_string()),
            }
        })
    }
}

pub(crate) fn untrusted(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "nobody whom this machine trusts vouches for it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        other => other.to_string(),
    }
}

/// Takes a certificate that was given, as it is, or one for which somebody vouches who is trusted. Certificates that
/// people make for themselves often say that they vouch for others, which no server's may: no chain leads to those.
#[derive(Debug)]
struct Trusted {
    given: Vec<CertificateDer<'static>>,
    chains: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.given.iter().any(|given| given == certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.chains {
            Some(chains) => chains.verify_server_cert(certificate, others, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
