//! HTTP: the web app, and words for everything else.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::Response,
    routing::{any, get},
};
use tangelo_wire::{RoomName, limits};
use tokio::sync::{Semaphore, mpsc};

use crate::{
    assets::{Asset, Assets},
    engine::ToEngine,
    socket,
};

/// Most WebSockets at the same time. More than clients: dropped ones overlap with those that resume.
const SOCKETS_MAX: usize = 4_096;

/// What requests share.
pub(crate) struct App {
    pub(crate) engine: mpsc::Sender<ToEngine>,
    pub(crate) sockets: Arc<Semaphore>,
    pub(crate) socket_alive: mpsc::Sender<()>,
    assets: Assets,
}

impl App {
    pub(crate) fn new(engine: mpsc::Sender<ToEngine>, socket_alive: mpsc::Sender<()>) -> Self {
        let sockets = Arc::new(Semaphore::new(SOCKETS_MAX));
        Self { engine, sockets, socket_alive, assets: Assets::embedded() }
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/ws", any(socket::upgrade))
        .route("/healthz", get(async || words(StatusCode::OK, "ok")))
        .fallback(page)
        .layer(middleware::from_fn(harden))
        .with_state(app)
}

/// Everything but the two routes above: pages and files.
async fn page(State(app): State<Arc<App>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let mut response = words(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD work here.");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(room) = path.strip_prefix("r/") {
        return match room.parse::<RoomName>() {
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

/// The server's host as a request names it, in lower case; `None` if it is no host (RFC 9110 section 7.2).
pub(crate) fn valid_host(host: &str) -> Option<String> {
    let fine =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    let valid = !host.is_empty() && host.len() <= limits::HOST_MAX_BYTES && host.bytes().all(fine);
    valid.then(|| host.to_ascii_lowercase())
}

/// Time to answer. WebSockets are answered at once, and live on.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Headers that make a page of this server hard to abuse.
async fn harden(request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let named = named.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str));
    let host = named.and_then(valid_host);
    let mut response = match tokio::time::timeout(ANSWER_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => words(StatusCode::SERVICE_UNAVAILABLE, "The server is busy: try again."),
    };
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(host.as_deref())) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in FIXED_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Scripts, styles, workers and connections of this server alone. `require-trusted-types-for 'script'` is left
/// out: it forbids `new Worker(url)`, for which browsers have no trusted type without a policy in the page.
fn content_security_policy(host: Option<&str>) -> String {
    // 'self' does not take in WebSockets in every browser.
    let sockets = host.map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"));
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'{sockets}; \
         worker-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

const FIXED_HEADERS: [(&str, &str); 7] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    (
        "permissions-policy",
        "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), \
         geolocation=(), payment=(), usb=(), serial=(), hid=(), bluetooth=(), midi=()",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_cannot_smuggle_anything_into_a_header() {
        assert_eq!(valid_host("Call.Example:8443").as_deref(), Some("call.example:8443"));
        assert_eq!(valid_host("[::1]:8080").as_deref(), Some("[::1]:8080"));
        for bad in ["", "a b", "a;script-src *", "a/b", "ä.example", &"a".repeat(300)] {
            assert_eq!(valid_host(bad), None, "{bad}");
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
