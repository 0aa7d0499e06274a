//! What the WebSocket answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod host;

use host::Host;
use tangelo_wire::{
    Bytes, ClientMessage, DepartReason, Entry, ErrorCode, GroupId, PROTOCOL, Post, Seq, ServerMessage, limits,
};
use tokio::net::UdpSocket;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn two_clients_found_commit_and_leave_through_the_server() {
    let host = Host::start().await;
    let (mut one, mut two) = (host.socket().await, host.socket().await);
    let first = one.arrive("standup").await;
    let second = two.arrive("standup").await;
    assert_eq!((first.seq, second.seq, first.log_id), (Seq(1), Seq(2), second.log_id));
    assert!(matches!(one.entry().await.entry, Entry::Arrived { client, .. } if client == second.client));

    // Both at once: one wins, the other is told.
    for (socket, client) in [(&mut one, first.client), (&mut two, second.client)] {
        let group_id = GroupId::derive(first.log_id, Seq(0), client);
        let body = Post::Found { parent: Seq(0), group_id };
        socket.say(ClientMessage::Post { post: 7, body }).await;
    }
    let founded = one.entry().await;
    assert_eq!(two.entry().await, founded);
    let Entry::Founded { client: founder, .. } = founded.entry else { panic!("{founded:?}") };
    let ((founder_socket, other_socket), other) = if founder == first.client {
        ((&mut one, &mut two), second.client)
    } else {
        ((&mut two, &mut one), first.client)
    };
    assert_eq!(other_socket.next().await, Some(ServerMessage::Stale { post: 7, last: Seq(3) }));

    let body = Post::Commit {
        parent: Seq(3),
        adds: vec![other],
        commit: Bytes(vec![9; 5_000]),
        welcome: Some(Bytes(vec![8; 100_000])),
    };
    founder_socket.say(ClientMessage::Post { post: 8, body }).await;
    let Entry::Committed { welcome: None, commit, .. } = founder_socket.entry().await.entry else { panic!() };
    assert_eq!(commit, Bytes(vec![9; 5_000]));
    let Entry::Committed { welcome: Some(welcome), .. } = other_socket.entry().await.entry else { panic!() };
    assert_eq!(welcome.len(), 100_000);
    other_socket.say(ClientMessage::Post { post: 9, body: Post::Enter { commit: Seq(4) } }).await;
    assert_eq!(founder_socket.entry().await.entry, Entry::Entered { client: other, commit: Seq(4) });
    other_socket.entry().await;
    other_socket.say(ClientMessage::Leave {}).await;
    let gone = Entry::Departed { client: other, reason: DepartReason::Left };
    assert_eq!(founder_socket.entry().await.entry, gone);
    host.stop().await;
}

#[tokio::test]
async fn bad_messages_get_an_error_and_the_connection_goes_on() {
    let host = Host::start().await;
    let mut healthy = host.socket().await;
    healthy.arrive("standup").await;
    let mut socket = host.socket().await;
    for junk in ["", "{", "null", r#"{"type":"shout"}"#, "[[[[[[", "\u{0}"] {
        socket.send_raw(Message::text(junk)).await;
        assert_eq!(socket.error().await, ErrorCode::Malformed, "{junk:?}");
    }
    socket.send_raw(Message::text("[".repeat(200_000))).await;
    assert_eq!(socket.error().await, ErrorCode::Malformed, "deep nesting");
    socket.send_raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.error().await, ErrorCode::Malformed);
    socket.say(ClientMessage::Leave {}).await;
    assert_eq!(socket.error().await, ErrorCode::OutOfTurn);
    let offer = ClientMessage::Offer { offer: 3, sdp: "v=0\r\nno SDP".into(), lines: vec![] };
    socket.say(offer.clone()).await;
    assert_eq!(socket.error().await, ErrorCode::OutOfTurn);
    socket.arrive("other").await;
    socket.say(offer).await;
    let Some(ServerMessage::OfferRefused { offer: 3, error }) = socket.next().await else { panic!() };
    assert_eq!(error.code, ErrorCode::BadOffer);

    healthy.say(ClientMessage::Heartbeat { processed: Seq(9), check: None }).await;
    assert_eq!(healthy.error().await, ErrorCode::Invalid, "nothing else came to the healthy one");
    host.stop().await;
}

