//! No log line, error or debug output of this crate, or of OpenMLS within it, shows a secret.

use std::{collections::BTreeSet, fmt::Debug};

use tangelo_wire::{Bytes, Millis, Source};

use crate::{
    Error, LeafKey, RoomContext, Rule,
    group::CommitEntry,
    leaks::{Secrets, capture_log, captured_log},
    link::{Link, LinkError},
    media::{Codec, Context, SealError},
    test_room::{self, Room},
    test_secrets::stored_secrets,
};

/// No eight characters of these stand in any text of ours.
const SPOKEN: &[u8] = b"Vqx7-jkw9-zzy3-bbq1-ppx5";

/// Both debug forms of whatever the test meets.
#[derive(Default)]
struct Shown(BTreeSet<String>);

impl Shown {
    fn debug(&mut self, value: &impl Debug) {
        self.0.insert(format!("{value:?}"));
        self.0.insert(format!("{value:#?}"));
        self.0.insert(format!("{value:x?}"));
    }

    /// Everything of every client, and the secrets that it holds now.
    fn room(&mut self, room: &Room, secrets: &mut Secrets) {
        for client in &room.clients {
            self.debug(&client.context);
            self.debug(&client.applicant);
            self.debug(&client.presence);
            self.debug(&client.group);
            self.debug(&client.media);
            self.debug(&client.media.receiver_stats().collect::<Vec<_>>());
            self.debug(&client.media.sender_stats());
            secrets.add("leaf signature key", client.applicant.key.secret());
            for (secret, name) in stored_secrets(&client.applicant.provider) {
                secrets.add(&name, &secret);
            }
            for (_, key) in client.media.stolen_keys() {
                secrets.add("base key", key.expose());
            }
            let Some(group) = &client.group else { continue };
            self.debug(&group.members());
            self.debug(&group.work(&client.presence));
            self.debug(&group.safety_number(&client.context));
            for (secret, name) in stored_secrets(group.provider()) {
                secrets.add(&name, &secret);
            }
        }
    }
}

fn link_secrets(context: &RoomContext, host: &str, secrets: &mut Secrets) {
    for (name, secret) in context.link.keys().unwrap().secrets() {
        secrets.add(name, &secret);
    }
    secrets.add("link", context.link.path().split_once('#').unwrap().1.as_bytes());
    secrets.add("host link", host.as_bytes());
}

fn speak(room: &mut Room, shown: &mut Shown) {
    let (context, now) = (Context::new(Source::Camera, 0).unwrap(), room.now);
    let sender = room.clients[0].id;
    let mut sealed = Vec::new();
    let codec = Codec::Vp9;
    room.clients[0].media.seal(now, context, codec, SPOKEN, &mut sealed).unwrap();
    let media = &mut room.clients[1].media;
    let line = media.add_receiver(sender, Source::Camera);
    let mut opened = Vec::new();
    shown.debug(&media.open(now, line, 0, codec, &sealed, &mut opened));
    assert_eq!(opened, SPOKEN);
    for at in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[at] ^= 1;
        shown.debug(&media.open(now, line, 1, codec, &bad, &mut opened));
    }
    shown.debug(&media);
    let context = Context::new(Source::Microphone, 0).unwrap();
    let packet = [&[0x78], SPOKEN].concat();
    let media = &mut room.clients[0].media;
    media.seal(now, context, Codec::Opus, &packet, &mut sealed).unwrap();
    shown.debug(&media);
}

