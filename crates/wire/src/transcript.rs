//! Unambiguous bytes to hash or to sign.

use sha2::{Digest, Sha256, Sha512};

/// A label and fields, each with its length before it, so that no two different lists of fields give the same
/// bytes. Everything that Tangelo signs or hashes outside MLS and SFrame goes through here.
pub struct Transcript {
    bytes: Vec<u8>,
}

impl Transcript {
    /// Starts a transcript. `label` names the one purpose that the result is good for.
    #[must_use]
    pub fn new(label: &str) -> Self {
        Self { bytes: Vec::with_capacity(128) }.field(label.as_bytes())
    }

    /// Appends a field: its length as 4 bytes, big endian, then the field.
    #[must_use]
    pub fn field(mut self, field: &[u8]) -> Self {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(field);
        self
    }

    /// Appends a number as a field of 8 bytes, big endian.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.field(&number.to_be_bytes())
    }

    /// The bytes, to be signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    /// SHA-512 of the bytes.
    #[must_use]
    pub fn sha512(&self) -> [u8; 64] {
        Sha512::digest(&self.bytes).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        let one = Transcript::new("l").field(b"ab").field(b"c");
        let other = Transcript::new("l").field(b"a").field(b"bc");
        assert_ne!(one.as_bytes(), other.as_bytes());
    }
}
