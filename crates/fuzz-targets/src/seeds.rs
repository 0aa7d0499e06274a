//! Good inputs for the fuzzer to start from: real messages of real calls, and scripts of edits.

use data_encoding::BASE64;
use tangelo_call::{Command, emoji::EmojiMessage, link::Link};
use tangelo_wire::{
    Bytes, ClientId, ClientMessage, ErrorCode, HostOrders, LogId, Post, ServerMessage, Source, WireError,
};

use crate::call_world::World;

/// Everything that is said in a call of two, of whom one leaves, and some that an honest call has no need of.
#[must_use]
pub fn wire_messages() -> Vec<Vec<u8>> {
    let mut world = World::new();
    world.open(1);
    world.open(2);
    let mut said: Vec<String> = Vec::new();
    for round in 0..600 {
        match round {
            200 => world.chat(0, "hello"),
            250 => world.cut(1),
            400 => world.command(1, Command::Leave {}),
            _ => {}
        }
        let mut moved = false;
        for index in 0..2 {
            said.extend(world.peers[index].to_server.front().cloned());
            moved |= world.step_to_server(index);
            said.extend(world.peers[index].to_client.front().cloned());
            moved |= world.step_to_client(index);
        }
        if !moved {
            world.now = world.now + 50;
            world.tick();
        }
    }
    let link = Link::new_room().unwrap();
    let orders = HostOrders { locked: true, ..HostOrders::default() };
    let said_by_host = link.say(LogId([1; 16]), 3, &orders).unwrap();
    said.push(ClientMessage::Post { post: 1, body: Post::HostSay { said: said_by_host } }.to_json());
    let error = || WireError::new(ErrorCode::NotEntered, "no");
    said.extend(
        [
            ServerMessage::Refused { post: 1, error: error() },
            ServerMessage::OfferRefused { offer: 1, error: error() },
            ServerMessage::Answer { offer: 1, sdp: "v=0\r\n".into() },
            ServerMessage::Wanted { source: Source::Camera, layers: vec![0, 1] },
            ServerMessage::Paused { pictures: Vec::new() },
            ServerMessage::Connection { client: ClientId([1; 16]), lost: true },
            ServerMessage::Error(error()),
        ]
        .map(|message| message.to_json()),
    );
    // One of each kind: types may be nested.
    let kind = |text: &str| {
        let types = text.split("\"type\":\"").skip(1).filter_map(|rest| rest.split('"').next());
        types.collect::<Vec<_>>().join(" ")
    };
    said.sort_by_key(|text| (kind(text), text.len()));
    said.dedup_by_key(|text| kind(text));
    said.extend(
        link.say(LogId([1; 16]), 4, &orders)
            .map(|said| ClientMessage::Post { post: 2, body: Post::HostSay { said } }.to_json()),
    );
    said.into_iter().map(String::into_bytes).collect()
}

/// Links, rooms, names, ids.
#[must_use]
pub fn names() -> Vec<Vec<u8>> {
    let link = Link::new_room().unwrap();
    let co_host = format!("{}.{}", link.path(), link.host_secret().unwrap());
    let texts = [
        link.path(),
        co_host,
        link.room().to_string(),
        "/r/standup".to_owned(),
        "weekly-sync-2".to_owned(),
        "Zoë 👩‍🚀".to_owned(),
        "ab".repeat(16),
        "0123456789abcdef".repeat(4),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

/// Scripts: no edits at all with each selector, and some of arbitrary bytes.
#[must_use]
pub fn edits() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = (0..16_u8).map(|selector| vec![selector, 0, 0, 0, 0, 0]).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for length in [8, 16, 16, 32, 32, 64, 64, 128, 128, 256] {
        let script = (0..length).map(|_| {
            // An xorshift generator, for the same scripts each time.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        });
        seeds.push(script.collect());
    }
    seeds
}

/// Frames of the browsers' encoders, behind bytes that choose source, layer and codec.
#[must_use]
pub fn frames() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (name, choice) in [("opus", [0, 0, 0]), ("vp8", [1, 0, 1]), ("vp9", [2, 0, 2])] {
        for browser in ["chromium", "firefox"] {
            let path = format!("{}/../../vectors/codec/{browser}-{name}.json", env!("CARGO_MANIFEST_DIR"));
            let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            for frame in vectors["frames"].as_array().unwrap().iter().take(4) {
                let bytes = BASE64.decode(frame["bytes"].as_str().unwrap().as_bytes()).unwrap();
                seeds.push([&choice[..], &bytes].concat());
            }
        }
    }
    seeds
}

/// What members say to each other, one of each kind.
#[must_use]
pub fn contents() -> Vec<Vec<u8>> {
    let bytes = |length: usize| serde_json::to_string(&Bytes(vec![1; length])).unwrap();
    let (run, digest) = (bytes(16), bytes(32));
    let emoji = [
        format!(r#"{{"type":"start","run":{run},"epoch":2,"members":{digest}}}"#),
        format!(r#"{{"type":"commit","run":{run},"hash":{digest}}}"#),
        format!(r#"{{"type":"reveal","run":{run},"nonce":{digest}}}"#),
        format!(r#"{{"type":"cancel","run":{run}}}"#),
    ];
    assert!(emoji.iter().all(|message| serde_json::from_str::<EmojiMessage>(message).is_ok()));
    let emoji = emoji.map(|message| format!(r#"{{"type":"emoji","message":{message}}}"#));
    let others = [
        r#"{"type":"chat","id":"a1","text":"hello\nthere"}"#.to_owned(),
        r#"{"type":"reaction","emoji":"👍🏽"}"#.to_owned(),
        r#"{"type":"state","hand_raised":true,"microphone":true,"camera":false}"#.to_owned(),
    ];
    let seen = format!(r#"{{"log_id":"{}","seq":9,"digest":"{}"}}"#, "01".repeat(16), "02".repeat(32));
    let written = others.iter().chain(&emoji).map(|said| format!(r#"{{"seen":{seen},"content":{said}}}"#));
    written.map(String::into_bytes).collect()
}

/// The same, as scripts of what an insider says and the other member does.
#[must_use]
pub fn contents_in_sequence() -> Vec<Vec<u8>> {
    let said = |content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0, 255][..], &length, content].concat()
    };
    let contents = contents();
    let mut seeds: Vec<Vec<u8>> = contents.iter().map(|content| said(content)).collect();
    // The other one compares emoji, and time passes.
    seeds
        .push([&[2, 3][..], &contents.iter().flat_map(|content| said(content)).collect::<Vec<_>>()].concat());
    seeds.push([&[2, 3, 3, 3, 11, 2, 5][..], &said(&contents[0])].concat());
    seeds
}

/// Offers of browsers, alone and in sequence, behind bytes that choose the use of each line.
#[must_use]
pub fn offers() -> Vec<Vec<u8>> {
    let read = |name: &str| {
        std::fs::read(format!("{}/../sfu/tests/sdp/{name}.sdp", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let (chrome, firefox) = (read("chrome"), read("firefox"));
    let uses = [4, 5, 8, 9, 0, 12, 6, 7];
    let then = b"---\r\n";
    vec![
        [&uses[..], &chrome].concat(),
        [&[0; 8][..], &chrome].concat(),
        [&uses[..], &firefox].concat(),
        [&uses[..], &firefox, then, &firefox, then, &chrome].concat(),
    ]
}

/// Tokens and what may stand in them.
#[must_use]
pub fn tokens() -> Vec<Vec<u8>> {
    crate::token::seeds()
}
