//! Among whom emoji are compared, and what is hashed.

use tangelo_e2ee::{IdentityKey, RoomContext, group::Group};
use tangelo_wire::{ClientId, GroupId, RoomName, Transcript};

use super::message::{Digest, Nonce, RunId};

/// The group as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// `location.host` of the server.
    pub host: String,
    /// The room.
    pub room: RoomName,
    /// The group's id.
    pub group: GroupId,
    /// Its epoch.
    pub epoch: u64,
    /// All members, the own client and those about to be removed included. The order does not matter.
    pub members: Vec<CircleMember>,
}

/// A member, as the group says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircleMember {
    /// Its client.
    pub client: ClientId,
    /// Its identity.
    pub identity: IdentityKey,
    /// Its name, for people.
    pub name: String,
}

impl Circle {
    /// The group as its member sees it.
    #[must_use]
    pub fn of(context: &RoomContext, group: &Group) -> Self {
        let members = group.members().iter().map(|member| CircleMember {
            client: member.client,
            identity: member.profile.identity,
            name: member.profile.name.to_string(),
        });
        Self {
            host: context.host.clone(),
            room: context.link.room().clone(),
            group: group.id(),
            epoch: group.epoch(),
            members: members.collect(),
        }
    }

    /// The member that a client is.
    #[must_use]
    pub fn member(&self, client: ClientId) -> Option<&CircleMember> {
        self.members.iter().find(|member| member.client == client)
    }

    /// Hash of the group and its members, whatever the epoch.
    #[must_use]
    pub fn hash(&self) -> Digest {
        let mut members: Vec<_> =
            self.members.iter().map(|member| (member.client, member.identity)).collect();
        members.sort_unstable();
        let transcript = self.transcript("Tangelo 1.0 Emoji Members").number(members.len() as u64);
        let transcript =
            members.iter().fold(transcript, |t, (client, identity)| t.field(&client.0).field(&identity.0));
        Digest(transcript.sha256())
    }

    /// What `client` commits to with this nonce. It holds run, group and client, so that nobody's commitment is of
    /// use to anybody else.
    #[must_use]
    pub fn commitment(&self, run: RunId, client: ClientId, nonce: &Nonce) -> Digest {
        let transcript = self.transcript("Tangelo 1.0 Emoji Commit").field(&run.0);
        Digest(transcript.field(&client.0).field(&nonce.0).sha256())
    }

    /// What the emoji stand for. `epoch` is the one that the run began with; `nonces` are ordered by client.
    pub(super) fn outcome<'a>(
        &self,
        run: RunId,
        epoch: u64,
        nonces: impl ExactSizeIterator<Item = (ClientId, &'a Nonce)>,
    ) -> [u8; 32] {
        let mut identities: Vec<_> = self.members.iter().map(|member| member.identity).collect();
        identities.sort_unstable();
        identities.dedup();
        let transcript = self.transcript("Tangelo 1.0 Emoji").number(epoch).field(&run.0);
        let transcript = transcript.number(identities.len() as u64);
        let transcript = identities.iter().fold(transcript, |t, identity| t.field(&identity.0));
        let transcript = transcript.number(nonces.len() as u64);
        nonces.fold(transcript, |t, (client, nonce)| t.field(&client.0).field(&nonce.0)).sha256()
    }

    fn transcript(&self, label: &str) -> Transcript {
        Transcript::new(label)
            .field(self.host.as_bytes())
            .field(self.room.to_string().as_bytes())
            .field(&self.group.0)
    }
}
