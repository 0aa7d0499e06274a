//! What the server says, message by message.

use tangelo_e2ee::{IdentityProof, LeafKey};
use tangelo_wire::{
    ClientId, ErrorCode, Millis, Mistake, Picture, ServerMessage, TurnServers, WireError, limits, made,
};

use super::{ANSWER_MS, Connection, Session, State};
use crate::{
    Event, Output, RemoteTrack, Words,
    attendee::{Attendee, Carried, Lost},
    inspect::{Happening, Outcome, facts},
    jitter::Jitter,
};

const ROOM_FULL: &str = "Your place in the call is taken: the call is full. Trying again until it has room.";

const SERVER_FULL: &str = "You lost your place in the call, and the server takes nobody new at the moment: it is full or busy. \
    Trying again until it has room.";

impl Session {
    pub(super) fn handle(&mut self, now: Millis, message: ServerMessage) -> Result<(), Lost> {
        match (&mut self.state, message) {
            (State::Greeting, ServerMessage::Assigned { client, pass_asked, .. }) => {
                self.pass_asked = pass_asked;
                self.answer_by = None;
                let key = LeafKey::new()?;
                let leaf_key = key.public();
                let (host, room) = (&self.context.host, self.context.link.room());
                let proof = IdentityProof { host, room, client, leaf_key: &leaf_key };
                let payload = proof.transcript().as_bytes().to_vec().into();
                self.outputs.push_back(Output::SignIdentity { payload });
                self.state = State::Signing(client, Box::new(key));
                self.answer_by = Some(now + ANSWER_MS);
                Ok(())
            }
            (State::Arriving(_), snapshot @ ServerMessage::Snapshot { .. }) => {
                let State::Arriving(applicant) = std::mem::replace(&mut self.state, State::Away) else {
                    return Ok(());
                };
                if let ServerMessage::Snapshot { token, .. } = &snapshot {
                    self.returning = Some(*token);
                }
                let unsaid = std::mem::take(&mut self.carried.unsaid);
                let Carried { state, gate, remains, .. } = &self.carried;
                let carried = Carried { unsaid, state: *state, gate: gate.clone(), remains: remains.clone() };
                let attendee = Attendee::new(now, &self.context, *applicant, snapshot, carried)?;
                self.chat.author = Some(attendee.client());
                self.jitter = Jitter::new(&attendee.client().0);
                self.state = State::Present(Box::new(attendee));
                self.answer_by = None;
                (self.attempts, self.told_full) = (0, None);
                self.heartbeat_at = Some(now + limits::HEARTBEAT_MS);
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Resumed { published, media_lost, .. }) => {
                let current: Vec<ClientId> = published.iter().map(|p| p.client).collect();
                let gone: Vec<ClientId> =
                    attendee.published().keys().filter(|client| !current.contains(client)).copied().collect();
                for client in gone {
                    attendee.set_published(tangelo_wire::Published { client, sources: Vec::new() });
                }
                for one in published {
                    attendee.set_published(one);
                }
                let in_flight = attendee.resume(now);
                self.connection = Connection::Open { resuming: false };
                self.history.note(now, Happening::Resumed {});
                (self.answer_by, self.resume_until, self.attempts) = (None, None, 0);
                self.heartbeat_at = Some(now);
                for (post, body) in in_flight {
                    self.post(post, body);
                }
                if media_lost {
                    self.tell(Event::MediaLost {});
                }
                self.say_watch();
                // An answer may have been lost with the connection.
                self.ask_turn_servers();
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Entry(entry)) => {
                let (seq, (kind, client, bytes)) = (entry.seq, facts(&entry.entry));
                let applied = attendee.apply(now, &self.context, &mut self.media, entry);
                let outcome = match (attendee.outcome().clone(), &applied) {
                    (outcome, Ok(())) => outcome,
                    (Outcome::Refused { broken }, Err(lost)) => {
                        Outcome::Lost { why: lost.why(), broken: Some(broken) }
                    }
                    (_, Err(lost)) => Outcome::Lost { why: lost.why(), broken: None },
                };
                self.history.note(now, Happening::Entry { seq, kind, client, bytes, outcome });
                applied
            }
            (State::Present(attendee), ServerMessage::Published(published)) => {
                attendee.set_published(published);
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Connection { client, lost }) => {
                attendee.set_lost(client, lost);
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Check { client, check }) => {
                if !attendee.checked(now, client, &check) {
                    self.history.note(now, Happening::BadCheck { client });
                }
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Stale { .. }) if made(Mistake::StaleMeansLost) => {
                attendee.throw_post_away()
            }
            (State::Present(_), ServerMessage::Alive { .. }) => Ok(()),
            // The log itself shows what came in the post's place.
            (State::Present(_), ServerMessage::Stale { .. }) => {
                self.history.note(now, Happening::Stale {});
                Ok(())
            }
            (State::Present(attendee), ServerMessage::Refused { post, error }) => {
                self.history.note(now, Happening::PostRefused { code: error.code });
                attendee.refuse(now, post, error.code)
            }
            (State::Present(_), ServerMessage::Answer { offer, sdp }) => {
                self.tell(Event::Answer { offer, sdp });
                self.say_watch();
                Ok(())
            }
            (State::Present(_), ServerMessage::Paused { pictures }) => {
                let pictures = pictures.into_iter().map(|Picture { client, source }| RemoteTrack {
                    client: client.to_string(),
                    source,
                    kind: source.kind(),
                });
                self.tell(Event::Paused { pictures: pictures.collect() });
                Ok(())
            }
            (State::Present(_), ServerMessage::Wanted { source, layers }) => {
                self.tell(Event::Wanted { source, layers });
                Ok(())
            }
            (State::Present(_), ServerMessage::TurnServers(servers)) => {
                let TurnServers { urls, username, credential, seconds } = servers;
                self.tell(Event::TurnServers { urls, username, credential: Words(credential), seconds });
                Ok(())
            }
            (State::Present(_), ServerMessage::OfferRefused { offer, error }) => {
                self.tell(Event::OfferRefused { offer, text: error.text });
                Ok(())
            }
            // Also behind a `Leave` of the client's.
            (_, ServerMessage::Stopping { seconds }) => {
                let text = format!(
                    "This server stops within {seconds} seconds. If it is started again, the call goes on by itself."
                );
                self.tell(Event::Notice { text });
                Ok(())
            }
            (_, ServerMessage::Error(error)) => self.handle_error(now, error),
            _ => Err(Lost::ArriveAnew("the server sent a message out of turn")),
        }
    }

