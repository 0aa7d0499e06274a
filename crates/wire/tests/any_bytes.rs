//! Whatever arrives: no panic, nothing that grows with more than what was sent, and what is taken reads back the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod spoil;

use ed25519_dalek::{Signer, SigningKey};
use proptest::{collection::vec, prelude::*};
use spoil::{spoil, spoiled};
use tangelo_wire::{
    AccessProof, Admission, AdmissionError, Bytes, ClientId, ClientMessage, DepartReason, Entry, ErrorCode,
    ForkCheck, GroupId, HostId, HostStatement, LineUse, LogEntry, LogHash, LogId, MediaLine, Millis,
    PROTOCOL, Picture, Post, Presence, Published, ResumeToken, RoomName, Seq, ServerMessage, Source,
    Transcript, TurnServers, View, WireError, base32, limits,
};

/// Does something to a field.
type Spoiling<'a> = dyn Fn(&mut Vec<u8>) + 'a;

const CLIENT: ClientId = ClientId([7; 16]);
const LOG: LogId = LogId([1; 16]);

fn admission() -> (RoomName, Admission) {
    let access = SigningKey::from_bytes(&[5; 32]);
    let host_id = HostId([6; 16]);
    let room = RoomName::secret(&access.verifying_key().to_bytes(), host_id);
    let leaf_key = [8; 32];
    let proof = AccessProof { host: "call.example", room: &room, client: CLIENT, leaf_key: &leaf_key };
    let signature = access.sign(proof.transcript().as_bytes());
    let admission = Admission {
        access_key: Bytes(access.verifying_key().to_bytes().to_vec()),
        host_id: Bytes(host_id.0.to_vec()),
        leaf_key: Bytes(leaf_key.to_vec()),
        signature: Bytes(signature.to_bytes().to_vec()),
    };
    (room, admission)
}

fn statement() -> (HostId, HostStatement) {
    let key = SigningKey::from_bytes(&[2; 32]);
    let host_key = key.verifying_key().to_bytes();
    let signature = key.sign(HostStatement::transcript(LOG, 3, b"lock").as_bytes());
    let said = HostStatement {
        number: 3,
        statement: Bytes(b"lock".to_vec()),
        host_key: Bytes(host_key.to_vec()),
        signature: Bytes(signature.to_bytes().to_vec()),
    };
    (HostId::of(&host_key), said)
}

fn check() -> ForkCheck {
    ForkCheck { seq: Seq(1), epoch: u64::MAX, tag: Bytes(vec![1; 8]), signature: Bytes(vec![1; 64]) }
}

fn posts() -> Vec<Post> {
    let bytes = || Bytes(vec![9; 40]);
    vec![
        Post::Found { parent: Seq(0), group_id: GroupId([1; 32]) },
        Post::Commit {
            parent: Seq(u64::MAX),
            adds: vec![CLIENT; 3],
            commit: bytes(),
            welcome: Some(bytes()),
        },
        Post::Enter { commit: Seq(4) },
        Post::HostSay { said: statement().1 },
        Post::Message { bytes: bytes() },
    ]
}

fn client_messages() -> Vec<ClientMessage> {
    let (room, admission) = admission();
    let line = |line_use| MediaLine { mid: "0".into(), line_use };
    let mut messages = vec![
        ClientMessage::Hello { protocol: PROTOCOL, room: room.clone(), host: "call.example".into() },
        ClientMessage::Arrive { key_package: Bytes(vec![3; 300]), admission: Some(admission), pass: None },
        ClientMessage::Resume { protocol: PROTOCOL, room, token: ResumeToken([4; 32]), processed: Seq(9) },
        ClientMessage::Heartbeat { processed: Seq(9), check: Some(check()) },
        ClientMessage::Offer {
            offer: 1,
            sdp: "v=0\r\n".into(),
            lines: vec![
                line(None),
                line(Some(LineUse::Send { source: Source::Camera })),
                line(Some(LineUse::Receive { client: CLIENT, source: Source::Screen })),
            ],
        },
        ClientMessage::Watch {
            views: Some(vec![
                View { client: CLIENT, source: Source::Camera, height: 180, pinned: false },
                View { client: CLIENT, source: Source::Screen, height: 1_080, pinned: true },
            ]),
            hear: Some(vec![CLIENT, ClientId([4; 16])]),
        },
        ClientMessage::Watch { views: None, hear: None },
        ClientMessage::TurnServers {},
        ClientMessage::Leave {},
    ];
    messages.extend(posts().into_iter().map(|body| ClientMessage::Post { post: 1, body }));
    messages
}

