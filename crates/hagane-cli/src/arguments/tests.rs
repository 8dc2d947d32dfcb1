//! What holds for every command: help with an example, a place in the reference, a case.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory};

use super::Arguments;

#[test]
fn every_command_says_what_it_does_and_shows_an_example() {
    let wrong: Vec<String> = commands().iter().flat_map(|(path, command)| lacks(path, command)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_command_is_in_the_reference_and_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let reference = texts(&root.join("docs/src/reference"));
    let cases = texts(&root.join("tests/cases"));
    let tests = texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let wrong: Vec<String> = commands()
        .iter()
        .filter(|(_, command)| !command.has_subcommands())
        .flat_map(|(path, _)| {
            let is_in_reference =
                reference.contains(path) || endings(path).any(|name| reference.contains(&format!("`{name}")));
            let is_called = |line: &str| names(path).iter().any(|name| line.contains(name));
            let has_case = cases.lines().any(|line| line.starts_with("$ ") && is_called(line))
                || endings(path).any(|name| name.contains(' ') && tests.contains(&format!("\"{name}")));
            let page = (!is_in_reference).then(|| format!("`{path}` is on no page of the reference"));
            page.into_iter().chain((!has_case).then(|| format!("`{path}` has no case")))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Returns every command that is shown, by its path: `hagane kustomize edit set image`.
fn commands() -> Vec<(String, Command)> {
    fn collect(path: &str, command: &Command, found: &mut Vec<(String, Command)>) {
        found.push((path.to_owned(), command.clone()));
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            collect(&format!("{path} {}", sub.get_name()), sub, found);
        }
    }
    let mut command = Arguments::command();
    command.build();
    let mut found = Vec::new();
    collect("hagane", &command, &mut found);
    found
}

/// Returns what the help of a command lacks.
fn lacks(path: &str, command: &Command) -> Vec<String> {
    let mut lacks = Vec::new();
    if command.get_about().is_none() {
        lacks.push(format!("`{path}` does not say what it does"));
    }
    let after = [command.get_after_help(), command.get_after_long_help()];
    if !after.into_iter().flatten().any(|text| text.to_string().contains("Example")) {
        lacks.push(format!("`{path}` shows no example"));
    }
    let silent =
        command.get_arguments().filter(|argument| !argument.is_hide_set() && argument.get_help().is_none());
    lacks.extend(silent.map(|argument| format!("`{path}` does not explain `{}`", argument.get_id())));
    lacks
}

/// Returns the names under which a command is called: its own, and that of the program it stands in for.
fn names(path: &str) -> Vec<String> {
    let own = path.to_owned();
    let without = path
        .strip_prefix("hagane ")
        .filter(|rest| rest.starts_with("kustomize ") || rest.starts_with("sops "));
    let short = path.strip_prefix("hagane kustomize ").map(str::to_owned);
    [Some(own), without.map(str::to_owned), short].into_iter().flatten().collect()
}

/// Returns the ways in which a page may name a command: its path from any word on.
fn endings(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |rest| rest.split_once(' ').map(|(_, rest)| rest))
}

/// Returns all texts at and below a directory.
#[allow(clippy::disallowed_methods, reason = "the repository's own files, which no command sees")]
fn texts(directory: &Path) -> String {
    let mut all = String::new();
    for entry in
        fs::read_dir(directory).expect("the directory is there").map(|entry| entry.expect("an entry").path())
    {
        match entry.is_dir() {
            true => all.push_str(&texts(&entry)),
            false => all.push_str(&String::from_utf8_lossy(&fs::read(&entry).expect("the file is read"))),
        }
        all.push('\n');
    }
    all
}
