//! The time: the system's, or the browser's `performance.now()`, which steps by 5 us on an isolated page.

/// Microseconds since some fixed moment.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn now_us() -> f64 {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e6
}

/// Microseconds since some fixed moment.
#[cfg(target_arch = "wasm32")]
pub(crate) fn now_us() -> f64 {
    crate::wasm::performance_now() * 1e3
}

/// Runs something and tells how long it took, in microseconds.
pub(crate) fn timed<T>(act: impl FnOnce() -> T) -> (T, f64) {
    let start = now_us();
    let result = act();
    (result, now_us() - start)
}
