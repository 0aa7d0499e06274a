//! Offers as browsers make them, and as they must not be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;

use common::{ALICE, BOB, CAROL, World, payloads, receive, room, send, server};
use proptest::prelude::*;
use tangelo_sfu::{Answer, OfferError, Sfu, SfuConfig};
use tangelo_wire::{ClientId, LineUse, MediaLine, Source, limits};

use Source::{Camera, Microphone, Screen};

/// Chromium: sends microphone and camera, receives both of another.
const CHROME: &str = include_str!("sdp/chrome.sdp");
/// Firefox: sends microphone and camera (as sendrecv), receives a microphone.
const FIREFOX: &str = include_str!("sdp/firefox.sdp");

fn line(mid: &str, line_use: Option<LineUse>) -> MediaLine {
    MediaLine { mid: mid.into(), line_use }
}

fn chrome_lines() -> Vec<MediaLine> {
    vec![
        line("0", send(Microphone)),
        line("1", send(Camera)),
        line("2", receive(BOB, Microphone)),
        line("3", receive(BOB, Camera)),
    ]
}

fn firefox_lines() -> Vec<MediaLine> {
    vec![line("0", send(Microphone)), line("1", send(Camera)), line("2", receive(BOB, Microphone))]
}

fn offer(world: &mut World, sdp: &str, lines: &[MediaLine]) -> Result<Answer, OfferError> {
    world.sfu.offer(world.now, &room("one"), ALICE, sdp, lines)
}

/// The `m=` sections of an SDP.
fn sections(sdp: &str) -> Vec<String> {
    sdp.split("\r\nm=").skip(1).map(|section| format!("m={section}\r\n")).collect()
}

fn has(section: &str, line: &str) -> bool {
    section.lines().any(|found| found == line)
}

fn attributes<'a>(sdp: &'a str, name: &str) -> Vec<&'a str> {
    let prefix = format!("a={name}:");
    sdp.lines().filter_map(|line| line.strip_prefix(prefix.as_str())).collect()
}

#[test]
fn chromium_gets_an_answer_with_what_we_want_only() {
    let mut world = World::new();
    let answer = offer(&mut world, CHROME, &chrome_lines()).unwrap();
    assert_eq!(answer.published, [Microphone, Camera]);
    let sdp = answer.sdp;
    assert!(sdp.lines().any(|line| line == "a=ice-lite"));
    assert!(sdp.lines().any(|line| line == "a=group:BUNDLE 0 1 2 3"));
    assert!(sdp.contains("192.0.2.1 3478 typ host"));

    let sections = sections(&sdp);
    let first_lines: Vec<_> = sections.iter().map(|section| section.lines().next().unwrap()).collect();
    let (audio, video) = ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99");
    assert_eq!(first_lines, [audio, video, audio, video]);
    for (section, direction) in sections.iter().zip(["recvonly", "recvonly", "sendonly", "sendonly"]) {
        assert!(has(section, &format!("a={direction}")), "{section}");
        assert!(has(section, "a=setup:passive") && has(section, "a=rtcp-mux"), "{section}");
        // Lines on which the browser receives name their stream, or `ontrack` would have nothing to show.
        let sends = direction == "sendonly";
        assert_eq!(attributes(section, "ssrc").is_empty(), !sends, "{section}");
        assert!(!sends || attributes(section, "msid").len() == 1, "{section}");
    }
    assert!(has(&sections[0], "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=0;cbr=1"), "{}", sections[0]);
    for feedback in ["transport-cc", "nack", "nack pli"] {
        assert!(has(&sections[1], &format!("a=rtcp-fb:96 {feedback}")), "{}", sections[1]);
    }
    assert_eq!(attributes(&sections[3], "ssrc-group").len(), 1);

    let extensions: BTreeSet<_> = attributes(&sdp, "extmap").into_iter().collect();
    let transport_cc = "3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    assert_eq!(extensions, BTreeSet::from([transport_cc, "4 urn:ietf:params:rtp-hdrext:sdes:mid"]));
    let codecs: BTreeSet<_> = attributes(&sdp, "rtpmap").into_iter().collect();
    assert_eq!(
        codecs,
        BTreeSet::from(["111 opus/48000/2", "96 VP8/90000", "97 rtx/90000", "98 VP9/90000", "99 rtx/90000",])
    );
    assert!(!sdp.contains("audio-level") && !sdp.contains("goog-remb") && !sdp.contains("red/"));
}

