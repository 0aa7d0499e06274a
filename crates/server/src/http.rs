//! The accept loop, with and without TLS.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::Response,
};
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    ConnectionLimits,
    addresses::{PerAddress, RatePerAddress, refused},
    headers::harden,
    idle::Idle,
    metrics::{self, Counters},
    proxies::Proxies,
    tls::{ALPN_ACME, ALPN_HTTP2},
    web,
};

/// Whose a request is: the other end of its connection, or whom a trusted proxy asks for.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What all connections share.
#[derive(Clone)]
struct Shared {
    tls: Option<TlsAcceptor>,
    limits: Arc<ConnectionLimits>,
    proxies: Arc<Proxies>,
    stopped: watch::Receiver<bool>,
}

/// How connections are served.
pub(crate) struct Setup {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) https_only: bool,
    pub(crate) limits: ConnectionLimits,
    pub(crate) proxies: Proxies,
    pub(crate) counters: Arc<Counters>,
}

/// Accepts connections until `stopped`, and then waits until each has had its answer.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    setup: Setup,
    mut stopped: watch::Receiver<bool>,
) {
    let Setup { tls, https_only, limits, proxies, counters } = setup;
    let places = Arc::new(Semaphore::new(limits.connections));
    let per_address = PerAddress::new(limits.connections_per_address, limits.connections);
    let connects = RatePerAddress::new(limits.connects_per_address);
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let refusal = Router::new()
        .fallback(async || too_many())
        .layer(middleware::from_fn_with_state(https_only, harden))
        .layer(middleware::from_fn_with_state(Arc::clone(&counters), metrics::count));
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let shared =
        Shared { tls, limits: Arc::new(limits), proxies: Arc::new(proxies), stopped: stopped.clone() };
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stop(&mut stopped) => break,
        };
        let Ok(place) = place else { return };
        let (stream, ip) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, peer.ip()),
                Err(error) => {
                    // Out of file descriptors, most likely: some will come back.
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = stop(&mut stopped) => break,
        };
        // Signalling is small messages that should not wait for each other.
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        // A proxy brings everybody. Whom it brings is counted with their requests and WebSockets.
        let is_proxy = shared.proxies.trusts(ip);
        if !is_proxy && !connects.take(Instant::now(), ip) {
            // Without a word, which would cost a handshake.
            refused(ip, &counters);
            continue;
        }
        let held = if is_proxy { Some(None) } else { per_address.take(ip).map(Some) };
        if let Some(held) = held {
            let router = router.clone();
            tokio::spawn(async move {
                connection(stream, ip, router, shared).await;
                drop((place, held));
            });
            continue;
        }
        refused(ip, &counters);
        if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
            let router = refusal.clone();
            tokio::spawn(async move {
                let _ = timeout(REFUSAL_MAX, connection(stream, ip, router, shared)).await;
                drop(permit);
            });
        }
    }
    let _ = places.acquire_many(all).await;
}

/// Most connections at the same time that are only told that there are too many of them. More are just closed.
const REFUSALS_MAX: usize = 64;

/// Time to tell it.
const REFUSAL_MAX: Duration = Duration::from_secs(5);

/// RFC 6585 section 4.
pub(crate) fn too_many() -> Response {
    let text = "There are too many connections from your network: try again in a moment.";
    let mut response = web::words(StatusCode::TOO_MANY_REQUESTS, text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

async fn connection(stream: TcpStream, ip: IpAddr, router: Router, shared: Shared) {
    let stream = Idle::new(stream, shared.limits.idle);
    let router = TowerToHyperService::new(router);
    let proxies = Arc::clone(&shared.proxies);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let client = proxies.client(ip, request.headers());
        request.extensions_mut().insert(Peer(client));
        router.call(request)
    });
    let outcome = match &shared.tls {
        // Which protocol is spoken is known before the first byte: waiting for it would have no bound in time.
        None => http1(stream, service, &shared).await,
        Some(tls) => {
            let Ok(Ok(stream)) = timeout(shared.limits.head, tls.accept(stream)).await else { return };
            match stream.get_ref().1.alpn_protocol() {
                Some(ALPN_HTTP2) => http2(stream, service, &shared).await,
                // Who came to see a proof has seen it.
                Some(ALPN_ACME) => return,
                _ => http1(stream, service, &shared).await,
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!("an HTTP connection ended: {error}");
    }
}

async fn http1<S, R>(stream: S, service: R, shared: &Shared) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Service<Request<Incoming>, Response = Response, Error: std::error::Error + Send + Sync + 'static>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.head)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    run(connection, |connection| connection.graceful_shutdown(), shared).await
}

async fn http2<S, R>(stream: S, service: R, shared: &Shared) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Service<
            Request<Incoming>,
            Response = Response,
            Future: Send + 'static,
            Error: std::error::Error + Send + Sync + 'static,
        >,
{
    // Without pings: their answers would keep a connection alive that is used for nothing.
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .serve_connection(TokioIo::new(stream), service);
    run(connection, |connection| connection.graceful_shutdown(), shared).await
}

/// Drives a connection to its end; once the server stops, to the end of what is being answered.
async fn run<C: Future>(connection: C, finish: impl FnOnce(Pin<&mut C>), shared: &Shared) -> C::Output {
    let mut connection = std::pin::pin!(connection);
    let mut stopped = shared.stopped.clone();
    tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop(&mut stopped) => {
            finish(connection.as_mut());
            connection.await
        }
    }
}

/// Completes when the server stops.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
