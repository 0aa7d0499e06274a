//! What the engine tells the media threads: which room is whose.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tangelo_wire::{ClientId, MediaLine, RoomName, View};
use tokio::sync::mpsc;

use crate::{media::Command, metrics::Count};

/// The way to all media threads. A room with a media session is one thread's; the first session finds it the one with the fewest.
pub(crate) struct ToMedia {
    threads: Vec<mpsc::UnboundedSender<Command>>,
    /// How many bytes each thread has sent.
    meters: Vec<Arc<Count>>,
    watches: Watches,
    rooms: BTreeMap<RoomName, Placed>,
}

struct Placed {
    thread: usize,
    clients: BTreeSet<ClientId>,
}

/// What a client shows and whom it hears, see `ClientMessage::Watch`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) views: Option<Vec<View>>,
    pub(crate) hear: Option<Vec<ClientId>>,
}

/// The latest of what clients show and hear. They say it often; at most one command for each waits.
#[derive(Clone, Default)]
pub(crate) struct Watches(Arc<Mutex<BTreeMap<ClientId, Watched>>>);

impl Watches {
    /// Notes what a client shows and hears. Returns whether the media thread is to be told.
    fn note(&self, client: ClientId, watched: Watched) -> bool {
        self.lock().insert(client, watched).is_none()
    }

    pub(crate) fn take(&self, client: ClientId) -> Option<Watched> {
        self.lock().remove(&client)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ClientId, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells all threads of addresses under which others see this machine.
pub(crate) struct Finder(Vec<mpsc::UnboundedSender<Command>>);

impl Finder {
    pub(crate) fn found(&self, ips: &[IpAddr]) {
        for thread in &self.0 {
            let _ = thread.send(Command::Found { ips: ips.to_vec() });
        }
    }
}

impl ToMedia {
    pub(crate) fn new(
        threads: Vec<mpsc::UnboundedSender<Command>>,
        watches: Watches,
        meters: Vec<Arc<Count>>,
    ) -> Self {
        Self { threads, meters, watches, rooms: BTreeMap::new() }
    }

    /// The threads, for who asks them for reports.
    pub(crate) fn threads(&self) -> &[mpsc::UnboundedSender<Command>] {
        &self.threads
    }

    /// How many bytes of media have gone out since the start.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.meters.iter().map(|meter| meter.get()).sum()
    }

    pub(crate) fn finder(&self) -> Finder {
        Finder(self.threads.clone())
    }

    pub(crate) fn offer(
        &mut self,
        room: RoomName,
        client: ClientId,
        offer: u32,
        sdp: String,
        lines: Vec<MediaLine>,
    ) {
        let thread = self.place(&room, client);
        self.send(thread, Command::Offer { room, client, offer, sdp, lines });
    }

    /// Who has made no offer is not listened to: clients say it again after every answer.
    pub(crate) fn watch(&self, room: &RoomName, client: ClientId, watched: Watched) {
        let placed = self.rooms.get(room).filter(|placed| placed.clients.contains(&client));
        if let Some(placed) = placed
            && self.watches.note(client, watched)
        {
            self.send(placed.thread, Command::Watch { client });
        }
    }

    /// Ends the session of a client, if it made an offer.
    pub(crate) fn remove(&mut self, room: &RoomName, client: ClientId) {
        let Some(placed) = self.rooms.get_mut(room) else { return };
        if !placed.clients.remove(&client) {
            return;
        }
        let thread = placed.thread;
        if placed.clients.is_empty() {
            self.rooms.remove(room);
        }
        self.send(thread, Command::Remove { client });
    }

    fn place(&mut self, room: &RoomName, client: ClientId) -> usize {
        if let Some(placed) = self.rooms.get_mut(room) {
            placed.clients.insert(client);
            return placed.thread;
        }
        let mut clients = vec![0_usize; self.threads.len()];
        for placed in self.rooms.values() {
            if let Some(count) = clients.get_mut(placed.thread) {
                *count += placed.clients.len();
            }
        }
        let least = clients.iter().enumerate().min_by_key(|(_, count)| **count);
        let thread = least.map_or(0, |(thread, _)| thread);
        self.rooms.insert(room.clone(), Placed { thread, clients: BTreeSet::from([client]) });
        thread
    }

    fn send(&self, thread: usize, command: Command) {
        if let Some(thread) = self.threads.get(thread) {
            let _ = thread.send(command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> ClientId {
        ClientId([byte; 16])
    }

    fn room(name: &str) -> RoomName {
        name.parse().unwrap()
    }

    fn offer(media: &mut ToMedia, name: &str, client: u8) {
        media.offer(room(name), id(client), 1, String::new(), Vec::new());
    }

    #[test]
    fn a_room_stays_with_its_thread_and_new_ones_go_where_fewest_are() {
        let (senders, mut inboxes): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::unbounded_channel()).unzip();
        let mut media = ToMedia::new(senders, Watches::default(), Vec::new());
        for (name, client) in [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("b", 6)] {
            offer(&mut media, name, client);
        }
        assert_eq!(inboxes.iter().map(|inbox| inbox.len()).collect::<Vec<_>>(), [3, 3]);
        // Nobody is left of the one: the next with its name may be anybody's.
        for client in 1..=3 {
            media.remove(&room("a"), id(client));
            media.remove(&room("a"), id(client));
        }
        assert_eq!(inboxes[0].len(), 6, "each is removed once");
        offer(&mut media, "d", 7);
        assert_eq!(inboxes[0].len(), 7);
        // What is shown and heard goes where the session is, and of several at once the last counts.
        media.watch(&room("b"), id(6), Watched::default());
        media.watch(&room("b"), id(6), Watched::default());
        media.watch(&room("b"), id(7), Watched::default());
        assert_eq!(inboxes[1].len(), 4);
        let last = std::iter::from_fn(|| inboxes[1].try_recv().ok()).last();
        assert!(matches!(last, Some(Command::Watch { client }) if client == id(6)));
        assert_eq!((media.watches.take(id(6)), media.watches.take(id(6))), (Some(Watched::default()), None));
        media.finder().found(&[]);
        assert_eq!((inboxes[0].len(), inboxes[1].len()), (8, 1));
    }
}
