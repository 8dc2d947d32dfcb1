//! OpenPGP keys that are given as a file or a variable, and the messages that they open: in process, by the crate `pgp`.

mod message;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hagane::{Attempt, KeyFailure, SecretBytes};
use pgp::composed::{Deserializable as _, PlainSessionKey, SignedSecretKey};
use pgp::packet::PublicKeyEncryptedSessionKey;
use pgp::types::{DecryptionKey, EskType, KeyDetails, Password, PkeskVersion};
use zeroize::Zeroizing;

use self::message::Message;
use super::{Named, gpg};
use crate::keys::file::reason;
use crate::keys::{Surroundings, terminal};

const KEY: &str = "HAGANE_PGP_KEY";
const KEY_FILE: &str = "HAGANE_PGP_KEY_FILE";
const BEGIN: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
const DAMAGED: &str = "has the key, and the message is damaged";

/// The keys of variables and files.
pub(in crate::keys) struct GivenKeys {
    sources: Vec<Source>,
    ask: Ask,
}

/// Who is asked for a passphrase.
type Ask = fn(&str) -> Option<String>;

/// A variable or a file, and the keys in it.
struct Source {
    label: String,
    keys: Vec<SignedSecretKey>,
    problem: Option<String>,
    /// The same keys without their passphrase. Somebody is asked once, whether it was right or not.
    unlocked: OnceLock<Result<Vec<SignedSecretKey>, &'static str>>,
}

impl GivenKeys {
    /// Returns the keys that are given to this program, and where there is no gpg also those of GnuPG 1, which SOPS reads, too.
    pub(in crate::keys) fn find(surroundings: &Surroundings) -> GivenKeys {
        let mut sources = Vec::new();
        if let Some(text) = surroundings.text(KEY).map(Zeroizing::new) {
            sources.push(Source::new(KEY.into(), text.as_bytes()));
        }
        if let Some(path) = surroundings.variable(KEY_FILE).map(PathBuf::from) {
            sources.push(Source::read(format!("{KEY_FILE} ({})", path.display()), &path, surroundings));
        }
        if !gpg::is_there(surroundings) {
            let directory = surroundings.variable("GNUPGHOME").map(PathBuf::from);
            let directory = directory.or_else(|| surroundings.home().map(|home| home.join(".gnupg")));
            let path = directory.map(|directory| directory.join("secring.gpg"));
            match path.filter(|path| surroundings.files.resolve(path).is_ok()) {
                Some(path) => sources.push(Source::read(path.display().to_string(), &path, surroundings)),
                None if sources.is_empty() => {
                    sources.push(Source::unread(KEY_FILE.into(), "is not set".into()));
                }
                None => {}
            }
        }
        GivenKeys { sources, ask: terminal::ask_secret }
    }

    /// Returns what a message holds, by any key or by the named one alone.
    pub(super) fn decrypt(&self, message: &str, of: Option<&Named>) -> Result<SecretBytes, KeyFailure> {
        let mut tried = Vec::new();
        for source in &self.sources {
            match source.open(message, of, self.ask) {
                Ok(text) => return Ok(text),
                Err(reason) => tried.push(Attempt::new(&source.label, reason)),
            }
        }
        Err(KeyFailure { tried })
    }
}

impl Source {
    fn read(label: String, path: &Path, surroundings: &Surroundings) -> Source {
        match surroundings.read(path) {
            Ok(content) => Source::new(label, &content),
            Err(error) => Source::unread(label, reason(&error)),
        }
    }

    fn unread(label: String, problem: String) -> Source {
        Source { label, keys: Vec::new(), problem: Some(problem), unlocked: OnceLock::new() }
    }

    /// Reads keys, armoured or not; several armoured ones stand behind each other.
    fn new(label: String, content: &[u8]) -> Source {
        let (mut keys, mut unread) = (Vec::new(), 0);
        let mut add = |read: pgp::errors::Result<SignedSecretKey>| match read {
            Ok(key) => keys.push(key),
            Err(_) => unread += 1,
        };
        match std::str::from_utf8(content) {
            Ok(text) => {
                for (start, _) in text.match_indices(BEGIN) {
                    match SignedSecretKey::from_armor_many(&content[start..]) {
                        Ok((found, _)) => found.for_each(&mut add),
                        Err(error) => add(Err(error)),
                    }
                }
            }
            Err(_) => match SignedSecretKey::from_bytes_many(content) {
                Ok(found) => found.for_each(&mut add),
                Err(error) => add(Err(error)),
            },
        }
        let problem = match (keys.is_empty(), unread) {
            (true, 0) => Some("holds no private key of OpenPGP".to_owned()),
            (true, _) => Some("holds no private key of OpenPGP that can be read".to_owned()),
            (false, _) => None,
        };
        Source { label, keys, problem, unlocked: OnceLock::new() }
    }

