//! Media frames through a session.

use tangelo_e2ee::media::{Codec, Context, Opened};
use tangelo_wire::{ClientId, Millis, Source};

use crate::Session;

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameVerdict {
    /// Put the output in its place and pass it on.
    Pass,
    /// Keep it under its ticket until [`Session::released`] names it.
    Hold,
    /// Drop it.
    Drop {
        /// And ask its sender for a key frame.
        ask_key_frame: bool,
    },
}

impl Session {
    /// Seals a frame of the own `source` into `output`. Whatever is not passed must be dropped, and is not in
    /// `output`.
    pub fn seal(
        &mut self,
        now: Millis,
        source: Source,
        codec: &str,
        frame: &[u8],
        output: &mut Vec<u8>,
    ) -> FrameVerdict {
        self.seal_layer(now, (source, 0), codec, frame, output)
    }

    /// The same for a simulcast layer: 0 to 2 for pictures. Layers have keys and counters of their own; frames of
    /// several layers that are given as one share its counter, so that is safe too.
    pub fn seal_layer(
        &mut self,
        now: Millis,
        (source, layer): (Source, u8),
        codec: &str,
        frame: &[u8],
        output: &mut Vec<u8>,
    ) -> FrameVerdict {
        output.clear();
        let (Some(codec), Some(context)) = (Codec::from_name(codec), Context::new(source, layer)) else {
            return FrameVerdict::Drop { ask_key_frame: false };
        };
        match self.media.seal(now, context, codec, frame, output) {
            Ok(()) => FrameVerdict::Pass,
            Err(_) => FrameVerdict::Drop { ask_key_frame: false },
        }
    }

    /// Opens a line for `source` of `client`; returns its number.
    pub fn add_receiver(&mut self, client: ClientId, source: Source) -> u32 {
        self.media.add_receiver(client, source)
    }

    /// Closes a line.
    pub fn remove_receiver(&mut self, receiver: u32) {
        self.media.remove_receiver(receiver);
    }

    /// Opens a frame of a line into `output`.
    pub fn open(
        &mut self,
        now: Millis,
        receiver: u32,
        ticket: u32,
        codec: &str,
        frame: &[u8],
        output: &mut Vec<u8>,
    ) -> FrameVerdict {
        output.clear();
        let Some(codec) = Codec::from_name(codec) else {
            return FrameVerdict::Drop { ask_key_frame: false };
        };
        match self.media.open(now, receiver, ticket, codec, frame, output) {
            Opened::Frame => FrameVerdict::Pass,
            Opened::Held => FrameVerdict::Hold,
            Opened::Dropped { ask_key_frame, .. } => FrameVerdict::Drop { ask_key_frame },
        }
    }

    /// The next held frame of a line that is to be opened again. Ask until `None` after every call that may have
    /// changed keys or time.
    pub fn released(&mut self, now: Millis, receiver: u32) -> Option<u32> {
        self.media.release(now, receiver)
    }
}
