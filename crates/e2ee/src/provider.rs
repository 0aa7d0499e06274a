//! What OpenMLS needs of its surroundings: cryptography, randomness, and storage in memory.

use openmls_memory_storage::MemoryStorage;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::{OpenMlsProvider, random::OpenMlsRand};
use zeroize::Zeroize;

use crate::Error;

/// One provider for each group: nothing of an older group can be found in it. What its storage holds when it is
/// dropped is wiped; what OpenMLS deletes before that is only freed.
#[derive(Default)]
pub(crate) struct Provider {
    crypto: RustCrypto,
    storage: MemoryStorage,
}

impl Provider {
    /// A provider with a copy of this one's storage. A Welcome is tried on a copy, because OpenMLS spends the key
    /// package even when the Welcome turns out to be bad.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::default();
        if let (Ok(from), Ok(mut to)) = (self.storage.values.read(), copy.storage.values.write()) {
            to.clone_from(&from);
        }
        copy
    }

    /// Wipes and forgets everything in the storage.
    pub(crate) fn wipe(&mut self) {
        // A lock that a panic has poisoned still holds secrets.
        let values = self.storage.values.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (mut key, mut value) in values.drain() {
            key.zeroize();
            value.zeroize();
        }
    }

    /// `N` random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        self.crypto.random_array().map_err(|_| Error::Random)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// The storage holds private keys, so it does not print.
impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider(..)")
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}