#[tokio::test]
async fn an_oversized_message_gets_an_error_and_then_the_end() {
    let host = Host::start().await;
    let mut socket = host.socket().await;
    socket.arrive("standup").await;
    socket.send_raw(Message::text("a".repeat(limits::MESSAGE_MAX_BYTES + 1))).await;
    assert_eq!(socket.error().await, ErrorCode::TooLarge);
    assert_eq!(socket.next().await, None);
    // Far above, the connection just ends; the server goes on.
    for length in [limits::MESSAGE_MAX_BYTES + (65 << 10), 8 * limits::MESSAGE_MAX_BYTES] {
        let mut socket = host.socket().await;
        let message = Message::text("a".repeat(length));
        let _ = futures_util::SinkExt::send(&mut socket.stream, message).await;
        while let Some(message) = socket.next().await {
            let ServerMessage::Error(error) = message else { panic!("{message:?}") };
            assert_ne!(error.code, ErrorCode::TooLarge, "it was read to its end");
        }
    }
    host.socket().await.arrive("standup").await;
    host.stop().await;
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let host = Host::start().await;
    let own = format!("http://{}", host.address);
    assert!(host.socket_with(&[("origin", &own)]).await.is_ok());
    for other in ["https://evil.example", "null", &format!("{own}.evil.example"), "http://127.0.0.1:1"] {
        assert_eq!(host.socket_with(&[("origin", other)]).await.err(), Some(403), "{other}");
    }
    let page = host.request("GET", "/ws", "Origin: https://evil.example\r\n").await;
    assert_eq!(page.status, 403);
    assert!(page.text().contains("Host header"), "{}", page.text());
    let page = host.get("/ws").await;
    assert_eq!((page.status, page.header("upgrade")), (426, "websocket"));
    host.stop().await;
}

#[tokio::test]
async fn a_client_that_believes_to_be_elsewhere_is_told_what_to_mend() {
    let host = Host::start().await;
    let mut socket = host.socket().await;
    let room = "standup".parse().unwrap();
    socket.say(ClientMessage::Hello { protocol: PROTOCOL, room, host: "call.example".into() }).await;
    let Some(ServerMessage::Error(error)) = socket.next().await else { panic!() };
    assert_eq!(error.code, ErrorCode::WrongHost);
    assert!(error.text.contains("proxy") && error.text.contains(&host.address.to_string()), "{error}");
    assert_eq!(socket.next().await, None);
    // Behind a proxy that passes the Host header, the name is the proxy's.
    let mut socket = host.socket_with(&[("host", "Call.Example")]).await.unwrap();
    socket.host = "call.example".into();
    socket.arrive("standup").await;
    host.stop().await;
}

#[tokio::test]
async fn garbage_on_the_media_port_disturbs_nobody() {
    let host = Host::start().await;
    let mut healthy = host.socket().await;
    let client = healthy.arrive("standup").await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    // A STUN binding request without credentials, DTLS, RTP and RTCP heads, and plain junk.
    let heads: [&[u8]; 6] = [
        &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        &[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
        &[0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2],
        &[0x80, 200, 0, 1, 0, 0, 0, 1],
        &[],
        &[0xff; 40],
    ];
    for media in &host.media {
        for length in 0..60 {
            for head in heads {
                let mut datagram = head.to_vec();
                datagram.resize(head.len() + length * 20, u8::try_from(length).unwrap());
                socket.send_to(&datagram, media).await.unwrap();
            }
        }
    }
    let group_id = GroupId::derive(client.log_id, Seq(0), client.client);
    let body = Post::Found { parent: Seq(0), group_id };
    healthy.say(ClientMessage::Post { post: 1, body }).await;
    assert_eq!(healthy.entry().await.seq, Seq(2));
    // The media thread lives: it still answers offers.
    healthy.say(ClientMessage::Offer { offer: 1, sdp: "junk".into(), lines: vec![] }).await;
    assert!(matches!(healthy.next().await, Some(ServerMessage::OfferRefused { .. })));
    let answered = socket.try_recv(&mut [0; 100]);
    assert!(answered.is_err(), "silence is the answer to garbage");
    host.stop().await;
}

#[tokio::test]
async fn a_flooding_client_is_cut_and_a_dropped_one_departs_for_the_others() {
    let host = Host::start().await;
    let mut healthy = host.socket().await;
    healthy.arrive("standup").await;
    let mut flooding = host.socket().await;
    flooding.arrive("standup").await;
    assert!(matches!(healthy.entry().await.entry, Entry::Arrived { .. }));
    let beat = Message::text(ClientMessage::Heartbeat { processed: Seq(2), check: None }.to_json());
    for _ in 0..5_000 {
        // Fails once the server has had enough.
        if futures_util::SinkExt::send(&mut flooding.stream, beat.clone()).await.is_err() {
            break;
        }
    }
    let mut told = 0;
    while let Some(message) = flooding.next().await {
        // Those before the flood were answered in earnest.
        told += u32::from(matches!(message, ServerMessage::Error(error) if error.code == ErrorCode::TooMany));
    }
    assert!((1..=200).contains(&told), "{told}");
    // Keeps its own heartbeat until the flooding client's time to resume is over.
    let gone = loop {
        healthy.say(ClientMessage::Heartbeat { processed: Seq(2), check: None }).await;
        let wait = std::time::Duration::from_secs(1);
        if let Ok(entry) = tokio::time::timeout(wait, healthy.entry()).await {
            break entry;
        }
    };
    assert!(matches!(gone.entry, Entry::Departed { reason: DepartReason::Silent, .. }));
    host.stop().await;
}

#[tokio::test]
async fn stopping_closes_the_connections() {
    let host = Host::start().await;
    let mut socket = host.socket().await;
    socket.arrive("standup").await;
    let address = host.address;
    let (stopped, closed) = tokio::join!(host.stop(), socket.next());
    assert_eq!((stopped, closed), ((), None));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
