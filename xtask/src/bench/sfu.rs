//! `cargo xtask bench sfu`: what the SFU forwards with a second of processor time, next to the loop that it cannot beat.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::table::{Place, Table};
use super::{folder, make_room_for, publish, refuse_to_write_what_is_not_committed};
use crate::Result;
use crate::process::{on_path, output, run as run_tool, tool};
use crate::repo::Repo;
use crate::server;

/// What to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// A short run with rough figures.
    quick: bool,
    /// Write the table to docs/benchmarks-sfu.md.
    write: bool,
}

impl Options {
    /// Reads the words after `bench sfu`.
    pub(super) fn parse(words: &[&str]) -> Result<Self> {
        match words {
            [] => Ok(Self::default()),
            // Fewer people, too: what a hundred do to their group alone wants most of a quiet processor.
            ["--quick"] => Ok(Self { quick: true, write: false }),
            ["--write"] => Ok(Self { quick: false, write: true }),
            ["--quick" | "--write", _] => {
                Err("--write wants the figures of a full run: leave --quick out".to_owned())
            }
            [other, ..] => {
                Err(format!("`{other}` is no option of `cargo xtask bench sfu`: --quick, --write"))
            }
        }
    }

    /// How long each scenario is measured, and each loop.
    fn seconds(&self) -> (&'static str, &'static str) {
        if self.quick { ("5", "1") } else { ("20", "3") }
    }
}

/// A call that is measured.
struct Scenario {
    label: String,
    /// Of `tangelo load`.
    arguments: String,
    /// To how many each packet goes.
    receivers: u32,
}

/// Few enough packets that the clients, which cost far more than the server, keep up on one processor; and arrivals slow
/// enough that their groups do, before anybody sends. `crowd` is how many receive where one or few send.
fn scenarios(crowd: u32, everyone: u32) -> [Scenario; 3] {
    [
        Scenario {
            label: format!("1 sends video to {crowd}"),
            arguments: format!(
                "--clients {} --publishers 1 --audio-bitrate 0 --video-bitrate 1000 --frame-rate 15 --ramp 2 --silent-arrival",
                crowd + 1
            ),
            receivers: crowd,
        },
        Scenario {
            label: format!("10 speak to {crowd}"),
            arguments: format!(
                "--clients {crowd} --publishers 10 --video-bitrate 0 --ramp 2 --silent-arrival"
            ),
            receivers: crowd - 1,
        },
        Scenario {
            label: format!("{everyone} send video and sound to each other"),
            arguments: format!(
                "--clients {everyone} --publishers {everyone} --video-bitrate 250 --frame-rate 15 --ramp 2 --silent-arrival"
            ),
            receivers: everyone - 1,
        },
    ]
}

/// Rooms of two, for what a room takes.
fn rooms(count: u32) -> Scenario {
    Scenario {
        label: format!("{count} rooms of 2"),
        arguments: format!(
            "--rooms {count} --clients 2 --publishers 1 --video-bitrate 0 --ramp 10 --silent-arrival"
        ),
        receivers: 1,
    }
}

/// What the model adds to a payload: header and SRTP's tag.
const AROUND_PAYLOAD_BYTES: f64 = 36.0;

