//! More microphones than anybody hears, on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::time::Duration;

use common::{DEADLINE, Guest, TestServer};
use tangelo_wire::{Source, limits::HEARD_MAX};
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn who_was_not_heard_is_heard_soon_after_beginning_to_speak() {
    let server = TestServer::start(None).await;
    let mut guests = Vec::new();
    for person in 0..=u8::try_from(HEARD_MAX).unwrap() + 1 {
        let guest = Guest::join(&server, person).await;
        guest.participant.publish(Source::Microphone).await;
        guests.push(guest);
    }
    let people = guests.len();
    for guest in &mut guests {
        guest.with_people(people).await;
        guest.until("everybody's microphone", |guest| guest.tracks + 1 == people && guest.media_up).await;
    }
    let clients: Vec<_> = guests.iter().map(Guest::client).collect();
    let mut listener = guests.remove(0);
    listener.until("a choice", |guest| guest.hearing.is_some()).await;
    let hearing = listener.hearing.clone().unwrap();
    assert_eq!(hearing.len(), HEARD_MAX);
    let missed = clients[1..].iter().position(|client| !hearing.contains(&client.to_string())).unwrap();
    let speaker = &guests[missed];
    let client = speaker.client();

    let heard = |guest: &Guest| guest.frames.iter().any(|(from, ..)| *from == client);
    let mut timestamp = 0;
    let speaking = async {
        while !heard(&listener) {
            speaker.participant.send(Source::Microphone, timestamp, vec![7; 80]).await;
            timestamp += 960;
            let _ = timeout(Duration::from_millis(20), listener.until("a word", heard)).await;
        }
    };
    timeout(DEADLINE, speaking).await.expect("the speaker is heard");
    let hearing = listener.hearing.clone().unwrap();
    assert!(hearing.contains(&client.to_string()) && hearing.len() == HEARD_MAX);
    server.stop().await;
}
