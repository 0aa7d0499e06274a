//! TURN servers (RFC 8656) that the host runs elsewhere, and credentials for them that run out.
//!
//! A credential is what coturn's `use-auth-secret` takes (draft-uberti-behave-turn-rest-00): the username says until when
//! it is good, the password is an HMAC of it under a secret that only this server and the TURN server know.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use tangelo_wire::{TurnServers, limits};

use crate::ServeError;

/// TURN servers, and where the secret is that this server shares with them.
#[derive(Clone, Debug)]
pub struct TurnConfig {
    /// Where they are; at most [`limits::TURN_URLS_MAX`].
    pub urls: Vec<TurnUrl>,
    /// A file with the secret alone: coturn's `static-auth-secret`.
    pub secret_file: PathBuf,
}

/// Address of a TURN server (RFC 7065).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnUrl(String);

/// Why a text is no [`TurnUrl`], for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is to be turn:HOST:PORT?transport=udp, turn:HOST:PORT?transport=tcp or turns:HOST:PORT?transport=tcp; port \
     and transport may be left out"
)]
pub struct ParseTurnUrlError;

impl FromStr for TurnUrl {
    type Err = ParseTurnUrlError;

    fn from_str(text: &str) -> Result<Self, ParseTurnUrlError> {
        is_turn_url(text).then(|| Self(text.to_owned())).ok_or(ParseTurnUrlError)
    }
}

impl fmt::Display for TurnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_turn_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let (place, transport) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let transport = match (scheme, transport) {
        ("turn", None | Some("transport=udp" | "transport=tcp")) => true,
        // Browsers speak TLS to a TURN server, and no DTLS.
        ("turns", None | Some("transport=tcp")) => true,
        _ => false,
    };
    let (host, port) = if let Some(bracketed) = place.strip_prefix('[') {
        let Some((address, port)) = bracketed.split_once(']') else { return false };
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        ("ipv6", port)
    } else {
        place.find(':').map_or((place, ""), |colon| place.split_at(colon))
    };
    let port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse::<u16>().is_ok_and(|port| port > 0)
        });
    let named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    transport && port && named && !host.is_empty() && text.len() <= limits::TURN_URL_MAX_BYTES
}

/// How long a credential is good. Clients ask for another at half of it, and a call that lasts longer keeps its way:
/// coturn looks at the time when a client logs in, not when it goes on.
const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// A secret that is shorter could be found by trying, from one credential.
const SECRET_MIN_BYTES: usize = 16;
const SECRET_MAX_BYTES: usize = 1_024;

/// Makes credentials.
pub(crate) struct Issuer {
    urls: Vec<String>,
    keyed: Hmac<Sha1>,
}

impl Issuer {
    /// Reads the secret.
    pub(crate) fn new(config: TurnConfig) -> Result<Self, ServeError> {
        let TurnConfig { urls, secret_file } = config;
        if urls.is_empty() || urls.len() > limits::TURN_URLS_MAX {
            return Err(ServeError::TurnUrls);
        }
        read_secret(&secret_file)
            .and_then(|secret| Self::with(urls, secret.as_bytes()))
            .map_err(|why| ServeError::TurnSecret(secret_file, why))
    }

    fn with(urls: Vec<TurnUrl>, secret: &[u8]) -> Result<Self, String> {
        let keyed = Hmac::new_from_slice(secret).map_err(|error| error.to_string())?;
        Ok(Self { urls: urls.into_iter().map(|TurnUrl(url)| url).collect(), keyed })
    }

    /// A credential that begins now; `None` if none can be made, which the log tells. No two have the same user, so that a TURN
    /// server cannot tell which are one person's.
    pub(crate) fn issue(&self, now: SystemTime) -> Option<TurnServers> {
        let issued = self.try_issue(now);
        if issued.is_none() {
            tracing::error!(
                "cannot make credentials for the TURN servers: no random numbers, or a wrong clock"
            );
        }
        issued
    }

