//! Rules 20 to 24: key packages that must never come into the group.

use openmls::prelude::{
    ApplicationIdExtension, Capabilities, Ciphersuite, CredentialType, Extension, ExtensionType, Extensions,
    LastResortExtension, Lifetime, ProposalType, UnknownExtension,
};
use openmls_traits::signatures::Signer as _;
use tangelo_wire::Bytes;

use super::{
    forge::{Forgery, written},
    insider::Plan,
    reframe::with_length,
    world::World,
};
use crate::{Rule, leaf::SUITE};

/// Points of small order, and what is no key at all: whoever encrypts to them fails.
pub(super) fn bad_keys() -> Vec<Vec<u8>> {
    let mut one = vec![0; 32];
    one[0] = 1;
    let order_8 = b"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
    vec![vec![], vec![9; 31], vec![9; 33], vec![0; 32], one, data_encoding::HEXLOWER.decode(order_8).unwrap()]
}

/// Somebody arrives with a key package that breaks `rule`: nobody adds it, nobody takes it from Eve, and whoever
/// comes after it is added at once.
pub(super) fn inadmissible(world: &mut World, forgery: &Forgery, rule: Rule) {
    let (key_package, verdict) = world.arrive(forgery);
    assert_eq!(verdict, Err(rule));
    // Of another suite OpenMLS builds no Add at all.
    if forgery.suite == SUITE {
        let context = world.context();
        let plan = Plan::add(&context, forgery.client, key_package);
        if let Ok(bundle) = world.eve.try_commit(plan) {
            let refused = world.refused(&bundle);
            // Members go by the client that the credential names, and that one did not arrive with it.
            let named = if rule == Rule::CredentialClient { Rule::AddArrived } else { Rule::AddAdmissible };
            assert!([named, Rule::CommitMls].contains(&refused), "{refused}");
        }
    }
    world.goes_on();
    assert_eq!(world.room.clients[0].group().member(forgery.client), None);
}

#[test]
fn rule_20_bytes_that_are_no_key_package_are_nobody() {
    let mut world = World::new(2, 1);
    let guest = world.guest_id();
    let forgery = Forgery::new(&world.context(), guest);
    let good = written(&forgery.make().0).as_slice().to_vec();
    let mut signature = good.clone();
    *signature.last_mut().unwrap() ^= 1;
    for bytes in
        [vec![], vec![0; 300], good[..good.len() - 1].to_vec(), [&good[..], &[0]].concat(), signature]
    {
        let guest = world.guest_id();
        let verdict = world.arrive_with(guest, &Bytes(bytes), forgery.admission.as_ref());
        assert_eq!(verdict, Err(Rule::KeyPackageMls));
    }
    world.goes_on();
}

#[test]
fn rule_20_a_leaf_that_signed_nothing_is_nobody() {
    let mut world = World::new(2, 1);
    // Both signatures by a key that is not the leaf's: whose credential it is would not matter.
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&world.context(), guest);
    let other = crate::LeafKey::new().unwrap();
    let good = written(&forgery.make().0).as_slice().to_vec();
    let body = &good[..good.len() - 66];
    let content = [with_length(b"MLS 1.0 KeyPackageTBS"), with_length(&body[4..])].concat();
    let forged = [body, &with_length(&other.sign(&content).unwrap())].concat();
    let verdict = world.arrive_with(guest, &Bytes(forged), forgery.admission.as_ref());
    assert_eq!(verdict, Err(Rule::KeyPackageMls));
    // The init key is the leaf's encryption key: OpenMLS would build no commit that adds it.
    let guest = world.guest_id();
    forgery = Forgery::new(&world.context(), guest);
    let (init, encryption) = (vec![9; 32], vec![9; 32]);
    (forgery.init_key, forgery.encryption_key) = (Some(init), Some(encryption));
    inadmissible(&mut world, &forgery, Rule::KeyPackageMls);
}

