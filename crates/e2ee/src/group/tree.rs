//! The shape of the ratchet tree (RFC 9420 section 7), for people who want to look at it. No key is in it.

use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _, VLBytes};
use openmls::treesync::{LeafNodeSource, ParentNode};

use super::Group;

/// Which nodes of the tree are there and which are blank. Node indices are those of RFC 9420 appendix C: leaf i has
/// 2 i, and parents have odd ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeShape {
    /// How many leaves the tree has room for, blank ones included: a power of two.
    pub leaf_slots: u32,
    /// Everything that is not blank, leaves first.
    pub nodes: Vec<TreeNode>,
    /// The leaf whose path the last commit renewed; `None` if it had no path, or is not known because this member
    /// joined by it.
    pub renewed_by: Option<u32>,
}

/// A node that is not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeNode {
    /// Its index.
    pub node: u32,
    /// Of a leaf: whether its key was made by a commit of its owner, and not yet before it came.
    pub renewed: bool,
    /// Of a parent: the leaves below it that do not know its secret.
    pub unmerged: Vec<u32>,
}

impl Group {
    /// The leaf whose path the last commit renewed, if it had one and this member saw it.
    #[must_use]
    pub fn renewed_by(&self) -> Option<u32> {
        self.renewed_by
    }

    /// The shape of the ratchet tree now.
    #[must_use]
    pub fn tree_shape(&self) -> TreeShape {
        let tree = self.mls.treesync();
        let leaves = tree.full_leaves().map(|(index, leaf)| TreeNode {
            node: index.u32().saturating_mul(2),
            renewed: matches!(leaf.leaf_node_source(), LeafNodeSource::Commit(_)),
            unmerged: Vec::new(),
        });
        let parents = tree.full_parents().map(|(index, parent)| TreeNode {
            node: index.u32().saturating_mul(2).saturating_add(1),
            renewed: false,
            unmerged: unmerged_leaves(parent),
        });
        TreeShape {
            leaf_slots: u32::try_from(tree.leaves().len()).unwrap_or(u32::MAX),
            nodes: leaves.chain(parents).collect(),
            renewed_by: self.renewed_by,
        }
    }
}

/// OpenMLS shows them in TLS presentation language only: after the key and the parent hash, 4 bytes each.
fn unmerged_leaves(parent: &ParentNode) -> Vec<u32> {
    let written = parent.tls_serialize_detached().unwrap_or_default();
    let mut rest = written.as_slice();
    let mut field = || VLBytes::tls_deserialize(&mut rest).ok();
    let leaves = field().and_then(|_| field()).and_then(|_| field());
    let leaves = leaves.as_ref().map(VLBytes::as_slice).unwrap_or_default();
    leaves.chunks_exact(4).filter_map(|leaf| Some(u32::from_be_bytes(leaf.try_into().ok()?))).collect()
}
