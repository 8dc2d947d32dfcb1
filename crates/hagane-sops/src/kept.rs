//! What the values of a file were sealed as, so that a value that did not change is written as it was.
//!
//! The same value at the same path under the same data key may keep its nonce: nothing is encrypted twice.

use std::collections::{BTreeMap, VecDeque};

use crate::SecretBytes;
use crate::value::Sealed;

/// The sealed values by their paths, each in the order of the file.
#[derive(Default)]
pub(crate) struct Kept(BTreeMap<String, VecDeque<KeptValue>>);

struct KeptValue {
    what: Sealed,
    plain: SecretBytes,
    sealed: String,
}

impl Kept {
    pub(crate) fn add(&mut self, path: &str, what: Sealed, plain: &SecretBytes, sealed: &SecretBytes) {
        let Some(sealed) = sealed.expose_str() else { return };
        // What stands behind the end of a value is not written again.
        let sealed = sealed[..sealed.rfind(']').map_or(0, |end| end + 1)].to_owned();
        let value = KeptValue { what, plain: plain.clone(), sealed };
        match self.0.get_mut(path) {
            Some(values) => values.push_back(value),
            None => _ = self.0.insert(path.to_owned(), VecDeque::from([value])),
        }
    }

    /// Returns what a value was sealed as, and forgets it: of equal values in a list each has its own.
    pub(crate) fn take(&mut self, path: &str, what: Sealed, plain: &[u8]) -> Option<String> {
        let values = self.0.get_mut(path)?;
        let place = values.iter().position(|value| value.what == what && value.plain.expose() == plain)?;
        values.remove(place).map(|value| value.sealed)
    }
}
