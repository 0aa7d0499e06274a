//! HTTP: the web app, and words for everything else.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{Extension, Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::Response,
    routing::{any, get},
};
use tangelo_delivery::Rate;
use tangelo_wire::RoomName;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::{
    ConnectionLimits,
    addresses::{PerAddress, RatePerAddress, refused},
    assets::{Asset, Assets},
    doors::Doorkeeper,
    engine::ToEngine,
    headers::harden,
    http::{Peer, too_many},
    metrics::{self, Counters},
    socket::{self, Seldom},
};

/// What requests share.
pub(crate) struct App {
    pub(crate) engine: mpsc::Sender<ToEngine>,
    pub(crate) sockets: Arc<Semaphore>,
    pub(crate) sockets_per_address: Arc<PerAddress>,
    requests: RatePerAddress,
    pub(crate) openings: RatePerAddress,
    pub(crate) arrivals: RatePerAddress,
    pub(crate) socket_bytes: Rate,
    pub(crate) counters: Arc<Counters>,
    /// When other sites' pages are warned about.
    pub(crate) strangers: Seldom,
    pub(crate) socket_alive: mpsc::Sender<()>,
    pub(crate) doorkeeper: Doorkeeper,
    assets: Assets,
}

impl App {
    pub(crate) fn new(
        engine: mpsc::Sender<ToEngine>,
        socket_alive: mpsc::Sender<()>,
        limits: &ConnectionLimits,
        (assets, doorkeeper): (Assets, Doorkeeper),
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            engine,
            sockets: Arc::new(Semaphore::new(limits.sockets)),
            sockets_per_address: PerAddress::new(limits.sockets_per_address, limits.sockets),
            requests: RatePerAddress::new(limits.requests_per_address),
            openings: RatePerAddress::new(limits.openings_per_address),
            arrivals: RatePerAddress::new(limits.arrivals_per_address),
            socket_bytes: limits.socket_bytes,
            counters,
            strangers: Seldom::default(),
            socket_alive,
            doorkeeper,
            assets,
        }
    }
}

pub(crate) fn router(app: Arc<App>, https_only: bool) -> Router {
    let counters = Arc::clone(&app.counters);
    let paced = middleware::from_fn_with_state(Arc::clone(&app), pace);
    Router::new()
        .route("/ws", any(socket::upgrade))
        .route("/api/rooms", get(doors))
        .route("/api/rooms/{room}", get(count))
        .route("/healthz", get(async || words(StatusCode::OK, "ok")))
        .fallback(page)
        .layer(paced)
        .layer(middleware::from_fn_with_state(https_only, harden))
        .layer(middleware::from_fn_with_state(counters, metrics::count))
        .with_state(app)
}

