//! What the fuzzer reaches no other way: a parser that stands behind a seal.

use crate::content::Envelope;

/// Reads what members say to each other, and writes it again; `None` if it cannot be understood or shown.
#[must_use]
pub fn reread_content(bytes: &[u8]) -> Option<Vec<u8>> {
    Envelope::read(bytes).map(|envelope| envelope.to_bytes())
}
