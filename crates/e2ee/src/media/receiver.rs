//! One line to receive on: whom it belongs to, what waits, what was counted.

use std::collections::VecDeque;

use tangelo_wire::{ClientId, Millis, Source};

use super::KeyId;

/// How long a frame of an epoch to come is held, in milliseconds.
const HOLD_MS: u64 = 2_000;
/// Most frames held on a line: 2 s of 60 pictures or 50 packets of sound a second, and some.
const HOLD_MAX: usize = 160;
/// Most bytes held on a line: 2 s of pictures at 32 Mbit/s.
const HOLD_MAX_BYTES: usize = 8 << 20;
/// Most key ids that a line counts by: whoever sends invented ones must not fill memory.
const KEYS_MAX: usize = 8;
/// At most one request for a key frame in this time, in milliseconds.
const KEY_FRAME_MS: u64 = 500;

/// Why a frame was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The line is closed.
    NoReceiver,
    /// It is no sealed frame.
    Malformed,
    /// Its epoch is unknown: long gone, or it did not come in time.
    NoKey,
    /// It belongs to another member than the line does.
    WrongSender,
    /// It belongs to another source than the line does.
    WrongSource,
    /// The tag is wrong: something was changed, clear prefix included.
    Forged,
    /// It was received before, or is too old to tell.
    Replayed,
    /// Too much is held already.
    HoldFull,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is in the output.
    Frame,
    /// Its keys are not there yet, or an older frame waits: keep it, and open it again when released.
    Held,
    /// Drop it.
    Dropped {
        /// Why.
        reason: DropReason,
        /// Whether to ask the sender for a key frame now: pictures cannot go on without the lost one.
        ask_key_frame: bool,
    },
}

/// Counters of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverStats {
    /// Whose line it is.
    pub client: ClientId,
    /// What it is for.
    pub source: Source,
    /// Frames opened.
    pub opened: u64,
    /// Frames that had to wait.
    pub held: u64,
    /// Frames dropped, by reason.
    pub dropped: Vec<(DropReason, u64)>,
    /// The same by key id, the latest ones that frames of this source came with.
    pub keys: Vec<KeyStats>,
}

/// Counters of one key id on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStats {
    /// Which.
    pub key_id: KeyId,
    /// Frames opened with it.
    pub opened: u64,
    /// Frames that had to wait.
    pub held: u64,
    /// Frames dropped, by reason.
    pub dropped: Vec<(DropReason, u64)>,
}

struct Held {
    ticket: u32,
    key_id: KeyId,
    length: usize,
    deadline: Millis,
}

pub(super) struct Receiver {
    pub(super) client: ClientId,
    pub(super) source: Source,
    queue: VecDeque<Held>,
    /// The frame that was released last and has not been opened again yet; with whether its time was up.
    releasing: Option<(u32, bool)>,
    opened: u64,
    held: u64,
    dropped: Vec<(DropReason, u64)>,
    keys: VecDeque<KeyStats>,
    key_frame_asked: Option<Millis>,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receiver({} {:?})", self.client, self.source)
    }
}

impl Receiver {
    pub(super) fn new(client: ClientId, source: Source) -> Self {
        Self {
            client,
            source,
            queue: VecDeque::new(),
            releasing: None,
            opened: 0,
            held: 0,
            dropped: Vec::new(),
            keys: VecDeque::new(),
            key_frame_asked: None,
        }
    }

    /// Whether older frames wait, so that this one must wait behind them.
    pub(super) fn must_wait(&self, ticket: u32) -> bool {
        !self.queue.is_empty() && self.releasing.is_none_or(|(released, _)| released != ticket)
    }

    /// Whether this frame has waited as long as a frame may.
    pub(super) fn is_overdue(&self, ticket: u32) -> bool {
        self.releasing == Some((ticket, true))
    }

