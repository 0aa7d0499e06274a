//! Rooms, links, names and ids: texts that stand in URLs, that people type, or that others choose.

use tangelo_call::link::Link;
use tangelo_e2ee::Name;
use tangelo_wire::{ClientId, GroupId, RoomName, base32};

/// There is one way to write each, and what is cleaned is clean.
pub fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let text = text.as_ref();
    if let Ok(room) = text.parse::<RoomName>() {
        assert_eq!(room.to_string(), text);
    }
    if let Ok(id) = text.parse::<ClientId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = text.parse::<GroupId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Some(bytes) = base32::decode(text) {
        assert_eq!(base32::encode(&bytes), text);
    }
    if let Ok(name) = Name::parse(text) {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(name) = Name::clean(text) {
        assert_eq!(Name::parse(name.as_str()).as_ref(), Ok(&name));
    }
    for path in [text.to_owned(), format!("/r/{text}")] {
        if let Ok(link) = Link::parse(&path) {
            assert_eq!(link.room().is_secret(), link.keys().is_some());
            let host = link.host_secret().map(|host| format!(".{host}")).unwrap_or_default();
            let behind = if link.path().contains('#') { '&' } else { '#' };
            let token =
                link.token().map(|token| format!("{behind}token={}", token.as_str())).unwrap_or_default();
            let again = format!("{}{host}{token}", link.path());
            // An empty fragment is none.
            assert_eq!(again.trim_end_matches('#'), path.trim_end_matches('#'));
            assert_eq!(Link::parse(&again).unwrap().room(), link.room());
        }
    }
}
