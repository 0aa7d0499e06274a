//! Keys, counters and replay windows of one epoch.

use std::collections::BTreeMap;

use sframe::{
    CipherSuite,
    frame::{
        EncryptedFrameView, MediaFrameView, MonotonicCounter,
        validation::{ReplayAttackProtection, Tolerance},
    },
    key::{DecryptionKey, EncryptionKey},
};
use tangelo_wire::{ClientId, GroupId, Millis, Source};

use super::{Codec, Context, DropReason, KeyId, SealError, retain_ms};
use crate::{Error, group::Group, secret::BaseKey};

#[cfg(test)]
pub(crate) mod theft;

/// The one SFrame suite (RFC 9605 section 4.5, value 4), a constant of the group.
const SUITE: CipherSuite = CipherSuite::AesGcm128Sha256;

/// How far behind the newest frame a frame may come, in frames.
const REPLAY_WINDOW: usize = 512;

/// Authenticated, not sent: codec and source.
const UNSENT: usize = 2;

struct SendKey {
    key: EncryptionKey,
    counter: MonotonicCounter,
}

struct ReceiveKey {
    key: DecryptionKey,
    replay: ReplayAttackProtection,
}

/// One epoch of one group. There is never a second object for the same epoch, so a counter never starts again.
pub(super) struct EpochKeys {
    pub(super) group: GroupId,
    pub(super) epoch: u64,
    /// When frames of this epoch are no longer opened; `None` for the newest.
    pub(super) expires: Option<Millis>,
    base_key: BaseKey,
    own_leaf: u32,
    /// Who spoke from which leaf in this epoch; a leaf is used again by the next who joins.
    roster: BTreeMap<u32, ClientId>,
    send: BTreeMap<KeyId, SendKey>,
    receive: BTreeMap<KeyId, ReceiveKey>,
}

impl std::fmt::Debug for EpochKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EpochKeys({} {} ..)", self.group, self.epoch)
    }
}

impl EpochKeys {
    pub(super) fn new(group: &Group, roster: BTreeMap<u32, ClientId>) -> Result<Self, Error> {
        Ok(Self {
            group: group.id(),
            epoch: group.epoch(),
            expires: None,
            base_key: group.base_key()?,
            own_leaf: group.own_leaf(),
            roster,
            send: BTreeMap::new(),
            receive: BTreeMap::new(),
        })
    }

    /// Whether the own client was the only member.
    pub(super) fn is_alone(&self) -> bool {
        self.roster.len() <= 1
    }

    /// A later epoch began. Who is not in its roster any more is not heard any more.
    pub(super) fn retire(&mut self, now: Millis, removes: bool, roster: &BTreeMap<u32, ClientId>) {
        let expires = now + retain_ms(removes);
        self.expires = Some(self.expires.map_or(expires, |before| before.min(expires)));
        self.roster.retain(|_, client| roster.values().any(|other| other == client));
        let left = &self.roster;
        self.receive.retain(|key_id, _| left.contains_key(&key_id.leaf()));
    }

    pub(super) fn seal(
        &mut self,
        context: Context,
        codec: Codec,
        frame: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<KeyId, SealError> {
        let clear = codec.clear_bytes(frame).ok_or(SealError::Malformed)?;
        let (prefix, payload) = frame.split_at_checked(clear).ok_or(SealError::Malformed)?;
        let source = context.source().ok_or(SealError::Failed)?;
        let key_id = KeyId::new(context, self.own_leaf, self.epoch);
        let sender = match self.send.entry(key_id) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let key = EncryptionKey::derive_from(SUITE, key_id.0, self.base_key.expose())
                    .map_err(|_| SealError::Failed)?;
                entry.insert(SendKey { key, counter: MonotonicCounter::default() })
            }
        };
        let authenticated = authenticated(codec, source, prefix);
        MediaFrameView::try_with_meta_data(&mut sender.counter, payload, &authenticated)
            .and_then(|view| view.encrypt_into(&sender.key, output).map(|_| ()))
            .map_err(|_| SealError::Failed)?;
        output.drain(..UNSENT.min(output.len()));
        Ok(key_id)
    }

    pub(super) fn open(
        &mut self,
        key_id: KeyId,
        client: ClientId,
        source: Source,
        codec: Codec,
        frame: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), DropReason> {
        if self.roster.get(&key_id.leaf()) != Some(&client) || key_id.leaf() == self.own_leaf {
            return Err(DropReason::WrongSender);
        }
        let clear = codec.clear_bytes(frame).ok_or(DropReason::Malformed)?;
        let (prefix, sealed) = frame.split_at_checked(clear).ok_or(DropReason::Malformed)?;
        let sender = match self.receive.entry(key_id) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let key = DecryptionKey::derive_from(SUITE, key_id.0, self.base_key.expose())
                    .map_err(|_| DropReason::Malformed)?;
                let tolerance = Tolerance::new(REPLAY_WINDOW);
                entry.insert(ReceiveKey { key, replay: ReplayAttackProtection::new(key_id.0, tolerance) })
            }
        };
        let authenticated = authenticated(codec, source, prefix);
        EncryptedFrameView::try_with_meta_data(sealed, &authenticated)
            .and_then(|view| view.validated_decrypt_into(&sender.key, output, &mut sender.replay).map(|_| ()))
            .map_err(|error| match error {
                sframe::error::SframeError::DecryptionFailure => DropReason::Forged,
                sframe::error::SframeError::FrameValidationFailed(_) => DropReason::Replayed,
                _ => DropReason::Malformed,
            })?;
        output.drain(..UNSENT.min(output.len()));
        Ok(())
    }
}

/// What the tag covers beside the SFrame header: codec, source, clear prefix.
fn authenticated(codec: Codec, source: Source, prefix: &[u8]) -> Vec<u8> {
    let source = match source {
        Source::Microphone => 1,
        Source::Camera => 2,
        Source::Screen => 3,
        Source::ScreenAudio => 4,
    };
    let mut bytes = Vec::with_capacity(UNSENT + prefix.len());
    bytes.extend_from_slice(&[codec.number(), source]);
    bytes.extend_from_slice(prefix);
    bytes
}

#[cfg(test)]
mod vectors;
