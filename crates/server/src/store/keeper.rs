//! The thread that writes the store, and what the engine waits for.

use std::{
    sync::{Arc, mpsc},
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
    done: oneshot::Sender<Result<(), String>>,
}

/// Sees to it that nothing is said to clients that the disk does not know. Whatever comes while it writes is written together.
pub(crate) struct Keeper {
    jobs: mpsc::Sender<Job>,
    retry: Duration,
    state: State,
    counters: Arc<Counters>,
}

enum State {
    Good,
    /// What is on the disk is outdated or nothing. To be written anew.
    Failed {
        retry_at: Instant,
        unfinished: Option<oneshot::Receiver<Result<(), String>>>,
    },
}

impl Keeper {
    /// Starts the thread, which ends with the keeper.
    pub(crate) fn start(mut store: Store, counters: Arc<Counters>) -> std::io::Result<Self> {
        let counted = Arc::clone(&counters);
        let keeper = Self::start_with(RETRY, move |changes, whole| {
            let written = if whole { store.rewrite(&changes) } else { store.apply(&changes) };
            match written {
                Ok(bytes) => {
                    counted.store_writes.add(1);
                    counted.store_bytes.add(bytes);
                    Ok(())
                }
                Err(error) => {
                    store.give_up();
                    Err(error)
                }
            }
        })?;
        Ok(Self { counters, ..keeper })
    }

    fn start_with(
        retry: Duration,
        mut write: impl FnMut(Vec<Change>, bool) -> Result<(), StoreError> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        thread::Builder::new().name("store".into()).spawn(move || {
            while let Ok(Job { changes, whole, done }) = inbox.recv() {
                // The engine may have lost patience.
                let _ = done.send(write(changes, whole).map_err(|error| error.to_string()));
            }
        })?;
        Ok(Self { jobs, retry, state: State::Good, counters: Arc::default() })
    }

    /// Returns once all that has changed is durable, or it is clear that it will not be for now.
    pub(crate) async fn save(&mut self, delivery: &mut Delivery) {
        let whole = match &mut self.state {
            State::Good => false,
            State::Failed { retry_at, .. } if *retry_at > Instant::now() => return,
            State::Failed { retry_at, unfinished } => {
                if unfinished
                    .as_mut()
                    .is_some_and(|one| one.try_recv() == Err(oneshot::error::TryRecvError::Empty))
                {
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
        let sent = self.jobs.send(Job { changes, whole, done }).is_ok();
        let why = match timeout(PATIENCE, &mut outcome).await {
            Ok(Ok(Ok(()))) => {
                if whole {
                    tracing::info!("the store is whole again: calls survive a restart");
                }
                self.state = State::Good;
                return;
            }
            Ok(Ok(Err(error))) => error,
            Ok(Err(_)) => "the thread that writes the store has ended".to_owned(),
            Err(_) => format!("the disk did not answer for {} s", PATIENCE.as_secs()),
        };
        self.counters.store_failures.add(1);
        // Said once, not at each try.
        if !whole {
            tracing::error!(
                "{why}. Calls go on, but would not survive a restart now; trying again every {} s",
                self.retry.as_secs()
            );
        }
        self.state =
            State::Failed { retry_at: Instant::now() + self.retry, unfinished: sent.then_some(outcome) };
    }
}

#[cfg(test)]
mod tests;
