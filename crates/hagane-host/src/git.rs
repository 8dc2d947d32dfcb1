//! Repositories fetched by the `git` program, as kustomize fetches them: with the user's credential helpers, ssh
//! configuration and proxies.

mod submodules;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hagane::{Named, Output, ProcessError, RemoteError, Repository, without_credentials};
use ureq::http::Uri;
use zeroize::Zeroizing;

use crate::address::is_commit;
use crate::child::run;
use crate::hosts::{Hosts, LookUp};
use crate::leftovers::Leftovers;
use crate::remotes::Revision;

/// Variables that say which repository git works on. Git sets them for its hooks; here they would lead astray.
const LOCAL_VARIABLES: [&str; 10] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// The longest text of git that a message quotes, in bytes.
const MAX_WORDS: usize = 600;

/// The program, as a fetch runs it.
struct Program<'g> {
    git: &'g Path,
    time_limit: Duration,
    leftovers: &'g Leftovers,
    hosts: &'g Hosts,
}

impl Program<'_> {
    /// Runs a step in a directory, with settings of its own.
    fn step(&self, directory: &Path, settings: &[String], arguments: &[&str]) -> Result<Output, RemoteError> {
        let mut command = Command::new(self.git);
        command.current_dir(directory).args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"]);
        // What a repository says about submodules does not get at the repositories of this machine.
        command.args(["-c", "protocol.ext.allow=never", "-c", "protocol.file.allow=user"]);
        if *self.hosts != Hosts::Any {
            // Only the host of the URL was looked at.
            command.args(["-c", "http.followRedirects=false"]);
        }
        settings.iter().for_each(|setting| _ = command.args(["-c", setting.as_str()]));
        command.args(arguments);
        for name in LOCAL_VARIABLES {
            command.env_remove(name);
        }
        // Its words are read. And there is nobody to answer: a question in a pipeline would wait for its time limit.
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
        // Nor for ssh: outside the terminal's foreground it would be stopped where it asks. A window may ask.
        if std::env::var_os("SSH_ASKPASS_REQUIRE").is_none() {
            command.env("SSH_ASKPASS_REQUIRE", "force");
        }
        let output = run(&mut command, Zeroizing::default(), Some(self.time_limit), self.leftovers);
        output.map_err(|error| match error {
            ProcessError::TimedOut(limit) => RemoteError::TimedOut(limit),
            other => RemoteError::Other(format!("git cannot be run: {other:?}")),
        })
    }

    /// Refuses a URL that may not be asked, and returns a setting with which git asks the address that was looked at, and no
    /// other that it may find in the meantime.
    fn check(&self, url: &str) -> Result<Vec<String>, RemoteError> {
        let look_up = LookUp::of_program(url);
        let addresses = self.hosts.check(url, look_up)?;
        let place = Some(url).filter(|_| look_up == LookUp::Yes).and_then(host_and_port);
        Ok(place.filter(|_| !addresses.is_empty()).map_or_else(Vec::new, |place| {
            let addresses: Vec<String> = addresses
                .iter()
                .map(|address| if address.is_ipv6() { format!("[{address}]") } else { address.to_string() })
                .collect();
            vec![format!("http.curloptResolve={place}:{}", addresses.join(","))]
        }))
    }
}