#[test]
fn firefox_gets_its_own_numbers_and_narrower_directions() {
    let mut world = World::new();
    let answer = offer(&mut world, FIREFOX, &firefox_lines()).unwrap();
    let sections = sections(&answer.sdp);
    assert!(
        sections[0].starts_with("m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n") && has(&sections[0], "a=recvonly")
    );
    assert!(
        sections[1].starts_with("m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125\r\n")
            && has(&sections[1], "a=recvonly")
    );
    assert!(has(&sections[2], "a=sendonly"));
    assert!(has(&sections[1], "a=fmtp:124 apt=120"));
    // Firefox offers transport-cc for video alone, and gets no more than it offered.
    assert_eq!(attributes(&sections[0], "extmap"), ["3 urn:ietf:params:rtp-hdrext:sdes:mid"]);
    assert_eq!(attributes(&sections[1], "extmap").len(), 2);
    assert!(!sections[0].contains("transport-cc") && sections[1].contains("a=rtcp-fb:120 transport-cc"));
}

/// A browser sends with the first codec of the answer.
#[test]
fn codecs_are_answered_in_the_clients_order_and_vp9_is_left_out_where_it_is_not_whole() {
    let video = |sdp: &str| {
        let answer = offer(&mut World::new(), sdp, &chrome_lines()).unwrap();
        sections(&answer.sdp)[1].lines().next().unwrap().to_owned()
    };
    assert_eq!(video(CHROME), "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99");
    let vp9_first = CHROME.replace("SAVPF 96 97 103", "SAVPF 98 99 96 97 103");
    assert_eq!(video(&vp9_first), "m=video 9 UDP/TLS/RTP/SAVPF 98 99 96 97");
    let only_vp8 = "m=video 9 UDP/TLS/RTP/SAVPF 96 97";
    assert_eq!(video(&CHROME.replace("VP9/90000", "VP10/90000")), only_vp8);
    assert_eq!(video(&CHROME.replace("a=fmtp:98 profile-id=0", "a=fmtp:98 profile-id=1")), only_vp8);
    assert_eq!(video(&CHROME.replace("a=rtcp-fb:98 nack\n", "")), only_vp8);
    assert_eq!(video(&CHROME.replace("a=fmtp:99 apt=98\n", "")), only_vp8);
}

/// The answer to the first may have been lost on the way.
#[test]
fn the_same_offer_once_more_goes_on_with_the_session() {
    let mut world = World::new();
    let first = offer(&mut world, CHROME, &chrome_lines()).unwrap();
    let second = offer(&mut world, CHROME, &chrome_lines()).unwrap();
    for name in ["ice-ufrag", "mid", "fingerprint"] {
        assert_eq!(attributes(&first.sdp, name), attributes(&second.sdp, name), "{name}");
    }
    assert_eq!(second.published, [Microphone, Camera]);
}

