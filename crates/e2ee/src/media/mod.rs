//! Media frames: SFrame (RFC 9605) with keys from MLS (its section 5.2). The only module that works on SFrame.
//!
//! A sealed frame is the codec's clear prefix, then SFrame header, ciphertext and tag. The clear prefix, the codec
//! and the source are authenticated. Without a key nothing is sealed and nothing is opened: there is no passthrough.

mod codec;
mod epoch;
mod key_id;
pub mod opus;
mod receiver;

use std::collections::{BTreeMap, VecDeque};

use tangelo_wire::{ClientId, GroupId, Millis, Mistake, Source, made};
use zeroize::Zeroize as _;

pub use codec::Codec;
pub use key_id::{Context, KeyId};
pub use receiver::{DropReason, KeyStats, Opened, ReceiverStats};

use crate::{Error, group::Group};
use epoch::EpochKeys;
#[cfg(test)]
pub(crate) use epoch::theft::open_with;
use opus::PacketSize;
#[cfg(feature = "fuzz")]
pub(crate) use opus::pad as pad_opus;
use receiver::Receiver;

/// How long the sender keeps the old key after a commit that adds, in milliseconds: the log is slower than media.
const SWITCH_ADD_MS: u64 = 200;
/// The same after a commit that only rekeys.
const SWITCH_REKEY_MS: u64 = 1_000;
/// How long keys of an old epoch still open frames, in milliseconds.
const RETAIN_MS: u64 = 10_000;
/// The same after somebody was removed.
const RETAIN_REMOVED_MS: u64 = 2_000;
/// Most epochs kept. The key id tells 64 apart: 32 that are kept and 31 that may be to come.
const EPOCHS_MAX: usize = 32;
/// Most that all lines hold together, in bytes.
const HELD_MAX_BYTES: usize = 64 << 20;
/// Own places in groups whose newest epoch is remembered, so that none comes back.
const PLACES_MAX: usize = 64;
/// Key ids that sealed frames are counted by.
const SENT_KEYS_MAX: usize = 16;
/// Longest frame, in bytes.
const FRAME_MAX_BYTES: usize = 4 << 20;
/// Most that sealing adds: SFrame's header (17) and the tag (16), in bytes.
const OVERHEAD_MAX_BYTES: usize = 33;

/// How an epoch began: it decides how fast the sender switches and how long old keys stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Somebody was added.
    pub adds: bool,
    /// Leaves that were removed.
    pub removes: bool,
}

/// Why a frame was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no group yet, or no more: drop the frame.
    #[error("there is no key yet")]
    NoKey,
    /// It is no frame of its codec, or the source is not of the codec's kind, or it has more than 4 MiB: drop it.
    #[error("the frame is malformed")]
    Malformed,
    /// SFrame failed inside, or 2^64 frames were sealed with one key: drop the frame.
    #[error("the encryption failed inside")]
    Failed,
}

/// A packet in clear, while it is being sealed.
#[derive(Default)]
struct Plain(Vec<u8>);

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

/// Everything about media that needs keys. Time is in the caller's [`Millis`].
#[derive(Debug, Default)]
pub struct Media {
    /// Oldest first; all of one group.
    epochs: VecDeque<EpochKeys>,
    /// The newest epoch of every place that was ever had: group, own client, epoch. Keys that were wiped do not come
    /// back, or their counters would start again.
    places: VecDeque<(GroupId, ClientId, u64)>,
    /// The epoch that frames are sealed in, and from when on the newest one is.
    sending: Option<u64>,
    switch_at: Option<Millis>,
    /// An epoch that adds somebody waits for its first frame to be sealed.
    welcoming: bool,
    /// Such an epoch is in use for sending, and nobody was told yet.
    key_frame_wanted: bool,
    /// The size of each source's Opus packets.
    packet_sizes: BTreeMap<Context, PacketSize>,
    padded: Plain,
    receivers: BTreeMap<u32, Receiver>,
    next_receiver: u32,
    sealed: u64,
    unsealed: u64,
    /// Frames sealed by key id, the latest ones last.
    sent_keys: VecDeque<(KeyId, u64)>,
}

impl Media {
    /// A new epoch began: its keys are there to receive at once, and to send as soon as the change allows.
    ///
    /// # Errors
    /// [`Error::Mls`], also for an epoch whose keys were wiped already.
    pub fn install(&mut self, now: Millis, group: &Group, change: Change) -> Result<(), Error> {
        if self.epochs.back().is_some_and(|newest| newest.group != group.id()) {
            self.epochs.clear();
            self.sending = None;
            self.sent_keys.clear();
        }
        if self.epochs.iter().any(|epoch| epoch.epoch == group.epoch()) {
            return Ok(());
        }
        let roster: BTreeMap<_, _> =
            group.members().iter().map(|member| (member.leaf, member.client)).collect();
        let own = roster.get(&group.own_leaf()).ok_or(Error::Mls("finding the own leaf"))?;
        self.note_place(group.id(), *own, group.epoch())?;
        for old in &mut self.epochs {
            old.retire(now, change.removes, &roster);
        }
        self.epochs.push_back(EpochKeys::new(group, roster)?);
        self.welcoming |= change.adds;
        while self.epochs.len() > EPOCHS_MAX {
            self.epochs.pop_front();
        }
        let alone = self.sending_keys().is_none_or(|keys| keys.is_alone());
        let delay_ms = match change {
            // Nobody is left behind who could only open the old epoch.
            _ if alone => 0,
            Change { removes: true, .. } => 0,
            Change { adds: true, .. } => SWITCH_ADD_MS,
            _ => SWITCH_REKEY_MS,
        };
        if delay_ms == 0 {
            self.switch();
        } else {
            let at = now + delay_ms;
            self.switch_at = Some(self.switch_at.map_or(at, |before| before.min(at)));
        }
        Ok(())
    }

