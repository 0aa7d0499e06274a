//! What a client may do of its own accord: everything, in a program. A simulator that wants one thing done at a time bars
//! the rest.

/// What a client does without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "insider"), expect(unreachable_pub, reason = "public for simulators"))]
pub enum Deed {
    /// Posts `Enter`.
    Enter,
    /// Posts messages.
    Speak,
    /// Founds a group.
    Found,
    /// Commits because there is work.
    Commit,
    /// Renews its path.
    Rekey,
    /// Arrives anew, or tells the person, because of what it heard from others or did not.
    Judge,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    #[cfg(feature = "insider")]
    barred: Vec<Deed>,
}

#[cfg(feature = "insider")]
impl Gate {
    pub(crate) fn bar(deeds: &[Deed]) -> Self {
        Self { barred: deeds.to_vec() }
    }

    pub(super) fn lets(&self, deed: Deed) -> bool {
        !self.barred.contains(&deed)
    }
}

#[cfg(not(feature = "insider"))]
impl Gate {
    #[expect(clippy::unused_self, reason = "the simulator's gate has something to look at")]
    pub(super) const fn lets(&self, _: Deed) -> bool {
        true
    }
}
