//! `hagane lock`, and what `build` and `render` make of a lock file.

use std::path::{Path, PathBuf};

use clap::Args;
use hagane::{Diagnostic, Failed, Fault, FileError, Files, Remotes, SourceMap, Span, without_credentials};
use hagane_host::{Access, write_file};
use hagane_kustomize::{LoadRestriction, Outside, Repository, Sources, repository_of};
use hagane_vendor::{
    FileKey, LOCK_FILE, Lock, LockedRemotes, LockedRepository, Reach, RepositoryKey, Rule, Survey,
    kustomizations, survey,
};

use crate::message::MessageFormat;
use crate::{Surroundings, failure, output};

/// Pin what kustomizations fetch: the commit of each repository, the content of each file
///
/// Every kustomization at and below the directories is looked at, and what they fetch is, too. The file `hagane.lock` then
/// names each repository with its commit and a hash of its files, each file with a hash. What is locked already stays as it
/// is; what nothing asks for any more is removed, unless only some directories are given.
///
/// The lock file is the nearest `hagane.lock` at or above the directory, up to the top of its repository, where a new one
/// is made.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane lock                                       all kustomizations beside and below hagane.lock
  hagane lock overlays/production
  hagane lock --check                               is it up to date? For a pipeline
  hagane lock --update https://github.com/example/shop
  hagane build --locked overlays/production         fetches nothing but what is locked")]
pub(crate) struct LockArguments {
    /// The directories whose kustomizations are looked at
    #[arg(value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// The lock file
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Take what this URL is now; once for each. Without it, what is locked stays
    #[arg(long, value_name = "URL")]
    update: Vec<String>,
    /// Take what all URLs are now
    #[arg(long)]
    update_all: bool,
    /// Write nothing; fail when the lock file is not up to date
    #[arg(long, conflicts_with_all = ["update", "update_all"])]
    check: bool,
    /// With `--check`: fetch nothing, and look only at these kustomizations, not at those that they fetch
    #[arg(long, requires = "check")]
    offline: bool,
    /// How messages are written to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

/// How a build meets a lock file.
#[derive(Args, Clone, Default)]
pub(crate) struct Locking {
    /// Fetch only what `hagane.lock` has, and as it has it
    #[arg(long)]
    locked: bool,
    /// The lock file; without it, the nearest `hagane.lock` at or above the directory, up to the top of its repository
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
}

/// Whether a lock file counts where nobody asks for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unasked {
    /// What it names is fetched as it has it.
    Used,
    /// It is as if it were not there: kustomize knows none.
    Ignored,
}

/// A lock file that a build goes by.
pub(crate) struct ReadLock {
    lock: Lock,
    rule: Rule,
    shown: String,
}

/// Returns the lock that the build of a directory goes by.
pub(crate) fn read_for(
    locking: &Locking,
    directory: &Path,
    unasked: Unasked,
    surroundings: &Surroundings,
) -> Result<Option<ReadLock>, Failed> {
    let is_asked = locking.locked || locking.lock.is_some();
    if !is_asked && unasked == Unasked::Ignored {
        return Ok(None);
    }
    let rule = if locking.locked { Rule::OnlyLocked } else { Rule::WhereLocked };
    let path = match &locking.lock {
        Some(path) => surroundings.directory.join(path),
        None => {
            let nearest = nearest(&surroundings.directory.join(directory), surroundings.files);
            match nearest.or_else(|| nearest_above_here(surroundings)) {
                Some(path) => path,
                None if locking.locked => surroundings.directory.join(LOCK_FILE),
                None => return Ok(None),
            }
        }
    };
    let lock = read(&path, surroundings)?;
    if lock.is_none() && locking.lock.is_some() {
        let message = format!("`{}` does not exist", shown(&path, surroundings));
        return Err(failure(Fault::Usage, message));
    }
    Ok(Some(ReadLock { lock: lock.unwrap_or_default(), rule, shown: shown(&path, surroundings) }))
}

