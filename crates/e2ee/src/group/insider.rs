//! What an insider does: a member that keeps to no rule. For tests of others.

use openmls::prelude::{LeafNodeIndex, tls_codec::Serialize as _};
use tangelo_wire::{Bytes, ClientId};

use super::{Bundle, Group};
use crate::{Applicant, Error, RoomContext, hpke_key, leaf::psk_id, presence::Presence};

impl Group {
    /// Paths of this member hold nonsense for these clients, and for everyone below an inner node of the tree as it is
    /// now; all else is in order.
    pub fn poison_paths(&mut self, victims: &[ClientId]) {
        let leaves = self.members.iter().filter(|member| victims.contains(&member.client));
        let leaves =
            leaves.filter_map(|member| self.mls.public_group().leaf(LeafNodeIndex::new(member.leaf)));
        let mut keys: Vec<_> = leaves.map(|leaf| hpke_key::of(leaf.encryption_key())).collect();
        keys.extend(self.mls.export_ratchet_tree().parents().map(hpke_key::of));
        self.provider.poison(keys);
    }

    /// A commit that adds these clients to a group of this member's own, which has the id and the members of the room's,
    /// but for those, and is one epoch further. Welcome and commit are of one piece, so whoever is named can use the Welcome; to the
    /// members the commit is one of another state.
    ///
    /// # Errors
    /// [`Error`] if OpenMLS cannot do it.
    pub fn commit_aside(
        &self,
        context: &RoomContext,
        applicant: &Applicant,
        presence: &Presence,
        adds: &[ClientId],
    ) -> Result<Bundle, Error> {
        let mut aside = Self::found(context, applicant, self.id, self.began)?;
        if let Some(keys) = context.link.keys() {
            psk_id(context, &aside.provider)?
                .store(&aside.provider, keys.psk.expose())
                .map_err(|_| Error::Mls("storing the PSK"))?;
        }
        let mut others: Vec<_> = self.members.iter().map(|member| member.client).collect();
        others.retain(|client| *client != self.own && presence.is_present(*client) && !adds.contains(client));
        while aside.epoch() <= self.epoch() {
            aside.commit(context, presence, &others, &[], true)?;
            aside.merge_at_once(context)?;
            others.clear();
        }
        aside.commit(context, presence, adds, &[], false)
    }

    /// The confirmation tag of the epoch, as it stands in the commit that led to it (RFC 9420 section 6.1).
    #[must_use]
    pub fn confirmation_tag(&self) -> Bytes {
        Bytes(self.mls.confirmation_tag().tls_serialize_detached().unwrap_or_default())
    }

    /// Whom the own commit removes that waits to be accepted.
    #[must_use]
    pub fn pending_removes(&self) -> Vec<ClientId> {
        self.mls.pending_commit().map(|staged| self.change(staged)).unwrap_or_default()
    }
}
