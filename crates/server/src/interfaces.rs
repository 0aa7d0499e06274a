//! Which addresses media uses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most addresses that clients are told; each costs them connectivity checks.
const ADDRESSES_MAX: usize = 8;

/// Where the media sockets are bound when no public address is given. Not the loopback address alone even if HTTP
/// listens only there: browsers gather no loopback candidates, and Firefox does not send to one.
pub(crate) fn addresses(listen: IpAddr) -> Vec<IpAddr> {
    if !listen.is_unspecified() && !listen.is_loopback() {
        return vec![listen];
    }
    let mut all: Vec<IpAddr> =
        if_addrs::get_if_addrs().unwrap_or_default().into_iter().map(|interface| interface.ip()).collect();
    all.retain(|ip| !ip.is_loopback() && !is_link_local(*ip));
    if listen.is_loopback() {
        all.push(listen);
    } else if all.is_empty() {
        let v6 = listen.is_ipv6();
        all.push(if v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() });
    }
    // IPv4 first: fewer surprises in home networks. Sorting also makes the list the same at each start.
    all.sort_by_key(|ip| (ip.is_ipv6(), *ip));
    all.dedup();
    all.truncate(ADDRESSES_MAX);
    all
}

/// Such an address means nothing without the name of an interface.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specific_address_is_the_only_one() {
        let ip: IpAddr = [192, 0, 2, 1].into();
        assert_eq!(addresses(ip), [ip]);
    }

    #[test]
    fn loopback_is_told_only_to_those_on_this_machine() {
        let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert!(addresses(loopback).contains(&loopback));
        let all = addresses(Ipv4Addr::UNSPECIFIED.into());
        assert!(!all.is_empty() && (all == [loopback] || !all.contains(&loopback)));
    }
}
