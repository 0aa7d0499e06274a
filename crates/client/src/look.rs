//! The way to a server, step by step, for those who look for what is wrong with it.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

use crate::{Address, CaError, ConnectError, connect, tls};

/// How long a TLS handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// Its own, and those that vouch for it, in DER.
    pub chain: Vec<CertificateDer<'static>>,
    /// Why it is not trusted, if it is not.
    pub distrust: Option<String>,
}

/// All addresses that the server's name stands for.
///
/// # Errors
/// It stands for none.
pub async fn addresses(address: &Address) -> io::Result<Vec<SocketAddr>> {
    Ok(lookup_host(address.authority()).await?.collect())
}

/// Looks at the server's certificates at one of its addresses, trusted or not. Nothing is sent.
///
/// # Errors
/// The file `ca` cannot be used; or, inside, there is no TLS at that address.
pub async fn certificates(
    address: &Address,
    at: SocketAddr,
    ca: Option<&Path>,
) -> Result<Result<Certificates, String>, CaError> {
    let looking = tls::config(ca)?.looking();
    let name = match ServerName::try_from(address.name().to_owned()) {
        Ok(name) => name,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let handshake = async {
        let stream = TcpStream::connect(at).await.map_err(|error| error.to_string())?;
        looking.connector.connect(name, stream).await.map(drop).map_err(|error| error.to_string())
    };
    let outcome = timeout(PATIENCE, handshake).await.unwrap_or_else(|_| Err("no answer in time".to_owned()));
    let seen = looking.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(match (seen, outcome) {
        (Some(seen), Ok(())) => Ok(seen),
        (_, Err(error)) => Err(error),
        (None, Ok(())) => Err("it showed no certificate".to_owned()),
    })
}

/// Opens the WebSocket as a client does, and closes it.
///
/// # Errors
/// The file `ca` cannot be used; or, inside, why it does not open.
pub async fn web_socket(address: &Address, ca: Option<&Path>) -> Result<Result<(), ConnectError>, CaError> {
    let tls = address.tls.then(|| tls::config(ca)).transpose()?;
    let opened = connect::connect(address, tls.as_ref()).await;
    Ok(match opened {
        Ok(mut socket) => {
            // It has opened: how it closes does not matter.
            let _ = timeout(PATIENCE, socket.close(None)).await;
            Ok(())
        }
        Err(error) => Err(error),
    })
}

/// A handshake that takes any certificate, and notes what it was.
pub(crate) struct Looking {
    connector: TlsConnector,
    seen: Arc<Mutex<Option<Certificates>>>,
}

impl Looking {
    /// `judge` is whom a real connection would ask.
    pub(crate) fn new(mut config: ClientConfig, judge: Arc<dyn ServerCertVerifier>) -> Self {
        let seen = Arc::default();
        config.dangerous().set_certificate_verifier(Arc::new(Onlooker { judge, seen: Arc::clone(&seen) }));
        Self { connector: TlsConnector::from(Arc::new(config)), seen }
    }
}

#[derive(Debug)]
struct Onlooker {
    judge: Arc<dyn ServerCertVerifier>,
    seen: Arc<Mutex<Option<Certificates>>>,
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.judge.verify_server_cert(certificate, others, name, ocsp, now);
        let distrust = match verdict {
            Ok(_) => None,
            Err(Error::InvalidCertificate(reason)) => Some(tls::untrusted(&reason)),
            Err(other) => Some(other.to_string()),
        };
        let chain = [certificate].into_iter().chain(others);
        let chain = chain.map(|one| one.clone().into_owned()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Certificates { chain, distrust });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
