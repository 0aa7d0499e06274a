//! Two headless clients in a call through a real server, as a person runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use common::{Joined, join, link, serve, tangelo};
use ogg::{PacketWriteEndInfo, PacketWriter};
use tangelo_client::{IvfReader, OggReader};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// Frames as browsers encoded them: their first bytes, then others up to their length.
fn frames_of(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/codec").join(name);
    let vectors: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let frames = vectors["frames"].as_array().unwrap().iter().enumerate();
    frames
        .map(|(number, frame)| {
            let bytes = frame["bytes"].as_str().unwrap();
            let mut bytes = data_encoding::BASE64.decode(bytes.as_bytes()).unwrap();
            bytes.resize(usize::try_from(frame["length"].as_u64().unwrap()).unwrap(), number as u8);
            bytes
        })
        .collect()
}

/// 30 frames a second, at a clock rate of its own.
fn write_ivf(path: &Path, frames: &[Vec<u8>]) {
    let mut file = b"DKIF\0\0\x20\0VP80\x80\x02\xe0\x01\x1e\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    for (number, frame) in frames.iter().enumerate() {
        file.extend((frame.len() as u32).to_le_bytes());
        file.extend((number as u64).to_le_bytes());
        file.extend(frame);
    }
    fs::write(path, file).unwrap();
}

fn write_ogg(path: &Path, packets: &[Vec<u8>]) {
    let mut pages = PacketWriter::new(fs::File::create(path).unwrap());
    let head = b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0".to_vec();
    let tags = b"OpusTags\x04\0\0\0test\0\0\0\0".to_vec();
    for header in [head, tags] {
        pages.write_packet(header, 7, PacketWriteEndInfo::EndPage, 0).unwrap();
    }
    for (number, packet) in packets.iter().enumerate() {
        let end = if number + 1 == packets.len() {
            PacketWriteEndInfo::EndStream
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        pages.write_packet(packet.clone(), 7, end, 960 * (number as u64 + 1)).unwrap();
    }
}

/// The one file with this end.
fn recorded(folder: &Path, end: &str) -> Option<PathBuf> {
    let files: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(end))
        .collect();
    assert!(files.len() <= 1, "{files:?}");
    files.into_iter().next()
}

fn pictures(path: &Path) -> Vec<(u64, Vec<u8>)> {
    let mut reader = IvfReader::open(path).unwrap();
    (0..reader.count()).map(|index| reader.frame(index).unwrap().unwrap()).collect()
}

/// Without those that stand for silence.
fn sounds(path: &Path) -> Vec<Vec<u8>> {
    let mut reader = OggReader::open(path).unwrap();
    let mut packets = Vec::new();
    while let Some((packet, _)) = reader.next_packet().unwrap() {
        if packet.len() > 2 {
            packets.push(packet);
        }
    }
    packets
}

/// `got` is what was sent over and over, from some frame on.
fn assert_rounds(sent: &[Vec<u8>], got: &[Vec<u8>]) {
    let first = sent.iter().position(|frame| *frame == got[0]).expect("a frame that was sent");
    let expected: Vec<_> = sent.iter().cycle().skip(first).take(got.len()).cloned().collect();
    let wrong = got.iter().zip(&expected).position(|(got, expected)| got != expected);
    assert_eq!(wrong, None, "of {} frames, from {first}", got.len());
}

