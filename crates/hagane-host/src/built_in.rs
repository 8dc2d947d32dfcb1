//! Repositories fetched where there is no `git` program.

mod local;
mod submodules;
mod transport;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use gix::progress::Discard;
use gix::remote::fetch::{Shallow, Tags};
use gix::remote::{Direction, ref_map};
use gix::worktree::stack::state::attributes;
use gix::{ObjectId, ThreadSafeRepository, create, open};
use hagane::{RemoteError, Repository, without_credentials};
use ureq::Agent;

use crate::address::{self, Transport};
use crate::disk::words;

/// Fetches a repository into an empty directory. Returns the commit. The URL and the reference have been checked.
///
/// It happens in a thread of its own, which is left alone when its time is over: nobody can ask it to stop waiting for
/// a server.
pub(crate) fn fetch(agent: &Agent, repository: &Repository, directory: &Path) -> Result<String, RemoteError> {
    let (sender, steps) = channel();
    let fetching = Fetching {
        agent: agent.clone(),
        time_limit: repository.time_limit,
        steps: sender,
        stop: Arc::new(AtomicBool::new(false)),
    };
    let stop = Arc::clone(&fetching.stop);
    let (repository, directory) = (repository.clone(), directory.to_owned());
    let time_limit = repository.time_limit;
    let work = move || {
        let commit = fetching.repository(&repository, &directory);
        // Nobody listens when it took too long.
        let _ = fetching.steps.send(Step::Done(commit.map(|commit| commit.to_string())));
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
    Done(Result<String, RemoteError>),
}

/// A repository being fetched, with its submodules.
struct Fetching {
    agent: Agent,
    time_limit: Duration,
    steps: Sender<Step>,
    stop: Arc<AtomicBool>,
}

impl Fetching {
    fn repository(&self, repository: &Repository, directory: &Path) -> Result<ObjectId, RemoteError> {
        let reference = if repository.reference.is_empty() { "HEAD" } else { &repository.reference };
        let (commit, index) = self.tree(&repository.url, reference, directory)?;
        if repository.submodules {
            self.submodules(&repository.url, &index, directory, 0)?;
        }
        Ok(commit)
    }

    /// Fetches one commit and writes its tree into a directory.
    fn tree(
        &self,
        url: &str,
        reference: &str,
        directory: &Path,
    ) -> Result<(ObjectId, gix::index::File), RemoteError> {
        let transport = address::transport(url)?;
        let kind = create::Kind::WithWorktree;
        let repository =
            ThreadSafeRepository::init_opts(directory, kind, create::Options::default(), options())
                .map_err(|error| other(&error))?
                .to_thread_local();
        let id = match transport {
            Transport::File => local::object(url, reference, &repository)?,
            Transport::Http => self.over_http(url, reference, &repository)?,
            Transport::Ssh => self.over_ssh(url, reference, &repository)?,
        };
        let commit = repository.find_object(id).and_then(|object| object.peel_to_commit());
        let commit = commit.map_err(|error| other(&error))?;
        let tree = commit.tree_id().map_err(|error| other(&error))?;
        let index = self.check_out(&repository, &tree, directory)?;
        Ok((commit.id, index))
    }

    fn over_http(
        &self,
        url: &str,
        reference: &str,
        repository: &gix::Repository,
    ) -> Result<ObjectId, RemoteError> {
        let deadline = Instant::now() + self.time_limit;
        let (transport, failure) = transport::http(&self.agent, url, deadline, self.time_limit)?;
        let remote = repository.remote_at(failure.url()).map_err(|error| other(&error))?;
        let received =
            self.receive(remote, reference, |remote| Ok(remote.to_connection_with_transport(transport)));
        // The client knows better what the server said.
        received.map_err(|error| failure.take().unwrap_or(error))
    }

    /// Fetches by the `ssh` program; it is told to fail rather than to ask.
    fn over_ssh(
        &self,
        url: &str,
        reference: &str,
        repository: &gix::Repository,
    ) -> Result<ObjectId, RemoteError> {
        let remote = repository.remote_at(url).map_err(|error| other(&error))?;
        self.receive(remote, reference, |remote| remote.connect(Direction::Fetch))
    }

    fn receive<'r, T: gix::protocol::transport::client::blocking_io::Transport>(
        &self,
        remote: gix::Remote<'r>,
        reference: &str,
        connect: impl for<'a> FnOnce(
            &'a gix::Remote<'r>,
        ) -> Result<gix::remote::Connection<'a, 'static, 'r, T>, gix::Error>,
    ) -> Result<ObjectId, RemoteError> {
        let remote = remote.with_fetch_tags(Tags::None).with_refspecs([reference], Direction::Fetch);
        let remote = remote.map_err(|_| RemoteError::NoSuchReference)?;
        let connection = connect(&remote).map_err(|error| other(&error))?;
        // Credential helpers are git's own programs.
        let connection = connection.with_credentials(|_| Ok(None));
        let fetch = connection.prepare_fetch(Discard, ref_map::Options::default());
        let fetch = fetch.map_err(|error| other(&error))?;
        let id = fetch.ref_map().mappings.iter().find_map(|mapping| mapping.remote.as_id());
        let id = id.ok_or(RemoteError::NoSuchReference)?.to_owned();
        let depth = Shallow::DepthAtRemote(std::num::NonZeroU32::MIN);
        let received = fetch.with_shallow(depth).receive(Discard, &self.stop);
        received.map_err(|error| other(&error)).map(|_| id)
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
