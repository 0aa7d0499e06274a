//! What of all pictures a receiver's network has room for: a pure function of what is shown, sent and estimated.

use tangelo_wire::{Source, View};

use crate::layers::{Choice, LayerInfo, choose};

/// A larger layer needs this many hundredths of what it takes: an estimate at its edge would have it come and go.
pub(crate) const RAISE_PERCENT: u64 = 115;

/// A picture that a receiver has a line for.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) source: Source,
    /// How it is shown; `None` if it is not.
    pub(crate) view: Option<View>,
    /// Its layers, lowest first.
    pub(crate) layers: Vec<LayerInfo>,
    /// What is forwarded now.
    pub(crate) current: Option<u8>,
}

/// What a receiver is to get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// For each picture, in the order in which they were given.
    pub(crate) choices: Vec<Choice>,
    /// For each, whether it would be forwarded if there were room.
    pub(crate) has_no_room: Vec<bool>,
    /// What the choices take, in bit/s.
    pub(crate) planned_bps: u64,
    /// What would be sent if there were room for all.
    pub(crate) desired_bps: u64,
    /// What the next larger layer needs; `None` if none is left out.
    pub(crate) next_bps: Option<u64>,
}

/// Who goes first when there is not room for all; sound went before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Screen,
    Pinned,
    Rest,
}

impl Picture {
    fn rank(&self) -> Rank {
        match (self.source, self.view) {
            (Source::Screen, _) => Rank::Screen,
            (_, Some(View { pinned: true, .. })) => Rank::Pinned,
            _ => Rank::Rest,
        }
    }

    /// The place in `layers` of the layer that fills the picture's place, were there room for all; `None` if it has none.
    fn goal(&self) -> Option<usize> {
        let target = choose(self.view, &self.layers).target?;
        self.place(target)
    }

    fn place(&self, layer: u8) -> Option<usize> {
        self.layers.iter().position(|info| info.layer == layer)
    }

    /// What the layers up to this place take at most: a larger one is never cheaper. One that was asked for and does not come
    /// takes nothing.
    fn cost(&self, place: usize) -> u64 {
        let below = self.layers.iter().take(place.saturating_add(1));
        below.filter(|info| info.flows || info.may_begin).map(|info| info.bps).max().unwrap_or(0)
    }
}

/// Chooses what to forward of each picture. `budget_bps` is what the network carries besides sound; `None` if that is not known.
///
/// By rank each picture gets its lowest layer, if that fits, then larger ones step by step: all of one rank before any of the
/// next, and within a rank all one step before any two.
pub(crate) fn plan(budget_bps: Option<u64>, pictures: &[Picture]) -> Plan {
    let goals: Vec<Option<usize>> = pictures.iter().map(Picture::goal).collect();
    let desired_bps = sum(pictures.iter().zip(&goals).filter_map(|(it, goal)| Some(it.cost((*goal)?))));
    let budget = budget_bps.unwrap_or(u64::MAX);
    let mut places: Vec<Option<usize>> = vec![None; pictures.len()];
    let mut spent = 0_u64;
    let mut next_bps: Option<u64> = None;
    for (rank, step) in steps(pictures, &goals) {
        let members = pictures.iter().zip(&goals).zip(&mut places);
        for ((picture, goal), place) in members.filter(|((picture, _), _)| picture.rank() == rank) {
            let before = match (step, *place) {
                (0, _) => 0,
                // A larger layer only to whom the one below it fitted.
                (_, Some(place)) if place + 1 == step => picture.cost(place),
                _ => continue,
            };
            if goal.is_none_or(|goal| goal < step) {
                continue;
            }
            let (others, cost) = (spent - before, picture.cost(step));
            let has_it = picture.current.and_then(|layer| picture.place(layer)).is_some_and(|at| at >= step);
            let margin = if has_it { 0 } else { cost * (RAISE_PERCENT - 100) / 100 };
            let needs = others.saturating_add(cost).saturating_add(margin);
            if needs <= budget {
                *place = Some(step);
                spent = others.saturating_add(cost);
            } else {
                next_bps = Some(next_bps.map_or(needs, |next| next.min(needs)));
            }
        }
    }
    let choices = pictures.iter().zip(&places).map(|(picture, place)| {
        place.map_or_else(Choice::default, |place| {
            choose(picture.view, picture.layers.get(..=place).unwrap_or_default())
        })
    });
    let choices = choices.collect();
    let has_no_room = goals.iter().zip(&places).map(|(goal, place)| goal.is_some() && place.is_none());
    Plan { choices, has_no_room: has_no_room.collect(), planned_bps: spent, desired_bps, next_bps }
}

