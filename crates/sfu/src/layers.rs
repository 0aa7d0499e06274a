//! Which layer of each picture a receiver gets: a pure function of what it shows and what is sent.

use tangelo_wire::View;

/// A layer is tall enough for a place if it has this many hundredths of its height: nobody sees the rest.
const TALL_ENOUGH_PERCENT: u64 = 75;

/// What is known of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerInfo {
    /// Its number, which grows with its size.
    pub(crate) layer: u8,
    /// In pixels of the picture.
    pub(crate) height: u16,
    /// What it takes on the wire, in bit/s: as measured, or as usual for its height.
    pub(crate) bps: u64,
    /// Whether the sender sends it now.
    pub(crate) flows: bool,
    /// Whether it may come: the sender was not asked for it yet, or not long ago.
    pub(crate) may_begin: bool,
}

/// What a receiver is to get of one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// To be forwarded; `None` is a pause.
    pub(crate) forward: Option<u8>,
    /// To be had from the sender: what would be forwarded if the sender sent every layer.
    pub(crate) target: Option<u8>,
}

/// Chooses of a picture's layers, which are given lowest first, the smallest one that fills its place. `view` is how it is
/// shown; `None` if it is not.
pub(crate) fn choose(view: Option<View>, layers: &[LayerInfo]) -> Choice {
    let Some(View { height, .. }) = view else { return Choice::default() };
    let target = best(layers, height, |_| true);
    let flows = best(layers, height, |info| info.flows);
    // Where nothing comes yet, what is asked for may be the first.
    let forward = flows.or_else(|| best(layers, height, |info| info.may_begin)).or(target);
    Choice { forward, target }
}

/// The smallest of the usable layers that fills a height, or the largest.
fn best(layers: &[LayerInfo], height: u16, usable: impl Fn(&LayerInfo) -> bool) -> Option<u8> {
    let fills = |info: &LayerInfo| u64::from(info.height) * 100 >= u64::from(height) * TALL_ENOUGH_PERCENT;
    let mut last = None;
    for info in layers.iter().filter(|info| usable(info)) {
        last = Some(info.layer);
        if fills(info) {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use tangelo_wire::{ClientId, Source};

    use super::*;

    fn camera() -> [LayerInfo; 3] {
        [(0, 180), (1, 360), (2, 720)].map(|(layer, height)| LayerInfo {
            layer,
            height,
            bps: 0,
            flows: true,
            may_begin: true,
        })
    }

    fn chosen(height: u16, layers: &[LayerInfo]) -> Choice {
        choose(
            Some(View { client: ClientId([1; 16]), source: Source::Camera, height, pinned: false }),
            layers,
        )
    }

    #[test]
    fn a_place_gets_the_smallest_layer_that_fills_it() {
        for (height, layer) in [(90, 0), (180, 0), (240, 0), (270, 1), (480, 1), (720, 2), (2_160, 2)] {
            assert_eq!(chosen(height, &camera()).forward, Some(layer), "{height}");
        }
        assert_eq!(choose(None, &camera()), Choice::default());
        assert_eq!(chosen(720, &[]), Choice::default(), "nobody sends it");
    }

    #[test]
    fn a_layer_that_the_sender_does_not_send_is_still_asked_for() {
        let mut layers = camera();
        layers[2].flows = false;
        assert_eq!(chosen(720, &layers), Choice { forward: Some(1), target: Some(2) });
        layers.iter_mut().for_each(|info| info.flows = false);
        assert_eq!(chosen(720, &layers).forward, Some(2), "nothing comes yet");
        layers[2].may_begin = false;
        assert_eq!(
            chosen(720, &layers),
            Choice { forward: Some(1), target: Some(2) },
            "the largest does not"
        );
    }
}