#[test]
fn rule_21_another_suite_is_not_for_this_group() {
    let mut world = World::new(2, 1);
    let suite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&world.context(), guest);
    forgery.suite = suite;
    forgery.capabilities = Capabilities::new(None, Some(&[SUITE, suite]), None, None, None);
    inadmissible(&mut world, &forgery, Rule::KeyPackageSuite);
}

#[test]
fn rule_22_a_lifetime_that_ends_would_end_at_different_times() {
    let mut world = World::new(2, 1);
    for lifetime in [Lifetime::new(1), Lifetime::init(0, u64::MAX - 1), Lifetime::init(1, u64::MAX)] {
        let guest = world.guest_id();
        let mut forgery = Forgery::new(&world.context(), guest);
        forgery.lifetime = lifetime;
        inadmissible(&mut world, &forgery, Rule::KeyPackageLifetime);
    }
}

#[test]
fn rule_23_capabilities_and_extensions_are_the_constant_ones() {
    let mut world = World::new(2, 1);
    type Lists<'a> = (Option<&'a [ExtensionType]>, Option<&'a [ProposalType]>, &'a [CredentialType]);
    let capabilities: [Lists<'_>; 4] = [
        (Some(&[ExtensionType::ApplicationId]), None, &[CredentialType::Basic]),
        (None, Some(&[ProposalType::Custom(0xf00d)]), &[CredentialType::Basic]),
        (None, None, &[CredentialType::Basic, CredentialType::X509]),
        // Without this one nobody could be added after it: everyone's credential must suit everyone.
        (None, None, &[CredentialType::X509]),
    ];
    for (extensions, proposals, credentials) in capabilities {
        let guest = world.guest_id();
        let mut forgery = Forgery::new(&world.context(), guest);
        forgery.capabilities =
            Capabilities::new(None, Some(&[SUITE]), extensions, proposals, Some(credentials));
        inadmissible(&mut world, &forgery, Rule::KeyPackageTemplate);
    }
    let unknown = || Extension::Unknown(0xf00d, UnknownExtension(vec![7; 900]));
    for in_leaf in [true, false] {
        let guest = world.guest_id();
        let mut forgery = Forgery::new(&world.context(), guest);
        let known = &[ExtensionType::Unknown(0xf00d), ExtensionType::ApplicationId];
        forgery.capabilities = Capabilities::new(None, Some(&[SUITE]), Some(known), None, None);
        if in_leaf {
            forgery.leaf_extensions = Extensions::single(unknown()).unwrap();
        } else {
            forgery.extensions = Extensions::single(unknown()).unwrap();
        }
        inadmissible(&mut world, &forgery, Rule::KeyPackageTemplate);
    }
    // Extensions alone, which need no capability.
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&world.context(), guest);
    let id = Extension::ApplicationId(ApplicationIdExtension::new(&[7; 900]));
    forgery.leaf_extensions = Extensions::single(id).unwrap();
    inadmissible(&mut world, &forgery, Rule::KeyPackageTemplate);
    let guest = world.guest_id();
    let mut forgery = Forgery::new(&world.context(), guest);
    forgery.extensions = Extensions::single(Extension::LastResort(LastResortExtension::default())).unwrap();
    let known = &[ExtensionType::LastResort];
    forgery.capabilities = Capabilities::new(None, Some(&[SUITE]), Some(known), None, None);
    inadmissible(&mut world, &forgery, Rule::KeyPackageTemplate);
}

#[test]
fn rule_24_a_key_that_cannot_be_encrypted_to_stays_out() {
    let mut world = World::new(2, 1);
    for bad in bad_keys() {
        for init in [true, false] {
            let guest = world.guest_id();
            let mut forgery = Forgery::new(&world.context(), guest);
            *(if init { &mut forgery.init_key } else { &mut forgery.encryption_key }) = Some(bad.clone());
            inadmissible(&mut world, &forgery, Rule::HpkeKey);
        }
    }
}
