//! Whether the queue on the way grows: arrival groups, a line through their delays, and a threshold that adapts.
//!
//! Groups, overuse time and the adaptive threshold are those of draft-ietf-rmcat-gcc-02, sections 5.1 to 5.4. In place
//! of its Kalman filter is the line that Chromium uses since, with the constants that are known to work with it.

use std::collections::VecDeque;

/// Packets that were sent within this time are one group.
const BURST_US: i64 = 5_000;
/// A way that was held up delivers at once what came meanwhile (Wi-Fi); as one group, it is not taken for a trend.
const BURST_ARRIVAL_MAX_US: i64 = 100_000;
/// Groups that the line goes through.
const POINTS: usize = 20;
/// Weight of the earlier delays in the smoothed one.
const SMOOTHING: f64 = 0.9;
/// Makes the slope comparable to the threshold: gain, and most groups that count as evidence.
const GAIN: f64 = 4.0;
const EVIDENCE_MAX: f64 = 60.0;
/// Threshold in ms: at first, and its bounds.
const THRESHOLD_START: f64 = 12.5;
const THRESHOLD_MIN: f64 = 6.0;
const THRESHOLD_MAX: f64 = 600.0;
/// How fast the threshold follows, per ms: slowly up, so that overuse is seen; faster down.
const THRESHOLD_UP: f64 = 0.0087;
const THRESHOLD_DOWN: f64 = 0.039;
/// A trend this far above the threshold, in ms, is a single event (a route change) and does not move it.
const OUTLIER: f64 = 15.0;
/// The trend must be above the threshold for this time, of which one group is evidence for so much at most. The draft has
/// 10 ms; then each pause of a Wi-Fi link, which ends in one late group, halves the estimate.
const OVERUSE_MS: f64 = 60.0;
const OVERUSE_GROUP_MS: f64 = 15.0;
/// So many last groups must not be faster than as many before them.
const RISE_GROUPS: usize = 3;

/// What the trend says of the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Usage {
    /// The queue grows.
    Over,
    /// Neither.
    #[default]
    Normal,
    /// The queue drains.
    Under,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent_us: i64,
    last_sent_us: i64,
    first_arrival_us: i64,
    last_arrival_us: i64,
}

/// The filter. Arrival times are the receiver's, less its offset: see `Arrivals` in `arrival.rs`.
#[derive(Debug)]
pub(super) struct Trendline {
    group: Option<Group>,
    previous: Option<Group>,
    /// Delay of the first group, from which the others are counted.
    base_us: i64,
    smoothed_ms: f64,
    groups: u32,
    /// Arrival, smoothed delay and delay as it was, in ms.
    points: VecDeque<(f64, f64, f64)>,
    threshold: f64,
    slope: f64,
    over_ms: f64,
    over_groups: u32,
    usage: Usage,
}

