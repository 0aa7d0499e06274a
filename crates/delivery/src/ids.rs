//! Random identifiers.

use tangelo_wire::{ClientId, LogId, ResumeToken, Transcript};

/// Makes identifiers that nobody can guess without the seed: SHA-256 over the seed, the purpose and a counter.
pub(crate) struct Ids {
    seed: [u8; 32],
    counter: u64,
}

impl Ids {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    fn bytes(&mut self, purpose: &str) -> [u8; 32] {
        self.counter = self.counter.saturating_add(1);
        let transcript = Transcript::new("Tangelo 1.0 Server Id").field(&self.seed);
        transcript.field(purpose.as_bytes()).number(self.counter).sha256()
    }

    pub(crate) fn client(&mut self) -> ClientId {
        ClientId(half(self.bytes("client")))
    }

    pub(crate) fn log(&mut self) -> LogId {
        LogId(half(self.bytes("log")))
    }

    pub(crate) fn token(&mut self) -> ResumeToken {
        ResumeToken(self.bytes("resume"))
    }
}

fn half(bytes: [u8; 32]) -> [u8; 16] {
    let (half, _) = bytes.split_first_chunk().unwrap_or((&[0; 16], &[]));
    *half
}

/// What a token is looked up by. Comparing hashes tells a guesser nothing about the token.
pub(crate) fn token_hash(token: &ResumeToken) -> [u8; 32] {
    Transcript::new("Tangelo 1.0 Resume").field(&token.0).sha256()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_from_each_other_and_between_seeds() {
        let mut ids = Ids::new([1; 32]);
        let (one, two) = (ids.client(), ids.client());
        assert_ne!(one, two);
        assert_ne!(Ids::new([2; 32]).client(), one);
        assert_eq!(Ids::new([1; 32]).client(), one);
        assert_ne!(ids.log().0, [0; 16]);
    }
}
