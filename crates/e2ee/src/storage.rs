//! What OpenMLS stores and reads while a group lives: private keys and pre-shared keys, in memory.
//!
//! OpenMLS writes the whole state of a group, too, after every commit and message, for programs that load it after a
//! restart. Tangelo's groups live and die in memory, so those writes are dropped here: they take time that grows with the
//! group, and leave copies of secrets that nobody would wipe (docs/decisions/0013).

use std::{
    collections::HashMap,
    io::Write,
    sync::{Mutex, PoisonError},
};

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// Whether the state of groups is kept after all: tests steal it.
const KEEPS_STATE: bool = cfg!(test);

/// The private keys of the tree's nodes above a member, one list for each epoch.
const EPOCH_KEYS: &str = "EpochKeyPairs";

/// The kind of a value, and the key it is stored under.
type Place = (&'static str, Vec<u8>);

/// Private keys and pre-shared keys, as JSON that is wiped when it is replaced, deleted or dropped.
#[derive(Default)]
pub(crate) struct Storage {
    values: Mutex<HashMap<Place, Zeroizing<Vec<u8>>>>,
}

/// A value could not be written as JSON, or what was stored is not of the type that is read.
#[derive(Debug, thiserror::Error)]
#[error("a value could not be stored or read")]
pub(crate) struct StorageError;

impl Storage {
    /// A copy of everything.
    pub(crate) fn copy(&self) -> Self {
        Self { values: Mutex::new(self.lock().clone()) }
    }

    /// Forgets everything.
    pub(crate) fn wipe(&self) {
        self.lock().clear();
    }

    /// Every value in it.
    #[cfg(test)]
    pub(crate) fn all(&self) -> Vec<Zeroizing<Vec<u8>>> {
        self.lock().values().cloned().collect()
    }

    /// A lock that a panic has poisoned still holds what it held.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Place, Zeroizing<Vec<u8>>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<V: Serialize + ?Sized>(
        &self,
        name: &'static str,
        key: &impl Serialize,
        value: &V,
    ) -> Result<(), StorageError> {
        // The exact size first: a buffer that grows leaves unwiped copies behind.
        let mut size = Count(0);
        serde_json::to_writer(&mut size, value).map_err(|_| StorageError)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(size.0));
        serde_json::to_writer(&mut *bytes, value).map_err(|_| StorageError)?;
        self.lock().insert(place(name, key)?, bytes);
        Ok(())
    }

    fn read<V: DeserializeOwned>(
        &self,
        name: &'static str,
        key: &impl Serialize,
    ) -> Result<Option<V>, StorageError> {
        let place = place(name, key)?;
        let values = self.lock();
        let Some(bytes) = values.get(&place) else { return Ok(None) };
        serde_json::from_slice(bytes).map(Some).map_err(|_| StorageError)
    }

    fn delete(&self, name: &'static str, key: &impl Serialize) -> Result<(), StorageError> {
        self.lock().remove(&place(name, key)?);
        Ok(())
    }

    fn write_state(
        &self,
        name: &'static str,
        id: &impl Serialize,
        value: &impl Serialize,
    ) -> Result<(), StorageError> {
        if KEEPS_STATE { self.write(name, id, value) } else { Ok(()) }
    }

    fn read_state<V: DeserializeOwned>(
        &self,
        name: &'static str,
        id: &impl Serialize,
    ) -> Result<Option<V>, StorageError> {
        if KEEPS_STATE { self.read(name, id) } else { Ok(None) }
    }

    fn delete_state(&self, name: &'static str, id: &impl Serialize) -> Result<(), StorageError> {
        if KEEPS_STATE { self.delete(name, id) } else { Ok(()) }
    }
}

/// Where the value of this name and key lies.
fn place(name: &'static str, key: &impl Serialize) -> Result<Place, StorageError> {
    Ok((name, serde_json::to_vec(key).map_err(|_| StorageError)?))
}

/// Counts the bytes written to it.
struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The three methods for each part of a group's state that has a single value.
macro_rules! state {
    ($($entity:ident: $write:ident, $read:ident, $delete:ident;)*) => {$(
        fn $write<G: traits::GroupId<CURRENT_VERSION>, V: traits::$entity<CURRENT_VERSION>>(
            &self,
            id: &G,
            value: &V,
        ) -> Result<(), StorageError> {
            self.write_state(stringify!($entity), id, value)
        }

        fn $read<G: traits::GroupId<CURRENT_VERSION>, V: traits::$entity<CURRENT_VERSION>>(
            &self,
            id: &G,
        ) -> Result<Option<V>, StorageError> {
            self.read_state(stringify!($entity), id)
        }

        fn $delete<G: traits::GroupId<CURRENT_VERSION>>(&self, id: &G) -> Result<(), StorageError> {
            self.delete_state(stringify!($entity), id)
        }
    )*};
}

