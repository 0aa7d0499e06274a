//! Whether this machine's clock is right, by what others say (RFC 9110 section 6.6.1).

use std::{
    error::Error,
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::finding::Findings;

/// Certificates and the credentials of TURN servers bear less than this with patience.
const BEARABLE: Duration = Duration::from_secs(60);

/// By the header `Date` of an answer that came just now.
pub(super) fn compare(
    whose: &str,
    date: Option<&[u8]>,
    now: SystemTime,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let then = date.and_then(|date| std::str::from_utf8(date).ok()).and_then(read);
    let Some(then) = then else {
        return findings.warn("clock", format!("{whose} tells no date"), "compare the clocks by hand");
    };
    let apart = now.duration_since(then).unwrap_or_else(|error| error.duration());
    let seen = format!("{} s apart from that of {whose}", apart.as_secs());
    if apart <= BEARABLE {
        findings.ok("clock", seen)
    } else {
        let advice = "one of the two is wrong: have both set by NTP (timedatectl set-ntp true), or certificates and the \
                      credentials for TURN seem invalid";
        findings.fail("clock", seen, advice)
    }
}

/// By what systemd says of it; nothing where it is not there.
pub(super) fn ask_system(findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    let asked = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(answer) = asked else { return Ok(()) };
    match answer.stdout.as_slice() {
        b"yes\n" => findings.ok("clock", "kept right by NTP, says the system"),
        b"no\n" => findings.warn(
            "clock",
            "not kept right by NTP, says the system",
            "timedatectl set-ntp true; a wrong clock makes certificates and the credentials for TURN seem invalid",
        ),
        _ => Ok(()),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), the form that is sent today.
fn read(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.trim().split_once(", ")?;
    let mut words = rest.strip_suffix(" GMT")?.split(' ');
    let day: u64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = words.next()?;
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let year: u64 = words.next()?.parse().ok().filter(|year| (1970..=9_999).contains(year))?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok().filter(|part| *part < 61));
    let seconds = clock.next()?? * 3_600 + clock.next()?? * 60 + clock.next()??;
    // Days since 1970, in years that begin in March, so that a leap day is the last of its year.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day - 1;
    Some(UNIX_EPOCH + Duration::from_secs(days.checked_sub(719_468)? * 86_400 + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        for (text, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2028 12:00:00 GMT", 1_835_438_400),
        ] {
            assert_eq!(read(text), Some(UNIX_EPOCH + Duration::from_secs(seconds)), "{text}");
        }
        for bad in [
            "",
            "now",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Now 1994 08:49:37 GMT",
            "a, 99 Jan 1 0:0:0 GMT",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
