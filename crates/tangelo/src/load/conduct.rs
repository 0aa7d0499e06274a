//! The course of a load: all arrive, what they do is measured, all leave.

use std::{
    mem,
    net::SocketAddr,
    process::{self, Command},
    sync::Arc,
    time::{Duration, Instant},
};

use tangelo_client::{JoinOptions, TrafficCounts};
use tokio::{sync::watch, task::JoinSet, time};

use super::{
    board::Board,
    person::{Account, Stage, attend},
    process::{Process, Usage, datagrams_dropped},
    progress::Progress,
    report::{Report, Server, Window, seconds},
};

/// After the last arrival, so long everything may take to flow; then it is measured as it is.
const SETTLE: Duration = Duration::from_secs(60);
/// So long after the last frame was sent all that is still to come has come.
const DRAIN: Duration = Duration::from_secs(2);
/// All goodbyes together.
const GOODBYES: Duration = Duration::from_secs(20);
/// How often it is looked how things are.
const LOOK: Duration = Duration::from_millis(100);

/// How fast they come and how long they stay.
pub(super) struct Course {
    /// Arrivals in a second.
    pub(super) ramp: u32,
    /// Nobody sends before all are in the call.
    pub(super) silent: bool,
    /// The processors to use from then on.
    pub(super) then_on: Option<String>,
    /// How long it is measured.
    pub(super) measure: Duration,
    /// The server's process, or why there is none to look at.
    pub(super) server: Result<Process, String>,
}

/// Where the server is, which tells whether its process is on this machine.
pub(super) async fn addresses(authority: &str) -> Vec<SocketAddr> {
    time::timeout(LOOK * 50, tokio::net::lookup_host(authority))
        .await
        .ok()
        .and_then(Result::ok)
        .map_or_else(Vec::new, Iterator::collect)
}

/// A load under way.
struct Load {
    board: Arc<Board>,
    progress: Progress,
    stage: watch::Sender<Stage>,
    tasks: JoinSet<Account>,
    accounts: Vec<Account>,
}

/// What there was at one moment.
struct Mark {
    at: Instant,
    traffic: TrafficCounts,
    server: Option<Usage>,
    own: Option<Usage>,
}

/// Carries a load out; `options` are those of each client. Ends early when `stop` does, with what there is by then.
///
/// # Errors
/// Nobody came in.
pub(super) async fn conduct(
    board: Arc<Board>,
    options: impl Fn(u32) -> JoinOptions,
    course: Course,
    progress: Progress,
    stop: impl Future<Output = ()>,
) -> Result<Report, String> {
    let (stage, _) = watch::channel(if course.silent { Stage::Silent } else { Stage::Sending });
    let mut load = Load { board, progress, stage, tasks: JoinSet::new(), accounts: Vec::new() };
    let server = |usage: &Result<Process, String>| usage.as_ref().ok().and_then(Process::usage);
    let before = server(&course.server);
    let dropped = datagrams_dropped();
    let mut marks = None;
    let run = async {
        load.arrive(&options, course.ramp).await?;
        if course.silent {
            load.come_in().await?;
            if let Some(processors) = &course.then_on {
                move_to(processors)?;
            }
            load.stage.send_replace(Stage::Sending);
        }
        load.settle().await?;
        load.stage.send_replace(Stage::Measured);
        let from = load.mark(server(&course.server));
        let until = from.at.checked_add(course.measure);
        marks = Some(from);
        load.look("measuring", until, |_| false).await
    };
    tokio::select! {
        outcome = run => outcome?,
        () = stop => {}
    }
    let to = load.mark(server(&course.server));
    load.stage.send_replace(Stage::Quiet);
    load.look("the last frames", Instant::now().checked_add(DRAIN), |_| false).await?;
    load.leave().await;
    if load.board.inside() == 0 {
        return Err(load
            .trouble()
            .unwrap_or_else(|| "it was ended before anybody was in the call".to_owned()));
    }
    load.progress.finish();

    let mut report = Report::new(&load.board, &load.accounts);
    report.datagrams_dropped = datagrams_dropped().zip(dropped).map(|(now, then)| now.saturating_sub(then));
    let Some(from) = marks else { return Ok(report) };
    let packets = to.traffic.packets_received - from.traffic.packets_received;
    report.window = Some(Window {
        seconds: to.at.duration_since(from.at).as_secs_f64(),
        packets_sent: to.traffic.packets_sent - from.traffic.packets_sent,
        packets_forwarded: packets,
        bytes_forwarded: to.traffic.bytes_received - from.traffic.bytes_received,
        own_cpu_seconds: from.own.zip(to.own).map(|(from, to)| seconds(to.cpu, from.cpu)),
        own_waited_seconds: from.own.zip(to.own).map(|(from, to)| seconds(to.waited, from.waited)),
        own_cpus: std::thread::available_parallelism().map_or(1, usize::from),
    });
    let usages = before.zip(from.server.zip(to.server));
    let server = course.server.and_then(|process| {
        let (before, window) = usages.ok_or("the server's process ended")?;
        Ok(Server::new((process.pid, process.name), before, window, packets, report.inside))
    });
    (report.server, report.server_not_measured) = match server {
        Ok(server) => (Some(server), None),
        Err(why) => (None, Some(why)),
    };
    Ok(report)
}

