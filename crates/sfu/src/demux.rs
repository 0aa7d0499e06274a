//! Which client a datagram is for.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tangelo_wire::ClientId;

use crate::Transport;

/// Longest datagram that is looked at, in bytes.
pub(crate) const DATAGRAM_MAX_BYTES: usize = 1_500;

/// Most ways to one client. Browsers check a few candidate pairs, then keep one; by TCP each pair is a way of its own.
const WAYS_MAX: usize = 32;

/// How long a way stays with a client after the last ICE check from there. ICE checks that it is still wanted
/// every 5 seconds (RFC 7675 section 5.1).
const ADDRESS_KEPT: Duration = Duration::from_secs(15);

/// What a datagram is, by its first bytes (RFC 7983 section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Datagram<'a> {
    /// A STUN binding request for the client with this local ICE ufrag.
    BindingRequest {
        ufrag: &'a str,
    },
    /// DTLS, SRTP or SRTCP: good from verified addresses only.
    Session,
    Garbage,
}

impl<'a> Datagram<'a> {
    pub(crate) fn classify(bytes: &'a [u8]) -> Self {
        if bytes.len() > DATAGRAM_MAX_BYTES {
            return Self::Garbage;
        }
        match bytes.first() {
            Some(0..=3) => {
                binding_request_ufrag(bytes).map_or(Self::Garbage, |ufrag| Self::BindingRequest { ufrag })
            }
            // The shortest DTLS record header and RTP or RTCP header have 13 and 8 bytes.
            Some(20..=63) if bytes.len() >= 13 => Self::Session,
            Some(128..=191) if bytes.len() >= 8 => Self::Session,
            _ => Self::Garbage,
        }
    }
}

/// The session that a datagram asks for, by its local ICE ufrag, if it is a STUN binding request.
#[must_use]
pub fn requested_ufrag(datagram: &[u8]) -> Option<&str> {
    match Datagram::classify(datagram) {
        Datagram::BindingRequest { ufrag } => Some(ufrag),
        Datagram::Session | Datagram::Garbage => None,
    }
}

/// Whether this is a STUN binding success response (RFC 8489 section 5): str0m sends one after it has checked a
/// request's message integrity.
pub(crate) fn is_binding_success(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x01, 0x01]) && bytes.get(4..8) == Some(&MAGIC_COOKIE)
}

/// Whether this is STUN, by its first byte (RFC 7983 section 7).
pub(crate) fn is_stun(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0..=3))
}

/// Whether a binding request has USE-CANDIDATE (RFC 8445 section 7.1.2): this is the way that the client has chosen.
pub(crate) fn chooses_way(request: &[u8]) -> bool {
    attribute(request, USE_CANDIDATE).is_some()
}

const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 0x0006;
const USE_CANDIDATE: u16 = 0x0025;

/// The first half of USERNAME of a binding request: the receiver's ufrag (RFC 8445 section 7.2.2).
fn binding_request_ufrag(bytes: &[u8]) -> Option<&str> {
    if !bytes.starts_with(&[0x00, 0x01]) || bytes.get(4..8)? != MAGIC_COOKIE {
        return None;
    }
    if usize::from(be16(bytes, 2)?) != bytes.len().checked_sub(20)? {
        return None;
    }
    let name = attribute(bytes, USERNAME)?;
    std::str::from_utf8(name).ok()?.split_once(':').map(|(ufrag, _)| ufrag)
}

