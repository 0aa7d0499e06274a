//! A whole call: nothing that is logged, printed, counted, told to the page or sent to the server shows a secret. The
//! secrets inside MLS and SFrame are looked for in `tangelo-e2ee`, where a test can see them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "../../e2ee/tests/leaks/mod.rs"]
mod leaks;

use std::collections::BTreeSet;

use common::{HOST, World};
use hkdf::Hkdf;
use leaks::{Secrets, capture_log, captured_log};
use sha2::Sha256;
use tangelo_call::{Command, Config, FrameVerdict, IdentityKey, Output, Session, Words, link::Link};
use tangelo_wire::{ErrorCode, ServerMessage, Source, WireError, base32};

/// No eight characters of these stand in any text of ours.
const CHAT: &str = "Zwanzig Quitten, xylophon";
const SPOKEN: &[u8] = b"Vqx7-jkw9-zzy3-bbq1-ppx5";

/// Everything that the link yields, as docs/protocol.md says, and the link itself.
fn link_secrets(secrets: &mut Secrets, link: &str, host: &str) {
    let fragment = link.split_once('#').unwrap().1;
    let bytes = base32::decode(fragment).unwrap();
    let mut add = |name: &str, input: &[u8], info: &str| {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"Tangelo 1.0 Link"), input).expand(info.as_bytes(), &mut key).unwrap();
        secrets.add(name, &key);
    };
    for info in ["access key", "psk", "profile key"] {
        add(info, &bytes[..24], info);
    }
    let host_bytes = base32::decode(host).unwrap();
    add("host key", &host_bytes, "host key");
    secrets.add("link secret", &bytes[..24]);
    secrets.add("host secret", &host_bytes);
    secrets.add("link text", &fragment.as_bytes()[..38]);
    secrets.add("host link text", host.as_bytes());
}

/// An Opus packet (RFC 6716 section 3.1) of one frame of 20 ms.
fn opus() -> Vec<u8> {
    [&[0x78], SPOKEN].concat()
}

/// What the test saw, by where it goes.
#[derive(Default)]
struct Seen {
    to_server: BTreeSet<String>,
    to_page: BTreeSet<String>,
    printed: BTreeSet<String>,
    stats: BTreeSet<String>,
    inspected: BTreeSet<String>,
    steps: usize,
}

impl Seen {
    fn look(&mut self, world: &World) {
        for peer in &world.peers {
            self.to_page.extend(peer.events.iter().map(|event| serde_json::to_string(event).unwrap()));
            self.printed.insert(format!("{:?}", peer.session));
            self.printed.insert(format!("{:#?}", peer.session));
            self.printed.insert(format!("{:x?}", peer.session));
            let stats = peer.session.stats();
            self.stats.insert(serde_json::to_string(&stats).unwrap());
            self.stats.insert(format!("{stats:?} {:?}", peer.session.losses()));
            let inspection = peer.session.inspect(world.now);
            self.inspected.insert(serde_json::to_string(&inspection).unwrap());
            self.inspected.insert(format!("{inspection:?}"));
        }
    }

    /// Lets the world move for so many milliseconds, and looks at it after each step.
    fn run(&mut self, world: &mut World, secrets: &mut Secrets, ms: u64) {
        let end = world.now + ms;
        while world.now < end {
            let mut moved = false;
            for index in 0..world.peers.len() {
                self.to_server.extend(world.peers[index].to_server.front().cloned());
                moved |= world.step_to_server(index);
                let text = world.peers[index].to_client.front();
                if let Some(Ok(ServerMessage::Snapshot { token, .. })) =
                    text.map(|text| ServerMessage::from_json(text))
                {
                    secrets.add("resume token", &token.0);
                }
                moved |= world.step_to_client(index);
            }
            self.steps += 1;
            if self.steps.is_multiple_of(12) {
                self.look(world);
            }
            if !moved {
                world.now = world.now + 100;
                world.tick();
            }
        }
    }
}

