//! What the session says to the page and hears from it. TypeScript types are generated from here into
//! `web/src/generated/` by this crate's tests.

use std::fmt;

use serde::{Deserialize, Serialize};
use tangelo_wire::{Bytes, ClientId, MediaKind, MediaLine, Source, View};

use crate::{MemberState, emoji::EmojiView};

/// From the page to the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum Command {
    /// What the page wants to send and receive, see `ClientMessage::Offer` in `tangelo-wire`. Answered by
    /// [`Event::Answer`] or [`Event::OfferRefused`] with the same number.
    Offer {
        /// The page's own number for this offer.
        offer: u32,
        /// SDP.
        sdp: String,
        /// The use of every `m=` section.
        lines: Vec<MediaLine>,
    },
    /// What the page shows of the pictures that it receives, see `ClientMessage::Watch` in `tangelo-wire`. The session
    /// says it again after every answer and after it has resumed.
    Watch {
        /// Each picture once; at most `tangelo_wire::limits::VIEWS_MAX`.
        views: Vec<View>,
    },
    /// Say something to everyone in the call. Comes back as [`Event::Chat`] when it stands in the log.
    Chat {
        /// At most [`crate::CHAT_MAX_CHARS`] characters.
        text: Words,
    },
    /// Show everyone an emoji.
    React {
        /// One emoji.
        emoji: String,
    },
    /// Show everyone where this person stands.
    State {
        /// What to show.
        state: MemberState,
    },
    /// The page shows this member large: it is heard whoever else speaks. The server is not told.
    Pin {
        /// See [`Person::client`]; none: nobody.
        #[cfg_attr(test, ts(type = "string | null"))]
        client: Option<ClientId>,
    },
    /// The person spoke into a microphone that is on, at this level, from 1 to 9. Told to the others inside the group in
    /// large rooms, at a pace of its own; the server does not learn it.
    Spoke {
        /// The loudest since this was said last.
        level: u8,
    },
    /// Begin to compare emoji with everyone in the group; see [`Event::Emoji`].
    EmojiStart {},
    /// Give up the comparison of emoji that is under way, for everyone.
    EmojiCancel {},
    /// Ask for the TURN servers anew, with fresh credentials. A session that [`crate::Session::ask_for_turn_servers`] was
    /// called on asks by itself whenever it arrives or resumes. Answered by [`Event::TurnServers`], if there is a way.
    TurnServers {},
    /// A host wants something. What goes wrong comes as [`Event::Notice`], and what the server does not pass on as
    /// [`Event::Alarm`]; what is in force comes as [`Event::Room`].
    Host {
        /// This device's clock, in milliseconds since 1970: statements are numbered by it.
        #[cfg_attr(test, ts(type = "number"))]
        at: u64,
        /// What.
        order: HostOrder,
    },
    /// The machine may have come into another network, back into one, or out of its sleep: whether there is a way to the server is
    /// found out at once instead of when it would be time.
    NetworkChanged {},
    /// Leave the call for good.
    Leave {},
}

/// What a host can want. Everyone who has the host's secret is a host, and all are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum HostOrder {
    /// From now on newcomers wait until a host lets them in.
    Lock {},
    /// Everyone with the link may come in.
    Unlock {},
    /// Let a waiting client in.
    Admit {
        /// See [`Waiting::client`].
        #[cfg_attr(test, ts(type = "string"))]
        client: ClientId,
    },
    /// Let in everyone who waits now.
    AdmitAll {},
    /// Remove a person, and keep this identity out.
    Remove {
        /// A client of the person, in the group or waiting.
        #[cfg_attr(test, ts(type = "string"))]
        client: ClientId,
    },
    /// Let an identity in again that was removed.
    LetBack {
        /// See [`Barred::tag`].
        #[cfg_attr(test, ts(type = "string"))]
        tag: Bytes,
    },
    /// Ask a member to mute its microphone, which its own client then does.
    Mute {
        /// See [`Person::client`].
        #[cfg_attr(test, ts(type = "string"))]
        client: ClientId,
    },
    /// End the call for everyone.
    End {},
}

/// What the host's word makes of the room, as this client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct RoomView {
    /// Whether newcomers have to wait until a host lets them in.
    pub locked: bool,
    /// Whether the server has forgotten that: this client alone holds to the lock, until a host says something.
    pub opened: bool,
    /// Whether this client is a host.
    pub host: bool,
    /// Whether the lock keeps this client outside until a host lets it in.
    pub outside: bool,
    /// Who waits to be let in, and clients that cannot be let in whatever a host says; told to hosts.
    pub waiting: Vec<Waiting>,
    /// Identities that are kept out; told to hosts.
    pub barred: Vec<Barred>,
}

/// Somebody whom the lock keeps outside. It has the link: that is what its profile was opened with. Whether it holds its
/// identity's key is not shown before it is in the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct Waiting {
    /// The client id, 32 hexadecimal digits.
    pub client: String,
    /// The name that the person chose; empty if what the client arrived with cannot be used.
    pub name: String,
    /// The identity's public key (Ed25519), 64 hexadecimal digits; empty as well.
    pub identity: String,
}

/// An identity that is kept out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct Barred {
    /// What stands for the identity in the host's statements: 16 bytes, in base64.
    #[cfg_attr(test, ts(type = "string"))]
    pub tag: Bytes,
    /// The person's name, where this client has removed it.
    pub name: Option<String>,
}

