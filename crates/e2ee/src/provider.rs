//! What OpenMLS needs of its surroundings: cryptography, randomness, and storage in memory.

use openmls_traits::{OpenMlsProvider, random::OpenMlsRand};

use crate::{Error, crypto::Crypto, storage::Storage};

/// One provider for each group: nothing of an older group can be found in it.
#[derive(Default)]
pub(crate) struct Provider {
    crypto: Crypto,
    storage: Storage,
}

impl Provider {
    /// A provider with a copy of this one's storage. A Welcome is tried on a copy, because OpenMLS spends the key
    /// package even when the Welcome turns out to be bad.
    pub(crate) fn copy(&self) -> Self {
        Self { crypto: Crypto::default(), storage: self.storage.copy() }
    }

    /// Wipes and forgets everything in the storage.
    pub(crate) fn wipe(&self) {
        self.storage.wipe();
    }

    /// From now on nonsense is sealed to these HPKE keys.
    #[cfg(feature = "insider")]
    pub(crate) fn poison(&mut self, keys: Vec<Vec<u8>>) {
        self.crypto.poison = keys;
    }

    /// `N` random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        self.crypto.random_array().map_err(|_| Error::Random)
    }
}

/// The storage holds private keys, so it does not print.
impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider(..)")
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Crypto;
    type RandProvider = Crypto;
    type StorageProvider = Storage;

    fn storage(&self) -> &Storage {
        &self.storage
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Crypto {
        &self.crypto
    }
}
