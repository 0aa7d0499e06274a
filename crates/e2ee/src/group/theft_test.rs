//! What a complete copy of a member's state is good for, and for how long. The bounds stand in
//! `docs/threat-model.md`.
//!
//! The thief gets everything: OpenMLS's storage, the leaf's signature key, the media keys, the link. It follows the
//! log with OpenMLS alone, without any of our rules, and tries every private key that it ever saw on every ciphertext.

use std::collections::BTreeSet;

use openmls::prelude::{
    MlsMessageIn, OpenMlsCrypto as _, OpenMlsProvider as _, ProcessedMessageContent, ProtocolMessage,
    tls_codec::Deserialize as _, tls_codec::Serialize as _,
};
use openmls_traits::types::HpkeCiphertext;
use tangelo_wire::{Bytes, Source};

use super::{
    CommitEntry, CommitOutcome, Group, MessageEntry, MessageOutcome, PAST_EPOCHS, WelcomeEntry,
    commit::parse_commit,
};
use crate::{
    Rule,
    leaf::SUITE,
    media::{Codec, Context, open_with},
    secret::BaseKey,
    test_room::{Client, Room},
    test_secrets::stored_secrets,
};

/// How long the sender keeps the old key after a rekey, in milliseconds.
const SWITCH_MS: u64 = 1_000;
/// How long receive keys of an old epoch stay, in milliseconds.
const RETENTION_MS: u64 = 10_000;

impl Group {
    /// Everything that this member holds.
    fn stolen_copy(&self) -> Self {
        let provider = self.provider.copy();
        let mls = openmls::group::MlsGroup::load(provider.storage(), self.mls.group_id());
        Self {
            id: self.id,
            own: self.own,
            key: self.key.clone(),
            mls: mls.unwrap().unwrap(),
            provider,
            members: self.members.clone(),
            began: self.began,
            joined: self.joined,
            welcomed: self.welcomed,
            renewed_by: self.renewed_by,
        }
    }

    /// The GroupContext that a commit's path was encrypted in (RFC 9420 section 7.6): the new epoch and tree hash with
    /// the transcript hash of the epoch before. `self` has merged that commit.
    fn path_context(&self, transcript_before: &[u8]) -> Vec<u8> {
        let context = self.mls.public_group().group_context();
        let vector = |bytes: &[u8]| [&[u8::try_from(bytes.len()).unwrap()], bytes].concat();
        [
            context.protocol_version().tls_serialize_detached().unwrap(),
            context.ciphersuite().tls_serialize_detached().unwrap(),
            vector(context.group_id().as_slice()),
            context.epoch().as_u64().to_be_bytes().to_vec(),
            vector(context.tree_hash()),
            vector(transcript_before),
            vec![0],
        ]
        .concat()
    }

    fn transcript(&self) -> Vec<u8> {
        self.mls.public_group().group_context().confirmed_transcript_hash().to_vec()
    }
}

/// A commit that the log accepted, and what its path was encrypted in.
struct Accepted {
    commit: Bytes,
    path_context: Vec<u8>,
}

struct Thief {
    group: Group,
    base_keys: Vec<BaseKey>,
    private_keys: BTreeSet<[u8; 32]>,
}

impl Thief {
    fn steal(client: &Client) -> Self {
        let group = client.group.as_ref().unwrap().stolen_copy();
        let base_keys = client.media.stolen_keys().into_iter().map(|(_, key)| key).collect();
        let mut thief = Self { group, base_keys, private_keys: BTreeSet::new() };
        thief.collect();
        thief
    }

    /// Notes every private key in the storage.
    fn collect(&mut self) {
        let stored = stored_secrets(&self.group.provider);
        let keys = stored.into_iter().filter(|(_, name)| name == "private_key");
        self.private_keys.extend(keys.filter_map(|(key, _)| <[u8; 32]>::try_from(key).ok()));
    }

