//! The tracks of a room. Nothing leads from one room to another.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use tangelo_wire::{ClientId, Source};

use crate::track::{Sent, Track, TrackId};

/// The tracks of a room that somebody sends or waits for.
#[derive(Debug, Default)]
pub(crate) struct Room {
    tracks: BTreeMap<TrackId, Track>,
    /// When its members' choices are looked at next.
    pub(crate) review: Option<Instant>,
    /// When they were looked at last.
    pub(crate) reviewed: Option<Instant>,
    /// Who had lines for pictures then.
    pub(crate) receivers: BTreeSet<ClientId>,
}

impl Room {
    pub(crate) fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    pub(crate) fn tracks(&mut self) -> impl Iterator<Item = (TrackId, &mut Track)> {
        self.tracks.iter_mut().map(|(id, track)| (*id, track))
    }

    pub(crate) fn track_mut(&mut self, id: TrackId) -> Option<&mut Track> {
        self.tracks.get_mut(&id)
    }

    /// `client` sends exactly `sent` from now on.
    pub(crate) fn publish(&mut self, client: ClientId, sent: &BTreeMap<Source, Sent>) {
        let own = (client, Source::Microphone)..=(client, Source::ScreenAudio);
        for ((_, source), track) in self.tracks.range_mut(own) {
            track.send(sent.get(source).cloned());
        }
        for (source, sent) in sent {
            self.tracks.entry((client, *source)).or_default().send(Some(sent.clone()));
        }
        self.tracks.retain(|_, track| !track.is_unused());
    }

    /// `client` receives the track from now on. Returns whether it did not before.
    pub(crate) fn subscribe(&mut self, client: ClientId, id: TrackId) -> bool {
        self.tracks.entry(id).or_default().receivers.insert(client)
    }

    /// `client` no longer receives the track.
    pub(crate) fn unsubscribe(&mut self, client: ClientId, id: TrackId) {
        if let Some(track) = self.tracks.get_mut(&id) {
            track.receivers.remove(&client);
            if track.is_unused() {
                self.tracks.remove(&id);
            }
        }
    }
}
