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
    /// Whether the sender sends it now.
    pub(crate) flows: bool,
    /// Whether it may come: the sender was not asked for it yet, or not long ago.
    pub(crate) may_begin: bool,
}

/// A picture that a receiver has a line for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// How it is shown; `None` if it is not.
    pub(crate) view: Option<View>,
    /// Lowest first; none if nobody sends it.
    pub(crate) layers: Vec<LayerInfo>,
}

/// What a receiver is to get of one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// To be forwarded; `None` is a pause.
    pub(crate) forward: Option<u8>,
    /// To be had from the sender: what would be forwarded if the sender sent every layer.
    pub(crate) target: Option<u8>,
}

/// Chooses for every picture, in the order of `wishes`: the smallest layer that fills its place.
pub(crate) fn choose(wishes: &[Wish]) -> Vec<Choice> {
    let choice = |wish: &Wish| {
        let Some(view) = wish.view else { return Choice::default() };
        let among = |usable: fn(&LayerInfo) -> bool| {
            let layers: Vec<LayerInfo> = wish.layers.iter().copied().filter(usable).collect();
            best(&layers, view.height)
        };
        let target = best(&wish.layers, view.height);
        Choice { forward: among(|info| info.flows).or(among(|info| info.may_begin)).or(target), target }
    };
    wishes.iter().map(choice).collect()
}

/// The smallest layer that fills a height, or the largest.
fn best(layers: &[LayerInfo], height: u16) -> Option<u8> {
    let fills = |info: &&LayerInfo| u64::from(info.height) * 100 >= u64::from(height) * TALL_ENOUGH_PERCENT;
    layers.iter().find(fills).or(layers.last()).map(|info| info.layer)
}

#[cfg(test)]
mod tests {
    use tangelo_wire::{ClientId, Source};

    use super::*;

    fn camera(height: u16) -> Wish {
        let layer = |layer, height| LayerInfo { layer, height, flows: true, may_begin: true };
        let view = View { client: ClientId([1; 16]), source: Source::Camera, height, pinned: false };
        Wish { view: Some(view), layers: vec![layer(0, 180), layer(1, 360), layer(2, 720)] }
    }

    #[test]
    fn a_place_gets_the_smallest_layer_that_fills_it() {
        for (height, layer) in [(90, 0), (180, 0), (240, 0), (270, 1), (480, 1), (720, 2), (2_160, 2)] {
            assert_eq!(choose(&[camera(height)])[0].forward, Some(layer), "{height}");
        }
        let mut hidden = camera(720);
        hidden.view = None;
        assert_eq!(choose(&[hidden]), [Choice::default()]);
    }

    #[test]
    fn a_layer_that_the_sender_does_not_send_is_still_asked_for() {
        let mut wish = camera(720);
        wish.layers[2].flows = false;
        assert_eq!(choose(&[wish.clone()]), [Choice { forward: Some(1), target: Some(2) }]);
        wish.layers.iter_mut().for_each(|info| info.flows = false);
        assert_eq!(choose(&[wish.clone()])[0].forward, Some(2), "nothing comes yet");
        wish.layers[2].may_begin = false;
        assert_eq!(choose(&[wish]), [Choice { forward: Some(1), target: Some(2) }], "the largest does not");
    }

    #[test]
    fn a_picture_that_nobody_sends_is_no_choice() {
        let mut wish = camera(720);
        wish.layers.clear();
        assert_eq!(choose(&[wish]), [Choice::default()]);
    }
}
