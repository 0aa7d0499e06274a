//! Files from a server, as a browser would get them.

use std::{path::Path, time::Duration};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::{Address, CaError, ConnectError, connect::open, tls};

/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most bytes of a file.
const FILE_MAX_BYTES: usize = 64 << 20;

/// Gets files over one connection, which is made anew when the server closes it.
pub struct Fetcher {
    address: Address,
    tls: Option<tls::Tls>,
    connection: Option<SendRequest<Empty<Bytes>>>,
}

/// What a server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// Names in small letters, and values as they came; several of a name in their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// As it came: maybe compressed.
    pub body: Vec<u8>,
}

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No way to the server.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection broke, or what came is not HTTP, or too long.
    #[error("{0} sent no usable answer for {1}: {2}")]
    Answer(String, String, String),
}

impl Fetched {
    /// The value of a header, the first if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }
}

impl Fetcher {
    /// Nothing is sent before [`Fetcher::get`]. `ca` is a PEM file with certificates to trust beside those that this machine trusts.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn new(address: Address, ca: Option<&Path>) -> Result<Self, CaError> {
        let tls = address.tls.then(|| tls::config(ca)).transpose()?;
        Ok(Self { address, tls, connection: None })
    }

    /// Gets `path`, which begins with a slash, and takes it compressed with any of the codings of `accept`
    /// (RFC 9110 section 12.5.3).
    ///
    /// # Errors
    /// See [`FetchError`]. A status that tells of a failure is none.
    pub async fn get(&mut self, path: &str, accept: &str) -> Result<Fetched, FetchError> {
        let bad = |error: String| FetchError::Answer(self.address.host.clone(), path.to_owned(), error);
        let request = Request::get(path)
            .header(header::HOST, &self.address.host)
            .header(header::ACCEPT_ENCODING, accept)
            .body(Empty::new())
            .map_err(|error| bad(error.to_string()))?;
        let mut connection = self.connect().await?;
        let bad = |error: String| FetchError::Answer(self.address.host.clone(), path.to_owned(), error);
        let whole = async {
            let answer = connection.send_request(request).await.map_err(|error| error.to_string())?;
            let (head, body) = answer.into_parts();
            let body =
                Limited::new(body, FILE_MAX_BYTES).collect().await.map_err(|error| error.to_string())?;
            let headers = head.headers.iter();
            let headers =
                headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
            Ok(Fetched { status: head.status.as_u16(), headers, body: body.to_bytes().to_vec() })
        };
        let fetched = timeout(PATIENCE, whole).await.unwrap_or_else(|_| Err("it takes too long".to_owned()));
        let fetched = fetched.map_err(bad)?;
        self.connection = Some(connection);
        Ok(fetched)
    }

    async fn connect(&mut self) -> Result<SendRequest<Empty<Bytes>>, ConnectError> {
        if let Some(mut connection) = self.connection.take()
            && connection.ready().await.is_ok()
        {
            return Ok(connection);
        }
        let stranger =
            |error: hyper::Error| ConnectError::Stranger(self.address.host.clone(), error.to_string());
        let stream = open(&self.address, self.tls.as_ref()).await?;
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(stranger)?;
        // Ends with the connection. What goes wrong there is told to whoever waits for an answer.
        tokio::spawn(driver);
        Ok(connection)
    }
}
