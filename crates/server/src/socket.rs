//! A WebSocket connection.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{
        Extension, State, WebSocketUpgrade,
        ws::{Message, WebSocket, close_code, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tangelo_delivery::{ConnectionId, Rate};
use tangelo_wire::{ClientMessage, ErrorCode, WireError, limits};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    addresses,
    engine::{Outgoing, ToEngine, outbox},
    headers::valid_host,
    http::{Peer, too_many},
    metrics::Counters,
    web::{self, App},
};

/// A message above the protocol's bound, but below this, is answered with an error; above, the connection ends.
const FRAME_MAX_BYTES: usize = limits::MESSAGE_MAX_BYTES + (64 << 10);

/// Time for the network to take one message.
const SEND_MAX: Duration = Duration::from_secs(10);

/// Time for the peer to answer the closing handshake (RFC 6455 section 7).
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// `GET /ws`.
pub(crate) async fn upgrade(
    State(app): State<Arc<App>>,
    Extension(Peer(ip)): Extension<Peer>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let host = headers.get(header::HOST).and_then(|host| valid_host(host.to_str().ok()?));
    let Some(host) = host else {
        return web::words(StatusCode::BAD_REQUEST, "This request does not say which host it is for.");
    };
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().ok().and_then(host_of_origin));
    if let Some(origin) = origin
        && origin.as_ref() != Some(&host)
    {
        if app.strangers.is_due() {
            let page = origin.as_deref().unwrap_or("another place");
            tracing::warn!(
                "a page of {page} was refused: its request names this server {host}. If a proxy stands before this \
                 server, it must pass the Host header unchanged (nginx: \"proxy_set_header Host $http_host;\"); \
                 until then no call connects"
            );
        }
        return web::words(
            StatusCode::FORBIDDEN,
            "A page of another site cannot use this server. If a proxy stands before it, the proxy must pass the \
             Host header unchanged.",
        );
    }
    let Ok(upgrade) = upgrade else {
        let mut response =
            web::words(StatusCode::UPGRADE_REQUIRED, "This address is for the calls' WebSockets only.");
        // RFC 9110 section 15.5.22.
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    let held = app.openings.take(Instant::now(), ip).then(|| app.sockets_per_address.take(ip)).flatten();
    let Some(held) = held else {
        addresses::refused(ip, &app.counters);
        return too_many();
    };
    let Ok(permit) = Arc::clone(&app.sockets).try_acquire_owned() else {
        return web::busy("The server is full: try again later.");
    };
    let upgrade = upgrade.max_message_size(FRAME_MAX_BYTES).max_frame_size(FRAME_MAX_BYTES);
    let alive = app.socket_alive.clone();
    upgrade.on_upgrade(async move |socket| {
        run(socket, host, &app, ip).await;
        drop((permit, held, alive));
    })
}

/// Says yes at most once a minute, so that strangers cannot fill the log.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Whether a minute is over.
    pub(crate) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(60));
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

/// The host of an origin (RFC 6454 section 6.2), in lower case.
fn host_of_origin(origin: &str) -> Option<String> {
    let (scheme, host) = origin.split_once("://")?;
    matches!(scheme, "http" | "https").then(|| valid_host(host))?
}

async fn run(socket: WebSocket, host: String, app: &App, ip: IpAddr) {
    let engine = &app.engine;
    let (mut sink, mut stream) = socket.split();
    let (outbox, mut outgoing) = outbox();
    let (id, assigned) = oneshot::channel();
    if engine.send(ToEngine::Connected { host, outbox, id }).await.is_err() {
        return;
    }
    let Ok(connection) = assigned.await else { return };
    let cut = outgoing.take_cut();
    let cut = async {
        if cut.await.is_err() {
            // Closed in order instead: what waits is still sent.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = async {
            // The engine closes the outbox after a fatal message; so reading never ends the connection first.
            if read(&mut stream, connection, app, ip).await == Ended::ByUs {
                std::future::pending::<()>().await;
            }
        } => {}
        () = write(&mut sink, &mut outgoing, &app.counters) => {}
        () = cut => {}
    }
    let _ = engine.send(ToEngine::Disconnected(connection)).await;
    let _ = timeout(CLOSE_MAX, async { while let Some(Ok(_)) = stream.next().await {} }).await;
}

#[derive(PartialEq, Eq)]
enum Ended {
    ByPeer,
    ByUs,
}

