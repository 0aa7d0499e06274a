//! The command, run as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]
#![allow(dead_code, unreachable_pub)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

pub fn tangelo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tangelo"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TANGELO_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A process that is ended with the test, however that ends.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server on free loopback ports and waits for its address.
pub fn serve(arguments: &[&str]) -> (Running, String) {
    let has_address = arguments.contains(&"--public-ip");
    let address: &[&str] = if has_address { &[] } else { &["--public-ip", "127.0.0.1"] };
    serve_with(&[&["--media-port", "0"], address, arguments].concat())
}

/// As [`serve`], without the media port and the address that it chooses.
pub fn serve_with(arguments: &[&str]) -> (Running, String) {
    let all = [&["serve"], arguments].concat();
    let mut child = tangelo(&all).env("TANGELO_LISTEN", "127.0.0.1:0").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let running = Running(child);
    let address = line.trim_end().strip_prefix("Tangelo is ready: ");
    let address = address.and_then(|url| url.split_once("://")).map(|(_, address)| address);
    (running, address.unwrap_or_else(|| panic!("{line:?}")).to_owned())
}

/// A link to a new room with a secret.
pub fn link(address: &str) -> String {
    format!("http://{address}{}", tangelo_call::link::Link::new_room().unwrap().path())
}

/// `tangelo join`, with everything that it has printed.
pub struct Joined {
    running: Running,
    stdin: Option<ChildStdin>,
    printed: Receiver<String>,
    errors: Receiver<String>,
    lines: Vec<String>,
    said: String,
    read: usize,
}

/// Joins a call; `typing` keeps its standard input open.
pub fn join(url: &str, arguments: &[&str], typing: bool) -> Joined {
    let mut command = tangelo(&["join"]);
    command.args(arguments).env("TANGELO_URL", url);
    if typing {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    let (tell, printed) = channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let (tell, errors) = channel();
    let mut stderr = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        let _ = tell.send(text);
    });
    let stdin = child.stdin.take();
    let (lines, said) = (Vec::new(), String::new());
    Joined { running: Running(child), stdin, printed, errors, lines, said, read: 0 }
}

impl Joined {
    /// Reads on until there is such a line.
    pub fn until(&mut self, what: &str, is_it: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            while let Some(line) = self.lines.get(self.read) {
                self.read += 1;
                if is_it(line) {
                    return;
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.printed.recv_timeout(left) {
                Ok(line) => self.lines.push(line),
                Err(_) => {
                    let errors = self.end_now();
                    panic!("{what}: {:#?} {errors}", self.lines)
                }
            }
        }
    }

    pub fn type_line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub fn signal(&self, signal: &str) {
        let id = self.running.0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for its end; the exit code, unless a signal ended it.
    pub fn end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.running.0.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end: {:#?}", self.lines);
            std::thread::sleep(Duration::from_millis(20));
        };
        self.lines.extend(self.printed.iter());
        self.said = self.errors.recv_timeout(DEADLINE).unwrap();
        status.code()
    }

    fn end_now(&mut self) -> String {
        let _ = self.running.0.kill();
        self.errors.recv_timeout(DEADLINE).unwrap_or_default()
    }

    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// What it said on standard error, once it has ended.
    pub fn errors(&self) -> &str {
        &self.said
    }
}
