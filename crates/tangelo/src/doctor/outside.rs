//! A server as people elsewhere meet it: name, ports, certificate, pages, WebSocket, and the way of sound and picture.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    path::Path,
    time::{Duration, SystemTime},
};

use tangelo_call::{Event, Phase, link::Link, random_bytes};
use tangelo_client::{
    Address, ConnectError, Fetched, Fetcher, Happening, JoinOptions, Participant, addresses, certificates,
    web_socket,
};
use tangelo_server::{CertificateFacts, page_headers, web_app};
use tangelo_wire::Source;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

use super::{certificate, clock, finding::Findings};

/// How long a TCP connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long it may take until somebody is in a call, and then until sound and picture can flow.
const ARRIVAL: Duration = Duration::from_secs(15);

/// What somebody brings who comes from outside.
pub(super) struct Visitor<'a> {
    /// A file with certificates to trust beside those that this machine trusts.
    pub(super) ca: Option<&'a Path>,
    /// For a server that lets nobody in without.
    pub(super) token: Option<&'a str>,
}

pub(super) async fn look(
    address: &Address,
    visitor: &Visitor<'_>,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let ca = visitor.ca;
    let Some(open) = ways(address, findings).await? else { return Ok(()) };
    if address.tls && !tls(address, &open, ca, findings).await? {
        return Ok(());
    }
    // A browser's own machine is trusted without.
    let is_own =
        address.name() == "localhost" || address.name().parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if !address.tls && !is_own {
        let advice = "browsers give camera and microphone only to https pages, and to http://localhost";
        findings.warn("HTTPS", "the address begins with http://", advice)?;
    }
    if !pages(address, ca, findings).await? {
        return Ok(());
    }
    match web_socket(address, ca).await? {
        Ok(()) => findings.ok("WebSocket", "it opens")?,
        Err(error) => {
            let advice = if error.to_string().contains("403") {
                "the proxy must pass the Host header unchanged (nginx: proxy_set_header Host $http_host)"
            } else {
                "the proxy must let WebSockets through at /ws (nginx: Upgrade and Connection headers)"
            };
            return findings.fail("WebSocket", error.to_string(), advice);
        }
    }
    media(address, visitor, findings).await
}

