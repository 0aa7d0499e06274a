//! The vectors in `vectors/`: those of RFC 9605, and our own with every value on the way.

use hkdf::Hkdf;
use serde::Deserialize;
use sframe::header::SframeHeader;
use sha2::Sha256;

use super::*;
use crate::media::opus::PacketSize;

#[derive(Deserialize)]
struct Rfc {
    header: Vec<Header>,
    sframe: Vec<Sframe>,
}

#[derive(Deserialize)]
struct Header {
    kid: String,
    ctr: String,
    encoded: String,
}

#[derive(Deserialize)]
struct Sframe {
    cipher_suite: u8,
    kid: String,
    ctr: String,
    base_key: String,
    sframe_secret: String,
    sframe_key: String,
    sframe_salt: String,
    metadata: String,
    nonce: String,
    aad: String,
    pt: String,
    ct: String,
}

#[derive(Deserialize)]
struct Frames {
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    codec: String,
    source: Source,
    layer: u8,
    leaf: u32,
    epoch: u64,
    counter: u64,
    kid: u64,
    base_key: String,
    frame: String,
    content: String,
    clear: String,
    header: String,
    sframe_secret: String,
    sframe_key: String,
    sframe_salt: String,
    nonce: String,
    aad: String,
    sealed: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn number(hex: &str) -> u64 {
    u64::from_str_radix(hex, 16).unwrap()
}

fn rfc() -> Rfc {
    serde_json::from_str(include_str!("../../../../../vectors/sframe-rfc9605.json")).unwrap()
}

/// RFC 9605 section 4.4.2 and 4.4.3, by its words: secret, key, salt, nonce.
fn derived(base_key: &[u8], kid: u64, ctr: u64) -> [Vec<u8>; 4] {
    let (secret, hkdf) = Hkdf::<Sha256>::extract(None, base_key);
    let expand = |label: &str, length| {
        let mut output = vec![0; length];
        let info = [label.as_bytes(), &kid.to_be_bytes(), &4_u16.to_be_bytes()].concat();
        hkdf.expand(&info, &mut output).unwrap();
        output
    };
    let (key, salt) = (expand("SFrame 1.0 Secret key ", 16), expand("SFrame 1.0 Secret salt ", 12));
    let counter = [&[0; 4][..], &ctr.to_be_bytes()].concat();
    let nonce = salt.iter().zip(counter).map(|(salt, counter)| salt ^ counter).collect();
    [secret.to_vec(), key, salt, nonce]
}

#[test]
fn headers_are_those_of_rfc_9605_appendix_c_1() {
    let vectors = rfc().header;
    assert_eq!(vectors.len(), 289);
    for Header { kid, ctr, encoded } in vectors {
        let (kid, ctr, encoded) = (number(&kid), number(&ctr), bytes(&encoded));
        assert_eq!(Vec::from(&SframeHeader::new(kid, ctr)), encoded, "{kid:x} {ctr:x}");
        let read = SframeHeader::deserialize(&encoded).unwrap();
        assert_eq!((read.key_id(), read.counter(), read.len()), (kid, ctr, encoded.len()));
    }
}

#[test]
fn our_suite_seals_and_opens_as_rfc_9605_appendix_c_3_says() {
    let vector = rfc().sframe.into_iter().find(|vector| vector.cipher_suite == 4).unwrap();
    let (kid, ctr) = (number(&vector.kid), number(&vector.ctr));
    let base_key = bytes(&vector.base_key);
    let wanted = [&vector.sframe_secret, &vector.sframe_key, &vector.sframe_salt, &vector.nonce];
    assert_eq!(derived(&base_key, kid, ctr), wanted.map(|hex| bytes(hex)));
    let (metadata, plain, sealed) = (bytes(&vector.metadata), bytes(&vector.pt), bytes(&vector.ct));
    assert_eq!([Vec::from(&SframeHeader::new(kid, ctr)), metadata.clone()].concat(), bytes(&vector.aad));

    let key = EncryptionKey::derive_from(SUITE, kid, &base_key).unwrap();
    let (mut counter, mut output) = (MonotonicCounter::with_start_value(ctr, u64::MAX), Vec::new());
    MediaFrameView::try_with_meta_data(&mut counter, &plain, &metadata)
        .unwrap()
        .encrypt_into(&key, &mut output)
        .unwrap();
    assert_eq!(output, [metadata.clone(), sealed.clone()].concat());

    let key = DecryptionKey::derive_from(SUITE, kid, &base_key).unwrap();
    let mut opened = Vec::new();
    let view = EncryptedFrameView::try_with_meta_data(&sealed, &metadata).unwrap();
    view.decrypt_into(&key, &mut opened).unwrap();
    assert_eq!(opened, [metadata.clone(), plain].concat());
    for index in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[index] ^= 1;
        let opened = EncryptedFrameView::try_with_meta_data(&bad, &metadata)
            .and_then(|view| view.decrypt_into(&key, &mut Vec::new()).map(|_| ()));
        assert!(opened.is_err(), "byte {index}");
    }
}

