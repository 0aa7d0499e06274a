//! A server as whoever runs it sees it, with people in a call: figures, log, and its end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{ChildStderr, Command, ExitStatus},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use common::{Running, tangelo};
use tangelo_call::{Event, link::Link};
use tangelo_client::{Happening, JoinOptions, Participant};
use tangelo_wire::Source;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

struct Served {
    running: Running,
    address: String,
    metrics: String,
    log: Receiver<String>,
}

impl Served {
    fn start(more: &[&str]) -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--media-port", "0", "--public-ip", "127.0.0.1"];
        let all = [&arguments[..], &["--metrics", "127.0.0.1:0"], more].concat();
        let mut child = tangelo(&all).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let log = read(child.stderr.take().unwrap());
        let running = Running(child);
        let mut after =
            |words: &str| lines.find_map(|line| Some(line.strip_prefix(words)?.to_owned())).unwrap();
        let address = after("Tangelo is ready: http://");
        let metrics = after("Metrics: http://");
        Self { running, address, metrics: metrics.strip_suffix("/metrics").unwrap().to_owned(), log }
    }

    fn terminate(&self) {
        let id = self.running.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    fn get(&self, path: &str) -> (u16, String) {
        request(&self.metrics, path, "")
    }

    /// Waits until it is ready, or no longer.
    fn until_ready(&self, status: u16) {
        let deadline = Instant::now() + DEADLINE;
        while self.get("/readyz").0 != status {
            assert!(Instant::now() < deadline, "{:?}", self.get("/readyz"));
        }
    }

    /// Waits for its end, and returns the log as well.
    fn end(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.running.0.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        };
        (status, self.log.recv_timeout(DEADLINE).unwrap())
    }
}

/// All of a log, once it has ended.
fn read(mut stderr: ChildStderr) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        let _ = tell.send(text);
    });
    told
}

fn request(address: &str, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// One participant, and what it has been told.
struct Guest {
    participant: Participant,
    people: usize,
    sounds: u32,
    notices: Vec<String>,
    ended: Option<String>,
}

impl Guest {
    async fn join(url: &str, name: &str, person: u8) -> Self {
        let options = JoinOptions {
            url: url.to_owned(),
            name: name.to_owned(),
            identity: [person; 32],
            ca: None,
            via: None,
        };
        let participant = Participant::join(options).await.unwrap();
        participant.publish(Source::Microphone).await;
        Self { participant, people: 0, sounds: 0, notices: Vec::new(), ended: None }
    }

    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Call(Event::Roster { people, .. }) => self.people = people.len(),
            Happening::Call(Event::Notice { text }) => self.notices.push(text),
            Happening::Call(Event::Ended { text }) => self.ended = Some(text),
            Happening::Frame(_) => self.sounds += 1,
            _ => {}
        }
    }
}

/// All speak until `done` says so.
async fn talk(guests: &mut [Guest], what: &str, done: impl Fn(&[Guest]) -> bool) {
    let talking = async {
        let mut said = 0_u64;
        while !done(guests) {
            said += 1;
            for guest in &mut *guests {
                guest.participant.send(Source::Microphone, said * 960, vec![0x5a; 80]).await;
                while let Ok(happening) =
                    tokio::time::timeout(Duration::from_millis(10), guest.participant.next()).await
                {
                    match happening {
                        Some(happening) => guest.take(happening),
                        None => break,
                    }
                }
            }
        }
    };
    let heard = tokio::time::timeout(DEADLINE, talking).await;
    let told: Vec<_> = guests.iter().map(|guest| (&guest.people, &guest.sounds, &guest.notices)).collect();
    assert!(heard.is_ok(), "{what}: {told:?}");
}

