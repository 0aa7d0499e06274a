//! Single attributes of an SDP.

use str0m::media::Direction;

/// The lines of an SDP, or of one of its sections, as letter and value.
pub(crate) type Lines<'a> = [(char, &'a str)];

/// The attributes of a part of an SDP, as name and value.
pub(crate) fn attributes<'a>(lines: &'a Lines<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    lines
        .iter()
        .filter(|(letter, _)| *letter == 'a')
        .map(|(_, value)| value.split_once(':').unwrap_or((value, "")))
}

/// Sets a value once; a second, different one is an error.
pub(crate) fn agree<T: PartialEq>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), String> {
    match slot {
        Some(earlier) if *earlier != value => Err(format!("the lines differ in {what}")),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

/// ICE credentials (RFC 8839 section 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) ufrag: String,
    pub(crate) pwd: String,
}

/// A SHA-256 fingerprint of a certificate as it stands in the SDP, in upper case (RFC 8122 section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) String);

impl Fingerprint {
    /// Reads the value of `a=fingerprint`. `None` for other hash functions, which may stand beside SHA-256.
    pub(crate) fn parse(value: &str) -> Result<Option<Self>, String> {
        let Some((function, digits)) = value.split_once(' ') else {
            return Err("a=fingerprint has no value".into());
        };
        if !function.eq_ignore_ascii_case("sha-256") {
            return Ok(None);
        }
        let bytes: Vec<&str> = digits.trim().split(':').collect();
        let byte_ok = |byte: &&str| byte.len() == 2 && byte.bytes().all(|b| b.is_ascii_hexdigit());
        if bytes.len() == 32 && bytes.iter().all(byte_ok) {
            Ok(Some(Self(digits.trim().to_ascii_uppercase())))
        } else {
            Err("a=fingerprint is not the SHA-256 of a certificate".into())
        }
    }
}

/// Whether a text can be an ICE ufrag (4 to 256 ice-char) or password (22 to 256).
pub(crate) fn is_ice_text(text: &str, least: usize) -> bool {
    let char_ok = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    (least..=256).contains(&text.len()) && text.bytes().all(char_ok)
}

/// Whether a text can be a mid that str0m keeps whole: a token (RFC 8866 section 9) of at most 16 bytes.
pub(crate) fn is_mid(text: &str) -> bool {
    let char_ok = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b);
    (1..=16).contains(&text.len()) && text.bytes().all(char_ok)
}

/// Reads a direction attribute.
pub(crate) fn direction_attribute(name: &str) -> Option<Direction> {
    match name {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

/// Reads a payload type that may be bound dynamically and cannot be taken for RTCP (RFC 5761 section 4).
pub(crate) fn dynamic_payload_type(text: &str) -> Option<u8> {
    text.parse().ok().filter(|pt| matches!(pt, 35..=63 | 96..=127))
}

/// Reads `a=extmap:ID[/direction] URI [attributes]` (RFC 8285 section 8); ids of the one-byte form only.
pub(crate) fn extmap(value: &str) -> Option<(u8, &str)> {
    let mut words = value.split_ascii_whitespace();
    let id = words.next()?.split('/').next()?.parse().ok().filter(|id| (1..=14).contains(id))?;
    Some((id, words.next()?))
}