/// Builds server and model, measures, prints the table, and writes it if asked to.
pub(super) fn run(repo: &Repo, options: &Options) -> Result<()> {
    if options.write {
        refuse_to_write_what_is_not_committed(repo)?;
    }
    server::build(repo)?;
    let build = ["build", "--release", "--locked", "--package", "tangelo-bench"];
    run_tool(repo.cargo().args(build).args(["--bin", "tangelo-forward", "--bin", "tangelo-busy"]))?;
    let pins = Pins::find();
    println!("\n{}", pins.shown());

    let mut figures = Vec::new();
    let (crowd, everyone, pairs) = if options.quick { (30, 8, 10) } else { (100, 25, 50) };
    for scenario in &scenarios(crowd, everyone) {
        println!("\n{}", scenario.label);
        let measured = measure(repo, scenario, &pins, options)?;
        figures.extend(forwarding(repo, scenario, &measured, options)?);
    }
    for case in &busy_cases(crowd, everyone) {
        println!("{}", case.label);
        figures.extend(busy(repo, case, options)?);
    }
    for (bytes, run) in [("1100", "1"), ("1100", "8"), ("80", "1"), ("80", "8")] {
        let rate = forward(repo, ["100", bytes, run, options.seconds().1])?;
        let label = format!("the model: {bytes} B to 100, in runs of {run}");
        figures.push(json!({"section": "sfu", "label": label, "value": rate.round(), "unit": "packets"}));
    }
    let pairs = rooms(pairs);
    println!("\n{}", pairs.label);
    let rooms = measure(repo, &pairs, &pins, options)?;
    let room = number(&rooms.table, &["server", "rss_per_client_bytes"])? * 2.0 / 1e3;
    figures.push(json!({"section": "memory", "label": "a room of 2 people, with both", "value": room.round(), "unit": "kB"}));

    let file = folder(repo).join("sfu.json");
    make_room_for(&file)?;
    let text = serde_json::to_string(&figures).map_err(|error| error.to_string())?;
    fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let mut table = Table::default();
    table.read(Place::Native, &file)?;
    publish(repo, table, options.write.then_some(("benchmarks-sfu.md", include_str!("sfu.md"))))
}

/// Where server and load run.
struct Pins {
    /// `taskset` is there, and there is more than one processor.
    apart: bool,
    count: usize,
}

impl Pins {
    fn find() -> Self {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        Self { apart: count > 1 && on_path(&["taskset"]).is_some(), count }
    }

    fn shown(&self) -> String {
        if self.apart {
            format!(
                "Once all are in the call, the server has processor 0 for itself, and the load has {}.",
                self.others()
            )
        } else {
            "Server and load share the processors: `taskset` is not there, or there is only one.".to_owned()
        }
    }

    fn others(&self) -> String {
        if self.count == 2 { "1".to_owned() } else { format!("1-{}", self.count - 1) }
    }

    fn server(&self, program: &Path) -> Command {
        if !self.apart {
            return tool(program);
        }
        let mut command = tool("taskset");
        command.args(["-c", "0"]).arg(program);
        command
    }

    /// What the load is told. While people arrive it has all processors: a hundred groups that change want more than one.
    fn of_load(&self) -> Vec<String> {
        if self.apart { vec!["--then-on".to_owned(), self.others()] } else { Vec::new() }
    }
}

/// What `tangelo load` and the server told.
struct Measured {
    table: Value,
    /// Datagrams that the server sent in one call, on average.
    run: f64,
}

/// A server for this scenario alone, and the load.
fn measure(repo: &Repo, scenario: &Scenario, pins: &Pins, options: &Options) -> Result<Measured> {
    let log = folder(repo).join("sfu-server.log");
    make_room_for(&log)?;
    let mut server = Server::start(pins.server(&repo.binary()), &log)?;
    let mut load = tool(repo.binary());
    load.args(["load", &format!("{}/r/bench", server.address), "--json", "--seconds", options.seconds().0])
        .args(["--server-pid", &server.child.id().to_string()])
        .args(scenario.arguments.split(' '))
        .args(pins.of_load());
    let table = output(&mut load)?;
    let table: Value = serde_json::from_str(&table).map_err(|error| format!("`tangelo load`: {error}"))?;
    server.stop()?;
    let text = fs::read_to_string(&log).map_err(|error| format!("cannot read {}: {error}", log.display()))?;
    let run = run_length(&text).ok_or_else(|| format!("{} does not tell what was sent", log.display()))?;
    Ok(Measured { table, run })
}

/// From the server's log.
fn run_length(log: &str) -> Option<f64> {
    let words: Vec<&str> =
        log.lines().rev().find_map(|line| line.split_once("media sent "))?.1.split(' ').collect();
    let [datagrams, _, _, runs, ..] = words[..] else { return None };
    let (datagrams, runs): (f64, f64) = (datagrams.parse().ok()?, runs.parse().ok()?);
    (runs > 0.0).then(|| datagrams / runs)
}

