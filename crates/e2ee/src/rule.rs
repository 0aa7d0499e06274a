//! The numbered rules. What breaks one is refused by every honest member alike, with this number as the reason.

use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// A rule of validity. It depends on group state and log alone, so it comes out the same for every member.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[$doc])* $name = $number,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its number, for logs and documents; never given to another rule.
            #[must_use]
            pub fn number(self) -> u16 {
                self as u16
            }

            /// What it demands.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

rules! {
    /// Framing.
    CommitFraming = 1, "a commit is an MLS PublicMessage of the current group and epoch";
    /// The sender leaf and the log's author are one.
    CommitAuthor = 2, "a commit is signed by the leaf of the client that posted it";
    /// The author's presence.
    CommitAuthorPresent = 3, "the author of a commit is present at its entry";
    /// RFC 9420 section 12.4.2.
    CommitMls = 4, "a commit passes the validation of MLS";
    /// Proposals.
    CommitProposals = 5, "a commit holds Add, Remove and PreSharedKey proposals by value, nothing else";
    /// `adds`.
    CommitAdds = 6, "the entry's adds are the clients of the Add proposals";
    /// Arrival.
    AddArrived = 7, "an added client arrived before the entry, with exactly that key package";
    /// Departure before the window.
    AddPresent = 8, "an added client had not departed before the epoch began";
    /// Key package rules.
    AddAdmissible = 9, "an added client's key package is admissible";
    /// One leaf per client.
    AddOnce = 10, "no client has two leaves";
    /// Removal.
    RemoveDeparted = 11, "a removed client departed before the entry, or the host removed it";
    /// RFC 9420 section 8.4.
    CommitPsk = 12, "a commit that adds carries exactly the link's PSK, any other none";
    /// The host's lock.
    HostLocked = 13, "while the host says locked, only admitted clients are added";
    /// The host's removals.
    HostRemoved = 14, "whom the host removed is not added, and commits nothing";
    /// Path leaf.
    PathLeaf = 15, "a commit's path keeps its author's credential and signature key";
    /// Bits of the SFrame key id.
    LeafLimit = 16, "leaf indices stay below 1024";
    /// RFC 9420 sections 12.4.2 and 12.4.3.1: who joins refuses a tree that has one twice.
    TreeKeys = 17, "no two nodes of the tree have the same HPKE key";
    /// Bytes.
    CommitLength = 18, "a commit is no longer than the work that its entry names can need";

    /// Parse.
    KeyPackageMls = 20, "a key package is valid by MLS";
    /// Suite.
    KeyPackageSuite = 21, "a key package is of MLS 1.0 and the one cipher suite";
    /// Lifetime.
    KeyPackageLifetime = 22, "a key package's lifetime is 0 to 2^64-1";
    /// Capabilities and extensions.
    KeyPackageTemplate = 23, "capabilities and extensions are the constant ones";
    /// HPKE keys of key packages, leaves and paths.
    HpkeKey = 24, "every HPKE public key is one that can be encrypted to";

    /// Layout.
    CredentialLayout = 30, "a credential has the layout of the room's kind";
    /// Client id.
    CredentialClient = 31, "a credential names the client that arrived";
    /// Admission.
    CredentialAdmission = 32, "a credential proves the link's secret for this leaf";
    /// Sealed profile.
    CredentialSeal = 33, "a credential's profile opens with the link's profile key";
    /// Identity.
    CredentialIdentity = 34, "an identity has signed this leaf";
    /// Name.
    CredentialName = 35, "a name can be shown as it is";

    /// RFC 9420 section 12.4.3.1.
    WelcomeMls = 40, "a Welcome is valid by MLS and for this client";
    /// Group.
    WelcomeGroup = 41, "a Welcome leads into the room's current group";
    /// PSK.
    WelcomePsk = 42, "a Welcome uses exactly the link's PSK";
    /// Confirmation tag.
    WelcomeTag = 43, "a Welcome leads to the state that the commit beside it confirms";
    /// Signer.
    WelcomeSigner = 44, "a Welcome is signed by the author of the commit beside it";
    /// Group context.
    WelcomeContext = 46, "the group has the one cipher suite, and no extensions in its context";
    /// Leaves.
    WelcomeLeaves = 45, "every leaf of the tree in a Welcome keeps the rules, one for each client";
    /// Adds.
    WelcomeAdds = 47, "the commit beside a Welcome adds exactly the clients that its entry names";

    /// Framing.
    MessageFraming = 50, "a message is an MLS PrivateMessage of the current group with application data";
    /// The author.
    MessageAuthor = 51, "a message is signed by the leaf of the client that posted it";
    /// The author's membership.
    MessageMember = 52, "the author of a message is a member, and present at its entry";
    /// Decryption.
    MessageMls = 53, "a message is of a known epoch, decrypts, and was not read before";
    /// Host statements.
    HostStatement = 60, "a host statement is signed by the room's host for this log, understood, next in number, and built on the last";

    /// Content.
    MessageContent = 54, "what a message holds can be understood";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}: {}", self.number(), self.text())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_number_of_its_own() {
        let numbers: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.number()).collect();
        assert_eq!(numbers.len(), Rule::ALL.len());
    }

    #[test]
    fn the_protocol_page_lists_every_rule() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");
        let page = std::fs::read_to_string(path).unwrap();
        for rule in Rule::ALL {
            assert!(page.contains(&format!("| {} |", rule.number())), "{rule}");
        }
    }
}
