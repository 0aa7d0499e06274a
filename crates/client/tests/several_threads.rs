//! Rooms are spread over the server's media threads, and clients over its sockets: whichever they come to, they hear each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::time::Duration;

use common::{DEADLINE, Guest, TestServer};
use tangelo_wire::Source;
use tokio::time::{Instant, timeout};

const ROOMS: u8 = 6;

/// That none of twelve clients comes to the socket of another thread than its room's happens once in 500,000 runs.
#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_the_other_one_in_every_room() {
    let server = TestServer::with_threads(3).await;
    let mut pairs = Vec::new();
    for room in 0..ROOMS {
        let url = format!("http://{}/r/room-{room}", server.address);
        let mut one = Guest::join_at(&url, 2 * room).await;
        one.with_people(1).await;
        let mut other = Guest::join_at(&url, 2 * room + 1).await;
        other.with_people(2).await;
        one.with_people(2).await;
        one.participant.publish(Source::Microphone).await;
        other.participant.publish(Source::Microphone).await;
        pairs.push([one, other]);
    }
    for pair in &mut pairs {
        speak_until_both_hear(pair).await;
    }
    // The first are still there when the last came.
    for pair in &mut pairs {
        pair.iter_mut().for_each(|guest| guest.frames.clear());
        speak_until_both_hear(pair).await;
        let [one, other] = pair;
        for (hearer, speaker) in [(&*one, other.client()), (&*other, one.client())] {
            assert!(hearer.frames.iter().all(|(client, ..)| *client == speaker));
        }
    }
    server.stop().await;
}

async fn speak_until_both_hear(pair: &mut [Guest; 2]) {
    let end = Instant::now() + DEADLINE;
    let mut timestamp = 0;
    while pair.iter().any(|guest| guest.frames.len() < 5) {
        assert!(Instant::now() < end, "{:?}", pair.each_ref().map(|guest| guest.frames.len()));
        for guest in pair.iter_mut() {
            guest.participant.send(Source::Microphone, timestamp, vec![7; 80]).await;
            let _ = timeout(Duration::from_millis(10), guest.until("nothing", |_| false)).await;
        }
        timestamp += 960;
    }
}
