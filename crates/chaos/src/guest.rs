//! One participant without a browser, in a process of its own, which can be stopped and killed like any other.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use tangelo_call::{Event, MemberState, Person, Phase};
use tangelo_client::{Happening, JoinOptions, Participant};
use tangelo_wire::Source;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::report::{Heard, Report, now_ms};

const SOUND: Duration = Duration::from_millis(20);
const PICTURE: Duration = Duration::from_millis(100);
const TELL: Duration = Duration::from_millis(100);
/// How long the session may take to say how it stands.
const STATS_WAIT: Duration = Duration::from_millis(500);

/// Opus: 20 ms of CELT, full band, mono, one frame (RFC 6716 section 3.1), and anything.
const SOUND_FRAME: [u8; 80] = [0xf8; 80];
/// VP8: a shown key frame, the start code, 640 x 480 (RFC 6386 section 9.1).
const KEY_FRAME: [u8; 10] = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
const PICTURE_BYTES: usize = 400;

#[derive(Debug, clap::Args)]
pub(crate) struct GuestOptions {
    /// The room's link
    #[arg(long, env = "TANGELO_URL", hide_env_values = true)]
    url: String,
    /// Where to connect to instead
    #[arg(long)]
    via: SocketAddr,
    /// Which guest: its name and its identity
    #[arg(long)]
    number: u8,
}

/// The name of a guest, by which the others know it.
pub(crate) fn name(number: u8) -> String {
    format!("Guest {number}")
}

struct Seen {
    phase: Option<Phase>,
    people: Vec<Person>,
    names: BTreeMap<String, String>,
    report: Report,
}

/// Is in the call until standard input ends, which it does with the program that began this one.
pub(crate) async fn attend(options: GuestOptions) -> Result<(), String> {
    let GuestOptions { url, via, number } = options;
    let join =
        JoinOptions { url, name: name(number), identity: [number.max(1); 32], ca: None, via: Some(via) };
    let mut participant = Participant::join(join).await.map_err(|error| error.to_string())?;
    participant.publish(Source::Microphone).await;
    participant.publish(Source::Camera).await;
    participant
        .show(MemberState { hand_raised: false, microphone: true, camera: true, recording: false })
        .await;
    let mut over = input_ends();
    let [mut sound, mut picture, mut tell] = [SOUND, PICTURE, TELL].map(|period| {
        let mut every = interval(period);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        every
    });
    let (mut sounds, mut pictures, mut told) = (0_u64, 0_u64, 0_u64);
    let mut image = KEY_FRAME.to_vec();
    image.resize(PICTURE_BYTES, 0xa5);
    let mut seen =
        Seen { phase: None, people: Vec::new(), names: BTreeMap::new(), report: Report::default() };
    loop {
        tokio::select! {
            _ = over.recv() => break,
            happening = participant.next() => match happening {
                Some(happening) => seen.take(happening),
                None => {
                    seen.report.ended.get_or_insert_with(|| "the call ended".to_owned());
                    seen.tell()?;
                    return Ok(());
                }
            },
            _ = sound.tick() => {
                participant.send(Source::Microphone, sounds * 960, SOUND_FRAME.to_vec()).await;
                sounds += 1;
            }
            _ = picture.tick() => {
                participant.send(Source::Camera, pictures * 9_000, image.clone()).await;
                pictures += 1;
            }
            _ = tell.tick() => {
                // The group's id is asked for less often; the epoch comes by itself.
                if told.is_multiple_of(5)
                    && let Ok(Some(stats)) = timeout(STATS_WAIT, participant.stats()).await
                {
                    seen.report.group = stats.group.map(|group| group.to_string());
                    seen.report.epoch = stats.epoch;
                    seen.report.losses = stats.losses;
                }
                told += 1;
                seen.tell()?;
            }
        }
    }
    let _ = timeout(Duration::from_secs(2), participant.leave()).await;
    Ok(())
}

impl Seen {
    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Frame(frame) => {
                if let Some(name) = self.names.get(&frame.client.to_string()) {
                    self.report.heard.entry(name.clone()).or_default().note(now_ms());
                }
            }
            Happening::Call(Event::Phase { phase }) => self.phase = Some(phase),
            Happening::Call(Event::Roster { people, safety_number, .. }) => {
                // Frames of who has just gone may still be under way.
                let names = people.iter().map(|person| (person.client.clone(), person.name.clone()));
                self.names.extend(names);
                self.report.number = safety_number;
                self.people = people;
            }
            Happening::Call(Event::Ended { text }) => self.report.ended = Some(text),
            Happening::Call(_)
            | Happening::MediaOffered { .. }
            | Happening::MediaUp
            | Happening::Unreachable(_)
            | Happening::KeyFrameWanted(_) => {}
        }
    }

    fn tell(&mut self) -> Result<(), String> {
        self.report.inside = self.phase == Some(Phase::Inside);
        self.report.leaf = self.people.iter().find(|person| person.own).map(|person| person.leaf);
        self.report.people = self.people.iter().map(|person| person.name.clone()).collect();
        self.report.people.sort();
        let line = serde_json::to_string(&self.report).map_err(|error| error.to_string())?;
        let mut out = io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
        self.report.heard.values_mut().for_each(|Heard { pauses, .. }| pauses.clear());
        Ok(())
    }
}

/// Tells when standard input has ended.
fn input_ends() -> mpsc::Receiver<()> {
    let (tell, over) = mpsc::channel(1);
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = tell.blocking_send(());
    });
    over
}
