//! Room links: `/r/ROOM#SECRET`, what the secret yields, and new rooms.
//!
//! SECRET is base32 of 24 random bytes and the 16-byte host id. The random bytes yield, by HKDF-SHA-256 (RFC 5869),
//! the access key, the PSK and the profile key. ROOM is a hash of the access key and the host id, so the link
//! proves the room and nobody can squat it. A co-host link has `.` and the host's secret after SECRET. Last may come a token
//! for the server: `&token=TOKEN`, or in a room without a secret `#token=TOKEN`.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use hkdf::Hkdf;
use sha2::Sha256;
use tangelo_wire::{
    AccessProof, Admission, Bytes, ClientId, HostId, HostOrders, HostStatement, LogId, ParseRoomError,
    RoomName, Token, base32,
};
use zeroize::Zeroizing;

use crate::{
    Error, HostProof, IdentityKey,
    provider::Provider,
    secret::{HostSecret, LinkPsk, LinkSecret, ProfileKey},
};

const SECRET_BYTES: usize = 24;
const HOST_ID_BYTES: usize = 16;
const HOST_SECRET_BYTES: usize = 25;
const IDENTITY_TAG_BYTES: usize = 16;

/// A room's link. What kind of room it is follows from the URL alone, never from the server.
#[derive(Debug)]
pub struct Link {
    room: RoomName,
    keys: Option<RoomKeys>,
    token: Option<Token>,
}

/// Why a link cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It is no room link at all.
    #[error("this is not a room link; a room link looks like https://host/r/room")]
    NotALink,
    /// The room's name is wrong.
    #[error("{0}")]
    Room(#[from] ParseRoomError),
    /// A secret room without the secret: never opened as a room that has none.
    #[error("this link is cut off: the part after # is missing. Ask for the whole link")]
    SecretMissing,
    /// The secret is cut or mistyped.
    #[error("the part after # of this link is incomplete or mistyped. Ask for the whole link")]
    SecretMalformed,
    /// The secret is another room's.
    #[error("the part after # of this link belongs to another room. Ask for the whole link")]
    SecretOfAnotherRoom,
    /// The token is cut or mistyped.
    #[error("the invitation at the end of this link is incomplete. Ask for the whole link")]
    TokenMalformed,
    /// A named room with a secret.
    #[error("a room with a name of one's choice has no secret; remove the part after #")]
    SecretUnexpected,
}

