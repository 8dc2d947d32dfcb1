//! Repositories fetched where there is no `git` program.

mod local;
mod ssh;
mod submodules;
mod transport;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use gix::progress::Discard;
use gix::remote::fetch::{Shallow, Tags};
use gix::remote::{Direction, ref_map};
use gix::worktree::stack::state::attributes;
use gix::{ObjectId, ThreadSafeRepository, create, open};
use hagane::{Named, RemoteError, Repository, without_credentials};

use crate::address::{self, Transport, is_commit};
use crate::disk::words;
use crate::hosts::LookUp;
use crate::http::{Patience, Reach};
use crate::remotes::Revision;

/// Fetches a repository into an empty directory, at `commit` where one is given. The URL, the reference and the commit
/// have been checked.
///
/// It happens in a thread of its own, which is left alone when its time is over: nobody can ask it to stop waiting for
/// a server.
pub(crate) fn fetch(
    reach: &Reach,
    repository: &Repository,
    commit: Option<&str>,
    directory: &Path,
) -> Result<Revision, RemoteError> {
    let (sender, steps) = channel();
    let fetching = Fetching {
        reach: reach.clone(),
        time_limit: repository.time_limit,
        steps: sender,
        stop: Arc::new(AtomicBool::new(false)),
    };
    let stop = Arc::clone(&fetching.stop);
    let (repository, directory) = (repository.clone(), directory.to_owned());
    let commit = commit.map(str::to_owned);
    let time_limit = repository.time_limit;
    let work = move || {
        let fetched = fetching.repository(&repository, commit.as_deref(), &directory);
        // Nobody listens when it took too long.
        let _ = fetching.steps.send(Step::Done(fetched));
    };
    thread::Builder::new().spawn(work).map_err(|error| RemoteError::Other(words(&error)))?;
    loop {
        match steps.recv_timeout(time_limit) {
            Ok(Step::Next) => {}
            Ok(Step::Done(result)) => return result,
            Err(error) => {
                stop.store(true, Ordering::Relaxed);
                return Err(match error {
                    RecvTimeoutError::Timeout => RemoteError::TimedOut(time_limit),
                    RecvTimeoutError::Disconnected => RemoteError::Other("git's data cannot be read".into()),
                });
            }
        }
    }
}

/// How far the thread is.
enum Step {
    /// It starts with another repository.
    Next,
    Done(Result<Revision, RemoteError>),
}

/// What a reference leads to.
#[derive(Clone, Copy)]
struct Found {
    id: ObjectId,
    named: Named,
}

/// What the full names of tags start with.
const TAGS: &[u8] = b"refs/tags/";

/// A repository being fetched, with its submodules.
struct Fetching {
    reach: Reach,
    time_limit: Duration,
    steps: Sender<Step>,
    stop: Arc<AtomicBool>,
}

impl Fetching {
    fn repository(
        &self,
        repository: &Repository,
        commit: Option<&str>,
        directory: &Path,
    ) -> Result<Revision, RemoteError> {
        let reference = if repository.reference.is_empty() { "HEAD" } else { &repository.reference };
        let (found, index) = self.tree(&repository.url, reference, commit, directory)?;
        if repository.submodules {
            self.submodules(&repository.url, &index, directory, 0)?;
        }
        let named = if is_commit(reference) { Named::Commit } else { found.named };
        Ok(Revision { commit: found.id.to_string(), named })
    }

    /// Fetches one commit and writes its tree into a directory.
    fn tree(
        &self,
        url: &str,
        reference: &str,
        commit: Option<&str>,
        directory: &Path,
    ) -> Result<(Found, gix::index::File), RemoteError> {
        let transport = address::transport(url)?;
        let look_up = match transport {
            // The `ssh` program finds addresses by itself.
            Transport::Ssh => LookUp::Yes,
            Transport::Http | Transport::File => LookUp::No,
        };
        self.reach.hosts().check(url, look_up)?;
        let kind = create::Kind::WithWorktree;
        let repository =
            ThreadSafeRepository::init_opts(directory, kind, create::Options::default(), options())
                .map_err(|error| other(&error))?
                .to_thread_local();
        let fetch = |reference: &str, depth: Shallow| match transport {
            Transport::File => local::object(url, reference, &repository),
            Transport::Http => self.over_http(url, reference, depth, &repository),
            Transport::Ssh => self.over_ssh(url, reference, depth, &repository),
        };
        let only = || Shallow::DepthAtRemote(std::num::NonZeroU32::MIN);
        let found = match commit {
            None => fetch(reference, only())?,
            Some(commit) => match fetch(commit, only()) {
                // Where a server gives away only what a reference names, its whole history is asked for.
                Err(RemoteError::NoSuchReference | RemoteError::Other(_)) => {
                    let found = fetch(reference, Shallow::NoChange)?;
                    let id = ObjectId::from_hex(commit.as_bytes());
                    Found { id: id.map_err(|_| RemoteError::NoSuchReference)?, ..found }
                }
                fetched => fetched?,
            },
        };
        if commit.is_some() && !repository.has_object(found.id) {
            return Err(RemoteError::NoSuchReference);
        }
        let commit = repository.find_object(found.id).and_then(|object| object.peel_to_commit());
        let commit = commit.map_err(|error| other(&error))?;
        let tree = commit.tree_id().map_err(|error| other(&error))?;
        let index = self.check_out(&repository, &tree, directory)?;
        Ok((Found { id: commit.id, ..found }, index))
    }