#[test]
fn a_browser_stops_a_line_and_uses_its_place_again() {
    let mut world = World::new();
    offer(&mut world, CHROME, &chrome_lines()).unwrap();
    // `transceiver.stop()`: port 0, inactive, out of the group.
    let (head, last) = CHROME.rsplit_once("m=video 0").unwrap();
    let stopped_tail = last.replace("a=recvonly", "a=inactive").replace("a=bundle-only\n", "");
    let stopped = format!("{head}m=video 0{stopped_tail}").replace("BUNDLE 0 1 2 3", "BUNDLE 0 1 2");
    let mut lines = chrome_lines();
    lines[3].line_use = None;
    let answer = offer(&mut world, &stopped, &lines).unwrap();
    assert!(sections(&answer.sdp)[3].starts_with("m=video 0 "));
    assert!(answer.sdp.contains("a=group:BUNDLE 0 1 2\r\n"));
    assert_eq!(answer.published, [Microphone, Camera]);
    // The line itself does not come back, another takes its place.
    assert_refused(&mut world, CHROME, &chrome_lines(), "does not come back");
    let anew = CHROME.replace("a=mid:3", "a=mid:4").replace("BUNDLE 0 1 2 3", "BUNDLE 0 1 2 4");
    lines[3] = line("4", receive(CAROL, Camera));
    let answer = offer(&mut world, &anew, &lines).unwrap();
    assert!(has(&sections(&answer.sdp)[3], "a=sendonly") && has(&sections(&answer.sdp)[3], "a=mid:4"));
}

#[track_caller]
fn assert_refused(world: &mut World, sdp: &str, lines: &[MediaLine], why: &str) {
    let error = offer(world, sdp, lines).unwrap_err();
    assert!(error.to_string().contains(why), "expected {why:?}, got {error}");
}

