//! What holds for all key ids, all orders of arrival and all frames, not for examples alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::Room;
use proptest::{collection::vec, prelude::*};
use tangelo_e2ee::media::{Codec, Context, DropReason, KeyId, Opened};
use tangelo_wire::{MediaKind, Source};

/// How far behind the newest frame a frame may come.
const REPLAY_WINDOW: usize = 512;
/// SFrame's longest header and its tag, in bytes.
const OVERHEAD_MAX_BYTES: usize = 33;

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Microphone),
        Just(Source::Camera),
        Just(Source::Screen),
        Just(Source::ScreenAudio)
    ]
}

/// Every source and layer that there is.
fn context() -> impl Strategy<Value = Context> {
    (source(), 0..3_u8).prop_map(|(source, layer)| {
        Context::new(source, layer).unwrap_or_else(|| Context::new(source, 0).unwrap())
    })
}

fn codec() -> impl Strategy<Value = Codec> {
    prop_oneof![Just(Codec::Opus), Just(Codec::Vp8), Just(Codec::Vp9)]
}

/// Bytes, many of which begin as a frame of VP8 does.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let tail = || vec(any::<u8>(), 0..300);
    prop_oneof![
        tail(),
        (any::<[u8; 3]>(), tail()).prop_map(|(tag, tail)| [
            &[tag[0] & !1, tag[1], tag[2], 0x9d, 0x01, 0x2a][..],
            &tail
        ]
        .concat()),
        (any::<u8>(), tail()).prop_map(|(tag, tail)| [&[tag | 1][..], &tail].concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn key_ids_keep_every_part_in_its_width(context in context(), leaf in 0..1_024_u32, epoch in any::<u64>()) {
        let id = KeyId::new(context, leaf, epoch);
        prop_assert_eq!((id.context(), id.leaf()), (context, leaf));
        prop_assert_eq!(id.0 % 64, epoch % 64);
        // Three bits of context, ten of leaf, six of epoch.
        prop_assert!(id.0 < 1 << 19);
        // Too large a leaf does not reach into the context.
        prop_assert_eq!(KeyId::new(context, u32::MAX, epoch).context(), context);
    }

    #[test]
    fn no_two_keys_have_one_id(
        one in (context(), 0..1_024_u32, any::<u64>()),
        other in (context(), 0..1_024_u32, any::<u64>()),
        near in any::<bool>(),
    ) {
        // Half of them differ in the epoch alone.
        let other = if near { (one.0, one.1, other.2) } else { other };
        let key = |(context, leaf, epoch): (Context, u32, u64)| (context, leaf, epoch % 64);
        let id = |(context, leaf, epoch)| KeyId::new(context, leaf, epoch);
        prop_assert_eq!(key(one) == key(other), id(one) == id(other));
    }

    #[test]
    fn an_id_is_of_an_epoch_or_after_it_or_before_it(context in context(), epoch in any::<u64>(), step in 0..64_u64) {
        let id = KeyId::new(context, 5, epoch.wrapping_add(step));
        prop_assert_eq!(id.is_of_epoch(epoch), step == 0);
        prop_assert_eq!(id.is_after(epoch), (1..32).contains(&step));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The window against its definition: a frame passes once, unless it is 512 or more behind the newest that passed.
    #[test]
    fn a_frame_passes_once_in_any_order_and_forged_ones_move_nothing(
        arrivals in vec((prop_oneof![3 => -600..40_i32, 1 => 40..700_i32], prop::bool::weighted(0.2)), 1..300),
    ) {
        let mut room = Room::of(2);
        let (now, sender) = (room.now, room.clients[0].id);
        let context = Context::new(Source::Camera, 0).unwrap();
        let line = room.clients[1].media.add_receiver(sender, Source::Camera);
        let mut sealed: Vec<Vec<u8>> = Vec::new();
        let mut passed = BTreeSet::new();
        for (offset, forged) in arrivals {
            let newest = passed.last().copied().unwrap_or(0);
            let number = usize::try_from(i32::try_from(newest).unwrap() + offset).unwrap_or(0);
            while sealed.len() <= number {
                let mut frame = Vec::new();
                room.clients[0].media.seal(now, context, Codec::Vp9, b"frame", &mut frame).unwrap();
                sealed.push(frame);
            }
            let mut frame = sealed[number].clone();
            if forged {
                *frame.last_mut().unwrap() ^= 1;
            }
            let mut output = Vec::new();
            let opened = room.clients[1].media.open(now, line, 0, Codec::Vp9, &frame, &mut output);
            let too_old = number + REPLAY_WINDOW <= newest && !passed.is_empty();
            if forged {
                let reason = match opened {
                    Opened::Dropped { reason, .. } => Some(reason),
                    _ => None,
                };
                prop_assert!(matches!(reason, Some(DropReason::Forged | DropReason::Replayed)), "{opened:?}");
            } else if too_old || passed.contains(&number) {
                let replayed = matches!(opened, Opened::Dropped { reason: DropReason::Replayed, .. });
                prop_assert!(replayed, "{number} of {newest}: {opened:?}");
            } else {
                prop_assert_eq!(opened, Opened::Frame, "{} of {}", number, newest);
                passed.insert(number);
            }
        }
    }
}

#[test]
fn a_frame_is_sealed_behind_its_clear_prefix_and_comes_out_whole() {
    let mut room = Room::of(2);
    let (now, sender) = (room.now, room.clients[0].id);
    let cell = std::cell::RefCell::new(&mut room.clients);
    let config = ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = proptest::test_runner::TestRunner::new(config).run(
        &(source(), codec(), frame()),
        |(source, codec, frame)| {
            let mut clients = cell.borrow_mut();
            let (senders, receivers) = clients.split_at_mut(1);
            let (from, to) = (&mut senders[0].media, &mut receivers[0].media);
            let context = Context::new(source, 0).unwrap();
            let mut sealed = Vec::new();
            let clear = codec.clear_bytes(&frame).filter(|_| source.kind() == codec.kind());
            let result = from.seal(now, context, codec, &frame, &mut sealed);
            let Some(clear) = clear else {
                prop_assert!(result.is_err() && sealed.is_empty());
                return Ok(());
            };
            prop_assert_eq!(result, Ok(()));
            // What the SFU sees of the frame is the prefix, and a key id of the source.
            prop_assert_eq!(&sealed[..clear], &frame[..clear]);
            prop_assert_eq!(codec.clear_bytes(&sealed), Some(clear));
            prop_assert_eq!(codec.key_id(&sealed).and_then(|id| id.context().source()), Some(source));
            let line = to.add_receiver(sender, source);
            let mut opened = Vec::new();
            let result = to.open(now, line, 0, codec, &sealed, &mut opened);
            to.remove_receiver(line);
            prop_assert_eq!(result, Opened::Frame);
            prop_assert!(sealed.len() <= opened.len() + OVERHEAD_MAX_BYTES);
            // Sound comes out with padding, which `opus` has tests of its own for.
            prop_assert!(opened == frame || codec.kind() == MediaKind::Audio);
            Ok(())
        },
    );
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
