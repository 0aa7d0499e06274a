//! What the machine gives to a server.

use std::{error::Error, fs, path::Path, process::Command};

use tangelo_server::{Capacity, ConnectionLimits, probe};

use super::finding::Findings;

/// Room that a store may need in a day of many calls.
const FREE_MIN_BYTES: u64 = 1 << 30;

/// Buffers, files, and what the kernel does at once.
pub(super) fn look(capacity: &Capacity, findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    buffers(findings)?;
    files(capacity, findings)?;
    match probe::offload() {
        Ok((1, 1)) => findings.warn(
            "kernel",
            "it takes and brings one datagram at a time (no GSO, no GRO)",
            "a newer Linux kernel (4.18 or later, 5.0 for GRO) carries several times as much",
        ),
        Ok((send, receive)) => findings.ok(
            "kernel",
            format!("it takes up to {send} datagrams at once (GSO) and brings up to {receive} (GRO)"),
        ),
        Err(error) => {
            let advice = "see that the user of the server may open sockets";
            findings.fail("kernel", format!("it gives no UDP socket: {error}"), advice)
        }
    }
}

fn buffers(findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    for (name, what) in [("rmem_max", "receive"), ("wmem_max", "send")] {
        let text = fs::read_to_string(format!("/proc/sys/net/core/{name}"));
        let Some(most) = text.ok().and_then(|text| text.trim().parse::<usize>().ok()) else { continue };
        let wanted = probe::SOCKET_BUFFER_BYTES;
        let seen = format!("up to {} kB to {what}", most >> 10);
        if most >= wanted {
            findings.ok("UDP buffers", seen)?;
        } else {
            let advice = format!(
                "for calls of many people: sysctl -w net.core.{name}={wanted}, and the same in /etc/sysctl.d/ for the next start"
            );
            findings.warn("UDP buffers", seen, advice)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn files(capacity: &Capacity, findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    let wanted = crate::serve::files_wanted(&ConnectionLimits::of(capacity));
    match rlimit::Resource::NOFILE.get() {
        Ok((_, hard)) if hard < wanted => findings.warn(
            "open files",
            format!("the system allows {hard}, where a full server uses up to {wanted}"),
            "raise the limit (ulimit -Hn; in systemd units LimitNOFILE=), or lower --max-clients",
        ),
        Ok((_, hard)) => {
            findings.ok("open files", format!("up to {hard}, of which a full server uses {wanted}"))
        }
        Err(error) => {
            findings.warn("open files", format!("the limit is not told: {error}"), "see ulimit -Hn")
        }
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
fn files(_: &Capacity, _: &mut Findings) -> Result<(), Box<dyn Error>> {
    Ok(())
}

/// Whether something can be written in a folder, or in the one in which it would be made, and how much.
pub(super) fn folder(
    what: &'static str,
    folder: &Path,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let shown = folder.display();
    let probe = there.join(format!(".tangelo-doctor-{}", std::process::id()));
    let written = fs::write(&probe, "").and_then(|()| fs::remove_file(&probe));
    if let Err(error) = written {
        let advice = format!(
            "the user of the server must be able to write there: chown it, or choose another folder ({error})"
        );
        return findings.fail(what, format!("nothing can be written to {shown}"), advice);
    }
    match free_bytes(there) {
        Some(free) if free < FREE_MIN_BYTES => findings.warn(
            what,
            format!("{shown} can be written, but {} MB are free", free >> 20),
            "make room: what cannot be written does not outlive a restart",
        ),
        Some(free) => findings.ok(what, format!("{shown} can be written, {} GB are free", free >> 30)),
        None => findings.ok(what, format!("{shown} can be written")),
    }
}

/// As POSIX's `df` tells it.
fn free_bytes(folder: &Path) -> Option<u64> {
    let answer = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let line = text.lines().nth(1)?;
    // The name of the file system may have blanks in it; the numbers come after it.
    let mut words = line.split_ascii_whitespace().rev().skip_while(|word| !word.ends_with('%')).skip(1);
    words.next()?.parse::<u64>().ok()?.checked_mul(1_024)
}
