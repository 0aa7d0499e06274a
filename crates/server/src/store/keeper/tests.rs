use std::sync::{Arc, Mutex};

use tangelo_delivery::{Kept, Limits};
use tangelo_wire::{Bytes, ClientMessage, Millis, PROTOCOL};

use super::*;

/// A disk that can be broken, and what is on it.
#[derive(Default)]
struct Broken {
    full: bool,
    panics: bool,
    /// A write goes on once something comes here.
    hangs: Option<mpsc::Receiver<()>>,
    kept: Kept,
    writes: usize,
    given_up: usize,
}

impl Disk for Arc<Mutex<Broken>> {
    fn write(&mut self, changes: &[Change], whole: bool) -> Result<(), StoreError> {
        let hangs = {
            let mut disk = self.lock().unwrap();
            disk.writes += 1;
            disk.hangs.take()
        };
        if let Some(goes_on) = hangs {
            goes_on.recv().unwrap();
        }
        let panics = std::mem::take(&mut self.lock().unwrap().panics);
        assert!(!panics, "a bug");
        let mut disk = self.lock().unwrap();
        if disk.full {
            return Err(StoreError::Write("/store".into(), "no space left on device".into()));
        }
        if whole {
            disk.kept = Kept::default();
        }
        changes.iter().for_each(|change| disk.kept.apply(change.clone()));
        Ok(())
    }

    fn give_up(&mut self) {
        let mut disk = self.lock().unwrap();
        disk.kept = Kept::default();
        disk.given_up += 1;
    }
}

fn keeper(retry: Duration) -> (Arc<Mutex<Broken>>, Keeper) {
    impatient(retry, PATIENCE * 30)
}

fn impatient(retry: Duration, patience: Duration) -> (Arc<Mutex<Broken>>, Keeper) {
    let disk = Arc::new(Mutex::new(Broken::default()));
    let keeper = Keeper::start_with((retry, patience), Arc::clone(&disk));
    (disk, keeper.unwrap())
}

/// Waits until something holds for the disk, or fails.
async fn until(disk: &Mutex<Broken>, holds: impl Fn(&Broken) -> bool) {
    for _ in 0..3_000 {
        if holds(&disk.lock().unwrap()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited for half a minute");
}

fn all(delivery: &mut Delivery) -> Kept {
    let mut all = Kept::default();
    delivery.take_everything().into_iter().for_each(|change| all.apply(change));
    all
}

fn arrive(delivery: &mut Delivery) {
    let now = Millis(0);
    let connection = delivery.connect(now, "a.example");
    let (room, host) = ("standup".parse().unwrap(), "a.example".into());
    delivery.handle(now, connection, ClientMessage::Hello { protocol: PROTOCOL, room, host });
    let key_package = Bytes(vec![1; 100]);
    delivery.handle(now, connection, ClientMessage::Arrive { key_package, admission: None, pass: None });
}

#[tokio::test]
async fn nothing_is_written_where_nothing_has_changed() {
    let (disk, mut keeper) = keeper(RETRY);
    let mut delivery = Delivery::new(Limits::default(), [1; 32]).keeping();
    keeper.save(&mut delivery).await;
    arrive(&mut delivery);
    arrive(&mut delivery);
    keeper.save(&mut delivery).await;
    keeper.save(&mut delivery).await;
    let disk = disk.lock().unwrap();
    assert_eq!((disk.writes, disk.kept.clients.len()), (1, 2), "all at once");
}

#[tokio::test]
async fn with_a_full_disk_calls_go_on_and_it_is_not_tried_at_every_step() {
    let (disk, mut keeper) = keeper(RETRY * 1_000);
    let mut delivery = Delivery::new(Limits::default(), [1; 32]).keeping();
    disk.lock().unwrap().full = true;
    for _ in 0..3 {
        arrive(&mut delivery);
        keeper.save(&mut delivery).await;
    }
    assert_eq!((disk.lock().unwrap().writes, delivery.population().1), (1, 3));
}

#[tokio::test]
async fn after_a_full_disk_all_of_it_is_written_anew() {
    let (disk, mut keeper) = keeper(Duration::ZERO);
    let mut delivery = Delivery::new(Limits::default(), [1; 32]).keeping();
    for full in [false, true, true, false, false] {
        disk.lock().unwrap().full = full;
        arrive(&mut delivery);
        keeper.save(&mut delivery).await;
    }
    assert_eq!(disk.lock().unwrap().kept.clients.len(), 5);
    assert_eq!(disk.lock().unwrap().kept, all(&mut delivery));
}

#[tokio::test]
async fn a_disk_that_hangs_holds_up_no_call_and_what_it_writes_too_late_does_not_stay() {
    let (disk, mut keeper) = impatient(Duration::ZERO, Duration::from_millis(20));
    let mut delivery = Delivery::new(Limits::default(), [1; 32]).keeping();
    let (go_on, hangs) = mpsc::channel();
    disk.lock().unwrap().hangs = Some(hangs);
    // A thread that is slow to begin finds that it is too late.
    while disk.lock().unwrap().writes == 0 {
        arrive(&mut delivery);
        keeper.save(&mut delivery).await;
    }
    for _ in 0..3 {
        arrive(&mut delivery);
        keeper.save(&mut delivery).await;
    }
    assert_eq!(disk.lock().unwrap().writes, 1, "the rest is not even tried");
    let before = disk.lock().unwrap().given_up;
    go_on.send(()).unwrap();
    until(&disk, |disk| disk.given_up > before).await;
    assert!(disk.lock().unwrap().kept.clients.is_empty(), "it knows nothing of the three");
    // From now on it answers, and all of it is written anew.
    keeper.patience = PATIENCE * 30;
    while !matches!(keeper.state, State::Good) {
        keeper.save(&mut delivery).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(disk.lock().unwrap().kept, all(&mut delivery));
}

#[tokio::test]
async fn a_store_that_panics_is_one_that_failed() {
    let (disk, mut keeper) = keeper(Duration::ZERO);
    let mut delivery = Delivery::new(Limits::default(), [1; 32]).keeping();
    arrive(&mut delivery);
    keeper.save(&mut delivery).await;
    disk.lock().unwrap().panics = true;
    arrive(&mut delivery);
    keeper.save(&mut delivery).await;
    {
        let disk = disk.lock().unwrap();
        assert_eq!((disk.given_up, disk.kept.clients.len()), (1, 0), "nothing outdated stays");
    }
    while !matches!(keeper.state, State::Good) {
        keeper.save(&mut delivery).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(disk.lock().unwrap().kept, all(&mut delivery));
}
