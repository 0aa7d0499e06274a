//! A crowd of real members in somebody's call: each sends a recorded camera and now and then a recorded voice.
//!
//! For `cargo xtask bench web`, which measures a page that shows them all.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tangelo_client::{Happening, JoinOptions, Participant};
use tangelo_wire::Source;
use tokio::{sync::watch, time::MissedTickBehavior};

use crate::{Failure, Result, at};

/// Between two newcomers, so that the call need not add them all at once.
const BETWEEN: Duration = Duration::from_millis(100);
/// One packet of sound.
const PACKET: Duration = Duration::from_millis(20);
/// So long one of the crowd talks, then the next; two in three of the time somebody does.
const TURN: Duration = Duration::from_secs(4);

/// What everyone sends, as encoders made it.
#[derive(Debug)]
pub struct Recording {
    /// VP8 frames, the first a key frame; they are sent over and over.
    pub pictures: Vec<Vec<u8>>,
    /// How many of them a second.
    pub rate: u32,
    /// Opus packets of 20 ms.
    pub sounds: Vec<Vec<u8>>,
}

impl Recording {
    /// Reads two IVF files: VP8, and Opus with a frame for each packet.
    ///
    /// # Errors
    /// If a file cannot be read or is none.
    pub fn read(pictures: &str, sounds: &str) -> Result<Self> {
        let (rate, pictures) = read_ivf(pictures)?;
        let (_, sounds) = read_ivf(sounds)?;
        Ok(Self { pictures, rate, sounds })
    }
}

/// Frames per second and frames of an IVF file: 32 bytes of header, before each frame its length and 8 bytes of time,
/// little-endian.
fn read_ivf(path: &str) -> Result<(u32, Vec<Vec<u8>>)> {
    let odd = || Failure(format!("{path} is no IVF file with frames"));
    let bytes = std::fs::read(path).map_err(at("reading a recording"))?;
    let word = |bytes: &[u8], at: usize| {
        bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|word| u32::from_le_bytes(*word))
    };
    if !bytes.starts_with(b"DKIF") {
        return Err(odd());
    }
    let (rate, scale) = (word(&bytes, 16).ok_or_else(odd)?, word(&bytes, 20).ok_or_else(odd)?);
    let mut rest = bytes.get(32..).ok_or_else(odd)?;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let end = 12 + word(rest, 0).ok_or_else(odd)? as usize;
        frames.push(rest.get(12..end).ok_or_else(odd)?.to_vec());
        rest = rest.get(end..).ok_or_else(odd)?;
    }
    let rate = rate.checked_div(scale).filter(|rate| *rate > 0).ok_or_else(odd)?;
    if frames.is_empty() { Err(odd()) } else { Ok((rate, frames)) }
}

/// Lets `count` people join the call at `url` and send until `stop` ends.
///
/// # Errors
/// If somebody does not get in, or is thrown out before the end.
pub fn run(url: &str, count: u8, recording: Recording, stop: impl Future<Output = ()>) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().map_err(at("starting threads"))?;
    runtime.block_on(async {
        let recording = Arc::new(recording);
        let start = Instant::now();
        let (over, is_over) = watch::channel(());
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..count {
            let options = JoinOptions {
                url: url.to_owned(),
                name: format!("Person {}", number + 1),
                identity: [number + 1; 32],
                ca: None,
                via: None,
            };
            let participant = Participant::join(options).await.map_err(at("joining"))?;
            let turn = Turn { number: u32::from(number), of: u32::from(count), start };
            tasks.spawn(live(participant, Arc::clone(&recording), turn, is_over.clone()));
            tokio::time::sleep(BETWEEN).await;
        }
        drop(is_over);
        tokio::select! {
            () = stop => {}
            Some(ended) = tasks.join_next() => {
                ended.map_err(at("taking part"))??;
                return Err(Failure("somebody left before the end".to_owned()));
            }
        }
        drop(over);
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(at("taking part"))??;
        }
        Ok(())
    })
}

/// Whose turn to talk it is.
struct Turn {
    number: u32,
    of: u32,
    start: Instant,
}

impl Turn {
    fn is_mine(&self) -> bool {
        let turns = self.start.elapsed().as_secs() / TURN.as_secs();
        // Every third turn is nobody's.
        turns % 3 != 2 && turns % u64::from(self.of) == u64::from(self.number)
    }
}

/// One person's life in the call: sends, takes what comes, begins the pictures anew when somebody wants a key frame.
async fn live(
    mut participant: Participant,
    recording: Arc<Recording>,
    turn: Turn,
    mut is_over: watch::Receiver<()>,
) -> Result<()> {
    participant.publish(Source::Camera).await;
    participant.publish(Source::Microphone).await;
    // The page that is measured shows everybody; what the crowd would see costs the machine more than all that the page does.
    participant.watch(Vec::new()).await;
    let mut picture = tokio::time::interval(Duration::from_secs(1) / recording.rate);
    let mut sound = tokio::time::interval(PACKET);
    for ticks in [&mut picture, &mut sound] {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    }
    let (mut pictures, mut sounds, mut at) = (0_u64, 0_u64, 0_usize);
    loop {
        tokio::select! {
            // Whoever ran the crowd lets go of it.
            _ = is_over.changed() => break,
            _ = picture.tick() => {
                let frame = recording.pictures.get(at).cloned().unwrap_or_default();
                at = (at + 1) % recording.pictures.len();
                let timestamp = pictures * 90_000 / u64::from(recording.rate);
                pictures += 1;
                participant.send(Source::Camera, timestamp, frame).await;
            }
            _ = sound.tick() => {
                let said = usize::try_from(sounds).unwrap_or(0) % recording.sounds.len();
                // The others are muted, as people in so large a call are: 24 open microphones would take the machine more time
                // than the page, and a machine that has none left for the page measures nothing.
                if let Some(frame) = recording.sounds.get(said).filter(|_| turn.is_mine()) {
                    participant.send(Source::Microphone, sounds * 960, frame.clone()).await;
                }
                sounds += 1;
            }
            happening = participant.next() => match happening {
                None => return Err(Failure("a call of the crowd ended".to_owned())),
                Some(Happening::KeyFrameWanted(Source::Camera)) => at = 0,
                Some(_) => {}
            },
        }
    }
    participant.leave().await;
    Ok(())
}
