//! Calls through a real server over real sockets: what a join, a leave and a rekey do to sound, and how long 50
//! arrivals take when all of them compute on this one machine.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tangelo_call::{Event, Person, Phase, link::Link};
use tangelo_client::{Frame, Happening, JoinOptions, Participant};
use tangelo_server::{Config, Server, TcpPort};
use tangelo_wire::Source;
use tokio::sync::{mpsc, oneshot};

use crate::{Effort, Failure, Figure, Result, Samples, Section, at, figure::count};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);
/// One packet of sound.
const PACKET: Duration = Duration::from_millis(20);
/// How long a newcomer's first rekey may take: 5 s in a small group, and some.
const REKEY_WAIT: Duration = Duration::from_secs(15);
/// The sender of sound uses a new key so long after somebody was added, and some.
const SWITCH: Duration = Duration::from_millis(300);

/// All figures of calls.
///
/// # Errors
/// If the server does not start, or somebody does not get in.
pub fn figures(effort: Effort) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Runtime::new().map_err(at("starting threads"))?;
    runtime.block_on(async {
        let mut figures = sound(effort).await?;
        figures.extend(crowd(effort.pick(10, 50)).await?);
        Ok(figures)
    })
}

struct Place {
    url: String,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Place {
    async fn open() -> Result<Self> {
        let config = Config {
            media_port: Some(0),
            media_tcp_port: TcpPort::Off,
            ..Config::new(([127, 0, 0, 1], 0).into())
        };
        let server = Server::bind(config).await.map_err(at("starting the server"))?;
        let link = Link::new_room().map_err(at("making a room"))?;
        let url = format!("http://{}{}", server.local_addr(), link.path());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let _ = server.run(async { drop(stopped.await) }).await;
        });
        Ok(Self { url, stop, task })
    }

    async fn close(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// A participant in a task of its own: others tell it what to do, and it tells what it sees.
struct Guest {
    wishes: mpsc::UnboundedSender<Wish>,
    seen: tokio::sync::watch::Receiver<Seen>,
    task: tokio::task::JoinHandle<Vec<(u32, Instant)>>,
}

enum Wish {
    Publish,
    Speak(u32),
    Leave,
}

/// What a participant knows.
#[derive(Clone, Debug, Default)]
struct Seen {
    inside: bool,
    people: Vec<Person>,
    tracks: usize,
    media_up: bool,
    epoch: u64,
    heard: u32,
    ended: Option<String>,
}

impl Guest {
    async fn join(place: &Place, person: u8) -> Result<Self> {
        let options = JoinOptions {
            url: place.url.clone(),
            name: format!("Person {person}"),
            identity: [person; 32],
            ca: None,
            via: None,
        };
        let participant = Participant::join(options).await.map_err(at("joining"))?;
        let (wishes, wished) = mpsc::unbounded_channel();
        let (tell, seen) = tokio::sync::watch::channel(Seen::default());
        let task = tokio::spawn(live(participant, wished, tell));
        Ok(Self { wishes, seen, task })
    }

    fn wish(&self, wish: Wish) {
        // Who has left wishes nothing more.
        let _ = self.wishes.send(wish);
    }

    async fn until(&mut self, what: &str, done: impl FnMut(&Seen) -> bool) -> Result<Seen> {
        match tokio::time::timeout(DEADLINE, self.seen.wait_for(done)).await {
            Ok(Ok(seen)) => Ok(seen.clone()),
            Ok(Err(_)) => Err(Failure(format!("{what}: the call ended"))),
            Err(_) => Err(Failure(format!("{what}: not within {} s", DEADLINE.as_secs()))),
        }
    }

    async fn with_people(&mut self, number: usize) -> Result<Seen> {
        let what = format!("{number} people");
        self.until(&what, |seen| seen.inside && seen.people.len() == number).await
    }

    /// Leaves; returns which packets of sound it heard, and when.
    async fn leave(self) -> Result<Vec<(u32, Instant)>> {
        self.wish(Wish::Leave);
        self.task.await.map_err(at("leaving"))
    }
}

/// A participant's life: takes wishes and happenings as they come.
async fn live(
    mut participant: Participant,
    mut wished: mpsc::UnboundedReceiver<Wish>,
    tell: tokio::sync::watch::Sender<Seen>,
) -> Vec<(u32, Instant)> {
    let mut heard = Vec::new();
    loop {
        tokio::select! {
            wish = wished.recv() => match wish {
                Some(Wish::Publish) => participant.publish(Source::Microphone).await,
                Some(Wish::Speak(number)) => {
                    let mut frame = number.to_be_bytes().to_vec();
                    frame.resize(80, 0x5a);
                    participant.send(Source::Microphone, u64::from(number) * 960, frame).await;
                }
                Some(Wish::Leave) | None => break,
            },
            happening = participant.next() => match happening {
                None => break,
                Some(Happening::Frame(Frame { contents, .. })) => {
                    if let Some(number) = contents.first_chunk().map(|first| u32::from_be_bytes(*first)) {
                        heard.push((number, Instant::now()));
                        tell.send_modify(|seen| seen.heard = seen.heard.max(number + 1));
                    }
                }
                Some(other) => tell.send_modify(|seen| seen.take(other)),
            },
        }
    }
    participant.leave().await;
    heard
}

impl Seen {
    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Call(Event::Phase { phase }) => self.inside = phase == Phase::Inside,
            Happening::Call(Event::Roster { people, epoch, .. }) => {
                self.people = people;
                self.epoch = epoch;
            }
            Happening::Call(Event::Tracks { tracks }) => self.tracks = tracks.len(),
            Happening::Call(Event::Ended { text }) => self.ended = Some(text),
            Happening::MediaUp => self.media_up = true,
            _ => {}
        }
    }
}

