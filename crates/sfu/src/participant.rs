//! A client's media session: its `Rtc`, what it sends and what it receives.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, IceConnectionState, Input, Output, Rtc,
    bwe::{Bitrate, BweKind},
    change::SdpOffer,
    error::IceError,
    format::FormatParams,
    media::{Frequency, KeyframeRequestKind, Mid, Rid},
    net::{Protocol, Receive, TcpType, Transmit},
    rtp::{Extension, RtpPacket, RtpWrite, Vp8Descriptor},
};
use tangelo_wire::{ClientId, LAYER_RIDS, LineUse, MediaKind, Picture, RoomName, Source, View};

use crate::{
    SfuConfig, Transport,
    budget::Plan,
    checks::Checks,
    demux::{Datagram, Way, chooses_way, is_binding_success, is_stun},
    guard::guarded,
    hearing::Hearing,
    layers::Choice,
    lines::{check_order, direction_of},
    network::{Network, RESTING_BPS, START_BPS},
    sdp::{Codec, Numbering, Offer, Section, finish_answer},
    streams::{Named, Streams},
    subscription::{Came, Subscription},
    track::{Sent, TrackId},
};

/// How long a session may take to connect after its first offer.
const CONNECT_TIME: Duration = Duration::from_secs(30);

/// str0m notices that ICE checks stay away only when it is called.
const TICK: Duration = Duration::from_secs(1);

/// How many times in a row str0m may ask to be called at once: once for each packet that waits, and two or three times besides.
const ROUNDS_MAX: usize = 256;

/// What str0m wants so soon it gets at once: it has a microsecond pass between two packets that may go at the same time.
const AT_ONCE: Duration = Duration::from_micros(100);

/// No timer of the network is finer.
const FINEST: Duration = Duration::from_millis(1);

/// What str0m wants to be called for may wait this long after it was called last. Each call looks at everything that a session has, and
/// with a client that only receives most of them find nothing to do. Of who sends lost packets are to be asked for soon.
const CALM: Duration = Duration::from_millis(25);
const CALM_SENDER: Duration = Duration::from_millis(10);

/// Largest RTP payload that is forwarded, in bytes: with header, extensions, RTX and SRTP it must fit a datagram.
const PAYLOAD_MAX_BYTES: usize = 1_400;

/// A client's media session.
pub(crate) struct Participant {
    pub(crate) room: RoomName,
    /// Whether it waits in the queue of sessions to drain.
    pub(crate) queued: bool,
    /// When str0m wants to be called; `None` once the session is dead.
    pub(crate) wake: Option<Instant>,
    /// When it was called last because time had passed.
    timed: Instant,
    /// Whether its network may be probed: what that finds depends on when each packet is sent.
    probes: bool,
    rtc: Rtc,
    state: State,
    identity: Identity,
    numbering: Numbering,
    sections: Vec<Section>,
    sending: BTreeMap<Mid, (Source, Vec<u8>)>,
    receiving: BTreeMap<TrackId, Mid>,
    network: Network,
    /// What the client shows; `None` before it has said so.
    views: Option<BTreeMap<TrackId, View>>,
    /// Which pictures have no room in its network, as it was told.
    paused: Option<Vec<Picture>>,
    hearing: Hearing,
    checks: Checks,
    /// What the client sends, as str0m keeps it.
    streams: Streams,
    /// All lines that ever received, in use or not: numbers go on when a line is used again.
    subscriptions: BTreeMap<Mid, Subscription>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting { until: Instant },
    Connected,
    Gone,
}

/// What stays the same through all offers of one `RTCPeerConnection`.
#[derive(PartialEq, Eq)]
struct Identity {
    session_id: String,
    fingerprint: String,
}

impl Identity {
    fn of(offer: &Offer) -> Self {
        Self { session_id: offer.session_id.clone(), fingerprint: offer.fingerprint.0.clone() }
    }
}

