//! Orange's way, for scale: every frame is an MLS application message (RFC 9420 section 15), made and read with the
//! same OpenMLS that Tangelo's groups use, with default settings.

use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, KeyPackage, MlsGroup, MlsGroupCreateConfig,
    MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, ProcessedMessageContent, StagedWelcome,
    tls_codec::{Deserialize as _, Serialize as _},
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use tangelo_e2ee::LeafKey;

use crate::{Failure, Result, at};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// One member: encrypts, or decrypts what another one of the same group encrypted.
pub struct Member {
    provider: OpenMlsRustCrypto,
    key: LeafKey,
    group: MlsGroup,
}

impl Member {
    /// A group of `size`; its first and its last member.
    ///
    /// # Errors
    /// If the group cannot be made.
    pub fn pair(size: usize) -> Result<[Self; 2]> {
        let (provider, key) = (OpenMlsRustCrypto::default(), leaf_key()?);
        let config = MlsGroupCreateConfig::builder().use_ratchet_tree_extension(true).build();
        let mut group =
            MlsGroup::new(&provider, &key, &config, credential(&key, 0)).map_err(at("founding"))?;
        let others = (1..size).map(new_key_package).collect::<Result<Vec<_>>>()?;
        let key_packages: Vec<_> = others.iter().map(|(_, _, key_package)| key_package.clone()).collect();
        let (_, welcome, _) = group.add_members(&provider, &key, &key_packages).map_err(at("adding"))?;
        group.merge_pending_commit(&provider).map_err(at("merging"))?;
        let first = Self { provider, key, group };

        let (provider, key, _) =
            others.into_iter().next_back().ok_or_else(|| Failure("a group of one".into()))?;
        let welcome = welcome.tls_serialize_detached().map_err(at("writing the Welcome"))?;
        let welcome = MlsMessageIn::tls_deserialize_exact(welcome).map_err(at("reading the Welcome"))?;
        let MlsMessageBodyIn::Welcome(welcome) = welcome.extract() else {
            return Err(Failure("a Welcome is none".into()));
        };
        let config = MlsGroupJoinConfig::default();
        let group = StagedWelcome::new_from_welcome(&provider, &config, welcome, None)
            .and_then(|staged| staged.into_group(&provider))
            .map_err(at("joining"))?;
        Ok([first, Self { provider, key, group }])
    }

    /// A frame as an MLS message.
    ///
    /// # Errors
    /// If OpenMLS fails.
    pub fn encrypt(&mut self, frame: &[u8]) -> Result<Vec<u8>> {
        self.group
            .create_message(&self.provider, &self.key, frame)
            .map_err(at("making a message"))?
            .tls_serialize_detached()
            .map_err(at("writing a message"))
    }

    /// The frame in an MLS message.
    ///
    /// # Errors
    /// If the message is not authentic, or was read before.
    pub fn decrypt(&mut self, message: &[u8]) -> Result<Vec<u8>> {
        let message = MlsMessageIn::tls_deserialize_exact(message)
            .map_err(at("reading a message"))?
            .try_into_protocol_message()
            .map_err(at("reading a message"))?;
        let processed =
            self.group.process_message(&self.provider, message).map_err(at("processing a message"))?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => Ok(message.into_bytes()),
            _ => Err(Failure("a message is no application message".into())),
        }
    }
}

fn new_key_package(number: usize) -> Result<(OpenMlsRustCrypto, LeafKey, KeyPackage)> {
    let (provider, key) = (OpenMlsRustCrypto::default(), leaf_key()?);
    let bundle = KeyPackage::builder()
        .build(SUITE, &provider, &key, credential(&key, number))
        .map_err(at("making a key package"))?;
    Ok((provider, key, bundle.into_key_package()))
}

fn leaf_key() -> Result<LeafKey> {
    LeafKey::new().map_err(at("making a key"))
}

fn credential(key: &LeafKey, number: usize) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(format!("Person {number}").into_bytes()).into(),
        signature_key: key.public().to_vec().into(),
    }
}
