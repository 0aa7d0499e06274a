//! `tangelo doctor`, before real servers, good ones and bad ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    time::{Duration, SystemTime},
};

use common::{serve, tangelo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

/// What it found, and its exit code.
struct Findings {
    code: Option<i32>,
    all: Value,
    errors: String,
}

fn doctor(arguments: &[&str]) -> Findings {
    let output = tangelo(&[&["doctor", "--json"], arguments].concat()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let all = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    Findings { code: output.status.code(), all, errors }
}

impl Findings {
    /// There is one of this kind, with these words in what was seen or what is to be done.
    fn has(&self, what: &str, verdict: &str, words: &str) {
        let found = self.all["findings"].as_array().unwrap().iter().any(|one| {
            let says = |key: &str| one[key].as_str().is_some_and(|text| text.contains(words));
            one["what"] == what && one["verdict"] == verdict && (says("seen") || says("do"))
        });
        assert!(found, "{what} {verdict} {words}: {:#}", self.all);
    }

    fn none_failed(&self) {
        assert_eq!(self.code, Some(0), "{:#} {}", self.all, self.errors);
        assert_ne!(self.all["verdict"], "failed", "{:#}", self.all);
    }

    fn failed(&self) {
        assert_eq!((self.code, &self.all["verdict"]), (Some(1), &Value::from("failed")), "{:#}", self.all);
        assert!(self.errors.contains("checks failed"), "{}", self.errors);
    }
}

/// A page, so that it does not matter whether the web app is built.
fn page(folder: &Path) -> String {
    let web = folder.join("web");
    fs::create_dir_all(web.join("assets")).unwrap();
    fs::write(web.join("index.html"), "<!doctype html><title>Tangelo</title>").unwrap();
    web.to_str().unwrap().to_owned()
}

#[test]
fn a_good_server_is_fine_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let (_running, address) = serve(&["--web", &page(folder.path())]);
    let url = format!("http://{address}/r/some-room");
    let found = doctor(&["--url", &url]);
    found.none_failed();
    for (what, words) in [
        ("name", "127.0.0.1"),
        ("TCP", "takes connections"),
        ("clock", "0 s apart"),
        ("headers", "as it should be"),
        ("WebSocket", "opens"),
        ("call", "joined"),
        ("UDP", "get through"),
        ("media over TCP", "takes connections"),
    ] {
        found.has(what, "ok", words);
    }
    // And for people.
    let told = tangelo(&["doctor", "--url", &url]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("ok        UDP: sound and picture get through"), "{told}");
}

#[test]
fn a_server_that_takes_no_udp_or_whose_packets_go_astray_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    let off = std::thread::scope(|threads| {
        // Nobody is at this address (RFC 5737).
        let astray = ["--public-ip", "192.0.2.1", "--web", &page];
        let astray = threads.spawn(move || {
            let (_running, address) = serve(&astray);
            doctor(&["--url", &format!("http://{address}")])
        });
        let (_running, address) =
            common::serve_with(&["--media-port", "off", "--media-tcp-port", "0", "--web", &page]);
        let off = doctor(&["--url", &format!("http://{address}")]);
        let astray = astray.join().unwrap();
        astray.failed();
        astray.has("UDP", "failed", "192.0.2.1");
        astray.has("UDP", "failed", "--public-ip");
        astray.has("call", "ok", "joined");
        off
    });
    off.none_failed();
    off.has("UDP", "warning", "TCP alone");
}

/// An authority, and files of certificates by it.
struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), root.pem()).unwrap();
        Self { root, folder }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Options for a server with a certificate for this name that ends in so many days.
    fn options(&self, name: &str, days: i64) -> Vec<String> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        let day = Duration::from_secs(86_400);
        let now = SystemTime::now();
        params.not_before = (now - day * 60).into();
        let span = day * u32::try_from(days.abs()).unwrap();
        params.not_after = if days < 0 { now - span } else { now + span }.into();
        let key = KeyPair::generate().unwrap();
        let (cert_file, key_file) =
            (self.file(&format!("{name}{days}.pem")), self.file(&format!("{name}{days}-key.pem")));
        fs::write(&cert_file, params.signed_by(&key, &self.root).unwrap().pem()).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        let page = page(self.folder.path());
        ["--tls-cert", &cert_file, "--tls-key", &key_file, "--web", &page].map(str::to_owned).to_vec()
    }
}

#[test]
fn certificates_are_judged_from_both_sides() {
    let authority = Authority::new();
    let ca = authority.file("ca.pem");
    for (name, days, verdict, words) in [
        ("localhost", 90, "ok", "good for 89 days"),
        ("localhost", 3, "warning", "only"),
        ("localhost", -2, "failed", "expired"),
        ("call.example.org", 90, "failed", "not for localhost"),
    ] {
        let options = authority.options(name, days);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let (_running, address) = serve(&options);
        let port = address.rsplit_once(':').unwrap().1;
        let url = format!("https://localhost:{port}");
        let found = doctor(&["--url", &url, "--ca", &ca]);
        found.has("certificate", verdict, words);
        if verdict == "failed" {
            found.failed();
            found.has("trust", "failed", "does not trust");
        } else {
            found.none_failed();
            found.has("UDP", "ok", "get through");
        }
        // From inside nobody knows under which name others come.
        let mut inside = options.clone();
        let listen = format!("127.0.0.1:{port}");
        inside.extend(["--listen", &listen, "--media-port", "0", "--public-ip", "127.0.0.1"]);
        let found = doctor(&inside);
        if name == "localhost" {
            found.has("certificate", verdict, words);
        }
        found.has("port", "ok", "Tangelo answers there");
    }
    // Nobody vouches for the authority here.
    let options = authority.options("localhost", 90);
    let (_running, address) = serve(&options.iter().map(String::as_str).collect::<Vec<_>>());
    let found = doctor(&["--url", &format!("https://localhost:{}", address.rsplit_once(':').unwrap().1)]);
    found.failed();
    found.has("trust", "failed", "fullchain.pem");
}

