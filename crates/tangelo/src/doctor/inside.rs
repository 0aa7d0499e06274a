//! The machine on which a server runs, or will.

use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tangelo_client::{Address, Fetcher, certificates as shown_at};
use tangelo_server::{CertificateFacts, Config, Server, first_certificate, is_local, page_headers, probe};
use tokio::{net::TcpStream, time::timeout};

use super::{certificate, clock, finding::Findings, machine};
use crate::load::Process;

/// How long a TCP connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// `own_certificate` is the folder of a certificate that the server makes for itself.
pub(super) async fn look(
    config: &Config,
    own_certificate: Option<&Path>,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let user = machine::User::own();
    let by = user.told();
    match Server::check(config) {
        Ok(()) => {
            findings.ok("settings", format!("they can be used, and so can the files that they name{by}"))?;
        }
        Err(error) => {
            findings.fail(
                "settings",
                format!("{error}{by}"),
                "tangelo config check shows where each comes from; it is for the server's user that files must be readable: \
                 sudo -u tangelo tangelo doctor ...",
            )?;
        }
    }
    let file = certificates(config, own_certificate, findings)?;
    let is_https = file.is_some();
    for port in probe::ports(config) {
        match &port.outcome {
            Ok(()) => findings.ok("port", format!("{} is free for {}{by}", named(&port), port.purpose))?,
            Err(error) => taken(&port, error, is_https, file.as_deref(), &by, findings).await?,
        }
    }
    let server = Process::holding(config.listen.port(), false).filter(|_| config.listen.port() != 0);
    let server = server.filter(|holder| holder.name == "tangelo").map(|holder| holder.pid);
    for (what, folder) in [
        ("store", config.store.as_deref()),
        ("ACME folder", config.acme.as_ref().map(|acme| &*acme.folder)),
        ("certificate's folder", own_certificate),
    ] {
        if let Some(folder) = folder {
            machine::folder(what, folder, &user, server, findings)?;
        }
    }
    addresses(config, findings).await?;
    turn(config, findings).await?;
    time(config, findings).await?;
    machine::look(&config.capacity, findings)
}

fn named(port: &probe::PortProbe) -> String {
    format!("{} {}", if port.is_udp { "UDP" } else { "TCP" }, port.address)
}

/// Returns the file with the certificate that is, or will be, shown.
fn certificates(
    config: &Config,
    own: Option<&Path>,
    findings: &mut Findings,
) -> Result<Option<std::path::PathBuf>, Box<dyn Error>> {
    let now = SystemTime::now();
    let (file, wanted, advice) = match (&config.acme, &config.tls, own) {
        (Some(acme), ..) => {
            let wanted: Vec<&str> = acme.domains.iter().map(String::as_str).collect();
            (acme.certificate_file(), wanted, "a running server renews it by itself: see what it logs")
        }
        (None, Some(files), _) => (files.cert.clone(), Vec::new(), certificate::RENEW),
        (None, None, Some(folder)) => {
            (folder.join("self-signed-cert.pem"), Vec::new(), "restart the server, which makes another one")
        }
        (None, None, None) => {
            let ip = config.listen.ip();
            if ip.is_loopback() {
                findings.ok(
                    "HTTPS",
                    "none; it is a proxy's on this machine, for others than this machine's own browser",
                )?;
            } else {
                let advice = "browsers give camera and microphone only to https pages: --acme-domain, --tls-cert and --tls-key, \
                              --tls-self-signed, or a proxy";
                findings.warn("HTTPS", format!("none, and others reach {ip}"), advice)?;
            }
            return Ok(None);
        }
    };
    match first_certificate(&file) {
        Ok(found) => match CertificateFacts::read(&found) {
            Some(facts) => certificate::judge(&facts, &wanted, advice, now, findings)?,
            None => findings.fail("certificate", format!("{} cannot be read", file.display()), advice)?,
        },
        Err(_) if config.acme.is_some() || own.is_some() => {
            findings.ok("certificate", "there is none yet: the server gets one when it runs")?;
        }
        // The settings say it already.
        Err(_) => {}
    }
    Ok(Some(file))
}

