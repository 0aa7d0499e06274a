//! Media by UDP where one socket has all of the machine's addresses.
// Other systems have 127.0.0.1 alone of the loopback network.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod host;

use std::time::{Duration, Instant};

use host::{DEADLINE, Host, config};
use str0m::{
    Candidate, Input, Output, Rtc,
    change::SdpAnswer,
    media::{Direction, MediaKind},
    net::{Protocol, Receive},
};
use tangelo_server::{Capacity, Config};
use tangelo_wire::{ClientMessage, ErrorCode, LineUse, MediaLine, PROTOCOL, ServerMessage, Source};
use tokio::{
    net::UdpSocket,
    time::{sleep, timeout},
};

/// Of these addresses the second is not the machine's, so there is one socket for all. The kernel would send from 127.0.0.1 to a
/// client on this machine.
#[tokio::test]
async fn all_that_a_client_gets_comes_from_the_address_that_it_asked() {
    let public_ips = ["127.0.0.2", "203.0.113.7"].map(|ip| ip.parse().unwrap()).to_vec();
    // All that goes out is too much.
    let capacity = Capacity { bandwidth_bps: Some(1), ..Capacity::default() };
    let host = Host::with(Config { public_ips, capacity, ..config() }).await;
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let own = udp.local_addr().unwrap();

    let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
    rtc.add_local_candidate(Candidate::host(own, Protocol::Udp).unwrap());
    let mut change = rtc.sdp_api();
    let mid = change.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    let (offer, pending) = change.apply().unwrap();
    let mut socket = host.socket().await;
    socket.arrive("standup").await;
    let line_use = Some(LineUse::Send { source: Source::Microphone });
    let lines = vec![MediaLine { mid: mid.to_string(), line_use }];
    socket.say(ClientMessage::Offer { offer: 1, sdp: offer.to_sdp_string(), lines }).await;
    let answer = loop {
        match socket.next().await {
            Some(ServerMessage::Answer { sdp, .. }) => break sdp,
            Some(refused @ ServerMessage::OfferRefused { .. }) => panic!("{refused:?}"),
            Some(_) => {}
            None => panic!("the server closed"),
        }
    };
    rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();

    let asked = host.media[0];
    let mut drive = async |until_connected: bool| {
        let mut buffer = [0; 2_000];
        while !until_connected || !rtc.is_connected() {
            match rtc.poll_output().unwrap() {
                // The other address is nowhere.
                Output::Transmit(transmit) if transmit.destination == asked => {
                    udp.send_to(&transmit.contents, asked).await.unwrap();
                }
                Output::Transmit(_) | Output::Event(_) => {}
                Output::Timeout(at) => {
                    let came = tokio::time::timeout_at(at.into(), udp.recv_from(&mut buffer)).await;
                    let Ok(came) = came else {
                        rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
                        continue;
                    };
                    let (length, source) = came.unwrap();
                    assert_eq!(source, asked);
                    let receive = Receive::new(Protocol::Udp, source, own, &buffer[..length]).unwrap();
                    rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
                }
            }
        }
    };
    timeout(DEADLINE, drive(true)).await.expect("media does not come up");
    // Not so often that it is refused for that.
    let refused = async {
        while !is_refused(&host).await {
            sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = drive(false) => {}
        refused = timeout(DEADLINE, refused) => refused.expect("newcomers are taken, whatever goes out"),
    }
    host.stop().await;
}

/// Whether a newcomer is told that the network is busy.
async fn is_refused(host: &Host) -> bool {
    let mut newcomer = host.socket().await;
    let (room, name) = ("standup".parse().unwrap(), newcomer.host.clone());
    newcomer.say(ClientMessage::Hello { protocol: PROTOCOL, room, host: name }).await;
    match newcomer.next().await {
        Some(ServerMessage::Assigned { .. }) => false,
        Some(ServerMessage::Error(error)) => {
            assert_eq!(error.code, ErrorCode::ServerFull);
            assert!(error.text.contains("network is busy"), "{error}");
            true
        }
        other => panic!("{other:?}"),
    }
}
