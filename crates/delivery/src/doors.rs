//! Who may come in: everyone with the link, or only who shows a token.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tangelo_wire::{ClientId, DepartReason, ErrorCode, Millis, Pass, RoomName, WireError};

use crate::{Delivery, ids::token_hash, room::Present};

/// To whom a server's rooms are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doors {
    /// To everyone who has the link.
    #[default]
    Link,
    /// To who shows a token as well.
    Token,
    /// A room that nobody is in, to who shows a token with the right to create it; the others to everyone who has the link.
    Creators,
}

impl Doors {
    /// For programs, as in settings and in what pages are told.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Token => "token",
            Self::Creators => "creators",
        }
    }
}

/// What a token gives its bearer. Whether it is genuine and in time, the server has found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The room that it is for; none: every room.
    pub room: Option<RoomName>,
    /// The servers that it is for, in lower case, as in `Hello`; none: every server that takes it.
    pub hosts: Vec<String>,
    /// Whether it lets its bearer in.
    pub join: bool,
    /// Whether it lets its bearer begin a room, which takes in the right to join it.
    pub create: bool,
}

/// What there is of a token, as the server found it: nothing was shown, or what it gives, or why it gives nothing.
pub type Shown = Result<Option<Grant>, WireError>;

/// How long who was let in may come back although the token has expired, or nobody is in the room any more.
pub(crate) const RETURN_MS: u64 = 15 * 60 * 1_000;

/// Most clients remembered who may come back; the latest ones.
const RETURNING_MAX: usize = 10_000;

/// Most of them in one room: as many as are in so many full ones.
const RETURNING_ROOMS_FULL: usize = 4;

/// How a client that was let in may come back, as another, without a token that is good then. Whoever does so gets the same: it gives
/// nothing that the first one did not have, and for no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stay {
    /// The first client of a chain, each of which came back in the place of one before it.
    pub(crate) first: ClientId,
    /// Not from then on. None while a client that showed a token is inside and nobody has come back in its place.
    pub(crate) until: Option<Millis>,
}

/// A client that departed lately.
struct Was {
    client: ClientId,
    token_hash: [u8; 32],
    first: ClientId,
    until: Millis,
}

/// Clients that departed lately and may come back, by room, the latest last.
#[derive(Default)]
pub(crate) struct Returning(BTreeMap<RoomName, VecDeque<Was>>);

impl Returning {
    fn remember(&mut self, now: Millis, name: &RoomName, was: Was, room_max: usize) {
        self.0.retain(|_, gone| {
            gone.retain(|was| now < was.until);
            !gone.is_empty()
        });
        let gone = self.0.entry(name.clone()).or_default();
        if gone.len() >= room_max {
            gone.pop_front();
        }
        gone.push_back(was);
        let all: usize = self.0.values().map(VecDeque::len).sum();
        if all > RETURNING_MAX
            && let Some(most) = self.0.values_mut().max_by_key(|gone| gone.len())
        {
            most.pop_front();
        }
    }

    fn stay_of(&self, name: &RoomName, hash: &[u8; 32]) -> Option<Stay> {
        let was = self.0.get(name)?.iter().find(|was| was.token_hash == *hash)?;
        Some(Stay { first: was.first, until: Some(was.until) })
    }
}

impl Delivery {
    /// Sets who may come in.
    #[must_use]
    pub fn open_to(self, doors: Doors) -> Self {
        Self { doors, ..self }
    }

    /// A client has departed. Unless a host removed it, it may come back as another.
    pub(crate) fn may_return(
        &mut self,
        now: Millis,
        name: &RoomName,
        client: ClientId,
        gone: &Present,
        reason: DepartReason,
    ) {
        let Some(Stay { first, until }) = gone.stay else { return };
        if self.doors == Doors::Link || reason == DepartReason::Kicked {
            return;
        }
        let until = until.unwrap_or(now + RETURN_MS);
        let room_max = self.limits.room_clients_max.saturating_mul(RETURNING_ROOMS_FULL);
        let was = Was { client, token_hash: gone.token_hash, first, until };
        self.returning.remember(now, name, was, room_max);
    }

