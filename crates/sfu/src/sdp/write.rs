//! Writing the plain offer that str0m reads.

use std::fmt::Write;

use str0m::media::Direction;
use tangelo_wire::MediaKind;

use super::{Numbering, Offer, Section, extension, simulcast::write_layers};

impl Offer {
    /// The offer as a plain SDP. `directions` gives the direction of each section, in order, and may be narrower
    /// than what the client wrote: a client that says sendrecv, but only sends, is answered as one that sends.
    /// `numbering` is that of the session.
    pub(crate) fn to_sdp(&self, directions: &[Direction], numbering: &Numbering) -> String {
        let mut sdp = String::from("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
        for section in self.sections.iter().filter(|section| !section.rejected) {
            let _ = write!(sdp, " {}", section.mid);
        }
        sdp.push_str("\r\n");
        for (section, direction) in self.sections.iter().zip(directions) {
            self.write_section(&mut sdp, section, *direction, numbering);
        }
        sdp
    }

    fn write_section(
        &self,
        sdp: &mut String,
        section: &Section,
        direction: Direction,
        numbering: &Numbering,
    ) {
        let kind = match section.kind {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
        };
        if section.rejected {
            let _ = write!(sdp, "m={kind} 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n");
        } else {
            let _ = write!(
                sdp,
                "m={kind} 9 UDP/TLS/RTP/SAVPF{}\r\nc=IN IP4 0.0.0.0\r\n",
                formats(&section.formats)
            );
            let _ = write!(
                sdp,
                "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n",
                self.credentials.ufrag, self.credentials.pwd
            );
            let _ = write!(sdp, "a=fingerprint:sha-256 {}\r\na=setup:actpass\r\n", self.fingerprint.0);
        }
        let _ = write!(sdp, "a=mid:{}\r\na={direction}\r\na=rtcp-mux\r\n", section.mid);
        if section.rejected {
            return;
        }
        if let Some(id) = numbering.mid {
            let _ = write!(sdp, "a=extmap:{id} {}\r\n", extension::MID);
        }
        let transport_cc = match section.kind {
            MediaKind::Audio => numbering.opus.is_some_and(|opus| opus.transport_cc),
            MediaKind::Video => numbering.videos().any(|(_, video)| video.transport_cc),
        };
        if let Some(id) = numbering.transport_cc.filter(|_| transport_cc) {
            let _ = write!(sdp, "a=extmap:{id} {}\r\n", extension::TRANSPORT_CC);
        }
        if direction == Direction::SendOnly && !section.layers.is_empty() {
            let numbers =
                [(numbering.rid, extension::RID), (numbering.repaired_rid, extension::REPAIRED_RID)];
            for (id, uri) in numbers {
                if let Some(id) = id {
                    let _ = write!(sdp, "a=extmap:{id} {uri}\r\n");
                }
            }
            write_layers(sdp, &section.layers);
        }
        write_codec(sdp, section, numbering);
    }
}

fn formats(formats: &[u8]) -> String {
    formats.iter().map(|format| format!(" {format}")).collect()
}

fn write_codec(sdp: &mut String, section: &Section, numbering: &Numbering) {
    match section.kind {
        MediaKind::Audio => {
            let Some(opus) = numbering.opus else { return };
            let pt = opus.payload_type;
            let _ = write!(sdp, "a=rtpmap:{pt} opus/48000/2\r\na=fmtp:{pt} minptime=10;useinbandfec=1\r\n");
            if opus.transport_cc {
                let _ = write!(sdp, "a=rtcp-fb:{pt} transport-cc\r\n");
            }
        }
        MediaKind::Video => {
            for (name, video) in numbering.videos() {
                let (pt, rtx) = (video.payload_type, video.rtx);
                if !section.formats.contains(&pt) {
                    continue;
                }
                let _ = write!(
                    sdp,
                    "a=rtpmap:{pt} {name}/90000\r\na=rtcp-fb:{pt} nack\r\na=rtcp-fb:{pt} nack pli\r\n"
                );
                if name == "VP9" {
                    let _ = write!(sdp, "a=fmtp:{pt} profile-id=0\r\n");
                }
                if video.transport_cc {
                    let _ = write!(sdp, "a=rtcp-fb:{pt} transport-cc\r\n");
                }
                let _ = write!(sdp, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={pt}\r\n");
            }
        }
    }
}