fn figures(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_shows_in_figures_and_not_in_the_log_and_ends_before_its_server() {
    let served = Served::start(&[
        "--log-format",
        "json",
        "--drain",
        "600",
        "--trusted-proxy",
        "127.0.0.1,10.0.0.0/8",
        "--max-rooms",
        "3",
    ]);
    served.until_ready(200);
    let link = Link::new_room().unwrap();
    let url = format!("http://{}{}", served.address, link.path());
    let mut guests =
        vec![Guest::join(&url, "Ada Lovelace", 1).await, Guest::join(&url, "Grace Hopper", 2).await];
    talk(&mut guests, "sound both ways", |all| all.iter().all(|one| one.people == 2 && one.sounds > 20))
        .await;
    let strange = "Origin: https://evil.example\r\nX-Forwarded-For: 203.0.113.77\r\n";
    assert_eq!(request(&served.address, "/ws", strange).0, 403);

    let (status, page) = served.get("/metrics");
    assert_eq!(status, 200);
    let all = figures(&page);
    let sum =
        |name: &str| all.iter().filter(|(key, _)| key.starts_with(name)).map(|(_, value)| value).sum::<f64>();
    assert_eq!(
        (all["tangelo_rooms"], all["tangelo_clients"], all["tangelo_arrivals_total"]),
        (1.0, 2.0, 2.0)
    );
    assert_eq!(sum("tangelo_media_participants"), 2.0);
    for grown in [
        "tangelo_log_entries_total{kind=\"committed\"}",
        "tangelo_media_packets_total",
        "tangelo_media_bytes_total",
        "tangelo_media_sessions_total",
        "tangelo_media_receivers",
        "tangelo_websocket_messages_total",
        "tangelo_http_responses_total{class=\"4xx\"}",
        "process_start_time_seconds",
    ] {
        assert!(sum(grown) > 0.0, "{grown}: {page}");
    }
    #[cfg(target_os = "linux")]
    assert!(sum("process_resident_memory_bytes") > 1e6 && sum("process_open_fds") > 5.0);
    a_dashboard_shows_what_there_is(&page);

    served.terminate();
    let told = |guest: &Guest| guest.notices.iter().any(|text| text.contains("stops within 600 seconds"));
    talk(&mut guests, "the notice", |all| all.iter().all(told)).await;
    assert_eq!(served.get("/readyz").0, 503);
    // The call goes on, and whoever is expected comes in.
    guests.push(Guest::join(&url, "Alan Turing", 3).await);
    let sounds = guests[0].sounds;
    talk(&mut guests, "three people", |all| {
        all.iter().all(|one| one.people == 3 && one.sounds > 20 && told(one)) && all[0].sounds > sounds + 20
    })
    .await;
    let another = format!("http://{}{}", served.address, Link::new_room().unwrap().path());
    let mut late = [Guest::join(&another, "Edsger Dijkstra", 4).await];
    talk(&mut late, "the refusal", |all| all[0].ended.is_some()).await;
    assert!(late[0].ended.as_ref().unwrap().contains("takes no new calls"), "{:?}", late[0].ended);
    for guest in guests {
        guest.participant.leave().await;
    }
    let (status, log) = served.end();
    assert!(status.success());
    names_nobody(&log, &link.path());
}

/// What is logged by default.
fn names_nobody(log: &str, path: &str) {
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    assert!(lines.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()), "{log}");
    for logged in
        ["audio and video use UDP", "a page of evil.example was refused", "stopping once nobody is left"]
    {
        assert!(
            lines.iter().any(|line| line["message"].as_str().unwrap().contains(logged)),
            "{logged}: {log}"
        );
    }
    let (room, secret) = path.strip_prefix("/r/").unwrap().split_once('#').unwrap();
    for secret in [room, secret, "Lovelace", "Hopper", "Turing", "Dijkstra", "203.0.113.77"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    // The server's own addresses are no secret.
    let own = |line: &serde_json::Value| {
        let message = line["message"].as_str().unwrap();
        message.starts_with("audio and video use") || message.contains("its request names this server")
    };
    let others = lines.iter().filter(|line| !own(line));
    for line in others {
        assert!(!line.to_string().contains("127.0.0.1"), "{line}");
    }
}

/// The dashboard that goes with the program asks for figures that are there, and for nothing else.
fn a_dashboard_shows_what_there_is(page: &str) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/grafana/tangelo.json");
    let text = std::fs::read_to_string(file).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let queries: Vec<&str> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    assert!(queries.len() > 15);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for query in queries {
        let mut names = query
            .split(|c| !is_name(c))
            .filter(|word| word.starts_with("tangelo_") || word.starts_with("process_"));
        let first = names.next().unwrap_or_else(|| panic!("{query}"));
        for name in [first].into_iter().chain(names) {
            assert!(page.contains(&format!("# TYPE {name} ")), "{name}, in {query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_twice_does_not_wait_nor_does_who_sets_a_short_time() {
    for (seconds, times) in [("600", 2), ("1", 1)] {
        let served = Served::start(&["--drain", seconds]);
        let url = common::link(&served.address);
        let mut guests = [Guest::join(&url, "Ada", 1).await];
        talk(&mut guests, "the call", |all| all[0].people == 1).await;
        for time in 0..times {
            served.terminate();
            // Two at once are one.
            if time + 1 < times {
                served.until_ready(503);
            }
        }
        assert!(served.end().0.success(), "{seconds}");
    }
}
