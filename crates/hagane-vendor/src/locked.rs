//! Remote trees and files as a lock has them, and nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use hagane_kustomize::{
    Checkout, Named, RemoteError, Remotes, Repository, repository_of, without_credentials,
};

use crate::lock::{FileKey, Lock, LockedRepository, RepositoryKey, content_hash};

/// Fetches what a lock names as the lock has it: the commit, wherever a branch is by now, and its content.
pub struct LockedRemotes<'l> {
    remotes: &'l dyn Remotes,
    lock: &'l Lock,
    rule: Rule,
    /// The lock file as messages show it.
    shown: String,
    found: RefCell<BTreeMap<RepositoryKey, Result<Checkout, RemoteError>>>,
}

/// What happens to what a lock does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It is refused.
    OnlyLocked,
    /// It is fetched as it is.
    WhereLocked,
}

impl<'l> LockedRemotes<'l> {
    /// Returns what fetches by `remotes` what `lock` allows; messages show the lock file as `shown`.
    pub fn new(remotes: &'l dyn Remotes, lock: &'l Lock, rule: Rule, shown: String) -> LockedRemotes<'l> {
        LockedRemotes { remotes, lock, rule, shown, found: RefCell::default() }
    }

    fn locked(&self, repository: &Repository, locked: &LockedRepository) -> Result<Checkout, RemoteError> {
        let url = without_credentials(&repository.url);
        let name = match repository.reference.as_str() {
            "" => "the first branch",
            reference => reference,
        };
        let current = match self.remotes.checkout(repository, None) {
            // A branch may be gone. What is locked may still be there.
            Err(RemoteError::NoSuchReference) => None,
            checkout => Some(checkout?),
        };
        let checkout = match current {
            Some(current) if current.commit == locked.commit => current,
            Some(current) if current.named == Named::Tag => {
                return Err(RemoteError::Refused {
                    why: format!(
                        "the tag `{name}` of `{url}` has moved: it is at the commit {}, and `{}` has {}",
                        current.commit, self.shown, locked.commit
                    ),
                    hint: format!(
                        "find out why somebody moved it; `hagane lock --update {url}` takes it as it is now"
                    ),
                });
            }
            _ => self.remotes.checkout(repository, Some(&locked.commit)).map_err(|error| match error {
                RemoteError::NoSuchReference => RemoteError::Refused {
                    why: format!(
                        "`{url}` no longer has the commit {}, which `{}` has for `{name}`",
                        locked.commit, self.shown
                    ),
                    hint: format!("`hagane lock --update {url}` takes what `{name}` is now"),
                },
                other => other,
            })?,
        };
        if checkout.content != locked.content {
            return Err(RemoteError::Refused {
                why: format!(
                    "`{url}` has other files at the commit {} than `{}` has: {}, not {}",
                    checkout.commit, self.shown, checkout.content, locked.content
                ),
                hint: format!(
                    "either somebody changed the lock file, or git changes files here when it checks them out; \
                     `hagane lock --update {url}` takes them as they are"
                ),
            });
        }
        Ok(checkout)
    }

    fn absent(&self, what: &str) -> RemoteError {
        RemoteError::Refused {
            why: format!("`{what}` is not in `{}`, and only what is locked may be fetched", self.shown),
            hint: "`hagane lock` adds it".into(),
        }
    }
}

impl Remotes for LockedRemotes<'_> {
    fn repository(&self, repository: &Repository) -> Result<PathBuf, RemoteError> {
        let is_locked = self.lock.repositories.contains_key(&RepositoryKey::of(repository));
        if !is_locked && self.rule == Rule::WhereLocked {
            return self.remotes.repository(repository);
        }
        self.checkout(repository, None).map(|checkout| checkout.directory)
    }

    fn checkout(&self, repository: &Repository, commit: Option<&str>) -> Result<Checkout, RemoteError> {
        let key = RepositoryKey::of(repository);
        if let Some(found) = self.found.borrow().get(&key) {
            return found.clone();
        }
        let found = match (self.lock.repositories.get(&key), self.rule) {
            (Some(locked), _) => self.locked(repository, locked),
            (None, Rule::WhereLocked) => self.remotes.checkout(repository, commit),
            (None, Rule::OnlyLocked) => {
                let at = match key.reference.as_str() {
                    "" => key.url.clone(),
                    reference => format!("{}?ref={reference}", key.url),
                };
                Err(self.absent(&at))
            }
        };
        self.found.borrow_mut().insert(key, found.clone());
        found
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
        let key = FileKey::of(url);
        let Some(locked) = self.lock.files.get(&key) else {
            // What may be a file or a repository is looked for as a file first. One that is locked is no file.
            let repository = repository_of(url);
            let is_locked =
                |repository: &Repository| self.lock.repositories.contains_key(&RepositoryKey::of(repository));
            if let Some(repository) = repository.filter(is_locked) {
                self.checkout(&repository, None)?;
                return Err(RemoteError::Status(404));
            }
            return match self.rule {
                Rule::WhereLocked => self.remotes.file(url),
                Rule::OnlyLocked => Err(self.absent(&key.0)),
            };
        };
        let content = self.remotes.file(url)?;
        let found = content_hash(&content);
        if found == *locked {
            return Ok(content);
        }
        let url = without_credentials(url);
        Err(RemoteError::Refused {
            why: format!("`{url}` is another file than `{}` has: {found}, not {locked}", self.shown),
            hint: format!("look at what changed; `hagane lock --update {url}` takes it as it is now"),
        })
    }

    fn prefetch(&self, repositories: &[Repository], urls: &[&str]) {
        let is_allowed = |locked: bool| locked || self.rule == Rule::WhereLocked;
        let repositories: Vec<Repository> = repositories
            .iter()
            .filter(|repository| {
                is_allowed(self.lock.repositories.contains_key(&RepositoryKey::of(repository)))
            })
            .cloned()
            .collect();
        let urls: Vec<&str> = urls
            .iter()
            .copied()
            .filter(|url| is_allowed(self.lock.files.contains_key(&FileKey::of(url))))
            .collect();
        self.remotes.prefetch(&repositories, &urls);
    }
}

#[cfg(test)]
mod tests;
