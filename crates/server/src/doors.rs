//! Who may come in: the settings, and what the tokens give that arriving clients show.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use tangelo_delivery::{Doors, Grant, Shown};
use tangelo_token::{Fault, KeyError, Right, Rooms, Verifier};
use tangelo_wire::{ClientMessage, ErrorCode, Token, WireError};

use crate::ServeError;

/// To whom the rooms are open, and whose tokens are taken.
#[derive(Clone, Debug, Default)]
pub struct DoorsConfig {
    /// To whom.
    pub doors: Doors,
    /// A file with the secret of tokens with HS256, alone.
    pub secret_file: Option<PathBuf>,
    /// A PEM file with the public key of tokens with Ed25519.
    pub public_key_file: Option<PathBuf>,
    /// Whose tokens give the right to create a room, by their `sub`. Without any: those of everybody.
    pub creators: Vec<String>,
}

/// Looks at tokens.
pub(crate) struct Doorkeeper {
    pub(crate) doors: Doors,
    verifier: Verifier,
    creators: Vec<String>,
}

impl Doorkeeper {
    /// Reads the keys.
    pub(crate) fn new(config: &DoorsConfig) -> Result<Self, ServeError> {
        let DoorsConfig { doors, secret_file, public_key_file, creators } = config;
        let has_key = secret_file.is_some() || public_key_file.is_some();
        match doors {
            Doors::Link if has_key || !creators.is_empty() => return Err(ServeError::TokensUnused),
            Doors::Token | Doors::Creators if !has_key => return Err(ServeError::NoTokenKey(doors.as_str())),
            Doors::Token if !creators.is_empty() => return Err(ServeError::CreatorsUnused),
            Doors::Link | Doors::Token | Doors::Creators => {}
        }
        let mut verifier = Verifier::new();
        if let Some(file) = secret_file {
            verifier = read(file, |text| verifier.with_secret(text))?;
            warn_if_open(file);
        }
        if let Some(file) = public_key_file {
            verifier = read(file, |text| verifier.with_public_key(text))?;
        }
        Ok(Self { doors: *doors, verifier, creators: creators.clone() })
    }

    /// What the token gives that this message shows, now.
    pub(crate) fn look(&self, message: &ClientMessage) -> Shown {
        match message {
            ClientMessage::Arrive { pass: Some(pass), .. } if self.doors != Doors::Link => {
                pass.token.as_ref().map(|token| self.look_at(token, SystemTime::now())).transpose()
            }
            _ => Ok(None),
        }
    }

    fn look_at(&self, token: &Token, now: SystemTime) -> Result<Grant, WireError> {
        // A clock before 1970 is wrong: then nothing is in time.
        let now = now.duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs());
        let claims = self.verifier.verify(token, now).map_err(|fault| {
            let code = match fault {
                Fault::Invalid => ErrorCode::TokenInvalid,
                Fault::Expired => ErrorCode::TokenExpired,
                Fault::Early => ErrorCode::TokenEarly,
            };
            WireError::new(code, fault.to_string())
        })?;
        let is_creator = self.creators.is_empty()
            || claims.subject.as_ref().is_some_and(|subject| self.creators.contains(subject));
        Ok(Grant {
            room: match claims.rooms {
                Rooms::All => None,
                Rooms::One(room) => Some(room),
            },
            hosts: claims.hosts,
            join: claims.rights.contains(&Right::Join),
            create: claims.rights.contains(&Right::Create) && is_creator,
        })
    }
}

fn read<T>(file: &Path, key: impl FnOnce(&str) -> Result<T, KeyError>) -> Result<T, ServeError> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string());
    text.and_then(|text| key(&text).map_err(|error| error.to_string()))
        .map_err(|why| ServeError::TokenKey(file.to_owned(), why))
}

/// Whoever reads the secret can issue tokens.
#[cfg(unix)]
fn warn_if_open(file: &Path) {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata(file).is_ok_and(|about| about.mode() & 0o007 != 0) {
        tracing::warn!(
            "everybody on this machine can read {}, and so issue tokens: chmod 640 it",
            file.display()
        );
    }
}

#[cfg(not(unix))]
fn warn_if_open(_: &Path) {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tangelo_token::{Claims, Issuer};

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn keeper(doors: Doors, creators: &[&str]) -> Doorkeeper {
        let verifier = Verifier::new().with_secret(SECRET).unwrap();
        Doorkeeper { doors, verifier, creators: creators.iter().map(ToString::to_string).collect() }
    }

    fn claims() -> Claims {
        Claims {
            rooms: Rooms::One("standup".parse().unwrap()),
            subject: Some("ada".to_owned()),
            name: None,
            rights: vec![Right::Create],
            hosts: vec!["call.example".to_owned()],
            not_before: Some(1_000),
            expires: 2_000,
        }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_gives_what_it_says_and_in_time() {
        let token = Issuer::read(SECRET).unwrap().issue(&claims()).unwrap();
        let keeper = keeper(Doors::Creators, &[]);
        let grant = keeper.look_at(&token, at(1_500)).unwrap();
        let hosts = vec!["call.example".to_owned()];
        assert_eq!(grant, Grant { room: "standup".parse().ok(), hosts, join: false, create: true });
        let code = |now| keeper.look_at(&token, now).unwrap_err().code;
        assert_eq!(code(at(500)), ErrorCode::TokenEarly);
        assert_eq!(code(at(2_500)), ErrorCode::TokenExpired);
        assert_eq!(code(UNIX_EPOCH - Duration::from_secs(9)), ErrorCode::TokenExpired);
        let other = Issuer::read(&SECRET.replace('0', "x")).unwrap().issue(&claims()).unwrap();
        assert_eq!(keeper.look_at(&other, at(1_500)).unwrap_err().code, ErrorCode::TokenInvalid);
    }

    #[test]
    fn where_creators_are_named_nobody_else_creates() {
        let token = Issuer::read(SECRET).unwrap().issue(&claims()).unwrap();
        for (creators, create) in [(&["bob", "ada"][..], true), (&["bob"], false), (&["Ada"], false)] {
            assert_eq!(keeper(Doors::Creators, creators).look_at(&token, at(1_500)).unwrap().create, create);
        }
    }

    #[test]
    fn settings_that_mean_nothing_are_refused() {
        let file = || Some(PathBuf::from("/no/such/file"));
        let refused = |config: DoorsConfig| Doorkeeper::new(&config).err().unwrap().to_string();
        for doors in [Doors::Token, Doors::Creators] {
            let text = refused(DoorsConfig { doors, ..DoorsConfig::default() });
            assert!(text.contains("--token-key-file"), "{text}");
        }
        let text = refused(DoorsConfig { secret_file: file(), ..DoorsConfig::default() });
        assert!(text.contains("--rooms"), "{text}");
        let creators = vec!["ada".to_owned()];
        let text = refused(DoorsConfig {
            doors: Doors::Token,
            secret_file: file(),
            creators,
            ..DoorsConfig::default()
        });
        assert!(text.contains("--creator"), "{text}");
        let config = DoorsConfig { doors: Doors::Token, secret_file: file(), ..DoorsConfig::default() };
        assert!(refused(config).contains("/no/such/file"));
    }
}
