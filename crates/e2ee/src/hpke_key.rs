//! HPKE public keys of others (X25519, RFC 7748): MLS carries them as opaque bytes, and a bad one makes every later
//! commit that encrypts to it fail.

use curve25519_dalek::MontgomeryPoint;
use openmls::prelude::tls_codec;

/// Whether a key can be encrypted to: 32 bytes, and not one of the points of small order, with which every shared
/// secret is zero and HPKE fails (RFC 9180 section 7.1.4).
pub(crate) fn is_usable(key: &[u8]) -> bool {
    // A clamped scalar is a multiple of the cofactor: any of them takes a point of small order to zero.
    <[u8; 32]>::try_from(key).is_ok_and(|key| MontgomeryPoint(key).mul_clamped([1; 32]).0 != [0; 32])
}

/// The key of a leaf's EncryptionKey or of a ParentNode, both of which OpenMLS shows in TLS presentation language only:
/// the key is the first field, after its length in one byte (a longer one is no key, and comes out empty).
pub(crate) fn of(node: &impl tls_codec::Serialize) -> Vec<u8> {
    let written = node.tls_serialize_detached().unwrap_or_default();
    let field = written.split_first().and_then(|(length, rest)| rest.get(..usize::from(*length)));
    field.unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_cannot_be_encrypted_to_are_told_apart() {
        let mut base_point = [0; 32];
        base_point[0] = 9;
        assert!(is_usable(&base_point));
        let mut one = [0; 32];
        one[0] = 1;
        let order_8 = data_encoding::HEXLOWER
            .decode(b"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")
            .unwrap();
        for bad in [&[][..], &[1; 5], &[9; 33], &[0; 32], &one, &order_8] {
            assert!(!is_usable(bad), "{bad:?}");
        }
    }
}