/// A port that cannot be had.
async fn taken(
    port: &probe::PortProbe,
    error: &io::Error,
    is_https: bool,
    certificate: Option<&Path>,
    by: &str,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let name = named(port);
    if error.kind() == io::ErrorKind::PermissionDenied {
        let advice = "ports below 1024 need a right: in systemd units AmbientCapabilities=CAP_NET_BIND_SERVICE, which the package's \
                      has; otherwise setcap cap_net_bind_service+ep on the program";
        return findings.fail("port", format!("{name} is not given to this user{by}"), advice);
    }
    if error.kind() != io::ErrorKind::AddrInUse {
        let advice = format!("choose another with {}", port.option);
        return findings.fail("port", format!("{name} cannot be had: {error}{by}"), advice);
    }
    if port.option == "--listen" && is_tangelo(port.address, is_https, certificate).await {
        return findings.ok("port", format!("{name}: Tangelo answers there"));
    }
    let holder = Process::holding(port.address.port(), port.is_udp);
    match holder {
        Some(holder) if holder.name == "tangelo" => {
            findings.ok("port", format!("{name}: Tangelo has it (process {})", holder.pid))
        }
        Some(holder) => {
            let advice = format!("end {}, or choose another port with {}", holder.name, port.option);
            findings.fail(
                "port",
                format!("{name}: the program {} (process {}) has it", holder.name, holder.pid),
                advice,
            )
        }
        None => {
            let advice = format!(
                "if it is not Tangelo, end it or choose another port with {}; as root this command says which program it is",
                port.option
            );
            findings.warn("port", format!("{name}: something has it; what it is cannot be told{by}"), advice)
        }
    }
}

/// Whether what answers there says what Tangelo says.
async fn is_tangelo(at: SocketAddr, is_https: bool, certificate: Option<&Path>) -> bool {
    let ip = match at.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let at = SocketAddr::new(ip, at.port());
    let Ok(address) = Address::of_server(&format!("{}://{at}", if is_https { "https" } else { "http" }))
    else {
        return false;
    };
    if is_https && !says_so(address.clone(), certificate).await {
        // The file may be hidden from this user, or be for a name: so under a name that what is shown there is for.
        let Ok(Ok(shown)) = shown_at(&address, at, None).await else { return false };
        let facts = shown.chain.first().and_then(CertificateFacts::read);
        let names = facts.map(|facts| facts.names).unwrap_or_default();
        let Some(name) = names.first().map(|name| name.replacen('*', "www", 1)) else { return false };
        let Ok(mut by_name) = Address::of_server(&format!("https://{name}:{}", at.port())) else {
            return false;
        };
        by_name.via = Some(at);
        return says_so(by_name, None).await;
    }
    is_https || says_so(address, None).await
}

async fn says_so(address: Address, ca: Option<&Path>) -> bool {
    let host = address.host.clone();
    let Ok(mut fetcher) = Fetcher::new(address, ca) else { return false };
    let Ok(answer) = fetcher.get("/healthz", "identity").await else { return false };
    let says = |(name, value): (&str, String)| answer.header(name) == Some(value.as_bytes());
    answer.status == 200 && page_headers(Some(&host)).into_iter().all(says)
}

