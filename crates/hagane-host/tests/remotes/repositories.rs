//! Repositories over each transport, by the `git` program and without it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hagane::{Named, Processes, RemoteError, Remotes, Repository};
use hagane_host::{FetchOptions, Fetcher, Git, Leftovers, Network, Programs};

use crate::fixture::{Fixture, LIBRARY, MAIN, git, has_git, tree};
use crate::server::{Answer, Request, Server, git_http_backend};

/// Longer than a fetch from loopback takes, even where much else runs.
const ENOUGH: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(300);

pub(crate) const BOTH: [Git; 2] = [Git::Program, Git::BuiltIn];

pub(crate) fn repository(url: &str, reference: &str) -> Repository {
    Repository { url: url.into(), reference: reference.into(), submodules: false, time_limit: ENOUGH }
}

fn fetcher(git: Git) -> Fetcher<'static> {
    Fetcher::new(Arc::default(), FetchOptions { git, ..FetchOptions::default() })
}

/// Checks what a repository shows, and its commit.
#[track_caller]
fn check(git: Git, repository: &Repository, expected: Result<(&str, &str), RemoteError>) {
    let fetcher = fetcher(git);
    let directory = fetcher.repository(repository);
    let shown = directory.map(|directory| (tree(&directory), fetcher.commit(repository).unwrap_or_default()));
    let expected = expected.map(|(tree, commit)| (tree.to_owned(), commit.to_owned()));
    assert_eq!(shown, expected, "{git:?} {repository:?}");
}

/// Checks every kind of reference of the fixture's repository at a URL.
fn check_references(git: Git, url: &str, fixture: &Fixture) {
    let first = "base/kustomization.yaml = resources: []\\n\n";
    let next = "base/kustomization.yaml = namePrefix: next-\\n\n";
    let cases = [
        ("", Ok((MAIN, fixture.last.as_str()))),
        ("main", Ok((MAIN, &fixture.last))),
        ("next/big", Ok((next, &fixture.next))),
        ("refs/heads/next/big", Ok((next, &fixture.next))),
        ("v1", Ok((first, &fixture.first))),
        ("refs/tags/v2", Ok((MAIN, &fixture.last))),
        (&fixture.last, Ok((MAIN, &fixture.last))),
        (&fixture.first, Ok((first, &fixture.first))),
        ("absent", Err(RemoteError::NoSuchReference)),
        ("0123456789012345678901234567890123456789", Err(RemoteError::NoSuchReference)),
        // As in git: a server does not know short ones.
        (&fixture.first[..12], Err(RemoteError::NoSuchReference)),
        ("--upload-pack=false", Err(RemoteError::NoSuchReference)),
    ];
    for (reference, expected) in cases {
        check(git, &repository(url, reference), expected);
    }
}

/// Serves the repositories of a directory, and a few more paths.
pub(crate) fn serve(root: &Path) -> Server {
    let root = root.to_owned();
    Server::start(move |request: &Request| {
        let moved = |to: String| Answer::Whole(301, vec![("Location".into(), to)], Vec::new());
        let authorization = request.headers.get("authorization").map(String::as_str);
        if let Some(path) = request.path.strip_prefix("/moved/") {
            return moved(format!("/{path}?{}", request.query));
        }
        if let Some(path) = request.path.strip_prefix("/private/") {
            if authorization != Some("Basic bWU6cEBzcw==") {
                let who = ("WWW-Authenticate".into(), "Basic realm=\"here\"".into());
                return Answer::Whole(401, vec![who], Vec::new());
            }
            return git_http_backend(&root, &Request { path: format!("/{path}"), ..request.clone() });
        }
        if let Some(path) = request.path.strip_prefix("/old/") {
            // One that does not hear which version of the protocol is asked for gives away what references name.
            let mut request = Request { path: format!("/{path}"), ..request.clone() };
            request.headers.remove("git-protocol");
            return git_http_backend(&root, &request);
        }
        match request.path.split('/').nth(1) {
            Some("silent") => Answer::Silence,
            Some("stuck") => Answer::Stuck,
            Some("broken") => Answer::Whole(500, Vec::new(), Vec::new()),
            Some("forbidden") => Answer::Whole(403, Vec::new(), Vec::new()),
            _ => git_http_backend(&root, request),
        }
    })
}

