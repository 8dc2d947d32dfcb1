//! The same request, asked by several at once, is worked on once: Argo CD's controller and its page ask for the same application
//! at the same moment. What comes of it is gone when the last of them has it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use hagane_host::grpc::Answer;

use crate::argocd::activity::Activity;

/// All that an answer depends on, but for this server's own flags and environment: the archive, the path, the variables that are
/// read.
pub(super) type Key = (&'static str, String, String, Vec<(String, String)>);

/// The requests that are worked on.
#[derive(Default)]
pub(super) struct Flights(Mutex<BTreeMap<Key, Arc<Flight>>>);

/// A request that is worked on.
pub(super) struct Flight {
    activity: Activity,
    answer: Mutex<Option<Answer>>,
    landed: Condvar,
    waiting: AtomicUsize,
}

/// Somebody who waits for an answer.
pub(super) struct Waiting(Arc<Flight>);

impl Flights {
    /// Waits with those who ask the same. The flight comes back where nobody works on it yet.
    pub(super) fn join(&self, key: &Key, activity: &Activity) -> (Waiting, Option<Arc<Flight>>) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !flights.contains_key(key);
        let flight = flights.entry(key.clone()).or_insert_with(|| {
            Arc::new(Flight {
                activity: activity.clone(),
                answer: Mutex::default(),
                landed: Condvar::new(),
                waiting: AtomicUsize::new(0),
            })
        });
        flight.waiting.fetch_add(1, Ordering::SeqCst);
        (Waiting(flight.clone()), is_new.then(|| flight.clone()))
    }

    /// Gives the answer to all who wait for it. Whoever asks from now on asks anew.
    pub(super) fn land(&self, key: &Key, flight: &Flight, answer: Answer) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        *flight.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        flight.landed.notify_all();
    }
}

impl Flight {
    /// Returns whether anybody waits for it.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }
}

impl Waiting {
    /// Waits for the answer, but not for ever.
    pub(super) fn answer(&self, until: Instant) -> Option<Answer> {
        let answer = self.0.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.0.landed.wait_timeout_while(answer, left, |answer| answer.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Returns whether nobody else waits.
    pub(super) fn is_alone(&self) -> bool {
        self.0.waiting.load(Ordering::SeqCst) == 1
    }

    /// Returns what is being done.
    pub(super) fn activity(&self) -> &Activity {
        &self.0.activity
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn those_who_ask_the_same_get_the_same() {
        let (flights, activity) = (Flights::default(), Activity::default());
        let key = |path: &str| ("generate", "checksum".to_owned(), path.to_owned(), Vec::new());
        let later = Instant::now() + Duration::from_secs(60);
        let (first, flight) = flights.join(&key("a"), &activity);
        let flight = flight.expect("nobody works on it yet");
        assert!(first.is_alone() && flight.is_waited_for());
        let (second, none) = flights.join(&key("a"), &activity);
        assert!(none.is_none() && !first.is_alone());
        let (other, another) = flights.join(&key("b"), &activity);
        assert!(another.is_some() && other.answer(Instant::now()).is_none());
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| second.answer(later));
            flights.land(&key("a"), &flight, Ok(Arc::new(Zeroizing::new(b"a".to_vec()))));
            for answer in [waits.join().unwrap(), first.answer(later)] {
                assert!(answer.is_some_and(|answer| answer.is_ok_and(|bytes| bytes.as_slice() == b"a")));
            }
        });
        drop((first, second));
        assert!(!flight.is_waited_for());
        // It is not kept.
        assert!(flights.join(&key("a"), &activity).1.is_some());
    }
}
