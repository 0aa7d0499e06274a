//! What all clients of a load write on, and what everything is counted from.

use std::{
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tangelo_client::{Traffic, TrafficCounts};
use tangelo_wire::Source;

use super::Plan;

/// What a publisher sends.
pub(super) const SOURCES: [Source; 2] = [Source::Microphone, Source::Camera];

/// See the module.
pub(super) struct Board {
    pub(super) plan: Plan,
    /// All times count from here.
    start: Instant,
    /// One for each client; those that only receive never begin.
    senders: Vec<Sender>,
    inside: AtomicU64,
    lines: AtomicU64,
    received: AtomicU64,
    traffic: Mutex<Vec<Traffic>>,
}

/// What one client has sent.
#[derive(Default)]
struct Sender {
    began_ns: OnceLock<u64>,
    sent: [AtomicU64; SOURCES.len()],
}

impl Board {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            start: Instant::now(),
            senders: (0..plan.people()).map(|_| Sender::default()).collect(),
            inside: AtomicU64::new(0),
            lines: AtomicU64::new(0),
            received: AtomicU64::new(0),
            traffic: Mutex::new(Vec::new()),
        }
    }

    /// Now, in nanoseconds since the beginning.
    pub(super) fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// A client came in for the first time.
    pub(super) fn note_inside(&self) {
        self.inside.fetch_add(1, Relaxed);
    }

    /// A frame came, which may be the first on its line.
    pub(super) fn note_received(&self, is_first: bool) {
        self.received.fetch_add(1, Relaxed);
        self.lines.fetch_add(u64::from(is_first), Relaxed);
    }

    pub(super) fn note_traffic(&self, traffic: Traffic) {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).push(traffic);
    }

    /// Gives the next frame of a client's source its number and its time.
    pub(super) fn send(&self, client: u32, source: usize) -> (u64, u64) {
        let now = self.now_ns();
        let Some(sender) = self.sender(client) else { return (0, now) };
        sender.began_ns.get_or_init(|| now);
        (sender.sent.get(source).map_or(0, |sent| sent.fetch_add(1, Relaxed)), now)
    }

    /// Frames that a client has sent of a source.
    pub(super) fn sent_of(&self, client: u32, source: usize) -> u64 {
        self.sender(client).and_then(|sender| sender.sent.get(source)).map_or(0, |sent| sent.load(Relaxed))
    }

    /// When the first other client of the same room began to send.
    pub(super) fn others_began_ns(&self, client: u32) -> Option<u64> {
        let others = self.plan.publishers_of(client).filter(|other| *other != client);
        others.filter_map(|other| self.sender(other)?.began_ns.get().copied()).min()
    }

    fn sender(&self, client: u32) -> Option<&Sender> {
        self.senders.get(usize::try_from(client).ok()?)
    }

    pub(super) fn inside(&self) -> u64 {
        self.inside.load(Relaxed)
    }

    /// Lines on which something came.
    pub(super) fn lines(&self) -> u64 {
        self.lines.load(Relaxed)
    }

    /// Frames that came and were decrypted.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Frames that were sent, each counted once.
    pub(super) fn sent(&self) -> u64 {
        self.senders.iter().flat_map(|sender| &sender.sent).map(|sent| sent.load(Relaxed)).sum()
    }

    /// The traffic of all clients together.
    pub(super) fn traffic(&self) -> TrafficCounts {
        let all = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(Traffic::counts).fold(TrafficCounts::default(), |sum, counts| TrafficCounts {
            packets_received: sum.packets_received + counts.packets_received,
            bytes_received: sum.bytes_received + counts.bytes_received,
            packets_sent: sum.packets_sent + counts.packets_sent,
            frames_opened: sum.frames_opened + counts.frames_opened,
            frames_early: sum.frames_early + counts.frames_early,
            frames_undecryptable: sum.frames_undecryptable + counts.frames_undecryptable,
            frames_missed: sum.frames_missed + counts.frames_missed,
        })
    }
}