#[test]
fn over_http() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    let server = serve(&fixture.root);
    for git in BOTH {
        check_references(git, &server.url("/shop.git"), &fixture);
        check(git, &repository(&server.url("/moved/shop.git"), ""), Ok((MAIN, &fixture.last)));
        let private = format!("http://me:p%40ss@{}/private/shop.git", server.authority());
        check(git, &repository(&private, "v2"), Ok((MAIN, &fixture.last)));
    }
}

#[test]
fn from_this_machine() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    for client in BOTH {
        for name in ["shop.git", "shop"] {
            let url = format!("file://{}/{name}", fixture.root.display());
            check_references(client, &url, &fixture);
        }
    }
    git(&fixture.root.join("shop.git"), &["gc", "-q"]);
    for client in BOTH {
        check_references(client, &format!("file://{}/shop.git", fixture.root.display()), &fixture);
    }
}

#[test]
fn submodules() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    let server = serve(&fixture.root);
    let whole = format!("{MAIN}{LIBRARY}");
    for git in BOTH {
        let with = Repository { submodules: true, ..repository(&server.url("/shop.git"), "") };
        check(git, &with, Ok((&whole, &fixture.last)));
        // Of git itself nothing is left, where a URL with a password may be.
        let fetched = fetcher(git);
        let directory = fetched.repository(&with).expect("it is there");
        for place in [".git", "vendor/lib/.git"] {
            assert!(!directory.join(place).exists(), "{git:?} {place}");
        }
        // Without a submodule, there is nothing to do.
        let first = "base/kustomization.yaml = resources: []\\n\n";
        check(git, &Repository { reference: "v1".into(), ..with.clone() }, Ok((first, &fixture.first)));
        let fetcher = fetcher(git);
        let without = Repository { submodules: false, ..with.clone() };
        assert_ne!(fetcher.repository(&with), fetcher.repository(&without));
    }
}

#[test]
fn commits_that_a_lock_names() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    let server = serve(&fixture.root);
    let first = "base/kustomization.yaml = resources: []\\n\n";
    let absent = "0123456789012345678901234567890123456789";
    let at_file = format!("file://{}/shop.git", fixture.root.display());
    let mut hashes: Vec<String> = Vec::new();
    for git in BOTH {
        for url in [server.url("/shop.git"), server.url("/old/shop.git"), at_file.clone()] {
            let fetcher = fetcher(git);
            let main = repository(&url, "main");
            let check = |commit: Option<&str>, shown: &str, found: &str, named: Named| {
                let checkout = fetcher.checkout(&main, commit).expect("it is there");
                assert_eq!(tree(&checkout.directory), shown, "{git:?} {url} {commit:?}");
                assert_eq!(checkout.commit, found);
                assert!(commit.is_some() || checkout.named == named);
                checkout.content
            };
            // The branch has moved since.
            hashes.push(check(Some(&fixture.first), first, &fixture.first, Named::Branch));
            hashes.push(check(None, MAIN, &fixture.last, Named::Branch));
            for wrong in [absent, "main", "--upload-pack=true", &fixture.first[..12]] {
                let refused = fetcher.checkout(&main, Some(wrong));
                assert_eq!(refused, Err(RemoteError::NoSuchReference), "{git:?} {url} {wrong}");
            }
            // What another branch has is no commit of this one, where only its history is given away.
            let names = [("", Named::Branch), ("v1", Named::Tag), ("v2", Named::Tag)];
            let names = names.into_iter().chain([("refs/heads/next/big", Named::Branch)]);
            for (reference, named) in names {
                let checkout = fetcher.checkout(&repository(&url, reference), None).expect("it is there");
                assert_eq!(checkout.named, named, "{git:?} {url} {reference}");
            }
        }
        let checkout = fetcher(git).checkout(&repository(&at_file, &fixture.last), None);
        assert_eq!(checkout.expect("it is there").named, Named::Commit);
    }
    // Whoever fetches, and wherever from: the same files, the same hash.
    assert!(hashes.iter().step_by(2).all(|hash| *hash == hashes[0]), "{hashes:?}");
    assert!(hashes.iter().skip(1).step_by(2).all(|hash| *hash == hashes[1]), "{hashes:?}");
    assert_ne!(hashes[0], hashes[1]);
}

