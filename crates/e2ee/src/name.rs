//! Names that people give themselves.

use std::fmt;

/// Longest name, in bytes of UTF-8.
const NAME_MAX_BYTES: usize = 64;

/// A name that is safe to show: 1 to 64 bytes of UTF-8 without control characters, characters that change the
/// direction of text, or white space at its ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left of it.
    #[error("type a name first")]
    Empty,
    /// It is too long.
    #[error("the name is too long: {NAME_MAX_BYTES} bytes are the limit")]
    TooLong,
    /// It holds characters that cannot be shown as they are.
    #[error("the name holds characters that cannot be shown")]
    Unclean,
}

impl Name {
    /// Takes a name as it is, or not at all: for what others send.
    ///
    /// # Errors
    /// See [`NameError`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            Err(NameError::Empty)
        } else if text.len() > NAME_MAX_BYTES {
            Err(NameError::TooLong)
        } else if text.trim() != text || text.chars().any(is_unclean) {
            Err(NameError::Unclean)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Makes the best of what a person typed: drops what cannot be shown, trims, cuts.
    ///
    /// # Errors
    /// [`NameError::Empty`] if nothing is left.
    pub fn clean(text: &str) -> Result<Self, NameError> {
        let mut name: String = text.trim().chars().filter(|c| !is_unclean(*c)).collect();
        while name.len() > NAME_MAX_BYTES {
            name.pop();
        }
        Self::parse(name.trim())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Control characters, and those that reorder or hide text (Unicode TR 36): bidirectional controls, zero-width
/// spaces, line separators. Zero-width joiners stay: emoji and several scripts need them.
fn is_unclean(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
        )
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_send_is_taken_whole_or_not_at_all() {
        assert_eq!(Name::parse("Zoë 👩‍🚀").unwrap().as_str(), "Zoë 👩‍🚀");
        assert_eq!(Name::parse(""), Err(NameError::Empty));
        assert_eq!(Name::parse(&"a".repeat(65)), Err(NameError::TooLong));
        for bad in [" a", "a ", "a\nb", "a\u{202e}b", "\u{200b}", "a\u{0}"] {
            assert_eq!(Name::parse(bad), Err(NameError::Unclean), "{bad:?}");
        }
    }

    #[test]
    fn what_a_person_types_is_cleaned() {
        assert_eq!(Name::clean("  Ada\u{202e} \n").unwrap().as_str(), "Ada");
        assert_eq!(Name::clean(&"ü".repeat(60)).unwrap().as_str(), "ü".repeat(32));
        assert_eq!(Name::clean(" \u{200b} "), Err(NameError::Empty));
    }
}