/// The rows of a scenario, with the model's at the same packet size and run length.
fn forwarding(
    repo: &Repo,
    scenario: &Scenario,
    measured: &Measured,
    options: &Options,
) -> Result<Vec<Value>> {
    let (table, run, label) = (&measured.table, measured.run, &scenario.label);
    let get = |path: &[&str]| number(table, path);
    let lost_calls = table["arrived_anew"].as_object().is_none_or(|reasons| !reasons.is_empty());
    if get(&["inside"])? < get(&["people"])? || lost_calls {
        return Err(format!(
            "not everybody came in and stayed, so there is nothing to compare; is the machine busy? {} {}",
            table["troubles"], table["arrived_anew"]
        ));
    }
    let packets = get(&["window", "packets_forwarded"])?;
    let packet_bytes = get(&["window", "bytes_forwarded"])? / packets.max(1.0);
    let payload = format!("{:.0}", (packet_bytes - AROUND_PAYLOAD_BYTES).max(1.0));
    let model = forward(
        repo,
        [&scenario.receivers.to_string(), &payload, &format!("{:.2}", run.max(1.0)), options.seconds().1],
    )?;
    let all = packets / get(&["server", "cpu_seconds"])?;
    let media = packets / get(&["server", "media_cpu_seconds"])?;
    let lost = 100.0 * get(&["frames_lost"])? / get(&["frames_expected"])?.max(1.0);
    let share = get(&["window", "own_cpu_seconds"])? / get(&["window", "seconds"])?;
    let waited = get(&["window", "own_waited_seconds"])? / get(&["window", "seconds"])?;
    let row = |section: &str, what: &str, value: f64, unit: &str| {
        let label = format!("{label}: {what}");
        json!({"section": section, "label": label, "value": value, "unit": unit})
    };
    Ok(vec![
        row("sfu", "the server", all.round(), "packets"),
        row("sfu", "its thread for media alone", media.round(), "packets"),
        row("sfu", "the model at this size and run length", model.round(), "packets"),
        row("sfu", "efficiency, the server next to the model", (100.0 * all / model).round(), "%"),
        row("load", "packets a second", (packets / get(&["window", "seconds"])?).round(), "packets"),
        row("load", "a packet", packet_bytes.round(), "B"),
        row("load", "run length", run, "packets"),
        row("load", "the clients' processors", share, "processors"),
        row("load", "the clients' waiting for one", waited, "processors"),
        row("delay", "p50", get(&["delay", "p50_ms"])?, "ms"),
        row("delay", "p99", get(&["delay", "p99_ms"])?, "ms"),
        row("delay", "frames lost", lost, "%"),
        row(
            "delay",
            "first frame after the first was sent, p95",
            get(&["first_frame_after", "p95_ms"])?.round(),
            "ms",
        ),
        row("memory", "for each client", (get(&["server", "rss_per_client_bytes"])? / 1e3).round(), "kB"),
    ])
}

/// What the SFU does when it has work all the time.
struct Busy {
    label: String,
    /// Of `tangelo-busy`, without the seconds.
    arguments: String,
    /// To how many each packet goes, and its bytes of payload.
    receivers: u32,
    payload: &'static str,
}

fn busy_cases(crowd: u32, everyone: u32) -> [Busy; 3] {
    [
        Busy {
            label: format!("1 sends video to {crowd}, never idle"),
            arguments: format!("video 1 {} 30 10 1100", crowd + 1),
            receivers: crowd,
            payload: "1100",
        },
        Busy {
            label: format!("10 speak to {crowd}, never idle"),
            arguments: format!("audio 10 {crowd} 50 1 80"),
            receivers: crowd - 1,
            payload: "80",
        },
        Busy {
            label: format!("{everyone} send video to each other, never idle"),
            arguments: format!("video {everyone} {everyone} 15 2 1100"),
            receivers: everyone - 1,
            payload: "1100",
        },
    ]
}