#[test]
fn bad_sdps_are_refused_with_the_reason() {
    let swap = |from: &str, to: &str| {
        assert!(CHROME.contains(from), "{from}");
        CHROME.replace(from, to)
    };
    let bad = [
        (String::new(), "does not begin with v=0"),
        ("hello".into(), "line 1 of the SDP is malformed"),
        ("v=0\r\n".into(), "no m= section"),
        ("\u{0}".repeat(100), "malformed"),
        (CHROME.replace("v=0\n", ""), "does not begin with v=0"),
        (swap("o=-", "x=-"), "no o= line"),
        (swap("t=0 0", "t"), "line 4 of the SDP is malformed"),
        (swap("s=-", "s=\u{7}"), "line 3 of the SDP is malformed"),
        (swap("a=group:BUNDLE 0 1 2 3", "a=x"), "no a=group:BUNDLE"),
        (swap("BUNDLE 0 1 2 3", "BUNDLE 0 1 2"), "listed as in use"),
        (swap("BUNDLE 0 1 2 3", "BUNDLE 1 2 3"), "line 0 is not in a=group:BUNDLE"),
        (swap("BUNDLE 0 1 2 3", "BUNDLE 0 1 2 3 4"), "does not have"),
        (swap("BUNDLE 0 1 2 3", "BUNDLE 0 1 2 3 3"), "twice"),
        (swap("BUNDLE 0 1 2 3", &format!("BUNDLE{}", " 0 1".repeat(100_000))), "more than 256 mids"),
        (swap("SAVPF 111 63", &format!("SAVPF{} 111", " 96".repeat(50_000))), "does not offer opus/48000/2"),
        (swap("a=mid:3", "a=mid:2"), "two m= sections have the mid 2"),
        (swap("a=mid:3", "a=mid:2\na=mid:3"), "two a=mid"),
        (swap("a=mid:3", "a=x"), "no a=mid"),
        (swap("a=mid:3", "a=mid:seventeen-letters"), "mid is longer"),
        (swap("a=mid:3", "a=mid:"), "mid is longer"),
        (swap("a=mid:3", "a=mid:\u{e4}"), "has odd ones"),
        (swap("a=ice-ufrag:4ZcD", "a=x"), "ice-ufrag"),
        (swap("a=ice-ufrag:4ZcD", "a=ice-ufrag:4Z"), "ice-ufrag"),
        (swap("a=ice-ufrag:4ZcD", "a=ice-ufrag:4Z cD"), "ice-ufrag"),
        (swap("a=ice-pwd:2/1mu", "a=ice-pwd:"), "ice-pwd"),
        (CHROME.replacen("a=ice-ufrag:4ZcD", "a=ice-ufrag:other", 1), "differ in ICE ufrags"),
        (CHROME.replacen("7B:8B", "00:8B", 1), "differ in DTLS fingerprints"),
        (swap("sha-256 7B", "sha-1 7B"), "no a=fingerprint with sha-256"),
        (swap("7B:8B:", "7B:"), "not the SHA-256"),
        (swap("7B:8B:", "7B:XX:"), "not the SHA-256"),
        (swap("a=setup:actpass", "a=setup:passive"), "begins DTLS"),
        (swap("a=setup:actpass", "a=setup:actpass\na=ice-lite"), "ICE-lite itself"),
        (swap("UDP/TLS/RTP/SAVPF", "RTP/AVP"), "UDP/TLS/RTP/SAVPF"),
        (swap("m=audio 9", "m=audio 99999"), "has no port"),
        (swap("m=audio 9", "m=text 9"), "neither audio nor video"),
        (swap("m=audio 9 UDP/TLS/RTP/SAVPF", "m=application 9 UDP/DTLS/SCTP"), "data channels"),
        (swap("a=rtcp-mux", "a=x"), "no a=rtcp-mux"),
        (swap("a=recvonly", "a=recvonly\na=sendonly"), "two directions"),
        (swap("opus/48000/2", "opus/48000/1"), "does not offer opus/48000/2"),
        (swap("a=rtpmap:111 ", "a=rtpmap:112 "), "does not offer opus/48000/2"),
        (swap("SAVPF 111 63", "SAVPF 63"), "does not offer opus/48000/2"),
        (CHROME.replace("SAVPF 111", "SAVPF 200").replace(":111", ":200"), "does not offer opus"),
        (CHROME.replace("SAVPF 111", "SAVPF 80").replace(":111", ":80"), "does not offer opus"),
        (swap("VP8/90000", "VP7/90000"), "does not offer VP8"),
        (swap("a=rtcp-fb:96 nack pli", "a=x"), "nack pli"),
        (swap("apt=96", "apt=95"), "does not offer rtx"),
        (swap("apt=96", "apt=960"), "does not offer rtx"),
        (
            CHROME.replace(" 96 97 ", " 111 97 ").replace(":96", ":111").replace("apt=96", "apt=111"),
            "one payload type for two codecs",
        ),
        (
            CHROME.replacen(" 96 97 ", " 96 102 ", 1).replacen(":97 ", ":102 ", 2),
            "differ in payload types of VP8",
        ),
        (swap("a=extmap:4 ", "a=extmap:3 "), "one number for two header extensions"),
        (CHROME.replacen("a=extmap:4 ", "a=extmap:9 ", 1), "differ in header extension numbers"),
        (swap("a=extmap:4 ", "a=extmap:0 "), "does not offer the header extension"),
        (swap("urn:ietf:params:rtp-hdrext:sdes:mid", "urn:x"), "does not offer the header extension"),
        (format!("{CHROME}{}", "a=x\n".repeat(limits::SDP_MAX_BYTES / 4)), "more than"),
        (format!("{CHROME}{}", "m=audio 0 UDP/TLS/RTP/SAVPF 0\na=mid:x\n".repeat(300)), "m= sections"),
    ];
    for (sdp, why) in bad {
        let mut world = World::new();
        assert_refused(&mut world, &sdp, &chrome_lines(), why);
        assert_eq!(world.sfu.stats().participants, 0, "{why}");
        assert_eq!(world.sfu.poll_timeout(), None, "{why}");
    }
}

