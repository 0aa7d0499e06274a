//! Writes a commit's PublicMessage anew: other content, signature or tags, and everything else to match.

use openmls::prelude::{LeafNodeIndex, OpenMlsCrypto as _, tls_codec::Serialize as _};
use openmls_traits::{signatures::Signer as _, types::HashType};
use sha2::{Digest as _, Sha256};
use tangelo_wire::Bytes;

use super::insider::Insider;

/// A PublicMessage that holds a commit (RFC 9420 section 6.2).
pub(super) struct Parts {
    /// FramedContent.
    pub(super) content: Vec<u8>,
    /// Made anew unless it is given.
    pub(super) signature: Option<Vec<u8>>,
    pub(super) confirmation_tag: Vec<u8>,
    /// Made anew unless it is given.
    pub(super) membership_tag: Option<Vec<u8>>,
}

impl Parts {
    /// Where the Commit begins: after group id, epoch, sender, no authenticated data, and content type.
    pub(super) const COMMIT: usize = 33 + 8 + 5 + 1 + 1;
    /// Where the epoch stands.
    pub(super) const EPOCH: std::ops::Range<usize> = 33..41;
    /// The sender's leaf index.
    pub(super) const LEAF: std::ops::Range<usize> = 42..46;
}

/// Where a commit leads.
struct Step<'a> {
    tree_hash: &'a [u8],
    /// Of its path; zeros without one.
    commit_secret: &'a [u8],
}

/// Version and wire format.
const HEAD: [u8; 4] = [0, 1, 0, 1];

/// Bytes with their length before them (RFC 9420 section 2.1.2), below 16 kB.
pub(super) fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let mut written = if length < 64 {
        vec![u8::try_from(length).unwrap()]
    } else {
        (length | 0x4000).to_be_bytes().to_vec()
    };
    written.extend_from_slice(bytes);
    written
}

impl Insider {
    /// A commit of hers with changes.
    pub(super) fn reframe(&self, commit: &Bytes, change: impl FnOnce(&mut Parts)) -> Bytes {
        let body = commit.as_slice().strip_prefix(&HEAD).unwrap();
        let (rest, membership_tag) = body.split_at(body.len() - 33);
        let (rest, confirmation_tag) = rest.split_at(rest.len() - 33);
        let (content, signature) = rest.split_at(rest.len() - 66);
        assert_eq!((membership_tag[0], confirmation_tag[0], &signature[..2]), (32, 32, &[0x40, 64][..]));
        let confirmation_tag = confirmation_tag[1..].to_vec();
        let content = content.to_vec();
        let mut parts = Parts { content, signature: None, confirmation_tag, membership_tag: None };
        change(&mut parts);

        let signature = parts.signature.unwrap_or_else(|| self.sign(&parts.content));
        let auth = [with_length(&signature), with_length(&parts.confirmation_tag)].concat();
        let membership_tag = parts.membership_tag.unwrap_or_else(|| {
            let message = [self.signed(&parts.content), auth.clone()].concat();
            let tag = self.provider.crypto.hmac(HashType::Sha2_256, &self.epoch.membership, &message);
            tag.unwrap().as_slice().to_vec()
        });
        Bytes([&HEAD, parts.content.as_slice(), &auth, &with_length(&membership_tag)].concat())
    }

    /// Her last commit, which has a path, with another content that leads to the same tree. Every tag is right.
    pub(super) fn rewrite(&self, commit: &Bytes, change: impl FnOnce(&mut Vec<u8>)) -> Bytes {
        let staged = self.mls.pending_commit().unwrap();
        let step = Step {
            tree_hash: staged.group_context().tree_hash(),
            commit_secret: &self.provider.crypto.derived("path"),
        };
        self.reframe(commit, |parts| {
            change(&mut parts.content);
            parts.confirmation_tag = self.confirm(&step, &parts.content);
        })
    }

    /// A commit without a path that holds these proposals, each a ProposalOrRef, and leaves the tree as it is. OpenMLS
    /// would not build it; every tag and signature is right.
    pub(super) fn write_commit(&self, proposals: &[u8]) -> Bytes {
        self.write_commit_to(proposals, self.mls.public_group().group_context().tree_hash())
    }