impl ReadLock {
    /// Returns what fetches as the lock has it.
    pub(crate) fn remotes<'r>(&'r self, remotes: Option<&'r dyn Remotes>) -> Option<LockedRemotes<'r>> {
        remotes.map(|remotes| LockedRemotes::new(remotes, &self.lock, self.rule, self.shown.clone()))
    }
}

/// Runs `lock`.
pub(crate) fn run(arguments: &LockArguments, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let path = match &arguments.lock {
        Some(path) => surroundings.directory.join(path),
        None => default_path(&arguments.directories, surroundings),
    };
    let old = read(&path, surroundings)?;
    let mut base = old.clone().unwrap_or_default();
    forget(arguments, &mut base, &shown(&path, surroundings))?;
    let below = match arguments.directories.as_slice() {
        [] => vec![path.parent().unwrap_or(&surroundings.directory).to_owned()],
        given => given.iter().map(|directory| surroundings.directory.join(directory)).collect(),
    };
    let targets = targets(&below, surroundings)?;
    let asked = Asked { below: &targets, lock: &base, path: &shown(&path, surroundings), surroundings };
    if arguments.check && arguments.offline {
        return asked.check_offline();
    }
    let rule = if arguments.check { Rule::OnlyLocked } else { Rule::WhereLocked };
    let found = asked.survey(Reach::Everything, rule)?;
    let mut new = asked.locked(&found)?;
    if !arguments.directories.is_empty() {
        for (key, locked) in base.repositories.clone() {
            new.repositories.entry(key).or_insert(locked);
        }
        for (key, content) in base.files.clone() {
            new.files.entry(key).or_insert(content);
        }
    }
    let changes = changes(&old.clone().unwrap_or_default(), &new);
    let is_written = old.is_some() || !new.repositories.is_empty() || !new.files.is_empty();
    if arguments.check {
        return match changes.is_empty() {
            true => Ok(()),
            false => Err(not_up_to_date(&shown(&path, surroundings), changes)),
        };
    }
    let text = new.text();
    let there = surroundings.files.read(&path).ok();
    if is_written && there.as_deref() != Some(text.as_bytes()) {
        write_file(&path, text.as_bytes(), Access::Usual).map_err(|error| {
            let message =
                format!("cannot write `{}`: {}", shown(&path, surroundings), hagane_host::words(&error));
            failure(Fault::Access, message)
        })?;
    }
    output::print(changes.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes(), surroundings)
}

/// The kustomizations that are asked for, and what is locked already.
struct Asked<'a, 's> {
    below: &'a [PathBuf],
    lock: &'a Lock,
    path: &'a str,
    surroundings: &'a Surroundings<'s>,
}

impl Asked<'_, '_> {
    fn survey(&self, reach: Reach, rule: Rule) -> Result<Survey, Failed> {
        let remotes = self.surroundings.remotes.filter(|_| reach == Reach::Everything);
        let locked =
            remotes.map(|remotes| LockedRemotes::new(remotes, self.lock, rule, self.path.to_owned()));
        let outside =
            Outside { remotes: locked.as_ref().map(|locked| locked as &dyn Remotes), processes: None };
        let base = self.surroundings.directory.clone();
        let sources = Sources::new(self.surroundings.files, None, outside, base, LoadRestriction::None);
        let mut found = Survey::default();
        let mut errors: Vec<Diagnostic> = Vec::new();
        for directory in self.below {
            if let Err(error) = survey(directory, &sources, reach, &mut found) {
                // What two overlays share is wrong once.
                errors.extend(
                    error.flattened().into_iter().filter(|error| !errors.contains(error)).collect::<Vec<_>>(),
                );
            }
        }
        if reach == Reach::ThisTree {
            for reference in &found.leaving {
                let repository = repository_of(&reference.text);
                let is_locked = self.lock.files.contains_key(&FileKey::of(reference.path()))
                    || repository.is_some_and(|repository| {
                        self.lock.repositories.contains_key(&RepositoryKey::of(&repository))
                    });
                if !is_locked {
                    let url = without_credentials(reference.path());
                    let message = format!("`{url}` is not in `{}`", self.path);
                    errors.push(Diagnostic::error(reference.span, message).hinted("`hagane lock` adds it"));
                }
            }
        }
        match errors.is_empty() {
            true => Ok(found),
            false => Err(Failed { diagnostics: errors, source_map: sources.into_map() }),
        }
    }