impl Link {
    /// Reads the path and fragment of a link: `/r/ROOM` or `/r/ROOM#SECRET`, with or without a token.
    ///
    /// # Errors
    /// See [`LinkError`].
    pub fn parse(path: &str) -> Result<Self, LinkError> {
        let rest = path.strip_prefix("/r/").ok_or(LinkError::NotALink)?;
        let (room, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let room: RoomName = room.parse()?;
        let (fragment, token) = take_token(fragment)?;
        if !room.is_secret() {
            return if fragment.is_empty() {
                Ok(Self { room, keys: None, token })
            } else {
                Err(LinkError::SecretUnexpected)
            };
        }
        if fragment.is_empty() {
            return Err(LinkError::SecretMissing);
        }
        let (secret, host) = match fragment.split_once('.') {
            Some((secret, host)) => (secret, Some(host)),
            None => (fragment, None),
        };
        let bytes = Zeroizing::new(base32::decode(secret).ok_or(LinkError::SecretMalformed)?);
        let (secret, host_id) = bytes.split_at_checked(SECRET_BYTES).ok_or(LinkError::SecretMalformed)?;
        let secret: [u8; SECRET_BYTES] = secret.try_into().map_err(|_| LinkError::SecretMalformed)?;
        let host_id: [u8; HOST_ID_BYTES] = host_id.try_into().map_err(|_| LinkError::SecretMalformed)?;
        let host = host.map(HostKey::parse).transpose()?;
        let keys = RoomKeys::derive(LinkSecret::new(secret), HostId(host_id), host);
        let host_fits = keys.host.as_ref().is_none_or(|host| host.id() == keys.host_id);
        if keys.room() != room || !host_fits {
            return Err(LinkError::SecretOfAnotherRoom);
        }
        Ok(Self { room, keys: Some(keys), token })
    }

    /// Makes a new secret room.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn new_room() -> Result<Self, Error> {
        let provider = Provider::default();
        let host = HostKey::new(HostSecret::new(provider.random()?));
        let keys = RoomKeys::derive(LinkSecret::new(provider.random()?), host.id(), Some(host));
        Ok(Self { room: keys.room(), keys: Some(keys), token: None })
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &RoomName {
        &self.room
    }

    /// The keys that the secret yields; none in a named room.
    #[must_use]
    pub fn keys(&self) -> Option<&RoomKeys> {
        self.keys.as_ref()
    }

    /// The token that the link brought, which is this person's own.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// `/r/ROOM#SECRET`, to be shared with those who may join. Holds the secret, and no token.
    #[must_use]
    pub fn path(&self) -> String {
        match &self.keys {
            None => format!("/r/{}", self.room),
            Some(keys) => format!("/r/{}#{}", self.room, keys.fragment().as_str()),
        }
    }

    /// Says what the host wants, as number `number` in this log; `None` for who is no host.
    #[must_use]
    pub fn say(&self, log_id: LogId, number: u64, orders: &HostOrders) -> Option<HostStatement> {
        let host = self.keys.as_ref()?.host.as_ref()?;
        let statement = orders.to_bytes();
        let transcript = HostStatement::transcript(log_id, number, statement.as_slice());
        let signature = host.key.sign(transcript.as_bytes());
        Some(HostStatement {
            number,
            statement,
            host_key: Bytes(host.key.verifying_key().to_bytes().to_vec()),
            signature: Bytes(signature.to_bytes().to_vec()),
        })
    }

    /// Whether the link makes a host.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.host.is_some())
    }

    /// Shows the other members of a call that this client, whose leaf has this signature key, has the host's secret; `None` for who
    /// has not.
    #[must_use]
    pub fn prove_host(&self, log_id: LogId, client: ClientId, leaf_key: &[u8]) -> Option<HostProof> {
        Some(HostProof::make(&self.keys.as_ref()?.host.as_ref()?.key, log_id, client, leaf_key))
    }

    /// What stands after SECRET and a dot in a co-host link; `None` for who is no host.
    #[must_use]
    pub fn host_secret(&self) -> Option<String> {
        self.keys.as_ref()?.host.as_ref().map(|host| base32::encode(host.secret.expose()))
    }
}

/// A fragment without the token behind it.
fn take_token(fragment: &str) -> Result<(&str, Option<Token>), LinkError> {
    let (before, token) = match fragment.strip_prefix("token=") {
        Some(token) => ("", token),
        None => match fragment.split_once("&token=").filter(|(before, _)| !before.is_empty()) {
            Some(parts) => parts,
            None => return Ok((fragment, None)),
        },
    };
    token.parse().map(|token| (before, Some(token))).map_err(|_| LinkError::TokenMalformed)
}

/// What a room's secret yields.
pub struct RoomKeys {
    secret: LinkSecret,
    host_id: HostId,
    access: SigningKey,
    pub(crate) psk: LinkPsk,
    pub(crate) profile: ProfileKey,
    host: Option<HostKey>,
}

impl fmt::Debug for RoomKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKeys(..)")
    }
}

impl RoomKeys {
    fn derive(secret: LinkSecret, host_id: HostId, host: Option<HostKey>) -> Self {
        let expand = |label| expand(secret.expose(), label, &[]);
        Self {
            access: SigningKey::from_bytes(&expand("access key")),
            psk: LinkPsk::new(*expand("psk")),
            profile: ProfileKey::new(*expand("profile key")),
            secret,
            host_id,
            host,
        }
    }

    fn room(&self) -> RoomName {
        RoomName::secret(&self.access_key(), self.host_id)
    }

