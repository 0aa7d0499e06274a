//! Base32 of RFC 4648 section 6 in lower case without padding: no punctuation that a chat program could cut off a
//! link.

use data_encoding::BASE32_NOPAD;

/// Writes bytes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

/// Reads what [`encode`] writes, and nothing else.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()
}
