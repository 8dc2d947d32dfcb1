//! Repositories and files behind URLs, each fetched once a run.

mod kept;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use hagane::{Checkout, Named, RemoteError, Remotes, Repository, tree_hash, without_credentials};

use crate::address::{check_commit, check_reference, is_commit, transport};
use crate::disk::words;
use crate::hosts::Hosts;
use crate::http::Reach;
use crate::leftovers::Leftovers;
use crate::programs::find;
use crate::{git, http, tree};

pub use kept::KeptTrees;

/// How many are fetched at once.
const AT_ONCE: usize = 8;

/// Fetches repositories and files, and remembers them and what failed. The trees of repositories lie in scratch
/// directories.
pub struct Fetcher<'p> {
    leftovers: Arc<Leftovers>,
    options: FetchOptions<'p>,
    git: OnceLock<Option<PathBuf>>,
    reach: OnceLock<Reach>,
    repositories: Memory<Wanted, Fetched>,
    files: Memory<String, Arc<[u8]>>,
}

/// How a [`Fetcher`] fetches.
#[derive(Clone)]
pub struct FetchOptions<'p> {
    /// Whom it may ask.
    pub hosts: Hosts,
    /// Whether it may.
    pub network: Network,
    /// What fetches repositories.
    pub git: Git,
    /// How long a file may take. Repositories say it for themselves.
    pub file_time_limit: Duration,
    /// Who is told `fetching URL` before each. The URL is without user, password and query.
    pub progress: Option<&'p (dyn Fn(&str) + Sync)>,
    /// Where trees at a commit are kept for others. Nobody may write to them.
    pub kept: Option<Arc<KeptTrees>>,
}

impl Default for FetchOptions<'_> {
    fn default() -> Self {
        let file_time_limit = Duration::from_secs(60);
        FetchOptions {
            hosts: Hosts::Any,
            network: Network::Online,
            git: Git::Program,
            file_time_limit,
            progress: None,
            kept: None,
        }
    }
}

/// Whether anything may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It may.
    Online,
    /// It may not, not even from this machine.
    Offline,
}

/// What fetches repositories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Git {
    /// The `git` program, where there is one on the search path: it knows the user's credentials. Else this crate.
    Program,
    /// This crate.
    BuiltIn,
}

/// What has been asked for, each with a cell that the first who asks fills and the others wait for.
type Memory<K, V> = Mutex<BTreeMap<K, Arc<OnceLock<Result<V, RemoteError>>>>>;

/// What is fetched once: URL, reference and submodules of a repository, and its commit where one is asked for.
type Wanted = (String, String, bool, Option<String>);

/// The tree of a repository.
#[derive(Clone)]
struct Fetched {
    directory: PathBuf,
    revision: Revision,
    /// What removes the directory, if that is not the run's.
    _own: Option<Arc<Leftovers>>,
}

/// What was fetched.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) commit: String,
    pub(crate) named: Named,
}