#[test]
fn a_whole_call_shows_no_secret() {
    capture_log();
    let (mut secrets, mut names) = (Secrets::default(), Secrets::default());
    let mut seen = Seen::default();
    let link = Link::new_room().unwrap();
    let host = link.host_secret().unwrap();
    link_secrets(&mut secrets, &link.path(), &host);
    for person in 0..4_u8 {
        names.add("name", format!("Person {person}").as_bytes());
    }

    // A host and two guests, a frame, a broken connection, one that leaves, one that comes back as another.
    let mut world = World::new();
    world.link = format!("{}.{host}", link.path());
    world.open(0);
    world.link = link.path();
    world.open(1);
    seen.run(&mut world, &mut secrets, 1_000);
    world.open(2);
    seen.run(&mut world, &mut secrets, 2_000);
    world.assert_one_group(&[0, 1, 2]);
    let mut sealed = Vec::new();
    let now = world.now;
    let verdict = world.peers[0].session.seal(now, Source::Camera, "vp9", SPOKEN, &mut sealed);
    assert_eq!(verdict, FrameVerdict::Pass);
    let speaker = world.client(0);
    let session = &mut world.peers[1].session;
    let line = session.add_receiver(speaker, Source::Camera);
    let mut opened = Vec::new();
    assert_eq!(session.open(now, line, 0, "vp9", &sealed, &mut opened), FrameVerdict::Pass);
    let cut = &sealed[..sealed.len() - 1];
    assert_ne!(session.open(now, line, 1, "vp9", cut, &mut opened), FrameVerdict::Pass);
    let verdict = world.peers[0].session.seal(now, Source::Microphone, "opus", &opus(), &mut sealed);
    assert_eq!(verdict, FrameVerdict::Pass);
    world.peers[0].session.command(now, Command::Chat { text: Words(CHAT.to_owned()) });
    seen.run(&mut world, &mut secrets, 1_000);
    world.cut(2);
    seen.run(&mut world, &mut secrets, 4_000);
    let command = Command::Offer { offer: 1, sdp: "v=0".to_owned(), lines: Vec::new() };
    world.peers[1].session.command(world.now, command);
    for code in [ErrorCode::TooMany, ErrorCode::Internal, ErrorCode::Departed] {
        let error = ServerMessage::Error(WireError::new(code, "words of the server"));
        world.peers[1].to_client.push_back(error.to_json());
        seen.run(&mut world, &mut secrets, 3_000);
    }
    world.peers[2].to_client.push_back("no message".to_owned());
    seen.run(&mut world, &mut secrets, 5_000);
    world.leave(0);
    seen.run(&mut world, &mut secrets, 3_000);
    world.assert_one_group(&[1, 2]);

    // Sessions that cannot begin.
    let identity = IdentityKey([1; 32]);
    for (link, name) in [
        (link.path()[..60].to_owned(), "Ada"),
        (format!("{}x", link.path()), "Ada"),
        (format!("{}.{}", link.path(), &host[1..]), "Ada"),
        (link.path(), ""),
    ] {
        let config = Config { host: HOST, link: &link, name, identity };
        let error = Session::new(config).unwrap_err();
        seen.printed.insert(format!("{error} {error:?} {error:#?}"));
    }
    for text in &seen.to_server {
        seen.printed.insert(format!("{:?}", Output::Send { text: text.clone() }));
    }

    for name in ["link secret", "access key", "psk", "profile key", "host key", "resume token"] {
        assert!(secrets.knows(name), "{name}");
    }
    let seen_all = [&seen.to_server, &seen.to_page, &seen.printed, &seen.stats, &seen.inspected];
    let counts = seen_all.map(BTreeSet::len);
    assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
    // To the server goes the token that it made, and nothing else.
    names.add("chat", CHAT.as_bytes());
    let mut resumes = 0;
    for text in &seen.to_server {
        if text.contains("\"resume\"") {
            resumes += 1;
            assert_eq!(secrets.in_text(text), Some("resume token"));
        } else {
            secrets.assert_hidden("a message to the server", text);
        }
        names.assert_hidden("a message to the server", text);
    }
    assert!(resumes > 0);
    assert!(seen.to_page.iter().any(|text| text.contains(CHAT)), "the chat message arrived");
    for text in &seen.to_page {
        secrets.assert_hidden("an event for the page", text);
    }
    secrets.add("frame", SPOKEN);
    secrets.add("chat", CHAT.as_bytes());
    for text in &seen.printed {
        secrets.assert_hidden("a debug output or error", text);
    }
    for text in &seen.stats {
        secrets.assert_hidden("the counters", text);
        names.assert_hidden("the counters", text);
    }
    assert!(seen.inspected.iter().any(|text| text.contains("Person 1")), "the inspector shows names");
    for text in &seen.inspected {
        secrets.assert_hidden("the inspector", text);
    }
    let log: BTreeSet<String> = captured_log().into_iter().collect();
    assert!(log.iter().any(|line| line.contains("openmls")), "OpenMLS logs, and the test hears it");
    for line in &log {
        secrets.assert_hidden("the log", line);
        names.assert_hidden("the log", line);
    }
}
