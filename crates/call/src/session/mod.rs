//! The session: connection, arrival, resume, and the way back after a loss.

mod hear;
mod host;
#[cfg(feature = "insider")]
mod insider;
mod lose;
mod receive;
mod talk;
mod view;

use std::collections::VecDeque;

use tangelo_e2ee::{
    Applicant, Error, IdentityKey, LeafKey, Name, NameError, Profile, RoomContext,
    link::{Link, LinkError},
    media::Media,
};
use tangelo_wire::{
    Bytes, ClientId, ClientMessage, ErrorCode, Millis, Mistake, PROTOCOL, Pass, Post, ResumeToken,
    ServerMessage, View, limits, made,
};

use crate::{
    Command, Event, Output, Phase, RemoteTrack, RoomView,
    attendee::{Attendee, Carried},
    emoji::EmojiView,
    inspect::History,
    jitter::Jitter,
};

/// An answer of the server takes at most this long, in milliseconds; then the connection counts as dead.
const ANSWER_MS: u64 = 10_000;
/// So long it may take to reach the server, in milliseconds: a request that was lost while there was no network is repeated by the
/// system at ever longer intervals, and a new one is quicker. Each third try has the longer time, for networks that are slow.
const OPENING_MS: (u64, u64) = (2_500, ANSWER_MS);
/// How long a connection has to show that it works when the network may be another one, in milliseconds.
const PROBE_MS: u64 = 2_000;
/// A connection on which nothing came for this long counts as dead, in milliseconds: three heartbeats unanswered.
const SILENCE_MS: u64 = 3 * limits::HEARTBEAT_MS;
/// A session that was not called for so long stood still, in milliseconds: it asks for a heartbeat much sooner.
const ASLEEP_MS: u64 = 2 * limits::HEARTBEAT_MS;
/// First and longest pause before connecting again, in milliseconds. Each is up to half shorter, by chance.
const BACKOFF_MS: (u64, u64) = (250, 8_000);
/// Longest of these pauses for who was inside, in milliseconds: the call is to go on soon after the network is back, ...
const BACK_INSIDE_MAX_MS: u64 = 1_000;
/// ... in so many tries; while the client may still resume, in all.
const BACK_INSIDE_TRIES: u32 = 60;
/// How many signatures of the identity may be wrong before the session gives up.
const WRONG_SIGNATURES_MAX: u32 = 3;
/// Most posts made in one go.
const POSTS_MAX: usize = 8;
/// At most one wish for a key frame in this time, in milliseconds.
const KEY_FRAME_MS: u64 = 1_000;

/// What a session needs to begin.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// `location.host` of the server: name, and port unless it is the default one.
    pub host: &'a str,
    /// Path and fragment of the room's link, `/r/ROOM#SECRET` or `/r/NAME`, with or without a token.
    pub link: &'a str,
    /// The name that the person typed.
    pub name: &'a str,
    /// The public half of the device identity.
    pub identity: IdentityKey,
}

/// Why a session cannot begin. The texts are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The name.
    #[error(transparent)]
    Name(#[from] NameError),
}

use hear::Ears;
use talk::Chat;

#[derive(Debug)]
enum State {
    /// No connection yet, or none any more and nothing to resume.
    Away,
    /// `Hello` is sent.
    Greeting,
    /// The identity is asked to sign.
    Signing(ClientId, Box<LeafKey>),
    /// `Arrive` is sent.
    Arriving(Box<Applicant>),
    /// Present in the room.
    Present(Box<Attendee>),
    /// Over.
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    /// To be opened at this time.
    Down(Millis),
    /// `Output::Connect` is out.
    Opening,
    /// Open; a present client may still wait for `Resumed`.
    Open { resuming: bool },
}

