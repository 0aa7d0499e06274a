//! Groups of any size, and what a commit, a Welcome and a rekey cost in them. The only module that makes MLS groups
//! with `tangelo-e2ee`.
//!
//! Not every member is simulated: a tree is as warm as it gets once every parent node has a key, so it is enough
//! that every other leaf commits a path, and that only those who commit or are measured follow the log.

use ed25519_dalek::{Signer as _, SigningKey};
use tangelo_e2ee::{
    Applicant, IdentityKey, IdentityProof, LeafKey, Name, Profile, RoomContext,
    candidate::Candidate,
    group::{Bundle, CommitEntry, CommitOutcome, Group, WelcomeEntry},
    link::Link,
    media::{Change, Media},
    presence::Presence,
};
use tangelo_wire::{ClientId, GroupId, LogId, Millis, Seq};

use crate::{Effort, Failure, Figure, Result, Samples, Section, at, clock::timed};

/// How many parent nodes have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// All: every member has committed a path of its own.
    Warm,
    /// Those above one member, the only one that ever commits.
    Blank,
}

impl Tree {
    fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Blank => "blank",
        }
    }
}

/// A member that follows the log.
struct Member {
    applicant: Applicant,
    presence: Presence,
    group: Group,
}

/// A room without a server: its log accepts everything.
pub struct Room {
    context: RoomContext,
    group_id: GroupId,
    seq: Seq,
    clients: u64,
    /// The first member; it does all adding.
    committer: Member,
    /// The member that came last of those that follow the log.
    witness: Option<Member>,
}

/// Someone on the way in.
struct Newcomer {
    applicant: Applicant,
    candidate: Candidate,
    arrived: Seq,
}

/// A commit in the log.
struct Entry {
    seq: Seq,
    author: ClientId,
    bundle: Bundle,
}

impl Room {
    /// A secret room with one member.
    fn new() -> Result<Self> {
        let path = Link::new_room().map_err(at("making a room"))?.path();
        let link = Link::parse(&path).map_err(at("reading the link"))?;
        let context = RoomContext { host: "call.example".to_owned(), link };
        let applicant = applicant(&context, 1)?;
        let client = applicant.client();
        let mut presence = Presence::default();
        presence.arrive(client, check(&context, &applicant), Seq(1));
        presence.found(client);
        let group_id = GroupId::derive(LogId([1; 16]), Seq(1), client);
        let group = Group::found(&context, &applicant, group_id, Seq(2)).map_err(at("founding"))?;
        let committer = Member { applicant, presence, group };
        Ok(Self { context, group_id, seq: Seq(2), clients: 1, committer, witness: None })
    }

    /// A room with `size` members, of which one or two are real.
    ///
    /// # Errors
    /// If the group cannot be made.
    pub fn of(size: u64, tree: Tree) -> Result<Self> {
        let mut room = Self::new()?;
        match tree {
            Tree::Blank => room.admit(size - 1, false)?,
            Tree::Warm => {
                // Leaf 1 shares its parent with the committer; then pairs of leaves that share theirs.
                room.admit(1, true)?;
                while room.clients < size {
                    room.admit((size - room.clients).min(2), true)?;
                }
            }
        }
        room.rekey(&mut Times::default())?;
        Ok(room)
    }

    /// Adds newcomers by one commit. With `rekeys` the first of them joins and commits a path, else the last joins;
    /// it is the new witness.
    fn admit(&mut self, count: u64, rekeys: bool) -> Result<()> {
        let newcomers = (0..count).map(|_| self.newcomer()).collect::<Result<Vec<_>>>()?;
        let entry = self.add(&newcomers)?;
        merge(&self.context, &mut self.committer, &entry)?;
        let mut newcomers = newcomers.into_iter();
        let joins = if rekeys { newcomers.next() } else { newcomers.next_back() };
        let Some(newcomer) = joins else { return Ok(()) };
        let group = self.join(&newcomer.applicant, &entry)?;
        let mut presence = Presence::default();
        let author = self.committer.applicant.client();
        presence.arrive(author, check(&self.context, &self.committer.applicant), Seq(1));
        presence.arrive(newcomer.applicant.client(), Ok(newcomer.candidate), newcomer.arrived);
        let mut member = Member { applicant: newcomer.applicant, presence, group };
        if rekeys {
            let bundle = commit(&self.context, &mut member, &[], true)?;
            let entry = self.accept(member.applicant.client(), bundle);
            merge(&self.context, &mut member, &entry)?;
            merge(&self.context, &mut self.committer, &entry)?;
        }
        self.witness = Some(member);
        Ok(())
    }

