use proptest::{collection::vec, prelude::*};

use super::*;

/// What a decoder hears: configuration and channels, and the frames.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Heard {
    config: u8,
    stereo: bool,
    frames: Vec<Vec<u8>>,
}

/// RFC 6716 section 3, written by its figures, apart from the code above.
fn hear(packet: &[u8]) -> Result<Heard, &'static str> {
    let (config, stereo, code) = match packet {
        [] => return Err("R1: a packet has at least one byte"),
        [toc, ..] => (toc / 8, toc / 4 % 2 == 1, toc % 4),
    };
    let body = &packet[1..];
    let frames = match code {
        0 => vec![body.to_vec()],
        1 if body.len() % 2 == 1 => return Err("R3: two frames of equal length"),
        1 => vec![body[..body.len() / 2].to_vec(), body[body.len() / 2..].to_vec()],
        2 => {
            let (first, at) = hear_length(body)?;
            if at + first > body.len() {
                return Err("R4: the first frame fits");
            }
            vec![body[at..at + first].to_vec(), body[at + first..].to_vec()]
        }
        _ => hear_many(body)?,
    };
    let micros = match config {
        0..=11 => [10_000, 20_000, 40_000, 60_000][usize::from(config % 4)],
        12..=15 => [10_000, 20_000][usize::from(config % 2)],
        _ => [2_500, 5_000, 10_000, 20_000][usize::from(config % 4)],
    };
    if frames.len() * micros > 120_000 {
        return Err("R5: at most 120 ms");
    }
    if frames.iter().any(|frame| frame.len() > 1_275) {
        return Err("R2: at most 1275 bytes a frame");
    }
    Ok(Heard { config, stereo, frames })
}

fn hear_length(body: &[u8]) -> Result<(usize, usize), &'static str> {
    match body {
        [first @ 0..=251, ..] => Ok((usize::from(*first), 1)),
        [first, second, ..] => Ok((4 * usize::from(*second) + usize::from(*first), 2)),
        _ => Err("R4: a whole length"),
    }
}

fn hear_many(body: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let [header, ..] = body else { return Err("R6: a frame count byte") };
    let (vbr, padded, count) = (header & 128 != 0, header & 64 != 0, usize::from(header & 63));
    if count == 0 {
        return Err("R5: at least one frame");
    }
    let mut at = 1;
    let mut padding = 0;
    if padded {
        loop {
            let byte = usize::from(*body.get(at).ok_or("R6: the length of the padding")?);
            at += 1;
            padding += if byte == 255 { 254 } else { byte };
            if byte != 255 {
                break;
            }
        }
    }
    let mut lengths = Vec::new();
    if vbr {
        for _ in 1..count {
            let (length, used) = hear_length(&body[at..])?;
            lengths.push(length);
            at += used;
        }
    }
    let room = body.len().checked_sub(at + padding).ok_or("R6, R7: padding fits")?;
    if vbr {
        lengths.push(room.checked_sub(lengths.iter().sum()).ok_or("R7: frames fit")?);
    } else if room % count == 0 {
        lengths = vec![room / count; count];
    } else {
        return Err("R6: frames of equal length");
    }
    let mut frames = Vec::new();
    for length in lengths {
        frames.push(body[at..at + length].to_vec());
        at += length;
    }
    Ok(frames)
}

fn write_length(packet: &mut Vec<u8>, length: usize) {
    if length < 252 {
        packet.push(u8::try_from(length).unwrap());
    } else {
        let first = 252 + length % 4;
        packet.push(u8::try_from(first).unwrap());
        packet.push(u8::try_from((length - first) / 4).unwrap());
    }
}

