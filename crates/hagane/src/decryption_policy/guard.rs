//! What is asked before a key is: may this subject decrypt this file, and with which keys?

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hagane_sops::{Format, KeyFailure, Keyring, MasterKey, SecretBytes, WrappedKey, read_metadata};
use hagane_yaml::{FileId, Span};

use super::key_name::key_name;
use super::{DecryptionPolicy, Rule, Subject};
use crate::{Diagnostic, Fault};

/// A policy, and whose run it watches.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The policy.
    pub policy: DecryptionPolicy,
    /// Who asks.
    pub subject: Subject,
    /// The root of the repository, links resolved. What lies outside of it is not decrypted.
    pub repository: PathBuf,
}

/// A file that a rule lets be opened.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// The place of the rule in the policy.
    pub(super) rule: usize,
    /// The file, as messages show it.
    pub(super) file: String,
}

impl Guard {
    /// Returns the keys that may be used for a file, or why none may. The path has no links in it.
    pub(crate) fn keys<'g>(
        &'g self,
        path: &Path,
        at: Span,
        inner: &'g dyn Keyring,
    ) -> Result<GuardedKeys<'g>, Diagnostic> {
        let refused = |message: String| self.refused(at, message);
        let Ok(within) = path.strip_prefix(&self.repository) else {
            return Err(refused(
                "the decryption policy lets only files of the repository be decrypted".into(),
            )
            .hinted("what is fetched is not decrypted: copy the file, and let a rule take it"));
        };
        let file = within.to_string_lossy().replace('\\', "/");
        let rules = self.policy.rules.iter().enumerate();
        let own: Vec<(usize, &Rule)> = rules.filter(|(_, rule)| rule.is_for(&self.subject)).collect();
        if own.is_empty() {
            return Err(refused(format!("no rule of the decryption policy is for who asks for `{file}`")));
        }
        let takes = |rule: &Rule| rule.files.iter().any(|pattern| pattern.takes(&file));
        let taken: Vec<(usize, &Rule)> = own.iter().copied().filter(|(_, rule)| takes(rule)).collect();
        if taken.is_empty() {
            let mut error = refused(format!("{} does not let `{file}` be decrypted", names(&own)));
            for (_, rule) in &own {
                let files: Vec<&str> = rule.files.iter().map(|pattern| pattern.as_str()).collect();
                error.hints.push(format!("rule `{}` is about {}", rule.name, files.join(", ")));
            }
            return Err(error);
        }
        Ok(GuardedKeys { guard: self, rules: taken, file, inner, used: Mutex::default() })
    }

    fn refused(&self, at: Span, message: String) -> Diagnostic {
        let mut error = Diagnostic::error(at, message).with_fault(Fault::Access);
        // The line may hold what nobody encrypted.
        error.quotable = false;
        error.noted(format!("asked for {}", self.subject))
    }
}

fn names(rules: &[(usize, &Rule)]) -> String {
    let names: Vec<String> = rules.iter().map(|(_, rule)| format!("`{}`", rule.name)).collect();
    match names.as_slice() {
        [name] => format!("rule {name} of the decryption policy"),
        names => format!("none of the rules {} of the decryption policy", names.join(", ")),
    }
}

impl Rule {
    pub(super) fn allows(&self, key: &MasterKey) -> bool {
        let name = key_name(key);
        self.keys.iter().any(|glob| glob.takes(&name))
    }
}

/// The keys that the rules for a file allow. Any other is not asked: whom a file names is up to who wrote it.
pub(crate) struct GuardedKeys<'g> {
    guard: &'g Guard,
    /// The rules that take the file.
    rules: Vec<(usize, &'g Rule)>,
    file: String,
    inner: &'g dyn Keyring,
    /// The rules whose keys were used.
    used: Mutex<BTreeSet<usize>>,
}

impl GuardedKeys<'_> {
    /// Refuses a file that none of the keys can open, before any is asked.
    pub(crate) fn check_file(&self, content: &[u8], format: Format, file: FileId) -> Result<(), Diagnostic> {
        let metadata =
            read_metadata(content, format, file).map_err(|error| crate::decrypt::diagnostic(&error, file))?;
        let groups = metadata.key_groups();
        let keys: Vec<&MasterKey> = groups.iter().flatten().map(|wrapped| &wrapped.key).collect();
        if keys.iter().any(|key| self.check(key).is_ok()) {
            return Ok(());
        }
        let start = Span { file, line: 1, column: 1 };
        let message = format!("{} lets no key of `{}` be used", names(&self.rules), self.file);
        let error = self.guard.refused(start, message);
        Err(keys.iter().fold(error, |error, key| error.noted(format!("it is encrypted for {key}"))))
    }

    /// Returns what was opened, and by which rules.
    pub(crate) fn into_openings(self) -> impl Iterator<Item = Opening> {
        let file = self.file;
        self.used
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .into_iter()
            .map(move |rule| Opening { rule, file: file.clone() })
    }

    /// Returns the rules that allow a key: where the value may end is for all of them to say.
    fn check(&self, key: &MasterKey) -> Result<Vec<usize>, KeyFailure> {
        let allowing = self.rules.iter().filter(|(_, rule)| rule.allows(key));
        let places: Vec<usize> = allowing.map(|(place, _)| *place).collect();
        if places.is_empty() {
            let reason = format!("is not used: {} does not allow it", names(&self.rules));
            return Err(KeyFailure::new(key.kind(), reason));
        }
        Ok(places)
    }

    fn note(&self, rules: &[usize]) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(rules);
    }
}

impl Keyring for GuardedKeys<'_> {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.unwrap_bound(key)
    }

    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.note(&self.check(&key.key)?);
        self.inner.unwrap_bound(key)
    }

    fn wrap_key(&self, key: &mut MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
        Err(KeyFailure::new(key.kind(), "wraps nothing here"))
    }

    fn order(&self) -> Vec<String> {
        self.inner.order()
    }
}
