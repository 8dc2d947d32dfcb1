//! The same request, asked by several at once, is worked on once: Argo CD's controller and its page ask for the same application
//! at the same moment. What comes of it is gone when the last of them has it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
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
    /// How many wait for it. It changes only with the flights locked.
    waiting: AtomicUsize,
}

/// Somebody who waits for an answer.
pub(super) struct Waiting<'f> {
    flights: &'f Flights,
    key: Key,
    flight: Arc<Flight>,
}

impl Flights {
    /// Waits with those who ask the same. The flight comes back where nobody works on it yet.
    pub(super) fn join(&self, key: &Key, activity: &Activity) -> (Waiting<'_>, Option<Arc<Flight>>) {
        let mut flights = self.lock();
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
        let flight = flight.clone();
        (Waiting { flights: self, key: key.clone(), flight: flight.clone() }, is_new.then_some(flight))
    }

    /// Gives the answer to all who wait for it. Whoever asks from now on asks anew.
    pub(super) fn land(&self, key: &Key, flight: &Arc<Flight>, answer: Answer) {
        remove(&mut self.lock(), key, flight);
        *flight.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        flight.landed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<Flight>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a flight, and not another with the same key.
fn remove(flights: &mut BTreeMap<Key, Arc<Flight>>, key: &Key, flight: &Arc<Flight>) {
    if flights.get(key).is_some_and(|known| Arc::ptr_eq(known, flight)) {
        flights.remove(key);
    }
}

impl Flight {
    /// Returns whether anybody waits for it.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }
}

impl Waiting<'_> {
    /// Waits for the answer, but not for ever.
    pub(super) fn answer(&self, until: Instant) -> Option<Answer> {
        let answer = self.flight.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.saturating_duration_since(Instant::now());
        let waited = self.flight.landed.wait_timeout_while(answer, left, |answer| answer.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Returns what is being done.
    pub(super) fn activity(&self) -> &Activity {
        &self.flight.activity
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // The last one to leave ends it, and nobody joins what ends: who asks next asks anew.
        if self.flight.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            remove(&mut flights, &self.key, &self.flight);
            self.flight.activity.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hagane_host::grpc::{Code, Status};
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn those_who_ask_the_same_get_the_same() {
        let (flights, activity) = (Flights::default(), Activity::default());
        let key = |path: &str| ("generate", "checksum".to_owned(), path.to_owned(), Vec::new());
        let later = Instant::now() + Duration::from_secs(60);
        let (first, flight) = flights.join(&key("a"), &activity);
        let flight = flight.expect("nobody works on it yet");
        assert!(flight.is_waited_for());
        let (second, none) = flights.join(&key("a"), &activity);
        assert!(none.is_none());
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

    #[test]
    fn nobody_joins_what_ends() {
        let flights = Flights::default();
        let key = ("generate", "checksum".to_owned(), "a".to_owned(), Vec::new());
        let (old, new) = (Activity::default(), Activity::default());
        let (first, flight) = flights.join(&key, &old);
        let ended = flight.expect("nobody works on it yet");
        let (second, _) = flights.join(&key, &new);
        drop(first);
        assert!(!old.is_over(), "one still waits");
        drop(second);
        assert!(old.is_over());
        // The one that ends has not landed yet, and the next is another.
        let (third, flight) = flights.join(&key, &new);
        let flight = flight.expect("it is worked on anew");
        flights.land(&key, &ended, Err(Status::new(Code::Cancelled, "nobody waits any longer")));
        assert!(third.answer(Instant::now()).is_none() && !new.is_over());
        let (fourth, none) = flights.join(&key, &new);
        assert!(none.is_none(), "landing removes only what has landed");
        flights.land(&key, &flight, Ok(Arc::new(Zeroizing::new(b"a".to_vec()))));
        assert!(third.answer(Instant::now()).is_some() && fourth.answer(Instant::now()).is_some());
    }
}
