//! What depends on where the program runs: terminals, its own name, streams that fail.
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

mod sample;

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use hagane::{AgeKeyring, Identities, MemoryFiles};
use hagane_cli::Surroundings;

/// Runs a command line on the sample, to a terminal, with its key. Returns the exit code and both streams.
fn on_a_terminal(line: &str) -> (u8, String, String) {
    let mut identities = Identities::new();
    identities.add_text("test.agekey", &sample::key());
    let keyring = AgeKeyring::new(identities);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut surroundings = Surroundings {
        files: &sample::files(),
        keyring: &keyring,
        remotes: None,
        processes: None,
        directory: "/".into(),
        stdin: &mut std::io::empty(),
        stdout: &mut stdout,
        stdout_is_terminal: true,
        stderr: &mut stderr,
        coloured: false,
    };
    let code = hagane_cli::run(line.split(' ').map(Into::into), &mut surroundings);
    (code, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_terminal_shows_no_secrets_unless_they_are_asked_for() {
    let (code, shown, said) = on_a_terminal("hagane render overlays/production");
    assert_eq!(code, 0);
    assert!(shown.contains("«redacted»"));
    assert!(sample::plaintexts().iter().all(|secret| !shown.contains(secret.as_str())));
    let warning = "warning: decrypted values are not shown on a terminal\n\
                   hint: `--reveal` shows them; files and pipes get them\n";
    assert_eq!(said, warning);

    let (code, shown, said) = on_a_terminal("hagane render --reveal overlays/production");
    assert_eq!((code, said.as_str()), (0, ""));
    assert_eq!(shown, sample::rendered());

    let (code, shown, said) = on_a_terminal("hagane render --secrets placeholder overlays/production");
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(!shown.contains("«redacted»") && shown.contains("REDACTED"));
}

#[test]
fn a_link_named_kustomize_answers_as_kustomize() {
    let (code, by_link, _) =
        on_a_terminal("/usr/local/bin/kustomize build overlays/production --enable-helm");
    let (_, by_name, _) = on_a_terminal("hagane build overlays/production");
    assert_eq!((code, &by_link), (0, &by_name));
    assert_eq!(on_a_terminal("kustomize version"), (0, "v5.8.1\n".into(), String::new()));
    assert_eq!(on_a_terminal("kustomize build --no-such-flag").0, 1);
    assert_eq!(on_a_terminal("hagane build --no-such-flag").0, 2);
}

#[test]
fn help_and_completions_and_man_pages_are_printed() {
    let check = |line: &str, holds: &str| {
        let (code, shown, said) = on_a_terminal(line);
        assert_eq!((code, said.as_str()), (0, ""), "{line}");
        assert!(shown.contains(holds), "{line}:\n{shown}");
    };
    check("hagane --help", "Examples:\n");
    for command in ["build", "render", "completion", "man", "version"] {
        check(&format!("hagane {command} --help"), "Example");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        check(&format!("hagane completion {shell}"), "render");
    }
    check("hagane man", ".TH hagane 1");
    check("hagane version", concat!("hagane ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// A stream that fails.
struct Failing(ErrorKind);

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let check = |kind: ErrorKind, code: u8, said: &str| {
        let files = MemoryFiles::new().with("/kustomization.yaml", "configMapGenerator: [{name: a}]");
        let mut stderr = Vec::new();
        let mut surroundings = Surroundings {
            files: &files,
            keyring: &AgeKeyring::new(Identities::new()),
            remotes: None,
            processes: None,
            directory: Path::new("/").to_owned(),
            stdin: &mut std::io::empty(),
            stdout: &mut Failing(kind),
            stdout_is_terminal: false,
            stderr: &mut stderr,
            coloured: false,
        };
        assert_eq!(hagane_cli::run(["hagane", "build"].map(Into::into), &mut surroundings), code);
        assert_eq!(String::from_utf8(stderr).unwrap(), said);
    };
    check(ErrorKind::BrokenPipe, 0, "");
    check(ErrorKind::StorageFull, 4, "error: cannot write `standard output`: no storage space\n");
}
