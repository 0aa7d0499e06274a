//! Comparing emoji: a quick check that nobody stands in between, by commit-then-reveal over MLS messages.
//!
//! One member starts a run, which fixes group, epoch and members. Everyone commits to a random nonce; when the log
//! holds everyone's commit, everyone reveals. The emoji are a hash over the group, the set of identities and all
//! nonces. Whoever has not answered after 10 s is named, and there are no emoji.
//!
//! **Every message counts at its place in the log, the own ones included.** So all honest members see the same
//! sequence and come to the same end: of two that start at once the first in the log wins, and whoever gives up says
//! so with a `Cancel`, which takes the emoji back from those who have them already.
//!
//! **The bound.** Who stands between two groups wants the same emoji in both. It must commit in each before it knows
//! any honest nonce of that group, so its own nonces are blind choices, and each run is one guess: 1 in 64^6 = 2^36.
//! A run that it breaks off to guess again is a failure that names it, and an honest member commits at most every
//! 5 s. That many guesses take about 10,000 years.
//!
//! The emoji say nothing more than the safety number does, they are only quicker to compare; and they must be compared
//! over a way that cannot be faked as easily as a text, such as faces and voices.

mod check;
mod circle;
mod list;
mod message;
mod view;

pub use check::{EmojiCheck, PACE_MS, RUN_MS, StartError};
pub use circle::{Circle, CircleMember};
pub use list::{EMOJI, EMOJI_COUNT};
pub use message::{Digest, EmojiMessage, LengthError, Nonce, RunId};
pub use view::{Emoji, EmojiBreach, EmojiFailure, EmojiPerson, EmojiProgress, EmojiStep, EmojiView};