/// A packet of this code, as an encoder might write it. Frames of codes 1 and constant 3 have the first one's length.
fn write(mut heard: Heard, code: u8, vbr: bool, padding: Option<usize>) -> (Heard, Vec<u8>) {
    heard.frames.truncate(match code {
        0 => 1,
        1 | 2 => 2,
        _ => 48,
    });
    if code == 1 || (code == 3 && !vbr) {
        let length = heard.frames[0].len();
        heard.frames.iter_mut().for_each(|frame| frame.resize(length, 7));
    }
    let mut packet = vec![heard.config * 8 + u8::from(heard.stereo) * 4 + code];
    if code == 3 {
        let flags = u8::from(vbr) * 128 + u8::from(padding.is_some()) * 64;
        packet.push(flags + u8::try_from(heard.frames.len()).unwrap());
        if let Some(padding) = padding {
            packet.extend(std::iter::repeat_n(255, padding / 254));
            packet.push(u8::try_from(padding % 254).unwrap());
        }
    }
    if code == 2 || (code == 3 && vbr) {
        let (_, but_last) = heard.frames.split_last().unwrap();
        but_last.iter().for_each(|frame| write_length(&mut packet, frame.len()));
    }
    heard.frames.iter().for_each(|frame| packet.extend(frame));
    packet.extend(std::iter::repeat_n(0xee, padding.filter(|_| code == 3).unwrap_or(0)));
    (heard, packet)
}