    fn try_issue(&self, now: SystemTime) -> Option<TurnServers> {
        let mut user = [0; 16];
        getrandom::fill(&mut user).ok()?;
        let until = now.checked_add(LIFETIME)?.duration_since(UNIX_EPOCH).ok()?.as_secs();
        let username = format!("{until}:{:032x}", u128::from_be_bytes(user));
        let credential = self.credential(&username);
        let seconds = u32::try_from(LIFETIME.as_secs()).unwrap_or(u32::MAX);
        Some(TurnServers { urls: self.urls.clone(), username, credential, seconds })
    }

    fn credential(&self, username: &str) -> String {
        let mut mac = self.keyed.clone();
        mac.update(username.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

fn read_secret(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let secret = text.trim();
    if secret.len() < SECRET_MIN_BYTES || secret.len() > SECRET_MAX_BYTES {
        return Err(format!("a secret has {SECRET_MIN_BYTES} to {SECRET_MAX_BYTES} bytes"));
    }
    // Otherwise it is not what the person wanted to put there: a whole file of settings, say.
    if secret.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err("it is to hold the secret and nothing else, in ASCII without spaces".to_owned());
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer() -> Issuer {
        Issuer::with(vec!["turn:turn.example".parse().unwrap()], b"north").unwrap()
    }

    #[test]
    fn the_mac_is_hmac_sha1_as_rfc_2202_has_it() {
        let keyed = Issuer::with(Vec::new(), b"Jefe").unwrap();
        // Case 2: effcdf6ae5eb2fa2d27416d5f184df9c259a7c79.
        assert_eq!(keyed.credential("what do ya want for nothing?"), "7/zfauXrL6LSdBbV8YTfnCWafHk=");
    }

    #[test]
    fn a_credential_says_until_when_it_is_good_and_nothing_else() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let (one, other) = (issuer().issue(now).unwrap(), issuer().issue(now).unwrap());
        let (until, user) = one.username.split_once(':').unwrap();
        assert_eq!(until, "1700043200");
        assert_eq!(one.seconds, 43_200);
        assert!(user.len() == 32 && user.bytes().all(|byte| byte.is_ascii_hexdigit()), "{user}");
        assert_ne!(one.username, other.username);
        assert_eq!(one.credential, issuer().credential(&one.username));
        assert_eq!(one.urls, ["turn:turn.example"]);
        assert!(!format!("{one:?}").contains(&one.credential));
    }

    #[test]
    fn addresses_are_those_that_browsers_take() {
        for good in [
            "turn:turn.example",
            "turn:turn.example:3478",
            "turn:203.0.113.9:3478?transport=udp",
            "turn:[2001:db8::9]:3478?transport=tcp",
            "turn:[2001:db8::9]",
            "turns:turn.example:443?transport=tcp",
        ] {
            assert_eq!(good.parse::<TurnUrl>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "turn:",
            "turn:?transport=udp",
            "stun:turn.example",
            "https://turn.example",
            "TURN:turn.example",
            "turn://turn.example",
            "turn:user@turn.example",
            "turn:turn.example:0",
            "turn:turn.example:65536",
            "turn:turn.example:+80",
            "turn:turn.example:",
            "turn:turn.example?transport=sctp",
            "turns:turn.example?transport=udp",
            "turn:turn.example?transport=udp&x=1",
            "turn:2001:db8::9",
            "turn:[turn.example]",
            "turn:[2001:db8::9]x",
            "turn:a b",
            &format!("turn:{}", "a".repeat(limits::TURN_URL_MAX_BYTES)),
        ] {
            assert_eq!(bad.parse::<TurnUrl>(), Err(ParseTurnUrlError), "{bad}");
        }
    }

    #[test]
    fn a_file_holds_the_secret_alone() {
        let file = std::env::temp_dir().join(format!("tangelo-turn-secret-{}", std::process::id()));
        let of = |text: &str| {
            fs::write(&file, text).unwrap();
            read_secret(&file)
        };
        assert_eq!(of("0123456789abcdef\n"), Ok("0123456789abcdef".to_owned()));
        for bad in ["", "\n", "short", "static-auth-secret = 0123456789abcdef", &"a".repeat(2_000)] {
            let error = of(bad).unwrap_err();
            assert!(bad.trim().is_empty() || !error.contains(bad.trim()), "{error}");
        }
        fs::remove_file(&file).unwrap();
        assert!(read_secret(&file).is_err());
    }
}
