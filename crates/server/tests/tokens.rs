//! Who gets in, and with what, where the link alone is not enough.
// Tokens are compared with the clock.
#![allow(clippy::disallowed_methods)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod host;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use host::{Host, Socket, config};
use tangelo_server::{Config, Doors, DoorsConfig, Server};
use tangelo_token::{Claims, Issuer, Right, Rooms, new_key_pair, new_secret};
use tangelo_wire::{Bytes, ClientMessage, ErrorCode, PROTOCOL, Pass, ResumeToken, Seq, ServerMessage, Token};
use tokio::net::TcpStream;

/// Files that are gone with the test.
struct Keys(PathBuf);

impl Keys {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tangelo-tokens-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let pair = new_key_pair([7; 32]).unwrap();
        fs::write(folder.join("secret"), new_secret(&[5; 32]).as_str()).unwrap();
        fs::write(folder.join("private.pem"), pair.private.as_str()).unwrap();
        fs::write(folder.join("public.pem"), pair.public).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn config(&self, doors: Doors) -> Config {
        let doors = DoorsConfig {
            doors,
            secret_file: Some(self.file("secret")),
            public_key_file: Some(self.file("public.pem")),
            creators: Vec::new(),
        };
        Config { doors, ..config() }
    }

    fn token(&self, key: &str, change: impl FnOnce(&mut Claims)) -> Token {
        issue(&self.file(key), change)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn issue(key: &Path, change: impl FnOnce(&mut Claims)) -> Token {
    let mut claims = Claims {
        rooms: Rooms::One("standup".parse().unwrap()),
        subject: None,
        name: None,
        rights: vec![Right::Join],
        hosts: Vec::new(),
        not_before: None,
        expires: now() + 3_600,
    };
    change(&mut claims);
    Issuer::read(&fs::read_to_string(key).unwrap()).unwrap().issue(&claims).unwrap()
}

/// Arrives with this in the room "standup"; returns how to come back.
async fn arrive(host: &Host, pass: Pass) -> (Socket<TcpStream>, Result<ResumeToken, ErrorCode>) {
    let mut socket = host.socket().await;
    let hello = ClientMessage::Hello {
        protocol: PROTOCOL,
        room: "standup".parse().unwrap(),
        host: socket.host.clone(),
    };
    socket.say(hello).await;
    let Some(ServerMessage::Assigned { .. }) = socket.next().await else { panic!() };
    let pass = Some(pass).filter(|pass| *pass != Pass::default());
    socket.say(ClientMessage::Arrive { key_package: Bytes(vec![1; 300]), admission: None, pass }).await;
    match socket.next().await {
        Some(ServerMessage::Snapshot { token, .. }) => (socket, Ok(token)),
        Some(ServerMessage::Error(error)) => (socket, Err(error.code)),
        other => panic!("{other:?}"),
    }
}

async fn verdict(host: &Host, token: Option<Token>) -> Result<(), ErrorCode> {
    arrive(host, Pass { token, returning: None }).await.1.map(|_| ())
}

#[tokio::test]
async fn only_who_has_a_token_comes_in_and_those_inside_do_not_notice_the_others() {
    let keys = Keys::new("only");
    let host = Host::with(keys.config(Doors::Token)).await;
    let (mut inside, token) =
        arrive(&host, Pass { token: Some(keys.token("secret", |_| ())), returning: None }).await;
    token.unwrap();
    let other = Keys::new("other");
    fs::write(other.file("secret"), new_secret(&[6; 32]).as_str()).unwrap();
    let unsigned: Token = "eyJhbGciOiJub25lIn0.eyJyb29tIjoiKiIsImV4cCI6OTk5OTk5OTk5OX0.AA".parse().unwrap();
    for (token, code) in [
        (None, ErrorCode::TokenNeeded),
        (Some(unsigned), ErrorCode::TokenInvalid),
        (Some(other.token("secret", |_| ())), ErrorCode::TokenInvalid),
        (Some(keys.token("secret", |claims| claims.rights.clear())), ErrorCode::TokenInvalid),
        (Some(keys.token("secret", |claims| claims.expires = now() - 90)), ErrorCode::TokenExpired),
        (Some(keys.token("secret", |claims| claims.not_before = Some(now() + 600))), ErrorCode::TokenEarly),
        (
            Some(keys.token("secret", |claims| claims.rooms = "other".parse().unwrap())),
            ErrorCode::TokenElsewhere,
        ),
        (
            Some(keys.token("secret", |claims| claims.hosts = vec!["call.example".to_owned()])),
            ErrorCode::TokenElsewhere,
        ),
    ] {
        assert_eq!(verdict(&host, token).await, Err(code));
    }
    inside.say(ClientMessage::Heartbeat { processed: Seq(99), check: None }).await;
    assert_eq!(inside.error().await, ErrorCode::Invalid, "nothing else came to who is inside");

    let own = host.address.to_string();
    for token in [
        keys.token("private.pem", |_| ()),
        keys.token("private.pem", |claims| claims.rooms = Rooms::All),
        keys.token("secret", |claims| claims.hosts = vec!["call.example".to_owned(), own]),
        keys.token("secret", |claims| claims.expires = now() - 5),
    ] {
        assert_eq!(verdict(&host, Some(token)).await, Ok(()));
    }
    host.stop().await;
}

#[tokio::test]
async fn only_creators_begin_a_room_and_then_the_link_is_enough() {
    let keys = Keys::new("creators");
    let mut config = keys.config(Doors::Creators);
    config.doors.creators = vec!["ada".to_owned()];
    let host = Host::with(config).await;
    let create = |subject: &str| {
        keys.token("private.pem", |claims| {
            claims.rights = vec![Right::Create];
            claims.subject = Some(subject.to_owned());
        })
    };
    assert_eq!(verdict(&host, None).await, Err(ErrorCode::NotBegun));
    assert_eq!(verdict(&host, Some(keys.token("secret", |_| ()))).await, Err(ErrorCode::NotBegun));
    assert_eq!(verdict(&host, Some(create("bob"))).await, Err(ErrorCode::NotBegun));
    let creator = arrive(&host, Pass { token: Some(create("ada")), returning: None }).await;
    creator.1.unwrap();
    assert_eq!(verdict(&host, None).await, Ok(()));
    host.stop().await;
}

#[tokio::test]
async fn who_was_let_in_comes_back_when_the_token_has_expired() {
    let keys = Keys::new("back");
    let host = Host::with(keys.config(Doors::Token)).await;
    let (mut socket, inside) =
        arrive(&host, Pass { token: Some(keys.token("secret", |_| ())), returning: None }).await;
    socket.say(ClientMessage::Leave {}).await;
    drop(socket);
    let expired = Some(keys.token("secret", |claims| claims.expires = now() - 90));
    assert_eq!(verdict(&host, expired.clone()).await, Err(ErrorCode::TokenExpired));
    let back = Pass { token: expired, returning: inside.ok() };
    arrive(&host, back).await.1.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn pages_learn_to_whom_rooms_are_open() {
    let keys = Keys::new("pages");
    for (config, doors) in
        [(config(), "link"), (keys.config(Doors::Token), "token"), (keys.config(Doors::Creators), "creators")]
    {
        let host = Host::with(config).await;
        let answer = host.get("/api/rooms").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        assert_eq!(answer.text().trim(), format!("{{\"doors\":\"{doors}\"}}"));
        let answer = host.get("/api/rooms/standup").await;
        assert_eq!(answer.text().trim(), format!("{{\"present\":0,\"doors\":\"{doors}\"}}"));
        host.stop().await;
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_at_the_start_and_not_printed() {
    let keys = Keys::new("bad");
    let secret = "short and with spaces";
    fs::write(keys.file("secret"), secret).unwrap();
    let config = keys.config(Doors::Token);
    for refused in [Server::check(&config).err(), Server::bind(config).await.err()] {
        let text = refused.unwrap().to_string();
        assert!(text.contains("secret") && !text.contains(secret), "{text}");
    }
}