    fn newcomer(&mut self) -> Result<Newcomer> {
        self.clients += 1;
        let applicant = applicant(&self.context, self.clients)?;
        let candidate = check(&self.context, &applicant).map_err(at("checking a key package"))?;
        self.seq = self.seq.next();
        let arrived = self.seq;
        self.committer.presence.arrive(applicant.client(), Ok(candidate.clone()), arrived);
        Ok(Newcomer { applicant, candidate, arrived })
    }

    fn add(&mut self, newcomers: &[Newcomer]) -> Result<Entry> {
        let adds: Vec<_> = newcomers.iter().map(|newcomer| newcomer.applicant.client()).collect();
        let bundle = commit(&self.context, &mut self.committer, &adds, false)?;
        Ok(self.accept(self.committer.applicant.client(), bundle))
    }

    fn accept(&mut self, author: ClientId, bundle: Bundle) -> Entry {
        self.seq = self.seq.next();
        Entry { seq: self.seq, author, bundle }
    }

    fn join(&self, applicant: &Applicant, entry: &Entry) -> Result<Group> {
        let welcome = entry.bundle.welcome.as_ref().ok_or_else(|| Failure("there is no Welcome".into()))?;
        let commit = &entry.bundle.commit;
        let adds = &entry.bundle.adds;
        let entry = WelcomeEntry {
            seq: entry.seq,
            author: entry.author,
            group_id: self.group_id,
            adds,
            commit,
            welcome,
        };
        Group::join(&self.context, applicant, entry).map_err(at("joining"))
    }

    /// The committer renews its path; the witness takes it.
    fn rekey(&mut self, times: &mut Times) -> Result<()> {
        let (bundle, commit_us) = timed(|| commit(&self.context, &mut self.committer, &[], true));
        let entry = self.accept(self.committer.applicant.client(), bundle?);
        merge(&self.context, &mut self.committer, &entry)?;
        if let Some(witness) = &mut self.witness {
            let (merged, process_us) = timed(|| merge(&self.context, witness, &entry));
            merged?;
            times.rekey_process.push(process_us);
        }
        times.rekey_commit.push(commit_us);
        times.rekey_bytes = entry.bundle.commit.as_slice().len();
        Ok(())
    }

    /// Somebody arrives, is added and joins.
    fn arrival(&mut self, times: &mut Times) -> Result<()> {
        let newcomer = self.newcomer()?;
        let (checked, check_us) = timed(|| check(&self.context, &newcomer.applicant));
        checked.map_err(at("checking a key package"))?;
        let newcomers = [newcomer];
        let (entry, commit_us) = timed(|| self.add(&newcomers));
        let (entry, [newcomer]) = (entry?, newcomers);
        merge(&self.context, &mut self.committer, &entry)?;
        if let Some(witness) = &mut self.witness {
            let client = newcomer.applicant.client();
            witness.presence.arrive(client, Ok(newcomer.candidate), newcomer.arrived);
            let (merged, process_us) = timed(|| merge(&self.context, witness, &entry));
            merged?;
            times.add_process.push(process_us);
        }
        let (joined, join_us) = timed(|| self.join(&newcomer.applicant, &entry));
        joined?;
        times.check.push(check_us);
        times.add_commit.push(commit_us);
        times.join.push(join_us);
        times.add_bytes = entry.bundle.commit.as_slice().len();
        times.welcome_bytes = entry.bundle.welcome.as_ref().map_or(0, |welcome| welcome.as_slice().len());
        Ok(())
    }

