//! The call as it goes: what happens, what is typed, what is due.

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

use tangelo_call::{Event, MemberState, Phase};
use tangelo_client::{ConnectError, Frame, Happening, JoinError, Participant, Recorder, Taken};
use tangelo_wire::{ClientId, Source};
use tokio::time::{sleep_until, timeout};

use super::{
    input::{self, Input},
    orders::{Order, ends_call},
    playing::Playing,
    screen::{Screen, clean, records},
};

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(3);
/// Another member is asked for a key frame at most so often.
const ASK_AGAIN: Duration = Duration::from_secs(1);

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

pub(super) struct Call {
    participant: Participant,
    screen: Screen,
    files: Vec<Playing>,
    recorder: Option<Recorder>,
    /// Whether a host muted the microphone, and nobody took that back.
    muted: bool,
    /// When the recording began.
    began: Option<Instant>,
    asked: BTreeMap<(ClientId, Source), Instant>,
    phase: Phase,
    /// The call ended by itself: what happened.
    ended: Option<String>,
    /// This host wanted that.
    ends: bool,
}

/// What the loop goes on with.
enum Next {
    Happening(Option<Happening>),
    Input(Option<Input>),
    Due,
    Stop,
}

impl Call {
    pub(super) fn new(
        participant: Participant,
        screen: Screen,
        files: Vec<Playing>,
        recorder: Option<Recorder>,
    ) -> Self {
        Self {
            participant,
            screen,
            files,
            recorder,
            muted: false,
            began: None,
            asked: BTreeMap::new(),
            phase: Phase::Connecting,
            ended: None,
            ends: false,
        }
    }

    /// Is in the call until somebody or something ends that; then leaves properly.
    pub(super) async fn attend(
        mut self,
        stop: impl Future<Output = ()>,
        duration: Option<Duration>,
    ) -> Outcome {
        let outcome = self.run(stop, duration).await;
        let closed = self.recorder.as_mut().map_or(Ok(()), Recorder::finish);
        // Without a word the others would see this client for a while longer.
        let _ = timeout(GOODBYE, self.participant.leave()).await;
        outcome.and(closed.map_err(unwritten))
    }

    async fn run(&mut self, stop: impl Future<Output = ()>, duration: Option<Duration>) -> Outcome {
        self.show().await;
        for file in &self.files {
            self.participant.publish(file.source()).await;
        }
        let mut input = input::read();
        let mut reads = true;
        let end = duration.and_then(|duration| Instant::now().checked_add(duration));
        let stop = async {
            tokio::select! {
                () = stop => {}
                () = wait(end) => {}
            }
        };
        tokio::pin!(stop);
        loop {
            let due = self.files.iter().filter_map(Playing::due).min();
            let inside = self.phase == Phase::Inside;
            let next = tokio::select! {
                () = &mut stop => Next::Stop,
                happening = self.participant.next() => Next::Happening(happening),
                // Words wait until there is somebody to say them to.
                input = input.recv(), if reads && inside => Next::Input(input),
                () = wait(due) => Next::Due,
            };
            match next {
                Next::Stop | Next::Input(Some(Input::Leave)) => return Ok(()),
                Next::Happening(None) => {
                    let text = self.ended.take().unwrap_or_else(|| "the call ended".to_owned());
                    if self.ends {
                        return Ok(self.screen.print(&format!("* {}", clean(&text)))?);
                    }
                    return Err(clean(&text).into());
                }
                Next::Happening(Some(happening)) => self.take(happening).await?,
                Next::Input(Some(Input::Say(text))) => self.participant.chat(text).await,
                Next::Input(Some(Input::Order(order))) => self.order(order).await?,
                Next::Input(Some(Input::Unmute)) => self.mute(false).await,
                Next::Input(None) => reads = false,
                Next::Due => {}
            }
            self.send().await?;
        }
    }

    /// Shows the others what there is of this participant.
    async fn show(&self) {
        let sends = |source| self.files.iter().any(|file| file.source() == source);
        let state = MemberState {
            hand_raised: false,
            microphone: sends(Source::Microphone) && !self.muted,
            camera: sends(Source::Camera),
            recording: self.recorder.is_some(),
        };
        self.participant.show(state).await;
    }