/// Commits a tree with these entries, as `git mktree` takes them, to the branch `odd` of the fixture's repository.
fn odd(fixture: &Fixture, entries: &str) {
    let repository = fixture.root.join("shop.git");
    let mut made = Command::new("git");
    made.current_dir(&repository).args(["mktree", "--missing"]);
    let mut made = made.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git runs");
    made.stdin.take().expect("it is piped").write_all(entries.as_bytes()).expect("it reads");
    let tree = made.wait_with_output().expect("it ends").stdout;
    let tree = String::from_utf8(tree).expect("it is a hash");
    let commit = git(&repository, &["commit-tree", "-m", "odd", tree.trim()]);
    git(&repository, &["update-ref", "refs/heads/odd", &commit]);
}

#[test]
fn what_a_repository_says_does_not_reach_this_machine() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    let server = serve(&fixture.root);
    let blob = |content: &str| {
        let path = fixture.root.join("content");
        std::fs::write(&path, content).expect("it is ours");
        git(&fixture.root.join("shop.git"), &["hash-object", "-w", &path.display().to_string()])
    };
    let file = blob("gitdir: /etc\n");
    let inner = {
        odd(&fixture, &format!("100644 blob {file}\tconfig\n"));
        git(&fixture.root.join("shop.git"), &["rev-parse", "odd^{tree}"])
    };
    let library = git(&fixture.root.join("lib.git"), &["rev-parse", "HEAD"]);
    let modules = |url: &str| blob(&format!("[submodule \"x\"]\n\tpath = x\n\turl = {url}\n"));
    let (local, own) =
        (modules("file:///etc"), modules(&format!("file://{}/lib.git", fixture.root.display())));
    let options = modules("--upload-pack=touch /tmp/pwned");
    let trees = [
        format!("100644 blob {file}\t.git\n"),
        format!("040000 tree {inner}\t.git\n"),
        format!("040000 tree {inner}\t.GIT\n100644 blob {file}\tb\n"),
        format!("040000 tree {inner}\t..\n"),
        format!("100644 blob {local}\t.gitmodules\n160000 commit {library}\tx\n"),
        format!("100644 blob {own}\t.gitmodules\n160000 commit {library}\tx\n"),
        format!("100644 blob {options}\t.gitmodules\n160000 commit {library}\tx\n"),
    ];
    for entries in &trees {
        odd(&fixture, entries);
        for git in BOTH {
            let repository = Repository { submodules: true, ..repository(&server.url("/shop.git"), "odd") };
            let fetched = fetcher(git).checkout(&repository, None);
            assert!(
                fetched.is_err(),
                "{git:?} {entries} {:?}",
                fetched.map(|fetched| tree(&fetched.directory))
            );
        }
    }
}

#[test]
fn what_fails() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    let server = serve(&fixture.root);
    let failure = |git: Git, url: &str| fetcher(git).repository(&repository(url, "")).expect_err("it fails");
    for git in BOTH {
        for (path, limit) in [("/silent/x", SHORT), ("/stuck/x", SHORT)] {
            let slow = Repository { time_limit: limit, ..repository(&server.url(path), "") };
            check(git, &slow, Err(RemoteError::TimedOut(limit)));
        }
        for (path, denied) in [("/private/shop.git", true), ("/forbidden/x", true), ("/broken/x", false)] {
            let error = failure(git, &server.url(path));
            assert_eq!(matches!(error, RemoteError::Denied(_)), denied, "{git:?} {path} {error:?}");
        }
        let absent = failure(git, &server.url("/absent.git"));
        assert!(matches!(absent, RemoteError::Other(_) | RemoteError::Status(404)), "{git:?} {absent:?}");
        let wrong = failure(git, &format!("http://me:hush@{}/private/shop.git", server.authority()));
        assert!(matches!(&wrong, RemoteError::Denied(why) if !why.contains("hush")), "{git:?} {wrong:?}");
        let nobody = failure(git, "http://127.0.0.1:1/x");
        assert!(matches!(nobody, RemoteError::Unreachable(_)), "{git:?} {nobody:?}");
        let absent = failure(git, "file:///nowhere/at/all");
        assert!(matches!(absent, RemoteError::Other(_)), "{git:?} {absent:?}");
        for url in ["ext::sh -c true", "--upload-pack=true", "git://127.0.0.1/x", "/srv/x"] {
            assert!(matches!(failure(git, url), RemoteError::Refused { .. }), "{url}");
        }
    }
}

