//! One peer connection: lines for own and remote sources, offers, frames. Sans-IO around str0m.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcError,
    change::{SdpAnswer, SdpPendingOffer},
    format::{Codec, FormatParams},
    media::{Direction, Frequency, KeyframeRequestKind, MediaTime, Mid},
    net::{Protocol, Receive},
};
use tangelo_wire::{LineUse, MediaKind, MediaLine, Source};

/// One that has given up is not asked all the time, until its owner drops it.
const GIVEN_UP_WAIT: Duration = Duration::from_secs(60);

/// How often the way to the server is checked, and after how many checks in vain it is lost: soon after the server's word is
/// missed, too, and not before.
const CHECK_EVERY: Duration = Duration::from_secs(1);
const CHECKS_IN_VAIN: usize = 8;

/// What a peer connection has to tell.
#[derive(Debug)]
pub(crate) enum News {
    /// Send this datagram.
    Transmit { destination: SocketAddr, contents: Vec<u8> },
    /// ICE and DTLS are up.
    Connected,
    /// There is no way to the server any more, or the server has ended the session.
    Lost,
    /// A sealed frame came on a line.
    Frame { line_use: LineUse, frame: SealedFrame },
    /// A key frame is wanted of an own source.
    KeyFrameWanted(Source),
}

/// A frame as it came.
#[derive(Debug)]
pub(crate) struct SealedFrame {
    /// Its name as in SDP.
    pub(crate) codec: &'static str,
    /// In units of the codec's clock rate.
    pub(crate) timestamp: u64,
    /// Whether no packet was lost since the frame before.
    pub(crate) contiguous: bool,
    pub(crate) contents: Vec<u8>,
}

type Line = (Mid, MediaKind, Option<LineUse>);

/// An offer that has no answer yet.
struct Pending {
    offer: SdpPendingOffer,
    sdp: String,
    /// The lines before it. Those that it adds are in the session only once it is answered.
    before: Vec<Line>,
    /// It is to be sent once more.
    repeat: bool,
}

/// See the module.
pub(crate) struct Peer {
    rtc: Rtc,
    local: SocketAddr,
    lines: Vec<Line>,
    pending: Option<Pending>,
    wanted: Vec<LineUse>,
    dirty: bool,
    wake: Instant,
}

impl Peer {
    pub(crate) fn new(now: Instant, local: SocketAddr) -> Self {
        let mut builder = Rtc::builder().clear_codecs().enable_opus(true, false).enable_vp8(true);
        // Received only: str0m's packetizer reads VP9 frames, and of a sealed one it cannot tell what it is.
        // `enable_vp9` would take profile 2 in as well.
        builder.codec_config().add_config(
            98.into(),
            Some(99.into()),
            Codec::Vp9,
            Frequency::NINETY_KHZ,
            None,
            FormatParams { profile_id: Some(0), ..FormatParams::default() },
        );
        builder.set_max_stun_rto(CHECK_EVERY);
        builder.set_max_stun_retransmits(CHECKS_IN_VAIN);
        let mut rtc = builder.build(now);
        if let Ok(candidate) = Candidate::host(local, "udp") {
            rtc.add_local_candidate(candidate);
        }
        Self { rtc, local, lines: Vec::new(), pending: None, wanted: Vec::new(), dirty: false, wake: now }
    }

    /// What the lines should be for, all of it.
    pub(crate) fn want(&mut self, wanted: Vec<LineUse>) {
        self.dirty |= self.wanted != wanted;
        self.wanted = wanted;
    }

    /// The next offer to send, if something changed and none is under way.
    pub(crate) fn offer(&mut self) -> Option<(String, Vec<MediaLine>)> {
        if let Some(pending) = &mut self.pending {
            let sdp = std::mem::take(&mut pending.repeat).then(|| pending.sdp.clone())?;
            return Some((sdp, self.told_lines()));
        }
        if !self.dirty {
            return None;
        }
        self.dirty = false;
        let before = self.lines.clone();
        let mut change = self.rtc.sdp_api();
        for (mid, _, line_use) in &mut self.lines {
            if line_use.is_some_and(|line_use| !self.wanted.contains(&line_use)) {
                *line_use = None;
                change.set_direction(*mid, Direction::Inactive);
            }
        }
        for wanted in &self.wanted {
            if self.lines.iter().any(|(_, _, line_use)| *line_use == Some(*wanted)) {
                continue;
            }
            let (source, direction) = match wanted {
                LineUse::Send { source } => (*source, Direction::SendOnly),
                LineUse::Receive { source, .. } => (*source, Direction::RecvOnly),
            };
            let kind = source.kind();
            // A line that sent stays a sending one: its SSRC is known to the server.
            let free = self.lines.iter_mut().find(|(_, other, line_use)| {
                line_use.is_none() && *other == kind && direction == Direction::RecvOnly
            });
            if let Some((mid, _, line_use)) = free {
                *line_use = Some(*wanted);
                change.set_direction(*mid, direction);
                continue;
            }
            let media_kind = match kind {
                MediaKind::Audio => str0m::media::MediaKind::Audio,
                MediaKind::Video => str0m::media::MediaKind::Video,
            };
            let mid = change.add_media(media_kind, direction, None, None, None);
            self.lines.push((mid, kind, Some(*wanted)));
        }
        let (offer, pending) = change.apply()?;
        let sdp = offer.to_sdp_string();
        self.pending = Some(Pending { offer: pending, sdp: sdp.clone(), before, repeat: false });
        Some((sdp, self.told_lines()))
    }

