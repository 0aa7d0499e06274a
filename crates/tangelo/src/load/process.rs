//! What the server's process takes of this machine, where it runs on it and the system tells.

use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    time::Duration,
};

/// A process of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// As the system names it.
    pub(crate) name: String,
}

/// What it has taken so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Processor time of all its threads.
    pub(super) cpu: Duration,
    /// Processor time of the threads that forward media.
    pub(super) media_cpu: Duration,
    /// How long its threads could have run and had no processor: other programs had it, or each other.
    pub(super) waited: Duration,
    /// Memory that is in use.
    pub(super) rss_bytes: u64,
}

/// Of a clock tick, in which Linux counts (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

impl Process {
    /// A process by its number, or the one that listens at `addresses`. The error says why there is nothing to tell.
    pub(super) fn find(pid: Option<u32>, addresses: &[SocketAddr]) -> Result<Self, String> {
        if !Path::new("/proc/self/task").is_dir() {
            return Err("this system does not tell: it has no /proc as Linux has".to_owned());
        }
        if let Some(pid) = pid {
            return Self::named(pid).ok_or_else(|| format!("there is no process {pid}"));
        }
        let Some(local) = addresses.iter().find(|address| is_local(address)) else {
            return Err("the server is on another machine".to_owned());
        };
        Self::holding(local.port(), false).ok_or_else(|| {
            "the server's process cannot be found, perhaps because it belongs to somebody else: give it with \
             --server-pid"
                .to_owned()
        })
    }

    /// The process that has this UDP port, or listens on this TCP port, as far as the system tells.
    pub(crate) fn holding(port: u16, is_udp: bool) -> Option<Self> {
        holder(port, is_udp).and_then(Self::named)
    }

    fn named(pid: u32) -> Option<Self> {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        Some(Self { pid, name: name.trim_end().to_owned() })
    }

    /// This program itself.
    pub(super) fn own() -> Option<Self> {
        Self::named(std::process::id())
    }

    /// What it has taken until now; `None` if it has ended.
    pub(super) fn usage(&self) -> Option<Usage> {
        let folder = PathBuf::from(format!("/proc/{}", self.pid));
        let mut usage = Usage { rss_bytes: rss_bytes(&folder)?, ..Usage::default() };
        for thread in fs::read_dir(folder.join("task")).ok()?.flatten() {
            // A thread that has just ended.
            let Some((cpu, waited)) = thread_times(&thread.path()) else { continue };
            usage.cpu += cpu;
            usage.waited += waited;
            if fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.starts_with("media-")) {
                usage.media_cpu += cpu;
            }
        }
        Some(usage)
    }
}

/// Processor time of a thread and its waiting for one: to the nanosecond where the kernel counts so, otherwise in ticks
/// and without waiting.
fn thread_times(folder: &Path) -> Option<(Duration, Duration)> {
    let exact = fs::read_to_string(folder.join("schedstat")).ok();
    if let Some(times) = exact.and_then(|text| schedstat(&text)) {
        return Some(times);
    }
    let ticks = ticks(&fs::read_to_string(folder.join("stat")).ok()?)?;
    Some((TICK * ticks, Duration::ZERO))
}

/// The first two numbers of a `schedstat` file, which are 0 where the kernel does not count.
fn schedstat(text: &str) -> Option<(Duration, Duration)> {
    let mut times = text.split_ascii_whitespace().map_while(|ns| ns.parse().ok()).map(Duration::from_nanos);
    times.next().zip(times.next()).filter(|(cpu, _)| !cpu.is_zero())
}

/// User and system time of a `stat` file (proc_pid_stat(5)). The name before may hold anything, brackets too.
fn ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    Some(user.saturating_add(fields.next()?.parse().ok()?))
}

fn rss_bytes(folder: &Path) -> Option<u64> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()? * 1_024)
}

/// Whether an address is of this machine: only those can be bound.
fn is_local(address: &SocketAddr) -> bool {
    UdpSocket::bind((address.ip(), 0)).is_ok()
}

fn holder(port: u16, is_udp: bool) -> Option<u32> {
    // Listening for TCP, and without a peer for UDP, as the kernel numbers it.
    let (protocol, state) = if is_udp { ("udp", "07") } else { ("tcp", "0A") };
    let inodes: Vec<String> = ["", "6"]
        .iter()
        .filter_map(|family| fs::read_to_string(format!("/proc/net/{protocol}{family}")).ok())
        .flat_map(|table| holding(&table, port, state))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let has_it = |folder: &Path| {
        let Ok(files) = fs::read_dir(folder.join("fd")) else { return false };
        files.flatten().any(|file| {
            fs::read_link(file.path())
                .is_ok_and(|link| inodes.iter().any(|inode| Path::new(inode) == link.as_path()))
        })
    };
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .find(|(_, folder)| has_it(folder))
        .map(|(pid, _)| pid)
}

/// The inodes of sockets in this state at a port, in a table as in /proc/net/tcp (proc_pid_net(5)).
fn holding(table: &str, port: u16, state: &str) -> Vec<u64> {
    let local = format!(":{port:04X}");
    let rows = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    rows.filter(|row| {
        row.get(1).is_some_and(|address| address.ends_with(&local)) && row.get(3) == Some(&state)
    })
    .filter_map(|row| row.get(9)?.parse().ok())
    .collect()
}

/// Datagrams that this machine threw away because their sockets were full, of all programs.
pub(super) fn datagrams_dropped() -> Option<u64> {
    let text = fs::read_to_string("/proc/net/snmp").ok()?;
    let mut rows = text.lines().filter(|line| line.starts_with("Udp:"));
    let place = rows.next()?.split(' ').position(|name| name == "RcvbufErrors")?;
    rows.next()?.split(' ').nth(place)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_tells_who_listens_on_a_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0\n   \
                     1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0\n   \
                     2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0\n";
        assert_eq!(holding(table, 8_080, "0A"), [4_711]);
        assert_eq!(holding(table, 80, "0A"), [4_713]);
        assert!(holding(table, 443, "0A").is_empty());
    }

    #[test]
    fn names_with_brackets_do_not_hide_the_times() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 4 0 100 1 2";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("7 (a"), None);
    }

    #[test]
    fn schedstat_tells_running_and_waiting() {
        let times = schedstat("1500 20 3\n");
        assert_eq!(times, Some((Duration::from_nanos(1_500), Duration::from_nanos(20))));
        assert_eq!(schedstat("0 0 0\n"), None);
        assert_eq!(schedstat(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_is_found_by_its_port_and_tells_what_it_takes() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let process = Process::find(None, &[listener.local_addr().unwrap()]).unwrap();
        assert_eq!(process.pid, std::process::id());
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(Process::holding(socket.local_addr().unwrap().port(), true), Some(process.clone()));
        let usage = process.usage().unwrap();
        assert!(usage.rss_bytes > 100_000 && usage.cpu >= usage.media_cpu, "{usage:?}");
        assert!(datagrams_dropped().is_some());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn why_there_is_nothing_to_tell_is_said() {
        let elsewhere = Process::find(None, &["192.0.2.1:80".parse().unwrap()]).unwrap_err();
        assert!(elsewhere.contains("another machine"), "{elsewhere}");
        let gone = Process::find(Some(u32::MAX), &[]).unwrap_err();
        assert!(gone.contains("no process"), "{gone}");
    }
}
