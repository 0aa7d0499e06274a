//! Application messages (RFC 9420 section 6.3): sealed to the group, ordered by the log.

use openmls::prelude::{
    BasicCredential, ContentType, MlsMessageIn, PastEpochDeletion, PrivateMessageIn, ProcessedMessageContent,
    ProtocolMessage, tls_codec::Deserialize as _, tls_codec::Serialize as _,
};
use tangelo_wire::{Bytes, ClientId};

use super::Group;
use crate::{Error, Rule, credential, presence::Presence};

/// Messages are padded to a multiple of this, in bytes, so that their size says little.
pub(super) const PADDING_BYTES: usize = 256;

/// A `Message` entry.
#[derive(Clone, Copy, Debug)]
pub struct MessageEntry<'a> {
    /// Its author, as the server says.
    pub author: ClientId,
    /// The PrivateMessage.
    pub bytes: &'a Bytes,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageOutcome {
    /// Its author is a member and wrote this.
    Read(Vec<u8>),
    /// The own message came back: only its author cannot decrypt it.
    Own,
    /// It broke a rule; nothing changed.
    Skipped(Rule),
    /// It may have been made in another state of the group than this member's: the author's or the own one is not
    /// the room's.
    Unreadable,
}

impl Group {
    /// Seals a message to the group as it is now.
    ///
    /// # Errors
    /// [`Error::Mls`].
    pub fn seal_message(&mut self, plain: &[u8]) -> Result<Bytes, Error> {
        let message = self
            .mls
            .create_message(&self.provider, &self.key, plain)
            .map_err(|_| Error::Mls("sealing a message"))?;
        message.tls_serialize_detached().map(Bytes).map_err(|_| Error::Mls("writing a message"))
    }

    /// Opens a message at its place in the log. A message of an epoch just past is good: it was under way while a
    /// commit landed.
    pub fn open_message(&mut self, presence: &Presence, entry: MessageEntry<'_>) -> MessageOutcome {
        let message = match self.frame_message(entry.bytes) {
            Ok(message) => message,
            Err(rule) => return MessageOutcome::Skipped(rule),
        };
        if self.member(entry.author).is_none() || !presence.is_present(entry.author) {
            return MessageOutcome::Skipped(Rule::MessageMember);
        }
        if entry.author == self.own {
            return MessageOutcome::Own;
        }
        let is_old = message.epoch() < self.mls.epoch();
        let Ok(processed) =
            self.mls.process_message(&self.provider, ProtocolMessage::PrivateMessage(message))
        else {
            return if is_old {
                MessageOutcome::Skipped(Rule::MessageMls)
            } else {
                MessageOutcome::Unreadable
            };
        };
        // The leaf may have another owner by now, so the credential tells, not the index.
        let author = BasicCredential::try_from(processed.credential().clone())
            .ok()
            .and_then(|credential| credential::client_of(credential.identity()));
        if author != Some(entry.author) {
            return MessageOutcome::Skipped(Rule::MessageAuthor);
        }
        let ProcessedMessageContent::ApplicationMessage(content) = processed.into_content() else {
            return MessageOutcome::Skipped(Rule::MessageFraming);
        };
        self.confirm(entry.author);
        MessageOutcome::Read(content.into_bytes())
    }

    /// Forgets the keys of messages of all past epochs but the last few.
    ///
    /// # Errors
    /// [`Error::Mls`].
    pub fn forget_past_messages(&mut self, keep: usize) -> Result<(), Error> {
        // Every epoch has a timestamp, so that the number alone counts: clocks may be wrong.
        let deletion = PastEpochDeletion::delete_all_without_timestamps().max_past_epochs(keep);
        self.mls
            .delete_past_epoch_secrets(&self.provider, deletion)
            .map_err(|_| Error::Mls("forgetting old message keys"))
    }

    /// What OpenMLS may be given: never a handshake message, which it would store a proposal of.
    fn frame_message(&self, bytes: &Bytes) -> Result<PrivateMessageIn, Rule> {
        let message =
            MlsMessageIn::tls_deserialize_exact(bytes.as_slice()).map_err(|_| Rule::MessageFraming)?;
        match message.try_into_protocol_message() {
            Ok(ProtocolMessage::PrivateMessage(message))
                if message.group_id().as_slice() == self.id.0
                    && message.content_type() == ContentType::Application =>
            {
                Ok(message)
            }
            _ => Err(Rule::MessageFraming),
        }
    }
}
