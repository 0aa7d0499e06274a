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

/// The pause after the first failure, and twice as long after each that follows.
const RETRY: Duration = Duration::from_secs(15);

const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const XOR_MAPPED_ADDRESS: u16 = 0x0020;

/// Asks `server` (`HOST:PORT`) again and again, and tells each time that the addresses are others. Never ends.
pub(crate) async fn watch(server: String, mut found: impl FnMut(Vec<IpAddr>)) {
    let mut known = Known::default();
    let mut failures = 0;
    loop {
        let before = known.ips();
        match ask_all(&server).await.and_then(|answers| known.learn(answers)) {
            Ok(()) => failures = 0,
            Err(error) => {
                failures += 1;
                tracing::warn!("the STUN server {server} does not say how others see this machine: {error}");
            }
        }
        let ips = known.ips();
        if ips != before {
            let list: Vec<String> = ips.iter().map(ToString::to_string).collect();
            tracing::info!("others see this machine as {}, says {server}", list.join(", "));
            found(ips);
        }
        sleep(pause(failures)).await;
    }
}

/// The pause after so many failures in a row.
fn pause(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => PAUSE,
        Some(doublings) => RETRY.saturating_mul(2_u32.saturating_pow(doublings)).min(PAUSE),
    }
}

/// What the server said of IPv4 and of IPv6; `None` where it has no address of that family to be asked at.
pub(crate) type Answers = [Option<io::Result<IpAddr>>; 2];

/// This machine's addresses as the server saw them last, of IPv4 and of IPv6.
#[derive(Default)]
struct Known([Option<IpAddr>; 2]);

impl Known {
    fn ips(&self) -> Vec<IpAddr> {
        self.0.iter().flatten().copied().collect()
    }

    /// Takes in what was answered. What was not may still be as before.
    ///
    /// # Errors
    /// Why it is worth while to ask again soon. A machine that has one family only is never answered of the other.
    fn learn(&mut self, answers: Answers) -> io::Result<()> {
        let (mut lost, mut absent) = (None, None);
        for (known, answer) in self.0.iter_mut().zip(answers) {
            match answer {
                Some(Ok(ip)) => *known = Some(ip),
                Some(Err(error)) if known.is_some() => lost = Some(error),
                Some(Err(error)) => absent = Some(error),
                None => {}
            }
        }
        match lost.or(absent.filter(|_| self.ips().is_empty())) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Asks of both families at once, as far as the server has addresses of them.
pub(crate) async fn ask_all(server: &str) -> io::Result<Answers> {
    let addresses: Vec<SocketAddr> = lookup_host(server).await?.collect();
    let one = |is_ipv4| addresses.iter().copied().find(|address| address.is_ipv4() == is_ipv4);
    let ask = async |address: Option<SocketAddr>| match address {
        Some(address) => Some(ask(address).await),
        None => None,
    };
    let (v4, v6) = tokio::join!(ask(one(true)), ask(one(false)));
    Ok([v4, v6])
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
        let (answers, ()) = tokio::join!(ask_all(&address), serving);
        let mut known = Known::default();
        known.learn(answers.unwrap()).unwrap();
        assert_eq!(known.ips(), [ip]);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        let answers = ask_all(&address.to_string()).await.unwrap();
        assert!(matches!(answers, [Some(Err(_)), None]), "{answers:?}");
    }

    #[test]
    fn a_family_that_is_not_answered_keeps_its_address() {
        let [v4, v6, other]: [IpAddr; 3] =
            ["203.0.113.7", "2001:db8::7", "203.0.113.8"].map(|text| text.parse().unwrap());
        let lost = || Some(Err(io::ErrorKind::TimedOut.into()));
        let mut known = Known::default();
        assert!(known.learn([lost(), lost()]).is_err());
        known.learn([Some(Ok(v4)), lost()]).unwrap();
        assert_eq!(known.ips(), [v4]);
        known.learn([Some(Ok(v4)), Some(Ok(v6))]).unwrap();
        assert_eq!(known.ips(), [v4, v6]);
        assert!(known.learn([Some(Ok(other)), lost()]).is_err());
        assert_eq!(known.ips(), [other, v6]);
        assert!(known.learn([lost(), lost()]).is_err());
        known.learn([None, Some(Ok(v6))]).unwrap();
        assert_eq!(known.ips(), [other, v6]);
    }

    #[test]
    fn after_a_failure_it_is_asked_again_soon_but_not_for_ever() {
        assert_eq!(pause(0), PAUSE);
        assert_eq!(pause(1), RETRY);
        assert!((1..100).all(|failures| pause(failures) <= pause(failures + 1)));
        assert_eq!(pause(u32::MAX), PAUSE);
    }

    #[tokio::test]
    async fn what_is_found_is_told() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap().to_string();
        let ip: IpAddr = "203.0.113.7".parse().unwrap();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let watching = watch(address, move |ips| told.send(ips).unwrap());
        let serving = async {
            let mut buffer = [0; 100];
            let (_, client) = server.recv_from(&mut buffer).await.unwrap();
            server.send_to(&response(ip, &buffer[8..20]), client).await.unwrap();
            heard.recv().await
        };
        tokio::select! {
            () = watching => panic!("it ends"),
            ips = serving => assert_eq!(ips, Some(vec![ip])),
        }
    }
}
