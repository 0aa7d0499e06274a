use std::sync::{Arc, Mutex};

use tangelo_delivery::{Kept, Limits};
use tangelo_wire::{Bytes, ClientMessage, Millis, PROTOCOL};

use super::*;

/// A disk that can be broken, and what is on it.
#[derive(Default)]
struct Disk {
    full: bool,
    kept: Kept,
    writes: usize,
}

fn keeper(retry: Duration) -> (Arc<Mutex<Disk>>, Keeper) {
    let disk = Arc::new(Mutex::new(Disk::default()));
    let there = Arc::clone(&disk);
    let keeper = Keeper::start_with(retry, move |changes, whole| {
        let mut disk = there.lock().unwrap();
        disk.writes += 1;
        if disk.full {
            disk.kept = Kept::default();
            return Err(StoreError::Write("/store".into(), "no space left on device".into()));
        }
        if whole {
            disk.kept = Kept::default();
        }
        changes.into_iter().for_each(|change| disk.kept.apply(change));
        Ok(())
    });
    (disk, keeper.unwrap())
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
    let mut all = Kept::default();
    delivery.take_everything().into_iter().for_each(|change| all.apply(change));
    assert_eq!(disk.lock().unwrap().kept, all);
}
