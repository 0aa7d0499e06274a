//! The group as the inspector shows it.

use serde::Serialize;
use tangelo_e2ee::group::{TreeNode, TreeShape};
use tangelo_wire::{ClientId, GroupId, Millis, Seq};

use super::Broken;

/// The group, from inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct GroupInspection {
    /// Its id.
    #[cfg_attr(test, ts(type = "string"))]
    pub id: GroupId,
    /// Its epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub epoch: u64,
    /// The entry that began the epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub began: Seq,
    /// By leaf index.
    pub members: Vec<MemberInspection>,
    /// The ratchet tree.
    pub tree: TreeInspection,
    /// What is left to do.
    pub work: WorkInspection,
}

/// A member of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct MemberInspection {
    /// The client id.
    #[cfg_attr(test, ts(type = "string"))]
    pub client: ClientId,
    /// The person's name.
    pub name: String,
    /// The identity's public key, in hexadecimal.
    pub identity: String,
    /// Leaf index.
    pub leaf: u32,
    /// Whether this is the own client.
    pub own: bool,
    /// Whether it is still present in the room.
    pub present: bool,
    /// Whether it founded or entered the group, and the log says so.
    pub entered: bool,
    /// Whether its leaf has signed something in this group.
    pub confirmed: bool,
    /// Whether nothing has come from it inside the group for longer than members are ever quiet.
    pub silent: bool,
    /// Whether it was found to see another room.
    pub elsewhere: bool,
    /// Its place among those who commit, 0 for the designated committer; none has who is not present or not entered.
    pub rank: Option<u32>,
    /// How old work must be before it commits, in milliseconds; the highest rank adds jitter to that.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub waits_ms: Option<u64>,
    /// Whether others had to commit in its place, and it has committed nothing since.
    pub passed_over: bool,
}

/// Somebody present who is no member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct NewcomerInspection {
    /// The client id.
    #[cfg_attr(test, ts(type = "string"))]
    pub client: ClientId,
    /// The entry with which it arrived.
    #[cfg_attr(test, ts(type = "number"))]
    pub arrived: Seq,
    /// The rule that keeps it out, if one does.
    pub broken: Option<Broken>,
}

/// The ratchet tree. Node indices are those of RFC 9420 appendix C: leaf i has 2 i, parents have odd ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct TreeInspection {
    /// How many leaves it has room for: a power of two.
    pub leaf_slots: u32,
    /// Every node that is not blank.
    pub nodes: Vec<NodeInspection>,
    /// The leaf whose path the last commit renewed, if it had one and this client saw it.
    pub renewed_by: Option<u32>,
}

/// A node that is not blank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct NodeInspection {
    /// Its index.
    pub node: u32,
    /// Of a leaf: whether a commit of its owner has renewed its key since it came.
    pub renewed: bool,
    /// Of a parent: the leaves below it that do not know its secret.
    pub unmerged: Vec<u32>,
}

/// What is left to do, and when this client would do it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct WorkInspection {
    /// Clients to be added.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub adds: Vec<ClientId>,
    /// Clients to be removed.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub removes: Vec<ClientId>,
    /// Present clients that no commit can be built with.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub unaddable: Vec<ClientId>,
    /// Since when there is work.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub since: Option<Millis>,
    /// When this client commits it, if nobody else does.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub own_turn: Option<Millis>,
    /// When this client renews its own path.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub rekey_due: Option<Millis>,
    /// The own commit that waits for its place in the log.
    pub in_flight: Option<CommitInspection>,
}

/// An own commit that waits for its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export))]
pub struct CommitInspection {
    /// The entry that it is to follow.
    #[cfg_attr(test, ts(type = "number"))]
    pub parent: Seq,
    /// How many it adds.
    pub adds: u32,
    /// Whether it renews the own path.
    pub path: bool,
}

impl From<TreeShape> for TreeInspection {
    fn from(TreeShape { leaf_slots, nodes, renewed_by }: TreeShape) -> Self {
        let nodes = nodes.into_iter().map(|TreeNode { node, renewed, unmerged }| NodeInspection {
            node,
            renewed,
            unmerged,
        });
        Self { leaf_slots, nodes: nodes.collect(), renewed_by }
    }
}