#[test]
fn a_repository_is_fetched_once() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    let server = serve(&fixture.root);
    for git in BOTH {
        let before = server.count("/shop.git/info/refs");
        let fetcher = fetcher(git);
        let shop = repository(&server.url("/shop.git"), "main");
        let library = repository(&server.url("/lib.git"), "main");
        let absent = repository(&server.url("/shop.git"), "absent");
        let all = vec![[shop.clone(), library.clone(), absent.clone()]; 33].concat();
        fetcher.prefetch(&all, &[]);
        let directories: Vec<_> = (0..100).map(|_| fetcher.repository(&shop).expect("it is there")).collect();
        assert!(directories.iter().all(|directory| *directory == directories[0]));
        assert_eq!(fetcher.repository(&absent), Err(RemoteError::NoSuchReference));
        assert_eq!(fetcher.commit(&absent), None);
        // One for `main` and one for `absent`.
        assert_eq!(server.count("/shop.git/info/refs") - before, 2, "{git:?}");
        assert_eq!(fetcher.commit(&shop), Some(fixture.last.clone()));
        drop(fetcher);
        assert!(!directories[0].exists());
    }
}

#[test]
fn nothing_is_fetched_offline() {
    let options = FetchOptions { network: Network::Offline, ..FetchOptions::default() };
    let refused = Fetcher::new(Arc::default(), options).repository(&repository("file:///nowhere", ""));
    assert!(matches!(refused, Err(RemoteError::Refused { .. })));
}

#[test]
fn over_ssh() {
    if !has_git() {
        return;
    }
    if ssh_command() != FAKE_SSH {
        return again("repositories::over_ssh", FAKE_SSH);
    }
    let fixture = Fixture::new();
    // What servers allow that do not hear which version of the protocol is asked for.
    git(&fixture.root.join("shop.git"), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let root = fixture.root.display();
    for git in BOTH {
        check_references(git, &format!("ssh://me@localhost{root}/shop.git"), &fixture);
        check(git, &repository(&format!("me@localhost:{root}/shop.git"), "v2"), Ok((MAIN, &fixture.last)));
    }
}

/// A server says that it does not have a commit, and hangs up while more is written to it.
#[test]
fn over_ssh_what_a_server_says_last_counts() {
    if !has_git() {
        return;
    }
    let commit = "0123456789012345678901234567890123456789";
    if ssh_command().starts_with(HUNG_UP) {
        let repository = repository("ssh://me@localhost/shop.git", commit);
        return check(Git::BuiltIn, &repository, Err(RemoteError::NoSuchReference));
    }
    let leftovers: Arc<Leftovers> = Arc::default();
    let directory = Programs::new(Arc::clone(&leftovers)).scratch().expect("there is a scratch directory");
    let packet = |text: &str| format!("{:04x}{text}", text.len() + 4);
    let greeting = [packet("version 2\n"), packet("ls-refs\n"), packet("fetch=shallow\n")].concat();
    let refusal = packet(&format!("ERR upload-pack: not our ref {commit}"));
    let said = directory.join("said");
    std::fs::write(&said, format!("{greeting}00000000{refusal}")).expect("it is written");
    again(
        "repositories::over_ssh_what_a_server_says_last_counts",
        &format!("{HUNG_UP} cat {} #", said.display()),
    );
}

/// Closes what is written to a server.
const HUNG_UP: &str = "exec <&-;";

fn ssh_command() -> String {
    std::env::var("GIT_SSH_COMMAND").unwrap_or_default()
}

/// Runs a test again with a command for ssh. Git reads it from the environment, which a test may not change for all
/// the others.
#[track_caller]
fn again(test: &str, ssh: &str) {
    let mut again = Command::new(std::env::current_exe().expect("it runs"));
    let output = again.args(["--exact", test]).env("GIT_SSH_COMMAND", ssh).output().expect("it runs again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Runs here what ssh would run there: what follows the host. Git asks first which ssh it is, and then nothing does.
const FAKE_SSH: &str = r#"sh -c 'while [ "${1#*@}" = "$1" ]; do shift; done; shift; exec sh -c "$*"' ssh"#;
