//! A real server, real participants, and what is needed to look at them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]
#![allow(dead_code, unreachable_pub)]

pub mod way;

use std::{net::SocketAddr, num::NonZero, path::PathBuf, time::Duration};

use tangelo_call::{Event, Person, Phase, link::Link};
use tangelo_client::{Frame, Happening, JoinOptions, Participant};
use tangelo_server::{Config, Server, TcpPort};
use tangelo_wire::{ClientId, Source};
use tokio::sync::oneshot;

/// Longer than anything here takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub struct TestServer {
    pub address: SocketAddr,
    pub link: String,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl TestServer {
    pub async fn start(tap: Option<PathBuf>) -> Self {
        Self::with(tap, None).await
    }

    /// With so many threads for media.
    pub async fn with_threads(count: usize) -> Self {
        Self::with(None, NonZero::new(count)).await
    }

    async fn with(tap: Option<PathBuf>, media_threads: Option<NonZero<usize>>) -> Self {
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            media_port: Some(0),
            media_threads,
            media_tcp_port: TcpPort::Off,
            public_ips: vec![listen.ip()],
            tap,
            ..Config::new(listen)
        };
        let server = Server::bind(config).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            server.run(shutdown).await.unwrap();
        });
        let link = Link::new_room().unwrap().path();
        Self { address, link, stop: Some(stop), task }
    }

    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.link)
    }

    pub async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        tokio::time::timeout(DEADLINE, &mut self.task).await.unwrap().unwrap();
    }
}

/// A participant and everything that it has seen.
pub struct Guest {
    pub participant: Participant,
    pub phase: Option<Phase>,
    pub people: Vec<Person>,
    pub number: String,
    pub tracks: usize,
    /// Whose microphones come; nothing while all do.
    pub hearing: Option<Vec<String>>,
    pub media_up: bool,
    pub frames: Vec<(ClientId, Source, Vec<u8>)>,
    pub key_frames_wanted: usize,
}

impl Guest {
    pub async fn join(server: &TestServer, person: u8) -> Self {
        Self::join_at(&server.url(), person).await
    }

    /// By this link.
    pub async fn join_at(url: &str, person: u8) -> Self {
        let name = format!("Person {person}");
        let options = JoinOptions { url: url.to_owned(), name, identity: [person; 32], ca: None, via: None };
        Self {
            participant: Participant::join(options).await.unwrap(),
            phase: None,
            people: Vec::new(),
            number: String::new(),
            tracks: 0,
            hearing: None,
            media_up: false,
            frames: Vec::new(),
            key_frames_wanted: 0,
        }
    }

    /// Takes what happens until `done` says so; fails after the deadline.
    pub async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !done(self) {
                let happening = self.participant.next().await.expect("the call goes on");
                self.take(happening);
            }
        };
        if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
            let stats = self.participant.stats().await;
            panic!("{what}: {:?}, {} frames, {stats:?}", self.phase, self.frames.len());
        }
    }

    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Call(Event::Phase { phase }) => self.phase = Some(phase),
            Happening::Call(Event::Roster { people, safety_number, .. }) => {
                self.people = people;
                self.number = safety_number;
            }
            Happening::Call(Event::Tracks { tracks }) => self.tracks = tracks.len(),
            Happening::Call(Event::Hearing { clients }) => self.hearing = clients,
            Happening::Call(Event::Ended { text }) => panic!("the call ended: {text}"),
            Happening::Call(_) | Happening::MediaOffered { .. } => {}
            Happening::MediaUp => self.media_up = true,
            Happening::Frame(Frame { client, source, contents, .. }) => {
                self.frames.push((client, source, contents));
            }
            Happening::Unreachable(error) => panic!("{error}"),
            Happening::KeyFrameWanted(_) => self.key_frames_wanted += 1,
        }
    }

    pub async fn with_people(&mut self, count: usize) {
        self.until(&format!("{count} people"), |guest| {
            guest.phase == Some(Phase::Inside) && guest.people.len() == count
        })
        .await;
    }

    pub fn client(&self) -> ClientId {
        self.people.iter().find(|person| person.own).unwrap().client.parse().unwrap()
    }
}

/// Bytes that look like a VP8 frame at the start and like nothing else after it.
pub fn vp8_frame(number: u32, key: bool, length: usize) -> Vec<u8> {
    let mut frame: Vec<u8> = (0..length)
        .map(|index| {
            let mixed = (index as u32).wrapping_mul(2_654_435_761).wrapping_add(number.wrapping_mul(40_503));
            (mixed >> 13) as u8
        })
        .collect();
    frame[0] = if key { frame[0] & !1 } else { frame[0] | 1 };
    if key {
        frame[3..6].copy_from_slice(&[0x9d, 0x01, 0x2a]);
    }
    frame
}
