//! What the values of a file were sealed as, so that a value that did not change is written as it was.
//!
//! The same value at the same path under the same data key may keep its nonce: nothing is encrypted twice.

use std::collections::BTreeMap;

use crate::SecretBytes;
use crate::value::{Sealed, has_junk};

/// The sealed values by their paths.
#[derive(Default)]
pub(crate) struct Kept(BTreeMap<String, Place>);

/// The values of one path, in the order of the file: the items of a list have one path.
#[derive(Default)]
struct Place {
    values: Vec<Option<KeptValue>>,
    /// How many values of the new file were asked for.
    asked: usize,
    /// Before it nothing is left.
    first: usize,
}

struct KeptValue {
    what: Sealed,
    plain: SecretBytes,
    sealed: String,
}

impl Kept {
    pub(crate) fn add(&mut self, path: &str, what: Sealed, plain: &SecretBytes, sealed: &SecretBytes) {
        let Some(sealed) = sealed.expose_str() else { return };
        // What stands behind the end of a value is not written again.
        let was_opened = plain.expose() != sealed.as_bytes();
        let end = if was_opened && has_junk(sealed.as_bytes()) {
            sealed.rfind(']').map(|end| end + 1)
        } else {
            None
        };
        let sealed = sealed[..end.unwrap_or(sealed.len())].to_owned();
        let value = Some(KeptValue { what, plain: plain.clone(), sealed });
        match self.0.get_mut(path) {
            Some(place) => place.values.push(value),
            None => _ = self.0.insert(path.to_owned(), Place { values: vec![value], ..Place::default() }),
        }
    }

    /// Returns what a value was sealed as, and forgets it: of equal values in a list each has its own, if it can be that
    /// which it had.
    pub(crate) fn take(&mut self, path: &str, what: Sealed, plain: &[u8]) -> Option<String> {
        self.0.get_mut(path)?.take(what, plain)
    }
}

impl Place {
    fn take(&mut self, what: Sealed, plain: &[u8]) -> Option<String> {
        let fits = |value: &Option<KeptValue>| {
            value.as_ref().is_some_and(|value| value.what == what && value.plain.expose() == plain)
        };
        let same = self.asked;
        self.asked += 1;
        let at = if self.values.get(same).is_some_and(fits) {
            same
        } else {
            self.first + self.values.get(self.first..)?.iter().position(fits)?
        };
        let value = self.values.get_mut(at)?.take();
        while self.values.get(self.first).is_some_and(Option::is_none) {
            self.first += 1;
        }
        value.map(|value| value.sealed)
    }
}