/// From the session to the page. Holds no key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum Event {
    /// The session entered another phase.
    Phase {
        /// Which.
        phase: Phase,
    },
    /// The call cannot go on; the session has ended.
    Ended {
        /// What happened and what to do, for people.
        text: String,
    },
    /// Who is in the group now, and the number to compare. Sent whenever either changes.
    Roster {
        /// Members, the own one first, then by leaf index.
        people: Vec<Person>,
        /// 12 groups of 5 digits, separated by spaces.
        safety_number: String,
        /// The group's epoch.
        #[cfg_attr(test, ts(type = "number"))]
        epoch: u64,
    },
    /// What there is to receive: the sources that members of the group send. Sent whenever it changes; the page
    /// makes an offer with a receiving line for each.
    Tracks {
        /// All of them.
        tracks: Vec<RemoteTrack>,
    },
    /// An offer was taken.
    Answer {
        /// Its number.
        offer: u32,
        /// The answer, SDP.
        sdp: String,
    },
    /// An offer was refused; what was agreed before stays.
    OfferRefused {
        /// Its number.
        offer: u32,
        /// Why, for people.
        text: String,
    },
    /// Whose microphones come to this client. Until it is said, all do.
    Hearing {
        /// See [`Person::client`]; none: all of them.
        clients: Option<Vec<String>>,
    },
    /// Which layers of an own picture somebody is to get; the others need not be sent. Until it is said after a
    /// [`Event::MediaReset`] or the first offer, all are.
    Wanted {
        /// The picture.
        source: Source,
        /// Numbers of layers, lowest first.
        layers: Vec<u8>,
    },
    /// Pictures that the client shows and does not get, since its network has no room for them; all of them. Until it is said after a
    /// [`Event::MediaReset`] or the first offer, none.
    Paused {
        /// Whose and which.
        pictures: Vec<RemoteTrack>,
    },
    /// The TURN servers that the host has named, none perhaps, and what to show them. As the server says it: the page
    /// checks it before it uses it.
    TurnServers {
        /// `turn:` and `turns:` addresses.
        urls: Vec<String>,
        /// The name to log in with.
        username: String,
        /// The password that goes with it.
        credential: Words,
        /// How long both are good for, in seconds from now.
        seconds: u32,
    },
    /// Media sessions are gone (the client arrived anew): close the peer connection, open another, offer again.
    MediaReset {},
    /// The server has started anew and has no media session any more, but the group goes on: close the peer connection, open
    /// another, offer again.
    MediaLost {},
    /// The group gained a member: its first frame should be a key frame. The worker asks each video sender for one.
    KeyFrameWanted {},
    /// Somebody said something to everyone, the own person included; in the same order for all.
    Chat {
        /// The author's own id for it.
        id: String,
        /// Who, see [`Person::client`].
        client: String,
        /// The author's name.
        name: String,
        /// The author's identity, see [`Person::identity`].
        identity: String,
        /// Whether it is the own message.
        own: bool,
        /// What.
        text: Words,
    },
    /// Somebody showed everyone an emoji.
    Reaction {
        /// Who, see [`Person::client`].
        client: String,
        /// The author's name.
        name: String,
        /// Whether it is the own one.
        own: bool,
        /// Which.
        emoji: String,
    },
    /// Where the comparison of emoji stands. Sent whenever that changes; until then it is idle.
    Emoji {
        /// All there is to show.
        state: EmojiView,
    },
    /// What the host's word makes of the room. Sent whenever it changes; until then nothing is locked, and nobody a host.
    Room {
        /// All there is to show.
        room: RoomView,
    },
    /// A host asks this person to be muted: mute the microphone, say so, and let the person take it back.
    MuteAsked {
        /// Who did it, for people.
        text: String,
    },
    /// Something that a person should know and that does not end the call.
    Notice {
        /// What happened.
        text: String,
    },
    /// The call may be under attack: to be shown until the person has seen it, whatever else there is to show. Its words
    /// are this program's own; the server has no say in them.
    Alarm {
        /// What happened, and what to do.
        text: String,
    },
}

/// What people say to each other, and passwords. It does not print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct Words(pub String);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub enum Phase {
    /// Reaching the server.
    Connecting,
    /// Present in the room, not yet in the group: no keys, no media.
    Waiting,
    /// In the group.
    Inside,
    /// Was inside, and is on the way back.
    Reconnecting,
}

/// A member of the group, as the group itself says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct Person {
    /// The client id, 32 hexadecimal digits.
    pub client: String,
    /// The name that the person chose; sealed from the server in a secret room.
    pub name: String,
    /// The identity's public key (Ed25519), 64 hexadecimal digits.
    pub identity: String,
    /// Leaf index in the ratchet tree.
    pub leaf: u32,
    /// Whether this is the own client.
    pub own: bool,
    /// Whether the member has shown in this group that it holds its leaf's key.
    pub confirmed: bool,
    /// Whether it has shown that it is a host.
    pub host: bool,
    /// Whether it is still present in the room (a member that departed is about to be removed).
    pub present: bool,
    /// Whether the server says that its connection is lost; it may still come back.
    pub lost: bool,
    /// Whether nothing has come from it inside the group for longer than members are ever quiet: the server may be
    /// keeping it from being heard.
    pub silent: bool,
    /// Whether it was found to see another room than this client and most others do.
    pub elsewhere: bool,
    /// What it shows of itself, once it has said so.
    pub state: Option<MemberState>,
    /// Grows with the time at which it raised its hand; none while the hand is down.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub hand_order: Option<u64>,
}

/// A source of another member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct RemoteTrack {
    /// Whose, see [`Person::client`].
    pub client: String,
    /// What it shows or plays.
    pub source: Source,
    /// Audio or video.
    pub kind: MediaKind,
}
