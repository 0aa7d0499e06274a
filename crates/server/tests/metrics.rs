//! What a server tells whoever runs it, and how it stops.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod host;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use host::{DEADLINE, Host, Response, config};
use tangelo_server::{Config, Server};
use tangelo_wire::{ClientMessage, ErrorCode, PROTOCOL, ServerMessage};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    time::timeout,
};

/// A server that tells its figures.
struct Told {
    host: Host,
    at: SocketAddr,
    drain: oneshot::Sender<Duration>,
}

impl Told {
    async fn start() -> Self {
        let metrics = Some((Ipv4Addr::LOCALHOST, 0).into());
        let server = Server::bind(Config { metrics, ..config() }).await.unwrap();
        let at = server.metrics_addr().unwrap();
        let (drain, draining) = oneshot::channel();
        let draining = async {
            match draining.await {
                Ok(most) => most,
                Err(_) => std::future::pending().await,
            }
        };
        Self { host: Host::run(server, draining), at, drain }
    }

    async fn get(&self, path: &str) -> Response {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.at);
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(DEADLINE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        Response::parse(&answer)
    }

    async fn figures(&self) -> BTreeMap<String, f64> {
        let page = self.get("/metrics").await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, "text/plain; version=0.0.4; charset=utf-8")
        );
        let text = page.text();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let figure = |line: &str| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        };
        lines.map(figure).collect()
    }
}

#[tokio::test]
async fn figures_tell_what_happened_and_name_nobody() {
    let told = Told::start().await;
    let (mut one, mut two) = (told.host.socket().await, told.host.socket().await);
    one.arrive("standup").await;
    two.arrive("standup").await;
    one.say(ClientMessage::Heartbeat { processed: tangelo_wire::Seq(99), check: None }).await;
    two.say(ClientMessage::Offer { offer: 1, sdp: "no".into(), lines: vec![] }).await;
    assert!(matches!(two.next().await, Some(ServerMessage::OfferRefused { .. })));
    two.say(ClientMessage::Leave {}).await;
    one.entry().await;
    assert_eq!(one.error().await, ErrorCode::Invalid);
    one.entry().await;
    assert_eq!(told.host.get("/nothing").await.status, 404);
    assert_eq!(told.host.get("/metrics").await.status, 404, "not where everybody comes");

    let figures = told.figures().await;
    for (name, value) in [
        ("tangelo_draining", 0.0),
        ("tangelo_part_up{part=\"engine\"}", 1.0),
        ("tangelo_part_up{part=\"media-0\"}", 1.0),
        ("tangelo_rooms", 1.0),
        ("tangelo_clients", 1.0),
        ("tangelo_websockets", 2.0),
        ("tangelo_arrivals_total", 2.0),
        ("tangelo_departures_total{reason=\"left\"}", 1.0),
        ("tangelo_departures_total{reason=\"silent\"}", 0.0),
        ("tangelo_refusals_total{code=\"invalid\"}", 1.0),
        ("tangelo_refusals_total{code=\"bad_offer\"}", 1.0),
        ("tangelo_log_entries_total{kind=\"arrived\"}", 2.0),
        ("tangelo_log_entries_total{kind=\"departed\"}", 1.0),
        ("tangelo_http_responses_total{class=\"1xx\"}", 2.0),
        ("tangelo_http_responses_total{class=\"4xx\"}", 2.0),
        ("tangelo_websocket_messages_total{direction=\"in\"}", 7.0),
        ("tangelo_media_participants{thread=\"0\"}", 0.0),
        ("tangelo_media_dropped_total{thread=\"0\",reason=\"late\"}", 0.0),
    ] {
        assert_eq!(figures.get(name), Some(&value), "{name}: {figures:#?}");
    }
    assert!(figures["tangelo_websocket_bytes_total{direction=\"out\"}"] > 500.0);
    let text = told.get("/metrics").await.text();
    assert!(!text.contains("standup") && !text.contains("127.0.0.1"), "{text}");
    assert_eq!(told.get("/healthz").await.text(), "ok\n");
    assert_eq!((told.get("/readyz").await.status, told.get("/").await.status), (200, 404));
    told.host.stop().await;
}

#[tokio::test]
async fn a_server_that_drains_says_so_and_ends_when_nobody_is_left() {
    let told = Told::start().await;
    let mut inside = told.host.socket().await;
    inside.arrive("standup").await;
    let (at, address) = (told.at, told.host.address);
    told.drain.send(Duration::from_secs(600)).unwrap();
    assert_eq!(inside.next().await, Some(ServerMessage::Stopping { seconds: 600 }));
    let told = Told { drain: oneshot::channel().0, ..told };
    let not_ready = told.get("/readyz").await;
    assert_eq!(not_ready.status, 503);
    assert!(not_ready.text().contains("about to stop"), "{}", not_ready.text());
    assert_eq!((told.get("/healthz").await.status, told.figures().await["tangelo_draining"]), (200, 1.0));

    let mut newcomer = told.host.socket().await;
    let (room, host) = ("another".parse().unwrap(), newcomer.host.clone());
    newcomer.say(ClientMessage::Hello { protocol: PROTOCOL, room, host }).await;
    assert_eq!(newcomer.error().await, ErrorCode::Stopping);
    newcomer.arrive("standup").await;
    assert_eq!(newcomer.next().await, Some(ServerMessage::Stopping { seconds: 600 }));
    inside.entry().await;

    newcomer.say(ClientMessage::Leave {}).await;
    inside.entry().await;
    inside.say(ClientMessage::Leave {}).await;
    told.host.ended().await;
    for address in [at, address] {
        assert!(TcpStream::connect(address).await.is_err());
    }
}

#[tokio::test]
async fn a_server_that_drains_ends_when_its_time_is_over() {
    let told = Told::start().await;
    let mut inside = told.host.socket().await;
    inside.arrive("standup").await;
    told.drain.send(Duration::from_secs(1)).unwrap();
    assert_eq!(inside.next().await, Some(ServerMessage::Stopping { seconds: 1 }));
    assert_eq!(inside.next().await, None);
    told.host.ended().await;
}
