//! Reading an offer.

use str0m::media::Direction;
use tangelo_wire::{
    MediaKind,
    limits::{MEDIA_LINES_MAX, SDP_MAX_BYTES},
};

use super::{
    Numbering,
    attributes::{
        Credentials, Fingerprint, Lines, agree, attributes, direction_attribute, is_ice_text, is_mid,
    },
    extension,
    simulcast::{SentLayers, sent_layers},
};

/// What a client offers, checked.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The session id of the `o=` line: the same for all offers of one `RTCPeerConnection`.
    pub(crate) session_id: String,
    pub(crate) credentials: Credentials,
    pub(crate) fingerprint: Fingerprint,
    /// The `m=` sections, in order; at least one is not rejected.
    pub(crate) sections: Vec<Section>,
    /// The numbers that the offer gives to codecs and header extensions.
    pub(crate) numbering: Numbering,
}

/// An `m=` section.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) kind: MediaKind,
    pub(crate) mid: String,
    /// Stopped for good: port 0 and not in the BUNDLE group (RFC 9143 section 7.5.3).
    pub(crate) rejected: bool,
    pub(crate) direction: Direction,
    /// Payload types of use here, in the client's order of preference.
    pub(crate) formats: Vec<u8>,
    /// Numbers of the simulcast layers that the client offers to send, lowest first; empty without simulcast.
    pub(crate) layers: Vec<u8>,
    /// Those that it has paused.
    pub(crate) paused: Vec<u8>,
}

impl Offer {
    /// Reads an offer.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SDP_MAX_BYTES {
            return Err(format!("the SDP has more than {SDP_MAX_BYTES} bytes"));
        }
        let mut session = Vec::new();
        let mut media: Vec<Vec<(char, &str)>> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let (letter, value) =
                split_line(line).ok_or_else(|| format!("line {} of the SDP is malformed", number + 1))?;
            if letter == 'm' {
                if media.len() == MEDIA_LINES_MAX {
                    return Err(format!("the SDP has more than {MEDIA_LINES_MAX} m= sections"));
                }
                media.push(Vec::new());
            }
            media.last_mut().unwrap_or(&mut session).push((letter, value));
        }
        if session.first() != Some(&('v', "0")) {
            return Err("the SDP does not begin with v=0".into());
        }
        if media.is_empty() {
            return Err("the SDP has no m= section".into());
        }
        let origin = session.iter().find(|(letter, _)| *letter == 'o').map_or("", |(_, value)| *value);
        let session_id = origin.split_ascii_whitespace().nth(1).ok_or("the SDP has no o= line")?.to_owned();
        let bundle = bundle_group(&session)?;

        let mut transport = Transport::default();
        transport.read(&session)?;
        let mut numbering = Numbering::default();
        let mut sections: Vec<Section> = Vec::with_capacity(media.len());
        for lines in &media {
            let mut section = Section::parse(lines, &bundle)?;
            if sections.iter().any(|other| other.mid == section.mid) {
                return Err(format!("two m= sections have the mid {}", section.mid));
            }
            if !section.rejected {
                transport.read(lines)?;
                section.formats = numbering.read(section.kind, &section.mid, lines)?;
                if !section.layers.is_empty() && (numbering.rid.is_none() || numbering.repaired_rid.is_none())
                {
                    let (rid, repaired) = (extension::RID, extension::REPAIRED_RID);
                    let mid = &section.mid;
                    return Err(format!(
                        "line {mid} has layers without the header extensions {rid} and {repaired}"
                    ));
                }
            }
            sections.push(section);
        }
        let in_use = sections.iter().filter(|section| !section.rejected).count();
        if in_use == 0 {
            return Err("every m= section of the SDP is rejected".into());
        }
        if bundle.len() != in_use {
            return Err("a=group:BUNDLE names mids that the SDP does not have".into());
        }
        let (credentials, fingerprint) = transport.finish()?;
        Ok(Self { session_id, credentials, fingerprint, sections, numbering })
    }
}

/// Splits `x=value`; `None` if it is no such line.
fn split_line(line: &str) -> Option<(char, &str)> {
    let (letter, value) = line.split_once('=')?;
    let mut letters = letter.chars();
    let letter = letters.next().filter(char::is_ascii_lowercase)?;
    let clean = letters.next().is_none() && !value.chars().any(|c| c.is_control() && c != '\t');
    clean.then_some((letter, value.trim_end()))
}

