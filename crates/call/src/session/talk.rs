//! What people say to each other, and what the watch over the group finds.

use std::collections::VecDeque;

use tangelo_e2ee::{IdentityKey, group::Group};
use tangelo_wire::{ClientId, Millis};

use super::{Connection, Session, State};
use crate::{
    Event, MemberState, Words,
    attendee::Heard,
    content::{CHAT_MAX_CHARS, Content},
};

/// Most chat messages remembered, to show one that was sent again only once.
const SHOWN_MAX: usize = 500;

/// Numbers the own chat messages, and knows those of others again.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// The last client of this session: its id makes the ids of messages unique.
    pub(super) author: Option<ClientId>,
    count: u64,
    shown: VecDeque<(IdentityKey, String)>,
}

impl Chat {
    fn next_id(&mut self) -> Option<String> {
        self.count += 1;
        self.author.map(|author| format!("{author}-{}", self.count))
    }

    fn is_new(&mut self, identity: IdentityKey, id: &str) -> bool {
        if self.shown.iter().any(|(author, shown)| *author == identity && shown == id) {
            return false;
        }
        self.shown.push_back((identity, id.to_owned()));
        if self.shown.len() > SHOWN_MAX {
            self.shown.pop_front();
        }
        true
    }
}

impl Session {
    pub(super) fn say_chat(&mut self, text: &str) {
        let Some(id) = self.chat.next_id() else {
            return self.tell_notice("You are not in the call yet: try again in a moment.");
        };
        let content = Content::Chat { id, text: text.trim().to_owned() };
        if !content.is_sound() {
            let text =
                format!("A message has 1 to {CHAT_MAX_CHARS} characters, and only such as can be shown.");
            return self.tell_notice(&text);
        }
        let said = match &mut self.state {
            State::Present(attendee) => attendee.say(content),
            // On the way back: the next client says it.
            _ => {
                self.carried.unsaid.push(content);
                self.carried.unsaid.len() <= SHOWN_MAX
            }
        };
        if !said {
            self.tell_notice("Too many messages are waiting to be sent. Try again in a moment.");
        }
    }

    pub(super) fn react(&mut self, emoji: String) {
        let content = Content::Reaction { emoji };
        // A reaction belongs to its moment: without a connection it is not kept.
        if let State::Present(attendee) = &mut self.state
            && content.is_sound()
        {
            attendee.say(content);
        }
    }

    pub(super) fn set_state(&mut self, now: Millis, state: MemberState) {
        self.carried.state = state;
        if let State::Present(attendee) = &mut self.state {
            attendee.set_state(now, state);
        }
    }

    pub(super) fn spoke(&mut self, level: u8) {
        if let State::Present(attendee) = &mut self.state {
            attendee.spoke(level);
        }
    }

    pub(super) fn start_emoji(&mut self, now: Millis) {
        let started = match &mut self.state {
            State::Present(attendee) => attendee.start_emoji(now),
            _ => return self.tell_notice("You are not in the call yet: try again in a moment."),
        };
        match started {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.tell_notice(&error.to_string()),
            Err(lost) => self.lose(now, lost),
        }
    }

    pub(super) fn cancel_emoji(&mut self) {
        if let State::Present(attendee) = &mut self.state {
            attendee.cancel_emoji();
        }
    }

    /// Looks after the group: alarms, and what is due without anyone posting.
    pub(super) fn watch(&mut self, now: Millis) {
        let State::Present(attendee) = &mut self.state else { return };
        if let Err(lost) = attendee.forget(now) {
            return self.lose(now, lost);
        }
        // Without a connection silence says nothing about the others.
        if self.connection != (Connection::Open { resuming: false }) {
            return;
        }
        match attendee.handle_timeout(now) {
            Ok(elsewhere) => {
                let names = names(attendee.group(), &elsewhere);
                if !names.is_empty() {
                    let text = format!(
                        "{names} saw another call than you and most others: the server, or somebody in the call, has \
                         split it. They should be back in a moment."
                    );
                    self.tell(Event::Alarm { text });
                }
            }
            Err(lost) => self.lose(now, lost),
        }
        let State::Present(attendee) = &mut self.state else { return };
        let (unheeded, warnings) = (attendee.take_unheeded(), attendee.take_warnings());
        unheeded.into_iter().for_each(|why| self.tell_unheeded(why));
        warnings.into_iter().for_each(|warning| self.warn(warning));
    }

    /// Passes on what was said.
    pub(super) fn tell_heard(&mut self) {
        let State::Present(attendee) = &mut self.state else { return };
        let own = attendee.client();
        for Heard { client, content, .. } in attendee.take_heard() {
            let profile = attendee.group().and_then(|group| group.member(client)).map(|m| m.profile.clone());
            let Some(profile) = profile else { continue };
            let (client_text, name, is_own) = (client.to_string(), profile.name.to_string(), client == own);
            let event = match content {
                Content::Chat { id, text } if self.chat.is_new(profile.identity, &id) => {
                    let identity = profile.identity.to_string();
                    Event::Chat { id, client: client_text, name, identity, own: is_own, text: Words(text) }
                }
                Content::Reaction { emoji } => {
                    Event::Reaction { client: client_text, name, own: is_own, emoji }
                }
                Content::Mute { client: muted, .. } if muted == own && !is_own => {
                    Event::MuteAsked { text: format!("{name}, a host, muted you.") }
                }
                Content::Chat { .. }
                | Content::Mute { .. }
                | Content::State(_)
                | Content::Emoji { .. }
                | Content::Activity { .. } => continue,
            };
            self.outputs.push_back(crate::Output::Event { event });
        }
    }

    pub(super) fn tell_notice(&mut self, text: &str) {
        self.tell(Event::Notice { text: text.to_owned() });
    }
}

fn names(group: Option<&Group>, clients: &[ClientId]) -> String {
    let Some(group) = group else { return String::new() };
    let members = clients.iter().filter_map(|client| group.member(*client));
    members.map(|member| member.profile.name.to_string()).collect::<Vec<_>>().join(", ")
}
