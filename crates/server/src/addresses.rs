//! How much each IP address has of something.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// Counts what each address holds, up to a bound.
pub(crate) struct PerAddress {
    most: usize,
    most_local: usize,
    held: Mutex<BTreeMap<IpAddr, usize>>,
}

/// One of what an address holds, until it is dropped.
pub(crate) struct Held {
    counts: Arc<PerAddress>,
    address: IpAddr,
}

impl PerAddress {
    /// At most `most` for each address. An address of this machine or of a private network may be that of a proxy,
    /// which brings everybody: it has three quarters of `all`, so that even then nobody takes everything.
    pub(crate) fn new(most: usize, all: usize) -> Arc<Self> {
        let most_local = most.max(all - all / 4);
        Arc::new(Self { most, most_local, held: Mutex::default() })
    }

    /// Takes one; `None` if this address has enough.
    pub(crate) fn take(self: &Arc<Self>, ip: IpAddr) -> Option<Held> {
        let address = network(ip);
        let most = if is_local(address) { self.most_local } else { self.most };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Held { counts: Arc::clone(self), address })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.counts.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

/// What one person has: an IPv4 address, or 64 bits of an IPv6 address (RFC 6177).
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        other => other,
    }
}

fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let counts = PerAddress::new(2, 100);
        let one = counts.take(ip("192.0.2.1")).unwrap();
        let _two = counts.take(ip("::ffff:192.0.2.1")).unwrap();
        assert!(counts.take(ip("192.0.2.1")).is_none());
        let other = counts.take(ip("192.0.2.2")).unwrap();
        drop(one);
        let _three = counts.take(ip("192.0.2.1")).unwrap();
        assert!(counts.take(ip("192.0.2.1")).is_none());
        drop(other);
        assert_eq!(counts.held.lock().unwrap().len(), 1, "what is given back is forgotten");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let counts = PerAddress::new(1, 100);
        let _held = counts.take(ip("2001:db8::1")).unwrap();
        assert!(counts.take(ip("2001:db8::2")).is_none());
        assert!(counts.take(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn where_a_proxy_may_stand_there_is_more_but_not_all() {
        for proxy in ["127.0.0.1", "172.18.0.2", "::1", "fd00::7"] {
            let counts = PerAddress::new(1, 8);
            let held: Vec<Held> = std::iter::from_fn(|| counts.take(ip(proxy))).collect();
            assert_eq!(held.len(), 6, "{proxy}");
        }
    }
}
