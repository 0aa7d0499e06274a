//! Tokens that strangers show, and what those who hold the key may have signed.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tangelo_token::{Claims, Fault, Issuer, Right, Rooms, Verifier};
use tangelo_wire::Token;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const NOW: u64 = 1_700_000_000;

/// As it comes it opens nothing, since its author has no key. Signed, it is read or refused; what is read can be issued again and says the same.
pub fn token(data: &[u8]) {
    let verifier = Verifier::new().with_secret(SECRET).unwrap();
    if let Ok(token) = String::from_utf8_lossy(data).parse::<Token>() {
        let genuine = seeds().iter().any(|seed| seed == data);
        assert_eq!(verifier.verify(&token, NOW) == Err(Fault::Invalid), !genuine);
    }
    // A header, a line break, and claims.
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (one, two) = (parts.next().unwrap_or_default(), parts.next());
    let (header, payload) = two.map_or((HEADER.as_bytes(), one), |two| (one, two));
    let Some(token) = signed(header, payload) else { return };
    let Ok(claims) = verifier.verify(&token, NOW) else { return };
    if let Ok(again) = Issuer::read(SECRET).unwrap().issue(&claims) {
        assert_eq!(verifier.verify(&again, NOW), Ok(claims));
    }
}

fn signed(header: &[u8], payload: &[u8]) -> Option<Token> {
    let text = format!("{}.{}", BASE64URL_NOPAD.encode(header), BASE64URL_NOPAD.encode(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())).parse().ok()
}

/// A token, claims, and claims with a header.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let claims = Claims {
        rooms: Rooms::All,
        subject: Some("ada".to_owned()),
        name: Some("Ada".to_owned()),
        rights: vec![Right::Join, Right::Create],
        hosts: vec!["call.example".to_owned()],
        not_before: Some(NOW - 1),
        expires: NOW + 1,
    };
    let token = Issuer::read(SECRET).unwrap().issue(&claims).unwrap();
    let payload =
        r#"{"room":"standup","exp":1700000001.5,"aud":["a.example","b.example"],"rights":["join"]}"#;
    vec![token.as_str().into(), payload.into(), format!("{{\"alg\":\"HS256\"}}\n{payload}").into()]
}
