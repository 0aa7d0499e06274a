//! What the fuzzer reaches no other way: parsers that stand behind a signature or a seal.

use tangelo_wire::ClientId;

use crate::{Applicant, Profile, RoomContext, Rule, credential, media};

/// The signature key and the credential of an applicant's leaf.
#[must_use]
pub fn leaf(applicant: &Applicant) -> ([u8; 32], Vec<u8>) {
    (applicant.key.public(), applicant.credential.clone())
}

/// Reads and checks the credential of a leaf with this signature key.
///
/// # Errors
/// The rule that it breaks.
pub fn read_credential(
    context: &RoomContext,
    leaf_key: &[u8],
    credential: &[u8],
) -> Result<(ClientId, Profile), Rule> {
    credential::read(context, leaf_key, credential)
}

/// The Opus packet of exactly `size` bytes that sounds like `packet`; `None` if it is no packet, or longer.
#[must_use]
pub fn pad_opus(packet: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut output = Vec::new();
    media::pad_opus(packet, size, &mut output).map(|()| output)
}