    fn fragment(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(self.secret.expose().to_vec());
        bytes.extend_from_slice(&self.host_id.0);
        Zeroizing::new(base32::encode(&bytes))
    }

    /// The id of the room's host key.
    #[must_use]
    pub fn host_id(&self) -> HostId {
        self.host_id
    }

    /// What stands for an identity in the host's statements: without the link nobody can tell whose it is.
    #[must_use]
    pub fn identity_tag(&self, identity: IdentityKey) -> Bytes {
        let tag = expand(self.profile.expose(), "identity tag", &identity.0);
        Bytes(tag.iter().take(IDENTITY_TAG_BYTES).copied().collect())
    }

    /// The access key's public half.
    pub(crate) fn access_key(&self) -> [u8; 32] {
        self.access.verifying_key().to_bytes()
    }

    /// Proves to server and members that this client holds the link.
    pub(crate) fn admit(&self, host: &str, client: ClientId, leaf_key: &[u8]) -> Admission {
        let room = self.room();
        let proof = AccessProof { host, room: &room, client, leaf_key };
        let signature = self.access.sign(proof.transcript().as_bytes());
        Admission {
            access_key: Bytes(self.access_key().to_vec()),
            host_id: Bytes(self.host_id.0.to_vec()),
            leaf_key: Bytes(leaf_key.to_vec()),
            signature: Bytes(signature.to_bytes().to_vec()),
        }
    }
}

#[cfg(test)]
impl RoomKeys {
    pub(crate) fn secrets(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut secrets = vec![
            ("link secret", self.secret.expose().to_vec()),
            ("access key", self.access.to_bytes().to_vec()),
            ("psk", self.psk.expose().to_vec()),
            ("profile key", self.profile.expose().to_vec()),
        ];
        if let Some(host) = &self.host {
            secrets.push(("host secret", host.secret.expose().to_vec()));
            secrets.push(("host key", host.key.to_bytes().to_vec()));
        }
        secrets
    }
}

/// The key that a room's host signs with; its id is bound into the room's name.
struct HostKey {
    secret: HostSecret,
    key: SigningKey,
}

impl HostKey {
    fn new(secret: HostSecret) -> Self {
        let key = SigningKey::from_bytes(&expand(secret.expose(), "host key", &[]));
        Self { secret, key }
    }

    fn parse(text: &str) -> Result<Self, LinkError> {
        let bytes = Zeroizing::new(base32::decode(text).ok_or(LinkError::SecretMalformed)?);
        let secret: [u8; HOST_SECRET_BYTES] =
            bytes.as_slice().try_into().map_err(|_| LinkError::SecretMalformed)?;
        Ok(Self::new(HostSecret::new(secret)))
    }

    fn id(&self) -> HostId {
        HostId::of(&self.key.verifying_key().to_bytes())
    }
}