/// What a session reports when it is drained.
pub(crate) enum Happened {
    /// An RTP packet; without a source and codec if no track takes it.
    Packet {
        of: Option<Of>,
        packet: Box<RtpPacket>,
    },
    KeyFrameWanted {
        track: TrackId,
    },
    /// The network carries less than what was chosen for it.
    Congested,
    Connected,
    Gone,
}

/// What a packet is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of {
    pub(crate) source: Source,
    pub(crate) codec: Codec,
    /// Its simulcast layer; 0 without simulcast.
    pub(crate) layer: u8,
}

/// A packet as a receiver gets it.
pub(crate) struct Written {
    pub(crate) payload_type: u8,
    pub(crate) sequence_number: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

impl Participant {
    /// A session that has agreed on nothing yet.
    pub(crate) fn new(room: RoomName, offer: &Offer, config: &SfuConfig, now: Instant) -> Option<Self> {
        let mut rtc = guarded(|| {
            let mut builder = Rtc::builder()
                .set_rtp_mode(true)
                .enable_bwe(Some(Bitrate::from(START_BPS)))
                .set_ice_lite(true)
                .clear_codecs()
                .enable_opus(true, false)
                .enable_vp8(true)
                .clear_extension_map()
                .set_extension(1, Extension::RtpMid)
                .set_extension(2, Extension::TransportSequenceNumber)
                .set_extension(3, Extension::RtpStreamId)
                .set_extension(4, Extension::RepairedRtpStreamId);
            // `enable_vp9` would take profile 2 in as well.
            builder.codec_config().add_config(
                98.into(),
                Some(99.into()),
                str0m::format::Codec::Vp9,
                Frequency::NINETY_KHZ,
                None,
                FormatParams { profile_id: Some(0), ..FormatParams::default() },
            );
            let mut rtc = builder.build(now);
            let udp =
                config.candidates.iter().map(|address| (address, Candidate::host(*address, Protocol::Udp)));
            let tcp = config.tcp_candidates.iter().map(|address| (address, tcp_candidate(*address)));
            for (address, candidate) in udp.chain(tcp) {
                match candidate {
                    Ok(candidate) => {
                        rtc.add_local_candidate(candidate);
                    }
                    Err(error) => tracing::warn!(%address, %error, "not an ICE candidate"),
                }
            }
            rtc
        })?;
        let checks = Checks::new(rtc.direct_api().local_ice_credentials().ufrag);
        Some(Self {
            room,
            queued: false,
            wake: None,
            timed: now,
            probes: false,
            rtc,
            state: State::Connecting { until: now + CONNECT_TIME },
            identity: Identity::of(offer),
            numbering: Numbering::default(),
            sections: Vec::new(),
            sending: BTreeMap::new(),
            receiving: BTreeMap::new(),
            network: Network::default(),
            views: None,
            paused: None,
            hearing: Hearing::default(),
            checks,
            streams: Streams::default(),
            subscriptions: BTreeMap::new(),
        })
    }

    /// Whether the offer goes on with this session, or begins another one.
    pub(crate) fn is_continued_by(&self, offer: &Offer) -> bool {
        self.rtc.is_alive() && self.identity == Identity::of(offer)
    }

    /// Agrees to an offer. Returns the answer.
    ///
    /// # Errors
    /// What is wrong with the offer, for people; nothing has changed.
    pub(crate) fn negotiate(
        &mut self,
        now: Instant,
        offer: &Offer,
        uses: &[Option<LineUse>],
    ) -> Result<String, String> {
        let mut numbering = self.numbering;
        numbering.merge(offer.numbering)?;
        check_order(&self.sections, &offer.sections)?;

        let directions: Vec<_> = uses.iter().map(|line_use| direction_of(line_use.as_ref())).collect();
        let text = offer.to_sdp(&directions, &numbering);
        let plain = guarded(|| SdpOffer::from_sdp_string(&text))
            .ok_or("the server cannot read this SDP")?
            .map_err(|error| error.to_string())?;
        // What str0m refuses was refused above. Should it find one thing more, its own state may have moved, but
        // ours has not, except for the credentials, which it changes first.
        let accepted = guarded(|| self.rtc.sdp_api().accept_offer(plain));
        let ufrag = self.ufrag();
        self.checks.agreed(now, ufrag);
        let answer = match accepted {
            Some(answer) => answer.map_err(|error| error.to_string())?,
            None => {
                self.rtc.disconnect();
                return Err("the server cannot work with this SDP".into());
            }
        };
        self.numbering = numbering;
        self.sections.clone_from(&offer.sections);
        self.assign(uses);
        Ok(finish_answer(&answer.to_sdp_string(), &numbering, &offer.sections))
    }