#[test]
fn a_proxy_that_names_another_host_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let (_running, server) = serve(&["--web", &page(folder.path())]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let from = format!("host: {address}");
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(upstream) = TcpStream::connect(&server) else { return };
            let (mut back, mut to) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back, &mut to));
            let from = from.clone();
            std::thread::spawn(move || forward(client, upstream, &from));
        }
    });
    let found = doctor(&["--url", &format!("http://{address}")]);
    found.failed();
    found.has("proxy", "failed", "upstream:8080");
    found.has("proxy", "failed", "proxy_set_header Host");
    found.has("WebSocket", "failed", "Host");
}

/// Passes on what a client sends, with another host in it. Each request comes in one piece.
fn forward(mut client: TcpStream, mut upstream: TcpStream, from: &str) {
    let mut buffer = [0; 8_192];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let at = text.to_ascii_lowercase().find(from);
        let changed = at.map(|at| format!("{}Host: upstream:8080{}", &text[..at], &text[at + from.len()..]));
        let bytes = changed.as_ref().map_or(&buffer[..length], String::as_bytes);
        if upstream.write_all(bytes).is_err() {
            return;
        }
    }
    let _ = upstream.shutdown(Shutdown::Both);
}

#[test]
fn ports_of_other_programs_are_named_and_free_ones_are_free() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let common = ["--media-port", "0", "--public-ip", "127.0.0.1"];
    let found = doctor(&[&["--listen", &taken], &common[..]].concat());
    if cfg!(target_os = "linux") {
        found.failed();
        found.has("port", "failed", &format!("(process {})", std::process::id()));
    }
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("new/store");
    let found = doctor(&[&["--listen", &free, "--store", store.to_str().unwrap()], &common[..]].concat());
    found.none_failed();
    found.has("port", "ok", "free");
    found.has("store", "ok", "can be written");
    found.has("public address", "warning", "--public-ip");
    assert!(!store.exists(), "nothing is changed");
    found.has("settings", "ok", "can be used");
    let found = doctor(
        &[&["--listen", &free, "--tls-cert", "/no/such", "--tls-key", "/no/such"], &common[..]].concat(),
    );
    found.failed();
    found.has("settings", "failed", "/no/such");
}

#[test]
fn a_server_that_takes_tokens_is_looked_at_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key").to_str().unwrap().to_owned();
    assert!(tangelo(&["token", "new-key", &key]).status().unwrap().success());
    let token = |right: &str| {
        let made = tangelo(&["token", "issue", "*", "--key", &key, "--right", right]).output().unwrap();
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let page = page(folder.path());
    for rooms in ["token", "creators"] {
        let (_running, address) = serve(&["--rooms", rooms, "--token-key-file", &key, "--web", &page]);
        let url = format!("http://{address}");
        let found = doctor(&["--url", &url]);
        found.none_failed();
        found.has("call", "warning", "--token");
        let found = doctor(&["--url", &url, "--token", &token("create")]);
        found.none_failed();
        found.has("UDP", "ok", "get through");
        if rooms == "creators" {
            let found = doctor(&["--url", &url, "--token", &token("join")]);
            found.none_failed();
            found.has("call", "warning", "right to create");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn it_is_told_who_looked_and_a_folder_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let found =
        doctor(&["--media-port", "0", "--listen", "127.0.0.1:0", "--store", folder.path().to_str().unwrap()]);
    found.has("store", "ok", " (as user ");
    found.has("settings", "ok", " (as user ");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn addresses_of_a_providers_nat_are_not_public_and_ipv6_does_not_stand_for_ipv4() {
    let common = ["--media-port", "0", "--listen", "127.0.0.1:0", "--public-ip"];
    let found = doctor(&[&common[..], &["100.64.0.1,2001:db8::1"]].concat());
    found.has("public address", "warning", "100.64.0.1 alone");
    let found = doctor(&[&common[..], &["2001:db8::1"]].concat());
    found.has("public address", "warning", "none of IPv4");
}

#[test]
fn a_file_that_cannot_be_used_is_a_finding_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let found = doctor(&["--url", &url, "--ca", "/no/such"]);
    found.failed();
    found.has("doctor", "failed", "/no/such");
}

#[test]
fn nobody_there_is_said_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = doctor(&["--url", &format!("http://{free}")]);
    found.failed();
    found.has("TCP", "failed", "firewall");
    let found = doctor(&["--url", "https://nowhere..invalid"]);
    found.failed();
    found.has("name", "failed", "name server");
    let output = tangelo(&["doctor", "--url", "no URL"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
