//! What a present client says besides posts: heartbeats, media offers, what it shows.

use std::collections::BTreeSet;

use tangelo_wire::{
    ClientId, ErrorCode, ForkCheck, MediaLine, Millis, Seq, ServerMessage, View, WireError, limits as bounds,
};

use crate::{
    ConnectionId, Delivery, Output,
    connection::State,
    depart::departed,
    room::{Room, send},
};

impl Delivery {
    pub(crate) fn heartbeat(
        &mut self,
        now: Millis,
        id: ConnectionId,
        processed: Seq,
        check: Option<ForkCheck>,
    ) {
        let Some((client, room)) = self.arrived(id) else { return };
        if processed > room.log.head() {
            let text = format!("entry {processed} is yet to come");
            return self.tell_error(id, ErrorCode::Invalid, text);
        }
        let Some(present) = room.present.get_mut(&client) else { return };
        present.processed = present.processed.max(processed);
        let seq = room.log.head();
        self.tell(id, ServerMessage::Alive { seq });
        let Some((client, room)) = self.arrived(id) else { return };
        let Some(present) = room.present.get_mut(&client) else { return };
        // Around a `Founded` a member may not know yet that it is none.
        let Some(check) = check.filter(|_| present.entered) else { return };
        if check.tag.len() != 8 || check.signature.len() != 64 {
            return self.tell_error(
                id,
                ErrorCode::Invalid,
                "a check has a tag of 8 and a signature of 64 bytes",
            );
        }
        if !present.checks.take(now) {
            return self.tell_error(id, ErrorCode::TooMany, "too many checks: one a second is enough");
        }
        let to = room.connections(Some(client));
        send(&mut self.outputs, to, || ServerMessage::Check { client, check });
    }

    pub(crate) fn offer(
        &mut self,
        now: Millis,
        id: ConnectionId,
        offer: u32,
        sdp: String,
        lines: Vec<MediaLine>,
    ) {
        let refuse = |error| ServerMessage::OfferRefused { offer, error };
        if let Some(error) = self.departed_error(id) {
            return self.tell(id, refuse(error));
        }
        let Some((client, room)) = self.arrived(id) else { return };
        let name = room.name.clone();
        let gets_media = room.gets_media(client);
        let Some(present) = room.present.get_mut(&client) else { return };
        let error = if !gets_media {
            let text = "a host keeps this client outside: there is media once it is let in";
            Some(WireError::new(ErrorCode::NotEntered, text))
        } else if sdp.len() > bounds::SDP_MAX_BYTES || lines.len() > bounds::MEDIA_LINES_MAX {
            let (bytes, sections) = (bounds::SDP_MAX_BYTES, bounds::MEDIA_LINES_MAX);
            let text = format!("an offer has at most {bytes} bytes and {sections} media sections");
            Some(WireError::new(ErrorCode::TooLarge, text))
        } else if !present.offers.take(now) {
            Some(WireError::new(ErrorCode::TooMany, "too many offers: slow down"))
        } else {
            None
        };
        match error {
            Some(error) => self.tell(id, refuse(error)),
            None => {
                present.media_lost = false;
                self.outputs.push_back(Output::Offer { room: name, client, offer, sdp, lines });
            }
        }
    }

    pub(crate) fn watch(
        &mut self,
        now: Millis,
        id: ConnectionId,
        views: Option<Vec<View>>,
        hear: Option<Vec<ClientId>>,
    ) {
        let Some((client, room)) = self.arrived(id) else { return };
        let name = room.name.clone();
        let Some(present) = room.present.get_mut(&client) else { return };
        if views.as_ref().is_some_and(|views| views.len() > bounds::VIEWS_MAX) {
            let text = format!("at most {} pictures can be shown", bounds::VIEWS_MAX);
            return self.tell_error(id, ErrorCode::TooLarge, text);
        }
        if hear.as_ref().is_some_and(|hear| hear.len() > bounds::HEARD_MAX) {
            let text = format!("at most {} microphones can be heard", bounds::HEARD_MAX);
            return self.tell_error(id, ErrorCode::TooLarge, text);
        }
        // Who is named may have left meanwhile, so that is no fault.
        if hear.as_ref().is_some_and(|hear| hear.iter().collect::<BTreeSet<_>>().len() < hear.len()) {
            return self.tell_error(id, ErrorCode::Invalid, "each microphone to be heard is named once");
        }
        if !present.watches.take(now) {
            return self.tell_error(id, ErrorCode::TooMany, "too many changes of what is shown: slow down");
        }
        self.outputs.push_back(Output::Watch { room: name, client, views, hear });
    }

    /// Only who has arrived, and so has shown the link's secret where there is one, is told.
    pub(crate) fn turn_servers(&mut self, now: Millis, id: ConnectionId) {
        let Some((client, room)) = self.arrived(id) else { return };
        let Some(present) = room.present.get_mut(&client) else { return };
        if !present.turn_servers.take(now) {
            return self.tell_error(id, ErrorCode::TooMany, "asked for TURN servers too often: slow down");
        }
        self.outputs.push_back(Output::TurnServers { to: id });
    }

    /// The client of a connection and its room. Tells the connection if it has none.
    pub(crate) fn arrived(&mut self, id: ConnectionId) -> Option<(ClientId, &mut Room)> {
        match &self.connections.get(&id)?.state {
            State::Arrived { client, room } => {
                let client = *client;
                self.rooms.get_mut(room).map(|room| (client, room))
            }
            State::Departed => {
                let error = departed();
                self.tell(id, ServerMessage::Error(error));
                None
            }
            State::Fresh | State::Assigned { .. } => {
                self.tell_error(id, ErrorCode::OutOfTurn, "arrive in a room first");
                None
            }
        }
    }

    /// For messages whose refusal has a form of its own.
    pub(crate) fn departed_error(&self, id: ConnectionId) -> Option<WireError> {
        let state = &self.connections.get(&id)?.state;
        matches!(state, State::Departed).then(departed)
    }
}
