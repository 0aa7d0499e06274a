//! What a host types: `/lock`, `/admit NAME` and the like.

use tangelo_call::{HostOrder, Person, RoomView};

use super::screen::clean;

/// A line that means something to a host's client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    Lock,
    Unlock,
    /// Nobody named: everyone who waits.
    Admit(String),
    Remove(String),
    Mute(String),
    /// Let somebody come back who was removed.
    Back(String),
    End,
}

impl Order {
    /// Understands a line; `None` if it is something to say.
    pub(super) fn read(line: &str) -> Option<Self> {
        let (word, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let name = name.trim().to_owned();
        match (word, name.is_empty()) {
            ("/lock", true) => Some(Self::Lock),
            ("/unlock", true) => Some(Self::Unlock),
            ("/admit", _) => Some(Self::Admit(name)),
            ("/remove", _) => Some(Self::Remove(name)),
            ("/mute", _) => Some(Self::Mute(name)),
            ("/back", _) => Some(Self::Back(name)),
            ("/end", true) => Some(Self::End),
            _ => None,
        }
    }

    /// What it means among these people.
    ///
    /// # Errors
    /// Nobody or not only one is meant; in words for people.
    pub(super) fn mean(self, people: &[Person], room: &RoomView) -> Result<HostOrder, String> {
        let inside =
            || people.iter().filter(|person| !person.own).map(|person| (&person.client, &person.name));
        let waiting = || room.waiting.iter().map(|one| (&one.client, &one.name));
        let client = |of: &str| of.parse().map_err(|_| "this client cannot be named".to_owned());
        Ok(match self {
            Self::Lock => HostOrder::Lock {},
            Self::Unlock => HostOrder::Unlock {},
            Self::End => HostOrder::End {},
            Self::Admit(name) if name.is_empty() => HostOrder::AdmitAll {},
            Self::Admit(name) => HostOrder::Admit { client: client(only(&name, waiting())?)? },
            Self::Remove(name) => {
                HostOrder::Remove { client: client(only(&name, inside().chain(waiting()))?)? }
            }
            Self::Mute(name) => HostOrder::Mute { client: client(only(&name, inside())?)? },
            Self::Back(name) => {
                let unnamed = String::new();
                let barred = room.barred.iter().map(|one| (one.name.as_ref().unwrap_or(&unnamed), &one.tag));
                let mut named = barred.filter(|(other, _)| clean(other) == name && !name.is_empty());
                match (named.next(), named.next()) {
                    (Some((_, tag)), None) => HostOrder::LetBack { tag: tag.clone() },
                    (None, _) => {
                        return Err(format!("nobody of that name was removed by this client: {name}"));
                    }
                    _ => return Err(format!("more than one {name} was removed")),
                }
            }
        })
    }
}

/// Whether this order ends the call: a host's does. Anybody else's is refused, and a call that ends later has ended by itself.
pub(super) fn ends_call(order: &HostOrder, room: &RoomView) -> bool {
    room.host && *order == HostOrder::End {}
}

/// The one client with this name, or whose id begins so.
fn only<'a>(name: &str, mut of: impl Iterator<Item = (&'a String, &'a String)>) -> Result<&'a str, String> {
    if name.is_empty() {
        return Err("say whom: the name, or the letters in brackets behind it".to_owned());
    }
    let id = name.trim_start_matches('[').trim_end_matches(']');
    let is_meant =
        |client: &str, other: &str| clean(other) == name || (id.len() >= 8 && client.starts_with(id));
    let mut meant = of.by_ref().filter(|(client, other)| is_meant(client, other));
    match (meant.next(), meant.next()) {
        (Some((client, _)), None) => Ok(client),
        (None, _) => Err(format!("there is nobody of that name: {name}")),
        _ => Err(format!("more than one is called {name}: take the letters in brackets behind the name")),
    }
}

#[cfg(test)]
mod tests {
    use tangelo_call::{Barred, Waiting};
    use tangelo_wire::{Bytes, ClientId};

    use super::*;

    fn person(number: u8, name: &str) -> Person {
        Person {
            client: ClientId([number; 16]).to_string(),
            name: name.to_owned(),
            identity: String::new(),
            leaf: 0,
            own: number == 1,
            confirmed: true,
            host: false,
            present: true,
            lost: false,
            silent: false,
            elsewhere: false,
            state: None,
            hand_order: None,
        }
    }

    #[test]
    fn only_a_host_ends_the_call() {
        let room = |host| RoomView { host, ..RoomView::default() };
        assert!(ends_call(&HostOrder::End {}, &room(true)));
        assert!(!ends_call(&HostOrder::End {}, &room(false)) && !ends_call(&HostOrder::Lock {}, &room(true)));
    }

    #[test]
    fn lines_become_orders() {
        let people = [person(1, "Host"), person(2, "Ada"), person(3, "Bob B."), person(4, "Ada")];
        let waiting = Waiting {
            client: ClientId([5; 16]).to_string(),
            name: "Cleo".to_owned(),
            identity: String::new(),
        };
        let tag = Bytes(vec![7; 16]);
        let barred = Barred { tag: tag.clone(), name: Some("Dan".to_owned()) };
        let room = RoomView { waiting: vec![waiting], barred: vec![barred], ..RoomView::default() };
        let mean = |line: &str| Order::read(line).unwrap().mean(&people, &room);
        let client = |number| ClientId([number; 16]);
        assert_eq!(mean("/lock"), Ok(HostOrder::Lock {}));
        assert_eq!(mean("/unlock"), Ok(HostOrder::Unlock {}));
        assert_eq!(mean("/end"), Ok(HostOrder::End {}));
        assert_eq!(mean("/admit"), Ok(HostOrder::AdmitAll {}));
        assert_eq!(mean("/admit Cleo"), Ok(HostOrder::Admit { client: client(5) }));
        assert_eq!(mean("/remove  Bob B."), Ok(HostOrder::Remove { client: client(3) }));
        assert_eq!(mean("/remove Cleo"), Ok(HostOrder::Remove { client: client(5) }));
        assert_eq!(mean("/mute [04040404]"), Ok(HostOrder::Mute { client: client(4) }));
        assert_eq!(mean("/back Dan"), Ok(HostOrder::LetBack { tag }));
        for bad in [
            "/admit Ada",
            "/remove Ada",
            "/remove Host",
            "/remove",
            "/mute Cleo",
            "/mute 0404",
            "/back",
            "/back Ada",
        ] {
            assert!(mean(bad).is_err(), "{bad}");
        }
        for said in ["/locked", "/lock the door", "lock", "/end it", "/"] {
            assert_eq!(Order::read(said), None, "{said}");
        }
    }
}
