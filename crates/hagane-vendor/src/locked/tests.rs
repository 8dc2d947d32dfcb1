use super::*;
use crate::fake::{FakeFiles, FakeRemotes};

const URL: &str = "https://h/o/r";

fn repository(url: &str, reference: &str) -> Repository {
    Repository {
        url: url.into(),
        reference: reference.into(),
        submodules: true,
        time_limit: std::time::Duration::from_secs(1),
    }
}

fn remotes() -> FakeRemotes {
    let files = FakeFiles::of(&[("/remote/a/x.yaml", "a"), ("/remote/b/x.yaml", "b")]);
    FakeRemotes { files, ..FakeRemotes::default() }
        .reference(URL, "main", Named::Branch, "a")
        .reference(URL, "v1", Named::Tag, "a")
        .url("https://h/f.yaml", "one")
        .url("https://h/g.yaml?token=secret", "two")
}

/// Returns a lock of what there is now.
fn lock(remotes: &FakeRemotes) -> Lock {
    let mut lock = Lock::default();
    for reference in ["main", "v1"] {
        let repository = repository(URL, reference);
        let checkout = remotes.checkout(&repository, None).unwrap();
        let locked = LockedRepository { commit: checkout.commit, content: checkout.content };
        lock.repositories.insert(RepositoryKey::of(&repository), locked);
    }
    lock.files.insert(FileKey::of("https://h/f.yaml"), content_hash(b"one"));
    lock.files.insert(FileKey::of("https://h/g.yaml?token=secret"), content_hash(b"two"));
    lock
}

/// Checks what a repository and a lock come to: a directory, or the words of a refusal.
fn check(remotes: &FakeRemotes, lock: &Lock, rule: Rule, reference: &str, expected: Result<&str, &str>) {
    let locked = LockedRemotes::new(remotes, lock, rule, "hagane.lock".into());
    // Users and passwords change nothing.
    for url in [URL, "https://h/o/r"] {
        let found = locked.repository(&repository(url, reference));
        match (found, expected) {
            (Ok(directory), Ok(expected)) => assert_eq!(directory, PathBuf::from(expected)),
            (Err(RemoteError::Refused { why, .. }), Err(expected)) => {
                assert!(why.contains(expected), "{why}");
            }
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn only_what_is_locked_is_fetched() {
    let then = remotes();
    let lock = lock(&then);
    for rule in [Rule::OnlyLocked, Rule::WhereLocked] {
        check(&then, &lock, rule, "main", Ok("/remote/a"));
        check(&then, &lock, rule, "v1", Ok("/remote/a"));
    }
    let mut now = remotes().reference(URL, "main", Named::Branch, "b").reference(URL, "v1", Named::Tag, "b");
    now = now.reference(URL, "v2", Named::Tag, "b");
    for rule in [Rule::OnlyLocked, Rule::WhereLocked] {
        // A branch that moves is at the commit that is locked; a tag that moves is refused, with both commits.
        check(&now, &lock, rule, "main", Ok("/remote/a"));
        check(
            &now,
            &lock,
            rule,
            "v1",
            Err("the tag `v1` of `https://h/o/r` has moved: it is at the commit bbbb"),
        );
        check(&now, &lock, rule, "v1", Err("and `hagane.lock` has aaaa"));
    }
    check(&now, &lock, Rule::WhereLocked, "v2", Ok("/remote/b"));
    check(&now, &lock, Rule::OnlyLocked, "v2", Err("`https://h/o/r?ref=v2` is not in `hagane.lock`"));
    // A commit that nobody has any more.
    let mut gone = remotes().reference(URL, "main", Named::Branch, "b");
    gone.commits.remove(&"a".repeat(40));
    check(&gone, &lock, Rule::OnlyLocked, "main", Err("no longer has the commit aaaa"));
    // A branch that is gone, and its commit still there.
    let mut gone = remotes();
    gone.references.remove(&format!("{URL}@v1"));
    let refused = LockedRemotes::new(&gone, &lock, Rule::OnlyLocked, "hagane.lock".into());
    assert!(refused.repository(&repository(URL, "v1")).is_err());
    // Other files at the same commit.
    let mut other = remotes();
    other.files = FakeFiles::of(&[("/remote/a/x.yaml", "changed")]);
    check(&other, &lock, Rule::WhereLocked, "main", Err("has other files at the commit aaaa"));
}

#[test]
fn files_are_those_that_are_locked() {
    let remotes = remotes().url("https://h/f.yaml", "another").url("https://h/new.yaml", "new");
    let lock = lock(&self::remotes());
    let check = |rule: Rule, url: &str, expected: Result<&str, &str>| {
        let locked = LockedRemotes::new(&remotes, &lock, rule, "hagane.lock".into());
        match (locked.file(url), expected) {
            (Ok(content), Ok(expected)) => assert_eq!(&content[..], expected.as_bytes()),
            (Err(RemoteError::Refused { why, .. }), Err(expected)) => {
                assert!(why.contains(expected) && !why.contains("secret"), "{why}");
            }
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    };
    check(
        Rule::OnlyLocked,
        "https://h/f.yaml",
        Err("`https://h/f.yaml` is another file than `hagane.lock` has"),
    );
    check(Rule::WhereLocked, "https://h/f.yaml", Err("another file"));
    check(Rule::OnlyLocked, "https://h/g.yaml?token=secret", Ok("two"));
    check(Rule::OnlyLocked, "https://h/new.yaml", Err("`https://h/new.yaml` is not in `hagane.lock`"));
    check(Rule::WhereLocked, "https://h/new.yaml", Ok("new"));
    check(Rule::OnlyLocked, "https://h/new.yaml?token=secret", Err("is not in `hagane.lock`"));
}