/// Returns host and port of an `http` URL, as `host:443`, where the host is a name.
fn host_and_port(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let usual = match uri.scheme_str()? {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let host = uri.host().filter(|host| !host.starts_with('['))?;
    Some(format!("{host}:{}", uri.port_u16().unwrap_or(usual)))
}

/// Fetches a repository into an empty directory, at `commit` where one is given. The URL, the reference and the commit
/// have been checked.
pub(crate) fn fetch(
    git: &Path,
    repository: &Repository,
    commit: Option<&str>,
    directory: &Path,
    leftovers: &Leftovers,
    hosts: &Hosts,
) -> Result<Revision, RemoteError> {
    let program = Program { git, time_limit: repository.time_limit, leftovers, hosts };
    let url = repository.url.as_str();
    let settings = program.check(url)?;
    let step = |arguments: &[&str]| program.step(directory, &settings, arguments);
    let reference = if repository.reference.is_empty() { "HEAD" } else { &repository.reference };
    success(step(&["init", "--quiet", "--template="])?)?;
    // Relative URLs of submodules start at it.
    success(step(&["remote", "add", "origin", url])?)?;
    let mut fetched =
        step(&["fetch", "--quiet", "--no-tags", "--depth=1", url, commit.unwrap_or(reference)])?;
    if commit.is_some() && fetched.code != Some(0) && refuses_commit(&fetched) {
        // Where a server gives away only what a reference names, its whole history is asked for.
        fetched = step(&["fetch", "--quiet", "--no-tags", url, reference])?;
    }
    if fetched.code != Some(0) && lacks_reference(&fetched) {
        return Err(RemoteError::NoSuchReference);
    }
    success(fetched)?;
    let named = named(repository, directory);
    let checked_out = step(&["checkout", "--quiet", "--detach", commit.unwrap_or("FETCH_HEAD")])?;
    if commit.is_some() && checked_out.code != Some(0) {
        return Err(RemoteError::NoSuchReference);
    }
    success(checked_out)?;
    if repository.submodules && *hosts == Hosts::Any {
        success(step(&["submodule", "--quiet", "update", "--init", "--recursive"])?)?;
    } else if repository.submodules {
        program.submodules(directory, 0)?;
    }
    let head = fs::read_to_string(directory.join(".git/HEAD"));
    let head = head.map_err(|error| RemoteError::Other(format!("its commit is not known: {error}")))?;
    Ok(Revision { commit: head.trim_end().to_owned(), named })
}

/// Returns what a reference is that has been fetched: git notes it with what it fetched.
fn named(repository: &Repository, directory: &Path) -> Named {
    let note = fs::read_to_string(directory.join(".git/FETCH_HEAD")).unwrap_or_default();
    if is_commit(&repository.reference) {
        Named::Commit
    } else if note.split('\t').nth(2).is_some_and(|note| note.starts_with("tag ")) {
        Named::Tag
    } else {
        Named::Branch
    }
}

fn success(output: Output) -> Result<(), RemoteError> {
    match output.code {
        Some(0) => Ok(()),
        _ => Err(failure(&String::from_utf8_lossy(&output.stderr))),
    }
}

fn lacks_reference(output: &Output) -> bool {
    let stderr = String::from_utf8_lossy(&output.stderr).to_lowercase();
    ["couldn't find remote ref", "not our ref", "invalid refspec"].iter().any(|words| stderr.contains(words))
}

/// Returns whether a server has no such commit or does not give it away.
fn refuses_commit(output: &Output) -> bool {
    let stderr = String::from_utf8_lossy(&output.stderr).to_lowercase();
    lacks_reference(output) || stderr.contains("unadvertised object")
}

/// Returns what git's standard error says.
fn failure(stderr: &str) -> RemoteError {
    const DENIED: [&str; 9] = [
        "authentication failed",
        "could not read password",
        "could not read username",
        "permission denied",
        "returned error: 401",
        "returned error: 403",
        "returned error: 407",
        "terminal prompts disabled",
        "access denied",
    ];
    const UNREACHABLE: [&str; 9] = [
        "connection refused",
        "connection reset",
        "connection timed out",
        "could not resolve",
        "couldn't connect",
        "failed to connect",
        "host key verification failed",
        "network is unreachable",
        "no route to host",
    ];
    let lower = stderr.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if says(&DENIED) {
        return RemoteError::Denied(words(stderr));
    }
    // A server that answers with a status has been reached.
    if says(&UNREACHABLE) || lower.contains("unable to access") && !lower.contains("returned error") {
        return RemoteError::Unreachable(words(stderr));
    }
    RemoteError::Other(words(stderr))
}

/// Returns the lines that say why, as one.
fn words(stderr: &str) -> String {
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let reasons: Vec<&str> = lines()
        .filter_map(|line| {
            let (who, what) = line.split_once(": ")?;
            match who.to_lowercase().as_str() {
                "fatal" | "error" => Some(what),
                "remote" | "ssh" => Some(line),
                _ if line.to_lowercase().contains("denied") => Some(line),
                _ => None,
            }
        })
        .collect();
    let text = if reasons.is_empty() {
        lines().next_back().unwrap_or("git says nothing").into()
    } else {
        reasons.join("; ")
    };
    let text: String = without_credentials(&text).chars().filter(|c| !c.is_control()).collect();
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= MAX_WORDS).unwrap_or(text.len());
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_urls() {
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(host_and_port(url).as_deref(), expected, "{url}");
        };
        check("https://me:p@host/x", Some("host:443"));
        check("http://host:8080/x", Some("host:8080"));
        check("https://[2001:db8::1]/x", None);
        check("ssh://git@host/x", None);
        check("git@host:x", None);
    }

    #[test]
    fn failures() {
        let check = |stderr: &str, expected: RemoteError| assert_eq!(failure(stderr), expected);
        check(
            "fatal: could not read Username for 'https://github.com': terminal prompts disabled\n",
            RemoteError::Denied(
                "could not read Username for 'https://github.com': terminal prompts disabled".into(),
            ),
        );
        check(
            "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://me:word@host/x.git/'\n",
            RemoteError::Denied(
                "remote: HTTP Basic: Access denied; Authentication failed for 'https://host/x.git/'".into(),
            ),
        );
        check(
            "git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make \
             sure you have the correct access rights\nand the repository exists.\n",
            RemoteError::Denied(
                "git@host: Permission denied (publickey).; Could not read from remote repository.".into(),
            ),
        );
        check(
            "fatal: unable to access 'https://host/x/': Could not resolve host: host\n",
            RemoteError::Unreachable(
                "unable to access 'https://host/x/': Could not resolve host: host".into(),
            ),
        );
        check(
            "fatal: unable to access 'https://host/x/': The requested URL returned error: 503\n",
            RemoteError::Other(
                "unable to access 'https://host/x/': The requested URL returned error: 503".into(),
            ),
        );
        check(
            "fatal: unable to access 'https://host/x/': SSL certificate problem: self-signed certificate\n",
            RemoteError::Unreachable(
                "unable to access 'https://host/x/': SSL certificate problem: self-signed certificate".into(),
            ),
        );
        check("", RemoteError::Other("git says nothing".into()));
    }
}