/// Keys of one epoch, as one of its members has them.
fn keys(frame: &Frame, own_leaf: u32) -> EpochKeys {
    EpochKeys {
        group: GroupId([7; 32]),
        epoch: frame.epoch,
        expires: None,
        base_key: BaseKey::new(bytes(&frame.base_key).try_into().unwrap()),
        own_leaf,
        roster: BTreeMap::from([(frame.leaf, ClientId([1; 16])), (own_leaf, ClientId([2; 16]))]),
        send: BTreeMap::new(),
        receive: BTreeMap::new(),
    }
}

#[test]
fn frames_are_sealed_and_opened_as_in_the_vectors() {
    let vectors: Frames = serde_json::from_str(include_str!("../../../../../vectors/frames.json")).unwrap();
    assert!(vectors.frames.len() >= 12);
    for (index, vector) in vectors.frames.iter().enumerate() {
        let codec = Codec::from_name(&vector.codec).unwrap();
        let context = Context::new(vector.source, vector.layer).unwrap();
        let key_id = KeyId::new(context, vector.leaf, vector.epoch);
        assert_eq!(key_id.0, vector.kid, "{index}");
        let (frame, sealed) = (bytes(&vector.frame), bytes(&vector.sealed));
        let content = match codec {
            Codec::Opus => {
                let mut padded = Vec::new();
                PacketSize::default().pad(&frame, &mut padded).unwrap();
                padded
            }
            Codec::Vp8 | Codec::Vp9 => frame,
        };
        assert_eq!(content, bytes(&vector.content), "{index}");
        let clear = &content[..codec.clear_bytes(&content).unwrap()];
        assert_eq!(clear, bytes(&vector.clear), "{index}");
        let wanted = [&vector.sframe_secret, &vector.sframe_key, &vector.sframe_salt, &vector.nonce];
        let base_key = bytes(&vector.base_key);
        assert_eq!(derived(&base_key, vector.kid, vector.counter), wanted.map(|hex| bytes(hex)), "{index}");
        let header = Vec::from(&SframeHeader::new(vector.kid, vector.counter));
        assert_eq!(header, bytes(&vector.header), "{index}");
        let aad = [header, authenticated(codec, vector.source, clear)].concat();
        assert_eq!(aad, bytes(&vector.aad), "{index}");

        let mut sender = keys(vector, vector.leaf);
        let key = EncryptionKey::derive_from(SUITE, vector.kid, &base_key).unwrap();
        let counter = MonotonicCounter::with_start_value(vector.counter, u64::MAX);
        sender.send.insert(key_id, SendKey { key, counter });
        let mut output = Vec::new();
        sender.seal(context, codec, &content, &mut output).unwrap();
        assert!(output == sealed, "{index}");

        let mut receiver = keys(vector, vector.leaf ^ 1);
        assert_eq!(codec.key_id(&sealed), Some(key_id), "{index}");
        receiver.open(key_id, ClientId([1; 16]), vector.source, codec, &sealed, &mut output).unwrap();
        assert!(output == content, "{index}");
    }
}

#[test]
fn a_used_up_counter_seals_nothing_more() {
    let vectors: Frames = serde_json::from_str(include_str!("../../../../../vectors/frames.json")).unwrap();
    let vector = vectors.frames.iter().find(|vector| vector.codec == "vp9").unwrap();
    let context = Context::new(vector.source, vector.layer).unwrap();
    let mut sender = keys(vector, vector.leaf);
    let key = EncryptionKey::derive_from(SUITE, vector.kid, bytes(&vector.base_key)).unwrap();
    let counter = MonotonicCounter::with_start_value(u64::MAX - 1, u64::MAX);
    sender.send.insert(KeyId(vector.kid), SendKey { key, counter });
    let mut output = Vec::new();
    let key_id = KeyId(vector.kid);
    for sealed in [Ok(key_id), Ok(key_id), Err(SealError::Failed), Err(SealError::Failed)] {
        assert_eq!(sender.seal(context, Codec::Vp9, b"picture", &mut output), sealed);
    }
}
