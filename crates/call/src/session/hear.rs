//! What the server is told of what this client shows and whom it hears.

use tangelo_wire::{ClientId, ClientMessage, Millis};

use super::{Connection, Session, State};
use crate::Event;

/// At most one change of whom to hear in this time, in milliseconds.
const CHANGE_MS: u64 = 500;

/// Whom this client hears; `None` is everybody, or as many as the server forwards.
#[derive(Debug, Default)]
pub(super) struct Ears {
    chosen: Option<Vec<ClientId>>,
    /// What the server was told last.
    told: Option<Vec<ClientId>>,
    not_before: Millis,
    /// Whom the page shows large.
    pub(super) pinned: Option<ClientId>,
}

impl Session {
    /// Chooses anew, and tells the server if it is time.
    pub(super) fn choose_heard(&mut self, now: Millis) {
        let State::Present(attendee) = &mut self.state else {
            // The next client has told nothing yet.
            self.ears.chosen = None;
            return self.note_told();
        };
        self.ears.chosen = attendee.choose_heard(now, self.ears.pinned);
        if self.hear_due().is_some_and(|due| due <= now) {
            self.ears.not_before = now + CHANGE_MS;
            self.say_watch();
        }
    }

    /// When the server is to be told whom this client hears.
    pub(super) fn hear_due(&self) -> Option<Millis> {
        let Ears { chosen, told, not_before, .. } = &self.ears;
        (self.can_watch() && chosen != told).then_some(*not_before)
    }

    /// Tells the server what the page shows, and whom this client hears. Said again after every answer, since a media
    /// session that begins anew does not know.
    pub(super) fn say_watch(&mut self) {
        let Ears { chosen, told, .. } = &self.ears;
        if self.can_watch() && (self.views.is_some() || chosen.is_some() || told.is_some()) {
            let (views, hear) = (self.views.clone(), chosen.clone());
            self.send(&ClientMessage::Watch { views, hear });
            self.note_told();
        }
    }

    fn can_watch(&self) -> bool {
        let open = self.connection == (Connection::Open { resuming: false });
        open && matches!(self.state, State::Present(_))
    }

    fn note_told(&mut self) {
        if self.ears.told != self.ears.chosen {
            self.ears.told.clone_from(&self.ears.chosen);
            let names = |clients: &Vec<ClientId>| clients.iter().map(ClientId::to_string).collect();
            let clients = self.ears.told.as_ref().map(names);
            self.tell(Event::Hearing { clients });
        }
    }
}
