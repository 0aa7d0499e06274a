//! Who comes to the TCP port for media, and does not behave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod host;

use std::time::Duration;

use host::{DEADLINE, Host, config};
use tangelo_server::ConnectionLimits;
use tangelo_wire::{ClientMessage, ServerMessage};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Time that nothing here comes up to.
const FOR_EVER: Duration = Duration::from_secs(3_600);

async fn connect(host: &Host) -> TcpStream {
    TcpStream::connect(host.media_tcp[0]).await.unwrap()
}

/// Waits until the server has closed the connection, without a word.
async fn is_cut(stream: &mut TcpStream) {
    let mut bytes = [0; 16];
    match timeout(DEADLINE, stream.read(&mut bytes)).await.expect("the connection stays") {
        Ok(0) | Err(_) => {}
        Ok(_) => panic!("an answer to nonsense: {bytes:?}"),
    }
}

/// Whether the server has left the connection open so far.
fn is_open(stream: &TcpStream) -> bool {
    let error = stream.try_read(&mut [0; 16]).err();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

/// A binding request for a session that there is none of, as a frame.
fn request() -> Vec<u8> {
    let mut frame = vec![0, 36, 0, 1, 0, 16, 0x21, 0x12, 0xa4, 0x42];
    frame.extend([7; 12]);
    frame.extend([0, 6, 0, 9]);
    frame.extend(b"none:some\0\0\0");
    frame
}

/// The media thread still answers offers, and junk as before.
async fn answers(host: &Host) {
    let mut socket = host.socket().await;
    socket.arrive("standup").await;
    socket.say(ClientMessage::Offer { offer: 1, sdp: "junk".into(), lines: vec![] }).await;
    assert!(matches!(socket.next().await, Some(ServerMessage::OfferRefused { .. })));
}

#[tokio::test]
async fn nonsense_is_cut_at_once() {
    let limits = ConnectionLimits { media_check: FOR_EVER, idle: FOR_EVER, ..ConnectionLimits::default() };
    let host = Host::with_limits(config(), limits).await;
    let giant = [&[0xff, 0xff][..], &[1; 70_000]].concat();
    let later = [&request()[..], &[0xff, 0xff, 1, 2, 3]].concat();
    let tls = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3].repeat(200);
    let web = b"GET / HTTP/1.1\r\n\r\n".repeat(1_000);
    let media = [&[0, 100][..], &[0x80; 100]].concat();
    // Nobody answers these checks.
    let unanswered = [&request()[..], &media].concat();
    let flood = request().repeat(65);
    for bytes in [giant, later, tls, web, media, unanswered, flood] {
        let mut stream = connect(&host).await;
        // The server may have gone before all is written.
        let _ = stream.write_all(&bytes).await;
        is_cut(&mut stream).await;
    }
    answers(&host).await;
    host.stop().await;
}

#[tokio::test]
async fn who_never_passes_an_ice_check_is_cut_after_a_while() {
    let limits = ConnectionLimits {
        media_check: Duration::from_millis(500),
        idle: FOR_EVER,
        ..ConnectionLimits::default()
    };
    let host = Host::with_limits(config(), limits).await;
    let mut silent = connect(&host).await;
    let mut slow = connect(&host).await;
    let mut busy = connect(&host).await;
    let whole = request();
    let dripping = tokio::spawn(async move {
        for byte in [&whole[..], &[5, 0]].concat() {
            let _ = slow.write_all(&[byte]).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        is_cut(&mut slow).await;
    });
    // Checks for nobody's session are no checks, however many.
    let flooding = tokio::spawn(async move { while busy.write_all(&request()).await.is_ok() {} });
    is_cut(&mut silent).await;
    timeout(DEADLINE, dripping).await.unwrap().unwrap();
    timeout(DEADLINE, flooding).await.expect("the flood goes on").unwrap();
    answers(&host).await;
    host.stop().await;
}

#[tokio::test]
async fn connections_are_bounded_and_give_their_place_back() {
    // Three quarters for an address of this machine: three.
    let limits = ConnectionLimits {
        media_connections: 4,
        media_connections_per_address: 1,
        media_check: FOR_EVER,
        idle: FOR_EVER,
        ..ConnectionLimits::default()
    };
    let host = Host::with_limits(config(), limits).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(connect(&host).await);
    }
    is_cut(&mut connect(&host).await).await;
    assert!(held.iter().all(is_open));
    held.pop();
    // It has its place once the server has seen the other's end.
    let mut tries = 0;
    loop {
        let mut stream = connect(&host).await;
        if timeout(Duration::from_millis(200), stream.read(&mut [0; 1])).await.is_err() {
            break;
        }
        tries += 1;
        assert!(tries < 200, "no place comes back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    answers(&host).await;
    host.stop().await;
}
