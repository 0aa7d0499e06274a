//! What somebody arrives with: key package, admission, credential.

use std::sync::LazyLock;

use ed25519_dalek::Signer as _;
use tangelo_e2ee::{IdentityProof, RoomContext, candidate::Candidate, fuzz, link::Link};
use tangelo_wire::{Admission, Bytes, ClientId};

use crate::{
    input::Input,
    room::{HOST, applicant, identity},
    seeded,
};

const CLIENT: ClientId = ClientId([7; 16]);
const LEAF: [u8; 32] = [9; 32];

struct Arrival {
    context: RoomContext,
    key_package: Bytes,
    admission: Option<Admission>,
    leaf_key: [u8; 32],
    credential: Vec<u8>,
}

impl Arrival {
    fn at(path: &str) -> Self {
        let context = RoomContext { host: HOST.into(), link: Link::parse(path).unwrap() };
        let applicant = applicant(&context, CLIENT, 1, "Ada");
        let (leaf_key, credential) = fuzz::leaf(&applicant);
        Self {
            key_package: applicant.key_package().clone(),
            admission: applicant.admission().cloned(),
            leaf_key,
            credential,
            context,
        }
    }
}

/// One in a secret room, one in a named one.
static ARRIVALS: LazyLock<[Arrival; 2]> = LazyLock::new(|| {
    let _seeded = seeded();
    [Arrival::at(&Link::new_room().unwrap().path()), Arrival::at("/r/standup")]
});

/// A key package as others see it: the good one, or inadmissible.
pub fn e2ee_key_package(data: &[u8]) {
    let mut input = Input::new(data);
    let which = input.byte();
    let arrival = &ARRIVALS[usize::from(which & 1)];
    let check = |key_package: &Bytes, admission: Option<&Admission>| {
        Candidate::check(&arrival.context, CLIENT, key_package, admission)
    };
    if which & 2 != 0 {
        let raw = Bytes(input.rest().to_vec());
        assert!(check(&raw, arrival.admission.as_ref()).is_err() || raw == arrival.key_package);
        return;
    }
    let key_package = Bytes(input.edited(arrival.key_package.as_slice()));
    let mut admission = arrival.admission.clone();
    if let Some(admission) = &mut admission {
        for field in [
            &mut admission.leaf_key,
            &mut admission.signature,
            &mut admission.host_id,
            &mut admission.access_key,
        ] {
            field.0 = input.edited(&field.0);
        }
    }
    let good = key_package == arrival.key_package && admission == arrival.admission;
    assert_eq!(check(&key_package, admission.as_ref()).is_ok(), good);
}

/// A credential, spoiled, or signed by an identity that writes into it what it likes.
pub fn e2ee_credential(data: &[u8]) {
    let mut input = Input::new(data);
    let which = input.byte();
    let arrival = &ARRIVALS[usize::from(which & 1)];
    let (leaf_key, credential) = if which & 2 == 0 {
        (arrival.leaf_key, input.edited(&arrival.credential))
    } else {
        // The profile of a named room stands in clear, so anybody can write one that is signed well.
        let key = identity(1);
        let context = &arrival.context;
        let room = context.link.room();
        let proof = IdentityProof { host: HOST, room, client: CLIENT, leaf_key: &LEAF };
        let signature = key.sign(proof.transcript().as_bytes()).to_bytes();
        let identity = key.verifying_key().to_bytes();
        (LEAF, [&[0], &CLIENT.0[..], &identity, &signature, input.rest()].concat())
    };
    let read = fuzz::read_credential(&arrival.context, &leaf_key, &credential);
    if let Ok((client, profile)) = &read {
        assert_eq!(*client, CLIENT);
        assert_eq!(profile.identity.0, identity(1).verifying_key().to_bytes());
        assert!((1..=64).contains(&profile.name.as_str().len()));
    }
    assert!(read.is_ok() || credential != arrival.credential);
}