    /// Returns what a message holds, or why no key of this source says it.
    fn open(&self, message: &str, of: Option<&Named>, ask: Ask) -> Result<SecretBytes, String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let message = Message::read(message)?;
        let usable: Vec<Key> = all(&self.keys).filter(|key| of.is_none_or(|of| key.is(of))).collect();
        let mut reason = None;
        for wrapped in &message.session_keys {
            for key in usable.iter().filter(|key| key.may_open(wrapped)) {
                let session_key = match key.is_locked {
                    false => key.session_key(wrapped),
                    true => self.unlocked(key, ask).and_then(|key| key.session_key(wrapped)),
                };
                match session_key.and_then(|key| message.open(&key).ok_or(DAMAGED)) {
                    Ok(text) => return Ok(text),
                    Err(why) => reason = Some(why.to_owned()),
                }
            }
        }
        Err(reason.unwrap_or_else(|| match of {
            None => format!("holds {}, for which the message is not", self.names()),
            Some(_) if usable.is_empty() => "holds no key of that fingerprint".into(),
            Some(_) => "holds the key that the file names, and the message is for another".into(),
        }))
    }

    /// Returns a key without its passphrase, which somebody says.
    fn unlocked(&self, locked: &Key, ask: Ask) -> Result<Key<'_>, &'static str> {
        let keys = self.unlocked.get_or_init(|| {
            let typed = ask(&format!("Passphrase of {}: ", self.label)).map(Zeroizing::new);
            let typed = typed.ok_or("is under a passphrase, and there is nobody to ask for it")?;
            let (passphrase, mut keys) = (Password::from(typed.as_str()), self.keys.clone());
            for key in &mut keys {
                // One that stays locked says so when it is needed: the primary key may not be there at all.
                let _ = key.primary_key.remove_password(&passphrase);
                for subkey in &mut key.secret_subkeys {
                    let _ = subkey.key.remove_password(&passphrase);
                }
            }
            Ok(keys)
        });
        let same = |key: &Key| !key.is_locked && key.secret.fingerprint() == locked.secret.fingerprint();
        let keys = keys.as_ref().map_err(|reason| *reason)?;
        all(keys).find(same).ok_or("is under a passphrase, and it was not this one")
    }

    fn names(&self) -> String {
        let names = self.keys.iter().map(|key| format!("{:X}", key.primary_key.fingerprint()));
        names.collect::<Vec<_>>().join(", ")
    }
}

fn all(keys: &[SignedSecretKey]) -> impl Iterator<Item = Key<'_>> {
    keys.iter().flat_map(|key| {
        let primary = format!("{:X}", key.primary_key.fingerprint());
        let own = Key {
            secret: &key.primary_key,
            is_locked: key.primary_key.secret_params().is_encrypted(),
            primary: primary.clone(),
        };
        let subkeys = key.secret_subkeys.iter().map(move |subkey| Key {
            secret: &subkey.key,
            is_locked: subkey.key.secret_params().is_encrypted(),
            primary: primary.clone(),
        });
        std::iter::once(own).chain(subkeys)
    })
}

/// A key or a subkey.
struct Key<'k> {
    secret: &'k dyn DecryptionKey,
    is_locked: bool,
    /// The fingerprint of the primary key.
    primary: String,
}

impl Key<'_> {
    fn is(&self, named: &Named) -> bool {
        named.is(&format!("{:X}", self.secret.fingerprint()), &self.primary)
    }

    /// Returns whether a session key is wrapped for this key, or does not say for whom it is.
    fn may_open(&self, wrapped: &PublicKeyEncryptedSessionKey) -> bool {
        match wrapped.version() {
            PkeskVersion::V3 => {
                wrapped.id().is_ok_and(|id| id.is_wildcard() || *id == self.secret.legacy_key_id())
            }
            PkeskVersion::V6 => wrapped.fingerprint().is_ok_and(|fingerprint| {
                fingerprint.is_none_or(|fingerprint| *fingerprint == self.secret.fingerprint())
            }),
            PkeskVersion::Other(_) => false,
        }
    }

    fn session_key(&self, wrapped: &PublicKeyEncryptedSessionKey) -> Result<PlainSessionKey, &'static str> {
        let typ = match wrapped.version() {
            PkeskVersion::V3 => EskType::V3_4,
            _ => EskType::V6,
        };
        let values = wrapped.values().map_err(|_| DAMAGED)?;
        let opened = self.secret.decrypt(&Password::empty(), values, typ);
        opened.and_then(|opened| opened).map_err(|_| DAMAGED)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LOCKED: &[u8] = include_bytes!("../../../tests/keys/pgp/keys/locked.asc");
    const MESSAGE: &str = include_str!("../../../tests/keys/pgp/messages/locked.asc");
    static ASKED: AtomicUsize = AtomicUsize::new(0);

    fn right(question: &str) -> Option<String> {
        ASKED.fetch_add(1, Ordering::SeqCst);
        assert_eq!(question, "Passphrase of key.asc: ");
        Some("open sesame".into())
    }

    fn check(ask: fn(&str) -> Option<String>, expected: Result<&str, &str>) {
        let keys = GivenKeys { sources: vec![Source::new("key.asc".into(), LOCKED)], ask };
        for _ in 0..2 {
            let answer = keys.decrypt(MESSAGE, None);
            let answer = answer.map(|text| text.expose_str().unwrap_or_default().to_owned());
            let answer = answer.map_err(|failure| failure.tried[0].reason.clone());
            assert_eq!(answer, expected.map(str::to_owned).map_err(str::to_owned));
        }
    }

    #[test]
    fn a_passphrase_is_asked_for_once() {
        check(right, Ok("0123456789abcdef0123456789abcdef"));
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
        check(|_| Some("open".into()), Err("is under a passphrase, and it was not this one"));
        check(|_| None, Err("is under a passphrase, and there is nobody to ask for it"));
    }
}