    fn assign(&mut self, uses: &[Option<LineUse>]) {
        let mut sending = BTreeMap::new();
        let mut receiving = BTreeMap::new();
        for (section, line_use) in self.sections.iter().zip(uses) {
            let mid = Mid::from(section.mid.as_str());
            match line_use {
                Some(LineUse::Send { source }) => {
                    sending.insert(mid, (*source, section.layers.clone()));
                }
                Some(LineUse::Receive { client, source }) => {
                    receiving.insert((*client, *source), mid);
                }
                None => {}
            }
        }
        for (track, mid) in &receiving {
            if self.receiving.get(track) == Some(mid) {
                continue;
            }
            if let Some(subscription) = self.subscriptions.get_mut(mid) {
                subscription.carry(*track);
            } else if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(*mid, None) {
                // Senders pace; what comes goes on at once, and nothing gathers here.
                stream.set_unpaced(true);
                self.subscriptions.insert(*mid, Subscription::new(*track, stream.ssrc()));
            }
        }
        let sections = &self.sections;
        let is_line = |mid: Mid| sections.iter().any(|s| !s.rejected && Mid::from(s.mid.as_str()) == mid);
        self.subscriptions.retain(|mid, _| is_line(*mid));
        self.streams.keep(&mut self.rtc, is_line);
        self.sending = sending;
        self.receiving = receiving;
    }

    /// The local ICE ufrag, by which STUN finds this session.
    pub(crate) fn ufrag(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    /// What the client sends, and how.
    pub(crate) fn sent(&self) -> BTreeMap<Source, Sent> {
        let sent = |(mid, (source, layers)): (&Mid, &(Source, Vec<u8>))| {
            (*source, Sent { mid: *mid, layers: layers.clone() })
        };
        self.sending.iter().map(sent).collect()
    }

    /// The client shows these pictures and no others; `None`: all that there are.
    pub(crate) fn show(&mut self, views: Option<&[View]>) {
        self.views = views.map(|views| {
            let mut shown = BTreeMap::new();
            for view in views {
                shown.entry((view.client, view.source)).or_insert(*view);
            }
            shown
        });
    }

    /// The client hears these microphones and no others; `None`: it leaves that to us, and who has a place keeps it.
    pub(crate) fn hear(&mut self, named: Option<&[ClientId]>) {
        if named.is_some() || matches!(self.hearing, Hearing::Named(_)) {
            self.hearing = Hearing::new(named);
        }
    }

    /// Whether the client gets what comes of a track that it receives; pictures are another matter.
    pub(crate) fn hears(&self, (client, source): TrackId) -> bool {
        source != Source::Microphone || self.hearing.has(client)
    }

    /// Takes over what the client shows and hears from the session that this one replaces.
    pub(crate) fn replace(&mut self, former: Self) {
        (self.views, self.hearing) = (former.views, former.hearing);
    }

    /// How the client shows a picture that it receives; `None` if it does not.
    pub(crate) fn view_of(&self, (client, source): TrackId) -> Option<View> {
        match &self.views {
            Some(views) => views.get(&(client, source)).copied(),
            None => Some(View { client, source, height: u16::MAX, pinned: false }),
        }
    }

    /// The layer of which the client needs a key frame: what it waits for, or else what it gets.
    pub(crate) fn needed_layer(&self, track: TrackId) -> Option<u8> {
        let subscription = self.subscription(track)?;
        if subscription.is_waiting() { subscription.forward } else { subscription.current }
    }

    fn subscription(&self, track: TrackId) -> Option<&Subscription> {
        self.subscriptions.get(self.receiving.get(&track)?)
    }

    /// Sends what was chosen of a track from now on. Returns whether that needs a key frame: who is not connected yet gets
    /// one when it is, and a track without layers begins as it comes, but for what follows a pause.
    pub(crate) fn aim(&mut self, track: TrackId, choice: Choice, has_layers: bool) -> bool {
        let line = self.receiving.get(&track);
        let Some(subscription) = line.and_then(|mid| self.subscriptions.get_mut(mid)) else { return false };
        let resumes = subscription.aim(choice);
        let needs = if has_layers { subscription.is_waiting() } else { resumes };
        needs && self.is_connected()
    }

    /// What the client's network carries besides sound that takes `sound_bps`; `None` where that is not known.
    pub(crate) fn budget_bps(&self, sound_bps: u64) -> Option<u64> {
        self.network.budget_bps(sound_bps)
    }

    /// What is forwarded of a track now.
    pub(crate) fn forwarded(&self, track: TrackId) -> Option<u8> {
        self.subscription(track)?.forward
    }

    /// There are pictures that the client is to get, or none any more.
    pub(crate) fn has_pictures(&mut self, has_them: bool) {
        if let Some(begins) = self.network.has_pictures(has_them) {
            if !has_them {
                self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::ZERO);
            }
            self.rtc.bwe().reset(Bitrate::from(begins));
        }
    }

