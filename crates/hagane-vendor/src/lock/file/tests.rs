use hagane_yaml::FileId;

use super::*;
use crate::file_form::MAX_FILE;
use crate::lock::{LockedRepository, RepositoryKey};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const CONTENT: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn key(url: &str, reference: &str, submodules: bool) -> RepositoryKey {
    RepositoryKey { url: url.into(), reference: reference.into(), submodules }
}

#[test]
fn a_lock_is_written_and_read() {
    let check = |repositories: &[RepositoryKey], files: &[&str], lines: &str| {
        let locked = LockedRepository { commit: COMMIT.into(), content: CONTENT.into() };
        let lock = Lock {
            repositories: repositories.iter().map(|key| (key.clone(), locked.clone())).collect(),
            files: files.iter().map(|url| (FileKey((*url).into()), CONTENT.into())).collect(),
        };
        let text = lock.text();
        assert_eq!(Lock::parse(&text, FileId::default()).unwrap(), lock, "{text}");
        let (_, rest) = text.split_once("kind: Lock\n").unwrap();
        assert_eq!(rest.replace(COMMIT, "COMMIT").replace(CONTENT, "CONTENT"), lines);
    };
    let tail = "    commit: COMMIT\n    content: CONTENT\n";
    check(&[], &[], "");
    check(
        &[key("https://h/o/r", "v1", true), key("git@h:o/r.git", "", false)],
        &["https://h/b.yaml", "https://h/a.yaml"],
        &format!(
            "repositories:\n  - url: git@h:o/r.git\n    submodules: false\n{tail}  - url: https://h/o/r\n    ref: v1\n{tail}\
             files:\n  - url: https://h/a.yaml\n    content: CONTENT\n  - url: https://h/b.yaml\n    content: CONTENT\n"
        ),
    );
    // What YAML would read as something else.
    for (reference, shown) in [
        ("1.0", "\"1.0\""),
        ("12345678", "\"12345678\""),
        ("true", "\"true\""),
        ("a: b", "\"a: b\""),
        ("a #b", "\"a #b\""),
        ("--upload-pack=x", "--upload-pack=x"),
        ("[a", "\"[a\""),
        ("release/1.2", "release/1.2"),
    ] {
        let lines = format!("repositories:\n  - url: https://h/o/r\n    ref: {shown}\n{tail}");
        check(&[key("https://h/o/r", reference, true)], &[], &lines);
    }
}

#[test]
fn a_wrong_lock_is_refused() {
    let check = |lines: &str, line: u32, message: &str| {
        let lines = lines.replace("COMMIT", COMMIT).replace("CONTENT", CONTENT);
        let text = format!("apiVersion: hagane.dev/v1alpha1\nkind: Lock\n{lines}");
        let error = Lock::parse(&text, FileId::default()).expect_err(&text);
        assert_eq!((error.span.line, error.message.as_str()), (line, message), "{text}");
    };
    let entry = "repositories:\n- {url: u, commit: COMMIT, content: CONTENT}\n";
    check("repository: []\n", 3, "unknown field `repository` in the lock file");
    check("repositories: {}\n", 3, "`repositories` must be a list of mappings");
    check("files: [a]\n", 3, "`files` must be a list of mappings");
    check(&format!("{entry}- {{url: u, commit: COMMIT, content: CONTENT}}\n"), 5, "this is locked twice");
    check(&entry.replace("url", "uri"), 4, "unknown field `uri` in a repository");
    check(&entry.replace("url: u, ", ""), 4, "`url` is missing");
    check(&entry.replace("url: u", "url: [u]"), 4, "`url` must be a text");
    check(&entry.replace("url: u", "url: \"u\\e[31m\""), 4, "`url` holds control characters");
    check(&entry.replace("url: u", "url: u, url: v"), 4, "`url` is there twice");
    check(&entry.replace("url: u", "url: u, submodules: 1"), 4, "`submodules` must be true or false");
    let commit = "`commit` must be all 40 digits of a commit";
    check(&entry.replace("COMMIT", "main"), 4, commit);
    check(&entry.replace("COMMIT", "'--upload-pack=touch${IFS}/tmp/x000000000'"), 4, commit);
    check(&entry.replace("COMMIT", "0123456789ABCDEF0123456789ABCDEF01234567"), 4, commit);
    let content = "`content` must be `sha256:` and 64 hexadecimal digits";
    check(&entry.replace("CONTENT", "sha256:00"), 4, content);
    check(&entry.replace("CONTENT", "md5:e3b0"), 4, content);
    for (text, line, message) in [
        ("", 1, "the lock file must be one mapping"),
        ("- a\n", 1, "the lock file must be one mapping"),
        ("kind: Lock\n", 1, "`apiVersion` is missing"),
        ("apiVersion: v1\nkind: Lock\n", 1, "`apiVersion` must be `hagane.dev/v1alpha1`"),
        ("apiVersion: hagane.dev/v1alpha1\nkind: Pipeline\n", 2, "`kind` must be `Lock`"),
    ] {
        let error = Lock::parse(text, FileId::default()).expect_err(text);
        assert_eq!((error.span.line, error.message.as_str()), (line, message), "{text}");
    }
    assert!(Lock::parse("a: [b\nc: &x", FileId::default()).is_err());
    let huge = format!("#{}\n", "x".repeat(MAX_FILE));
    assert_eq!(
        Lock::parse(&huge, FileId::default()).unwrap_err().message,
        "the lock file is larger than 4 MiB"
    );
}