/// Has this process use these processors alone.
fn move_to(processors: &str) -> Result<(), String> {
    let own = process::id().to_string();
    let taskset = Command::new("taskset").args(["-a", "-c", "-p", processors, &own]).output();
    match taskset {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("`taskset`: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("`taskset`: {error}")),
    }
}

impl Load {
    /// Lets everybody come, one after the other.
    async fn arrive(&mut self, options: &impl Fn(u32) -> JoinOptions, ramp: u32) -> Result<(), String> {
        let between = Duration::from_secs(1) / ramp.max(1);
        let mut due = Instant::now();
        for client in 0..self.board.plan.people() {
            let person = attend(client, options(client), Arc::clone(&self.board), self.stage.subscribe());
            self.tasks.spawn(person);
            due += between;
            self.look("arriving", Some(due), |_| false).await?;
        }
        Ok(())
    }

    /// Waits until everybody is in the call.
    async fn come_in(&mut self) -> Result<(), String> {
        let until = Instant::now().checked_add(SETTLE);
        self.look("waiting for all", until, Self::are_all_in).await
    }

    /// Waits until everybody is in the call and something comes on every line.
    async fn settle(&mut self) -> Result<(), String> {
        let lines = self.board.plan.lines();
        let until = Instant::now().checked_add(SETTLE);
        self.look("waiting for all lines", until, |load| {
            load.are_all_in() && (load.board.lines() >= lines || !load.accounts.is_empty())
        })
        .await
    }

    /// But for those that gave up.
    fn are_all_in(&self) -> bool {
        self.board.inside() + self.accounts.len() as u64 >= u64::from(self.board.plan.people())
    }

    /// Waits, and says how things are. Fails if nobody comes in.
    async fn look(
        &mut self,
        what: &'static str,
        until: Option<Instant>,
        done: impl Fn(&Self) -> bool,
    ) -> Result<(), String> {
        loop {
            while let Some(ended) = self.tasks.try_join_next() {
                self.accounts.extend(ended);
            }
            if self.board.inside() == 0
                && let Some(trouble) = self.trouble()
            {
                self.progress.finish();
                return Err(trouble);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) || done(self) {
                return Ok(());
            }
            self.progress.show(what, &self.board);
            time::sleep(left.map_or(LOOK, |left| left.min(LOOK))).await;
        }
    }

    async fn leave(&mut self) {
        self.stage.send_replace(Stage::Over);
        let tasks = &mut self.tasks;
        let accounts = &mut self.accounts;
        let all = async {
            while let Some(ended) = tasks.join_next().await {
                accounts.extend(ended);
            }
        };
        // Who does not come to an end is not waited for.
        let _ = time::timeout(GOODBYES, all).await;
        mem::take(&mut self.tasks).abort_all();
    }

    fn trouble(&self) -> Option<String> {
        self.accounts.iter().find_map(|account| account.trouble.clone())
    }

    fn mark(&self, server: Option<Usage>) -> Mark {
        Mark {
            at: Instant::now(),
            traffic: self.board.traffic(),
            server,
            own: Process::own().and_then(|own| own.usage()),
        }
    }
}
