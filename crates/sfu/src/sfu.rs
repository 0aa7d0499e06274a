//! The parts together: datagrams to sessions, packets from senders to receivers.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    time::Instant,
};

use str0m::{
    net::{Protocol, Transmit},
    rtp::{RtpPacket, Vp8Descriptor},
};
use tangelo_wire::{ClientId, MediaKind, MediaLine, RoomName, Source, View};

use crate::{
    Answer, ForwardedPacket, OfferError, Output, SfuConfig, SfuStats, Transport,
    beginnings::Beginnings,
    demux::{AddressBook, Datagram, Way, is_binding_success},
    key_frame::{starts_vp9_key_frame, vp8_height},
    lines::match_lines,
    participant::{Happened, Of, Participant},
    room::Room,
    sdp::{self, Codec},
    subscription::Came,
    track::TrackId,
};

/// Forwards media among the clients of all rooms of one thread.
pub struct Sfu {
    config: SfuConfig,
    pub(crate) now: Instant,
    pub(crate) rooms: BTreeMap<RoomName, Room>,
    pub(crate) participants: BTreeMap<ClientId, Participant>,
    addresses: AddressBook,
    ufrags: BTreeMap<String, ClientId>,
    /// Sessions that must be drained before anything else is done to them.
    queue: VecDeque<ClientId>,
    wakes: BTreeSet<(Instant, ClientId)>,
    key_frame_wakes: BTreeSet<(Instant, TrackId, u8)>,
    pub(crate) reviews: BTreeSet<(Instant, RoomName)>,
    pub(crate) outputs: VecDeque<(ClientId, Output)>,
    tap: bool,
    beginnings: Beginnings,
    stats: SfuStats,
}

impl Sfu {
    /// An SFU without clients.
    #[must_use]
    pub fn new(config: SfuConfig, now: Instant) -> Self {
        Self {
            config,
            now,
            rooms: BTreeMap::new(),
            participants: BTreeMap::new(),
            addresses: AddressBook::default(),
            ufrags: BTreeMap::new(),
            queue: VecDeque::new(),
            wakes: BTreeSet::new(),
            key_frame_wakes: BTreeSet::new(),
            reviews: BTreeSet::new(),
            outputs: VecDeque::new(),
            tap: false,
            beginnings: Beginnings::default(),
            stats: SfuStats::default(),
        }
    }

    /// Sets what `client` sends and receives. Its first offer begins its media session, later ones change it.
    /// An offer of another `RTCPeerConnection` (other session id or DTLS fingerprint) begins the session anew.
    ///
    /// `lines` gives the use of every `m=` section of `sdp`. A `Receive` of something that is not published (not
    /// yet, no longer, or not in this room) is fine, and stays silent until it is.
    ///
    /// # Errors
    /// The SDP or the lines are bad; the session is as it was before.
    pub fn offer(
        &mut self,
        now: Instant,
        room: &RoomName,
        client: ClientId,
        sdp: &str,
        lines: &[MediaLine],
    ) -> Result<Answer, OfferError> {
        self.advance(now);
        let offer = sdp::Offer::parse(sdp).map_err(OfferError::Bad)?;
        let uses = match_lines(client, &offer, lines).map_err(OfferError::Bad)?;

        let current = self.participants.get_mut(&client);
        if current.as_ref().is_some_and(|participant| participant.room != *room) {
            return Err(OfferError::Bad("the client is in another room".into()));
        }
        let before: BTreeSet<TrackId>;
        let sdp = match current {
            Some(participant) if participant.is_continued_by(&offer) => {
                before = participant.received().collect();
                let answer = participant.negotiate(self.now, &offer, &uses);
                self.queue(client);
                if answer.is_err() {
                    // str0m may have gone half of the way, which begins with other credentials.
                    self.note_ufrag(client);
                    self.settle();
                }
                answer.map_err(OfferError::Bad)?
            }
            current => {
                if current.is_none() && self.participants.len() >= self.config.clients_max {
                    return Err(OfferError::Bad(
                        "the server has as many media sessions as it can take".into(),
                    ));
                }
                if !self.beginnings.take(self.now, client, &self.config) {
                    return Err(OfferError::Busy);
                }
                let mut participant = Participant::new(room.clone(), &offer, &self.config, self.now)
                    .ok_or_else(|| OfferError::Bad("the server cannot begin a media session".into()))?;
                let sdp = participant.negotiate(self.now, &offer, &uses).map_err(OfferError::Bad)?;
                if let Some(former) = self.end_session(client) {
                    participant.replace(former);
                }
                self.participants.insert(client, participant);
                self.stats.sessions += 1;
                before = BTreeSet::new();
                sdp
            }
        };
        let published = self.route(room, client, &before);
        self.queue(client);
        self.settle();
        Ok(Answer { sdp, published })
    }

