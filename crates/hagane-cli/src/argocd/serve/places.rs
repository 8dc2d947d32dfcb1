//! So many may work at once, and the others wait as long as somebody waits for them.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Places of which each is taken by one.
pub(super) struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One of them. It is free again when this is dropped.
pub(super) struct Place(Arc<Places>);

impl Places {
    pub(super) fn new(count: usize) -> Arc<Places> {
        Arc::new(Places { free: Mutex::new(count.max(1)), freed: Condvar::new() })
    }

    /// Waits for a place, until nobody waits for its taker.
    pub(super) fn take(self: &Arc<Places>, until: Instant) -> Option<Place> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.freed.wait_timeout_while(free, left, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (*free > 0).then(|| {
            *free -= 1;
            Place(self.clone())
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_by_one() {
        let places = Places::new(2);
        let (now, later) = (Instant::now(), Instant::now() + std::time::Duration::from_secs(60));
        let first = places.take(now);
        let second = places.take(now);
        assert!(first.is_some() && second.is_some() && places.take(now).is_none());
        std::thread::scope(|scope| {
            let third = scope.spawn(|| places.take(later).is_some());
            drop(first);
            assert!(third.join().is_ok_and(|taken| taken));
        });
        assert!(places.take(now).is_some());
    }
}
