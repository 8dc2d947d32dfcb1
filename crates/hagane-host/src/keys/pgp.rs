//! OpenPGP: keys that are given as they are, opened in process, and the program `gpg` with whatever it has.

#[cfg(feature = "openpgp")]
mod given;
mod gpg;

use hagane::{KeyFailure, SecretBytes};

use super::Surroundings;

#[cfg(feature = "openpgp")]
pub(super) use self::given::GivenKeys;
pub(super) use self::gpg::encrypt;

/// The keys of a program that reads none.
#[cfg(not(feature = "openpgp"))]
pub(super) struct GivenKeys;

#[cfg(not(feature = "openpgp"))]
impl GivenKeys {
    pub(super) fn find(_surroundings: &Surroundings) -> GivenKeys {
        GivenKeys
    }

    fn decrypt(&self, _message: &str, _of: Option<&Named>) -> Result<SecretBytes, KeyFailure> {
        Err(KeyFailure::default())
    }
}

/// Returns what an OpenPGP message holds, by whatever key opens it.
pub(super) fn decrypt(
    message: &str,
    keys: &GivenKeys,
    surroundings: &Surroundings,
) -> Result<SecretBytes, KeyFailure> {
    let given = keys.decrypt(message, None);
    given.or_else(|failure| gpg::decrypt(message, surroundings).map_err(|attempt| failure.and(attempt)))
}

/// Returns what an OpenPGP message holds, if it is the key of this fingerprint that opens it, or one of its subkeys; with `!` behind
/// it, just that subkey.
pub(super) fn decrypt_by(
    fingerprint: &str,
    message: &str,
    keys: &GivenKeys,
    surroundings: &Surroundings,
) -> Result<SecretBytes, KeyFailure> {
    let named = Named::of(fingerprint).ok_or_else(|| {
        // A shorter name is that of several keys.
        let reason = "is not asked: the file does not name the key by its whole fingerprint";
        KeyFailure::new(gpg::program(surroundings), reason)
    })?;
    let given = keys.decrypt(message, Some(&named));
    given.or_else(|failure| {
        gpg::decrypt_by(&named, message, surroundings).map_err(|attempt| failure.and(attempt))
    })
}

/// A key that is named by its whole fingerprint.
struct Named {
    fingerprint: String,
    is_just_that_subkey: bool,
}

impl Named {
    fn of(text: &str) -> Option<Named> {
        let fingerprint = text.trim_end_matches('!');
        let is_whole =
            matches!(fingerprint.len(), 40 | 64) && fingerprint.bytes().all(|b| b.is_ascii_hexdigit());
        is_whole.then(|| Named {
            fingerprint: fingerprint.to_ascii_uppercase(),
            is_just_that_subkey: text.ends_with('!'),
        })
    }

    /// Returns whether a key is meant, by its own fingerprint and that of the primary key that it belongs to.
    fn is(&self, key: &str, primary: &str) -> bool {
        key == self.fingerprint || (!self.is_just_that_subkey && primary == self.fingerprint)
    }
}