/// See the crate.
#[derive(Debug)]
pub struct Session {
    context: RoomContext,
    profile: Profile,
    state: State,
    connection: Connection,
    pub(crate) media: Media,
    outputs: VecDeque<Output>,
    phase: Option<Phase>,
    was_inside: bool,
    attempts: u32,
    /// Spreads the tries of those who lost the same server.
    jitter: Jitter,
    /// Which want of room the person was told of, since this client was in the room last.
    told_full: Option<ErrorCode>,
    /// When the server must have answered, and until when a dropped connection may resume.
    answer_by: Option<Millis>,
    /// When the server was heard last.
    heard_at: Millis,
    /// When anything was done last.
    called_at: Millis,
    resume_until: Option<Millis>,
    /// By when something must have come on the connection, once the network may be another one.
    probe_by: Option<Millis>,
    heartbeat_at: Option<Millis>,
    key_frame_at: Option<Millis>,
    told_roster: Option<Event>,
    told_tracks: Vec<RemoteTrack>,
    told_emoji: EmojiView,
    told_room: RoomView,
    /// Names of identities that this host has removed.
    removed_names: Vec<(Bytes, String)>,
    losses: Vec<&'static str>,
    pub(crate) history: History,
    lost_at: Vec<Millis>,
    wrong_signatures: u32,
    carried: Carried,
    chat: Chat,
    /// What the page shows, once it has said so.
    views: Option<Vec<View>>,
    ears: Ears,
    /// Whether there is a page that can use TURN servers.
    uses_turn: bool,
    /// Whether the server asks for a pass, as it has said last.
    pass_asked: bool,
    /// That of the last client: it shows that this session was let in.
    returning: Option<ResumeToken>,
}

