//! Messages of the WebSocket, and what is signed in them.

use std::sync::LazyLock;

use ed25519_dalek::{Signer as _, SigningKey};
use tangelo_wire::{
    AccessProof, Admission, Bytes, ClientId, ClientMessage, Entry, ErrorCode, HostId, HostOrders,
    HostStatement, LogHash, LogId, Post, RoomName, ServerMessage,
};

use crate::input::Input;

const CLIENT: ClientId = ClientId([7; 16]);
const LOG: LogId = LogId([1; 16]);
const HOST: &str = "call.example";

/// A text from a client to the server, or the other way: what is taken reads back the same, what is refused says so in
/// few words.
pub fn wire_messages(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match ClientMessage::from_json(&text) {
        Ok(message) => {
            assert_eq!(ClientMessage::from_json(&message.to_json()).as_ref(), Ok(&message));
            if let ClientMessage::Arrive { admission: Some(admission), .. } = &message {
                assert!(Admission::check(Some(admission), HOST, &GOOD.room, CLIENT).is_err());
            }
            if let ClientMessage::Post { body: Post::HostSay { said }, .. } = &message {
                read_orders(said);
            }
        }
        Err(error) => assert_short(&error.code, &error.text),
    }
    match ServerMessage::from_json(&text) {
        Ok(message) => {
            assert_eq!(ServerMessage::from_json(&message.to_json()).as_ref(), Ok(&message));
            if let ServerMessage::Entry(entry) = &message {
                let hash = LogHash::start(LOG).after(entry);
                assert_ne!(hash, LogHash::start(LOG));
                if let Entry::HostSaid { said, .. } = &entry.entry {
                    read_orders(said);
                }
            }
        }
        Err(error) => assert_short(&error.code, &error.text),
    }
}

fn assert_short(code: &ErrorCode, text: &str) {
    assert!(matches!(code, ErrorCode::Malformed | ErrorCode::TooLarge));
    assert!(text.len() < 600, "{} bytes of reason", text.len());
}

fn read_orders(said: &HostStatement) {
    if let Some(orders) = HostOrders::read(said) {
        let again = HostStatement { statement: orders.to_bytes(), ..said.clone() };
        // Written anew it may be longer than what was read, and too long.
        if again.statement.len() <= tangelo_wire::limits::HOST_STATEMENT_MAX_BYTES {
            assert_eq!(HostOrders::read(&again), Some(orders));
        }
    }
}

struct Good {
    room: RoomName,
    admission: Admission,
    host: HostId,
    said: HostStatement,
}

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let access = SigningKey::from_bytes(&[5; 32]);
    let key = SigningKey::from_bytes(&[2; 32]);
    let host_key = key.verifying_key().to_bytes();
    let host = HostId::of(&host_key);
    let room = RoomName::secret(&access.verifying_key().to_bytes(), host);
    let leaf_key = [8; 32];
    let proof = AccessProof { host: HOST, room: &room, client: CLIENT, leaf_key: &leaf_key };
    let signature = access.sign(proof.transcript().as_bytes());
    let admission = Admission {
        access_key: Bytes(access.verifying_key().to_bytes().to_vec()),
        host_id: Bytes(host.0.to_vec()),
        leaf_key: Bytes(leaf_key.to_vec()),
        signature: Bytes(signature.to_bytes().to_vec()),
    };
    let statement = HostOrders { locked: true, admitted: vec![CLIENT], ..HostOrders::default() }.to_bytes();
    let signature = key.sign(HostStatement::transcript(LOG, 3, statement.as_slice()).as_bytes());
    let said = HostStatement {
        number: 3,
        statement,
        host_key: Bytes(host_key.to_vec()),
        signature: Bytes(signature.to_bytes().to_vec()),
    };
    Good { room, admission, host, said }
});

/// An admission or a statement of the host, spoiled: it is the good one, or it is refused.
pub fn wire_signed(data: &[u8]) {
    let mut input = Input::new(data);
    if input.byte() & 1 == 0 {
        let mut admission = GOOD.admission.clone();
        for field in [
            &mut admission.access_key,
            &mut admission.host_id,
            &mut admission.leaf_key,
            &mut admission.signature,
        ] {
            field.0 = input.edited(&field.0);
        }
        let checked = Admission::check(Some(&admission), HOST, &GOOD.room, CLIENT);
        assert_eq!(checked.is_ok(), admission == GOOD.admission);
        let named = RoomName::Named("standup".into());
        assert!(Admission::check(Some(&admission), HOST, &named, CLIENT).is_err());
    } else {
        let mut said = GOOD.said.clone();
        said.number ^= u64::from(input.byte());
        for field in [&mut said.host_key, &mut said.signature, &mut said.statement] {
            field.0 = input.edited(&field.0);
        }
        assert_eq!(said.verify(LOG, GOOD.host), said == GOOD.said);
        read_orders(&said);
    }
}