impl<'p> Fetcher<'p> {
    /// Returns a fetcher whose directories are among `leftovers`.
    pub fn new(leftovers: Arc<Leftovers>, options: FetchOptions<'p>) -> Fetcher<'p> {
        Fetcher {
            leftovers,
            options,
            git: OnceLock::new(),
            reach: OnceLock::new(),
            repositories: Memory::default(),
            files: Memory::default(),
        }
    }

    /// Returns the commit of a repository that has been fetched.
    pub fn commit(&self, repository: &Repository) -> Option<String> {
        let cell = cell(&self.repositories, key(repository, None));
        cell.get()?.as_ref().ok().map(|fetched| fetched.revision.commit.clone())
    }

    fn fetched(&self, repository: &Repository, commit: Option<&str>) -> Result<Fetched, RemoteError> {
        cell(&self.repositories, key(repository, commit))
            .get_or_init(|| self.kept_or_fetched(repository, commit))
            .clone()
    }

    fn kept_or_fetched(&self, repository: &Repository, commit: Option<&str>) -> Result<Fetched, RemoteError> {
        // All else may be something else the next time.
        let is_at_a_commit = is_commit(commit.unwrap_or(&repository.reference));
        let Some(kept) = self.options.kept.as_ref().filter(|_| is_at_a_commit) else {
            return self.fetch(repository, commit, &self.leftovers);
        };
        let wanted = key(repository, commit);
        if let Some(fetched) = kept.find(&wanted) {
            return Ok(fetched);
        }
        let own = kept.place();
        let mut fetched = self.fetch(repository, commit, &own)?;
        fetched._own = Some(own);
        // A branch may have a name that looks like a commit.
        if commit.is_some() || fetched.revision.named == Named::Commit {
            kept.keep(wanted, &fetched);
        }
        Ok(fetched)
    }

    fn fetch(
        &self,
        repository: &Repository,
        commit: Option<&str>,
        leftovers: &Leftovers,
    ) -> Result<Fetched, RemoteError> {
        self.start(&repository.url)?;
        transport(&repository.url)?;
        check_reference(&repository.reference)?;
        commit.map_or(Ok(()), check_commit)?;
        let directory = leftovers
            .directory()
            .map_err(|error| RemoteError::Other(format!("no directory for it: {}", words(&error))))?;
        let revision = match self.git_program() {
            Some(git) => git::fetch(git, repository, commit, &directory, leftovers, &self.options.hosts)?,
            None => self.fetch_without_program(repository, commit, &directory)?,
        };
        // What git keeps beside the tree is none of it, and there may be a password in it: no layer reads that.
        tree::remove_gits_own(&directory, repository.submodules)
            .map_err(|error| RemoteError::Other(format!("its tree cannot be used: {}", words(&error))))?;
        Ok(Fetched { directory, revision, _own: None })
    }

    #[cfg(feature = "git")]
    fn fetch_without_program(
        &self,
        repository: &Repository,
        commit: Option<&str>,
        directory: &Path,
    ) -> Result<Revision, RemoteError> {
        crate::built_in::fetch(self.reach(), repository, commit, directory)
    }

    #[cfg(not(feature = "git"))]
    fn fetch_without_program(
        &self,
        _: &Repository,
        _: Option<&str>,
        _: &Path,
    ) -> Result<Revision, RemoteError> {
        Err(RemoteError::Other("there is no `git` program on the search path".into()))
    }

    fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| Reach::new(&self.options.hosts))
    }

    fn git_program(&self) -> Option<&Path> {
        if self.options.git == Git::BuiltIn {
            return None;
        }
        let search = || find("git".as_ref(), Path::new("/"), &std::env::var_os("PATH")?).ok();
        self.git.get_or_init(search).as_deref()
    }

    /// Refuses to fetch where nothing may be fetched, and else says that it is.
    fn start(&self, url: &str) -> Result<(), RemoteError> {
        if self.options.network == Network::Offline {
            return Err(RemoteError::Refused {
                why: "nothing may be fetched: this run is offline".into(),
                hint: "leave `--offline` away".into(),
            });
        }
        if let Some(progress) = self.options.progress {
            progress(&format!("fetching {}", without_credentials(url)));
        }
        Ok(())
    }
}

impl Remotes for Fetcher<'_> {
    fn repository(&self, repository: &Repository) -> Result<PathBuf, RemoteError> {
        self.fetched(repository, None).map(|fetched| fetched.directory)
    }

    fn checkout(&self, repository: &Repository, commit: Option<&str>) -> Result<Checkout, RemoteError> {
        let Fetched { directory, revision, .. } = self.fetched(repository, commit)?;
        let files = tree::files_of(&directory);
        let mut files = files
            .map_err(|error| RemoteError::Other(format!("its files cannot be read: {}", words(&error))))?;
        Ok(Checkout {
            content: tree_hash(&mut files),
            commit: revision.commit,
            named: revision.named,
            directory,
        })
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
        let fetch = || {
            self.start(url)?;
            http::file(self.reach(), url, self.options.file_time_limit)
        };
        cell(&self.files, url.to_owned()).get_or_init(fetch).clone()
    }

    fn prefetch(&self, repositories: &[Repository], urls: &[&str]) {
        let next = AtomicUsize::new(0);
        let count = repositories.len() + urls.len();
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                match (repositories.get(at), urls.get(at.wrapping_sub(repositories.len()))) {
                    (Some(repository), _) => drop(self.fetched(repository, None)),
                    (None, Some(url)) => drop(self.file(url)),
                    (None, None) => return,
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..count.min(AT_ONCE) {
                // Where no thread can be had, those there are do the work.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
    }
}

fn key(repository: &Repository, commit: Option<&str>) -> Wanted {
    let Repository { url, reference, submodules, .. } = repository;
    (url.clone(), reference.clone(), *submodules, commit.map(str::to_owned))
}

fn cell<K: Ord, V>(memory: &Memory<K, V>, key: K) -> Arc<OnceLock<Result<V, RemoteError>>> {
    Arc::clone(memory.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
}
