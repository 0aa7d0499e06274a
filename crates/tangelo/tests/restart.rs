//! A server that is killed and started again, with people in a call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    time::Duration,
};

use common::{Running, link, tangelo};
use tangelo_call::Event;
use tangelo_client::{Frame, Happening, JoinOptions, Participant};
use tangelo_wire::Source;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// Starts a server with a store on this address, and waits until it is ready.
fn serve(listen: &str, store: &Path) -> (Running, String) {
    let arguments = ["serve", "--listen", listen, "--media-port", "0", "--public-ip", "127.0.0.1"];
    let mut child = tangelo(&arguments).arg("--store").arg(store).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let running = Running(child);
    let address = line.trim_end().strip_prefix("Tangelo is ready: http://");
    (running, address.unwrap_or_else(|| panic!("{line:?}")).to_owned())
}

/// What one participant has seen.
struct Guest {
    participant: Participant,
    people: usize,
    number: String,
    chats: Vec<String>,
    sounds: Vec<u32>,
    said: u32,
}

impl Guest {
    async fn join(url: &str, person: u8) -> Self {
        let name = format!("Person {person}");
        let options = JoinOptions { url: url.to_owned(), name, identity: [person; 32], ca: None, via: None };
        let participant = Participant::join(options).await.unwrap();
        participant.publish(Source::Microphone).await;
        Self { participant, people: 0, number: String::new(), chats: Vec::new(), sounds: Vec::new(), said: 0 }
    }

    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Call(Event::Roster { people, safety_number, .. }) => {
                (self.people, self.number) = (people.len(), safety_number);
            }
            Happening::Call(Event::Chat { text, .. }) => self.chats.push(text.0),
            Happening::Call(Event::MediaReset {}) => panic!("it arrived anew"),
            Happening::Call(Event::Ended { text }) => panic!("the call ended: {text}"),
            Happening::Frame(Frame { contents, .. }) => {
                self.sounds.push(u32::from_be_bytes(contents[..4].try_into().unwrap()));
            }
            _ => {}
        }
    }

    async fn speak(&mut self) {
        let mut frame = self.said.to_be_bytes().to_vec();
        frame.resize(80, 0x5a);
        self.participant.send(Source::Microphone, u64::from(self.said) * 960, frame).await;
        self.said += 1;
    }
}

/// Both talk until `done` says so.
async fn talk(pair: &mut [Guest; 2], what: &str, done: impl Fn(&[Guest; 2]) -> bool) {
    let talking = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        while !done(pair) {
            let [one, two] = pair;
            tokio::select! {
                happening = one.participant.next() => one.take(happening.expect("the call goes on")),
                happening = two.participant.next() => two.take(happening.expect("the call goes on")),
                _ = tick.tick() => {
                    one.speak().await;
                    two.speak().await;
                }
            }
        }
    };
    if tokio::time::timeout(DEADLINE, talking).await.is_err() {
        let [one, two] = pair;
        panic!("{what}: {:?} {:?}", one.participant.stats().await, two.participant.stats().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_in_the_same_group_after_its_server_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let (mut server, address) = serve("127.0.0.1:0", &store);
    let url = link(&address);
    let mut pair = [Guest::join(&url, 1).await, Guest::join(&url, 2).await];
    talk(&mut pair, "sound both ways", |pair| {
        pair.iter().all(|guest| guest.people == 2 && guest.sounds.len() > 10)
    })
    .await;
    let before = [pair[0].participant.stats().await.unwrap(), pair[1].participant.stats().await.unwrap()];
    pair[0].participant.chat("before".to_owned()).await;
    // The author hears it from the log: that is the acknowledgement.
    talk(&mut pair, "the message", |pair| pair[0].chats.contains(&"before".to_owned())).await;

    server.0.kill().unwrap();
    server.0.wait().unwrap();
    let (_server, _) = serve(&address, &store);
    let said = pair.each_ref().map(|guest| guest.said);
    talk(&mut pair, "new sound both ways after the restart", |pair| {
        let new = |sounds: &[u32], from: u32| sounds.iter().filter(|sound| **sound > from).count() > 10;
        new(&pair[1].sounds, said[0]) && new(&pair[0].sounds, said[1])
    })
    .await;
    pair[1].participant.chat("after".to_owned()).await;
    talk(&mut pair, "messages", |pair| pair.iter().all(|guest| guest.chats == ["before", "after"])).await;

    for (guest, before) in pair.iter().zip(before) {
        let now = guest.participant.stats().await.unwrap();
        assert_eq!(
            (&now.client, now.group),
            (&before.client, before.group),
            "the same client in the same group"
        );
        assert!(now.epoch >= before.epoch && before.epoch.is_some());
        assert!(now.losses.is_empty() && now.refused.is_empty(), "{now:?}");
    }
    assert_eq!(pair[0].number, pair[1].number);
}

/// What `tangelo serve` says when it does not start.
fn refused(store: &Path) -> String {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--media-port", "0", "--store"];
    let mut child = tangelo(&arguments).arg(store).spawn().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    said
}

#[test]
fn a_damaged_store_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tangelo.redb"), [1; 10_000]).unwrap();
    let said = refused(folder.path());
    assert!(said.contains("is damaged") && said.contains("Move the file away"), "{said}");
}

#[test]
fn a_store_in_use_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, _) = serve("127.0.0.1:0", folder.path());
    assert!(refused(folder.path()).contains("another server uses the store"));
}