    /// The local ICE ufrag of a client's session, which its checks name. It may be another one after each offer.
    pub fn ufrag(&mut self, client: ClientId) -> Option<String> {
        self.participants.get_mut(&client).map(Participant::ufrag)
    }

    /// Tells the clients whose sessions begin from now on other addresses, as in [`SfuConfig`].
    pub fn set_candidates(&mut self, udp: Vec<SocketAddr>, tcp: Vec<SocketAddr>) {
        (self.config.candidates, self.config.tcp_candidates) = (udp, tcp);
    }

    /// What `client` shows of the pictures that it receives, and whose microphones it hears, as in
    /// `ClientMessage::Watch` of `tangelo-wire`. Without a session nothing happens: it is said again after every answer.
    pub fn watch(
        &mut self,
        now: Instant,
        client: ClientId,
        views: Option<&[View]>,
        hear: Option<&[ClientId]>,
    ) {
        self.advance(now);
        if let Some(participant) = self.participants.get_mut(&client) {
            participant.show(views);
            participant.hear(hear);
            let room = participant.room.clone();
            self.review_at(&room, self.now);
            self.review_due();
            self.settle();
        }
    }

    /// Ends the session of `client`, if it has one: from here on nothing is forwarded from it or to it.
    pub fn remove(&mut self, now: Instant, client: ClientId) {
        self.advance(now);
        self.end_session(client);
        self.review_due();
        self.settle();
    }

