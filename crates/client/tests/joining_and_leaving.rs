//! Three participants over a real server: media of the others goes on while people come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::time::Duration;

use common::{Guest, TestServer};
use tangelo_wire::Source;

#[tokio::test(flavor = "multi_thread")]
async fn no_sound_is_lost_between_two_while_a_third_comes_and_goes() {
    let server = TestServer::start(None).await;
    let mut one = Guest::join(&server, 1).await;
    one.with_people(1).await;
    let mut two = Guest::join(&server, 2).await;
    two.with_people(2).await;
    one.with_people(2).await;
    let of_two = one.number.clone();
    one.participant.publish(Source::Microphone).await;
    one.until("media of the sender", |guest| guest.media_up).await;
    two.until("the track", |guest| guest.tracks == 1 && guest.media_up).await;

    let mut sent = 0_u32;
    // Until sound flows, what is sent may come before the line is there.
    while two.frames.is_empty() {
        speak(&one, &mut sent).await;
        let _ = tokio::time::timeout(Duration::from_millis(20), two.until("sound", |g| !g.frames.is_empty()))
            .await;
    }
    let first = number(&two.frames[0].2);

    let mut three = Guest::join(&server, 3).await;
    for _ in 0..100 {
        speak(&one, &mut sent).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    three.with_people(3).await;
    one.with_people(3).await;
    two.with_people(3).await;
    assert_eq!([&one.number, &two.number], [&three.number; 2]);
    assert_ne!(one.number, of_two);

    three.participant.leave().await;
    for _ in 0..100 {
        speak(&one, &mut sent).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    one.with_people(2).await;
    two.with_people(2).await;
    assert_eq!([&one.number, &two.number], [&of_two; 2]);

    let last = sent - 1;
    two.until("the last sound", |guest| guest.frames.iter().any(|(_, _, f)| number(f) == last)).await;
    let numbers: Vec<u32> = two.frames.iter().map(|(_, _, frame)| number(frame)).collect();
    let expected: Vec<u32> = (first..=last).collect();
    assert_eq!(numbers, expected, "every packet of sound, in order");
    one.participant.leave().await;
    two.participant.leave().await;
    server.stop().await;
}

async fn speak(guest: &Guest, sent: &mut u32) {
    let mut frame = sent.to_be_bytes().to_vec();
    frame.resize(80, 0x5a);
    guest.participant.send(Source::Microphone, u64::from(*sent) * 960, frame).await;
    *sent += 1;
}

fn number(frame: &[u8]) -> u32 {
    u32::from_be_bytes(frame[..4].try_into().unwrap())
}