    /// Returns the lock of what was found: what is locked already, and the rest as it is now.
    fn locked(&self, found: &Survey) -> Result<Lock, Failed> {
        let mut lock = Lock::default();
        for (key, repository) in &found.repositories {
            let locked = match self.lock.repositories.get(key) {
                Some(locked) => locked.clone(),
                None => self.now(repository)?,
            };
            lock.repositories.insert(key.clone(), locked);
        }
        for (key, (_, content)) in &found.files {
            lock.files.insert(key.clone(), content.clone());
        }
        Ok(lock)
    }

    fn now(&self, repository: &Repository) -> Result<LockedRepository, Failed> {
        let checkout = self.surroundings.remotes.map(|remotes| remotes.checkout(repository, None));
        match checkout {
            Some(Ok(checkout)) => Ok(LockedRepository { commit: checkout.commit, content: checkout.content }),
            // It has been fetched for the survey.
            _ => {
                let url = without_credentials(&repository.url);
                Err(failure(Fault::Passing, format!("`{url}` cannot be read any more")))
            }
        }
    }

    fn check_offline(&self) -> Result<(), Failed> {
        self.survey(Reach::ThisTree, Rule::OnlyLocked).map(drop)
    }
}

/// Removes from a lock what is to be taken as it is now.
fn forget(arguments: &LockArguments, lock: &mut Lock, shown: &str) -> Result<(), Failed> {
    if arguments.update_all {
        *lock = Lock::default();
    }
    for given in arguments.update.iter().filter(|_| !arguments.update_all) {
        let url = without_credentials(given);
        let repository = repository_of(given).map(|repository| RepositoryKey::of(&repository));
        let is_meant = |key: &RepositoryKey| {
            let is_named = key.url == url || key.url.trim_end_matches(".git") == url.trim_end_matches('/');
            let is_asked = |asked: &RepositoryKey| {
                key.url == asked.url && (asked.reference.is_empty() || key.reference == asked.reference)
            };
            is_named || repository.as_ref().is_some_and(is_asked)
        };
        let before = lock.repositories.len() + lock.files.len();
        lock.repositories.retain(|key, _| !is_meant(key));
        lock.files.remove(&FileKey::of(given));
        if lock.repositories.len() + lock.files.len() == before {
            let error =
                Diagnostic::error(Span::default(), format!("nothing in `{shown}` is fetched from `{url}`"));
            let urls = lock.repositories.keys().map(|key| key.url.as_str());
            let urls = urls.chain(lock.files.keys().map(|key| key.0.as_str()));
            let error = match hagane::nearest(&url, urls) {
                Some(url) => error.hinted(format!("there is `{url}`")),
                None => error.hinted("the URL is one that the file names, or that a kustomization does"),
            };
            let diagnostics = vec![error.with_fault(Fault::Usage)];
            return Err(Failed { diagnostics, source_map: SourceMap::new() });
        }
    }
    Ok(())
}

/// Returns the directories with a kustomization at and below these; each must have one.
fn targets(directories: &[PathBuf], surroundings: &Surroundings) -> Result<Vec<PathBuf>, Failed> {
    let mut found: Vec<PathBuf> = Vec::new();
    for directory in directories {
        let here = kustomizations(directory, surroundings.files);
        if here.is_empty() {
            let message = format!("there is no kustomization in `{}`", shown(directory, surroundings));
            return Err(failure(Fault::Input, message));
        }
        found.extend(here.into_iter().filter(|path| !found.contains(path)).collect::<Vec<_>>());
    }
    Ok(found)
}