    fn handle_error(&mut self, now: Millis, error: WireError) -> Result<(), Lost> {
        match error.code {
            ErrorCode::Departed if made(Mistake::DepartureEnds) => Err(Lost::Removed),
            ErrorCode::Departed => Err(Lost::ArriveAnew("the server says that this client has departed")),
            // On the way back, the place may be taken by the own ghost, or come free again.
            code @ (ErrorCode::RoomFull | ErrorCode::ServerFull) if self.was_inside => {
                if self.told_full.replace(code) != Some(code) {
                    self.tell_notice(if code == ErrorCode::RoomFull { ROOM_FULL } else { SERVER_FULL });
                }
                self.outputs.push_back(Output::Close);
                self.turned_away(now);
                Ok(())
            }
            // The call has nobody in it any more, and goes on once the server is back, or somebody who may begin it.
            // Of a call that everyone has left nobody is to wait for ever.
            ErrorCode::Stopping | ErrorCode::NotBegun
                if self.was_inside
                    && (error.code == ErrorCode::Stopping || self.attempts < super::BACK_INSIDE_TRIES) =>
            {
                self.outputs.push_back(Output::Close);
                self.lose_connection(now);
                Ok(())
            }
            ErrorCode::Stopping => {
                self.end(words(&error));
                Ok(())
            }
            ErrorCode::Protocol
            | ErrorCode::WrongHost
            | ErrorCode::NotAdmitted
            | ErrorCode::TokenNeeded
            | ErrorCode::TokenInvalid
            | ErrorCode::TokenExpired
            | ErrorCode::TokenEarly
            | ErrorCode::TokenElsewhere
            | ErrorCode::NotBegun
            | ErrorCode::RoomFull
            | ErrorCode::ServerFull
            | ErrorCode::Removed
            | ErrorCode::Ended => {
                self.end(words(&error));
                Ok(())
            }
            code if matches!(self.state, State::Present(_)) => {
                if let State::Present(attendee) = &mut self.state
                    && matches!(code, ErrorCode::TooLarge | ErrorCode::Malformed)
                {
                    attendee.refuse_unread(now);
                }
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
        ErrorCode::TokenNeeded => {
            "This call takes an invitation of your own. Ask whoever invited you for a new link.".to_owned()
        }
        ErrorCode::TokenInvalid => {
            "The server did not accept the invitation in your link. Ask whoever invited you for a new link."
                .to_owned()
        }
        ErrorCode::TokenExpired => {
            "The invitation in your link has expired. Ask whoever invited you for a new link.".to_owned()
        }
        ErrorCode::TokenEarly => {
            "It is too early: the invitation in your link is for later. Try again then.".to_owned()
        }
        ErrorCode::TokenElsewhere => {
            "The invitation in your link is for another call. Ask whoever invited you for the right link."
                .to_owned()
        }
        ErrorCode::NotBegun => {
            "Nobody is in this call, and your link does not let you begin it. Try again once whoever invited you is there."
                .to_owned()
        }
        // The host's own word has not come, so this is the server's.
        ErrorCode::Removed => {
            "The server says that the host removed you from the call. You can try to join again.".to_owned()
        }
        ErrorCode::Ended => "The server says that the host has ended the call for everyone.".to_owned(),
        ErrorCode::RoomFull => "The call is full. Try again when somebody has left.".to_owned(),
        ErrorCode::ServerFull => "The server is full. Try again later.".to_owned(),
        ErrorCode::Stopping => {
            "This server is about to stop and takes no new calls. Try again in a few minutes.".to_owned()
        }
        _ => format!("The server refused the call: {}.", error.text.trim_end_matches('.')),
    }
}
