//! Data keys that services hold, unwrapped ahead and several at once: each call is a journey over the network, and composing asks for
//! one file after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use hagane_kustomize::{
    Files, Found as Reached, LoadRestriction, Outside, Role, Source, Sources, Visit, ksops_files,
};
use hagane_sops::{
    Format, KeyFailure, KeyGroup, Keyring, MasterKey, SecretBytes, WrappedKey, detect, read_metadata,
    unwrap_data_key,
};
use hagane_yaml::Span;

use super::values;

/// How many calls are made at a time: services turn away those who come in crowds.
const AT_ONCE: usize = 16;

/// A keyring that, once it is asked for a key of a service, asks for all of them that composing will need. What they unwrap is for the
/// keyring below to remember; here is only which failed.
pub(super) struct Ahead<'w> {
    keyring: &'w dyn Keyring,
    tree: Tree<'w>,
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
    pub(super) fn new(keyring: &'w dyn Keyring, tree: Tree<'w>) -> Ahead<'w> {
        Ahead { keyring, tree, started: AtomicBool::new(false), failed: Mutex::default() }
    }

    /// Unwraps what services hold the keys of. What fails is told when the file is read.
    fn unwrap_all(&self) {
        let Tree { files, directory, target, restriction } = self.tree;
        let sources = Sources::new(files, None, Outside::default(), directory.to_owned(), restriction);
        each_at_once(&wrapped_keys(target, &sources), &|wrapped| {
            let _ = unwrap_data_key(&wrapped.groups, wrapped.threshold, Span::default(), self);
        });
    }
}

impl Keyring for Ahead<'_> {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
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
        let unwrapped = self.keyring.unwrap_key(key);
        if let Err(failure) = &unwrapped {
            failed().insert(name, failure.clone());
        }
        unwrapped
    }

    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.keyring.unwrap_bound(key)
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
    groups: Vec<KeyGroup>,
    threshold: Option<usize>,
}

/// Returns what is wrapped in the files that composing will read, each once.
fn wrapped_keys(target: &Path, sources: &Sources) -> Vec<Wrapped> {
    let mut found = Found::default();
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

#[derive(Default)]
struct Found {
    wrapped: Vec<Wrapped>,
    signs: BTreeSet<Vec<String>>,
}

impl Found {
    /// Adds what a file has wrapped.
    fn look(&mut self, path: &Path, source: &Source) {
        let format = detect(&source.bytes, Format::of_path(&path.to_string_lossy()));
        let metadata = format.and_then(|format| read_metadata(&source.bytes, format, source.file).ok());
        if let Some(metadata) = metadata {
            self.add(metadata.key_groups().to_vec(), metadata.shamir_threshold());
        } else if format.is_none() {
            values::raw_values(source).into_iter().for_each(|value| self.add(vec![vec![value]], None));
        }
    }

    /// Adds groups whose keys are all of services: what this machine holds is asked first, and one after the other, as a person may be
    /// asked, too.
    fn add(&mut self, groups: Vec<KeyGroup>, threshold: Option<usize>) {
        let keys = || groups.iter().flatten();
        let sign: Vec<String> = keys().map(|wrapped| wrapped.enc.clone()).collect();
        if !sign.is_empty() && keys().all(|wrapped| !wrapped.key.is_held_here()) && self.signs.insert(sign) {
            self.wrapped.push(Wrapped { groups, threshold });
        }
    }
}