#[test]
fn bad_lines_are_refused_with_the_reason() {
    let with = |index: usize, line_use: Option<LineUse>| {
        let mut lines = chrome_lines();
        lines[index].line_use = line_use;
        lines
    };
    let mut twice = chrome_lines();
    twice[3].mid = "2".into();
    let mut unknown = chrome_lines();
    unknown[3].mid = "9".into();
    let mut more = chrome_lines();
    more.push(line("4", None));
    let bad = [
        (Vec::new(), "4 m= sections, but 0 lines"),
        (more, "4 m= sections, but 5 lines"),
        (twice, "line 3 of the SDP is not listed"),
        (unknown, "line 3 of the SDP is not listed"),
        (with(1, send(Microphone)), "audio and its source is video"),
        (with(0, send(Screen)), "audio and its source is video"),
        (with(0, None), "line 0 sends, but is listed as out of use"),
        (with(0, receive(BOB, Microphone)), "which does not fit its use"),
        (with(3, send(Camera)), "which does not fit its use"),
        (with(3, receive(ALICE, Camera)), "own track"),
        (with(3, receive(BOB, Microphone)), "audio and its source is video"),
    ];
    let mut world = World::new();
    offer(&mut world, CHROME, &chrome_lines()).unwrap();
    for (lines, why) in bad {
        assert_refused(&mut world, CHROME, &lines, why);
    }
    // One source on two lines, received or sent.
    let both = CHROME
        .replace("m=video 0", "m=audio 0")
        .replace("SAVPF 96 97", "SAVPF 111")
        .replace("VP8/90000", "opus/48000/2")
        .replace(":96 ", ":111 ");
    let lines = |first, second| {
        vec![
            line("0", send(Microphone)),
            line("1", first),
            line("2", receive(BOB, Microphone)),
            line("3", second),
        ]
    };
    let mut fresh = World::new();
    assert_refused(
        &mut fresh,
        &both,
        &lines(send(Microphone), receive(CAROL, Microphone)),
        "another line is for already",
    );
    assert_refused(
        &mut fresh,
        &both,
        &lines(send(Source::ScreenAudio), receive(BOB, Microphone)),
        "another line is for already",
    );
    offer(&mut fresh, &both, &lines(send(Source::ScreenAudio), receive(CAROL, Microphone))).unwrap();
    // Another client cannot move into a room by an offer.
    let error = world.sfu.offer(world.now, &room("two"), ALICE, CHROME, &chrome_lines()).unwrap_err();
    assert!(error.to_string().contains("another room"));
}

#[test]
fn refused_offers_leave_a_running_call_unharmed() {
    let mut world = World::new();
    world.add(ALICE, room("one"));
    world.add(BOB, room("one"));
    let sent = world.add_lines(ALICE, &[send(Camera), send(Microphone)]);
    let received = world.add_lines(BOB, &[receive(ALICE, Camera)]);
    world.connect(&[ALICE, BOB]);
    world.stream(ALICE, sent[0], 0, 5);

    let (good, _, _) = world.peer(ALICE).offer_lines(&[send(Screen)]);
    let good = good.to_sdp_string();
    let lines = world.peer(ALICE).lines.clone();
    let (mids, extra) = (lines.iter().map(|line| line.mid.clone()).collect::<Vec<_>>(), "a=sendonly");
    let bad: Vec<(String, Vec<MediaLine>)> = vec![
        ("nonsense".into(), lines.clone()),
        (good.replace("VP8", "VP7"), lines.clone()),
        (good.replace(&format!("a=mid:{}", mids[0]), "a=mid:new"), lines.clone()),
        (good.replace("opus/48000/2", "opus/16000/2"), lines.clone()),
        (good.replace(extra, "a=recvonly"), lines.clone()),
        (good.clone(), lines[1..].to_vec()),
        (good.replace("a=rtpmap:96 VP8", "a=rtpmap:118 VP8"), lines.clone()),
    ];
    for (sdp, lines) in &bad {
        let result = offer(&mut world, sdp, lines);
        assert!(result.is_err(), "{sdp}");
        world.settle();
    }
    world.stream(ALICE, sent[0], 5, 50);
    assert_eq!(world.payloads(BOB, received[0]), payloads(sent[0], 0..55));
    assert_eq!(world.sfu.stats().participants, 2);
    assert!(world.disconnected.is_empty());
}