    /// Goes on to the epoch that a commit begins, if MLS lets it.
    fn follow(&mut self, commit: &Bytes) -> bool {
        let message = ProtocolMessage::from(parse_commit(commit).unwrap());
        let Ok(processed) = self.group.mls.process_message(&self.group.provider, message) else {
            return false;
        };
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return false;
        };
        self.group.mls.merge_staged_commit(&self.group.provider, *staged).unwrap();
        self.base_keys.push(self.group.base_key().unwrap());
        self.collect();
        true
    }

    fn opens(&self, frame: &[u8]) -> bool {
        let open = |key| open_with(key, Source::Camera, Codec::Vp9, frame);
        self.base_keys.iter().filter_map(open).any(|plain| plain == SPOKEN)
    }

    /// Whether a message can be read. The author's presence is no obstacle: the thief asks OpenMLS alone.
    fn reads(&mut self, bytes: &Bytes) -> bool {
        let message = MlsMessageIn::tls_deserialize_exact(bytes.as_slice()).unwrap();
        let message = message.try_into_protocol_message().unwrap();
        self.group.mls.process_message(&self.group.provider, message).is_ok()
    }

    /// Whether any stolen private key opens any ciphertext of a commit's path.
    fn opens_path(&self, accepted: &Accepted) -> bool {
        let label = b"MLS 1.0 UpdatePathNode";
        let context = &accepted.path_context;
        let context_length = u16::try_from(context.len()).unwrap() | 0x4000;
        let info = [
            &[u8::try_from(label.len()).unwrap()],
            &label[..],
            &context_length.to_be_bytes(),
            context.as_slice(),
        ]
        .concat();
        ciphertexts(accepted.commit.as_slice()).iter().any(|ciphertext| {
            self.private_keys.iter().any(|key| {
                let crypto = self.group.provider.crypto();
                crypto.hpke_open(SUITE.hpke_config(), ciphertext, key, &info, &[]).is_ok()
            })
        })
    }
}

/// Everything in a commit that looks like an HPKECiphertext of a path secret: 32 bytes of KEM output and 48 bytes of
/// ciphertext, each with its length before it.
fn ciphertexts(commit: &[u8]) -> Vec<HpkeCiphertext> {
    commit
        .windows(1 + 32 + 1 + 48)
        .filter(|window| window[0] == 32 && window[33] == 48)
        .map(|window| HpkeCiphertext {
            kem_output: window[1..33].to_vec().into(),
            ciphertext: window[34..].to_vec().into(),
        })
        .collect()
}

/// A message of some member other than the victim, sealed to the group as it is now.
fn someone_writes(room: &mut Room, victim: usize) -> Bytes {
    let author = &mut room.clients[usize::from(victim == 0)];
    author.group().seal_message(SPOKEN).unwrap()
}

const SPOKEN: &[u8] = b"for the members' ears only";

/// A picture of each member, sealed in the epoch that it sends in now.
fn everyone_speaks(room: &mut Room) -> Vec<Vec<u8>> {
    let context = Context::new(Source::Camera, 0).unwrap();
    let now = room.now;
    let mut frames = Vec::new();
    for client in room.clients.iter_mut().filter(|client| client.group.is_some()) {
        let mut frame = Vec::new();
        client.media.seal(now, context, Codec::Vp9, SPOKEN, &mut frame).unwrap();
        frames.push(frame);
    }
    frames
}

fn wait(room: &mut Room, ms: u64) {
    room.now = room.now + ms;
    for client in &mut room.clients {
        client.media.handle_timeout(room.now);
    }
}

/// A member rekeys: a path of its own, and no other work.
fn rekey(room: &mut Room, author: usize) -> Accepted {
    let transcript = room.clients[author].group().transcript();
    let bundle = room.clients[author].commit(&[], &[], true);
    for outcome in room.accept(author, &bundle).into_iter().flatten() {
        assert!(matches!(outcome, CommitOutcome::Merged { .. }), "{outcome:?}");
    }
    let path_context = room.clients[author].group().path_context(&transcript);
    Accepted { commit: bundle.commit, path_context }
}

fn assert_healed_by_own_path(n: u8, victim: usize, warm: bool) {
    let mut room = Room::of(n);
    let others: Vec<usize> = (0..usize::from(n)).filter(|other| *other != victim).collect();
    if warm {
        for member in 0..usize::from(n) {
            rekey(&mut room, member);
        }
    }
    wait(&mut room, SWITCH_MS);
    let mut thief = Thief::steal(&room.clients[victim]);
    let case = format!("{n} members, victim {victim}, warm {warm}");

    // Until then the attack is real: whoever else rekeys, the thief follows.
    for committer in others.iter().cycle().skip(victim).take(2) {
        let accepted = rekey(&mut room, *committer);
        assert!(thief.opens_path(&accepted), "{case}: the trial is right, committer {committer}");
        assert!(thief.follow(&accepted.commit), "{case}: committer {committer}");
        wait(&mut room, SWITCH_MS);
        assert!(everyone_speaks(&mut room).iter().all(|frame| thief.opens(frame)), "{case}");
        assert!(thief.reads(&someone_writes(&mut room, victim)), "{case}: messages as well");
    }

    let healing = rekey(&mut room, victim);
    assert!(!thief.follow(&healing.commit), "{case}");
    assert!(!thief.opens_path(&healing), "{case}");
    assert!(!thief.reads(&someone_writes(&mut room, victim)), "{case}: messages heal at once");
    if n > 2 {
        assert!(everyone_speaks(&mut room).iter().all(|frame| thief.opens(frame)), "{case}: not switched");
    }
    wait(&mut room, SWITCH_MS);
    assert!(!everyone_speaks(&mut room).iter().any(|frame| thief.opens(frame)), "{case}: healed");

    for committer in &others {
        let accepted = rekey(&mut room, *committer);
        assert!(!thief.follow(&accepted.commit), "{case}: committer {committer} after");
        assert!(!thief.opens_path(&accepted), "{case}: path of {committer} after");
        wait(&mut room, SWITCH_MS);
        assert!(!everyone_speaks(&mut room).iter().any(|frame| thief.opens(frame)), "{case}: after");
        assert!(!thief.reads(&someone_writes(&mut room, victim)), "{case}: after");
    }
}

