//! The answer's last touches.

use super::Numbering;

/// Makes str0m's answer ours: asks senders for Opus at constant bit rate without DTX, so that packet sizes and gaps
/// tell nothing about what is said (RFC 7587 section 6.1; RFC 6562), and takes out feedback that was not offered.
pub(crate) fn finish_answer(sdp: &str, numbering: &Numbering) -> String {
    let opus = numbering.opus.map(|opus| format!("a=fmtp:{} ", opus.payload_type));
    let mut answer = String::with_capacity(sdp.len() + 64);
    for line in sdp.lines() {
        if line.starts_with("a=rtcp-fb:") && (line.ends_with(" goog-remb") || line.ends_with(" ccm fir")) {
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
