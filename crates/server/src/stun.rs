//! Under which address others see this machine, asked of a STUN server (RFC 8489).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{UdpSocket, lookup_host},
    time::{sleep, timeout},
};

/// How long each request waits for its answer, in milliseconds (RFC 8489 section 6.2.1).
const WAITS_MS: [u64; 5] = [500, 1_000, 2_000, 4_000, 8_000];

/// The pause between two questions. A provider may give another address at night.
const PAUSE: Duration = Duration::from_secs(300);

const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const XOR_MAPPED_ADDRESS: u16 = 0x0020;

/// Asks `server` (`HOST:PORT`) again and again, and tells each time that the addresses are others. Never ends.
pub(crate) async fn watch(server: String, mut found: impl FnMut(Vec<IpAddr>)) {
    let mut known = Vec::new();
    loop {
        match public_ips(&server).await {
            Ok(ips) if ips != known => {
                let list: Vec<String> = ips.iter().map(ToString::to_string).collect();
                tracing::info!("others see this machine as {}, says {server}", list.join(", "));
                found(ips.clone());
                known = ips;
            }
            Ok(_) => {}
            // What was found before may still hold.
            Err(error) => {
                tracing::warn!("the STUN server {server} does not say how others see this machine: {error}")
            }
        }
        sleep(PAUSE).await;
    }
}

/// This machine's addresses as the server sees them: of IPv4, of IPv6, or of both, as far as the server has them.
async fn public_ips(server: &str) -> io::Result<Vec<IpAddr>> {
    let addresses: Vec<SocketAddr> = lookup_host(server).await?.collect();
    let one = |is_ipv4| addresses.iter().copied().find(|address| address.is_ipv4() == is_ipv4);
    let ask = async |address: Option<SocketAddr>| match address {
        Some(address) => Some(ask(address).await),
        None => None,
    };
    let (v4, v6) = tokio::join!(ask(one(true)), ask(one(false)));
    let mut ips = Vec::new();
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for answer in [v4, v6].into_iter().flatten() {
        match answer {
            Ok(ip) => ips.push(ip),
            Err(error) => failure = error,
        }
    }
    if ips.is_empty() { Err(failure) } else { Ok(ips) }
}

async fn ask(server: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let mut transaction = [0; 12];
    getrandom::fill(&mut transaction)?;
    let request = [&[0, 1, 0, 0][..], &MAGIC_COOKIE, &transaction].concat();
    for wait in WAITS_MS {
        socket.send(&request).await?;
        if let Ok(answer) = timeout(Duration::from_millis(wait), answer(&socket, &transaction)).await {
            return answer;
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

async fn answer(socket: &UdpSocket, transaction: &[u8; 12]) -> io::Result<IpAddr> {
    let mut buffer = [0; 1_500];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(ip) = buffer.get(..length).and_then(|bytes| mapped(bytes, transaction)) {
            return Ok(ip);
        }
    }
}

/// The XOR-MAPPED-ADDRESS (section 14.2) of a success response to this transaction.
fn mapped(bytes: &[u8], transaction: &[u8; 12]) -> Option<IpAddr> {
    if !bytes.starts_with(&[1, 1]) || bytes.get(4..8)? != MAGIC_COOKIE || bytes.get(8..20)? != transaction {
        return None;
    }
    let mut attributes = bytes.get(20..)?;
    while !attributes.is_empty() {
        let length = usize::from(be16(attributes, 2)?);
        let value = attributes.get(4..4 + length)?;
        if be16(attributes, 0)? == XOR_MAPPED_ADDRESS {
            return unmasked(value, &[&MAGIC_COOKIE[..], transaction].concat());
        }
        attributes = attributes.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}

fn unmasked(value: &[u8], mask: &[u8]) -> Option<IpAddr> {
    let bytes: Vec<u8> = value.get(4..)?.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    let ip: IpAddr = match value.get(1)? {
        1 => <[u8; 4]>::try_from(bytes).ok()?.into(),
        2 => <[u8; 16]>::try_from(bytes).ok()?.into(),
        _ => return None,
    };
    (!ip.is_unspecified() && !ip.is_multicast()).then_some(ip)
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A success response that says `ip`, behind an attribute that is not looked at.
    fn response(ip: IpAddr, transaction: &[u8]) -> Vec<u8> {
        let (family, octets) = match ip {
            IpAddr::V4(ip) => (1, ip.octets().to_vec()),
            IpAddr::V6(ip) => (2, ip.octets().to_vec()),
        };
        let mask = [&MAGIC_COOKIE[..], transaction].concat();
        let masked: Vec<u8> = octets.iter().zip(&mask).map(|(octet, mask)| octet ^ mask).collect();
        let length = u8::try_from(4 + masked.len()).unwrap();
        let software = [0x80, 0x22, 0, 5, b's', b't', b'u', b'n', b'd', 0, 0, 0];
        let attributes = [&software[..], &[0, 0x20, 0, length, 0, family, 1, 2], &masked].concat();
        let head = [1, 1, 0, u8::try_from(attributes.len()).unwrap()];
        [&head[..], &MAGIC_COOKIE, transaction, &attributes].concat()
    }

    #[test]
    fn an_answer_says_an_address_of_either_family() {
        for text in ["203.0.113.7", "2001:db8::7"] {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!(mapped(&response(ip, &[7; 12]), &[7; 12]), Some(ip));
            assert_eq!(mapped(&response(ip, &[8; 12]), &[7; 12]), None, "an answer to something else");
            let whole = response(ip, &[7; 12]);
            for cut in 0..whole.len() {
                assert_eq!(mapped(&whole[..cut], &[7; 12]), None, "{cut}");
            }
        }
        assert_eq!(mapped(&response(Ipv4Addr::UNSPECIFIED.into(), &[7; 12]), &[7; 12]), None);
    }

    #[tokio::test]
    async fn lost_requests_and_false_answers_do_not_matter() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap().to_string();
        let ip: IpAddr = "203.0.113.7".parse().unwrap();
        let serving = async {
            let mut buffer = [0; 100];
            // The first request is lost.
            server.recv_from(&mut buffer).await.unwrap();
            let (length, client) = server.recv_from(&mut buffer).await.unwrap();
            assert_eq!((length, &buffer[..4]), (20, &[0, 1, 0, 0][..]));
            let forged = response("198.51.100.1".parse().unwrap(), &[0; 12]);
            for bytes in [b"nonsense".to_vec(), forged, response(ip, &buffer[8..20])] {
                server.send_to(&bytes, client).await.unwrap();
            }
        };
        let (found, ()) = tokio::join!(public_ips(&address), serving);
        assert_eq!(found.unwrap(), [ip]);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        assert!(public_ips(&address.to_string()).await.is_err());
    }
}