/// The rows of a busy SFU, with the model's at the same packet size and run length.
fn busy(repo: &Repo, case: &Busy, options: &Options) -> Result<Vec<Value>> {
    let seconds = options.seconds().0;
    let mut command = tool(repo.target.join("release/tangelo-busy"));
    let text = output(command.args(case.arguments.split(' ')).arg(seconds))?;
    let table: Value = serde_json::from_str(&text).map_err(|error| format!("`tangelo-busy`: {error}"))?;
    let get = |name: &str| number(&table, &[name]);
    let (packets, received, run) = (get("packets")?, get("received")?, get("run")?.max(1.0));
    if received < packets * 0.99 {
        return Err(format!("clients got {received} of {packets} packets, so there is nothing to compare"));
    }
    let receivers = case.receivers.to_string();
    let model = forward(repo, [&receivers, case.payload, &format!("{run:.2}"), options.seconds().1])?;
    let all = get("packets_per_cpu_second")?;
    let row = |what: &str, value: f64, unit: &str| {
        let label = format!("{}: {what}", case.label);
        json!({"section": "busy", "label": label, "value": value, "unit": unit})
    };
    Ok(vec![
        row("the server", all.round(), "packets"),
        row("the SFU alone, without sending", (packets / get("sfu_cpu_seconds")?).round(), "packets"),
        row("the model at this size and run length", model.round(), "packets"),
        row("efficiency, the server next to the model", (100.0 * all / model).round(), "%"),
        row("run length", run, "packets"),
    ])
}

/// Packets of the forwarding loop with a second of processor time. `arguments` are those of `tangelo-forward`.
fn forward(repo: &Repo, arguments: [&str; 4]) -> Result<f64> {
    let text = output(tool(repo.target.join("release/tangelo-forward")).args(arguments))?;
    let table: Value = serde_json::from_str(&text).map_err(|error| format!("`tangelo-forward`: {error}"))?;
    let (packets, lost) = (number(&table, &["packets"])?, number(&table, &["lost"])?);
    if lost > packets / 100.0 {
        return Err(format!("{lost} of {packets} packets of the model were lost: the machine is too busy"));
    }
    number(&table, &["packets_per_cpu_second"])
}

fn number(table: &Value, path: &[&str]) -> Result<f64> {
    let value = path.iter().fold(table, |value, key| &value[*key]);
    value.as_f64().ok_or_else(|| format!("nothing was measured as {}: {table}", path.join(".")))
}

/// A running server.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(mut command: Command, log: &Path) -> Result<Self> {
        let log_file =
            File::create(log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--media-port", "0", "--public-ip", "127.0.0.1"])
            .args(["--media-threads", "1", "--log", "warn,tangelo_server::media_thread=debug"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file);
        let child = command.spawn().map_err(|error| format!("cannot start the server: {error}"))?;
        let mut server = Self { child, address: String::new() };
        let mut line = String::new();
        if let Some(stdout) = server.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
        }
        let address = line.trim_end().strip_prefix("Tangelo is ready: ");
        server.address =
            address.ok_or_else(|| format!("the server does not start, see {}", log.display()))?.to_owned();
        Ok(server)
    }

    /// Ends it as a person does, so that it says what it sent.
    fn stop(&mut self) -> Result<()> {
        run_tool(tool("kill").args(["-INT", &self.child.id().to_string()]))?;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if self.child.try_wait().map_err(|error| error.to_string())?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the server does not stop".to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        assert_eq!(Options::parse(&[]), Ok(Options::default()));
        assert_eq!(Options::parse(&["--quick"]).unwrap().seconds(), ("5", "1"));
        assert!(Options::parse(&["--write"]).unwrap().write);
        assert!(Options::parse(&["--quick", "--write"]).unwrap_err().contains("leave --quick out"));
        assert!(Options::parse(&["--fast"]).unwrap_err().contains("`--fast` is no option"));
    }

    #[test]
    fn the_servers_log_tells_the_run_length() {
        let log = "DEBUG media: media of a client is up\nDEBUG media: media sent 900 datagrams in 300 runs\n";
        assert_eq!(run_length(log), Some(3.0));
        assert_eq!(run_length("media sent 0 datagrams in 0 runs"), None);
        assert_eq!(run_length("nothing"), None);
    }

    #[test]
    fn figures_are_found_or_missed_by_name() {
        let table = json!({"a": {"b": 2}});
        assert_eq!(number(&table, &["a", "b"]), Ok(2.0));
        assert!(number(&table, &["a", "c"]).unwrap_err().contains("a.c"));
    }
}
