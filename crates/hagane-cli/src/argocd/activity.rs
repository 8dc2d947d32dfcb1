//! What a run is doing, for its last words when its time is up.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hagane::{
    Checkout, FileError, Files, KeyFailure, Keyring, MasterKey, Output, Process, ProcessError, Processes,
    RemoteError, Remotes, Repository, SecretBytes, WrappedKey, without_credentials,
};
use hagane_host::Hosts;

use super::repository::RepositoryFiles;
use crate::message;

/// What a run is doing, and whether anybody still waits for it.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<State>);

#[derive(Default)]
struct State {
    doing: Mutex<String>,
    is_over: AtomicBool,
}

impl Activity {
    pub(super) fn new(text: impl Into<String>) -> Activity {
        Activity(Arc::new(State { doing: Mutex::new(text.into()), is_over: AtomicBool::new(false) }))
    }

    pub(super) fn now(&self, text: impl Into<String>) -> String {
        std::mem::replace(&mut self.0.doing.lock().unwrap_or_else(PoisonError::into_inner), text.into())
    }

    /// Returns what it is, on one line: names in it are those of files.
    pub(super) fn text(&self) -> String {
        message::one_line(&self.0.doing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the run end with the next thing that it asks of the outside.
    pub(super) fn end(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Relaxed)
    }

    /// Works, and says so while it lasts.
    fn during<T>(&self, text: impl Into<String>, work: impl FnOnce() -> T) -> T {
        let before = self.now(text);
        let result = work();
        self.now(before);
        result
    }
}

/// Returns which key is waited for.
fn asking(key: &WrappedKey) -> String {
    format!("asking for {}", key.key)
}

/// A keyring that says which key it waits for.
pub(super) struct WatchedKeys<'w> {
    pub(super) inner: &'w dyn Keyring,
    pub(super) activity: Activity,
}

impl Keyring for WatchedKeys<'_> {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.unless_over(key)?;
        self.activity.during(asking(key), || self.inner.unwrap_key(key))
    }

    fn unwrap_key_here(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.activity.during(asking(key), || self.inner.unwrap_key_here(key))
    }

    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.unless_over(key)?;
        self.activity.during(asking(key), || self.inner.unwrap_bound(key))
    }

    fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
        self.inner.wrap_key(key, data_key)
    }

    fn order(&self) -> Vec<String> {
        self.inner.order()
    }

    fn asks_services(&self) -> bool {
        self.inner.asks_services()
    }
}

impl WatchedKeys<'_> {
    fn unless_over(&self, key: &WrappedKey) -> Result<(), KeyFailure> {
        match self.activity.is_over() {
            true => Err(KeyFailure::new(key.key.to_string(), "is not asked: nobody waits any longer")),
            false => Ok(()),
        }
    }
}

/// Fetching that says what it waits for, refuses what lies on this machine, and keeps where the trees lie.
pub(super) struct WatchedRemotes<'w> {
    pub(super) inner: &'w dyn Remotes,
    pub(super) activity: Activity,
    pub(super) fetched: &'w Mutex<Vec<PathBuf>>,
}

impl WatchedRemotes<'_> {
    fn repository_at(&self, repository: &Repository) -> Result<(), RemoteError> {
        self.unless_over()?;
        let url = repository.url.as_str();
        if Path::new(url).is_absolute() || url.to_ascii_lowercase().starts_with("file:") {
            return Err(RemoteError::Refused {
                why: format!("`{}` lies on this machine, not in the repository", without_credentials(url)),
                hint: "the plugin server holds other applications, too".into(),
            });
        }
        Ok(())
    }

    fn unless_over(&self) -> Result<(), RemoteError> {
        match self.activity.is_over() {
            true => Err(RemoteError::Other("nobody waits any longer".into())),
            false => Ok(()),
        }
    }

    fn fetching<T>(&self, url: &str, work: impl FnOnce() -> T) -> T {
        self.activity.during(format!("fetching `{}`", without_credentials(url)), work)
    }
}

