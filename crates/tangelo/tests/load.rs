//! `tangelo load` against a real server, as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    io::Read,
    process::{Command, Output},
    time::{Duration, Instant},
};

use common::{Running, link, serve, tangelo};
use serde_json::Value;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(180);

fn load(url: &str, arguments: &[&str]) -> Command {
    let mut command = tangelo(&["load"]);
    command.args(arguments).env("TANGELO_URL", url);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn table(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn six_clients_of_whom_two_send_lose_nothing() {
    let (server, address) = serve(&[]);
    let arguments = ["--clients", "6", "--publishers", "2", "--seconds", "3", "--json"];
    // Little enough that sockets hold what comes while a busy machine has no time for it.
    let media = ["--video-bitrate", "200", "--frame-rate", "10"];
    let output = load(&link(&address), &[&arguments[..], &media].concat()).output().unwrap();
    let table = table(&output);
    let number = |key: &str| table[key].as_u64().unwrap_or_else(|| panic!("{key}: {table}"));

    assert_eq!((number("people"), number("publishers"), number("inside")), (6, 2, 6));
    assert_eq!(number("troubled"), 0, "{table}");
    assert!(table["arrived_anew"].as_object().unwrap().is_empty(), "{table}");
    // Sound and picture of two, each at five others.
    assert_eq!((number("lines"), number("lines_silent")), (20, 0));
    assert_eq!(number("frames_undecryptable"), 0, "{table}");
    let reasons = table["frames_dropped"].as_object().unwrap().keys();
    assert!(reasons.into_iter().all(|reason| reason == "no_key"), "{table}");
    assert!(number("commits") > 0);
    // Each source was heard by more than one.
    assert!(number("frames_sent") > 100 && number("frames_received") > 2 * number("frames_sent"), "{table}");
    assert!(number("packets_received") >= number("frames_received"), "{table}");
    // A machine that stands still for a moment loses packets without anybody's fault.
    assert!(number("frames_lost") * 20 <= number("frames_expected"), "{table}");
    for spread in ["inside_after", "first_frame_after", "delay"] {
        let [p50, max] = ["p50_ms", "max_ms"].map(|key| table[spread][key].as_f64().unwrap());
        assert!(p50 > 0.0 && p50 <= max, "{spread}: {table}");
    }
    assert_eq!(table["inside_after"]["count"], 6);
    assert_eq!(table["first_frame_after"]["count"], 6);
    assert!(table["window"]["packets_forwarded"].as_u64().unwrap() > 100, "{table}");
    let server_found = &table["server"];
    if cfg!(target_os = "linux") {
        assert_eq!(server_found["pid"], server.0.id(), "{table}");
        assert!(server_found["rss_bytes"].as_u64().unwrap() > 1_000_000, "{table}");
    }
    let said = text(&output.stderr);
    assert!(said.contains("arriving: ") && said.contains("measuring: "), "{said}");
}

#[test]
fn rooms_are_apart_and_the_table_is_for_people() {
    let (_server, address) = serve(&[]);
    let arguments = [
        "--rooms",
        "2",
        "--clients",
        "2",
        "--publishers",
        "1",
        "--video-bitrate",
        "0",
        "--seconds",
        "1",
        "--quiet",
    ];
    let output = load(&link(&address), &arguments).output().unwrap();
    let (printed, said) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && said.is_empty(), "{said}");
    assert!(printed.contains("4 of 4 came in, 2 publish, in 2 rooms"), "{printed}");
    for name in ["lost ", "delay end to end ", "commits ", "first frame after ", "packets "] {
        assert!(printed.lines().any(|line| line.starts_with(name)), "{name}: {printed}");
    }
    assert!(!printed.contains("silent"), "{printed}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_with_the_table_so_far() {
    let (_server, address) = serve(&[]);
    let mut child = Running(load(&link(&address), &["--clients", "2", "--seconds", "3600"]).spawn().unwrap());
    let mut stderr = child.0.stderr.take().unwrap();
    let mut said = Vec::new();
    let mut byte = [0];
    while !text(&said).contains("measuring: ") {
        assert_eq!(stderr.read(&mut byte).unwrap(), 1, "{}", text(&said));
        said.push(byte[0]);
    }
    let id = child.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let deadline = Instant::now() + DEADLINE;
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut printed = String::new();
    child.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(status.success() && printed.contains("2 of 2 came in"), "{status} {printed}");
}

#[test]
fn what_cannot_be_done_is_said() {
    let output = load("http://127.0.0.1:9/r/nobody-there", &["--seconds", "1", "--quiet"]).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("nothing answers at 127.0.0.1:9") && said.contains("that the server runs"),
        "{said}"
    );
    assert!(output.stdout.is_empty());

    for (url, arguments, why) in [
        ("nonsense", &[][..], "no room link"),
        ("http://a/r/b", &["--clients", "2", "--publishers", "3"], "more than --clients 2"),
        ("http://a/r/b", &["--clients", "201"], "201"),
    ] {
        let output = load(url, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{url}");
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}
