//! Data keys that services hold, unwrapped ahead and several at once: each call is a journey over the network, and composing asks for
//! one file after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use hagane_kustomize::{
    Files, Found as Reached, LoadRestriction, Outside, Role, Source, Sources, Visit, ksops_files,
};
use hagane_sops::{
    Format, KeyFailure, KeyGroup, Keyring, MasterKey, SecretBytes, WrappedKey, detect, kubesec,
    read_metadata, unwrap_data_key,
};
use hagane_yaml::Span;

use super::values;
use crate::Guard;

/// How many calls are made at a time: services turn away those who come in crowds.
const AT_ONCE: usize = 16;

/// A keyring that, once it is asked for a key of a service, asks for all of them that composing will need. What they unwrap is for the
/// keyring below to remember; here is only which failed.
pub(super) struct Ahead<'w> {
    keyring: &'w dyn Keyring,
    tree: Tree<'w>,
    /// Says which files may be opened, and with which keys; nobody is asked ahead for any other.
    guard: Option<&'w Guard>,
    started: AtomicBool,
    failed: Mutex<BTreeMap<(MasterKey, String), KeyFailure>>,
}

/// The files of this machine that are composed.
pub(super) struct Tree<'w> {
    pub(super) files: &'w dyn Files,
    pub(super) directory: &'w Path,
    pub(super) target: &'w Path,
    pub(super) restriction: LoadRestriction,
}

impl<'w> Ahead<'w> {
    pub(super) fn new(keyring: &'w dyn Keyring, tree: Tree<'w>, guard: Option<&'w Guard>) -> Ahead<'w> {
        Ahead { keyring, tree, guard, started: AtomicBool::new(false), failed: Mutex::default() }
    }

    /// Unwraps what services hold the keys of. What fails is told when the file is read.
    fn unwrap_all(&self) {
        let Tree { files, directory, target, restriction } = self.tree;
        let sources = Sources::new(files, None, Outside::default(), directory.to_owned(), restriction);
        let guarded = |path: &Path| {
            let resolved = files.resolve(path).ok().map(|(resolved, _)| resolved);
            self.guard.map(|guard| guard.keys(&resolved?, Span::default(), self).ok())
        };
        let may_be_opened = |path: &Path| !matches!(guarded(path), Some(None));
        each_at_once(&wrapped_keys(target, &sources, &may_be_opened), &|wrapped| {
            let unwrap = |keyring: &dyn Keyring| {
                let _ = unwrap_data_key(&wrapped.groups, wrapped.threshold, Span::default(), keyring);
            };
            match guarded(&wrapped.path) {
                None => unwrap(self),
                Some(keys) => keys.iter().for_each(|keys| unwrap(keys)),
            }
        });
    }

    /// Asks for a key, and for all others when it is the first of a service.
    fn asked(
        &self,
        key: &WrappedKey,
        unwrap: impl FnOnce(&WrappedKey) -> Result<SecretBytes, KeyFailure>,
    ) -> Result<SecretBytes, KeyFailure> {
        let is_of_service = !key.key.is_held_here() && self.keyring.asks_services();
        if is_of_service && !self.started.swap(true, Ordering::Relaxed) {
            self.unwrap_all();
        }
        let name = (key.key.clone(), key.enc.clone());
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = failed().get(&name) {
            return Err(failure.clone());
        }
        // The lock is free meanwhile: the others must not wait for this answer.
        let unwrapped = unwrap(key);
        if let Err(failure) = &unwrapped {
            failed().insert(name, failure.clone());
        }
        unwrapped
    }
}

impl Keyring for Ahead<'_> {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.asked(key, |key| self.keyring.unwrap_key(key))
    }

    // A run asks in one of the two ways alone, so that what has failed in one is no answer to the other.
    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.asked(key, |key| self.keyring.unwrap_bound(key))
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

/// Works on all, several at once.
fn each_at_once<T: Sync>(all: &[T], work: &(dyn Fn(&T) + Sync)) {
    let next = Mutex::new(all.iter());
    let worker = || loop {
        let one = next.lock().unwrap_or_else(PoisonError::into_inner).next();
        match one {
            Some(one) => work(one),
            None => return,
        }
    };
    thread::scope(|scope| {
        for _ in 1..all.len().min(AT_ONCE) {
            // A machine without room for a thread has this one.
            let _ = thread::Builder::new().spawn_scoped(scope, worker);
        }
        worker();
    });
}

/// A data key as a file has it. Files that share one are one here.
struct Wrapped {
    /// One of the files.
    path: PathBuf,
    groups: Vec<KeyGroup>,
    threshold: Option<usize>,
}

/// Returns what is wrapped in the files that composing will read and that may be opened, each once.
fn wrapped_keys(target: &Path, sources: &Sources, may_be_opened: &dyn Fn(&Path) -> bool) -> Vec<Wrapped> {
    let mut found = Found { may_be_opened, wrapped: Vec::new(), signs: BTreeSet::new() };
    let mut queue: VecDeque<Visit> = Visit::top(target, sources).into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(visit) = queue.pop_front() {
        if !seen.insert(visit.directory().to_owned()) {
            continue;
        }
        for reference in visit.references() {
            let source = match visit.find(reference, sources) {
                Ok(Reached::Layer(layer)) => {
                    queue.push_back(*layer);
                    continue;
                }
                Ok(Reached::File(path, source)) => {
                    found.look(&path, &source);
                    source
                }
                Ok(Reached::Url(_)) | Err(_) => continue,
            };
            let of_ksops = if reference.role == Role::Plugin { ksops_files(&source) } else { Vec::new() };
            for path in of_ksops {
                if let Ok(Reached::File(path, source)) = visit.file(&path, reference.span, sources) {
                    found.look(&path, &source);
                }
            }
        }
    }
    found.wrapped
}

struct Found<'f> {
    may_be_opened: &'f dyn Fn(&Path) -> bool,
    wrapped: Vec<Wrapped>,
    signs: BTreeSet<Vec<String>>,
}

impl Found<'_> {
    /// Adds what a file has wrapped.
    fn look(&mut self, path: &Path, source: &Source) {
        let format = detect(&source.bytes, Format::of_path(&path.to_string_lossy()));
        let metadata = format.and_then(|format| read_metadata(&source.bytes, format, source.file).ok());
        if let Some(metadata) = metadata {
            self.add(path, metadata.key_groups().to_vec(), metadata.shamir_threshold());
        } else if format.is_none() && kubesec::is_kubesec(&source.bytes) {
            let keys = kubesec::master_keys(&source.bytes, source.file);
            keys.into_iter().for_each(|keys| self.add(path, vec![keys], None));
        } else if format.is_none() {
            let values = values::raw_values(source);
            values.into_iter().for_each(|value| self.add(path, vec![vec![value]], None));
        }
    }

    /// Adds groups whose keys are all of services: what this machine holds is asked first, and one after the other, as a person may be
    /// asked, too.
    fn add(&mut self, path: &Path, groups: Vec<KeyGroup>, threshold: Option<usize>) {
        let keys = || groups.iter().flatten();
        let sign: Vec<String> = keys().map(|wrapped| wrapped.enc.clone()).collect();
        let are_of_services = !sign.is_empty() && keys().all(|wrapped| !wrapped.key.is_held_here());
        if are_of_services && (self.may_be_opened)(path) && self.signs.insert(sign) {
            self.wrapped.push(Wrapped { path: path.to_owned(), groups, threshold });
        }
    }
}
