//! Repositories made for the tests, with the `git` program.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use hagane::Processes;
use hagane_host::{Leftovers, Programs};

/// Returns whether there is a `git` program, and says so where there is none: what the tests then do not do should
/// not look done.
#[allow(clippy::print_stderr, reason = "it is for who reads the test's output")]
pub(crate) fn has_git() -> bool {
    let found = Command::new("git").arg("--version").stdout(Stdio::null()).status();
    let absent = found.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if absent {
        eprintln!("did not run: there is no git program to make repositories with");
    }
    !absent
}

/// A directory with two bare repositories: `shop.git`, whose branch `main` has `lib.git` as a submodule, and `lib.git`.
pub(crate) struct Fixture {
    pub(crate) root: PathBuf,
    /// The commit before the last of `main`.
    pub(crate) first: String,
    /// The last commit of `main`, also tagged `v2`.
    pub(crate) last: String,
    /// The only commit of the branch `next/big`.
    pub(crate) next: String,
    _leftovers: Arc<Leftovers>,
}

/// What `main` shows, as [`tree`] writes it.
pub(crate) const MAIN: &str = "\
.gitmodules = [submodule \"lib\"]\\n\\tpath = vendor/lib\\n\\turl = ../lib.git\\n
base/kustomization.yaml = resources: [web.yaml]\\n
base/run* = #!/bin/sh\\n
link -> base/kustomization.yaml
outside -> ../../elsewhere
";

/// What the submodule adds to it.
pub(crate) const LIBRARY: &str = "vendor/lib/deep/lib.yaml = kind: ConfigMap\\n\n";

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let leftovers: Arc<Leftovers> = Arc::default();
        let root = Programs::new(Arc::clone(&leftovers)).scratch().expect("there is a scratch directory");
        let library = root.join("lib");
        git(&root, &["init", "-q", "-b", "main", "lib"]);
        write(&library, "deep/lib.yaml", "kind: ConfigMap\n");
        let library_commit = commit(&library, "library");

        let shop = root.join("shop");
        git(&root, &["init", "-q", "-b", "main", "shop"]);
        write(&shop, "base/kustomization.yaml", "resources: []\n");
        let first = commit(&shop, "first");
        git(&shop, &["tag", "-a", "-m", "one", "v1"]);
        git(&shop, &["checkout", "-q", "-b", "next/big"]);
        write(&shop, "base/kustomization.yaml", "namePrefix: next-\n");
        let next = commit(&shop, "next");
        git(&shop, &["checkout", "-q", "main"]);
        write(&shop, "base/kustomization.yaml", "resources: [web.yaml]\n");
        write(&shop, "base/run", "#!/bin/sh\n");
        write(&shop, ".gitmodules", "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = ../lib.git\n");
        std::os::unix::fs::symlink("base/kustomization.yaml", shop.join("link")).expect("it is ours");
        std::os::unix::fs::symlink("../../elsewhere", shop.join("outside")).expect("it is ours");
        git(&shop, &["add", "-A"]);
        git(&shop, &["update-index", "--chmod=+x", "base/run"]);
        let module = format!("160000,{library_commit},vendor/lib");
        git(&shop, &["update-index", "--add", "--cacheinfo", &module]);
        git(&shop, &["commit", "-q", "-m", "last"]);
        let last = git(&shop, &["rev-parse", "HEAD"]);
        git(&shop, &["tag", "v2"]);
        for name in ["lib", "shop"] {
            git(&root, &["clone", "-q", "--bare", name, &format!("{name}.git")]);
        }
        Fixture { root, first, last, next, _leftovers: leftovers }
    }
}

/// Returns a tree as text, a line a file, in the order of names.
pub(crate) fn tree(directory: &Path) -> String {
    fn add(directory: &Path, prefix: &str, text: &mut String) {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(directory).expect("it is a directory").map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
            let metadata = fs::symlink_metadata(&path).expect("it is there");
            if name.ends_with(".git") {
                // Git's own.
            } else if metadata.is_symlink() {
                *text += &format!("{name} -> {}\n", fs::read_link(&path).unwrap().display());
            } else if metadata.is_dir() {
                add(&path, &format!("{name}/"), text);
            } else {
                let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
                let star = if mode & 0o100 != 0 { "*" } else { "" };
                let content = fs::read_to_string(&path).unwrap();
                *text += &format!(
                    "{name}{star} = {}\n",
                    content.escape_default().to_string().replace("\\\"", "\"")
                );
            }
        }
    }
    let mut text = String::new();
    add(directory, "", &mut text);
    text
}

fn write(directory: &Path, name: &str, content: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).expect("it is ours");
    fs::write(path, content).expect("it is ours");
}

fn commit(directory: &Path, message: &str) -> String {
    git(directory, &["add", "-A"]);
    git(directory, &["commit", "-q", "-m", message]);
    git(directory, &["rev-parse", "HEAD"])
}

/// Runs git without anybody's configuration. Returns what it says.
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(directory).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "hagane").env(format!("GIT_{who}_EMAIL"), "hagane@localhost");
        command.env(format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z");
    }
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