    /// Notes what was chosen, and looks for room for more if more is wanted.
    pub(crate) fn plan(&mut self, now: Instant, plan: &Plan, sound_bps: u64) {
        if let Some(begins) = self.network.begins_anew(now, plan, sound_bps) {
            self.rtc.bwe().reset(Bitrate::from(begins));
        }
        let desired = self.network.plan(now, plan, sound_bps);
        tracing::trace!(
            pictures = plan.choices.len(),
            forwarded = plan.choices.iter().filter(|choice| choice.forward.is_some()).count(),
            network = ?self.network,
            sound_bps,
            desired,
            "planned"
        );
        self.probes = plan.next_bps.is_some();
        self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::from(desired));
    }

    /// Notes which of the pictures that it shows the client does not get for want of room. Returns them sorted, if it is to be told.
    pub(crate) fn newly_paused(&mut self, mut pictures: Vec<Picture>) -> Option<Vec<Picture>> {
        pictures.sort_unstable();
        if self.paused.as_ref() == Some(&pictures) {
            return None;
        }
        self.paused = Some(pictures.clone());
        Some(pictures)
    }

    /// What the client receives.
    pub(crate) fn received(&self) -> impl Iterator<Item = TrackId> {
        self.receiving.keys().copied()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.state == State::Connected
    }

    /// Hands a datagram to str0m. Returns whether str0m took it.
    pub(crate) fn handle_datagram(&mut self, now: Instant, way: Way, contents: &[u8]) -> bool {
        let is_check = matches!(Datagram::classify(contents), Datagram::BindingRequest { .. });
        let named = Named::read(contents, &self.numbering);
        if named.is_some_and(|named| !self.streams.admits(named)) {
            return false;
        }
        let taken = guarded(|| {
            let Ok(receive) = Receive::new(protocol(way), way.peer, way.local, contents) else {
                return false;
            };
            let input = Input::Receive(now, receive);
            if is_check && !self.checks.admit(way, || self.rtc.accepts(&input)) {
                return false;
            }
            if is_check {
                self.checks.asks(way, chooses_way(contents));
            }
            self.checks.heard(now, way);
            let taken = self.rtc.handle_input(input).is_ok();
            if let Some(named) = named {
                self.streams.handed(&mut self.rtc, named);
            }
            taken
        });
        self.or_dead(taken).unwrap_or(false)
    }

