//! The answer's last touches.

use super::{Numbering, Section, simulcast::with_pauses};

/// Makes str0m's answer ours: asks senders for Opus at constant bit rate without DTX, so that packet sizes and gaps
/// tell nothing about what is said (RFC 7587 section 6.1; RFC 6562), takes out feedback that was not offered, and puts
/// codecs into the client's own order of preference, since it sends with the first (RFC 3264 section 7).
pub(crate) fn finish_answer(sdp: &str, numbering: &Numbering, offered: &[Section]) -> String {
    let opus = numbering.opus.map(|opus| format!("a=fmtp:{} ", opus.payload_type));
    let mut answer = String::with_capacity(sdp.len() + 64);
    let mut sections = offered.iter();
    let mut section: Option<&Section> = None;
    for line in sdp.lines() {
        if line.starts_with("m=") {
            section = sections.next();
            answer.push_str(&in_order(line, section.map_or(&[][..], |section| &section.formats)));
            answer.push_str("\r\n");
            continue;
        }
        if line.starts_with("a=rtcp-fb:") && (line.ends_with(" goog-remb") || line.ends_with(" ccm fir")) {
            continue;
        }
        if let Some(value) = line.strip_prefix("a=simulcast:") {
            let paused = section.map_or(&[][..], |section| &section.paused);
            answer.push_str("a=simulcast:");
            answer.push_str(&with_pauses(value, paused));
            answer.push_str("\r\n");
            continue;
        }
        match &opus {
            Some(prefix) if line.starts_with(prefix.as_str()) => {
                answer.push_str(prefix);
                answer.push_str("minptime=10;useinbandfec=1;usedtx=0;cbr=1");
            }
            _ => answer.push_str(line),
        }
        answer.push_str("\r\n");
    }
    answer
}

/// An `m=` line with its payload types in the order of `formats`; those that are not there come last.
fn in_order(line: &str, formats: &[u8]) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    // Media, port and protocol come first.
    if let Some(listed) = words.get_mut(3..) {
        let place = |word: &&str| formats.iter().position(|format| word.parse() == Ok(*format));
        listed.sort_by_key(|word| place(word).unwrap_or(usize::MAX));
    }
    words.join(" ")
}
