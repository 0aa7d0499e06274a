//! Who may come in: everyone with the link, or only who shows a token.

use std::collections::VecDeque;

use tangelo_wire::{DepartReason, ErrorCode, Millis, Pass, ResumeToken, RoomName, WireError};

use crate::{Delivery, ids::token_hash};

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
const RETURN_MS: u64 = 15 * 60 * 1_000;

/// Most clients remembered who may come back; the latest ones.
const RETURNING_MAX: usize = 10_000;

/// Clients that departed lately, by the hashes of their resume tokens.
#[derive(Default)]
pub(crate) struct Returning(VecDeque<(Millis, [u8; 32], RoomName)>);

impl Returning {
    fn forget(&mut self, now: Millis) {
        let over = |departed: Millis| now.since(departed) > RETURN_MS;
        while self.0.front().is_some_and(|(departed, ..)| over(*departed)) {
            self.0.pop_front();
        }
    }
}

impl Delivery {
    /// Sets who may come in.
    #[must_use]
    pub fn open_to(self, doors: Doors) -> Self {
        Self { doors, ..self }
    }

    /// A client has departed. Unless a host removed it, it may come back as another.
    pub(crate) fn may_return(&mut self, now: Millis, name: &RoomName, hash: [u8; 32], reason: DepartReason) {
        if self.doors == Doors::Link || reason == DepartReason::Kicked {
            return;
        }
        self.returning.forget(now);
        if self.returning.0.len() >= RETURNING_MAX {
            self.returning.0.pop_front();
        }
        self.returning.0.push_back((now, hash, name.clone()));
    }

    /// Why the doors of this room stay closed to who shows this; `None`: they open.
    pub(crate) fn refused_at_the_door(
        &mut self,
        now: Millis,
        host: &str,
        name: &RoomName,
        pass: Option<&Pass>,
        shown: Shown,
    ) -> Option<WireError> {
        let begun = self.rooms.contains_key(name);
        if self.doors == Doors::Link || self.doors == Doors::Creators && begun {
            return None;
        }
        if pass.and_then(|pass| pass.returning.as_ref()).is_some_and(|was| self.was_inside(now, name, was)) {
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

    /// Whether this token to resume is of a client that is in the room, or was lately.
    fn was_inside(&mut self, now: Millis, name: &RoomName, was: &ResumeToken) -> bool {
        self.returning.forget(now);
        let hash = token_hash(was);
        let is_inside = self.rooms.get(name).is_some_and(|room| room.holder(&hash).is_some());
        is_inside || self.returning.0.iter().any(|(_, other, room)| *other == hash && room == name)
    }
}

fn not_begun() -> WireError {
    let text = "nobody is in this room, and it takes a token with the right to create to begin it";
    WireError::new(ErrorCode::NotBegun, text)
}
