//! The command as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

fn tangelo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tangelo"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TANGELO_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server that is ended with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server on free loopback ports and waits for its address.
fn serve(arguments: &[&str]) -> (Running, String) {
    let mut all = vec!["serve", "--media-port", "0", "--public-ip", "127.0.0.1"];
    all.extend(arguments);
    let mut child = tangelo(&all).env("TANGELO_LISTEN", "127.0.0.1:0").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let running = Running(child);
    let address = line.trim_end().strip_prefix("Tangelo is ready: http://");
    (running, address.unwrap_or_else(|| panic!("{line:?}")).to_owned())
}

#[test]
fn it_says_where_it_is_ready_and_serves_there() {
    let (_running, address) = serve(&[]);
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
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

#[test]
fn help_tells_every_option_with_its_variable_and_default() {
    let output = tangelo(&["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for option in ["listen", "media-port", "public-ip", "tls-cert", "tls-key", "tap", "log"] {
        let variable = format!("TANGELO_{}", option.replace('-', "_").to_uppercase());
        assert!(help.contains(&format!("--{option} ")) && help.contains(&variable), "{option}: {help}");
    }
    for default in ["127.0.0.1:8080", "3478", "info"] {
        assert!(help.contains(&format!("[default: {default}]")), "{default}: {help}");
    }
}

#[test]
fn failures_are_one_clear_line_and_exit_code_1() {
    let (_running, address) = serve(&[]);
    let cases: [(&[&str], &str); 4] = [
        (&["--listen", &address], "--listen"),
        (&["--listen", "127.0.0.1:0", "--tls-cert", "no.pem", "--tls-key", "no.pem"], "no.pem"),
        (&["--listen", "127.0.0.1:0", "--tap", "/nowhere/at/all.pcap"], "all.pcap"),
        (&["--listen", "127.0.0.1:0", "--log", "a=b=c"], "--log"),
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
    // A certificate without its key is a mistake on the command line.
    assert_eq!(tangelo(&["serve", "--tls-cert", "a.pem"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn without_https_it_warns_about_other_machines() {
    let mut child =
        tangelo(&["serve", "--listen", "0.0.0.0:0", "--media-port", "0", "--public-ip", "127.0.0.1"])
            .spawn()
            .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Tangelo is ready: http://0.0.0.0:"), "{line}");
    let mut stderr = child.stderr.take().unwrap();
    drop(Running(child));
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    assert!(text.contains("camera") && text.contains("HTTPS"), "{text}");
}
