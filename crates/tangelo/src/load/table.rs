//! The closing table, for people.

use std::fmt::{self, Write as _};

use super::{
    histogram::Spread,
    report::{Report, Server, Window},
};

/// A percentile's name and value.
type Pick = (&'static str, fn(&Spread) -> f64);
const JOINS: [Pick; 3] = [("p50", |s| s.p50_ms), ("p95", |s| s.p95_ms), ("max", |s| s.max_ms)];
const DELAYS: [Pick; 4] =
    [("p50", |s| s.p50_ms), ("p90", |s| s.p90_ms), ("p99", |s| s.p99_ms), ("max", |s| s.max_ms)];

/// Lines of two columns; where the first is empty, a line belongs to the one before.
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, text: impl fmt::Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name:<18} {text}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Lines(String::new());
        people(&mut lines, self);
        frames(&mut lines, self);
        if let Some(window) = &self.window {
            packets(&mut lines, window);
        }
        match &self.server {
            Some(measured) => server(&mut lines, measured),
            None => {
                let why = self.server_not_measured.as_deref().unwrap_or_default();
                lines.add("server", format_args!("not measured: {why}"));
            }
        }
        f.write_str(&lines.0)
    }
}

fn people(lines: &mut Lines, report: &Report) {
    let Report { inside, people, publishers, rooms, .. } = report;
    let rooms = if *rooms == 1 { String::new() } else { format!(", in {rooms} rooms") };
    lines.add("people", format_args!("{inside} of {people} came in, {publishers} publish{rooms}"));
    if report.troubled > 0 {
        lines.add("in trouble", format_args!("{} people:", report.troubled));
    }
    for trouble in &report.troubles {
        let text: String = trouble.chars().filter(|c| !c.is_control()).collect();
        lines.add("", text);
    }
    for (why, times) in &report.arrived_anew {
        lines.add("arrived anew", format_args!("{times} times: {why}"));
    }
    lines.add("inside after", shown(report.inside_after.as_ref(), &JOINS));
    lines.add("first frame after", shown(report.first_frame_after.as_ref(), &JOINS));
    lines.add("commits", report.commits);
}

fn frames(lines: &mut Lines, report: &Report) {
    lines.add("frames", format_args!("{} sent, {} received", report.frames_sent, report.frames_received));
    let share = 100.0 * report.frames_lost as f64 / report.frames_expected.max(1) as f64;
    lines.add("lost", format_args!("{} of {} ({share:.3} %)", report.frames_lost, report.frames_expected));
    if report.frames_missed > 0 {
        lines
            .add("", format_args!("{} of them by this program, which did not keep up", report.frames_missed));
    }
    if let Some(dropped) = report.datagrams_dropped.filter(|dropped| *dropped > 0) {
        lines.add("", format_args!("sockets of this machine had no room for {dropped} datagrams"));
    }
    if report.lines_silent > 0 {
        lines.add(
            "silent",
            format_args!("nothing ever came on {} of {} lines", report.lines_silent, report.lines),
        );
    }
    let (failed, early) = (report.frames_undecryptable, report.frames_early);
    lines.add("not decrypted", format_args!("{failed}; {early} more came before their receiver had keys"));
    if failed > 0 {
        let reasons = report.frames_dropped.iter().map(|(reason, count)| format!("{reason} {count}"));
        lines.add("", format_args!("all of them by reason: {}", reasons.collect::<Vec<_>>().join(", ")));
    }
    lines.add("delay end to end", shown(report.delay.as_ref(), &DELAYS));
}

fn packets(lines: &mut Lines, window: &Window) {
    let seconds = window.seconds.max(0.001);
    lines.add(
        "packets",
        format_args!(
            "{} forwarded in {seconds:.1} s: {:.0} a second, {:.1} Mbit/s",
            window.packets_forwarded,
            window.packets_forwarded as f64 / seconds,
            window.bytes_forwarded as f64 * 8e-6 / seconds,
        ),
    );
    let times = window.own_cpu_seconds.zip(window.own_waited_seconds);
    let Some((used, waited)) = times.map(|(used, waited)| (used / seconds, waited / seconds)) else { return };
    let cpus = window.own_cpus;
    lines.add("this program", format_args!("{used:.2} of {cpus} processors used, {waited:.2} waited for"));
    if used + waited > 0.9 * cpus as f64 {
        lines.add(
            "",
            "it had too few, so delay and loss are its own. Ask for less, or run it on another machine",
        );
    }
}

fn server(lines: &mut Lines, server: &Server) {
    lines.add("server", format_args!("process {} ({})", server.pid, server.name));
    let (all, media) = (server.cpu_seconds, server.media_cpu_seconds);
    lines.add("server processor", format_args!("{all:.2} s, {media:.2} s of it by the thread that forwards"));
    match server.packets_per_cpu_second {
        Some(rate) => lines.add("", format_args!("{rate:.0} packets forwarded with a second of it")),
        None => lines.add("", "too little to tell how many packets a second of it forwards"),
    }
    let (all, each) = (server.rss_bytes as f64 / 1e6, server.rss_per_client_bytes as f64 / 1e3);
    lines.add("server memory", format_args!("{all:.1} MB, {each:.0} kB more for each client"));
}

fn shown(spread: Option<&Spread>, picks: &[Pick]) -> String {
    let Some(spread) = spread else { return "nothing to tell".to_owned() };
    let values = picks.iter().map(|(name, pick)| format!("{name} {:.1}", pick(spread)));
    format!("{} ms", values.collect::<Vec<_>>().join(", "))
}
