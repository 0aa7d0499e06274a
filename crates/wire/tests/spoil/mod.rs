//! Ways to spoil a JSON text, for property tests of everything that reads one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use proptest::{
    prelude::*,
    sample::{Index, select},
};

/// One way to spoil a text.
#[derive(Clone, Debug)]
pub enum Spoil {
    Cut(Index),
    Flip(Index, u8),
    Insert(Index, String),
    Repeat(Index, Index),
    /// Puts another number in place of the digits at or after the index.
    Number(Index, &'static str),
}

const NUMBERS: [&str; 8] =
    ["18446744073709551615", "18446744073709551616", "-1", "-0", "1e999", "0.5", "1e-400", "00"];

pub fn spoil() -> impl Strategy<Value = Spoil> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Spoil::Cut),
        (at(), 0..8_u8).prop_map(|(at, bit)| Spoil::Flip(at, bit)),
        (at(), r#"[\[\]{}",:0-9a-z\\]{1,6}"#).prop_map(|(at, text)| Spoil::Insert(at, text)),
        (at(), at()).prop_map(|(from, to)| Spoil::Repeat(from, to)),
        (at(), select(&NUMBERS[..])).prop_map(|(at, number)| Spoil::Number(at, number)),
    ]
}

pub fn spoiled(text: &str, spoils: &[Spoil]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for spoil in spoils {
        let at = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
        match spoil {
            Spoil::Cut(index) => bytes.truncate(at(index, &bytes)),
            Spoil::Flip(index, bit) => {
                let at = at(index, &bytes);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Spoil::Insert(index, text) => {
                let at = at(index, &bytes);
                bytes.splice(at..at, text.bytes());
            }
            Spoil::Repeat(from, to) => {
                let (a, b) = (at(from, &bytes), at(to, &bytes));
                let part = bytes[a.min(b)..a.max(b)].to_vec();
                bytes.splice(a..a, part);
            }
            Spoil::Number(index, number) => {
                let at = at(index, &bytes);
                let digits = |byte: &u8| byte.is_ascii_digit();
                if let Some(from) = bytes[at..].iter().position(digits).map(|offset| at + offset) {
                    let length = bytes[from..].iter().take_while(|byte| digits(byte)).count();
                    bytes.splice(from..from + length, number.bytes());
                }
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
