//! The page `docs/src/compatibility/kustomize.md`: its cases exist, and nothing that kustomize reads is missing from it.
#![allow(clippy::disallowed_methods, reason = "a test reads the page and the tree of cases")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::fs;
use std::path::{Path, PathBuf};

/// Flags of `kustomize build` 5.8.1.
const FLAGS: [&str; 16] = [
    "--output",
    "--load-restrictor",
    "--reorder",
    "--enable-managedby-label",
    "--enable-helm",
    "--helm-command",
    "--helm-api-versions",
    "--helm-kube-version",
    "--helm-debug",
    "--enable-alpha-plugins",
    "--enable-exec",
    "--network",
    "--network-name",
    "--mount",
    "--env",
    "--as-current-user",
];

/// Builtin kinds of kustomize 5.8.1 that a file may configure.
const KINDS: [&str; 17] = [
    "AnnotationsTransformer",
    "ConfigMapGenerator",
    "HashTransformer",
    "HelmChartInflationGenerator",
    "IAMPolicyGenerator",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "SecretGenerator",
    "SuffixTransformer",
    "ValueAddTransformer",
];

/// A row of a table: the name, and the cases that it names.
struct Row {
    name: String,
    cases: Vec<String>,
}

#[test]
fn every_case_of_the_page_exists() {
    for row in rows() {
        assert!(!row.cases.is_empty(), "the row {} names no case", row.name);
        for case in &row.cases {
            let below = |folder: &str| repository().join(folder).join(format!("{case}.txt"));
            let exists = below("tests/cases/build").is_file() || below("tests/cases").is_file();
            assert!(exists, "the row {} names the case `{case}`, which does not exist", row.name);
        }
    }
}

#[test]
fn every_name_of_kustomize_has_a_row() {
    let rows = rows();
    let has_row = |name: &str| rows.iter().any(|row| words(&row.name).any(|word| word == name));
    for name in fields().iter().map(String::as_str).chain(FLAGS).chain(KINDS) {
        assert!(has_row(name), "`{name}` has no row");
    }
}

/// Returns the rows of all tables that have a column for cases.
fn rows() -> Vec<Row> {
    let page = fs::read_to_string(repository().join("docs/src/compatibility/kustomize.md")).unwrap();
    let mut rows = Vec::new();
    let mut has_cases = false;
    for line in page.lines() {
        let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            has_cases = false;
            continue;
        };
        let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
        match cells[..] {
            [.., "case"] => has_cases = true,
            [name, .., cases] if has_cases && !name.starts_with("---") => {
                rows.push(Row { name: name.to_owned(), cases: quoted(cases).map(str::to_owned).collect() });
            }
            _ => {}
        }
    }
    assert!(!rows.is_empty(), "the page has no table of cases");
    rows
}

/// Returns what stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Returns the words between backticks: of `--output FILE` also `--output`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    quoted(text).flat_map(|quoted| quoted.split(' '))
}

/// Returns the fields of a kustomization that the program reads.
fn fields() -> Vec<String> {
    let source = repository().join("crates/hagane-kustomize/src/kustomization/file.rs");
    let text = fs::read_to_string(source).unwrap();
    let (_, list) = text.split_once("const FIELDS: &[&str] = &[").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
