//! Texts that hold age identities: key files, SSH keys, and identities under a passphrase.

use std::io::Read as _;
use std::sync::Arc;

use age::armor::ArmoredReader;
use age::secrecy::{ExposeSecret as _, SecretString};
use age::{Callbacks, Decryptor, scrypt, ssh, x25519};
use zeroize::Zeroizing;

use super::hybrid::HybridIdentity;
use super::{AgeOutside, AnyIdentity, NoOutside};

/// Bytes of a text with identities.
const MAX_TEXT: u64 = 16 << 20;
/// The most work, as a power of two, that a passphrase may cost: what age's own program takes.
const MAX_WORK: u8 = 22;

/// The age identities of a run, each with the source it came from, so that a message can say what was tried.
pub struct Identities {
    sources: Vec<Source>,
    outside: Arc<dyn AgeOutside>,
}

/// A text, or what should have been one.
pub(super) struct Source {
    pub(super) label: String,
    pub(super) identities: Vec<Known>,
    pub(super) problems: Vec<String>,
}

/// An identity and how it is called in messages.
pub(super) struct Known {
    pub(super) identity: AnyIdentity,
    name: String,
    /// For whom it opens; nothing where only a plugin knows.
    recipient: Option<String>,
}

impl Known {
    /// Returns whether the identity is that of a recipient.
    pub(super) fn is_of(&self, recipient: &str) -> bool {
        match &self.recipient {
            // What follows the key is a comment.
            Some(own) if own.starts_with("ssh-") => {
                own.split_whitespace().eq(recipient.split_whitespace().take(2))
            }
            Some(own) => own == recipient,
            None => false,
        }
    }
}

impl Default for Identities {
    fn default() -> Identities {
        Identities::with_outside(Arc::new(NoOutside))
    }
}

impl Identities {
    /// Returns no identities.
    pub fn new() -> Identities {
        Identities::default()
    }

    /// Returns no identities; those that are added may ask for passphrases and start plugins.
    pub fn with_outside(outside: Arc<dyn AgeOutside>) -> Identities {
        Identities { sources: Vec::new(), outside }
    }

    /// Adds the identities of a text: `AGE-SECRET-KEY-1…`, one or several a line, and comments; an SSH key; or any of
    /// these encrypted by age under a passphrase. Whatever else the text holds is remembered as a problem of the
    /// source, not as an error: another source may do.
    pub fn add_text(&mut self, label: impl Into<String>, text: &str) {
        let mut source = Source { label: label.into(), identities: Vec::new(), problems: Vec::new() };
        source.read(text, &self.outside);
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

    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub(super) fn outside(&self) -> &Arc<dyn AgeOutside> {
        &self.outside
    }
}

impl Source {
    fn read(&mut self, text: &str, outside: &Arc<dyn AgeOutside>) {
        let start = text.trim_start();
        if start.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") || start.starts_with("age-encryption.org/")
        {
            match self.open(text, outside) {
                Ok(plain) => self.read_plain(&plain, outside),
                Err(problem) => self.problems.push(problem),
            }
        } else {
            self.read_plain(text, outside);
        }
        if self.identities.is_empty() && self.problems.is_empty() {
            self.problems.push("holds no identity".into());
        }
    }

    /// Opens identities under a passphrase.
    fn open(&self, text: &str, outside: &Arc<dyn AgeOutside>) -> Result<Zeroizing<String>, String> {
        let damaged = |_| "holds an age file that is damaged".to_owned();
        let decryptor =
            Decryptor::new_buffered(ArmoredReader::new(text.as_bytes())).map_err(|_| damaged(()))?;
        if !decryptor.is_scrypt() {
            return Err("holds an age file that is not under a passphrase".into());
        }
        let passphrase = outside
            .passphrase(&format!("the identities of {}", self.label))
            .ok_or("holds identities under a passphrase, and nobody can be asked for it")?;
        let mut identity = scrypt::Identity::new(passphrase);
        identity.set_max_work_factor(MAX_WORK);
        let reader = decryptor
            .decrypt(std::iter::once(&identity as &dyn age::Identity))
            .map_err(|_| "holds identities under a passphrase, and it was not this one")?;
        let mut plain = Zeroizing::new(String::with_capacity(text.len()));
        reader.take(MAX_TEXT).read_to_string(&mut plain).map_err(|_| damaged(()))?;
        Ok(plain)
    }

