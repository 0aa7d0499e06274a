//! What a host wants, from the page to the client.

use tangelo_e2ee::group::Group;
use tangelo_wire::{Bytes, ClientId, Millis};

use super::{Session, State};
use crate::{
    Event, HostOrder,
    attendee::{Attendee, Change, Unheeded, Warning},
    content::Content,
};

/// Most names of removed people remembered.
const NAMES_MAX: usize = 1_000;

const NOT_CONFIRMED: &str = "What you wanted as host is not confirmed: the server has not passed it on, and the others may not \
    know of it. Try again. If this happens again, do not rely on it: leave, and make a new call.";
const OPENED: &str = "This call was locked, and the server has opened it: it has begun another one, in which no host has said \
    anything. Until a host locks or opens it again, this device lets in nobody who was not inside before. If no host is here, \
    ask somebody who has the host link to come and to lock the call. To go on without the lock, leave and open the link again.";
const NOT_LET_IN: &str = "Nobody lets you in. If this call was locked, the server has lost the lock, and the others still hold to it: lock \
    the call again in the list of people, and you come in. Whoever is inside stays: look who they are as soon as you are there.";
const TOO_MUCH: &str = "Too many people are kept out or let in one by one for this to be said. Let some of those who are \
    kept out back in, or make a new call.";

impl Session {
    pub(super) fn order(&mut self, now: Millis, at: u64, order: HostOrder) {
        if !self.context.link.is_host() {
            return self.tell_notice("Only a host can do this: open the call with the host's link.");
        }
        let State::Present(attendee) = &mut self.state else { return self.tell_not_inside() };
        // Who is still outside would not name those inside, and nobody could enter their group any more.
        let needs_group = matches!(order, HostOrder::Lock {} | HostOrder::Mute { .. });
        // One whom nobody lets in, because they hold to a lock that it knows nothing of, names those whom the server shows inside.
        let from_outside = matches!(order, HostOrder::Lock {}) && attendee.is_not_let_in(now);
        if needs_group && !attendee.is_inside() && !from_outside {
            return self.tell_not_inside();
        }
        let change = match order {
            HostOrder::Lock {} if from_outside => Change::LockFromOutside,
            HostOrder::Lock {} => Change::Lock,
            HostOrder::Unlock {} => Change::Unlock,
            HostOrder::Admit { client } => Change::Admit(client),
            HostOrder::AdmitAll {} => Change::AdmitAll(attendee.presence().present()),
            HostOrder::LetBack { tag } => Change::LetBack(tag),
            HostOrder::End {} => Change::End,
            HostOrder::Remove { client } => {
                if !attendee.presence().is_present(client) {
                    return self.tell_notice("This person is not in the call any more.");
                }
                let own = self.context.link.keys().map(|keys| keys.identity_tag(self.profile.identity));
                let removable = removable(attendee, client);
                if client == attendee.client()
                    || removable.as_ref().is_some_and(|(tag, _)| Some(tag) == own.as_ref())
                {
                    return self.tell_notice("This is your own device: to go, leave the call.");
                }
                match removable {
                    Some((tag, name)) => {
                        if self.removed_names.len() < NAMES_MAX {
                            self.removed_names.retain(|(other, _)| *other != tag);
                            self.removed_names.push((tag.clone(), name));
                        }
                        Change::Bar(tag)
                    }
                    // What it arrived with shows no identity.
                    None => Change::PutOut(client),
                }
            }
            HostOrder::Mute { client } => return self.ask_to_mute(client),
        };
        if !attendee.order(now, at, change) {
            self.tell_notice("Too much is waiting to be said. Try again in a moment.");
        }
    }

    fn ask_to_mute(&mut self, client: ClientId) {
        let State::Present(attendee) = &mut self.state else { return };
        let is_member = |group: &Group| group.member(client).is_some();
        if !attendee.group().is_some_and(is_member) || client == attendee.client() {
            return self.tell_notice("This person is not in the call any more.");
        }
        let Some(host) = attendee.prove_host(&self.context) else { return };
        if !attendee.say(Content::Mute { client, host }) {
            self.tell_notice("Too many messages are waiting to be sent. Try again in a moment.");
        }
    }

    pub(super) fn tell_unheeded(&mut self, why: Unheeded) {
        let text = match why {
            Unheeded::NotConfirmed => NOT_CONFIRMED,
            Unheeded::Refused => "The server refused what you wanted as host. Try again in a moment.",
            Unheeded::TooMuch => TOO_MUCH,
        };
        match why {
            Unheeded::TooMuch => self.tell_notice(text),
            Unheeded::NotConfirmed | Unheeded::Refused => self.tell(Event::Alarm { text: text.to_owned() }),
        }
    }

    /// What a person should know of the lock.
    pub(super) fn warn(&mut self, warning: Warning) {
        let text = match warning {
            Warning::PassedOnLate => {
                return self.tell_notice(
                    "What was not confirmed before has come through now. See whether it is still what you want.",
                );
            }
            Warning::NotLetIn => return self.tell_notice(NOT_LET_IN),
            Warning::Opened => OPENED.to_owned(),
            Warning::Back { name, inside: true } => format!(
                "{name} was removed by a host and is in the call again: the server has forgotten it. Say nothing that is not for {name} \
                 until a host has removed {name} again."
            ),
            Warning::Back { name, inside: false } => format!(
                "{name} was removed by a host and is there again: the server has forgotten it. This device does not go there until a host \
                 has said something again. To go there all the same, leave and open the link again."
            ),
            Warning::Stranger { name, inside: true } => format!(
                "This call was locked, and the server has opened it: {name} is in it, whom no host has let in. Say nothing that is not \
                 for {name} until a host has locked the call again."
            ),
            Warning::Stranger { name, inside: false } => format!(
                "This call was locked, and the server has opened it: {name} is there, whom no host has let in. This device does not go \
                 there until a host has locked or opened the call again. To go there all the same, leave and open the link again."
            ),
            Warning::PutOut(names) => format!(
                "The server had lost the lock of this call, and people came in whom no host had let in: {}. The call is locked again, \
                 and they are put out. They can wait to be let in.",
                few(&names)
            ),
        };
        self.tell(Event::Alarm { text });
    }

    fn tell_not_inside(&mut self) {
        self.tell_notice("You are not in the call yet: try again in a moment.");
    }
}

/// What stands for a client's identity, and its name; `None` if what it arrived with cannot be used.
fn removable(attendee: &Attendee, client: ClientId) -> Option<(Bytes, String)> {
    let presence = attendee.presence();
    Some((presence.tag(client)?.clone(), presence.profile(client)?.name.to_string()))
}

/// Names, in so many words as fit a sentence.
fn few(names: &[String]) -> String {
    const MOST: usize = 5;
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST { shown + ", …" } else { shown }
}
