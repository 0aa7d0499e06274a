//! All figures of the server, with their names.

use std::time::UNIX_EPOCH;

use serde::Serialize;
use tangelo_delivery::{Entries, Stats};
use tangelo_wire::{DepartReason, ErrorCode};

use super::{
    Counters,
    parts::{Answers, MediaReport},
    process::Process,
    text::{Family, Page},
};

/// The page for Prometheus. A part that did not answer has no figures on it.
pub(crate) fn page(counters: &Counters, answers: &Answers) -> String {
    let mut page = Page::default();
    page.gauge("tangelo_build_info", "Which version this is; always 1.")
        .at(&[("version", &env!("CARGO_PKG_VERSION"))], 1);
    page.gauge("tangelo_draining", "1 while the server is about to stop.").is(counters.draining.get());
    up(&mut page, answers);
    if let Some(stats) = &answers.engine {
        delivery(&mut page, stats);
    }
    web(&mut page, counters);
    media(&mut page, &answers.media);
    process(&mut page, &Process::look(), counters);
    page.finish()
}

fn up(page: &mut Page, answers: &Answers) {
    let mut up = page.gauge("tangelo_part_up", "Whether a part of the server answers.");
    up = up.at(&[("part", &"engine")], u8::from(answers.engine.is_some()));
    for (number, answer) in answers.media.iter().enumerate() {
        up = up.at(&[("part", &format_args!("media-{number}"))], u8::from(answer.is_some()));
    }
    page.gauge("tangelo_engine_waiting", "Messages that wait for the engine.").is(answers.engine_waiting);
}

/// The name of a code or a reason in the protocol.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

fn delivery(page: &mut Page, stats: &Stats) {
    page.gauge("tangelo_rooms", "Rooms with somebody in them.").is(stats.rooms);
    page.gauge("tangelo_clients", "People in all rooms.").is(stats.clients);
    page.gauge("tangelo_websockets", "WebSockets that are open.").is(stats.connections);
    page.counter("tangelo_arrivals_total", "Clients that arrived in a room.").is(stats.arrived);
    page.counter("tangelo_resumes_total", "Clients that came back in time after a lost connection.")
        .is(stats.resumed);
    let mut departures = page.counter("tangelo_departures_total", "Clients that departed, by reason.");
    for reason in DepartReason::ALL {
        let count = stats.departed.get(&reason).copied().unwrap_or_default();
        departures = departures.at(&[("reason", &name(reason))], count);
    }
    let mut refusals = page.counter("tangelo_refusals_total", "What clients were refused, by error code.");
    for code in ErrorCode::ALL {
        let count = stats.refused.get(&code).copied().unwrap_or_default();
        refusals = refusals.at(&[("code", &name(code))], count);
    }
    page.counter("tangelo_posts_stale_total", "Posts that another one came before.").is(stats.stale);
    let Entries { arrived, departed, founded, committed, entered, host_said, message } = stats.entries;
    page.counter("tangelo_log_entries_total", "Entries of all rooms' logs, by kind.")
        .at(&[("kind", &"arrived")], arrived)
        .at(&[("kind", &"departed")], departed)
        .at(&[("kind", &"founded")], founded)
        .at(&[("kind", &"committed")], committed)
        .at(&[("kind", &"entered")], entered)
        .at(&[("kind", &"host_said")], host_said)
        .at(&[("kind", &"message")], message);
}

fn web(page: &mut Page, counters: &Counters) {
    let mut answers = page.counter("tangelo_http_responses_total", "Answers to HTTP requests, by status.");
    for (class, count) in (1..).zip(&counters.statuses) {
        answers = answers.at(&[("class", &format_args!("{class}xx"))], count.get());
    }
    page.counter("tangelo_websocket_messages_total", "Messages of WebSockets.")
        .at(&[("direction", &"in")], counters.messages_in.get())
        .at(&[("direction", &"out")], counters.messages_out.get());
    page.counter("tangelo_websocket_bytes_total", "What messages of WebSockets held, in bytes.")
        .at(&[("direction", &"in")], counters.bytes_in.get())
        .at(&[("direction", &"out")], counters.bytes_out.get());
    page.counter("tangelo_websockets_cut_total", "WebSockets cut because their client read too slowly.")
        .is(counters.cut.get());
    page.counter(
        "tangelo_address_refusals_total",
        "Connections, WebSockets and arrivals refused because one network address had too many.",
    )
    .is(counters.address_refusals.get());
    page.counter("tangelo_turn_credentials_total", "Credentials for TURN servers that were given out.")
        .is(counters.turn_credentials.get());
    page.counter("tangelo_store_writes_total", "Writes to the store that succeeded.")
        .is(counters.store_writes.get());
    page.counter("tangelo_store_failures_total", "Writes to the store that failed or took too long.")
        .is(counters.store_failures.get());
    page.counter("tangelo_store_bytes_total", "What was written to the store, in bytes.")
        .is(counters.store_bytes.get());
}

