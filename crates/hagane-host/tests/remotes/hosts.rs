//! Hosts that may not be asked: not by a redirect, and not for a submodule.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hagane::{RemoteError, Remotes, Repository};
use hagane_host::{FetchOptions, Fetcher, Git, Hosts};

use crate::fixture::{Fixture, LIBRARY, MAIN, git, has_git, tree};
use crate::server::{Answer, Request, Server, git_http_backend};

const BOTH: [Git; 2] = [Git::Program, Git::BuiltIn];

/// A server whose path `/to/URL` is a redirect, and the others what `answer` says.
fn server(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.path.strip_prefix("/to/") {
        Some(url) => {
            let url =
                if request.query.is_empty() { url.to_owned() } else { format!("{url}?{}", request.query) };
            Answer::Whole(302, vec![("Location".into(), url)], Vec::new())
        }
        None => answer(request),
    })
}

fn fetcher(git: Git, hosts: &str) -> Fetcher<'static> {
    let hosts = Hosts::named(hosts).expect("they are names");
    Fetcher::new(Arc::default(), FetchOptions { git, hosts, ..FetchOptions::default() })
}

/// The same server under another name.
fn other_name(url: &str) -> String {
    url.replace("127.0.0.1", "localhost")
}

#[test]
fn each_redirect_is_looked_at() {
    let server = server(|_| Answer::Whole(200, Vec::new(), b"a: b\n".to_vec()));
    let file = server.url("/file.yaml");
    let check = |hosts: &str, url: &str, expected: bool| {
        let fetched = fetcher(Git::BuiltIn, hosts).file(url);
        assert_eq!(fetched.is_ok(), expected, "{hosts} {url} {fetched:?}");
        assert!(expected || matches!(fetched, Err(RemoteError::Refused { .. })), "{fetched:?}");
    };
    check("127.0.0.1", &file, true);
    check("127.0.0.1", &server.url(&format!("/to/{file}")), true);
    check("127.0.0.1", &server.url(&format!("/to/{}", other_name(&file))), false);
    check("127.0.0.1, localhost", &server.url(&format!("/to/{}", other_name(&file))), true);
    let through = server.url(&format!("/to/{}", server.url(&format!("/to/{}", other_name(&file)))));
    check("127.0.0.1", &through, false);
    check("127.0.0.1", &server.url("/to/http://127.0.0.1%2f@localhost/"), false);
}

#[test]
fn repositories_and_their_submodules() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new();
    let root = fixture.root.clone();
    let server = server(move |request| git_http_backend(&root, request));
    add_module(&fixture.root, &server);
    let whole = format!("{MAIN}{LIBRARY}");
    for git in BOTH {
        let repository = |path: &str, reference: &str| Repository {
            url: server.url(path),
            reference: reference.into(),
            submodules: true,
            time_limit: Duration::from_secs(600),
        };
        let check = |hosts: &str, repository: &Repository, expected: Result<&str, &str>| {
            let fetcher = fetcher(git, hosts);
            let fetched = fetcher.repository(repository).map(|directory| tree(&directory));
            match expected {
                Ok(shown) => assert_eq!(fetched.as_deref(), Ok(shown), "{git:?} {hosts} {repository:?}"),
                Err(host) => assert!(
                    matches!(&fetched, Err(RemoteError::Refused { why, .. }) if why.contains(host)),
                    "{git:?} {hosts} {repository:?} {fetched:?}"
                ),
            }
        };
        // Beside the repository.
        check("127.0.0.1", &repository("/shop.git", ""), Ok(&whole));
        check("git.example.com", &repository("/shop.git", ""), Err("127.0.0.1"));
        // On another host, and in a submodule.
        check("127.0.0.1", &repository("/shop.git", "elsewhere"), Err("localhost"));
        check("127.0.0.1", &repository("/outer.git", "elsewhere"), Err("localhost"));
        let fetcher = fetcher(git, "127.0.0.1, localhost");
        let both = fetcher.repository(&repository("/outer.git", "elsewhere"));
        let both = both.map(|directory| tree(&directory)).unwrap_or_else(|error| panic!("{git:?} {error:?}"));
        assert!(both.contains("x/x/deep/lib.yaml"), "{git:?} {both}");
    }
}

/// Makes branches `elsewhere`: one of `shop.git`, with a submodule on another host, and one of `outer.git`, which has that one as
/// its submodule.
fn add_module(root: &Path, server: &Server) {
    git(root, &["init", "-q", "-b", "main", "outer"]);
    git(&root.join("outer"), &["commit", "-q", "--allow-empty", "-m", "outer"]);
    git(root, &["clone", "-q", "--bare", "outer", "outer.git"]);
    let library = git(&root.join("lib.git"), &["rev-parse", "HEAD"]);
    let inner = branch(&root.join("shop.git"), root, &other_name(&server.url("/lib.git")), &library);
    branch(&root.join("outer.git"), root, &server.url("/shop.git"), &inner);
}

fn branch(repository: &Path, root: &Path, url: &str, commit: &str) -> String {
    let modules = root.join("modules");
    std::fs::write(&modules, format!("[submodule \"x\"]\n\tpath = x\n\turl = {url}\n")).expect("it is ours");
    let modules = git(repository, &["hash-object", "-w", &modules.display().to_string()]);
    let index = format!("100644,{modules},.gitmodules");
    git(repository, &["read-tree", "--empty"]);
    git(repository, &["update-index", "--add", "--cacheinfo", &index]);
    git(repository, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},x")]);
    let tree = git(repository, &["write-tree"]);
    let commit = git(repository, &["commit-tree", "-m", "elsewhere", &tree]);
    git(repository, &["update-ref", "refs/heads/elsewhere", &commit]);
    commit
}