#[test]
fn a_stolen_member_is_healed_by_its_own_next_path() {
    for n in 2..=9 {
        for victim in 0..usize::from(n) {
            assert_healed_by_own_path(n, victim, victim % 2 == 0);
        }
    }
}

#[test]
fn a_commit_without_a_path_heals_nothing() {
    let mut room = Room::of(3);
    wait(&mut room, SWITCH_MS);
    let mut thief = Thief::steal(&room.clients[1]);
    room.arrive(4);
    let add = [room.clients[3].id];
    let bundle = room.clients[1].commit(&add, &[], false);
    room.accept(1, &bundle);
    // Without a path the commit secret is zero, and the new epoch follows from the old one alone.
    assert!(thief.follow(&bundle.commit));
    wait(&mut room, SWITCH_MS);
    assert!(everyone_speaks(&mut room).iter().all(|frame| thief.opens(frame)));
}

#[test]
fn what_is_stolen_opens_nothing_older_than_the_retention() {
    for n in 2..=5 {
        let mut room = Room::of(n);
        wait(&mut room, RETENTION_MS);
        // When each epoch ended, and a frame of each member.
        let mut recorded: Vec<(u64, Vec<Vec<u8>>)> = Vec::new();
        let mut shut = 0;
        for round in 0..usize::from(n) * 2 {
            rekey(&mut room, round % usize::from(n));
            if let Some((ended, _)) = recorded.last_mut() {
                *ended = room.now.0;
            }
            wait(&mut room, SWITCH_MS);
            let frames = everyone_speaks(&mut room);
            recorded.push((u64::MAX, frames));
            // One epoch passes quickly and the next slowly.
            wait(&mut room, if round % 2 == 0 { 500 } else { RETENTION_MS });
            let last = recorded.len() - 1;
            for client in &room.clients {
                let thief = Thief::steal(client);
                for (index, (ended, frames)) in recorded.iter().enumerate() {
                    let opens = frames.iter().filter(|frame| thief.opens(frame)).count();
                    if index == last {
                        assert_eq!(opens, frames.len(), "the present epoch: the attack is real");
                    } else if room.now.0 - ended >= RETENTION_MS {
                        shut += 1;
                        assert_eq!(opens, 0, "{n} members, round {round}, epoch {index}");
                    }
                }
            }
        }
        assert!(shut > 0);
    }
}

#[test]
fn what_is_stolen_opens_no_recorded_welcome() {
    let mut room = Room::of(2);
    let newcomer = room.arrive(3);
    let before = room.clients[newcomer].applicant.provider.copy();
    let add = [room.clients[newcomer].id];
    let bundle = room.clients[0].commit(&add, &[], false);
    room.accept(0, &bundle);
    let (author, seq, group_id) =
        (room.clients[0].id, room.clients[newcomer].group().began(), room.group_id.unwrap());
    wait(&mut room, SWITCH_MS);
    let frame = everyone_speaks(&mut room).remove(0);
    let (commit, welcome) = (&bundle.commit, bundle.welcome.as_ref().unwrap());
    let entry = WelcomeEntry { seq, author, group_id, adds: &add, commit, welcome };

    let context = room.context();
    let client = &mut room.clients[newcomer];
    let wiped = Group::join(&context, &client.applicant, entry).map(|_| ());
    assert_eq!(wiped, Err(Rule::WelcomeMls), "the key package's private keys are gone");
    client.applicant.provider = client.group.as_ref().unwrap().provider.copy();
    let stored = Group::join(&context, &client.applicant, entry).map(|_| ());
    assert_eq!(stored, Err(Rule::WelcomeMls), "and the group's storage does not hold them either");
    // The attack is real: with the private keys, the recorded Welcome leads to the recorded frames.
    client.applicant.provider = before;
    let group = Group::join(&context, &client.applicant, entry).unwrap();
    let base_key = group.base_key().unwrap();
    assert!(open_with(&base_key, Source::Camera, Codec::Vp9, &frame).is_some());
}