/// The three methods for each kind of key or secret that is kept under one key.
macro_rules! kept {
    ($($entity:ident<$key:ident>: $write:ident, $delete:ident;)*) => {$(
        fn $write<K: traits::$key<CURRENT_VERSION>, V: traits::$entity<CURRENT_VERSION>>(
            &self,
            key: &K,
            value: &V,
        ) -> Result<(), StorageError> {
            self.write(stringify!($entity), key, value)
        }

        fn $delete<K: traits::$key<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StorageError> {
            self.delete(stringify!($entity), key)
        }
    )*};
}

/// First the groups' state, which is not kept; then the keys, which are.
impl StorageProvider<CURRENT_VERSION> for Storage {
    type Error = StorageError;

    state! {
        MlsGroupJoinConfig: write_mls_join_config, mls_group_join_config, delete_group_config;
        TreeSync: write_tree, tree, delete_tree;
        InterimTranscriptHash:
            write_interim_transcript_hash, interim_transcript_hash, delete_interim_transcript_hash;
        GroupContext: write_context, group_context, delete_context;
        ConfirmationTag: write_confirmation_tag, confirmation_tag, delete_confirmation_tag;
        MessageSecrets: write_message_secrets, message_secrets, delete_message_secrets;
        ResumptionPskStore:
            write_resumption_psk_store, resumption_psk_store, delete_all_resumption_psk_secrets;
        LeafNodeIndex: write_own_leaf_index, own_leaf_index, delete_own_leaf_index;
        GroupEpochSecrets: write_group_epoch_secrets, group_epoch_secrets, delete_group_epoch_secrets;
    }

    fn write_group_state<V: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        id: &G,
        value: &V,
    ) -> Result<(), StorageError> {
        self.write_state("GroupState", id, value)
    }

    fn group_state<V: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        id: &G,
    ) -> Result<Option<V>, StorageError> {
        self.read_state("GroupState", id)
    }

    fn delete_group_state<G: traits::GroupId<CURRENT_VERSION>>(&self, id: &G) -> Result<(), StorageError> {
        self.delete_state("GroupState", id)
    }

    fn append_own_leaf_node<G: traits::GroupId<CURRENT_VERSION>, V: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        _: &G,
        _: &V,
    ) -> Result<(), StorageError> {
        Ok(())
    }

    fn own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>, V: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Result<Vec<V>, StorageError> {
        Ok(Vec::new())
    }

    fn delete_own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>>(&self, _: &G) -> Result<(), StorageError> {
        Ok(())
    }

    fn queue_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        V: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
        _: &R,
        _: &V,
    ) -> Result<(), StorageError> {
        Ok(())
    }

    fn queued_proposal_refs<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Result<Vec<R>, StorageError> {
        Ok(Vec::new())
    }

    fn queued_proposals<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        V: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
    ) -> Result<Vec<(R, V)>, StorageError> {
        Ok(Vec::new())
    }

    fn remove_proposal<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
        _: &R,
    ) -> Result<(), StorageError> {
        Ok(())
    }

    fn clear_proposal_queue<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Result<(), StorageError> {
        Ok(())
    }

    kept! {
        SignatureKeyPair<SignaturePublicKey>: write_signature_key_pair, delete_signature_key_pair;
        HpkeKeyPair<EncryptionKey>: write_encryption_key_pair, delete_encryption_key_pair;
        KeyPackage<HashReference>: write_key_package, delete_key_package;
        PskBundle<PskId>: write_psk, delete_psk;
    }

    fn signature_key_pair<
        K: traits::SignaturePublicKey<CURRENT_VERSION>,
        V: traits::SignatureKeyPair<CURRENT_VERSION>,
    >(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("SignatureKeyPair", key)
    }

    fn encryption_key_pair<
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
        K: traits::EncryptionKey<CURRENT_VERSION>,
    >(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("HpkeKeyPair", key)
    }

    fn key_package<K: traits::HashReference<CURRENT_VERSION>, V: traits::KeyPackage<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("KeyPackage", key)
    }

    fn psk<V: traits::PskBundle<CURRENT_VERSION>, K: traits::PskId<CURRENT_VERSION>>(
        &self,
        key: &K,
    ) -> Result<Option<V>, StorageError> {
        self.read("PskBundle", key)
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        id: &G,
        epoch: &E,
        leaf: u32,
        pairs: &[V],
    ) -> Result<(), StorageError> {
        self.write(EPOCH_KEYS, &(id, epoch, leaf), pairs)
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        id: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<V>, StorageError> {
        Ok(self.read(EPOCH_KEYS, &(id, epoch, leaf))?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
    >(
        &self,
        id: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<(), StorageError> {
        self.delete(EPOCH_KEYS, &(id, epoch, leaf))
    }
}
