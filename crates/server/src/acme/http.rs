//! HTTPS to a certification authority.

use std::{io, net::SocketAddr, path::Path, pin::Pin, sync::Arc, time::Duration};

use axum::http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// How long one request may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it may take to connect at one of the authority's addresses.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes of an answer: a certificate and its chain have a few thousand.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// Asks, each time on a connection of its own: that happens a few times in two months.
#[derive(Clone)]
pub(super) struct Http(TlsConnector);

/// There was no answer that is one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unanswered(String);

impl Http {
    /// Trusts the certificates in the file, or those that this machine trusts.
    pub(super) fn new(root: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = root {
            let bad = |reason: String| format!("--acme-root {}: {reason}", path.display());
            let given: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect)
                .map_err(|error| bad(error.to_string()))?;
            roots.add_parsable_certificates(given);
            if roots.is_empty() {
                return Err(bad("there is no certificate in PEM form in it".to_owned()));
            }
        } else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err("this machine trusts no certification authority, so none can be asked: install the package \
                            ca-certificates"
                    .to_owned());
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    async fn ask(self, request: Request<BodyWrapper<Bytes>>) -> Result<Response<Full<Bytes>>, String> {
        let uri = request.uri().clone();
        let (host, port) = match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(host)) => (host, uri.port_u16().unwrap_or(443)),
            _ => return Err(format!("{uri} is no HTTPS URL")),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|error| format!("{host}: {error}"))?;
        let stream = dial(&host, port).await.map_err(|error| format!("{host}: {error}"))?;
        let stream = self.0.connect(name, stream).await.map_err(|error| format!("{host}: {error}"))?;
        let spoiled = |error: hyper::Error| format!("{host} sent no usable answer: {error}");
        let (mut connection, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(spoiled)?;
        // Ends with the connection. What goes wrong there is told to whoever waits for the answer.
        tokio::spawn(driver);
        let request = at_its_server(request, &uri).ok_or_else(|| format!("{uri} is no HTTPS URL"))?;
        let (head, body) = connection.send_request(request).await.map_err(spoiled)?.into_parts();
        let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await;
        let body = body.map_err(|error| format!("{host} sent no usable answer: {error}"))?.to_bytes();
        // Errors of ACME come with their reason (RFC 8555 section 6.7); others are a proxy's, or of a server that is no authority.
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_problem = kind.is_some_and(|kind| kind.starts_with("application/problem+json"));
        if !head.status.is_success() && !is_problem {
            return Err(format!("{uri} answers with HTTP status {}", head.status));
        }
        Ok(Response::from_parts(head, Full::new(body)))
    }
}

/// Connects at the first address that takes a connection: one to which there is no way must not use up the time of all.
async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
    for address in addresses {
        failed = match timeout(ADDRESS_PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_) => io::Error::new(io::ErrorKind::TimedOut, format!("no answer in time from {address}")),
        };
    }
    Err(failed)
}

/// A request as its server is sent it: path and query, and the host apart (RFC 9112 section 3.2.1).
fn at_its_server(mut request: Request<BodyWrapper<Bytes>>, uri: &Uri) -> Option<Request<BodyWrapper<Bytes>>> {
    let host = HeaderValue::from_str(uri.authority()?.as_str()).ok()?;
    request.headers_mut().insert(header::HOST, host);
    *request.uri_mut() = uri.path_and_query().map_or("/", |path| path.as_str()).parse().ok()?;
    Some(request)
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let this = self.clone();
        Box::pin(async move {
            let answer = timeout(PATIENCE, this.ask(request)).await;
            let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            answer.map(BytesResponse::from).map_err(|why| Error::Other(Box::new(Unanswered(why))))
        })
    }
}