    fn over_http(
        &self,
        url: &str,
        reference: &str,
        depth: Shallow,
        repository: &gix::Repository,
    ) -> Result<Found, RemoteError> {
        let (transport, failure) = transport::http(&self.reach, url, Patience::new(self.time_limit))?;
        let remote = repository.remote_at(failure.url()).map_err(|error| other(&error))?;
        let received = self
            .receive(remote, reference, depth, |remote| Ok(remote.to_connection_with_transport(transport)));
        // The client knows better what the server said.
        received.map_err(|error| failure.take().unwrap_or(error))
    }

    /// Fetches by the `ssh` program; it is told to fail rather than to ask.
    fn over_ssh(
        &self,
        url: &str,
        reference: &str,
        depth: Shallow,
        repository: &gix::Repository,
    ) -> Result<Found, RemoteError> {
        let remote = repository.remote_at(url).map_err(|error| other(&error))?;
        self.receive(remote, reference, depth, |remote| {
            let transport = ssh::transport(remote)?;
            Ok(remote.to_connection_with_transport(transport))
        })
    }

    fn receive<'r, T: gix::protocol::transport::client::blocking_io::Transport>(
        &self,
        remote: gix::Remote<'r>,
        reference: &str,
        depth: Shallow,
        connect: impl for<'a> FnOnce(
            &'a gix::Remote<'r>,
        ) -> Result<gix::remote::Connection<'a, 'static, 'r, T>, gix::Error>,
    ) -> Result<Found, RemoteError> {
        let remote = remote.with_fetch_tags(Tags::None).with_refspecs([reference], Direction::Fetch);
        let remote = remote.map_err(|_| RemoteError::NoSuchReference)?;
        let connection = connect(&remote).map_err(|error| other(&error))?;
        // Credential helpers are git's own programs.
        let connection = connection.with_credentials(|_| Ok(None));
        let fetch = connection.prepare_fetch(Discard, ref_map::Options::default());
        let fetch = fetch.map_err(|error| other(&error))?;
        let mut sources = fetch.ref_map().mappings.iter().map(|mapping| &mapping.remote);
        let found = sources.find_map(|source| Some((source.as_id()?.to_owned(), source.as_name())));
        let (id, name) = found.ok_or(RemoteError::NoSuchReference)?;
        let named = if name.is_some_and(|name| name.starts_with(TAGS)) { Named::Tag } else { Named::Branch };
        let received = fetch.with_shallow(depth).receive(Discard, &self.stop);
        received.map_err(|error| other(&error)).map(|_| Found { id, named })
    }

    fn check_out(
        &self,
        repository: &gix::Repository,
        tree: &gix::oid,
        directory: &Path,
    ) -> Result<gix::index::File, RemoteError> {
        let mut index = repository.index_from_tree(tree).map_err(|error| other(&error))?;
        let mut options =
            repository.checkout_options(attributes::Source::IdMapping).map_err(|error| other(&error))?;
        options.destination_is_initially_empty = true;
        let objects =
            repository.objects.clone().into_arc().map_err(|error| RemoteError::Other(words(&error)))?;
        gix::worktree::state::checkout(
            &mut index, directory, objects, &Discard, &Discard, &self.stop, options,
        )
        .map_err(|error| other(&error))?;
        Ok(index)
    }
}

/// Returns options under which a repository is what its files say: nobody's configuration and no environment. The
/// command for ssh is the exception, as there may be no other way in.
fn options() -> open::Options {
    let ssh = std::env::var("GIT_SSH_COMMAND").ok().map(|command| format!("core.sshCommand={command}"));
    open::Options::isolated().config_overrides(ssh)
}

/// Returns what an error says, with its causes.
fn other(error: &gix::Error) -> RemoteError {
    let mut texts: Vec<String> = Vec::new();
    for error in error.iter_errors() {
        let text = error.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let text = without_credentials(&texts.join(": "));
    if text.contains("not our ref") { RemoteError::NoSuchReference } else { RemoteError::Other(text) }
}
