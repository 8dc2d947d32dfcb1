//! The age identities of a run, and what they unwrap; age recipients, and how they wrap.

mod hybrid;
mod identities;
mod recipient;
mod x_wing;

use std::io::Read as _;
use std::sync::Arc;

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Identity};
use zeroize::Zeroizing;

use self::identities::{Known, Source};
use crate::{Attempt, KeyFailure, Keyring, MasterKey, SecretBytes, WrappedKey};

pub use self::identities::Identities;

/// Bytes of a wrapped key in armor; a real one has about 400, a post-quantum one 2000.
const MAX_ENC: usize = 64 << 10;
/// Bytes of a data key, or of a part of one.
const MAX_KEY: u64 = 64;

/// An identity of any kind.
pub type AnyIdentity = Box<dyn Identity + Send + Sync>;
/// A recipient of any kind.
pub type AnyRecipient = Box<dyn age::Recipient + Send + Sync>;

/// What age needs from outside: a person who knows passphrases, and programs that are plugins.
pub trait AgeOutside: Send + Sync {
    /// Asks for the passphrase of something: `the identities of keys.txt`. None where nobody can be asked.
    fn passphrase(&self, of: &str) -> Option<SecretString>;

    /// Returns the identity of a line `AGE-PLUGIN-…`, or why there is none.
    fn plugin_identity(&self, line: &str) -> Result<AnyIdentity, String>;

    /// Returns the recipient of a plugin, or why there is none.
    fn plugin_recipient(&self, recipient: &str) -> Result<AnyRecipient, String>;
}

/// No outside: nobody knows a passphrase, and there are no plugins.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOutside;

impl AgeOutside for NoOutside {
    fn passphrase(&self, _of: &str) -> Option<SecretString> {
        None
    }

    fn plugin_identity(&self, _line: &str) -> Result<AnyIdentity, String> {
        Err("holds an identity of an age plugin, and plugins are not started here".into())
    }

    fn plugin_recipient(&self, _recipient: &str) -> Result<AnyRecipient, String> {
        Err("is that of a plugin, and plugins are not started here".into())
    }
}

/// A keyring of age identities.
pub struct AgeKeyring {
    identities: Identities,
}

impl AgeKeyring {
    /// Returns a keyring of these identities.
    pub fn new(identities: Identities) -> AgeKeyring {
        AgeKeyring { identities }
    }

    /// Returns the identities themselves, for who keeps their memory out of the swap.
    pub fn identities(&self) -> impl Iterator<Item = &(dyn Identity + Send + Sync)> {
        self.identities.sources().iter().flat_map(|source| &source.identities).map(|known| &*known.identity)
    }
}

impl Keyring for AgeKeyring {
    fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        match &wrapped.key {
            MasterKey::Age(_) => self.unwrap_age(&wrapped.enc, None),
            _ => Err(KeyFailure::default()),
        }
    }

    fn unwrap_bound(&self, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        match &wrapped.key {
            MasterKey::Age(recipient) => self.unwrap_age(&wrapped.enc, Some(recipient)),
            _ => Err(KeyFailure::default()),
        }
    }

    fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
        match key {
            MasterKey::Age(recipient) => recipient::wrap(recipient, data_key, self.outside())
                .map_err(|reason| KeyFailure::new("the recipient", reason)),
            _ => Err(KeyFailure::default()),
        }
    }
}

impl AgeKeyring {
    fn outside(&self) -> &Arc<dyn AgeOutside> {
        self.identities.outside()
    }

    /// Unwraps with any identity, or with those of one recipient alone.
    fn unwrap_age(&self, enc: &str, of: Option<&str>) -> Result<SecretBytes, KeyFailure> {
        if enc.len() > MAX_ENC {
            return Err(KeyFailure::new("the file", "the wrapped data key is too long"));
        }
        let mut tried = Vec::new();
        for source in self.identities.sources() {
            if !source.identities.is_empty() {
                match unwrap_with(source, enc, of) {
                    Ok(key) => return Ok(key),
                    Err(reason) => tried.push(Attempt::new(&source.label, reason)),
                }
            }
            tried.extend(source.problems.iter().map(|problem| Attempt::new(&source.label, problem)));
        }
        Err(KeyFailure { tried })
    }
}

/// Unwraps with the first identity that fits.
fn unwrap_with(source: &Source, enc: &str, of: Option<&str>) -> Result<SecretBytes, String> {
    let damaged = || "the wrapped data key is damaged".to_owned();
    let usable: Vec<&Known> = match of {
        None => source.identities.iter().collect(),
        Some(recipient) => source.identities.iter().filter(|known| known.is_of(recipient)).collect(),
    };
    if usable.is_empty() {
        return Err(source.holds_no_such());
    }
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(enc.as_bytes())).map_err(|_| damaged())?;
    let identities = usable.iter().map(|known| &*known.identity as &dyn Identity);
    let reader = decryptor.decrypt(identities).map_err(|error| match error {
        DecryptError::NoMatchingKeys if of.is_some() => {
            "holds the identity of that recipient, and the data key is wrapped for another".to_owned()
        }
        DecryptError::NoMatchingKeys => source.holds(),
        DecryptError::KeyDecryptionFailed => "is under a passphrase, and it was not this one".to_owned(),
        DecryptError::Plugin(errors) => {
            let said: Vec<String> = errors.iter().map(|error| error.to_string().trim().to_owned()).collect();
            format!("has a plugin that says: {}", said.join("; "))
        }
        _ => damaged(),
    })?;
    let mut key = Zeroizing::new(Vec::with_capacity(MAX_KEY as usize + 1));
    reader.take(MAX_KEY + 1).read_to_end(&mut key).map_err(|_| damaged())?;
    Ok(SecretBytes::new(std::mem::take(&mut *key)))
}