    /// Nobody comes back in the place of whom a host removed, nor of those in whose place that one had come back.
    pub(crate) fn end_returns_of(&mut self, name: &RoomName, removed: &[ClientId]) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let inside = room.present.iter().filter_map(|(client, present)| Some((*client, present.stay?.first)));
        let departed = self.returning.0.get(name).into_iter().flatten().map(|was| (was.client, was.first));
        let firsts: BTreeSet<ClientId> = inside
            .chain(departed)
            .filter(|(client, first)| removed.contains(client) || removed.contains(first))
            .map(|(_, first)| first)
            .collect();
        for (client, present) in &mut room.present {
            if present.stay.is_some_and(|stay| firsts.contains(&stay.first)) {
                present.stay = None;
                room.unsaved.clients.insert(*client);
            }
        }
        if let Some(gone) = self.returning.0.get_mut(name) {
            gone.retain(|was| !firsts.contains(&was.first));
        }
    }

    /// Nobody comes back into a call that a host has ended.
    pub(crate) fn end_returns(&mut self, name: &RoomName) {
        self.returning.0.remove(name);
    }

    /// How this client may come back if the doors of this room open to who shows this, and not at all where only the link let it in; else
    /// why they stay closed.
    pub(crate) fn ask_at_the_door(
        &mut self,
        now: Millis,
        host: &str,
        name: &RoomName,
        client: ClientId,
        pass: Option<&Pass>,
        shown: Shown,
    ) -> Result<Option<Stay>, WireError> {
        let hash = pass.and_then(|pass| pass.returning.as_ref()).map(token_hash);
        let known = hash.and_then(|hash| self.stay_of(now, name, &hash));
        let Some(error) = self.refused(host, name, shown) else {
            // Should a host remove it, those before it are no way back either.
            let first = known.map_or(client, |stay| stay.first);
            return Ok(Some(Stay { first, until: None }));
        };
        if let (Some(hash), Some(stay)) = (hash, known) {
            let until = Some(stay.until.unwrap_or(now + RETURN_MS));
            self.limit(name, &hash, until);
            return Ok(Some(Stay { until, ..stay }));
        }
        let is_link_enough = self.doors == Doors::Creators && self.rooms.contains_key(name);
        if is_link_enough { Ok(None) } else { Err(error) }
    }

    /// Why what was shown opens no door; `None`: it does.
    fn refused(&self, host: &str, name: &RoomName, shown: Shown) -> Option<WireError> {
        if self.doors == Doors::Link {
            return None;
        }
        let grant = match shown {
            Err(error) => return Some(error),
            Ok(None) if self.doors == Doors::Token => {
                let text = "this room is open to those alone who have a token: ask for a link with one";
                return Some(WireError::new(ErrorCode::TokenNeeded, text));
            }
            Ok(None) => return Some(not_begun()),
            Ok(Some(grant)) => grant,
        };
        let right_room = grant.room.as_ref().is_none_or(|room| room == name);
        if !right_room || !grant.hosts.is_empty() && grant.hosts.iter().all(|other| other != host) {
            let what = if right_room { "server" } else { "room" };
            return Some(WireError::new(
                ErrorCode::TokenElsewhere,
                format!("the token is for another {what}"),
            ));
        }
        match self.doors {
            Doors::Creators => (!grant.create).then(not_begun),
            Doors::Link | Doors::Token => (!grant.join && !grant.create)
                .then(|| WireError::new(ErrorCode::TokenInvalid, "the token gives no right to join")),
        }
    }

    /// How who has this token to resume may come back: of a client that is in the room, or was lately.
    fn stay_of(&self, now: Millis, name: &RoomName, hash: &[u8; 32]) -> Option<Stay> {
        let inside = self.rooms.get(name).and_then(|room| room.present.get(&room.holder(hash)?)?.stay);
        let stay = inside.or_else(|| self.returning.stay_of(name, hash))?;
        stay.until.is_none_or(|until| now < until).then_some(stay)
    }

    /// Somebody has come back in the place of a client that still counts as present: that one's departure gives no more time.
    fn limit(&mut self, name: &RoomName, hash: &[u8; 32], until: Option<Millis>) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(client) = room.holder(hash) else { return };
        if let Some(stay) = room.present.get_mut(&client).and_then(|present| present.stay.as_mut()) {
            stay.until = until;
            room.unsaved.clients.insert(client);
        }
    }
}

fn not_begun() -> WireError {
    let text = "nobody is in this room, and it takes a token with the right to create to begin it";
    WireError::new(ErrorCode::NotBegun, text)
}
