//! The numbers that a client gives to codecs and header extensions.

use tangelo_wire::MediaKind;

use super::{
    attributes::{Lines, agree, attributes, dynamic_payload_type, extmap},
    extension,
};

/// Numbers of codecs and header extensions. They are the same on all lines and for the life of a session, as
/// BUNDLE asks (RFC 9143 section 9.1); `None` while no line has named any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbering {
    pub(crate) opus: Option<AudioNumbers>,
    pub(crate) vp8: Option<VideoNumbers>,
    pub(crate) vp9: Option<VideoNumbers>,
    pub(crate) mid: Option<u8>,
    pub(crate) rid: Option<u8>,
    pub(crate) repaired_rid: Option<u8>,
    pub(crate) transport_cc: Option<u8>,
}

/// What is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Opus,
    Vp8,
    /// Of profile 0. A client need not know it, and then gets nothing of a track that is sent with it.
    Vp9,
}

/// How a client numbers Opus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AudioNumbers {
    pub(crate) payload_type: u8,
    /// Whether its lines have the transport-cc header extension and feedback. (Firefox: for video only.)
    pub(crate) transport_cc: bool,
}

/// How a client numbers VP8 or VP9 and its retransmission (RFC 4588).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VideoNumbers {
    pub(crate) payload_type: u8,
    pub(crate) rtx: u8,
    /// Whether its lines have the transport-cc header extension and feedback.
    pub(crate) transport_cc: bool,
}

impl Numbering {
    /// The video codecs that the client knows, by name.
    pub(crate) fn videos(&self) -> impl Iterator<Item = (&'static str, VideoNumbers)> {
        [("VP8", self.vp8), ("VP9", self.vp9)]
            .into_iter()
            .filter_map(|(name, numbers)| numbers.map(|numbers| (name, numbers)))
    }

    /// Whether str0m may take a header extension of this number for the name of a line.
    pub(crate) fn may_name_line(&self, id: u8) -> bool {
        self.may_be(self.mid, id)
    }

    /// Whether str0m may take a header extension of this number for the name of the layer that a retransmission is of.
    pub(crate) fn may_name_repaired_layer(&self, id: u8) -> bool {
        self.may_be(self.repaired_rid, id)
    }

    /// Where the client has not named an extension, str0m has it under some number that the others leave free.
    fn may_be(&self, agreed: Option<u8>, id: u8) -> bool {
        let others = [self.mid, self.transport_cc, self.rid, self.repaired_rid];
        agreed == Some(id) || (agreed.is_none() && id != 0 && !others.contains(&Some(id)))
    }

    /// Whether a payload type is that of a codec, and not of retransmission.
    pub(crate) fn is_codec(&self, payload_type: u8) -> bool {
        [Codec::Opus, Codec::Vp8, Codec::Vp9]
            .iter()
            .any(|codec| self.payload_type(*codec) == Some(payload_type))
    }

    /// The codec of a payload type.
    pub(crate) fn codec(&self, kind: MediaKind, payload_type: u8) -> Option<Codec> {
        let codecs: &[Codec] = match kind {
            MediaKind::Audio => &[Codec::Opus],
            MediaKind::Video => &[Codec::Vp8, Codec::Vp9],
        };
        codecs.iter().copied().find(|codec| self.payload_type(*codec) == Some(payload_type))
    }

    /// The payload type of a codec, if the client knows it.
    pub(crate) fn payload_type(&self, codec: Codec) -> Option<u8> {
        match codec {
            Codec::Opus => self.opus.map(|opus| opus.payload_type),
            Codec::Vp8 => self.vp8.map(|vp8| vp8.payload_type),
            Codec::Vp9 => self.vp9.map(|vp9| vp9.payload_type),
        }
    }

    /// Takes in the numbers of one line, which is not rejected. Returns the line's payload types, retransmission
    /// included, as far as they are of use here, in the client's order of preference.
    ///
    /// # Errors
    /// It lacks something that every line needs, or does not agree with the lines before it.
    pub(crate) fn read(&mut self, kind: MediaKind, mid: &str, lines: &Lines<'_>) -> Result<Vec<u8>, String> {
        let mut found = Self::default();
        for (id, uri) in
            attributes(lines).filter(|(name, _)| *name == "extmap").filter_map(|(_, v)| extmap(v))
        {
            match uri {
                extension::MID => agree(&mut found.mid, id, "header extension numbers")?,
                extension::RID => agree(&mut found.rid, id, "header extension numbers")?,
                extension::REPAIRED_RID => agree(&mut found.repaired_rid, id, "header extension numbers")?,
                extension::TRANSPORT_CC => agree(&mut found.transport_cc, id, "header extension numbers")?,
                _ => {}
            }
        }
        if found.mid.is_none() {
            return Err(format!("line {mid} does not offer the header extension {}", extension::MID));
        }
        let has_extension = found.transport_cc.is_some();
        match kind {
            MediaKind::Audio => {
                let mut opus = find_opus(mid, lines)?;
                opus.transport_cc &= has_extension;
                found.opus = Some(opus);
            }
            MediaKind::Video => {
                let mut vp8 = find_video(mid, lines, "VP8/90000")?;
                vp8.transport_cc &= has_extension;
                found.vp8 = Some(vp8);
                found.vp9 = find_video(mid, lines, "VP9/90000").ok();
                if let Some(vp9) = &mut found.vp9 {
                    vp9.transport_cc &= has_extension;
                }
            }
        }
        self.merge(found)?;
        let numbers = found.payload_types();
        Ok(formats(lines).filter(|format| numbers.contains(&Some(*format))).collect())
    }

