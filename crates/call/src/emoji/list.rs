//! The emoji that people compare. The list is part of the protocol: its order never changes.

/// How many emoji stand for a call: 6 of 64 each, 36 bits.
pub const EMOJI_COUNT: usize = 6;

/// What an emoji looks like, and the word to say for it. Chosen to differ in shape and not in colour alone, to be old
/// enough for every font, and to have words that do not sound alike.
pub const EMOJI: [(&str, &str); 64] = [
    ("🐘", "elephant"),
    ("🐢", "turtle"),
    ("🐙", "octopus"),
    ("🐊", "crocodile"),
    ("🦋", "butterfly"),
    ("🐌", "snail"),
    ("🐟", "fish"),
    ("🐓", "rooster"),
    ("🦉", "owl"),
    ("🐧", "penguin"),
    ("🐍", "snake"),
    ("🐪", "camel"),
    ("🦀", "crab"),
    ("🐎", "horse"),
    ("🐖", "pig"),
    ("🦁", "lion"),
    ("🌵", "cactus"),
    ("🌻", "sunflower"),
    ("🍀", "clover"),
    ("🌲", "fir tree"),
    ("🍄", "mushroom"),
    ("🍌", "banana"),
    ("🍇", "grapes"),
    ("🍍", "pineapple"),
    ("🍒", "cherries"),
    ("🥕", "carrot"),
    ("🌽", "corn"),
    ("🍕", "pizza"),
    ("🧀", "cheese"),
    ("🥚", "egg"),
    ("🍞", "bread"),
    ("🍩", "doughnut"),
    ("🚗", "car"),
    ("🚲", "bicycle"),
    ("🚀", "rocket"),
    ("⛵", "sailboat"),
    ("🚂", "train"),
    ("🚁", "helicopter"),
    ("🎈", "balloon"),
    ("🚜", "tractor"),
    ("🏠", "house"),
    ("🏰", "castle"),
    ("⛺", "tent"),
    ("⛄", "snowman"),
    ("🌋", "volcano"),
    ("🌈", "rainbow"),
    ("🌙", "moon"),
    ("⚡", "lightning"),
    ("⚓", "anchor"),
    ("🔑", "key"),
    ("🔔", "bell"),
    ("🔨", "hammer"),
    ("📎", "paper clip"),
    ("☔", "umbrella"),
    ("🎸", "guitar"),
    ("🥁", "drum"),
    ("🎺", "trumpet"),
    ("👑", "crown"),
    ("💎", "diamond"),
    ("💡", "light bulb"),
    ("📷", "camera"),
    ("⏰", "clock"),
    ("🎁", "gift"),
    ("🎩", "hat"),
];

/// The places in [`EMOJI`] that a hash stands for: the low 6 bits of each of its first bytes.
pub(super) fn places(hash: &[u8; 32]) -> impl Iterator<Item = usize> {
    hash.iter().take(EMOJI_COUNT).map(|byte| usize::from(byte & 63))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_picture_and_each_word_is_there_once() {
        assert_eq!(EMOJI.iter().map(|(symbol, _)| symbol).collect::<BTreeSet<_>>().len(), 64);
        assert_eq!(EMOJI.iter().map(|(_, word)| word).collect::<BTreeSet<_>>().len(), 64);
    }

    #[test]
    fn each_picture_is_one_code_point_that_needs_no_selector() {
        assert!(EMOJI.iter().all(|(symbol, _)| symbol.chars().count() == 1));
    }

    #[test]
    fn every_value_of_a_byte_is_as_likely() {
        let mut counts = [0; 64];
        for byte in 0..=255 {
            counts[places(&[byte; 32]).next().unwrap()] += 1;
        }
        assert_eq!(counts, [4; 64]);
    }

    #[test]
    fn the_list_is_that_of_the_protocol_page() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");
        let page = std::fs::read_to_string(path).unwrap();
        let list = EMOJI.map(|(symbol, word)| format!("{symbol} {word}"));
        let page: String = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(&list.join(", ")), "docs/protocol.md lists other emoji, or in another order");
    }
}