fn expand(secret: &[u8], label: &str, of: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut okm = Zeroizing::new([0; 32]);
    let hkdf = Hkdf::<Sha256>::new(Some(b"Tangelo 1.0 Link"), secret);
    // HKDF-SHA-256 gives up to 255 x 32 bytes; 32 cannot fail.
    let expanded = hkdf.expand_multi_info(&[label.as_bytes(), of], okm.as_mut_slice());
    debug_assert!(expanded.is_ok());
    okm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_rooms_link_opens_it_again() {
        let link = Link::new_room().unwrap();
        let again = Link::parse(&link.path()).unwrap();
        assert_eq!(again.room(), link.room());
        assert_eq!(again.keys().unwrap().access_key(), link.keys().unwrap().access_key());
        assert!(again.host_secret().is_none(), "who has the plain link is no host");
        let co_host = format!("{}.{}", link.path(), link.host_secret().unwrap());
        assert_eq!(Link::parse(&co_host).unwrap().host_secret(), link.host_secret());
        assert_eq!(link.path().len(), "/r/".len() + 33 + 1 + 64);
    }

    #[test]
    fn a_secret_room_never_opens_without_its_own_secret() {
        let (one, other) = (Link::new_room().unwrap(), Link::new_room().unwrap());
        let (room, secret) = one.path().split_once('#').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let (_, foreign) = other.path().split_once('#').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let error = |path: String| Link::parse(&path).unwrap_err();
        assert_eq!(error(room.clone()), LinkError::SecretMissing);
        assert_eq!(error(format!("{room}#")), LinkError::SecretMissing);
        assert_eq!(error(format!("{room}#{foreign}")), LinkError::SecretOfAnotherRoom);
        assert_eq!(error(format!("{room}#{}", &secret[1..])), LinkError::SecretMalformed);
        assert_eq!(error(format!("{room}#{secret}.{}", "a".repeat(40))), LinkError::SecretOfAnotherRoom);
        assert_eq!(error(format!("{}#{secret}", &room[..20])), LinkError::Room(ParseRoomError::Secret));
    }

    #[test]
    fn a_named_room_has_no_secret() {
        assert!(Link::parse("/r/standup").unwrap().keys().is_none());
        assert_eq!(Link::parse("/r/standup#abc").unwrap_err(), LinkError::SecretUnexpected);
        assert_eq!(Link::parse("/x/standup").unwrap_err(), LinkError::NotALink);
        assert_eq!(Link::parse("/r/Stand Up").unwrap_err(), LinkError::Room(ParseRoomError::Name));
    }

    #[test]
    fn a_token_comes_behind_the_secret_and_is_not_handed_on() {
        let link = Link::new_room().unwrap();
        let host = format!("{}.{}", link.path(), link.host_secret().unwrap());
        let jwt = "eyJh.eyJy.c2ln_-";
        for (path, plain) in [
            (format!("{}&token={jwt}", link.path()), link.path()),
            (format!("{host}&token={jwt}"), link.path()),
            (format!("/r/standup#token={jwt}"), "/r/standup".to_owned()),
        ] {
            let read = Link::parse(&path).unwrap();
            assert_eq!(read.token().map(Token::as_str), Some(jwt));
            assert_eq!((read.path(), read.is_host()), (plain, path.contains(&host)));
            assert!(!format!("{read:?}").contains(jwt));
        }
        assert!(Link::parse(&host).unwrap().token().is_none());
    }

    #[test]
    fn a_token_takes_no_secrets_place() {
        let link = Link::new_room().unwrap();
        let (room, secret) = link.path().split_once('#').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let error = |path: String| Link::parse(&path).unwrap_err();
        assert_eq!(error(format!("{room}#token=a.b.c")), LinkError::SecretMissing);
        assert_eq!(error(format!("{room}#&token=a.b.c")), LinkError::SecretMalformed);
        assert_eq!(error(format!("{room}#token=a.b.c&{secret}")), LinkError::TokenMalformed);
        assert_eq!(error(format!("{room}#{}&token=a.b.c", &secret[1..])), LinkError::SecretMalformed);
        assert_eq!(error(format!("{room}#{secret}&x=a.b.c")), LinkError::SecretMalformed);
        for cut in ["", "a", "a.b", "a.b.", "a.b.c&token=a.b.c"] {
            assert_eq!(error(format!("{room}#{secret}&token={cut}")), LinkError::TokenMalformed, "{cut}");
            assert_eq!(error(format!("/r/standup#token={cut}")), LinkError::TokenMalformed, "{cut}");
        }
        assert_eq!(error("/r/standup#&token=a.b.c".to_owned()), LinkError::SecretUnexpected);
        assert_eq!(error("/r/standup#abc&token=a.b.c".to_owned()), LinkError::SecretUnexpected);
    }

    #[test]
    fn a_link_does_not_print_its_secret() {
        let link = Link::new_room().unwrap();
        let shown = format!("{link:?}");
        let path = link.path();
        let (_, secret) = path.split_once('#').unwrap();
        assert!(!shown.contains(secret) && shown.contains("RoomKeys(..)"), "{shown}");
    }
}