async fn addresses(config: &Config, findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    let told = probe::announced(config);
    let list = |ips: &[IpAddr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mapped: Vec<IpAddr> = told.iter().copied().filter(|ip| !probe::is_own(*ip)).collect();
    let mut seen = Vec::new();
    if let Some(server) = &config.stun {
        match probe::seen_from(server).await {
            Ok(answers) => {
                seen.extend(answers.iter().filter_map(|answer| answer.as_ref().ok()));
                if seen.is_empty() {
                    let advice = "let UDP out to it, or name another with --stun";
                    findings.fail("STUN", format!("{server} does not answer"), advice)?;
                }
            }
            Err(error) => {
                let advice = "correct the name, or see to this machine's name server";
                findings.fail("STUN", format!("{server}: {error}"), advice)?;
            }
        }
    }
    if !seen.is_empty() {
        let says = format!("others see this machine as {}", list(&seen));
        if seen.iter().all(|ip| probe::is_own(*ip)) {
            findings.ok("STUN", says)?;
        } else {
            let port = config.media_port.unwrap_or_default();
            let advice = format!(
                "that is a router's address: it must pass UDP and TCP {port} on to this machine, under that number"
            );
            findings.warn("STUN", says, advice)?;
        }
    }
    let all: Vec<IpAddr> = told.iter().chain(&seen).copied().collect();
    let has_public = |v6: bool| all.iter().any(|ip| ip.is_ipv6() == v6 && is_public(*ip));
    // One family does not stand for the other: few people have both. Without IPv6 for others, IPv4 does.
    for (is_v6, family) in [(false, "IPv4"), (true, "IPv6")] {
        let of_it: Vec<IpAddr> = all.iter().copied().filter(|ip| ip.is_ipv6() == is_v6).collect();
        if of_it.is_empty() && !is_v6 && has_public(true) {
            let advice = "people who have no IPv6 cannot send there: give an IPv4 address with --public-ip, if there is one";
            findings.warn("public address", "browsers are told none of IPv4", advice)?;
        } else if !of_it.is_empty() && !has_public(is_v6) && (!is_v6 || !has_public(false)) {
            let advice = format!(
                "people elsewhere who have {family} alone cannot send there: give the public address with --public-ip, or a STUN \
                 server with --stun; behind a provider's NAT (100.64.0.0/10) there is none, and a TURN server helps"
            );
            findings.warn(
                "public address",
                format!("of {family}, browsers are told {} alone", list(&of_it)),
                advice,
            )?;
        }
    }
    let has_any = has_public(false) || has_public(true);
    if has_any && mapped.is_empty() {
        findings.ok("public address", format!("browsers are told {}", list(&told)))?;
    } else if has_any {
        let port = config.media_port.unwrap_or_default();
        let advice = format!(
            "right behind a router or a cloud's NAT, which must pass UDP and TCP {port} on to this machine, under that number; \
             tangelo doctor --url, from elsewhere, tells whether it does"
        );
        findings.warn(
            "public address",
            format!("this machine does not have {} itself", list(&mapped)),
            advice,
        )?;
    }
    let is_public_v6 = |ip: &IpAddr| ip.is_ipv6() && is_public(*ip);
    let own = probe::announced(&Config::new(([0; 4], 0).into()));
    if let Some(ip) = own.iter().find(|ip| is_public_v6(ip)).filter(|_| !told.iter().any(is_public_v6)) {
        let advice = format!("add --public-ip {ip}: some networks have nothing but IPv6");
        findings.warn("IPv6", "this machine has it, and browsers are not told", advice)?;
    }
    Ok(())
}

/// Whether people elsewhere can send there. Behind a provider's NAT they cannot (RFC 6598).
fn is_public(ip: IpAddr) -> bool {
    let is_shared = matches!(ip, IpAddr::V4(ip) if matches!(ip.octets(), [100, 64..=127, _, _]));
    !is_local(ip) && !is_shared
}

/// TURN servers answer such questions, too (RFC 8656 section 3.1).
async fn turn(config: &Config, findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    for url in config.turn.iter().flat_map(|turn| &turn.urls) {
        let server = url.to_string();
        let place = server.split_once(':').map_or(&*server, |(_, rest)| rest);
        let (place, transport) = place.split_once("?transport=").unwrap_or((place, "udp"));
        let is_tls = server.starts_with("turns:");
        let port = if is_tls { 5_349 } else { 3_478 };
        let has_port = place.rsplit_once(':').is_some_and(|(host, port)| {
            port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
        });
        let place = if has_port { place.to_owned() } else { format!("{place}:{port}") };
        let answers = if transport == "udp" && !is_tls {
            probe::seen_from(&place).await.map(|all| all.iter().any(Result::is_ok))
        } else {
            match timeout(CONNECT, TcpStream::connect(&*place)).await {
                Ok(outcome) => outcome.map(|_| true),
                Err(_) => Ok(false),
            }
        };
        match answers {
            Ok(true) => findings.ok("TURN", format!("{server} answers"))?,
            Ok(false) => findings.fail(
                "TURN",
                format!("{server} does not answer"),
                "see that it runs, and docs/turn.md",
            )?,
            Err(error) => {
                findings.fail(
                    "TURN",
                    format!("{server}: {error}"),
                    "see that it runs, and that the name is right",
                )?;
            }
        }
    }
    Ok(())
}

/// With an authority that is asked anyway, by its clock.
async fn time(config: &Config, findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    let Some(acme) = &config.acme else { return clock::ask_system(findings) };
    let Ok(address) = Address::of_server(&acme.directory) else { return Ok(()) };
    let (host, path) = (address.host.clone(), address.link.clone());
    let answer = match Fetcher::new(address, acme.root.as_deref()) {
        Ok(mut fetcher) => fetcher.get(&path, "identity").await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match answer {
        Ok(answer) => {
            // A proxy's page, or another path of the authority, is an answer, too (RFC 8555 section 7.1.1).
            let object = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
            if answer.status == 200 && object.get("newOrder").is_some() {
                findings.ok("ACME", format!("{host} answers"))?;
            } else {
                let seen = format!(
                    "{host} answers with HTTP status {}, and not as an authority does",
                    answer.status
                );
                findings.fail("ACME", seen, "correct --acme-directory, or see what stands between")?;
            }
            clock::compare(&host, answer.header("date"), SystemTime::now(), findings)
        }
        Err(error) => {
            findings.fail(
                "ACME",
                error,
                "without it no certificate comes: see that this machine reaches it",
            )?;
            clock::ask_system(findings)
        }
    }
}
