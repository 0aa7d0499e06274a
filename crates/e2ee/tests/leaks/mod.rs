//! Finds secrets in texts, in whatever form they were printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub)]

use std::{cell::RefCell, collections::HashMap, sync::Once};

/// So many bytes of a secret in a row are a leak.
const WINDOW: usize = 8;

/// The secrets to look for.
#[derive(Default)]
pub struct Secrets {
    windows: HashMap<[u8; WINDOW], String>,
    names: std::collections::BTreeSet<String>,
}

impl Secrets {
    pub fn add(&mut self, name: &str, secret: &[u8]) {
        assert!(secret.len() >= WINDOW, "{name} is too short to be told from chance");
        self.names.insert(name.to_owned());
        for window in secret.windows(WINDOW) {
            self.windows.insert(window.try_into().unwrap(), name.to_owned());
        }
    }

    pub fn knows(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The name of a secret of which bytes stand here.
    pub fn in_bytes(&self, bytes: &[u8]) -> Option<&str> {
        let known = |window: &[u8]| self.windows.get(<&[u8; WINDOW]>::try_from(window).ok()?);
        bytes.windows(WINDOW).find_map(known).map(String::as_str)
    }

    /// The name of a secret that shows in a text: as it is, in hexadecimal, base64, base32, or as a list of numbers.
    pub fn in_text(&self, text: &str) -> Option<&str> {
        self.in_bytes(text.as_bytes())
            .or_else(|| self.in_runs(text, 4, |c| c.to_digit(16)))
            .or_else(|| self.in_runs(text, 6, base64))
            .or_else(|| self.in_runs(text, 5, base32))
            .or_else(|| self.in_lists(text, 10))
            .or_else(|| self.in_lists(text, 16))
    }

    pub fn assert_hidden(&self, what: &str, text: &str) {
        if let Some(name) = self.in_text(text) {
            let start: String = text.chars().take(300).collect();
            panic!("{what} shows {name}: {start}");
        }
    }

    /// Runs of characters that each stand for some bits, read from each character on.
    fn in_runs(&self, text: &str, bits: u32, value: fn(char) -> Option<u32>) -> Option<&str> {
        let mut run: Vec<u32> = Vec::new();
        for c in text.chars().chain(['\0']) {
            if let Some(value) = value(c) {
                run.push(value);
                continue;
            }
            for shift in 0..run.len().min(8) {
                if let Some(name) = self.in_bytes(&packed(&run[shift..], bits)) {
                    return Some(name);
                }
            }
            run.clear();
        }
        None
    }

    /// Lists of numbers below 256, as `{:?}`, `{:#?}`, `{:x?}` and JSON write byte arrays.
    fn in_lists(&self, text: &str, radix: u32) -> Option<&str> {
        let mut bytes = Vec::new();
        for word in text.split([',', ' ', '\n', '\t', '[', '(', '{']) {
            let digits = word.trim_end_matches([']', ')', '}', ';']).trim_start_matches("0x");
            match (digits.is_empty(), u8::from_str_radix(digits, radix)) {
                (true, _) => {}
                (false, Ok(byte)) => bytes.push(byte),
                (false, Err(_)) => {
                    if let Some(name) = self.in_list(&bytes) {
                        return Some(name);
                    }
                    bytes.clear();
                }
            }
        }
        self.in_list(&bytes)
    }

    /// A list may be a text in its turn: OpenMLS's storage holds JSON as bytes.
    fn in_list(&self, bytes: &[u8]) -> Option<&str> {
        let inner = std::str::from_utf8(bytes).ok().filter(|text| text.len() >= 4 * WINDOW);
        self.in_bytes(bytes).or_else(|| self.in_text(inner?))
    }
}

fn packed(values: &[u32], bits: u32) -> Vec<u8> {
    let (mut bytes, mut buffer, mut held) = (Vec::new(), 0_u32, 0);
    for value in values {
        buffer = buffer << bits | value;
        held += bits;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(buffer >> held & 0xff).unwrap());
            buffer &= (1 << held) - 1;
        }
    }
    bytes
}

fn base64(c: char) -> Option<u32> {
    match c {
        'A'..='Z' => Some(c as u32 - 'A' as u32),
        'a'..='z' => Some(c as u32 - 'a' as u32 + 26),
        '0'..='9' => Some(c as u32 - '0' as u32 + 52),
        '+' | '-' => Some(62),
        '/' | '_' => Some(63),
        _ => None,
    }
}

fn base32(c: char) -> Option<u32> {
    match c.to_ascii_lowercase() {
        lower @ 'a'..='z' => Some(lower as u32 - 'a' as u32),
        '2'..='7' => Some(c as u32 - '2' as u32 + 26),
        _ => None,
    }
}

thread_local! {
    static LINES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                lines.push(format!("{} {}: {}", record.level(), record.target(), record.args()));
            }
        });
    }

    fn flush(&self) {}
}

/// Notes every log line of this thread from here on, of every level.
pub fn capture_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_boxed_logger(Box::new(Capture)).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    LINES.set(Some(Vec::new()));
}

/// The log lines since [`capture_log`].
pub fn captured_log() -> Vec<String> {
    LINES.with_borrow_mut(|lines| lines.replace(Vec::new())).unwrap_or_default()
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secret: Vec<u8> = (0..32_u8).map(|n| n.wrapping_mul(37) ^ 0x5a).collect();
    let mut secrets = Secrets::default();
    secrets.add("it", &secret);
    let hex = secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let encode = |bits: u32, alphabet: &str, shift: usize| {
        let mut bytes = vec![0; shift];
        bytes.extend(&secret);
        let all = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        let all: Vec<u8> = all.collect();
        let value = |chunk: &[u8]| chunk.iter().fold(0, |n, bit| n << 1 | usize::from(*bit));
        let bits = usize::try_from(bits).unwrap();
        all.chunks_exact(bits).map(|chunk| alphabet.as_bytes()[value(chunk)] as char).collect::<String>()
    };
    let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let base64 = format!("{upper}{}0123456789+/", upper.to_lowercase());
    let mut forms = vec![
        format!("{secret:?}"),
        format!("{secret:#?}"),
        format!("{secret:x?}"),
        format!("Key({secret:02X?})"),
        hex.clone(),
        hex.to_uppercase(),
        format!("x{}", &hex[3..]),
        format!("{:?}", &secret[5..13]),
        format!("{:?}", format!("{secret:?}").as_bytes()),
    ];
    for shift in 0..5 {
        forms.push(encode(6, &base64, shift));
        forms.push(encode(6, &base64.replace("+/", "-_"), shift));
        forms.push(encode(5, &format!("{}234567", upper.to_lowercase()), shift));
    }
    for form in forms {
        let text = format!("something {form} else");
        assert_eq!(secrets.in_text(&text), Some("it"), "{form}");
    }
    assert_eq!(secrets.in_text(&format!("{:?} {}", &secret[..7], &hex[..14])), None);
}
