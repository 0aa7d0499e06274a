//! What a client shows a server that does not let everyone in who has the link.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{ResumeToken, limits};

/// What an arriving client shows besides its link. Only for the server: nobody else in the room is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// The token of its link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// For `Resume` of the client that it was before: who was let in may come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning: Option<ResumeToken>,
}

/// A token that somebody issued: a JWT (RFC 7519) in its compact form (RFC 7515 section 3.1), three parts of base64url. Nothing
/// else of it is known to be right. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// The text has not the form of a [`Token`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token has three parts of base64url with dots between them, {} bytes at most",
    limits::TOKEN_MAX_BYTES
)]
pub struct ParseTokenError;

impl Token {
    /// The text, to be shown to nobody but the server.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        let is_part = |part: &str| {
            let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !part.is_empty() && part.bytes().all(is_base64)
        };
        let fits = text.len() <= limits::TOKEN_MAX_BYTES;
        let right = fits && text.split('.').count() == 3 && text.split('.').all(is_part);
        right.then(|| Self(text.to_owned())).ok_or(ParseTokenError)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_three_parts_and_does_not_print() {
        let token: Token = "eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoiKiJ9.c2ln_-".parse().unwrap();
        assert_eq!(token.as_str(), "eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoiKiJ9.c2ln_-");
        assert_eq!(format!("{token:?}"), "Token(..)");
        let long = format!("a.b.{}", "c".repeat(limits::TOKEN_MAX_BYTES - 4));
        assert!(long.parse::<Token>().is_ok());
        for bad in [
            "",
            "a",
            "a.b",
            "a.b.",
            ".b.c",
            "a..c",
            "a.b.c.d",
            "a.b.c=",
            "a.b.c+",
            "a.b c.d",
            &format!("{long}c"),
        ] {
            assert_eq!(bad.parse::<Token>(), Err(ParseTokenError), "{bad}");
        }
    }

    #[test]
    fn an_error_does_not_repeat_what_was_no_token() {
        let error = serde_json::from_str::<Token>("\"not.a.secret!\"").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
