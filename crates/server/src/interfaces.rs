//! Which addresses media uses, and where the page can be opened.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
};

/// Most addresses that clients are told; each costs them connectivity checks.
const ADDRESSES_MAX: usize = 8;

/// Where the media sockets are bound when no public address is given. Not the loopback address alone even if HTTP
/// listens only there: browsers gather no loopback candidates, and Firefox does not send to one.
pub(crate) fn addresses(listen: IpAddr) -> Vec<IpAddr> {
    if !listen.is_unspecified() && !listen.is_loopback() {
        return vec![listen];
    }
    let mut found = interfaces();
    let loopback = if listen.is_loopback() {
        Some(listen)
    } else if found.is_empty() {
        let v6 = listen.is_ipv6();
        Some(if v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() })
    } else {
        None
    };
    found.extend(loopback.map(|ip| Found { ip, virtual_network: false }));
    chosen(found, &default_route())
}

/// Where a page that is served at `listen` can be opened from other machines, the likeliest first.
pub(crate) fn reachable(listen: IpAddr) -> Vec<IpAddr> {
    if listen.is_loopback() {
        return Vec::new();
    }
    if !listen.is_unspecified() {
        return vec![listen];
    }
    let fits = |ip: &IpAddr| ip.is_ipv4() || listen.is_ipv6();
    let ways: Vec<IpAddr> = default_route().into_iter().filter(fits).collect();
    if !ways.is_empty() {
        return ways;
    }
    let others = interfaces().into_iter().filter(|found| !found.virtual_network && fits(&found.ip));
    chosen(others.collect(), &[])
}

/// An address of an interface of this machine.
#[derive(Clone, Copy)]
struct Found {
    ip: IpAddr,
    /// A network inside this machine, for containers or virtual machines.
    virtual_network: bool,
}

fn interfaces() -> Vec<Found> {
    let all = if_addrs::get_if_addrs().unwrap_or_default().into_iter();
    let found = all
        .map(|interface| Found { ip: interface.ip(), virtual_network: is_virtual(&interface.name) })
        .filter(|found| !found.ip.is_loopback() && !is_link_local(found.ip));
    found.collect()
}

/// Names that Docker, libvirt, LXC and Podman give.
fn is_virtual(name: &str) -> bool {
    ["docker", "br-", "veth", "virbr", "lxcbr", "lxdbr", "cni", "podman"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Such an address means nothing without the name of an interface.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// The addresses that this machine uses towards the rest of the world, IPv4 first.
fn default_route() -> Vec<IpAddr> {
    // Addresses for documentation (RFC 5737, RFC 3849). A UDP socket that is connected has sent nothing.
    let places: [(IpAddr, IpAddr); 2] = [
        (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
        (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
    ];
    let way = |(any, place): (IpAddr, IpAddr)| -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((place, 9))?;
        Ok(socket.local_addr()?.ip())
    };
    let ways = places.into_iter().filter_map(|place| way(place).ok());
    ways.filter(|ip| !ip.is_unspecified() && !ip.is_loopback() && !is_link_local(*ip)).collect()
}

/// Those of the default route first, then this machine's own, then real networks before virtual ones and IPv4 before
/// IPv6: fewer surprises in home networks. The rest of the order makes the list the same at each start.
fn chosen(mut all: Vec<Found>, default_route: &[IpAddr]) -> Vec<IpAddr> {
    all.sort_by_key(|Found { ip, virtual_network }| {
        (!default_route.contains(ip), !ip.is_loopback(), *virtual_network, ip.is_ipv6(), *ip)
    });
    let mut all: Vec<IpAddr> = all.into_iter().map(|found| found.ip).collect();
    all.dedup();
    all.truncate(ADDRESSES_MAX);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specific_address_is_the_only_one() {
        let ip: IpAddr = [192, 0, 2, 1].into();
        assert_eq!(addresses(ip), [ip]);
        assert_eq!(reachable(ip), [ip]);
    }

    #[test]
    fn loopback_is_told_only_to_those_on_this_machine() {
        let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert!(addresses(loopback).contains(&loopback));
        assert_eq!(reachable(loopback), [] as [IpAddr; 0]);
        let all = addresses(Ipv4Addr::UNSPECIFIED.into());
        assert!(!all.is_empty() && (all == [loopback] || !all.contains(&loopback)));
        assert!(reachable(Ipv4Addr::UNSPECIFIED.into()).iter().all(|ip| ip.is_ipv4() && !ip.is_loopback()));
    }

    #[test]
    fn many_virtual_networks_do_not_push_out_the_real_one() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut all: Vec<Found> = (17..30)
            .flat_map(|net| [format!("172.{net}.0.1"), format!("fd00:{net}::1")])
            .map(|text| Found { ip: ip(&text), virtual_network: true })
            .collect();
        for text in ["2001:db8::7", "192.168.1.7", "10.8.0.2", "127.0.0.1"] {
            all.push(Found { ip: ip(text), virtual_network: false });
        }
        let found = chosen(all.clone(), &[ip("192.168.1.7"), ip("2001:db8::7")]);
        let wanted = ["192.168.1.7", "2001:db8::7", "127.0.0.1", "10.8.0.2", "172.17.0.1"].map(ip);
        assert_eq!((&found[..5], found.len()), (&wanted[..], ADDRESSES_MAX));
        let without_a_route = chosen(all, &[]);
        assert_eq!(without_a_route[..4], ["127.0.0.1", "10.8.0.2", "192.168.1.7", "2001:db8::7"].map(ip));
    }
}
