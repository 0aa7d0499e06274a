//! What must hold, by name. `tests/names.rs` compares the names with those of the model.

use std::fmt;

macro_rules! properties {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What must hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Property {
            $($(#[$doc])* $name,)*
        }

        impl Property {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

properties! {
    /// Whoever has read as much of the log holds what the log says.
    InStep,
    /// Members at the same epoch of the same group hold the same state.
    Agreement,
    /// No two accepted successors of one epoch.
    OneSuccessor,
    /// A held state began with an entry that stands in the log.
    MergedWhenAccepted,
    /// Who was removed holds no later epoch's key.
    RemovedKnowNothing,
    /// Nobody without an admission signature is in a group of honest members.
    OnlyAdmitted,
    /// No client that departed commits.
    DepartedNeverCommit,
    /// What a client makes of its snapshot and the entries after it is what the whole log says.
    SnapshotSuffices,
    /// What an honest member posts and the server accepts, the members accept.
    HonestWorkCounts,
    /// An entry that does not count neither moves a founder into another group nor out of its own.
    FoundersStay,
    /// A commit that breaks a rule is skipped by all alike: it throws nobody out.
    SkippedByAll,
    /// Every client that stays present and responsive becomes a member.
    EveryoneGetsIn,
    /// All of them are in one group.
    OneGroup,
    /// Every departed member is removed.
    TheGoneAreRemoved,
    /// A dead room is founded anew.
    DeadRoomIsFounded,
    /// Somebody who stands still holds up nobody.
    FrozenBlocksNobody,
    /// Who stood still and goes on is in the call again.
    WhoWakesIsIn,
    /// Who is shown another call, or holds another state, finds out, or the others do.
    ForksImplyAlarm,
    /// Everybody sees the same safety number.
    NumbersAgree,
    /// Everybody opens everybody's frames.
    FramesOpen,
    /// Among honest clients and with an honest server, a commit throws nobody out but whom it removes.
    NoFalseAlarm,
    /// Without an attack nobody is alarmed.
    AlarmMeansAttack,
    /// Nothing goes on for ever.
    Rests,
    /// The code does not panic.
    NoPanic,
}

impl Property {
    /// Whether the model has it, too.
    #[must_use]
    pub const fn in_model(self) -> bool {
        !matches!(
            self,
            Self::SkippedByAll | Self::NumbersAgree | Self::FramesOpen | Self::Rests | Self::NoPanic
        )
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Something that must hold and did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What.
    pub property: Property,
    /// How it showed.
    pub text: String,
    /// In which step, from 0; the number of steps if it was after them.
    pub step: usize,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is violated in step {}: {}", self.property, self.step + 1, self.text)
    }
}