fn number(joined: &Joined) -> String {
    joined.lines().iter().rev().find_map(|line| line.strip_prefix("* Safety number: ")).unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn one_plays_files_and_the_other_records_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (video, audio) = (frames_of("chromium-vp8.json"), frames_of("chromium-opus.json"));
    write_ivf(Path::new(&path("in.ivf")), &video);
    write_ogg(Path::new(&path("in.ogg")), &audio);
    let (_server, address) = serve(&[]);
    let url = link(&address);

    let (records, identity) = (path("records"), path("identity"));
    // Its standard input is at its end from the beginning: a bot stays all the same.
    let mut bot = join(&url, &["--name", "Bot", "--record", &records, "--identity", &identity], false);
    bot.until("itself", |line| line.starts_with("* You record this call"));
    let files = [path("in.ivf"), path("in.ogg")];
    let mut ada = join(&url, &["--name", "Ada", "--video", &files[0], "--audio", &files[1]], true);
    ada.until("that it is recorded", |line| {
        line.starts_with("* Bot [") && line.ends_with("] records this call.")
    });
    ada.type_line("hello, bot");
    bot.until("a message", |line| line == "<Ada> hello, bot");
    ada.until("the own message", |line| line == "<Ada> hello, bot");
    assert_eq!(number(&ada), number(&bot));
    assert_eq!(number(&ada).split(' ').count(), 12);

    let deadline = Instant::now() + DEADLINE;
    let records = Path::new(&records);
    let is_enough = || {
        let video =
            recorded(records, "-camera.ivf").is_some_and(|path| pictures(&path).len() > 2 * video.len());
        video
            && recorded(records, "-microphone.ogg").is_some_and(|path| sounds(&path).len() > 2 * audio.len())
    };
    while !is_enough() {
        assert!(Instant::now() < deadline, "{:?} {}", bot.lines(), bot.errors());
        std::thread::sleep(Duration::from_millis(100));
    }
    bot.signal("-INT");
    assert_eq!(bot.end(), Some(0), "{}", bot.errors());
    ada.until("a goodbye", |line| line.starts_with("* Bot [") && line.ends_with("] has gone."));
    ada.type_line("/leave");
    assert_eq!(ada.end(), Some(0), "{}", ada.errors());

    let path = recorded(records, "-camera.ivf").unwrap();
    assert!(path.file_name().unwrap().to_str().unwrap().starts_with("Ada-"));
    let (times, got): (Vec<u64>, Vec<Vec<u8>>) = pictures(&path).into_iter().unzip();
    assert_eq!(got[0], video[0], "it begins with the key frame");
    assert_rounds(&video, &got);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 3_000), "{times:?}");
    let header = fs::read(&path).unwrap();
    assert_eq!(header[24..28], (got.len() as u32).to_le_bytes(), "the file was ended");
    let size = IvfReader::open(&path).unwrap().header();
    assert_eq!((size.width, size.height), (640, 480));
    assert_rounds(&audio, &sounds(&recorded(records, "-microphone.ogg").unwrap()));
    for joined in [&ada, &bot] {
        assert_eq!(joined.errors(), "");
    }
}

#[cfg(unix)]
#[test]
fn a_recording_can_be_played_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let audio = frames_of("chromium-opus.json");
    write_ogg(Path::new(&path("in.ogg")), &audio);
    let (_server, address) = serve(&[]);
    // A name may stand for an address at which the server does not answer, ::1 on many machines.
    let url = link(&address.replace("127.0.0.1", "localhost"));
    let records = path("records");
    let mut bot = join(&url, &["--name", "Bot", "--record", &records], false);
    bot.until("itself", |line| line.starts_with("* You record this call"));
    let mut ada =
        join(&url, &["--name", "Ada", "--audio", &path("in.ogg"), "--quiet", "--duration", "300"], false);
    bot.until("a file", |line| line.starts_with("* Recording ") && line.ends_with("-microphone.ogg"));
    let deadline = Instant::now() + DEADLINE;
    while recorded(Path::new(&records), ".ogg").is_none_or(|path| sounds(&path).len() < 10) {
        assert!(Instant::now() < deadline, "{:?}", bot.lines());
        std::thread::sleep(Duration::from_millis(100));
    }
    bot.signal("-KILL");
    assert_eq!(bot.end(), None);
    assert_rounds(&audio, &sounds(&recorded(Path::new(&records), ".ogg").unwrap()));
    ada.signal("-TERM");
    assert_eq!(ada.end(), Some(0));
    assert_eq!(ada.lines(), [""; 0], "it is quiet");
}

#[test]
fn input_is_said_once_it_is_in_the_call_and_a_duration_ends_it() {
    let (_server, address) = serve(&[]);
    let mut ada = join(&link(&address), &["--name", "Ada", "--duration", "12"], true);
    ada.type_line("typed at once");
    ada.until("the message", |line| line == "<Ada> typed at once");
    assert_eq!(ada.end(), Some(0), "{}", ada.errors());
}