/// The value of a STUN message's attribute (RFC 8489 section 14).
fn attribute(message: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut attributes = message.get(20..)?;
    while !attributes.is_empty() {
        let length = usize::from(be16(attributes, 2)?);
        let value = attributes.get(4..4 + length)?;
        if be16(attributes, 0)? == wanted {
            return Some(value);
        }
        attributes = attributes.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Where packets of a client come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    pub(crate) transport: Transport,
    /// The client's address.
    pub(crate) peer: SocketAddr,
    /// The server's, as clients know it.
    pub(crate) local: SocketAddr,
}

impl Way {
    /// What tells it from others. A client's UDP port is the client's, wherever it sends to; a TCP connection is named by both ends.
    fn key(self) -> (Transport, SocketAddr, Option<SocketAddr>) {
        (self.transport, self.peer, (self.transport == Transport::Tcp).then_some(self.local))
    }
}

/// The ways that ICE has verified, and whose they are.
#[derive(Default)]
pub(crate) struct AddressBook {
    owners: BTreeMap<Key, Owner>,
    ways: BTreeMap<ClientId, Vec<Key>>,
}

type Key = (Transport, SocketAddr, Option<SocketAddr>);

struct Owner {
    client: ClientId,
    verified: Instant,
}

impl AddressBook {
    pub(crate) fn client(&self, way: Way) -> Option<ClientId> {
        self.owners.get(&way.key()).map(|owner| owner.client)
    }

    /// `client` has passed an ICE check on this way. Takes the way over from another client only after that
    /// one has been silent there: a client that forges its source address must not cut off somebody else.
    pub(crate) fn verified(&mut self, now: Instant, way: Way, client: ClientId) {
        let key = way.key();
        if let Some(owner) = self.owners.get_mut(&key) {
            if owner.client == client {
                owner.verified = now;
                return;
            }
            if now.saturating_duration_since(owner.verified) < ADDRESS_KEPT {
                return;
            }
            self.forget(way);
        }
        self.owners.insert(key, Owner { client, verified: now });
        let ways = self.ways.entry(client).or_default();
        ways.push(key);
        if ways.len() > WAYS_MAX {
            // The one that has been silent for longest: the way in use is checked every few seconds.
            let verified = |key: &Key| self.owners.get(key).map(|owner| owner.verified);
            if let Some(oldest) = ways.iter().copied().min_by_key(verified) {
                ways.retain(|other| *other != oldest);
                self.owners.remove(&oldest);
            }
        }
    }

    /// The way is nobody's any more.
    pub(crate) fn forget(&mut self, way: Way) {
        let key = way.key();
        if let Some(owner) = self.owners.remove(&key)
            && let Some(ways) = self.ways.get_mut(&owner.client)
        {
            ways.retain(|other| *other != key);
        }
    }

    pub(crate) fn remove(&mut self, client: ClientId) {
        for key in self.ways.remove(&client).unwrap_or_default() {
            self.owners.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From this port of a client, by UDP.
    fn address(port: u16) -> Way {
        let ends = |host, port| SocketAddr::from(([192, 0, 2, host], port));
        Way { transport: Transport::Udp, peer: ends(1, port), local: ends(2, 3478) }
    }

    fn by_tcp(way: Way) -> Way {
        Way { transport: Transport::Tcp, ..way }
    }

    fn request(username: &[u8]) -> Vec<u8> {
        let padded = username.len().next_multiple_of(4);
        let mut bytes = vec![0, 1, 0, u8::try_from(4 + padded).unwrap(), 0x21, 0x12, 0xa4, 0x42];
        bytes.extend([7; 12]);
        bytes.extend([0, 6, 0, u8::try_from(username.len()).unwrap()]);
        bytes.extend(username);
        bytes.resize(20 + 4 + padded, 0);
        bytes
    }

    #[test]
    fn a_binding_request_names_its_receiver() {
        let bytes = request(b"here:there");
        assert_eq!(Datagram::classify(&bytes), Datagram::BindingRequest { ufrag: "here" });
    }

    #[test]
    fn cut_or_bent_requests_are_garbage() {
        let bytes = request(b"here:there");
        for cut in 0..bytes.len() {
            assert_eq!(Datagram::classify(&bytes[..cut]), Datagram::Garbage, "{cut}");
        }
        assert_eq!(Datagram::classify(&request(b"nocolon")), Datagram::Garbage);
        assert_eq!(Datagram::classify(&request(b"\xff\xfe:x")), Datagram::Garbage);
        let mut long = bytes.clone();
        long[23] = 200;
        assert_eq!(Datagram::classify(&long), Datagram::Garbage);
        let mut response = bytes;
        response[0] = 1;
        assert_eq!(Datagram::classify(&response), Datagram::Garbage);
    }

    #[test]
    fn an_address_in_use_cannot_be_taken_over() {
        let (first, second) = (ClientId([1; 16]), ClientId([2; 16]));
        let start = crate::test_now();
        let mut book = AddressBook::default();
        book.verified(start, address(1), first);
        book.verified(start + Duration::from_secs(5), address(1), second);
        assert_eq!(book.client(address(1)), Some(first));
        book.verified(start + Duration::from_secs(15), address(1), second);
        assert_eq!(book.client(address(1)), Some(second));
        book.remove(first);
        assert_eq!(book.client(address(1)), Some(second));
        book.remove(second);
        assert_eq!(book.client(address(1)), None);
    }

    #[test]
    fn a_client_has_a_bounded_number_of_addresses() {
        let client = ClientId([1; 16]);
        let start = crate::test_now();
        let mut book = AddressBook::default();
        for port in 1..=100 {
            book.verified(start, address(port), client);
        }
        let known = (1..=100).filter(|port| book.client(address(*port)).is_some()).count();
        assert_eq!(known, WAYS_MAX);
        assert_eq!(book.client(address(100)), Some(client));
    }

    #[test]
    fn the_address_in_use_is_not_pushed_out_by_others() {
        let client = ClientId([1; 16]);
        let start = crate::test_now();
        let mut book = AddressBook::default();
        for port in 1..=100 {
            let now = start + Duration::from_secs(u64::from(port));
            book.verified(now, address(port), client);
            book.verified(now, address(1), client);
        }
        assert_eq!(book.client(address(1)), Some(client));
    }

    #[test]
    fn a_tcp_connection_is_another_way_than_a_datagram_from_the_same_address() {
        let client = ClientId([1; 16]);
        let mut book = AddressBook::default();
        book.verified(crate::test_now(), address(1), client);
        assert_eq!(book.client(by_tcp(address(1))), None);
        book.verified(crate::test_now(), by_tcp(address(1)), client);
        let elsewhere = Way { local: address(7).peer, ..by_tcp(address(1)) };
        assert_eq!(book.client(elsewhere), None, "a connection is named by both of its ends");
        book.forget(by_tcp(address(1)));
        assert_eq!(book.client(by_tcp(address(1))), None);
        assert_eq!(book.client(address(1)), Some(client));
    }

    #[test]
    fn whose_connection_has_ended_holds_its_address_no_longer() {
        let (first, second) = (ClientId([1; 16]), ClientId([2; 16]));
        let start = crate::test_now();
        let mut book = AddressBook::default();
        book.verified(start, by_tcp(address(1)), first);
        book.forget(by_tcp(address(1)));
        book.verified(start, by_tcp(address(1)), second);
        assert_eq!(book.client(by_tcp(address(1))), Some(second));
        book.remove(first);
        assert_eq!(book.client(by_tcp(address(1))), Some(second));
    }
}