/// Which packets were sent in a stretch of the call.
struct Stretch {
    name: &'static str,
    first: u32,
    end: u32,
}

/// One speaks to another without a pause while a third joins and leaves, and while members rekey.
async fn sound(effort: Effort) -> Result<Vec<Figure>> {
    let place = Place::open().await?;
    let mut one = Guest::join(&place, 1).await?;
    one.with_people(1).await?;
    let mut two = Guest::join(&place, 2).await?;
    two.with_people(2).await?;
    one.with_people(2).await?;
    one.wish(Wish::Publish);
    one.until("media of the speaker", |seen| seen.media_up).await?;
    two.until("the speaker's track", |seen| seen.tracks == 1 && seen.media_up).await?;

    let (said, sent) = tokio::sync::watch::channel(0_u32);
    let wishes = one.wishes.clone();
    let speaker = tokio::spawn(async move {
        let mut tick = tokio::time::interval(PACKET);
        for number in 0_u32.. {
            tick.tick().await;
            if wishes.send(Wish::Speak(number)).is_err() || said.send(number + 1).is_err() {
                return;
            }
        }
    });
    two.until("sound", |seen| seen.heard > 50).await?;

    let calm = Duration::from_secs(effort.pick(1, 3));
    let mut stretches = Vec::new();
    let mut begin = |name: &'static str| {
        let first = *sent.borrow();
        if let Some(last) = stretches.last_mut() {
            let last: &mut Stretch = last;
            last.end = first;
        }
        stretches.push(Stretch { name, first, end: first });
    };
    begin("nothing changes");
    tokio::time::sleep(calm).await;
    begin("a third joins");
    let mut three = Guest::join(&place, 3).await?;
    three.with_people(3).await?;
    one.with_people(3).await?;
    let joined = two.with_people(3).await?;
    tokio::time::sleep(SWITCH).await;
    // Who has come in rekeys soon; the others may, too.
    begin("members rekey");
    let rekey = two.seen.wait_for(|seen| seen.epoch > joined.epoch);
    let rekeyed = tokio::time::timeout(REKEY_WAIT, rekey).await.is_ok();
    tokio::time::sleep(calm).await;
    begin("the third leaves");
    let _ = three.leave().await?;
    one.with_people(2).await?;
    two.with_people(2).await?;
    tokio::time::sleep(calm).await;
    begin("the end");
    let last = *sent.borrow();
    two.until("the last of the sound", |seen| seen.heard >= last).await?;

    speaker.abort();
    let heard = two.leave().await?;
    let _ = one.leave().await?;
    place.close().await;
    Ok(stretches
        .iter()
        .filter(|stretch| stretch.end > stretch.first)
        .filter(|stretch| rekeyed || stretch.name != "members rekey")
        .flat_map(|stretch| judge(stretch, &heard))
        .collect())
}

/// How many packets of a stretch were never heard, and the longest time without one.
fn judge(stretch: &Stretch, heard: &[(u32, Instant)]) -> [Figure; 3] {
    let numbers = stretch.first..stretch.end;
    let in_stretch: BTreeMap<u32, Instant> =
        heard.iter().filter(|(number, _)| numbers.contains(number)).copied().collect();
    let arrivals: Vec<Instant> =
        heard.iter().filter(|(number, _)| numbers.contains(number)).map(|(_, at)| *at).collect();
    let gaps = arrivals.windows(2).filter_map(|pair| match pair {
        [earlier, later] => Some(later.duration_since(*earlier)),
        _ => None,
    });
    let longest = gaps.max().unwrap_or_default();
    let sent = numbers.len();
    let figure = |what: &str, value, unit| {
        Figure::new(Section::Calls, format!("{}: {what}", stretch.name), value, unit)
    };
    [
        figure("packets of sound", count(sent), "frames"),
        figure("frames lost", count(sent.saturating_sub(in_stretch.len())), "frames"),
        figure("longest gap", longest.as_secs_f64() * 1e3, "ms"),
    ]
}

/// Many join a call of one at the same moment, over WebSockets.
async fn crowd(size: u8) -> Result<Vec<Figure>> {
    let place = Place::open().await?;
    let mut host = Guest::join(&place, 0).await?;
    host.with_people(1).await?;
    let everyone = usize::from(size) + 1;
    let start = Instant::now();
    let mut tasks = Vec::new();
    for person in 1..=size {
        let mut guest = Guest::join(&place, person).await?;
        tasks.push(tokio::spawn(async move {
            guest.until("to be inside", |seen| seen.inside).await?;
            let inside = start.elapsed();
            guest.with_people(everyone).await?;
            Ok::<_, Failure>((inside, start.elapsed(), guest))
        }));
    }
    let (mut waits, mut all, mut guests) = (Samples::default(), Duration::ZERO, Vec::new());
    for task in tasks {
        let (inside, complete, guest) = task.await.map_err(at("joining"))??;
        waits.push(inside.as_secs_f64() * 1e3);
        all = all.max(complete);
        guests.push(guest);
    }
    for guest in guests {
        let _ = guest.leave().await?;
    }
    let _ = host.leave().await?;
    place.close().await;
    let what = format!("{size} join a call of one at the same moment, all on this machine");
    let figure = |name: &str, value| Figure::new(Section::Calls, format!("{what}: {name}"), value, "ms");
    Ok(vec![
        figure("from click to inside, p50", waits.median()),
        figure("from click to inside, p95", waits.quantile(0.95)),
        figure("until everyone sees everyone", all.as_secs_f64() * 1e3),
    ])
}