    /// Holds a frame of `length` bytes, if there is room: on this line, and in the `room_bytes` of all lines.
    pub(super) fn hold(
        &mut self,
        now: Millis,
        ticket: u32,
        key_id: KeyId,
        length: usize,
        room_bytes: usize,
    ) -> Opened {
        let room_bytes = room_bytes.min(HOLD_MAX_BYTES.saturating_sub(self.held_bytes()));
        self.released(ticket);
        if self.queue.len() >= HOLD_MAX || length > room_bytes {
            return self.drop_frame(now, Some(key_id), DropReason::HoldFull);
        }
        self.queue.push_back(Held { ticket, key_id, length, deadline: now + HOLD_MS });
        self.held += 1;
        self.count_key(key_id, |key| key.held += 1);
        Opened::Held
    }

    pub(super) fn release(&mut self, now: Millis, known: impl Fn(KeyId) -> bool) -> Option<u32> {
        let overdue = self.queue.front()?.deadline <= now;
        if !overdue && !known(self.queue.front()?.key_id) {
            return None;
        }
        let held = self.queue.pop_front()?;
        self.releasing = Some((held.ticket, overdue));
        Some(held.ticket)
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.queue.iter().map(|held| held.length).sum()
    }

    pub(super) fn released(&mut self, ticket: u32) {
        self.releasing = self.releasing.filter(|(released, _)| *released != ticket);
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        self.queue.front().map(|held| held.deadline)
    }

    pub(super) fn opened(&mut self, key_id: KeyId) -> Opened {
        self.opened += 1;
        self.count_key(key_id, |key| key.opened += 1);
        Opened::Frame
    }

    /// `key_id`: if the frame had one, and one that belongs to the line's source.
    pub(super) fn drop_frame(&mut self, now: Millis, key_id: Option<KeyId>, reason: DropReason) -> Opened {
        count(&mut self.dropped, reason);
        if let Some(key_id) = key_id {
            self.count_key(key_id, |key| count(&mut key.dropped, reason));
        }
        let video = matches!(self.source, Source::Camera | Source::Screen);
        // A replay is a copy of a frame that is there already: nothing is missing.
        let missing = reason != DropReason::Replayed;
        let quiet = self.key_frame_asked.is_none_or(|asked| now.since(asked) >= KEY_FRAME_MS);
        let ask_key_frame = video && missing && quiet;
        if ask_key_frame {
            self.key_frame_asked = Some(now);
        }
        Opened::Dropped { reason, ask_key_frame }
    }

    pub(super) fn stats(&self) -> ReceiverStats {
        ReceiverStats {
            client: self.client,
            source: self.source,
            opened: self.opened,
            held: self.held,
            dropped: self.dropped.clone(),
            keys: self.keys.iter().cloned().collect(),
        }
    }

    /// Counts by key id. A new one takes the place of the oldest.
    fn count_key(&mut self, key_id: KeyId, count: impl FnOnce(&mut KeyStats)) {
        if let Some(known) = self.keys.iter_mut().rev().find(|key| key.key_id == key_id) {
            return count(known);
        }
        if self.keys.len() >= KEYS_MAX {
            self.keys.pop_front();
        }
        let mut new = KeyStats { key_id, opened: 0, held: 0, dropped: Vec::new() };
        count(&mut new);
        self.keys.push_back(new);
    }
}

fn count(counts: &mut Vec<(DropReason, u64)>, reason: DropReason) {
    match counts.iter_mut().find(|(counted, _)| *counted == reason) {
        Some((_, count)) => *count += 1,
        None => counts.push((reason, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_key_ids_push_out_counters_and_fill_no_memory() {
        let mut line = Receiver::new(ClientId([1; 16]), Source::Microphone);
        for key_id in 0..1_000 {
            line.drop_frame(Millis(0), Some(KeyId(key_id)), DropReason::NoKey);
        }
        line.opened(KeyId(999));
        let stats = line.stats();
        assert_eq!(stats.dropped, [(DropReason::NoKey, 1_000)], "what the line counts is all there");
        assert_eq!(stats.keys.len(), KEYS_MAX);
        let newest = stats.keys.last().unwrap();
        assert_eq!((newest.key_id, newest.opened), (KeyId(999), 1));
        assert_eq!(newest.dropped, [(DropReason::NoKey, 1)]);
    }
}
