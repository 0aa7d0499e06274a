//! What many tasks count at the same time.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use axum::http::StatusCode;

use crate::socket::Seldom;

/// A number that only grows, unless it is set.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// For who is the only one to write it.
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Since the start.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) started: SystemTime,
    /// 1 while the server is about to stop.
    pub(crate) draining: Count,
    /// Answers by the first digit of their status.
    pub(crate) statuses: [Count; 5],
    pub(crate) messages_in: Count,
    pub(crate) bytes_in: Count,
    pub(crate) messages_out: Count,
    pub(crate) bytes_out: Count,
    /// WebSockets that were cut because their client reads too slowly.
    pub(crate) cut: Count,
    /// Connections, WebSockets and arrivals that were refused because one address has, or does, too much.
    pub(crate) address_refusals: Count,
    /// When it was said last that one of them may be a proxy.
    pub(crate) proxy_hint: Seldom,
    pub(crate) turn_credentials: Count,
    pub(crate) store_writes: Count,
    pub(crate) store_failures: Count,
    pub(crate) store_bytes: Count,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            started: SystemTime::now(),
            draining: Count::default(),
            statuses: Default::default(),
            messages_in: Count::default(),
            bytes_in: Count::default(),
            messages_out: Count::default(),
            bytes_out: Count::default(),
            cut: Count::default(),
            address_refusals: Count::default(),
            proxy_hint: Seldom::default(),
            turn_credentials: Count::default(),
            store_writes: Count::default(),
            store_failures: Count::default(),
            store_bytes: Count::default(),
        }
    }
}

impl Counters {
    pub(crate) fn note_status(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.statuses.get(class) {
            count.add(1);
        }
    }
}