fn entries() -> Vec<Entry> {
    let bytes = || Bytes(vec![9; 40]);
    vec![
        Entry::Arrived { client: CLIENT, key_package: bytes(), admission: Some(admission().1) },
        Entry::Departed { client: CLIENT, reason: DepartReason::Lagging },
        Entry::Founded { parent: Seq(0), group_id: GroupId([1; 32]), client: CLIENT },
        Entry::Committed {
            parent: Seq(1),
            client: CLIENT,
            adds: vec![CLIENT],
            commit: bytes(),
            welcome: Some(bytes()),
        },
        Entry::Entered { client: CLIENT, commit: Seq(2) },
        Entry::HostSaid { client: CLIENT, said: statement().1 },
        Entry::Message { client: CLIENT, bytes: bytes() },
    ]
}

fn server_messages() -> Vec<ServerMessage> {
    let published = || Published { client: CLIENT, sources: vec![Source::Camera, Source::Microphone] };
    let error = || WireError::new(ErrorCode::NotEntered, "no");
    let presence = Presence {
        client: CLIENT,
        arrived: Seq(3),
        key_package: Bytes(vec![3; 300]),
        admission: Some(admission().1),
        entered: true,
    };
    let mut messages = vec![
        ServerMessage::Assigned { client: CLIENT, present: 2, pass_asked: false },
        ServerMessage::Snapshot {
            log_id: LOG,
            seq: Seq(u64::MAX),
            hash: LogHash([5; 32]),
            parent: Seq(2),
            group_id: Some(GroupId([1; 32])),
            present: vec![presence; 2],
            said: Some(statement().1),
            published: vec![published()],
            token: ResumeToken([4; 32]),
        },
        ServerMessage::Resumed { seq: Seq(8), published: vec![published()], media_lost: false },
        ServerMessage::Stale { post: 1, last: Seq(4) },
        ServerMessage::Refused { post: 1, error: error() },
        ServerMessage::Answer { offer: 1, sdp: "v=0\r\n".into() },
        ServerMessage::OfferRefused { offer: 1, error: error() },
        ServerMessage::Published(published()),
        ServerMessage::Wanted { source: Source::Camera, layers: vec![0, 2] },
        ServerMessage::Connection { client: CLIENT, lost: true },
        ServerMessage::Paused {
            pictures: vec![Picture { client: ClientId([7; 16]), source: Source::Screen }],
        },
        ServerMessage::TurnServers(TurnServers {
            urls: vec!["turn:turn.example".into()],
            username: "1:a".into(),
            credential: "b".into(),
            seconds: 9,
        }),
        ServerMessage::Alive { seq: Seq(5) },
        ServerMessage::Check { client: CLIENT, check: check() },
        ServerMessage::Error(error()),
    ];
    let entries = entries().into_iter().map(|entry| LogEntry { seq: Seq(u64::MAX), entry });
    messages.extend(entries.map(ServerMessage::Entry));
    messages
}

