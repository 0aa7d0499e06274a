//! How much each IP address has of something.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tangelo_delivery::Rate;

use crate::{metrics::Counters, socket::Seldom};

/// Counts what each address holds, up to a bound.
pub(crate) struct PerAddress {
    most: usize,
    most_local: usize,
    held: Mutex<BTreeMap<Network, usize>>,
}

/// One of what an address holds, until it is dropped.
pub(crate) struct Held {
    counts: Arc<PerAddress>,
    ip: IpAddr,
}

impl PerAddress {
    /// At most `most` for each address, and [`WIDE_FACTOR`] times as many for each /48 network of IPv6. An address of this machine or of a private network may be that of a proxy,
    /// which brings everybody: it has three quarters of `all`, so that even then nobody takes everything.
    pub(crate) fn new(most: usize, all: usize) -> Arc<Self> {
        let most_local = most.max(all - all / 4);
        Arc::new(Self { most, most_local, held: Mutex::default() })
    }

    /// Takes one; `None` if this address has enough.
    pub(crate) fn take(self: &Arc<Self>, ip: IpAddr) -> Option<Held> {
        let most = if is_local(ip.to_canonical()) { self.most_local } else { self.most };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = |(network, factor): (Network, u32)| {
            held.get(&network).is_none_or(|count| *count < most.saturating_mul(factor as usize))
        };
        if !networks(ip).all(has_room) {
            return None;
        }
        networks(ip).for_each(|(network, _)| *held.entry(network).or_default() += 1);
        Some(Held { counts: Arc::clone(self), ip })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.counts.held.lock().unwrap_or_else(PoisonError::into_inner);
        for (network, _) in networks(self.ip) {
            let Some(count) = held.get_mut(&network) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&network);
            }
        }
    }
}

/// How often each address may do something.
pub(crate) struct RatePerAddress {
    rate: Rate,
    /// Until when an address has used up what it may do. Who is not in it has done nothing for a while.
    used_until: Mutex<BTreeMap<Network, Instant>>,
}

/// An address that may be everybody's may do so many times as much.
const LOCAL_FACTOR: u32 = 8;

/// Networks that are remembered. Beyond it all begin anew: a bound for each holds up nobody who has so many.
const ADDRESSES_MAX: usize = 16_384;

impl RatePerAddress {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, used_until: Mutex::default() }
    }

    /// Whether this address may do it once more.
    pub(crate) fn take(&self, now: Instant, ip: IpAddr) -> bool {
        let local = if is_local(ip.to_canonical()) { LOCAL_FACTOR } else { 1 };
        let each = |factor| Duration::from_secs(1) / self.rate.per_second.saturating_mul(factor).max(1);
        let mut used_until = self.used_until.lock().unwrap_or_else(PoisonError::into_inner);
        let from = |used_until: &BTreeMap<Network, Instant>, network| {
            used_until.get(&network).map_or(now, |until| (*until).max(now))
        };
        let may = |(network, factor): (Network, u32)| {
            let factor = factor.saturating_mul(local);
            let most = each(factor) * self.rate.burst.saturating_mul(factor).saturating_sub(1);
            from(&used_until, network).saturating_duration_since(now) <= most
        };
        if !networks(ip).all(may) {
            return false;
        }
        for (network, factor) in networks(ip) {
            if used_until.len() >= ADDRESSES_MAX && !used_until.contains_key(&network) {
                used_until.retain(|_, until| *until > now);
                if used_until.len() >= ADDRESSES_MAX {
                    used_until.clear();
                }
            }
            let until = from(&used_until, network) + each(factor.saturating_mul(local));
            used_until.insert(network, until);
        }
        true
    }
}

/// An address as it stands in the log: the network that it is in, and not whose it is.
pub(crate) fn shortened(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("{}/24", Ipv4Addr::from_bits(ip.to_bits() >> 8 << 8)),
        IpAddr::V6(ip) => format!("{}/48", Ipv6Addr::from_bits(ip.to_bits() >> 80 << 80)),
    }
}

/// An address's first bits, and how many.
type Network = (IpAddr, u32);

/// A /48 network of IPv6 has so many times the bound of a /64 one: it is what a single customer may get (RFC 6177), with 65,536 of the others.
const WIDE_FACTOR: u32 = 4;

/// Where an address counts, and how many times the bound there is: an IPv4 address for itself; an IPv6 address with its /64 network,
/// which one person has, and with its /48 network.
fn networks(ip: IpAddr) -> impl Iterator<Item = (Network, u32)> {
    let (one, wide) = match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => {
            let first = |bits: u32| {
                let rest = 128 - bits;
                ((Ipv6Addr::from_bits(ip.to_bits() >> rest << rest).into(), bits), 1)
            };
            let (wide, _) = first(48);
            (first(64), Some((wide, WIDE_FACTOR)))
        }
        other => (((other, 128), 1), None),
    };
    std::iter::once(one).chain(wide)
}