    /// The group is gone: so are its keys. Frames sent or received from now on are dropped.
    pub fn clear(&mut self) {
        self.epochs.clear();
        self.sending = None;
        self.switch_at = None;
        (self.welcoming, self.key_frame_wanted) = (false, false);
        // The next group may use the same key ids, with other keys.
        self.sent_keys.clear();
    }

    /// The next moment at which [`Media::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Millis> {
        let retire = self.epochs.iter().filter_map(|epoch| epoch.expires);
        let held = self.receivers.values().filter_map(Receiver::deadline);
        retire.chain(held).chain(self.switch_at).min()
    }

    /// Switches to the newest sending key and forgets old receiving keys when their time has come.
    pub fn handle_timeout(&mut self, now: Millis) {
        if self.switch_at.is_some_and(|at| at <= now) {
            self.switch();
        }
        let sending = self.sending;
        self.epochs
            .retain(|keys| keys.expires.is_none_or(|expires| expires > now) || Some(keys.epoch) == sending);
    }

    /// Whether the sender switched to an epoch that adds somebody: its first frame should be a key frame, or the
    /// newcomer sees nothing until the next. Stays until [`Media::clear_key_frame_wanted`].
    #[must_use]
    pub fn is_key_frame_wanted(&self) -> bool {
        self.key_frame_wanted
    }

    /// The wish for a key frame was passed on.
    pub fn clear_key_frame_wanted(&mut self) {
        self.key_frame_wanted = false;
    }

    /// Seals a frame of an own source and layer into `output`, which is emptied first. Opus packets are padded before,
    /// such that their size tells nothing of what is said.
    ///
    /// # Errors
    /// See [`SealError`]; the frame must then be dropped.
    pub fn seal(
        &mut self,
        now: Millis,
        context: Context,
        codec: Codec,
        frame: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        self.handle_timeout(now);
        match self.seal_or_say_why(context, codec, frame, output) {
            Ok(key_id) => {
                self.sealed += 1;
                self.count_sent(key_id);
                Ok(())
            }
            Err(error) => {
                output.clear();
                self.unsealed += 1;
                Err(error)
            }
        }
    }

    /// Opens a line to receive `source` of `client` on; frames of anyone or anything else are dropped there.
    pub fn add_receiver(&mut self, client: ClientId, source: Source) -> u32 {
        let id = self.next_receiver;
        self.next_receiver = self.next_receiver.wrapping_add(1);
        self.receivers.insert(id, Receiver::new(client, source));
        id
    }

    /// Closes a line.
    pub fn remove_receiver(&mut self, receiver: u32) {
        self.receivers.remove(&receiver);
    }

    /// Opens a frame into `output`, which is emptied first. `ticket` names the frame, should it have to be held.
    pub fn open(
        &mut self,
        now: Millis,
        receiver: u32,
        ticket: u32,
        codec: Codec,
        frame: &[u8],
        output: &mut Vec<u8>,
    ) -> Opened {
        output.clear();
        // Timers can be late.
        self.handle_timeout(now);
        let Some(line) = self.receivers.get_mut(&receiver) else {
            return Opened::Dropped { reason: DropReason::NoReceiver, ask_key_frame: false };
        };
        let size_ok = frame.len() <= FRAME_MAX_BYTES + OVERHEAD_MAX_BYTES;
        let key_id = if size_ok { codec.key_id(frame) } else { None };
        let Some(key_id) = key_id else { return line.drop_frame(now, None, DropReason::Malformed) };
        if key_id.context().source() != Some(line.source) {
            line.released(ticket);
            return line.drop_frame(now, None, DropReason::WrongSource);
        }
        let newest = self.epochs.back().map(|keys| keys.epoch);
        let keys = self.epochs.iter_mut().rev().find(|keys| key_id.is_of_epoch(keys.epoch));
        let future = newest.is_some_and(|newest| key_id.is_after(newest));
        if line.must_wait(ticket) || (keys.is_none() && future && !line.is_overdue(ticket)) {
            let held: usize = self.receivers.values().map(Receiver::held_bytes).sum();
            let Some(line) = self.receivers.get_mut(&receiver) else {
                return Opened::Dropped { reason: DropReason::NoReceiver, ask_key_frame: false };
            };
            let room_bytes = HELD_MAX_BYTES.saturating_sub(held);
            return line.hold(now, ticket, key_id, frame.len(), room_bytes);
        }
        line.released(ticket);
        let result = match keys {
            None => Err(DropReason::NoKey),
            Some(keys) => keys.open(key_id, line.client, line.source, codec, frame, output),
        };
        match result {
            Ok(()) => line.opened(key_id),
            Err(reason) => {
                output.clear();
                line.drop_frame(now, Some(key_id), reason)
            }
        }
    }

    /// The next held frame of a receiver to call [`Media::open`] with again: its keys are there, or it has waited
    /// long enough. Call until it returns `None` after each change of keys and each timeout.
    pub fn release(&mut self, now: Millis, receiver: u32) -> Option<u32> {
        self.handle_timeout(now);
        let epochs = &self.epochs;
        self.receivers
            .get_mut(&receiver)?
            .release(now, |key_id| epochs.iter().any(|keys| key_id.is_of_epoch(keys.epoch)))
    }

    /// Frames sealed, and frames not sealed because there was no key or they were odd.
    #[must_use]
    pub fn sender_stats(&self) -> (u64, u64) {
        (self.sealed, self.unsealed)
    }

    /// What each receiver has seen.
    pub fn receiver_stats(&self) -> impl Iterator<Item = ReceiverStats> {
        self.receivers.values().map(Receiver::stats)
    }

    /// Frames sealed, by key id: the latest ones, the newest last. A key's counter is one below its number of frames.
    pub fn sent_keys(&self) -> impl Iterator<Item = (KeyId, u64)> {
        self.sent_keys.iter().copied()
    }

    /// The epochs whose keys are there, oldest first, and when each is forgotten; `None` for the newest.
    pub fn epochs(&self) -> impl Iterator<Item = (u64, Option<Millis>)> {
        self.epochs.iter().map(|keys| (keys.epoch, keys.expires))
    }

    /// The epoch that frames are sealed in.
    #[must_use]
    pub fn sending_epoch(&self) -> Option<u64> {
        self.sending
    }

    /// The group whose keys are in use.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        self.epochs.back().map(|keys| keys.group)
    }

    fn seal_or_say_why(
        &mut self,
        context: Context,
        codec: Codec,
        frame: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<KeyId, SealError> {
        let sending = self.sending.ok_or(SealError::NoKey)?;
        let keys = self.epochs.iter_mut().find(|keys| keys.epoch == sending).ok_or(SealError::NoKey)?;
        let kind = context.source().map(Source::kind);
        if frame.len() > FRAME_MAX_BYTES || kind != Some(codec.kind()) {
            return Err(SealError::Malformed);
        }
        let frame = match codec {
            Codec::Opus => {
                let size = self.packet_sizes.entry(context).or_default();
                // What is no Opus packet, an empty frame for one, says nothing to a decoder at any size.
                size.pad(frame, &mut self.padded.0).map_or(frame, |()| &self.padded.0)
            }
            Codec::Vp8 | Codec::Vp9 => frame,
        };
        let sealed = keys.seal(context, codec, frame, output);
        self.padded.0.zeroize();
        sealed
    }

    fn count_sent(&mut self, key_id: KeyId) {
        if let Some((_, frames)) = self.sent_keys.iter_mut().rev().find(|(known, _)| *known == key_id) {
            *frames += 1;
            return;
        }
        if self.sent_keys.len() >= SENT_KEYS_MAX {
            self.sent_keys.pop_front();
        }
        self.sent_keys.push_back((key_id, 1));
    }

    /// Notes that an epoch is in use, unless it was in use before.
    fn note_place(&mut self, group: GroupId, own: ClientId, epoch: u64) -> Result<(), Error> {
        match self.places.iter_mut().find(|(other, client, _)| (*other, *client) == (group, own)) {
            // Two Welcomes may lead to two states of one epoch: those keys are not the same.
            Some((_, _, newest)) if *newest >= epoch && !made(Mistake::LatestWelcomeFollowed) => {
                return Err(Error::Mls("taking media keys a second time"));
            }
            Some((_, _, newest)) => *newest = epoch,
            None => self.places.push_back((group, own, epoch)),
        }
        while self.places.len() > PLACES_MAX {
            self.places.pop_front();
        }
        Ok(())
    }

    fn switch(&mut self) {
        self.sending = self.epochs.back().map(|keys| keys.epoch);
        self.switch_at = None;
        self.key_frame_wanted |= std::mem::take(&mut self.welcoming);
    }

    fn sending_keys(&self) -> Option<&EpochKeys> {
        let sending = self.sending?;
        self.epochs.iter().find(|keys| keys.epoch == sending)
    }
}

/// How long an old epoch stays when another begins, in milliseconds.
fn retain_ms(removes: bool) -> u64 {
    if removes { RETAIN_REMOVED_MS } else { RETAIN_MS }
}