/// What is taken reads back the same, whatever it was made of, and what is refused says so in few words.
fn read_both(text: &str) -> Result<(), TestCaseError> {
    for error in [
        ClientMessage::from_json(text).map(|message| {
            assert_eq!(ClientMessage::from_json(&message.to_json()).as_ref(), Ok(&message));
        }),
        ServerMessage::from_json(text).map(|message| {
            assert_eq!(ServerMessage::from_json(&message.to_json()).as_ref(), Ok(&message));
        }),
    ]
    .into_iter()
    .filter_map(Result::err)
    {
        prop_assert!(matches!(error.code, ErrorCode::Malformed | ErrorCode::TooLarge));
        prop_assert!(error.text.len() < 300, "{} bytes", error.text.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}", bytes in vec(any::<u8>(), 0..300)) {
        read_both(&text)?;
        read_both(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn spoiled_messages_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        spoils in vec(spoil(), 1..4),
    ) {
        let mut texts: Vec<String> = client_messages().iter().map(ClientMessage::to_json).collect();
        texts.extend(server_messages().iter().map(ServerMessage::to_json));
        let text: &String = which.get(&texts);
        read_both(&spoiled(text, &spoils))?;
    }

    #[test]
    fn any_text_names_a_room_or_an_id_in_one_way_only(text in "[_a-z0-9A-Z-]{0,70}|.{0,70}") {
        if let Ok(room) = text.parse::<RoomName>() {
            prop_assert_eq!(room.to_string(), text.as_str());
        }
        if let Ok(id) = text.parse::<ClientId>() {
            prop_assert_eq!(id.to_string(), text.as_str());
        }
        if let Ok(id) = text.parse::<GroupId>() {
            prop_assert_eq!(id.to_string(), text.as_str());
        }
        if let Some(bytes) = base32::decode(&text) {
            prop_assert_eq!(base32::encode(&bytes), text.as_str());
        }
    }

    #[test]
    fn no_spoiled_admission_admits(
        which in 0..4_usize,
        bytes in vec(any::<u8>(), 0..100),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let (room, good) = admission();
        let check = |admission: &Admission| Admission::check(Some(admission), "call.example", &room, CLIENT);
        prop_assert_eq!(check(&good), Ok(()));
        let field = |admission: &mut Admission, with: &Spoiling| {
            with(match which {
                0 => &mut admission.access_key.0,
                1 => &mut admission.host_id.0,
                2 => &mut admission.leaf_key.0,
                _ => &mut admission.signature.0,
            });
        };
        let spoils: [&Spoiling; 3] = [
            &|field| field.clone_from(&bytes),
            &|field| { let at = at.index(field.len()); field[at] ^= 1 << bit },
            &|field| field.truncate(at.index(field.len())),
        ];
        for with in spoils {
            let mut bad = good.clone();
            field(&mut bad, with);
            prop_assert!(bad == good || matches!(
                check(&bad),
                Err(AdmissionError::WrongRoom | AdmissionError::Signature)
            ));
        }
    }

    #[test]
    fn no_spoiled_statement_is_the_hosts(
        which in 0..4_usize,
        bytes in vec(any::<u8>(), 0..100),
        at in any::<prop::sample::Index>(),
        number in any::<u64>(),
    ) {
        let (host, good) = statement();
        prop_assert!(good.verify(LOG, host));
        let mut bad = good.clone();
        match which {
            0 => bad.number = number,
            1 => bad.statement = Bytes(bytes),
            2 => bad.host_key = Bytes(bytes),
            _ => { let at = at.index(64); bad.signature.0[at] ^= 1; }
        }
        prop_assert!(bad == good || !bad.verify(LOG, host));
    }

    #[test]
    fn numbers_near_their_end_stop_there(a in any::<u64>(), b in any::<u64>()) {
        prop_assert_eq!(Seq(a).next().0, a.saturating_add(1));
        prop_assert_eq!((Millis(a) + b).0, a.saturating_add(b));
        prop_assert_eq!(Millis(a).since(Millis(b)), a.saturating_sub(b));
    }

    #[test]
    fn different_fields_give_different_transcripts(
        one in vec(vec(any::<u8>(), 0..6), 0..4),
        other in vec(vec(any::<u8>(), 0..6), 0..4),
    ) {
        let written = |fields: &[Vec<u8>]| {
            fields.iter().fold(Transcript::new("l"), |t, field| t.field(field)).as_bytes().to_vec()
        };
        prop_assert_eq!(one == other, written(&one) == written(&other));
    }
}

#[test]
fn every_message_of_the_protocol_reads_back() {
    for message in client_messages() {
        assert_eq!(ClientMessage::from_json(&message.to_json()), Ok(message));
    }
    for message in server_messages() {
        assert_eq!(ServerMessage::from_json(&message.to_json()), Ok(message));
    }
}

#[test]
fn nothing_is_too_deep_or_too_long() {
    let deep = limits::MESSAGE_MAX_BYTES / 2 - 100;
    for open in ["[", r#"{"a":"#] {
        let nested = open.repeat(deep / open.len());
        for text in [nested.clone(), format!(r#"{{"type":"leave","x":{nested}"#)] {
            assert_eq!(ClientMessage::from_json(&text).unwrap_err().code, ErrorCode::Malformed);
            assert_eq!(ServerMessage::from_json(&text).unwrap_err().code, ErrorCode::Malformed);
        }
    }
    let long = " ".repeat(limits::SERVER_MESSAGE_MAX_BYTES + 1);
    assert_eq!(ServerMessage::from_json(&long).unwrap_err().code, ErrorCode::TooLarge);
    assert_eq!(ClientMessage::from_json(&long).unwrap_err().code, ErrorCode::TooLarge);
    // The reason is not as long as what it is about.
    let unknown = format!(r#"{{"type":"{}"}}"#, "ö".repeat(100_000));
    assert!(ClientMessage::from_json(&unknown).unwrap_err().text.len() < 300);
    assert!(ServerMessage::from_json(&unknown).unwrap_err().text.len() < 300);
}

#[test]
fn the_largest_messages_of_an_honest_server_fit() {
    let (_, admission) = admission();
    let presence = Presence {
        client: CLIENT,
        arrived: Seq(u64::MAX),
        key_package: Bytes(vec![3; limits::KEY_PACKAGE_MAX_BYTES]),
        admission: Some(admission),
        entered: false,
    };
    let snapshot = ServerMessage::Snapshot {
        log_id: LOG,
        seq: Seq(u64::MAX),
        hash: LogHash([5; 32]),
        parent: Seq(u64::MAX),
        group_id: Some(GroupId([1; 32])),
        present: vec![presence; limits::ROOM_CLIENTS_MAX],
        said: Some(HostStatement {
            statement: Bytes(vec![1; limits::HOST_STATEMENT_MAX_BYTES]),
            ..statement().1
        }),
        published: vec![
            Published { client: CLIENT, sources: vec![Source::ScreenAudio; 4] };
            limits::ROOM_CLIENTS_MAX
        ],
        token: ResumeToken([4; 32]),
    };
    assert!(ServerMessage::from_json(&snapshot.to_json()).is_ok());
}
