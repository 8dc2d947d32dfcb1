//! A directory with keys and files, the program in it, and the search for the canary in all that it leaves.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

pub(crate) const CANARY: &str = "canary/7f3a9c+hunter2~ok";
pub(crate) const RECIPIENT: &str = "age1c8jmkv5f376l5tqqvl9yyvnj8dak85cxpeglkc6eaz6tdw75g40q4jj5es";

/// What of a command's output may hold the canary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stdout {
    Plain,
    Redacted,
}

/// Returns the canary as it may be written: raw, in hexadecimal, percent-encoded, in base64 at each of its three offsets.
fn forms() -> Vec<Vec<u8>> {
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = CANARY
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", c as u32) })
        .collect();
    let mut forms =
        vec![CANARY.to_owned(), hex.clone(), hex.to_uppercase(), percent.replace("%7E", "~"), percent];
    for offset in 0..3 {
        let padded = [&b"xx"[..offset], CANARY.as_bytes()].concat();
        for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            // The first and the last sign depend on what stands beside it.
            let encoded = engine.encode(&padded);
            forms.push(
                encoded[2 * usize::from(offset > 0) + offset.saturating_sub(1)..encoded.len() - 2].to_owned(),
            );
        }
    }
    forms.into_iter().map(String::into_bytes).collect()
}

/// Returns the form in which some bytes hold the canary.
pub(crate) fn found(bytes: &[u8]) -> Option<String> {
    let form = forms().into_iter().find(|form| memchr::memmem::find(bytes, form).is_some())?;
    Some(String::from_utf8_lossy(&form).into_owned())
}

pub(crate) fn assert_clean(what: &str, bytes: &[u8]) {
    if let Some(form) = found(bytes) {
        panic!("{what} holds {form}:\n{}", String::from_utf8_lossy(bytes));
    }
}

/// Directories that are gone when the test ends.
pub(crate) struct World {
    directory: PathBuf,
    /// On a file system in memory: where the program puts what editors see. No one else puts anything there.
    memory: Option<PathBuf>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
        let _ = self.memory.as_ref().map(fs::remove_dir_all);
    }
}

impl World {
    pub(crate) fn new() -> World {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("hagane-leaks-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(&name);
        let _ = fs::remove_dir_all(&directory);
        for below in ["home", "tmp", "seen"] {
            fs::create_dir_all(directory.join(below)).unwrap();
        }
        let memory = Path::new("/dev/shm").join(&name);
        let memory = fs::create_dir(&memory).is_ok().then_some(memory);
        let world = World { directory: directory.canonicalize().unwrap(), memory };
        let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../overlays-sample/keys/test.agekey");
        fs::copy(key, world.path("key")).unwrap();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Where files in memory are, if there is such a place.
    pub(crate) fn memory(&self) -> Option<&Path> {
        self.memory.as_deref()
    }

    /// Returns whether the test runs as the superuser, to whom nothing is hidden.
    pub(crate) fn is_of_root(&self) -> bool {
        fs::metadata(&self.directory).unwrap().uid() == 0
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn script(&self, name: &str, text: &str) -> String {
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        self.path(name).display().to_string()
    }

    /// Returns the command of some words, in a small environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .current_dir(&self.directory)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("PATH", "/usr/bin:/bin")
            .env("SEEN", self.path("seen"))
            .env("SOPS_AGE_KEY_FILE", self.path("key"));
        if let Some(memory) = &self.memory {
            command.env("XDG_RUNTIME_DIR", memory);
        }
        command
    }

    /// Runs a command line of words, with a text on standard input, and returns its exit code and its output.
    pub(crate) fn run(
        &self,
        line: &[&str],
        variables: &[(&str, &str)],
        stdin: &str,
        may: Stdout,
    ) -> (i32, Vec<u8>) {
        let words = [without_terminal().as_slice(), line].concat();
        let mut child = self
            .command(&words)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that fails before it reads everything closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        let what = line.join(" ");
        assert_clean(&format!("standard error of `{what}`"), &output.stderr);
        if may == Stdout::Redacted || !output.status.success() {
            assert_clean(&format!("the output of `{what}`"), &output.stdout);
        }
        self.assert_files_clean(&what);
        (output.status.code().unwrap_or(-1), output.stdout)
    }

    /// Runs a command that is to end with this exit code, and returns its output.
    pub(crate) fn check(&self, line: &[&str], variables: &[(&str, &str)], stdin: &str, code: i32) -> Vec<u8> {
        let (got, output) = self.run(line, variables, stdin, Stdout::Redacted);
        assert_eq!(got, code, "`{}`", line.join(" "));
        output
    }

    /// Runs a command that is to print the canary, as it was asked to.
    pub(crate) fn check_shown(&self, line: &[&str], variables: &[(&str, &str)]) {
        let (code, output) = self.run(line, variables, "", Stdout::Plain);
        assert_eq!(code, 0, "`{}`", line.join(" "));
        assert!(found(&output).is_some(), "the canary lives: `{}`", line.join(" "));
    }

    /// Encrypts a text; the plaintext comes from standard input.
    pub(crate) fn encrypted(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        let line = [
            "sops",
            "encrypt",
            "--age",
            RECIPIENT,
            "--filename-override",
            name,
            "--output",
            name,
            "/dev/stdin",
        ];
        self.check(&line, &[], text, 0);
    }

    /// No file holds the canary, and nothing is left where editors see it.
    pub(crate) fn assert_files_clean(&self, after: &str) {
        let mut directories = vec![self.directory.clone()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => directories.push(entry.path()),
                    kind if kind.is_file() => {
                        let content = fs::read(entry.path()).unwrap();
                        assert_clean(
                            &format!("after `{after}`, the file {}", entry.path().display()),
                            &content,
                        );
                    }
                    _ => {}
                }
            }
        }
        for place in [self.memory.clone(), Some(self.path("tmp"))].into_iter().flatten() {
            let left: Vec<_> = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(left.is_empty(), "after `{after}` there is still {left:?}");
        }
    }
}

/// Returns the words that start the program away from the terminal of whoever runs the test: nobody there is to be asked.
fn without_terminal() -> Vec<&'static str> {
    let program = env!("CARGO_BIN_EXE_hagane");
    let setsid = ["/usr/bin/setsid", "/bin/setsid"].into_iter().find(|path| Path::new(path).exists());
    setsid.into_iter().chain([program]).collect()
}