/// What a message of member 0 tells a copy of member 1.
fn read(room: &Room, group: &mut Group, bytes: &Bytes) -> MessageOutcome {
    group.open_message(&room.clients[1].presence, MessageEntry { author: room.clients[0].id, bytes })
}

#[test]
fn what_is_stolen_reads_no_message_that_was_read_or_is_old() {
    let mut room = Room::of(3);
    let sender = room.clients[0].group();
    let (first, second) = (sender.seal_message(SPOKEN).unwrap(), sender.seal_message(SPOKEN).unwrap());
    let steal = |room: &Room| room.clients[1].group.as_ref().unwrap().stolen_copy();
    let spoken = MessageOutcome::Read(SPOKEN.to_vec());

    let mut reader = room.clients[1].group.take().unwrap();
    assert_eq!(read(&room, &mut reader, &first), spoken);
    room.clients[1].group = Some(reader);
    assert_ne!(read(&room, &mut steal(&room), &first), spoken, "its key was deleted when it was used");
    assert_eq!(read(&room, &mut steal(&room), &second), spoken, "the attack is real");

    rekey(&mut room, 0);
    assert_eq!(read(&room, &mut steal(&room), &second), spoken, "kept for a message that is under way");
    let mut forgetful = room.clients[1].group.take().unwrap();
    forgetful.forget_past_messages(0).unwrap();
    room.clients[1].group = Some(forgetful);
    assert_ne!(read(&room, &mut steal(&room), &second), spoken, "10 s after the epoch at the most");
}

#[test]
fn however_fast_epochs_pass_few_keep_their_message_keys() {
    let mut room = Room::of(3);
    let message = room.clients[0].group().seal_message(SPOKEN).unwrap();
    for round in 0..=usize::try_from(PAST_EPOCHS).unwrap() {
        rekey(&mut room, round % 3);
    }
    let mut stolen = room.clients[1].group.as_ref().unwrap().stolen_copy();
    assert_ne!(read(&room, &mut stolen, &message), MessageOutcome::Read(SPOKEN.to_vec()));
}

#[test]
fn a_stolen_signature_key_alone_makes_no_commit() {
    let mut room = Room::of(3);
    let mut thief = Thief::steal(&room.clients[1]);
    let victim = room.clients[1].id;
    rekey(&mut room, 1);
    // The thief holds the leaf's key still, and brings its copy to the same epoch by a commit of its own.
    let (context, presence) = (room.context(), &room.clients[0].presence);
    let alone = thief.group.commit(&context, presence, &[], &[], true).unwrap();
    let seq = room.seq.next();
    let own = CommitEntry { seq, author: victim, adds: &[], commit: &alone.commit };
    thief.group.process(&context, presence, own).unwrap();
    let forged = thief.group.commit(&context, presence, &[], &[], true).unwrap();
    assert_eq!(thief.group.epoch(), room.clients[0].group().epoch());

    let before = room.clients[0].group().epoch();
    for outcome in room.accept(1, &forged).into_iter().flatten() {
        assert!(matches!(outcome, CommitOutcome::Skipped { rule: Rule::CommitMls, .. }), "{outcome:?}");
    }
    assert_eq!(room.clients[0].group().epoch(), before);
}

#[test]
fn a_thief_that_commits_as_its_victim_drives_it_out_and_so_heals_it() {
    let mut room = Room::of(3);
    let mut thief = Thief::steal(&room.clients[1]);
    let (context, presence) = (room.context(), &room.clients[0].presence);
    let forged = thief.group.commit(&context, presence, &[], &[], true).unwrap();
    let outcomes: Vec<_> = room.accept(1, &forged).into_iter().flatten().collect();
    assert!(matches!(outcomes[0], CommitOutcome::Merged { .. }), "before the bound the attack is real");
    assert!(matches!(outcomes[2], CommitOutcome::Merged { .. }));
    assert_eq!(outcomes[1], CommitOutcome::Diverged, "the victim notices, and arrives anew with fresh keys");
}
