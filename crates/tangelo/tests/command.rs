//! The command as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
};

use common::{Running, serve, tangelo};

#[test]
fn it_says_where_it_is_ready_and_serves_there() {
    let (_running, address) = serve(&[]);
    let answer = get(&address, "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// What `/healthz` answers.
fn get(address: &str, headers: &str) -> String {
    request(address, "/healthz", headers)
}

fn request(address: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_makes_a_certificate_for_itself_and_tells_its_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tls");
    let mut told = Vec::new();
    for _ in 0..2 {
        // Whatever is logged.
        let level = if told.is_empty() { "info" } else { "error" };
        let arguments = ["serve", "--media-port", "0", "--public-ip", "127.0.0.1", "--listen", "127.0.0.1:0"];
        let more = ["--log", level, "--tls-self-signed", folder.to_str().unwrap()];
        let mut running = Running(tangelo(&[&arguments[..], &more[..]].concat()).spawn().unwrap());
        let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        let ready = lines.next().unwrap();
        let address = ready.strip_prefix("Tangelo is ready: https://").unwrap();
        let fingerprint = lines.next().unwrap();
        told.push(fingerprint.rsplit_once("fingerprint of the certificate: ").unwrap().1.to_owned());
        // Who trusts that very certificate gets in.
        let ca = folder.join("self-signed-cert.pem");
        let url = format!("https://{address}/r/a");
        let arguments = ["join", &url, "--name", "Ada", "--duration", "1", "--ca", ca.to_str().unwrap()];
        let joined = tangelo(&arguments).output().unwrap();
        assert!(joined.status.success(), "{joined:?}");
        let mut stderr = running.0.stderr.take().unwrap();
        drop(running);
        let mut log = String::new();
        stderr.read_to_string(&mut log).unwrap();
        assert_eq!(log.contains("new certificate"), told.len() == 1, "{log}");
    }
    assert_eq!((told[0].len(), &told[0]), (95, &told[1]));
}

#[test]
fn a_proxy_that_hides_the_host_is_named_in_the_log_once() {
    let (mut running, address) = serve(&[]);
    for _ in 0..3 {
        let answer = request(&address, "/ws", "Origin: https://call.example\r\n");
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    let mut stderr = running.0.stderr.take().unwrap();
    drop(running);
    let mut log = String::new();
    stderr.read_to_string(&mut log).unwrap();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("proxy")).collect();
    assert_eq!(told.len(), 1, "{log}");
    for part in ["WARN", "Host header", "call.example", &address] {
        assert!(told[0].contains(part), "{part}: {log}");
    }
    assert!(!log.contains('\u{1b}'), "colours are for terminals: {log:?}");
    assert!(log.contains("audio and video use UDP 127.0.0.1:"), "{log}");
}

#[test]
fn addresses_that_cannot_work_are_refused_with_the_form_that_can() {
    let cases = [
        ("--listen", "8080", "for example 0.0.0.0:8080"),
        ("--listen", "localhost:8080", "for example 0.0.0.0:8080"),
        ("--public-ip", "call.example", "for example 203.0.113.7"),
        ("--public-ip", "0.0.0.0", "leave the option out"),
        ("--public-ip", "::", "leave the option out"),
        ("--public-ip", "224.0.0.1", "leave the option out"),
        ("--public-ip", "ff02::1", "leave the option out"),
        ("--turn", "stun:stun.example.org", "turn:HOST:PORT"),
        ("--turn", "turn.example.org:3478", "turn:HOST:PORT"),
        ("--metrics", "9464", "for example 0.0.0.0:8080"),
        ("--acme-domain", "*.example.org", "give each name"),
        ("--acme-domain", "192.0.2.1", "to be a name"),
        ("--acme-domain", "call_1.example.org", "for example call.example.org"),
        ("--acme-email", "nobody", "to be a mail address"),
        ("--trusted-proxy", "10.0.0.0/33", "for example 127.0.0.1, 10.0.0.0/8"),
        ("--max-room-clients", "201", "from 1 to 200"),
        ("--max-clients", "0", "from 1 to"),
    ];
    for (option, value, words) in cases {
        let output = tangelo(&["serve", option, value]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{option} {value}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(words) && text.contains(option) && text.contains(value), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn it_stops_when_asked() {
    for signal in ["-INT", "-TERM"] {
        let (mut running, _) = serve(&[]);
        let id = running.0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert!(running.0.wait().unwrap().success(), "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn the_limit_of_open_files_is_raised() {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--media-port", "0", "--log", "debug"];
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -Sn 256 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_tangelo")])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    let mut stderr = child.stderr.take().unwrap();
    drop(Running(child));
    let mut log = String::new();
    stderr.read_to_string(&mut log).unwrap();
    assert!(log.contains("connections and files") && !log.contains(" 256 connections"), "{log}");
}

#[test]
fn help_tells_every_option_with_its_variable_and_default() {
    let output = tangelo(&["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for option in [
        "listen",
        "media-port",
        "public-ip",
        "turn",
        "turn-secret-file",
        "tls-cert",
        "tls-key",
        "tap",
        "log",
        "drain",
        "metrics",
        "trusted-proxy",
        "rooms",
        "token-key-file",
        "token-public-key",
        "creator",
        "max-rooms",
        "max-clients",
        "max-room-clients",
        "max-bandwidth",
        "log-format",
    ] {
        let variable = format!("TANGELO_{}", option.replace('-', "_").to_uppercase());
        assert!(help.contains(&format!("--{option} ")) && help.contains(&variable), "{option}: {help}");
    }
    for default in ["127.0.0.1:8080", "3478", "info"] {
        assert!(help.contains(&format!("[default: {default}]")), "{default}: {help}");
    }
}

#[test]
fn settings_come_from_a_file_and_are_checked_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tangelo.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\nmedia-port = 0\npublic-ip = [\"127.0.0.1\"]\n").unwrap();
    let file = file.to_str().unwrap();
    let mut server = tangelo(&["serve", "--config", file]);
    let mut running = Running(server.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Tangelo is ready: http://127.0.0.1:"), "{line}");
    let check = |more: &[&str]| {
        let all = [&["config", "check", "--config", file], more].concat();
        let output = tangelo(&all).env("TANGELO_LOG", "error").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code(), text)
    };
    let (code, text) = check(&["--listen", "127.0.0.1:1"]);
    assert_eq!(code, Some(0), "{text}");
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    for (name, value, source) in [
        ("listen ", "127.0.0.1:1", "(command line)"),
        ("public-ip ", "127.0.0.1", file),
        ("log ", "error", "(TANGELO_LOG)"),
        ("stun ", "-", "(not set)"),
    ] {
        assert!(line(name).contains(value) && line(name).contains(source), "{text}");
    }
    // The file that is named on the command line is the one, whatever the environment names.
    let all = ["config", "check", "--config", file];
    let output = tangelo(&all).env("TANGELO_CONFIG", "/no/such/file.toml").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains(file) && !text.contains("/no/such"), "{text}");
    let (code, text) = check(&["--tls-cert", "no.pem", "--tls-key", "no.pem"]);
    assert!(code == Some(1) && text.contains("cannot use no.pem for HTTPS"), "{text}");
}

#[test]
fn failures_are_one_clear_line_and_exit_code_1() {
    let (_running, address) = serve(&[]);
    let turn = "turn:turn.example.org";
    let nine = [turn; 9].join(",");
    let cases: [(&[&str], &str); 6] = [
        (&["--listen", &address], "--listen"),
        (&["--listen", "127.0.0.1:0", "--tls-cert", "no.pem", "--tls-key", "no.pem"], "no.pem"),
        (&["--listen", "127.0.0.1:0", "--tap", "/nowhere/at/all.pcap"], "all.pcap"),
        (&["--listen", "127.0.0.1:0", "--log", "a=b=c"], "--log"),
        (&["--listen", "127.0.0.1:0", "--turn", turn, "--turn-secret-file", "no.secret"], "no.secret"),
        (&["--listen", "127.0.0.1:0", "--turn", &nine, "--turn-secret-file", "no.secret"], "1 to 8"),
    ];
    for (arguments, words) in cases {
        let mut all = vec!["serve", "--media-port", "0", "--public-ip", "127.0.0.1"];
        all.extend(arguments);
        let output = tangelo(&all).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with("tangelo: ") && text.contains(words), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    // One without the other is a mistake on the command line.
    for half in [["--tls-cert", "a.pem"], ["--turn", turn], ["--turn-secret-file", "a.secret"]] {
        let output = tangelo(&[&["serve"], &half[..]].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{half:?}");
    }
}

#[test]
fn without_https_it_warns_about_other_machines() {
    let mut child =
        tangelo(&["serve", "--listen", "0.0.0.0:0", "--media-port", "0", "--public-ip", "127.0.0.1"])
            .spawn()
            .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.trim_end().strip_prefix("Tangelo is ready: http://").unwrap_or_else(|| panic!("{line:?}"));
    assert!(address.starts_with("localhost:"), "an address that can be opened: {address}");
    assert!(get(address, "").starts_with("HTTP/1.1 200"));
    let mut stderr = child.stderr.take().unwrap();
    drop(Running(child));
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    assert!(text.contains("camera") && text.contains("HTTPS"), "{text}");
}
