//! SDP as clients send it (RFC 8866, RFC 9429), taken apart with care and put together again.
//!
//! str0m never sees a client's text. [`Offer::parse`] reads the few things that a session needs, checks them, and
//! [`Offer::to_sdp`] writes a plain offer of them, in which nothing is left that could disagree with itself. So a bad
//! offer is refused before anything has changed.

mod answer;
mod attributes;
mod numbering;
mod offer;
mod simulcast;
mod write;

pub(crate) use answer::finish_answer;
#[cfg(test)]
pub(crate) use numbering::VideoNumbers;
pub(crate) use numbering::{Codec, Numbering};
pub(crate) use offer::{Offer, Section};

/// The header extensions in use. Not among them: audio-level, which would tell the server who speaks and how loud.
pub(crate) mod extension {
    /// Media identification (RFC 9143 section 15).
    pub(crate) const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
    /// The name of a simulcast layer (RFC 8852 section 3.1).
    pub(crate) const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
    /// The name of the layer that a retransmission repairs (RFC 8852 section 3.2).
    pub(crate) const REPAIRED_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
    /// Transport-wide sequence numbers, for congestion control.
    pub(crate) const TRANSPORT_CC: &str =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
}
