//! Losses: of the connection, of the client's place in the room, of the call.

use tangelo_e2ee::Error;
use tangelo_wire::{ClientMessage, Millis, Mistake, limits, made};

use super::{
    ANSWER_MS, BACK_INSIDE_MAX_MS, BACK_INSIDE_TRIES, BACKOFF_MS, Connection, PROBE_MS, Session, State,
};
use crate::{
    Event, Output,
    attendee::{Lost, Unheeded},
    inspect::Happening,
};

const FORKED: &str = "Not everyone in this call saw the same call: the server, or somebody in it, has split it. \
    Reconnecting. If this happens again, do not trust this server.";

const REMOVED: &str =
    "The host removed you from the call. You can come back only if the host lets you in again.";

/// How long a loss counts when it comes to pausing before the next try, in milliseconds.
const LOSSES_MS: u64 = 60_000;

impl Session {
    pub(super) fn lose(&mut self, now: Millis, lost: Lost) {
        let why = lost.why();
        match lost {
            Lost::ArriveAnew(why) => self.arrive_anew(now, why),
            Lost::Forked => {
                self.tell(Event::Alarm { text: FORKED.to_owned() });
                self.arrive_anew(now, why);
            }
            Lost::Poisoned(name) => {
                let text = format!(
                    "{name} sent everyone new keys that this device cannot use, which cuts you off from the others. \
                     Reconnecting. If this happens again, do without {name}, or leave and share a new link."
                );
                self.tell(Event::Alarm { text });
                self.arrive_anew(now, why);
            }
            Lost::Removed => self.end(REMOVED.to_owned()),
            Lost::Ended { own: true } => self.end("You ended the call for everyone.".to_owned()),
            Lost::Ended { own: false } => self.end("The host has ended the call for everyone.".to_owned()),
            Lost::Failed(error) => self.fail(error),
        }
    }

    /// The connection is gone; the client may still resume.
    pub(super) fn lose_connection(&mut self, now: Millis) {
        let mut pause_ms = backoff_ms(self.attempts);
        // For who may still resume, the time for that is short.
        let may_resume = matches!(self.state, State::Present(_));
        if may_resume || self.was_inside && self.attempts < BACK_INSIDE_TRIES {
            pause_ms = pause_ms.min(BACK_INSIDE_MAX_MS);
        }
        self.pause(now, pause_ms);
    }

    /// The server has no room for this client: what is to be waited for is no network.
    pub(super) fn turned_away(&mut self, now: Millis) {
        self.pause(now, backoff_ms(self.attempts));
    }

    /// There is no connection, and the next one is tried after about this time.
    fn pause(&mut self, now: Millis, pause_ms: u64) {
        self.connection = Connection::Down(now + self.jitter.shortened(pause_ms));
        self.attempts = self.attempts.saturating_add(1);
        (self.answer_by, self.probe_by) = (None, None);
        match &mut self.state {
            State::Present(attendee) => {
                if made(Mistake::PostThrownAway)
                    && let Err(lost) = attendee.throw_post_away()
                {
                    return self.lose(now, lost);
                }
                self.resume_until.get_or_insert(now + limits::RESUME_WINDOW_MS);
            }
            State::Ended => {}
            _ => self.state = State::Away,
        }
        self.tell_changes(now);
    }

    /// What is tried now may have begun in a network that is gone, and what waits need not wait.
    pub(super) fn network_changed(&mut self, now: Millis) {
        match (self.connection, &self.state) {
            (_, State::Ended) => {}
            (Connection::Down(_), _) => {
                self.attempts = 0;
                self.connection = Connection::Down(now);
            }
            (Connection::Opening, _) => {
                self.outputs.push_back(Output::Close);
                self.attempts = 0;
                self.answer_by = None;
                self.connection = Connection::Down(now);
            }
            (Connection::Open { resuming: false }, State::Present(_)) => {
                self.heartbeat_at = Some(now);
                self.probe_by.get_or_insert(now + PROBE_MS);
                self.heartbeat(now);
            }
            (Connection::Open { .. }, _) => {
                self.probe_by.get_or_insert(now + PROBE_MS);
            }
        }
    }

    /// Drops the group and everything that came with the old client, and arrives as a new one.
    pub(super) fn arrive_anew(&mut self, now: Millis, why: &'static str) {
        if let State::Ended = self.state {
            return;
        }
        if matches!(self.connection, Connection::Open { .. }) {
            // The old client departs at once instead of after the resume window.
            if matches!(self.state, State::Present(_)) {
                self.send(&ClientMessage::Leave {});
            }
            self.outputs.push_back(Output::Close);
            self.lost_at.retain(|at| now.since(*at) < LOSSES_MS);
            // At once the first time; whoever is thrown out again and again must not hammer the server.
            let again = u32::try_from(self.lost_at.len()).unwrap_or(u32::MAX);
            let pause_ms = if again == 0 { 0 } else { self.jitter.shortened(backoff_ms(again)) };
            self.lost_at.push(now);
            self.connection = Connection::Down(now + pause_ms);
        }
        self.drop_attendee(now, why);
    }

    pub(super) fn drop_attendee(&mut self, now: Millis, why: &'static str) {
        if self.losses.len() < 100 {
            self.losses.push(why);
        }
        self.history.note(now, Happening::ArrivedAnew { why });
        let opening_by = self.answer_by;
        (self.answer_by, self.resume_until, self.heartbeat_at) = (None, None, None);
        self.probe_by = None;
        if let State::Present(attendee) = std::mem::replace(&mut self.state, State::Away) {
            let (remains, unconfirmed) = attendee.remains();
            self.carried.remains = remains;
            self.carried.unsaid = attendee.into_unsaid();
            if unconfirmed {
                self.tell_unheeded(Unheeded::NotConfirmed);
            }
        }
        self.media.clear();
        self.told_roster = None;
        self.told_tracks.clear();
        self.tell(Event::MediaReset {});
        self.take_emoji_back();
        match self.connection {
            Connection::Opening => self.answer_by = opening_by.or(Some(now + ANSWER_MS)),
            // A resume was under way, or the server has forgotten this client: start over.
            Connection::Open { .. } => {
                self.outputs.push_back(Output::Close);
                self.connection = Connection::Down(now);
            }
            Connection::Down(_) => {}
        }
        self.tell_changes(now);
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.end(format!("The call had to end: {error}. Reload the page to join again."));
    }

    pub(super) fn end(&mut self, text: String) {
        if matches!(self.state, State::Ended) {
            return;
        }
        // Goodbye, so that the others need not wait for the resume window.
        // Away with an open connection is who has just read in the snapshot that it is not wanted.
        let arrived = matches!(self.state, State::Present(_) | State::Away);
        if arrived && matches!(self.connection, Connection::Open { .. }) {
            self.send(&ClientMessage::Leave {});
        }
        self.state = State::Ended;
        self.media.clear();
        (self.answer_by, self.resume_until, self.heartbeat_at) = (None, None, None);
        self.probe_by = None;
        self.outputs.push_back(Output::Close);
        self.tell(Event::Ended { text });
    }
}

/// The longest pause before try `tries` + 1, in milliseconds.
fn backoff_ms(tries: u32) -> u64 {
    (BACKOFF_MS.0 << tries.min(8)).min(BACKOFF_MS.1)
}
