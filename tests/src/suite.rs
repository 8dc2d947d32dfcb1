//! All cases below a directory, and how they differ from what they are to say.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::case::{Case, Command, Expected, Part, Stdout};
use crate::entry::Entry;
use crate::memory::{self, MemoryAnswer};
use crate::remote;
use crate::run::{Answer, Output, run};

/// What became of a suite.
#[derive(Default)]
pub struct Report {
    /// Cases run.
    pub cases: usize,
    /// Commands run.
    pub commands: usize,
    /// Cases not run: there is no git program to make their repositories with.
    pub skipped: usize,
    /// Cases run in memory.
    pub in_memory: usize,
    /// For each case that differs, its path and the difference.
    pub failures: Vec<(PathBuf, String)>,
}

/// Whether a case that differs fails or is rewritten.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It fails.
    Compare,
    /// What our own program said is written into it. What a peer is recorded to say stays, and fails if it differs.
    Update,
}

/// Cases whose standard output and exit code are recorded from a peer.
const RECORDED: [&str; 2] = ["build", "decrypt"];

/// Runs all cases below `cases` whose path holds `only`: in memory those that need no disk, where there is an answer
/// that can, and the others with `answer`.
pub fn check(
    cases: &Path,
    repository: &Path,
    only: &str,
    mode: Mode,
    answer: &mut Answer,
    mut answer_in_memory: Option<&mut MemoryAnswer>,
) -> io::Result<Report> {
    let mut report = Report::default();
    let has_git = remote::has_git();
    for path in find(cases)? {
        let name = path.strip_prefix(cases).unwrap_or(&path).to_owned();
        if !name.to_string_lossy().contains(only) {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        report.cases += 1;
        let mut case = match Case::parse(&text) {
            Ok(case) => case,
            Err(message) => {
                report.failures.push((name, message));
                continue;
            }
        };
        if case.parts.iter().any(|part| matches!(part, Part::Make(Entry::Commit { .. }, _))) && !has_git {
            report.skipped += 1;
            continue;
        }
        report.commands += case.commands().count();
        let outputs = match answer_in_memory.as_deref_mut().filter(|_| memory::fits(&case)) {
            Some(answer) => {
                report.in_memory += 1;
                memory::run(&case, repository, answer)
            }
            None => run(&case, repository, answer),
        };
        let outputs = match outputs {
            Ok(outputs) => outputs,
            Err(error) => {
                report.failures.push((name, error.to_string()));
                continue;
            }
        };
        if mode == Mode::Update {
            let recorded = RECORDED.iter().any(|folder| name.starts_with(folder));
            update(&mut case, &outputs, recorded);
            if case.text() != text {
                fs::write(&path, case.text())?;
            }
        }
        let difference = difference(&case, &outputs, repository)?;
        if !difference.is_empty() {
            report.failures.push((name, difference));
        }
    }
    Ok(report)
}

/// Returns the case files below a directory, in order of their paths.
pub fn find(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "txt") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes what the commands said into the case.
fn update(case: &mut Case, outputs: &[Output], recorded: bool) {
    let commands = case.parts.iter_mut().filter_map(|part| match part {
        Part::Run(command) => Some(command),
        Part::Make(..) => None,
    });
    for (command, output) in commands.zip(outputs) {
        command.expected.stderr.clone_from(&output.stderr);
        if !recorded {
            command.hear(output);
        }
    }
}

impl Command {
    /// Expects this standard output and exit code from now on. An output that stands in a file of its own stays.
    pub fn hear(&mut self, output: &Output) {
        if let Stdout::Here(stdout) = &mut self.expected.stdout {
            stdout.clone_from(&output.stdout);
        }
        self.expected.exit = output.exit;
    }
}

fn difference(case: &Case, outputs: &[Output], repository: &Path) -> io::Result<String> {
    let mut text = String::new();
    for (command, output) in case.commands().zip(outputs) {
        let Expected { stdout, stderr, exit } = &command.expected;
        let stdout = match stdout {
            Stdout::Here(stdout) => stdout.clone(),
            Stdout::File(file) => fs::read_to_string(repository.join(file))?,
        };
        let mut parts = String::new();
        compare(&mut parts, "stdout", &stdout, &output.stdout);
        compare(&mut parts, "stderr", stderr, &output.stderr);
        compare(&mut parts, "exit", &format!("{exit}\n"), &format!("{}\n", output.exit));
        if !parts.is_empty() {
            text.push_str(&format!("$ {}\n{parts}", command.line));
        }
    }
    Ok(text)
}

/// Adds the lines in which two texts differ, from the first such line to the last.
fn compare(text: &mut String, name: &str, expected: &str, found: &str) {
    if expected == found {
        return;
    }
    let expected: Vec<&str> = expected.split('\n').collect();
    let found: Vec<&str> = found.split('\n').collect();
    let shorter = expected.len().min(found.len());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let before = expected.iter().zip(&found).take_while(same).count();
    let after = expected.iter().rev().zip(found.iter().rev()).take_while(same).count().min(shorter - before);
    text.push_str(&format!("-- {name}, from line {} --\n", before + 1));
    for (sign, lines) in [('-', &expected), ('+', &found)] {
        for line in &lines[before..lines.len() - after] {
            text.push_str(&format!("{sign}{line}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_only_the_lines_that_differ() {
        let check = |expected, found, difference| {
            let mut text = String::new();
            compare(&mut text, "stdout", expected, found);
            assert_eq!(text, difference);
        };
        check("a\n", "a\n", "");
        check("a\nb\nc\n", "a\nx\nc\n", "-- stdout, from line 2 --\n-b\n+x\n");
        check("a\na\n", "a\n", "-- stdout, from line 2 --\n-a\n");
        check("", "a\n", "-- stdout, from line 1 --\n+a\n");
    }
}