/// A certificate as `openssl req -x509` makes it: its own authority.
fn certificate(folder: &Path, authority: bool) -> [String; 2] {
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    if authority {
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let made = parameters.self_signed(&key).unwrap();
    let files = ["cert.pem", "key.pem"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    fs::write(&files[0], made.pem()).unwrap();
    fs::write(&files[1], key.serialize_pem()).unwrap();
    files
}

#[test]
fn https_works_with_a_certificate_that_is_given() {
    for authority in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let [cert, key] = certificate(folder.path(), authority);
        let (_server, address) = serve(&["--tls-cert", &cert, "--tls-key", &key]);
        let port = address.rsplit_once(':').unwrap().1;
        let url = link(&format!("localhost:{port}")).replace("http:", "https:");
        let mut ada = join(&url, &["--name", "Ada", "--ca", &cert, "--duration", "300"], true);
        ada.until("the call", |line| line.starts_with("* Safety number: "));
        ada.type_line("/leave");
        assert_eq!(ada.end(), Some(0), "{}", ada.errors());

        let mut other = join(&url, &["--name", "Ada"], false);
        assert_eq!(other.end(), Some(1));
        assert!(
            other.errors().contains("is not trusted") && other.errors().contains("--ca FILE"),
            "{}",
            other.errors()
        );
    }
}

#[test]
fn what_prevents_a_call_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file").to_str().unwrap().to_owned();
    fs::write(&file, "no media, no certificate").unwrap();
    let (_server, address) = serve(&[]);
    let good = link(&address);
    let https = good.replace("http:", "https:");
    let nowhere = link("127.0.0.1:1");
    let under = format!("{file}/under");
    let cases: [(&[&str], i32, &str); 10] = [
        (&["http://a/b", "--name", "A"], 2, "https://host/r/room#secret"),
        (&["http://a/r/_x#y", "--name", "A"], 2, "link"),
        (&[&nowhere, "--name", "A"], 1, "nothing answers at 127.0.0.1:1"),
        (&["http://no.such.host.invalid/r/a", "--name", "A"], 1, "no.such.host.invalid"),
        (&[&https, "--name", "A"], 1, "does not speak HTTPS"),
        (&[&https, "--name", "A", "--ca", &file], 1, "no certificate in PEM form"),
        (&[&good, "--name", " "], 1, "type a name"),
        (&[&good, "--name", "A", "--video", &file], 1, "no IVF file"),
        (&[&good, "--name", "A", "--audio", &file], 1, "no Ogg file"),
        (&[&good, "--name", "A", "--record", &under], 1, &under),
    ];
    for (arguments, code, words) in cases {
        let mut all = vec!["join"];
        all.extend(arguments);
        let output = tangelo(&all).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.starts_with("tangelo: ") && text.contains(words), "{words}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(output.stdout.is_empty());
        assert!(!text.contains('#') || text.contains("#secret"), "no link is printed: {text}");
    }
}

#[test]
fn help_does_not_show_the_link() {
    let output = Command::new(env!("CARGO_BIN_EXE_tangelo"))
        .args(["join", "--help"])
        .env("TANGELO_URL", "http://a/r/_b#topsecret")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for option in ["name", "video", "audio", "record", "identity", "ca", "duration", "quiet", "log"] {
        assert!(help.contains(&format!("--{option}")), "{option}: {help}");
    }
    assert!(help.contains("TANGELO_URL") && !help.contains("topsecret"));
}

#[test]
fn a_host_locks_lets_in_removes_and_ends() {
    let (_server, address) = serve(&[]);
    let room = tangelo_call::link::Link::new_room().unwrap();
    let plain = format!("http://{address}{}", room.path());
    let mut host = join(&format!("{plain}.{}", room.host_secret().unwrap()), &["--name", "Host"], true);
    host.until("itself", |line| line.contains("is a host."));
    let mut ada = join(&plain, &["--name", "Ada"], true);
    ada.until("the host", |line| line.starts_with("* Host [") && line.ends_with("is a host."));
    ada.type_line("/lock");
    ada.until("a refusal", |line| line.starts_with("* Only a host can do this"));
    host.until("Ada", |line| line.starts_with("* Ada [") && line.ends_with("has come."));
    host.type_line("/lock");
    for joined in [&mut host, &mut ada] {
        joined.until("the lock", |line| line.starts_with("* The room is locked"));
    }
    let mut bob = join(&plain, &["--name", "Bob"], true);
    bob.until("that it waits", |line| line.starts_with("* You wait until a host lets you in."));
    host.until("who waits", |line| line.starts_with("* Bob [") && line.ends_with("waits to be let in."));
    host.type_line("/admit Cleo");
    host.until("a mistake", |line| line == "* Not done: there is nobody of that name: Cleo.");
    host.type_line("/admit Bob");
    bob.until("the others", |line| line.starts_with("* In the call: ") && line.contains("Ada"));
    host.until("Bob", |line| line.starts_with("* Bob [") && line.ends_with("has come."));
    host.type_line("/mute Bob");
    bob.until("that it is muted", |line| line.starts_with("* Host, a host, muted you."));
    host.type_line("/remove Bob");
    assert_eq!(bob.end(), Some(1));
    assert!(bob.errors().contains("The host removed you from the call."), "{}", bob.errors());
    ada.until("that Bob has gone", |line| line.starts_with("* Bob [") && line.ends_with("has gone."));
    host.type_line("/end");
    assert_eq!((host.end(), ada.end()), (Some(0), Some(1)));
    assert_eq!(host.lines().last().unwrap(), "* You ended the call for everyone.");
    assert!(ada.errors().contains("The host has ended the call for everyone."), "{}", ada.errors());
}
