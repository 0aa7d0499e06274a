//! What the system says of this process. On other systems than Linux, nothing.

use std::fs;

/// Since there are several clocks in the kernel, `/proc` counts time in hundredths of a second everywhere.
const TICKS_PER_SECOND: u64 = 100;

/// This process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Process {
    /// Time on processors, in seconds.
    pub(crate) cpu_seconds: Option<f64>,
    /// Memory in use, in bytes.
    pub(crate) resident_bytes: Option<u64>,
    /// Files and connections that are open.
    pub(crate) open_files: Option<u64>,
    /// Most of them.
    pub(crate) most_files: Option<u64>,
    pub(crate) threads: Option<u64>,
}

impl Process {
    pub(crate) fn look() -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let open_files = fs::read_dir("/proc/self/fd").ok().and_then(|files| {
            // One of them is this look itself.
            u64::try_from(files.count()).ok()?.checked_sub(1)
        });
        Self { open_files, ..Self::read(&read("stat"), &read("status"), &read("limits")) }
    }

    /// As proc(5) has it.
    fn read(stat: &str, status: &str, limits: &str) -> Self {
        // The second field is the program's name, in brackets, with anything in it.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let ticks = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        #[allow(clippy::cast_precision_loss, reason = "a processor's time stays far below 2^53 ticks")]
        let seconds = |ticks: u64| ticks as f64 / TICKS_PER_SECOND as f64;
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let most = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
        Self {
            cpu_seconds: ticks(14).zip(ticks(15)).map(|(user, system)| seconds(user.saturating_add(system))),
            resident_bytes: of("VmRSS:").map(|kib| kib.saturating_mul(1_024)),
            open_files: None,
            most_files: most.and_then(|rest| rest.split_whitespace().next()?.parse().ok()),
            threads: of("Threads:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read_as_it_is() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 75 0 0 20 0 9 0 12345 1000 200 1";
        let status = "Name:\ta) b\nVmPeak:\t  900 kB\nVmRSS:\t   512 kB\nThreads:\t9\n";
        let limits = "Limit      Soft Limit  Hard Limit  Units\nMax open files   1024   4096   files\n";
        let process = Process::read(stat, status, limits);
        let known = Process {
            cpu_seconds: Some(3.25),
            resident_bytes: Some(512 * 1_024),
            open_files: None,
            most_files: Some(1_024),
            threads: Some(9),
        };
        assert_eq!(process, known);
        assert_eq!(Process::read("", "", ""), Process::default());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_there() {
        let Process { cpu_seconds, resident_bytes, open_files, most_files, threads } = Process::look();
        assert!(cpu_seconds.is_some() && resident_bytes > Some(1 << 20) && threads > Some(0));
        assert!(open_files > Some(2) && open_files < most_files, "{open_files:?} of {most_files:?}");
    }
}
