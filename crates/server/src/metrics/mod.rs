//! What the server tells whoever runs it: figures for Prometheus, and whether it is alive and ready. On an address of its own.
//!
//! The engine and the media threads are asked for their figures when somebody wants them, so they count in plain numbers, and one that is
//! stuck shows: it does not answer. Nothing here names a room, a client or an address.

mod counters;
mod gather;
mod parts;
mod process;
mod text;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
    routing::get,
};
use tokio::sync::Mutex;

pub(crate) use counters::{Count, Counters};
pub(crate) use parts::{MediaReport, Parts};

use crate::web::words;

struct Told {
    counters: Arc<Counters>,
    parts: Mutex<Parts>,
}

/// `/metrics`, `/healthz` and `/readyz`.
pub(crate) fn router(counters: Arc<Counters>, parts: Parts) -> Router {
    let told = Arc::new(Told { counters, parts: Mutex::new(parts) });
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || words(StatusCode::OK, "ok")))
        .route("/readyz", get(ready))
        .fallback(async || words(StatusCode::NOT_FOUND, "Here are /metrics, /healthz and /readyz."))
        .with_state(told)
}

async fn metrics(State(told): State<Arc<Told>>) -> Response {
    let answers = told.parts.lock().await.ask().await;
    let mut response = words(StatusCode::OK, "");
    *response.body_mut() = gather::page(&told.counters, &answers).into();
    // The text format's version, as Prometheus asks for it.
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Whether to send people here.
async fn ready(State(told): State<Arc<Told>>) -> Response {
    if told.counters.draining.get() > 0 {
        return words(StatusCode::SERVICE_UNAVAILABLE, "The server is about to stop.");
    }
    let silent = told.parts.lock().await.ask().await.silent();
    if silent.is_empty() {
        return words(StatusCode::OK, "ready");
    }
    words(StatusCode::SERVICE_UNAVAILABLE, &format!("These do not answer: {}.", silent.join(", ")))
}

/// Counts the answers of the web server.
pub(crate) async fn count(State(counters): State<Arc<Counters>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    counters.note_status(response.status());
    response
}
