//! The SFU: forwards encrypted RTP between the members of a room, sans-IO.
//!
//! Time, datagrams and offers go in, datagrams and news come out. Each client has one peer connection for both
//! directions, always offers, and is always answered, so that offers never cross. Payloads are SFrame ciphertext
//! and are passed on as they came.
//!
//! After every call that takes `now`, take [`Output`]s until there is none, then wait until
//! [`Sfu::poll_timeout`].

// Bad input must never panic: what may be missing is asked for with `get`. The workspace's lints deny the rest.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

use std::{net::SocketAddr, time::Duration};

use tangelo_wire::{ClientId, Picture, RoomName, Source};

mod beginnings;
mod budget;
mod checks;
mod demux;
mod guard;
mod hearing;
mod key_frame;
mod layers;
mod lines;
mod network;
mod participant;
mod review;
mod room;
mod sdp;
mod sfu;
mod streams;
mod subscription;
mod track;

pub use demux::requested_ufrag;
pub use sfu::Sfu;

/// How an [`Sfu`] is set up.
#[derive(Clone, Debug)]
pub struct SfuConfig {
    /// The UDP addresses that clients are told to send to (ICE host candidates). A datagram's `destination` must
    /// be one of them, and `source` of what is sent is: a server that listens on 0.0.0.0 or behind a NAT passes
    /// the address that clients know, not the one it is bound to.
    pub candidates: Vec<SocketAddr>,
    /// The TCP addresses that clients are told to connect to (RFC 6544, passive). The same holds for them.
    pub tcp_candidates: Vec<SocketAddr>,
    /// Most clients with a media session at the same time.
    pub clients_max: usize,
    /// How often at most one track is asked for a key frame.
    pub key_frame_spacing: Duration,
    /// How many media sessions may begin a second, each with a DTLS handshake, which costs as much as thousands of packets.
    pub sessions_per_second: u32,
    /// How many may begin at once, after a rest.
    pub sessions_burst: u32,
}

impl SfuConfig {
    /// The usual bounds, with these UDP candidates.
    #[must_use]
    pub fn new(candidates: Vec<SocketAddr>) -> Self {
        Self {
            candidates,
            tcp_candidates: Vec::new(),
            clients_max: 2_000,
            key_frame_spacing: Duration::from_millis(500),
            sessions_per_second: 100,
            sessions_burst: 400,
        }
    }
}

/// How a packet travels between a client and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// As a UDP datagram.
    Udp,
    /// As a frame of RFC 4571 in a TCP connection, which the client opens (RFC 6544).
    Tcp,
}

/// Answer to an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// SDP, for the client's `setRemoteDescription`.
    pub sdp: String,
    /// What the client sends from now on, sorted.
    pub published: Vec<Source>,
}

/// Why an offer is refused. The texts are for people; the session stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// There is something wrong with it.
    #[error("{0}")]
    Bad(String),
    /// Too many media sessions begin at the moment: to be offered again.
    #[error("the server is busy: try again")]
    Busy,
}

/// What the SFU wants done, or has to tell.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this packet.
    Transmit {
        /// As a datagram, or in the TCP connection between these two addresses, if there still is one.
        transport: Transport,
        /// From this address, one of [`SfuConfig::candidates`] or [`SfuConfig::tcp_candidates`].
        source: SocketAddr,
        /// To this address.
        destination: SocketAddr,
        /// The packet, without the length that a frame in TCP begins with.
        contents: Vec<u8>,
    },
    /// ICE and DTLS of a client are up: media can flow. Comes again if ICE recovers after [`Self::Disconnected`].
    Connected {
        /// Whose.
        client: ClientId,
    },
    /// The network way to a client is gone: no ICE check for 15 seconds, not connected within 30 seconds, DTLS
    /// failed or was closed. The session stays, and nothing is forwarded to it: call [`Sfu::remove`], or let the
    /// client offer from a new `RTCPeerConnection`, which replaces the session, or with an ICE restart.
    Disconnected {
        /// Whose.
        client: ClientId,
    },
    /// Of a picture that the client sends, these layers are to be had by somebody; the others need not be sent.
    Wanted {
        /// Who sends it.
        client: ClientId,
        /// Which picture.
        source: Source,
        /// Numbers of layers, lowest first.
        layers: Vec<u8>,
    },
    /// Of the pictures that the client shows, there is no room for these in its network: it does not get them. All of them, sorted.
    Paused {
        /// Who shows them.
        client: ClientId,
        /// Whose and which.
        pictures: Vec<Picture>,
    },
    /// The tap is on, and this packet was forwarded.
    Forwarded(ForwardedPacket),
}

/// An RTP packet as it was handed to one receiver, before SRTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedPacket {
    /// The room.
    pub room: RoomName,
    /// Who sent it.
    pub from: ClientId,
    /// What of its sender.
    pub source: Source,
    /// Who gets it.
    pub to: ClientId,
    /// Payload type at the receiver.
    pub payload_type: u8,
    /// Sequence number at the receiver.
    pub sequence_number: u16,
    /// RTP timestamp at the receiver.
    pub timestamp: u32,
    /// Marker bit.
    pub marker: bool,
    /// SSRC at the receiver.
    pub ssrc: u32,
    /// Payload.
    pub payload: Vec<u8>,
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SfuStats {
    /// Clients with a media session now.
    pub participants: usize,
    /// Datagrams that came in, frames of TCP connections among them.
    pub datagrams_in: u64,
    /// Datagrams that went out, frames of TCP connections among them.
    pub datagrams_out: u64,
    /// What they held, in bytes.
    pub bytes_in: u64,
    /// What they held, in bytes.
    pub bytes_out: u64,
    /// RTP packets that came in and were read.
    pub packets_in: u64,
    /// RTP packets that were handed to receivers.
    pub packets_out: u64,
    /// RTP packets that went out once more: what receivers had lost, and what filled probes of their networks.
    pub repairs_out: u64,
    /// Media sessions that began.
    pub sessions: u64,
    /// Key frames that senders were asked for.
    pub key_frames_asked: u64,
    /// Clients by what their network carries towards them, as far as that is estimated: below 300 kbit/s, below 1 Mbit/s, below
    /// 3 Mbit/s, and the others.
    pub estimates: [usize; 4],
    /// Datagrams dropped: neither STUN, DTLS nor (S)RTP.
    pub dropped_garbage: u64,
    /// Datagrams dropped: from an address that no ICE check has verified.
    pub dropped_unknown: u64,
    /// Datagrams dropped: the client's session could not read them.
    pub dropped_malformed: u64,
    /// RTP packets dropped: on a line that carries no published source, of another codec, or too large to go on.
    pub dropped_unexpected: u64,
}

/// Any moment, for unit tests of parts that only compare moments.
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests need a first moment to count from")]
fn test_now() -> std::time::Instant {
    std::time::Instant::now()
}
