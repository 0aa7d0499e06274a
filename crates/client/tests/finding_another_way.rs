//! A client whose way to the server is lost for sound and picture finds another, and stays in the call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::time::Duration;

use common::{DEADLINE, Guest, TestServer, vp8_frame, way::Way};
use tangelo_wire::Source;
use tokio::time::{Instant, timeout};

#[tokio::test(flavor = "multi_thread")]
async fn who_receives_does_again_and_who_sends_is_seen_again() {
    let server = TestServer::start(None).await;
    let way = Way::to(server.address).await;
    let mut sender = Guest::join_at(&way.url(&server), 1).await;
    sender.with_people(1).await;
    sender.participant.publish(Source::Camera).await;
    let mut receiver = Guest::join_at(&way.url(&server), 2).await;
    receiver.with_people(2).await;
    sender.with_people(2).await;
    let clients = (sender.client(), receiver.client());
    let mut timestamp = 0;
    send_until(&mut sender, &mut receiver, &mut timestamp, "a picture", |guest| !guest.frames.is_empty())
        .await;

    assert_eq!(way.break_for_all(), 2);
    // What had come before, and waits to be looked at, says nothing of another way.
    send_until(&mut sender, &mut receiver, &mut timestamp, "both somewhere else", |_| way.places() >= 4)
        .await;
    receiver.frames.clear();
    send_until(&mut sender, &mut receiver, &mut timestamp, "pictures", |guest| guest.frames.len() >= 10)
        .await;
    sender.with_people(2).await;
    receiver.with_people(2).await;
    assert_eq!((sender.client(), receiver.client()), clients, "nobody had to arrive anew");
    server.stop().await;
}

/// Sends pictures and looks at what comes, until `done` says so of the receiver.
async fn send_until(
    sender: &mut Guest,
    receiver: &mut Guest,
    timestamp: &mut u64,
    what: &str,
    done: impl Fn(&Guest) -> bool,
) {
    let end = Instant::now() + DEADLINE;
    while !done(receiver) {
        assert!(Instant::now() < end, "{what}: {} frames", receiver.frames.len());
        sender.participant.send(Source::Camera, *timestamp, vp8_frame(7, true, 500)).await;
        *timestamp += 3_000;
        let more = receiver.frames.len() + 1;
        let _ =
            timeout(Duration::from_millis(33), receiver.until("a frame", |g| g.frames.len() >= more)).await;
        let _ = timeout(Duration::from_millis(1), sender.until("nothing", |_| false)).await;
    }
}
