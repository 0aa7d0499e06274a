//! From time to time, and whenever something changes: which layer goes to whom, and what senders need not send.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use tangelo_wire::{ClientId, MediaKind, Picture as WirePicture, RoomName};

use crate::{
    Output, Sfu,
    budget::{Picture, plan},
    track::TrackId,
};

/// How long a room goes without a look: layers fall silent, key frames do not come.
const REVIEW_EVERY: Duration = Duration::from_millis(500);
/// The least time between two looks: one costs as many steps as all receivers together have pictures, and when somebody comes into a
/// large room, everybody's pictures change.
const REVIEW_SPACING: Duration = Duration::from_millis(150);
/// A layer that nobody is to get any more goes on for so long: people change their minds, and a pause costs a key frame.
const LINGER: Duration = Duration::from_secs(2);

impl Sfu {
    /// Has a room looked at, at the latest then, or as soon after as it is the turn of it.
    pub(crate) fn review_at(&mut self, name: &RoomName, at: Instant) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let at = room.reviewed.map_or(at, |reviewed| at.max(reviewed + REVIEW_SPACING));
        if room.review.is_some_and(|due| due <= at) {
            return;
        }
        if let Some(later) = room.review.replace(at) {
            self.reviews.remove(&(later, name.clone()));
        }
        self.reviews.insert((at, name.clone()));
    }

    /// Has the room of a client looked at as soon as it may be.
    pub(crate) fn review_room_of(&mut self, client: ClientId) {
        if let Some(participant) = self.participants.get(&client) {
            let room = participant.room.clone();
            self.review_at(&room, self.now);
        }
    }

    /// Looks at every room whose time has come. The caller drains the sessions afterwards.
    pub(crate) fn review_due(&mut self) {
        while self.reviews.first().is_some_and(|(at, _)| *at <= self.now) {
            let Some((_, name)) = self.reviews.pop_first() else { return };
            if let Some(room) = self.rooms.get_mut(&name) {
                (room.review, room.reviewed) = (None, Some(self.now));
            }
            self.review(&name);
        }
    }

    fn review(&mut self, name: &RoomName) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let now = self.now;
        let mut pictures = BTreeMap::new();
        let mut sounds = BTreeMap::new();
        let mut receivers = BTreeSet::new();
        for (id, track) in room.tracks() {
            if id.1.kind() == MediaKind::Video {
                pictures.insert(id, (track.infos(now), track.has_layers()));
                receivers.extend(track.receivers.iter().copied());
            } else {
                sounds.insert(id, track.layers.values().filter_map(|layer| layer.bps(now)).sum::<u64>());
            }
        }
        let former = std::mem::replace(&mut room.receivers, receivers.clone());
        for client in former.difference(&receivers).copied() {
            let Some(receiver) = self.participants.get_mut(&client) else { continue };
            receiver.has_pictures(false);
            if let Some(pictures) = receiver.newly_paused(Vec::new()) {
                self.outputs.push_back((client, Output::Paused { client, pictures }));
            }
            self.queue(client);
        }
        if pictures.is_empty() {
            return;
        }
        let mut targets: BTreeMap<TrackId, BTreeSet<u8>> = BTreeMap::new();
        let mut waiting = Vec::new();
        for client in receivers {
            let Some(receiver) = self.participants.get_mut(&client) else { continue };
            let heard = receiver.received().filter(|id| receiver.hears(*id));
            let sound_bps = heard.filter_map(|id| sounds.get(&id)).sum();
            let (mut lines, mut shown) = (Vec::new(), Vec::new());
            for id in receiver.received() {
                // A line whose picture is not sent yet begins by itself when it is.
                let Some((layers, has_layers)) = pictures.get(&id).filter(|(layers, _)| !layers.is_empty())
                else {
                    continue;
                };
                let current = receiver.forwarded(id);
                let view = receiver.view_of(id);
                lines.push((id, *has_layers));
                shown.push(Picture { source: id.1, view, layers: layers.clone(), current });
            }
            receiver.has_pictures(!shown.is_empty());
            let plan = plan(receiver.budget_bps(sound_bps), &shown);
            for ((id, has_layers), choice) in lines.iter().zip(&plan.choices) {
                if receiver.aim(*id, *choice, *has_layers) {
                    waiting.push((client, *id));
                }
                targets.entry(*id).or_default().extend([choice.forward, choice.target].into_iter().flatten());
            }
            receiver.plan(now, &plan, sound_bps);
            let no_room = lines.iter().zip(&plan.has_no_room).filter(|(_, has_no_room)| **has_no_room);
            let paused =
                no_room.map(|(((client, source), _), _)| WirePicture { client: *client, source: *source });
            if let Some(pictures) = receiver.newly_paused(paused.collect()) {
                self.outputs.push_back((client, Output::Paused { client, pictures }));
            }
            self.queue(client);
        }
        let lingers = self.tell_wanted(name, &targets);
        for (client, id) in waiting {
            self.want_key_frame(client, id);
        }
        let next = lingers.map_or(REVIEW_EVERY, |left| left.min(REVIEW_EVERY));
        self.review_at(name, now + next);
    }

    /// Tells senders which of their layers somebody is to get. Returns when the next one may stop, if one is about to.
    fn tell_wanted(
        &mut self,
        name: &RoomName,
        targets: &BTreeMap<TrackId, BTreeSet<u8>>,
    ) -> Option<Duration> {
        let now = self.now;
        let room = self.rooms.get_mut(name)?;
        let mut next = None;
        let mut told: Vec<(ClientId, Output)> = Vec::new();
        for (id, track) in room.tracks() {
            if id.1.kind() != MediaKind::Video || track.sent.is_none() {
                continue;
            }
            let mut wanted = targets.get(&id).cloned().unwrap_or_default();
            for (number, layer) in &mut track.layers {
                if wanted.contains(number) {
                    layer.ask(now);
                    continue;
                }
                let since = *layer.unwanted_since.get_or_insert(now);
                let left = LINGER.saturating_sub(now.saturating_duration_since(since));
                let was_told = track.told.as_ref().is_some_and(|told| told.contains(number));
                if left.is_zero() || (track.told.is_some() && !was_told) {
                    layer.give_up();
                } else {
                    wanted.insert(*number);
                    next = Some(next.map_or(left, |other: Duration| other.min(left)));
                }
            }
            if track.told.as_ref() != Some(&wanted) {
                let layers = wanted.iter().copied().collect();
                told.push((id.0, Output::Wanted { client: id.0, source: id.1, layers }));
                track.told = Some(wanted);
            }
        }
        self.outputs.extend(told);
        next
    }
}