/// Something is refused because its address has used up what one may have.
pub(crate) fn refused(ip: IpAddr, counters: &Counters) {
    counters.address_refusals.add(1);
    if may_hint(ip, &counters.proxy_hint) {
        let network = shortened(ip);
        tracing::warn!(
            %network,
            "an address of this machine or a private network is refused: it has as much as one may have. If it is a proxy of yours, name \
             it with --trusted-proxy, and have it pass on whom it asks for"
        );
    }
}

/// Whether this may be a proxy of the host's, and it was not said lately what to do then.
fn may_hint(ip: IpAddr, hinted: &Seldom) -> bool {
    is_local(ip.to_canonical()) && hinted.is_due()
}

/// Whether an address is this machine's own, or of a private network.
#[must_use]
pub fn is_local(ip: IpAddr) -> bool {
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
        drop(counts.take(ip("2001:db8::1")).unwrap());
        assert_eq!(counts.held.lock().unwrap().len(), 1);
    }

    #[test]
    fn an_address_may_do_so_much_and_then_at_a_pace() {
        let rates = RatePerAddress::new(Rate { per_second: 10, burst: 3 });
        let start = Instant::now();
        let taken = |ms, address: &str| {
            let now = start + Duration::from_millis(ms);
            (0..100).filter(|_| rates.take(now, ip(address))).count()
        };
        assert_eq!((taken(0, "192.0.2.1"), taken(0, "192.0.2.2"), taken(0, "2001:db8::1")), (3, 3, 3));
        assert_eq!((taken(50, "192.0.2.1"), taken(50, "2001:db8::2")), (0, 0));
        assert_eq!(taken(100, "192.0.2.1"), 1);
        assert_eq!(taken(0, "127.0.0.1"), 24, "that may be a proxy");
        assert_eq!(taken(60_000, "192.0.2.1"), 3);
    }

    #[test]
    fn it_remembers_a_bounded_number_of_addresses() {
        let rates = RatePerAddress::new(Rate { per_second: 1, burst: 2 });
        let start = Instant::now();
        let many = u32::try_from(ADDRESSES_MAX).unwrap() + 100;
        for number in 0..many {
            let address = Ipv4Addr::from_bits(0xcb00_0000 + number);
            assert!(rates.take(start + Duration::from_micros(number.into()), address.into()));
            assert!(rates.used_until.lock().unwrap().len() <= ADDRESSES_MAX);
        }
    }

    #[test]
    fn the_log_has_networks_and_no_addresses() {
        assert_eq!(shortened(ip("203.0.113.77")), "203.0.113.0/24");
        assert_eq!(shortened(ip("::ffff:203.0.113.77")), "203.0.113.0/24");
        assert_eq!(shortened(ip("2001:db8:1:2::77")), "2001:db8:1::/48");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let counts = PerAddress::new(1, 100);
        let _held = counts.take(ip("2001:db8::1")).unwrap();
        assert!(counts.take(ip("2001:db8::2")).is_none());
        assert!(counts.take(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn who_has_a_whole_48_of_ipv6_has_four_times_the_bound_and_no_more() {
        let of = |number: u32| ip(&format!("2001:db8:7:{number:x}::1"));
        let counts = PerAddress::new(2, 100);
        let held: Vec<Held> = (0..50).filter_map(|number| counts.take(of(number))).collect();
        assert_eq!(held.len(), 8);
        assert!(counts.take(of(0)).is_none() && counts.take(ip("2001:db8:8::1")).is_some());
        drop(held);
        assert!(counts.take(of(49)).is_some());

        let rates = RatePerAddress::new(Rate { per_second: 10, burst: 3 });
        let start = Instant::now();
        let taken = |ms| {
            let now = start + Duration::from_millis(ms);
            (0..50).filter(|number| rates.take(now, of(*number))).count()
        };
        assert_eq!((taken(0), taken(0), taken(100)), (12, 0, 4));
        assert!(rates.take(start, ip("2001:db8:8::1")));
    }

    #[test]
    fn what_a_proxy_is_to_be_told_is_said_of_what_may_be_one_and_seldom() {
        let hinted = Seldom::default();
        assert!(!may_hint(ip("203.0.113.7"), &hinted) && !may_hint(ip("2001:db8::7"), &hinted));
        assert!(may_hint(ip("::ffff:172.18.0.2"), &hinted));
        assert!(!may_hint(ip("127.0.0.1"), &hinted));
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