    /// A datagram came from `source` to `destination`, one of [`SfuConfig::candidates`]. What is not for any client
    /// is dropped and counted.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &[u8],
    ) {
        self.advance(now);
        self.receive(Way { transport: Transport::Udp, peer: source, local: destination }, contents);
    }

    /// A frame came in the TCP connection from `source` to `destination`, one of [`SfuConfig::tcp_candidates`]. As with
    /// datagrams, but for the length that the frame begins with, which is not part of `contents`.
    pub fn handle_frame(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &[u8],
    ) {
        self.advance(now);
        self.receive(Way { transport: Transport::Tcp, peer: source, local: destination }, contents);
    }

    /// The TCP connection from `source` to `destination` has ended: another may have the same addresses.
    pub fn handle_closed(&mut self, source: SocketAddr, destination: SocketAddr) {
        self.addresses.forget(Way { transport: Transport::Tcp, peer: source, local: destination });
    }

    fn receive(&mut self, way: Way, contents: &[u8]) {
        self.stats.datagrams_in += 1;
        self.stats.bytes_in += contents.len() as u64;
        // Nothing can be sent back to port 0, and trying to has the kernel refuse more than that.
        if way.peer.port() == 0 {
            self.stats.dropped_garbage += 1;
            return;
        }
        let client = match Datagram::classify(contents) {
            Datagram::BindingRequest { ufrag } => self.ufrags.get(ufrag).copied(),
            Datagram::Session => self.addresses.client(way),
            Datagram::Garbage => {
                self.stats.dropped_garbage += 1;
                return;
            }
        };
        let participant = client.and_then(|client| Some((client, self.participants.get_mut(&client)?)));
        let Some((client, participant)) = participant else {
            self.stats.dropped_unknown += 1;
            return;
        };
        if !participant.handle_datagram(self.now, way, contents) {
            self.stats.dropped_malformed += 1;
        }
        // It holds one packet at a time. Those that it is for are drained once all has come that came at once.
        self.drain(client);
    }

    /// Time has come to [`Self::poll_timeout`], or passed it.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        while let Some((_, client)) = self.wakes.first().copied().filter(|(at, _)| *at <= self.now) {
            self.wakes.pop_first();
            if let Some(participant) = self.participants.get_mut(&client) {
                participant.wake = None;
                participant.handle_timeout(self.now);
                self.queue(client);
            }
        }
        while let Some((_, track, layer)) =
            self.key_frame_wakes.first().copied().filter(|(at, ..)| *at <= self.now)
        {
            self.key_frame_wakes.pop_first();
            self.ask_for_key_frame(track, layer);
        }
        self.review_due();
        self.settle();
    }

    /// When to call [`Self::handle_timeout`]; `None` while there is nothing to wait for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let wake = self.queue.front().map(|_| self.now).or_else(|| self.wakes.first().map(|(at, _)| *at));
        let key_frame = self.key_frame_wakes.first().map(|(at, ..)| *at);
        let review = self.reviews.first().map(|(at, _)| *at);
        wake.into_iter().chain(key_frame).chain(review).min()
    }

    /// The next output, until there is none. To be asked after everything else; after several datagrams that came at once it is enough
    /// to ask once, and takes less work.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            self.settle();
        }
        self.outputs.pop_front().map(|(_, output)| output)
    }

    /// Turns [`Output::Forwarded`] on or off (off at first).
    pub fn set_tap(&mut self, on: bool) {
        self.tap = on;
    }

    /// What the network of a client carries towards it, in bit/s; `None` where that cannot be estimated.
    #[must_use]
    pub fn estimate_bps(&self, client: ClientId) -> Option<u64> {
        self.participants.get(&client)?.budget_bps(0)
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> SfuStats {
        let mut estimates = [0; 4];
        for bps in self.participants.values().filter_map(|participant| participant.budget_bps(0)) {
            let [poor, fair, good, best] = &mut estimates;
            let place = match bps {
                ..300_000 => poor,
                300_000..1_000_000 => fair,
                1_000_000..3_000_000 => good,
                3_000_000.. => best,
            };
            *place += 1;
        }
        SfuStats { participants: self.participants.len(), estimates, ..self.stats }
    }

    /// How many bytes went out, as in [`SfuStats`]; costs nothing.
    #[must_use]
    pub fn bytes_out(&self) -> u64 {
        self.stats.bytes_out
    }

    /// Time never goes back.
    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Brings the room's tracks in line with a session that was just negotiated. Returns what the client sends.
    fn route(&mut self, room: &RoomName, client: ClientId, before: &BTreeSet<TrackId>) -> Vec<Source> {
        self.note_ufrag(client);
        let Some(participant) = self.participants.get(&client) else { return Vec::new() };
        let sent = participant.sent();
        let received: BTreeSet<TrackId> = participant.received().collect();
        let connected = participant.is_connected();

        let tracks = self.rooms.entry(room.clone()).or_default();
        tracks.publish(client, &sent);
        for track in before.difference(&received) {
            tracks.unsubscribe(client, *track);
        }
        let new: Vec<TrackId> = received.difference(before).copied().collect();
        for track in &new {
            tracks.subscribe(client, *track);
        }
        self.drop_if_empty(room);
        if connected {
            for track in new {
                self.want_key_frame(client, track);
            }
        }
        self.review_at(room, self.now);
        self.review_due();
        sent.into_keys().collect()
    }

    /// Binding requests find a session by its ufrag, and an ICE restart changes that.
    fn note_ufrag(&mut self, client: ClientId) {
        self.ufrags.retain(|_, owner| *owner != client);
        if let Some(participant) = self.participants.get_mut(&client) {
            self.ufrags.insert(participant.ufrag(), client);
        }
    }

    fn end_session(&mut self, client: ClientId) -> Option<Participant> {
        let participant = self.participants.remove(&client)?;
        if let Some(at) = participant.wake {
            self.wakes.remove(&(at, client));
        }
        self.ufrags.retain(|_, owner| *owner != client);
        self.addresses.remove(client);
        self.outputs.retain(|(about, _)| *about != client);
        if let Some(room) = self.rooms.get_mut(&participant.room) {
            room.publish(client, &BTreeMap::new());
            for track in participant.received() {
                room.unsubscribe(client, track);
            }
        }
        self.drop_if_empty(&participant.room);
        self.review_at(&participant.room, self.now);
        Some(participant)
    }

    fn drop_if_empty(&mut self, name: &RoomName) {
        if self.rooms.get(name).is_some_and(Room::is_empty)
            && let Some(Room { review: Some(at), .. }) = self.rooms.remove(name)
        {
            self.reviews.remove(&(at, name.clone()));
        }
    }

    pub(crate) fn queue(&mut self, client: ClientId) {
        if let Some(participant) = self.participants.get_mut(&client)
            && !participant.queued
        {
            participant.queued = true;
            self.queue.push_back(client);
        }
    }

    /// Drains sessions until none has anything to say.
    fn settle(&mut self) {
        while let Some(client) = self.queue.pop_front() {
            if let Some(participant) = self.participants.get_mut(&client) {
                participant.queued = false;
            }
            self.drain(client);
        }
    }

    fn drain(&mut self, client: ClientId) {
        let Some(participant) = self.participants.get_mut(&client) else { return };
        if let Some(at) = participant.wake {
            self.wakes.remove(&(at, client));
        }
        let mut transmits = Vec::new();
        let happened = participant.drain(self.now, &mut transmits);
        if let Some(at) = participant.wake {
            self.wakes.insert((at, client));
        }
        let repairs = transmits.iter().filter(|transmit| participant.is_repair(&transmit.contents)).count();
        self.stats.repairs_out += repairs as u64;
        for transmit in transmits {
            self.transmit(client, transmit);
        }
        for event in happened {
            match event {
                Happened::Packet { of, packet } => self.forward(client, of, &packet),
                Happened::KeyFrameWanted { track } => self.want_key_frame(client, track),
                Happened::Congested => self.review_room_of(client),
                Happened::Connected => self.connected(client),
                Happened::Gone => self.outputs.push_back((client, Output::Disconnected { client })),
            }
        }
    }

    fn transmit(&mut self, client: ClientId, transmit: Transmit) {
        let Transmit { proto, source, destination, contents } = transmit;
        let transport = if proto == Protocol::Udp { Transport::Udp } else { Transport::Tcp };
        if is_binding_success(&contents) {
            self.addresses.verified(self.now, Way { transport, peer: destination, local: source }, client);
        }
        self.stats.datagrams_out += 1;
        self.stats.bytes_out += contents.len() as u64;
        let output = Output::Transmit { transport, source, destination, contents: contents.into() };
        self.outputs.push_back((client, output));
    }

    fn connected(&mut self, client: ClientId) {
        self.outputs.push_back((client, Output::Connected { client }));
        let tracks: Vec<TrackId> = self
            .participants
            .get(&client)
            .map(|participant| participant.received().collect())
            .unwrap_or_default();
        for track in tracks {
            self.want_key_frame(client, track);
        }
    }

    fn forward(&mut self, from: ClientId, of: Option<Of>, packet: &RtpPacket) {
        self.stats.packets_in += 1;
        let Some(Of { source, codec, layer }) = of else {
            self.stats.dropped_unexpected += 1;
            return;
        };
        let Some(room) = self.participants.get(&from).map(|sender| &sender.room) else { return };
        let Some(track) = self.rooms.get_mut(room).and_then(|tracks| tracks.track_mut((from, source))) else {
            return;
        };
        let vp8 = (codec == Codec::Vp8).then(|| Vp8Descriptor::parse(&packet.payload).ok()).flatten();
        let has_layers = track.has_layers();
        let (ssrc, sequence) = (*packet.header.ssrc, *packet.seq_no);
        let mut starts_key_frame = match codec {
            Codec::Vp8 => vp8.is_some_and(|descriptor| descriptor.starts_keyframe(&packet.payload)),
            Codec::Vp9 => starts_vp9_key_frame(&packet.payload),
            Codec::Opus => false,
        };
        if let Some(known) = track.layers.get_mut(&layer) {
            if starts_key_frame && codec == Codec::Vp8 {
                known.height = vp8_height(&packet.payload).or(known.height);
            }
            // What follows it was not forwarded to whom this would be the first packet, and cannot be asked for again.
            starts_key_frame &= known.came(self.now, ssrc, sequence, packet.payload.len());
        }
        let came = Came { has_layers, layer, ssrc, starts_key_frame };
        for to in &track.receivers {
            let Some(receiver) = self.participants.get_mut(to) else { continue };
            let packet_of = (packet, vp8.as_ref());
            let Some(written) = receiver.write((from, source), codec, &came, packet_of, self.now) else {
                continue;
            };
            if !receiver.queued {
                receiver.queued = true;
                self.queue.push_back(*to);
            }
            self.stats.packets_out += 1;
            if self.tap {
                let forwarded = ForwardedPacket {
                    room: receiver.room.clone(),
                    from,
                    source,
                    to: *to,
                    payload_type: written.payload_type,
                    sequence_number: written.sequence_number,
                    timestamp: written.timestamp,
                    marker: packet.header.marker,
                    ssrc: written.ssrc,
                    payload: packet.payload.to_vec(),
                };
                self.outputs.push_back((*to, Output::Forwarded(forwarded)));
            }
        }
    }

    /// `receiver` needs a key frame of a track. Who waits for a track of another room is not heard there.
    pub(crate) fn want_key_frame(&mut self, receiver: ClientId, id: TrackId) {
        if id.1.kind() != MediaKind::Video {
            return;
        }
        let Some(number) = self.participants.get(&receiver).and_then(|it| it.needed_layer(id)) else {
            return;
        };
        let Some(sender) = self.participants.get(&id.0) else { return };
        let Some(track) = self.rooms.get_mut(&sender.room).and_then(|room| room.track_mut(id)) else {
            return;
        };
        if !track.receivers.contains(&receiver) {
            return;
        }
        let Some(layer) = track.layers.get_mut(&number) else { return };
        match layer.key_frames.want(self.now, self.config.key_frame_spacing) {
            Some(at) if at <= self.now => self.ask_for_key_frame(id, number),
            Some(at) => {
                self.key_frame_wakes.insert((at, id, number));
            }
            None => {}
        }
    }

    fn ask_for_key_frame(&mut self, id: TrackId, number: u8) {
        let Some(sender) = self.participants.get_mut(&id.0) else { return };
        let Some(track) = self.rooms.get_mut(&sender.room).and_then(|room| room.track_mut(id)) else {
            return;
        };
        let rid = track.has_layers().then_some(number);
        let mid = track.sent.as_ref().map(|sent| sent.mid);
        let Some(layer) = track.layers.get_mut(&number) else { return };
        if !layer.key_frames.take_due(self.now) {
            return;
        }
        if mid.is_some_and(|mid| sender.request_key_frame(mid, rid)) {
            layer.key_frames.asked(self.now);
            self.stats.key_frames_asked += 1;
            self.queue(id.0);
        }
    }
}
