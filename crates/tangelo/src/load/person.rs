//! One client of a load: joins, sends if it is a publisher, and keeps account of what comes.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tangelo_call::{Event, MemberState, Phase};
use tangelo_client::{Frame, Happening, JoinOptions, Participant};
use tangelo_wire::{MediaKind, Source};
use tokio::{
    sync::watch,
    time::{sleep_until, timeout},
};

use super::{
    board::{Board, SOURCES},
    histogram::Histogram,
    plan::SOUND,
    stamp::Stamp,
};
use crate::join::explain;

/// How long a goodbye, or the last look at the counters, may take.
const GOODBYE: Duration = Duration::from_secs(3);
/// Who is later than this goes on from here instead of sending everything at once.
const LATE: Duration = Duration::from_secs(1);

/// What goes on, for all clients alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Clients arrive, and nobody sends yet.
    Silent,
    /// Clients send as soon as they can; more may arrive.
    Sending,
    /// What is measured.
    Measured,
    /// Nobody sends any more; what is under way still counts.
    Quiet,
    /// All leave.
    Over,
}

/// What became of a client.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) client: u32,
    pub(super) arrived_ns: u64,
    pub(super) inside_ns: Option<u64>,
    pub(super) first_frame_ns: Option<u64>,
    /// By sender, and place in [`SOURCES`].
    pub(super) lines: BTreeMap<(u32, usize), Line>,
    /// End to end, of frames that came while that was measured.
    pub(super) delays: Histogram,
    /// The group's epoch at the end: how many commits it has seen.
    pub(super) epoch: Option<u64>,
    /// Frames that were dropped, by reason, of the lines that there were at the end.
    pub(super) dropped: BTreeMap<&'static str, u64>,
    /// Why it had to arrive anew, each time.
    pub(super) losses: Vec<String>,
    /// Why it did not come in, or was thrown out.
    pub(super) trouble: Option<String>,
}

/// What came on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of the first frame.
    pub(super) first: u64,
    /// Frames that came.
    pub(super) received: u64,
}

/// Is in the call until all leave.
pub(super) async fn attend(
    client: u32,
    options: JoinOptions,
    board: Arc<Board>,
    mut stage: watch::Receiver<Stage>,
) -> Account {
    let mut account = Account { client, arrived_ns: board.now_ns(), ..Account::default() };
    let mut participant = match Participant::join(options).await {
        Ok(participant) => participant,
        Err(error) => {
            account.trouble = Some(explain(error).to_string());
            return account;
        }
    };
    board.note_traffic(participant.traffic());
    let mut media = publish(client, &participant, &board).await;
    let mut is_up = false;
    loop {
        let due = media.iter().filter_map(|medium| medium.due).min();
        let happening = tokio::select! {
            changed = stage.changed() => {
                match *stage.borrow() {
                    _ if changed.is_err() => break,
                    Stage::Silent => {}
                    Stage::Sending | Stage::Measured if is_up => begin(&mut media, client),
                    Stage::Sending | Stage::Measured => {}
                    Stage::Quiet => media.clear(),
                    Stage::Over => break,
                }
                continue;
            }
            () = wait(due) => {
                let now = Instant::now();
                for medium in &mut media {
                    medium.send_due(now, client, &participant, &board).await;
                }
                continue;
            }
            happening = participant.next() => happening,
        };
        match happening {
            Some(Happening::Frame(frame)) => {
                account.take(&frame, &board, *stage.borrow() == Stage::Measured);
            }
            Some(Happening::MediaUp) => {
                is_up = true;
                if *stage.borrow() != Stage::Silent {
                    begin(&mut media, client);
                }
            }
            Some(Happening::KeyFrameWanted(source)) => {
                media
                    .iter_mut()
                    .filter(|medium| medium.source() == Some(source))
                    .for_each(|medium| medium.key_frame_wanted = true);
            }
            Some(Happening::Call(Event::Phase { phase: Phase::Inside })) if account.inside_ns.is_none() => {
                account.inside_ns = Some(board.now_ns());
                board.note_inside();
            }
            Some(Happening::Call(Event::Ended { text })) => account.trouble = Some(text),
            Some(Happening::Unreachable(error)) if account.inside_ns.is_none() => {
                account.trouble = Some(explain(error.into()).to_string());
                return account;
            }
            Some(Happening::Call(_) | Happening::MediaOffered { .. } | Happening::Unreachable(_)) => {}
            None => {
                account.trouble.get_or_insert_with(|| "the call ended".to_owned());
                return account;
            }
        }
    }
    if let Ok(Some(stats)) = timeout(GOODBYE, participant.stats()).await {
        (account.epoch, account.losses) = (stats.epoch, stats.losses);
        for (reason, count) in stats.receivers.iter().flat_map(|line| &line.dropped) {
            *account.dropped.entry(*reason).or_default() += count;
        }
    }
    let _ = timeout(GOODBYE, participant.leave()).await;
    account
}