    /// Two members' media keys, each with the other's client id: first the committer's, then the witness's.
    ///
    /// # Errors
    /// In a room with one member.
    pub fn media(&self) -> Result<[(ClientId, Media); 2]> {
        let witness = self.witness.as_ref().ok_or_else(|| Failure("a room with one member".into()))?;
        let media = |member: &Member| {
            let mut media = Media::default();
            let change = Change { adds: false, removes: false };
            media.install(Millis(0), &member.group, change).map_err(at("installing keys"))?;
            Ok((member.applicant.client(), media))
        };
        Ok([media(&self.committer)?, media(witness)?])
    }
}

/// What was measured in rooms of one size.
#[derive(Default)]
struct Times {
    check: Samples,
    add_commit: Samples,
    add_process: Samples,
    join: Samples,
    rekey_commit: Samples,
    rekey_process: Samples,
    add_bytes: usize,
    welcome_bytes: usize,
    rekey_bytes: usize,
}

/// How often each thing is measured.
const REPEATS: usize = 5;
/// In rooms up to this size each arrival is measured in a room of its own, so that it keeps its size.
const SMALL: u64 = 50;

/// The sizes of the groups.
#[must_use]
pub fn sizes(effort: Effort) -> &'static [u64] {
    effort.pick(&[2, 50], &[2, 10, 50, 100, 500])
}

/// Commit, process, join and rekey in groups of `size`.
///
/// # Errors
/// If a step of the group fails that must not.
pub fn figures(size: u64, tree: Tree) -> Result<Vec<Figure>> {
    let mut times = Times::default();
    let (rooms, arrivals) = if size <= SMALL { (REPEATS, 1) } else { (1, REPEATS) };
    for _ in 0..rooms {
        let mut room = Room::of(size, tree)?;
        for _ in 0..REPEATS {
            room.rekey(&mut times)?;
        }
        for _ in 0..arrivals {
            room.arrival(&mut times)?;
        }
    }
    let tree = tree.name();
    let label = |what: &str| format!("{size} members, {tree} tree: {what}");
    let time =
        |what, samples: &Samples| Figure::new(Section::Groups, label(what), samples.median() / 1e3, "ms");
    let bytes = |what, bytes| Figure::bytes(Section::Groups, label(what), bytes);
    Ok(vec![
        time("check a key package", &times.check),
        time("make a commit that adds one", &times.add_commit),
        bytes("a commit that adds one", times.add_bytes),
        bytes("its Welcome", times.welcome_bytes),
        time("process it", &times.add_process),
        time("join by the Welcome", &times.join),
        time("make a rekey", &times.rekey_commit),
        bytes("a rekey", times.rekey_bytes),
        time("process a rekey", &times.rekey_process),
    ])
}

fn commit(context: &RoomContext, author: &mut Member, adds: &[ClientId], rekey: bool) -> Result<Bundle> {
    author.group.commit(context, &author.presence, adds, &[], rekey).map_err(at("committing"))
}

fn merge(context: &RoomContext, member: &mut Member, entry: &Entry) -> Result<()> {
    let accepted = CommitEntry {
        seq: entry.seq,
        author: entry.author,
        adds: &entry.bundle.adds,
        commit: &entry.bundle.commit,
    };
    let outcome = member.group.process(context, &member.presence, accepted).map_err(at("processing"))?;
    match outcome {
        CommitOutcome::Merged { .. } => Ok(()),
        other => Err(Failure(format!("a commit was not merged: {other:?}"))),
    }
}

fn check(context: &RoomContext, applicant: &Applicant) -> std::result::Result<Candidate, tangelo_e2ee::Rule> {
    Candidate::check(context, applicant.client(), applicant.key_package(), applicant.admission())
}

fn applicant(context: &RoomContext, number: u64) -> Result<Applicant> {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let client = ClientId(id);
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    let identity = SigningKey::from_bytes(&seed);
    let key = LeafKey::new().map_err(at("making a leaf key"))?;
    let leaf_key = key.public();
    let proof = IdentityProof { host: &context.host, room: context.link.room(), client, leaf_key: &leaf_key };
    let signature = identity.sign(proof.transcript().as_bytes()).to_bytes();
    let name = Name::parse(&format!("Person {number}")).map_err(at("naming"))?;
    let profile = Profile { identity: IdentityKey(identity.verifying_key().to_bytes()), name };
    Applicant::new(context, client, key, &profile, &signature).map_err(at("applying"))
}
