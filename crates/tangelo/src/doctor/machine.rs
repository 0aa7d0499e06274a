//! What the machine gives to a server.

use std::{
    error::Error,
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use tangelo_call::random_bytes;
use tangelo_server::{Capacity, ConnectionLimits, probe};

use super::finding::Findings;

/// Room that a store may need in a day of many calls.
const FREE_MIN_BYTES: u64 = 1 << 30;

/// Who runs this command: what can be read, written and taken goes by that, and a service is mostly somebody else.
pub(super) struct User {
    /// `None` where the system does not tell.
    name: Option<String>,
    is_root: bool,
}

impl User {
    pub(super) fn own() -> Self {
        let id = ask("-u");
        let name = ask("-un").or_else(|| id.as_ref().map(|id| format!("number {id}")));
        Self { name, is_root: id.as_deref() == Some("0") }
    }

    /// To stand behind what was seen.
    pub(super) fn told(&self) -> String {
        self.name.as_ref().map_or_else(String::new, |name| format!(" (as user {name})"))
    }
}

/// As POSIX's `id` tells it.
fn ask(what: &str) -> Option<String> {
    let answer = Command::new("id").arg(what).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| answer.status.success() && !text.is_empty())
}

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

/// Whether something can be written in a folder, or in the one in which it would be made, and how much. `server` is the process of a
/// server that runs, if one is known.
pub(super) fn folder(
    what: &'static str,
    folder: &Path,
    user: &User,
    server: Option<u32>,
    findings: &mut Findings,
) -> Result<(), Box<dyn Error>> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let (shown, by) = (folder.display(), user.told());
    // The folder may be of somebody who would like to choose what is written to: nobody knows the name before, and no link is followed.
    let chance = u64::from_be_bytes(random_bytes()?);
    if let Err(error) = write_and_remove(&there.join(format!(".tangelo-doctor-{chance:016x}"))) {
        let advice = format!(
            "the user of the server must be able to write there: chown it, or choose another folder ({error}); if that is another \
             user than this one: sudo -u tangelo tangelo doctor ..."
        );
        return findings.fail(what, format!("nothing can be written to {shown}{by}"), advice);
    }
    if let Some(owner) = owner_other_than(there, server).filter(|_| user.is_root) {
        let advice = "root may write everywhere, and the server perhaps not: look as its user, sudo -u tangelo tangelo doctor ...";
        let seen =
            format!("{} belongs to user number {owner}, which is not the server's{by}", there.display());
        findings.warn(what, seen, advice)?;
    }
    match free_bytes(there) {
        Some(free) if free < FREE_MIN_BYTES => findings.warn(
            what,
            format!("{shown} can be written, but {} MB are free{by}", free >> 20),
            "make room: what cannot be written does not outlive a restart",
        ),
        Some(free) => findings.ok(what, format!("{shown} can be written, {} GB are free{by}", free >> 30)),
        None => findings.ok(what, format!("{shown} can be written{by}")),
    }
}

fn write_and_remove(probe: &Path) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).open(probe)?;
    fs::remove_file(probe)
}

/// The owner of a folder, if it is not the server's user: root's, as long as none runs.
#[cfg(unix)]
fn owner_other_than(folder: &Path, server: Option<u32>) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let owner = fs::metadata(folder).ok()?.uid();
    let wanted = match server {
        Some(pid) => fs::metadata(format!("/proc/{pid}")).ok()?.uid(),
        None => 0,
    };
    Some(owner).filter(|owner| *owner != wanted)
}

/// Other systems have no such owners.
#[cfg(not(unix))]
fn owner_other_than(_: &Path, _: Option<u32>) -> Option<u32> {
    None
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
