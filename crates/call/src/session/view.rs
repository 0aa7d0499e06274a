//! What the page is told: the phase, who is in the group, what there is to receive.

use tangelo_e2ee::{RoomContext, group::Group};
use tangelo_wire::Millis;

use super::{Connection, Session, State};
use crate::{
    Event, Person, Phase, RemoteTrack,
    attendee::Attendee,
    emoji::{EmojiFailure, EmojiView},
};

impl Session {
    /// Tells what has changed since the page was told last.
    pub(super) fn tell_changes(&mut self, now: Millis) {
        let connected = self.connection == (Connection::Open { resuming: false });
        let (inside, roster, tracks) = match &self.state {
            State::Present(attendee) => match attendee.group() {
                Some(group) => {
                    let roster = roster(now, &self.context, attendee, group);
                    (true, Some(roster), Some(tracks(attendee, group)))
                }
                None => (false, None, None),
            },
            _ => (false, None, None),
        };
        if !matches!(self.state, State::Ended) {
            let present = matches!(self.state, State::Present(_));
            let phase = match (inside && connected, self.was_inside, present) {
                (true, _, _) => Phase::Inside,
                (false, true, _) => Phase::Reconnecting,
                (false, false, true) => Phase::Waiting,
                (false, false, false) => Phase::Connecting,
            };
            self.was_inside |= inside;
            self.tell_phase(phase);
        }
        if let Some(roster) = roster
            && self.told_roster.as_ref() != Some(&roster)
        {
            self.told_roster = Some(roster.clone());
            self.tell(roster);
        }
        // Why the last comparison failed is shown until the next one begins, even if that takes another arrival.
        let emoji = match (self.attendee().map_or(EmojiView::Idle {}, Attendee::emoji), &self.told_emoji) {
            (EmojiView::Idle {}, failed @ EmojiView::Failed { .. }) => failed.clone(),
            (emoji, _) => emoji,
        };
        if self.told_emoji != emoji {
            self.told_emoji = emoji.clone();
            self.tell(Event::Emoji { state: emoji });
        }
        if let Some(attendee) = self.attendee() {
            let room = attendee.room_view(&self.context, &self.removed_names);
            if self.told_room != room {
                self.told_room = room.clone();
                self.tell(Event::Room { room });
            }
        }
        if let Some(tracks) = tracks
            && self.told_tracks != tracks
        {
            self.told_tracks.clone_from(&tracks);
            self.tell(Event::Tracks { tracks });
        }
    }
}

impl Session {
    /// A comparison of emoji ends with the group; emoji that stood for it are taken back.
    pub(super) fn take_emoji_back(&mut self) {
        if !matches!(self.told_emoji, EmojiView::Idle {} | EmojiView::Failed { .. }) {
            self.told_emoji = EmojiView::Failed { reason: EmojiFailure::Reconnected {} };
            self.tell(Event::Emoji { state: self.told_emoji.clone() });
        }
    }
}

/// The roster comes from the group alone; that somebody is present is all that the server adds to it.
fn roster(now: Millis, context: &RoomContext, attendee: &Attendee, group: &Group) -> Event {
    let own = attendee.client();
    let mut people: Vec<Person> = group
        .members()
        .iter()
        .map(|member| Person {
            client: member.client.to_string(),
            name: member.profile.name.to_string(),
            identity: member.profile.identity.to_string(),
            leaf: member.leaf,
            own: member.client == own,
            confirmed: member.confirmed,
            host: attendee.shown(member.client).is_some_and(|shown| shown.host)
                || (member.client == own && context.link.is_host()),
            present: attendee.presence().is_present(member.client),
            lost: attendee.is_lost(member.client),
            silent: attendee.is_silent(now, member.client),
            elsewhere: attendee.is_elsewhere(member.client),
            state: attendee.shown(member.client).map(|shown| shown.state),
            hand_order: attendee.shown(member.client).and_then(|shown| shown.hand_raised_at).map(|seq| seq.0),
        })
        .collect();
    people.sort_by_key(|person| (!person.own, person.leaf));
    Event::Roster { people, safety_number: group.safety_number(context).to_string(), epoch: group.epoch() }
}

/// What members of the group send, except the own client.
fn tracks(attendee: &Attendee, group: &Group) -> Vec<RemoteTrack> {
    let others = group.members().iter().filter(|member| member.client != attendee.client());
    others
        .filter(|member| attendee.presence().is_present(member.client))
        .filter_map(|member| Some((member.client, attendee.published().get(&member.client)?)))
        .flat_map(|(client, sources)| {
            sources.iter().map(move |source| RemoteTrack {
                client: client.to_string(),
                source: *source,
                kind: source.kind(),
            })
        })
        .collect()
}
