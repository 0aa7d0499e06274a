//! `tangelo load`: many clients in one process, to see what a server carries.

mod board;
mod conduct;
mod histogram;
mod person;
mod plan;
mod process;
mod progress;
mod report;
mod stamp;
mod table;

use std::{
    error::Error,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tangelo_call::link::Link;
use tangelo_client::{Address, JoinOptions};

use crate::join::Misused;
use board::Board;
use conduct::{Course, addresses, conduct};
use plan::Plan;
pub(crate) use process::Process;
use progress::Progress;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The call's link, as it stands in the browser's address bar. Whoever is in that call sees the clients come.
    ///
    /// Put it in quotes: it has a # in it.
    #[arg(env = "TANGELO_URL", hide_env_values = true, value_name = "URL")]
    url: String,

    /// How many clients join.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
    clients: u32,

    /// How many of them send; the others only receive. Default: 2, or all if there are fewer.
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(0..=200))]
    publishers: Option<u32>,

    /// So many rooms with as many clients each: the one of the link, and new ones on the same server.
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    rooms: u32,

    /// Sound of each publisher in kbit/s, 50 packets a second; 0 for none.
    #[arg(long, value_name = "KBIT", default_value_t = 32, value_parser = clap::value_parser!(u32).range(0..=500))]
    audio_bitrate: u32,

    /// Pictures of each publisher in kbit/s; 0 for none.
    #[arg(long, value_name = "KBIT", default_value_t = 600, value_parser = clap::value_parser!(u32).range(0..=20_000))]
    video_bitrate: u32,

    /// Pictures in a second.
    #[arg(long, value_name = "FPS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=120))]
    frame_rate: u32,

    /// How many clients arrive in a second.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    ramp: u32,

    /// Nobody sends before all are in the call: a machine that is too small for arrivals beside media gets through both.
    #[arg(long)]
    silent_arrival: bool,

    /// Once all are in the call, use these processors alone, as `taskset` is told them: arrivals of many take all that there are.
    #[arg(long, value_name = "LIST", requires = "silent_arrival", hide = true)]
    then_on: Option<String>,

    /// How long it is measured, once all are in the call. Ctrl-C ends it sooner.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,

    /// The number of the server's process on this machine, to tell what it takes. Default: who listens at the link's port.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,

    /// PEM file with a certificate to trust beside those that this machine trusts.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Print the table as JSON.
    #[arg(long)]
    json: bool,

    /// Say nothing before the table.
    #[arg(long)]
    quiet: bool,

    /// What to log to standard error: error, warn, info, debug or trace, or a filter such as "info,tangelo_client=debug".
    #[arg(long, env = "TANGELO_LOG", value_name = "LEVEL", default_value = "error")]
    log: String,
}

impl Options {
    fn plan(&self) -> Result<Plan, Misused> {
        let publishers = self.publishers.unwrap_or(self.clients.min(2));
        let counts = (self.rooms, self.clients, publishers);
        Plan::new(counts, self.audio_bitrate, self.video_bitrate, self.frame_rate).map_err(Misused::new)
    }
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    super::log_to_stderr(&options.log, super::LogFormat::Text)?;
    let address = options.url.parse::<Address>().map_err(|error| Misused::new(error.to_string()))?;
    Link::parse(&address.link).map_err(|error| Misused::new(format!("this is no room link: {error}")))?;
    let plan = options.plan()?;
    raise_file_limit();
    let mut urls = vec![options.url];
    for _ in 1..plan.rooms {
        urls.push(format!("{}{}", address.origin(), Link::new_room()?.path()));
    }
    let seed = tangelo_call::random_bytes()?;
    let ca = options.ca;
    let join = |client: u32| JoinOptions {
        url: urls.get(plan.room_of(client) as usize).cloned().unwrap_or_default(),
        name: format!("Load {}", client + 1),
        identity: identity(seed, client),
        ca: ca.clone(),
        via: None,
    };
    let progress = Progress::new(options.quiet);
    let measure = Duration::from_secs(options.seconds);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let stop = super::serve::shutdown()?;
        let server = Process::find(options.server_pid, &addresses(&address.authority()).await);
        let (ramp, silent, then_on) = (options.ramp, options.silent_arrival, options.then_on);
        let course = Course { ramp, silent, then_on, measure, server };
        conduct(Arc::new(Board::new(plan)), join, course, progress, stop)
            .await
            .map_err(Box::<dyn Error>::from)
    })?;
    let text = if options.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.to_string() };
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads what is printed has gone: no fault.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Another identity for each client, all of them new.
fn identity(mut seed: [u8; 32], client: u32) -> [u8; 32] {
    for (byte, more) in seed.iter_mut().zip(client.to_be_bytes()) {
        *byte ^= more;
    }
    seed
}

/// Each client has two sockets, which are files to the system; the usual limit is enough for 500.
fn raise_file_limit() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!("cannot raise the limit of open sockets and files: {error}");
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parse(words: &[&str]) -> Result<Plan, String> {
        let words = ["load", "http://a/r/b"].iter().chain(words);
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        line.options.plan().map_err(|error| error.to_string())
    }

    #[test]
    fn without_options_two_of_ten_send_sound_and_picture() {
        let plan = parse(&[]).unwrap();
        assert_eq!((plan.rooms, plan.clients, plan.publishers), (1, 10, 2));
        assert_eq!((plan.audio_bytes, plan.video_bytes, plan.frame_rate), (80, 2_500, 30));
        assert_eq!(parse(&["--clients", "1"]).unwrap().publishers, 1);
    }

    #[test]
    fn options_are_what_they_say() {
        let words =
            "--clients 100 --publishers 10 --rooms 2 --audio-bitrate 64 --video-bitrate 0 --frame-rate 15";
        let plan = parse(&words.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!((plan.rooms, plan.clients, plan.publishers), (2, 100, 10));
        assert_eq!((plan.audio_bytes, plan.video_bytes, plan.frame_rate), (160, 0, 15));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        for words in [
            "--clients 0",
            "--clients 201",
            "--publishers 11",
            "--rooms 101",
            "--ramp 0",
            "--seconds 0",
            "--frame-rate 0",
            "--audio-bitrate 501",
            "--audio-bitrate 0 --video-bitrate 0",
            "--server-pid x",
        ] {
            assert!(parse(&words.split(' ').collect::<Vec<_>>()).is_err(), "{words}");
        }
    }

    #[test]
    fn every_client_is_somebody_else() {
        let identities: std::collections::BTreeSet<_> =
            (0..300).map(|client| identity([7; 32], client)).collect();
        assert_eq!(identities.len(), 300);
    }
}