async fn read(stream: &mut SplitStream<WebSocket>, connection: ConnectionId, app: &App, ip: IpAddr) -> Ended {
    let mut bytes = Bytes::new(app.socket_bytes, Instant::now());
    let bad =
        |code, text: String, fatal| ToEngine::Bad { connection, error: WireError::new(code, text), fatal };
    loop {
        let message = match stream.next().await {
            None | Some(Ok(Message::Close(_))) => return Ended::ByPeer,
            Some(Ok(Message::Ping(data) | Message::Pong(data))) => {
                pace(&mut bytes, data.len().max(ANSWERED)).await;
                continue;
            }
            Some(Ok(Message::Text(text))) => match read_text(text.as_str(), app, &mut bytes).await {
                Ok(ClientMessage::Arrive { .. }) if !app.arrivals.take(Instant::now(), ip) => {
                    addresses::refused(ip, &app.counters);
                    let text = "too many people arrive from your network at once: try again in a moment";
                    bad(ErrorCode::TooMany, text.into(), false)
                }
                Ok(message) => {
                    let shown = app.doorkeeper.look(&message);
                    ToEngine::Message(connection, message, shown)
                }
                Err(error) => {
                    let fatal = error.code == ErrorCode::TooLarge;
                    ToEngine::Bad { connection, error, fatal }
                }
            },
            Some(Ok(Message::Binary(data))) => {
                pace(&mut bytes, data.len()).await;
                bad(ErrorCode::Malformed, "messages are JSON texts, never binary".into(), false)
            }
            Some(Err(error)) => bad(ErrorCode::Malformed, format!("the connection failed: {error}"), true),
        };
        let fatal = matches!(message, ToEngine::Bad { fatal: true, .. });
        if app.engine.send(message).await.is_err() {
            return Ended::ByPeer;
        }
        if fatal {
            return Ended::ByUs;
        }
    }
}

/// Reads a message, after as much time as its bytes take at the pace that a connection may have.
async fn read_text(text: &str, app: &App, bytes: &mut Bytes) -> Result<ClientMessage, WireError> {
    app.counters.messages_in.add(1);
    app.counters.bytes_in.add(text.len() as u64);
    pace(bytes, text.len()).await;
    ClientMessage::from_json(text)
}

/// For so many bytes at least a ping counts, since it is answered.
const ANSWERED: usize = 1_024;

async fn pace(bytes: &mut Bytes, count: usize) {
    let wait = bytes.wait(Instant::now(), count);
    // Even a sleep of no time takes a millisecond.
    if !wait.is_zero() {
        sleep(wait).await;
    }
}

/// How long a connection must wait, for what it has sent.
struct Bytes {
    rate: Rate,
    /// What it has sent will have come at the pace of the rate by then.
    due: Instant,
}

impl Bytes {
    fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, due: now }
    }

    /// So many more have come. Returns how long not to read on.
    fn wait(&mut self, now: Instant, count: usize) -> Duration {
        let per_second = f64::from(self.rate.per_second.max(1));
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.due = self.due.max(now) + Duration::from_secs_f64(f64::from(count) / per_second);
        let burst = Duration::from_secs_f64(f64::from(self.rate.burst) / per_second);
        self.due.saturating_duration_since(now).saturating_sub(burst)
    }
}

/// Sends until the engine closes the outbox, then says goodbye.
async fn write(sink: &mut SplitSink<WebSocket, Message>, outgoing: &mut Outgoing, counters: &Counters) {
    while let Some(text) = outgoing.next().await {
        let length = text.len() as u64;
        match timeout(SEND_MAX, sink.send(Message::Text(text))).await {
            Ok(Ok(())) => {
                counters.messages_out.add(1);
                counters.bytes_out.add(length);
            }
            Ok(Err(_)) => return,
            Err(_) => {
                counters.cut.add(1);
                return;
            }
        }
    }
    let close = axum::extract::ws::CloseFrame { code: close_code::AWAY, reason: "".into() };
    let _ = timeout(CLOSE_MAX, sink.send(Message::Close(Some(close)))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_much_waits_until_it_would_have_come_at_the_pace() {
        let start = Instant::now();
        let mut bytes = Bytes::new(Rate { per_second: 1_000, burst: 5_000 }, start);
        assert_eq!(bytes.wait(start, 5_000), Duration::ZERO);
        assert_eq!(bytes.wait(start, 2_000), Duration::from_secs(2));
        assert_eq!(bytes.wait(start + Duration::from_secs(2), 500), Duration::from_millis(500));
        assert_eq!(bytes.wait(start + Duration::from_secs(60), 5_000), Duration::ZERO);
    }

    #[test]
    fn what_is_said_seldom_is_not_said_twice() {
        let seldom = Seldom::default();
        assert!(seldom.is_due());
        assert!((0..1_000).all(|_| !seldom.is_due()));
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        assert_eq!(host_of_origin("https://a.example").as_deref(), Some("a.example"));
        assert_eq!(host_of_origin("http://LOCALHOST:8080").as_deref(), Some("localhost:8080"));
        for bad in ["null", "", "file://", "https://", "https://a.example/x", "chrome-extension://abc"] {
            assert_eq!(host_of_origin(bad), None, "{bad}");
        }
    }
}
