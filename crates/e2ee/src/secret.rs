//! Secrets: each kind has its own type, wipes itself, and does not print.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub(crate) struct $name([u8; $bytes]);

        impl $name {
            pub(crate) fn new(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            pub(crate) fn expose(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret! {
    /// The secret part of a room's link: 192 random bits.
    LinkSecret, 24
}
secret! {
    /// The host's secret: 200 random bits.
    HostSecret, 25
}
secret! {
    /// Mixed into every commit that has a Welcome (RFC 9420 section 8.4, external PSK).
    LinkPsk, 32
}
secret! {
    /// Seals credentials.
    ProfileKey, 32
}
secret! {
    /// SFrame base key of one epoch (RFC 9605 section 5.2).
    BaseKey, 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", LinkSecret::new([0x5a; 24])), "LinkSecret(..)");
        assert_eq!(format!("{:?}", BaseKey::new([0x5a; 16])), "BaseKey(..)");
    }
}