fn bundle_group(session: &Lines<'_>) -> Result<Vec<String>, String> {
    let mut groups = attributes(session)
        .filter(|(name, _)| *name == "group")
        .filter_map(|(_, value)| value.strip_prefix("BUNDLE"))
        .filter(|mids| mids.is_empty() || mids.starts_with(' '));
    let group = groups.next().ok_or("the SDP has no a=group:BUNDLE: all lines must share one transport")?;
    if groups.next().is_some() {
        return Err("the SDP has two a=group:BUNDLE: all lines must share one transport".into());
    }
    if group.split_ascii_whitespace().count() > MEDIA_LINES_MAX {
        return Err(format!("a=group:BUNDLE names more than {MEDIA_LINES_MAX} mids"));
    }
    let mut mids: Vec<String> = Vec::new();
    for mid in group.split_ascii_whitespace() {
        if mids.iter().any(|other| other == mid) {
            return Err(format!("a=group:BUNDLE names the mid {mid} twice"));
        }
        mids.push(mid.to_owned());
    }
    Ok(mids)
}

impl Section {
    fn parse(lines: &Lines<'_>, bundle: &[String]) -> Result<Self, String> {
        let line = lines.first().map_or("", |(_, value)| *value);
        let mut words = line.split_ascii_whitespace();
        let kind = match words.next() {
            Some("audio") => MediaKind::Audio,
            Some("video") => MediaKind::Video,
            Some("application") => return Err("data channels are not in use here".into()),
            _ => return Err(format!("m={line} is neither audio nor video")),
        };
        let port: u16 =
            words.next().and_then(|port| port.parse().ok()).ok_or_else(|| format!("m={line} has no port"))?;
        if words.next() != Some("UDP/TLS/RTP/SAVPF") {
            return Err(format!("m={line} does not say UDP/TLS/RTP/SAVPF"));
        }

        let mut mid = None;
        let mut direction = None;
        for (name, value) in attributes(lines) {
            if name == "mid" {
                if mid.replace(value).is_some() {
                    return Err("an m= section has two a=mid".into());
                }
            } else if let Some(found) = direction_attribute(name)
                && direction.replace(found).is_some()
            {
                return Err("an m= section has two directions".into());
            }
        }
        let mid = mid.ok_or("an m= section has no a=mid")?;
        if !is_mid(mid) {
            return Err("a mid is longer than 16 characters or has odd ones".into());
        }
        let bundled = bundle.iter().any(|other| other == mid);
        let rejected = port == 0 && !bundled;
        if !rejected && !bundled {
            return Err(format!("line {mid} is not in a=group:BUNDLE: all lines must share one transport"));
        }
        if !rejected && !attributes(lines).any(|(name, _)| name == "rtcp-mux") {
            return Err(format!("line {mid} has no a=rtcp-mux"));
        }
        // RFC 8866 section 6.7: sendrecv unless it says otherwise.
        let direction = if rejected { Direction::Inactive } else { direction.unwrap_or(Direction::SendRecv) };
        let layers = match kind {
            MediaKind::Video if !rejected => sent_layers(mid, lines)?,
            _ => SentLayers::default(),
        };
        let (layers, paused) = (layers.numbers, layers.paused);
        Ok(Self { kind, mid: mid.to_owned(), rejected, direction, formats: Vec::new(), layers, paused })
    }
}

/// What describes the one transport of all lines; it may stand at the session, at each line, or both.
#[derive(Default)]
struct Transport {
    ufrag: Option<String>,
    pwd: Option<String>,
    fingerprint: Option<Fingerprint>,
}

impl Transport {
    fn read(&mut self, lines: &Lines<'_>) -> Result<(), String> {
        for (name, value) in attributes(lines) {
            match name {
                "ice-ufrag" => agree(&mut self.ufrag, value.to_owned(), "ICE ufrags")?,
                "ice-pwd" => agree(&mut self.pwd, value.to_owned(), "ICE passwords")?,
                "fingerprint" => {
                    if let Some(fingerprint) = Fingerprint::parse(value)? {
                        agree(&mut self.fingerprint, fingerprint, "DTLS fingerprints")?;
                    }
                }
                "setup" if !matches!(value, "actpass" | "active") => {
                    return Err("a=setup is not actpass: the client begins DTLS".into());
                }
                "ice-lite" => {
                    return Err("the client says a=ice-lite, but the server is ICE-lite itself".into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(Credentials, Fingerprint), String> {
        let ufrag = self.ufrag.filter(|text| is_ice_text(text, 4));
        let pwd = self.pwd.filter(|text| is_ice_text(text, 22));
        let (Some(ufrag), Some(pwd)) = (ufrag, pwd) else {
            return Err("the SDP has no valid a=ice-ufrag and a=ice-pwd".into());
        };
        let fingerprint = self.fingerprint.ok_or("the SDP has no a=fingerprint with sha-256")?;
        Ok((Credentials { ufrag, pwd }, fingerprint))
    }
}