    fn read_plain(&mut self, text: &str, outside: &Arc<dyn AgeOutside>) {
        if text.trim_start().starts_with("-----BEGIN ") {
            return self.read_ssh(text, outside);
        }
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let first = line.split_whitespace().next().unwrap_or_default();
            let problem = match identity(first, outside) {
                Ok(Some(known)) if first == line => {
                    self.identities.push(known);
                    continue;
                }
                // SOPS 3.13 takes several; the version that is followed does not, and neither does age.
                Ok(Some(_)) => format!("line {} holds more than one identity", index + 1),
                Ok(None) => format!("line {} is not an age identity", index + 1),
                Err(problem) => problem,
            };
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }

    fn read_ssh(&mut self, text: &str, outside: &Arc<dyn AgeOutside>) {
        // The parser goes line by line and knows one line end only.
        let text = Zeroizing::new(text.replace("\r\n", "\n"));
        let name = "an SSH key".to_owned();
        let key = match ssh::Identity::from_buffer(text.trim_start().as_bytes(), Some(self.label.clone())) {
            Ok(ssh::Identity::Unsupported(_)) => {
                return self.problems.push("holds an SSH key of a kind that age does not take".into());
            }
            Ok(key) => key,
            Err(_) => return self.problems.push("holds no SSH key that can be read".into()),
        };
        let recipient = ssh::Recipient::try_from(key.clone()).ok().map(|recipient| recipient.to_string());
        let identity: AnyIdentity = match key {
            ssh::Identity::Unencrypted(key) => Box::new(ssh::Identity::from(key)),
            key => {
                let asking = Asking { outside: Arc::clone(outside), of: self.label.clone() };
                Box::new(Deferred { key, asking })
            }
        };
        self.identities.push(Known { identity, name, recipient });
    }

    /// Returns what a message says of a source that has no identity of the one recipient that is asked for.
    pub(super) fn holds_no_such(&self) -> String {
        let unknown = self.identities.iter().find(|known| known.recipient.is_none());
        match unknown {
            Some(known) => format!("holds {}, and for whom that opens cannot be told", known.name),
            None => "holds no identity of that recipient".into(),
        }
    }

    /// Returns what a message says of a source whose identities do not fit.
    pub(super) fn holds(&self) -> String {
        const SHOWN: usize = 3;
        let names: Vec<&str> = self.identities.iter().take(SHOWN).map(|known| known.name.as_str()).collect();
        let more = self.identities.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = names.join(", ");
        if names.starts_with("an ") {
            format!("holds {names}{more}")
        } else {
            format!("holds the identity of {names}{more}")
        }
    }
}

/// Returns the identity of a word, if it is one.
fn identity(word: &str, outside: &Arc<dyn AgeOutside>) -> Result<Option<Known>, String> {
    if word.starts_with("AGE-PLUGIN-") {
        let plugin = word.split_once('1').map_or(word, |(plugin, _)| plugin);
        let name = format!(
            "an identity of the plugin {}",
            plugin["AGE-PLUGIN-".len()..].trim_end_matches('-').to_lowercase()
        );
        return Ok(Some(Known { identity: outside.plugin_identity(word)?, name, recipient: None }));
    }
    if let Some(identity) = HybridIdentity::parse(word) {
        let name = "a post-quantum identity".to_owned();
        let recipient = identity.recipient();
        return Ok(Some(Known { identity: Box::new(identity), name, recipient }));
    }
    Ok(word.parse::<x25519::Identity>().ok().map(|identity| {
        let name = identity.to_public().to_string();
        Known { identity: Box::new(identity), recipient: Some(name.clone()), name }
    }))
}

/// An SSH key under a passphrase, for which somebody is asked when a file is for that key.
struct Deferred {
    key: ssh::Identity,
    asking: Asking,
}

impl age::Identity for Deferred {
    fn unwrap_stanza(
        &self,
        stanza: &age_core::format::Stanza,
    ) -> Option<Result<age_core::format::FileKey, age::DecryptError>> {
        if !stanza.tag.starts_with("ssh-") {
            return None;
        }
        self.key.clone().with_callbacks(self.asking.clone()).unwrap_stanza(stanza)
    }
}

/// Asks for the passphrase of an SSH key, once.
#[derive(Clone)]
struct Asking {
    outside: Arc<dyn AgeOutside>,
    of: String,
}

impl Callbacks for Asking {
    fn display_message(&self, _message: &str) {}

    fn confirm(&self, _message: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    fn request_public_string(&self, _description: &str) -> Option<String> {
        None
    }

    fn request_passphrase(&self, _description: &str) -> Option<SecretString> {
        let passphrase = self.outside.passphrase(&format!("the SSH key of {}", self.of))?;
        (!passphrase.expose_secret().is_empty()).then_some(passphrase)
    }
}