    fn payload_types(&self) -> [Option<u8>; 5] {
        [
            self.opus.map(|opus| opus.payload_type),
            self.vp8.map(|vp8| vp8.payload_type),
            self.vp8.map(|vp8| vp8.rtx),
            self.vp9.map(|vp9| vp9.payload_type),
            self.vp9.map(|vp9| vp9.rtx),
        ]
    }

    /// Takes in what another line or a later offer says.
    ///
    /// # Errors
    /// A number has changed, or one number means two things.
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), String> {
        let mut merged = *self;
        if let Some(opus) = other.opus {
            agree(&mut merged.opus, opus, "payload types of Opus")?;
        }
        if let Some(vp8) = other.vp8 {
            agree(&mut merged.vp8, vp8, "payload types of VP8")?;
        }
        if let Some(vp9) = other.vp9 {
            agree(&mut merged.vp9, vp9, "payload types of VP9")?;
        }
        for (slot, id) in [
            (&mut merged.mid, other.mid),
            (&mut merged.rid, other.rid),
            (&mut merged.repaired_rid, other.repaired_rid),
            (&mut merged.transport_cc, other.transport_cc),
        ] {
            if let Some(id) = id {
                agree(slot, id, "header extension numbers")?;
            }
        }
        if has_double(&merged.payload_types()) {
            return Err("the SDP uses one payload type for two codecs".into());
        }
        if has_double(&[merged.mid, merged.rid, merged.repaired_rid, merged.transport_cc]) {
            return Err("the SDP uses one number for two header extensions".into());
        }
        *self = merged;
        Ok(())
    }
}

fn find_opus(mid: &str, lines: &Lines<'_>) -> Result<AudioNumbers, String> {
    let payload_type = find_codec(lines, |name| name.eq_ignore_ascii_case("opus/48000/2"))
        .ok_or_else(|| format!("line {mid} does not offer opus/48000/2"))?;
    Ok(AudioNumbers { payload_type, transport_cc: has_feedback(lines, payload_type, "transport-cc") })
}

/// VP8, or VP9 of profile 0, which is the one that says nothing of its profile (RFC 9628 section 6).
fn find_video(mid: &str, lines: &Lines<'_>, codec: &str) -> Result<VideoNumbers, String> {
    let payload_type = formats(lines)
        .filter(|pt| rtpmap(lines, *pt).is_some_and(|name| name.eq_ignore_ascii_case(codec)))
        .find(|pt| is_profile_0(parameters(lines, *pt)))
        .ok_or_else(|| format!("line {mid} does not offer {codec}"))?;
    for feedback in ["nack", "nack pli"] {
        if !has_feedback(lines, payload_type, feedback) {
            return Err(format!("line {mid} does not offer a=rtcp-fb:{payload_type} {feedback}"));
        }
    }
    let is_its_rtx = |pt: u8| {
        let parameters = parameters(lines, pt);
        parameters.split(';').any(|p| p.trim().strip_prefix("apt=") == Some(&payload_type.to_string()))
    };
    let rtx = formats(lines)
        .filter(|pt| rtpmap(lines, *pt).is_some_and(|name| name.eq_ignore_ascii_case("rtx/90000")))
        .find(|pt| is_its_rtx(*pt))
        .ok_or_else(|| format!("line {mid} does not offer rtx for {codec}"))?;
    Ok(VideoNumbers { payload_type, rtx, transport_cc: has_feedback(lines, payload_type, "transport-cc") })
}

fn is_profile_0(parameters: &str) -> bool {
    parameters.split(';').all(|p| p.trim().strip_prefix("profile-id=").is_none_or(|id| id.trim() == "0"))
}

/// The first payload type of the section with this encoding.
fn find_codec(lines: &Lines<'_>, is_it: impl Fn(&str) -> bool) -> Option<u8> {
    formats(lines).find(|pt| rtpmap(lines, *pt).is_some_and(&is_it))
}

/// Most payload types of a section that are looked at; there are fewer dynamic ones.
const FORMATS_MAX: usize = 128;

/// The payload types that a section lists, in order of preference, as far as they are dynamic ones.
fn formats(lines: &Lines<'_>) -> impl Iterator<Item = u8> {
    let line = lines.first().map_or("", |(_, value)| *value);
    line.split_ascii_whitespace().skip(3).take(FORMATS_MAX).filter_map(dynamic_payload_type)
}

fn rtpmap<'a>(lines: &'a Lines<'a>, payload_type: u8) -> Option<&'a str> {
    of_payload_type(lines, "rtpmap", payload_type).next()
}

fn parameters<'a>(lines: &'a Lines<'a>, payload_type: u8) -> &'a str {
    of_payload_type(lines, "fmtp", payload_type).next().unwrap_or("")
}

fn has_feedback(lines: &Lines<'_>, payload_type: u8, feedback: &str) -> bool {
    of_payload_type(lines, "rtcp-fb", payload_type).any(|value| value == feedback)
        || attributes(lines)
            .any(|(name, value)| name == "rtcp-fb" && value.strip_prefix("* ") == Some(feedback))
}

/// Values of `a=NAME:PT VALUE`.
fn of_payload_type<'a>(
    lines: &'a Lines<'a>,
    name: &'a str,
    payload_type: u8,
) -> impl Iterator<Item = &'a str> {
    attributes(lines)
        .filter(move |(found, _)| *found == name)
        .filter_map(|(_, value)| value.split_once(' '))
        .filter(move |(pt, _)| pt.parse() == Ok(payload_type))
        .map(|(_, value)| value.trim())
}

fn has_double(numbers: &[Option<u8>]) -> bool {
    let mut seen: Vec<u8> = Vec::with_capacity(numbers.len());
    for number in numbers.iter().flatten() {
        if seen.contains(number) {
            return true;
        }
        seen.push(*number);
    }
    false
}