#[test]
fn nothing_shows_a_secret() {
    capture_log();
    let (mut shown, mut secrets) = (Shown::default(), Secrets::default());
    let link = Link::new_room().unwrap();
    let host = link.host_secret().unwrap();
    let mut room = Room::at(format!("{}.{host}", link.path()));
    link_secrets(&room.context(), &host, &mut secrets);
    secrets.add("frame", SPOKEN);
    shown.debug(&link);
    shown.debug(&LeafKey::new().unwrap());

    // Arriving, founding, joining.
    for person in 1..=4 {
        room.arrive(person);
    }
    shown.room(&room, &mut secrets);
    room.found(0);
    room.work(0);
    shown.room(&room, &mut secrets);
    speak(&mut room, &mut shown);

    // Rekeys, a commit in flight, junk in its place, one that leaves.
    for author in [1, 3, 0] {
        let bundle = room.clients[author].commit(&[], &[], true);
        shown.debug(&bundle);
        shown.room(&room, &mut secrets);
        let mut junk = bundle.commit.as_slice().to_vec();
        let at = junk.len() / 2;
        junk[at] ^= 1;
        for bytes in [Bytes(junk), Bytes(vec![0xff; 9]), Bytes(Vec::new())] {
            let (seq, author) = (room.seq.next(), room.clients[author].id);
            let entry = CommitEntry { seq, author, adds: &[], commit: &bytes };
            shown.debug(&entry);
            for client in &mut room.clients {
                let group = client.group.as_mut().unwrap();
                shown.debug(&group.process(&client.context, &client.presence, entry));
            }
        }
        let bundle = room.clients[author].commit(&[], &[], true);
        shown.debug(&room.accept(author, &bundle));
        room.now = room.now + 1_000;
        speak(&mut room, &mut shown);
        shown.room(&room, &mut secrets);
    }
    room.depart(2);
    let removes = [room.clients[2].id];
    let bundle = room.clients[1].commit(&[], &removes, false);
    shown.debug(&room.accept(1, &bundle));
    shown.room(&room, &mut secrets);
    room.clients[1].media.handle_timeout(Millis(u64::MAX));
    room.clients[2].media.clear();
    shown.room(&room, &mut secrets);

    // Errors, with secrets where they could be repeated.
    for cut in [&link.path()[..60], "/r/standup#abc", &format!("{}x", link.path())] {
        let error: LinkError = Link::parse(cut).unwrap_err();
        shown.debug(&error);
        shown.0.insert(error.to_string());
    }
    for error in [Error::Random, Error::Mls("a step"), Error::Identity, Error::Own(Rule::CommitMls)] {
        shown.debug(&error);
        shown.0.insert(error.to_string());
    }
    for error in [SealError::NoKey, SealError::Malformed, SealError::Failed] {
        shown.debug(&error);
        shown.0.insert(error.to_string());
    }
    for rule in Rule::ALL {
        shown.0.insert(rule.to_string());
    }
    shown.debug(&test_room::check(&room.context(), &room.clients[0].applicant));

    // The search knows what it looks for.
    for name in [
        "leaf signature key",
        "private_key",
        "base key",
        "init_secret",
        "exporter_secret",
        "parent_nodes",
        "membership_key",
        "link secret",
        "access key",
        "psk",
        "profile key",
        "host secret",
        "host key",
        "frame",
    ] {
        assert!(secrets.knows(name), "{name}");
    }
    let log = captured_log();
    assert!(log.iter().any(|line| line.contains("openmls")), "OpenMLS logs, and the test hears it");
    secrets.assert_hidden("the log", &log.join("\n"));
    for text in &shown.0 {
        secrets.assert_hidden("a debug output or error", text);
    }
}

#[test]
fn every_secret_type_wipes_itself() {
    use crate::secret::{BaseKey, HostSecret, LinkPsk, LinkSecret, ProfileKey};
    fn wipes<T: zeroize::ZeroizeOnDrop>() {}
    wipes::<BaseKey>();
    wipes::<HostSecret>();
    wipes::<LinkPsk>();
    wipes::<LinkSecret>();
    wipes::<ProfileKey>();
    wipes::<ed25519_dalek::SigningKey>();
    wipes::<aes_gcm::Aes128Gcm>();
    wipes::<openmls::prelude::tls_codec::SecretVLBytes>();
    wipes::<chacha20poly1305::XChaCha20Poly1305>();
}

#[test]
fn a_spent_applicant_holds_no_private_key() {
    let mut room = Room::of(2);
    let newcomer = room.arrive(3);
    let held = |room: &Room| stored_secrets(&room.clients[newcomer].applicant.provider);
    assert!(held(&room).values().any(|name| name.contains("private")));
    room.work(0);
    assert!(held(&room).is_empty());
}
