//! Deliberate mistakes. A test that finds nothing proves something only if it finds these: in a test build each of
//! them can be switched on, at the very place where the right choice was made. Programs are built without the feature
//! `mistakes`: there [`made`] is a constant, and nothing of a mistake is left.

use std::{fmt, str::FromStr};

macro_rules! mistakes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What could be done wrong. The model in `spec/` uses the same names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mistake {
            $($(#[$doc])* $variant,)*
        }

        impl Mistake {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the model, and in what is printed.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

mistakes! {
    /// The server hands a Welcome out although the commit was not (yet) accepted.
    WelcomeBeforeAccepted = "welcome_before_accepted",
    /// An author merges its commit when it posts it.
    MergedAtOnce = "merged_at_once",
    /// Only the designated committer (rank 0) ever commits.
    NoTakeover = "no_takeover",
    /// The server accepts a post whatever its parent is.
    NoCompareAndSwap = "no_compare_and_swap",
    /// A committer removes only those whose `Departed` it read itself since it joined, not members minus present.
    RemovalByEvent = "removal_by_event",
    /// `Founded` does not clear who has entered, neither at the server nor at the clients.
    EnteredOutlivesGroup = "entered_outlives_group",
    /// A member that was named but has not entered ignores another's `Founded`.
    ForeignFoundedIgnored = "foreign_founded_ignored",
    /// The pending post is thrown away when the connection is lost.
    PostThrownAway = "post_thrown_away",
    /// The pending post is thrown away when the server says that a post came too late.
    StaleMeansLost = "stale_means_lost",
    /// An added client must be present at the entry itself.
    PresenceAtEntry = "presence_at_entry",
    /// An added client must have arrived before the entry's parent.
    PresenceAtParent = "presence_at_parent",
    /// A client's `parent` is the last entry it applied, skipped ones not counted.
    ParentIsLastApplied = "parent_is_last_applied",
    /// A welcomed member named again by a commit of another state stays where it is.
    NamedAgainIgnored = "named_again_ignored",
    /// A member named again follows the new Welcome.
    LatestWelcomeFollowed = "latest_welcome_followed",
    /// A member named again arrives anew, whatever it is named by, founders too.
    NamedAgainArrivesAnew = "named_again_arrives_anew",
    /// A valid commit whose path ciphertext for me is bad is skipped.
    UndecryptableSkipped = "undecryptable_skipped",
    /// A Welcome that cannot be used is ignored.
    BadWelcomeIgnored = "bad_welcome_ignored",
    /// Waiting clients may never found while somebody present has entered.
    SoleInsiderStays = "sole_insider_stays",
    /// A commit that removes has no path, and members accept that. MLS itself refuses it: the model only.
    RemoveWithoutPath = "remove_without_path",
    /// Nobody checks admission signatures.
    NoAdmission = "no_admission",
    /// A commit of a departed client counts, for the server and for the clients.
    DepartedMayCommit = "departed_may_commit",
    /// Members compare epoch numbers only, not what they see.
    AlarmByEpochOnly = "alarm_by_epoch_only",
    /// Members compare the group's state alone, not what they saw of the log.
    LogNotCompared = "log_not_compared",
    /// A newcomer's hash of the log begins with its arrival, and not with what its snapshot says.
    HashFromArrival = "hash_from_arrival",
    /// The server takes nobody out whom it does not hear.
    SilentStay = "silent_stay",
    /// A client that is told that it has departed takes the call to be over.
    DepartureEnds = "departure_ends",
    /// A snapshot does not say who has entered the group.
    SnapshotWithoutEntered = "snapshot_without_entered",
}

impl Mistake {
    /// Whether the code can make it, and not the model alone.
    #[must_use]
    pub const fn in_code(self) -> bool {
        !matches!(self, Self::RemoveWithoutPath)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No mistake has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no mistake is called `{0}`")]
pub struct ParseMistakeError(String);

impl FromStr for Mistake {
    type Err = ParseMistakeError;

    fn from_str(text: &str) -> Result<Self, ParseMistakeError> {
        let found = Self::ALL.iter().find(|mistake| mistake.name() == text);
        found.copied().ok_or_else(|| ParseMistakeError(text.to_owned()))
    }
}

/// Whether this mistake is made, on this thread.
#[cfg(not(feature = "mistakes"))]
#[must_use]
pub const fn made(_mistake: Mistake) -> bool {
    false
}

#[cfg(feature = "mistakes")]
pub use switched::{Making, made};

#[cfg(feature = "mistakes")]
mod switched {
    use std::{cell::Cell, marker::PhantomData};

    use super::Mistake;

    thread_local! {
        /// One bit for each mistake. Of one thread alone: tests run beside each other.
        static MADE: Cell<u32> = const { Cell::new(0) };
    }

    /// Whether this mistake is made, on this thread.
    #[must_use]
    pub fn made(mistake: Mistake) -> bool {
        MADE.get() & mistake.bit() != 0
    }

    /// As long as it lives, mistakes are made on the thread that made it.
    #[derive(Debug)]
    #[must_use = "the mistakes end with it"]
    pub struct Making {
        before: u32,
        /// Not `Send`: it must be dropped where it was made.
        thread: PhantomData<*const ()>,
    }

    impl Mistake {
        /// Makes these mistakes, and no others, on this thread until the guard is dropped.
        pub fn make(mistakes: &[Self]) -> Making {
            let made = mistakes.iter().fold(0, |made, mistake| made | mistake.bit());
            Making { before: MADE.replace(made), thread: PhantomData }
        }

        const fn bit(self) -> u32 {
            1 << self as u32
        }
    }

    impl Drop for Making {
        fn drop(&mut self) {
            MADE.set(self.before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for mistake in Mistake::ALL {
            assert_eq!(mistake.name().parse(), Ok(*mistake));
        }
        assert!("no_such_mistake".parse::<Mistake>().is_err());
    }

    #[test]
    fn no_mistake_is_made_unasked() {
        assert!(Mistake::ALL.iter().all(|mistake| !made(*mistake)));
    }

    #[cfg(feature = "mistakes")]
    #[test]
    fn mistakes_are_made_on_one_thread_and_end_with_their_guard() {
        let outer = Mistake::make(&[Mistake::NoTakeover, Mistake::AlarmByEpochOnly]);
        assert!(made(Mistake::NoTakeover) && made(Mistake::AlarmByEpochOnly) && !made(Mistake::MergedAtOnce));
        assert!(!std::thread::spawn(|| made(Mistake::NoTakeover)).join().unwrap());
        {
            let _inner = Mistake::make(&[Mistake::MergedAtOnce]);
            assert!(made(Mistake::MergedAtOnce) && !made(Mistake::NoTakeover));
        }
        assert!(made(Mistake::NoTakeover) && !made(Mistake::MergedAtOnce));
        drop(outer);
        assert!(!made(Mistake::NoTakeover));
    }
}
