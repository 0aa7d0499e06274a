//! For what and how long a certificate is good.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use tangelo_server::CertificateFacts;

use super::finding::Findings;

/// Less than this is left of no certificate that somebody renews.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Tells names and times. `advice` is how it is renewed.
pub(super) fn judge(
    facts: &CertificateFacts,
    wanted: &[&str],
    advice: &str,
    now: SystemTime,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let names = if facts.names.is_empty() { "nothing".to_owned() } else { facts.names.join(", ") };
    for name in wanted.iter().filter(|name| !facts.is_for(name)) {
        let advice = format!("get one for {name}, or open the page under a name that it is for");
        findings.fail("certificate", format!("it is for {names}, not for {name}"), advice)?;
    }
    if let Ok(early) = facts.from.duration_since(now) {
        let seen = format!("it is not good for another {}", days(early));
        return findings.fail("certificate", seen, "set the clock right, or wait");
    }
    match facts.until.duration_since(now) {
        Err(error) => {
            let seen = format!("it has expired {} ago", days(error.duration()));
            findings.fail("certificate", seen, advice)
        }
        // Those of a few hours' or days' life are always about to end.
        Ok(left)
            if left < SOON && facts.until.duration_since(facts.from).is_ok_and(|life| life > SOON * 3) =>
        {
            findings.warn("certificate", format!("it is good for {} only", days(left)), advice)
        }
        Ok(left) => findings.ok("certificate", format!("for {names}, good for {}", days(left))),
    }
}

fn days(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..172_800 => format!("{} hours", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// How a certificate in files is renewed.
pub(super) const RENEW: &str = "have it renewed (certbot renew), or let Tangelo do that (--acme-domain); the server takes a new one within a minute";
