//! age identities (X25519) and what they unwrap.

use std::io::Read as _;

use age::armor::ArmoredReader;
use age::x25519;
use age::{DecryptError, Decryptor, Identity};
use zeroize::Zeroizing;

use crate::{Attempt, KeyFailure, Keyring, MasterKey, SecretBytes, WrappedKey};

/// Bytes of a wrapped key in armor; a real one has about 400.
const MAX_ENC: usize = 64 << 10;
/// Bytes of a data key, or of a part of one.
const MAX_KEY: u64 = 64;

/// The age identities of a run, each with the source it came from, so that a message can say what was tried.
#[derive(Default)]
pub struct Identities {
    sources: Vec<Source>,
}

struct Source {
    label: String,
    identities: Vec<(x25519::Identity, String)>,
    problems: Vec<String>,
}

impl Identities {
    /// Returns no identities.
    pub fn new() -> Identities {
        Identities::default()
    }

    /// Adds the identities of a text: `AGE-SECRET-KEY-1…`, one or several a line, and comments. Whatever else
    /// the text holds is remembered as a problem of the source, not as an error: another source may do.
    pub fn add_text(&mut self, label: impl Into<String>, text: &str) {
        let mut source = Source { label: label.into(), identities: Vec::new(), problems: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(what) = foreign(line) {
                source.problems.push(format!("holds {what}, which this build does not read"));
                break;
            }
            for word in line.split_whitespace() {
                match word.parse::<x25519::Identity>() {
                    Ok(identity) => {
                        let recipient = identity.to_public().to_string();
                        source.identities.push((identity, recipient));
                    }
                    Err(_) => source.problems.push(format!("line {} is not an age identity", index + 1)),
                }
            }
        }
        if source.identities.is_empty() && source.problems.is_empty() {
            source.problems.push("holds no identity".into());
        }
        self.sources.push(source);
    }

    /// Adds a source that could not be read, for the message.
    pub fn add_failure(&mut self, label: impl Into<String>, reason: impl Into<String>) {
        self.sources.push(Source {
            label: label.into(),
            identities: Vec::new(),
            problems: vec![reason.into()],
        });
    }

    /// Returns whether there is no identity at all.
    pub fn is_empty(&self) -> bool {
        self.sources.iter().all(|s| s.identities.is_empty())
    }
}

/// Returns what a line begins that is an identity of another kind.
fn foreign(line: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 6] = [
        ("AGE-SECRET-KEY-PQ-1", "a post-quantum age identity"),
        ("AGE-PLUGIN-", "an identity of an age plugin"),
        ("-----BEGIN OPENSSH PRIVATE KEY", "an SSH key"),
        ("-----BEGIN RSA PRIVATE KEY", "an SSH key"),
        ("-----BEGIN AGE ENCRYPTED FILE", "identities under a passphrase"),
        ("age-encryption.org/", "identities under a passphrase"),
    ];
    KINDS.iter().find(|(start, _)| line.starts_with(start)).map(|(_, what)| *what)
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
}

impl Keyring for AgeKeyring {
    fn unwrap_key(&self, key: &MasterKey) -> Result<SecretBytes, KeyFailure> {
        match key {
            MasterKey::Age(wrapped) => self.unwrap_age(wrapped),
            _ => Err(KeyFailure::default()),
        }
    }
}

impl AgeKeyring {
    fn unwrap_age(&self, wrapped: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        if wrapped.enc.len() > MAX_ENC {
            let tried = vec![Attempt::new("the file", "the wrapped data key is too long")];
            return Err(KeyFailure { tried });
        }
        let mut tried = Vec::new();
        for source in &self.identities.sources {
            if !source.identities.is_empty() {
                match unwrap_with(&source.identities, &wrapped.enc) {
                    Ok(key) => return Ok(key),
                    Err(reason) => {
                        tried.push(Attempt::new(&source.label, reason.unwrap_or_else(|| source.holds())))
                    }
                }
            }
            tried.extend(source.problems.iter().map(|problem| Attempt::new(&source.label, problem)));
        }
        Err(KeyFailure { tried })
    }
}

impl Source {
    fn holds(&self) -> String {
        const SHOWN: usize = 3;
        let recipients: Vec<&str> = self.identities.iter().take(SHOWN).map(|(_, r)| r.as_str()).collect();
        let more = self.identities.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("holds the identity of {}{more}", recipients.join(", "))
    }
}

/// Unwraps with the first identity that fits; no reason means that none fits.
fn unwrap_with(identities: &[(x25519::Identity, String)], enc: &str) -> Result<SecretBytes, Option<String>> {
    let damaged = || Some("the wrapped data key is damaged".to_owned());
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(enc.as_bytes())).map_err(|_| damaged())?;
    let identities = identities.iter().map(|(identity, _)| identity as &dyn Identity);
    let reader = decryptor.decrypt(identities).map_err(|error| match error {
        DecryptError::NoMatchingKeys => None,
        _ => damaged(),
    })?;
    let mut key = Zeroizing::new(Vec::with_capacity(MAX_KEY as usize + 1));
    reader.take(MAX_KEY + 1).read_to_end(&mut key).map_err(|_| damaged())?;
    Ok(SecretBytes::new(std::mem::take(&mut *key)))
}
