//! Fork checks: what members sign so that those of two forks notice each other, even where they share no keys.

use ed25519_dalek::{Signature, VerifyingKey};
use openmls::prelude::OpenMlsProvider as _;
use openmls_traits::signatures::Signer as _;
use tangelo_wire::{Bytes, ClientId, ForkCheck, LogId};

use super::Group;
use crate::{Error, presence::Presence};

/// A short value that all members of one epoch of one group have in common, and nobody else knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForkTag([u8; 8]);

impl ForkTag {
    /// Whether a check shows this tag.
    #[must_use]
    pub fn is_in(&self, check: &ForkCheck) -> bool {
        check.tag.as_slice() == self.0
    }
}

impl Group {
    /// The fork tag of the epoch (RFC 9420 section 8.5). It may be shown to the server: nothing follows from it.
    ///
    /// # Errors
    /// [`Error::Mls`].
    pub fn fork_tag(&self) -> Result<ForkTag, Error> {
        let failed = Error::Mls("exporting the fork tag");
        let tag = self
            .mls
            .export_secret(self.provider.crypto(), "Tangelo 1.0 Fork Tag", &[], 8)
            .map_err(|_| failed)?;
        tag.as_slice().try_into().map(ForkTag).map_err(|_| failed)
    }

    /// The own check of the epoch.
    ///
    /// # Errors
    /// [`Error::Mls`].
    pub fn check(&self, log_id: LogId) -> Result<ForkCheck, Error> {
        let tag = self.fork_tag()?;
        let mut check = ForkCheck {
            seq: self.began,
            epoch: self.epoch(),
            tag: Bytes(tag.0.to_vec()),
            signature: Bytes::default(),
        };
        let transcript = check.transcript(log_id, self.id, self.own);
        let signature =
            self.key.sign(transcript.as_bytes()).map_err(|_| Error::Mls("signing a fork check"))?;
        check.signature = Bytes(signature);
        Ok(check)
    }

    /// Whether `client` signed this check for this log and group. Its leaf key is taken from its arrival, so a member
    /// of another fork can be heard too. A good check of the current epoch confirms the member.
    pub fn verify_check(
        &mut self,
        presence: &Presence,
        log_id: LogId,
        client: ClientId,
        check: &ForkCheck,
    ) -> bool {
        let key = presence.get(client).and_then(|attendance| attendance.candidate.as_ref().ok());
        let Some(key) = key.and_then(|candidate| candidate.leaf_key()) else { return false };
        let Ok(key) = VerifyingKey::from_bytes(&key) else { return false };
        let Ok(signature) = Signature::from_slice(check.signature.as_slice()) else { return false };
        let transcript = check.transcript(log_id, self.id, client);
        let good = key.verify_strict(transcript.as_bytes(), &signature).is_ok();
        if good && self.fork_tag().is_ok_and(|tag| check.epoch == self.epoch() && tag.is_in(check)) {
            self.confirm(client);
        }
        good
    }
}
