//! TURN servers are told to who has arrived, and to nobody else.
// It compares a credential with the clock.
#![allow(clippy::disallowed_methods)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod host;

use std::{
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use host::{Host, config};
use tangelo_server::{Config, ServeError, Server, TurnConfig};
use tangelo_wire::{Bytes, ClientMessage, ErrorCode, PROTOCOL, ServerMessage, TurnServers};

const ASK: ClientMessage = ClientMessage::TurnServers {};

/// A file with this secret, for one test alone.
fn secret(test: &str, text: &str) -> PathBuf {
    let file = std::env::temp_dir().join(format!("tangelo-{test}-{}", std::process::id()));
    fs::write(&file, text).unwrap();
    file
}

fn with_turn(secret_file: PathBuf) -> Config {
    let urls = vec!["turn:turn.example:3478?transport=udp".parse().unwrap()];
    Config { turn: Some(TurnConfig { urls, secret_file }), ..config() }
}

#[tokio::test]
async fn who_has_arrived_gets_a_credential_and_who_has_not_gets_none() {
    let file = secret("turn-arrived", "0123456789abcdef\n");
    let host = Host::with(with_turn(file.clone())).await;
    let mut socket = host.socket().await;
    socket.say(ASK).await;
    assert_eq!(socket.error().await, ErrorCode::OutOfTurn);

    // In a private room, without its secret.
    let room = format!("_{}", "a".repeat(32)).parse().unwrap();
    let name = socket.host.clone();
    socket.say(ClientMessage::Hello { protocol: PROTOCOL, room, host: name }).await;
    assert!(matches!(socket.next().await, Some(ServerMessage::Assigned { .. })));
    socket.say(ASK).await;
    assert_eq!(socket.error().await, ErrorCode::OutOfTurn);
    socket.say(ClientMessage::Arrive { key_package: Bytes(vec![1; 300]), admission: None, pass: None }).await;
    assert_eq!(socket.error().await, ErrorCode::NotAdmitted);
    socket.say(ASK).await;
    assert!(matches!(socket.next().await, None | Some(ServerMessage::Error(_))));

    let mut socket = host.socket().await;
    socket.arrive("standup").await;
    socket.say(ASK).await;
    let Some(ServerMessage::TurnServers(servers)) = socket.next().await else { panic!("no servers") };
    let TurnServers { urls, username, credential, seconds } = servers;
    assert_eq!(urls, ["turn:turn.example:3478?transport=udp"]);
    let (until, user) = username.split_once(':').unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(until.parse::<u64>().unwrap().abs_diff(now + u64::from(seconds)) < 60, "{username}");
    assert!(user.len() == 32 && credential.len() == 28, "{username} {credential}");
    host.stop().await;
    fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_server_without_turn_servers_says_that_there_are_none() {
    let host = Host::start().await;
    let mut socket = host.socket().await;
    socket.arrive("standup").await;
    socket.say(ASK).await;
    let servers = TurnServers::default();
    assert_eq!(socket.next().await, Some(ServerMessage::TurnServers(servers)));
    host.stop().await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_used_is_told_and_not_shown() {
    for text in ["", "tooshort", "two words that are long enough"] {
        let file = secret("turn-bad", text);
        let error = Server::bind(with_turn(file.clone())).await.err().unwrap();
        assert!(matches!(error, ServeError::TurnSecret(..)), "{error}");
        let words = error.to_string();
        assert!(
            words.contains(file.to_str().unwrap()) && (text.is_empty() || !words.contains(text)),
            "{words}"
        );
        fs::remove_file(file).unwrap();
    }
    let none = TurnConfig { urls: Vec::new(), secret_file: "no-such-file".into() };
    let error = Server::bind(Config { turn: Some(none), ..config() }).await.err().unwrap();
    assert!(matches!(error, ServeError::TurnUrls), "{error}");
}
