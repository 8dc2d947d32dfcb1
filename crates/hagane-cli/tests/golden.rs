//! Runs the golden suite (`tests/`) with the program itself. `HAGANE_UPDATE=1` rewrites what the program said,
//! `HAGANE_CASES=text` runs only the cases whose path holds the text.
#![allow(clippy::disallowed_methods, reason = "a test reads its switches from the environment")]

use std::io::Write;
use std::path::Path;

use hagane_cases::{run, suite};

#[test]
fn every_case_says_what_it_is_to_say() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let only = std::env::var("HAGANE_CASES").unwrap_or_default();
    let mode = match std::env::var("HAGANE_UPDATE").as_deref() {
        Ok("1") => suite::Mode::Update,
        _ => suite::Mode::Compare,
    };
    let binary = Path::new(env!("CARGO_BIN_EXE_hagane"));
    let mut answer = |invocation: &run::Invocation| run::program(binary, invocation);
    let report = suite::check(&repository.join("tests/cases"), &repository, &only, mode, &mut answer).unwrap();

    let failed = report.failures.len();
    let differences: String =
        report.failures.iter().map(|(path, text)| format!("=== {}\n{text}\n", path.display())).collect();
    let counts = format!("golden: {} cases, {} commands, {failed} failed", report.cases, report.commands);
    // Past the test harness, which keeps what a passing test prints to itself.
    writeln!(std::io::stderr(), "{counts}").unwrap();
    assert!(failed == 0, "\n\n{differences}{counts}");
    assert!(report.cases > 0 || !only.is_empty(), "no case was found");
}
