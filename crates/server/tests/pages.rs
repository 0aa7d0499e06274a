//! What HTTP answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod host;

use host::Host;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The binary holds the web app exactly if it was built before, as it always is in `cargo xtask test`. What is served
/// with a web app and without one is tested in `src/web.rs` in any case.
fn web_app_is_built() -> bool {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist/index.html").exists()
}

#[tokio::test]
async fn the_page_is_served_or_the_reason_why_not() {
    let host = Host::start().await;
    let room = format!("/r/_{}", "a".repeat(32));
    for path in ["/", "/r/standup", &room] {
        let page = host.get(path).await;
        if web_app_is_built() {
            assert_eq!(
                (page.status, page.header("content-type")),
                (200, "text/html; charset=utf-8"),
                "{path}"
            );
            assert_eq!(page.header("cache-control"), "no-cache");
            assert!(page.text().contains("<html"), "{}", page.text());
        } else {
            assert_eq!(page.status, 503, "{path}");
            assert!(page.text().contains("cargo xtask serve"), "{}", page.text());
        }
    }
    host.stop().await;
}

#[tokio::test]
async fn the_files_of_the_page_are_served_compressed_and_cached() {
    let host = Host::start().await;
    if !web_app_is_built() {
        assert_eq!(host.get("/assets/call.js").await.status, 404);
        return host.stop().await;
    }
    let page = host.get("/").await.text();
    let names: Vec<&str> =
        page.split('"').filter(|text| text.starts_with("/assets/") && text.ends_with(".js")).collect();
    assert!(!names.is_empty(), "{page}");
    for name in names {
        let plain = host.get(name).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""));
        assert!(plain.header("content-type").starts_with("text/javascript"));
        assert!(plain.header("cache-control").contains("immutable"));
        let small = host.request("GET", name, "Accept-Encoding: gzip, br\r\n").await;
        assert_eq!((small.header("content-encoding"), small.header("vary")), ("br", "Accept-Encoding"));
        assert!(small.body.len() < plain.body.len());
        let tag = format!("If-None-Match: {}\r\n", plain.header("etag"));
        let again = host.request("GET", name, &tag).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    host.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_rooms_get_a_page_with_words_and_a_way_home() {
    let host = Host::start().await;
    let slash = host.get("/r/standup/").await;
    assert_eq!((slash.status, slash.header("location")), (308, "/r/standup"));
    for path in [
        "/nothing",
        "/r/",
        "/r/Bad%20Name",
        "/r/_short",
        "/r/a/b",
        "/r/standup//",
        "/assets/../../etc/passwd",
        "/%2e%2e/x",
        "//",
    ] {
        let page = host.get(path).await;
        let wanted = if path == "//" { [200, 503].as_slice() } else { &[404] };
        assert!(wanted.contains(&page.status), "{path}: {}", page.status);
        if page.status == 404 {
            assert!(page.text().contains("Not found") && page.text().contains("href=\"/\""), "{path}");
        }
    }
    let mistyped = host.get("/r/_short").await.text();
    assert!(mistyped.contains("mistyped"), "{mistyped}");
    host.stop().await;
}

#[tokio::test]
async fn wrong_methods_are_refused() {
    let host = Host::start().await;
    for path in ["/", "/r/standup", "/healthz"] {
        for method in ["POST", "DELETE", "PUT"] {
            assert_eq!(
                host.request(method, path, "Content-Length: 0\r\n").await.status,
                405,
                "{method} {path}"
            );
        }
    }
    let head = host.request("HEAD", "/healthz", "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(host.get("/healthz").await.text(), "ok\n");
    host.stop().await;
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let host = Host::start().await;
    for path in ["/", "/nothing", "/healthz", "/ws"] {
        let page = host.get(path).await;
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            &format!("connect-src 'self' ws://{0} wss://{0};", host.address),
        ] {
            assert!(policy.contains(part), "{path}: {part} is not in {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains(" *"));
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(page.header("cross-origin-embedder-policy"), "require-corp");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let permissions = page.header("permissions-policy");
        assert!(permissions.contains("camera=(self)") && !permissions.contains("bluetooth"));
    }
    host.stop().await;
}

#[tokio::test]
async fn what_is_not_http_does_not_disturb() {
    let host = Host::start().await;
    for junk in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET / HTTP/9\r\n\r\n", &[0xff; 5_000]] {
        let mut stream = TcpStream::connect(host.address).await.unwrap();
        // The server may close before everything is sent.
        let _ = stream.write_all(junk).await;
        let _ = stream.shutdown().await;
        let _ = tokio::time::timeout(host::DEADLINE, stream.read_to_end(&mut Vec::new())).await.unwrap();
    }
    assert_eq!(host.get("/healthz").await.status, 200);
    host.stop().await;
}
