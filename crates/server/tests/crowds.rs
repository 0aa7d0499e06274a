//! Connections that say nothing, and too many of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod host;

use std::time::Duration;

use host::{DEADLINE, Host, config};
use tangelo_server::{Config, ConnectionLimits, Rate};
use tangelo_wire::{Bytes, ClientMessage, ErrorCode, PROTOCOL, ServerMessage};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// Connects, says this, and then nothing.
async fn connect(host: &Host, beginning: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    stream.write_all(beginning).await.unwrap();
    stream
}

#[tokio::test]
async fn connections_that_do_not_finish_a_request_are_closed() {
    // Long enough for the requests below that are complete, on a machine with much else to do.
    let limits = ConnectionLimits { head: Duration::from_secs(3), ..ConnectionLimits::default() };
    let host = Host::with_limits(config(), limits).await;
    let mut socket = host.socket().await;
    socket.arrive("standup").await;
    let mut silent = Vec::new();
    for beginning in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nSM", b"GET / HTTP/1.1\r\nHost: a\r\nX-Un"] {
        silent.push(connect(&host, beginning).await);
    }
    // One that had its answer, and does not ask again.
    let mut idle = connect(&host, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.read_exact(&mut [0; 12]).await.unwrap();
    silent.push(idle);
    assert_eq!(host.get("/healthz").await.status, 200);
    for mut stream in silent {
        let closed = timeout(DEADLINE, stream.read_to_end(&mut Vec::new())).await;
        let _ = closed.expect("the server holds a silent connection");
    }
    socket.say(tangelo_wire::ClientMessage::Leave {}).await;
    socket.arrive("standup").await;
    host.stop().await;
}

#[tokio::test]
async fn silent_connections_that_take_every_place_lock_out_nobody() {
    let limits =
        ConnectionLimits { connections: 4, head: Duration::from_millis(200), ..ConnectionLimits::default() };
    let host = Host::with_limits(config(), limits).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(connect(&host, b"").await);
    }
    // Some of the above wait for a place; the request comes after them.
    let answered = timeout(DEADLINE, async { while !healthy(&host).await {} });
    answered.await.expect("the server has no place for a request");
    drop(silent);
    host.stop().await;
}

/// Whether a request is answered in earnest.
async fn healthy(host: &Host) -> bool {
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    sleep(Duration::from_millis(10)).await;
    answer.starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn one_address_cannot_have_every_connection() {
    // Loopback, where a proxy may stand, has three quarters.
    let limits =
        ConnectionLimits { connections: 8, connections_per_address: 1, ..ConnectionLimits::default() };
    let host = Host::with_limits(config(), limits).await;
    let mut held = Vec::new();
    for _ in 0..6 {
        let mut stream = connect(&host, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        held.push(stream);
    }
    for path in ["/", "/ws", "/healthz"] {
        let refused = host.get(path).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, "10"), "{path}");
        assert!(refused.text().contains("try again"), "{}", refused.text());
    }
    held.pop();
    let back = timeout(DEADLINE, async { while !healthy(&host).await {} });
    back.await.expect("a place that was given back is free");
    host.stop().await;
}