/// Ranks and steps in the order in which they are served: everybody's lowest layer first.
fn steps(pictures: &[Picture], goals: &[Option<usize>]) -> Vec<(Rank, usize)> {
    const RANKS: [Rank; 3] = [Rank::Screen, Rank::Pinned, Rank::Rest];
    let most = |rank| {
        let of_rank = pictures.iter().zip(goals).filter(|(picture, _)| picture.rank() == rank);
        of_rank.filter_map(|(_, goal)| *goal).max().unwrap_or(0)
    };
    let lowest = RANKS.into_iter().map(|rank| (rank, 0));
    let larger = RANKS.into_iter().flat_map(|rank| (1..=most(rank)).map(move |step| (rank, step)));
    lowest.chain(larger).collect()
}

fn sum(costs: impl Iterator<Item = u64>) -> u64 {
    costs.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use tangelo_wire::ClientId;

    use super::*;

    const BPS: [u64; 3] = [150_000, 500_000, 1_500_000];

    fn picture(source: Source, height: u16, pinned: bool, current: Option<u8>) -> Picture {
        let all = [(0, 180), (1, 360), (2, 720)];
        let layers = if source == Source::Screen { &all[..1] } else { &all[..] };
        let layers = layers.iter().map(|(layer, height)| LayerInfo {
            layer: *layer,
            height: *height,
            bps: BPS[usize::from(*layer)],
            flows: true,
            may_begin: true,
        });
        let view = View { client: ClientId([1; 16]), source, height, pinned };
        Picture { source, view: Some(view), layers: layers.collect(), current }
    }

    fn camera(height: u16, current: Option<u8>) -> Picture {
        picture(Source::Camera, height, false, current)
    }

    fn forwarded(budget: u64, pictures: &[Picture]) -> Vec<Option<u8>> {
        plan(Some(budget), pictures).choices.iter().map(|choice| choice.forward).collect()
    }

    #[test]
    fn without_an_estimate_every_place_is_filled() {
        let pictures = [camera(720, None), camera(180, None)];
        let plan = plan(None, &pictures);
        assert_eq!(plan.choices.iter().map(|choice| choice.forward).collect::<Vec<_>>(), [Some(2), Some(0)]);
        assert_eq!((plan.planned_bps, plan.desired_bps, plan.next_bps), (1_650_000, 1_650_000, None));
    }

    #[test]
    fn everybody_is_seen_before_anybody_is_seen_well() {
        let pictures = [camera(720, None), camera(720, None), camera(720, None)];
        assert_eq!(forwarded(450_000 * 115 / 100, &pictures), [Some(0); 3]);
        assert_eq!(forwarded(350_000, &pictures), [Some(0), Some(0), None]);
        assert_eq!(forwarded(800_000 * 115 / 100, &pictures), [Some(1), Some(0), Some(0)]);
        assert_eq!(forwarded(1_500_000 * 115 / 100, &pictures), [Some(1); 3]);
        assert_eq!(forwarded(0, &pictures), [None; 3]);
        assert_eq!(plan(Some(350_000), &pictures).has_no_room, [false, false, true]);
        assert_eq!(plan(None, &pictures).has_no_room, [false; 3]);
    }

    #[test]
    fn screens_go_before_who_is_pinned_and_they_before_the_rest() {
        let all = [
            camera(720, None),
            picture(Source::Camera, 720, true, None),
            picture(Source::Screen, 720, false, None),
        ];
        assert_eq!(forwarded(200_000, &all), [None, None, Some(0)]);
        assert_eq!(forwarded(350_000, &all), [None, Some(0), Some(0)]);
        assert_eq!(forwarded(1_800_000 * 115 / 100, &all), [Some(0), Some(2), Some(0)]);
    }

    #[test]
    fn what_is_there_stays_where_no_more_would_come() {
        let budget = 1_550_000;
        assert_eq!(forwarded(budget, &[camera(720, Some(1))]), [Some(1)], "no room to spare");
        assert_eq!(forwarded(budget, &[camera(720, Some(2))]), [Some(2)]);
        let plan = plan(Some(budget), &[camera(720, Some(1))]);
        assert_eq!((plan.planned_bps, plan.next_bps), (500_000, Some(1_725_000)));
    }

    #[test]
    fn a_layer_that_does_not_come_takes_no_room_from_others() {
        let mut unable = camera(720, Some(1));
        unable.layers[2].flows = false;
        unable.layers[2].may_begin = false;
        let plan = plan(Some(2_300_000), &[unable, camera(720, None)]);
        assert_eq!(plan.choices[0], Choice { forward: Some(1), target: Some(2) }, "it is still asked for");
        assert_eq!(plan.choices[1].forward, Some(2));
        assert_eq!((plan.planned_bps, plan.next_bps), (2_000_000, None));
    }

    #[test]
    fn what_is_not_shown_costs_nothing() {
        let mut hidden = camera(720, Some(2));
        hidden.view = None;
        let plan = plan(Some(600_000), &[hidden, camera(360, None)]);
        assert_eq!(plan.choices, [Choice::default(), Choice { forward: Some(1), target: Some(1) }]);
        assert_eq!(plan.desired_bps, 500_000);
        assert_eq!(plan.has_no_room, [false; 2]);
    }
}