/// Says what this client sends.
async fn publish(client: u32, participant: &Participant, board: &Board) -> Vec<Medium> {
    let [audio, video] = board.plan.sends().map(|sends| sends && board.plan.publishes(client));
    let state = MemberState { hand_raised: false, microphone: audio, camera: video, recording: false };
    participant.show(state).await;
    let media: Vec<Medium> = [audio, video]
        .into_iter()
        .enumerate()
        .filter(|(_, sends)| *sends)
        .map(|(place, _)| Medium::new(place, board))
        .collect();
    for source in media.iter().filter_map(Medium::source) {
        participant.publish(source).await;
    }
    media
}

fn begin(media: &mut [Medium], client: u32) {
    media.iter_mut().for_each(|medium| medium.begin(client));
}

impl Account {
    fn take(&mut self, frame: &Frame, board: &Board, is_measured: bool) {
        let Some(stamp) = Stamp::read(&frame.contents) else { return };
        let Some(place) = SOURCES.iter().position(|source| *source == frame.source) else { return };
        let now = board.now_ns();
        self.first_frame_ns.get_or_insert(now);
        let mut is_first = false;
        let line = self.lines.entry((stamp.sender, place)).or_insert_with(|| {
            is_first = true;
            Line { first: stamp.number, received: 0 }
        });
        line.first = line.first.min(stamp.number);
        line.received += 1;
        board.note_received(is_first);
        if is_measured {
            self.delays.add(Duration::from_nanos(now.saturating_sub(stamp.sent_ns)));
        }
    }
}

/// Sound or picture that a client sends.
struct Medium {
    /// In [`SOURCES`].
    place: usize,
    bytes: usize,
    period: Duration,
    /// Between two frames, in the source's clock rate.
    ticks: u64,
    timestamp: u64,
    due: Option<Instant>,
    key_frame_wanted: bool,
}

impl Medium {
    fn new(place: usize, board: &Board) -> Self {
        let plan = &board.plan;
        let is_sound = SOURCES.get(place).is_some_and(|source| source.kind() == MediaKind::Audio);
        let (bytes, period, ticks) = if is_sound {
            (plan.audio_bytes, SOUND, 960)
        } else {
            let rate = plan.frame_rate.max(1);
            (plan.video_bytes, Duration::from_secs(1) / rate, 90_000 / u64::from(rate))
        };
        Self { place, bytes, period, ticks, timestamp: 0, due: None, key_frame_wanted: true }
    }

    fn source(&self) -> Option<Source> {
        SOURCES.get(self.place).copied()
    }

    /// Begins, unless it has. Not all at the same moment of their period: people do not speak in step.
    fn begin(&mut self, client: u32) {
        let apart = self.period.mul_f64(f64::from(client) * 0.618_034 % 1.0);
        self.due.get_or_insert_with(|| Instant::now() + apart);
    }

    async fn send_due(&mut self, now: Instant, client: u32, participant: &Participant, board: &Board) {
        let Some(source) = self.source() else { return };
        while let Some(due) = self.due.filter(|due| *due <= now) {
            let late = now.duration_since(due);
            self.due = Some(due + self.period + if late > LATE { late } else { Duration::ZERO });
            let (number, sent_ns) = board.send(client, self.place);
            let stamp = Stamp { sender: client, number, sent_ns };
            let frame = match source.kind() {
                MediaKind::Audio => stamp.sound(self.bytes),
                MediaKind::Video => stamp.picture(std::mem::take(&mut self.key_frame_wanted), self.bytes),
            };
            participant.send(source, self.timestamp, frame).await;
            self.timestamp += self.ticks;
        }
    }
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}
