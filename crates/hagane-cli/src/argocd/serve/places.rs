//! So many may work at once, and the others wait, in the order in which they came, as long as somebody waits for them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

/// Places of which each is taken by one.
pub(super) struct Places(Mutex<Line>);

struct Line {
    free: usize,
    /// Who waits, each by a thread of its own. Only the first takes a place.
    waiting: VecDeque<Thread>,
}

/// One of them. It is free again when this is dropped.
pub(super) struct Place(Arc<Places>);

impl Places {
    pub(super) fn new(count: usize) -> Arc<Places> {
        Arc::new(Places(Mutex::new(Line { free: count.max(1), waiting: VecDeque::new() })))
    }

    /// Waits for a place, until nobody waits for its taker.
    pub(super) fn take(self: &Arc<Places>, until: Instant) -> Option<Place> {
        let own = thread::current();
        self.lock().waiting.push_back(own.clone());
        loop {
            let mut line = self.lock();
            let is_next = line.free > 0 && line.waiting.front().is_some_and(|first| first.id() == own.id());
            let left = until.saturating_duration_since(Instant::now());
            if !is_next && !left.is_zero() {
                drop(line);
                // Whoever frees a place after that lets this end at once.
                thread::park_timeout(left);
                continue;
            }
            line.waiting.retain(|waiting| waiting.id() != own.id());
            line.free -= usize::from(is_next);
            line.call_next();
            return is_next.then(|| Place(self.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn call_next(&self) {
        if let Some(next) = self.waiting.front().filter(|_| self.free > 0) {
            next.unpark();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut line = self.0.lock();
        line.free += 1;
        line.call_next();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_place_is_taken_by_one() {
        let places = Places::new(2);
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(600));
        let first = places.take(now);
        let second = places.take(now);
        assert!(first.is_some() && second.is_some() && places.take(now).is_none());
        thread::scope(|scope| {
            let third = scope.spawn(|| places.take(later).is_some());
            drop(first);
            assert!(third.join().is_ok_and(|taken| taken));
        });
        assert!(places.take(now).is_some());
    }

    #[test]
    fn who_comes_first_is_first() {
        let places = Places::new(1);
        let later = Instant::now() + Duration::from_secs(600);
        let held = places.take(later);
        let (done, turns) = channel();
        thread::scope(|scope| {
            for number in 0..20 {
                let (places, done) = (&places, done.clone());
                // Every third one leaves before it is its turn.
                let until = if number % 3 == 2 { Instant::now() } else { later };
                let taker = scope.spawn(move || {
                    let place = places.take(until);
                    done.send((number, place.is_some())).expect("the test waits");
                });
                if number % 3 == 2 {
                    assert_eq!(turns.recv(), Ok((number, false)));
                } else {
                    while !places.lock().waiting.iter().any(|waiting| waiting.id() == taker.thread().id()) {
                        thread::yield_now();
                    }
                }
            }
            drop(held);
            for number in (0..20).filter(|number| number % 3 != 2) {
                assert_eq!(turns.recv(), Ok((number, true)));
            }
        });
        assert!(places.take(Instant::now()).is_some());
    }
}