    /// The same, leading to a tree with this hash.
    pub(super) fn write_commit_to(&self, proposals: &[u8], tree_hash: &[u8]) -> Bytes {
        let context = self.mls.public_group().group_context();
        let content: Vec<u8> = [
            with_length(context.group_id().as_slice()).as_slice(),
            &context.epoch().as_u64().to_be_bytes(),
            &[1],
            &self.mls.own_leaf_index().u32().to_be_bytes(),
            &[0, 3],
            &with_length(proposals),
            &[0],
        ]
        .concat();
        let confirmation_tag = self.confirm(&Step { tree_hash, commit_secret: &[0; 32] }, &content);
        let auth = [with_length(&[0; 64]), with_length(&confirmation_tag), with_length(&[0; 32])].concat();
        let unfinished = Bytes([&HEAD, content.as_slice(), &auth].concat());
        self.reframe(&unfinished, |_| ())
    }

    /// The hash of her tree without a leaf (RFC 9420 section 7.8), as long as no parent node has a key.
    pub(super) fn tree_hash_without(&self, removed: Option<u32>) -> Vec<u8> {
        let group = self.mls.public_group();
        let leaves: Vec<_> = (0..4)
            .map(|index| match group.leaf(LeafNodeIndex::new(index)) {
                Some(leaf) if removed != Some(index) => {
                    [&[1], leaf.tls_serialize_detached().unwrap().as_slice()].concat()
                }
                _ => vec![0],
            })
            .zip(0_u32..)
            .map(|(leaf, index)| Sha256::digest([&[1], index.to_be_bytes().as_slice(), &leaf].concat()))
            .collect();
        let parent = |left: &[u8], right: &[u8]| {
            Sha256::digest([&[2, 0], with_length(left).as_slice(), &with_length(right)].concat())
        };
        parent(&parent(&leaves[0], &leaves[1]), &parent(&leaves[2], &leaves[3])).to_vec()
    }

    /// FramedContentTBS (RFC 9420 section 6.1).
    fn signed(&self, content: &[u8]) -> Vec<u8> {
        let context = self.mls.public_group().group_context().tls_serialize_detached().unwrap();
        [&HEAD, content, &context].concat()
    }

    fn sign(&self, content: &[u8]) -> Vec<u8> {
        let message = [with_length(b"MLS 1.0 FramedContentTBS"), with_length(&self.signed(content))].concat();
        self.key.sign(&message).unwrap()
    }

    /// RFC 9420 sections 8 and 8.2, for a commit without PSK.
    fn confirm(&self, step: &Step<'_>, content: &[u8]) -> Vec<u8> {
        let old = self.mls.public_group().group_context();
        let crypto = &self.provider.crypto;
        let sha = HashType::Sha2_256;
        let expand = |secret: &[u8], label: &str, context: &[u8]| {
            let label = with_length(format!("MLS 1.0 {label}").as_bytes());
            let info = [&[0, 32], label.as_slice(), &with_length(context)].concat();
            crypto.hkdf_expand(sha, secret, &info, 32).unwrap().as_slice().to_vec()
        };
        let extract =
            |salt: &[u8], ikm: &[u8]| crypto.hkdf_extract(sha, salt, ikm).unwrap().as_slice().to_vec();

        let last_tag = self.mls.confirmation_tag().tls_serialize_detached().unwrap();
        let interim = Sha256::digest([old.confirmed_transcript_hash(), &last_tag].concat());
        let input = [&interim, &HEAD[2..], content, &with_length(&self.sign(content))].concat();
        let transcript = Sha256::digest(input).to_vec();
        let new: Vec<u8> = [
            &[0, 1, 0, 1],
            with_length(old.group_id().as_slice()).as_slice(),
            &(old.epoch().as_u64() + 1).to_be_bytes(),
            &with_length(step.tree_hash),
            &with_length(&transcript),
            &[0],
        ]
        .concat();
        let joiner = expand(&extract(&self.epoch.init, step.commit_secret), "joiner", &new);
        let epoch = expand(&extract(&joiner, &[0; 32]), "epoch", &new);
        let key = expand(&epoch, "confirm", &[]);
        crypto.hmac(sha, &key, &transcript).unwrap().as_slice().to_vec()
    }
}
