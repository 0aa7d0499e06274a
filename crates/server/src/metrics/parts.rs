//! The parts of the server that are asked for their figures.

use std::time::Duration;

use futures_util::future::join_all;
use tangelo_delivery::Stats;
use tangelo_sfu::SfuStats;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{engine::ToEngine, media::Command};

/// Time to answer: more than the engine waits for its store. What needs longer does not work.
const ANSWER_MAX: Duration = Duration::from_secs(4);

/// A media thread's figures since its start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MediaReport {
    pub(crate) sfu: SfuStats,
    /// Packets that were dropped because they had waited for too long.
    pub(crate) late: u64,
    /// Datagrams that the system did not take.
    pub(crate) unsent: u64,
    /// Datagrams that were handed to other threads, whose they are.
    pub(crate) handed: u64,
}

/// One that is asked. Never twice at the same time: one that is stuck shall not find a heap of questions.
struct Part<T> {
    waiting: Option<oneshot::Receiver<T>>,
}

impl<T> Part<T> {
    const fn new() -> Self {
        Self { waiting: None }
    }

    async fn answer(&mut self, ask: impl AsyncFnOnce(oneshot::Sender<T>)) -> Option<T> {
        // An answer that came after its time, or never will.
        let is_under_way = |waiting: &mut oneshot::Receiver<T>| {
            matches!(waiting.try_recv(), Err(oneshot::error::TryRecvError::Empty))
        };
        self.waiting = self.waiting.take_if(is_under_way);
        let asked = timeout(ANSWER_MAX, async {
            if let Some(waiting) = &mut self.waiting {
                return waiting.await;
            }
            let (reply, answer) = oneshot::channel();
            let waiting = self.waiting.insert(answer);
            ask(reply).await;
            waiting.await
        });
        let answer = asked.await.ok()?;
        self.waiting = None;
        answer.ok()
    }
}

/// All of them. Their senders are weak: the parts end when those of others are gone.
pub(crate) struct Parts {
    engine: (mpsc::WeakSender<ToEngine>, Part<Stats>),
    media: Vec<(mpsc::WeakUnboundedSender<Command>, Part<MediaReport>)>,
}

/// What they said; `None` where one did not answer.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) engine: Option<Stats>,
    pub(crate) media: Vec<Option<MediaReport>>,
    /// Messages that wait for the engine.
    pub(crate) engine_waiting: usize,
}

impl Parts {
    pub(crate) fn new(engine: &mpsc::Sender<ToEngine>, media: &[mpsc::UnboundedSender<Command>]) -> Self {
        Self {
            engine: (engine.downgrade(), Part::new()),
            media: media.iter().map(|thread| (thread.downgrade(), Part::new())).collect(),
        }
    }

    /// Asks all of them at once.
    pub(crate) async fn ask(&mut self) -> Answers {
        let (engine, part) = &mut self.engine;
        let engine = engine.upgrade();
        let engine_waiting = engine.as_ref().map_or(0, |engine| engine.max_capacity() - engine.capacity());
        let asked = part.answer(async move |reply| {
            if let Some(engine) = engine {
                let _ = engine.send(ToEngine::Report(reply)).await;
            }
        });
        let threads = self.media.iter_mut().map(|(thread, part)| {
            let thread = thread.upgrade();
            part.answer(async move |reply| {
                if let Some(thread) = thread {
                    let _ = thread.send(Command::Report(reply));
                }
            })
        });
        let (engine, media) = tokio::join!(asked, join_all(threads));
        Answers { engine, media, engine_waiting }
    }
}

impl Answers {
    /// Who did not answer.
    pub(crate) fn silent(&self) -> Vec<String> {
        let engine = self.engine.is_none().then(|| "engine".to_owned());
        let threads = self.media.iter().enumerate().filter(|(_, answer)| answer.is_none());
        engine.into_iter().chain(threads.map(|(number, _)| format!("media-{number}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_named_and_asked_once() {
        let (engine, mut messages) = mpsc::channel(8);
        let (thread, mut commands) = mpsc::unbounded_channel();
        let mut parts = Parts::new(&engine, std::slice::from_ref(&thread));
        for _ in 0..3 {
            assert_eq!(parts.ask().await.silent(), ["engine", "media-0"]);
        }
        assert_eq!((messages.len(), commands.len()), (1, 1), "both are stuck, and have one question each");
        // They go on: what they say to the question of before is old.
        let Some(ToEngine::Report(reply)) = messages.recv().await else { panic!() };
        reply.send(Stats { clients: 1, ..Stats::default() }).unwrap();
        let Some(Command::Report(reply)) = commands.recv().await else { panic!() };
        reply.send(MediaReport::default()).unwrap();
        let answering = async {
            let Some(ToEngine::Report(reply)) = messages.recv().await else { panic!() };
            reply.send(Stats { clients: 2, ..Stats::default() }).unwrap();
            let Some(Command::Report(reply)) = commands.recv().await else { panic!() };
            reply.send(MediaReport { late: 3, ..MediaReport::default() }).unwrap();
        };
        let (answers, ()) = tokio::join!(parts.ask(), answering);
        assert!(answers.silent().is_empty());
        assert_eq!((answers.engine.unwrap().clients, answers.media[0].unwrap().late), (2, 3));
        // Nobody but their own kind keeps them alive.
        drop((engine, thread));
        assert!(messages.recv().await.is_none() && commands.recv().await.is_none());
        assert_eq!(parts.ask().await.silent(), ["engine", "media-0"]);
    }
}
