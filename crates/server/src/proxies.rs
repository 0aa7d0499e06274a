//! Proxies that say for whom they ask.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use axum::http::{HeaderMap, HeaderName, header};

/// Addresses that begin with the same bits (RFC 4632, RFC 4291 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// Why a text is no [`Network`], for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseNetworkError {
    /// It is something else.
    #[error("this is to be an IP address or a network, for example 127.0.0.1, 10.0.0.0/8 or fd00::/8")]
    Other,
    /// An IPv4 address in an IPv6 one (RFC 4291 section 2.5.5.2), with so few bits that more than IPv4 is meant.
    #[error(
        "this is an IPv4 address written as an IPv6 one, and of that at least 96 bits count: write it as IPv4, for example \
         10.0.0.0/8"
    )]
    Mapped,
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| ParseNetworkError::Other)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= bits).ok_or(ParseNetworkError::Other)?
            }
            Some(_) => return Err(ParseNetworkError::Other),
        };
        // Addresses are compared as what they are: see `has`.
        match address.to_canonical() {
            IpAddr::V4(own) if address.is_ipv6() => {
                let prefix = u32::checked_sub(prefix, 96).ok_or(ParseNetworkError::Mapped)?;
                Ok(Self { address: own.into(), prefix })
            }
            _ => Ok(Self { address, prefix }),
        }
    }
}

impl Network {
    fn has(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                same(own.to_bits().into(), ip.to_bits().into(), 32 - self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => same(own.to_bits(), ip.to_bits(), 128 - self.prefix),
            _ => false,
        }
    }
}

/// Whether two numbers differ at most in their last bits.
fn same(one: u128, other: u128, last_bits: u32) -> bool {
    (one ^ other).checked_shr(last_bits).unwrap_or(0) == 0
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose word counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(pub(crate) Vec<Network>);

impl Proxies {
    pub(crate) fn trusts(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(ip))
    }

    /// Whose request this is that came from `peer`: its own, or if that is a trusted proxy, of the last address that is none. What stands
    /// before it was written by somebody whom nobody has to believe.
    ///
    /// `X-Forwarded-For` counts, and `Forwarded` (RFC 7239) where there is none.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let name = if headers.contains_key(X_FORWARDED_FOR) { X_FORWARDED_FOR } else { header::FORWARDED };
        // Hop by hop: what a client wrote before the proxy's own words must not spoil those.
        let hops =
            headers.get_all(&name).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let hops: Vec<&str> = hops.map(|hop| str::from_utf8(hop).unwrap_or_default()).collect();
        let mut client = peer;
        for hop in hops.into_iter().rev() {
            let node = if name == X_FORWARDED_FOR { Some(hop) } else { node(hop) };
            // What cannot be read was said by the last one that can: it stands for all behind it.
            let Some(ip) = node.and_then(address) else { break };
            client = ip;
            if !self.trusts(ip) {
                break;
            }
        }
        client
    }
}

/// The value of `for` (RFC 7239 section 5.2).
fn node(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(proxies: &[&str], peer: &str, headers: &[(HeaderName, &str)]) -> String {
        let proxies = Proxies(proxies.iter().map(|text| text.parse().unwrap()).collect());
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, HeaderValue::from_str(value).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &all).to_string()
    }

    #[test]
    fn networks_are_read_and_hold_their_addresses() {
        let has = |network: &str, ip: &str| network.parse::<Network>().unwrap().has(ip.parse().unwrap());
        assert!(has("10.0.0.0/8", "10.255.0.1") && has("10.1.2.3/8", "::ffff:10.0.0.1"));
        assert!(!has("10.0.0.0/8", "11.0.0.1") && !has("0.0.0.0/0", "::1") && has("0.0.0.0/0", "8.8.8.8"));
        assert!(has("127.0.0.1", "127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("fd00::/8", "fd12::1") && !has("fd00::/8", "fe80::1") && has("::/0", "2001:db8::1"));
        for bad in
            ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "proxy", "1.2.3.4/8/8"]
        {
            assert_eq!(bad.parse::<Network>(), Err(ParseNetworkError::Other), "{bad}");
        }
        assert!(has("::ffff:10.0.0.0/104", "10.9.9.9") && has("::ffff:10.0.0.0/104", "::ffff:10.9.9.9"));
        assert!(!has("::ffff:10.0.0.0/104", "11.0.0.1") && has("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(has("::ffff:0.0.0.0/96", "8.8.8.8") && !has("::ffff:10.0.0.1", "10.0.0.2"));
        assert_eq!("::ffff:10.0.0.0/8".parse::<Network>(), Err(ParseNetworkError::Mapped));
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let said = [(X_FORWARDED_FOR, "203.0.113.7")];
        assert_eq!(client(&[], "127.0.0.1", &said), "127.0.0.1");
        assert_eq!(client(&["127.0.0.1"], "192.0.2.1", &said), "192.0.2.1");
        assert_eq!(client(&["127.0.0.1"], "127.0.0.1", &said), "203.0.113.7");
        assert_eq!(client(&["127.0.0.1"], "127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn the_last_one_that_is_no_proxy_counts() {
        let trusted = ["127.0.0.1", "10.0.0.0/8"];
        let of = |headers: &[(HeaderName, &str)]| client(&trusted, "127.0.0.1", headers);
        assert_eq!(of(&[(X_FORWARDED_FOR, "1.1.1.1, 203.0.113.7, 10.0.0.2")]), "203.0.113.7");
        assert_eq!(
            of(&[(X_FORWARDED_FOR, "1.1.1.1"), (X_FORWARDED_FOR, "203.0.113.7 , 10.0.0.2")]),
            "203.0.113.7"
        );
        assert_eq!(of(&[(X_FORWARDED_FOR, "10.0.0.3, 10.0.0.2")]), "10.0.0.3");
        assert_eq!(of(&[(X_FORWARDED_FOR, "203.0.113.7, unknown, 10.0.0.2")]), "10.0.0.2");
        assert_eq!(of(&[(X_FORWARDED_FOR, "")]), "127.0.0.1");
        let spoilt = HeaderValue::from_bytes(b"\xff, 203.0.113.7").unwrap();
        let headers = HeaderMap::from_iter([(X_FORWARDED_FOR, spoilt)]);
        let proxies = Proxies(vec!["127.0.0.1".parse().unwrap()]);
        assert_eq!(proxies.client("127.0.0.1".parse().unwrap(), &headers).to_string(), "203.0.113.7");
        assert_eq!(of(&[(X_FORWARDED_FOR, "203.0.113.7:4711")]), "203.0.113.7");
        let forwarded = "for=1.1.1.1, For=\"[2001:db8::7]:4711\";proto=https, for=10.0.0.2;by=10.0.0.1";
        assert_eq!(of(&[(header::FORWARDED, forwarded)]), "2001:db8::7");
        assert_eq!(of(&[(header::FORWARDED, "for=_hidden")]), "127.0.0.1");
        // Proxies pass on the other header as it came, with anything in it.
        let both = [(header::FORWARDED, "for=1.1.1.1"), (X_FORWARDED_FOR, "203.0.113.7")];
        assert_eq!(of(&both), "203.0.113.7");
    }
}