#[test]
fn there_is_a_bound_on_clients() {
    let world = World::new();
    let mut sfu = Sfu::new(SfuConfig { clients_max: 2, ..SfuConfig::new(vec![server()]) }, world.now);
    let mut offer = |client: u8| {
        sfu.offer(world.now, &room("one"), ClientId([client; 16]), CHROME, &chrome_lines()).map(|_| ())
    };
    assert_eq!((offer(1), offer(2)), (Ok(()), Ok(())));
    assert!(offer(3).unwrap_err().to_string().contains("as many media sessions"));
    assert_eq!(offer(1), Ok(()), "those inside go on");
}

#[test]
fn sessions_begin_at_a_pace_and_those_inside_do_not_notice() {
    let world = World::new();
    let config = SfuConfig { sessions_per_second: 1, sessions_burst: 2, ..SfuConfig::new(vec![server()]) };
    let mut sfu = Sfu::new(config, world.now);
    let mut offer = |client: u8, sdp: &str, ms| {
        let now = world.now + std::time::Duration::from_millis(ms);
        sfu.offer(now, &room("one"), ClientId([client; 16]), sdp, &chrome_lines()).map(|_| ())
    };
    assert_eq!((offer(1, CHROME, 0), offer(2, CHROME, 0)), (Ok(()), Ok(())));
    assert_eq!(offer(3, CHROME, 0), Err(OfferError::Busy));
    assert_eq!(offer(1, CHROME, 0), Ok(()), "it goes on with its session");
    let (_, origin) = CHROME.split_once("o=- ").unwrap();
    let (session, _) = origin.split_once(' ').unwrap();
    assert_eq!(
        offer(1, &CHROME.replace(session, "77"), 0),
        Err(OfferError::Busy),
        "another one is a new one"
    );
    assert_eq!(offer(1, CHROME, 0), Ok(()), "and the former one is still there");
    assert_eq!((offer(3, CHROME, 1_000), offer(4, CHROME, 1_000)), (Ok(()), Err(OfferError::Busy)));
    assert_eq!(sfu.stats().sessions, 3);
}

/// Cuts, doubles, swaps and bends lines of an offer.
fn mutate(sdp: &str, edits: &[(u8, usize, usize, String)]) -> String {
    let mut lines: Vec<String> = sdp.lines().map(ToOwned::to_owned).collect();
    for (kind, at, other, text) in edits {
        let (at, other) = (at % lines.len(), other % lines.len());
        match kind % 6 {
            0 if lines.len() > 1 => {
                lines.remove(at);
            }
            1 => {
                let copy = lines[other].clone();
                lines.insert(at, copy);
            }
            2 => lines.swap(at, other),
            3 => lines[at] = text.clone(),
            4 => lines[at].push_str(text),
            _ => {
                let line = lines[at].clone();
                let cut = other % (line.chars().count() + 1);
                lines[at] =
                    line.chars().take(cut).chain(text.chars()).chain(line.chars().skip(cut + 1)).collect();
            }
        }
    }
    lines.join("\r\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_offer_panics_or_spoils_the_session(
        edits in prop::collection::vec((any::<u8>(), any::<usize>(), any::<usize>(), "[ -~]{0,20}|[0-9]{1,5}"), 1..6),
        firefox in any::<bool>(),
        first in any::<bool>(),
    ) {
        let (good, lines) = if firefox { (FIREFOX, firefox_lines()) } else { (CHROME, chrome_lines()) };
        let mut world = World::new();
        if !first {
            offer(&mut world, good, &lines).unwrap();
        }
        let result = offer(&mut world, &mutate(good, &edits), &lines);
        world.settle();
        if let Ok(answer) = &result {
            prop_assert_eq!(sections(&answer.sdp).len(), lines.len());
        } else {
            let answer = offer(&mut world, good, &lines);
            prop_assert!(answer.is_ok(), "{:?}", answer);
        }
        prop_assert_eq!(world.sfu.stats().participants, 1);
        prop_assert!(world.disconnected.is_empty());
    }
}
