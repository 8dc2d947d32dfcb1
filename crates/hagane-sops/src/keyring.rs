//! Keyrings that need nothing from outside: age identities in memory, and a memory of keys already unwrapped.

mod age;

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::{KeyFailure, Keyring, MasterKey, SecretBytes, WrappedKey};

pub use self::age::{AgeKeyring, AgeOutside, AnyIdentity, AnyRecipient, Identities, NoOutside};

/// A keyring that asks another one only once for each wrapped key: a service is called once for all files that
/// share a data key.
pub struct Remembering<K> {
    keyring: K,
    known: Mutex<BTreeMap<(Asked, MasterKey, String), SecretBytes>>,
}

/// How a key was asked for. What any key has unwrapped is no answer to who asks for one alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    ForAny,
    ForTheNamed,
}

impl<K: Keyring> Remembering<K> {
    /// Returns a keyring that remembers what `keyring` has unwrapped.
    pub fn new(keyring: K) -> Remembering<K> {
        Remembering { keyring, known: Mutex::default() }
    }

    /// Returns the keyring itself, for whoever must ask each time: a key may have been revoked meanwhile.
    pub fn forgetful(&self) -> &K {
        &self.keyring
    }

    fn remembered(
        &self,
        asked: Asked,
        key: &WrappedKey,
        unwrap: impl FnOnce() -> Result<SecretBytes, KeyFailure>,
    ) -> Result<SecretBytes, KeyFailure> {
        let name = (asked, key.key.clone(), key.enc.clone());
        if let Some(known) = self.known.lock().ok().and_then(|known| known.get(&name).cloned()) {
            return Ok(known);
        }
        // The lock is free meanwhile: a slow service must not hold up the other files.
        let unwrapped = unwrap()?;
        if let Ok(mut known) = self.known.lock() {
            known.insert(name, unwrapped.clone());
        }
        Ok(unwrapped)
    }
}

impl<K: Keyring> Keyring for Remembering<K> {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.remembered(Asked::ForAny, key, || self.keyring.unwrap_key(key))
    }

    fn unwrap_key_here(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.remembered(Asked::ForAny, key, || self.keyring.unwrap_key_here(key))
    }

    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.remembered(Asked::ForTheNamed, key, || self.keyring.unwrap_bound(key))
    }

    fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
        self.keyring.wrap_key(key, data_key)
    }

    fn order(&self) -> Vec<String> {
        self.keyring.order()
    }

    fn asks_services(&self) -> bool {
        self.keyring.asks_services()
    }
}