#[tokio::test]
async fn one_address_cannot_have_every_websocket() {
    let limits = ConnectionLimits { sockets: 4, sockets_per_address: 1, ..ConnectionLimits::default() };
    let host = Host::with_limits(config(), limits).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(host.socket().await);
    }
    assert_eq!(host.socket_with(&[]).await.err(), Some(429));
    assert_eq!(host.get("/healthz").await.status, 200);
    sockets.pop();
    let back = timeout(DEADLINE, async {
        while host.socket_with(&[]).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    back.await.expect("a place that was given back is free");
    host.stop().await;
}

/// A server behind a proxy on this machine.
async fn behind_a_proxy(limits: ConnectionLimits) -> Host {
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    Host::with_limits(Config { trusted_proxies, ..config() }, limits).await
}

#[tokio::test]
async fn behind_a_proxy_each_of_those_that_it_brings_has_a_share() {
    let limits = ConnectionLimits {
        sockets_per_address: 2,
        connections_per_address: 1,
        ..ConnectionLimits::default()
    };
    let host = behind_a_proxy(limits.clone()).await;
    let (one, other) = ([("x-forwarded-for", "9.9.9.9, 203.0.113.7")], [("x-forwarded-for", "203.0.113.8")]);
    let _held = (host.socket_with(&one).await.unwrap(), host.socket_with(&one).await.unwrap());
    assert_eq!(host.socket_with(&one).await.err(), Some(429));
    let invented = [("x-forwarded-for", "9.9.9.8, 203.0.113.7")];
    assert_eq!(
        host.socket_with(&invented).await.err(),
        Some(429),
        "what a client says of itself does not count"
    );
    assert!(host.socket_with(&other).await.is_ok());
    let forwarded = [("forwarded", "for=\"[2001:db8::7]\"")];
    assert!(host.socket_with(&forwarded).await.is_ok());
    host.stop().await;

    // Where none is trusted, everybody is what they are.
    let host = Host::with_limits(config(), ConnectionLimits { sockets: 4, ..limits }).await;
    let _held = [host.socket_with(&one).await, host.socket_with(&one).await, host.socket_with(&one).await];
    assert_eq!(host.socket_with(&other).await.err(), Some(429));
    host.stop().await;
}

#[tokio::test]
async fn one_address_cannot_open_websockets_again_and_again() {
    let openings_per_address = Rate { per_second: 1, burst: 2 };
    let host = behind_a_proxy(ConnectionLimits { openings_per_address, ..ConnectionLimits::default() }).await;
    let mut refused = 0;
    for _ in 0..100 {
        refused += usize::from(host.socket_with(&[("x-forwarded-for", "203.0.113.7")]).await.is_err());
    }
    assert!(refused > 0);
    let other = host.request("GET", "/ws", "X-Forwarded-For: 203.0.113.7\r\n").await;
    assert_eq!(other.status, 426, "pages are not concerned");
    assert!(host.socket_with(&[("x-forwarded-for", "203.0.113.8")]).await.is_ok());
    host.stop().await;
}

#[tokio::test]
async fn one_address_cannot_arrive_again_and_again() {
    let arrivals_per_address = Rate { per_second: 1, burst: 2 };
    let host = behind_a_proxy(ConnectionLimits { arrivals_per_address, ..ConnectionLimits::default() }).await;
    let mut socket = host.socket_with(&[("x-forwarded-for", "203.0.113.7")]).await.unwrap();
    let refused = loop {
        let (room, name) = ("standup".parse().unwrap(), socket.host.clone());
        socket.say(ClientMessage::Hello { protocol: PROTOCOL, room, host: name }).await;
        let Some(ServerMessage::Assigned { .. }) = socket.next().await else { panic!() };
        socket
            .say(ClientMessage::Arrive { key_package: Bytes(vec![1; 300]), admission: None, pass: None })
            .await;
        match socket.next().await {
            Some(ServerMessage::Snapshot { .. }) => {}
            Some(ServerMessage::Error(error)) => break error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused.code, ErrorCode::TooMany);
    assert!(refused.text.contains("from your network"), "{refused}");
    let mut other = host.socket_with(&[("x-forwarded-for", "203.0.113.8")]).await.unwrap();
    other.arrive("standup").await;
    host.stop().await;
}

#[tokio::test]
async fn who_sends_very_much_is_read_slowly_and_nobody_else_notices() {
    let socket_bytes = Rate { per_second: 1, burst: 1_000 };
    let host =
        Host::with_limits(config(), ConnectionLimits { socket_bytes, ..ConnectionLimits::default() }).await;
    let mut greedy = host.socket().await;
    greedy.arrive("standup").await;
    let large = ClientMessage::Offer { offer: 1, sdp: "a".repeat(100_000), lines: vec![] };
    greedy.say(large).await;
    let mut other = host.socket().await;
    other.arrive("standup").await;
    let heard = timeout(Duration::from_millis(500), async {
        while !matches!(greedy.next().await, Some(ServerMessage::OfferRefused { .. }) | None) {}
    });
    assert!(heard.await.is_err(), "it was read at once");
    host.stop().await;
}

#[tokio::test]
async fn one_address_cannot_ask_again_and_again() {
    let requests_per_address = Rate { per_second: 1, burst: 2 };
    let host = behind_a_proxy(ConnectionLimits { requests_per_address, ..ConnectionLimits::default() }).await;
    let mut refused = Vec::new();
    for _ in 0..100 {
        let answer = host.request("GET", "/api/rooms/standup", "X-Forwarded-For: 203.0.113.7\r\n").await;
        refused.extend((answer.status != 200).then_some(answer));
    }
    assert!(!refused.is_empty());
    for answer in refused {
        assert_eq!((answer.status, answer.header("retry-after")), (429, "10"));
        assert!(answer.header("content-security-policy").contains("default-src"), "as every answer");
    }
    let other = host.request("GET", "/api/rooms/standup", "X-Forwarded-For: 203.0.113.8\r\n").await;
    assert_eq!(other.status, 200);
    host.stop().await;
}

#[tokio::test]
async fn one_address_cannot_connect_again_and_again() {
    let connects_per_address = Rate { per_second: 1, burst: 1 };
    let host =
        Host::with_limits(config(), ConnectionLimits { connects_per_address, ..ConnectionLimits::default() })
            .await;
    let mut closed = 0;
    for _ in 0..200 {
        let mut stream = TcpStream::connect(host.address).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = timeout(DEADLINE, stream.read_to_end(&mut answer)).await.unwrap();
        closed += usize::from(answer.is_empty());
    }
    assert!(closed > 0);
    let answered = timeout(DEADLINE, async { while !healthy(&host).await {} });
    answered.await.expect("it is let in again at its pace");
    host.stop().await;
}
