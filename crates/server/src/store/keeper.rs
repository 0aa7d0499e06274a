//! The thread that writes the store, and what the engine waits for.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak, mpsc},
    thread,
    time::Duration,
};

use tangelo_delivery::{Change, Delivery};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use super::{Store, StoreError};
use crate::metrics::Counters;

/// The engine waits so long for the disk; then calls go on without it.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause before a store that failed is written anew.
const RETRY: Duration = Duration::from_secs(5);

struct Job {
    changes: Vec<Change>,
    /// These are all there is.
    whole: bool,
    /// Closed by the engine when it waits no longer: from then on the job counts as failed, whatever becomes of it.
    done: oneshot::Sender<Result<(), String>>,
    /// Held while the thread has the job.
    held: Arc<()>,
}

/// What the thread writes to.
trait Disk: Send + 'static {
    /// Makes changes durable, all or none; `whole`: in place of all that was there.
    fn write(&mut self, changes: &[Change], whole: bool) -> Result<(), StoreError>;

    /// Forgets what is there.
    fn give_up(&mut self);
}

/// A store whose writes are counted.
struct Counted(Store, Arc<Counters>);

impl Disk for Counted {
    fn write(&mut self, changes: &[Change], whole: bool) -> Result<(), StoreError> {
        let Self(store, counters) = self;
        let bytes = if whole { store.rewrite(changes) } else { store.apply(changes) }?;
        counters.store_writes.add(1);
        counters.store_bytes.add(bytes);
        Ok(())
    }

    fn give_up(&mut self) {
        self.0.give_up();
    }
}

/// Sees to it that nothing is said to clients that the disk does not know. Whatever comes while it writes is written together.
pub(crate) struct Keeper {
    jobs: mpsc::Sender<Job>,
    retry: Duration,
    patience: Duration,
    state: State,
    counters: Arc<Counters>,
}

enum State {
    Good,
    /// What is on the disk is outdated or nothing. To be written anew.
    Failed {
        retry_at: Instant,
        /// Gone once the thread is done with what failed.
        unfinished: Weak<()>,
    },
}

impl Keeper {
    /// Starts the thread, which ends with the keeper.
    pub(crate) fn start(store: Store, counters: Arc<Counters>) -> std::io::Result<Self> {
        let keeper = Self::start_with((RETRY, PATIENCE), Counted(store, Arc::clone(&counters)))?;
        Ok(Self { counters, ..keeper })
    }

    fn start_with((retry, patience): (Duration, Duration), mut disk: impl Disk) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel();
        thread::Builder::new().name("store".into()).spawn(move || {
            inbox.into_iter().for_each(|job| carry_out(job, &mut disk));
        })?;
        Ok(Self { jobs, retry, patience, state: State::Good, counters: Arc::default() })
    }

    /// Returns once all that has changed is durable, or it is clear that it will not be for now.
    pub(crate) async fn save(&mut self, delivery: &mut Delivery) {
        let whole = match &mut self.state {
            State::Good => false,
            State::Failed { retry_at, .. } if *retry_at > Instant::now() => return,
            State::Failed { retry_at, unfinished } => {
                if unfinished.strong_count() > 0 {
                    *retry_at = Instant::now() + self.retry;
                    // What has changed until now is not waited for; it must not pile up.
                    delivery.take_everything();
                    return;
                }
                true
            }
        };
        let changes = if whole { delivery.take_everything() } else { delivery.take_changes() };
        if changes.is_empty() && !whole {
            return;
        }
        let (done, mut outcome) = oneshot::channel();
        let held = Arc::new(());
        let unfinished = Arc::downgrade(&held);
        // If the thread has ended, so has `done`.
        let _ = self.jobs.send(Job { changes, whole, done, held });
        let waited = timeout(self.patience, &mut outcome).await.or_else(|late| {
            outcome.close();
            // Here, or never: the thread sees from now on that nobody waits.
            outcome.try_recv().map(Ok).map_err(|_| late)
        });
        let why = match waited {
            Ok(Ok(Ok(()))) => {
                if whole {
                    tracing::info!("the store is whole again: calls survive a restart");
                }
                self.state = State::Good;
                return;
            }
            Ok(Ok(Err(error))) => error,
            Ok(Err(_)) => "the thread that writes the store has ended".to_owned(),
            Err(_) => format!("the disk did not answer for {} s", self.patience.as_secs()),
        };
        self.counters.store_failures.add(1);
        // Said once, not at each try.
        if !whole {
            tracing::error!(
                "{why}. Calls go on, but would not survive a restart now; trying again every {} s",
                self.retry.as_secs()
            );
        }
        self.state = State::Failed { retry_at: Instant::now() + self.retry, unfinished };
    }
}

/// Writes, unless the engine has lost patience. What it has not waited for is given up even if it was written: calls have gone on
/// without, and a state older than what clients were told is worse than none.
fn carry_out(job: Job, disk: &mut impl Disk) {
    let written = if job.done.is_closed() {
        Err("it came too late".to_owned())
    } else {
        let written = catch_unwind(AssertUnwindSafe(|| disk.write(&job.changes, job.whole)));
        written.map_or_else(
            |_| Err("the store failed in a way that it should not (see above)".to_owned()),
            |written| written.map_err(|error| error.to_string()),
        )
    };
    let is_good = written.is_ok();
    if !is_good {
        give_up(disk);
    }
    // Before the answer: who has it knows that the thread is free.
    drop(job.held);
    if job.done.send(written).is_err() && is_good {
        give_up(disk);
    }
}

/// What panics on the way has let go of the file the second time.
fn give_up(disk: &mut impl Disk) {
    let mut try_it = || catch_unwind(AssertUnwindSafe(|| disk.give_up()));
    if try_it().is_err() {
        let _ = try_it();
    }
}

#[cfg(test)]
mod tests;
