//! What a load tells at the end; `table.rs` shows it.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use tangelo_wire::Source;

use super::{
    board::{Board, SOURCES},
    histogram::{Histogram, Spread},
    person::Account,
    process::Usage,
};

/// Everything that a load tells. Times of joining are of all who came in; "in the window" is what was measured while
/// all were there.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) rooms: u32,
    pub(super) people: u32,
    pub(super) publishers: u32,
    /// Who came in.
    pub(super) inside: u64,
    /// Who did not, or was thrown out later, and why, each reason once.
    pub(super) troubled: usize,
    pub(super) troubles: Vec<String>,
    /// How often clients lost the call and had to arrive anew, by reason.
    pub(super) arrived_anew: BTreeMap<String, u64>,
    /// Lines of receiving, and those on which nothing ever came.
    pub(super) lines: u64,
    pub(super) lines_silent: u64,
    /// Frames that publishers sent, that should have come at receivers from the first of each line on, and that came.
    pub(super) frames_sent: u64,
    pub(super) frames_expected: u64,
    pub(super) frames_received: u64,
    pub(super) frames_lost: u64,
    /// Sealed for those who were in the call before the receiver, which dropped them.
    pub(super) frames_early: u64,
    pub(super) frames_undecryptable: u64,
    /// Both, by reason.
    pub(super) frames_dropped: BTreeMap<&'static str, u64>,
    /// Decrypted, but not taken by the load itself in time: these count as lost, too.
    pub(super) frames_missed: u64,
    /// The whole run.
    pub(super) packets_sent: u64,
    pub(super) packets_received: u64,
    /// The highest epoch of each room's group, added up.
    pub(super) commits: u64,
    pub(super) inside_after: Option<Spread>,
    pub(super) first_frame_after: Option<Spread>,
    /// From handing a frame to the sending client, to having it decrypted at the receiving one; in the window.
    pub(super) delay: Option<Spread>,
    pub(super) window: Option<Window>,
    pub(super) server: Option<Server>,
    /// Why there is none.
    pub(super) server_not_measured: Option<String>,
    /// For which sockets of this machine, of all programs, had no room.
    pub(super) datagrams_dropped: Option<u64>,
}

/// While all were there.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Window {
    pub(super) seconds: f64,
    pub(super) packets_sent: u64,
    /// By the server, as the clients count them.
    pub(super) packets_forwarded: u64,
    pub(super) bytes_forwarded: u64,
    /// Processor time of this program.
    pub(super) own_cpu_seconds: Option<f64>,
    /// How long its threads waited for a processor that other programs had, or other threads.
    pub(super) own_waited_seconds: Option<f64>,
    /// Processors that this program may use.
    pub(super) own_cpus: usize,
}

/// What the server took.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Server {
    pub(super) pid: u32,
    pub(super) name: String,
    /// In the window.
    pub(super) cpu_seconds: f64,
    pub(super) media_cpu_seconds: f64,
    /// `None` if it took too little to tell.
    pub(super) packets_per_cpu_second: Option<f64>,
    /// Before the first client came, and at the end of the window.
    pub(super) rss_before_bytes: u64,
    pub(super) rss_bytes: u64,
    pub(super) rss_per_client_bytes: u64,
}

/// Processor time that tells something: below, the clock's steps are too large a part of it.
const CPU_SECONDS_MIN: f64 = 0.05;

impl Server {
    /// From what it had taken before the first client, and at both ends of the window.
    pub(super) fn new(
        (pid, name): (u32, String),
        before: Usage,
        (from, to): (Usage, Usage),
        packets: u64,
        people: u64,
    ) -> Self {
        let cpu_seconds = seconds(to.cpu, from.cpu);
        let more = to.rss_bytes.saturating_sub(before.rss_bytes);
        Self {
            pid,
            name,
            cpu_seconds,
            media_cpu_seconds: seconds(to.media_cpu, from.media_cpu),
            packets_per_cpu_second: (cpu_seconds >= CPU_SECONDS_MIN).then(|| packets as f64 / cpu_seconds),
            rss_before_bytes: before.rss_bytes,
            rss_bytes: to.rss_bytes,
            rss_per_client_bytes: more / people.max(1),
        }
    }
}

/// Of processor time.
pub(super) fn seconds(to: Duration, from: Duration) -> f64 {
    to.saturating_sub(from).as_secs_f64()
}

impl Report {
    /// Counts what the clients kept account of. What else is measured is to be filled in.
    pub(super) fn new(board: &Board, accounts: &[Account]) -> Self {
        let traffic = board.traffic();
        let plan = &board.plan;
        let (mut expected, mut received, mut lines) = (0, 0, 0);
        let (mut inside_after, mut first_frame_after) = (Histogram::default(), Histogram::default());
        let mut delays = Histogram::default();
        let mut epochs = BTreeMap::<u32, u64>::new();
        let mut troubles = Vec::new();
        let mut dropped = BTreeMap::<&'static str, u64>::new();
        for account in accounts {
            for ((sender, place), line) in &account.lines {
                // Who hears a part of many changes it as others speak, so that of sound nothing is lost for certain.
                let counts =
                    plan.hears_all(account.client) || SOURCES.get(*place) != Some(&Source::Microphone);
                let sent = board.sent_of(*sender, *place).saturating_sub(line.first);
                expected += if counts { sent } else { line.received };
                received += line.received;
                lines += 1;
            }
            delays.merge(&account.delays);
            for (reason, count) in &account.dropped {
                *dropped.entry(*reason).or_default() += count;
            }
            let after = |from: u64, to: u64| Duration::from_nanos(to.saturating_sub(from));
            if let Some(at) = account.inside_ns {
                inside_after.add(after(account.arrived_ns, at));
            }
            if let Some((at, began)) = account.first_frame_ns.zip(board.others_began_ns(account.client)) {
                first_frame_after.add(after(account.arrived_ns.max(began), at));
            }
            let epoch = epochs.entry(plan.room_of(account.client)).or_default();
            *epoch = account.epoch.unwrap_or_default().max(*epoch);
            troubles.extend(account.trouble.clone());
        }
        let troubled = troubles.len();
        troubles.sort();
        troubles.dedup();
        Self {
            rooms: plan.rooms,
            people: plan.people(),
            publishers: plan.publishers * plan.rooms,
            inside: board.inside(),
            troubled,
            troubles,
            arrived_anew: count(accounts.iter().flat_map(|account| account.losses.iter().cloned())),
            lines: plan.lines(),
            lines_silent: plan.lines().saturating_sub(lines),
            frames_sent: board.sent(),
            frames_expected: expected,
            frames_received: received,
            frames_lost: expected.saturating_sub(received),
            frames_early: traffic.frames_early,
            frames_undecryptable: traffic.frames_undecryptable,
            frames_dropped: dropped,
            frames_missed: traffic.frames_missed,
            packets_sent: traffic.packets_sent,
            packets_received: traffic.packets_received,
            commits: epochs.values().sum(),
            inside_after: inside_after.spread(),
            first_frame_after: first_frame_after.spread(),
            delay: delays.spread(),
            window: None,
            server: None,
            server_not_measured: Some("the load ended before all were there".to_owned()),
            datagrams_dropped: None,
        }
    }
}

/// How often each comes.
fn count(names: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}
