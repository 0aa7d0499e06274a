//! The session: connection, arrival, resume, and the way back after a loss.

use std::collections::VecDeque;

use tangelo_e2ee::{
    Applicant, Error, IdentityKey, IdentityProof, LeafKey, Name, NameError, Profile, RoomContext,
    link::{Link, LinkError},
    media::Media,
};
use tangelo_wire::{
    ClientId, ClientMessage, ErrorCode, Millis, PROTOCOL, Post, ServerMessage, WireError, limits,
};

use crate::{
    Command, Event, Output, Person, Phase, RemoteTrack,
    attendee::{Attendee, Lost},
};

/// An answer of the server takes at most this long, in milliseconds; then the connection counts as dead.
const ANSWER_MS: u64 = 10_000;
/// A connection on which nothing came for this long counts as dead, in milliseconds: three heartbeats unanswered.
const SILENCE_MS: u64 = 3 * limits::HEARTBEAT_MS;
/// Shortest and longest pause before connecting again, in milliseconds.
const BACKOFF_MS: (u64, u64) = (250, 8_000);
/// At most one wish for a key frame in this time, in milliseconds.
const KEY_FRAME_MS: u64 = 1_000;

/// What a session needs to begin.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// `location.host` of the server: name, and port unless it is the default one.
    pub host: &'a str,
    /// Path and fragment of the room's link, `/r/ROOM#SECRET` or `/r/NAME`.
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
    /// When the server must have answered, and until when a dropped connection may resume.
    answer_by: Option<Millis>,
    /// When the server was heard last.
    heard_at: Millis,
    resume_until: Option<Millis>,
    heartbeat_at: Option<Millis>,
    key_frame_at: Option<Millis>,
    told_roster: Option<Event>,
    told_tracks: Vec<RemoteTrack>,
    losses: Vec<&'static str>,
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
            answer_by: None,
            heard_at: Millis::default(),
            resume_until: None,
            heartbeat_at: None,
            key_frame_at: None,
            told_roster: None,
            told_tracks: Vec::new(),
            losses: Vec::new(),
        };
        session.tell_phase(Phase::Connecting);
        Ok(session)
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
            _ => None,
        };
        let timers =
            [connect, post, self.answer_by, self.resume_until, self.heartbeat_at, self.media.poll_timeout()];
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
        self.heard_at = now;
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
                self.send(&ClientMessage::Arrive { key_package, admission });
            }
            Err(error) => self.fail(error),
        }
    }

    /// The page wants something.
    pub fn command(&mut self, now: Millis, command: Command) {
        match command {
            Command::Leave {} => {
                if matches!(self.connection, Connection::Open { .. }) {
                    self.send(&ClientMessage::Leave {});
                }
                self.end("You left the call.".to_owned());
            }
            Command::Offer { offer, sdp, lines } => {
                let open = self.connection == (Connection::Open { resuming: false });
                if open && self.group_entered() {
                    self.send(&ClientMessage::Offer { offer, sdp, lines });
                } else {
                    let text = "There is no connection to the call at the moment.".to_owned();
                    self.tell(Event::OfferRefused { offer, text });
                }
            }
        }
        self.progress(now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Millis) {
        self.media.handle_timeout(now);
        if matches!(self.state, State::Ended) {
            return;
        }
        if self.answer_by.is_some_and(|by| by <= now) {
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
            self.answer_by = Some(now + ANSWER_MS);
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

    fn handle(&mut self, now: Millis, message: ServerMessage) -> Result<(), Lost> {
        match (&mut self.state, message) {
            (State::Greeting, ServerMessage::Assigned { client, .. }) => {
                self.answer_by = None;
                let key = LeafKey::new()?;
                let leaf_key = key.public();
                let (host, room) = (&self.context.host, self.context.link.room());
                let proof = IdentityProof { host, room, client, leaf_key: &leaf_key };
                let payload = proof.transcript().as_bytes().to_vec().into();
                self.outputs.push_back(Output::SignIdentity { payload });
                self.state = State::Signing(client, Box::new(key));
                Ok(())
            }
            (State::Arriving(_), snapshot @ ServerMessage::Snapshot { .. }) => {
                let State::Arriving(applicant) = std::mem::replace(&mut self.state, State::Away) else {
                    return Ok(());
                };
                let attendee = Attendee::new(now, &self.context, *applicant, snapshot)?;
                self.state = State::Present(Box::new(attendee));
                self.answer_by = None;
                self.heartbeat_at = Some(now + limits::HEARTBEAT_MS);
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Resumed { published, .. }) => {
                let current: Vec<ClientId> = published.iter().map(|p| p.client).collect();
                let gone: Vec<ClientId> =
                    attendee.published().keys().filter(|client| !current.contains(client)).copied().collect();
                for client in gone {
                    attendee.set_published(tangelo_wire::Published { client, sources: Vec::new() });
                }
                for one in published {
                    attendee.set_published(one);
                }
                let posts = attendee.resend();
                self.connection = Connection::Open { resuming: false };
                (self.answer_by, self.resume_until, self.attempts) = (None, None, 0);
                self.heartbeat_at = Some(now);
                for (post, body) in posts {
                    self.send(&ClientMessage::Post { post, body });
                }
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Entry(entry)) => {
                let before = attendee.enter_post();
                attendee.apply(now, &self.context, &mut self.media, entry)?;
                match attendee.enter_post() {
                    Some(enter) if before.is_none() => {
                        self.send(&ClientMessage::Post { post: 0, body: enter });
                    }
                    _ => {}
                }
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Published(published)) => {
                attendee.set_published(published);
                Ok(())
            }
            // The log itself shows what came in the post's place.
            (
                State::Present(_),
                ServerMessage::Stale { .. } | ServerMessage::Alive { .. } | ServerMessage::Check { .. },
            ) => Ok(()),
            (State::Present(attendee), ServerMessage::Refused { post, error }) => {
                attendee.refuse(now, post, error.code)
            }
            (State::Present(_), ServerMessage::Answer { offer, sdp }) => {
                self.tell(Event::Answer { offer, sdp });
                Ok(())
            }
            (State::Present(_), ServerMessage::OfferRefused { offer, error }) => {
                self.tell(Event::OfferRefused { offer, text: error.text });
                Ok(())
            }
            (_, ServerMessage::Error(error)) => self.handle_error(now, error),
            _ => Err(Lost::ArriveAnew("the server sent a message out of turn")),
        }
    }

    fn handle_error(&mut self, now: Millis, error: WireError) -> Result<(), Lost> {
        match error.code {
            ErrorCode::Departed => Err(Lost::ArriveAnew("the server says that this client has departed")),
            ErrorCode::Protocol
            | ErrorCode::WrongHost
            | ErrorCode::NotAdmitted
            | ErrorCode::RoomFull
            | ErrorCode::ServerFull => {
                self.end(words(&error));
                Ok(())
            }
            _ if matches!(self.state, State::Present(_)) => {
                self.tell(Event::Notice { text: format!("The server reports: {}", error.text) });
                Ok(())
            }
            _ => {
                self.outputs.push_back(Output::Close);
                self.lose_connection(now);
                Ok(())
            }
        }
    }

    /// Posts what it is time to post, and tells the page what has changed.
    fn progress(&mut self, now: Millis) {
        if self.connection == (Connection::Open { resuming: false })
            && let State::Present(attendee) = &mut self.state
        {
            match attendee.next_post(now, &self.context) {
                Ok(Some((post, body))) => self.post(post, body),
                Ok(None) => {}
                Err(lost) => self.lose(now, lost),
            }
        }
        if self.media.take_key_frame_wanted()
            && self.key_frame_at.is_none_or(|at| now.since(at) >= KEY_FRAME_MS)
        {
            self.key_frame_at = Some(now);
            self.tell(Event::KeyFrameWanted {});
        }
        self.tell_changes();
    }

    fn tell_changes(&mut self) {
        let connected = self.connection == (Connection::Open { resuming: false });
        let (inside, roster, tracks) = match &self.state {
            State::Present(attendee) => match attendee.group() {
                Some(group) => {
                    let roster = roster(&self.context, attendee, group);
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
        if let Some(tracks) = tracks
            && self.told_tracks != tracks
        {
            self.told_tracks.clone_from(&tracks);
            self.tell(Event::Tracks { tracks });
        }
    }

    fn tell_phase(&mut self, phase: Phase) {
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            self.tell(Event::Phase { phase });
        }
    }

    fn heartbeat(&mut self, now: Millis) {
        let State::Present(attendee) = &self.state else {
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
            self.send(&ClientMessage::Heartbeat { processed, check: None });
        }
    }

    fn lose(&mut self, now: Millis, lost: Lost) {
        match lost {
            Lost::ArriveAnew(why) => self.arrive_anew(now, why),
            Lost::Removed => self.end("You were removed from the call.".to_owned()),
            Lost::Failed(error) => self.fail(error),
        }
    }

    /// The connection is gone; the client may still resume.
    fn lose_connection(&mut self, now: Millis) {
        let backoff_ms = (BACKOFF_MS.0 << self.attempts.min(8)).min(BACKOFF_MS.1);
        self.attempts += 1;
        self.connection = Connection::Down(now + backoff_ms);
        self.answer_by = None;
        match &self.state {
            State::Present(_) => {
                self.resume_until.get_or_insert(now + limits::RESUME_WINDOW_MS);
            }
            State::Ended => {}
            _ => self.state = State::Away,
        }
        self.tell_changes();
    }

    /// Drops the group and everything that came with the old client, and arrives as a new one.
    fn arrive_anew(&mut self, now: Millis, why: &'static str) {
        if let State::Ended = self.state {
            return;
        }
        if matches!(self.connection, Connection::Open { .. }) {
            // The old client departs at once instead of after the resume window.
            if matches!(self.state, State::Present(_)) {
                self.send(&ClientMessage::Leave {});
            }
            self.outputs.push_back(Output::Close);
            let pause_ms = if self.losses.is_empty() { 0 } else { BACKOFF_MS.0 };
            self.connection = Connection::Down(now + pause_ms);
        }
        self.drop_attendee(now, why);
    }

    fn drop_attendee(&mut self, now: Millis, why: &'static str) {
        if self.losses.len() < 100 {
            self.losses.push(why);
        }
        (self.answer_by, self.resume_until, self.heartbeat_at) = (None, None, None);
        self.state = State::Away;
        self.media.clear();
        self.told_roster = None;
        self.told_tracks.clear();
        self.tell(Event::MediaReset {});
        if let Connection::Opening = self.connection {
            self.answer_by = Some(now + ANSWER_MS);
        }
        self.tell_changes();
    }

    fn fail(&mut self, error: Error) {
        self.end(format!("The call had to end: {error}. Reload the page to join again."));
    }

    fn end(&mut self, text: String) {
        if matches!(self.state, State::Ended) {
            return;
        }
        self.state = State::Ended;
        self.media.clear();
        (self.answer_by, self.resume_until, self.heartbeat_at) = (None, None, None);
        self.outputs.push_back(Output::Close);
        self.tell(Event::Ended { text });
    }

    fn post(&mut self, post: u32, body: Post) {
        self.send(&ClientMessage::Post { post, body });
    }

    fn group_entered(&self) -> bool {
        self.attendee().is_some_and(|attendee| attendee.group().is_some())
    }

    fn send(&mut self, message: &ClientMessage) {
        self.outputs.push_back(Output::Send { text: message.to_json() });
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event { event });
    }
}

/// The roster comes from the group alone; that somebody is present is all that the server adds to it.
fn roster(context: &RoomContext, attendee: &Attendee, group: &tangelo_e2ee::group::Group) -> Event {
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
            present: attendee.presence().is_present(member.client),
        })
        .collect();
    people.sort_by_key(|person| (!person.own, person.leaf));
    Event::Roster { people, safety_number: group.safety_number(context).to_string(), epoch: group.epoch() }
}

/// What members of the group send, except the own client.
fn tracks(attendee: &Attendee, group: &tangelo_e2ee::group::Group) -> Vec<RemoteTrack> {
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

fn words(error: &WireError) -> String {
    match error.code {
        ErrorCode::Protocol => {
            "This page and the server are of different versions. Reload the page to get the server's."
                .to_owned()
        }
        ErrorCode::NotAdmitted => {
            "The server did not accept this link. Ask for the whole link, and open it as it is.".to_owned()
        }
        ErrorCode::RoomFull => "The call is full. Try again when somebody has left.".to_owned(),
        ErrorCode::ServerFull => "The server is full. Try again later.".to_owned(),
        _ => format!("The server refused the call: {}.", error.text.trim_end_matches('.')),
    }
}
