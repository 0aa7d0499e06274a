//! What a thief gets out of a member's media keys, without any rule of the receiver in its way.

use super::*;
use crate::media::Media;

impl Media {
    /// The base keys that lie in memory: epoch and key.
    pub(crate) fn stolen_keys(&self) -> Vec<(u64, BaseKey)> {
        self.epochs.iter().map(|keys| (keys.epoch, keys.base_key.clone())).collect()
    }
}

/// Opens a frame of anyone's with a base key. No replay window, no roster: SFrame alone.
pub(crate) fn open_with(base_key: &BaseKey, source: Source, codec: Codec, frame: &[u8]) -> Option<Vec<u8>> {
    let key_id = codec.key_id(frame)?;
    let (prefix, sealed) = frame.split_at_checked(codec.clear_bytes(frame)?)?;
    let key = DecryptionKey::derive_from(SUITE, key_id.0, base_key.expose()).ok()?;
    let mut output = Vec::new();
    let authenticated = authenticated(codec, source, prefix);
    EncryptedFrameView::try_with_meta_data(sealed, &authenticated)
        .and_then(|view| view.decrypt_into(&key, &mut output).map(|_| ()))
        .ok()?;
    Some(output.split_off(UNSENT.min(output.len())))
}