    async fn mute(&mut self, muted: bool) {
        if self.muted != muted {
            self.muted = muted;
            self.show().await;
        }
    }

    async fn order(&mut self, order: Order) -> Outcome {
        match order.mean(self.screen.people(), self.screen.room()) {
            Ok(order) => {
                self.ends |= ends_call(&order, self.screen.room());
                self.participant.order(order).await;
            }
            Err(text) => self.screen.print(&format!("* Not done: {}.", clean(&text)))?,
        }
        Ok(())
    }

    async fn take(&mut self, happening: Happening) -> Outcome {
        match happening {
            Happening::Call(event) => self.event(event).await?,
            Happening::Frame(frame) => self.record(&frame).await?,
            Happening::MediaUp => {
                let now = Instant::now();
                self.files.iter_mut().for_each(|file| file.start(now));
            }
            Happening::KeyFrameWanted(source) => {
                for file in self.files.iter_mut().filter(|file| file.source() == source) {
                    file.key_frame_wanted()?;
                }
            }
            // Whoever was in the call once waits for the server to come back.
            Happening::Unreachable(error) if self.phase == Phase::Connecting => {
                return Err(hint(error).into());
            }
            Happening::Unreachable(_) | Happening::MediaOffered { .. } => {}
        }
        Ok(())
    }

    async fn event(&mut self, event: Event) -> Outcome {
        self.screen.show(&event)?;
        match event {
            Event::Phase { phase } => self.phase = phase,
            Event::Ended { text } => self.ended = Some(text),
            Event::MuteAsked { .. } => self.mute(true).await,
            Event::Roster { people, .. } => {
                if let Some(recorder) = &mut self.recorder {
                    let there =
                        |client: ClientId| people.iter().any(|person| person.client == client.to_string());
                    recorder.keep(there).map_err(unwritten)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn record(&mut self, frame: &Frame) -> Outcome {
        let Some(recorder) = &mut self.recorder else { return Ok(()) };
        // Nothing is kept before everyone in the call could know of it.
        if !self.screen.people().iter().any(|person| person.own && records(person)) {
            return Ok(());
        }
        let client = frame.client.to_string();
        let person = self.screen.people().iter().find(|person| person.client == client);
        let name = person.map_or("", |person| person.name.as_str());
        let now = Instant::now();
        let at = now.duration_since(*self.began.get_or_insert(now));
        match recorder.take(frame, name, at).map_err(unwritten)? {
            Taken::Begun(path) => self.screen.print(&format!("* Recording {}", path.display()))?,
            Taken::NeedsKeyFrame => {
                let asked = self.asked.get(&(frame.client, frame.source));
                if asked.is_none_or(|asked| now.duration_since(*asked) >= ASK_AGAIN) {
                    self.asked.retain(|_, asked| now.duration_since(*asked) < ASK_AGAIN);
                    self.asked.insert((frame.client, frame.source), now);
                    self.participant.ask_key_frame(frame.client, frame.source).await;
                }
            }
            Taken::Written | Taken::Skipped => {}
        }
        Ok(())
    }

    /// Sends what is due.
    async fn send(&mut self) -> Outcome {
        let now = Instant::now();
        for file in &mut self.files {
            while let Some((timestamp, frame)) = file.take(now)? {
                // The file goes on meanwhile.
                if self.muted && file.source() == Source::Microphone {
                    continue;
                }
                self.participant.send(file.source(), timestamp, frame).await;
            }
        }
        Ok(())
    }
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}

fn unwritten(error: std::io::Error) -> Box<dyn Error> {
    format!("the recording cannot be written: {error}").into()
}

/// Why a call cannot be joined, with what can be done here.
pub(crate) fn explain(error: JoinError) -> Box<dyn Error> {
    match error {
        JoinError::Connect(error) => hint(error).into(),
        other => other.into(),
    }
}

fn hint(error: ConnectError) -> String {
    match error {
        ConnectError::Untrusted(..) => {
            format!("{error}: if you know that it is the server's, give it with --ca FILE")
        }
        other => other.to_string(),
    }
}