impl Session {
    /// Begins a session; its first output is to connect.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn new(config: Config<'_>) -> Result<Self, StartError> {
        let link = Link::parse(config.link)?;
        let name = Name::clean(config.name)?;
        let context = RoomContext { host: config.host.to_owned(), link };
        let mut session = Self {
            context,
            profile: Profile { identity: config.identity, name },
            state: State::Away,
            connection: Connection::Opening,
            media: Media::default(),
            outputs: VecDeque::from([Output::Connect]),
            phase: None,
            was_inside: false,
            attempts: 0,
            // No client id is known yet.
            jitter: Jitter::new(&config.identity.0),
            told_full: None,
            answer_by: None,
            heard_at: Millis::default(),
            called_at: Millis::default(),
            resume_until: None,
            probe_by: None,
            heartbeat_at: None,
            key_frame_at: None,
            told_roster: None,
            told_tracks: Vec::new(),
            told_emoji: EmojiView::Idle {},
            told_room: RoomView::default(),
            removed_names: Vec::new(),
            losses: Vec::new(),
            history: History::default(),
            lost_at: Vec::new(),
            wrong_signatures: 0,
            carried: Carried::default(),
            chat: Chat::default(),
            views: None,
            ears: Ears::default(),
            uses_turn: false,
            pass_asked: false,
            returning: None,
        };
        session.tell_phase(Phase::Connecting);
        Ok(session)
    }

    /// From now on the session asks for TURN servers whenever it arrives or resumes, early enough that they are known when the
    /// first offer is made; see [`Event::TurnServers`].
    pub fn ask_for_turn_servers(&mut self) {
        self.uses_turn = true;
    }

    /// The next thing to do; call until `None` after every other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Session::handle_timeout`] wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Millis> {
        let connect = match self.connection {
            Connection::Down(at) => Some(at),
            Connection::Opening | Connection::Open { .. } => None,
        };
        let post = match (&self.state, self.connection) {
            (State::Present(attendee), Connection::Open { resuming: false }) => attendee.poll_timeout(),
            (State::Present(attendee), _) => attendee.forget_due(),
            _ => None,
        };
        let timers = [
            self.key_frame_due(),
            self.hear_due(),
            connect,
            post,
            self.answer_by,
            self.resume_until,
            self.probe_by,
            self.heartbeat_at,
            self.media.poll_timeout(),
        ];
        timers.into_iter().flatten().min().filter(|_| !matches!(self.state, State::Ended))
    }

    /// The WebSocket is open.
    pub fn connected(&mut self, now: Millis) {
        if self.connection != Connection::Opening {
            return;
        }
        self.answer_by = Some(now + ANSWER_MS);
        self.heard_at = now;
        let room = self.context.link.room().clone();
        match &self.state {
            State::Ended => {}
            State::Present(attendee) => {
                self.connection = Connection::Open { resuming: true };
                let (token, processed) = (attendee.token, attendee.processed);
                self.send(&ClientMessage::Resume { protocol: PROTOCOL, room, token, processed });
            }
            _ => {
                self.connection = Connection::Open { resuming: false };
                self.state = State::Greeting;
                let host = self.context.host.clone();
                self.send(&ClientMessage::Hello { protocol: PROTOCOL, room, host });
            }
        }
    }

    /// The WebSocket closed by itself, or could not be opened.
    pub fn disconnected(&mut self, now: Millis) {
        if matches!(self.state, State::Ended) || matches!(self.connection, Connection::Down(_)) {
            return;
        }
        self.lose_connection(now);
    }

    /// A text came on the WebSocket.
    pub fn receive(&mut self, now: Millis, text: &str) {
        if !matches!(self.connection, Connection::Open { .. }) {
            return;
        }
        self.notice_sleep(now);
        self.heard_at = now;
        self.probe_by = None;
        let Ok(message) = ServerMessage::from_json(text) else {
            return self.arrive_anew(now, "the server sent something that is no message");
        };
        if let Err(lost) = self.handle(now, message) {
            self.lose(now, lost);
        }
        self.progress(now);
    }

    /// The identity signed what [`Output::SignIdentity`] asked for.
    pub fn identity_signed(&mut self, now: Millis, signature: &[u8]) {
        let State::Signing(client, key) = &self.state else { return };
        let made = <&[u8; 64]>::try_from(signature).map_err(|_| Error::Identity).and_then(|signature| {
            Applicant::new(&self.context, *client, (**key).clone(), &self.profile, signature)
        });
        match made {
            Ok(applicant) => {
                let (key_package, admission) =
                    (applicant.key_package().clone(), applicant.admission().cloned());
                self.state = State::Arriving(Box::new(applicant));
                self.answer_by = Some(now + ANSWER_MS);
                let pass = self.pass();
                self.send(&ClientMessage::Arrive { key_package, admission, pass });
                // Behind it and not after the snapshot, by when others may have let this client in: the answer
                // comes before their commit.
                self.ask_turn_servers();
            }
            // A signature that was asked for an earlier arrival may come late; the right one follows, or the
            // arrival starts over.
            Err(Error::Identity) if self.wrong_signatures < WRONG_SIGNATURES_MAX => {
                self.wrong_signatures += 1
            }
            Err(error) => self.fail(error),
        }
    }

    /// The page wants something.
    pub fn command(&mut self, now: Millis, command: Command) {
        match command {
            Command::Leave {} => self.end("You left the call.".to_owned()),
            Command::Chat { text } => self.say_chat(&text.0),
            Command::React { emoji } => self.react(emoji),
            Command::State { state } => self.set_state(now, state),
            Command::Pin { client } => self.ears.pinned = client,
            // Nothing else may happen now: the server sees when.
            Command::Spoke { level } => return self.spoke(level),
            Command::Offer { offer, sdp, lines } => {
                let open = self.connection == (Connection::Open { resuming: false });
                if open && self.group_entered() {
                    self.send(&ClientMessage::Offer { offer, sdp, lines });
                } else {
                    let text = "There is no connection to the call at the moment.".to_owned();
                    self.tell(Event::OfferRefused { offer, text });
                }
            }
            Command::Watch { views } => {
                self.views = Some(views);
                self.say_watch();
            }
            Command::TurnServers {} => self.ask_turn_servers(),
            Command::NetworkChanged {} => self.network_changed(now),
            Command::EmojiStart {} => self.start_emoji(now),
            Command::EmojiCancel {} => self.cancel_emoji(),
            Command::Host { at, order } => self.order(now, at, order),
        }
        self.progress(now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Millis) {
        self.notice_sleep(now);
        self.media.handle_timeout(now);
        if matches!(self.state, State::Ended) {
            return;
        }
        if [self.answer_by, self.probe_by].into_iter().flatten().any(|by| by <= now) {
            self.outputs.push_back(Output::Close);
            self.lose_connection(now);
        }
        if self.resume_until.is_some_and(|until| until <= now) {
            self.drop_attendee(now, "the connection was gone for longer than the resume window");
        }
        if let Connection::Down(at) = self.connection
            && at <= now
        {
            self.connection = Connection::Opening;
            let (short, long) = OPENING_MS;
            self.answer_by = Some(now + if self.attempts % 3 == 2 { long } else { short });
            self.outputs.push_back(Output::Connect);
        }
        if self.heartbeat_at.is_some_and(|at| at <= now) {
            self.heartbeat(now);
        }
        self.progress(now);
    }

    /// The room's link, with its secret: for the worker's use, never to be logged.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.context.link
    }

    /// Why this client arrived anew, each time that it did.
    #[must_use]
    pub fn losses(&self) -> &[&'static str] {
        &self.losses
    }

    /// The present client's own id.
    #[must_use]
    pub fn client(&self) -> Option<ClientId> {
        match &self.state {
            State::Present(attendee) => Some(attendee.client()),
            _ => None,
        }
    }

    /// The group's id and epoch, once this client is in it.
    #[must_use]
    pub fn epoch(&self) -> Option<(tangelo_wire::GroupId, u64)> {
        match &self.state {
            State::Present(attendee) => attendee.group().map(|group| (group.id(), group.epoch())),
            _ => None,
        }
    }

    /// The client while it is present.
    pub(crate) fn attendee(&self) -> Option<&Attendee> {
        match &self.state {
            State::Present(attendee) => Some(attendee),
            _ => None,
        }
    }

    /// Posts what it is time to post, and tells the page what has changed.
    fn progress(&mut self, now: Millis) {
        self.watch(now);
        // `Enter`, a commit, and messages; what is left comes with the next call.
        for _ in 0..POSTS_MAX {
            let open = self.connection == (Connection::Open { resuming: false });
            let State::Present(attendee) = &mut self.state else { break };
            if !open {
                break;
            }
            match attendee.next_post(now, &self.context) {
                Ok(Some((post, body))) => {
                    let merged = if made(Mistake::MergedAtOnce) {
                        attendee.merge_at_once(now, &self.context, &mut self.media, &body)
                    } else {
                        Ok(())
                    };
                    self.post(post, body);
                    if let Err(lost) = merged {
                        self.lose(now, lost);
                    }
                }
                Ok(None) => break,
                Err(lost) => self.lose(now, lost),
            }
        }
        self.tell_heard();
        self.choose_heard(now);
        if self.key_frame_due().is_some_and(|due| due <= now) {
            self.media.clear_key_frame_wanted();
            self.key_frame_at = Some(now);
            self.tell(Event::KeyFrameWanted {});
        }
        self.tell_changes(now);
    }

    /// When the page is to be told that a key frame is wanted.
    fn key_frame_due(&self) -> Option<Millis> {
        let spaced = self.key_frame_at.map_or(Millis(0), |at| at + KEY_FRAME_MS);
        self.media.is_key_frame_wanted().then_some(spaced)
    }

    fn tell_phase(&mut self, phase: Phase) {
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            self.tell(Event::Phase { phase });
        }
    }

    fn heartbeat(&mut self, now: Millis) {
        let State::Present(attendee) = &mut self.state else {
            self.heartbeat_at = None;
            return;
        };
        let processed = attendee.processed;
        self.heartbeat_at = Some(now + limits::HEARTBEAT_MS);
        let open = matches!(self.connection, Connection::Open { .. });
        if open && now.since(self.heard_at) > SILENCE_MS {
            self.outputs.push_back(Output::Close);
            return self.lose_connection(now);
        }
        if self.connection == (Connection::Open { resuming: false }) {
            match attendee.next_check(now) {
                Ok(check) => self.send(&ClientMessage::Heartbeat { processed, check }),
                Err(lost) => self.lose(now, lost),
            }
        }
    }

    fn post(&mut self, post: u32, body: Post) {
        self.send(&ClientMessage::Post { post, body });
    }

    fn group_entered(&self) -> bool {
        self.attendee().is_some_and(|attendee| attendee.group().is_some())
    }

    /// Who stood still still has to read what came meanwhile: until then nothing that others say is overdue. Only the own
    /// machine can bring that about, never the server.
    fn notice_sleep(&mut self, now: Millis) {
        let slept = now.since(self.called_at) > ASLEEP_MS;
        self.called_at = now;
        if slept && let State::Present(attendee) = &mut self.state {
            attendee.watch_again(now);
        }
    }

    fn ask_turn_servers(&mut self) {
        let open = self.connection == (Connection::Open { resuming: false });
        if self.uses_turn && open && matches!(self.state, State::Arriving(_) | State::Present(_)) {
            self.send(&ClientMessage::TurnServers {});
        }
    }

    /// What a server is shown that asks for it.
    fn pass(&self) -> Option<Pass> {
        let pass = Pass { token: self.context.link.token().cloned(), returning: self.returning };
        (self.pass_asked && pass != Pass::default()).then_some(pass)
    }

    fn send(&mut self, message: &ClientMessage) {
        self.outputs.push_back(Output::Send { text: message.to_json() });
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event { event });
    }
}
