//! Runs the golden suite (`tests/`): in memory the cases that need no disk, the others with the program itself.
//! `HAGANE_UPDATE=1` rewrites what the program said, `HAGANE_CASES=text` runs only the cases whose path holds the text,
//! `HAGANE_PROCESS=1` starts the program for every case.
#![allow(clippy::disallowed_methods, reason = "a test reads its switches from the environment")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use hagane::MemoryFiles;
use hagane_cases::memory::{MemoryAnswer, MemoryInvocation};
use hagane_cases::{run, suite};
use hagane_cli::Surroundings;
use hagane_host::LocalKeys;

/// As the program's own: documents may be nested as deep as their limit.
const STACK: usize = 256 << 20;

#[test]
fn every_case_says_what_it_is_to_say() {
    std::thread::Builder::new().stack_size(STACK).spawn(check).unwrap().join().unwrap();
}

fn check() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let switch = |name: &str| std::env::var(name).is_ok_and(|value| value == "1");
    let only = std::env::var("HAGANE_CASES").unwrap_or_default();
    let mode = if switch("HAGANE_UPDATE") { suite::Mode::Update } else { suite::Mode::Compare };
    let binary = Path::new(env!("CARGO_BIN_EXE_hagane"));
    let mut answer = |invocation: &run::Invocation| run::program(binary, invocation);
    let in_memory: Option<&mut MemoryAnswer> =
        if switch("HAGANE_PROCESS") { None } else { Some(&mut answer_in_memory) };
    let report =
        suite::check(&repository.join("tests/cases"), &repository, &only, mode, &mut answer, in_memory)
            .unwrap();

    let failed = report.failures.len();
    let differences: String =
        report.failures.iter().map(|(path, text)| format!("=== {}\n{text}\n", path.display())).collect();
    let suite::Report { cases, commands, in_memory, skipped, .. } = report;
    let mut counts =
        format!("golden: {cases} cases ({in_memory} in memory), {commands} commands, {failed} failed");
    if skipped > 0 {
        counts.insert_str(0, &format!("not run, for want of a git program: {skipped} cases\n"));
    }
    // Past the test harness, which keeps what a passing test prints to itself.
    std::io::stderr().write_all(format!("{counts}\n").as_bytes()).unwrap();
    assert!(failed == 0, "\n\n{differences}{counts}");
    assert!(cases > 0 || !only.is_empty(), "no case was found");
}

/// Runs the program as a function, over files in memory.
fn answer_in_memory(invocation: &MemoryInvocation) -> run::Output {
    let directory = Path::new("/case");
    let mut files = MemoryFiles::new();
    files.insert_directory(directory);
    for (path, content) in invocation.tree {
        match content {
            Some(content) => files.insert(directory.join(path), content),
            None => files.insert_directory(directory.join(path)),
        }
    }
    let environment = |name: &str| {
        let given =
            invocation.env.iter().rev().find(|(variable, _)| variable == name).map(|(_, value)| value.into());
        given.or_else(|| (name == "HOME").then(|| directory.into()))
    };
    let keyring = LocalKeys::new(&environment, &files, directory);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut surroundings = Surroundings {
        files: &files,
        keyring: &keyring,
        remotes: None,
        processes: None,
        directory: directory.to_owned(),
        stdin: &mut std::io::empty(),
        stdout: &mut stdout,
        stdout_is_terminal: false,
        stderr: &mut stderr,
        coloured: false,
    };
    let arguments = std::iter::once("hagane".into()).chain(invocation.args.iter().map(OsString::from));
    let exit = hagane_cli::run(arguments, &mut surroundings);
    run::Output::new(&stdout, &stderr, exit.into(), directory)
}