/// The addresses at which something listens; none if nothing does.
async fn ways(address: &Address, findings: &mut Findings) -> Result<Option<Vec<SocketAddr>>, Box<dyn Error>> {
    let name = address.name();
    let all = match addresses(address).await {
        Ok(all) => all,
        Err(error) => {
            let advice = "correct the name, or enter it at your domain's name server (A and AAAA)";
            findings.fail("name", format!("{name} stands for no address: {error}"), advice)?;
            return Ok(None);
        }
    };
    let list: Vec<String> = all.iter().map(|at| at.ip().to_string()).collect();
    findings.ok("name", format!("{name} stands for {}", list.join(", ")))?;
    let mut open = Vec::new();
    for at in &all {
        let why = match timeout(CONNECT, TcpStream::connect(at)).await {
            Ok(Ok(_)) => {
                open.push(*at);
                findings.ok("TCP", format!("{at} takes connections"))?;
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        let advice = "start the server, let the port through the firewall and the router, or take the address from the name server";
        if is_own_lack(*at, &why) {
            findings.warn(
                "TCP",
                format!("{at}: {why}"),
                "this machine has no such network: look from another one, too",
            )?;
        } else {
            findings.fail("TCP", format!("{at}: {why}"), advice)?;
        }
    }
    Ok(Some(open).filter(|open| !open.is_empty()))
}

/// Whether it is this machine that has no IPv6.
fn is_own_lack(at: SocketAddr, why: &str) -> bool {
    at.is_ipv6() && (why.contains("unreachable") || why.contains("not available"))
}

/// Whether it is worth while to go on.
async fn tls(
    address: &Address,
    open: &[SocketAddr],
    ca: Option<&Path>,
    findings: &mut Findings,
) -> Result<bool, Box<dyn Error>> {
    let mut trusted = true;
    let mut shown = None;
    for at in open {
        match certificates(address, *at, ca).await? {
            Ok(found) => {
                // Mostly the same at all addresses.
                if shown.as_ref() != Some(&found) {
                    let facts = found.chain.first().and_then(CertificateFacts::read);
                    match &facts {
                        Some(facts) => {
                            let wanted = [address.name()];
                            certificate::judge(
                                facts,
                                &wanted,
                                certificate::RENEW,
                                SystemTime::now(),
                                findings,
                            )?;
                        }
                        None => {
                            findings.fail("certificate", "it cannot be read", certificate::RENEW)?;
                        }
                    }
                    match &found.distrust {
                        None => findings.ok("trust", "this machine trusts the certificate")?,
                        Some(why) => {
                            trusted = false;
                            let advice = "show the whole chain (fullchain.pem, not cert.pem) of an authority that browsers know; one \
                                          of your own is given with --ca here, and must be installed on every device";
                            findings.fail(
                                "trust",
                                format!("this machine does not trust the certificate: {why}"),
                                advice,
                            )?;
                        }
                    }
                }
                shown = Some(found);
            }
            Err(error) => {
                trusted = false;
                let advice = "something else than HTTPS is there, or the server has no certificate yet: see what it logs";
                findings.fail("TLS", format!("{at}: {error}"), advice)?;
            }
        }
    }
    Ok(trusted)
}

/// Whether it is Tangelo that answers.
async fn pages(
    address: &Address,
    ca: Option<&Path>,
    findings: &mut Findings,
) -> Result<bool, Box<dyn Error>> {
    let mut fetcher = Fetcher::new(address.clone(), ca)?;
    let health = match fetcher.get("/healthz", "identity").await {
        Ok(health) => health,
        Err(error) => {
            findings.fail("page", error.to_string(), "see what the server and its proxy log")?;
            return Ok(false);
        }
    };
    clock::compare(address.name(), health.header("date"), SystemTime::now(), findings)?;
    if health.status != 200 || health.body != b"ok\n" {
        let seen = format!("/healthz answers with HTTP status {}, not as Tangelo does", health.status);
        findings.fail("page", seen, "lead the proxy to --listen, and see that the server runs")?;
        return Ok(false);
    }
    headers(address, &health, findings)?;
    let page = match fetcher.get("/", "identity").await {
        Ok(page) => page,
        Err(error) => {
            findings.fail("page", error.to_string(), "see what the server and its proxy log")?;
            return Ok(false);
        }
    };
    let own = web_app().into_iter().find(|file| file.path == "index.html");
    match own {
        _ if page.status != 200 => {
            findings.fail("page", format!("HTTP status {}", page.status), "see what the server logs")?;
        }
        Some(own) if own.plain == page.body => {
            findings
                .ok("version", format!("the page is that of this program, {}", env!("CARGO_PKG_VERSION")))?;
        }
        Some(_) => findings.warn(
            "version",
            "the page is that of another version, or somebody changes it on the way",
            "update the server or this program; tangelo verify-web tells the files apart",
        )?,
        None => findings.ok("page", "it comes")?,
    }
    Ok(true)
}

fn headers(address: &Address, health: &Fetched, findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    let get = |name: &str| health.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
    let policy = get("content-security-policy").unwrap_or_default();
    // The policy names the host that the server was asked for.
    let seen = policy.split_once(" ws://").and_then(|(_, rest)| rest.split(' ').next());
    if let Some(seen) = seen.filter(|seen| *seen != address.host) {
        let advice = format!(
            "the proxy must pass the Host header unchanged (nginx: proxy_set_header Host $http_host), or nobody gets into a call: \
             it is to be {}",
            address.host
        );
        return findings.fail("proxy", format!("the server is asked for {seen:?}"), advice);
    }
    let wrong: Vec<&str> = page_headers(Some(&address.host))
        .into_iter()
        .filter(|(name, value)| get(name).as_ref() != Some(value))
        .map(|(name, _)| name)
        .collect();
    if wrong.is_empty() {
        findings.ok("headers", "the page is told what it may do, as it should be")?;
    } else {
        let advice = "have the proxy pass the server's headers on as they are";
        findings.fail("headers", format!("missing or changed: {}", wrong.join(", ")), advice)?;
    }
    let is_public = !address.host.contains(':') && address.host.contains('.');
    if address.tls && is_public && get("strict-transport-security").is_none() {
        let advice = "behind a proxy that is the proxy's to say: strict-transport-security: max-age=31536000";
        findings.warn("headers", "browsers are not told to come by HTTPS alone", advice)?;
    }
    Ok(())
}

/// Whether that is what people are told whom a server lets in with another token only: a refusal comes in words alone.
fn is_about_token(why: &str) -> bool {
    why.contains("invitation") || why.contains("your link does not let you begin it")
}

/// Joins a call that nobody else knows of.
async fn media(
    address: &Address,
    visitor: &Visitor<'_>,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let token = visitor.token.map_or_else(String::new, |token| format!("&token={token}"));
    let options = JoinOptions {
        url: format!("{}{}{token}", address.origin(), Link::new_room()?.path()),
        name: "doctor".to_owned(),
        identity: random_bytes()?,
        ca: visitor.ca.map(Path::to_owned),
        via: None,
    };
    let mut participant = match Participant::join(options).await {
        Ok(participant) => participant,
        Err(error) => {
            return findings.fail("call", error.to_string(), "see what the server logs");
        }
    };
    participant.publish(Source::Microphone).await;
    let (mut inside, mut up, mut told, mut trouble) = (false, false, None, None);
    let mut by = Instant::now() + ARRIVAL;
    while let Ok(Some(happening)) = timeout_at(by, participant.next()).await {
        match happening {
            Happening::Call(Event::Phase { phase: Phase::Inside }) if !inside => {
                inside = true;
                by = Instant::now() + ARRIVAL;
            }
            Happening::Call(Event::Ended { text }) => trouble = Some(text),
            Happening::Unreachable(error) => trouble = Some(ConnectError::to_string(&error)),
            Happening::MediaOffered { udp, tcp } => told = Some((udp, tcp)),
            Happening::MediaUp => up = true,
            _ => {}
        }
        if up || trouble.is_some() {
            break;
        }
    }
    let _ = timeout(CONNECT, participant.leave()).await;
    if inside {
        findings.ok("call", "a call of its own can be joined")?;
    } else if let Some(why) = trouble.as_ref().filter(|why| is_about_token(why)) {
        let advice = if visitor.token.is_some() {
            "give a token that is good now, for all rooms, and with the right to create: tangelo token issue '*' --key FILE \
             --right create"
        } else {
            "this server lets in who has a token: give one with --token to look at sound and picture"
        };
        return findings.warn("call", format!("it cannot be joined: {why}"), advice);
    } else {
        let why = trouble.unwrap_or_else(|| "nothing happened in time".to_owned());
        return findings.fail("call", format!("it cannot be joined: {why}"), "see what the server logs");
    }
    let Some((udp, tcp)) = told else {
        let why = trouble.unwrap_or_else(|| "the server answers no offer".to_owned());
        return findings.fail("media", why, "see what the server logs");
    };
    let list = |all: &[SocketAddr]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if up {
        findings.ok("UDP", format!("sound and picture get through; the server names {}", list(&udp)))?;
    } else if udp.is_empty() {
        let advice = "calls are better over UDP: leave --media-port on";
        findings.warn("UDP", "the server takes sound and picture by TCP alone", advice)?;
    } else {
        let advice = "let that UDP port through the firewall, have the router pass it on under the same number, and see that --public-ip \
                      is the address under which others reach the machine; or this network lets no UDP out: look from another one, too";
        findings.fail("UDP", format!("nothing comes back from {}", list(&udp)), advice)?;
    }
    if tcp.is_empty() {
        let advice =
            "for people whose network lets no UDP out: leave --media-tcp-port on, or name a TURN server";
        return findings.warn("media over TCP", "the server has no port for it", advice);
    }
    for at in tcp {
        match timeout(CONNECT, TcpStream::connect(at)).await {
            Ok(Ok(_)) => findings.ok("media over TCP", format!("{at} takes connections"))?,
            Ok(Err(error)) if is_own_lack(at, &error.to_string()) => {}
            outcome => {
                let why = outcome.map_or_else(
                    |_| "no answer".to_owned(),
                    |outcome| outcome.map_or_else(|e| e.to_string(), |_| String::new()),
                );
                let advice = "let that TCP port through the firewall and the router, for people whose network lets no UDP out";
                findings.warn("media over TCP", format!("{at}: {why}"), advice)?;
            }
        }
    }
    Ok(())
}