    fn told_lines(&self) -> Vec<MediaLine> {
        let told = |(mid, _, line_use): &Line| MediaLine { mid: mid.to_string(), line_use: *line_use };
        self.lines.iter().map(told).collect()
    }

    /// The offer under way was refused: nothing has changed here, and the next one begins from there.
    pub(crate) fn withdraw(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.lines = pending.before;
            self.dirty = true;
        }
    }

    /// The answer to the offer under way was lost: the next is the same offer. The server may have taken it, and its lines have names
    /// that another offer would not have.
    pub(crate) fn repeat(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.repeat = true;
        }
    }

    /// The server answered.
    pub(crate) fn answer(&mut self, sdp: &str) -> Result<(), RtcError> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let answer = SdpAnswer::from_sdp_string(sdp)?;
        self.rtc.sdp_api().accept_answer(pending.offer, answer)
    }

    /// Whether ICE and DTLS are up.
    pub(crate) fn is_connected(&self) -> bool {
        self.rtc.is_connected()
    }

    pub(crate) fn receive(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        let Ok(receive) = Receive::new(Protocol::Udp, source, self.local, contents) else { return };
        let input = Input::Receive(now, receive);
        if self.rtc.accepts(&input) {
            let _ = self.rtc.handle_input(input);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let _ = self.rtc.handle_input(Input::Timeout(now));
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        self.wake
    }

    /// Everything there is to tell now.
    pub(crate) fn news(&mut self, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        // A bound on work for one call; the rest follows at the next.
        for _ in 0..10_000 {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.wake = at.max(now + Duration::from_millis(1));
                    if !self.rtc.is_alive() {
                        self.wake = now + GIVEN_UP_WAIT;
                        news.push(News::Lost);
                    }
                    return news;
                }
                Ok(Output::Transmit(transmit)) => news.push(News::Transmit {
                    destination: transmit.destination,
                    contents: transmit.contents.to_vec(),
                }),
                Ok(Output::Event(Event::Connected)) => news.push(News::Connected),
                Ok(Output::Event(Event::IceConnectionStateChange(IceConnectionState::Disconnected))) => {
                    news.push(News::Lost);
                }
                Ok(Output::Event(Event::KeyframeRequest(request))) => {
                    if let Some(LineUse::Send { source }) = self.use_of(request.mid) {
                        news.push(News::KeyFrameWanted(source));
                    }
                }
                Ok(Output::Event(Event::MediaData(data))) => {
                    if let Some(line_use @ LineUse::Receive { .. }) = self.use_of(data.mid) {
                        let (timestamp, contents) = (data.time.numer(), data.data.to_vec());
                        let codec = match data.params.spec().codec {
                            Codec::Opus => "opus",
                            Codec::Vp8 => "vp8",
                            Codec::Vp9 => "vp9",
                            _ => continue,
                        };
                        let frame = SealedFrame { codec, timestamp, contiguous: data.contiguous, contents };
                        news.push(News::Frame { line_use, frame });
                    }
                }
                Ok(Output::Event(_)) => {}
                Err(error) => {
                    tracing::debug!(%error, "the peer connection gave up");
                    self.wake = now + GIVEN_UP_WAIT;
                    news.push(News::Lost);
                    return news;
                }
            }
        }
        news
    }

    /// Sends a sealed frame.
    pub(crate) fn send(&mut self, now: Instant, source: Source, timestamp: u64, contents: Vec<u8>) {
        let wanted = Some(LineUse::Send { source });
        let Some((mid, kind, _)) = self.lines.iter().find(|(_, _, line_use)| *line_use == wanted) else {
            return;
        };
        let (codec, frequency) = match kind {
            MediaKind::Audio => (Codec::Opus, Frequency::FORTY_EIGHT_KHZ),
            MediaKind::Video => (Codec::Vp8, Frequency::NINETY_KHZ),
        };
        let Some(writer) = self.rtc.writer(*mid) else { return };
        let payload_type = writer.payload_params().find(|p| p.spec().codec == codec).map(|p| p.pt());
        let Some(payload_type) = payload_type else { return };
        let _ = writer.write(payload_type, now, MediaTime::new(timestamp, frequency), contents);
    }

    /// Asks for a key frame on the line of a remote source.
    pub(crate) fn ask_key_frame(&mut self, line_use: LineUse) {
        let mid = self.lines.iter().find(|(_, _, other)| *other == Some(line_use)).map(|(mid, _, _)| *mid);
        if let Some(mut writer) = mid.and_then(|mid| self.rtc.writer(mid)) {
            let _ = writer.request_keyframe(None, KeyframeRequestKind::Pli);
        }
    }

    fn use_of(&self, mid: Mid) -> Option<LineUse> {
        self.lines.iter().find(|(other, _, _)| *other == mid).and_then(|(_, _, line_use)| *line_use)
    }
}