impl Trendline {
    pub(super) fn new() -> Self {
        Self {
            group: None,
            previous: None,
            base_us: 0,
            smoothed_ms: 0.0,
            groups: 0,
            points: VecDeque::new(),
            threshold: THRESHOLD_START,
            slope: 0.0,
            over_ms: 0.0,
            over_groups: 0,
            usage: Usage::Normal,
        }
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    /// Forgets the line but not the threshold, which tells how restless this way is.
    pub(super) fn restart(&mut self) {
        self.points.clear();
        let points = std::mem::take(&mut self.points);
        *self = Self { threshold: self.threshold, points, ..Self::new() };
    }

    /// Takes a packet, in order of sending.
    pub(super) fn packet(&mut self, sent_us: i64, arrival_us: i64) {
        let Some(group) = &mut self.group else {
            self.group = Some(Group::of(sent_us, arrival_us));
            return;
        };
        if sent_us < group.last_sent_us {
            return; // It came late, and its group is closed or this one has its delay already.
        }
        if group.takes(sent_us, arrival_us) {
            group.last_sent_us = sent_us;
            group.last_arrival_us = group.last_arrival_us.max(arrival_us);
            return;
        }
        let closed = *group;
        self.group = Some(Group::of(sent_us, arrival_us));
        if let Some(previous) = self.previous.replace(closed) {
            self.compare(&previous, &closed);
        } else {
            self.base_us = closed.delay_us();
        }
    }

    fn compare(&mut self, previous: &Group, closed: &Group) {
        let sent_ms = ms(closed.last_sent_us - previous.last_sent_us);
        self.groups = self.groups.saturating_add(1);
        let delay_ms = ms(closed.delay_us() - self.base_us);
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * delay_ms;
        self.points.push_back((ms(closed.last_arrival_us), self.smoothed_ms, delay_ms));
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
        let slope = if self.points.len() == POINTS { slope(&self.points) } else { 0.0 };
        let trend = slope * f64::from(self.groups).min(EVIDENCE_MAX) * GAIN;
        self.judge(trend, slope, sent_ms);
        self.adapt(trend, sent_ms);
    }

    fn judge(&mut self, trend: f64, slope: f64, sent_ms: f64) {
        if trend > self.threshold {
            self.over_ms += sent_ms.min(OVERUSE_GROUP_MS);
            self.over_groups += 1;
            if self.rises() && self.over_ms > OVERUSE_MS && self.over_groups > 1 && slope >= self.slope {
                self.over_ms = 0.0;
                self.over_groups = 0;
                self.usage = Usage::Over;
            }
        } else {
            self.over_ms = 0.0;
            self.over_groups = 0;
            self.usage = if trend < -self.threshold { Usage::Under } else { Usage::Normal };
        }
        self.slope = slope;
    }

    /// The line is smooth, and still rises when a way that was held up for a moment has begun to catch up.
    fn rises(&self) -> bool {
        let delay =
            |skip| self.points.iter().rev().skip(skip).take(RISE_GROUPS).map(|point| point.2).sum::<f64>();
        delay(0) >= delay(RISE_GROUPS)
    }

    fn adapt(&mut self, trend: f64, sent_ms: f64) {
        let trend = trend.abs();
        if trend > self.threshold + OUTLIER {
            return;
        }
        let speed = if trend < self.threshold { THRESHOLD_DOWN } else { THRESHOLD_UP };
        self.threshold += speed * (trend - self.threshold) * sent_ms.clamp(0.0, 100.0);
        self.threshold = self.threshold.clamp(THRESHOLD_MIN, THRESHOLD_MAX);
    }
}

impl Group {
    fn of(sent_us: i64, arrival_us: i64) -> Self {
        Self {
            first_sent_us: sent_us,
            last_sent_us: sent_us,
            first_arrival_us: arrival_us,
            last_arrival_us: arrival_us,
        }
    }

    fn takes(&self, sent_us: i64, arrival_us: i64) -> bool {
        let overtaken = arrival_us - self.last_arrival_us < sent_us - self.last_sent_us;
        sent_us - self.first_sent_us <= BURST_US
            || overtaken
                && arrival_us - self.last_arrival_us <= BURST_US
                && arrival_us - self.first_arrival_us < BURST_ARRIVAL_MAX_US
    }

    fn delay_us(&self) -> i64 {
        self.last_arrival_us - self.last_sent_us
    }
}

/// Least squares; 0 if all came at the same time.
fn slope(points: &VecDeque<(f64, f64, f64)>) -> f64 {
    let count = points.len() as f64;
    let (sum_x, sum_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y, _) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x) * (x - mean_x);
    }
    if below > 0.0 { above / below } else { 0.0 }
}

fn ms(us: i64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{Trendline, Usage};

    fn after(delay_us: impl Fn(i64) -> i64) -> Usage {
        let mut line = Trendline::new();
        for n in 0..60 {
            line.packet(n * 10_000, n * 10_000 + 20_000 + delay_us(n));
        }
        line.usage()
    }

    #[test]
    fn a_growing_queue_is_overuse_a_draining_one_underuse_and_a_full_one_neither() {
        assert_eq!(after(|n| n * 1_500), Usage::Over);
        assert_eq!(after(|n| 90_000 - n * 1_500), Usage::Under);
        assert_eq!(after(|_| 90_000), Usage::Normal);
        assert_eq!(after(|n| (n % 3) * 4_000), Usage::Normal);
    }

    #[test]
    fn what_a_held_up_way_delivers_at_once_is_one_group() {
        // 50 ms nothing, then all of it: the delays fall, and none of them is taken as a point.
        assert_eq!(after(|n| 50_000 - (n % 5) * 10_000), Usage::Normal);
    }
}