/// What a figure is of a media thread.
type Value = fn(&MediaReport) -> u64;

fn media(page: &mut Page, threads: &[Option<MediaReport>]) {
    let answered =
        || threads.iter().enumerate().filter_map(|(number, answer)| Some((number, answer.as_ref()?)));
    let each = |mut family: Family<'_>, label: &str, values: &[(&str, Value)]| {
        for (number, report) in answered() {
            for (name, value) in values {
                let labels: [(&str, &dyn std::fmt::Display); 2] = [("thread", &number), (label, name)];
                let few = if label.is_empty() { &labels[..1] } else { &labels[..] };
                family = family.at(few, value(report));
            }
        }
    };
    let one = |family: Family<'_>, value: Value| each(family, "", &[("", value)]);
    one(page.gauge("tangelo_media_participants", "Media sessions."), |of| of.sfu.participants as u64);
    one(page.counter("tangelo_media_sessions_total", "Media sessions that began."), |of| of.sfu.sessions);
    each(
        page.counter("tangelo_media_datagrams_total", "Datagrams, and packets of media over TCP."),
        "direction",
        &[("in", |of| of.sfu.datagrams_in), ("out", |of| of.sfu.datagrams_out)],
    );
    each(
        page.counter("tangelo_media_bytes_total", "What datagrams held, in bytes."),
        "direction",
        &[("in", |of| of.sfu.bytes_in), ("out", |of| of.sfu.bytes_out)],
    );
    each(
        page.counter("tangelo_media_packets_total", "Packets of audio and video, without repairs."),
        "direction",
        &[("in", |of| of.sfu.packets_in), ("out", |of| of.sfu.packets_out)],
    );
    let help = "Packets sent once more: what receivers lost, and what fills probes of their networks.";
    one(page.counter("tangelo_media_repairs_total", help), |of| of.sfu.repairs_out);
    one(
        page.counter("tangelo_media_key_frames_asked_total", "Key frames that senders were asked for."),
        |of| of.sfu.key_frames_asked,
    );
    each(
        page.counter("tangelo_media_dropped_total", "Datagrams and packets dropped, by reason."),
        "reason",
        &[
            ("garbage", |of| of.sfu.dropped_garbage),
            ("unknown", |of| of.sfu.dropped_unknown),
            ("malformed", |of| of.sfu.dropped_malformed),
            ("unexpected", |of| of.sfu.dropped_unexpected),
            ("late", |of| of.late),
            ("unsent", |of| of.unsent),
        ],
    );
    each(
        page.gauge("tangelo_media_receivers", "Receivers by what their network carries, as estimated."),
        "estimate",
        &[
            ("below 300 kbit/s", |of| of.sfu.estimates[0] as u64),
            ("below 1 Mbit/s", |of| of.sfu.estimates[1] as u64),
            ("below 3 Mbit/s", |of| of.sfu.estimates[2] as u64),
            ("3 Mbit/s and more", |of| of.sfu.estimates[3] as u64),
        ],
    );
    one(page.counter("tangelo_media_handed_total", "Datagrams handed to the thread whose they are."), |of| {
        of.handed
    });
}

fn process(page: &mut Page, process: &Process, counters: &Counters) {
    let started = counters.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    page.gauge("process_start_time_seconds", "When the server started, since 1970.").is(started);
    let Process { cpu_seconds, resident_bytes, open_files, most_files, threads } = *process;
    if let Some(seconds) = cpu_seconds {
        page.counter("process_cpu_seconds_total", "Time on processors, in seconds.").is(seconds);
    }
    for (name, help, value) in [
        ("process_resident_memory_bytes", "Memory in use, in bytes.", resident_bytes),
        ("process_open_fds", "Files and connections that are open.", open_files),
        ("process_max_fds", "Most files and connections that can be open.", most_files),
        ("process_threads", "Threads.", threads),
    ] {
        if let Some(value) = value {
            page.gauge(name, help).is(value);
        }
    }
}