/// Answers a request, unless its address makes too many.
async fn pace(
    State(app): State<Arc<App>>,
    Extension(Peer(ip)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    if app.requests.take(Instant::now(), ip) {
        return next.run(request).await;
    }
    refused(ip, &app.counters);
    too_many()
}

/// To whom rooms are open, for those who would begin one.
async fn doors(State(app): State<Arc<App>>) -> Response {
    json(&format!("{{\"doors\":\"{}\"}}", app.doorkeeper.doors.as_str()))
}

/// How many are in a room, for those who stand before it: the number, to whom rooms are open, and nothing else. Not asked for more than the engine
/// takes in its stride, so that nobody in a call notices.
async fn count(State(app): State<Arc<App>>, Path(room): Path<String>) -> Response {
    let Ok(room) = room.parse::<RoomName>() else {
        return words(StatusCode::NOT_FOUND, "There is no such room.");
    };
    let (reply, present) = oneshot::channel();
    // What could not be sent is dropped here, and the reply with it.
    drop(app.engine.try_send(ToEngine::Count(room, reply)));
    let Ok(present) = present.await else {
        return busy("The server is busy. Try again in a moment.");
    };
    json(&format!("{{\"present\":{present},\"doors\":\"{}\"}}", app.doorkeeper.doors.as_str()))
}

fn json(text: &str) -> Response {
    let mut response = words(StatusCode::OK, text);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Everything but the routes above: pages and files.
async fn page(State(app): State<Arc<App>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let mut response = words(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD work here.");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(room) = path.strip_prefix("r/") {
        // A slash that something appended to the link.
        let (room, appended) = room.strip_suffix('/').map_or((room, false), |room| (room, true));
        return match room.parse::<RoomName>() {
            Ok(room) if appended => moved(&format!("/r/{room}")),
            Ok(_) => index(&app, &headers),
            Err(error) => not_found(&format!("There is no such call: {error}.")),
        };
    }
    match path {
        "" => index(&app, &headers),
        "index.html" => not_found("The page is at the address without index.html."),
        _ => match app.assets.get(path) {
            Some(asset) => file(asset, path, &headers),
            None => not_found("There is no such page here."),
        },
    }
}

/// The page of the web app: the same for the landing page and for every room.
fn index(app: &App, headers: &HeaderMap) -> Response {
    app.assets.get("index.html").map_or_else(
        || {
            let text =
                "This server was built without the web app. Run \"cargo xtask serve\", which builds both.";
            words(StatusCode::SERVICE_UNAVAILABLE, text)
        },
        |asset| file(asset, "index.html", headers),
    )
}

fn file(asset: &Asset, path: &str, headers: &HeaderMap) -> Response {
    let brotli = asset.brotli.as_ref().filter(|_| accepts_brotli(headers));
    let body = brotli.unwrap_or(&asset.plain);
    // Names under assets/ carry a hash of the content.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(Body::empty());
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|list| list.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    if known.any(|tag| tag == body.etag || tag == "*") {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(body.bytes);
    }
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.mime));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = HeaderValue::from_str(&body.etag) {
        out.insert(header::ETAG, etag);
    }
    if asset.brotli.is_some() {
        out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    if brotli.is_some() {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// RFC 9110 section 12.5.3.
fn accepts_brotli(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
        name.trim().eq_ignore_ascii_case("br") && weight > 0.0
    })
}

/// A short text for people and for `curl`.
pub(crate) fn words(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// For now: clients are to come again (RFC 9110 section 10.2.3).
pub(crate) fn busy(text: &str) -> Response {
    let mut response = words(StatusCode::SERVICE_UNAVAILABLE, text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

/// Browsers keep the part of the link behind `#` (RFC 9110 section 10.2.2).
fn moved(path: &str) -> Response {
    let mut response =
        words(StatusCode::PERMANENT_REDIRECT, "This page is at the address without the last slash.");
    if let Ok(location) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// `text` is ours: nothing of the request is in it.
fn not_found(text: &str) -> Response {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Not found - Tangelo</title>\n\
         <h1>Not found</h1>\n<p>{text}</p>\n<p><a href=\"/\">To Tangelo's start page</a></p>\n</html>\n"
    );
    let mut response = words(StatusCode::NOT_FOUND, &page);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;
    use crate::DoorsConfig;

    const WEB_APP: &[(&str, &[u8])] = &[
        ("index.html", b"<html>page</html>"),
        ("assets/call-1a2b.js", b"let plain = 'plain'"),
        ("assets/call-1a2b.js.br", b"small"),
    ];

    fn app(files: &[(&'static str, &'static [u8])]) -> State<Arc<App>> {
        let limits = ConnectionLimits::default();
        let counters = Arc::default();
        State(Arc::new(App::new(
            mpsc::channel(1).0,
            mpsc::channel(1).0,
            &limits,
            (Assets::of(files), Doorkeeper::new(&DoorsConfig::default()).unwrap()),
            counters,
        )))
    }

    async fn get(
        files: &[(&'static str, &'static [u8])],
        path: &'static str,
        headers: &[(HeaderName, &str)],
    ) -> (StatusCode, HeaderMap, String) {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        let response = page(app(files), Method::GET, Uri::from_static(path), headers.collect()).await;
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_is_the_same_for_every_room() {
        for path in ["/", "/r/standup", "/r/_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            let (status, headers, body) = get(WEB_APP, path, &[]).await;
            assert_eq!((status, body.as_str()), (StatusCode::OK, "<html>page</html>"), "{path}");
            assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
            assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        }
        assert_eq!(get(WEB_APP, "/index.html", &[]).await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn a_server_without_the_web_app_says_how_to_build_it() {
        let (status, _, body) = get(&[], "/r/standup", &[]).await;
        assert!(status == StatusCode::SERVICE_UNAVAILABLE && body.contains("cargo xtask serve"), "{body}");
    }

    #[tokio::test]
    async fn files_are_served_compressed_and_cached() {
        let path = "/assets/call-1a2b.js";
        let (status, plain, body) = get(WEB_APP, path, &[]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "let plain = 'plain'"));
        assert!(plain[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/javascript"));
        assert!(plain[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert_eq!(plain.get(header::CONTENT_ENCODING), None);
        let (_, small, body) = get(WEB_APP, path, &[(header::ACCEPT_ENCODING, "gzip, br")]).await;
        assert_eq!(body, "small");
        assert_eq!(small[header::CONTENT_ENCODING], "br");
        assert_eq!(small[header::VARY], "Accept-Encoding");
        let tag = plain[header::ETAG].to_str().unwrap();
        let (status, _, body) = get(WEB_APP, path, &[(header::IF_NONE_MATCH, tag)]).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    }

    #[tokio::test]
    async fn who_stands_before_a_room_learns_how_many_are_in_it() {
        let (engine, mut messages) = mpsc::channel(1);
        let (alive, limits) = (mpsc::channel(1).0, ConnectionLimits::default());
        let doorkeeper = Doorkeeper::new(&DoorsConfig::default()).unwrap();
        let app = Arc::new(App::new(engine, alive, &limits, (Assets::of(&[]), doorkeeper), Arc::default()));
        let answer = tokio::spawn(async move {
            while let Some(ToEngine::Count(room, reply)) = messages.recv().await {
                assert_eq!(room.to_string(), "standup");
                reply.send(3).unwrap();
            }
        });
        let ask = async |room: &str| {
            let response = count(State(Arc::clone(&app)), Path(room.to_owned())).await;
            let (head, body) = response.into_parts();
            (head.status, head.headers, axum::body::to_bytes(body, 1 << 10).await.unwrap())
        };
        let (status, headers, body) = ask("standup").await;
        assert_eq!((status, &body[..]), (StatusCode::OK, &b"{\"present\":3,\"doors\":\"link\"}\n"[..]));
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(ask("Not A Room").await.0, StatusCode::NOT_FOUND);
        answer.abort();
        let _ = answer.await;
        assert_eq!(ask("standup").await.0, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn one_slash_too_many_leads_to_the_room() {
        let (status, headers, _) = get(WEB_APP, "/r/standup/", &[]).await;
        assert_eq!(status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(headers[header::LOCATION], "/r/standup");
        for path in ["/r/standup//", "/r/", "/r//", "/r/_short/"] {
            assert_eq!(get(WEB_APP, path, &[]).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn brotli_is_used_where_it_is_wanted() {
        let accepts = |value: &'static str| {
            accepts_brotli(&HeaderMap::from_iter([(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static(value),
            )]))
        };
        assert!(accepts("gzip, deflate, br, zstd") && accepts("BR;q=0.5"));
        assert!(!accepts("gzip") && !accepts("br;q=0") && !accepts("brotli"));
    }
}
