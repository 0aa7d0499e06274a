//! A way that carries so much and no more: packets wait in a queue, and are dropped when it is full.

use std::time::{Duration, Instant};

/// UDP and IP headers, in bytes.
const HEADERS: usize = 28;

#[derive(Debug)]
pub struct Link {
    /// In bit/s; 0 carries nothing.
    pub rate_bps: u64,
    /// Longest time in the queue.
    pub queue_max: Duration,
    /// One in so many is lost besides, spread evenly by a fixed sequence; 0 for none.
    pub loses_one_in: u64,
    pub dropped: u64,
    /// On the wire, of what was carried.
    pub bytes: usize,
    /// The longest that a packet has waited, since this was last set to zero.
    pub longest: Duration,
    seed: u64,
    free_at: Option<Instant>,
}

impl Link {
    pub fn new(rate_bps: u64) -> Self {
        Self {
            rate_bps,
            queue_max: Duration::from_millis(400),
            loses_one_in: 0,
            dropped: 0,
            bytes: 0,
            longest: Duration::ZERO,
            seed: 1,
            free_at: None,
        }
    }

    /// When the last bit of a datagram has left; `None` if it is dropped.
    pub fn carry(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        let free_at = self.free_at.map_or(now, |at| at.max(now));
        let waits = free_at - now;
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lost = self.loses_one_in > 0 && (self.seed >> 33).is_multiple_of(self.loses_one_in);
        if self.rate_bps == 0 || waits > self.queue_max || lost {
            self.dropped += 1;
            return None;
        }
        let bits = u64::try_from(bytes + HEADERS).unwrap() * 8;
        let leaves = free_at + Duration::from_nanos(bits * 1_000_000_000 / self.rate_bps);
        self.bytes += bytes + HEADERS;
        self.longest = self.longest.max(leaves - now);
        self.free_at = Some(leaves);
        Some(leaves)
    }
}
