//! Tokens of this and of other programs, and those that nobody may get in with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signer, SigningKey, pkcs8::DecodePrivateKey};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;
use tangelo_token::{
    Claims, Fault, IssueError, Issuer, KeyError, Right, Rooms, Verifier, new_key_pair, new_secret,
};
use tangelo_wire::Token;

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
/// RFC 8037 appendix A.1, as Node.js writes it.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";
/// Made with Node.js, under these keys.
const FROM_NODE: [&str; 2] = [
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJhZGEiLCJuYW1lIjoiQWRhIExvdmVsYWNlIiwicm9vbSI6InN0YW5kdXAiLCJyaWdodHMiOlsiam9pbiIsImNyZWF0ZSJdLCJhdWQiOlsiQ2FsbC5FeGFtcGxlIiwib3RoZXIuZXhhbXBsZTo4NDQzIl0sImlhdCI6MTcwMDAwMDAwMCwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDM2MDAuNX0.vkPaQVZvRSg6ACu6Y0fJKsktZVf95uPMGWzbnTDqEUU",
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJhZGEiLCJuYW1lIjoiQWRhIExvdmVsYWNlIiwicm9vbSI6InN0YW5kdXAiLCJyaWdodHMiOlsiam9pbiIsImNyZWF0ZSJdLCJhdWQiOlsiQ2FsbC5FeGFtcGxlIiwib3RoZXIuZXhhbXBsZTo4NDQzIl0sImlhdCI6MTcwMDAwMDAwMCwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDM2MDAuNX0.qqQlUWzOLjEmrIG30YP7GImwnPoWouL60FXWAQr-F-u9nmEKiURlfhFqVEkZl8JlArvsIBB_3Zc9x7a2d-4cCg",
];
const NOW: u64 = 1_700_000_100;

fn verifier() -> Verifier {
    Verifier::new().with_secret(SECRET).unwrap().with_public_key(PUBLIC).unwrap()
}

fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn mac(key: &[u8], signed: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A token with these texts in it, signed as HS256.
fn signed(header: &str, payload: &str) -> Token {
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    format!("{signed}.{}", encode(&mac(SECRET.as_bytes(), &signed))).parse().unwrap()
}

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const GOOD: &str = r#"{"room":"*","exp":1700003600}"#;

fn verdict(header: &str, payload: &str) -> Result<Claims, Fault> {
    verifier().verify(&signed(header, payload), NOW)
}

fn claims() -> Claims {
    Claims {
        rooms: Rooms::One("standup".parse().unwrap()),
        subject: Some("ada".to_owned()),
        name: Some("Ada Lovelace".to_owned()),
        rights: vec![Right::Join, Right::Create],
        hosts: vec!["call.example".to_owned(), "other.example:8443".to_owned()],
        not_before: Some(1_700_000_000),
        expires: 1_700_003_600,
    }
}

#[test]
fn tokens_of_another_program_are_read() {
    for token in FROM_NODE {
        assert_eq!(verifier().verify(&token.parse().unwrap(), NOW), Ok(claims()));
    }
}

#[test]
fn what_is_issued_is_taken_by_who_has_the_key_and_nobody_else() {
    let pair = new_key_pair([3; 32]).unwrap();
    let secret = new_secret(&[4; 32]);
    for (key, right, wrong) in [
        (
            secret.as_str(),
            Verifier::new().with_secret(&secret).unwrap(),
            Verifier::new().with_secret(SECRET).unwrap(),
        ),
        (
            pair.private.as_str(),
            Verifier::new().with_public_key(&pair.public).unwrap(),
            Verifier::new().with_public_key(PUBLIC).unwrap(),
        ),
    ] {
        let token = Issuer::read(key).unwrap().issue(&claims()).unwrap();
        assert_eq!(right.verify(&token, NOW), Ok(claims()));
        assert_eq!(wrong.verify(&token, NOW), Err(Fault::Invalid));
        assert_eq!(Verifier::new().verify(&token, NOW), Err(Fault::Invalid));
        // Programs that find links in texts leave out punctuation at their ends.
        assert!(token.as_str().ends_with(|last: char| last.is_ascii_alphanumeric()));
    }
}

#[test]
fn the_algorithm_is_that_of_the_key() {
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":null}"#,
        r#"{"typ":"JWT"}"#,
    ] {
        assert_eq!(verdict(header, GOOD), Err(Fault::Invalid), "{header}");
    }
    // What everybody knows is no secret: neither the public key as it stands in its file, nor its bytes.
    let only_public = Verifier::new().with_public_key(PUBLIC).unwrap();
    let bytes = SigningKey::from_pkcs8_pem(PRIVATE).unwrap().verifying_key().to_bytes();
    for key in [PUBLIC.as_bytes(), PUBLIC.trim().as_bytes(), &bytes[..], b""] {
        let text = format!("{}.{}", encode(HS256.as_bytes()), encode(GOOD.as_bytes()));
        let token: Token = format!("{text}.{}", encode(&mac(key, &text))).parse().unwrap();
        assert_eq!(only_public.verify(&token, NOW), Err(Fault::Invalid));
        assert_eq!(verifier().verify(&token, NOW), Err(Fault::Invalid));
    }
    // And a token of one kind is none where the other is wanted.
    let only_secret = Verifier::new().with_secret(SECRET).unwrap();
    assert_eq!(only_public.verify(&FROM_NODE[0].parse().unwrap(), NOW), Err(Fault::Invalid));
    assert_eq!(only_secret.verify(&FROM_NODE[1].parse().unwrap(), NOW), Err(Fault::Invalid));
    assert_eq!(Verifier::new().with_secret(PUBLIC).err(), Some(KeyError::Pem));
}

