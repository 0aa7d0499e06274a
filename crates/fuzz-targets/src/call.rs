//! A client's session: what the server says to it, and what other members say in the group.

use tangelo_call::{Command, MemberState, Words, fuzz::reread_content};
use tangelo_wire::{
    Bytes, ClientMessage, ErrorCode, MediaLine, Post, Published, Seq, ServerMessage, Source, WireError,
};

use crate::{call_world::World, input::Input, seeded};

/// Most steps of one input.
const STEPS_MAX: usize = 48;

/// What a member sealed: what can be understood reads back the same.
pub fn call_content(data: &[u8]) {
    if let Some(written) = reread_content(data) {
        assert_eq!(reread_content(&written), Some(written));
    }
}

/// A member that says whatever it likes to the other one, which goes about its business.
pub fn call_messages(data: &[u8]) {
    let (mut input, _seeded) = (Input::new(data), seeded());
    let mut world = World::of(2);
    let before = world.peers[1].events.len();
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        match input.byte() % 4 {
            0 | 1 => {
                let plain = input.part();
                if let Some(bytes) = world.peers[0].session.seal_anything(plain) {
                    world.say(0, &ClientMessage::Post { post: 9, body: Post::Message { bytes } });
                }
            }
            2 => command(&mut world, 1, &mut input),
            _ => world.run(input.pause_ms().min(20_000)),
        }
        world.settle();
    }
    let told = world.peers[1].events.len() - before;
    assert!(told < 40 * STEPS_MAX, "{told} events");
    world.run(1_000);
    assert_goes_on(&world, 1);
}

/// A server that lies to one client in every phase, and tells the other one the truth.
pub fn call_session(data: &[u8]) {
    let (mut input, _seeded) = (Input::new(data), seeded());
    let mut world = World::new();
    world.open(1);
    world.run(u64::from(input.byte() % 4) * 700);
    let victim = world.open(2);
    let mut heard: Vec<String> = Vec::new();
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        match input.byte() % 8 {
            0 | 1 => {
                for _ in 0..=input.byte() % 32 {
                    if let Some(text) = world.peers[victim].to_client.front() {
                        heard.push(text.clone());
                    }
                    step(&mut world);
                }
            }
            2 => tell(&mut world, victim, String::from_utf8_lossy(input.part()).into_owned()),
            3 if !heard.is_empty() => {
                let text = heard[input.below(heard.len())].clone();
                tell(
                    &mut world,
                    victim,
                    String::from_utf8_lossy(&input.edited(text.as_bytes())).into_owned(),
                );
            }
            4 => {
                if let Some(text) = world.peers[victim].to_client.pop_front() {
                    let text = input.edited(text.as_bytes());
                    tell(&mut world, victim, String::from_utf8_lossy(&text).into_owned());
                }
            }
            5 => command(&mut world, victim, &mut input),
            6 if input.byte().is_multiple_of(4) => world.cut(victim),
            6 => world.run(input.pause_ms()),
            _ => {
                let text = lie(&world, victim, &mut input).to_json();
                tell(&mut world, victim, text);
            }
        }
    }
    world.run(15_000);
    assert_goes_on(&world, victim);
    assert_goes_on(&world, 0);
    assert_eq!(world.peers[0].ended, None);
}

/// One step of every queue; or time passes.
fn step(world: &mut World) {
    let mut moved = false;
    for index in 0..world.peers.len() {
        moved |= world.step_to_server(index);
        moved |= world.step_to_client(index);
    }
    if !moved {
        world.now = world.now + 50;
        world.tick();
    }
}

fn tell(world: &mut World, victim: usize, text: String) {
    let before = world.peers[victim].events.len();
    world.peers[victim].to_client.push_front(text);
    world.step_to_client(victim);
    let told = world.peers[victim].events.len() - before;
    assert!(told < 20, "{told} events for one text");
}

fn assert_goes_on(world: &World, index: usize) {
    let peer = &world.peers[index];
    assert!(peer.ended.is_some() || peer.session.poll_timeout().is_some(), "{:?}", peer.phase);
}

fn command(world: &mut World, index: usize, input: &mut Input<'_>) {
    let text = |input: &mut Input<'_>| String::from_utf8_lossy(input.part()).into_owned();
    let command = match input.byte() % 8 {
        0 => Command::Chat { text: Words(text(input)) },
        1 => Command::React { emoji: text(input) },
        2 => Command::State {
            state: MemberState { hand_raised: true, microphone: false, camera: false, recording: true },
        },
        3 | 4 => Command::EmojiStart {},
        5 => Command::EmojiCancel {},
        6 => {
            let line = MediaLine { mid: text(input), line_use: None };
            Command::Offer { offer: 1, sdp: text(input), lines: vec![line] }
        }
        _ if input.byte() == 7 => Command::Leave {},
        _ => Command::Chat { text: Words("hello".into()) },
    };
    world.command(index, command);
}

/// A message of the right shape that an honest server would not send now.
fn lie(world: &World, victim: usize, input: &mut Input<'_>) -> ServerMessage {
    let client = world.peers[usize::from(input.byte() & 1)].session.client();
    let client = client.or(world.peers[victim].session.client()).unwrap_or(tangelo_wire::ClientId([9; 16]));
    let error = |code| WireError::new(code, "the server's words");
    let seq = Seq(if input.byte() == 255 { u64::MAX } else { u64::from(input.byte()) });
    let code = input.pick(&[
        ErrorCode::TooMany,
        ErrorCode::Invalid,
        ErrorCode::NotEntered,
        ErrorCode::GroupAlive,
        ErrorCode::KeptOutside,
        ErrorCode::Departed,
        ErrorCode::RoomFull,
        ErrorCode::TooLarge,
        ErrorCode::Internal,
        ErrorCode::Protocol,
    ]);
    let post = u32::from(input.byte() % 8);
    match input.byte() % 12 {
        11 => ServerMessage::Connection { client, lost: post % 2 == 0 },
        10 => ServerMessage::Wanted { source: Source::Camera, layers: vec![post as u8; 3] },
        0 => ServerMessage::Stale { post, last: seq },
        1 => ServerMessage::Refused { post, error: error(code) },
        2 => ServerMessage::Answer { offer: post, sdp: "v=0\r\n".into() },
        3 => ServerMessage::OfferRefused { offer: post, error: error(code) },
        4 => ServerMessage::Published(Published { client, sources: vec![Source::Camera; 3] }),
        5 => ServerMessage::Alive { seq },
        6 => ServerMessage::Resumed { seq, published: Vec::new(), media_lost: false },
        7 => ServerMessage::Assigned { client, present: 0, pass_asked: false },
        8 => ServerMessage::Entry(tangelo_wire::LogEntry {
            seq,
            entry: tangelo_wire::Entry::Message { client, bytes: Bytes(input.part().to_vec()) },
        }),
        _ => ServerMessage::Error(error(code)),
    }
}