/// Says what is other in a new lock, a line each.
fn changes(old: &Lock, new: &Lock) -> Vec<String> {
    let name = |key: &RepositoryKey| match key.reference.as_str() {
        "" => key.url.clone(),
        reference => format!("{}?ref={reference}", key.url),
    };
    let mut lines = Vec::new();
    for (key, locked) in &new.repositories {
        match old.repositories.get(key) {
            None => lines.push(format!("added {} at {}", name(key), locked.commit)),
            Some(before) if before.commit != locked.commit => {
                lines.push(format!("updated {} from {} to {}", name(key), before.commit, locked.commit));
            }
            Some(before) if before != locked => {
                lines.push(format!("updated {} at {}: other files", name(key), locked.commit));
            }
            Some(_) => {}
        }
    }
    for (key, content) in &new.files {
        match old.files.get(key) {
            None => lines.push(format!("added {}", key.0)),
            Some(before) if before != content => lines.push(format!("updated {}", key.0)),
            Some(_) => {}
        }
    }
    for key in old.repositories.keys().filter(|key| !new.repositories.contains_key(key)) {
        lines.push(format!("removed {}", name(key)));
    }
    for key in old.files.keys().filter(|key| !new.files.contains_key(key)) {
        lines.push(format!("removed {}", key.0));
    }
    lines
}

fn not_up_to_date(shown: &str, changes: Vec<String>) -> Failed {
    let error = Diagnostic::error(Span::default(), format!("`{shown}` is not up to date")).with_path(shown);
    let error = changes.into_iter().fold(error, |error, change| error.noted(format!("to be {change}")));
    let error = error.hinted("`hagane lock` brings it up to date");
    Failed { diagnostics: vec![error], source_map: SourceMap::new() }
}

/// Reads a lock file; nothing where there is none.
fn read(path: &Path, surroundings: &Surroundings) -> Result<Option<Lock>, Failed> {
    let shown = shown(path, surroundings);
    let content = match surroundings.files.read(path) {
        Ok(content) => content,
        Err(FileError::NotFound) => return Ok(None),
        Err(FileError::PermissionDenied) => {
            return Err(failure(Fault::Access, format!("`{shown}` may not be read")));
        }
        Err(FileError::TooLarge { limit }) => {
            return Err(failure(Fault::Input, format!("`{shown}` is larger than {} MiB", limit >> 20)));
        }
        Err(FileError::Other(why)) => {
            return Err(failure(Fault::Input, format!("`{shown}` cannot be read: {why}")));
        }
    };
    let mut source_map = SourceMap::new();
    let text = String::from_utf8_lossy(&content);
    let file = source_map.add(shown, text.as_ref().into());
    match Lock::parse(&text, file) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) => Err(Failed { diagnostics: error.flattened(), source_map }),
    }
}

/// Returns where the lock file of directories is, or is made.
fn default_path(directories: &[PathBuf], surroundings: &Surroundings) -> PathBuf {
    let files = surroundings.files;
    let from = directories.first().map_or(surroundings.directory.clone(), |d| surroundings.directory.join(d));
    let top = || from.ancestors().find(|above| files.resolve(&above.join(".git")).is_ok());
    nearest(&from, files)
        .or_else(|| nearest_above_here(surroundings))
        .unwrap_or_else(|| top().unwrap_or(&surroundings.directory).join(LOCK_FILE))
}

fn nearest_above_here(surroundings: &Surroundings) -> Option<PathBuf> {
    nearest(&surroundings.directory, surroundings.files)
}

/// Returns the nearest lock file at or above a directory, up to the top of its repository.
fn nearest(directory: &Path, files: &dyn Files) -> Option<PathBuf> {
    // What is fetched says what it is, not what is locked here.
    let (directory, _) = files.resolve(directory).ok()?;
    for above in directory.ancestors() {
        let path = above.join(LOCK_FILE);
        if files.resolve(&path).is_ok() {
            return Some(path);
        }
        if files.resolve(&above.join(".git")).is_ok() {
            return None;
        }
    }
    None
}

fn shown(path: &Path, surroundings: &Surroundings) -> String {
    hagane::relative(path, &surroundings.directory).to_string_lossy().into_owned()
}