#[test]
fn ed25519_has_two_names() {
    let key = SigningKey::from_pkcs8_pem(PRIVATE).unwrap();
    for (name, good) in [("EdDSA", true), ("Ed25519", true), ("Ed448", false), ("ES256", false)] {
        let text =
            format!("{}.{}", encode(format!(r#"{{"alg":"{name}"}}"#).as_bytes()), encode(GOOD.as_bytes()));
        let token = format!("{text}.{}", encode(&key.sign(text.as_bytes()).to_bytes()));
        assert_eq!(verifier().verify(&token.parse().unwrap(), NOW).is_ok(), good, "{name}");
    }
}

#[test]
fn headers_with_what_would_have_to_be_understood_are_refused() {
    for good in [
        HS256,
        r#"{"alg":"HS256"}"#,
        r#" {"alg":"HS256","typ":"jwt","kid":"1"}"#,
        r#"{"alg":"HS256","typ":"application/jwt"}"#,
    ] {
        assert!(verdict(good, GOOD).is_ok(), "{good}");
    }
    for bad in [
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"["HS256","JWT",false]"#,
        r#"{"alg":"HS256"}x"#,
        "{",
        "",
    ] {
        if !bad.is_empty() {
            assert_eq!(verdict(bad, GOOD), Err(Fault::Invalid), "{bad}");
        }
    }
}

#[test]
fn claims_that_are_missing_doubled_or_of_another_kind_are_refused() {
    for bad in [
        r#"{"exp":1700003600}"#,
        r#"{"room":"*"}"#,
        r#"{"room":"*","exp":null}"#,
        r#"{"room":"*","exp":"1700003600"}"#,
        r#"{"room":"*","exp":-1}"#,
        r#"{"room":"*","exp":1e300}"#,
        r#"{"room":"*","exp":true}"#,
        r#"{"room":"*","exp":1700003600,"nbf":"0"}"#,
        r#"{"room":"*","exp":1700003600,"nbf":-1.5}"#,
        r#"{"room":"*","room":"standup","exp":1700003600}"#,
        r#"{"room":"*","exp":1,"exp":1700003600}"#,
        r#"{"room":"*","exp":1700003600,"rights":[],"rights":["create"]}"#,
        r#"{"room":"*","exp":1700003600,"aud":"a","aud":"b"}"#,
        r#"{"room":"*","exp":1700003600,"aud":[]}"#,
        r#"{"room":"*","exp":1700003600,"aud":7}"#,
        r#"{"room":"*","exp":1700003600,"rights":"create"}"#,
        r#"{"room":"*","exp":1700003600,"sub":7}"#,
        r#"{"room":"*","exp":1700003600,"sub":null}"#,
        r#"{"room":"*","exp":1700003600,"name":null}"#,
        r#"{"room":"*","exp":1700003600,"rights":null}"#,
        r#"{"room":"*","exp":1700003600,"aud":null}"#,
        r#"{"room":"*","exp":1700003600,"nbf":null}"#,
        r#"{"room":"","exp":1700003600}"#,
        r#"{"room":"Not A Room","exp":1700003600}"#,
        r#"{"room":"stand*","exp":1700003600}"#,
        r#"{"room":["standup"],"exp":1700003600}"#,
        r#"["*",null,null,null,null,null,1700003600]"#,
        r#"{"room":"*","exp":1700003600} {}"#,
        "null",
        "\u{feff}{\"room\":\"*\",\"exp\":1700003600}",
    ] {
        assert_eq!(verdict(HS256, bad), Err(Fault::Invalid), "{bad}");
    }
    // As deep as it gets in so few bytes.
    let deep = format!(r#"{{"room":"*","exp":1700003600,"room":{}{}}}"#, "[".repeat(600), "]".repeat(600));
    assert_eq!(verdict(HS256, &deep), Err(Fault::Invalid));
}

#[test]
fn what_a_token_does_not_say_it_does_not_give() {
    let read = |payload: &str| verdict(HS256, payload).unwrap();
    let plain = read(r#"{"room":"*","exp":1700003600,"iss":"x","unknown":[1,2]}"#);
    assert_eq!((plain.rooms, plain.rights, plain.hosts.len()), (Rooms::All, vec![Right::Join], 0));
    let none = read(r#"{"room":"*","exp":1700003600,"rights":[]}"#);
    assert!(none.rights.is_empty());
    let unknown = read(r#"{"room":"*","exp":1700003600,"rights":["admin","Create","host"]}"#);
    assert!(unknown.rights.is_empty());
    let one = read(r#"{"room":"*","exp":1700003600.9,"aud":"Call.Example"}"#);
    assert_eq!((one.hosts, one.expires), (vec!["call.example".to_owned()], 1_700_003_600));
}

#[test]
fn a_token_is_good_from_then_until_then_give_or_take_a_minute() {
    let token = Issuer::read(SECRET).unwrap().issue(&claims()).unwrap();
    for (now, verdict) in [
        (0, Err(Fault::Early)),
        (1_699_999_939, Err(Fault::Early)),
        (1_699_999_940, Ok(claims())),
        (1_700_003_659, Ok(claims())),
        (1_700_003_660, Err(Fault::Expired)),
        (u64::MAX, Err(Fault::Expired)),
    ] {
        assert_eq!(verifier().verify(&token, now), verdict, "{now}");
    }
    let ever = Claims { expires: u64::MAX, not_before: None, ..claims() };
    let token = Issuer::read(SECRET).unwrap().issue(&ever).unwrap();
    assert!(verifier().verify(&token, NOW).is_ok());
}

#[test]
fn there_is_one_way_to_write_a_token() {
    for token in FROM_NODE {
        let parts: Vec<&str> = token.split('.').collect();
        // The last character of each part has bits that mean nothing, and they must be 0.
        for (at, part) in parts.iter().enumerate() {
            let (front, last) = part.split_at(part.len() - 1);
            if part.len() % 4 == 0 {
                continue;
            }
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let place = alphabet.iter().position(|other| *other == last.as_bytes()[0]).unwrap();
            let mut other: Vec<String> = parts.iter().map(ToString::to_string).collect();
            other[at] = format!("{front}{}", alphabet[place + 1] as char);
            let other: Token = other.join(".").parse().unwrap();
            assert_eq!(verifier().verify(&other, NOW), Err(Fault::Invalid));
        }
        assert!(format!("{token}=").parse::<Token>().is_err(), "padding");
        let cut: Token = token[..token.len() - 1].parse().unwrap();
        assert_eq!(verifier().verify(&cut, NOW), Err(Fault::Invalid));
    }
}

#[test]
fn keys_are_what_they_are_to_be() {
    assert_eq!(Issuer::read(&SECRET[..31]).err(), Some(KeyError::Length));
    assert_eq!(Issuer::read("").err(), Some(KeyError::Length));
    assert_eq!(Issuer::read(&"a".repeat(1_025)).err(), Some(KeyError::Length));
    assert_eq!(Issuer::read(&format!("token-key = {SECRET}")).err(), Some(KeyError::Secret));
    assert_eq!(Issuer::read(PUBLIC).err(), Some(KeyError::Private));
    assert!(Issuer::read(&format!("{SECRET}\n")).is_ok());
    for bad in ["", SECRET, PRIVATE, "-----BEGIN PUBLIC KEY-----", &PUBLIC.replace("MCow", "MCox")] {
        assert_eq!(Verifier::new().with_public_key(bad).err(), Some(KeyError::Public), "{bad}");
    }
    // The neutral element: every signature of it is right for something.
    let der = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0, 1][..], &[0; 31]].concat();
    let weak = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        data_encoding::BASE64.encode(&der)
    );
    assert_eq!(Verifier::new().with_public_key(&weak).err(), Some(KeyError::Public));
    assert_eq!(format!("{:?}", verifier()), "Verifier(..)");
    assert_eq!(format!("{:?}", Issuer::read(SECRET).unwrap()), "Issuer(..)");
}

#[test]
fn what_is_too_long_is_not_issued() {
    let issuer = Issuer::read(SECRET).unwrap();
    let issue = |change: fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        issuer.issue(&claims).err()
    };
    assert_eq!(issue(|claims| claims.name = Some("ä".repeat(40))), None);
    assert_eq!(issue(|claims| claims.name = Some("a".repeat(41))), Some(IssueError::Name));
    assert_eq!(issue(|claims| claims.name = Some(String::new())), Some(IssueError::Name));
    assert_eq!(issue(|claims| claims.subject = Some("a".repeat(257))), Some(IssueError::Subject));
    assert_eq!(issue(|claims| claims.hosts = vec!["a".repeat(200); 20]), Some(IssueError::TooLong));
}

proptest! {
    /// Whatever is changed in a token, it is none any more.
    #[test]
    fn no_byte_of_a_token_can_be_another(which in 0_usize..2, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = FROM_NODE[which].as_bytes().to_vec();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Some(token) = String::from_utf8(bytes).ok().and_then(|text| text.parse::<Token>().ok()) {
            prop_assert_eq!(verifier().verify(&token, NOW), Err(Fault::Invalid));
        }
    }

    /// What its issuer signs may be anything.
    #[test]
    fn whatever_is_signed_is_read_or_refused(payload in "\\PC{0,300}", now in any::<u64>()) {
        if !payload.is_empty() {
            let _ = verifier().verify(&signed(HS256, &payload), now);
        }
    }
}