impl Remotes for WatchedRemotes<'_> {
    fn repository(&self, repository: &Repository) -> Result<PathBuf, RemoteError> {
        self.repository_at(repository)?;
        let directory = self.fetching(&repository.url, || self.inner.repository(repository))?;
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).push(directory.clone());
        Ok(directory)
    }

    fn checkout(&self, repository: &Repository, commit: Option<&str>) -> Result<Checkout, RemoteError> {
        self.repository_at(repository)?;
        let checkout = self.fetching(&repository.url, || self.inner.checkout(repository, commit))?;
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).push(checkout.directory.clone());
        Ok(checkout)
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
        self.unless_over()?;
        self.fetching(url, || self.inner.file(url))
    }

    fn prefetch(&self, repositories: &[Repository], urls: &[&str]) {
        let allowed: Vec<Repository> = repositories
            .iter()
            .filter(|repository| self.repository_at(repository).is_ok())
            .cloned()
            .collect();
        let text = format!("fetching {} remote bases and files", allowed.len() + urls.len());
        self.activity.during(text, || self.inner.prefetch(&allowed, urls));
    }
}

/// Programs that are said while they run, and whose scratch directories are kept.
pub(super) struct WatchedProcesses<'w> {
    pub(super) inner: &'w dyn Processes,
    pub(super) activity: Activity,
    pub(super) scratch: &'w Mutex<Vec<PathBuf>>,
    /// What may be read.
    pub(super) files: &'w RepositoryFiles<'w>,
    /// Who may be asked.
    pub(super) hosts: &'w Hosts,
}

impl WatchedProcesses<'_> {
    /// Refuses what is not to be started: when nobody waits, and helm where a repository would lead it out of what is its own.
    fn allow(&self, process: &Process) -> Result<(), ProcessError> {
        if self.activity.is_over() {
            return Err(ProcessError::Other("nobody waits any longer".into()));
        }
        let is_helm = process.variables.iter().any(|(name, _)| name == "HELM_CONFIG_HOME");
        if is_helm { self.allow_helm(process).map_err(ProcessError::Refused) } else { Ok(()) }
    }

    fn allow_helm(&self, process: &Process) -> Result<(), String> {
        let homes = process.variables.iter().filter(|(name, _)| name.to_string_lossy().starts_with("HELM_"));
        for home in homes.map(|(_, home)| Path::new(home)) {
            // Its plugins lie there, and are programs.
            if !self.files.is_own(home) {
                return Err(format!("`{}` would hold helm's own files, and its plugins", home.display()));
            }
        }
        for path in process.arguments.iter().map(Path::new).filter(|path| path.is_absolute()) {
            if matches!(self.files.resolve(path), Err(FileError::Other(_))) {
                return Err(format!("`{}` is not in the repository", path.display()));
            }
            // It reads a chart by itself, and what the links in it lead to.
            if let Some(way_out) = self.files.way_out(path) {
                return Err(format!("`{}` leads out of the repository, or nowhere", way_out.display()));
            }
        }
        let is_pull = process.arguments.first().is_some_and(|verb| verb == "pull");
        for argument in process.arguments.iter().filter(|_| is_pull).filter_map(|argument| argument.to_str())
        {
            if argument.contains("://")
                && let Err(error) = self.hosts.check_url(&argument.replacen("oci://", "https://", 1))
            {
                return Err(match error {
                    RemoteError::Refused { why, .. } | RemoteError::Unreachable(why) => why,
                    other => format!("{other:?}"),
                });
            }
        }
        Ok(())
    }
}

/// Returns the name of a program and what it was first told to do. The rest of its arguments may be long.
fn running(process: &Process) -> String {
    let program = Path::new(&process.program).file_name().unwrap_or_default().to_string_lossy();
    let verb = process.arguments.first().map(|verb| verb.to_string_lossy()).unwrap_or_default();
    format!("running `{}`", format!("{program} {verb}").trim_end())
}

impl Processes for WatchedProcesses<'_> {
    fn run(&self, process: &Process) -> Result<Output, ProcessError> {
        self.allow(process)?;
        let done = self.activity.during(running(process), || self.inner.run(process));
        self.files.forget();
        done
    }

    fn run_all(&self, processes: &[Process]) -> Vec<Result<Output, ProcessError>> {
        if let Some(refused) = processes.iter().find_map(|process| self.allow(process).err()) {
            return processes.iter().map(|_| Err(refused.clone())).collect();
        }
        let text = processes.first().map(running).unwrap_or_default();
        let done = self.activity.during(text, || self.inner.run_all(processes));
        self.files.forget();
        done
    }

    fn scratch(&self) -> Result<PathBuf, ProcessError> {
        let directory = self.inner.scratch()?;
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(directory.clone());
        Ok(directory)
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<(), ProcessError> {
        self.inner.write(path, content)
    }

    fn variable(&self, name: &str) -> Option<std::ffi::OsString> {
        self.inner.variable(name)
    }
}