    /// Lets time pass.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.timed = self.timed.max(now);
        let result = guarded(|| self.rtc.handle_input(Input::Timeout(now)));
        if let Some(Err(error)) = self.or_dead(result) {
            tracing::debug!(%error, "session refused to go on");
        }
    }

    /// Takes everything out of str0m, which must happen after every change to it.
    pub(crate) fn drain(&mut self, now: Instant, transmits: &mut Vec<Transmit>) -> Vec<Happened> {
        let mut happened = Vec::new();
        let mut rounds = 0;
        self.wake = loop {
            let output = guarded(|| self.rtc.poll_output());
            match self.or_dead(output) {
                Some(Ok(Output::Transmit(mut transmit))) => {
                    if is_binding_success(&transmit.contents) {
                        self.checks.passed(now, transmit.destination);
                    } else if transmit.proto == Protocol::Udp
                        && !is_stun(&transmit.contents)
                        && let Some(peer) = self.checks.chosen(transmit.source)
                    {
                        transmit.destination = peer;
                    }
                    transmits.push(transmit);
                }
                Some(Ok(Output::Event(event))) => self.handle_event(event, &mut happened),
                Some(Ok(Output::Timeout(at))) if !self.rtc.is_alive() => {
                    tracing::trace!(?at, "session is dead");
                    break None;
                }
                Some(Ok(Output::Timeout(at)))
                    if at > now.max(self.timed) + AT_ONCE || rounds == ROUNDS_MAX =>
                {
                    break Some(self.wake_at(now, at));
                }
                Some(Ok(Output::Timeout(at))) => {
                    rounds += 1;
                    self.handle_timeout(now.max(at));
                }
                Some(Err(_)) if self.rtc.is_alive() && rounds < ROUNDS_MAX => rounds += 1,
                Some(Err(_)) | None => {
                    self.rtc.disconnect();
                    break None;
                }
            }
        };
        if self.streams.are_too_many() && self.rtc.is_alive() {
            tracing::debug!("a client has sent more streams than a session may have");
            self.rtc.disconnect();
            self.wake = None;
        }
        let late = matches!(self.state, State::Connecting { until } if until <= now);
        if late || self.checks.are_late(now) || !self.rtc.is_alive() {
            self.gone(&mut happened);
        }
        happened
    }

    /// When to call str0m that wants it `at` this time.
    fn wake_at(&self, now: Instant, at: Instant) -> Instant {
        // What waits to be sent waits no longer than it must.
        let is_exact = self.probes || !self.is_connected() || at <= self.timed + AT_ONCE;
        let calm = if self.sending.is_empty() { CALM } else { CALM_SENDER };
        let at = if is_exact { at } else { at.max(self.timed + calm) };
        at.clamp(now + FINEST, now + TICK)
    }

    fn handle_event(&mut self, event: Event, happened: &mut Vec<Happened>) {
        match event {
            Event::RtpPacket(packet) => {
                let line = self
                    .rtc
                    .direct_api()
                    .stream_rx(&packet.header.ssrc)
                    .map(|stream| (stream.mid(), stream.rid()));
                if let Some((mid, rid)) = line {
                    self.streams.heard(&mut self.rtc, mid, rid, *packet.header.ssrc);
                }
                let of = line.and_then(|(mid, rid)| self.what_is(mid, rid, &packet));
                happened.push(Happened::Packet { of, packet: Box::new(packet) });
            }
            Event::KeyframeRequest(request) => {
                let track = self.subscriptions.get(&request.mid).map(|subscription| subscription.track);
                if let Some(track) = track.filter(|track| self.receiving.contains_key(track)) {
                    happened.push(Happened::KeyFrameWanted { track });
                }
            }
            Event::EgressBitrateEstimate(BweKind::Twcc { estimate, can_probe }) => {
                if self.network.estimated(can_probe.then_some(estimate.as_u64())) {
                    happened.push(Happened::Congested);
                }
                if self.network.stirs() {
                    self.rtc.bwe().reset(Bitrate::from(RESTING_BPS));
                }
            }
            Event::Connected => self.connected(happened),
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) | Event::Closed => {
                self.gone(happened);
            }
            // ICE checks are back after they had stayed away.
            Event::IceConnectionStateChange(_) if self.rtc.is_connected() => self.connected(happened),
            _ => {}
        }
    }

    fn connected(&mut self, happened: &mut Vec<Happened>) {
        if self.state != State::Connected {
            self.state = State::Connected;
            happened.push(Happened::Connected);
        }
    }

    fn gone(&mut self, happened: &mut Vec<Happened>) {
        if self.state != State::Gone {
            self.state = State::Gone;
            happened.push(Happened::Gone);
        }
    }

    /// What a packet is of, if that is something that its line carries and it can be forwarded whole.
    fn what_is(&self, mid: Mid, rid: Option<Rid>, packet: &RtpPacket) -> Option<Of> {
        let (source, layers) = self.sending.get(&mid)?;
        let codec = self.numbering.codec(source.kind(), *packet.header.payload_type)?;
        let layer = if layers.is_empty() {
            0
        } else {
            let number = LAYER_RIDS.iter().position(|name| Some(*name) == rid.as_deref())?;
            u8::try_from(number).ok().filter(|number| layers.contains(number))?
        };
        let fits = packet.payload.len() <= PAYLOAD_MAX_BYTES;
        fits.then_some(Of { source: *source, codec, layer })
    }

    /// Sends another client's packet to this one, if its line carries that layer and it knows the codec. The caller drains
    /// the session afterwards.
    pub(crate) fn write(
        &mut self,
        track: TrackId,
        codec: Codec,
        came: &Came,
        (packet, vp8): (&RtpPacket, Option<&Vp8Descriptor>),
        now: Instant,
    ) -> Option<Written> {
        if !self.is_connected() {
            return None;
        }
        let subscription = self.subscriptions.get_mut(self.receiving.get(&track)?)?;
        if track.1 == Source::Microphone && !self.hearing.admits(now, track.0) {
            subscription.pause();
            return None;
        }
        if !subscription.takes(came) {
            return None;
        }
        let payload_type = self.numbering.payload_type(codec)?;
        let (sequence_number, timestamp) = subscription.renumber(packet, now)?;
        let patch = vp8.and_then(|descriptor| subscription.patch(descriptor));
        let ssrc = subscription.ssrc;
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_tx(&ssrc)?;
        let mut write = RtpWrite::new(
            payload_type.into(),
            sequence_number,
            timestamp,
            packet.timestamp,
            packet.payload.clone(),
        )
        .marker(packet.header.marker)
        .nackable(track.1.kind() == MediaKind::Video);
        if let Some(patch) = patch {
            write = write.vp8_patch(patch);
        }
        stream.write_rtp(write);
        Some(Written { payload_type, sequence_number: sequence_number.as_u16(), timestamp, ssrc: *ssrc })
    }

    /// Whether a datagram to the client repeats packets, by the payload type that it has given to them.
    pub(crate) fn is_repair(&self, datagram: &[u8]) -> bool {
        let [128..=191, kind, ..] = datagram else { return false };
        self.numbering.videos().any(|(_, numbers)| numbers.rtx == kind & 0x7f)
    }

    /// Asks the client for a key frame on a line, of one layer where it has layers. Returns whether it could: a line that has sent nothing yet
    /// begins with a key frame by itself. The caller drains the session afterwards.
    pub(crate) fn request_key_frame(&mut self, mid: Mid, layer: Option<u8>) -> bool {
        let rid = layer.and_then(|layer| LAYER_RIDS.get(usize::from(layer))).map(|name| Rid::from(*name));
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_rx_by_mid(mid, rid) else { return false };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        true
    }

    /// Ends the session if str0m panicked.
    fn or_dead<T>(&mut self, result: Option<T>) -> Option<T> {
        if result.is_none() {
            tracing::error!("str0m panicked; the session is dropped");
            self.rtc.disconnect();
        }
        result
    }
}

fn protocol(way: Way) -> Protocol {
    match way.transport {
        Transport::Udp => Protocol::Udp,
        Transport::Tcp => Protocol::Tcp,
    }
}

/// A candidate that clients connect to. Its priority is below that of every UDP candidate (RFC 6544 section 4.2).
fn tcp_candidate(address: SocketAddr) -> Result<Candidate, IceError> {
    Candidate::builder().tcp().host(address).tcptype(TcpType::Passive).build()
}