fn any_packet() -> impl Strategy<Value = (Heard, Vec<u8>)> {
    let length = prop_oneof![0_usize..4, 60_usize..100, 240_usize..270, 1_000_usize..=1_275];
    let frames = vec(length.prop_flat_map(|length| vec(any::<u8>(), length)), 2..=48);
    let padding = prop::option::of(prop_oneof![0_usize..4, 250_usize..260, 500_usize..520]);
    (0_u8..32, any::<bool>(), frames, 0_u8..4, any::<bool>(), padding).prop_map(
        |(config, stereo, mut frames, code, vbr, padding)| {
            let units = frame_duration(config * 8);
            frames.truncate((48 / units).max(1));
            // 60 ms frames come two to a packet at most.
            write(Heard { config, stereo, frames }, code, vbr, padding)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_padded_packet_has_the_size_asked_for_and_the_same_frames((heard, packet) in any_packet(), more in 0_usize..1_200) {
        prop_assert_eq!(hear(&packet), Ok(heard.clone()), "the test's writer and reader agree");
        let size = packet.len() + more;
        let mut padded = vec![1, 2, 3];
        prop_assert_eq!(pad(&packet, size, &mut padded), Some(()));
        prop_assert_eq!(padded.len(), size);
        prop_assert_eq!(hear(&padded), Ok(heard));
    }

    #[test]
    fn an_unpadded_packet_is_short_and_has_the_same_frames((heard, packet) in any_packet(), more in 0_usize..1_200) {
        let mut padded = Vec::new();
        pad(&packet, packet.len() + more, &mut padded).unwrap();
        let bare = unpad(&padded).unwrap();
        prop_assert_eq!(hear(&bare), Ok(heard.clone()));
        prop_assert!(bare.len() <= padded.len());
        if packet[0] & 3 != 3 {
            prop_assert_eq!(&bare, &packet);
        }
        prop_assert_eq!(samples(&padded), samples(&packet));
        prop_assert_eq!(samples(&packet).unwrap() as usize, heard.frames.len() * samples(&[packet[0] & !3]).unwrap() as usize);
    }

    #[test]
    fn what_is_no_packet_is_refused(mut bytes in vec(any::<u8>(), 0..400), code in 0_u8..4, count in any::<u8>()) {
        // Bytes at random are seldom code 3 with few frames.
        if let [toc, second, ..] = bytes.as_mut_slice() {
            *toc = *toc & 0xfc | code;
            *second = count & 0xc7;
        }
        let mut padded = Vec::new();
        let done = pad(&bytes, bytes.len() + 300, &mut padded);
        prop_assert_eq!(done.is_some(), hear(&bytes).is_ok());
        if done.is_some() {
            prop_assert_eq!(hear(&padded), hear(&bytes));
        }
    }

    #[test]
    fn sizes_never_shrink_and_grow_a_few_times_at_most(lengths in vec(1_usize..1_276, 1..200)) {
        let (mut size, mut sizes, mut padded) = (PacketSize::default(), Vec::new(), Vec::new());
        for length in lengths {
            let packet = vec![0xf8; length];
            prop_assert_eq!(size.pad(&packet, &mut padded), Some(()));
            prop_assert!(padded.len() >= length);
            sizes.push(padded.len());
        }
        prop_assert!(sizes.is_sorted());
        sizes.dedup();
        prop_assert!(sizes.len() <= SIZES_BYTES.len());
        prop_assert!(sizes.iter().all(|size| SIZES_BYTES.contains(size)));
    }
}

#[test]
fn padding_with_something_in_it_stays() {
    let extended = [0x7b, 0x41, 2, 1, 2, 3, 0, 9];
    assert_eq!(unpad(&extended).as_deref(), Some(&extended[..]));
    assert_eq!(unpad(&[0x7b, 0x41, 2, 1, 2, 3, 0, 0]).as_deref(), Some(&[0x78, 1, 2, 3][..]));
    assert_eq!(unpad(&[]), None);
}

#[test]
fn a_loss_fits_and_has_no_data() {
    // 20 ms of CELT, 60 ms of SILK, 2.5 ms of CELT.
    for (toc, frame) in [(0xfc, 960), (0x18, 2_880), (0x80, 120)] {
        assert_eq!(loss(&[toc, 1, 2], frame - 1), None);
        assert_eq!(loss(&[toc], frame), Some((vec![toc | 3, 1], frame as u32)));
        let (packet, held) = loss(&[toc], u64::MAX).unwrap();
        assert_eq!((held, hear(&packet).unwrap().frames.concat().len()), (5_760, 0));
    }
    assert_eq!(loss(&[], 960), None);
}

#[test]
fn constant_bit_rate_costs_nothing_and_silence_is_as_long_as_speech() {
    let (mut size, mut padded) = (PacketSize::default(), Vec::new());
    let speech = [0x78; 80];
    size.pad(&speech, &mut padded).unwrap();
    assert_eq!(padded, speech, "32 kbit/s at 20 ms has the first size already");
    for silence in [&[0x78][..], &[0x78, 0xff, 0xfe], &[0x7b, 0x41, 0x00]] {
        size.pad(silence, &mut padded).unwrap();
        assert_eq!(padded.len(), 80);
        assert_eq!(hear(&padded), hear(silence));
    }
}

#[test]
fn every_amount_of_padding_can_be_written() {
    let packet = [0x78, 1, 2, 3];
    let mut padded = Vec::new();
    for size in 4..1_400 {
        pad(&packet, size, &mut padded).unwrap();
        assert_eq!(padded.len(), size);
        assert_eq!(hear(&padded), hear(&packet), "{size}");
    }
    // RFC 6716 section 3.2.5: 255 stands for 254 bytes, and the length's own bytes count apart.
    pad(&packet, 5, &mut padded).unwrap();
    assert_eq!(padded, [0x7b, 0x01, 1, 2, 3]);
    pad(&packet, 6, &mut padded).unwrap();
    assert_eq!(padded, [0x7b, 0x41, 0, 1, 2, 3]);
    pad(&packet, 7, &mut padded).unwrap();
    assert_eq!(padded, [0x7b, 0x41, 1, 1, 2, 3, 0]);
    pad(&packet, 5 + 255, &mut padded).unwrap();
    assert_eq!(padded[..6], [0x7b, 0x41, 254, 1, 2, 3]);
    pad(&packet, 5 + 256, &mut padded).unwrap();
    assert_eq!(padded[..7], [0x7b, 0x41, 255, 0, 1, 2, 3]);
}

#[test]
fn a_packet_beyond_the_largest_size_stays_as_it_is() {
    let (mut size, mut padded) = (PacketSize::default(), Vec::new());
    // Two CELT frames of 20 ms.
    let long = vec![0xf9; 2_001];
    size.pad(&long, &mut padded).unwrap();
    assert!(padded == long);
    assert_eq!(pad(&long, 2_000, &mut padded), None);
}
